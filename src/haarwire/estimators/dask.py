"""Dask collections in estimators: checked without being computed, predicted lazily, scored on moments."""

from __future__ import annotations

from typing import Any

import numpy as np

from haarwire._numbers import FloatArray
from haarwire.errors import DataError
from haarwire.moments import Moments
from haarwire.moments.alignment import dask_arrays
from haarwire.moments.checks import is_dask
from haarwire.moments.cluster import dask_module

__all__ = ["accuracy", "by_blocks", "checked_collections", "column", "r2", "to_weights", "weight_of_classes"]


def checked_collections(X: Any, y: Any = None) -> tuple[Any, Any, Any]:
    """X and y as Dask arrays, and a few zeros that look like X to scikit-learn's checks.

    With y the rows are counted. Whether entries are finite shows when their blocks are read.

    Raises
    ------
    DataError
        When shapes or types are wrong.
    """
    if y is None:
        inputs, targets = dask_arrays(X, X)[0], None
    else:
        inputs, targets, _ = dask_arrays(X, y, counted=True)
    if inputs.dtype.kind not in "biuf":
        raise DataError(
            f"X has dtype {inputs.dtype}, which is not a real number",
            cause="text, dates or mixed columns",
            remedy="leave such columns out, or convert them: X.astype(float)",
        )
    if targets is not None and targets.ndim == 2 and targets.shape[1] == 0:
        raise DataError(
            f"y has shape {targets.shape}: no targets",
            cause="a selection of columns that selects none",
            remedy="give at least one column",
        )
    n_features = inputs.shape[1] if inputs.ndim == 2 else 0
    look: Any = np.zeros((2, n_features)) if inputs.ndim == 2 else np.zeros(2)
    if hasattr(X, "columns"):
        look = dask_module("pandas").DataFrame(look, columns=X.columns)
    return inputs, targets, look


def to_weights(values: Any, n_samples: int) -> Any:
    """One number a sample, as a Dask array.

    Raises
    ------
    DataError
        When they are not as many.
    """
    weights = dask_arrays(values, values, counted=True)[0]
    if weights.shape != (n_samples,):
        raise DataError(
            f"sample_weight has shape {weights.shape}, but there are {n_samples} samples.",
            cause="weights of other samples, or a column instead of a vector",
            remedy=f"give one weight a sample, shape ({n_samples},)",
        )
    return weights


def by_blocks(function: Any, rows: Any, *arguments: Any, dtype: Any, width: int | None = None) -> Any:
    """``function(rows, *arguments)``, a block at a time where the rows are a Dask array.

    The result has one dimension, or `width` columns.
    """
    if not is_dask(rows):
        return np.asarray(function(rows, *arguments))
    if width is not None:
        chunks = (rows.chunks[0], (width,))
        return rows.map_blocks(function, *arguments, dtype=dtype, chunks=chunks)
    return rows.map_blocks(function, *arguments, dtype=dtype)


def column(labels: Any) -> Any:
    """Labels of shape (n_samples,), from a Dask array of that shape or of one column, or DataError."""
    if labels.ndim == 1:
        return labels
    if labels.shape[1] != 1:
        raise DataError(
            f"y has shape {labels.shape}, one label a sample is needed",
            cause="one-hot targets, or several columns of labels",
            remedy="give a column of labels, for example y.argmax(axis=1)",
        )
    return labels[:, 0]


def r2(predicted: Any, y: Any, sample_weight: Any) -> float:
    """R², averaged over targets: from the moments of residuals and targets.

    A constant target counts as 1 where it is predicted exactly, else as 0.
    """
    fitted, targets, weights = dask_arrays(predicted, y, sample_weight, counted=True)
    if fitted.ndim != targets.ndim:
        fitted, targets = (A.reshape(len(A), -1) for A in (fitted, targets))
    residuals = targets - fitted
    moments = Moments.from_arrays(residuals if residuals.ndim == 2 else residuals[:, None], targets, weights)
    m = moments.n_targets
    squares = moments.scatter.diagonal()
    left, total = squares[:m] + moments.weight * moments.x_mean**2, squares[m:]
    constant = total == 0
    scores = 1.0 - left / np.where(constant, 1.0, total)
    return float(np.where(constant, left == 0, scores).mean())


def accuracy(predicted: Any, y: Any, sample_weight: Any) -> float:
    """The weighted share of labels that are predicted right."""
    found, labels, weights = dask_arrays(predicted, y, sample_weight, counted=True)
    hits = (found == column(labels)).astype(np.float64)
    return float(Moments.from_arrays(hits[:, None], hits, weights).x_mean[0])


def weight_of_classes(positions: Any, weights: Any, n_classes: int) -> FloatArray:
    """The total weight of the samples of each class."""
    if not is_dask(positions):
        return np.bincount(positions, weights, minlength=n_classes).astype(np.float64)
    da = dask_module("dask.array")
    rows, counted, _ = dask_arrays(positions, weights)
    return np.asarray(da.bincount(rows, weights=counted, minlength=n_classes))
