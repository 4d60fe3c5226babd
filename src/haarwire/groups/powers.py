"""Symmetric and exterior powers of elements, in orthonormal bases of monomials.

A basis vector of Sym^k or Λ^k of R^n is a multi-index i_1 ≤ ⋯ ≤ i_k (< for Λ), in lexicographic order.
Both are subspaces of R^n ⊗ (the power k − 1), and the projection S on them has one entry for each pair of a
coordinate i and a multi-index β:

    S(e_i ⊗ e_β) = √((β_i + 1)/k) e_{β+i}   (Sym, β_i the multiplicity of i),   ±e_{β+i}/√k   (Λ),

so that ρ^k = S (ρ ⊗ ρ^{k−1}) Sᵀ, and L acts by k · S (L ⊗ I) Sᵀ.
"""

from __future__ import annotations

import math
from functools import cached_property, lru_cache
from itertools import chain, combinations, combinations_with_replacement
from typing import Final, Self, final

import numpy as np
import scipy.sparse as sp

from haarwire._numbers import FloatArray, IndexArray
from haarwire.groups._checks import MatrixLike
from haarwire.groups._kernels import check_last_axis, stored, working_dtype
from haarwire.groups.element import Element
from haarwire.groups.elements import Matrix, Permutation, SignedPermutation
from haarwire.groups.lazy import Lazy, entries_of, fits, is_built

__all__ = ["Power", "multi_indices", "power_algebra", "power_dim", "power_element"]

_CACHED: Final = 16


def power_dim(n: int, degree: int, *, symmetric: bool) -> int:
    """Dimension of Sym^k (n + k − 1 choose k) or Λ^k (n choose k) of R^n."""
    return math.comb(n + degree - 1 if symmetric else n, degree)


@lru_cache(_CACHED)
def multi_indices(n: int, degree: int, *, symmetric: bool) -> IndexArray:
    """The multi-indices of Sym^k or Λ^k of R^n as rows, shape (dim, k), in lexicographic order."""
    rows = (combinations_with_replacement if symmetric else combinations)(range(n), degree)
    count = power_dim(n, degree, symmetric=symmetric)
    table = np.fromiter(chain.from_iterable(rows), dtype=np.intp, count=count * degree)
    table.setflags(write=False)
    return table.reshape(count, degree)


def power_element(g: Element, degree: int, *, symmetric: bool) -> Element:
    """The k-th symmetric or exterior power of an element: built where small or sparse."""
    if degree == 1:
        return g
    if isinstance(g, Permutation | SignedPermutation):
        return _monomial_power(g, degree, symmetric)
    lower = power_element(g, degree - 1, symmetric=symmetric)
    entries = entries_of(g) * entries_of(lower)
    dim = power_dim(g.dim, degree, symmetric=symmetric)
    if isinstance(g, Matrix) and is_built(lower) and fits(entries, dim):
        S = _projection(g.dim, degree, symmetric)
        built = stored(S @ sp.kron(g.to_sparse(), lower.to_sparse(), format="csr") @ S.T)
        return Matrix._trusted(built, g.precision, True if g.is_orthogonal else None)
    return Power(g, degree, symmetric=symmetric)


def power_algebra(L: MatrixLike, degree: int, *, symmetric: bool) -> MatrixLike:
    """The k-th symmetric or exterior power of a Lie-algebra element: k · S (L ⊗ I) Sᵀ."""
    if degree == 1:
        return L
    n = int(L.shape[0])
    S = _projection(n, degree, symmetric)
    identity = sp.eye_array(power_dim(n, degree - 1, symmetric=symmetric), format="csr")
    return sp.csr_array(degree * (S @ sp.kron(sp.csr_array(L), identity, format="csr") @ S.T))


