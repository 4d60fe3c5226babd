"""Elements kept by their parts: Kronecker products, block sums and compositions that are never built.

A product or sum of matrices is built, as a `Matrix`, where it is small or sparse: up to 65,536 entries, or
32 a row. Beyond that its parts are kept, and every operation works part by part: applying an n×n ⊗ m×m
product to a vector costs nm(n + m) in place of n²m². Permutations and signed permutations are always built:
they have one entry a row.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from functools import cached_property, reduce
from operator import matmul
from typing import Final, Self, final

import numpy as np
import scipy.sparse as sp

from haarwire._numbers import FloatArray
from haarwire.errors import RepresentationError
from haarwire.groups._kernels import check_last_axis, working_dtype
from haarwire.groups.element import Element, check_composable
from haarwire.groups.elements import Matrix, Permutation, SignedPermutation

__all__ = [
    "BlockDiagonal",
    "Composition",
    "Kronecker",
    "Lazy",
    "block_sum",
    "composed",
    "entries_of",
    "fits",
    "is_built",
    "kronecker",
]

_SMALL: Final = 65_536
"""Products of at most this many entries are built."""

_PER_ROW: Final = 32
"""So are sparse ones of at most this many entries a row."""

_LARGEST: Final = 2**28
"""Entries beyond which an element is not written out as one matrix: 3 GiB of them."""

_PROBES: Final = 4


class Lazy(Element):
    """An element made of parts, each an `Element`."""

    parts: tuple[Element, ...]

    @abstractmethod
    def _of_parts(self, parts: tuple[Element, ...]) -> Self:
        """The same combination of other parts."""

    @abstractmethod
    def _matches(self, other: Element) -> bool:
        """Whether `other` is the same combination of parts of the same sizes."""

    @property
    @abstractmethod
    def _entries(self) -> int:
        """How many entries `to_sparse` would store, at most."""

    @abstractmethod
    def _built(self) -> sp.csr_array:
        """The entries."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self.parts))})"

    @property
    def precision(self) -> float:
        return max(part.precision for part in self.parts)

    @property
    def dual(self) -> Element:
        return self._of_parts(tuple(part.dual for part in self.parts))

    def inverse(self) -> Element:
        return self._of_parts(tuple(part.inverse() for part in self.parts))

    @cached_property
    def is_orthogonal(self) -> bool:
        """Whether the parts are, or ρᵀρx = x for random x: products of others can be, too."""
        if all(part.is_orthogonal for part in self.parts):
            return True
        X = np.random.default_rng(0).standard_normal((_PROBES, self.dim))
        defect = np.linalg.norm(self.pull_back(self.apply(X)) - X, axis=1) / np.linalg.norm(X, axis=1)
        return bool(defect.max() <= 8.0 * self.dim * self.precision)

    def to_sparse(self) -> sp.csr_array:
        if self._entries > _LARGEST:
            raise RepresentationError(
                f"an element on {self.dim} coordinates would be written out with {self._entries:.1e} entries",
                cause="a large tensor product or power, used where its matrix is needed",
                remedy="use apply, pull_back or conjugate, which work on its factors",
            )
        return self._built()

    def simplified(self) -> Element:
        return self._of_parts(tuple(part.simplified() for part in self.parts))

    def __matmul__(self, other: Element) -> Element:
        check_composable(self, other)
        return composed(self, other)

    def direct_sum(self, other: Element) -> Element:
        return block_sum(self, other)

    def tensor(self, other: Element) -> Element:
        return kronecker(self, other)


@final
class Kronecker(Lazy):
    """The map ρ_1 ⊗ ρ_2 ⊗ ⋯, row-major as `numpy.kron`, by its factors.

    Parameters
    ----------
    parts : tuple of Element
        The factors, from the left.
    """

    def __init__(self, parts: tuple[Element, ...]) -> None:
        self.parts = parts
        self.dim = math.prod(part.dim for part in parts)

    def _of_parts(self, parts: tuple[Element, ...]) -> Self:
        return type(self)(parts)

    def _matches(self, other: Element) -> bool:
        return isinstance(other, Kronecker) and _dims(self) == _dims(other)

    @property
    def _entries(self) -> int:
        return math.prod(map(entries_of, self.parts))

    def _built(self) -> sp.csr_array:
        return sp.csr_array(reduce(_kron, [part.to_sparse() for part in self.parts]))

    def apply(self, X: FloatArray) -> FloatArray:
        return self._along_axes(X, pull_back=False)

    def pull_back(self, W: FloatArray) -> FloatArray:
        return self._along_axes(W, pull_back=True)

    def _along_axes(self, X: FloatArray, *, pull_back: bool) -> FloatArray:
        check_last_axis(X, self.dim)
        cube = X.reshape(-1, *_dims(self))
        for axis, part in enumerate(self.parts, start=1):
            last = np.moveaxis(cube, axis, -1)
            cube = np.moveaxis(part.pull_back(last) if pull_back else part.apply(last), -1, axis)
        return cube.reshape(X.shape)

    def simplified(self) -> Element:
        parts = [part.simplified() for part in self.parts]
        if all(isinstance(part, Permutation | SignedPermutation) for part in parts):
            return reduce(_tensor, parts)
        return Kronecker(tuple(parts))


