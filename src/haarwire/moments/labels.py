"""Labels as one-hot targets, a batch at a time: the classes need not be known before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from haarwire.errors import DataError
from haarwire.moments.summary import Summary
from haarwire.moments.updates import triangle

__all__ = ["LABEL_KINDS", "LabelCoder", "is_missing", "natural", "reordered"]

NumericArray: TypeAlias = NDArray[Any]

LABEL_KINDS: Final = "biufUSTO"
"""Kinds of dtypes that labels may have."""

_MOST_CLASSES: Final = 10_000


class LabelCoder:
    """Gives every label it meets the next column, so that earlier samples only gain columns of zeros.

    Parameters
    ----------
    classes : sequence or None
        All labels, in the order of their columns; None to collect them.
    """

    def __init__(self, classes: Sequence[Any] | NumericArray | None = None) -> None:
        self._is_open = classes is None
        known: list[Any] = [] if classes is None else natural(np.asarray(classes)).tolist()
        self._columns = {label: column for column, label in enumerate(known)}
        if len(self._columns) != len(known) or (classes is not None and not known):
            raise DataError(
                f"the classes are {known[:8]!r}, of which {len(self._columns)} differ.",
                cause="the labels of all samples in place of the list of classes.",
                remedy="pass every class once, for example range(10), or one_hot=True to collect them.",
            )

    @property
    def labels(self) -> list[Any]:
        """Labels met so far, in the order of their columns."""
        return list(self._columns)

    def resume(self, labels: Sequence[Any]) -> None:
        """Go on after these labels, in the order of their columns."""
        self._columns = {label: column for column, label in enumerate(labels)}

    def one_hot(self, labels: ArrayLike, where: str, first_row: int) -> NDArray[np.uint8]:
        """One row of zeros and a one for each label; as many columns as labels met so far.

        Raises
        ------
        DataError
            If a label is missing, unknown, of another kind than those before, or one too many.
        """
        given = np.asarray(labels)
        if given.ndim == 2 and given.shape[1] == 1:
            given = given[:, 0]
        if given.ndim != 1 or given.dtype.kind not in LABEL_KINDS:
            raise DataError(
                f"Labels{where} have shape {given.shape} and dtype {given.dtype}.",
                cause="several target columns, dates or complex numbers.",
                remedy="name one column of labels as y, or leave one_hot out for numbers.",
            )
        missing = is_missing(given)
        if missing.any():
            raise DataError(
                f"The label{where} at row {first_row + int(missing.argmax())} is missing.",
                cause="empty cells, None or NaN in the column of labels.",
                remedy="leave out samples without a label.",
            )
        found, codes = np.unique(natural(given), return_inverse=True)
        columns = np.array([self._column(label, where) for label in found.tolist()], np.intp)
        Y = np.zeros((len(given), len(self._columns)), np.uint8)
        Y[np.arange(len(given)), columns[codes]] = 1
        return Y

    def _column(self, label: Any, where: str) -> int:
        column = self._columns.get(label)
        if column is not None:
            return column
        if not self._is_open:
            raise DataError(
                f"The label {label!r}{where} is none of the {len(self._columns)} classes.",
                cause="a list of classes that lacks one, or labels coded in two ways.",
                remedy="add it to the classes, or pass one_hot=True to collect them.",
            )
        first = next(iter(self._columns), label)
        if isinstance(label, str) != isinstance(first, str):
            raise DataError(
                f"Labels{where} are of another kind than those before: {label!r} after {first!r}.",
                cause="a schema that changes from one file to the next.",
                remedy="store the labels of all files in the same way.",
            )
        if len(self._columns) >= _MOST_CLASSES:
            raise DataError(
                f"There are more than {_MOST_CLASSES} different labels.",
                cause="numbers to be predicted, or names of the samples, in the column of labels.",
                remedy="leave one_hot out for numbers, or list the classes: one_hot=range(20000).",
            )
        return self._columns.setdefault(label, len(self._columns))

    def order(self) -> list[int]:
        """Columns in the order that results have: as listed, or sorted by label if collected."""
        labels = self.labels
        columns = range(len(labels))
        return sorted(columns, key=labels.__getitem__) if self._is_open else list(columns)


def reordered(summary: Summary, n_features: int, order: Sequence[int]) -> Summary:
    """The same samples with their targets in another order."""
    if list(order) == sorted(order):
        return summary
    keep = np.concatenate([np.arange(n_features), n_features + np.asarray(order)])
    tail, factor = summary.mean_tail, summary.factor
    return Summary(
        summary.n_samples,
        summary.weight,
        summary.mean[keep],
        summary.scatter[np.ix_(keep, keep)],
        None if tail is None else tail[keep],
        None if factor is None else triangle([factor[:, keep]]),
    )


def natural(labels: NumericArray) -> NumericArray:
    """Labels as numbers or texts of one type: objects by what they are, bytes as the text they hold."""
    if labels.dtype.kind == "O":
        plain = np.array(labels.tolist())
        is_plain = plain.ndim == labels.ndim and plain.dtype.kind in "biufUS"
        labels = plain if is_plain else np.array([str(label) for label in labels.tolist()])
    # Bytes that are no UTF-8 stay different from each other.
    return np.char.decode(labels, "utf-8", "surrogateescape") if labels.dtype.kind == "S" else labels


def is_missing(labels: NumericArray) -> NDArray[np.bool_]:
    """Which labels are none: NaN and infinity, None, pandas.NA, empty texts."""
    if labels.dtype.kind == "f":
        return np.asarray(~np.isfinite(labels))
    if labels.dtype.kind in "UST":
        return np.asarray(np.char.str_len(labels) == 0)
    if labels.dtype.kind == "O":
        return np.array([_is_none(label) for label in labels], dtype=bool)
    return np.zeros(len(labels), dtype=bool)


def _is_none(label: Any) -> bool:
    try:
        return label is None or bool(label != label) or label == ""  # noqa: PLR0124  NaN differs from itself
    except TypeError:
        # pandas.NA is neither equal to itself nor different.
        return True
