"""Estimators on Dask collections: the answers of arrays, and no rows in one place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="estimators need the 'sklearn' extra")
pytest.importorskip("distributed", reason="needs the dask extra")
pytest.importorskip("dask.array", reason="needs the dask extra")

import dask
import dask.array as da
from sklearn.model_selection import KFold, ShuffleSplit, TimeSeriesSplit

import haarwire as hw
from haarwire import DataError, ParameterError
from haarwire.estimators import (
    GroupAverage,
    InvariantClassifier,
    InvariantPolynomialFeatures,
    InvariantProjection,
    InvariantRegressor,
    InvariantRegressorCV,
)
from haarwire.moments import alignment

N, FEATURES = 200, 6
SHUFFLED = ShuffleSplit(2, test_size=0.6, random_state=0)
NAMES, TARGETS = list("abcdef"), list("xyz")


@pytest.fixture(autouse=True)
def many_small_blocks(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(alignment, "BLOCK_BYTES", 40 * 8 * FEATURES)
    with dask.config.set(scheduler="synchronous"):
        yield


def samples(dtype: Any = np.float64) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rep = hw.groups.reflection(FEATURES)
    data = hw.datasets.planted(rep, N, n_targets=3, noise=0.5, violation=0.3, rng=0)
    X = np.abs(20 * data.X).round() if dtype is np.uint8 else 1.0 + data.X
    return X.astype(dtype), data.Y, np.random.default_rng(1).integers(0, 3, N).astype(float)


def arrays(X: np.ndarray, y: np.ndarray, w: np.ndarray) -> tuple[Any, Any, Any]:
    return da.from_array(X, chunks=(70, 4)), da.from_array(y, chunks=111), da.from_array(w, chunks=50)


def frames(X: np.ndarray, y: np.ndarray, w: np.ndarray) -> tuple[Any, Any, Any]:
    pd = pytest.importorskip("pandas", reason="needs pandas")
    dd = pytest.importorskip("dask.dataframe", reason="needs dask[dataframe]")
    targets = pd.DataFrame(y, columns=TARGETS[: y.shape[1]]) if y.ndim == 2 else pd.DataFrame({"y": y})
    cut = dd.from_pandas(pd.DataFrame(X, columns=NAMES).join(targets).assign(w=w), npartitions=3)
    return cut[NAMES], cut["y"] if y.ndim == 1 else cut[list(targets.columns)], cut["w"]


def mixed(X: np.ndarray, y: np.ndarray, w: np.ndarray) -> tuple[Any, Any, Any]:
    return da.from_array(X, chunks=(70, 4)), y, w


COLLECTIONS = [arrays, frames, mixed]


def close(found: Any, expected: Any, dtype: Any = np.float64) -> None:
    tolerance = 2e-6 if dtype is np.float32 else 1e-10
    scale = np.abs(np.asarray(expected, dtype=float)).max()
    np.testing.assert_allclose(np.asarray(found), expected, rtol=tolerance, atol=tolerance * scale)


@pytest.mark.parametrize(
    ("made", "approach", "is_flat", "dtype"),
    [
        (arrays, "hardwired", False, np.float64),
        (arrays, "regularized", True, np.float32),
        (arrays, "plain", False, np.uint8),
        (arrays, "augmented", True, np.float64),
        (frames, "regularized", False, np.float64),
        (frames, "hardwired", True, np.float32),
        (mixed, "hardwired", False, np.float64),
        (mixed, "plain", True, np.float32),
    ],
)
def test_the_regressor(made: Any, approach: str, is_flat: bool, dtype: Any) -> None:
    X, Y, w = samples(dtype)
    y = Y[:, 0] if is_flat else Y
    dX, dy, dw = made(X, y, w)
    for weights, lazy in ((None, None), (w, dw)):
        expected = InvariantRegressor("reflection", approach=approach, rank=2).fit(X, y, weights)
        found = InvariantRegressor("reflection", approach=approach, rank=2).fit(dX, dy, lazy)
        assert found.coef_.dtype == expected.coef_.dtype
        assert found.coef_.shape == expected.coef_.shape
        close(found.coef_, expected.coef_, dtype)
        close(found.intercept_, expected.intercept_, dtype)
        predicted = found.predict(dX)
        assert hasattr(predicted, "dask")
        close(predicted, expected.predict(X), dtype)
        close(found.score(dX, dy, lazy), expected.score(X, y, weights), dtype)
    if made is frames:
        assert found.feature_names_in_.tolist() == NAMES


@pytest.mark.parametrize("made", COLLECTIONS, ids=lambda made: made.__name__)
def test_batches(made: Any) -> None:
    X, Y, w = samples()
    expected = InvariantRegressor("reflection").fit(X, Y, w)
    found = InvariantRegressor("reflection")
    found.partial_fit(*made(X[:120], Y[:120], w[:120]))
    found.partial_fit(*made(X[120:], Y[120:], w[120:]))
    close(found.coef_, expected.coef_)


@pytest.mark.parametrize("made", COLLECTIONS, ids=lambda made: made.__name__)
@pytest.mark.parametrize(
    ("cv", "question"),
    [(None, "as_is"), (KFold(3, shuffle=True, random_state=0), "moved"), (SHUFFLED, "as_is")],
)
def test_cross_validation(made: Any, cv: Any, question: str) -> None:
    X, Y, w = samples()
    dX, dY, dw = made(X, Y, w)
    for weights, lazy in ((None, None), (w, dw)):
        expected = InvariantRegressorCV("reflection", ranks="all", cv=cv, question=question).fit(
            X, Y, weights
        )
        found = InvariantRegressorCV("reflection", ranks="all", cv=cv, question=question).fit(dX, dY, lazy)
        close(found.cv_results_["mean_test_score"], expected.cv_results_["mean_test_score"])
        assert found.best_params_ == pytest.approx(expected.best_params_, rel=1e-10)
        close(found.coef_, expected.coef_)
        close(found.predict(dX), expected.predict(X))
        close(found.score(dX, dY, lazy), expected.score(X, Y, weights))


@pytest.mark.parametrize(
    "cv",
    [None, SHUFFLED, ShuffleSplit(5, test_size=0.2, train_size=0.5, random_state=0), TimeSeriesSplit(5)],
    ids=["KFold", "mostly test", "shuffled", "time"],
)
def test_cross_validation_reads_collections_once(cv: Any) -> None:
    X, Y, _ = samples()
    read: list[int] = []

    def counted(block: np.ndarray) -> np.ndarray:
        read.append(len(block))
        return block

    lazy = da.from_array(X, chunks=(40, FEATURES)).map_blocks(counted, dtype=float, meta=X[:0])
    InvariantRegressorCV("reflection", cv=cv).fit(lazy, da.from_array(Y, chunks=(40, 3)))
    assert read == [40] * 5


@pytest.mark.parametrize("made", COLLECTIONS, ids=lambda made: made.__name__)
@pytest.mark.parametrize(
    ("n_classes", "kind", "class_weight"),
    [(2, "texts", "balanced"), (3, "numbers", "dict"), (3, "texts", None)],
)
def test_the_classifier(made: Any, n_classes: int, kind: str, class_weight: Any) -> None:
    X, Y, w = samples()
    table = np.array(["b", "a", "c"] if kind == "texts" else [3, 1, 2])
    labels = table[Y[:, :n_classes].argmax(axis=1)]
    if class_weight == "dict":
        class_weight = {label: 1.0 + i for i, label in enumerate(table[:n_classes].tolist())}
    dX, dy, dw = made(X, labels, w)
    for weights, lazy in ((None, None), (w, dw)):
        expected = InvariantClassifier("reflection", class_weight=class_weight).fit(X, labels, weights)
        found = InvariantClassifier("reflection", class_weight=class_weight).fit(dX, dy, lazy)
        assert found.classes_.tolist() == expected.classes_.tolist()
        close(found.coef_, expected.coef_)
        close(found.decision_function(dX), expected.decision_function(X))
        assert np.array_equal(np.asarray(found.predict(dX)), expected.predict(X))
        close(found.score(dX, dy, lazy), expected.score(X, labels, weights))


def test_the_classifier_in_batches() -> None:
    X, Y, w = samples()
    labels = np.array(["b", "a", "c"])[Y.argmax(axis=1)]
    expected = InvariantClassifier("reflection").fit(X, labels)
    found = InvariantClassifier("reflection")
    for rows in (slice(90), slice(90, None)):
        dX, dy, _ = arrays(X[rows], labels[rows], w[rows])
        found.partial_fit(dX, dy[:, None], classes=["a", "b", "c"])
    close(found.coef_, expected.coef_)
    with pytest.raises(DataError, match="the label 'b', which is not one of the classes"):
        InvariantClassifier("reflection").partial_fit(dX, dy, classes=["a", "c"])


@pytest.mark.parametrize("symmetry", ["reflection", "permutations"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.uint8])
def test_the_projection(symmetry: str, dtype: Any) -> None:
    X, Y, w = samples(dtype)
    model = InvariantProjection(symmetry).fit(X)
    for made in COLLECTIONS:
        dX = made(X, Y, w)[0]
        found = InvariantProjection(symmetry).fit(dX).transform(dX)
        assert hasattr(found, "dask")
        assert found.dtype == model.transform(X).dtype
        close(found, model.transform(X), dtype)
        back = model.inverse_transform(found)
        assert hasattr(back, "dask")
        assert back.dtype == found.dtype
        close(back, model.inverse_transform(model.transform(X)), dtype)
    with pytest.raises(DataError, match="invariant coordinates"):
        model.inverse_transform(da.zeros((3, FEATURES + 1)))
    with pytest.raises(ValueError, match="Expected 2D array, got 1D array"):
        model.inverse_transform(da.zeros(3))


def test_inputs_are_never_in_one_place() -> None:
    from dask.callbacks import Callback

    X, Y, w = samples()
    labels = Y.argmax(axis=1)
    dX, dY, _ = arrays(X, Y, w)
    dX = dX.rechunk((40, FEATURES))
    seen: list[int] = []

    def see(_key: Any, value: Any, *_: Any) -> None:
        if isinstance(value, np.ndarray) and value.ndim == 2 and value.shape[1] == FEATURES:
            seen.append(len(value))

    with Callback(posttask=see):
        for model in (InvariantRegressor("reflection"), InvariantRegressorCV("reflection")):
            model.fit(dX, dY).score(dX, dY)
        classifier = InvariantClassifier("reflection").fit(dX, da.from_array(labels, chunks=40))
        classifier.score(dX, da.from_array(labels, chunks=40))
    assert max(seen) == 40


def test_nothing_is_computed_for_a_prediction() -> None:
    X, Y, w = samples()

    def fail(block: np.ndarray) -> np.ndarray:
        raise AssertionError("computed")

    model = InvariantRegressor("reflection").fit(X, Y)
    lazy = da.from_array(X, chunks=(40, FEATURES)).map_blocks(fail, dtype=float, meta=X[:0])
    assert model.predict(lazy).shape == Y.shape
    assert len(frames(X, Y, w)[0].columns) == FEATURES


def test_constant_targets_score_as_in_scikit_learn() -> None:
    X, Y, w = samples()
    model = InvariantRegressor("reflection").fit(X, Y)
    other = Y.copy()
    other[:, 1] = 7.0
    dX, dY, _ = arrays(X, other, w)
    close(model.score(dX, dY), model.score(X, other))


def test_what_does_not_fit() -> None:
    X, Y, w = samples()
    dX, dY, dw = arrays(X, Y, w)
    model = InvariantRegressor("reflection")
    with pytest.raises(DataError, match="X has 200 rows and Y has 150"):
        model.fit(dX, dY[50:])
    with pytest.raises(DataError, match=r"sample_weight has shape \(150,\), but there are 200 samples"):
        model.fit(dX, dY, dw[50:])
    with pytest.raises(DataError, match="which is not a real number"):
        model.fit(dX.astype(complex), dY)
    with pytest.raises(DataError, match="no targets"):
        model.fit(dX, dY[:, :0])
    with pytest.raises(ValueError, match="Expected 2D array"):
        model.fit(dX[:, 0], dY)
    with pytest.raises(DataError, match="acts on 4 coordinates"):
        InvariantRegressor("reflection:4").fit(dX, dY)
    X = X.copy()
    X[33, 2] = np.inf
    with pytest.raises(DataError, match="X of the arrays is inf at row 33, column 2"):
        model.fit(da.from_array(X, chunks=20), dY)
    with pytest.raises(ValueError, match="X has 5 features"):
        InvariantRegressor("reflection").fit(dX, dY).predict(dX[:, 1:])
    with pytest.raises(DataError, match="one label a sample is needed"):
        InvariantClassifier("reflection").fit(dX, dY)
    with pytest.raises(ValueError, match="Unknown label type: continuous"):
        InvariantClassifier("reflection").fit(dX, dY[:, 0])
    twice = [(np.arange(100), np.array([150, 150, 160]))]
    with pytest.raises(ParameterError, match=r"names \d+ rows, of which"):
        InvariantRegressorCV("reflection", cv=twice).fit(dX, dY)
    for other in (InvariantPolynomialFeatures("reflection"), GroupAverage(model, "reflection")):
        with pytest.raises(ParameterError, match="needs the samples themselves in memory"):
            other.fit(dX, dY)


def test_wide_inputs_are_fitted_in_invariant_coordinates() -> None:
    n = 1200
    rng = np.random.default_rng(0)
    X = rng.standard_normal((60, n))
    y = X.sum(axis=1) + rng.standard_normal(60)
    expected = InvariantRegressor("permutations").fit(X, y)
    found = InvariantRegressor("permutations").fit(da.from_array(X, chunks=(20, 500)), y)
    close(found.coef_, expected.coef_)
    with pytest.raises(DataError, match="no moments that this batch could be added to"):
        found.partial_fit(X, y)
