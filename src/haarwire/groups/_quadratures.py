"""Exact averages over the groups of the catalogue: weighted chains of elements, as `Factor` takes them.

Finite groups have chains of transversals, whatever the degree: each element is u_1 u_2 ⋯ u_k for exactly
one choice from the levels. A circle has equally spaced angles; SO(3) and SU(2) have Euler angles: equally
spaced α and γ, Gauss–Legendre nodes for cos β.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from haarwire.groups.action import Level

__all__ = [
    "alternating_levels",
    "circle_levels",
    "cube_levels",
    "cyclic_levels",
    "dihedral_levels",
    "euler_levels",
    "grid_levels",
    "hyperoctahedral_levels",
    "inversion_levels",
    "proper_levels",
    "symmetric_levels",
    "torus_levels",
    "uniform",
    "wreath_levels",
]


def uniform(elements: Sequence[Any]) -> Level:
    """All elements with the same weight."""
    return Level(np.full(len(elements), 1.0 / len(elements)), elements)


def cyclic_levels(n: int, _degree: int) -> tuple[Level, ...]:
    """C_n, one level a prime factor of n."""
    from sympy import factorint

    levels, stride = [], 1
    for prime, exponent in factorint(n).items():
        for _ in range(exponent):
            levels.append(uniform(range(0, stride * int(prime), stride)))
            stride *= int(prime)
    return tuple(levels)


def grid_levels(sizes: tuple[int, ...], axis: int, degree: int) -> tuple[Level, ...]:
    """The shifts of a grid along one axis."""
    before, after = (0,) * axis, (0,) * (len(sizes) - axis - 1)
    shifts = cyclic_levels(sizes[axis], degree)
    return tuple(uniform([(*before, k, *after) for k in level.elements]) for level in shifts)


def dihedral_levels(n: int, degree: int) -> tuple[Level, ...]:
    """D_n: turns, then flips, as pairs (turn, flip)."""
    turns = [uniform([(k, 0) for k in level.elements]) for level in cyclic_levels(n, degree)]
    return (*turns, uniform([(0, 0), (0, 1)]))


def symmetric_levels(n: int, _degree: int) -> tuple[Level, ...]:
    """S_n: for k = 2, …, n the exchanges of position k − 1 with those up to it."""
    identity = np.arange(n)
    levels = []
    for k in range(1, n):
        exchanges = [identity.copy() for _ in range(k + 1)]
        for j, p in enumerate(exchanges):
            p[[j, k]] = k, j
        levels.append(uniform(exchanges))
    return tuple(levels)


def alternating_levels(n: int, _degree: int) -> tuple[Level, ...]:
    """A_n: for k = 3, …, n cycles of three that take position k − 1 to those up to it."""
    identity = np.arange(n)
    levels = []
    for k in range(2, n):
        cycles = [identity]
        for j in range(k):
            p, third = identity.copy(), 1 if j == 0 else 0
            p[[k, j, third]] = j, third, k
            cycles.append(p)
        levels.append(uniform(cycles))
    return tuple(levels)


def hyperoctahedral_levels(n: int, degree: int) -> tuple[Level, ...]:
    """Signed permutations (p, s): signs one by one, then S_n."""
    identity, plus = np.arange(n), np.ones(n)
    flips = [uniform([(identity, plus), (identity, np.where(identity == i, -1.0, 1.0))]) for i in range(n)]
    moves = [uniform([(p, plus) for p in level.elements]) for level in symmetric_levels(n, degree)]
    return (*flips, *moves)


def cube_levels(_degree: int) -> tuple[Level, ...]:
    """The 24 rotations of the cube: half turns about two axes, cycles of the axes, an exchange of two."""
    identity, plus = np.arange(3), np.ones(3)
    rotations = [
        [(identity, plus), (identity, np.array([-1.0, -1.0, 1.0]))],
        [(identity, plus), (identity, np.array([1.0, -1.0, -1.0]))],
        [(np.roll(identity, -k), plus) for k in range(3)],
        [(identity, plus), (np.array([1, 0, 2]), -plus)],
    ]
    return tuple(map(uniform, rotations))


def circle_levels(degree: int) -> tuple[Level, ...]:
    """Degree + 1 angles: exact for e^{ikθ} with |k| ≤ degree."""
    return (uniform(_angles(degree, 2.0 * math.pi)),)


def torus_levels(n_circles: int, axis: int, degree: int) -> tuple[Level, ...]:
    """One circle of a torus, whose elements are tuples of angles."""
    before, after = (0.0,) * axis, (0.0,) * (n_circles - axis - 1)
    (level,) = circle_levels(degree)
    return (uniform([(*before, angle, *after) for angle in level.elements]),)


def euler_levels(half_units: int, degree: int) -> tuple[Level, ...]:
    """SO(3) (half_units = 1) or SU(2) (2: degrees count halves) in Euler angles α, β, γ about z, y, z.

    γ leaves only what rotations about z fix, of integer degrees; α then leaves the entry (0, 0) of the
    rotation by β in the middle: a Legendre polynomial of cos β.
    """
    largest = degree // half_units
    nodes, weights = np.polynomial.legendre.leggauss(largest // 2 + 1)
    return (
        uniform([(a, 0.0, 0.0) for a in _angles(largest, 2.0 * math.pi)]),
        Level(weights / weights.sum(), [(0.0, float(np.arccos(x)), 0.0) for x in nodes]),
        uniform([(0.0, 0.0, c) for c in _angles(degree, 2.0 * math.pi * half_units)]),
    )


def proper_levels(degree: int) -> tuple[Level, ...]:
    """SO(3) inside O(3), whose elements are pairs of Euler angles and the number of inversions."""
    return tuple(
        Level(level.weights, [(angles, 0) for angles in level.elements]) for level in euler_levels(1, degree)
    )


def inversion_levels(_degree: int) -> tuple[Level, ...]:
    """The inversion x ↦ −x inside O(3)."""
    still = (0.0, 0.0, 0.0)
    return (uniform([(still, 0), (still, 1)]),)


def wreath_levels(inner: Callable[[int], Sequence[Level]], copies: int, degree: int) -> tuple[Level, ...]:
    """H ≀ S_k: H in one block after the other, then S_k; abstract elements ((h_1, …, h_k), p)."""
    identity = np.arange(copies)
    blocks = []
    for i in range(copies):
        before, after = (None,) * i, (None,) * (copies - i - 1)
        blocks += [
            Level(level.weights, [((*before, h, *after), identity) for h in level.elements])
            for level in inner(degree)
        ]
    still = (None,) * copies
    moves = [uniform([(still, p) for p in level.elements]) for level in symmetric_levels(copies, degree)]
    return (*blocks, *moves)


def _angles(degree: int, period: float) -> list[float]:
    return [float(a) for a in period * np.arange(degree + 1) / (degree + 1)]
