"""What is wrong with a source is named by its file and row; there is never a wrong number."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from haarwire import DataError, FileError, Moments, ParameterError
from haarwire.datasets import Dataset, split_source
from haarwire.moments.conditioning import IllConditionedWarning
from haarwire.moments.sources import open_source
from haarwire.moments.sources import source as source_module
from sources import (
    arrays,
    samples,
    write_csv,
    write_feather,
    write_hdf5,
    write_npy,
    write_npz,
    write_npz_compressed,
    write_parquet,
    write_zarr,
)


@pytest.mark.parametrize("write", [write_npy, write_npz, write_parquet, write_zarr, write_hdf5, arrays])
def test_a_missing_value_is_named_by_file_and_row(write, tmp_path) -> None:
    X, Y = samples()
    X[2777, 3] = np.nan
    source, options = write(tmp_path, X, Y)
    file, row = (
        (str(tmp_path / "tables/part-3.parquet"), 527) if write is write_parquet else (str(source), 2777)
    )
    file = "the arrays" if write is arrays else file
    with pytest.raises(DataError) as error:
        Moments.from_source(source, **options)
    assert error.value.what == f"X of {file} is nan at row {row}, column 3."


def test_a_missing_value_ten_million_rows_on(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(source_module, "_PIECE_ELEMENTS", 2**20)
    path = tmp_path / "long.npy"
    table = np.lib.format.open_memmap(path, "w+", np.uint8, (10**7 + 5, 2))  # a file of holes
    table.flush()
    rows = np.lib.format.open_memmap(tmp_path / "y.npy", "w+", np.float32, (10**7 + 5,))
    rows[10**7] = np.nan
    rows.flush()
    with pytest.raises(DataError) as error:
        Moments.from_source(path, y=str(tmp_path / "y.npy"))
    assert error.value.what == f"Y of {path} is nan at row 10000000, column 0."


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])


def scramble(path: Path) -> None:
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 200] = bytes(255 - b for b in content[middle : middle + 200])
    path.write_bytes(bytes(content))


@pytest.mark.parametrize("write", [write_npy, write_npz, write_npz_compressed, write_parquet, write_hdf5])
def test_a_file_that_was_cut_off_is_named(write, tmp_path) -> None:
    source, options = write(tmp_path, *samples())
    file = tmp_path / "tables/part-2.parquet" if write is write_parquet else Path(str(source))
    truncate(file)
    with pytest.raises(FileError) as error:
        Moments.from_source(source, **options)
    assert str(file) in error.value.what


@pytest.mark.parametrize("write", [write_npz, write_npz_compressed, write_zarr, write_parquet, write_hdf5])
def test_damage_in_the_middle_is_found(write, tmp_path) -> None:
    source, options = write(tmp_path, *samples())
    file = tmp_path / "tables/part-2.parquet" if write is write_parquet else Path(str(source))
    if write is write_zarr:
        truncate(tmp_path / "store.zarr/x/c/5/0")
    else:
        scramble(file)
    # Damaged numbers may be NaN before the checksum at the end of the file is reached.
    with pytest.raises((FileError, DataError)) as error:
        Moments.from_source(source, **options)
    assert str(file) in error.value.what


def test_missing_chunks_are_not_read_as_zeros(tmp_path) -> None:
    X, Y = samples()
    source, _ = write_zarr(tmp_path, X, Y)
    (tmp_path / "store.zarr/x/c/5/0").unlink()
    with pytest.raises(FileError, match=r"1 of the 20 chunks .* are missing"):
        Moments.from_source(source)
    h5py = pytest.importorskip("h5py", reason="needs the io extra")
    with h5py.File(tmp_path / "d.h5", "w") as file:
        file.create_dataset("x", (100, 2), chunks=(10, 2), dtype=float)[:50] = 1.0
        file["y"] = np.arange(100.0)
    with pytest.raises(FileError, match=r"5 of the 10 chunks .* are missing"):
        Moments.from_source(tmp_path / "d.h5")


@pytest.mark.parametrize(
    ("source", "options", "error", "message"),
    [
        (7, {}, ParameterError, "cannot be read from a int"),
        ("none.npz", {}, FileError, "There is no file none.npz"),
        ("data.txt", {}, FileError, "of no known kind"),
        ("/dev/null", {}, FileError, "neither a file nor a folder"),
        ((np.ones((3, 2)), np.ones(4)), {}, DataError, "have 3 and 4 rows"),
        ((np.ones((3, 2)), np.ones(3)), {"x": "a"}, ParameterError, "x='a' does not apply"),
        ((np.ones((3, 2)), np.ones(3)), {"filters": [("a", ">", 1)]}, ParameterError, "does not apply"),
        ([], {}, DataError, "no sample with a weight above zero"),
        ([np.ones((3, 2))], {}, DataError, "Batch 0 is a ndarray"),
        ((np.ones((3, 2)), np.ones(3)), {"accuracy": "best"}, ParameterError, "accuracy is 'best'"),
        ((np.ones((3, 2)), [np.nan, 1.0, 2.0]), {"one_hot": True}, DataError, "row 0 is missing"),
        ((np.ones((3, 2)), np.array(["a", None, "b"])), {"one_hot": True}, DataError, "row 1 is missing"),
        ((np.ones((3, 2)), np.ones((3, 2))), {"one_hot": True}, DataError, "Labels.* have shape"),
        ((np.ones((3, 2)), np.ones(3)), {"one_hot": [1, 1]}, DataError, "of which 1 differ"),
        (
            [(np.ones((2, 2)), ["a", "b"]), (np.ones((1, 2)), [1])],
            {"one_hot": True},
            DataError,
            "another kind",
        ),
        ((np.ones((3, 2)), np.ones(3)), {"one_hot": None}, ParameterError, "one_hot is None"),
        ((np.ones((3, 2)), np.ones(3)), {"one_hot": "auto"}, ParameterError, "one_hot is 'auto'"),
        ((np.ones((3, 2)), np.ones(3)), {"one_hot": 1}, ParameterError, "one_hot is 1"),
        ((np.ones((3, 2)), np.array(["a", "", "b"])), {"one_hot": True}, DataError, "row 1 is missing"),
        ({"a": np.ones((3, 2))}, {}, DataError, "Which array of the group is x"),
        ({"x": np.ones((3, 2)), "y": np.ones(3)}, {"sample_weight": "w"}, DataError, "no array called 'w'"),
    ],
)
def test_bad_sources(source, options, error, message, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("data.txt").touch()
    if isinstance(source, tuple):
        source = tuple(np.asarray(A) for A in source)
    with pytest.raises(error, match=message):
        Moments.from_source(source, **options)


def test_names_that_are_nearly_right(tmp_path) -> None:
    np.savez(tmp_path / "d.npz", pixels=np.ones((3, 2)), labels=np.arange(3))
    with pytest.raises(DataError, match=r"Which array of .*d.npz is x.* pixels, labels") as error:
        Moments.from_source(tmp_path / "d.npz")
    assert 'x="NAME", y="NAME" (--x NAME --y NAME on the command line)' in error.value.remedy
    pytest.importorskip("pyarrow", reason="needs the io extra")
    (tmp_path / "t.csv").write_text("age,size,price\n1,2,3\n2,1,4\n")
    with pytest.raises(DataError, match=r"Which column of .* is the target") as error:
        Moments.from_source(tmp_path / "t.csv")
    assert error.value.remedy == "name it: y='price' (--y price on the command line)."
    with pytest.raises(DataError, match="did you mean 'price'"):
        Moments.from_source(tmp_path / "t.csv", y="prise")


def test_no_pickle_is_read(tmp_path) -> None:
    np.savez(tmp_path / "d.npz", x=np.array([{}], dtype=object), y=np.arange(1))
    with pytest.raises(FileError, match="dtype object"):
        Moments.from_source(tmp_path / "d.npz")
    np.save(tmp_path / "d.npy", np.array([{}], dtype=object))
    with pytest.raises(FileError, match="cannot be read"):
        Moments.from_source(tmp_path / "d.npy", y=0)


def test_an_error_of_a_batch_ends_the_reading() -> None:
    seen = []

    def stream() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for i in range(100):
            seen.append(i)
            yield np.full((2, 2), np.nan if i == 3 else 1.0), np.ones(2)

    with pytest.raises(DataError, match="X of batch 3 is nan at row 0"):
        Moments.from_source(stream())
    assert len(seen) <= 5  # one is read ahead


def test_an_error_of_the_stream_is_raised() -> None:
    def stream() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        yield np.ones((2, 2)), np.ones(2)
        raise OSError("the network is gone")

    with pytest.raises(OSError, match="the network is gone"):
        Moments.from_source(stream())


def test_no_rows_are_lost_between_announcement_and_reading() -> None:
    from haarwire.moments.sources import Source

    parts = open_source((np.ones((5, 2)), np.arange(5))).parts
    with pytest.raises(DataError, match="gave 5 rows, where 6 were announced"):
        Moments.from_source(Source("it", parts, 6), accuracy="gram")


def test_numbers_that_are_not_in_the_file(tmp_path) -> None:
    h5py = pytest.importorskip("h5py", reason="needs the io extra")
    with h5py.File(tmp_path / "never.h5", "w") as file:
        file.create_dataset("x", (100, 2), dtype=float)
        file["y"] = np.arange(100.0)
    with pytest.raises(FileError, match=r"1 of the 1 chunks .*never.h5 are missing"):
        Moments.from_source(tmp_path / "never.h5")
    secret = tmp_path / "secret"
    secret.write_bytes(bytes(1600))
    with h5py.File(tmp_path / "outside.h5", "w") as file:
        file.create_dataset("x", (100, 2), dtype=float, external=[(str(secret), 0, 1600)])
        file["y"] = np.arange(100.0)
    with pytest.raises(FileError, match=r"/x of .*outside.h5 has its numbers in other files"):
        Moments.from_source(tmp_path / "outside.h5")
    layout = h5py.VirtualLayout((100, 2), float)
    layout[:] = h5py.VirtualSource(tmp_path / "gone.h5", "x", (100, 2))
    with h5py.File(tmp_path / "virtual.h5", "w") as file:
        file.create_virtual_dataset("x", layout)
        file["y"] = np.arange(100.0)
    with pytest.raises(FileError, match=r"/x of .*virtual.h5 has its numbers in other files"):
        Moments.from_source(tmp_path / "virtual.h5")


def test_text_that_is_not_in_utf8(tmp_path) -> None:
    pytest.importorskip("pyarrow", reason="needs the io extra")
    (tmp_path / "t.csv").write_bytes(b"a,y\n1,u\n2,\xff\n")
    with pytest.raises(FileError, match=r"t.csv cannot be read.*UTF"):
        Moments.from_source(tmp_path / "t.csv", one_hot=True)
    (tmp_path / "t.csv").write_bytes(b"a\xff,y\n1,2\n")
    with pytest.raises(FileError, match=r"t.csv cannot be read.*utf"):
        Moments.from_source(tmp_path / "t.csv")


def test_arrow_files_whose_buffers_are_damaged(tmp_path) -> None:
    pa = pytest.importorskip("pyarrow", reason="needs the io extra")
    from pyarrow import feather

    codes = pa.DictionaryArray.from_arrays(pa.array([0, 1, 1], pa.int32()), pa.array(["u", "v"]))
    feather.write_feather(
        pa.table({"a": np.arange(3.0), "y": codes}), tmp_path / "t.arrow", compression="uncompressed"
    )
    content = (tmp_path / "t.arrow").read_bytes()
    at = content.index(np.array([0, 1, 1], np.int32).tobytes())
    (tmp_path / "t.arrow").write_bytes(content[:at] + b"\xff\xff\xff\x7f" + content[at + 4 :])
    with pytest.raises(FileError, match=r"t.arrow cannot be read from row 0 on: .*ut of bounds"):
        Moments.from_source(tmp_path / "t.arrow", one_hot=True)


class LostConnection:
    """A file of a machine that is gone after some bytes."""

    def __init__(self, file: Any, left: int) -> None:
        self._file, self._left = file, left

    def read(self, size: int = -1) -> bytes:
        content: bytes = self._file.read(size)
        self._left -= len(content)
        if self._left < 0:
            raise ConnectionResetError("the other side is gone")
        return content

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


@pytest.mark.parametrize("write", [write_npz, write_npz_compressed, write_csv, write_hdf5, write_feather])
def test_a_lost_connection(write, tmp_path, monkeypatch) -> None:
    fsspec = pytest.importorskip("fsspec", reason="needs the io extra")
    source, options = write(tmp_path, *samples())
    memory = fsspec.filesystem("memory")
    memory.put(str(tmp_path) + "/", "/lost", recursive=True)
    opened = type(memory)._open

    def losing(self: Any, path: str, *rest: Any, **more: Any) -> LostConnection:
        return LostConnection(opened(self, path, *rest, **more), 50_000)

    monkeypatch.setattr(type(memory), "_open", losing)
    try:
        with pytest.raises(FileError, match="cannot be read") as error:
            Moments.from_source(f"memory://lost/{Path(str(source)).name}", **options)
    finally:
        memory.rm("/lost", recursive=True)
    assert "lost connection" in error.value.cause


def test_chunks_that_are_too_many_to_be_true(tmp_path) -> None:
    source, _ = write_zarr(tmp_path, *samples())
    metadata = tmp_path / "store.zarr/x/zarr.json"
    described = json.loads(metadata.read_text("utf-8"))
    described["shape"][0] = 2**40
    metadata.write_text(json.dumps(described), "utf-8")
    with pytest.raises(FileError, match=r"store.zarr has an array of 66\d* chunks, too many"):
        Moments.from_source(source)


def test_numbers_of_a_type_that_numpy_has_not(tmp_path) -> None:
    h5py = pytest.importorskip("h5py", reason="needs the io extra")
    kind = h5py.h5t.IEEE_F64LE.copy()
    kind.set_ebias(10**6)
    with h5py.File(tmp_path / "odd.h5", "w") as file:
        stored = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        stored.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
        h5py.h5d.create(file.id, b"x", kind, h5py.h5s.create_simple((5, 2)), stored)
        file["y"] = np.arange(5.0)
    with pytest.raises(FileError, match=r"odd.h5 cannot be read: Insufficient precision"):
        Moments.from_source(tmp_path / "odd.h5")


class Raising:
    """An array of somebody's own."""

    shape, dtype = (3, 2), np.dtype(float)

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __getitem__(self, rows: slice) -> np.ndarray:
        raise self.error


