"""Random instances that all statements share: a group of every kind, data, a bound on the rank."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import scipy.linalg

import haarwire as hw

from .brute import Array, Samples, enumerate_group, null_space
from .named import LARGEST_GROUP, NAMES, NOT_COMPACT, elements

APPROACHES = ("plain", "hardwired", "augmented", "regularized")


@dataclass(frozen=True, eq=False)
class Group:
    """A representation, and what is needed to go through its elements without the package.

    Attributes
    ----------
    elements, weights : ndarray or None
        Every element of a finite group with equal weights, or a quadrature of a compact one that is exact
        for second moments; None for a group that is not compact.
    """

    kind: str
    rep: hw.Representation
    elements: Array | None
    weights: Array | None

    @cached_property
    def generators(self) -> list[Array]:
        return [g.to_dense() for g in self.rep.generators]

    @cached_property
    def algebra(self) -> list[Array]:
        return dense_algebra(self.rep)

    @cached_property
    def conditions(self) -> Array:
        """A = [ρ(g) − I, …, L, …]."""
        n = self.rep.dim
        return np.concatenate(
            [np.zeros((n, 1)), *(g - np.eye(n) for g in self.generators), *self.algebra], axis=1
        )

    @cached_property
    def functionals(self) -> Array:
        """Orthonormal basis of the invariant functionals (n×d)."""
        return null_space(self.conditions)

    @cached_property
    def moves(self) -> list[Array]:
        """Elements of the group: all that are listed, or the generators and exp(L)."""
        if self.elements is not None:
            return list(self.elements)
        return self.generators + [scipy.linalg.expm(L) for L in self.algebra]

    @cached_property
    def size(self) -> float:
        """max ‖ρ(g)‖²: 1 where ρ is orthogonal."""
        return max(float(np.linalg.norm(g, 2)) ** 2 for g in [np.eye(self.rep.dim), *self.moves])

    @cached_property
    def is_orthogonal(self) -> bool:
        identity = np.eye(self.rep.dim)
        return all(np.abs(g @ g.T - identity).max() < 1e-9 for g in self.generators) and all(
            np.abs(L + L.T).max() < 1e-9 for L in self.algebra
        )


@dataclass(frozen=True, eq=False)
class Instance:
    """A group, samples as rows, a bound on the rank, with an intercept or without; and a strength."""

    number: int
    group: Group
    X: Array
    Y: Array
    rank: int
    fit_intercept: bool
    alpha: float
    _cache: dict[Any, Samples] = field(default_factory=dict)

    def __str__(self) -> str:
        n, m, d = self.X.shape[1], self.Y.shape[1], self.group.functionals.shape[1]
        return f"instance {self.number} ({self.group.kind}, n={n}, m={m}, d={d}, r={self.rank})"

    @property
    def rng(self) -> np.random.Generator:
        """The same numbers at every use."""
        return np.random.default_rng([self.number, 7])

    @cached_property
    def moments(self) -> hw.Moments:
        return hw.Moments.from_arrays(self.X, self.Y)

    @property
    def sizes(self) -> tuple[int, int, int]:
        """n, m, d."""
        return self.X.shape[1], self.Y.shape[1], self.group.functionals.shape[1]

    @property
    def largest_rank(self) -> int:
        return min(self.X.shape[1], self.Y.shape[1])

    @property
    def approaches(self) -> tuple[str, ...]:
        """Those that exist for this group."""
        return APPROACHES if self.group.elements is not None else ("plain", "hardwired", "regularized")

    def approach(self, name: str, alpha: float | None = None) -> Any:
        """The package's approach of that name."""
        if name == "regularized":
            return hw.Regularized(self.alpha if alpha is None else alpha)
        return {"plain": hw.Plain, "hardwired": hw.Hardwired, "augmented": hw.Augmented}[name]()

    def solve(self, name: str, rank: int, *, alpha: float | None = None, ridge: float = 0.0) -> hw.Solution:
        """The package's solution."""
        return hw.solve(
            self.moments,
            self.group.rep,
            rank=rank,
            approach=self.approach(name, alpha),
            ridge=ridge,
            fit_intercept=self.fit_intercept,
        )

    def points(self, name: str, rank: int) -> hw.CriticalPoints:
        """The package's critical points."""
        return hw.critical_points(
            self.moments,
            self.group.rep,
            rank=rank,
            approach=self.approach(name),
            fit_intercept=self.fit_intercept,
        )

    def samples(self, name: str, *, alpha: float | None = None, ridge: float = 0.0) -> Samples:
        """The approach as samples that are really there."""
        key = (name, alpha, ridge)
        if key not in self._cache:
            self._cache[key] = self._samples(name, self.alpha if alpha is None else alpha, ridge)
        return self._cache[key]

    def _samples(self, name: str, alpha: float, ridge: float) -> Samples:
        X, Y, group = self.X, self.Y, self.group
        options: dict[str, Any] = {"intercept": self.fit_intercept}
        n, _, d = self.sizes
        penalties = [math.sqrt(ridge) * np.eye(d if name == "hardwired" else n)] if ridge else []
        if name == "hardwired":
            options["embedding"] = group.functionals
        elif name == "regularized":
            penalties.append(math.sqrt(alpha) * group.conditions.T)
        elif name == "augmented":
            assert group.elements is not None  # noqa: S101
            assert group.weights is not None  # noqa: S101
            X = np.concatenate([self.X @ g.T for g in group.elements])
            Y = np.concatenate([self.Y] * len(group.elements))
            options["weights"] = np.repeat(group.weights / len(self.X), len(self.X))
            options["size"] = group.size
        return Samples.weighted(X, Y, penalties=penalties, **options)


