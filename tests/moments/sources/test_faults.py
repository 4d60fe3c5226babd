"""What is wrong with a source is named by its file and row; there is never a wrong number."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from haarwire import DataError, FileError, Moments, ParameterError
from haarwire.moments.sources import open_source
from sources import (
    arrays,
    samples,
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


@pytest.mark.parametrize("write", [write_npz, write_npz_compressed, write_zarr])
def test_damage_in_the_middle_is_found(write, tmp_path) -> None:
    source, options = write(tmp_path, *samples())
    file = Path(str(source))
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
    with pytest.raises(DataError, match=r"Which array of .*d.npz is x.* pixels, labels"):
        Moments.from_source(tmp_path / "d.npz")
    pytest.importorskip("pyarrow", reason="needs the io extra")
    (tmp_path / "t.csv").write_text("age,size,price\n1,2,3\n2,1,4\n")
    with pytest.raises(DataError, match=r"Which column of .* is the target"):
        Moments.from_source(tmp_path / "t.csv")
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
