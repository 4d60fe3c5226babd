"""Small valid files, in parts that are damaged apart from each other."""

from __future__ import annotations

import struct
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

import haarwire as hw
from haarwire.saving import save
from haarwire.training.checkpoint import save_checkpoint

from . import packing
from .packing import Parts

__all__ = ["Seed", "seeds_of"]

N = 6


@dataclass(frozen=True)
class Seed:
    """Parts of files, how they become files, and what the loader is told beside the path."""

    parts: Parts
    pack: Callable[[Parts], Parts] = packing.as_they_are
    options: tuple[tuple[str, Any], ...] = ()


def seeds_of(loader: str) -> list[Seed]:
    """The valid inputs of a loader."""
    with tempfile.TemporaryDirectory() as folder:
        return list(_MAKERS[loader](Path(folder)))


def _samples() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.standard_normal((N, 3)), rng.integers(0, 3, N)


def _npy(array: Any) -> bytes:
    buffer = BytesIO()
    np.save(buffer, array, allow_pickle=True)
    return buffer.getvalue()


def _tables() -> Iterator[Seed]:
    X, y = _samples()
    rows = np.zeros(N, [("a", "f8", 2), ("y", "i4")])
    rows["a"] = X[:, :2]
    yield Seed({"f.npy": _npy(np.column_stack([X, y]))}, options=(("y", "3"),))
    yield Seed(
        {"f.npy": _npy(np.asfortranarray(np.column_stack([X, y]).astype("f4")))}, options=(("y", "0"),)
    )
    yield Seed({"f.npy": _npy(rows)})
    yield Seed({"f.npy": _npy((X * 9).astype(np.uint8)), "y.npy": _npy(y)}, options=(("y", "y.npy"),))
    yield Seed({"f.npy": _npy(np.array([{}, None], dtype=object))}, options=(("y", "0"),))


def _archives() -> Iterator[Seed]:
    X, y = _samples()
    members = {"x.npy": _npy(X), "y.npy": _npy(y)}
    bytes_ = {"x.npy": _npy((X * 9).astype(np.uint8).reshape(N, 3, 1)), "y.npy": _npy(y.astype("f4"))}
    both = {
        "x_train.npy": _npy(X),
        "y_train.npy": _npy(y),
        "x_test.npy": _npy(X[:2]),
        "y_test.npy": _npy(y[:2]),
    }
    for parts in (members, bytes_, both):
        for pack in (packing.stored, packing.deflated):
            yield Seed(parts, pack)
            yield Seed(pack(parts))


def _arrow_table() -> Any:
    import pyarrow as pa

    X, y = _samples()
    lists = pa.FixedSizeListArray.from_arrays(pa.array(X.ravel().astype("f4")), 3)
    return pa.table({"a": X[:, 0], "b": pa.array((X[:, 1] * 9).astype(np.int8)), "l": lists, "y": y})


def _labels() -> Any:
    import pyarrow as pa

    X, y = _samples()
    names = pa.array([f"class {v}" for v in y])
    return pa.table({"a": X[:, 0], "y": names.dictionary_encode(), "w": pa.array([1.0] * (N - 1) + [None])})


def _parquet(folder: Path) -> Iterator[Seed]:
    import pyarrow.parquet as pq

    cases = (
        (_arrow_table(), {"compression": "none"}, ()),
        (_arrow_table(), {"compression": "zstd", "write_page_checksum": True, "row_group_size": 3}, ()),
        (_arrow_table(), {"compression": "snappy", "use_dictionary": False, "data_page_version": "2.0"}, ()),
        (_labels(), {"compression": "none"}, (("x", "a"), ("one_hot", True))),
    )
    for table, how, options in cases:
        pq.write_table(table, folder / "t", **how)
        content = (folder / "t").read_bytes()
        yield Seed({"f.parquet": content}, options=options)
        (length,) = struct.unpack("<I", content[-8:-4])
        parts = {"pages": content[: -8 - length], "footer": content[-8 - length : -8]}
        yield Seed(parts, packing.parquet, options)


def _arrow(folder: Path) -> Iterator[Seed]:
    from pyarrow import feather

    for table, options in ((_arrow_table(), ()), (_labels(), (("x", "a"), ("one_hot", True)))):
        for compression in ("uncompressed", "lz4"):
            feather.write_feather(table, folder / "t", compression=compression)
            yield Seed({"f.arrow": (folder / "t").read_bytes()}, options=options)


def _texts() -> Iterator[Seed]:
    X, y = _samples()
    rows = [",".join(map(str, [*x.round(3), label])) for x, label in zip(X, y, strict=True)]
    yield Seed({"f.csv": "\n".join(["a,b,c,y", *rows]).encode()})
    yield Seed(
        {"f.csv": "\r\n".join(['a,"b,c",label', *['1,"2",u', "3e5,-4,v"]]).encode()},
        options=(("one_hot", True),),
    )
    yield Seed({"f.csv": b"a,target\n1,\n,2\n"})


