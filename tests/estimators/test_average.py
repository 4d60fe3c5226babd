"""`GroupAverage` is the mean over the listed group, and invariant; over drawn elements where it is large."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

pytest.importorskip("sklearn", reason="estimators need the 'sklearn' extra")

import sklearn
from sklearn.base import BaseEstimator, ClassifierMixin, is_classifier, is_regressor
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge, RidgeClassifier
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

import haarwire as hw
from estimators.samples import REPRESENTATIONS, labelled_data, regression_data
from haarwire.estimators import GroupAverage, InvariantProjection, InvariantRegressor


class Voter(ClassifierMixin, BaseEstimator):
    """A classifier that says nothing but labels."""

    def fit(self, X: Any, y: Any) -> Voter:
        self.classes_ = np.unique(y)
        return self

    def predict(self, X: Any) -> Any:
        return self.classes_[(X.cumsum(axis=1)[:, -2] > 0).astype(int)]


@pytest.mark.parametrize("rep", REPRESENTATIONS.values(), ids=REPRESENTATIONS)
@pytest.mark.parametrize("model", [DecisionTreeRegressor(random_state=0), Ridge()])
def test_a_regressor_is_averaged_over_all_elements(rep: hw.Representation, model: Any) -> None:
    X, Y = regression_data()
    average = GroupAverage(model, rep).fit(X, Y)
    plain = sklearn.clone(model).fit(X, Y)
    elements = rep.elements()
    assert average.is_exact_
    assert len(average.elements_) == len(elements)
    expected = np.mean([plain.predict(g.apply(X)) for g in elements], axis=0)
    np.testing.assert_allclose(average.predict(X), expected, rtol=1e-12)
    assert average.score(X, Y) == pytest.approx(r2_score(Y, expected), rel=1e-12)
    assert is_regressor(average)
    if rep.is_signed_permutation:  # a tree jumps where rounding moves a sample over its threshold
        for g in elements:
            np.testing.assert_allclose(average.predict(g.apply(X)), expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("model", "method"),
    [
        (LogisticRegression(), "predict_proba"),
        (GaussianNB(), "predict_proba"),
        (DecisionTreeClassifier(max_depth=2, random_state=0), "predict_proba"),
        (RidgeClassifier(), "decision_function"),
    ],
)
@pytest.mark.parametrize("n_classes", [2, 3])
def test_a_classifier_is_averaged_over_all_elements(model: Any, method: str, n_classes: int) -> None:
    X, y = labelled_data(n_classes=n_classes)
    rep = hw.groups.cyclic_shifts(4)
    average = GroupAverage(model, rep).fit(X, y)
    plain = sklearn.clone(model).fit(X, y)
    scores = np.mean([getattr(plain, method)(g.apply(X)) for g in rep.elements()], axis=0)
    np.testing.assert_allclose(getattr(average, method)(X), scores, rtol=1e-12, atol=1e-15)
    winners = (scores > 0).astype(int) if scores.ndim == 1 else scores.argmax(axis=1)
    np.testing.assert_array_equal(average.predict(X), plain.classes_[winners])
    np.testing.assert_array_equal(average.classes_, plain.classes_)
    assert average.score(X, y) == accuracy_score(y, average.predict(X))
    assert is_classifier(average)
    # One of the two, so that they cannot contradict each other.
    assert not hasattr(average, "decision_function" if method == "predict_proba" else "predict_proba")


def test_a_classifier_of_labels_only_takes_votes() -> None:
    X, y = labelled_data(n_classes=2)
    rep = hw.groups.cyclic_shifts(3) + hw.groups.trivial(1)
    average = GroupAverage(Voter(), rep).fit(X, y)
    labels = np.array([Voter().fit(X, y).predict(g.apply(X)) for g in rep.elements()])
    majority = np.where((labels == "b").sum(axis=0) > 1, "b", "a")  # of three votes
    np.testing.assert_array_equal(average.predict(X), majority)


def test_the_average_of_a_linear_model_is_its_invariant_part() -> None:
    X, Y = regression_data()
    rep = REPRESENTATIONS["non-orthogonal"]
    average = GroupAverage(LinearRegression(), rep).fit(X, Y)
    coef = LinearRegression().fit(X, Y).coef_
    P = hw.reynolds_operator(rep)
    found, expected = average.predict(X), X @ (coef @ P).T
    np.testing.assert_allclose(found - found[0], expected - expected[0], atol=1e-12)


def test_a_large_group_is_sampled() -> None:
    X, Y = regression_data()
    rep = hw.groups.permutations(4)
    exact = GroupAverage(DecisionTreeRegressor(random_state=0), rep).fit(X, Y)
    assert exact.is_exact_
    drawn = GroupAverage(DecisionTreeRegressor(random_state=0), rep, limit=23, random_state=0).fit(X, Y)
    assert not drawn.is_exact_
    assert len(drawn.elements_) == 100
    again = GroupAverage(DecisionTreeRegressor(random_state=0), rep, limit=23, random_state=0).fit(X, Y)
    np.testing.assert_array_equal(drawn.predict(X), again.predict(X))
    errors = []
    for n_elements in (20, 2000):
        model = GroupAverage(
            DecisionTreeRegressor(random_state=0), rep, n_elements=n_elements, random_state=0
        )
        assert len(model.fit(X, Y).elements_) == n_elements
        errors.append(np.abs(model.predict(X) - exact.predict(X)).mean())
    assert errors[1] < errors[0] / 5  # 1/√n: a tenth
    huge = GroupAverage(Ridge(), "permutations", n_elements=3).fit(np.eye(200), range(200))
    assert len(huge.elements_) == 3
    turning = GroupAverage(Ridge(), "so3_vectors", n_elements=3).fit(np.eye(6), range(6))
    assert not turning.is_exact_


def test_a_fitted_model_is_averaged_as_it_is() -> None:
    X, Y = regression_data()
    model = DecisionTreeRegressor(random_state=0).fit(X[:10], Y[:10])
    average = GroupAverage(FrozenEstimator(model), "cyclic_shifts").fit(X, Y)
    expected = np.mean([model.predict(np.roll(X, k, axis=1)) for k in range(4)], axis=0)
    np.testing.assert_allclose(average.predict(X), expected, rtol=1e-12)


def test_a_model_fitted_on_a_frame_gets_frames() -> None:
    pandas = pytest.importorskip("pandas")
    X, Y = regression_data()
    frame = pandas.DataFrame(X, columns=list("abcd"))
    model = Ridge().fit(frame, Y)
    average = GroupAverage(FrozenEstimator(model), "cyclic_shifts").fit(frame, Y)
    rolled = [pandas.DataFrame(np.roll(X, k, axis=1), columns=frame.columns) for k in range(4)]
    expected = np.mean([model.predict(moved) for moved in rolled], axis=0)
    np.testing.assert_allclose(average.predict(frame), expected, rtol=1e-12)
    assert average.feature_names_in_.tolist() == list("abcd")


@pytest.mark.parametrize("name", ["permutation", "signed", "orthogonal"])
@pytest.mark.parametrize("kind", [sp.csr_array, sp.csr_matrix, sp.csc_array])
def test_sparse_data(name: str, kind: Any) -> None:
    X, Y = regression_data()
    X[np.abs(X) < 0.5] = 0.0
    dense = GroupAverage(Ridge(solver="sparse_cg", tol=1e-12), REPRESENTATIONS[name]).fit(X, Y)
    average = GroupAverage(Ridge(solver="sparse_cg", tol=1e-12), REPRESENTATIONS[name]).fit(kind(X), Y)
    np.testing.assert_allclose(average.predict(kind(X)), dense.predict(X), rtol=1e-6)


def test_float32_stays_float32() -> None:
    X, Y = (A.astype(np.float32) for A in regression_data())
    assert GroupAverage(Ridge(), "cyclic_shifts").fit(X, Y).predict(X).dtype == np.float32


def test_weights_go_to_the_model() -> None:
    X, Y = regression_data()
    weights = np.random.default_rng(0).uniform(0, 1, len(X))
    expected = Ridge().fit(X, Y, sample_weight=weights).coef_
    np.testing.assert_array_equal(
        GroupAverage(Ridge(), "reflection").fit(X, Y, sample_weight=weights).estimator_.coef_, expected
    )
    with sklearn.config_context(enable_metadata_routing=True):
        model = GroupAverage(Ridge().set_fit_request(sample_weight=True), "reflection")
        np.testing.assert_array_equal(model.fit(X, Y, sample_weight=weights).estimator_.coef_, expected)


def test_parameters_of_the_model_can_be_searched() -> None:
    X, Y = regression_data()
    search = GridSearchCV(GroupAverage(Ridge(), "reflection"), {"estimator__alpha": [0.1, 1e6]}).fit(X, Y)
    assert search.best_params_ == {"estimator__alpha": 0.1}


def test_an_invariant_model_is_its_own_average() -> None:
    X, Y = regression_data()
    model = InvariantRegressor("cyclic_shifts").fit(X, Y)
    average = GroupAverage(InvariantRegressor("cyclic_shifts"), "cyclic_shifts").fit(X, Y)
    np.testing.assert_allclose(average.predict(X), model.predict(X), rtol=1e-12)


def test_what_cannot_be_is_refused() -> None:
    X, Y = regression_data()
    with pytest.raises(hw.NotCompactError, match="the average of a model does not exist"):
        GroupAverage(Ridge(), "shear:4").fit(X, Y)
    for parameters in ({"n_elements": 0}, {"n_elements": 1.5}, {"limit": -1}, {"limit": None}):
        with pytest.raises(hw.ParameterError, match="must be a positive integer"):
            GroupAverage(Ridge(), "reflection", **parameters).fit(X, Y)
    with pytest.raises(hw.ParameterError, match="InvariantProjection has no predictions"):
        GroupAverage(InvariantProjection(), "reflection").fit(X, Y)
    with pytest.raises(ValueError, match="y should be a 1d array"):
        GroupAverage(DecisionTreeClassifier(), "reflection").fit(X, (Y > 0).astype(int))
