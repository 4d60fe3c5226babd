"""`GroupAverage`: any scikit-learn model, averaged over the group."""

from __future__ import annotations

from typing import Any, Final, Self, final

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike, NDArray
from sklearn import get_config
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone, is_classifier
from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils import check_random_state, get_tags
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from haarwire._numbers import FloatArray, is_integer
from haarwire.errors import ParameterError
from haarwire.estimators._sklearn import SPARSE, validated
from haarwire.estimators.representations import resolved
from haarwire.groups import Element, Representation
from haarwire.invariants.haar import require_compact

__all__ = ["GroupAverage"]


_DRAWS: Final = 100
"""Elements drawn where the group is too large to be listed."""


def _model(average: GroupAverage) -> Any:
    return getattr(average, "estimator_", average.estimator)


def _has_probabilities(average: GroupAverage) -> bool:
    # Through the model's own attribute, so that its reason shows where there is none.
    _model(average).predict_proba  # noqa: B018
    return True


def _has_decisions_only(average: GroupAverage) -> bool:
    model = _model(average)
    model.decision_function  # noqa: B018
    return not hasattr(model, "predict_proba")


@final
class GroupAverage(MetaEstimatorMixin, BaseEstimator):
    """f̄(x) = ∫ f(ρ(g)x) dg: the mean of a model's answers to the sample moved by every element of the group.

    f̄ is invariant, whatever f is. Of a regressor the predictions are averaged; of a classifier the
    probabilities, or else the decision function, or else the votes, and the largest wins (one label a
    sample: no multi-label classifiers).

    Parameters
    ----------
    estimator : estimator
        A regressor or classifier of scikit-learn's kind. `fit` fits a clone; to average a model as it is,
        freeze it: ``GroupAverage(FrozenEstimator(model), "image_rotations").fit(X, y)``.
    representation : Representation, str or None
        A compact group, as in `InvariantRegressor`. None: the trivial group.
    n_elements : int, optional
        Average over this many elements drawn by Haar measure. None: over all elements where there are at
        most `limit`, else over 100 drawn ones.
    limit : int
        The largest group of which all elements are used.
    random_state : int, RandomState or None
        For the drawing, which is done in `fit`. With drawn elements f̄ is invariant approximately only: its
        error falls as 1/√n_elements.

    Attributes
    ----------
    estimator_ : estimator
        The fitted model.
    elements_ : tuple of Element
        What is averaged over, each with the same weight.
    is_exact_ : bool
        Whether they are the whole group.
    classes_ : ndarray
        Labels, of a classifier.
    n_features_in_ : int
        Features seen in fit.
    feature_names_in_ : ndarray of str
        Their names, where they have any.

    Notes
    -----
    Predictions cost as many calls of the model as there are elements. Averaging does not train the model on
    moved data: where those are unlike all it has seen, it averages bad answers.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.neighbors import KNeighborsRegressor
    >>> from haarwire.estimators import GroupAverage
    >>> X = np.random.default_rng(0).standard_normal((50, 3))
    >>> model = GroupAverage(KNeighborsRegressor(), "cyclic_shifts").fit(X, X.prod(axis=1))
    >>> bool(np.allclose(model.predict(X), model.predict(np.roll(X, 1, axis=1))))
    True
    """

    n_features_in_: int

    def __init__(
        self,
        estimator: Any,
        representation: Representation | str | None = None,
        *,
        n_elements: int | None = None,
        limit: int = 1000,
        random_state: Any = None,
    ) -> None:
        self.estimator = estimator
        self.representation = representation
        self.n_elements = n_elements
        self.limit = limit
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: ArrayLike | None = None, **fit_params: Any) -> Self:
        """Fit a clone of the model, on data as they are, and choose the elements.

        Parameters
        ----------
        X : array_like or sparse array, shape (n_samples, n_features)
            Inputs; sparse ones where the model takes them.
        y : array_like
            Targets or labels, as the model takes them.
        fit_params
            Passed on to the model's ``fit``; by request where metadata routing is enabled.

        Returns
        -------
        self

        Raises
        ------
        NotCompactError
            When there is no Haar measure to average by.
        ParameterError
            When a parameter is out of range.
        """
        if not hasattr(self.estimator, "predict"):
            raise ParameterError(
                f"{type(self.estimator).__name__} has no predictions to average",
                cause="a transformer given where a regressor or classifier is needed",
                remedy="average the pipeline that ends in the model: GroupAverage(make_pipeline(…), …)",
            )
        passed_on = fit_params
        if get_config()["enable_metadata_routing"]:
            passed_on = process_routing(self, "fit", **fit_params).estimator.fit
        several = not is_classifier(self) and get_tags(self).target_tags.multi_output
        samples, targets = self._validated(X, y, reset=True, multi_output=several)
        rep = resolved(self.representation, self.n_features_in_)
        elements, is_exact = self._chosen(rep)
        seen = _dressed(samples, X, self.estimator)
        model = clone(self.estimator).fit(seen, targets, **passed_on)
        self.estimator_, self.elements_, self.is_exact_ = model, elements, is_exact
        return self

    def _chosen(self, rep: Representation) -> tuple[tuple[Element, ...], bool]:
        for name, value in (("n_elements", self.n_elements), ("limit", self.limit)):
            if value is None and name == "n_elements":
                continue
            if not is_integer(value, 1):
                raise ParameterError(
                    f"{name} must be a positive integer, got {value!r}",
                    cause="a fractional, zero or negative count",
                    remedy="use n_elements=None for the whole group where it has at most limit=1000 elements",
                )
        require_compact(rep, "the average of a model")
        if self.n_elements is None and rep.is_finite and rep.order <= self.limit:
            return rep.elements(int(self.limit)), True
        seed = check_random_state(self.random_state).randint(2**31 - 1)
        count = _DRAWS if self.n_elements is None else int(self.n_elements)
        return tuple(rep.sample(np.random.default_rng(seed), size=count)), False

    def _validated(self, X: Any, y: Any = "no_validation", *, reset: bool, **options: Any) -> Any:
        tags = get_tags(self).input_tags
        return validated(
            self,
            X,
            y,
            reset=reset,
            accept_sparse=SPARSE if tags.sparse else False,
            ensure_all_finite="allow-nan" if tags.allow_nan else True,
            **options,
        )

    def _mean(self, X: Any, method: str) -> FloatArray:
        """The mean of what a method of the model returns."""
        check_is_fitted(self)
        samples = self._validated(X, reset=False)
        ask = getattr(self.estimator_, method)
        total: Any = 0.0
        dtype: Any = None
        for g in self.elements_:
            answers = np.asarray(ask(_dressed(_moved(g, samples), X, self.estimator_)))
            dtype = answers.dtype
            total = total + answers.astype(np.float64)
        mean = np.asarray(total / len(self.elements_))
        return mean.astype(dtype) if dtype.kind == "f" else mean

    def _votes(self, X: Any) -> FloatArray:
        """The share of the elements for which the model predicts each class."""
        samples = self._validated(X, reset=False)
        votes = np.zeros((samples.shape[0], len(self.classes_)))
        for g in self.elements_:
            labels = self.estimator_.predict(_dressed(_moved(g, samples), X, self.estimator_))
            votes += labels[:, None] == self.classes_
        return votes / len(self.elements_)

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """The averaged prediction for each row of X.

        Parameters
        ----------
        X : array_like or sparse array, shape (n_samples, n_features)
            Inputs.
        """
        check_is_fitted(self)
        if not is_classifier(self):
            return self._mean(X, "predict")
        if hasattr(self.estimator_, "predict_proba"):
            scores = self._mean(X, "predict_proba")
        elif hasattr(self.estimator_, "decision_function"):
            scores = self._mean(X, "decision_function")
        else:
            scores = self._votes(X)
        winners = (scores > 0).astype(np.intp) if scores.ndim == 1 else scores.argmax(axis=1)
        return np.asarray(self.classes_[winners])

    @available_if(_has_probabilities)
    def predict_proba(self, X: ArrayLike) -> FloatArray:
        """The averaged probabilities, shape (n_samples, n_classes), of a model that has them."""
        return self._mean(X, "predict_proba")

    @available_if(_has_decisions_only)
    def decision_function(self, X: ArrayLike) -> FloatArray:
        """The averaged decision function, of a model that has one and no probabilities.

        (The mean probabilities and the mean decision function may order samples differently: there is one
        of them, that by which `predict` goes.)
        """
        return self._mean(X, "decision_function")

    def score(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Accuracy of a classifier, R² of a regressor."""
        measure = accuracy_score if is_classifier(self) else r2_score
        return float(measure(y, self.predict(X), sample_weight=sample_weight))

    @property
    def classes_(self) -> NDArray[Any]:
        """Labels, of a classifier."""
        return np.asarray(_model(self).classes_)

    def get_metadata_routing(self) -> Any:
        """What metadata `fit` passes on: what the model requests."""
        mapping = MethodMapping().add(caller="fit", callee="fit")
        router = MetadataRouter(owner=self).add_self_request(self)
        return router.add(estimator=self.estimator, method_mapping=mapping)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "estimator_")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        inner = get_tags(self.estimator)
        tags.estimator_type = inner.estimator_type
        tags.classifier_tags, tags.regressor_tags = inner.classifier_tags, inner.regressor_tags
        tags.target_tags = inner.target_tags
        if tags.classifier_tags is not None:
            tags.classifier_tags.multi_label = tags.target_tags.multi_output = False
        tags.input_tags.sparse = inner.input_tags.sparse
        tags.input_tags.allow_nan = inner.input_tags.allow_nan
        if self.representation is not None:
            for kind in (tags.classifier_tags, tags.regressor_tags):
                if kind is not None:
                    kind.poor_score = True
        return tags


def _moved(g: Element, X: Any) -> Any:
    if sp.issparse(X):
        return X @ g.to_sparse().T.astype(X.dtype)
    return g.apply(X)


def _dressed(samples: Any, original: Any, model: Any) -> Any:
    """The samples as a data frame, for a model that was fitted on one before it was given here."""
    if not hasattr(model, "feature_names_in_") or not hasattr(original, "columns"):
        return samples
    kind = type(original)
    names = list(original.columns)
    return kind(samples, columns=names) if hasattr(original, "iloc") else kind(samples, schema=names)
