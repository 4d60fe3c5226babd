"""The whole catalogue of named groups, each at a size whose elements can be gone through.

Elements come from generators and Lie algebra alone, not from the package's own averages: finite groups are
enumerated, tori and rotations integrated over by quadratures that are exact for second moments.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Sequence

import numpy as np
import scipy.linalg

from .brute import Array, enumerate_group

NAMES: tuple[str, ...] = (
    "trivial:3",
    "so3:0=2,1=1",
    "cyclic_shifts:5",
    "shear:3,plane=0x2",
    "image_rotations:2,channels=2,reflections=true",
    "so2:0,0,1,2",
    "permutations:4",
    "point_clouds:3,n_scalars=1",
    "reverse_complement:1",
    "rigid_motions:2",
    "permutations_of_sets:3x2",
    "o3:0e=2,1o=1",
    "alternating:4",
    "scaling:1,-0.5,0",
    "dihedral:5",
    "su2:0=2,1=1",
    "permutations_of_graphs:3",
    "so13_tensors:2",
    "reflection:5",
    "unitary_phase:2",
    "cube_rotations:2",
    "so3_tensors:2",
    "wreath:cyclic_shifts:3,copies=2",
    "special_linear:3",
    "permutations_of_tensors:2x3",
    "point_cloud_vectors:3",
    "hyperoctahedral:3",
    "o3_tensors:2",
    "translations:1x0,0x1",
    "symplectic:4",
    "so3_vectors:2",
    "lorentz_vectors:2",
    "o3_vectors:2",
)
"""One of every name; kinds that are alike stand apart, so that a short run sees many."""
NOT_COMPACT = (
    "lorentz_vectors",
    "rigid_motions",
    "scaling",
    "shear",
    "so13_tensors",
    "special_linear",
    "symplectic",
)
LARGEST_GROUP = 400


def highest(L: Array) -> float:
    """The largest frequency in exp(tL): all are multiples of 1/2."""
    frequencies = np.abs(np.linalg.eigvals(L).imag)
    if np.abs(2.0 * frequencies - np.round(2.0 * frequencies)).max() > 1e-8:
        raise ValueError("exp(tL) is not periodic with period 4π")
    return float(np.round(2.0 * frequencies).max() / 2.0)


def whole_turn(L: Array) -> list[Array]:
    """exp(tL) at equispaced t of a period, enough to average products of two of its elements exactly."""
    frequency = highest(L)
    halves = 1 if frequency == round(frequency) else 2
    count = int(2 * halves * frequency) + 1
    middle = math.pi * halves * (count - 1) / count
    return [np.asarray(scipy.linalg.expm(t * L)) for t in np.linspace(-middle, middle, count)]


def connected(algebra: Sequence[Array]) -> tuple[list[Array], Array]:
    """Nodes and weights of a torus, or of SO(3) or SU(2), exact for products of two matrix elements."""
    if all(np.abs(L @ M - M @ L).max() < 1e-9 for L, M in itertools.combinations(algebra, 2)):
        circles = [whole_turn(L) for L in algebra]
        nodes = [functools.reduce(np.matmul, turns) for turns in itertools.product(*circles)]
        return nodes, np.full(len(nodes), 1.0 / len(nodes))
    first, second, third = algebra
    for a, b, c in (algebra, (second, third, first), (third, first, second)):
        if np.abs(a @ b - b @ a - c).max() > 1e-9 and np.abs(a @ b - b @ a + c).max() > 1e-9:
            raise ValueError("three generators of a Lie algebra that are not those of rotations")
    turns = whole_turn(third)
    heights, weights = np.polynomial.legendre.leggauss(int(highest(third)) + 1)
    tilts = [np.asarray(scipy.linalg.expm(math.acos(z) * second)) for z in heights]
    nodes = [a @ b @ c for a in turns for b in tilts for c in turns]
    each = np.array([w for _ in turns for w in weights for _ in turns])
    return nodes, each / each.sum()


def elements(generators: Sequence[Array], algebra: Sequence[Array], dim: int) -> tuple[Array, Array]:
    """The elements of a compact group and their weights: f·c, f of the finite part and c connected.

    Right for a group that is the finite group of the generators times the connected one of the algebra.
    """
    finite = enumerate_group(generators, dim, LARGEST_GROUP)
    if finite is None:
        raise ValueError(f"more than {LARGEST_GROUP} elements")
    nodes, weights = connected(algebra) if algebra else ([np.eye(dim)], np.ones(1))
    products = np.array([f @ c for f in finite for c in nodes])
    return products, np.tile(weights, len(finite)) / len(finite)