@final
class Power(Lazy):
    """The k-th symmetric or exterior power of an element, by that element.

    Parameters
    ----------
    base : Element
        ρ, on R^n.
    degree : int
        k.
    symmetric : bool
        Sym^k, or else Λ^k.
    """

    def __init__(self, base: Element, degree: int, *, symmetric: bool) -> None:
        self.parts = (base,)
        self.degree, self.symmetric = degree, symmetric
        self.dim = power_dim(base.dim, degree, symmetric=symmetric)

    def __repr__(self) -> str:
        return f"Power({self.parts[0]!r}, {self.degree}, symmetric={self.symmetric})"

    def _of_parts(self, parts: tuple[Element, ...]) -> Self:
        return type(self)(parts[0], self.degree, symmetric=self.symmetric)

    def _matches(self, other: Element) -> bool:
        return (
            isinstance(other, Power)
            and (other.degree, other.symmetric) == (self.degree, self.symmetric)
            and other.parts[0].dim == self.parts[0].dim
        )

    @property
    def _entries(self) -> int:
        return int(min(self.dim**2, entries_of(self.parts[0]) ** self.degree))

    @cached_property
    def _lower(self) -> Element:
        return power_element(self.parts[0], self.degree - 1, symmetric=self.symmetric)

    def _built(self) -> sp.csr_array:
        S = _projection(self.parts[0].dim, self.degree, self.symmetric)
        inner = sp.kron(self.parts[0].to_sparse(), self._lower.to_sparse(), format="csr")
        return sp.csr_array(S @ inner @ S.T)

    def apply(self, X: FloatArray) -> FloatArray:
        return self._moved(X, pull_back=False)

    def pull_back(self, W: FloatArray) -> FloatArray:
        return self._moved(W, pull_back=True)

    def _moved(self, X: FloatArray, *, pull_back: bool) -> FloatArray:
        base, lower = self.parts[0], self._lower
        check_last_axis(X, self.dim)
        S = _projection(base.dim, self.degree, self.symmetric)
        flat = np.asarray(X.reshape(-1, self.dim) @ S)
        if pull_back:
            flat = lower.pull_back(flat.reshape(-1, base.dim, lower.dim))
            flat = np.moveaxis(base.pull_back(np.moveaxis(flat, 1, -1)), -1, 1)
        else:
            flat = lower.apply(flat.reshape(-1, base.dim, lower.dim))
            flat = np.moveaxis(base.apply(np.moveaxis(flat, 1, -1)), -1, 1)
        moved = flat.reshape(len(flat), -1) @ S.T
        return np.asarray(moved, dtype=working_dtype(X)).reshape(X.shape)

    def simplified(self) -> Element:
        return power_element(self.parts[0].simplified(), self.degree, symmetric=self.symmetric)


def _monomial_power(
    g: Permutation | SignedPermutation, degree: int, symmetric: bool
) -> Permutation | SignedPermutation:
    """(ρ^k y)_I = ±y_J, J the sorted indices g(i_1) … g(i_k): signs of g, and of the sorting for Λ^k."""
    table = multi_indices(g.dim, degree, symmetric=symmetric)
    moved = g.indices[table]
    ranks = _rank(np.sort(moved, axis=1), g.dim, symmetric)
    if symmetric and g.signs is None:
        return Permutation._trusted(ranks)
    signs = np.ones(len(table)) if g.signs is None else g.signs[table].prod(axis=1)
    if not symmetric:
        signs = signs * _sorting_signs(moved)
    return SignedPermutation._trusted(ranks, signs)


def _sorting_signs(rows: IndexArray) -> FloatArray:
    """(−1)^(number of inversions) of each row."""
    inversions = np.zeros(len(rows), dtype=np.intp)
    for j in range(1, rows.shape[1]):
        inversions += (rows[:, :j] > rows[:, j : j + 1]).sum(axis=1)
    return 1.0 - 2.0 * (inversions % 2)


def _rank(rows: IndexArray, n: int, symmetric: bool) -> IndexArray:
    """Positions of sorted multi-indices in lexicographic order.

    i_1 < ⋯ < i_k has Σ_j C(n − 1 − i_j, k − j + 1) multi-indices behind it; i_j + j − 1 makes those of Sym
    strictly increasing, in R^(n + k − 1).
    """
    count, k = rows.shape
    size = n + k - 1 if symmetric else n
    shift = np.arange(k) if symmetric else np.zeros(k, dtype=np.intp)
    choose = _pascal(size, k)
    behind = np.zeros(count, dtype=np.intp)
    for j in range(k):
        behind += choose[size - 1 - rows[:, j] - shift[j], k - j]
    return np.asarray(choose[size, k] - 1 - behind)


@lru_cache(_CACHED)
def _pascal(size: int, k: int) -> IndexArray:
    """Binomial coefficients C(m, r) for m ≤ size and r ≤ k, cut off at 2^61."""
    table = np.zeros((size + 1, k + 1), dtype=np.intp)
    table[:, 0] = 1
    for m in range(1, size + 1):
        table[m, 1:] = np.minimum(table[m - 1, 1:] + table[m - 1, :-1], 2**61)
    return table


@lru_cache(_CACHED)
def _projection(n: int, degree: int, symmetric: bool) -> sp.csr_array:
    """S: R^n ⊗ (power k − 1) → power k, with S Sᵀ = I."""
    below = multi_indices(n, degree - 1, symmetric=symmetric)
    coordinate = np.repeat(np.arange(n), len(below))
    rows = np.concatenate([coordinate[:, None], np.tile(below, (n, 1))], axis=1)
    columns = np.arange(len(rows))
    times = (rows[:, 1:] == rows[:, :1]).sum(axis=1)
    if symmetric:
        values = np.sqrt((times + 1.0) / degree)
    else:
        rows, columns = rows[times == 0], columns[times == 0]
        values = _sorting_signs(rows) / math.sqrt(degree)
    ranks = _rank(np.sort(rows, axis=1), n, symmetric)
    shape = (power_dim(n, degree, symmetric=symmetric), n * len(below))
    return sp.csr_array(sp.coo_array((values, (ranks, columns)), shape=shape))
