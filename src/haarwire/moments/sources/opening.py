"""`open_source`: what kind of thing the samples are in, and who reads it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, Final

import numpy as np

from haarwire.errors import FileError, ParameterError
from haarwire.moments.sources.arrays import Arrays, array_parts, in_memory
from haarwire.moments.sources.columns import Names, Wanted
from haarwire.moments.sources.filesystems import Location, ending, locate
from haarwire.moments.sources.iterables import is_torch_data, iterable_source, torch_source
from haarwire.moments.sources.numpy_files import npy_parts, npz_parts
from haarwire.moments.sources.source import Part, Parts, Source
from haarwire.moments.sources.stores import group_arrays, hdf5_parts, zarr_parts
from haarwire.moments.sources.tables import (
    FORMATS,
    Filters,
    dataset_source,
    filters_identity,
    table_parts,
)

__all__ = ["open_source"]

_ARRAY_FILES: Final[Mapping[str, Callable[..., Parts]]] = {
    ".npy": npy_parts,
    ".npz": npz_parts,
    ".zarr": zarr_parts,
    ".h5": hdf5_parts,
    ".hdf5": hdf5_parts,
}


def open_source(
    data: Any,
    *,
    x: Names = None,
    y: Names = None,
    sample_weight: str | None = None,
    filters: Filters = None,
) -> Source:
    """Find out what `data` is; see `Moments.from_source`.

    Parameters
    ----------
    data : path, URL, arrays or batches
        Files or objects.
    x, y : name or list of names, optional
        Columns of a table, or arrays of a store.
    sample_weight : str, optional
        A column or an array.
    filters : list of (column, operator, value), or pyarrow expression, optional
        Which rows of a table.

    Returns
    -------
    Source

    Raises
    ------
    DataError, FileError, ParameterError, MissingDependencyError
        If it cannot be read, or columns cannot be told.

    Examples
    --------
    >>> import numpy as np
    >>> from haarwire.moments.sources import open_source
    >>> open_source((np.zeros((5, 2)), np.arange(5)))
    Source(the arrays, 5 rows)
    """
    wanted = Wanted(x, y, sample_weight)
    if isinstance(data, str | os.PathLike):
        return _files(os.fspath(data), wanted, filters)
    package = type(data).__module__.partition(".")[0]
    if package == "pyarrow" and hasattr(data, "schema"):
        return dataset_source(data, wanted, filters)
    if filters is not None:
        raise _unused("filters", filters)
    if isinstance(data, Mapping) or (package in ("zarr", "h5py") and hasattr(data, "keys")):
        return _arrays(group_arrays(data, list(data.keys()), "the group", wanted), wanted.identity)
    for option, value in zip(("x", "y", "sample_weight"), wanted, strict=True):
        if value is not None:
            raise _unused(option, value)
    return data if isinstance(data, Source) else _unnamed(data)


def _unnamed(data: Any) -> Source:
    """Arrays and batches, which have no names."""
    if is_torch_data(data):
        return torch_source(data)
    if isinstance(data, tuple | list) and 2 <= len(data) <= 3 and all(hasattr(A, "shape") for A in data):
        return _arrays(Arrays(*data))
    if isinstance(data, Iterable):
        return iterable_source(data)
    raise ParameterError(
        f"Samples cannot be read from a {type(data).__name__}.",
        cause="an object that is no path, pair of arrays or iterable of batches.",
        remedy="pass a path, (X, Y), or an iterable of batches (X, Y); for Dask use Moments.from_dask.",
    )


def _arrays(arrays: Arrays, identity: str = "") -> Source:
    given = Arrays(*(A if A is None or hasattr(A, "shape") else np.asarray(A) for A in arrays))
    parts, rows = array_parts(partial(in_memory, given), "the arrays", is_file=False)
    return Source("the arrays", parts, rows, identity=identity)


def _files(text: str, wanted: Wanted, filters: Filters) -> Source:
    location = locate(text)
    kinds = Counter(_kind(path, location) for path in location.paths)
    if len(kinds) > 1:
        raise FileError(
            f"{text} holds files of different kinds: {', '.join(kinds)}.",
            cause="a folder with more in it than the samples.",
            remedy=f"choose by a pattern, for example {text.rstrip('/')}/*{next(iter(kinds))}.",
        )
    kind = next(iter(kinds))
    label = location.paths[0] if len(location.paths) == 1 else text
    parts: list[Part] = []
    rows: int | None = 0
    if kind in FORMATS:
        parts, rows = table_parts(location, location.paths, wanted, filters)
    else:
        if filters is not None:
            raise _unused("filters", filters)
        for path in location.paths:
            some, number = _ARRAY_FILES[kind](location, path, wanted)
            parts += some
            rows = None if rows is None or number is None else rows + number
    marks = [location.identity, wanted.identity, filters_identity(filters)]
    if kind == ".npy" and isinstance(wanted.y, str) and wanted.y.lower().endswith(".npy"):
        marks.append(locate(wanted.y).identity)
    return Source(label, parts, rows, True, "\n".join(marks))


def _kind(path: str, location: Location) -> str:
    kind = ending(path)
    if kind in FORMATS or (kind in _ARRAY_FILES and kind != ".zarr"):
        return kind
    isdir = os.path.isdir if location.filesystem is None else location.filesystem.isdir
    if isdir(path):
        return ".zarr"
    known = ", ".join([*FORMATS, *_ARRAY_FILES])
    raise FileError(
        f"{path} is of no known kind: it ends in {kind or 'nothing'}.",
        cause="another format, or a misspelt ending.",
        remedy=f"known endings are {known}; name the files of a folder by a pattern such as 'FOLDER/*.csv', "
        "and pass an iterable of batches for anything else.",
    )


def _unused(option: str, value: object) -> ParameterError:
    return ParameterError(
        f"{option}={value!r} does not apply to this kind of source.",
        cause="batches and arrays have no named columns; only tables have rows to filter.",
        remedy=f"leave {option} out, and choose before.",
    )
