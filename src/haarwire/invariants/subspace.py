"""The space of invariant functionals: everything the symmetry leaves of a linear model."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, TypeAlias, final
from weakref import WeakKeyDictionary

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from haarwire._linalg import EPS, left_null_space
from haarwire.groups import Matrix, Permutation, Representation, SignedPermutation

__all__ = ["Subspace", "invariant_subspace", "orbit_labels", "point_moves"]

FloatArray: TypeAlias = NDArray[np.floating[Any]]
IndexArray: TypeAlias = NDArray[np.integer[Any]]

_SAFETY: Final = 8.0


@final
@dataclass(frozen=True, eq=False)
class Subspace:
    """A d-dimensional subspace of R^n with an orthonormal basis Q (n×d).

    Parameters
    ----------
    matrix : ndarray or SciPy sparse array, shape (n, d)
        Q; sparse for orbits, where each coordinate belongs to at most one basis vector.

    Examples
    --------
    >>> import haarwire as hw
    >>> hw.invariant_subspace(hw.groups.cyclic_shifts(4)).basis.ravel()
    array([0.5, 0.5, 0.5, 0.5])
    """

    matrix: FloatArray | sp.csr_array

    def __post_init__(self) -> None:
        # Subspaces are shared by all that ask for the same one.
        parts = (
            (self.matrix.data, self.matrix.indices, self.matrix.indptr)
            if isinstance(self.matrix, sp.csr_array)
            else (self.matrix,)
        )
        for part in parts:
            part.setflags(write=False)

    def __repr__(self) -> str:
        return f"Subspace(dim {self.dim} of {self.ambient_dim})"

    @property
    def dim(self) -> int:
        """Dimension d."""
        return int(self.matrix.shape[1])

    @property
    def ambient_dim(self) -> int:
        """Dimension n of the surrounding space."""
        return int(self.matrix.shape[0])

    @cached_property
    def basis(self) -> FloatArray:
        """Q as a dense array of shape (n, d)."""
        dense = _dense(self.matrix)
        dense.setflags(write=False)
        return dense

    @cached_property
    def complement(self) -> FloatArray:
        """Orthonormal basis of the orthogonal complement as a dense array of shape (n, n − d)."""
        return _dense(self.complement_matrix)

    @cached_property
    def complement_matrix(self) -> FloatArray | sp.csr_array:
        """The same as it is stored: sparse for orbits."""
        if isinstance(self.matrix, sp.csr_array):
            return _orbit_complement(self.matrix)
        if self.dim == 0:
            return np.eye(self.ambient_dim)
        full, _ = np.linalg.qr(self.basis, mode="complete")
        return np.asarray(full[:, self.dim :])

    @cached_property
    def completed(self) -> Subspace:
        """All of R^n, in the orthonormal basis of this subspace followed by that of its complement."""
        parts = [self.matrix, self.complement_matrix]
        if all(sp.issparse(part) for part in parts):
            return Subspace(sp.csr_array(sp.hstack(parts)))
        return Subspace(np.concatenate([_dense(part) for part in parts], axis=1))

    def coordinates(self, X: FloatArray) -> FloatArray:
        """X Q: the d invariant coordinates of samples, shape (..., n) to (..., d)."""
        return _row_product(X, self.matrix)

    def embed(self, V: FloatArray) -> FloatArray:
        """V Qᵀ: functionals of the coordinates as functionals on R^n, shape (..., d) to (..., n)."""
        return _row_product(V, self.matrix.T)

    def project(self, X: FloatArray) -> FloatArray:
        """X Q Qᵀ: the part of each row inside the subspace, shape (..., n)."""
        return self.embed(self.coordinates(X))

    def restrict(self, C: FloatArray) -> FloatArray:
        """Qᵀ C Q: a symmetric bilinear form in the coordinates, shape (d, d)."""
        return np.asarray(self.matrix.T @ self.coordinates(C))


_known: WeakKeyDictionary[Representation, Subspace] = WeakKeyDictionary()


def invariant_subspace(rep: Representation) -> Subspace:
    """The functionals w with wᵀρ(g) = wᵀ for the whole group: null(Aᵀ), A = [ρ(g)−I, …, L, …].

    They are the fixed vectors of the *dual* representation. For (signed) permutations they are the
    signed orbit indicators, found in time linear in the number of generator entries; otherwise by a
    singular value decomposition of A with the cut-off 8·n·eps·‖ρ(g)‖.

    Parameters
    ----------
    rep : Representation
        Acting on R^n; it need not be orthogonal, finite or compact.

    Returns
    -------
    Subspace
        Dimension d and an orthonormal basis Q (n×d); d may be 0.

    References
    ----------
    Duan and Montúfar, Understanding Learning Invariance in Deep Linear Networks, arXiv 2506.13714.

    Examples
    --------
    >>> import haarwire as hw
    >>> hw.invariant_subspace(hw.groups.image_rotations(side=8)).dim
    16
    """
    if rep not in _known:
        if rep.is_permutation:
            _known[rep] = _from_orbits(rep)
        elif rep.is_signed_permutation:
            _known[rep] = _from_signed_orbits(rep)
        else:
            _known[rep] = _from_null_space(rep)
    return _known[rep]


def point_moves(rep: Representation) -> list[IndexArray]:
    """How (signed) permutation generators move the n coordinates, or the 2n points ±e_i with signs."""
    elements = [g for g in rep.generators if isinstance(g, Permutation | SignedPermutation)]
    if rep.is_permutation:
        return [g.indices for g in elements]
    return [(g.signed() if isinstance(g, Permutation) else g).as_permutation().indices for g in elements]


def orbit_labels(moves: list[IndexArray], n: int) -> tuple[int, IndexArray]:
    """Orbits of the group that index maps i ↦ move[i] generate on 0 … n − 1: their number and labels.

    Labels count up in the order in which orbits first appear.
    """
    if not moves:
        return n, np.arange(n)
    dtype = np.int32 if n < 2**31 else np.int64
    rows = np.tile(np.arange(n, dtype=dtype), len(moves))
    columns = np.concatenate(moves).astype(dtype, copy=False)
    graph = sp.coo_array((np.ones(rows.size, dtype=np.int8), (rows, columns)), shape=(n, n))
    count, labels = connected_components(graph, directed=True, connection="weak")
    first = np.empty(count, dtype=np.intp)
    first[labels[::-1]] = np.arange(n - 1, -1, -1)
    order = np.empty(count, dtype=np.intp)
    order[np.argsort(first)] = np.arange(count)
    return int(count), order[labels]


def _from_orbits(rep: Representation) -> Subspace:
    count, labels = orbit_labels(point_moves(rep), rep.dim)
    sizes = np.bincount(labels, minlength=count)
    values = 1.0 / np.sqrt(sizes[labels])
    indptr = np.arange(rep.dim + 1)
    return Subspace(sp.csr_array((values, labels, indptr), shape=(rep.dim, count)))


def _from_signed_orbits(rep: Representation) -> Subspace:
    """Orbits on the 2n points ±e_i: an orbit that holds e_i and −e_i leaves nothing of coordinate i."""
    n = rep.dim
    _, labels = orbit_labels(point_moves(rep), 2 * n)
    positive, negative = labels[:n], labels[n:]
    alive = np.flatnonzero(positive != negative)
    # An orbit and its mirror image are one functional, up to sign; the one met first has sign +.
    orbits, columns = np.unique(np.minimum(positive[alive], negative[alive]), return_inverse=True)
    sizes = np.bincount(columns, minlength=orbits.size)
    signs = np.where(positive[alive] < negative[alive], 1.0, -1.0)
    values = signs / np.sqrt(sizes[columns])
    return Subspace(sp.csr_array(sp.coo_array((values, (alive, columns)), shape=(n, orbits.size))))


def _from_null_space(rep: Representation) -> Subspace:
    n, identity = rep.dim, np.eye(rep.dim)
    blocks: list[FloatArray] = []
    size, eps = 1.0, EPS
    for g in rep.generators:
        entries = g.to_dense()
        size = max(size, _spectral_bound(entries))
        eps = max(eps, g.precision if isinstance(g, Matrix) else EPS)
        blocks.append(entries - identity)
    for L in rep.algebra:
        entries = _dense(L)
        norm = _spectral_bound(entries)
        if norm > 0:  # the condition wᵀL = 0 has no scale of its own
            blocks.append(entries / norm)
    A = np.concatenate(blocks, axis=1) if blocks else np.zeros((n, 0))
    return Subspace(left_null_space(A, _SAFETY * n * eps * size))


def _orbit_complement(Q: sp.csr_array) -> sp.csr_array:
    """Complement of basis vectors with disjoint supports: a Householder reflection for each.

    The reflection that takes q to ∓e_1 on its support has the complement of q as its other columns. The
    vectors stay inside their orbits, so that features of one unit are not mixed with those of another.
    """
    columns = sp.csc_array(Q)
    n, d = Q.shape
    parts: list[tuple[FloatArray, IndexArray, IndexArray]] = []
    done = 0
    sizes = np.diff(columns.indptr)
    for size in np.unique(sizes):
        which = np.flatnonzero(sizes == size)
        support = columns.indptr[which][:, None] + np.arange(size)
        rows, q = columns.indices[support], columns.data[support]
        v = q.copy()
        v[:, 0] += np.where(q[:, 0] < 0, -1.0, 1.0)
        reflection = np.eye(size) - v[:, :, None] * v[:, None, :] / (1.0 + np.abs(q[:, :1, None]))
        places = done + np.arange(which.size * (size - 1)).reshape(which.size, 1, size - 1)
        shape = (which.size, size, size - 1)
        parts.append(
            (reflection[:, :, 1:], np.broadcast_to(rows[:, :, None], shape), np.broadcast_to(places, shape))
        )
        done += which.size * (size - 1)
    free = np.flatnonzero(np.diff(Q.indptr) == 0)  # coordinates in no orbit
    parts.append((np.ones(free.size), free, done + np.arange(free.size)))
    values, i, j = (np.concatenate([part[k].ravel() for part in parts]) for k in range(3))
    return sp.csr_array(sp.coo_array((values, (i, j)), shape=(n, n - d)))


def _row_product(X: FloatArray, A: FloatArray | sp.csr_array) -> FloatArray:
    """X A for X of shape (..., n): SciPy's sparse arrays stand beside two-dimensional ones only."""
    shape = X.shape[:-1]
    return np.asarray(X.reshape(math.prod(shape), X.shape[-1]) @ A).reshape(*shape, A.shape[1])


def _dense(A: FloatArray | sp.csr_array) -> FloatArray:
    return np.array(A.toarray()) if isinstance(A, sp.csr_array) else np.array(A)


def _spectral_bound(A: FloatArray) -> float:
    """√(‖A‖₁‖A‖_∞) ≥ ‖A‖₂."""
    magnitudes = np.abs(A)
    return float(np.sqrt(magnitudes.sum(axis=0).max() * magnitudes.sum(axis=1).max()))