def _zarr(folder: Path) -> Iterator[Seed]:
    import zarr

    X, y = _samples()
    for number, (version, compressors) in enumerate(((3, None), (3, "auto"), (2, "auto"))):
        path = folder / f"{number}.zarr"
        group = zarr.open_group(path, mode="w", zarr_format=version)
        group.create_array("x", data=X, chunks=(3, 3), compressors=compressors)
        group.create_array("y", data=y, chunks=(N,), compressors=compressors)
        yield Seed({f"f.zarr/{p.relative_to(path)}": p.read_bytes() for p in path.rglob("*") if p.is_file()})


def _hdf5(folder: Path) -> Iterator[Seed]:
    import h5py

    X, y = _samples()
    for number, (latest, how) in enumerate(
        (("earliest", {}), ("latest", {"chunks": (3, 3), "compression": "gzip", "fletcher32": True}))
    ):
        path = folder / f"{number}.h5"
        with h5py.File(path, "w", libver=latest) as file:
            file.create_dataset("x", data=X, **how)
            file["y"] = y
        yield Seed({"f.h5": path.read_bytes()})


def _cut_in_two(content: bytes) -> Parts:
    (length,) = struct.unpack("<Q", content[:8])
    return {"header": content[8 : 8 + length], "body": content[8 + length :]}


class _CutOffError(Exception):
    pass


def _stop(rows: int, _total: int | None) -> None:
    if rows >= 4:
        raise _CutOffError


def batches() -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The stream whose checkpoints are damaged."""
    X, y = _samples()
    return iter([(X[i : i + 2], y[i : i + 2]) for i in range(0, N, 2)])


def _checkpoints(folder: Path) -> Iterator[Seed]:
    path = folder / "c"
    for options in ({}, {"one_hot": True}, {"accuracy": "qr"}):
        told = {"accuracy": "gram", "chunk_rows": 4, **options}
        try:
            hw.Moments.from_source(batches(), **told, checkpoint=path, checkpoint_every=0.0, progress=_stop)
        except _CutOffError:
            content = path.read_bytes()
            path.unlink()
            yield Seed({"f": content}, options=tuple(told.items()))
            yield Seed(_cut_in_two(content), packing.safetensors, tuple(told.items()))


def _training(folder: Path) -> Iterator[Seed]:
    state = {
        "step": np.array(3),
        "active": np.arange(2),
        "weights.0": _samples()[0],
        "names": np.array(["a"]),
    }
    save_checkpoint(folder / "t.npz", state, "mark")
    content = (folder / "t.npz").read_bytes()
    yield Seed({"f.npz": content})
    with zipfile.ZipFile(folder / "t.npz") as archive:
        yield Seed({name: archive.read(name) for name in archive.namelist()}, packing.stored)


def _saved(folder: Path) -> Iterator[Seed]:
    X, y = _samples()
    moments = hw.Moments.from_arrays(X, y, accuracy="qr")
    rep = hw.groups.cyclic_shifts(3)
    for value in (moments, hw.solve(moments, rep, approach=hw.Plain()), rep):
        save(value, folder / "s")
        content = (folder / "s").read_bytes()
        yield Seed({"f": content})
        yield Seed(_cut_in_two(content), packing.safetensors)


def _generators() -> Iterator[Seed]:
    turn = np.array([[0.0, -1.0], [1.0, 0.0]])
    for parts in (
        {"shift.npy": _npy(np.array([1, 2, 0])), "flip.npy": _npy(np.diag([1.0, -1.0, 1.0]))},
        {"g.npy": _npy(np.stack([turn, -np.eye(2)])), "algebra_0.npy": _npy(turn)},
        {"p.npy": _npy(np.array([1, 0], np.uint8)), "o.npy": _npy(np.array([{}], dtype=object))},
    ):
        yield Seed(parts, packing.stored)
        yield Seed(packing.stored(parts))


def _names() -> Iterator[Seed]:
    for text in hw.groups.naming.EXAMPLES.values():
        name, _, arguments = text.encode().partition(b":")
        yield Seed({"name": name, "arguments": arguments}, packing.joined)
    yield Seed({"name": b"none.npz"})


_MAKERS: dict[str, Callable[[Path], Iterator[Seed]]] = {
    "npy": lambda _: _tables(),
    "npz": lambda _: _archives(),
    "parquet": _parquet,
    "arrow": _arrow,
    "csv": lambda _: _texts(),
    "zarr": _zarr,
    "hdf5": _hdf5,
    "checkpoint": _checkpoints,
    "saved": _saved,
    "training": _training,
    "generators": lambda _: _generators(),
    "names": lambda _: _names(),
    "dataset_npy": lambda _: _tables(),
    "dataset_npz": lambda _: _archives(),
    "dataset_csv": lambda _: _texts(),
}
