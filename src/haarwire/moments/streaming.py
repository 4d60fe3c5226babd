"""From batches of arrays to one `Summary`: every batch is checked, then handed to one accumulator."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from haarwire._numbers import FloatArray
from haarwire.errors import DataError
from haarwire.moments.accumulation import Accumulator
from haarwire.moments.checks import (
    as_inputs,
    as_targets,
    as_weights,
    check_accumulate,
    check_finite,
    check_lengths,
    not_finite,
)
from haarwire.moments.summary import Summary

__all__ = [
    "Accuracy",
    "Batch",
    "Fold",
    "Folded",
    "Precision",
    "as_pair",
    "check_finite_batch",
    "checked_batch",
    "fold_arrays",
    "fold_batches",
]

NumericArray: TypeAlias = NDArray[Any]
Precision: TypeAlias = Literal["float64", "float32"]
Accuracy: TypeAlias = Literal["gram", "qr"]


class Batch(NamedTuple):
    """Arrays that passed the checks, and what to add to their names in a message."""

    X: NumericArray
    Y: NumericArray
    weights: FloatArray | None
    where: str
    first_row: int = 0

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
    *,
    chunk_rows: int | None,
    accuracy: Accuracy,
) -> Folded:
    """The fold of a single batch; see `Moments.from_arrays`."""
    check_accumulate(accumulate, chunk_rows, accuracy)
    batch = checked_batch(X, Y, sample_weight)
    if len(batch.X) == 0:
        raise DataError(
            f"X has shape {batch.X.shape}: no samples.",
            cause="a selection of rows that selects none.",
            remedy="pass at least one sample; a sum can start with Moments.empty(n_features, n_targets).",
        )
    fold = Fold(accumulate, chunk_rows, accuracy, max_rows=len(batch.X))
    fold.add(batch)
    folded = fold.result()
    if folded is None:
        raise DataError(
            f"All {len(batch.X)} entries of sample_weight are zero.",
            cause="a mask that selects no sample, or weights that have underflowed.",
            remedy="give at least one sample a positive weight, or leave sample_weight out.",
        )
    return folded


def fold_batches(
    batches: Iterable[tuple[ArrayLike, ...]],
    accumulate: Precision,
    chunk_rows: int | None,
    accuracy: Accuracy,
) -> Folded:
    """The fold of a stream; see `Moments.from_batches`."""
    check_accumulate(accumulate, chunk_rows, accuracy)
    fold = Fold(accumulate, chunk_rows, accuracy)
    for batch in checked_batches(batches):
        fold.add(batch)
    folded = fold.result()
    if folded is None:
        raise DataError(
            "The batches hold no sample with a weight above zero.",
            cause="an iterator that was used up before, or weights that are all zero.",
            remedy="make the iterator anew, and give at least one sample a positive weight.",
        )
    return folded


def checked_batch(
    X: ArrayLike, Y: ArrayLike, sample_weight: ArrayLike | None, where: str = "", first_row: int = 0
) -> Batch:
    """The arrays as a `Batch`, whose rows are counted from `first_row`.

    Raises
    ------
    DataError
        If a shape or a type is wrong. Whether X and Y are finite shows later, in their sums.
    """
    inputs, targets = as_inputs(X, "X" + where), as_targets(Y, "Y" + where)
    check_lengths(inputs, targets, where)
    weights = None
    if sample_weight is not None:
        weights = as_weights(sample_weight, len(inputs), "sample_weight" + where, first_row)
    return Batch(inputs, targets, weights, where, first_row)


def check_finite_batch(batch: Batch) -> None:
    """Raise the DataError that names the first NaN or infinity that counts: before rows are dealt out."""
    check_finite(batch.X, batch.Y, batch.names, batch.weights, batch.first_row)


def as_pair(batch: Any, name: str) -> Sequence[Any]:
    """The batch, or DataError where it is no pair (X, Y) or triple (X, Y, sample_weight)."""
    size = ""
    if isinstance(batch, tuple | list):
        if 2 <= len(batch) <= 3:
            return batch
        size = f" of {len(batch)}"
    raise DataError(
        f"{name} is a {type(batch).__name__}{size}, where (X, Y) or (X, Y, sample_weight) is expected.",
        cause="an iterable of rows or of X alone; or arrays that are not batches at all.",
        remedy="give tuples of arrays, or use Moments.from_arrays(X, Y) for a single pair.",
    )


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
        X, Y, *rest = as_pair(batch, f"Batch {index}")
        checked = checked_batch(X, Y, rest[0] if rest else None, f" of batch {index}")
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


class Fold:
    """Checked batches, one after the other, into one accumulator.

    Parameters
    ----------
    accumulate, chunk_rows, accuracy
        As in `Moments.from_arrays`.
    max_rows : int or None
        The number of rows to come, where known.
    """

    def __init__(
        self,
        accumulate: Precision = "float64",
        chunk_rows: int | None = None,
        accuracy: Accuracy = "gram",
        *,
        max_rows: int | None = None,
    ) -> None:
        self._accumulate = accumulate
        self._dtype = np.float32 if accumulate == "float32" else np.float64
        self._chunk_rows = chunk_rows
        self._triangular = accuracy == "qr"
        self._max_rows = max_rows
        self._total: Accumulator | None = None
        self._is_single = True

    @property
    def sizes(self) -> tuple[int, int] | None:
        """The numbers of features and targets, once they are known."""
        return None if self._total is None else (self._total.n_features, self._total.n_targets)

    def add(self, batch: Batch) -> None:
        """Take in a batch; more targets than before were zero before.

        Raises
        ------
        DataError
            If an entry that counts is not finite.
        """
        n_features, n_targets = batch.X.shape[1], batch.Y.shape[1]
        if self._total is None:
            self._total = Accumulator(
                n_features,
                n_targets,
                dtype=self._dtype,
                chunk_rows=self._chunk_rows,
                max_rows=self._max_rows,
                triangular=self._triangular,
            )
        elif n_targets > self._total.n_targets:
            self._total.widen(n_targets - self._total.n_targets)
        self._is_single = self._is_single and batch.X.dtype == batch.Y.dtype == np.float32
        try:
            with np.errstate(over="ignore", invalid="ignore"):
                self._total.add(batch.X, batch.Y, batch.weights)
        except FloatingPointError:
            raise not_finite(batch.X, batch.Y, batch.weights, batch.names, batch.first_row) from None

    def result(self) -> Folded | None:
        """The fields of `Moments`, None if no sample counts. Ends the fold."""
        with np.errstate(over="ignore", invalid="ignore"):
            summary = None if self._total is None else self._total.summary()
        if self._total is None or summary is None:
            return None
        precision: Precision = "float32" if self._is_single else self._accumulate
        return Folded(self._total.n_features, summary, precision, float(np.finfo(self._dtype).eps))

    def state(self) -> dict[str, NumericArray]:
        """All that batches have left: views, to be stored at once."""
        single = {"is_single": np.array([self._is_single], np.uint8)}
        return single if self._total is None else {**single, **self._total.state()}

    def restore(self, state: dict[str, NumericArray]) -> None:
        """Go on from a `state` of a fold with the same arguments, to the same bits.

        Raises
        ------
        ValueError, KeyError
            It is none.
        """
        self._is_single = bool(state["is_single"][0])
        if "sizes" in state:
            self._total = Accumulator.from_state(
                state, dtype=self._dtype, chunk_rows=self._chunk_rows, triangular=self._triangular
            )
