"""The cases: small integer samples, groups of every kind."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from .exact import matrix
from .problems import Dataset

GROUPS = {
    "reflection:2": [[[0, 1], [1, 0]]],
    "reflection:3": [[[0, 0, 1], [0, 1, 0], [1, 0, 0]]],
    "reflection:4": [[[0, 0, 0, 1], [0, 0, 1, 0], [0, 1, 0, 0], [1, 0, 0, 0]]],
    "cyclic_shifts:3": [[[0, 0, 1], [1, 0, 0], [0, 1, 0]]],
    "oblique": [[[1, 1, 0], [0, -1, 0], [0, 0, 1]]],  # order 2, not orthogonal
    "shear": [[[1, 1, 0], [0, 1, 0], [0, 0, 1]]],  # infinite, not compact
    "scaling": [[[1, 0], [0, 2]]],  # infinite, with R = diag(0, 1)
}
ALL = (("plain", "0"), ("hardwired", "0"), ("augmented", "0"), ("regularized", "1/3"))
PENALTIES = (("hardwired", "0"), ("regularized", "1/3"), ("regularized", "5"))
WITHOUT_AND_WITH = (("hardwired", "0"), ("regularized", "1/3"))


def datasets() -> Iterator[Dataset]:
    """Every case: name, group, the approaches with their α, the bounds on the rank; m is in the name."""
    yield _drawn(0, "2x2-swap-a", "reflection:2", ALL, (1, 2))
    yield _drawn(1, "2x2-swap-b", "reflection:2", WITHOUT_AND_WITH, (1,))
    yield _drawn(2, "2x3-reflection-a", "reflection:3", ALL, (1, 2))
    yield _drawn(3, "2x3-reflection-b", "reflection:3", PENALTIES, (1,))
    yield _drawn(4, "2x3-cyclic", "cyclic_shifts:3", ALL[1:], (1,))
    yield _drawn(5, "2x3-shear", "shear", WITHOUT_AND_WITH, (1,))
    yield _drawn(6, "3x2-swap", "reflection:2", ALL[1:], (1,))
    yield _drawn(7, "3x3-reflection-a", "reflection:3", ALL, (1, 2))
    yield _drawn(8, "3x3-reflection-b", "reflection:3", WITHOUT_AND_WITH, (2,))
    yield _drawn(9, "3x3-cyclic", "cyclic_shifts:3", ALL[1:], (1, 2))
    # Its invariant maps have two proportional columns: a chart on the first ones would miss them.
    yield _drawn(10, "3x3-oblique", "oblique", ALL[1:], (1, 2), mixed=True)
    yield _drawn(11, "4x4-reflection", "reflection:4", WITHOUT_AND_WITH, (2,))
    # Theory, section 5: C₀ = I, B₀ = diag(1, 2), R = diag(0, 1). The singular values cross at α = 3.
    corners = [[1, 1], [1, -1], [-1, 1], [-1, -1]]
    crossing = (("hardwired", "0"), *(("regularized", alpha) for alpha in ("1", "3", "9")))
    yield Dataset(
        "2x2-crossing",
        "scaling",
        [matrix(g) for g in GROUPS["scaling"]],
        matrix(corners),
        matrix([[x, 2 * y] for x, y in corners]),
        mixed=True,
        problems=tuple((approach, alpha, 1) for approach, alpha in crossing),
    )


def _drawn(
    seed: int,
    name: str,
    group: str,
    approaches: Sequence[tuple[str, str]],
    ranks: Sequence[int],
    *,
    mixed: bool = False,
) -> Dataset:
    generators = [matrix(g) for g in GROUPS[group]]
    rng = random.Random(seed)  # noqa: S311
    m, n = int(name[0]), len(generators[0])
    X, Y = (matrix([[rng.randint(-3, 3) for _ in range(k)] for _ in range(n + 4)]) for k in (n, m))
    problems = tuple((approach, alpha, r) for approach, alpha in approaches for r in ranks)
    return Dataset(name, group, generators, X, Y, mixed, problems)
