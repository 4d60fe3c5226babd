"""The problems, exact, and their critical equations in two ways (see the package's docstring)."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sympy import QQ, Matrix
from sympy.polys.rings import PolyElement, ring

from .exact import (
    Number,
    Rows,
    apply,
    determinant,
    identity,
    product,
    scatter,
    times,
    transpose,
    unipotent,
)

CHART = "chart"
VARIETY = "variety"
REAL_ONLY = "chart, rows not isotropic"

Polynomials = list[list[PolyElement]]


@dataclass(frozen=True)
class Dataset:
    """Integer samples and a group given by generators, exact."""

    name: str
    group: str
    generators: list[Rows]
    X: Rows
    Y: Rows
    mixed: bool = False
    problems: tuple[tuple[str, str, int], ...] = ()  # approach, α, bound on the rank

    @property
    def n(self) -> int:
        return len(self.X[0])

    @property
    def m(self) -> int:
        return len(self.Y[0])

    def invariant_functionals(self) -> Rows:
        """A rational basis, as columns, of the w with wᵀρ(g) = wᵀ."""
        conditions = [
            [QQ.to_sympy(g[i][j] - int(i == j)) for i in range(self.n)]
            for g in self.generators
            for j in range(self.n)
        ]
        basis = Matrix(conditions).nullspace()
        return [[QQ(int(v[i].p), int(v[i].q)) for v in basis] for i in range(self.n)]

    def elements(self, limit: int = 100) -> list[Rows]:
        """Every element of a finite group."""
        found = [identity(self.n)]
        for element in found:
            for g in self.generators:
                moved = product(g, element)
                if moved not in found:
                    found.append(moved)
            if len(found) > limit:
                raise ValueError(f"{self.group} has more than {limit} elements")
        return found


@dataclass(frozen=True)
class Problem:
    """One approach, with the bound r on the rank, on one data set."""

    data: Dataset
    approach: str
    rank: int
    alpha: Number = QQ.zero

    @property
    def label(self) -> str:
        return self.approach + (f" {self.alpha}" if self.approach == "regularized" else "")

    @property
    def embedding(self) -> Rows:
        """E (n×k): the maps are W = V Eᵀ."""
        return self.data.invariant_functionals() if self.approach == "hardwired" else identity(self.data.n)

    @property
    def shape(self) -> tuple[int, int]:
        return self.data.m, len(self.embedding[0])

    @property
    def smooth_rank(self) -> int:
        """The rank of the smooth part: the bound, or the largest rank there is."""
        return min(self.rank, *self.shape)

    @property
    def n_modes(self) -> int:
        """The q of the theory for generic data: min(m, d) hard-wired and augmented, min(m, n) otherwise."""
        d = len(self.data.invariant_functionals()[0])
        return min(self.data.m, d if self.approach in {"hardwired", "augmented"} else self.data.n)

    def expected(self, formulation: str) -> int:
        """Σ C(q, s) over the ranks s that the formulation admits."""
        return sum(math.comb(self.n_modes, s) for s in self.ranks(formulation))

    @property
    def formulations(self) -> tuple[str, ...]:
        """The systems of equations to put: the third where complex families are to be expected."""
        return (CHART, VARIETY, REAL_ONLY) if min(self.shape) - self.n_modes >= 2 else (CHART, VARIETY)

    def ranks(self, formulation: str) -> tuple[int, ...]:
        """The ranks that the formulation admits."""
        r = self.smooth_rank
        return tuple(range(r + 1)) if formulation == VARIETY else (r,)

    def samples(self) -> list[tuple[list[Number], list[Number]]]:
        """The samples (z, y) that V sees, one by one."""
        pairs = list(zip(self.data.X, self.data.Y, strict=True))
        if self.approach == "augmented":
            return [(apply(g, x), y) for g in self.data.elements() for x, y in pairs]
        E = self.embedding
        return [([sum(map(times, column, x)) for column in zip(*E, strict=True)], y) for x, y in pairs]

    def loss(self, V: Sequence[Sequence[Any]], b: Sequence[Any]) -> Any:
        """J at numbers or at polynomials."""
        samples = self.samples()
        total: Any = 0
        for z, y in samples:
            for row, shift, target in zip(V, b, y, strict=True):
                total += (target - shift - sum(map(times, row, z))) ** 2
        total *= QQ(1, len(samples))
        if self.approach == "regularized":
            for g in self.data.generators:
                for row in V:
                    moved = [sum(map(times, row, column)) for column in zip(*g, strict=True)]
                    total += self.alpha * sum((new - old) ** 2 for new, old in zip(moved, row, strict=True))
        return total


@dataclass(frozen=True)
class System:
    """Polynomial equations with integer coefficients, and where to read V and b off a solution."""

    variables: list[str]
    equations: list[str]
    V: Polynomials
    b: list[PolyElement]
    hessian: Polynomials  # of J in the coordinates of the chart; empty without a chart


def system(problem: Problem, formulation: str) -> System:
    """The critical equations, as the algebra systems read them."""
    if formulation == VARIETY:
        return _on_variety(problem)
    return _on_chart(problem, real_only=formulation == REAL_ONLY)


def _system(equations: Sequence[PolyElement], V: Polynomials, b: list[PolyElement], H: Polynomials) -> System:
    texts = dict.fromkeys(_text(p) for p in equations)
    return System([str(g) for g in b[0].ring.gens], list(texts), V, b, H)


def _text(p: PolyElement) -> str:
    """Expanded, with coprime integer coefficients, monomials in lexicographic order."""
    names = [str(g) for g in p.ring.gens]
    terms = []
    for powers, c in sorted(p.clear_denoms()[1].primitive()[1].terms(), reverse=True):
        factors = [f"{x}^{e}" if e > 1 else x for x, e in zip(names, powers, strict=True) if e]
        coefficient = [f"{int(c):+d}"] if abs(c) != 1 or not factors else []
        sign = "" if coefficient else "-" if c < 0 else "+"
        terms.append(sign + "*".join(coefficient + factors))
    return "".join(terms).removeprefix("+")


def _on_chart(problem: Problem, *, real_only: bool) -> System:
    (m, k), r = problem.shape, problem.smooth_rank
    names = [f"a{i}{j}" for i in range(m - r) for j in range(r)]
    names += [f"v{i}{j}" for i in range(r) for j in range(k)] + [f"b{i}" for i in range(m)]
    R, *gens = ring(["t", *names], QQ)
    t, rest = gens[0], iter(gens[1:])
    U = [[R.one if i == j else R.zero for j in range(r)] for i in range(r)]
    U += [[next(rest) for _ in range(r)] for _ in range(m - r)]
    rows = [[next(rest) for _ in range(k)] for _ in range(r)]
    b = list(rest)
    V = product(U, rows)
    if problem.data.mixed:
        V = product(product(unipotent(m, upper=True), V), unipotent(k, upper=False))
    J = problem.loss(V, b)
    nonzero = determinant([row[:r] for row in rows])
    if real_only:
        span = product(rows, unipotent(k, upper=False)) if problem.data.mixed else rows
        C = scatter([z for z, _ in problem.samples()])
        nonzero *= determinant(product(product(span, C), transpose(span)))
    gradient = [J.diff(x) for x in gens[1:]]
    hessian = [[p.diff(x) for x in gens[1:]] for p in gradient]
    return _system([*gradient, t * nonzero - 1], V, b, hessian)


def _on_variety(problem: Problem) -> System:
    (m, k), r = problem.shape, problem.smooth_rank
    names = [f"w{i}{j}" for i in range(m) for j in range(k)] + [f"b{i}" for i in range(m)]
    _, *gens = ring(names, QQ)
    V, b = [gens[i * k : (i + 1) * k] for i in range(m)], gens[m * k :]
    J = problem.loss(V, b)
    G = [[J.diff(v) for v in row] for row in V]
    equations = [
        determinant([[V[i][j] for j in columns] for i in rows])
        for rows in itertools.combinations(range(m), r + 1)
        for columns in itertools.combinations(range(k), r + 1)
    ]
    for orthogonal in (product(G, transpose(V)), product(transpose(V), G)):
        equations += [p for row in orthogonal for p in row]
    return _system(equations + [J.diff(x) for x in b], V, b, [])
