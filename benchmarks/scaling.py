"""How cost grows: with samples, features, targets, invariants, the rank bound, the group and the strengths.

    python -m benchmarks scaling

One of the sizes grows, the others stay. The slope of the least times on log–log axes over the three largest
sizes is set beside the exponent of the term that dominates there: where several terms matter, it lies below.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from _runner import RECORDS, machine, seconds

import haarwire as hw

ROUNDS = 3


class Growth(NamedTuple):
    """What is done, the size that grows, and the exponent expected."""

    what: str
    size: str
    sizes: Sequence[int]
    exponent: float
    why: str
    prepare: Callable[[int], Callable[[], object]]


def samples(N: int, n: int, m: int = 10) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.standard_normal((N, n)), rng.standard_normal((N, m))


def moments(n: int, m: int = 10) -> hw.Moments:
    return hw.Moments.from_arrays(*samples(2 * n, n, m))


def shifts(n: int, order: int) -> hw.Representation:
    """Cyclic shifts by n / order places."""
    return hw.Representation(n, (hw.Permutation(np.roll(np.arange(n), n // order)),))


def of_moments(N: int, n: int) -> Callable[[], object]:
    X, Y = samples(N, n)
    return lambda: hw.Moments.from_arrays(X, Y)


def solving(
    data: hw.Moments, rep: hw.Representation, approach: object, rank: int | None = None
) -> Callable[[], object]:
    hw.invariant_subspace(rep)
    return lambda: hw.solve(data, rep, approach=approach, rank=rank)  # type: ignore[arg-type]


def from_generators(rep: hw.Representation, data: hw.Moments, approach: object) -> Callable[[], object]:
    """With a new representation each time: nothing is known of it yet."""
    return lambda: hw.solve(data, hw.Representation(rep.dim, rep.generators), approach=approach)  # type: ignore[arg-type]


def growths() -> list[Growth]:
    wide, narrow = moments(1024), moments(512, 256)
    path = hw.regularization_path(wide, shifts(1024, 8))
    sets = {d: hw.groups.permutations_of_sets(2, d) for d in (128, 256, 512, 1024)}
    return [
        Growth(
            "moments", "samples N", [2**k for k in range(11, 17)], 1, "N n²", lambda N: of_moments(N, 128)
        ),
        Growth(
            "moments", "features n", [2**k for k in range(6, 11)], 2, "N n²", lambda n: of_moments(4096, n)
        ),
        Growth(
            "solve, plain", "features n", [128, 256, 512, 1024], 3, "n³: one eigendecomposition",
            lambda n: solving(moments(n), hw.groups.trivial(n), hw.Plain()),
        ),
        Growth(
            "solve, plain", "targets m", [32, 64, 128, 256, 512], 2, "m² n, beside n³",
            lambda m: solving(moments(512, m), hw.groups.trivial(512), hw.Plain()),
        ),
        Growth(
            "solve, hard-wired", "invariants d", list(sets), 3, "d³, beside n² to get there",
            lambda d: solving(moments(2 * d), sets[d], hw.Hardwired()),
        ),
        Growth(
            "solve, plain", "rank bound r", [16, 32, 64, 128, 256], 0, "all ranks from one factorization",
            lambda r: solving(narrow, hw.groups.trivial(512), hw.Plain(), r),
        ),
        Growth(
            "solve, hard-wired, from generators", "order of the group", [4, 16, 64, 256, 1024], 0,
            "never enumerated; d falls",
            lambda order: from_generators(shifts(1024, order), wide, hw.Hardwired()),
        ),
        Growth(
            "solve, augmented, from generators", "order of the group", [4, 16, 64, 256, 1024], 0,
            "never enumerated",
            lambda order: from_generators(shifts(1024, order), wide, hw.Augmented()),
        ),
        Growth(
            "path: factored", "features n", [128, 256, 512, 1024], 3, "n³: two factorizations",
            lambda n: partial(hw.regularization_path, moments(n), shifts(n, 8)),
        ),
        Growth(
            "path: losses at strengths", "strengths", [2**k for k in range(8, 14)], 1, "m² n a strength",
            lambda count: partial(path.curve, np.logspace(-3, 3, count)),
        ),
        Growth(
            "invariants of shifts", "features n", [10**k for k in range(3, 8)], 1, "n: orbits",
            lambda n: lambda: hw.invariant_subspace(hw.groups.cyclic_shifts(n)),
        ),
    ]  # fmt: skip


def main() -> None:
    print(f"{machine()}\n\n{'':38}{'grows':22}{'slope':>7}{'predicted':>11}")
    for growth in growths():
        times = []
        for size in growth.sizes:
            job = growth.prepare(size)
            job()
            times.append([seconds(job) for _ in range(ROUNDS)])
        least = np.min(times, axis=1)
        slope = float(np.polyfit(np.log(growth.sizes[-3:]), np.log(least[-3:]), 1)[0])
        print(f"{growth.what:38}{growth.size:22}{slope:7.2f}{growth.exponent:11g}   {growth.why}", flush=True)
        RECORDS.append(
            {
                "what": growth.what,
                "grows": growth.size,
                "sizes": list(map(int, growth.sizes)),
                "median": np.median(times, axis=1).tolist(),
                "least": least.tolist(),
                "most": np.max(times, axis=1).tolist(),
                "slope": slope,
                "predicted": growth.exponent,
                "why": growth.why,
                "rounds": ROUNDS,
                "machine": machine(),
            }
        )


if __name__ == "__main__":
    main()
