"""`InvariantRegressorCV`: approach, penalty, rank and ridge by cross-validation on moments."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product
from typing import Any, Self, final

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike
from scipy.stats import rankdata
from sklearn import get_config
from sklearn.model_selection import check_cv
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing
from sklearn.utils.validation import check_is_fitted

from haarwire._numbers import FloatArray
from haarwire.errors import ParameterError
from haarwire.estimators._sklearn import checked_weights
from haarwire.estimators.folds import Fold, folds_of
from haarwire.estimators.linear import bounded_rank, checked_intercept
from haarwire.estimators.model import LinearRegressor, targets_like
from haarwire.estimators.representations import resolved
from haarwire.groups import Representation
from haarwire.invariants.haar import require_compact
from haarwire.moments import Moments
from haarwire.selection import alpha_grid
from haarwire.selection.held_out import HeldOut
from haarwire.solve import PenaltyFrame, Solution, penalty_frame
from haarwire.solve.approaches import checked_ridge
from haarwire.solve.path import checked_alphas, factor_path
from haarwire.solve.solver import check_samples, checked_rank

__all__ = ["InvariantRegressorCV"]


@final
class InvariantRegressorCV(LinearRegressor):
    """`InvariantRegressor` with alpha, rank and ridge chosen by cross-validation, without refits on data.

    alpha = 0 is the plain approach and alpha = ∞ the hard-wired one, so the choice of alpha is that of the
    approach. Each fold's training moments are the whole's minus the fold's; one factorization a fold and
    ridge serves every alpha, and every rank comes with it. The score is minus the mean squared error,
    averaged over targets: what GridSearchCV finds for ``InvariantRegressor(approach="regularized")`` with
    ``scoring="neg_mean_squared_error"``, up to rounding. (At alpha = 0, where the features of a training side
    are linearly dependent, it is the least-squares solution of least penalty, not of least norm.)

    Parameters
    ----------
    representation : Representation, str or None
        As in `InvariantRegressor`.
    alphas : array_like, optional
        Penalty strengths in [0, ∞]. None: `haarwire.selection.alpha_grid` of all data, 0 and ∞ among them.
    ranks : iterable of int or None, or "all", optional
        Bounds on the rank. None: no bound; "all": 1 … min(n_targets, n_features).
    ridges : array_like
        Strengths of the ordinary ridge penalty, on the mean squared error.
    cv : int, splitter or iterable, optional
        As everywhere in scikit-learn. None: 5 folds, in order.
    question : {"as_is", "moved"}
        Score on held-out data as they are, or moved by the group: an exact average over all its elements.
    fit_intercept : bool
        Whether models have an intercept.

    Attributes
    ----------
    alpha_, ridge_ : float
        The chosen strengths.
    rank_ : int
        Rank of W: at most the chosen bound, which is ``best_params_["rank"]``.
    best_params_ : dict
        The choice: "alpha", "rank" and "ridge". The first one of those that are equally good.
    best_score_ : float
        Its mean score over folds.
    cv_results_ : dict
        As GridSearchCV has it: param_alpha, param_rank, param_ridge, params, split0_test_score, …,
        mean_test_score, std_test_score, rank_test_score.
    n_splits_ : int
        Number of folds.
    coef_, intercept_, solution_, n_features_in_, feature_names_in_
        As in `InvariantRegressor`, of the chosen model fitted on all data.

    Examples
    --------
    >>> import haarwire as hw
    >>> from haarwire.estimators import InvariantRegressorCV
    >>> data = hw.datasets.planted(hw.groups.reflection(8), 60, noise=1.0, violation=1.0, rng=0)
    >>> as_is = InvariantRegressorCV("reflection").fit(data.X, data.Y)
    >>> moved = InvariantRegressorCV("reflection", question="moved").fit(data.X, data.Y)
    >>> as_is.alpha_ < moved.alpha_
    True
    """

    _solved: Solution

    def __init__(
        self,
        representation: Representation | str | None = None,
        *,
        alphas: ArrayLike | None = None,
        ranks: Iterable[int | None] | str | None = None,
        ridges: ArrayLike = (0.0,),
        cv: Any = None,
        question: str = "as_is",
        fit_intercept: bool = True,
    ) -> None:
        self.representation = representation
        self.alphas = alphas
        self.ranks = ranks
        self.ridges = ridges
        self.cv = cv
        self.question = question
        self.fit_intercept = fit_intercept

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None, **params: Any) -> Self:
        """Choose on folds, then fit all data with the choice.

        Parameters
        ----------
        X : array_like, sparse array, or Dask array or frame, shape (n_samples, n_features)
            Inputs; n×n moments are made of them, sparse or not. Dask collections are read once.
        y : array_like, or Dask collection, shape (n_samples,) or (n_samples, n_targets)
            Targets.
        sample_weight : array_like, or Dask collection, shape (n_samples,), optional
            Weights ≥ 0, in fits and in scores.
        params
            ``groups`` for the splitter; by request where metadata routing is enabled.

        Returns
        -------
        self

        Raises
        ------
        DataError
            When the sizes do not match, or there is nothing to learn.
        ParameterError
            When a parameter is out of range.
        NotCompactError
            When the question is "moved" and the group has no Haar average.
        """
        splitter = self._routed(params)
        samples, targets = self._checked(X, y, reset=True)
        Y = targets_like(samples, targets)
        weights = checked_weights(sample_weight, len(Y))
        rep = resolved(self.representation, self.n_features_in_)
        self._check_choices(rep)
        splits = list(check_cv(self.cv).split(samples, targets, **splitter))
        if not splits:
            raise ParameterError(
                "cv has no splits",
                cause="an empty list, or an iterator that was used up before",
                remedy="use cv=5, or a list of (train, test) row numbers",
            )
        ranks = self._grid_of_ranks(Y.shape[1], self.n_features_in_)
        ridges = self._grid_of_ridges()
        has_intercept = checked_intercept(self.fit_intercept)
        rows = samples.tocsr() if sp.issparse(samples) else samples
        whole, folds = folds_of(rows, Y, weights, splits)
        check_samples(whole, fit_intercept=has_intercept)
        data = whole if has_intercept else whole.about_origin()
        frame = penalty_frame(rep)
        alphas = self._grid_of_alphas(data, rep, frame)
        scores = self._scores(folds, rep, frame, alphas=alphas, ranks=ranks, ridges=ridges)
        self._record(scores, alphas, ranks, ridges)
        self.n_splits_ = len(splits)
        self._solved = self._fitted(data, rep, frame)
        self._is_flat = targets.ndim == 1
        return self

    def _routed(self, params: dict[str, Any]) -> dict[str, Any]:
        """What goes to the splitter."""
        if get_config()["enable_metadata_routing"]:
            routed: dict[str, Any] = process_routing(self, "fit", **params).splitter.split
            return routed
        unknown = sorted(set(params) - {"groups"})
        if unknown:
            raise TypeError(f"fit() got an unexpected keyword argument {unknown[0]!r}")
        return params

    def _check_choices(self, rep: Representation) -> None:
        if not isinstance(self.question, str) or self.question not in ("as_is", "moved"):
            raise ParameterError(
                f"question must be as_is or moved, got {self.question!r}",
                cause="a misspelt word",
                remedy='use question="moved" where inputs will come moved by the group, else "as_is"',
            )
        if self.question == "moved":
            require_compact(rep, "the score on moved data")

    def _grid_of_alphas(self, data: Moments, rep: Representation, frame: PenaltyFrame) -> list[float]:
        if self.alphas is None:
            grid = alpha_grid(factor_path(data, rep, rank=1, ridge=0.0, frame=frame))
        else:
            grid = checked_alphas(self.alphas)
        return [float(alpha) for alpha in grid]

    def _grid_of_ranks(self, n_targets: int, n_features: int) -> list[int | None]:
        if self.ranks is None:
            return [None]
        if isinstance(self.ranks, str):
            if self.ranks != "all":
                raise ParameterError(
                    f'ranks must be bounds on the rank, "all" or None, got {self.ranks!r}',
                    cause="a misspelt word",
                    remedy='use ranks="all", or a list such as [1, 2, 5, None]',
                )
            return list(range(1, min(n_targets, n_features) + 1))
        given = list(self.ranks) if isinstance(self.ranks, Iterable) else []
        if not given:
            raise ParameterError(
                f"ranks must be a list of bounds on the rank, got {self.ranks!r}",
                cause="a single number, or a range that holds nothing",
                remedy="use ranks=None for no bound, or a list such as [1, 2, 5]",
            )
        for rank in given:
            bounded_rank(rank, n_targets, n_features)
        return [None if rank is None else int(rank) for rank in given]

    def _grid_of_ridges(self) -> list[float]:
        given = np.asarray(self.ridges)
        if given.ndim > 1 or given.size == 0 or given.dtype.kind not in "iuf":
            raise ParameterError(
                f"ridges must be a list of numbers ≥ 0, got {self.ridges!r}",
                cause="an empty list, or something else than numbers",
                remedy="use ridges=(0.0,) for none, or for example numpy.logspace(-3, 3, 7)",
            )
        return [checked_ridge(ridge) for ridge in np.atleast_1d(given).tolist()]

    def _scores(
        self,
        folds: Iterable[Fold],
        rep: Representation,
        frame: PenaltyFrame,
        *,
        alphas: Sequence[float],
        ranks: Sequence[int | None],
        ridges: Sequence[float],
    ) -> FloatArray:
        """Held-out scores, shape (n_alphas, n_ranks, n_ridges, n_folds)."""
        found = [
            np.stack([self._along_path(fold, rep, frame, alphas, ridge) for ridge in ridges], axis=-1)
            for fold in folds
        ]
        by_rank = np.stack(found, axis=-1)
        largest = by_rank.shape[1]
        return np.asarray(by_rank[:, [min(rank or largest, largest) - 1 for rank in ranks]])

    def _along_path(
        self, fold: Fold, rep: Representation, frame: PenaltyFrame, alphas: Sequence[float], ridge: float
    ) -> FloatArray:
        """Scores at every alpha and rank, shape (n_alphas, min(m, n))."""
        train, test = fold if self.fit_intercept else (part.about_origin() for part in fold)
        path = factor_path(train, rep, rank=1, ridge=ridge, frame=frame)
        held_out = HeldOut(path, test)
        strengths = np.asarray(alphas)
        losses = held_out.moved(strengths) if self.question == "moved" else held_out.as_is(strengths)
        return np.asarray(-losses / train.n_targets)

    def _record(
        self,
        scores: FloatArray,
        alphas: Sequence[float],
        ranks: Sequence[int | None],
        ridges: Sequence[float],
    ) -> None:
        candidates = list(product(alphas, ranks, ridges))
        table = scores.reshape(len(candidates), -1)
        mean = table.mean(axis=1)
        order = rankdata(-mean, method="min").astype(np.int32)
        best = int(order.argmin())
        params = [dict(zip(("alpha", "rank", "ridge"), values, strict=True)) for values in candidates]
        self.cv_results_ = {
            "param_alpha": np.array([alpha for alpha, _, _ in candidates]),
            "param_rank": np.array([rank for _, rank, _ in candidates], dtype=object),
            "param_ridge": np.array([ridge for _, _, ridge in candidates]),
            "params": params,
            **{f"split{j}_test_score": table[:, j] for j in range(table.shape[1])},
            "mean_test_score": mean,
            "std_test_score": table.std(axis=1),
            "rank_test_score": order,
        }
        self.best_params_ = params[best]
        self.best_score_ = float(mean[best])
        self.alpha_, self.ridge_ = candidates[best][0], candidates[best][2]

    def _fitted(self, data: Moments, rep: Representation, frame: PenaltyFrame) -> Solution:
        m, n = data.n_targets, data.n_features
        bound: Any = self.best_params_["rank"]
        rank = checked_rank(bounded_rank(bound, m, n), m, n)
        return factor_path(data, rep, rank=rank, ridge=self.ridge_, frame=frame).at(self.alpha_)

    @property
    def solution_(self) -> Solution:
        """The chosen model, fitted on all data."""
        check_is_fitted(self)
        return self._solved

    def get_metadata_routing(self) -> Any:
        """What metadata `fit` passes on: what the splitter requests."""
        mapping = MethodMapping().add(caller="fit", callee="split")
        router = MetadataRouter(owner=self).add_self_request(self)
        return router.add(splitter=check_cv(self.cv), method_mapping=mapping)