def sample(seed: int, number: int) -> Instance:
    """Instance `number`: a named group where it is even, another kind where it is odd, each in turn."""
    rng = np.random.default_rng([seed, number])
    turn, odd = divmod(number, 2)
    group = KINDS[turn % len(KINDS)](rng) if odd else catalogue(turn, rng)
    n = group.rep.dim
    m = int(rng.choice([1, 2, 3, 3, 4, 5]))
    N = 5 * (n + m) + 10
    X = rng.standard_normal((N, n)) @ random_basis(n, rng, 4.0) + rng.standard_normal(n)
    Y = X @ rng.standard_normal((n, m)) + rng.uniform(0.2, 2.0) * rng.standard_normal((N, m))
    rank = int(rng.integers(1, min(n, m) + 1))
    return Instance(number, group, X, Y, rank, bool(rng.random() < 0.7), float(10 ** rng.uniform(-1.5, 1.5)))


# Groups of every kind.


def dense_algebra(rep: hw.Representation) -> list[Array]:
    return [L if isinstance(L, np.ndarray) else np.asarray(L.toarray()) for L in rep.algebra]


def random_orthogonal(n: int, rng: np.random.Generator) -> Array:
    return np.asarray(np.linalg.qr(rng.standard_normal((n, n)))[0])


def random_basis(n: int, rng: np.random.Generator, condition: float) -> Array:
    """A random matrix of this condition number (1 for n = 1)."""
    return (random_orthogonal(n, rng) * np.geomspace(1.0, condition, n)) @ random_orthogonal(n, rng)


def block_diagonal(blocks: Sequence[Array]) -> Array:
    return np.asarray(scipy.linalg.block_diag(*blocks), dtype=float)


def rotation(angle: float) -> Array:
    c, s = math.cos(angle), math.sin(angle)
    return np.array([[c, -s], [s, c]])


def _listed(kind: str, rep: hw.Representation) -> Group:
    elements = enumerate_group([g.to_dense() for g in rep.generators], rep.dim, LARGEST_GROUP)
    if elements is None:
        raise ValueError(f"{kind} has more than {LARGEST_GROUP} elements")
    return Group(kind, rep, elements, np.full(len(elements), 1.0 / len(elements)))


def catalogue(number: int, rng: np.random.Generator) -> Group:
    """A named group, in turn; half of them with one or two coordinates more, which stay as they are."""
    name = NAMES[number % len(NAMES)]
    rep = hw.groups.from_name(name)
    fixed = int(rng.choice([0, 0, 1, 2]))
    if fixed:
        rep += hw.groups.trivial(fixed)
    if name.partition(":")[0] in NOT_COMPACT:
        return Group(name, rep, None, None)
    generators = [g.to_dense() for g in rep.generators]
    return Group(name, rep, *elements(generators, dense_algebra(rep), rep.dim))


