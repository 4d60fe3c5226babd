"""Zarr and HDF5: pairs of chunked arrays in one store."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any, Final

from haarwire.errors import FileError
from haarwire.moments.sources.arrays import Arrays, array_parts
from haarwire.moments.sources.columns import Wanted, array_names
from haarwire.moments.sources.filesystems import Location, missing_extra
from haarwire.moments.sources.source import Parts, reading

__all__ = ["group_arrays", "hdf5_parts", "zarr_parts"]

_MOST_CHUNKS: Final = 2**22
"""Of one array: their names are listed in memory."""


def zarr_parts(location: Location, path: str, wanted: Wanted) -> Parts:
    """The parts of a Zarr group with arrays of inputs and targets."""
    return array_parts(partial(_zarr, location, path, wanted), path)


def hdf5_parts(location: Location, path: str, wanted: Wanted) -> Parts:
    """The parts of an HDF5 file with data sets of inputs and targets."""
    return array_parts(partial(_hdf5, location, path, wanted), path)


@contextmanager
def _zarr(location: Location, path: str, wanted: Wanted) -> Iterator[Arrays]:
    try:
        import zarr
    except ImportError as error:
        raise missing_extra("Zarr", "zarr") from error
    store = path if location.filesystem is None else location.filesystem.get_mapper(path)
    if location.filesystem is not None and hasattr(zarr.storage, "FsspecStore"):
        store = zarr.storage.FsspecStore.from_mapper(store, read_only=True)
    # A damaged store raises whatever its metadata trip up.
    with reading(path):
        group = zarr.open_group(store, mode="r")
        arrays = group_arrays(group, [name for name, _ in group.arrays()], path, wanted)
        for array in arrays:
            if array is not None:
                _check_chunks(path, array)
    yield arrays


@contextmanager
def _hdf5(location: Location, path: str, wanted: Wanted) -> Iterator[Arrays]:
    try:
        import h5py
    except ImportError as error:
        raise missing_extra("HDF5", "h5py") from error
    with ExitStack() as stack:
        # A damaged file raises whatever its headers trip up.
        with reading(path):
            raw = stack.enter_context(location.open(path))
            file = stack.enter_context(h5py.File(path if location.filesystem is None else raw, "r"))
            names: list[str] = []
            file.visititems(partial(_collect, names, h5py.Dataset))
            arrays = group_arrays(file, names, path, wanted)
            for array in arrays:
                if array is not None:
                    _check_stored(path, array)
        yield arrays


def _check_chunks(path: str, array: Any) -> None:
    """Whether all chunks are in the store."""
    expected = array.nchunks
    if expected > _MOST_CHUNKS:
        raise FileError(
            f"{path} has an array of {expected} chunks, too many to look for each.",
            cause="damaged metadata, or chunks of a few numbers.",
            remedy="write larger chunks, or pass the opened arrays as a pair: Moments.from_source((X, Y)).",
        )
    stored = array.nchunks_initialized
    if stored < expected:
        raise _lacking(path, expected - stored, expected)


def _check_stored(path: str, array: Any) -> None:
    """Whether all numbers of a data set are in this file."""
    if array.is_virtual or array.external is not None:
        raise FileError(
            f"{array.name} of {path} has its numbers in other files.",
            cause="a virtual data set or external storage; zeros would stand for files that are missing.",
            remedy="name those files, or pass the opened arrays as a pair: Moments.from_source((X, Y)).",
        )
    if array.chunks is None:
        expected, stored = min(1, array.size), min(1, array.id.get_storage_size())
    else:
        expected = math.prod(-(-n // c) for n, c in zip(array.shape, array.chunks, strict=True))
        stored = array.id.get_num_chunks()
    if stored < expected:
        raise _lacking(path, expected - stored, expected)


def _collect(names: list[str], kind: type, name: str, item: object) -> None:
    if isinstance(item, kind):
        names.append(name)


def group_arrays(group: Any, names: list[str], label: str, wanted: Wanted) -> Arrays:
    """The arrays of these names."""
    return Arrays(*(group[name] for name in array_names(label, names, wanted)))


def _lacking(path: str, missing: int, expected: int) -> FileError:
    return FileError(
        f"{missing} of the {expected} chunks of an array of {path} are missing; they would be read as zeros.",
        cause="a copy or a job that was cut off, or chunks of nothing but zeros that were never written.",
        remedy="write them all (zarr: config={'write_empty_chunks': True}), or pass the opened arrays as a "
        "pair if zeros are meant: Moments.from_source((X, Y)).",
    )
