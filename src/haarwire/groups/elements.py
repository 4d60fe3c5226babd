"""Group elements: invertible linear maps of R^n, with the structure that makes them cheap.

`Permutation` and `SignedPermutation` store n indices; `Matrix` stores a dense array or a SciPy sparse
array. All act on samples stored as rows: ``g.apply(X)`` is X ρ(g)ᵀ, the samples ρ(g)x, and
``g.pull_back(W)`` is W ρ(g), the functionals x ↦ W ρ(g) x.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property
from typing import Any, Final, TypeAlias, final

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike, NDArray

from haarwire._linalg import reciprocal_condition
from haarwire.errors import RepresentationError

__all__ = ["Element", "Matrix", "Permutation", "SignedPermutation"]

FloatArray: TypeAlias = NDArray[np.floating[Any]]
IndexArray: TypeAlias = NDArray[np.intp]
MatrixLike: TypeAlias = FloatArray | sp.csr_array

_SAFETY: Final = 8.0
"""Rounding allowance, in units of n·eps of the precision that the entries were given in."""


class Element(ABC):
    """An invertible linear map ρ(g) of R^n."""

    dim: int

    @abstractmethod
    def apply(self, X: FloatArray) -> FloatArray:
        """Move samples: X ρᵀ, for X of shape (..., n)."""

    @abstractmethod
    def pull_back(self, W: FloatArray) -> FloatArray:
        """Move functionals: W ρ, for W of shape (..., n)."""

    @abstractmethod
    def inverse(self) -> Element:
        """The element ρ⁻¹."""

    @property
    @abstractmethod
    def dual(self) -> Element:
        """The element ρ⁻ᵀ, the action on functionals."""

    @property
    @abstractmethod
    def is_orthogonal(self) -> bool:
        """Whether ρᵀρ = I, up to rounding of the entries as they were given."""

    @abstractmethod
    def to_sparse(self) -> sp.csr_array:
        """ρ as an (n, n) SciPy sparse array."""

    def to_dense(self) -> FloatArray:
        """ρ as an (n, n) array."""
        return np.asarray(self.to_sparse().toarray())

    @abstractmethod
    def simplified(self) -> Element:
        """The same map as the cheapest kind of element that can hold it exactly."""

    @abstractmethod
    def __matmul__(self, other: Element) -> Element:
        """The composition ρσ: first `other`, then `self`."""

    @abstractmethod
    def direct_sum(self, other: Element) -> Element:
        """The block-diagonal map ρ ⊕ σ on R^(n + n')."""

    @abstractmethod
    def tensor(self, other: Element) -> Element:
        """The Kronecker product ρ ⊗ σ on R^(n·n'), row-major: (x ⊗ y)[i·n' + j] = x[i] y[j]."""

    def conjugate(self, M: FloatArray) -> FloatArray:
        """ρ M ρᵀ, for M of shape (n, n)."""
        return self.apply(self.apply(M).T).T


def _as_indices(indices: ArrayLike) -> IndexArray:
    """Check that `indices` is a rearrangement of 0 … n − 1 and return a read-only copy."""
    given = np.asarray(indices)
    if given.ndim != 1 or given.size == 0:
        raise RepresentationError(
            f"a permutation needs a non-empty list of indices, got an array of shape {given.shape}",
            cause="a permutation matrix was given, or an empty list",
            remedy="give the n indices, as in Permutation([1, 2, 0]), or use Matrix(A) for a matrix",
        )
    if given.dtype.kind not in "iu":
        raise RepresentationError(
            f"the indices of a permutation must be integers, got dtype {given.dtype}",
            cause="floating-point or object values were given where positions are needed",
            remedy="convert them first: Permutation(np.asarray(indices, dtype=int))",
        )
    n = given.size
    in_range = (given >= 0) & (given < n)
    if not in_range.all():
        first = int(np.flatnonzero(~in_range)[0])
        raise RepresentationError(
            f"not a permutation of 0 … {n - 1}: position {first} holds {given[first]}",
            cause="indices that count from 1, or an index out of range",
            remedy="count from 0: every number from 0 to n − 1 exactly once",
        )
    p = given.astype(np.intp)
    counts = np.bincount(p, minlength=n)
    if (counts != 1).any():
        first = int(np.flatnonzero(counts > 1)[0])
        raise RepresentationError(
            f"not a permutation of 0 … {n - 1}: {first} appears {counts[first]} times",
            cause="a repeated index; the map would not be invertible",
            remedy="list every number from 0 to n − 1 exactly once",
        )
    p.setflags(write=False)
    return p


@final
class Permutation(Element):
    """The map x ↦ x[indices], that is (ρx)_i = x_{indices[i]}.

    Parameters
    ----------
    indices : array_like of int, shape (n,)
        Each of 0 … n − 1 exactly once. With NumPy's own operations on ``np.arange(n)`` one gets the
        permutation that does the same to data: ``Permutation(np.rot90(np.arange(9).reshape(3, 3)).ravel())``.

    Raises
    ------
    RepresentationError
        When `indices` is not a permutation.
    """

    def __init__(self, indices: ArrayLike) -> None:
        self.indices = _as_indices(indices)
        self.dim = int(self.indices.size)

    def __repr__(self) -> str:
        return f"Permutation({_abridged(self.indices)})"

    @property
    def signs(self) -> None:
        """No signs: every entry is +1."""
        return None

    @cached_property
    def _inverse_indices(self) -> IndexArray:
        inverse = np.empty_like(self.indices)
        inverse[self.indices] = np.arange(self.dim)
        return inverse

    def apply(self, X: FloatArray) -> FloatArray:
        return np.take(X, self.indices, axis=-1)

    def pull_back(self, W: FloatArray) -> FloatArray:
        return np.take(W, self._inverse_indices, axis=-1)

    def conjugate(self, M: FloatArray) -> FloatArray:
        return M[np.ix_(self.indices, self.indices)]

    def inverse(self) -> Permutation:
        return Permutation(self._inverse_indices)

    @property
    def dual(self) -> Permutation:
        return self

    @property
    def is_orthogonal(self) -> bool:
        return True

    def to_sparse(self) -> sp.csr_array:
        n = self.dim
        return sp.csr_array((np.ones(n), self.indices, np.arange(n + 1)), shape=(n, n))

    def simplified(self) -> Permutation:
        return self

    def signed(self) -> SignedPermutation:
        """The same map as a signed permutation with every sign +1."""
        return SignedPermutation(self.indices, np.ones(self.dim))

    def __matmul__(self, other: Element) -> Element:
        if isinstance(other, Permutation):
            return Permutation(other.indices[self.indices])
        return self.signed() @ other

    def direct_sum(self, other: Element) -> Element:
        if isinstance(other, Permutation):
            return Permutation(np.concatenate([self.indices, other.indices + self.dim]))
        return self.signed().direct_sum(other)

    def tensor(self, other: Element) -> Element:
        if isinstance(other, Permutation):
            return Permutation(np.add.outer(self.indices * other.dim, other.indices).ravel())
        return self.signed().tensor(other)


@final
class SignedPermutation(Element):
    """The map (ρx)_i = signs[i] · x_{indices[i]}.

    Parameters
    ----------
    indices : array_like of int, shape (n,)
        Each of 0 … n − 1 exactly once.
    signs : array_like, shape (n,)
        +1 or −1.

    Raises
    ------
    RepresentationError
        When `indices` is not a permutation or a sign is neither +1 nor −1.
    """

    def __init__(self, indices: ArrayLike, signs: ArrayLike) -> None:
        self.indices = _as_indices(indices)
        self.dim = int(self.indices.size)
        given = np.asarray(signs)
        if given.shape != (self.dim,) or not np.isin(given, (-1, 1)).all():
            raise RepresentationError(
                f"the signs must be {self.dim} values of +1 or −1, got shape {given.shape}"
                f" with values {_abridged(np.unique(given))}",
                cause="a different number of signs than of indices, or scale factors given as signs",
                remedy="give one +1 or −1 per coordinate; use Matrix(A) for other factors",
            )
        self.signs = given.astype(np.float64)
        self.signs.setflags(write=False)

    def __repr__(self) -> str:
        return f"SignedPermutation({_abridged(self.indices)}, {_abridged(self.signs.astype(int))})"

    def apply(self, X: FloatArray) -> FloatArray:
        return np.asarray(np.take(X, self.indices, axis=-1) * self.signs.astype(X.dtype))

    def pull_back(self, W: FloatArray) -> FloatArray:
        return self.inverse().apply(W)

    def inverse(self) -> SignedPermutation:
        inverse = np.empty_like(self.indices)
        inverse[self.indices] = np.arange(self.dim)
        return SignedPermutation(inverse, self.signs[inverse])

    @property
    def dual(self) -> SignedPermutation:
        return self

    @property
    def is_orthogonal(self) -> bool:
        return True

    def to_sparse(self) -> sp.csr_array:
        n = self.dim
        return sp.csr_array((self.signs, self.indices, np.arange(n + 1)), shape=(n, n))

    def simplified(self) -> Permutation | SignedPermutation:
        return Permutation(self.indices) if (self.signs > 0).all() else self

    def as_permutation(self) -> Permutation:
        """The permutation of the 2n points ±e_i (point i is +e_i, point n + i is −e_i)."""
        shift = np.where(self.signs > 0, 0, self.dim)
        positive = self.indices + shift
        return Permutation(np.concatenate([positive, (positive + self.dim) % (2 * self.dim)]))

    def __matmul__(self, other: Element) -> Element:
        if isinstance(other, Permutation):
            other = other.signed()
        if isinstance(other, SignedPermutation):
            return SignedPermutation(
                other.indices[self.indices], self.signs * other.signs[self.indices]
            )
        return Matrix(self.to_sparse()) @ other

    def direct_sum(self, other: Element) -> Element:
        if isinstance(other, Permutation):
            other = other.signed()
        if isinstance(other, SignedPermutation):
            return SignedPermutation(
                np.concatenate([self.indices, other.indices + self.dim]),
                np.concatenate([self.signs, other.signs]),
            )
        return Matrix(self.to_sparse()).direct_sum(other)

    def tensor(self, other: Element) -> Element:
        if isinstance(other, Permutation):
            other = other.signed()
        if isinstance(other, SignedPermutation):
            return SignedPermutation(
                np.add.outer(self.indices * other.dim, other.indices).ravel(),
                np.multiply.outer(self.signs, other.signs).ravel(),
            )
        return Matrix(self.to_sparse()).tensor(other)


@final
class Matrix(Element):
    """A general invertible matrix, dense or sparse.

    Parameters
    ----------
    matrix : array_like or SciPy sparse array, shape (n, n)
        Stored in float64. Integer and float32 entries are accepted; orthogonality is judged at the
        precision they were given in.

    Raises
    ------
    RepresentationError
        When the matrix is not square, not finite, not real, or singular to working precision
        (reciprocal condition number below n·eps).
    """

    def __init__(self, matrix: ArrayLike | sp.sparray | sp.spmatrix) -> None:
        self.matrix: MatrixLike
        self.matrix, self._eps = as_square(matrix, "a generator")
        self.dim = int(self.matrix.shape[0])
        if self.is_orthogonal:
            return
        rcond = reciprocal_condition(self.matrix)
        if rcond < self.dim * np.finfo(np.float64).eps:
            raise RepresentationError(
                f"the generator is singular: its reciprocal condition number is {rcond:.1e}",
                cause="a projection, or an infinitesimal generator given where a group element is needed",
                remedy="give an invertible matrix, or pass a Lie-algebra element as "
                "Representation(n, algebra=(L,))",
            )

    def __repr__(self) -> str:
        kind = "sparse" if sp.issparse(self.matrix) else "dense"
        return f"Matrix(<{self.dim}×{self.dim} {kind}>)"

    @property
    def is_sparse(self) -> bool:
        """Whether the entries are stored as a SciPy sparse array."""
        return bool(sp.issparse(self.matrix))

    def apply(self, X: FloatArray) -> FloatArray:
        # (A Xᵀ)ᵀ rather than X Aᵀ: a sparse A must stand on the left.
        flat = X.reshape(-1, self.dim)
        return np.asarray((self.matrix @ flat.T).T).reshape(X.shape)

    def pull_back(self, W: FloatArray) -> FloatArray:
        flat = W.reshape(-1, self.dim)
        return np.asarray((self.matrix.T @ flat.T).T).reshape(W.shape)

    @cached_property
    def _inverse(self) -> Matrix:
        if self.is_orthogonal:
            return Matrix(self.matrix.T)
        if sp.issparse(self.matrix):
            return Matrix(np.linalg.inv(self.matrix.toarray()))
        return Matrix(np.linalg.inv(self.matrix))

    def inverse(self) -> Matrix:
        return self._inverse

    @property
    def dual(self) -> Matrix:
        return self if self.is_orthogonal else Matrix(self._inverse.matrix.T)

    @cached_property
    def is_orthogonal(self) -> bool:  # type: ignore[override]
        """Whether ‖ρᵀρ − I‖_max ≤ 8·n·eps, eps of the dtype the entries were given in."""
        defect = self.matrix.T @ self.matrix - sp.eye_array(self.dim)
        return bool(abs(defect).max() <= _SAFETY * self.dim * self._eps)

    def to_sparse(self) -> sp.csr_array:
        return sp.csr_array(self.matrix)

    def to_dense(self) -> FloatArray:
        if sp.issparse(self.matrix):
            return np.asarray(self.matrix.toarray())
        return np.asarray(self.matrix)

    def simplified(self) -> Element:
        entries = self.to_sparse()
        entries.eliminate_zeros()
        one_per_row = (np.diff(entries.indptr) == 1).all()
        if one_per_row and np.isin(entries.data, (-1.0, 1.0)).all():
            return SignedPermutation(entries.indices, entries.data).simplified()
        return self

    def __matmul__(self, other: Element) -> Element:
        right = other.matrix if isinstance(other, Matrix) else other.to_sparse()
        return Matrix(self.matrix @ right)

    def direct_sum(self, other: Element) -> Element:
        return Matrix(sp.block_diag([self.to_sparse(), other.to_sparse()], format="csr"))

    def tensor(self, other: Element) -> Element:
        return Matrix(sp.kron(self.to_sparse(), other.to_sparse(), format="csr"))


def as_square(
    matrix: ArrayLike | sp.sparray | sp.spmatrix, role: str
) -> tuple[MatrixLike, float]:
    """Check a square real matrix; return it in float64 (CSR where sparse) and its given eps."""
    given = sp.csr_array(matrix) if sp.issparse(matrix) else np.asarray(matrix)
    if given.ndim != 2 or given.shape[0] != given.shape[1] or given.shape[0] == 0:
        raise RepresentationError(
            f"{role} must be a square matrix, got shape {given.shape}",
            cause="a rectangular matrix, a flat list, or an empty array",
            remedy="give an (n, n) array; for a list of indices use Permutation(indices)",
        )
    if given.dtype.kind not in "biuf":
        raise RepresentationError(
            f"{role} must hold real numbers, got dtype {given.dtype}",
            cause="complex or object entries",
            remedy="give a real array; write a complex representation of C^n on R^(2n)",
        )
    eps = float(np.finfo(given.dtype).eps) if given.dtype.kind == "f" else np.finfo(float).eps
    entries = given.astype(np.float64)
    values = entries.data if sp.issparse(entries) else entries
    if not np.isfinite(np.asarray(values)).all():
        raise RepresentationError(
            f"{role} contains NaN or infinite entries",
            cause="a division by zero or a missing value where the matrix was built",
            remedy="check it with np.isfinite(matrix).all() before passing it on",
        )
    return entries, float(eps)


def _abridged(values: NDArray[Any], limit: int = 8) -> str:
    shown = ", ".join(str(v) for v in values[:limit].tolist())
    return f"[{shown}, …]" if values.size > limit else f"[{shown}]"
