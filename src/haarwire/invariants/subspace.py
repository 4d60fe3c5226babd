"""The space of invariant functionals: everything the symmetry leaves of a linear model."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, final
from weakref import WeakKeyDictionary

import numpy as np
import scipy.sparse as sp

from haarwire._numbers import FloatArray, IntArray
from haarwire.errors import ParameterError
from haarwire.groups import Representation
from haarwire.groups.representation import checked_representation
from haarwire.invariants.blocks import block_groups
from haarwire.invariants.certificate import SubspaceCertificate
from haarwire.invariants.null_space import invariant_basis

__all__ = ["Subspace", "SubspaceCertificate", "invariant_subspace", "row_product"]


_FULL: Final = 0.25
"""Share of entries from which on a product with a dense array is many times faster than with a sparse one."""


@final
@dataclass(frozen=True, eq=False)
class Subspace:
    """A d-dimensional subspace of R^n with an orthonormal basis Q (n×d).

    Parameters
    ----------
    matrix : ndarray or SciPy sparse array, shape (n, d)
        Q; sparse for orbits, where each coordinate belongs to at most one basis vector, and for blocks.
    certificate : SubspaceCertificate, optional
        How an invariant subspace was found, and what vouches for its dimension.

    Raises
    ------
    ParameterError
        When Q is no real matrix with orthonormal columns.

    Examples
    --------
    >>> import haarwire as hw
    >>> hw.invariant_subspace(hw.groups.cyclic_shifts(4)).basis.ravel()
    array([0.5, 0.5, 0.5, 0.5])
    """

    matrix: FloatArray | sp.csr_array
    certificate: SubspaceCertificate | None = None

    def __post_init__(self) -> None:
        Q: Any = sp.csr_array(self.matrix) if sp.issparse(self.matrix) else np.asarray(self.matrix)
        if Q.dtype.kind in "biu":
            Q = Q.astype(np.float64)
        if Q.ndim != 2 or Q.dtype.kind != "f" or not _is_orthonormal(Q):
            raise ParameterError(
                f"the columns of an array of shape {Q.shape} and dtype {Q.dtype} are no orthonormal basis",
                cause="vectors that span the subspace, but are not orthonormal",
                remedy="give Q of Q, R = numpy.linalg.qr(vectors)",
            )
        object.__setattr__(self, "matrix", _frozen(Q))

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
    def has_disjoint_supports(self) -> bool:
        """Whether every coordinate belongs to at most one basis vector, as with orbits; then Q is sparse."""
        return isinstance(self.matrix, sp.csr_array) and bool(np.diff(self.matrix.indptr).max(initial=0) <= 1)

    @property
    def indicators(self) -> sp.csr_array:
        """The orbits of (signed) permutations as a sparse array of −1, 0 and 1 in int8, shape (n, d): exact.

        Raises
        ------
        ParameterError
            When the subspace was not found from orbits.
        """
        if self.certificate is None or self.certificate.method != "orbits":
            raise ParameterError(
                "this subspace has no orbits: it was not found from permutations alone",
                cause="a representation by matrices or Lie-algebra elements",
                remedy="use subspace.basis, an orthonormal basis in floating point",
            )
        Q = sp.csr_array(self.matrix)
        return sp.csr_array((np.sign(Q.data).astype(np.int8), Q.indices, Q.indptr), shape=Q.shape)

    @cached_property
    def basis(self) -> FloatArray:
        """Q as a dense array of shape (n, d), read-only."""
        return _dense(self.matrix)

    @cached_property
    def complement(self) -> FloatArray:
        """Orthonormal basis of the orthogonal complement as a dense array of shape (n, n − d), read-only."""
        return _dense(self.complement_matrix)

    @cached_property
    def complement_matrix(self) -> FloatArray | sp.csr_array:
        """The same as it is stored: sparse for orbits and blocks, unless a few of them hold most of R^n."""
        return _frozen(self._complement())

    def _complement(self) -> FloatArray | sp.csr_array:
        if isinstance(self.matrix, sp.csr_array):
            found = (_orbit_complement if self.has_disjoint_supports else _block_complement)(self.matrix)
            is_full = found.nnz > _FULL * math.prod(found.shape)
            return found.toarray() if is_full else found
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
        return row_product(X, self.matrix)

    def embed(self, V: FloatArray) -> FloatArray:
        """V Qᵀ: functionals of the coordinates as functionals on R^n, shape (..., d) to (..., n)."""
        return row_product(V, self.matrix.T)

    def project(self, X: FloatArray) -> FloatArray:
        """X Q Qᵀ: the part of each row inside the subspace, shape (..., n)."""
        return self.embed(self.coordinates(X))

    def restrict(self, C: FloatArray) -> FloatArray:
        """Qᵀ C Q: a symmetric bilinear form in the coordinates, shape (d, d)."""
        return np.asarray(self.matrix.T @ self.coordinates(C))


_ORTHONORMAL: Final = 1e-8
"""Relative error of QᵀQ = I that is taken for rounding."""

_known: WeakKeyDictionary[Representation, Subspace] = WeakKeyDictionary()


def invariant_subspace(rep: Representation) -> Subspace:
    """The functionals w with wᵀρ(g) = wᵀ for the whole group: null(Aᵀ), A = [ρ(g)−I, …, L, …].

    They are the fixed vectors of the *dual* representation. For (signed) permutations they are the
    signed orbit indicators, found in time linear in the number of generator entries. What other
    generators leave of these falls into connected blocks of entries; blocks of up to 800 coordinates get a
    singular value decomposition of A with the cut-off 8·n·eps·(1 + √(‖A‖₁‖A‖_∞)), larger ones, and
    generators kept by their factors, an iteration with a certificate (``subspace.certificate``).

    Parameters
    ----------
    rep : Representation
        Acting on R^n; it need not be orthogonal, finite or compact.

    Returns
    -------
    Subspace
        Dimension d and an orthonormal basis Q (n×d); d may be 0.

    Raises
    ------
    ConvergenceError
        When the dimension of a large block cannot be certified.
    ParameterError
        When `rep` is no representation.

    References
    ----------
    Duan and Montúfar, Understanding Learning Invariance in Deep Linear Networks, arXiv 2506.13714.

    Examples
    --------
    >>> import haarwire as hw
    >>> hw.invariant_subspace(hw.groups.image_rotations(side=8)).dim
    16
    """
    if checked_representation(rep) not in _known:
        _known[rep] = Subspace(*invariant_basis(rep))
    return _known[rep]


def _orbit_complement(Q: sp.csr_array) -> sp.csr_array:
    """Complement of basis vectors with disjoint supports: a Householder reflection for each.

    The reflection that takes q to ∓e_1 on its support has the complement of q as its other columns. The
    vectors stay inside their orbits, so that features of one unit are not mixed with those of another.
    """
    columns = sp.csc_array(Q)
    n, d = Q.shape
    parts: list[tuple[FloatArray, IntArray, IntArray]] = []
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


def _block_complement(Q: sp.csr_array) -> sp.csr_array:
    """Complement of basis vectors block by block, so that blocks stay apart."""
    n, d = Q.shape
    values, rows, columns, done = [], [], [], 0
    for group in block_groups(Q):
        for where, stack in group.stacks():
            b, r, c = stack.shape
            rest = np.linalg.qr(stack, mode="complete")[0][:, :, c:]
            places = done + np.arange(b * (r - c)).reshape(b, 1, r - c)
            values.append(rest.ravel())
            rows.append(np.broadcast_to(where[:, :, None], rest.shape).ravel())
            columns.append(np.broadcast_to(places, rest.shape).ravel())
            done += b * (r - c)
    entries = (np.concatenate(rows), np.concatenate(columns))
    return sp.csr_array(sp.coo_array((np.concatenate(values), entries), shape=(n, n - d)))


def row_product(X: FloatArray, A: FloatArray | sp.csr_array) -> FloatArray:
    """X A for X of shape (..., n), or ParameterError for another last axis."""
    if X.ndim == 0 or X.shape[-1] != A.shape[0]:
        raise ParameterError(
            f"the array has shape {X.shape}, its last axis must have length {A.shape[0]}",
            cause="data with another number of features, or coordinates in their place",
            remedy=f"give an array of shape (..., {A.shape[0]})",
        )
    # SciPy's sparse arrays stand beside two-dimensional ones only.
    shape = X.shape[:-1]
    return np.asarray(X.reshape(math.prod(shape), X.shape[-1]) @ A).reshape(*shape, A.shape[1])


def _dense(A: FloatArray | sp.csr_array) -> FloatArray:
    return np.asarray(_frozen(A.toarray())) if isinstance(A, sp.csr_array) else A


def _frozen(A: FloatArray | sp.csr_array) -> FloatArray | sp.csr_array:
    """A read-only view: subspaces are shared by all that ask for the same one."""
    if isinstance(A, sp.csr_array):
        parts = [part.view() for part in (A.data, A.indices, A.indptr)]
        frozen = sp.csr_array(tuple(parts), shape=A.shape)
        parts = [frozen.data, frozen.indices, frozen.indptr]
    else:
        frozen = A.view()
        parts = [frozen]
    for part in parts:
        part.setflags(write=False)
    return frozen


def _is_orthonormal(Q: FloatArray | sp.csr_array) -> bool:
    """Whether QᵀQz = z for a random z: with probability one, for all."""
    z = np.random.default_rng(0).standard_normal(Q.shape[1])
    allowed = max(_ORTHONORMAL, 64.0 * float(np.finfo(Q.dtype).eps))
    return bool(np.linalg.norm(Q.T @ (Q @ z) - z) <= allowed * np.linalg.norm(z))
