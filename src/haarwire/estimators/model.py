"""What every linear estimator shows of its solution, and how it predicts; for regressors, how it scores."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, MultiOutputMixin, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from haarwire._numbers import FloatArray
from haarwire.estimators._sklearn import SPARSE, validated
from haarwire.estimators.dask import r2
from haarwire.groups import Representation
from haarwire.moments.checks import is_dask
from haarwire.solve import Solution

__all__ = ["LinearModel", "LinearRegressor", "targets_like"]


class LinearModel(BaseEstimator, ABC):
    """f(x) = W x + b of a solution."""

    representation: Representation | str | None

    n_features_in_: int
    _is_flat: bool

    @property
    @abstractmethod
    def solution_(self) -> Solution:
        """The solution of `haarwire.solve`."""

    @property
    def coef_(self) -> FloatArray:
        """W: shape (n_features,) for a single target given flat, else (n_targets, n_features)."""
        W = self.solution_.coef
        return W[0] if self._is_flat else W

    @property
    def intercept_(self) -> Any:
        """b: a number for a single target given flat, else of shape (n_targets,)."""
        b = self.solution_.intercept
        return b[0] if self._is_flat else b

    @property
    def rank_(self) -> int:
        """Rank of the coefficients: at most the bound, less where the data support no more."""
        return self.solution_.rank

    def _linear(self, X: Any) -> Any:
        """W x + b of each row; a Dask array for a Dask collection."""
        check_is_fitted(self)
        samples = validated(self, X, reset=False, accept_sparse=SPARSE, takes_dask=True)
        found = samples @ self.coef_.T + self.intercept_
        return found if is_dask(found) else np.asarray(found)

    @property
    def _is_restricted(self) -> bool:
        """Whether scores are low on data without the symmetry, by design."""
        return self.representation is not None

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_is_flat")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


class LinearRegressor(MultiOutputMixin, RegressorMixin, LinearModel):
    """A linear model of numbers."""

    def _checked(self, X: Any, y: Any, *, reset: bool) -> Any:
        return validated(
            self,
            X,
            y,
            reset=reset,
            takes_dask=True,
            accept_sparse=SPARSE,
            multi_output=True,
            y_numeric=True,
        )

    def predict(self, X: ArrayLike) -> Any:
        """W x + b for each row x of X; of the shape of y in `fit`, a Dask array for a Dask collection."""
        return self._linear(X)

    def score(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """R², averaged over targets."""
        if is_dask(X, y):
            return r2(self.predict(X), y, sample_weight)
        return float(super().score(X, y, sample_weight))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.regressor_tags.poor_score = self._is_restricted
        return tags


def targets_like(X: Any, y: Any) -> Any:
    """Targets as columns, in the precision of X."""
    if is_dask(y):
        precision = np.float32 if X.dtype == np.float32 else np.float64
        return (y if y.ndim == 2 else y[:, None]).astype(precision)
    return np.asarray(y, dtype=X.dtype).reshape(len(y), -1)
