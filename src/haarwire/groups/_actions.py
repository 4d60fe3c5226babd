"""How the catalogue draws the elements of abstract finite groups, and how they act.

An abstract element is an integer for C_n, a tuple of them for direct products, (turns, flips) for D_n, an
array of indices for S_n and A_n, (indices, signs) for signed permutations. Functions of the module, not
closures: representations are pickled.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any, TypeAlias

import numpy as np
import scipy.sparse as sp

from haarwire._numbers import FloatArray, IndexArray
from haarwire.groups._kernels import tensor_indices
from haarwire.groups.elements import Element, Permutation, SignedPermutation

__all__ = [
    "axes_moved",
    "blocks_moved",
    "coordinates_moved",
    "corners_moved",
    "draw_below",
    "draw_each_below",
    "draw_even_permutation",
    "draw_from_chain",
    "draw_permutation",
    "draw_rotation_of_cube",
    "draw_signed_permutation",
    "draw_wreath",
    "is_even",
    "items_moved",
    "nodes_moved",
    "power_of_involution",
    "shifted",
    "shifted_grid",
    "tensors_moved",
    "turned",
    "turned_or_flipped",
]

Signed: TypeAlias = tuple[IndexArray, FloatArray]
"""Indices p and signs s of the map x ↦ s · x[p]."""


def draw_below(n: int, rng: np.random.Generator) -> int:
    return int(rng.integers(n))


def draw_each_below(sizes: tuple[int, ...], rng: np.random.Generator) -> tuple[int, ...]:
    return tuple(int(k) for k in rng.integers(sizes))


def draw_permutation(n: int, rng: np.random.Generator) -> IndexArray:
    return rng.permutation(n)


def draw_even_permutation(n: int, rng: np.random.Generator) -> IndexArray:
    p = rng.permutation(n)
    if not is_even(p):
        p[:2] = p[1::-1]
    return p


def is_even(p: IndexArray) -> bool:
    """Whether n minus the number of cycles is even."""
    from scipy.sparse.csgraph import connected_components

    n = p.size
    graph = sp.csr_array((np.ones(n, dtype=np.int8), p, np.arange(n + 1)), shape=(n, n))
    cycles: int = connected_components(graph, directed=True, connection="weak", return_labels=False)
    return (n - cycles) % 2 == 0


def draw_signed_permutation(n: int, rng: np.random.Generator) -> Signed:
    return rng.permutation(n), rng.choice([-1.0, 1.0], n)


def draw_rotation_of_cube(rng: np.random.Generator) -> Signed:
    p, s = draw_signed_permutation(3, rng)
    s[0] = s[1] * s[2] * (1.0 if is_even(p) else -1.0)
    return p, s


def draw_from_chain(chain: Sequence[Sequence[IndexArray]], rng: np.random.Generator) -> IndexArray:
    """A product of one element of each level, of permutations p q = q[p]."""
    drawn = [level[int(rng.integers(len(level)))] for level in chain]
    return reduce(lambda p, q: q[p], drawn)


def draw_wreath(
    draw: Callable[[np.random.Generator], Any], copies: int, rng: np.random.Generator
) -> tuple[tuple[Any, ...], IndexArray]:
    return tuple(draw(rng) for _ in range(copies)), rng.permutation(copies)


def power_of_involution(g: Permutation, k: int) -> Permutation:
    return g if k % 2 else Permutation.identity(g.dim)


def shifted(n: int, k: int) -> Permutation:
    return Permutation._trusted(np.roll(np.arange(n), k))


def shifted_grid(sizes: tuple[int, ...], shifts: tuple[int | None, ...]) -> Permutation:
    """A grid rolled along its axes; None is the identity, as in elements of an outer product."""
    grid = np.arange(math.prod(sizes)).reshape(sizes)
    return Permutation._trusted(np.roll(grid, [k or 0 for k in shifts], tuple(range(len(sizes)))).ravel())


def turned(shape: tuple[int, int, int], k: int) -> Permutation:
    pixels = np.arange(math.prod(shape)).reshape(shape)
    return Permutation._trusted(np.rot90(pixels, k).ravel())


def turned_or_flipped(shape: tuple[int, int, int], turns_flips: tuple[int, int]) -> Permutation:
    turns, flips = turns_flips
    pixels = np.arange(math.prod(shape)).reshape(shape)
    return Permutation._trusted(np.rot90(np.fliplr(pixels) if flips else pixels, turns).ravel())


def corners_moved(n: int, turns_flips: tuple[int, int]) -> Permutation:
    turns, flips = turns_flips
    corners = np.arange(n)
    return Permutation._trusted(np.roll(corners[::-1] if flips else corners, turns))


def coordinates_moved(p_signs: Signed) -> SignedPermutation:
    p, signs = p_signs
    return SignedPermutation._trusted(p.copy(), signs.copy())


def axes_moved(shape: tuple[int, int, int, int], p_signs: Signed) -> Permutation:
    """Voxels under x ↦ A x, A the signed permutation matrix of three axes, about the centre."""
    p, signs = p_signs
    voxels = np.arange(math.prod(shape)).reshape(shape).transpose(*p, 3)
    return Permutation._trusted(np.flip(voxels, tuple(np.flatnonzero(signs < 0).tolist())).ravel())


def tensors_moved(order: int, p: IndexArray) -> Permutation:
    return Permutation._trusted(reduce(tensor_indices, [p] * order).copy())


def blocks_moved(
    act: Callable[[Any], Element], dim: int, inner_p: tuple[tuple[Any, ...], IndexArray]
) -> Element:
    """Blocks exchanged, then each moved by its own element; None is the identity."""
    inner, p = inner_p
    still = Permutation.identity(dim)
    return _beside([still if h is None else act(h) for h in inner]) @ items_moved(dim, p)


def _beside(elements: Sequence[Element]) -> Element:
    """The direct sum of all, in pairs: a chain would copy the first ones again and again."""
    while len(elements) > 1:
        pairs = [g.direct_sum(h) for g, h in zip(elements[::2], elements[1::2], strict=False)]
        elements = [*pairs, elements[-1]] if len(elements) % 2 else pairs
    return elements[0]


def items_moved(n_features: int, p: IndexArray) -> Permutation:
    return Permutation._trusted(np.add.outer(p * n_features, np.arange(n_features)).ravel())


def nodes_moved(p: IndexArray) -> Permutation:
    return Permutation._trusted(np.add.outer(p * p.size, p).ravel())
