"""Data sets in NumPy's own formats: the arrays of a .npz file, the columns of a .npy file.

A file that is not what it should be may raise almost anything in NumPy and zipfile, so that whatever comes
from there is taken for damage.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.lib.npyio import NpzFile
from numpy.typing import NDArray

from haarwire.datasets.columns import from_columns, inputs_of
from haarwire.datasets.dataset import Dataset, Targets, labelled
from haarwire.errors import DataError, FileError, HaarwireError
from haarwire.moments.sources.columns import Names, Wanted, array_names

__all__ = ["check_is_file", "load_npy", "load_npz"]

_MAGIC: Final = {".npz": b"PK", ".npy": b"\x93NUMPY"}


def check_is_file(path: Path) -> None:
    """Raise FileError when there is no such file."""
    if not path.is_file():
        raise FileError(
            f"{path} is a folder" if path.is_dir() else f"there is no file {path}",
            cause="a misspelt path, or another working folder",
            remedy="check the path; built-in data have names without an ending",
        )


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Whatever NumPy raises at a damaged file, as an error that names the file."""
    try:
        yield
    except (HaarwireError, ImportError):
        raise
    except MemoryError as error:
        raise FileError(
            f"{path} cannot be read: there is not enough memory. {error}".strip(),
            cause="an array larger than the memory, or a damaged header, which may declare any size",
            remedy="read it in pieces, with Moments.from_source or datasets.split_source",
        ) from error
    except Exception as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: object) -> FileError:
    pickled = "pickle" in str(error).lower() or "Python objects" in str(error)
    return FileError(
        f"{path} cannot be read: {'it holds pickled objects' if pickled else error}",
        cause="object arrays, which could run code when read"
        if pickled
        else "a damaged or incomplete file, or one of another format",
        remedy="save plain arrays, labels as y.astype(int) or y.astype(str): np.savez(path, x=X, y=y)",
    )


def _check_format(path: Path) -> None:
    """Whether the file begins as its ending says."""
    kind = path.suffix.lower()
    try:
        with path.open("rb") as file:
            start = file.read(6)
    except OSError as error:
        raise _unreadable(path, error.strerror or error) from error
    if start.startswith(b"\x80"):
        raise _unreadable(path, "a pickle")
    if not start.startswith(_MAGIC[kind]):
        raise _unreadable(path, f"it is not in NumPy's {kind} format" if start else "it is empty")


def _memory_map(path: Path) -> NDArray[Any]:
    _check_format(path)
    with _reading(path):
        table = np.load(path, allow_pickle=False, mmap_mode="r")
    return np.asarray(table)


@contextmanager
def _archive(path: Path) -> Iterator[NpzFile]:
    _check_format(path)
    # Opened here: NumPy leaves a file of its own open when it turns out to be damaged.
    with path.open("rb") as file:
        with _reading(path):
            archive = np.load(file, allow_pickle=False)
        with archive:
            yield archive


def load_npz(path: Path, x: Names, y: Names, targets: Targets) -> Dataset:
    """Read two arrays of an archive, or four where it has test samples of its own."""
    with _archive(path) as archive:
        names = list(archive.files)
        x_name, y_name = array_names(path.name, names, Wanted(x, y, None))

        def member(name: str) -> NDArray[Any]:
            with _reading(path):
                content = archive[name]
            return np.asarray(content)

        data = Dataset.from_arrays(member(x_name), member(y_name), name=path.stem, targets=targets)
        x_test, y_test = x_name.replace("train", "test"), y_name.replace("train", "test")
        if x_test == x_name or y_test == y_name or not {x_test, y_test} <= set(names):
            return data
        inputs, given = member(x_test), member(y_test)
    kind: Targets = "numbers" if data.classes is None else "labels"
    test = Dataset.from_arrays(inputs, given, name=path.stem, targets=kind)
    if data.classes is not None:
        test = labelled(path.stem, test.X, given.reshape(-1), data.classes)
    for what, a, b in (("features", data.X, test.X), ("targets", data.Y, test.Y)):
        if a.shape[1] != b.shape[1]:
            raise DataError(
                f"{path.name} has training samples of {a.shape[1]} {what} and test samples of {b.shape[1]}",
                cause="training and test arrays of different data",
                remedy="give arrays with the same features and targets",
            )
    return Dataset(data.name, data.X, data.Y, data.classes, test)


def load_npy(path: Path, x: Names, y: Names, targets: Targets) -> Dataset:
    """Read the columns of one array, or inputs from one file and targets from another."""
    table = _memory_map(path)
    if isinstance(y, str) and y.lower().endswith(".npy"):
        check_is_file(Path(y))
        inputs = table if x is None else inputs_of(path, _columns(path, table), x)
        return Dataset.from_arrays(inputs, _memory_map(Path(y)), name=path.stem, targets=targets)
    return from_columns(path, _columns(path, table), x, y, targets)


def _columns(path: Path, table: NDArray[Any]) -> dict[str, NDArray[Any]]:
    if table.dtype.names is not None and table.ndim == 1:
        return {name: table[name] for name in table.dtype.names}
    if table.dtype.names is None and table.ndim == 2:
        return {str(i): table[:, i] for i in range(table.shape[1])}
    raise DataError(
        f"{path.name} has shape {table.shape}: its columns cannot be told",
        cause="an array of images or a flat one, without the targets",
        remedy="name a second file with the targets: --y labels.npy (in Python y='labels.npy'), without x",
    )
