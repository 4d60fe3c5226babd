"""`InvariantClassifier` is least squares on ±1, as RidgeClassifier, with a symmetry."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

pytest.importorskip("sklearn", reason="estimators need the 'sklearn' extra")

from sklearn.calibration import CalibratedClassifierCV
from sklearn.linear_model import RidgeClassifier

import haarwire as hw
from estimators.samples import REPRESENTATIONS, labelled_data
from haarwire.estimators import InvariantClassifier

WEIGHTS = [None, {"a": 2.0, "b": 0.5}, "balanced"]


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("class_weight", WEIGHTS, ids=["none", "dict", "balanced"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_without_a_symmetry_it_is_ridge_classification(
    n_classes: int, class_weight: Any, weighted: bool, fit_intercept: bool
) -> None:
    X, y = labelled_data(n_classes=n_classes)
    weights = np.random.default_rng(0).uniform(0.5, 2.0, len(X)) if weighted else np.ones(len(X))
    model = InvariantClassifier(ridge=0.1, class_weight=class_weight, fit_intercept=fit_intercept)
    model.fit(X, y, weights if weighted else None)
    # Theirs is a sum of squares, ours a mean; theirs counts the samples of a class, ours their weights.
    totals = np.array([weights[y == label].sum() for label in model.classes_])
    balance = weights.sum() / n_classes / totals
    factors = dict(zip(model.classes_, balance, strict=True))
    theirs = factors if class_weight == "balanced" else class_weight
    scaled = weights * np.array([1.0 if theirs is None else theirs.get(label, 1.0) for label in y])
    known = RidgeClassifier(
        alpha=0.1 * scaled.sum(), class_weight=theirs, fit_intercept=fit_intercept, solver="cholesky"
    ).fit(X, y, weights)
    np.testing.assert_array_equal(model.classes_, known.classes_)
    assert model.coef_.shape == (1 if n_classes == 2 else n_classes, 4)
    np.testing.assert_allclose(model.coef_, np.atleast_2d(known.coef_), rtol=1e-9)
    np.testing.assert_allclose(model.decision_function(X), known.decision_function(X), rtol=1e-8, atol=1e-12)
    np.testing.assert_array_equal(model.predict(X), known.predict(X))


@pytest.mark.parametrize("rep", REPRESENTATIONS.values(), ids=REPRESENTATIONS)
@pytest.mark.parametrize("n_classes", [2, 3])
def test_it_is_solve_to_the_bit_and_invariant(rep: hw.Representation, n_classes: int) -> None:
    X, y = labelled_data(n_classes=n_classes)
    model = InvariantClassifier(rep, rank=1).fit(X, y)
    codes = np.where(y[:, None] == model.classes_, 1.0, -1.0)
    moments = hw.Moments.from_arrays(X, codes if n_classes > 2 else codes[:, 1:])
    expected = hw.solve(moments, rep, rank=1, approach=hw.Hardwired())
    np.testing.assert_array_equal(model.coef_, expected.coef)
    np.testing.assert_array_equal(model.intercept_, expected.intercept)
    for g in rep.sample(0, size=4):
        np.testing.assert_allclose(
            model.decision_function(g.apply(X)), model.decision_function(X), rtol=1e-9, atol=1e-9
        )


@pytest.mark.parametrize("n_classes", [2, 4])
def test_batches_add_up_to_the_whole_though_one_lacks_a_class(n_classes: int) -> None:
    X, y = labelled_data(n_classes=n_classes)
    order = np.argsort(y)
    classes = np.unique(y)
    weight = {"a": 3.0, "b": 1.0}
    whole = InvariantClassifier("reflection", class_weight=weight).fit(X, y)
    model = InvariantClassifier("reflection", class_weight=weight)
    for rows in np.array_split(order, 5):
        model.partial_fit(X[rows], y[rows], classes=classes[::-1])
    np.testing.assert_array_equal(model.classes_, whole.classes_)
    np.testing.assert_allclose(model.coef_, whole.coef_, rtol=1e-9)
    np.testing.assert_array_equal(model.predict(X), whole.predict(X))


def test_what_partial_fit_cannot_know_is_refused() -> None:
    X, y = labelled_data()
    with pytest.raises(hw.ParameterError, match="classes must be given in the first call"):
        InvariantClassifier().partial_fit(X, y)
    model = InvariantClassifier().partial_fit(X, y, classes=["a", "b", "c"])
    with pytest.raises(hw.ParameterError, match=r"classes are \['a', 'b'\], in the first call"):
        model.partial_fit(X, y, classes=["a", "b"])
    for unknown in ("0", "z"):
        with pytest.raises(hw.DataError, match=f"the label .*'{unknown}'.*, which is not one of the classes"):
            model.partial_fit(X[:2], np.array(["a", unknown]))
    assert not hasattr(InvariantClassifier(class_weight="balanced"), "partial_fit")
    with pytest.raises(AttributeError, match="partial_fit"):
        InvariantClassifier(class_weight="balanced").partial_fit(X, y, classes=["a", "b", "c"])


def test_weights_of_classes_go_by_weights_of_samples() -> None:
    """A whole weight is a number of repetitions, for the balance of classes too."""
    X, y = labelled_data()
    weights = np.random.default_rng(0).integers(0, 4, len(X))
    model = InvariantClassifier("reflection", class_weight="balanced").fit(X, y, weights)
    repeated = InvariantClassifier("reflection", class_weight="balanced")
    repeated.fit(X.repeat(weights, axis=0), y.repeat(weights))
    np.testing.assert_allclose(model.coef_, repeated.coef_, rtol=1e-9)


def test_there_are_no_probabilities_but_they_can_be_calibrated() -> None:
    X, y = labelled_data(200)
    model = InvariantClassifier("reflection")
    assert not hasattr(model.fit(X, y), "predict_proba")
    probabilities = CalibratedClassifierCV(model).fit(X, y).predict_proba(X)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0)


def test_sparse_data_and_float32() -> None:
    X, y = labelled_data()
    X[np.abs(X) < 0.5] = 0.0
    dense = InvariantClassifier("reflection").fit(X, y)
    sparse = InvariantClassifier("reflection").fit(sp.csr_array(X), y)
    np.testing.assert_allclose(
        sparse.decision_function(sp.csc_array(X)), dense.decision_function(X), rtol=1e-8
    )
    single = InvariantClassifier("reflection").fit(X.astype(np.float32), y)
    assert single.coef_.dtype == single.decision_function(X.astype(np.float32)).dtype == np.float32


def test_bad_arguments_are_refused() -> None:
    X, y = labelled_data()
    with pytest.raises(hw.DataError, match="there is only one class"):
        InvariantClassifier().fit(X, np.zeros(len(X), dtype=int))
    with pytest.raises(hw.DataError, match="there is only one class"):
        InvariantClassifier().partial_fit(X, y, classes=["a"])
    with pytest.raises(hw.ParameterError, match='class_weight must be a dict, "balanced" or None'):
        InvariantClassifier(class_weight=[1.0]).fit(X, y)
    with pytest.raises(hw.DataError, match="sample_weight has shape"):
        InvariantClassifier().fit(X, y, np.ones(3))
