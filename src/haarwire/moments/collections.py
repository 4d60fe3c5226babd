"""Moments of Dask collections: arrays, data frames and delayed batches."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final, NamedTuple

import numpy as np

from haarwire.errors import DataError, ParameterError
from haarwire.moments import alignment
from haarwire.moments.alignment import aligned, converted, dask_arrays, is_counted
from haarwire.moments.blocks import Cross, assembled, cross, join_crosses
from haarwire.moments.cluster import (
    Cluster,
    collect,
    collected_labels,
    connected,
    dask_module,
    reduced,
    sent_once,
)
from haarwire.moments.passes import Options, no_samples
from haarwire.moments.reduction import add_block, labels_of_block, pairwise
from haarwire.moments.sources.progress import Progress
from haarwire.moments.streaming import Folded, as_pair
from haarwire.moments.summary import Summary

__all__ = ["WIDE", "Leaf", "fold_dask", "leaves_of", "leaves_of_sets"]

WIDE: Final = 2**14
"""Columns of [X, Y] from which on their scatter (2 GB) is cut into blocks."""

_COLUMNS: Final = 2**12
"""Columns of such a block."""


class Leaf(NamedTuple):
    """Blocks of consecutive rows, to be folded one after the other."""

    blocks: list[Any]
    files: list[str]
    first_rows: list[int]


def fold_dask(
    X: Any,
    Y: Any,
    sample_weight: Any,
    options: Options,
    cluster: Cluster,
    *,
    column_block: int | None = None,
    progress: bool | Progress = False,
) -> Folded:
    """The fold of Dask collections; see `Moments.from_dask`."""
    with connected(cluster) as client:
        delayed = dask_module("dask").delayed
        if _is_frame(X) and Y is not None:
            X, Y, sample_weight = _named_columns(X, Y, sample_weight)
        leaves, width = leaves_of(X, Y, sample_weight)
        if options.one_hot is True:
            tasks = [
                delayed(_labels)(block, file, row)
                for leaf in leaves
                for block, file, row in zip(*leaf, strict=True)
            ]
            options = replace(options, one_hot=collected_labels(tasks, client))
        is_wide = column_block is not None or (width or 0) > WIDE
        if is_wide and options.basis is None:
            return _fold_wide(X, Y, sample_weight, options, client=client, width=column_block or _COLUMNS)
        later, given = delayed(add_block, pure=False), sent_once(options)
        tasks = []
        for leaf in leaves:
            folded: Any = None
            for block, file, row in zip(*leaf, strict=True):
                folded = later(folded, block, given, file, row)
            tasks.append(folded)
        result = reduced(tasks, client, progress, None)
    if result is None:
        raise no_samples("the collection")
    return result


def _labels(block: Any, file: str, first_row: int) -> list[Any]:
    return labels_of_block(as_pair(block, file)[1], file, first_row)


def leaves_of(X: Any, Y: Any, sample_weight: Any) -> tuple[list[Leaf], int | None]:
    """Blocks (X, Y) or (X, Y, weights) in order, and the number of columns where it is known.

    A leaf has so many blocks that its rows are several times its columns: the (n + m)² numbers that it gives
    are few against what it reads.

    Raises
    ------
    DataError
        If the collections are not cut alike, and cannot be.
    ParameterError
        If they are no Dask collections.
    """
    if Y is None:
        batches = list(X) if isinstance(X, list | tuple) else [X]
        if not batches or not all(hasattr(batch, "dask") and hasattr(batch, "key") for batch in batches):
            raise _no_collection(X)
        return [Leaf([b], [f"batch {i}"], [0]) for i, b in enumerate(batches)], None
    if _is_frame(X):
        return _of_frames(X, Y, sample_weight)
    if not (hasattr(X, "to_delayed") and hasattr(X, "chunks")):
        raise _no_collection(X)
    return _of_arrays(*aligned(X, Y, sample_weight))


def leaves_of_sets(X: Any, Y: Any, w: Any, n_sets: int) -> list[Leaf]:
    """Blocks of arrays that are cut alike, where a leaf gives the moments of so many sets of rows."""
    return _of_arrays(X, Y, w, n_sets)[0]


def _of_arrays(X: Any, Y: Any, w: Any, sets: int = 1) -> tuple[list[Leaf], int]:
    """Blocks of arrays that are cut alike; a leaf gives so many sets of moments."""
    names = [A.to_delayed().ravel().tolist() for A in (X, Y, *(() if w is None else (w,)))]
    if len({len(blocks) for blocks in names}) != 1:
        raise DataError(
            f"X has {len(names[0])} blocks of rows and Y {len(names[1])}, of unknown lengths.",
            cause="collections of unknown chunk sizes that were cut in different ways.",
            remedy="call compute_chunk_sizes() on both, or make both from the same partitions.",
        )
    lengths, is_known = X.chunks[0], is_counted(X)
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(int) if is_known else [0] * (len(lengths) + 1)
    width = int(X.shape[1] if X.ndim > 1 else 1) + int(Y.shape[1] if Y.ndim > 1 else 1)
    group = max(1, int(8 * sets * width // max(1, *lengths))) if is_known else 1
    leaves = []
    for first in range(0, len(names[0]), group):
        at = range(first, min(first + group, len(names[0])))
        files = ["the arrays" if is_known else f"block {i}" for i in at]
        leaves.append(
            Leaf([tuple(blocks[i] for blocks in names) for i in at], files, [int(starts[i]) for i in at])
        )
    return leaves, width


def _is_frame(X: Any) -> bool:
    return hasattr(X, "to_delayed") and hasattr(X, "npartitions") and hasattr(X, "columns")


def _named_columns(X: Any, Y: Any, w: Any) -> tuple[Any, Any, Any]:
    """Inputs, targets and weights, of which the latter may be names of columns of X."""
    names = list(X.columns)
    targets = [Y] if isinstance(Y, str) else Y
    taken = [*(targets if isinstance(targets, list) else []), *([w] if isinstance(w, str) else [])]
    missing = [name for name in taken if name not in names]
    if missing:
        raise DataError(
            f"The data frame has no column {missing[0]!r}.",
            cause="a misspelt column.",
            remedy=f"its columns are {', '.join(map(str, names[:8]))}.",
        )
    if isinstance(targets, list):
        Y = X[targets[0]] if len(targets) == 1 else X[targets]
    w = X[w] if isinstance(w, str) else w
    return X[[name for name in names if name not in taken]] if taken else X, Y, w


def _of_frames(X: Any, Y: Any, w: Any) -> tuple[list[Leaf], int]:
    """Partitions of data frames."""
    if not all(A is None or hasattr(A, "to_dask_array") for A in (Y, w)):
        return _of_arrays(*dask_arrays(X, Y, w))
    parts = [A.to_delayed() for A in (X, Y, *(() if w is None else (w,)))]
    if len({len(blocks) for blocks in parts}) != 1:
        raise DataError(
            f"X has {len(parts[0])} partitions and Y {len(parts[1])}.",
            cause="data frames that were cut in different ways.",
            remedy="name the targets as columns of X: Moments.from_dask(frame, 'target').",
        )
    leaves = [Leaf([blocks], [f"partition {i}"], [0]) for i, blocks in enumerate(zip(*parts, strict=True))]
    return leaves, len(X.columns) + (len(Y.columns) if hasattr(Y, "columns") else 1)


def _fold_wide(X: Any, Y: Any, w: Any, options: Options, *, client: Any, width: int) -> Folded:
    """All pairs of sets of columns by themselves: no task holds more than two sets and their product."""
    if options.one_hot is not False or options.accuracy == "qr":
        raise ParameterError(
            "Blocks of columns are for Dask collections of numbers, without labels and accuracy='qr'.",
            cause=f"more than {WIDE} columns, or column_block, together with one of these.",
            remedy="pass basis=... to take the moments of fewer coordinates, or numbers and accuracy='gram'.",
        )
    X, Y, w = converted(X, Y, w, counted=True)
    X = X.reshape(X.shape[0], -1) if X.ndim > 2 else X
    Y = Y[:, None] if Y.ndim == 1 else Y
    rows = max(1, alignment.BLOCK_BYTES // (8 * width))
    X = X.rechunk((rows, width))
    Y = Y.rechunk((X.chunks[0], width))
    weights = [None] * len(X.chunks[0]) if w is None else w.rechunk((X.chunks[0],)).to_delayed().tolist()
    starts = np.concatenate([[0], np.cumsum(X.chunks[0])])
    first_columns = np.concatenate([[0], np.cumsum([*X.chunks[1], *Y.chunks[1]])])
    blocks = np.concatenate([X.to_delayed(), Y.to_delayed()], axis=1)
    delayed = dask_module("dask").delayed
    later, joined_later = delayed(cross, pure=False), delayed(join_crosses, pure=False)
    pairs = [(i, j) for j in range(blocks.shape[1]) for i in range(j + 1)]
    roots: list[Any] = []
    found: dict[tuple[int, int], Cross] = {}
    for i, j in pairs:
        columns = (int(first_columns[i]), int(first_columns[j]))
        leaves = [
            later(blocks[r, i], blocks[r, j], weights[r], columns, int(starts[r])) for r in range(len(blocks))
        ]
        roots += pairwise(leaves, joined_later)
    collect(roots, client, lambda index, value: found.__setitem__(pairs[index], value))
    count, weight, mean, scatter = assembled(found)
    if count == 0:
        raise no_samples("the collection")
    precision: Any = "float32" if X.dtype == Y.dtype == np.float32 else "float64"
    return Folded(X.shape[1], Summary(count, weight, mean, scatter), precision, float(np.finfo(float).eps))


def _no_collection(X: Any) -> ParameterError:
    return ParameterError(
        f"X is a {type(X).__name__}, no Dask collection.",
        cause="an array in memory, or a list that is not of delayed batches.",
        remedy="use Moments.from_arrays(X, Y), or dask.array.from_array(X, chunks=...).",
    )