@pytest.mark.parametrize("error", [MemoryError(), NameError("name 'x' is not defined")])
def test_errors_in_samples_in_memory_are_no_damage(error) -> None:
    with pytest.raises(type(error)) as caught:
        Moments.from_source((Raising(error), np.ones(3)))
    assert caught.value is error


def test_a_lack_of_memory_is_told_as_one(tmp_path, monkeypatch) -> None:
    source, options = write_npy(tmp_path, *samples())

    def full(*_: object, **__: object) -> None:
        raise MemoryError("Unable to allocate 9 GiB")

    monkeypatch.setattr(np, "load", full)
    with pytest.raises(FileError, match=r"X.npy cannot be read: there is not enough memory. Unable") as error:
        Moments.from_source(source, **options)
    assert error.value.remedy == "free memory, or write the file anew in smaller chunks."


def test_a_package_that_is_missing_is_told_as_one(tmp_path, monkeypatch) -> None:
    source, options = write_npy(tmp_path, *samples())

    def missing(*_: object, **__: object) -> None:
        raise ImportError("No module named 'lz4'")

    monkeypatch.setattr(np, "load", missing)
    with pytest.raises(ImportError, match="lz4"):
        Moments.from_source(source, **options)


def test_lists_in_a_group() -> None:
    assert Moments.from_source({"x": [[1.0], [2.0]], "y": [1, 2]}).count == 2


