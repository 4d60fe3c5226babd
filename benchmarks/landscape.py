"""Critical points listed per second, and the lowest of an astronomical number, against plain Python loops.

    python -m benchmarks landscape

The peer is what one would write without the library: `itertools.combinations`, a sum for the loss and a sum
for the index. It lists a stated number of points, and its time is scaled up to all of them.
"""

from __future__ import annotations

import heapq
import itertools
import math

import numpy as np
from _runner import Job, Target, race

import haarwire as hw
from haarwire.landscape import CriticalPoints, critical_points

SAMPLE = 200_000
"""Points that the plain loop lists."""


def landscape(n: int, rank: int) -> CriticalPoints:
    """q = n modes with generic singular values."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((3 * n, n))
    Y = X @ rng.standard_normal((n, n)) + rng.standard_normal((3 * n, n))
    moments = hw.Moments.from_arrays(X, Y)
    return critical_points(moments, hw.groups.trivial(n), rank=rank, approach=hw.Plain())


def plain_loop(points: CriticalPoints, n_modes: int, rank: int, limit: int | None):
    """(loss, index, subset) of the first points in lexicographic order."""
    gains, total = (points.modes.singular_values**2).tolist(), points.modes.setting.total
    base = rank * (rank - 1) // 2
    for subset in itertools.islice(itertools.combinations(range(n_modes), rank), limit):
        yield total - sum(gains[i] for i in subset), sum(subset) - base, subset


def exhaust(points: CriticalPoints) -> int:
    return sum(len(losses) for _, losses, _ in points.tables())


def main() -> None:
    middle, huge, small = landscape(25, 10), landscape(1000, 50), landscape(20, 10)
    expected = heapq.nsmallest(1000, plain_loop(small, 20, 10, None))
    if [p.subset for p in small.lowest(1000)] != [s for *_, s in expected]:
        raise SystemExit("the contestants disagree")
    if exhaust(middle) != math.comb(25, 10):
        raise SystemExit("the contestants disagree")
    everything, lowest = f"list all {middle.count:,} of C(25, 10)", "1000 lowest of C(20, 10)"
    loop, sort = f"plain loop, {SAMPLE:,} of them", "plain loop over all, heapq.nsmallest"
    astronomical = f"1000 lowest of C(1000, 50) = {huge.count:.1e}"
    race(
        "Critical points",
        {
            loop: Job(lambda: list(plain_loop(middle, 25, 10, SAMPLE))),
            everything: Job(lambda: exhaust(middle), loop),
            sort: Job(lambda: heapq.nsmallest(1000, plain_loop(small, 20, 10, None))),
            lowest: Job(lambda: small.lowest(1000), sort),
            astronomical: Job(lambda: huge.lowest(1000)),
        },
        targets=[
            Target(
                f"{middle.count:,} critical points, a million a second",
                everything,
                at_most=middle.count / 1e6,
            ),
            Target("the same, against a loop", everything, loop, at_least=1, scale=middle.count / SAMPLE),
            Target("1000 lowest of C(1000, 50)", astronomical, at_most=1),
            Target("1000 lowest of C(20, 10), against a loop", lowest, sort, at_least=1),
        ],
    )


if __name__ == "__main__":
    main()
