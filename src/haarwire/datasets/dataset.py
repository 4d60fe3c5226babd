"""The data set itself: inputs and targets, from arrays, with labels made one-hot."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias, final, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from haarwire._numbers import FloatArray, is_integer, is_real
from haarwire._wording import counted
from haarwire.datasets.collections import held_out_rows, one_hot_collection
from haarwire.errors import DataError, ParameterError
from haarwire.moments.checks import is_dask
from haarwire.moments.labels import LABEL_KINDS, is_missing, natural
from haarwire.moments.rows import as_samples

__all__ = [
    "AUTO_KINDS",
    "MOST_CLASSES",
    "Dataset",
    "Targets",
    "check_number",
    "check_size",
    "check_targets",
    "labelled",
]

Targets: TypeAlias = Literal["auto", "labels", "numbers"]

AUTO_KINDS: Final = "biuUSTO"
"""Kinds of dtypes whose values are taken for labels where nobody says what they are."""

MOST_CLASSES: Final = 256
"""So many classes at most where nobody says so."""

_PLAUSIBLE: Final = 20
_SAMPLES_A_CLASS: Final = 10
"""More different whole numbers, with fewer samples for each, may be amounts as well as classes."""


@final
@dataclass(frozen=True, eq=False)
class Dataset:
    """Inputs and targets, ready for `Moments`.

    Attributes
    ----------
    name : str
        Shown in tables.
    X : ndarray or Dask array, shape (n_samples, n_features)
        Inputs in the type they were stored in (8-bit images stay 8-bit).
    Y : ndarray or Dask array, shape (n_samples, n_targets)
        Targets; one-hot where there are classes.
    classes : ndarray or None
        What the columns of one-hot targets stand for, sorted; None for numbers.
    test : Dataset or None
        Held-out samples, where the source has its own split.
    """

    name: str
    X: NDArray[Any]
    Y: FloatArray
    classes: NDArray[Any] | None = None
    test: Dataset | None = None

    def __repr__(self) -> str:
        kind = counted(self.Y.shape[1], "target") if self.classes is None else f"{len(self.classes)} classes"
        held_out = f", {len(self.test.X)} held out" if self.test is not None else ""
        sizes = f"{counted(len(self.X), 'sample')}, {counted(self.X.shape[1], 'feature')}, {kind}{held_out}"
        return f"Dataset({self.name}: {sizes})"

    @staticmethod
    def from_arrays(X: ArrayLike, y: ArrayLike, *, name: str = "data", targets: Targets = "auto") -> Dataset:
        """Make a data set from arrays; integer or string labels become one-hot targets.

        Dask collections stay where they are: `compare` reads them for test samples and for folds.

        Parameters
        ----------
        X : array_like, or Dask array or frame, shape (n_samples, ...)
            Inputs; images and other arrays of higher rank are flattened.
        y : array_like, or Dask collection, shape (n_samples,) or (n_samples, n_targets)
            Labels or numbers.
        name : str
            Shown in tables.
        targets : {"auto", "labels", "numbers"}
            What y holds. ``"auto"``: labels when y is a single column of integers, booleans or strings,
            of at most 256 classes. More than 20 different integers with fewer than ten samples for each are
            an error: they may be amounts as well, so say what they are.

        Returns
        -------
        Dataset

        Raises
        ------
        DataError
            When there are no samples, or the arrays do not fit together or are not numeric.
        ParameterError
            When targets is none of the three words.
        """
        check_targets(targets)
        inputs, given = _as_arrays(X, y, name)
        if inputs.ndim > 0 and len(inputs) == 0:
            raise DataError(
                f"{name} has no samples: its inputs have shape {inputs.shape}",
                cause="an empty file, or a selection of rows that selects none",
                remedy="give at least one sample",
            )
        if inputs.ndim > 2:
            inputs = inputs.reshape(len(inputs), -1)
        if inputs.ndim != 2 or inputs.dtype.kind not in "biuf":
            raise DataError(
                f"the inputs of {name} have shape {inputs.shape} and dtype {inputs.dtype}",
                cause="a flat list, or text among the features",
                remedy="give real numbers of shape (n_samples, n_features); leave text columns out",
            )
        if given.ndim == 2 and given.shape[1] == 1:
            given = given[:, 0]
        if given.ndim not in (1, 2) or len(given) != len(inputs) or given.size == 0:
            raise DataError(
                f"{name} has {len(inputs)} samples of inputs and targets of shape {given.shape}",
                cause="inputs and targets of different samples, or a transposed array",
                remedy="give one target row per input row",
            )
        if targets == "labels" or (targets == "auto" and given.ndim == 1 and given.dtype.kind in AUTO_KINDS):
            most = MOST_CLASSES if targets == "auto" else None
            if not is_dask(inputs):
                return labelled(name, inputs, given, most=most)
            one_hot, classes = one_hot_collection(given)
            check_number(name, classes, most, len(inputs))
            return Dataset(name, inputs, one_hot, classes)
        if given.dtype.kind not in "biuf":
            raise DataError(
                f"the targets of {name} have dtype {given.dtype}, numbers are needed",
                cause="several columns of text, or text where numbers were announced",
                remedy="give one column of labels (targets='labels') or numeric columns",
            )
        Y = given.reshape(len(given), -1)
        return Dataset(name, inputs, Y if Y.dtype.kind == "f" else Y.astype(np.float64))

    def split(self, test_size: float, rng: np.random.Generator) -> tuple[Dataset, Dataset]:
        """Split at random into training and test samples; a source's own split is kept.

        Of Dask arrays the training samples stay where they are, and at most 2²⁶ entries (512 MB) are held
        out, in memory.

        Parameters
        ----------
        test_size : float or int
            Share (0 < share < 1) or number (≥ 1) of test samples.
        rng : numpy.random.Generator
            Source of randomness.

        Returns
        -------
        train, test : Dataset

        Raises
        ------
        ParameterError
            When it is not a number, or nothing would be left to train or to test on.
        """
        if self.test is not None:
            return Dataset(self.name, self.X, self.Y, self.classes), self.test
        n = len(self.X)
        held_out = _held_out(test_size, n)
        if is_dask(self.X):
            held = held_out_rows(self.X, self.Y, held_out, rng)
            return tuple(Dataset(self.name, X, Y, self.classes) for X, Y in held)  # type: ignore[return-value]
        order = rng.permutation(n)
        test, train = np.sort(order[:held_out]), np.sort(order[held_out:])
        return tuple(Dataset(self.name, self.X[rows], self.Y[rows], self.classes) for rows in (train, test))  # type: ignore[return-value]


def check_targets(targets: object) -> None:
    """Raise ParameterError where `targets` is none of the three words."""
    if targets not in get_args(Targets):
        raise ParameterError(
            f"targets must be 'auto', 'labels' or 'numbers', got {targets!r}",
            cause="a misspelt word, or the targets themselves in its place",
            remedy="give one of the words, such as targets='labels'",
        )


def check_size(test_size: object) -> None:
    """Raise ParameterError where a test size is neither a share nor a number of samples."""
    if not is_real(test_size) or not math.isfinite(test_size) or (test_size >= 1 and test_size % 1):
        raise ParameterError(
            f"the test size must be a share below 1 or a whole number of samples, got {test_size!r}",
            cause="a percentage, text, or a missing value",
            remedy="use a share such as 0.25, or a number of samples",
        )


def _held_out(test_size: float, n: int) -> int:
    """The number of test samples of n."""
    check_size(test_size)
    held_out = round(test_size * n) if 0 < test_size < 1 else int(test_size)
    if not 1 <= held_out <= n - 2:
        raise ParameterError(
            f"a test size of {test_size:.4g} leaves {n - held_out} of {n} samples to train on and "
            f"{held_out} to test on",
            cause="too few samples, or a share given where a number is needed",
            remedy="use a share such as 0.25, or a number of samples",
        )
    return held_out


def _as_arrays(X: Any, y: Any, name: str) -> tuple[Any, Any]:
    if is_dask(X, y):
        return as_samples(X, y)[:2]
    return _as_array(X, "inputs", name), _as_array(y, "targets", name)


def _as_array(values: ArrayLike, what: str, name: str) -> NDArray[Any]:
    if isinstance(values, np.ma.MaskedArray) and np.ma.is_masked(values):
        raise DataError(
            f"the {what} of {name} are a masked array with missing entries",
            cause="missing values, which no moment can take into account",
            remedy="drop the rows with masked entries, or fill them in with .filled(value)",
        )
    try:
        return np.asarray(values)
    except ValueError as error:
        raise DataError(
            f"the {what} of {name} cannot be made an array: {error}",
            cause="rows of different lengths",
            remedy="give every sample the same number of entries",
        ) from None


def labelled(
    name: str,
    X: NDArray[Any],
    labels: NDArray[Any],
    known: NDArray[Any] | None = None,
    most: int | None = None,
) -> Dataset:
    """One-hot targets; the classes are `known` or found, and then at most `most`."""
    if labels.ndim != 1 or labels.dtype.kind not in LABEL_KINDS:
        raise DataError(
            f"the labels of {name} have shape {labels.shape} and dtype {labels.dtype}",
            cause="several target columns, dates or complex numbers",
            remedy="give one column of labels, or targets='numbers'",
        )
    missing = is_missing(labels)
    if missing.any():
        raise DataError(
            f"the label of sample {int(missing.argmax())} of {name} is missing "
            f"({int(missing.sum())} of {len(labels)} are)",
            cause="empty cells, None or NaN in the target column",
            remedy="drop the samples without a label",
        )
    if labels.dtype.kind == "O":
        labels = natural(labels)
    classes, codes = np.unique(labels, return_inverse=True)
    if known is not None:
        seen = set(known.tolist())
        unseen = [label for label in classes.tolist() if label not in seen]
        if unseen:
            raise DataError(
                f"the test samples of {name} have classes that training does not: {unseen[:5]}",
                cause="a split by class, or labels coded in two ways",
                remedy="give test samples of the classes in training only",
            )
        codes = np.searchsorted(known, labels)
        classes = known
    else:
        check_number(name, classes, most, len(labels))
    Y = np.zeros((len(labels), len(classes)))
    Y[np.arange(len(labels)), codes] = 1.0
    return Dataset(name, X, Y, classes)


def check_number(
    name: str, classes: Sequence[Any] | NDArray[Any], most: int | None, n_samples: int | None = None
) -> None:
    """Raise DataError where there are more than `most` classes, or whole numbers that look like amounts.

    That is, where `most` is given: more than 20 different ones, fewer than ten samples for each.
    """
    if most is None:
        return
    count = len(classes)
    few = n_samples is not None and count > _PLAUSIBLE and n_samples < _SAMPLES_A_CLASS * count
    if count > most or (few and all(is_integer(label) for label in classes)):
        of = f" in {n_samples} samples" if few else ""
        raise DataError(
            f"the targets of {name} have {count} different values{of}, too many to be taken for labels",
            cause="whole numbers to be predicted as numbers, or a column of names of the samples",
            remedy="say targets='numbers' (--targets numbers), or 'labels' if they are classes indeed",
        )
