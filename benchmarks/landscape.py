"""Critical points listed per second, and the lowest of an astronomical number, against plain Python loops.

    python benchmarks/landscape.py [--rounds 7]

Contestants take turns in one process, so that a busy machine slows them all alike. The peer is what one
would write without the library: `itertools.combinations`, a sum for the loss and a sum for the index.
It lists a stated number of points; the ratio is of points per second, the median over rounds of
quotients within a round.
"""

from __future__ import annotations

import argparse
import heapq
import itertools
import math
import os
import time

import numpy as np

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


def seconds(job) -> float:
    start = time.perf_counter()
    job()
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()

    middle, huge, small = landscape(25, 10), landscape(1000, 50), landscape(20, 10)
    count = middle.count
    lowest = small.lowest(1000)
    expected = heapq.nsmallest(1000, plain_loop(small, 20, 10, None))
    if [p.subset for p in lowest] != [s for *_, s in expected] or exhaust(middle) != math.comb(25, 10):
        raise SystemExit("the contestants disagree")

    jobs = {
        "list all of C(25, 10)": (count, lambda: exhaust(middle)),
        f"  plain loop, {SAMPLE:,} of them": (SAMPLE, lambda: list(plain_loop(middle, 25, 10, SAMPLE))),
        "1000 lowest of C(20, 10)": (small.count, lambda: small.lowest(1000)),
        "  plain loop and heapq.nsmallest": (
            small.count,
            lambda: heapq.nsmallest(1000, plain_loop(small, 20, 10, None)),
        ),
        "1000 lowest of C(1000, 50)": (1000, lambda: huge.lowest(1000)),
        f"  plain loop, {SAMPLE // 10:,} of 9.5e84": (
            SAMPLE // 10,
            lambda: heapq.nsmallest(1000, plain_loop(huge, 1000, 50, SAMPLE // 10)),
        ),
    }
    times = {name: np.empty(options.rounds) for name in jobs}
    for turn in range(options.rounds):
        for name, (_, job) in jobs.items():
            times[name][turn] = seconds(job)

    print(f"NumPy {np.__version__}; {os.cpu_count()} CPUs; {options.rounds} rounds\n")
    print(f"{'':34}{'median':>10}{'min':>10}{'max':>10}{'points/s':>12}")
    for name, taken in times.items():
        rate = jobs[name][0] / np.median(taken)
        print(f"{name:34}{np.median(taken):9.4f}s{taken.min():9.4f}s{taken.max():9.4f}s{rate:12.3g}")
    names = list(jobs)
    print()
    for ours, peer in ((names[0], names[1]), (names[2], names[3])):
        ratio = (jobs[ours][0] / times[ours]) / (jobs[peer][0] / times[peer])
        spread = f"{np.median(ratio):.0f} ({ratio.min():.0f}–{ratio.max():.0f})"
        print(f"{ours}: {spread} times the plain loop's speed")
    rate = jobs[names[5]][0] / np.median(times[names[5]])
    years = huge.count / rate / 3.15e7
    print(f"{names[4]}: the plain loop would take {years:.0e} years for all {huge.count:.1e} points")


if __name__ == "__main__":
    main()
