"""The triangular route: nearly collinear features, against 60-digit arithmetic and LAPACK's least squares."""

from __future__ import annotations

from dataclasses import replace

import mpmath
import numpy as np
import pytest

import haarwire as hw
from haarwire import Moments


def exact_coefficients(X: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Least squares with an intercept, by normal equations in 60 digits."""
    with mpmath.workdps(60):
        A = mpmath.matrix([[*row, 1.0] for row in X.tolist()])
        solved = mpmath.lu_solve(A.T * A, A.T * mpmath.matrix(y.tolist()))
        return np.array([float(v) for v in solved])[:-1]


def hilbert(rng: np.random.Generator) -> np.ndarray:
    return 1.0 / (np.arange(40)[:, None] + np.arange(6) + 1.0)


def lauchli(rng: np.random.Generator) -> np.ndarray:
    return np.vstack([np.ones((1, 5)), 1e-9 * np.eye(5), np.zeros((1, 5))])


def nearly_collinear(rng: np.random.Generator) -> np.ndarray:
    turn = np.linalg.qr(rng.standard_normal((6, 6)))[0]
    return rng.standard_normal((200, 6)) * 10.0 ** -np.arange(0, 12, 2) @ turn


def far_from_zero(rng: np.random.Generator) -> np.ndarray:
    return 1e6 + nearly_collinear(rng) @ np.diag([1, 1, 1, 1e3, 1e3, 1e3])


def relative_error(coef: np.ndarray, exact: np.ndarray) -> float:
    return float(np.linalg.norm(coef - exact) / np.linalg.norm(exact))


@pytest.mark.parametrize("design", [hilbert, lauchli, nearly_collinear, far_from_zero])
@pytest.mark.parametrize("approach", [hw.Plain(), hw.Hardwired(), hw.Augmented(), hw.Regularized(0.5)])
def test_the_triangular_route_loses_the_condition_number_once(design, approach) -> None:
    rng = np.random.default_rng(0)
    X = design(rng)
    y = X.sum(axis=1) + 1e-3 * rng.standard_normal(len(X))
    rep = hw.groups.trivial(X.shape[1])
    exact = exact_coefficients(X, y)
    condition = np.linalg.cond(X - X.mean(axis=0))
    eps = np.finfo(float).eps
    # Rounding of the means of X moves the centred samples by eps·|mean|.
    blur = eps * np.abs(X).max() / np.linalg.norm(X - X.mean(axis=0), axis=0).min()
    residual = np.linalg.norm(y - y.mean()) / (np.linalg.norm(exact) * np.abs(X).max())
    allowed = 50 * condition * (eps + blur) * (1 + condition * 1e-3 * residual)
    moments = Moments.from_arrays(X, y, accuracy="qr")
    solution = hw.solve(moments, rep, approach=approach)
    assert relative_error(solution.coef[0], exact) <= max(allowed, 1e-13)
    assert not solution.is_minimum_norm


def test_without_it_such_features_pass_for_collinear() -> None:
    rng = np.random.default_rng(0)
    X = nearly_collinear(rng)
    y = X.sum(axis=1) + 1e-3 * rng.standard_normal(len(X))
    rep = hw.groups.trivial(6)
    assert hw.solve(Moments.from_arrays(X, y), rep, approach=hw.Plain()).is_minimum_norm


@pytest.mark.parametrize("chunk_rows", [None, 1, 7, 100])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_factor_is_one_of_the_scatter(chunk_rows, weighted) -> None:
    rng = np.random.default_rng(1)
    X, Y = 1e6 + rng.standard_normal((60, 4)), rng.standard_normal((60, 2))
    w = rng.uniform(0, 1e20, 60) if weighted else None
    moments = Moments.from_arrays(X, Y, w, accuracy="qr", chunk_rows=chunk_rows)
    other = Moments.from_arrays(X, Y, w)
    assert np.array_equal(moments.factor, np.triu(moments.factor))
    np.testing.assert_allclose(moments.factor.T @ moments.factor, moments.scatter, rtol=1e-13)
    unit = np.sqrt(np.outer(other.scatter.diagonal(), other.scatter.diagonal()))
    assert (np.abs(moments.scatter - other.scatter) <= 1e-12 * unit).all()


def test_sums_keep_the_factor_and_what_is_not_of_samples_loses_it() -> None:
    rng = np.random.default_rng(2)
    X, y = nearly_collinear(rng), rng.standard_normal(200)
    whole = Moments.from_arrays(X, y, accuracy="qr")
    parts = [Moments.from_arrays(X[i::3], y[i::3], accuracy="qr") for i in range(3)]
    joined = parts[0] + parts[1] + parts[2]
    rep = hw.groups.trivial(6)
    first, second = (hw.solve(m, rep, approach=hw.Plain()).coef[0] for m in (whole, joined))
    assert relative_error(first, second) < 1e-4  # cond(X) = 1e10
    assert (joined - parts[0]).factor is None
    assert (joined + Moments.from_arrays(X, y)).factor is None
    assert replace(whole, scatter=2 * whole.scatter).factor is None
    assert (whole + Moments.empty(6, 1)).factor is whole.factor


def test_a_model_without_intercept_has_the_factor_about_the_origin() -> None:
    rng = np.random.default_rng(3)
    X, y = nearly_collinear(rng) + 1.0, rng.standard_normal(200)
    moments = Moments.from_arrays(X, y, accuracy="qr").about_origin()
    np.testing.assert_allclose(moments.factor.T @ moments.factor, moments.scatter, rtol=1e-12, atol=1e-12)
    solution = hw.solve(moments, hw.groups.trivial(6), approach=hw.Plain(), fit_intercept=False)
    expected = np.linalg.lstsq(X, y, rcond=None)[0]
    assert relative_error(solution.coef[0], expected) < 1e-3


@pytest.mark.parametrize("name", ["image_rotations:2", "permutations:4", "cyclic_shifts:4"])
@pytest.mark.parametrize(
    "approach", [hw.Plain(), hw.Hardwired(), hw.Augmented(), hw.Regularized(0.3), hw.Regularized(1e9)]
)
@pytest.mark.parametrize("ridge", [0.0, 0.1])
def test_both_routes_agree_on_ordinary_data(name, approach, ridge) -> None:
    rng = np.random.default_rng(4)
    rep = hw.groups.from_name(name)
    X, Y = rng.standard_normal((50, 4)), rng.standard_normal((50, 2))
    X[:, 3] = X[:, 2] if name == "cyclic_shifts:4" else X[:, 3]  # collinear: the minimum-norm solution
    by_gram, by_triangle = (
        hw.solve(Moments.from_arrays(X, Y, accuracy=accuracy), rep, rank=1, approach=approach, ridge=ridge)
        for accuracy in ("gram", "qr")
    )
    np.testing.assert_allclose(by_triangle.coef, by_gram.coef, rtol=1e-7, atol=1e-10)
    np.testing.assert_allclose(by_triangle.loss, by_gram.loss, rtol=1e-10)
    np.testing.assert_allclose(by_triangle.intercept, by_gram.intercept, rtol=1e-7, atol=1e-10)
    assert by_triangle.is_unique == by_gram.is_unique
    assert by_triangle.n_modes == by_gram.n_modes


def test_options_that_contradict_each_other() -> None:
    X, y = np.eye(3), np.arange(3.0)
    with pytest.raises(hw.ParameterError, match="contradict"):
        Moments.from_arrays(X, y, accuracy="qr", accumulate="float32")
    with pytest.raises(hw.ParameterError, match="accuracy is 'QR'"):
        Moments.from_arrays(X, y, accuracy="QR")
