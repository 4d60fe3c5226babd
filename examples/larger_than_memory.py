"""Moments of files, a checkpoint, a second machine's worth of workers, and the answer saved for later.

python examples/larger_than_memory.py    (needs the extras io and dask)
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from distributed import Client, LocalCluster

import haarwire as hw
from haarwire.saving import load, save


def main() -> None:
    rep = hw.groups.image_rotations(8)
    data = hw.datasets.digits()
    labels = data.Y.argmax(axis=1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "images").mkdir()
        for i, rows in enumerate(np.array_split(np.arange(len(labels)), 8)):
            pixels = pa.FixedSizeListArray.from_arrays(pa.array(data.X[rows].ravel()), 64)
            table = pa.table({"x": pixels, "label": labels[rows]})
            pq.write_table(table, folder / "images" / f"{i}.parquet")

        # One pass in bounded memory; labels become one-hot on the way.
        moments = hw.Moments.from_source(
            folder / "images", one_hot=True, accuracy="gram", checkpoint=folder / "pass.checkpoint"
        )
        print(moments)

        # Only the 16 invariant coordinates of 64, read by the workers of a cluster.
        subspace = hw.invariant_subspace(rep)
        local = LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0")
        with local as cluster, Client(cluster) as client:
            inner = hw.Moments.from_source(
                folder / "images", one_hot=True, accuracy="gram", basis=subspace.matrix, cluster=client
            )
            split = hw.datasets.split_source(folder / "images", cluster=client)
        print(inner)

        solution = hw.solve(moments, rep, rank=5, approach=hw.Hardwired())
        within = hw.solve(inner, hw.groups.trivial(subspace.dim), rank=5, approach=hw.Plain())
        difference = np.abs(subspace.embed(within.coef) - solution.coef).max()
        print(f"hard-wired from 64 coordinates or from {inner.n_features}: they differ by {difference:.0e}")

        save(solution, folder / "model.safetensors")
        again = load(folder / "model.safetensors")
        print(f"read back: the same predictions, {np.array_equal(again.coef, solution.coef)}")

        print("for moved data:", hw.compare(split, rep, rank=5).verdict["moved"].approach)


if __name__ == "__main__":
    main()
