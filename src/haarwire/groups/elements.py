"""Group elements: invertible linear maps of R^n, with the structure that makes them cheap.

`Permutation` and `SignedPermutation` store n indices; `Matrix` stores a dense array or a SciPy sparse
array; products and sums too large for that are kept by their factors (`lazy`). All act on samples stored as
rows: ``g.apply(X)`` is X ρ(g)ᵀ, the samples ρ(g)x, and ``g.pull_back(W)`` is W ρ(g), the functionals
x ↦ W ρ(g) x.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Final, Literal, final

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike

from haarwire._linalg import EPS, reciprocal_condition
from haarwire._numbers import FloatArray, IndexArray
from haarwire.errors import RepresentationError
from haarwire.groups._checks import MatrixLike, abridged, as_indices, as_signs, as_square
from haarwire.groups._kernels import (
    check_last_axis,
    inverted,
    rows_times,
    sparse_inverse,
    stored,
    sum_indices,
    tensor_indices,
    working_dtype,
)
from haarwire.groups.element import Element, check_composable

__all__ = ["Element", "Matrix", "Permutation", "SignedPermutation"]

_SAFETY: Final = 8.0
"""Rounding allowance, in units of n·eps of the precision that the entries were given in."""


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
        self.indices = as_indices(indices)
        self.dim = int(self.indices.size)

    @classmethod
    def _trusted(cls, indices: IndexArray) -> Permutation:
        """Skip the checks, for indices that come from permutations already checked."""
        new = cls.__new__(cls)
        indices.setflags(write=False)
        new.indices = indices
        new.dim = int(indices.size)
        return new

    @classmethod
    def identity(cls, dim: int) -> Permutation:
        """The map x ↦ x on R^dim."""
        return cls._trusted(np.arange(dim))

    def __repr__(self) -> str:
        return f"Permutation({abridged(self.indices)})"

    @property
    def signs(self) -> None:
        """No signs: every entry is +1."""
        return None

    @cached_property
    def _inverse_indices(self) -> IndexArray:
        return inverted(self.indices)

    def apply(self, X: FloatArray) -> FloatArray:
        check_last_axis(X, self.dim)
        return np.take(X, self.indices, axis=-1)

    def pull_back(self, W: FloatArray) -> FloatArray:
        check_last_axis(W, self.dim)
        return np.take(W, self._inverse_indices, axis=-1)

    def conjugate(self, M: FloatArray) -> FloatArray:
        check_last_axis(M, self.dim)
        return M[self.indices[:, np.newaxis], self.indices]

    def inverse(self) -> Permutation:
        return Permutation._trusted(self._inverse_indices)

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
        return SignedPermutation._trusted(self.indices, np.ones(self.dim))

    def __matmul__(self, other: Element) -> Element:
        check_composable(self, other)
        if isinstance(other, Permutation):
            return Permutation._trusted(other.indices[self.indices])
        if isinstance(other, Matrix):
            return other._rebuilt(other.matrix[self.indices], EPS, orthogonal=True)
        if isinstance(other, SignedPermutation):
            return self.signed() @ other
        return _lazily("composed", self, other)

    def direct_sum(self, other: Element) -> Element:
        if isinstance(other, Permutation):
            return Permutation._trusted(sum_indices(self.indices, other.indices))
        return self.signed().direct_sum(other)

    def tensor(self, other: Element) -> Element:
        if isinstance(other, Permutation):
            return Permutation._trusted(tensor_indices(self.indices, other.indices))
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
        self.indices = as_indices(indices)
        self.dim = int(self.indices.size)
        self.signs = as_signs(signs, self.dim)

    @classmethod
    def _trusted(cls, indices: IndexArray, signs: FloatArray) -> SignedPermutation:
        """Skip the checks, for indices and signs that come from elements already checked."""
        new = cls.__new__(cls)
        for part in (indices, signs):
            part.setflags(write=False)
        new.indices, new.signs = indices, signs
        new.dim = int(indices.size)
        return new

    def __repr__(self) -> str:
        return f"SignedPermutation({abridged(self.indices)}, {abridged(self.signs.astype(int))})"

    def apply(self, X: FloatArray) -> FloatArray:
        check_last_axis(X, self.dim)
        moved = np.take(X, self.indices, axis=-1)
        return np.asarray(moved * self.signs.astype(working_dtype(X)))

    def pull_back(self, W: FloatArray) -> FloatArray:
        return self.inverse().apply(W)

    def inverse(self) -> SignedPermutation:
        return self._inverse

    @cached_property
    def _inverse(self) -> SignedPermutation:
        inverse = inverted(self.indices)
        return SignedPermutation._trusted(inverse, self.signs[inverse])

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
        return Permutation._trusted(self.indices) if (self.signs > 0).all() else self

    def signed(self) -> SignedPermutation:
        """The map itself: it has signs already."""
        return self

    def as_permutation(self) -> Permutation:
        """The permutation of the 2n points ±e_i (point i is +e_i, point n + i is −e_i)."""
        shift = np.where(self.signs > 0, 0, self.dim)
        positive = self.indices + shift
        negative = (positive + self.dim) % (2 * self.dim)
        return Permutation._trusted(np.concatenate([positive, negative]))

    def __matmul__(self, other: Element) -> Element:
        check_composable(self, other)
        if isinstance(other, Permutation):
            other = other.signed()
        if isinstance(other, SignedPermutation):
            signs = self.signs * other.signs[self.indices]
            return SignedPermutation._trusted(other.indices[self.indices], signs)
        if isinstance(other, Matrix):
            return Matrix._of(self) @ other
        return _lazily("composed", self, other)

    def direct_sum(self, other: Element) -> Element:
        if isinstance(other, Permutation):
            other = other.signed()
        if isinstance(other, SignedPermutation):
            indices = sum_indices(self.indices, other.indices)
            return SignedPermutation._trusted(indices, np.concatenate([self.signs, other.signs]))
        return _lazily("block_sum", self, other)

    def tensor(self, other: Element) -> Element:
        if isinstance(other, Permutation):
            other = other.signed()
        if isinstance(other, SignedPermutation):
            indices = tensor_indices(self.indices, other.indices)
            signs = np.multiply.outer(self.signs, other.signs).ravel()
            return SignedPermutation._trusted(indices, signs)
        return _lazily("kronecker", self, other)


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
        When the matrix is not square, not finite, not real, of half precision, or singular to working
        precision (reciprocal condition number below n·eps).
    """

    def __init__(self, matrix: ArrayLike | sp.sparray | sp.spmatrix) -> None:
        self.matrix: MatrixLike
        self.matrix, self._eps = as_square(matrix, "a generator")
        self.dim = int(self.matrix.shape[0])
        if self.is_orthogonal:
            return
        rcond = reciprocal_condition(self.matrix)
        # Not "rcond < …": a NaN must not pass.
        if not rcond >= self.dim * EPS:
            raise RepresentationError(
                f"the generator is singular: its reciprocal condition number is {rcond:.1e}",
                cause="a projection, or an infinitesimal generator given where a group element is needed",
                remedy="give an invertible matrix, or pass a Lie-algebra element as "
                "Representation(n, algebra=(L,))",
            )

    @classmethod
    def _trusted(cls, matrix: MatrixLike, eps: float, orthogonal: bool | None) -> Matrix:
        """Skip the checks, for a matrix computed from elements already checked.

        `orthogonal` is None where it is not known: then it is found out when asked for.
        """
        new = cls.__new__(cls)
        new.matrix, new._eps = matrix, eps
        new.dim = int(matrix.shape[0])
        if not sp.issparse(matrix):
            matrix.setflags(write=False)
        if orthogonal is not None:
            new.__dict__["is_orthogonal"] = orthogonal
        return new

    @classmethod
    def _of(cls, g: Element) -> Matrix:
        return g if isinstance(g, Matrix) else cls._trusted(g.to_sparse(), EPS, g.is_orthogonal)

    def _rebuilt(self, matrix: MatrixLike, eps: float, *, orthogonal: bool) -> Matrix:
        """A product, sum or tensor of this matrix and an element of the given precision and kind."""
        known = True if self.is_orthogonal and orthogonal else None
        return Matrix._trusted(matrix, max(self._eps, eps), known)

    def __repr__(self) -> str:
        kind = "sparse" if self.is_sparse else "dense"
        return f"Matrix(<{self.dim}×{self.dim} {kind}>)"

    @property
    def is_sparse(self) -> bool:
        """Whether the entries are stored as a SciPy sparse array."""
        return bool(sp.issparse(self.matrix))

    @property
    def precision(self) -> float:
        """The eps of the dtype that the entries were given in (the coarsest one, for a product)."""
        return self._eps

    def apply(self, X: FloatArray) -> FloatArray:
        return rows_times(self.matrix, X)

    def pull_back(self, W: FloatArray) -> FloatArray:
        return rows_times(self.matrix.T, W)

    @cached_property
    def _inverse(self) -> Matrix:
        if self.is_orthogonal:
            return Matrix._trusted(self.matrix.T, self._eps, orthogonal=True)
        if sp.issparse(self.matrix):
            return Matrix._trusted(sparse_inverse(self.matrix), self._eps, orthogonal=False)
        return Matrix._trusted(np.linalg.inv(self.matrix), self._eps, orthogonal=False)

    def inverse(self) -> Matrix:
        return self._inverse

    @property
    def dual(self) -> Matrix:
        if self.is_orthogonal:
            return self
        return Matrix._trusted(self._inverse.matrix.T, self._eps, orthogonal=False)

    @cached_property
    def is_orthogonal(self) -> bool:
        """Whether ‖ρᵀρ − I‖_max ≤ 8·n·eps, eps of the dtype the entries were given in."""
        identity = sp.eye_array(self.dim, format="csr") if self.is_sparse else np.eye(self.dim)
        defect = abs(self.matrix.T @ self.matrix - identity).max()
        return bool(defect <= _SAFETY * self.dim * self._eps)

    def to_sparse(self) -> sp.csr_array:
        return sp.csr_array(self.matrix)

    def to_dense(self) -> FloatArray:
        return np.asarray(self.to_sparse().toarray() if self.is_sparse else self.matrix)

    def simplified(self) -> Element:
        entries = sp.csr_array(self.matrix, copy=True)
        entries.eliminate_zeros()
        one_per_row = (np.diff(entries.indptr) == 1).all()
        if one_per_row and np.isin(entries.data, (-1.0, 1.0)).all():
            return SignedPermutation(entries.indices, entries.data).simplified()
        return self

    def __matmul__(self, other: Element) -> Element:
        check_composable(self, other)
        if isinstance(other, Matrix):
            return self._rebuilt(self.matrix @ other.matrix, other._eps, orthogonal=other.is_orthogonal)
        if not isinstance(other, Permutation | SignedPermutation):
            return _lazily("composed", self, other)
        product = self.matrix @ other.to_sparse() if self.is_sparse else other.pull_back(self.matrix)
        return self._rebuilt(product, EPS, orthogonal=True)

    def direct_sum(self, other: Element) -> Element:
        return _lazily("block_sum", self, other)

    def tensor(self, other: Element) -> Element:
        return _lazily("kronecker", self, other)

    def _summed(self, right: Matrix) -> Matrix:
        """The entries of ρ ⊕ σ."""
        blocks = sp.block_diag([self.to_sparse(), right.to_sparse()], format="csr")
        return self._rebuilt(stored(blocks), right._eps, orthogonal=right.is_orthogonal)

    def _tensored(self, right: Matrix) -> Matrix:
        """The entries of ρ ⊗ σ."""
        if self.is_sparse or right.is_sparse:
            product = stored(sp.kron(self.to_sparse(), right.to_sparse(), format="csr"))
        else:
            product = np.kron(self.matrix, right.matrix)
        return self._rebuilt(product, right._eps, orthogonal=right.is_orthogonal)


def _lazily(kind: Literal["composed", "block_sum", "kronecker"], g: Element, h: Element) -> Element:
    """Combine two elements of which one may be kept by its parts; those are made of the ones above."""
    from haarwire.groups import lazy

    combine: Callable[[Element, Element], Element] = getattr(lazy, kind)
    return combine(g, h)
