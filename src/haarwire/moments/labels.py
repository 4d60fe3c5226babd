"""Labels as one-hot targets, a batch at a time: the classes need not be known before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from haarwire.errors import DataError
from haarwire.moments.summary import Summary
from haarwire.moments.updates import triangle

__all__ = ["LabelCoder", "reordered"]

NumericArray: TypeAlias = NDArray[Any]

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
        known: list[Any] = [] if classes is None else np.asarray(classes).tolist()
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
        if given.dtype.kind == "O":
            given = _natural(given, where, first_row)
        if given.ndim != 1 or given.dtype.kind not in "biufUST":
            raise DataError(
                f"Labels{where} have shape {given.shape} and dtype {given.dtype}.",
                cause="several target columns, dates or complex numbers.",
                remedy="name one column of labels as y, or leave one_hot out for numbers.",
            )
        if given.dtype.kind == "f" and not np.isfinite(given).all():
            raise _missing(where, first_row + int((~np.isfinite(given)).argmax()))
        found, codes = np.unique(given, return_inverse=True)
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
        kinds = {isinstance(known, str) for known in self._columns}
        if kinds and isinstance(label, str) not in kinds:
            raise DataError(
                f"Labels{where} are of another kind than those before: {label!r} after {self.labels[0]!r}.",
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


def _natural(labels: NumericArray, where: str, first_row: int) -> NumericArray:
    """Python objects as an array of one type."""
    for row, label in enumerate(labels.tolist()):
        if label is None or label != label or label == "":  # noqa: PLR0124  NaN differs from itself
            raise _missing(where, first_row + row)
    natural = np.array(labels.tolist())
    is_plain = natural.ndim == 1 and natural.dtype.kind in "biufU"
    return natural if is_plain else np.array([str(label) for label in labels.tolist()])


def _missing(where: str, row: int) -> DataError:
    return DataError(
        f"The label{where} at row {row} is missing.",
        cause="empty cells, None or NaN in the column of labels.",
        remedy="leave out samples without a label.",
    )