def _blocks(rng: np.random.Generator) -> list[Array]:
    """The generators of a cyclic or dihedral group in a random sum of irreducible blocks."""
    k, dihedral = int(rng.integers(2, 7)), bool(rng.random() < 0.5)
    flip = np.diag([1.0, -1.0])
    available = [[np.eye(1), np.eye(1)], [np.eye(1), -np.eye(1)]]
    if k % 2 == 0:
        available.append([-np.eye(1), np.eye(1)])
    available += [[rotation(2.0 * math.pi * j / k), flip] for j in range(1, (k + 1) // 2)]
    chosen = [available[i] for i in rng.integers(len(available), size=rng.integers(2, 6))]
    chosen += [available[0]] * int(rng.integers(0, 4))
    return [block_diagonal([b[g] for b in chosen]) for g in range(2 if dihedral else 1)]


def _conjugated(kind: str, matrices: Sequence[Array], S: Array) -> Group:
    inverse = np.linalg.inv(S)
    return _listed(kind, hw.Representation(len(S), [hw.Matrix(S @ g @ inverse) for g in matrices], name=kind))


def orthogonal(rng: np.random.Generator) -> Group:
    """A finite group in a random orthonormal basis."""
    matrices = _blocks(rng)
    return _conjugated("finite, orthogonal", matrices, random_orthogonal(len(matrices[0]), rng))


def skewed(rng: np.random.Generator) -> Group:
    """A finite group in a random basis that is not orthonormal."""
    matrices = _blocks(rng)
    return _conjugated("finite, not orthogonal", matrices, random_basis(len(matrices[0]), rng, 6.0))


def signed_permutations(rng: np.random.Generator) -> Group:
    """The group of one or two random signed permutations of at most four coordinates."""
    n = int(rng.integers(2, 5))
    generators = [
        hw.SignedPermutation(rng.permutation(n), rng.choice([1, 1, -1], n)) for _ in range(rng.integers(1, 3))
    ]
    return _listed("signed permutations", hw.Representation(n, generators, name="signed permutations"))


def permutations(rng: np.random.Generator) -> Group:
    """One random permutation of up to eight coordinates."""
    n = int(rng.integers(3, 9))
    return _listed(
        "permutations", hw.Representation(n, [hw.Permutation(rng.permutation(n))], name="permutations")
    )


def _circle(rng: np.random.Generator, kind: str, *, skew: bool) -> Group:
    frequencies = rng.integers(1, 3, size=rng.integers(1, 3)).tolist()
    fixed = int(rng.integers(0, 4))
    turn = np.array([[0.0, -1.0], [1.0, 0.0]])
    L = block_diagonal([w * turn for w in frequencies] + [np.zeros((fixed, fixed))])
    S = random_basis(len(L), rng, 4.0) if skew else random_orthogonal(len(L), rng)
    inverse = np.linalg.inv(S)
    nodes = np.linspace(0.0, 2.0 * math.pi, 4 * max(frequencies) + 1, endpoint=False)
    flows = [block_diagonal([rotation(w * t) for w in frequencies] + [np.eye(fixed)]) for t in nodes]
    elements = np.array([S @ g @ inverse for g in flows])
    rep = hw.Representation(len(L), algebra=(S @ L @ inverse,), name=kind)
    return Group(kind, rep, elements, np.full(len(nodes), 1.0 / len(nodes)))


def circle(rng: np.random.Generator) -> Group:
    """SO(2), orthogonal, by its Lie algebra; averages by equispaced nodes, exact for second moments."""
    return _circle(rng, "SO(2), orthogonal", skew=False)


def skewed_circle(rng: np.random.Generator) -> Group:
    """SO(2) in a basis that is not orthonormal."""
    return _circle(rng, "SO(2), not orthogonal", skew=True)


def rotations(rng: np.random.Generator) -> Group:
    """SO(3) on one or two vectors and some numbers; averages over Euler angles, exact for second moments."""
    copies, fixed = int(rng.integers(1, 3)), int(rng.integers(0, 4))
    cross = [np.cross(np.eye(3), axis) for axis in np.eye(3)]
    algebra = [block_diagonal([L] * copies + [np.zeros((fixed, fixed))]) for L in cross]
    heights, height_weights = np.polynomial.legendre.leggauss(3)
    angles = np.linspace(0.0, 2.0 * math.pi, 5, endpoint=False)
    turns = [block_diagonal([rotation(t), np.eye(1)]) for t in angles]
    tilts = [block_diagonal([np.eye(1), rotation(math.acos(z))]) for z in heights]
    elements = [a @ b @ c for a in turns for b in tilts for c in turns]
    weights = np.array([w for _ in turns for w in height_weights for _ in turns])
    full = np.array([block_diagonal([g] * copies + [np.eye(fixed)]) for g in elements])
    rep = hw.Representation(3 * copies + fixed, algebra=algebra, name="SO(3)")
    return Group("SO(3)", rep, full, weights / weights.sum())


def non_compact(rng: np.random.Generator) -> Group:
    """A shear, a scaling or a boost, by an element or by its Lie algebra, in a random basis."""
    kinds = {
        "shear": np.array([[0.0, 1.0], [0.0, 0.0]]),
        "scaling": np.diag([math.log(2.0), -math.log(2.0)]),
        "boost": np.array([[0.0, 1.0], [1.0, 0.0]]),
    }
    kind = sorted(kinds)[rng.integers(3)]
    fixed = int(rng.integers(0, 5))
    S = random_basis(2 + fixed, rng, 3.0)
    L = S @ block_diagonal([kinds[kind], np.zeros((fixed, fixed))]) @ np.linalg.inv(S)
    if rng.random() < 0.5:
        return Group(f"{kind}, Lie", hw.Representation(len(L), algebra=(L,), name=kind), None, None)
    rep = hw.Representation(len(L), [hw.Matrix(scipy.linalg.expm(L))], name=kind)
    return Group(kind, rep, None, None)


KINDS: tuple[Callable[[np.random.Generator], Group], ...] = (
    skewed,
    orthogonal,
    non_compact,
    permutations,
    skewed_circle,
    signed_permutations,
    circle,
    rotations,
)
WHOLE_CATALOGUE = range(0, 8 * len(NAMES), 2)
"""Numbers of instances that have every named group four times, with other data, targets and ranks."""
