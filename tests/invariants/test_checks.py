"""`invariance_error` and `assert_invariant`, on everything that can be called a model."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import expm

import haarwire as hw
import strategies as cases

SHIFTS = hw.groups.cyclic_shifts(4)


def representations():
    circles = cases.circles().map(lambda c: c.rep)
    return st.one_of(cases.finite_representations(), cases.non_compact_groups(), circles)


@given(rep=representations(), rng=cases.seeds())
def test_coefficients_by_definition(rep, rng):
    W = rng.standard_normal((2, rep.dim))
    changes = [np.linalg.norm(W @ g - W) for g in cases.dense_generators(rep)]
    changes += [np.linalg.norm(W @ L) / np.linalg.norm(L) for L in rep.algebra]
    expected = max(changes, default=0.0) / np.linalg.norm(W)
    assert hw.invariance_error(W, rep) == pytest.approx(expected, rel=1e-10, abs=1e-12)
    assert hw.invariance_error(hw.invariant_subspace(rep).project(W), rep) < 1e-10


@given(rep=representations(), rng=cases.seeds())
def test_functions_by_definition(rep, rng):
    W, X = rng.standard_normal((2, rep.dim)), rng.standard_normal((12, rep.dim))

    def model(samples):
        return np.tanh(samples @ W.T)

    moves = cases.dense_generators(rep) + [expm(L / np.abs(L).max()) for L in rep.algebra]
    before = model(X)
    size = np.linalg.norm(before - before.mean(axis=0))
    expected = max((np.linalg.norm(model(X @ g.T) - before) for g in moves), default=0.0) / size
    assert hw.invariance_error(model, rep, X) == pytest.approx(expected, rel=1e-8, abs=1e-12)


def test_one_target_may_be_flat():
    W = np.array([1.0, 2.0, 3.0, 4.0])
    assert hw.invariance_error(W, SHIFTS) == hw.invariance_error(W[None], SHIFTS) > 0.3
    assert hw.invariance_error([1, 1, 1, 1], SHIFTS) == 0.0


def test_zero_is_invariant():
    assert hw.invariance_error(np.zeros((2, 4)), SHIFTS) == 0.0
    assert hw.invariance_error(lambda X: np.zeros(len(X)), SHIFTS, np.eye(4)) == 0.0


def test_where_a_function_vanishes_errors_are_absolute():
    X = np.array([[0.0, 0.0, 0.0, 3.0]])
    assert hw.invariance_error(lambda samples: samples[:, 0], SHIFTS, X) == 3.0


def test_a_lie_algebra_element_that_does_nothing_is_no_error():
    idle = hw.Representation(2, algebra=(np.zeros((2, 2)),))
    assert hw.invariance_error(np.ones((1, 2)), idle) == 0.0
    assert hw.equivariance_error(np.eye(2), idle, idle) == 0.0


def test_everything_is_invariant_under_nothing():
    assert hw.invariance_error(np.ones((2, 4)), hw.groups.trivial(4)) == 0.0
    assert hw.invariance_error(np.exp, hw.groups.trivial(4), np.eye(4)) == 0.0


def test_a_constant_function_is_measured_against_its_own_size():
    assert hw.invariance_error(lambda X: np.full(len(X), 5.0), SHIFTS, np.eye(4)) == 0.0
    # f(eye) is (1, 1, 1, 1): no spread; moved samples would be seen if f told them apart.
    tilted = hw.invariance_error(lambda X: np.ones(len(X)) + 0.1 * (X[0, 0] < 1), SHIFTS, np.eye(4))
    assert tilted == pytest.approx(0.1)


def test_solutions_with_and_without_samples():
    data = cases.generic_data(4, 2, np.random.default_rng(0))
    hardwired = hw.solve(data.moments, SHIFTS, approach=hw.Hardwired())
    plain = hw.solve(data.moments, SHIFTS, approach=hw.Plain())
    for samples in (None, data.X):
        assert hw.invariance_error(hardwired, SHIFTS, samples) < 1e-14
        assert hw.invariance_error(plain, SHIFTS, samples) > 0.1
        hw.assert_invariant(hardwired, SHIFTS, samples)
        with pytest.raises(hw.NotInvariantError):
            hw.assert_invariant(plain, SHIFTS, samples)


def test_estimators_with_samples():
    linear_model = pytest.importorskip("sklearn.linear_model")
    data = cases.generic_data(4, 2, np.random.default_rng(0))
    fitted = linear_model.LinearRegression().fit(data.X, data.Y)
    error = hw.invariance_error(fitted, SHIFTS, data.X)
    assert error > 0.1
    assert hw.invariance_error(fitted, SHIFTS) == hw.invariance_error(fitted.coef_, SHIFTS)
    assert hw.equivariance_error(fitted, SHIFTS, SHIFTS.trivial(2)) > 0.1
    assert hw.invariance_error(fitted.predict, SHIFTS, data.X) == error
    means = data.X.mean(axis=1, keepdims=True)
    summed = linear_model.LinearRegression().fit(means, data.Y)
    hw.assert_invariant(lambda X: summed.predict(X.mean(axis=1, keepdims=True)), SHIFTS, data.X)


def test_assert_invariant_says_how_far():
    W = np.array([1.0, 0.0, 0.0, 0.0])
    with pytest.raises(hw.NotInvariantError) as caught:
        hw.assert_invariant(W, SHIFTS)
    assert isinstance(caught.value, AssertionError)
    assert "not invariant under cyclic_shifts:4: relative error 1.41e+00 > 1e-08" in caught.value.what
    assert "plain or regularized" in caught.value.cause
    assert "Hardwired()" in caught.value.remedy
    hw.assert_invariant(W, SHIFTS, tol=2.0)


def test_assert_invariant_does_not_pass_nan():
    with pytest.raises(hw.NotInvariantError, match="nan"):
        hw.assert_invariant(np.full(4, np.nan), SHIFTS)
    with pytest.raises(hw.NotInvariantError, match="nan"):
        hw.assert_invariant(lambda X: X[:, 0] * np.nan, SHIFTS, np.eye(4))


def test_assert_invariant_does_not_pass_nan_on_some_generators_only():
    images = hw.groups.image_rotations(2, reflections=True)
    X = np.arange(8.0).reshape(2, 4)
    flipped = images.generators[1].apply(X)

    def model(samples):
        return samples.sum(axis=1) * (np.nan if np.array_equal(samples, flipped) else 1.0)

    with pytest.raises(hw.NotInvariantError, match="nan"):
        hw.assert_invariant(model, images, X)
    with pytest.raises(hw.NotInvariantError, match="nan"):
        hw.assert_equivariant(lambda x: model(x)[:, None], images, images.trivial(1), X)


@pytest.mark.parametrize(
    ("model", "X", "error", "what"),
    [
        (np.exp, np.ones((0, 4)), hw.DataError, "cannot be tried on 0 samples"),
        (np.sum, np.eye(4), hw.DataError, r"values of shape \(\) for 4 samples"),
        (lambda X: X[:2], np.eye(4), hw.DataError, r"values of shape \(2, 4\) for 4 samples"),
        (object(), None, hw.ParameterError, "cannot read coefficients from a object"),
        ([[1.0, 2.0], [1.0]], None, hw.ParameterError, "cannot read coefficients from a list"),
    ],
)
def test_models_that_cannot_be_tried(model, X, error, what):
    with pytest.raises(error, match=what) as caught:
        hw.invariance_error(model, SHIFTS, X)
    assert caught.value.cause
    assert "give" in caught.value.remedy


@pytest.mark.parametrize("W", [np.ones((4, 3)), np.ones(3), np.ones((1, 4, 4))])
def test_coefficients_of_another_size(W):
    with pytest.raises(hw.ParameterError) as caught:
        hw.invariance_error(W, SHIFTS)
    assert f"{np.atleast_2d(W).shape}, cyclic_shifts:4 acts on 4 coordinates" in caught.value.what
    assert "transposed" in caught.value.cause
    assert "(n_targets, 4)" in caught.value.remedy


@pytest.mark.parametrize("X", [np.ones((3, 5)), np.ones(4), np.ones((2, 2, 4))])
def test_samples_of_another_size(X):
    with pytest.raises(hw.DataError) as caught:
        hw.invariance_error(np.exp, SHIFTS, X)
    assert f"the samples have shape {X.shape}, cyclic_shifts:4 acts on 4" in caught.value.what
    assert "single sample" in caught.value.cause
    assert "(n_samples, 4)" in caught.value.remedy


def test_a_function_needs_samples():
    with pytest.raises(hw.ParameterError) as caught:
        hw.invariance_error(np.exp, SHIFTS)
    assert "none were given" in caught.value.what
    assert "without data" in caught.value.cause
    assert "invariance_error(model.predict, rep, X)" in caught.value.remedy


def test_coefficients_need_none():
    with pytest.raises(hw.ParameterError) as caught:
        hw.invariance_error(np.ones(4), SHIFTS, np.eye(4))
    assert "cannot call a ndarray" in caught.value.what
    assert "coefficients passed with data" in caught.value.cause
    assert "invariance_error(coef, rep)" in caught.value.remedy
