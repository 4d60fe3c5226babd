"""How close the moments of a large data set come to the floor, one matrix product.

    python benchmarks/moments.py [--mnist PATH] [--rounds 9]

All contestants take turns in one process, so that a busy machine slows them all alike. Each ratio is
the median over rounds of quotients within a round.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

import numpy as np

from haarwire.moments import Moments

SHARED = Path(__file__).resolve().parents[1] / ".." / "shared" / "data" / "mnist.npz"


def load(path: Path | None) -> tuple[np.ndarray, np.ndarray, str]:
    """Images as rows of bytes, one-hot labels, and where they come from."""
    if path is not None or SHARED.exists():
        with np.load(path or SHARED, allow_pickle=False) as file:
            images, labels = file["x_train"], file["y_train"]
        return images.reshape(len(images), -1), np.eye(10, dtype=np.float32)[labels], "MNIST"
    rng = np.random.default_rng(0)
    lit = rng.random((60_000, 784)) < 0.19
    images = np.where(lit, rng.integers(1, 256, lit.shape), 0).astype(np.uint8)
    return images, np.eye(10, dtype=np.float32)[rng.integers(0, 10, 60_000)], "random bytes, 19 % lit"


def seconds(job) -> float:
    start = time.perf_counter()
    job()
    return time.perf_counter() - start


def describe_machine() -> str:
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        return f"{os.cpu_count()} CPUs; install threadpoolctl to see the BLAS"
    line = "{internal_api} {version} ({architecture}, {num_threads} threads)"
    pools = [line.format(**pool) for pool in threadpool_info() if pool["internal_api"] == "openblas"]
    return "; ".join(pools) or f"{os.cpu_count()} CPUs, a BLAS other than OpenBLAS"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--mnist", type=Path, help="an .npz file with x_train and y_train")
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()

    X, Y, source = load(options.mnist)
    X32, X64, Y64 = X.astype(np.float32), X.astype(np.float64), Y.astype(np.float64)
    floors = {"float32 X.T @ X": lambda: X32.T @ X32, "float64 X.T @ X": lambda: X64.T @ X64}
    contestants = {
        "Moments, raw uint8": (lambda: Moments.from_arrays(X, Y), "float32 X.T @ X"),
        "Moments, float32, float32 products": (
            lambda: Moments.from_arrays(X32, Y, accumulate="float32"),
            "float32 X.T @ X",
        ),
        "Moments, float32": (lambda: Moments.from_arrays(X32, Y), "float64 X.T @ X"),
        "Moments, float64": (lambda: Moments.from_arrays(X64, Y64), "float64 X.T @ X"),
    }
    jobs = floors | {name: job for name, (job, _) in contestants.items()}
    for job in jobs.values():
        job()
    times = {name: np.empty(options.rounds) for name in jobs}
    for turn in range(options.rounds):
        for name, job in jobs.items():
            times[name][turn] = seconds(job)

    print(f"{source}: {X.shape[0]} samples, {X.shape[1]} features, {Y.shape[1]} targets")
    print(f"NumPy {np.__version__}; {describe_machine()}; {options.rounds} rounds\n")
    print(f"{'':36}{'median':>9}{'min':>9}{'max':>9}   ratio (min–max)")
    for name, taken in times.items():
        line = f"{name:36}{np.median(taken):8.3f}s{taken.min():8.3f}s{taken.max():8.3f}s"
        if name in contestants:
            floor = contestants[name][1]
            ratio = taken / times[floor]
            line += f"   {np.median(ratio):.2f} ({ratio.min():.2f}–{ratio.max():.2f}) × {floor}"
        print(line)

    exact, rounded = Moments.from_arrays(X, Y), Moments.from_arrays(X64, Y64)
    spread = np.sqrt(exact.scatter.diagonal())
    unit = np.maximum(np.outer(spread, spread), np.finfo(float).tiny)
    difference = np.abs(exact.scatter - rounded.scatter) / unit
    print(f"\nuint8 (exact) and float64 routes differ by at most {difference.max():.1e} √(S_ii S_jj)")


if __name__ == "__main__":
    main()
