"""Checks of the arrays that become moments; every function returns its argument in plain form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike, NDArray

from haarwire._numbers import FloatArray, is_integer, is_real
from haarwire.errors import DataError, ParameterError

__all__ = [
    "as_inputs",
    "as_model",
    "as_targets",
    "as_weights",
    "check_accumulate",
    "check_column_block",
    "check_fields",
    "check_finite",
    "check_lengths",
    "check_precision",
    "entry_not_finite",
    "is_dask",
    "not_finite",
    "overflow",
    "refuse_dask",
]

NumericArray: TypeAlias = NDArray[Any]

_SEARCH_ROWS = 1024
_ROUNDING = 1e-8


def is_dask(*values: object) -> bool:
    """Whether one of them is a Dask collection; Dask is not loaded for that."""
    return any(hasattr(value, "__dask_graph__") and hasattr(value, "to_delayed") for value in values)


def refuse_dask(what: str, remedy: str, *values: object) -> None:
    """Raise ParameterError where one of the values is a Dask collection: what needs rows in memory."""
    if is_dask(*values):
        raise ParameterError(
            f"{what} needs the samples themselves in memory, got a Dask collection.",
            cause="what it computes is no function of moments.",
            remedy=remedy,
        )


def as_inputs(X: ArrayLike, name: str) -> NumericArray:
    """X as an (N, n) numeric array, n ≥ 1, not copied where that is possible."""
    A = _as_numeric(X, name)
    if A.ndim == 1:
        raise DataError(
            f"{name} has shape {A.shape}: one dimension, where samples × features are expected.",
            cause="a single feature or a single sample was passed.",
            remedy="X.reshape(-1, 1) for one feature, X.reshape(1, -1) for one sample.",
        )
    if A.ndim != 2:
        raise DataError(
            f"{name} has shape {A.shape}: {A.ndim} dimensions, where samples × features are expected.",
            cause="images or other arrays that have not been flattened.",
            remedy="X.reshape(len(X), -1), which makes each sample one row.",
        )
    if A.shape[1] == 0:
        raise DataError(
            f"{name} has shape {A.shape}: no features.",
            cause="a selection of columns that selects none.",
            remedy="pass at least one column.",
        )
    return A


def as_targets(Y: ArrayLike, name: str) -> NumericArray:
    """Y as an (N, m) numeric array, m ≥ 1; shape (N,) is one target."""
    A = _as_numeric(Y, name)
    if A.ndim == 1:
        A = A[:, None]
    if A.ndim != 2:
        raise DataError(
            f"{name} has shape {A.shape}: {A.ndim} dimensions, where samples × targets are expected.",
            cause="targets that have not been flattened.",
            remedy="Y.reshape(len(Y), -1), which makes each sample one row.",
        )
    if A.shape[1] == 0:
        raise DataError(
            f"{name} has shape {A.shape}: no targets.",
            cause="a selection of columns that selects none.",
            remedy="pass at least one column, or one number a sample as an array of shape (N,).",
        )
    return A


def as_weights(sample_weight: ArrayLike, n_samples: int, name: str, first_row: int = 0) -> FloatArray:
    """Weights as a float64 array of shape (N,), finite and ≥ 0; rows are counted from `first_row`."""
    w = _as_numeric(sample_weight, name).astype(np.float64)
    if w.shape != (n_samples,):
        raise DataError(
            f"{name} has shape {w.shape}, but there are {n_samples} samples.",
            cause="weights of other samples, or a column instead of a vector.",
            remedy=f"pass one weight a sample, an array of shape ({n_samples},); np.ravel(w) for a column.",
        )
    bad = ~(np.isfinite(w) & (w >= 0))
    if bad.any():
        row = int(bad.argmax())
        raise DataError(
            f"{name} is {w[row]} at row {first_row + row}; weights must be finite and at least zero.",
            cause="a missing value, a division by zero, or a difference.",
            remedy="give samples that do not count the weight 0.",
        )
    return w


def check_lengths(X: NumericArray, Y: NumericArray, where: str) -> None:
    """X and Y must have the same number of rows."""
    if len(X) != len(Y):
        raise DataError(
            f"X{where} has {len(X)} rows and Y{where} has {len(Y)}.",
            cause="X and Y come from different selections, or one of them is transposed.",
            remedy="pass samples as rows, the same samples in the same order in both.",
        )


def check_accumulate(accumulate: str, chunk_rows: int | None, accuracy: str = "gram") -> None:
    """The options of how moments are summed."""
    if accuracy not in ("gram", "qr"):
        raise ParameterError(
            f"accuracy is {accuracy!r}.",
            cause="a misspelt word, or a tolerance in its place.",
            remedy='accuracy="gram" (sums of products, the default), or accuracy="qr" for nearly collinear '
            "features.",
        )
    if accuracy == "qr" and accumulate == "float32":
        raise ParameterError(
            'accuracy="qr" and accumulate="float32" contradict each other.',
            cause="one option asks for the most digits, the other for the fewest.",
            remedy="leave accumulate out; data in float32 are taken as they are.",
        )
    if accumulate not in ("float64", "float32"):
        raise ParameterError(
            f"accumulate is {accumulate!r}.",
            cause="a misspelt precision.",
            remedy='accumulate="float64" (the default), or accumulate="float32" for speed.',
        )
    if chunk_rows is not None and not is_integer(chunk_rows, 1):
        raise ParameterError(
            f"chunk_rows is {chunk_rows!r}; it must be a whole number of rows, at least 1.",
            cause="a size in bytes, or a division that gave a float.",
            remedy="leave chunk_rows out, or pass for example chunk_rows=4096.",
        )


def check_column_block(column_block: int | None) -> None:
    """The width of blocks of columns."""
    if column_block is not None and not is_integer(column_block, 1):
        raise ParameterError(
            f"column_block is {column_block!r}; it must be a whole number of columns, at least 1.",
            cause="a size in bytes, or a division that gave a float.",
            remedy="leave column_block out, or pass for example column_block=4096.",
        )


def check_precision(dtype: np.dtype[Any], eps: float) -> None:
    """The precision of `Moments`."""
    if dtype not in (np.float32, np.float64) or not (is_real(eps) and 0 < eps < 1):
        raise ParameterError(
            f"dtype is {dtype} and eps {eps!r}.",
            cause="the type of the data, where that of results is meant, or a tolerance.",
            remedy="leave both out, or pass float32 or float64, and eps of the precision of the products.",
        )


def check_fields(n_features: int, count: int, weight: float, mean: FloatArray, scatter: FloatArray) -> None:
    """The fields of `Moments` must belong together and be finite."""
    fits = mean.ndim == 1 and is_integer(n_features, 1) and n_features < len(mean)
    if not fits or scatter.shape != 2 * mean.shape:
        raise DataError(
            f"{n_features} features, a mean of shape {mean.shape} and a scatter of shape "
            f"{scatter.shape} do not belong together.",
            cause="moments of inputs only; they must be those of inputs and targets together.",
            remedy="use Moments.from_arrays(X, Y), or shapes (n + m,) and (n + m, n + m) with m > 0.",
        )
    if (count > 0) != (weight > 0):
        raise DataError(
            f"{count} samples cannot have a total weight of {weight}.",
            cause="a count or a weight that has been changed by hand.",
            remedy="use Moments.from_arrays(X, Y, sample_weight), or count=0, weight=0.0 for no samples.",
        )
    # One pass without a temporary; only a sum that overflows needs another.
    with np.errstate(over="ignore", invalid="ignore"):
        is_finite = np.isfinite(scatter.sum()) or np.isfinite(scatter).all()
    if not (is_finite and np.isfinite(weight) and np.isfinite(mean).all()):
        raise overflow()
    variances = scatter.diagonal()
    # Moments that were moved by a group have rounding where there is no variance.
    if variances.min() < -_ROUNDING * variances.max():
        raise DataError(
            f"The scatter has {variances.min():g} on its diagonal, where sums of squares are.",
            cause="a covariance of something else, or a difference of moments of which neither is a part.",
            remedy="use Moments.from_arrays(X, Y), and whole - part for a part that is in the whole.",
        )


def as_model(coef: ArrayLike, intercept: ArrayLike, m: int, n: int) -> tuple[FloatArray, FloatArray]:
    """W as an (m, n) array, b as an array of shape (m,), (1,) or ()."""
    W, b = np.asarray(coef, np.float64), np.asarray(intercept, np.float64)
    if W.ndim == 1 and m == 1:
        W = W[None, :]
    if W.shape != (m, n) or b.shape not in ((), (1,), (m,)):
        raise DataError(
            f"coef of shape {W.shape} and intercept of shape {b.shape} do not fit {n} features and "
            f"{m} targets.",
            cause="a transposed coef, or one of a model for other columns.",
            remedy=f"pass coef of shape ({m}, {n}), and as intercept a number or shape ({m},).",
        )
    return W, b


def check_finite(
    X: NumericArray,
    Y: NumericArray,
    names: Sequence[str] = ("X", "Y"),
    weights: FloatArray | None = None,
    first_row: int = 0,
) -> None:
    """Raise the DataError that names the first NaN or infinity in a row that counts, if there is one.

    Dask collections are checked where their blocks are read, and pass here.
    """
    for A in (X, Y):
        if is_dask(A) or A.dtype.kind != "f":
            continue
        for start in range(0, len(A), _SEARCH_ROWS):
            rows = slice(start, start + _SEARCH_ROWS)
            is_bad = ~np.isfinite(A[rows])
            if is_bad.any() and (weights is None or is_bad[weights[rows] > 0].any()):
                raise not_finite(X, Y, weights, names, first_row)


def not_finite(
    X: NumericArray,
    Y: NumericArray,
    weights: FloatArray | None,
    names: Sequence[str],
    first_row: int = 0,
) -> DataError:
    """The error that names the first NaN or infinity in a row that counts, or else the overflow."""
    for start in range(0, len(X), _SEARCH_ROWS):
        rows = slice(start, start + _SEARCH_ROWS)
        counts = True if weights is None else weights[rows, None] > 0
        for A, name in zip((X, Y), names, strict=True):
            bad = ~np.isfinite(A[rows]) & counts
            if bad.any():
                row, column = np.unravel_index(int(bad.argmax()), bad.shape)
                return entry_not_finite(
                    name, A[start + row, column], first_row + start + int(row), int(column)
                )
    return overflow()


def entry_not_finite(name: str, value: object, row: int, column: int) -> DataError:
    """The error of a NaN or an infinity."""
    return DataError(
        f"{name} is {value} at row {row}, column {column}.",
        cause="a missing value, a logarithm of zero, or a division by zero.",
        remedy="drop such rows (counted from 0; keep = np.isfinite(X).all(axis=1); X[keep], Y[keep]), give "
        "them the weight 0, or fill them in, for example with scikit-learn's SimpleImputer.",
    )


def overflow() -> DataError:
    """The error for finite samples whose moments are not."""
    return DataError(
        "All samples are finite, but their second moments overflow.",
        cause="values beyond about 1e150 (1e18 with float32 products), or as large weights.",
        remedy="rescale, for example X / np.abs(X).max(), and likewise Y and the weights.",
    )


def _as_numeric(values: ArrayLike, name: str) -> NumericArray:
    if sp.issparse(values):
        raise DataError(
            f"{name} is sparse ({type(values).__name__}).",
            cause="moments are dense, and centring would fill the samples in anyway.",
            remedy="pass .toarray(), or stream blocks of rows: Moments.from_batches((X[i:i+1000].toarray(), "
            "Y[i:i+1000]) for i in range(0, X.shape[0], 1000)).",
        )
    if isinstance(values, np.ma.MaskedArray):
        raise DataError(
            f"{name} is a masked array.",
            cause="missing entries are marked by the mask, which moments cannot take into account.",
            remedy="drop the rows that have masked entries, or fill them in with .filled(value).",
        )
    short = name.partition(" ")[0]
    try:
        A = np.asarray(values)
    except ValueError as error:
        raise DataError(
            f"{name} cannot be made an array: {error}",
            cause="rows of different lengths.",
            remedy="give every sample the same number of entries.",
        ) from None
    if A.dtype.kind not in "biuf":
        raise DataError(
            f"{name} has dtype {A.dtype}, which is not a real number.",
            cause=_CAUSES.get(A.dtype.kind, "numbers stored in a type made for something else."),
            remedy=_REMEDIES.get(A.dtype.kind, f"{short}.astype(float), if the entries are numbers."),
        )
    if A.ndim == 0:
        raise DataError(
            f"{name} is a single number, where an array of samples is expected.",
            cause="an index too many.",
            remedy="pass samples as rows.",
        )
    return A


_TEXT = "class labels or categories as text."
_ONE_HOT = "encode them as numbers: one-hot targets are (labels[:, None] == np.unique(labels)).astype(float)."
_CAUSES = {
    "U": _TEXT,
    "S": _TEXT,
    "T": _TEXT,
    "c": "a Fourier transform.",
    "O": "mixed columns, missing entries, or text in a table.",
}
_REMEDIES = {
    "U": _ONE_HOT,
    "S": _ONE_HOT,
    "T": _ONE_HOT,
    "c": "pass real and imaginary parts as columns: np.hstack([X.real, X.imag]).",
}
