"""Hypothesis strategies: representations of every kind, and data of every kind."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import hypothesis.strategies as st
import numpy as np
from numpy.typing import NDArray

import haarwire as hw

Array = NDArray[np.floating]

CATALOGUE: dict[str, hw.Representation] = {
    rep.name: rep
    for rep in (
        hw.groups.trivial(1),
        hw.groups.trivial(4),
        hw.groups.cyclic_shifts(1),
        hw.groups.cyclic_shifts(2),
        hw.groups.cyclic_shifts(7),
        hw.groups.cyclic_shifts((2, 3)),
        hw.groups.cyclic_shifts((2, 2, 3)),
        hw.groups.reflection(1),
        hw.groups.reflection(5),
        hw.groups.reflection(6),
        hw.groups.image_rotations(1),
        hw.groups.image_rotations(2),
        hw.groups.image_rotations(3),
        hw.groups.image_rotations(2, channels=3),
        hw.groups.image_rotations(3, reflections=True),
        hw.groups.image_rotations(4, reflections=True),
        hw.groups.image_rotations(2, channels=2, reflections=True),
        hw.groups.permutations(1),
        hw.groups.permutations(2),
        hw.groups.permutations(3),
        hw.groups.permutations(5),
        hw.groups.permutations_of_sets(1, 3),
        hw.groups.permutations_of_sets(4, 2),
        hw.groups.permutations_of_sets(3, 3),
        hw.groups.permutations_of_graphs(1),
        hw.groups.permutations_of_graphs(2),
        hw.groups.permutations_of_graphs(3),
        hw.groups.permutations_of_graphs(4),
        hw.groups.reverse_complement(1),
        hw.groups.reverse_complement(2),
    )
}
"""Instances of finite groups, of every kind and of sizes that can be enumerated."""

SMALL: list[str] = [
    "trivial:3",
    "cyclic_shifts:6",
    "cyclic_shifts:2x3",
    "reflection:4",
    "dihedral:5",
    "image_rotations:3",
    "image_rotations:2,channels=2,reflections=true",
    "cube_rotations:2",
    "cube_rotations:2,reflections=true",
    "reverse_complement:2",
    "permutations:4",
    "permutations_of_sets:3x2",
    "permutations_of_graphs:3",
    "permutations_of_tensors:2x3",
    "alternating:5",
    "hyperoctahedral:3",
    "wreath:cyclic_shifts:3,copies=3",
    "wreath:hyperoctahedral:2,copies=2",
    "wreath:so3_vectors:1,copies=3",
    "wreath:o3:1o=1,copies=2",
    "wreath:so2:1,2,copies=2",
    "so2:0,1,3",
    "unitary_phase:3",
    "translations:1,2",
    "translations:1x0,1x2,0x0",
    "so3:0=2,1=1,2=1",
    "so3:3",
    "so3_vectors:3",
    "so3_tensors:2",
    "o3:0e=1,0o=1,1o=1,2e=1",
    "o3_vectors:2",
    "o3_tensors:2",
    "su2:0=1,1=1,2=1",
    "su2:3",
    "point_clouds:3,n_scalars=1",
    "point_clouds:2,reflections=true",
    "point_cloud_vectors:3,n_vectors=2",
    "point_cloud_vectors:3,reflections=true",
]
"""Text names of compact groups, one or more of every kind in the catalogue."""

NOT_COMPACT: list[str] = [
    "lorentz_vectors:2",
    "so13_tensors:2",
    "scaling:1,-0.5,0",
    "shear:3,plane=2x0",
    "special_linear:3",
    "symplectic:4",
    "rigid_motions:1",
    "rigid_motions:2",
    "rigid_motions:3",
    "wreath:shear:2,copies=2",
]
"""Text names of groups that have no Haar average."""


def dense_generators(rep: hw.Representation) -> list[Array]:
    return [g.to_dense() for g in rep.generators]


# Finite groups by their irreducible blocks: each block is one matrix a generator.


def rotation(angle: float) -> Array:
    c, s = math.cos(angle), math.sin(angle)
    return np.array([[c, -s], [s, c]])


def _numbers(*values: float) -> tuple[Array, ...]:
    return tuple(np.array([[v]]) for v in values)


def _permutation(*indices: int) -> Array:
    return np.eye(len(indices))[list(indices)]


def _cyclic_blocks(k: int) -> list[tuple[Array, ...]]:
    blocks = [_numbers(1.0)] + ([_numbers(-1.0)] if k % 2 == 0 else [])
    return blocks + [(rotation(2 * math.pi * j / k),) for j in range(1, (k + 1) // 2)]


def _dihedral_blocks(k: int) -> list[tuple[Array, ...]]:
    flip = np.diag([1.0, -1.0])
    blocks = [_numbers(1.0, 1.0), _numbers(1.0, -1.0)]
    if k % 2 == 0:
        blocks += [_numbers(-1.0, 1.0), _numbers(-1.0, -1.0)]
    return blocks + [(rotation(2 * math.pi * j / k), flip) for j in range(1, (k + 1) // 2)]


def _symmetric_4_blocks() -> list[tuple[Array, ...]]:
    natural = (_permutation(1, 0, 2, 3), _permutation(1, 2, 3, 0))
    sums = np.linalg.svd(np.ones((4, 1)))[0][:, 1:]  # the plane of sum zero
    standard = tuple(sums.T @ g @ sums for g in natural)
    return [_numbers(1.0, 1.0), _numbers(-1.0, -1.0), standard, tuple(-g for g in standard), natural]


def _quaternion_blocks() -> list[tuple[Array, ...]]:
    left_i = np.array([[0, -1, 0, 0], [1, 0, 0, 0], [0, 0, 0, -1], [0, 0, 1, 0]], dtype=float)
    left_j = np.array([[0, 0, -1, 0], [0, 0, 0, 1], [1, 0, 0, 0], [0, -1, 0, 0]], dtype=float)
    return [_numbers(1.0, 1.0), _numbers(1.0, -1.0), _numbers(-1.0, 1.0), (left_i, left_j)]


FINITE_GROUPS: dict[str, list[tuple[Array, ...]]] = {
    "C_2": _cyclic_blocks(2),
    "C_3": _cyclic_blocks(3),
    "C_5": _cyclic_blocks(5),
    "C_6": _cyclic_blocks(6),
    "S_3": [*_dihedral_blocks(3), (_permutation(1, 2, 0), _permutation(1, 0, 2))],
    "D_4": _dihedral_blocks(4),
    "D_5": _dihedral_blocks(5),
    "S_4": _symmetric_4_blocks(),
    "Q_8": _quaternion_blocks(),
}


def block_diagonal(blocks: list[Array]) -> Array:
    dim = sum(len(b) for b in blocks)
    total, at = np.zeros((dim, dim)), 0
    for b in blocks:
        total[at : at + len(b), at : at + len(b)] = b
        at += len(b)
    return total


def random_orthogonal(n: int, rng: np.random.Generator) -> Array:
    return np.asarray(np.linalg.qr(rng.standard_normal((n, n)))[0])


def random_basis(n: int, rng: np.random.Generator, condition: float = 50.0) -> Array:
    """A random n×n matrix whose condition number is `condition` (1 for n = 1)."""
    singular_values = np.geomspace(1.0, condition, n)
    return (random_orthogonal(n, rng) * singular_values) @ random_orthogonal(n, rng)


def seeds() -> st.SearchStrategy[np.random.Generator]:
    return st.integers(0, 2**32 - 1).map(np.random.default_rng)


@st.composite
def _block_sums(draw: st.DrawFn, max_dim: int) -> tuple[str, list[Array]]:
    """A random direct sum of blocks of one group, one matrix a generator."""
    group = draw(st.sampled_from(sorted(FINITE_GROUPS)))
    available = FINITE_GROUPS[group]
    chosen = draw(st.lists(st.integers(0, len(available) - 1), min_size=1, max_size=4))
    kept, dim = [], 0
    for i in chosen:
        if dim + len(available[i][0]) <= max_dim:
            kept.append(available[i])
            dim += len(available[i][0])
    if not kept:
        kept = [available[0]]
    return group, [block_diagonal([b[k] for b in kept]) for k in range(len(kept[0]))]


@st.composite
def orthogonal_groups(draw: st.DrawFn, max_dim: int = 8) -> hw.Representation:
    """A finite group in a random direct sum of its irreducible blocks, in a random orthonormal basis."""
    group, matrices = draw(_block_sums(max_dim))
    U = random_orthogonal(len(matrices[0]), draw(seeds()))
    return hw.Representation(len(U), [hw.Matrix(U @ g @ U.T) for g in matrices], name=f"{group}, orthogonal")


@st.composite
def skewed_groups(draw: st.DrawFn, max_dim: int = 7, condition: float = 50.0) -> hw.Representation:
    """As `orthogonal_groups`, in a random basis that is not orthonormal."""
    group, matrices = draw(_block_sums(max_dim))
    S = random_basis(len(matrices[0]), draw(seeds()), draw(st.sampled_from([3.0, condition])))
    inverse = np.linalg.inv(S)
    return hw.Representation(len(S), [hw.Matrix(S @ g @ inverse) for g in matrices], name=f"{group}, skewed")


@st.composite
def permutation_groups(draw: st.DrawFn, max_dim: int = 5) -> hw.Representation:
    n = draw(st.integers(1, max_dim))
    moves = draw(st.lists(st.permutations(range(n)), max_size=3))
    return hw.Representation(n, [hw.Permutation(p) for p in moves], name="random permutations")


@st.composite
def signed_permutation_groups(draw: st.DrawFn, max_dim: int = 4) -> hw.Representation:
    """At least one generator with signs; others may be plain permutations."""
    n = draw(st.integers(1, max_dim))
    signs = st.lists(st.sampled_from([1, -1]), min_size=n, max_size=n)
    signed = draw(st.lists(st.tuples(st.permutations(range(n)), signs), min_size=1, max_size=2))
    plain = draw(st.lists(st.permutations(range(n)), max_size=1))
    generators: list[Any] = [hw.SignedPermutation(p, s) for p, s in signed]
    return hw.Representation(
        n, generators + [hw.Permutation(p) for p in plain], name="random signed permutations"
    )


def catalogue() -> st.SearchStrategy[hw.Representation]:
    return st.sampled_from(list(CATALOGUE.values()))


def orthogonal_representations() -> st.SearchStrategy[hw.Representation]:
    """Finite and orthogonal, of every kind."""
    return st.one_of(orthogonal_groups(), permutation_groups(), signed_permutation_groups())


def finite_representations() -> st.SearchStrategy[hw.Representation]:
    """Finite, orthogonal or not."""
    return st.one_of(orthogonal_representations(), skewed_groups())


NON_COMPACT: dict[str, Array] = {
    "shear": np.array([[1.0, 1.0], [0.0, 1.0]]),
    "scaling": np.diag([2.0, 0.5]),
    "boost": np.array([[math.cosh(1.0), math.sinh(1.0)], [math.sinh(1.0), math.cosh(1.0)]]),
}


@st.composite
def non_compact_groups(draw: st.DrawFn, max_fixed: int = 3) -> hw.Representation:
    """A shear, scaling or boost on two coordinates, nothing on the others, in a random basis."""
    name = draw(st.sampled_from(sorted(NON_COMPACT)))
    fixed = draw(st.integers(0, max_fixed))
    S = random_basis(2 + fixed, draw(seeds()), 3.0)
    g = S @ block_diagonal([NON_COMPACT[name], np.eye(fixed)]) @ np.linalg.inv(S)
    return hw.Representation(2 + fixed, (hw.Matrix(g),), name=name)


@dataclass(frozen=True)
class Circle:
    """A representation of SO(2), with what is needed to integrate over it independently."""

    rep: hw.Representation
    basis: Array
    frequencies: tuple[int, ...]

    @property
    def fixed(self) -> int:
        """Coordinates that the circle leaves alone."""
        return self.rep.dim - 2 * len(self.frequencies)

    def flow(self, t: float) -> Array:
        blocks = [rotation(w * t) for w in self.frequencies] + [np.eye(self.fixed)]
        return np.asarray(self.basis @ block_diagonal(blocks) @ np.linalg.inv(self.basis))


@st.composite
def circles(draw: st.DrawFn, orthogonal: bool = True) -> Circle:
    """exp(tL) with L = so(2) blocks of integer frequencies and zeros, in a random basis."""
    frequencies = tuple(draw(st.lists(st.integers(1, 3), min_size=1, max_size=3)))
    fixed = draw(st.integers(0, 2))
    turn = np.array([[0.0, -1.0], [1.0, 0.0]])
    L = block_diagonal([w * turn for w in frequencies] + [np.zeros((fixed, fixed))])
    rng = draw(seeds())
    S = random_orthogonal(len(L), rng) if orthogonal else random_basis(len(L), rng, 5.0)
    rep = hw.Representation(len(L), algebra=(S @ L @ np.linalg.inv(S),), name="SO(2)")
    return Circle(rep, S, frequencies)


# Data.


@dataclass(frozen=True)
class Data:
    X: Array
    Y: Array

    @property
    def moments(self) -> hw.Moments:
        return hw.Moments.from_arrays(self.X, self.Y)


def generic_data(n: int, m: int, rng: np.random.Generator, n_samples: int | None = None) -> Data:
    """Full rank, well conditioned, with means of the size of the spread."""
    N = n_samples or 6 * (n + m) + 10
    mixing = random_basis(n, rng, 5.0)
    X = rng.standard_normal((N, n)) @ mixing + rng.standard_normal(n)
    noise = 0.5 * rng.standard_normal((N, m))
    return Data(X, X @ rng.standard_normal((n, m)) + noise + rng.standard_normal(m))


def deficient_data(n: int, m: int, rng: np.random.Generator, kind: str) -> Data:
    """Data whose gram is singular: of fewer samples than features, or of idle columns."""
    if kind == "few samples":
        return generic_data(n, m, rng, max(2, n // 2))
    data = generic_data(n, m, rng)
    X = data.X.copy()
    if kind == "constant column":
        X[:, rng.integers(n)] = 3.0
    else:
        X[:, n - 1] = X[:, 0]
    return Data(X, data.Y)


DEFICIENT = ("few samples", "constant column", "duplicated column")


def shifted_data(n: int, m: int, rng: np.random.Generator, ratio: float = 1e6) -> Data:
    """A mean `ratio` times the spread."""
    data = generic_data(n, m, rng)
    return Data(data.X + ratio * rng.choice([-1.0, 1.0], n), data.Y)
