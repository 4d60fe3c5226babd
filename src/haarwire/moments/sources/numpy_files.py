"""NumPy's own files: .npy is mapped to memory, .npz read as a stream, compressed or not.

A file that is not what it should be may raise almost anything in NumPy and zipfile (tokenize's errors and
overflows among them), so that whatever comes from there is taken for damage.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, final

import numpy as np
from numpy.typing import NDArray

from haarwire.errors import DataError, FileError
from haarwire.moments.sources.arrays import Arrays, array_parts
from haarwire.moments.sources.columns import Wanted, array_names, split_columns
from haarwire.moments.sources.filesystems import Location
from haarwire.moments.sources.source import (
    Part,
    Parts,
    Piece,
    check_rows,
    reading,
    rows_of_piece,
    unreadable,
)

__all__ = ["npy_parts", "npz_parts"]

_READ_BYTES: Final = 2**18
"""Bytes decompressed at a time: they stay in the cache until they are copied."""


def npy_parts(location: Location, path: str, wanted: Wanted) -> Parts:
    """The parts of a .npy file: inputs, with targets in a second file called y, or columns of both."""
    if location.filesystem is not None:
        raise FileError(
            f"{path} is not on this machine, and a .npy file is mapped to memory.",
            cause="a URL of a .npy file.",
            remedy="use .npz, Parquet or Zarr for remote data, or mount the file system.",
        )
    y = wanted.y
    if isinstance(y, str) and y.lower().endswith(".npy"):
        if wanted.x is not None or wanted.weight is not None:
            raise DataError(
                f"{path} and {y} are taken whole: there are no columns to choose.",
                cause="x or sample_weight beside a second file of targets.",
                remedy="leave x (--x) and sample_weight out.",
            )
        return array_parts(partial(_pair, path, y), path)
    return array_parts(partial(_table, path, wanted), path)


def _mapped(path: str) -> NDArray[Any]:
    with reading(path):
        table = np.load(path, mmap_mode="r", allow_pickle=False)
    return np.asarray(table)


@contextmanager
def _pair(path: str, y: str) -> Iterator[Arrays]:
    yield Arrays(_mapped(path), _mapped(y))


@contextmanager
def _table(path: str, wanted: Wanted) -> Iterator[Arrays]:
    table = _mapped(path)
    if table.dtype.names is not None and table.ndim == 1:
        names = list(table.dtype.names)
    elif table.dtype.names is None and table.ndim == 2:
        names = [str(i) for i in range(table.shape[1])]
    else:
        raise DataError(
            f"{path} has shape {table.shape}: its columns cannot be told.",
            cause="an array of images or a flat one, without the targets.",
            remedy='name a second file with the targets: y="labels.npy" (--y labels.npy).',
        )
    choice = split_columns(path, names, wanted)
    X, Y = (_columns(table, names, some) for some in (choice.x, choice.y))
    weights = None if choice.weight is None else _columns(table, names, (choice.weight,))[:, 0]
    yield Arrays(X, Y, weights)


def _columns(table: NDArray[Any], names: list[str], wanted: tuple[str, ...]) -> Any:
    if table.dtype.names is not None:
        return _Fields(table, wanted)
    at = [names.index(name) for name in wanted]
    if at == list(range(at[0], at[0] + len(at))):
        return table[:, at[0] : at[0] + len(at)]
    return _Columns(table, at)


@final
class _Columns:
    """Some columns of a table, copied a slice of rows at a time."""

    def __init__(self, table: NDArray[Any], at: list[int]) -> None:
        self.table, self.at = table, at
        self.shape, self.dtype = (len(table), len(at)), table.dtype

    def __getitem__(self, rows: Any) -> NDArray[Any]:
        if isinstance(rows, tuple):
            return np.asarray(self.table[:, self.at[0]])
        return np.asarray(self.table[rows][:, self.at])


@final
class _Fields:
    """Some fields of a structured array, side by side, copied a slice of rows at a time."""

    def __init__(self, table: NDArray[Any], names: tuple[str, ...]) -> None:
        self.table, self.names = table, names
        kinds = [table.dtype[name].base for name in names]
        self.dtype = np.result_type(*kinds)
        widths = [int(np.prod(table.dtype[name].shape, dtype=np.int64)) for name in names]
        self.shape = (len(table), sum(widths))

    def __getitem__(self, rows: Any) -> NDArray[Any]:
        if isinstance(rows, tuple):
            return np.asarray(self.table[self.names[0]])
        part = self.table[rows]
        return np.concatenate([part[name].reshape(len(part), -1) for name in self.names], axis=1)


def npz_parts(location: Location, path: str, wanted: Wanted) -> Parts:
    """The one part of a .npz file: two or three of its arrays, decompressed in step."""
    with _archive(location, path) as archive:
        names = [name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")]
        chosen = array_names(path, names, wanted)
        lengths = []
        for name in chosen:
            with _Member(archive, name, path) as member:
                lengths.append(member.shape[0])
    check_rows(path, lengths)
    return [_NpzPart(location, path, chosen)], lengths[0]


@final
@dataclass(frozen=True, eq=False)
class _NpzPart(Part):
    """All rows of the arrays of one archive."""

    location: Location
    path: str
    names: tuple[str, ...]

    def pieces(self) -> Iterator[Piece]:
        with _archive(self.location, self.path) as archive, ExitStack() as stack:
            members = [stack.enter_context(_Member(archive, name, self.path)) for name in self.names]
            step = rows_of_piece(int(np.prod(members[0].shape[1:], dtype=np.int64)))
            for start in range(0, members[0].shape[0], step):
                X, Y, *weights = (member.read(start, step) for member in members)
                yield Piece(X, Y, weights[0] if weights else None, self.path, start)
            for member in members:
                member.finish()


@contextmanager
def _archive(location: Location, path: str) -> Iterator[zipfile.ZipFile]:
    with ExitStack() as stack:
        with reading(path):
            file = stack.enter_context(location.open(path))
            archive = stack.enter_context(zipfile.ZipFile(file))
        yield archive


@final
class _Member:
    """An array in an archive, read from front to back."""

    def __init__(self, archive: zipfile.ZipFile, name: str, path: str) -> None:
        self._path = f"{name} in {path}"
        with reading(self._path):
            self._file = archive.open(f"{name}.npy")
        try:
            self.shape, self.dtype = self._header()
        except BaseException:
            self._file.close()
            raise

    def _header(self) -> tuple[tuple[int, ...], np.dtype[Any]]:
        with reading(self._path):
            version = np.lib.format.read_magic(self._file)
            headers = np.lib.format
            read = {1: headers.read_array_header_1_0, 2: headers.read_array_header_2_0}[version[0]]
            shape, fortran, dtype = read(self._file)
        is_by_columns = fortran and len(shape) > 1
        if dtype.hasobject or not shape or is_by_columns or dtype.itemsize == 0:
            raise FileError(
                f"{self._path} has shape {shape} and dtype {dtype}"
                + (", stored by columns." if is_by_columns else "."),
                cause="a transposed array, whose rows are not together in the file."
                if is_by_columns
                else "an array of objects, which could run code, or a single number.",
                remedy="save plain arrays by rows: np.savez(path, x=np.ascontiguousarray(X), y=y).",
            )
        return shape, dtype

    def read(self, start: int, rows: int) -> NDArray[Any]:
        """The next rows; fewer at the end."""
        rows = min(rows, self.shape[0] - start)
        size = rows * int(np.prod(self.shape[1:], dtype=object)) * self.dtype.itemsize
        read = 0
        with reading(self._path, start):
            # Memory that is not touched before it is read into: a header may declare any size.
            content = np.empty(size, np.uint8)
            view = content.data
            while read < size:
                some = self._file.read(min(_READ_BYTES, size - read))
                if not some:
                    break
                view[read : read + len(some)] = some
                read += len(some)
        if read != size:
            raise unreadable(self._path, "it ends early", start)
        return np.asarray(content.view(self.dtype).reshape(rows, *self.shape[1:]))

    def finish(self) -> None:
        """Read to the end, where the checksum is compared."""
        with reading(self._path):
            rest = self._file.read(1)
        if rest:
            raise unreadable(self._path, "it holds more than its header says")

    def __enter__(self) -> _Member:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
