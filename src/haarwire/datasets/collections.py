"""Dask collections as data: labels made one-hot where they are, and test samples taken out."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from haarwire.moments import row_sets
from haarwire.moments.labels import natural
from haarwire.moments.rows import classes_of, rows_of, rows_without

__all__ = ["TEST_ELEMENTS", "Held", "held_out_rows", "one_hot_collection"]

TEST_ELEMENTS: Final = 2**26
"""Test samples take at most this many entries (512 MB in float64)."""


class Held(NamedTuple):
    """Training samples, still Dask arrays, and test samples in memory."""

    train: tuple[Any, Any]
    test: tuple[NDArray[Any], NDArray[Any]]


def one_hot_collection(labels: Any) -> tuple[Any, NDArray[Any]]:
    """One-hot targets as a Dask array, and the classes, found in a pass over the labels.

    Raises
    ------
    DataError
        If a label is missing.
    """
    classes = classes_of(labels)
    chunks = (labels.chunks[0], (len(classes),))
    return labels.map_blocks(_one_hot, classes, dtype=np.float64, chunks=chunks, new_axis=1), classes


def _one_hot(labels: NDArray[Any], classes: NDArray[Any]) -> NDArray[np.float64]:
    given = np.asarray(labels)
    given = (natural(given) if given.dtype.kind == "O" else given).astype(classes.dtype)
    return np.asarray(given[:, None] == classes, dtype=np.float64)


def held_out_rows(X: Any, Y: Any, count: int, rng: np.random.Generator) -> Held:
    """Take `count` random rows out of Dask arrays, or as many as fit in `TEST_ELEMENTS`.

    Up to `row_sets.DRAWN_ROWS` rows they are those that arrays in memory would give.

    Raises
    ------
    DataError
        If a sample is not finite: names its row.
    """
    total = len(X)
    count = max(1, min(count, TEST_ELEMENTS // X.shape[1]))
    if total <= row_sets.DRAWN_ROWS:
        rows = rng.permutation(total)[:count]
    else:
        rows = rng.choice(total, count, replace=False, shuffle=False)
    return Held((rows_without(X, rows), rows_without(Y, rows)), rows_of(X, Y, rows))
