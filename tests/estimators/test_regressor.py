"""`InvariantRegressor` is `hw.solve`, and batches are the whole."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

pytest.importorskip("sklearn", reason="estimators need the 'sklearn' extra")

from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression, Ridge

import haarwire as hw
from estimators.samples import REPRESENTATIONS, regression_data
from haarwire.estimators import InvariantRegressor

APPROACHES = {
    "hardwired": hw.Hardwired(),
    "augmented": hw.Augmented(),
    "regularized": hw.Regularized(0.3),
    "plain": hw.Plain(),
}


@pytest.mark.parametrize("approach", APPROACHES)
@pytest.mark.parametrize("rep", REPRESENTATIONS.values(), ids=REPRESENTATIONS)
@pytest.mark.parametrize(
    ("rank", "ridge", "fit_intercept"), [(None, 0.0, True), (1, 0.2, True), (2, 0.0, False)]
)
def test_it_is_solve_to_the_bit(
    rep: hw.Representation, approach: str, rank: int | None, ridge: float, fit_intercept: bool
) -> None:
    X, Y = regression_data()
    model = InvariantRegressor(
        rep, approach=approach, alpha=0.3, rank=rank, ridge=ridge, fit_intercept=fit_intercept
    ).fit(X, Y)
    expected = hw.solve(
        hw.Moments.from_arrays(X, Y),
        rep,
        rank=rank,
        approach=APPROACHES[approach],
        ridge=ridge,
        fit_intercept=fit_intercept,
    )
    np.testing.assert_array_equal(model.coef_, expected.coef)
    np.testing.assert_array_equal(model.intercept_, expected.intercept)
    np.testing.assert_array_equal(model.predict(X), expected.predict(X))
    assert model.rank_ == expected.rank == model.solution_.rank


def test_without_a_symmetry_it_is_ridge_and_least_squares() -> None:
    X, Y = regression_data()
    plain, known = InvariantRegressor().fit(X, Y), LinearRegression().fit(X, Y)
    np.testing.assert_allclose(plain.coef_, known.coef_, rtol=1e-10)
    np.testing.assert_allclose(plain.intercept_, known.intercept_, rtol=1e-10)
    ridge, known = InvariantRegressor(ridge=0.1).fit(X, Y), Ridge(alpha=0.1 * len(X)).fit(X, Y)
    np.testing.assert_allclose(ridge.coef_, known.coef_, rtol=1e-10)


@pytest.mark.parametrize("rep", REPRESENTATIONS.values(), ids=REPRESENTATIONS)
@pytest.mark.parametrize("approach", ["hardwired", "augmented"])
def test_predictions_are_invariant(rep: hw.Representation, approach: str) -> None:
    X, Y = regression_data()
    model = InvariantRegressor(rep, approach=approach).fit(X, Y)
    for g in rep.sample(0, size=5):
        np.testing.assert_allclose(model.predict(g.apply(X)), model.predict(X), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("approach", APPROACHES)
def test_batches_add_up_to_the_whole(approach: str) -> None:
    X, Y = regression_data(offset=100.0)
    weights = np.random.default_rng(1).uniform(0, 2, len(X))
    whole = InvariantRegressor("cyclic_shifts", approach=approach).fit(X, Y, weights)
    one = InvariantRegressor("cyclic_shifts", approach=approach).partial_fit(X, Y, weights)
    np.testing.assert_array_equal(one.coef_, whole.coef_)
    many = InvariantRegressor("cyclic_shifts", approach=approach)
    for rows in np.split(np.arange(len(X)), [1, 10, 11, 30]):
        many.partial_fit(X[rows], Y[rows], weights[rows])
    np.testing.assert_allclose(many.coef_, whole.coef_, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(many.intercept_, whole.intercept_, rtol=1e-9)


def test_partial_fit_goes_on_after_fit_and_fit_starts_anew() -> None:
    X, Y = regression_data()
    model = InvariantRegressor("reflection").fit(X[:20], Y[:20]).partial_fit(X[20:], Y[20:])
    whole = InvariantRegressor("reflection").fit(X, Y)
    np.testing.assert_allclose(model.coef_, whole.coef_, rtol=1e-10)
    model.fit(X[:20], Y[:20])
    np.testing.assert_array_equal(model.coef_, InvariantRegressor("reflection").fit(X[:20], Y[:20]).coef_)


def test_batches_of_zero_weight_and_a_single_first_sample_are_nothing_special() -> None:
    X, Y = regression_data()
    model = InvariantRegressor("reflection").partial_fit(X[:1], Y[:1])
    with pytest.raises(hw.DataError, match="one sample is not enough"):
        model.predict(X)
    model.partial_fit(X[1:], Y[1:]).partial_fit(X[:3], Y[:3], np.zeros(3))
    np.testing.assert_allclose(model.coef_, InvariantRegressor("reflection").fit(X, Y).coef_, rtol=1e-10)
    with pytest.raises(hw.DataError, match="All 3 entries of sample_weight are zero"):
        InvariantRegressor().partial_fit(X[:3], Y[:3], np.zeros(3))


def test_parameters_are_those_of_the_last_batch() -> None:
    X, Y = regression_data()
    model = InvariantRegressor("reflection").partial_fit(X, Y).set_params(ridge=1.0)
    np.testing.assert_array_equal(model.coef_, InvariantRegressor("reflection").fit(X, Y).coef_)
    model.partial_fit(X[:1], Y[:1], [0.0])
    np.testing.assert_array_equal(model.coef_, InvariantRegressor("reflection", ridge=1.0).fit(X, Y).coef_)


@pytest.mark.parametrize("kind", [sp.csr_array, sp.csc_array, sp.coo_array, sp.csr_matrix])
@pytest.mark.parametrize("approach", APPROACHES)
def test_sparse_data_are_solved_on_the_samples(approach: str, kind: Any) -> None:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((30, 16)) * (rng.random((30, 16)) < 0.3)
    y = rng.standard_normal(30)
    model = InvariantRegressor("image_rotations", approach=approach, ridge=0.1).fit(kind(X), y)
    dense = InvariantRegressor("image_rotations", approach=approach, ridge=0.1).fit(X, y)
    np.testing.assert_allclose(model.coef_, dense.coef_, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(model.predict(kind(X)), dense.predict(X), rtol=1e-8, atol=1e-10)
    with pytest.raises(hw.DataError, match="no moments that this batch could be added to"):
        model.partial_fit(X, y)
    added = InvariantRegressor("image_rotations", approach=approach, ridge=0.1).partial_fit(kind(X), y)
    np.testing.assert_allclose(added.coef_, dense.coef_, rtol=1e-8, atol=1e-10)


def test_wide_data_are_solved_on_the_samples() -> None:
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((12, 1200)), rng.standard_normal(12)
    model = InvariantRegressor("cyclic_shifts:4x300", approach="regularized").fit(X, y)
    rep = hw.groups.cyclic_shifts((4, 300))
    expected = hw.solve(hw.Samples.from_arrays(X, y), rep, approach=hw.Regularized(1.0))
    np.testing.assert_array_equal(model.coef_, expected.coef[0])
    assert model.solution_.form == "dual"
    assert len(pickle.dumps(model)) < 200_000  # neither the samples nor their moments


def test_wide_data_without_a_symmetry_take_no_square_matrix() -> None:
    """As after InvariantPolynomialFeatures: 10¹⁰ entries would not fit."""
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((6, 100_000)), rng.standard_normal(6)
    for approach in APPROACHES:
        model = InvariantRegressor(approach=approach, ridge=1e-6).fit(X, y)
        assert model.solution_.form == "dual"
        np.testing.assert_allclose(model.predict(X), y, rtol=1e-6)


def test_shapes_follow_those_of_y() -> None:
    X, Y = regression_data()
    flat = InvariantRegressor("reflection").fit(X, Y[:, 0])
    assert flat.coef_.shape == (4,)
    assert np.ndim(flat.intercept_) == 0
    assert flat.predict(X).shape == (40,)
    column = InvariantRegressor("reflection").fit(X, Y[:, :1])
    assert column.coef_.shape == (1, 4)
    assert column.intercept_.shape == (1,)
    assert column.predict(X).shape == (40, 1)
    np.testing.assert_array_equal(column.coef_[0], flat.coef_)


def test_float32_stays_float32() -> None:
    X, Y = (A.astype(np.float32) for A in regression_data())
    for inputs in (X, sp.csr_array(X)):
        model = InvariantRegressor("reflection").fit(inputs, Y)
        assert model.coef_.dtype == model.intercept_.dtype == model.predict(inputs).dtype == np.float32
        assert InvariantRegressor("reflection").partial_fit(inputs, Y).coef_.dtype == np.float32
    model = InvariantRegressor("reflection").fit(X, Y)
    expected = hw.solve(hw.Moments.from_arrays(X, Y), hw.groups.reflection(4), approach=hw.Hardwired())
    np.testing.assert_array_equal(model.coef_, expected.coef)


def test_whole_weights_are_repetitions() -> None:
    X, Y = regression_data()
    weights = np.random.default_rng(0).integers(0, 4, len(X))
    model = InvariantRegressor("reflection", rank=1, ridge=0.1).fit(X, Y, weights)
    repeated = InvariantRegressor("reflection", rank=1, ridge=0.1)
    repeated.fit(X.repeat(weights, axis=0), Y.repeat(weights, axis=0))
    np.testing.assert_allclose(model.coef_, repeated.coef_, rtol=1e-10)


def test_a_single_weight_is_that_of_all_samples() -> None:
    X, Y = regression_data()
    expected = InvariantRegressor("reflection").fit(X, Y).coef_
    np.testing.assert_allclose(InvariantRegressor("reflection").fit(X, Y, 2.0).coef_, expected, rtol=1e-12)
    model = InvariantRegressor("reflection").partial_fit(X, Y, 2)
    np.testing.assert_allclose(model.coef_, expected, rtol=1e-12)


def test_a_bound_above_the_largest_rank_is_none() -> None:
    X, Y = regression_data()
    model = InvariantRegressor("reflection", rank=50).fit(X, Y)
    np.testing.assert_array_equal(model.coef_, InvariantRegressor("reflection").fit(X, Y).coef_)
    assert model.rank_ == 2  # a reflection of four features has two invariants


def test_strengths_at_the_ends_are_the_other_approaches() -> None:
    X, Y = regression_data()
    for alpha, approach in ((0.0, "plain"), (np.inf, "hardwired")):
        end = InvariantRegressor("reflection", approach="regularized", alpha=alpha).fit(X, Y)
        other = InvariantRegressor("reflection", approach=approach).fit(X, Y)
        np.testing.assert_array_equal(end.coef_, other.coef_)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"approach": "hard"}, "approach must be one of hardwired, augmented, regularized, plain"),
        ({"approach": "regularized", "alpha": -1.0}, "alpha must be a number ≥ 0"),
        ({"rank": 0}, "rank must be a positive integer or None"),
        ({"rank": 1.5}, "rank must be a positive integer or None"),
        ({"ridge": np.nan}, "ridge must be a finite number ≥ 0"),
        ({"fit_intercept": 1}, "fit_intercept must be True or False"),
        ({"representation": 4}, "representation must be a Representation, a name or None"),
    ],
)
def test_bad_parameters_are_refused(parameters: dict[str, Any], message: str) -> None:
    X, Y = regression_data()
    for method in ("fit", "partial_fit"):
        model = InvariantRegressor(**parameters)
        with pytest.raises(hw.ParameterError, match=message):
            getattr(model, method)(X, Y).predict(X)


def test_bad_data_are_refused() -> None:
    X, Y = regression_data()
    with pytest.raises(hw.DataError, match="X has 4 features, reflection:5 acts on 5 coordinates"):
        InvariantRegressor("reflection:5").fit(X, Y)
    with pytest.raises(hw.DataError, match="the targets are constant"):
        InvariantRegressor().fit(X, np.ones(len(X)))
    with pytest.raises(hw.DataError, match=r"sample_weight is -1.0 at row 0"):
        InvariantRegressor().fit(X, Y, [-1.0, *np.ones(len(X) - 1)])
    with pytest.raises(hw.DataError, match="y has another number of dimensions"):
        InvariantRegressor().partial_fit(X, Y[:, 0]).partial_fit(X, Y[:, :1])
    with pytest.raises(hw.DataError, match="targets"):
        InvariantRegressor().partial_fit(X, Y).partial_fit(X, Y[:, :2])


def test_a_group_without_average_can_be_hard_wired_only() -> None:
    X, Y = regression_data()
    model = InvariantRegressor("shear:4").fit(X, Y)
    assert hw.invariance_error(model.coef_, hw.groups.shear(4)) < 1e-12
    with pytest.raises(hw.NotCompactError):
        InvariantRegressor("shear:4", approach="augmented").fit(X, Y)


def test_what_was_not_fitted_says_so() -> None:
    model = InvariantRegressor()
    for name in ("coef_", "intercept_", "rank_", "solution_"):
        assert not hasattr(model, name)
    with pytest.raises(NotFittedError):
        model.predict([[1.0]])
