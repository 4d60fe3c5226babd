"""Pipelines, searches, frames, pickles, pages and what importing loads."""

from __future__ import annotations

import pickle
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="estimators need the 'sklearn' extra")

import sklearn
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import haarwire as hw
from estimators.samples import labelled_data, regression_data
from haarwire import estimators
from haarwire.estimators import (
    GroupAverage,
    InvariantClassifier,
    InvariantPolynomialFeatures,
    InvariantProjection,
    InvariantRegressor,
    InvariantRegressorCV,
)

REGRESSORS = [
    InvariantRegressor("reflection"),
    InvariantRegressorCV("reflection"),
    GroupAverage(Ridge(), "reflection"),
    make_pipeline(InvariantPolynomialFeatures("reflection"), InvariantRegressor(ridge=0.1)),
]
TRANSFORMERS = [InvariantProjection("reflection"), InvariantPolynomialFeatures("reflection", degree=2)]


@pytest.mark.parametrize("model", REGRESSORS)
def test_models_survive_pickling_and_cloning(model: Any) -> None:
    X, Y = regression_data()
    fitted = sklearn.clone(model).fit(X, Y)
    twin = pickle.loads(pickle.dumps(fitted))  # noqa: S301
    np.testing.assert_array_equal(twin.predict(X), fitted.predict(X))
    copy = sklearn.clone(fitted)
    np.testing.assert_array_equal(copy.fit(X, Y).predict(X), fitted.predict(X))


def test_representations_as_objects_are_cloned_with_the_estimator() -> None:
    X, Y = regression_data()
    rep = hw.groups.cyclic_shifts(4)
    model = sklearn.clone(InvariantRegressor(rep)).fit(X, Y)
    np.testing.assert_array_equal(model.coef_, InvariantRegressor("cyclic_shifts").fit(X, Y).coef_)
    twin = pickle.loads(pickle.dumps(model))  # noqa: S301
    np.testing.assert_array_equal(twin.predict(X), model.predict(X))


def test_pipelines_and_searches() -> None:
    X, y = labelled_data(90)
    pipeline = make_pipeline(
        StandardScaler(), InvariantPolynomialFeatures("cyclic_shifts"), InvariantClassifier(ridge=0.1)
    )
    grid = {
        "invariantpolynomialfeatures__degree": [1, 2],
        "invariantpolynomialfeatures__representation": ["cyclic_shifts", "reflection", None],
        "invariantclassifier__ridge": [0.01, 1.0],
    }
    search = GridSearchCV(pipeline, grid, cv=3).fit(X, y)
    assert search.best_score_ > 0.5
    assert search.best_params_["invariantpolynomialfeatures__representation"] is None
    scores = cross_val_score(InvariantRegressorCV("reflection"), *regression_data(), cv=3)
    assert np.isfinite(scores).all()


@pytest.mark.parametrize("transformer", TRANSFORMERS)
@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_frames_come_in_and_out(transformer: Any, library: str) -> None:
    frames = pytest.importorskip(library)
    X, _ = regression_data()
    frame = frames.DataFrame({name: X[:, i] for i, name in enumerate("abcd")})
    fitted = sklearn.clone(transformer).set_output(transform=library).fit(frame)
    out = fitted.transform(frame)
    assert isinstance(out, frames.DataFrame)
    assert list(out.columns)[:2] == ["a + d", "b + c"]
    np.testing.assert_array_equal(np.asarray(out), sklearn.clone(transformer).fit_transform(X))
    assert fitted.feature_names_in_.tolist() == list("abcd")
    with pytest.raises(ValueError, match="feature names should match"):
        fitted.transform(frame[list("abdc")])


@pytest.mark.parametrize("model", [*REGRESSORS, *TRANSFORMERS, InvariantClassifier("reflection")])
def test_they_show_themselves_in_notebooks(model: Any) -> None:
    X, Y = regression_data()
    y = (Y[:, 0] > 0).astype(int) if isinstance(model, InvariantClassifier) else Y
    assert "reflection" in model._repr_html_()
    assert "reflection" in sklearn.clone(model).fit(X, y)._repr_html_()


@pytest.mark.parametrize("kind", [InvariantRegressor, InvariantClassifier, InvariantRegressorCV])
def test_weights_are_routed_by_request(kind: Any) -> None:
    X, y = labelled_data(60) if kind is InvariantClassifier else regression_data(60)
    weights = np.random.default_rng(0).uniform(0.1, 1.0, 60)
    with sklearn.config_context(enable_metadata_routing=True):
        scaler = StandardScaler().set_fit_request(sample_weight=False)
        model = kind("reflection").set_fit_request(sample_weight=True)
        routed = make_pipeline(scaler, model).fit(X, y, sample_weight=weights)
    expected = kind("reflection").fit(StandardScaler().fit_transform(X), y, weights)
    np.testing.assert_array_equal(routed[-1].coef_, expected.coef_)


def test_all_that_the_room_offers_is_documented() -> None:
    for name in estimators.__all__:
        documented = getattr(estimators, name)
        assert ">>> " in documented.__doc__
        example = documented(Ridge()) if name == "GroupAverage" else documented()
        assert all(parameter in documented.__doc__ for parameter in example.get_params(deep=False))


def run(script: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", "-c", script]
    return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603


def test_importing_haarwire_loads_no_scikit_learn() -> None:
    done = run("import sys, haarwire; print('sklearn' in sys.modules)")
    assert done.stdout.strip() == "False"


def test_a_missing_scikit_learn_is_named() -> None:
    done = run("import sys; sys.modules['sklearn'] = None\nimport haarwire, haarwire.estimators")
    assert "MissingDependencyError: haarwire.estimators needs scikit-learn 1.6 or newer" in done.stderr
    assert 'pip install "haarwire[sklearn]"' in done.stderr