def test_a_reader_of_record_batches_is_used_up_by_a_pass() -> None:
    pa = pytest.importorskip("pyarrow", reason="needs the io extra")
    X, _ = samples()
    table = pa.table({"a": X[:, 0], "b": X[:, 0] + 1e-9 * X[:, 1], "y": X[:, 2]})
    with pytest.warns(IllConditionedWarning, match="cannot be read again"):
        assert Moments.from_source(table.to_reader(500)).count == len(X)
    split = split_source(table.to_reader(500))
    assert sum(fold.count for fold in split.folds) + len(split.test.X) == len(X)


def test_single_arrays_are_no_samples(tmp_path) -> None:
    pa = pytest.importorskip("pyarrow", reason="needs the io extra")
    with pytest.raises(DataError, match="Batch 0 is a DoubleScalar"):
        Moments.from_source(pa.array([1.0, 2.0]))
    h5py = pytest.importorskip("h5py", reason="needs the io extra")
    with h5py.File(tmp_path / "d.h5", "w") as file:
        file["x"] = np.ones((4, 2))
        with pytest.raises(DataError, match="Batch 0 is a ndarray"):
            Moments.from_source(file["x"])


@pytest.mark.parametrize("name", ["--1", "\u00b2", "1_0"])
def test_names_that_look_like_numbers(name, tmp_path) -> None:
    np.save(tmp_path / "d.npy", np.arange(12.0).reshape(4, 3))
    with pytest.raises(DataError, match=f"no column '{name}'"):
        Moments.from_source(tmp_path / "d.npy", y=name)


