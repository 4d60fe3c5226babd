"""Samples in memory or in Dask collections: the one place where their rows are asked for.

Whatever makes moments of X and Y goes through `Moments.from_arrays`, or `as_samples` and `moments_of_sets`;
none of these brings a collection's rows to the client. Dask is loaded for collections only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from haarwire._numbers import IntArray
from haarwire.moments.alignment import dask_arrays
from haarwire.moments.checks import is_dask
from haarwire.moments.cluster import collect, collected_labels, connected, dask_module
from haarwire.moments.collections import leaves_of_sets
from haarwire.moments.moments import Moments
from haarwire.moments.passes import Options, no_samples
from haarwire.moments.reduction import add_block_to_sets, join_sets, labels_of_block, tree
from haarwire.moments.row_sets import Listed, RowSets
from haarwire.moments.sources.arrays import Arrays
from haarwire.moments.streaming import Folded, check_finite_batch, checked_batch

__all__ = ["Arrays", "as_samples", "classes_of", "moments_of_sets", "rows_of", "rows_without"]

NumericArray: TypeAlias = NDArray[Any]


def as_samples(X: Any, Y: Any, sample_weight: Any = None) -> Arrays:
    """Array-likes as NumPy arrays; where there is a Dask collection among them, as Dask arrays.

    Dask arrays are cut alike, and their rows are counted.

    Raises
    ------
    DataError
        If Dask collections have different numbers of rows.
    """
    if is_dask(X, Y, sample_weight):
        return Arrays(*dask_arrays(X, Y, sample_weight, counted=True))
    return Arrays(*(None if A is None else np.asarray(A) for A in (X, Y, sample_weight)))


def moments_of_sets(samples: Arrays, sets: Sequence[IntArray] | RowSets) -> Iterator[Moments]:
    """The moments of sets of rows: NumPy arrays one after the other, Dask arrays all in one pass.

    Raises
    ------
    DataError
        If samples are not finite, or no sample of a set counts.
    ParameterError
        If a set of rows of Dask arrays holds one twice.
    """
    X, Y, weights = samples
    if not is_dask(X):
        assert not isinstance(sets, RowSets)
        for rows in sets:
            yield Moments.from_arrays(X[rows], Y[rows], None if weights is None else weights[rows])
        return
    listed = sets if isinstance(sets, RowSets) else Listed.of_rows(sets, len(X))
    for folded in _fold_sets(samples, listed):
        if folded is None:
            raise no_samples("a set of rows of the collection")
        yield Moments._from_fold(folded)


def _fold_sets(samples: Arrays, sets: RowSets) -> list[Folded | None]:
    total: list[Folded | None] | None = None

    def ready(_index: int, root: list[Folded | None]) -> None:
        nonlocal total
        total = join_sets(total, root)

    with connected(None) as client:
        delayed = dask_module("dask").delayed
        later = delayed(add_block_to_sets, pure=False)
        options, stops = Options(), np.cumsum(samples.X.chunks[0])
        tasks, number = [], 0
        for leaf in leaves_of_sets(*samples, sets.n_sets):
            folded: Any = None
            for block, first in zip(leaf.blocks, leaf.first_rows, strict=True):
                of_block = sets.of_block(number, first, int(stops[number]))
                folded = later(folded, block, of_block, options, first)
                number += 1
            tasks.append(folded)
        collect(tree(tasks, delayed(join_sets, pure=False)), client, ready)
    return total or [None] * sets.n_sets


def rows_of(X: Any, Y: Any, rows: IntArray) -> tuple[NumericArray, NumericArray]:
    """Some rows of Dask arrays that are cut alike, in memory and in their order; all rows are checked.

    Raises
    ------
    DataError
        If a sample is not finite: names its row.
    """
    found: dict[int, tuple[NumericArray, NumericArray]] = {}
    with connected(None) as client:
        delayed = dask_module("dask").delayed
        blocks = zip(X.to_delayed().ravel(), Y.to_delayed().ravel(), _masks(X, rows), strict=True)
        tasks = [delayed(_taken, pure=False)(x, y, bits, first) for x, y, (bits, first) in blocks]
        collect(tasks, client, found.__setitem__)
    parts = [found[index] for index in range(len(tasks))]
    return np.concatenate([x for x, _ in parts]), np.concatenate([y for _, y in parts])


def rows_without(X: Any, rows: IntArray) -> Any:
    """A Dask array without some of its rows."""
    da, delayed = dask_module("dask.array"), dask_module("dask").delayed
    blocks = []
    for block, length, (bits, _) in zip(X.to_delayed().ravel(), X.chunks[0], _masks(X, rows), strict=True):
        shape = (length - np.count_nonzero(np.unpackbits(bits)), *X.shape[1:])
        blocks.append(da.from_delayed(delayed(_left, pure=False)(block, bits), shape=shape, dtype=X.dtype))
    return da.concatenate(blocks)


def _masks(A: Any, rows: IntArray) -> Iterator[tuple[NDArray[np.uint8], int]]:
    """Which of the rows each block holds, a bit a row, and its first row."""
    rows = np.sort(rows)
    starts = np.concatenate([[0], np.cumsum(A.chunks[0])])
    cuts = np.searchsorted(rows, starts)
    for number, length in enumerate(A.chunks[0]):
        mask = np.zeros(length, dtype=bool)
        mask[rows[cuts[number] : cuts[number + 1]] - starts[number]] = True
        yield np.packbits(mask), int(starts[number])


def _unpacked(bits: NDArray[np.uint8], length: int) -> NDArray[np.bool_]:
    return np.unpackbits(bits, count=length).astype(bool)


def _taken(X: Any, Y: Any, bits: NDArray[np.uint8], first_row: int) -> tuple[NumericArray, NumericArray]:
    batch = checked_batch(X, Y, None, first_row=first_row)
    check_finite_batch(batch)
    mask = _unpacked(bits, len(batch.X))
    return np.asarray(X)[mask], np.asarray(Y)[mask]


def _left(A: Any, bits: NDArray[np.uint8]) -> NumericArray:
    return np.asarray(A)[~_unpacked(bits, len(A))]


def classes_of(labels: Any) -> NumericArray:
    """The labels that occur in a Dask array, sorted.

    Raises
    ------
    DataError
        If a label is missing, or there are more than 10 000.
    """
    with connected(None) as client:
        delayed = dask_module("dask").delayed
        starts = np.concatenate([[0], np.cumsum(labels.chunks[0])]).astype(int).tolist()
        tasks = [
            delayed(labels_of_block)(block, "y", first)
            for block, first in zip(labels.to_delayed().ravel(), starts[:-1], strict=True)
        ]
        found = collected_labels(tasks, client)
    classes = np.array(found, dtype=None if labels.dtype.kind in "OS" else labels.dtype)
    return np.char.encode(classes, "utf-8", "surrogateescape") if labels.dtype.kind == "S" else classes