@final
class BlockDiagonal(Lazy):
    """The map ρ_1 ⊕ ρ_2 ⊕ ⋯, by its blocks.

    Parameters
    ----------
    parts : tuple of Element
        The blocks, in order.
    """

    def __init__(self, parts: tuple[Element, ...]) -> None:
        self.parts = parts
        self.dim = sum(part.dim for part in parts)

    def _of_parts(self, parts: tuple[Element, ...]) -> Self:
        return type(self)(parts)

    def _matches(self, other: Element) -> bool:
        return isinstance(other, BlockDiagonal) and _dims(self) == _dims(other)

    @property
    def _entries(self) -> int:
        return sum(map(entries_of, self.parts))

    def _built(self) -> sp.csr_array:
        return sp.csr_array(sp.block_diag([part.to_sparse() for part in self.parts], format="csr"))

    @cached_property
    def _ends(self) -> list[int]:
        return [int(end) for end in np.cumsum(_dims(self))[:-1]]

    def apply(self, X: FloatArray) -> FloatArray:
        check_last_axis(X, self.dim)
        pieces = np.split(X, self._ends, axis=-1)
        return np.concatenate([g.apply(x) for g, x in zip(self.parts, pieces, strict=True)], axis=-1)

    def pull_back(self, W: FloatArray) -> FloatArray:
        check_last_axis(W, self.dim)
        pieces = np.split(W, self._ends, axis=-1)
        return np.concatenate([g.pull_back(w) for g, w in zip(self.parts, pieces, strict=True)], axis=-1)

    def simplified(self) -> Element:
        return reduce(_sum, [part.simplified() for part in self.parts])


@final
class Composition(Lazy):
    """The map ρ_1 ρ_2 ⋯, the last one applied first, by its factors.

    Parameters
    ----------
    parts : tuple of Element
        The factors, leftmost first, all of one dimension.
    """

    def __init__(self, parts: tuple[Element, ...]) -> None:
        self.parts = parts
        self.dim = parts[0].dim

    def _of_parts(self, parts: tuple[Element, ...]) -> Self:
        return type(self)(parts)

    def _matches(self, other: Element) -> bool:  # noqa: ARG002 - compositions only grow longer
        return False

    def inverse(self) -> Element:
        return Composition(tuple(part.inverse() for part in reversed(self.parts)))

    @property
    def _entries(self) -> int:
        return min(self.dim**2, math.prod(-(-entries_of(part) // self.dim) for part in self.parts) * self.dim)

    def _built(self) -> sp.csr_array:
        return sp.csr_array(reduce(matmul, [part.to_sparse() for part in self.parts]))

    def apply(self, X: FloatArray) -> FloatArray:
        moved = np.asarray(X, dtype=working_dtype(X))
        for part in reversed(self.parts):
            moved = part.apply(moved)
        return moved

    def pull_back(self, W: FloatArray) -> FloatArray:
        moved = np.asarray(W, dtype=working_dtype(W))
        for part in self.parts:
            moved = part.pull_back(moved)
        return moved

    def simplified(self) -> Element:
        return reduce(matmul, [part.simplified() for part in self.parts])


def kronecker(g: Element, h: Element) -> Element:
    """The element g ⊗ h: built where small or sparse, else by its factors."""
    if is_built(g) and is_built(h) and fits(entries_of(g) * entries_of(h), g.dim * h.dim):
        return Matrix._of(g)._tensored(Matrix._of(h))
    return Kronecker(_flat(g, Kronecker) + _flat(h, Kronecker))


def block_sum(g: Element, h: Element) -> Element:
    """The element g ⊕ h: a `Matrix` where both are built, else by its blocks."""
    if is_built(g) and is_built(h):
        return Matrix._of(g)._summed(Matrix._of(h))
    return BlockDiagonal(_flat(g, BlockDiagonal) + _flat(h, BlockDiagonal))


def composed(g: Element, h: Element) -> Element:
    """The element gh, at least one of them lazy: part by part where their parts correspond."""
    if isinstance(g, Lazy) and isinstance(h, Lazy) and g._matches(h):
        return g._of_parts(tuple(a @ b for a, b in zip(g.parts, h.parts, strict=True)))
    left, right = _flat(g, Composition), _flat(h, Composition)
    if is_built(left[-1]) and is_built(right[0]):
        left, right = (*left[:-1], left[-1] @ right[0]), right[1:]
    return Composition(left + right)


def entries_of(g: Element) -> int:
    """How many numbers the matrix of an element holds, at most."""
    if isinstance(g, Matrix):
        return int(g.matrix.nnz if isinstance(g.matrix, sp.csr_array) else g.matrix.size)
    return g._entries if isinstance(g, Lazy) else g.dim


def fits(entries: int, dim: int) -> bool:
    """Whether a matrix of so many entries, on so many coordinates, is small or sparse enough to be built."""
    return entries <= max(_SMALL, _PER_ROW * dim)


def is_built(g: Element) -> bool:
    """Whether an element is held by its entries, not by its parts."""
    return not isinstance(g, Lazy)


def _flat(g: Element, kind: type[Lazy]) -> tuple[Element, ...]:
    return g.parts if isinstance(g, kind) else (g,)


def _dims(g: Lazy) -> tuple[int, ...]:
    return tuple(part.dim for part in g.parts)


def _kron(A: sp.csr_array, B: sp.csr_array) -> sp.csr_array:
    return sp.kron(A, B, format="csr")


def _tensor(g: Element, h: Element) -> Element:
    return g.tensor(h)


def _sum(g: Element, h: Element) -> Element:
    return g.direct_sum(h)
