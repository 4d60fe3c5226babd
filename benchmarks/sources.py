"""Streams against floors: reading alone, and one product in memory; memory as rows go by; Dask's overhead.

python benchmarks/sources.py                     # files in the page cache, and Dask
python benchmarks/sources.py --memory 10000000   # rows × 784 generated on the fly: minutes
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from _runner import Job, machine, race, seconds

from haarwire.moments import Moments

FEATURES, TARGETS = 784, 10
CHUNK = 2675  # rows of a piece of 16 MB in float64
MEGABYTE = 2**20
ROUNDS = 5


def samples(rows: int, dtype: type) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.standard_normal((rows, FEATURES)).astype(dtype), rng.standard_normal((rows, TARGETS)).astype(
        dtype
    )


def chunks(A: np.ndarray) -> Iterator[np.ndarray]:
    return (A[start : start + CHUNK] for start in range(0, len(A), CHUNK))


def read_alone(path: Path) -> float:
    return sum(float(part[0, 0]) + np.array(part)[-1, -1] for part in chunks(np.load(path, mmap_mode="r")))


def plain_loop(path: Path) -> np.ndarray:
    """What one writes by hand: read a chunk, multiply, add. Uncentred, one thread of reading."""
    total = np.zeros((FEATURES, FEATURES))
    for part in chunks(np.load(path, mmap_mode="r")):
        Z = np.asarray(part, np.float64)
        total += Z.T @ Z
    return total


def files(folder: Path, rows: int, dtype: type) -> None:
    X, Y = samples(rows, dtype)
    np.save(folder / "X.npy", X)
    np.save(folder / "Y.npy", Y)
    np.savez(folder / "data.npz", x=X, y=Y)
    options = {"accuracy": "gram"}
    X64 = X.astype(np.float64)
    jobs = {
        "X.T @ X, float64, in memory": Job(lambda: X64.T @ X64),
        "reading .npy alone": Job(lambda: read_alone(folder / "X.npy")),
        "NumPy loop over .npy": Job(lambda: plain_loop(folder / "X.npy"), "X.T @ X, float64, in memory"),
        "Moments.from_arrays": Job(lambda: Moments.from_arrays(X, Y), "X.T @ X, float64, in memory"),
        "from_source .npy": Job(
            lambda: Moments.from_source(folder / "X.npy", y=str(folder / "Y.npy"), **options),
            "X.T @ X, float64, in memory",
        ),
        "from_source .npz": Job(
            lambda: Moments.from_source(folder / "data.npz", **options), "X.T @ X, float64, in memory"
        ),
        "from_source .npy, qr": Job(
            lambda: Moments.from_source(folder / "X.npy", y=str(folder / "Y.npy"), accuracy="qr"),
            "X.T @ X, float64, in memory",
        ),
    }
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
        import zarr
    except ImportError:
        print("without pyarrow and zarr: install the 'io' extra to see them")
    else:
        flat = pa.FixedSizeListArray.from_arrays(pa.array(X.ravel()), FEATURES)
        targets = pa.FixedSizeListArray.from_arrays(pa.array(Y.ravel()), TARGETS)
        table = pa.table({"x": flat, "y": targets})
        pq.write_table(table, folder / "lists.parquet", row_group_size=4 * CHUNK, compression="none")
        columns = {f"x{i}": X[:, i] for i in range(FEATURES)} | {f"y{i}": Y[:, i] for i in range(TARGETS)}
        pq.write_table(
            pa.table(columns), folder / "columns.parquet", row_group_size=4 * CHUNK, compression="none"
        )
        group = zarr.open_group(folder / "store.zarr", mode="w")
        group.create_array("x", data=X, chunks=(CHUNK, FEATURES), compressors=None)
        group.create_array("y", data=Y, chunks=(CHUNK, TARGETS), compressors=None)
        names = {"x": list(columns)[:FEATURES], "y": list(columns)[FEATURES:]}
        jobs |= {
            "from_source .parquet, a list a row": Job(
                lambda: Moments.from_source(folder / "lists.parquet", **options),
                "X.T @ X, float64, in memory",
            ),
            "from_source .parquet, 794 columns": Job(
                lambda: Moments.from_source(folder / "columns.parquet", **names, **options),
                "X.T @ X, float64, in memory",
            ),
            "from_source .zarr": Job(
                lambda: Moments.from_source(folder / "store.zarr", **options), "X.T @ X, float64, in memory"
            ),
        }
    race(f"{rows} rows × {FEATURES} features in the page cache, {np.dtype(dtype).name}", jobs, rounds=ROUNDS)


def dask_overhead(rows: int) -> None:
    try:
        import dask
        import dask.array as da
    except ImportError:
        print("without Dask: install the 'dask' extra to see its overhead")
        return
    X, Y = samples(rows, np.float64)
    dX, dY = (da.from_array(A, chunks=(10_000, -1)) for A in (X, Y))
    pairs = list(zip(chunks(X), chunks(Y), strict=True))

    def by_dask() -> Moments:
        with dask.config.set(scheduler="synchronous"):
            return Moments.from_dask(dX, dY, accuracy="gram")

    jobs = {
        "from_batches": Job(lambda: Moments.from_batches(pairs)),
        "from_dask, in this thread": Job(by_dask, "from_batches"),
    }
    race(f"Dask: {rows} rows × {FEATURES} features in memory", jobs, rounds=ROUNDS)


def generated(rows: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    rng = np.random.Generator(np.random.SFC64(0))
    for start in range(0, rows, CHUNK):
        count = min(CHUNK, rows - start)
        X = rng.random((count, FEATURES), np.float32)
        yield X, X[:, :TARGETS]


def memory_child(rows: int) -> None:
    """Resident memory above that of the interpreter with all that it imports, as rows go by."""
    statm = Path("/proc/self/statm")
    page = resource.getpagesize()
    Moments.from_source(generated(10 * CHUNK), accuracy="gram", chunk_rows=64)
    start = int(statm.read_text().split()[1]) * page
    curve, peak, done = [], [0], threading.Event()

    def watch() -> None:
        while not done.wait(0.01):
            peak[0] = max(peak[0], int(statm.read_text().split()[1]) * page - start)

    threading.Thread(target=watch, daemon=True).start()
    began = time.perf_counter()

    def progress(seen: int, _total: int | None) -> None:
        if len(curve) < 400 * seen / rows:
            curve.append((seen, int(statm.read_text().split()[1]) * page - start))

    Moments.from_source(generated(rows), accuracy="gram", progress=progress)
    done.set()
    taken = time.perf_counter() - began
    print(json.dumps({"rows": rows, "seconds": taken, "peak": peak[0], "curve": curve}))


def memory(rows: int, picture: Path | None) -> None:
    width = FEATURES + TARGETS
    chunk = max(1024, 2**22 // width) * width * 8
    allowed = 3 * 8 * width**2 + 2 * chunk
    print(f"{machine()}\n3 n² doubles and two chunks: {allowed / MEGABYTE:.0f} MB")
    results = []
    for count in sorted({rows // 100, rows // 10, rows}):
        done = subprocess.run(
            [sys.executable, __file__, "--child", str(count)], capture_output=True, text=True, check=True
        )
        results.append(json.loads(done.stdout))
        last = results[-1]
        print(
            f"{count:>12,} rows: peak {last['peak'] / MEGABYTE:6.1f} MB above the start, "
            f"{last['seconds']:7.1f} s, {count / last['seconds']:,.0f} rows/s"
        )
    making = seconds(lambda: [None for _ in generated(rows // 100)])
    print(f"generating alone: {rows / 100 / making:,.0f} rows/s")
    if picture is not None:
        draw(results[-1], allowed, picture)


def draw(result: dict, allowed: int, picture: Path) -> None:
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(6, 3), layout="constrained")
    seen, used = np.array(result["curve"]).T
    axes.plot(seen, used / MEGABYTE, label="resident memory above the start")
    axes.axhline(allowed / MEGABYTE, color="tab:gray", linestyle="--", label="3 n² doubles and two chunks")
    axes.set(xlabel=f"rows of {FEATURES} features", ylabel="MB", ylim=(0, 1.2 * allowed / MEGABYTE))
    axes.legend(loc="lower right")
    figure.savefig(picture, dpi=150)
    print(f"drawn to {picture}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--memory", type=int)
    parser.add_argument("--picture", type=Path)
    parser.add_argument("--child", type=int)
    arguments = parser.parse_args()
    if arguments.child is not None:
        memory_child(arguments.child)
    elif arguments.memory is not None:
        memory(arguments.memory, arguments.picture)
    else:
        for dtype in (np.float64, np.float32):
            with tempfile.TemporaryDirectory() as folder:
                files(Path(folder), arguments.rows, dtype)
        dask_overhead(arguments.rows)


if __name__ == "__main__":
    main()
