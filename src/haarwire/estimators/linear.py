"""What `InvariantRegressor` and `InvariantClassifier` share: data become moments, moments a solution."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, final

import numpy as np
import scipy.sparse as sp
from sklearn.utils.validation import check_is_fitted

from haarwire._numbers import FloatArray, IntArray, is_integer
from haarwire.errors import DataError, ParameterError
from haarwire.estimators.model import LinearModel
from haarwire.estimators.representations import resolved
from haarwire.groups import Representation
from haarwire.moments import Moments, Samples
from haarwire.moments.checks import is_dask
from haarwire.moments.rows import as_samples, moments_of_sets
from haarwire.solve import Approach, Augmented, Hardwired, Plain, Regularized, Solution, solve

__all__ = [
    "LinearEstimator",
    "Task",
    "approach_of",
    "bounded_rank",
    "checked_intercept",
    "moments_of",
    "parts_of",
]


APPROACHES: Final = ("hardwired", "augmented", "regularized", "plain")

_WIDE: Final = 1000
"""Dense data of more features than this, and twice as many as samples, are solved on the samples."""


@final
@dataclass(frozen=True, eq=False)
class Task:
    """All of an estimator's parameters that decide the solution, checked."""

    representation: Representation
    approach: Approach
    rank: int | None
    ridge: float
    fit_intercept: bool

    def solve(self, data: Moments | Samples) -> Solution:
        """The solution; a rank bound that bounds nothing is none."""
        return solve(
            data,
            self.representation,
            rank=bounded_rank(self.rank, data.n_targets, data.n_features),
            approach=self.approach,
            ridge=self.ridge,
            fit_intercept=self.fit_intercept,
        )


def bounded_rank(rank: int | None, n_targets: int, n_features: int) -> int | None:
    """The bound r, at most min(m, n), or ParameterError where it is no positive integer or None."""
    if rank is None:
        return None
    if not is_integer(rank, 1):
        raise ParameterError(
            f"rank must be a positive integer or None, got {rank!r}",
            cause="a fractional, zero or negative bound on the rank",
            remedy="choose rank ≥ 1, or rank=None for no bound",
        )
    return min(int(rank), n_targets, n_features)


def checked_intercept(fit_intercept: bool) -> bool:
    """The option, or ParameterError where it is neither True nor False."""
    if not isinstance(fit_intercept, bool | np.bool_):
        raise ParameterError(
            f"fit_intercept must be True or False, got {fit_intercept!r}",
            cause="a number or a text given for a yes-or-no option",
            remedy="use fit_intercept=True for a model with an intercept",
        )
    return bool(fit_intercept)


def approach_of(name: str, alpha: float) -> Approach:
    """The approach of a name, or ParameterError."""
    if name == "hardwired":
        return Hardwired()
    if name == "augmented":
        return Augmented()
    if name == "plain":
        return Plain()
    if name == "regularized":
        return Regularized(alpha)
    raise ParameterError(
        f"approach must be one of {', '.join(APPROACHES)}, got {name!r}",
        cause="a misspelt name, or an Approach object",
        remedy='use approach="hardwired", or approach="regularized" with alpha=0.1',
    )


def moments_of(X: Any, Y: FloatArray, weights: Any) -> Moments:
    """The n×n moments of dense or sparse data."""
    if sp.issparse(X):
        samples = Samples.from_arrays(X, Y, weights)
        return replace(samples.moments(), dtype=samples.dtype)
    return Moments.from_arrays(X, Y, weights)


def parts_of(X: Any, Y: Any, weights: Any, sets: Sequence[IntArray]) -> Iterator[Moments]:
    """The moments of sets of rows; of Dask arrays in one pass."""
    if is_dask(X):
        return moments_of_sets(as_samples(X, Y, weights), sets)
    return (moments_of(X[rows], Y[rows], None if weights is None else weights[rows]) for rows in sets)


def _data_of(X: Any, Y: Any, weights: Any, approach: Approach) -> Moments | Samples:
    N, n = X.shape
    # Dask arrays are worth it for the invariant coordinates only: the span of their samples is not to be had.
    is_wide = isinstance(approach, Hardwired) if is_dask(X) else n > 2 * N
    if sp.issparse(X) or (n > _WIDE and is_wide):
        return Samples.from_arrays(X, Y, weights)
    return Moments.from_arrays(X, Y, weights)


class LinearEstimator(LinearModel):
    """A linear estimator with the parameters of `InvariantRegressor`."""

    approach: str
    alpha: float
    rank: int | None
    ridge: float
    fit_intercept: bool

    _task: Task
    _data: Moments | None
    _solved: Solution | None

    def _new_task(self) -> Task:
        return Task(
            representation=resolved(self.representation, self.n_features_in_),
            approach=self._approach(),
            rank=self.rank,
            ridge=self.ridge,
            fit_intercept=checked_intercept(self.fit_intercept),
        )

    def _approach(self) -> Approach:
        approach = approach_of(self.approach, self.alpha)
        # All are the same then, and this one takes no more than n_samples coordinates.
        return Plain() if self.representation is None else approach

    def _fit_targets(self, X: Any, Y: FloatArray, weights: FloatArray | None, *, is_flat: bool) -> None:
        """Fit from scratch."""
        task = self._new_task()
        data = _data_of(X, Y, weights, task.approach)
        self._solved = task.solve(data)
        self._task, self._is_flat = task, is_flat
        # Samples would keep all data alive, in pickles too.
        self._data = data if isinstance(data, Moments) else None

    def _add_targets(self, X: Any, Y: FloatArray, weights: FloatArray | None, *, is_flat: bool) -> None:
        """Add a batch to the moments; the solution is found when it is asked for."""
        task = self._new_task()
        seen = None
        if self.__sklearn_is_fitted__():
            if self._data is None:
                raise DataError(
                    "there are no moments that this batch could be added to",
                    cause="fit was called on sparse data, or on data with many features, of which it keeps "
                    "no moments",
                    remedy="give all batches to partial_fit, the first one to a new estimator",
                )
            if self._is_flat != is_flat:
                raise DataError(
                    "y has another number of dimensions than in earlier batches",
                    cause="a column of shape (n_samples, 1) in place of shape (n_samples,), or the reverse",
                    remedy="give y of the same shape in every batch",
                )
            seen = self._data
        # Weights may all be zero in one batch: it adds nothing then.
        is_empty = weights is not None and not weights.any()
        if is_empty and seen is None:
            raise DataError(
                f"All {len(Y)} entries of sample_weight are zero.",
                cause="a first batch in which no sample counts",
                remedy="give at least one sample of the first batch a positive weight",
            )
        if not is_empty:
            batch = moments_of(X, Y, weights)
            seen = batch if seen is None else seen + batch
        self._data, self._task, self._is_flat = seen, task, is_flat
        self._solved = None

    @property
    def solution_(self) -> Solution:
        """The solution of `haarwire.solve`."""
        check_is_fitted(self)
        if self._solved is None:
            assert self._data is not None
            self._solved = self._task.solve(self._data)
        return self._solved

    @property
    def _is_restricted(self) -> bool:
        return super()._is_restricted and self.approach != "plain"
