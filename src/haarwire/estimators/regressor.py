"""`InvariantRegressor`: the three approaches, and the plain one, as a scikit-learn regressor."""

from __future__ import annotations

from typing import Self, final

from numpy.typing import ArrayLike

from haarwire.estimators._sklearn import checked_weights
from haarwire.estimators.linear import LinearEstimator
from haarwire.estimators.model import LinearRegressor, targets_like
from haarwire.groups import Representation

__all__ = ["InvariantRegressor"]


@final
class InvariantRegressor(LinearRegressor, LinearEstimator):
    """Linear least squares of bounded rank for data with a symmetry: f(x) = W x + b.

    `haarwire.solve` with scikit-learn's manners: W minimizes the mean squared error, summed over targets,
    plus ridge·‖W‖² (and alpha·tr(W R Wᵀ) where regularized). The error is a *mean*, so ``ridge`` is the
    ``alpha`` of scikit-learn's Ridge divided by the number of samples.

    Parameters
    ----------
    representation : Representation, str or None
        The symmetry. A name is one for `haarwire.groups.from_name`; one without its size
        ("image_rotations", "cyclic_shifts") takes it from the number of features. None: the trivial
        group, with which every approach is plain least squares.
    approach : {"hardwired", "augmented", "regularized", "plain"}
        How the symmetry is brought in. Hard-wired and augmented give the same model where theory says so;
        "augmented" is as if the data held every sample moved by every element of the group.
    alpha : float
        Strength of the invariance penalty where regularized; ``numpy.inf`` is hard-wired, 0 plain.
    rank : int, optional
        Bound on the rank of W. None, or a bound above min(n_targets, n_features): no bound.
    ridge : float
        Strength of the ordinary ridge penalty.
    fit_intercept : bool
        Whether the model has an intercept.

    Attributes
    ----------
    coef_ : ndarray, shape (n_features,) or (n_targets, n_features)
        W.
    intercept_ : float or ndarray, shape (n_targets,)
        b.
    rank_ : int
        Rank of W.
    solution_ : Solution
        All else that `haarwire.solve` found: loss, invariance gap, singular values, whether it is unique.
    n_features_in_ : int
        Features seen in fit.
    feature_names_in_ : ndarray of str
        Their names, where they have any.

    Notes
    -----
    Data are reduced to moments, which `partial_fit` adds up: batches give the model of all samples at once,
    up to rounding. Sparse data, and dense data of more than 1000 features and more than twice as many as
    samples, are solved by `fit` on the samples (`haarwire.Samples`): no n×n matrix is made where there is a
    way around it. `partial_fit` always makes one, and so does `fit` of Dask collections, but for hard-wired
    models of more than 1000 features. Their rows stay with the workers, and `predict` gives a Dask array.

    Examples
    --------
    >>> import haarwire as hw
    >>> from haarwire.estimators import InvariantRegressor
    >>> data = hw.datasets.planted(hw.groups.reflection(4), 200, noise=0.1, rng=0)
    >>> model = InvariantRegressor("reflection").fit(data.X, data.Y[:, 0])
    >>> round(model.score(data.X, data.Y[:, 0]), 2)
    0.7
    >>> model.coef_.round(3)
    array([ 0.066, -0.066, -0.066,  0.066])
    """

    def __init__(
        self,
        representation: Representation | str | None = None,
        *,
        approach: str = "hardwired",
        alpha: float = 1.0,
        rank: int | None = None,
        ridge: float = 0.0,
        fit_intercept: bool = True,
    ) -> None:
        self.representation = representation
        self.approach = approach
        self.alpha = alpha
        self.rank = rank
        self.ridge = ridge
        self.fit_intercept = fit_intercept

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Fit, forgetting what was seen before.

        Parameters
        ----------
        X : array_like, sparse array, or Dask array or frame, shape (n_samples, n_features)
            Inputs.
        y : array_like, or Dask collection, shape (n_samples,) or (n_samples, n_targets)
            Targets.
        sample_weight : array_like, or Dask collection, shape (n_samples,), optional
            Weights ≥ 0; a whole number is a number of repetitions.

        Returns
        -------
        self

        Raises
        ------
        DataError
            When the sizes do not match, or there is nothing to learn: one sample, or constant targets.
        ParameterError
            When a parameter is out of range.
        """
        samples, targets = self._checked(X, y, reset=True)
        weights = checked_weights(sample_weight, samples.shape[0])
        self._fit_targets(samples, targets_like(samples, targets), weights, is_flat=targets.ndim == 1)
        return self

    def partial_fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Add a batch to what was seen before; parameters as in `fit`.

        The model is found when it is asked for: a first batch may be a single sample.
        """
        samples, targets = self._checked(X, y, reset=not self.__sklearn_is_fitted__())
        weights = checked_weights(sample_weight, samples.shape[0])
        self._add_targets(samples, targets_like(samples, targets), weights, is_flat=targets.ndim == 1)
        return self
