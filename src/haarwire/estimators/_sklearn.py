"""scikit-learn, or a clear error where it is missing; and the checks of inputs that estimators share."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike

from haarwire.errors import MissingDependencyError
from haarwire.estimators.dask import checked_collections, to_weights
from haarwire.moments.checks import as_weights, is_dask, refuse_dask

try:
    from sklearn.utils.validation import validate_data
except ImportError as error:
    raise MissingDependencyError(
        "haarwire.estimators needs scikit-learn 1.6 or newer, which is not installed",
        cause="Haarwire was installed without its 'sklearn' extra, or beside an old scikit-learn",
        remedy='pip install "haarwire[sklearn]"',
    ) from error

__all__ = ["SPARSE", "checked_names", "checked_weights", "validated"]


SPARSE: Final = ("csr", "csc")
"""Sparse formats that are taken as they are; others are converted to the first one."""


def validated(
    estimator: Any,
    X: Any,
    y: Any = "no_validation",
    *,
    reset: bool,
    takes_dask: bool = False,
    **options: Any,
) -> Any:
    """X, or (X, y), as finite arrays of float64 or float32; notes or checks the features' number and names.

    Dask collections stay Dask arrays, of the type they have, where the estimator takes them.

    Parameters
    ----------
    estimator : BaseEstimator
        Gets ``n_features_in_`` and ``feature_names_in_``.
    X, y : array_like
        y may be left out.
    reset : bool
        Whether the features are new (in ``fit``), or must be those noted before.
    takes_dask : bool
        Whether the estimator takes Dask collections, or says that it does not.
    options
        More arguments of scikit-learn's ``validate_data``.
    """
    if is_dask(X, y):
        if not takes_dask:
            refuse_dask(type(estimator).__name__, "pass parts that fit in memory: X[rows].compute()", X, y)
        inputs, targets, look = checked_collections(X, None if isinstance(y, str) else y)
        validate_data(estimator, look, reset=reset)
        return inputs if targets is None else (inputs, targets)
    return validate_data(estimator, X, y, reset=reset, dtype=[np.float64, np.float32], **options)


def checked_weights(sample_weight: ArrayLike | None, n_samples: int) -> Any:
    """Weights as an array or Dask array of shape (n_samples,), from an array or one number for all samples.

    Raises
    ------
    DataError
        When they are not as many, or not finite and at least zero.
    """
    if sample_weight is None:
        return None
    if is_dask(sample_weight):
        return to_weights(sample_weight, n_samples)
    given = np.asarray(sample_weight)
    return as_weights(np.full(n_samples, given) if given.ndim == 0 else given, n_samples, "sample_weight")


def checked_names(estimator: Any, input_features: Any) -> list[str]:
    """Names of a fitted transformer's input features: those given, or seen in fit, or x0, x1 and so on.

    Raises
    ------
    ValueError
        When the names given are not those seen in fit, or not as many.
    """
    seen = getattr(estimator, "feature_names_in_", None)
    n = estimator.n_features_in_
    if input_features is None:
        return [f"x{i}" for i in range(n)] if seen is None else list(seen)
    given = [str(name) for name in input_features]
    if seen is not None and given != list(seen):
        raise ValueError("input_features is not equal to feature_names_in_")
    if len(given) != n:
        raise ValueError(f"input_features should have length equal to number of features ({n})")
    return given
