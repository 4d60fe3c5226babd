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
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from _runner import Job, Target, machine, race, seconds

from haarwire.moments import Moments

FEATURES, TARGETS = 784, 10
CHUNK = 2675  # rows of 16 MB in float64
MEGABYTE = 2**20
ROUNDS = 5
FLOOR = "X.T @ X, float64, in memory"


def samples(rows: int, dtype: type) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.standard_normal((rows, FEATURES)).astype(dtype), rng.standard_normal((rows, TARGETS)).astype(
        dtype
    )


def chunks(A: np.ndarray) -> Iterator[np.ndarray]:
    return (A[start : start + CHUNK] for start in range(0, len(A), CHUNK))


def npy_alone(path: Path) -> float:
    return sum(float(part[0, 0]) + np.array(part)[-1, -1] for part in chunks(np.load(path, mmap_mode="r")))


def npz_alone(path: Path) -> None:
    with zipfile.ZipFile(path) as archive, archive.open("x.npy") as member:
        while member.read(8 * CHUNK * FEATURES):
            pass


def zarr_alone(path: Path) -> None:
    import zarr

    array = zarr.open_group(path, mode="r")["x"]
    for start in range(0, array.shape[0], CHUNK):
        array[start : start + CHUNK]


def arrow_alone(path: Path) -> None:
    import pyarrow.dataset as ds

    for _ in ds.dataset(path, format=path.suffix[1:]).to_batches(batch_size=CHUNK, batch_readahead=1):
        pass


def plain_loop(path: Path) -> np.ndarray:
    """What one writes by hand: read a chunk, multiply, add. Uncentred, one thread of reading."""
    total = np.zeros((FEATURES, FEATURES))
    for part in chunks(np.load(path, mmap_mode="r")):
        Z = np.asarray(part, np.float64)
        total += Z.T @ Z
    return total


class Kind(NamedTuple):
    """A file, what reads it without Haarwire, and options that say what is in it."""

    path: Path
    alone: Callable[[Path], object]
    options: dict[str, Any]


def written(folder: Path, X: np.ndarray, Y: np.ndarray) -> dict[str, Kind]:
    """The same samples in files of every kind, uncompressed but for one."""
    np.save(folder / "X.npy", X)
    np.save(folder / "Y.npy", Y)
    np.savez(folder / "data.npz", x=X, y=Y)
    np.savez_compressed(folder / "small.npz", x=X, y=Y)
    kinds = {
        ".npy": Kind(folder / "X.npy", npy_alone, {"y": str(folder / "Y.npy")}),
        ".npz": Kind(folder / "data.npz", npz_alone, {}),
        ".npz, compressed": Kind(folder / "small.npz", npz_alone, {}),
    }
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
        import zarr
        from pyarrow import feather
    except ImportError:
        print("without pyarrow and zarr: install the 'io' extra to see them")
        return kinds
    group = zarr.open_group(folder / "store.zarr", mode="w")
    group.create_array("x", data=X, chunks=(CHUNK, FEATURES), compressors=None)
    group.create_array("y", data=Y, chunks=(CHUNK, TARGETS), compressors=None)
    kinds[".zarr"] = Kind(folder / "store.zarr", zarr_alone, {})
    columns = {f"x{i}": X[:, i] for i in range(FEATURES)} | {f"y{i}": Y[:, i] for i in range(TARGETS)}
    flat = pa.FixedSizeListArray.from_arrays(pa.array(X.ravel()), FEATURES)
    targets = pa.FixedSizeListArray.from_arrays(pa.array(Y.ravel()), TARGETS)
    names = {"x": list(columns)[:FEATURES], "y": list(columns)[FEATURES:]}
    for shape, table, options in (
        ("794 columns", pa.table(columns), names),
        ("a list a row", pa.table({"x": flat, "y": targets}), {}),
    ):
        path = folder / f"{len(table.schema)}"
        how = {"row_group_size": 4 * CHUNK, "compression": "none", "use_dictionary": False}
        pq.write_table(table, path.with_suffix(".parquet"), **how)
        feather.write_feather(
            table, path.with_suffix(".feather"), compression="uncompressed", chunksize=CHUNK
        )
        kinds[f"Parquet, {shape}"] = Kind(path.with_suffix(".parquet"), arrow_alone, options)
        kinds[f"Arrow, {shape}"] = Kind(path.with_suffix(".feather"), arrow_alone, options)
    return kinds


def files(folder: Path, rows: int, dtype: type) -> None:
    X, Y = samples(rows, dtype)
    X64 = X.astype(np.float64)
    kinds = written(folder, X, Y)
    jobs = {
        FLOOR: Job(lambda: X64.T @ X64),
        "NumPy loop over .npy": Job(lambda: plain_loop(folder / "X.npy"), FLOOR),
        "Moments.from_arrays": Job(lambda: Moments.from_arrays(X, Y), FLOOR),
    }
    for name, kind in kinds.items():
        options = kind.options | {"accuracy": "gram"}
        jobs[f"{name}: decoding alone"] = Job(partial(kind.alone, kind.path), FLOOR)
        jobs[f"{name}: from_source"] = Job(partial(Moments.from_source, kind.path, **options), FLOOR)
    options = kinds[".npy"].options | {"accuracy": "qr"}
    jobs[".npy: from_source, qr"] = Job(partial(Moments.from_source, folder / "X.npy", **options), FLOOR)
    title = f"{rows} rows × {FEATURES} features in the page cache, {np.dtype(dtype).name}"
    race(title, jobs, rounds=ROUNDS, targets=targets(title, jobs))
    processor_time(title, jobs)


def targets(title: str, jobs: dict[str, Job]) -> list[Target]:
    """80 % of the throughput of the product in memory, for every format without compression."""
    names = [n for n in jobs if n.endswith(": from_source") and "compressed" not in n]
    return [
        Target(
            f"{n}, {title.rsplit(', ', maxsplit=1)[-1]}",
            n,
            FLOOR,
            at_most=1.25,
            limit="decoding, see Scaling",
        )
        for n in names
    ]


def processor_time(title: str, jobs: dict[str, Job]) -> None:
    """The same in seconds of processors, which other work on the machine does not take away."""
    spent: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(ROUNDS):
        for name, job in jobs.items():
            started = time.process_time()
            job.run()
            spent[name].append(time.process_time() - started)
    print(f"{title}; processor time, {ROUNDS} rounds")
    for name, taken in spent.items():
        ratio = np.array(taken) / spent[FLOOR]
        spread = f"{np.median(ratio):.3g} ({ratio.min():.3g}–{ratio.max():.3g})"
        print(f"{name:44}{np.median(taken):9.3f}s   {spread}")
    print()


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
    axes.plot(seen / 1e6, used / MEGABYTE, label="resident memory above the start")
    axes.axhline(allowed / MEGABYTE, color="tab:gray", linestyle="--", label="3 n² doubles and two chunks")
    axes.set(xlabel=f"million rows of {FEATURES} features", ylabel="MB", ylim=(0, 1.2 * allowed / MEGABYTE))
    axes.legend(loc="lower right")
    figure.savefig(picture, dpi=150)
    print(f"drawn to {picture}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--memory", type=int)
    parser.add_argument("--picture", type=Path)
    parser.add_argument("--child", type=int)
    arguments = parser.parse_known_args()[0]
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
