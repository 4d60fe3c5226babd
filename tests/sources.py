"""Samples in every kind of source that Haarwire reads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from haarwire import Moments

N, FEATURES, TARGETS = 3000, 6, 2
NAMES = [f"x{i}" for i in range(FEATURES)]


def samples(offset: float = 0.0, dtype: type = np.float64) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    X = offset + rng.standard_normal((N, FEATURES)) * np.geomspace(0.1, 10, FEATURES)
    return X.astype(dtype), (X[:, :TARGETS] + rng.standard_normal((N, TARGETS))).astype(dtype)


def difference(a: Moments, b: Moments) -> float:
    """Largest difference of scatters, relative to √(S_ii S_jj), and of means."""
    assert (a.n_features, a.count, a.dtype) == (b.n_features, b.count, b.dtype)
    spread = np.sqrt(b.scatter.diagonal())
    means = np.abs(a.mean - b.mean) / (np.abs(b.mean) + spread / np.sqrt(b.count))
    return max(float((np.abs(a.scatter - b.scatter) / np.outer(spread, spread)).max()), float(means.max()))


def table(X: np.ndarray, Y: np.ndarray) -> dict[str, np.ndarray]:
    columns = {name: X[:, i] for i, name in enumerate(NAMES)}
    return columns | {f"t{i}": Y[:, i] for i in range(Y.shape[1])}


TABLE_OPTIONS = {"x": NAMES, "y": ["t0", "t1"]}


def write_npy(folder: Path, X: np.ndarray, Y: np.ndarray) -> tuple[object, dict]:
    np.save(folder / "X.npy", X)
    np.save(folder / "Y.npy", Y)
    return folder / "X.npy", {"y": str(folder / "Y.npy")}


def write_npy_table(folder: Path, X: np.ndarray, Y: np.ndarray) -> tuple[object, dict]:
    np.save(folder / "all.npy", np.hstack([Y[:, :1], X, Y[:, 1:]]))
    return folder / "all.npy", {"y": [0, FEATURES + 1]}


def write_npy_fields(folder: Path, X: np.ndarray, Y: np.ndarray) -> tuple[object, dict]:
    rows = np.empty(len(X), [("pixels", X.dtype, FEATURES), ("t", Y.dtype, TARGETS)])
    rows["pixels"], rows["t"] = X, Y
    np.save(folder / "fields.npy", rows)
    return folder / "fields.npy", {"x": "pixels", "y": "t"}


def write_npz(folder: Path, X: np.ndarray, Y: np.ndarray) -> tuple[object, dict]:
    np.savez(folder / "data.npz", x=X.reshape(len(X), 2, -1), y=Y)
    return folder / "data.npz", {}


def write_npz_compressed(folder: Path, X: np.ndarray, Y: np.ndarray) -> tuple[object, dict]:
    np.savez_compressed(folder / "small.npz", inputs=X, outputs=Y)
    return folder / "small.npz", {"x": "inputs", "y": "outputs"}


def write_parquet(folder: Path, X: np.ndarray, Y: np.ndarray) -> tuple[object, dict]:
    pa = pytest.importorskip("pyarrow", reason="needs the io extra")
    import pyarrow.parquet as pq

    (folder / "tables").mkdir()
    for i, rows in enumerate(np.array_split(np.arange(len(X)), 4)):
        name = folder / "tables" / f"part-{i}.parquet"
        pq.write_table(pa.table(table(X[rows], Y[rows])), name, row_group_size=300, write_page_checksum=True)
    return folder / "tables", TABLE_OPTIONS


def write_parquet_lists(folder: Path, X: np.ndarray, Y: np.ndarray) -> tuple[object, dict]:
    pa = pytest.importorskip("pyarrow", reason="needs the io extra")
    import pyarrow.parquet as pq

    flat = pa.FixedSizeListArray.from_arrays(pa.array(X.ravel()), FEATURES)
    targets = pa.FixedSizeListArray.from_arrays(pa.array(Y.ravel()), TARGETS)
    pq.write_table(pa.table({"image": flat, "target": targets}), folder / "lists.parquet")
    return folder / "lists.parquet", {}


def write_csv(folder: Path, X: np.ndarray, Y: np.ndarray) -> tuple[object, dict]:
    pa = pytest.importorskip("pyarrow", reason="needs the io extra")
    import pyarrow.csv as csv

    for i, rows in enumerate(np.array_split(np.arange(len(X)), 3)):
        csv.write_csv(pa.table(table(X[rows], Y[rows])), folder / f"c{i}.csv")
    return str(folder / "c*.csv"), TABLE_OPTIONS


def write_feather(folder: Path, X: np.ndarray, Y: np.ndarray) -> tuple[object, dict]:
    pa = pytest.importorskip("pyarrow", reason="needs the io extra")
    import pyarrow.feather as feather

    feather.write_feather(pa.table(table(X, Y)), folder / "all.feather", chunksize=500)
    return folder / "all.feather", {"x": ",".join(NAMES), "y": "t0,t1"}


def write_zarr(folder: Path, X: np.ndarray, Y: np.ndarray) -> tuple[object, dict]:
    zarr = pytest.importorskip("zarr", reason="needs the io extra")
    group = zarr.open_group(folder / "store.zarr", mode="w")
    group.create_array("x", data=X, chunks=(333, 4))
    group.create_array("y", data=Y, chunks=(700, 1))
    return folder / "store.zarr", {}


def write_hdf5(folder: Path, X: np.ndarray, Y: np.ndarray) -> tuple[object, dict]:
    h5py = pytest.importorskip("h5py", reason="needs the io extra")
    with h5py.File(folder / "data.h5", "w") as file:
        file.create_dataset("deep/x", data=X, chunks=(100, 3), compression="gzip", fletcher32=True)
        file["y"] = Y
    return folder / "data.h5", {"x": "deep/x", "y": "y"}


def arrays(folder: Path, X: np.ndarray, Y: np.ndarray) -> tuple[object, dict]:
    return (X, Y), {}


def batches(folder: Path, X: np.ndarray, Y: np.ndarray) -> tuple[object, dict]:
    cuts = np.sort(np.random.default_rng(1).integers(0, len(X), 999))
    return ((X[a:b], Y[a:b]) for a, b in zip([0, *cuts], [*cuts, len(X)], strict=True)), {}


def torch_set(folder: Path, X: np.ndarray, Y: np.ndarray) -> tuple[object, dict]:
    torch = pytest.importorskip("torch", reason="needs the torch extra")
    return torch.utils.data.TensorDataset(torch.tensor(X), torch.tensor(Y)), {}


def torch_loader(folder: Path, X: np.ndarray, Y: np.ndarray) -> tuple[object, dict]:
    torch = pytest.importorskip("torch", reason="needs the torch extra")
    data, _ = torch_set(folder, X, Y)
    return torch.utils.data.DataLoader(data, batch_size=128), {}


def arrow_table(folder: Path, X: np.ndarray, Y: np.ndarray) -> tuple[object, dict]:
    pa = pytest.importorskip("pyarrow", reason="needs the io extra")
    return pa.table(table(X, Y)), TABLE_OPTIONS


WRITERS = [
    arrays, batches, write_npy, write_npy_table, write_npy_fields, write_npz, write_npz_compressed,
    write_parquet, write_parquet_lists, write_csv, write_feather, write_zarr, write_hdf5, torch_set,
    torch_loader, arrow_table,
]  # fmt: skip
