"""From batches of arrays to one `Summary`: every batch is checked, then handed to one accumulator."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from haarwire.errors import DataError
from haarwire.moments.accumulation import Accumulator
from haarwire.moments.checks import (
    as_inputs,
    as_targets,
    as_weights,
    check_accumulate,
    check_lengths,
    not_finite,
)
from haarwire.moments.summary import Summary

__all__ = ["Folded", "Precision", "fold_arrays", "fold_batches"]

FloatArray: TypeAlias = NDArray[np.floating[Any]]
NumericArray: TypeAlias = NDArray[Any]
Precision: TypeAlias = Literal["float64", "float32"]


class Batch(NamedTuple):
    """Arrays that passed the checks, and what to add to their names in a message."""

    X: NumericArray
    Y: NumericArray
    weights: FloatArray | None
    where: str

    @property
    def names(self) -> tuple[str, str]:
        """How messages call the two arrays."""
        return "X" + self.where, "Y" + self.where


class Folded(NamedTuple):
    """What becomes of all batches: the fields of `Moments`."""

    n_features: int
    summary: Summary
    precision: Precision
    eps: float


def fold_arrays(
    X: ArrayLike,
    Y: ArrayLike,
    sample_weight: ArrayLike | None,
    accumulate: Precision,
    chunk_rows: int | None,
) -> Folded:
    """The fold of a single batch; see `Moments.from_arrays`."""
    check_accumulate(accumulate, chunk_rows)
    batch = checked_batch(X, Y, sample_weight)
    if len(batch.X) == 0:
        raise DataError(
            f"X has shape {batch.X.shape}: no samples.",
            cause="a selection of rows that selects none.",
            remedy="pass at least one sample; a sum can start with Moments.empty(n_features, n_targets).",
        )
    folded = _fold([batch], accumulate, chunk_rows, max_rows=len(batch.X))
    if folded is None:
        raise DataError(
            f"All {len(batch.X)} entries of sample_weight are zero.",
            cause="a mask that selects no sample, or weights that have underflowed.",
            remedy="give at least one sample a positive weight, or leave sample_weight out.",
        )
    return folded


def fold_batches(
    batches: Iterable[tuple[ArrayLike, ...]], accumulate: Precision, chunk_rows: int | None
) -> Folded:
    """The fold of a stream; see `Moments.from_batches`."""
    check_accumulate(accumulate, chunk_rows)
    folded = _fold(checked_batches(batches), accumulate, chunk_rows, max_rows=None)
    if folded is None:
        raise DataError(
            "The batches hold no sample with a weight above zero.",
            cause="an iterator that was used up before, or weights that are all zero.",
            remedy="make the iterator anew, and give at least one sample a positive weight.",
        )
    return folded


def checked_batch(X: ArrayLike, Y: ArrayLike, sample_weight: ArrayLike | None, where: str = "") -> Batch:
    """The arrays as a `Batch`.

    Raises
    ------
    DataError
        If a shape or a type is wrong. Whether X and Y are finite shows later, in their sums.
    """
    inputs, targets = as_inputs(X, "X" + where), as_targets(Y, "Y" + where)
    check_lengths(inputs, targets, where)
    weights = None
    if sample_weight is not None:
        weights = as_weights(sample_weight, len(inputs), "sample_weight" + where)
    return Batch(inputs, targets, weights, where)


def checked_batches(batches: Iterable[tuple[ArrayLike, ...]]) -> Iterator[Batch]:
    """The batches as `Batch`, each checked for itself and against the first.

    Raises
    ------
    DataError
        If a batch is no pair or triple of arrays, or its features or targets are not as many as the
        first one's.
    """
    first: Batch | None = None
    for index, batch in enumerate(batches):
        where = f" of batch {index}"
        if not isinstance(batch, tuple | list) or not 2 <= len(batch) <= 3:
            raise DataError(
                f"Batch {index} is {_described(batch)}, where (X, Y) or (X, Y, sample_weight) is expected.",
                cause="an iterable of rows or of X alone; or arrays that are not batches at all.",
                remedy="yield tuples of arrays, or use Moments.from_arrays(X, Y) for a single pair.",
            )
        X, Y, *rest = batch
        checked = checked_batch(X, Y, rest[0] if rest else None, where)
        first = first or checked
        _check_widths(first, checked, index)
        yield checked


def _check_widths(first: Batch, batch: Batch, index: int) -> None:
    for was, now, kind in ((first.X, batch.X, "features"), (first.Y, batch.Y, "targets")):
        if was.shape[1] != now.shape[1]:
            raise DataError(
                f"Batch {index} has {now.shape[1]} {kind}, batch 0 has {was.shape[1]}.",
                cause="batches from different sources, or one that is transposed.",
                remedy=f"give all batches the same {kind} in the same order.",
            )


def _described(batch: object) -> str:
    if isinstance(batch, tuple | list):
        return f"a {type(batch).__name__} of {len(batch)}"
    return f"of type {type(batch).__name__}"


def _fold(
    batches: Iterable[Batch], accumulate: Precision, chunk_rows: int | None, max_rows: int | None
) -> Folded | None:
    """One accumulator takes in all batches; None if no sample counts."""
    dtype = np.float32 if accumulate == "float32" else np.float64
    total: Accumulator | None = None
    is_single = True
    with np.errstate(over="ignore", invalid="ignore"):
        for batch in batches:
            if total is None:
                widths = batch.X.shape[1], batch.Y.shape[1]
                total = Accumulator(*widths, dtype=dtype, chunk_rows=chunk_rows, max_rows=max_rows)
            is_single = is_single and batch.X.dtype == batch.Y.dtype == np.float32
            try:
                total.add(batch.X, batch.Y, batch.weights)
            except FloatingPointError:
                raise not_finite(batch.X, batch.Y, batch.weights, batch.names) from None
        summary = None if total is None else total.summary()
    if total is None or summary is None:
        return None
    eps = float(np.finfo(dtype).eps)
    return Folded(total.n_features, summary, "float32" if is_single else accumulate, eps)
