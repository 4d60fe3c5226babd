"""Contestants and floors side by side, in one process, in turns: a busy machine slows them all alike."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

DATA = Path(os.environ.get("HAARWIRE_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
"""Where mnist.npz is looked for: the folder that HAARWIRE_DATA names, else one beside the checkout."""


class Job(NamedTuple):
    """What is timed, and the name of the job that its time is divided by (none for a floor)."""

    run: Callable[[], object]
    against: str | None = None


class Target(NamedTuple):
    """What a speed is to be: of a job against another, or in seconds where there is no other.

    Ratios are time of the job / (scale × time of the other) for `at_most`, and the inverse for `at_least`.
    `limit` says what bounds it where it falls short.
    """

    what: str
    job: str
    against: str | None = None
    at_most: float | None = None
    at_least: float | None = None
    scale: float = 1.0
    limit: str = ""


RECORDS: list[dict[str, Any]] = []
"""Results of all races with targets in this process, and of slopes; `python -m benchmarks` reads them."""


def load_mnist() -> tuple[np.ndarray, np.ndarray, str]:
    """Images as rows of bytes, one-hot labels, and where they come from."""
    path = DATA / "mnist.npz"
    if path.exists():
        with np.load(path, allow_pickle=False) as file:
            images, labels = file["x_train"], file["y_train"]
        return images.reshape(len(images), -1), np.eye(10, dtype=np.float32)[labels], "MNIST"
    rng = np.random.default_rng(0)
    lit = rng.random((60_000, 784)) < 0.19
    images = np.where(lit, rng.integers(1, 256, lit.shape), 0).astype(np.uint8)
    return images, np.eye(10, dtype=np.float32)[rng.integers(0, 10, 60_000)], "random bytes, 19 % lit"


def machine() -> str:
    """NumPy's version, the BLAS and its architecture."""
    numpy = f"NumPy {np.__version__}"
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        return f"{numpy}; {os.cpu_count()} CPUs; install threadpoolctl to see the BLAS"
    line = "{internal_api} {version} ({architecture}, {num_threads} threads)"
    pools = [line.format(**pool) for pool in threadpool_info() if pool["user_api"] == "blas"]
    return "; ".join([numpy, *pools])


def seconds(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def race(
    title: str, jobs: Mapping[str, Job], rounds: int = 7, targets: Sequence[Target] = ()
) -> dict[str, np.ndarray]:
    """Run all jobs `rounds` times in turns after a warm-up, and print medians, spread and ratios.

    A ratio is the median over rounds of the quotients within a round.
    """
    for job in jobs.values():
        job.run()
    times = {name: np.empty(rounds) for name in jobs}
    for turn in range(rounds):
        for name, job in jobs.items():
            times[name][turn] = seconds(job.run)
    print(f"{title}; {rounds} rounds\n{machine()}\n")
    print(f"{'':44}{'median':>10}{'min':>10}{'max':>10}   ratio (min–max)")
    for name, taken in times.items():
        line = f"{name:44}{_shown(np.median(taken))}{_shown(taken.min())}{_shown(taken.max())}"
        against = jobs[name].against
        if against is not None:
            ratio = taken / times[against]
            line += f"   {np.median(ratio):.3g} ({ratio.min():.3g}–{ratio.max():.3g}) × {against}"
        print(line)
    print()
    for target in targets:
        judge(title, target, times)
    return times


def judge(title: str, target: Target, times: Mapping[str, np.ndarray]) -> None:
    """Hold the times of a race against a target; print and keep the answer."""
    own = times[target.job]
    if target.against is None:
        values = own
    else:
        other = target.scale * times[target.against]
        values = own / other if target.at_most is not None else other / own
    middle = float(np.median(values))
    bound = target.at_most if target.at_most is not None else target.at_least
    met = bound is not None and (middle <= bound if target.at_most is not None else middle >= bound)
    record = target._asdict() | {
        "title": title,
        "machine": machine(),
        "rounds": len(own),
        "median": middle,
        "least": float(values.min()),
        "most": float(values.max()),
        "seconds": float(np.median(own)),
        "met": met,
    }
    RECORDS.append(record)
    words = "at most" if target.at_most is not None else "at least"
    unit = " s" if target.against is None else " ×"
    print(
        f"{'reached' if met else 'SHORT  '}  {target.what}: {middle:.3g}{unit} "
        f"({values.min():.3g}–{values.max():.3g}), {words} {bound:g} wanted"
    )


def _shown(value: float) -> str:
    return f"{value:9.3f}s" if value >= 0.1 else f"{1e3 * value:8.2f}ms"
