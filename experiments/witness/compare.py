"""What the systems find, and what Haarwire says: matched one to one."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

import haarwire as hw
from haarwire.solve.reduced_rank import reduced_rank

from .exact import Number, Rows, number, product, transpose
from .problems import Dataset, Problem, System, system
from .systems import Count, run_msolve, run_singular

WIDEST = number("1e-40")


@dataclass(frozen=True)
class Point:
    """A real critical point that msolve found: W (m×n), b and J, exact up to the width of its intervals.

    Its index on {rank = r} is that of the Hessian in the chart it was found in (None without a chart).
    """

    W: Rows
    b: list[Number]
    loss: Number
    index: int | None

    @property
    def rank(self) -> int:
        return int(np.linalg.matrix_rank(floats(self.W), tol=1e-8))


@dataclass(frozen=True)
class Finding:
    """The answer to one formulation of one problem."""

    system: System
    counts: dict[str, Count]
    points: list[Point]


def find(problem: Problem, formulation: str, msolve: str, singular: str | None) -> Finding:
    """Ask the systems."""
    asked = system(problem, formulation)
    count, solutions = run_msolve(msolve, asked.variables, asked.equations)
    counts = {"msolve": count}
    if singular:
        counts["Singular"] = run_singular(singular, asked.variables, asked.equations)
    points = []
    for solution in solutions:
        intervals = [solution[name] for name in asked.variables]
        if max(high - low for low, high in intervals) > WIDEST:
            raise RuntimeError(f"msolve isolates a solution of {problem} too roughly: raise its precision")
        values = [(low + high) / 2 for low, high in intervals]
        V = [[p(*values) for p in row] for row in asked.V]
        b = [p(*values) for p in asked.b]
        H = floats([[p(*values) for p in row] for row in asked.hessian])
        index = int((np.linalg.eigvalsh(H) < 0).sum()) if H.size else None
        points.append(Point(product(V, transpose(problem.embedding)), b, problem.loss(V, b), index))
    return Finding(asked, counts, sorted(points, key=lambda point: point.loss))


def floats(rows: Sequence[Any]) -> Any:
    """Nearest doubles."""
    return np.array([[float(Fraction(str(x))) for x in row] for row in rows])


def representation(data: Dataset) -> hw.Representation:
    """Haarwire's representation of the group, by name where it is in the catalogue."""
    if ":" in data.group:
        return hw.groups.from_name(data.group)
    return hw.Representation(data.n, tuple(hw.Matrix(floats(g)) for g in data.generators))


def modes_of(problem: Problem) -> Any:
    """Haarwire's singular modes of the same samples."""
    data = problem.data
    approach: hw.Regularized | hw.Plain | hw.Hardwired | hw.Augmented
    if problem.approach == "regularized":
        approach = hw.Regularized(float(Fraction(str(problem.alpha))))
    else:
        approach = {"plain": hw.Plain, "hardwired": hw.Hardwired, "augmented": hw.Augmented}[
            problem.approach
        ]()
    moments = hw.Moments.from_arrays(floats(data.X), floats(data.Y))
    return reduced_rank(approach.problem(moments, representation(data)))


def indices(modes: Any, rank: int) -> list[int]:
    """The indices that the theory gives the W_S with |S| = rank, in order of loss: inversions of S."""
    everything = range(modes.n_modes)
    subsets = sorted(itertools.combinations(everything, rank), key=lambda S: modes.loss(list(S)))
    return [sum(j not in S and j < i for i in S for j in everything) for S in map(set, subsets)]


def is_tied(modes: Any) -> bool:
    """Whether two singular values are equal, so that critical points come in families."""
    return any(modes.is_tied(i, i + 1) for i in range(modes.n_modes - 1))


def deviation(points: Sequence[Any], modes: Any, ranks: Sequence[int]) -> float:
    """Largest difference between the points and the W_S with |S| in `ranks`, matched one to one.

    Relative to the largest entry; infinite when they do not match.
    """
    ours = []
    for subset in itertools.chain(*(itertools.combinations(range(modes.n_modes), s) for s in ranks)):
        W = modes.coef(list(subset))
        b = modes.setting.y_mean - W @ modes.setting.x_mean
        ours.append(np.append(np.column_stack([W, b]), modes.loss(list(subset))))
    theirs = [
        np.append(np.column_stack([floats(p.W), floats([p.b])[0]]), float(Fraction(str(p.loss))))
        for p in points
    ]
    if len(ours) != len(theirs):
        return math.inf
    if not ours:
        return 0.0
    apart = np.abs(np.array(ours)[:, None] - np.array(theirs)[None]).max(axis=-1)
    nearest = apart.argmin(axis=1)
    if len(set(nearest.tolist())) < len(ours):
        return math.inf
    return float(apart.min(axis=1).max() / np.abs(ours).max())
