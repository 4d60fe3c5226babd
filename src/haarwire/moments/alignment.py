"""Dask collections as arrays in whole rows, all cut at the same ones."""

from __future__ import annotations

import warnings
from typing import Any, Final

import numpy as np

from haarwire.errors import DataError
from haarwire.moments.cluster import collect, connected, dask_module

__all__ = ["BLOCK_BYTES", "aligned", "converted", "dask_arrays", "is_counted"]

BLOCK_BYTES: Final = 2**26
"""Bytes of a block of rows that is neither too small for BLAS nor too large for a worker."""


def dask_arrays(X: Any, Y: Any, w: Any = None, *, counted: bool = False) -> tuple[Any, Any, Any]:
    """Arrays and data frames, some of them Dask's, as Dask arrays that are cut alike.

    Parameters
    ----------
    X, Y, w
        As in `converted`.
    counted : bool
        As there.

    Raises
    ------
    DataError
        If they have different numbers of rows.
    """
    return aligned(*converted(X, Y, w, counted=counted))


def converted(X: Any, Y: Any, w: Any = None, *, counted: bool = False) -> list[Any]:
    """Arrays and data frames as Dask arrays.

    The rows of data frames, and of arrays made from them, are counted where `counted` says so, or where there
    are arrays of known lengths beside them: a pass over one column.
    """
    da = dask_module("dask.array")
    given = [A if A is None or hasattr(A, "to_delayed") else da.asarray(np.asarray(A)) for A in (X, Y, w)]
    counted = counted or any(A is not None and is_counted(A) for A in given)
    if counted and not all(A is None or is_counted(A) for A in given):
        given = _counted(given)
    return [_as_array(A) if hasattr(A, "to_dask_array") else A for A in given]


def is_counted(A: Any) -> bool:
    """Whether the lengths of a Dask collection's blocks are known."""
    return hasattr(A, "chunks") and not any(np.isnan(length) for length in A.chunks[0])


def _counted(given: list[Any]) -> list[Any]:
    """The same collections as arrays of known lengths; those of as many partitions are cut alike."""
    da = dask_module("dask.array")
    lengths: dict[int, tuple[int, ...]] = {}
    found = []
    for A in given:
        if A is None or is_counted(A):
            found.append(A)
            continue
        if A.npartitions not in lengths:
            lengths[A.npartitions] = _lengths(A)
        rows = lengths[A.npartitions]
        if hasattr(A, "to_dask_array"):
            found.append(_as_array(A, rows))
        else:
            chunks = (rows, *A.chunks[1:])
            found.append(da.Array(A.dask, A.name, chunks=chunks, dtype=A.dtype, meta=A._meta))
    return found


def _as_array(frame: Any, lengths: tuple[int, ...] | None = None) -> Any:
    with warnings.catch_warnings():
        # Strings become Python objects, which is what is wanted of labels.
        warnings.filterwarnings("ignore", "Dask currently has limited support", UserWarning)
        return frame.to_dask_array(lengths=lengths)


def _lengths(A: Any) -> tuple[int, ...]:
    delayed = dask_module("dask").delayed
    if hasattr(A, "to_dask_array") and A.ndim == 2:
        A = A[list(A.columns)[:1]]
    blocks = np.asarray(A.to_delayed(), dtype=object)
    blocks = blocks.reshape(len(blocks), -1)[:, 0]
    found: dict[int, int] = {}
    with connected(None) as client:
        collect([delayed(len)(block) for block in blocks], client, found.__setitem__)
    return tuple(found[index] for index in range(len(blocks)))


def aligned(X: Any, Y: Any, w: Any) -> tuple[Any, Any, Any]:
    """Arrays in whole rows, in blocks of equal rows and of a fair size.

    Raises
    ------
    DataError
        If they have different numbers of rows.
    """
    da = dask_module("dask.array")
    if X.ndim > 2:
        X = X.reshape(X.shape[0], -1)
    Y = Y if hasattr(Y, "chunks") else da.asarray(Y)
    Y = Y.reshape(Y.shape[0], -1) if Y.ndim > 2 else Y
    w = w if w is None or hasattr(w, "chunks") else da.asarray(w)
    if not is_counted(X):
        if X.ndim > 1 and len(X.chunks[1]) > 1:
            X = X.rechunk({1: -1})
        return X, Y, w
    for name, A in (("Y", Y), ("sample_weight", w)):
        if A is not None and not np.isnan(A.shape[0]) and A.shape[0] != X.shape[0]:
            raise DataError(
                f"X has {X.shape[0]} rows and {name} has {A.shape[0]}.",
                cause="collections of different selections, or one that is transposed.",
                remedy="pass samples as rows, the same samples in the same order.",
            )
    lengths = X.chunks[0]
    row = max(1, int(np.prod(X.shape[1:])) * X.dtype.itemsize)
    sizes = row * np.asarray(lengths, float)
    if sizes.max() > 4 * BLOCK_BYTES or (len(sizes) > 1 and sizes.mean() < BLOCK_BYTES / 16):
        lengths = max(1, BLOCK_BYTES // row)
    X = X.rechunk((lengths, -1)) if X.ndim > 1 else X.rechunk((lengths,))
    rechunked = [None if A is None else A.rechunk((X.chunks[0], *(-1,) * (A.ndim - 1))) for A in (Y, w)]
    return X, rechunked[0], rechunked[1]
