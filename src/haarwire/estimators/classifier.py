"""`InvariantClassifier`: least squares on the classes, one-hot."""

from __future__ import annotations

from typing import Any, Self, final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassifierMixin
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets

from haarwire.errors import DataError, ParameterError
from haarwire.estimators._sklearn import SPARSE, checked_weights, validated
from haarwire.estimators.dask import accuracy, by_blocks, column, weight_of_classes
from haarwire.estimators.linear import LinearEstimator
from haarwire.estimators.model import targets_like
from haarwire.groups import Representation
from haarwire.moments.checks import is_dask
from haarwire.moments.rows import classes_of

__all__ = ["InvariantClassifier"]


def _knows_weights(classifier: InvariantClassifier) -> bool:
    if isinstance(classifier.class_weight, str):
        raise AttributeError(
            f"partial_fit does not go with class_weight={classifier.class_weight!r}, which depends on labels "
            "that are yet to come; give the weights as a dict, or use fit"
        )
    return True


@final
class InvariantClassifier(ClassifierMixin, LinearEstimator):
    """Linear least squares on one-hot classes for data with a symmetry; the largest output wins.

    As scikit-learn's RidgeClassifier: targets are +1 for the sample's class and −1 for the others, a single
    column of ±1 for two classes. (Outputs of 0 and 1 would give half the coefficients.) There is no
    ``predict_proba``: outputs of least squares are not probabilities. Wrap it in CalibratedClassifierCV
    for those.

    Parameters
    ----------
    representation, approach, alpha, rank, ridge, fit_intercept
        As in `InvariantRegressor`. (Outputs of K classes sum to a constant: rank ≤ K − 1 with an
        intercept.)
    class_weight : dict, "balanced" or None
        Factors on the weights of the samples of each class. "balanced": in inverse proportion to the
        total weight of the class.

    Attributes
    ----------
    classes_ : ndarray, shape (n_classes,)
        Labels, sorted.
    coef_ : ndarray, shape (1, n_features) or (n_classes, n_features)
        W.
    intercept_ : ndarray, shape (1,) or (n_classes,)
        b.
    rank_, solution_, n_features_in_, feature_names_in_
        As in `InvariantRegressor`.

    Examples
    --------
    >>> import haarwire as hw
    >>> from haarwire.estimators import InvariantClassifier
    >>> data = hw.datasets.digits()
    >>> labels = data.Y.argmax(axis=1)
    >>> model = InvariantClassifier("image_rotations").fit(data.X, labels)
    >>> turned = hw.groups.image_rotations(8).generators[0].apply(data.X)
    >>> round(model.score(turned, labels), 2)
    0.72
    """

    classes_: NDArray[Any]

    def __init__(
        self,
        representation: Representation | str | None = None,
        *,
        approach: str = "hardwired",
        alpha: float = 1.0,
        rank: int | None = None,
        ridge: float = 0.0,
        fit_intercept: bool = True,
        class_weight: dict[Any, float] | str | None = None,
    ) -> None:
        self.representation = representation
        self.approach = approach
        self.alpha = alpha
        self.rank = rank
        self.ridge = ridge
        self.fit_intercept = fit_intercept
        self.class_weight = class_weight

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Fit, forgetting what was seen before.

        Parameters
        ----------
        X : array_like, sparse array, or Dask array or frame, shape (n_samples, n_features)
            Inputs.
        y : array_like, or Dask array or series, shape (n_samples,)
            Labels. Those of Dask collections take a pass before, to find the classes.
        sample_weight : array_like, or Dask collection, shape (n_samples,), optional
            Weights ≥ 0; a whole number is a number of repetitions.

        Returns
        -------
        self

        Raises
        ------
        DataError
            When the sizes do not match, or all samples are of one class.
        ParameterError
            When a parameter is out of range.
        """
        samples, labels = self._checked(X, y, reset=True)
        classes = classes_of(labels) if is_dask(labels) else np.unique(labels)
        check_classification_targets(classes)
        _check_several(classes)
        positions = by_blocks(_positions, labels, classes, dtype=np.intp)
        weights = self._weights(sample_weight, classes, positions)
        self._fit_targets(samples, _codes(samples, positions, classes), weights, is_flat=False)
        self.classes_ = classes
        return self

    @available_if(_knows_weights)
    def partial_fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        classes: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Add a batch to what was seen before.

        Not with class_weight="balanced", which needs all labels at once.

        Parameters
        ----------
        X, y, sample_weight
            As in `fit`.
        classes : array_like, shape (n_classes,), optional
            All labels there will be; needed in the first call.

        Returns
        -------
        self

        Raises
        ------
        DataError
            When y holds a label that is not among the classes.
        ParameterError
            When the first call has no classes, or a later one has others.
        """
        is_first = not self.__sklearn_is_fitted__()
        known = self._known_classes(classes, is_first=is_first)
        samples, labels = self._checked(X, y, reset=is_first)
        positions = by_blocks(_positions, labels, known, dtype=np.intp)
        weights = self._weights(sample_weight, known, positions)
        self._add_targets(samples, _codes(samples, positions, known), weights, is_flat=False)
        self.classes_ = known
        return self

    def _known_classes(self, classes: ArrayLike | None, *, is_first: bool) -> NDArray[Any]:
        given = None if classes is None else np.unique(np.asarray(classes))
        if is_first:
            if given is None:
                raise ParameterError(
                    "classes must be given in the first call to partial_fit",
                    cause="the labels of one batch need not be all there are",
                    remedy="use partial_fit(X, y, classes=numpy.unique(all_labels))",
                )
            _check_several(given)
            return given
        if given is not None and not np.array_equal(given, self.classes_):
            raise ParameterError(
                f"classes are {given.tolist()}, in the first call they were {self.classes_.tolist()}",
                cause="the labels of one batch given in place of all",
                remedy="leave classes out after the first call",
            )
        return self.classes_

    def _checked(self, X: Any, y: Any, *, reset: bool) -> Any:
        samples, labels = validated(self, X, y, reset=reset, takes_dask=True, accept_sparse=SPARSE)
        if is_dask(labels):
            return samples, column(labels)
        check_classification_targets(labels)
        return samples, labels

    def _weights(self, sample_weight: ArrayLike | None, classes: NDArray[Any], positions: Any) -> Any:
        given = checked_weights(sample_weight, positions.size)
        if self.class_weight is None:
            return given
        weights = np.ones_like(positions, dtype=np.float64) if given is None else given
        if isinstance(self.class_weight, dict):
            factors = compute_class_weight(self.class_weight, classes=classes, y=classes)
        elif isinstance(self.class_weight, str) and self.class_weight == "balanced":
            totals = weight_of_classes(positions, weights, classes.size)
            share = totals.sum() / classes.size
            factors = np.divide(share, totals, out=np.zeros(classes.size), where=totals > 0)
        else:
            raise ParameterError(
                f'class_weight must be a dict, "balanced" or None, got {self.class_weight!r}',
                cause="a list of weights, or a misspelt word",
                remedy='use class_weight="balanced", or a dict of label: weight',
            )
        return weights * by_blocks(_looked_up, positions, factors, dtype=np.float64)

    def decision_function(self, X: ArrayLike) -> Any:
        """W x + b, shape (n_samples, n_classes); for two classes (n_samples,), positive for the second."""
        scores = self._linear(X)
        return scores[:, 0] if scores.shape[1] == 1 else scores

    def predict(self, X: ArrayLike) -> Any:
        """The class of the largest output, for each row of X."""
        scores = self.decision_function(X)
        winners = (scores > 0).astype(np.intp) if scores.ndim == 1 else scores.argmax(axis=1)
        return by_blocks(_looked_up, winners, self.classes_, dtype=self.classes_.dtype)

    def score(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """The share of labels that are predicted right."""
        if is_dask(X, y):
            return accuracy(self.predict(X), y, sample_weight)
        return float(super().score(X, y, sample_weight))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.poor_score = self._is_restricted
        return tags


def _check_several(classes: NDArray[Any]) -> None:
    if classes.size < 2:
        raise DataError(
            f"there is only one class: {classes.tolist()}",
            cause="a selection of samples of the same label, or the wrong column given as y",
            remedy="give samples of at least two classes",
        )


def _positions(labels: NDArray[Any], classes: NDArray[Any]) -> NDArray[np.intp]:
    """The position of each label among the sorted classes, or DataError."""
    given = np.asarray(labels)
    positions = np.searchsorted(classes, given)
    positions[positions == classes.size] = 0
    if (classes[positions] != given).any():
        unknown = given[classes[positions] != given][:1].tolist()[0]
        raise DataError(
            f"y holds the label {unknown!r}, which is not one of the classes",
            cause="classes of the first call that were not all there are",
            remedy="give every label that may come as classes= in the first call",
        )
    return positions


def _looked_up(positions: NDArray[np.intp], table: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(table[positions])


def _codes(X: Any, positions: Any, classes: NDArray[Any]) -> Any:
    """+1 for the sample's class and −1 for the others; one column for two classes."""
    if classes.size == 2:
        return targets_like(X, 2.0 * positions - 1.0)
    return targets_like(X, 2.0 * (positions[:, None] == np.arange(classes.size)) - 1.0)
