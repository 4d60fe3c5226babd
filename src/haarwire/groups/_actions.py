"""How the catalogue draws the elements of abstract groups, and how they act.

An abstract element is an integer for C_n, a tuple for direct products of them and for D_4, and an array
of indices for S_n. Functions of the module, not closures: representations are pickled.
"""

from __future__ import annotations

import math

import numpy as np

from haarwire.groups._checks import IndexArray
from haarwire.groups.elements import Permutation

__all__ = [
    "draw_below",
    "draw_each_below",
    "draw_permutation",
    "items_moved",
    "nodes_moved",
    "power_of_involution",
    "shifted",
    "shifted_grid",
    "turned",
    "turned_or_flipped",
]


def draw_below(n: int, rng: np.random.Generator) -> int:
    return int(rng.integers(n))


def draw_each_below(sizes: tuple[int, ...], rng: np.random.Generator) -> tuple[int, ...]:
    return tuple(int(k) for k in rng.integers(sizes))


def draw_permutation(n: int, rng: np.random.Generator) -> IndexArray:
    return rng.permutation(n)


def power_of_involution(g: Permutation, k: int) -> Permutation:
    return g if k % 2 else Permutation.identity(g.dim)


def shifted(n: int, k: int) -> Permutation:
    return Permutation._trusted(np.roll(np.arange(n), k))


def shifted_grid(sizes: tuple[int, ...], shifts: tuple[int, ...]) -> Permutation:
    grid = np.arange(math.prod(sizes)).reshape(sizes)
    return Permutation._trusted(np.roll(grid, shifts, tuple(range(len(sizes)))).ravel())


def turned(shape: tuple[int, int, int], k: int) -> Permutation:
    pixels = np.arange(math.prod(shape)).reshape(shape)
    return Permutation._trusted(np.rot90(pixels, k).ravel())


def turned_or_flipped(shape: tuple[int, int, int], turns_flips: tuple[int, int]) -> Permutation:
    turns, flips = turns_flips
    pixels = np.arange(math.prod(shape)).reshape(shape)
    return Permutation._trusted(np.rot90(np.fliplr(pixels) if flips else pixels, turns).ravel())


def items_moved(n_features: int, p: IndexArray) -> Permutation:
    return Permutation._trusted(np.add.outer(p * n_features, np.arange(n_features)).ravel())


def nodes_moved(p: IndexArray) -> Permutation:
    return Permutation._trusted(np.add.outer(p * p.size, p).ravel())