def test_no_targets(tmp_path) -> None:
    np.save(tmp_path / "d.npy", np.arange(12.0).reshape(4, 3))
    with pytest.raises(DataError, match=r"y=\[\] names no column of .*d.npy"):
        Moments.from_source(tmp_path / "d.npy", y=[])


def test_an_array_stored_by_columns(tmp_path) -> None:
    np.savez(tmp_path / "d.npz", x=np.asfortranarray(np.ones((4, 3))), y=np.ones(4))
    with pytest.raises(FileError, match="stored by columns") as error:
        Moments.from_source(tmp_path / "d.npz")
    assert error.value.cause == "a transposed array, whose rows are not together in the file."


class Missing:
    """As pandas.NA: neither equal to anything nor different."""

    def __eq__(self, other: object) -> Any:
        return self

    def __ne__(self, other: object) -> Any:
        return self

    def __bool__(self) -> bool:
        raise TypeError("boolean value of NA is ambiguous")

    __hash__ = None  # type: ignore[assignment]


def test_missing_labels_of_every_kind() -> None:
    for none in (None, float("nan"), "", Missing()):
        labels = np.array(["a", none, "b"], dtype=object)
        with pytest.raises(DataError, match="at row 1 is missing"):
            Moments.from_source((np.ones((3, 2)), labels), one_hot=True)
        with pytest.raises(DataError, match="the label of sample 1 of data is missing"):
            Dataset.from_arrays(np.ones((3, 2)), labels)
