"""Dask collections in place of arrays: the same answers, and their rows stay with the workers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import haarwire as hw
from haarwire import DataError, Moments, ParameterError, Samples
from haarwire.datasets import Dataset
from haarwire.datasets import collections as held_out
from haarwire.moments import alignment, row_sets
from haarwire.selection import fold_moments, select_by_evidence, select_leave_one_out

pytest.importorskip("distributed", reason="needs the dask extra")
pytest.importorskip("dask.array", reason="needs the dask extra")

import dask
import dask.array as da
from dask.callbacks import Callback

N, FEATURES = 300, 6
REP = hw.groups.reflection(FEATURES)
ROW_BYTES = 8 * FEATURES


@pytest.fixture(autouse=True)
def many_small_blocks(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(alignment, "BLOCK_BYTES", 40 * ROW_BYTES)
    with dask.config.set(scheduler="synchronous"):
        yield


def samples(n_samples: int = N) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    data = hw.datasets.planted(REP, n_samples, n_targets=3, noise=0.5, violation=0.3, rng=0)
    weights = np.random.default_rng(1).integers(0, 3, n_samples).astype(float)
    return 1.0 + data.X, data.Y, weights


def cut_badly(X: np.ndarray, Y: np.ndarray, w: Any) -> tuple[Any, Any, Any]:
    return (
        da.from_array(X, chunks=(70, 4)),
        da.from_array(Y, chunks=(111, 2)),
        None if w is None else da.from_array(w, chunks=50),
    )


def inputs_only(X: np.ndarray, Y: np.ndarray, w: Any) -> tuple[Any, Any, Any]:
    return da.from_array(X, chunks=(35, -1)), Y, w


def targets_only(X: np.ndarray, Y: np.ndarray, w: Any) -> tuple[Any, Any, Any]:
    return X, da.from_array(Y, chunks=(35, -1)), w


def frames(X: np.ndarray, Y: np.ndarray, w: Any) -> tuple[Any, Any, Any]:
    pd = pytest.importorskip("pandas", reason="needs pandas")
    dd = pytest.importorskip("dask.dataframe", reason="needs dask[dataframe]")
    names, targets = list("abcdef")[: X.shape[1]], list("xyz")[: Y.shape[1]]
    whole = pd.DataFrame(X, columns=names).join(pd.DataFrame(Y, columns=targets))
    cut = dd.from_pandas(whole if w is None else whole.assign(w=w), npartitions=4)
    return cut[names], cut[targets], None if w is None else cut["w"]


def of_unknown_lengths(X: np.ndarray, Y: np.ndarray, w: Any) -> tuple[Any, Any, Any]:
    inputs, targets, _ = frames(X, Y, w)
    return inputs.values, targets.values, w  # weights in memory: rows are counted


COLLECTIONS = [cut_badly, inputs_only, targets_only, frames, of_unknown_lengths]

Numbers = dict[str, Any]


def moments(X: Any, Y: Any, w: Any) -> Numbers:
    found = Moments.from_arrays(X, Y, w)
    return {"mean": found.mean, "scatter": found.scatter, "weight": found.weight, "count": found.count}


def path(X: Any, Y: Any, w: Any) -> Numbers:
    found = hw.regularization_path(Moments.from_arrays(X, Y, w), REP, rank=2)
    return {str(alpha): found.at(alpha).coef for alpha in (0.0, 0.1, np.inf)}


def folds(X: Any, Y: Any, w: Any) -> Numbers:
    found = fold_moments(X, Y, w, n_folds=3, rng=0)
    validated = hw.cross_validate(found, REP)
    return {
        "scatters": [fold.scatter for fold in found],
        "alpha": [validated.best_as_is],
        "as_is": validated.as_is,
        "moved": validated.moved,
    }


def recommendation(X: Any, Y: Any, w: Any) -> Numbers:
    found = hw.recommend(X, Y, REP, sample_weight=w, n_repeats=2)
    assert found.moved is not None
    return {
        f"{advice.approach} {advice.rank}": [advice.gain, advice.standard_error, *advice.losses.values()]
        for advice in (found.as_is, found.moved)
    }


def hypothesis_tests(X: Any, Y: Any, w: Any) -> Numbers:
    found = {
        method: hw.symmetry_test(X, Y, REP, sample_weight=w, method=method)
        for method in ("wilks", "pillai", "hotelling", "roy")
    }
    return {name: [test.statistic, test.effect_size] for name, test in found.items()}


def candidates(X: Any, Y: Any, w: Any) -> Numbers:
    found = hw.learn_symmetry(X, Y, ["cyclic_shifts:6", "reflection:6"], sample_weight=w)
    return {c.name + c.support: [c.log_evidence, c.loss, c.standard_error] for c in found.by_evidence}


def evidence(X: Any, Y: Any, w: Any) -> Numbers:
    found = select_by_evidence(Moments.from_arrays(X, Y, w), REP)
    return {"log": found.log_evidence, "noise": found.noise_variance}


def ranks(X: Any, Y: Any, w: Any) -> Numbers:
    found = {
        method: hw.select_rank(X, Y, REP, sample_weight=w, method=method)
        for method in ("cv", "bic", "gavish_donoho")
    }
    return {f"{name} {r.rank}": r.criterion[1:] for name, r in found.items()}


@pytest.mark.parametrize(
    ("made", "is_weighted"),
    [
        (cut_badly, False),
        (cut_badly, True),
        (inputs_only, False),
        (targets_only, False),
        (frames, True),
        (of_unknown_lengths, True),
    ],
)
@pytest.mark.parametrize(
    "answer",
    [moments, path, folds, recommendation, hypothesis_tests, candidates, evidence, ranks],
    ids=lambda answer: answer.__name__,
)
def test_collections_give_the_answer_of_arrays(
    answer: Callable[..., Numbers], made: Callable[..., Any], is_weighted: bool
) -> None:
    X, Y, w = samples()
    weights = w if is_weighted else None
    expected, found = answer(X, Y, weights), answer(*made(X, Y, weights))
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        scale = np.abs(np.asarray(value)).max()
        np.testing.assert_allclose(found[name], value, rtol=1e-10, atol=1e-10 * scale, err_msg=name)


def compared(data: Dataset) -> dict[str, Any]:
    plain = hw.compare(data, REP, rank=2).to_dict()
    for row in plain["approaches"].values():
        del row["seconds"]
    for verdict in plain["verdict"].values():
        del verdict["reason"]  # names one of two approaches that make the same model
    return plain


def assert_same(found: Any, expected: Any) -> None:
    if isinstance(expected, dict):
        assert found.keys() == expected.keys()
        for name in expected:
            assert_same(found[name], expected[name])
    elif isinstance(expected, list):
        assert len(found) == len(expected)
        for a, b in zip(found, expected, strict=True):
            assert_same(a, b)
    elif isinstance(expected, float):
        assert found == pytest.approx(expected, rel=1e-10, abs=1e-12)
    else:
        assert found == expected


@pytest.mark.parametrize("made", COLLECTIONS, ids=lambda made: made.__name__)
def test_compare_gives_the_answer_of_arrays(made: Callable[..., Any]) -> None:
    X, Y, _ = samples()
    dX, dY, _ = made(X, Y, None)
    assert_same(compared(Dataset.from_arrays(dX, dY)), compared(Dataset.from_arrays(X, Y)))


def test_few_samples_are_split_several_times() -> None:
    X, Y, _ = samples(50)
    dX, dY, _ = cut_badly(X, Y, None)
    assert_same(compared(Dataset.from_arrays(dX, dY)), compared(Dataset.from_arrays(X, Y)))


@pytest.mark.parametrize("kind", ["texts", "numbers", "objects", "series", "column", "booleans"])
def test_compare_with_labels(kind: str) -> None:
    X, Y, _ = samples()
    names: Any = {"numbers": np.array([7, 1, 3]), "booleans": np.array([True, False, True])}
    labels = names.get(kind, np.array(["b", "a", "c"]))[Y.argmax(axis=1)]
    dX = da.from_array(X, chunks=(70, 4))
    given: Any = da.from_array(labels, chunks=50)
    if kind == "objects":
        given = da.from_array(labels.astype(object), chunks=50)
    if kind == "column":
        given = given[:, None]
    if kind == "series":
        pd = pytest.importorskip("pandas", reason="needs pandas")
        dd = pytest.importorskip("dask.dataframe", reason="needs dask[dataframe]")
        given = dd.from_pandas(pd.Series(labels), npartitions=4)
    found, expected = Dataset.from_arrays(dX, given), Dataset.from_arrays(X, labels)
    assert found.classes is not None
    assert expected.classes is not None
    assert found.classes.tolist() == expected.classes.tolist()
    assert found.classes.dtype.kind == expected.classes.dtype.kind
    assert repr(found) == repr(expected)
    assert_same(compared(found), compared(expected))


def test_images_are_flattened() -> None:
    X, Y, _ = samples()
    images = da.from_array(X.reshape(N, 2, 3), chunks=(70, 1, 2))
    assert_same(compared(Dataset.from_arrays(images, Y)), compared(Dataset.from_arrays(X, Y)))


class Largest:
    """The most rows of inputs that any task made or any value sent to the client had."""

    def __init__(self) -> None:
        self.rows = 0
        self.callback = Callback(posttask=lambda _key, value, *_: self.see(value))

    def see(self, value: Any) -> None:
        if isinstance(value, np.ndarray) and value.ndim == 2 and value.shape[1] == FEATURES:
            self.rows = max(self.rows, len(value))


@pytest.mark.parametrize(
    "answer",
    [moments, folds, recommendation, hypothesis_tests, candidates, ranks],
    ids=lambda answer: answer.__name__,
)
def test_inputs_are_never_in_one_place(answer: Callable[..., Numbers]) -> None:
    X, Y, w = samples()
    largest = Largest()

    def block(block_info: Any = None) -> np.ndarray:
        (first, last), _ = block_info[None]["array-location"]
        return X[first:last]

    dX = da.map_blocks(block, chunks=((30,) * 10, (FEATURES,)), dtype=float)
    with largest.callback:
        answer(dX, *cut_badly(X, Y, w)[1:])
    assert largest.rows == 30


def test_compare_brings_test_samples_to_the_client_only(monkeypatch: pytest.MonkeyPatch) -> None:
    X, Y, _ = samples()
    largest = Largest()
    monkeypatch.setattr(held_out, "TEST_ELEMENTS", 60 * FEATURES)
    dX, dY = da.from_array(X, chunks=(30, FEATURES)), da.from_array(Y, chunks=(30, -1))
    with largest.callback:
        found = hw.compare(Dataset.from_arrays(dX, dY), REP)
    assert largest.rows <= 30
    assert (found.n_train, found.n_test) == (240, 60)


def test_many_rows_are_dealt_out_by_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_sets, "DRAWN_ROWS", 100)
    X, Y, w = samples()
    found = fold_moments(*cut_badly(X, Y, w), n_folds=3, rng=0)
    whole = sum(found[1:], start=found[0])
    expected = Moments.from_arrays(X, Y, w)
    np.testing.assert_allclose(whole.scatter, expected.scatter, rtol=1e-10)
    assert whole.count == expected.count
    assert min(fold.count for fold in found) > N / 6
    again, other = (fold_moments(*cut_badly(X, Y, w), n_folds=3, rng=seed) for seed in (0, 1))
    assert np.array_equal(again[0].scatter, found[0].scatter)
    assert not np.array_equal(other[0].scatter, found[0].scatter)
    dX, dY, _ = cut_badly(X, Y, None)
    result = hw.compare(Dataset.from_arrays(dX, dY), REP, test_size=50)
    assert (result.n_train, result.n_test) == (N - 50, 50)
    with pytest.raises(ParameterError, match="number of folds"):
        fold_moments(dX, dY, n_folds=1)


def test_a_missing_value_is_named_by_its_own_row() -> None:
    X, Y, w = samples()
    X[217, 4] = np.nan
    dX, dY, _ = cut_badly(X, Y, w)
    with pytest.raises(DataError, match="X is nan at row 217, column 4"):
        hw.compare(Dataset.from_arrays(dX, dY), REP)
    with pytest.raises(DataError, match="X of the arrays is nan at row 217, column 4"):
        hw.recommend(dX, dY, REP)
    w[217] = 0.0
    kept = w > 0
    found = fold_moments(dX, dY, da.from_array(w, chunks=50), n_folds=2)
    assert sum(fold.count for fold in found) == kept.sum()
    labels = da.from_array(np.where(np.arange(N) == 123, np.nan, 1.0), chunks=50)
    with pytest.raises(DataError, match="at row 123 is missing"):
        Dataset.from_arrays(dX, labels, targets="labels")


@pytest.mark.parametrize("made", COLLECTIONS, ids=lambda made: made.__name__)
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_hardwired_in_invariant_coordinates(made: Callable[..., Any], fit_intercept: bool) -> None:
    X, Y, w = samples()
    for approach in (hw.Hardwired(), hw.Augmented(), hw.Plain()):
        for weights in (None, w):
            given = Samples.from_arrays(*made(X, Y, weights))
            assert repr(given) == "Samples(300 samples, 6 features, 3 targets, float64)"
            expected, found = (
                hw.solve(data, REP, approach=approach, rank=2, ridge=0.01, fit_intercept=fit_intercept)
                for data in (Samples.from_arrays(X, Y, weights), given)
            )
            np.testing.assert_allclose(found.coef, expected.coef, rtol=1e-10, atol=1e-12)
            np.testing.assert_allclose(found.intercept, expected.intercept, rtol=1e-10, atol=1e-12)
            assert found.loss == pytest.approx(expected.loss, rel=1e-10)


def test_nothing_as_wide_as_the_features_is_squared() -> None:
    n = 3000
    rep = hw.groups.permutations(n)
    rng = np.random.default_rng(0)
    X = da.from_array(rng.standard_normal((50, n)), chunks=(10, 1000))
    Y = np.asarray(X.sum(axis=1)) + rng.standard_normal(50)
    widest: list[int] = []

    def see(_key: Any, value: Any, *_: Any) -> None:
        if isinstance(value, np.ndarray):
            widest.append(value.size)

    with Callback(posttask=see):
        found = hw.solve(Samples.from_arrays(X, Y), rep, approach=hw.Hardwired())
    expected = hw.solve(Samples.from_arrays(np.asarray(X), Y), rep, approach=hw.Hardwired())
    np.testing.assert_allclose(found.coef, expected.coef, rtol=1e-9, atol=1e-12)
    assert max(widest) <= 50 * n < n**2


def test_what_needs_rows_says_so() -> None:
    X, Y, _ = samples()
    dX, dY, _ = cut_badly(X, Y, None)
    with pytest.raises(ParameterError, match="randomization test needs the samples themselves in memory"):
        hw.symmetry_test(X, dY, REP, method="randomization")
    with pytest.raises(ParameterError, match="leave-one-out needs the samples"):
        select_leave_one_out(hw.regularization_path(Moments.from_arrays(X, Y), REP), X, dY)
    with pytest.raises(ParameterError, match="span of the samples needs the samples"):
        Samples.from_arrays(dX, dY).deviations()


def test_what_does_not_fit_together() -> None:
    X, Y, w = samples()
    dX, dY, dw = cut_badly(X, Y, w)
    with pytest.raises(DataError, match="X has 300 rows and Y has 299"):
        fold_moments(dX, dY[1:])
    with pytest.raises(DataError, match="X has 300 rows and sample_weight has 299"):
        hw.recommend(dX, dY, REP, sample_weight=dw[1:])
    with pytest.raises(DataError, match="weights must be finite"):
        Moments.from_arrays(dX, dY, dw - 1.0)
    with pytest.raises(DataError, match="there are 3 training samples"):
        fold_moments(dX[:3], dY[:3])
    with pytest.raises(ParameterError, match="names 3 rows, of which 2 differ"):
        row_sets.Listed.of_rows([np.array([1, 1, 2])], 4)
    with pytest.raises(DataError, match="300 different values"):
        Dataset.from_arrays(dX, da.arange(N, chunks=50))
