"""Problems on samples with more features than samples: the same results as from n×n moments."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.sparse as sp

import haarwire as hw
from haarwire.groups import Matrix, Representation, from_name
from haarwire.solve.wide import costs_less

REPRESENTATIONS = {
    "shifts": from_name("cyclic_shifts:60"),
    "images": from_name("image_rotations:8"),
    "sets": from_name("permutations_of_sets:6x10"),
    "reflection": from_name("reflection:60"),
    "permutations": from_name("permutations:60"),
    "trivial": from_name("trivial:60"),
    "turning": Representation(
        60, algebra=(sp.block_diag([[[0.0, -1.0], [1.0, 0.0]]] * 20 + [[[0.0]]] * 20),)
    ),
    "no invariants": Representation(60, algebra=(sp.block_diag([[[0.0, -1.0], [1.0, 0.0]]] * 30),)),
}
APPROACHES = {
    "plain": hw.Plain(),
    "hardwired": hw.Hardwired(),
    "augmented": hw.Augmented(),
    "weak": hw.Regularized(0.01),
    "strong": hw.Regularized(1e6),
    "projection": hw.Regularized(0.3, penalty="projection"),
    "none": hw.Regularized(0.0),
    "limit": hw.Regularized(math.inf),
}


def _data(n, *, n_samples=9, m=3, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n_samples, n)) + 0.5, rng.standard_normal((n_samples, m)) + 2.0


@pytest.mark.parametrize("ridge", [0.0, 0.1])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("approach", APPROACHES.values(), ids=APPROACHES.keys())
@pytest.mark.parametrize("rep", REPRESENTATIONS.values(), ids=REPRESENTATIONS.keys())
def test_samples_give_what_moments_give(rep, approach, fit_intercept, ridge):
    X, Y = _data(rep.dim)
    options = {"approach": approach, "rank": 2, "ridge": ridge, "fit_intercept": fit_intercept}
    wide = hw.solve(hw.Samples.from_arrays(X, Y), rep, **options)
    tall = hw.solve(hw.Moments.from_arrays(X, Y), rep, **options)
    scale = np.abs(tall.coef).max() + 1e-12
    np.testing.assert_allclose(wide.coef, tall.coef, atol=1e-8 * scale)
    np.testing.assert_allclose(wide.intercept, tall.intercept, atol=1e-8)
    assert wide.loss == pytest.approx(tall.loss, abs=1e-9)
    assert wide.invariance_gap == pytest.approx(tall.invariance_gap, abs=1e-8 * scale)
    assert wide.rank == tall.rank


@pytest.mark.parametrize(
    ("approach", "form"),
    [
        (hw.Plain(), "dual"),
        (hw.Regularized(0.1), "dual"),
        (hw.Hardwired(), "invariant"),
        (hw.Augmented(), "invariant"),
        (hw.Regularized(math.inf), "invariant"),
    ],
)
def test_the_form_is_reported(approach, form):
    rep = from_name("cyclic_shifts:200")
    X, Y = _data(200)
    assert hw.solve(hw.Samples.from_arrays(X, Y), rep, approach=approach).form == form


def test_many_samples_go_by_moments():
    rep = from_name("cyclic_shifts:6")
    X, Y = _data(6, n_samples=40)
    for approach in (hw.Plain(), hw.Regularized(0.1)):
        wide = hw.solve(hw.Samples.from_arrays(X, Y), rep, approach=approach)
        tall = hw.solve(hw.Moments.from_arrays(X, Y), rep, approach=approach)
        assert wide.form == tall.form == "primal"
        np.testing.assert_allclose(wide.coef, tall.coef, atol=1e-12)
    assert not costs_less(hw.Samples.from_arrays(X, Y), 40)


def test_weights_are_repetitions():
    rep = from_name("cyclic_shifts:50")
    X, Y = _data(50)
    weights = np.array([1, 2, 0, 1, 1, 3, 1, 0, 1])
    repeated = hw.Samples.from_arrays(np.repeat(X, weights, axis=0), np.repeat(Y, weights, axis=0))
    weighted = hw.Samples.from_arrays(X, Y, sample_weight=weights)
    for approach in (hw.Plain(), hw.Hardwired(), hw.Regularized(0.2)):
        one = hw.solve(weighted, rep, approach=approach, rank=2, ridge=0.01)
        two = hw.solve(repeated, rep, approach=approach, rank=2, ridge=0.01)
        np.testing.assert_allclose(one.coef, two.coef, atol=1e-10)


@pytest.mark.parametrize("approach", [hw.Plain(), hw.Hardwired(), hw.Regularized(0.2)])
def test_sparse_inputs_give_the_same(approach):
    X, Y = _data(80)
    X[X < 1.0] = 0.0
    rep = from_name("cyclic_shifts:80")
    dense = hw.solve(hw.Samples.from_arrays(X, Y), rep, approach=approach)
    sparse = hw.solve(hw.Samples.from_arrays(sp.csr_array(X), Y), rep, approach=approach)
    np.testing.assert_allclose(sparse.coef, dense.coef, atol=1e-12)


def test_critical_points_of_samples():
    rep = from_name("cyclic_shifts:60")
    X, Y = _data(60, m=4)
    for approach in (hw.Plain(), hw.Regularized(0.5)):
        wide = hw.critical_points(hw.Samples.from_arrays(X, Y), rep, rank=2, approach=approach)
        tall = hw.critical_points(hw.Moments.from_arrays(X, Y), rep, rank=2, approach=approach)
        assert wide.index_histogram == tall.index_histogram
        assert wide.additional == tall.additional
        for one, two in zip(wide.lowest(6), tall.lowest(6), strict=True):
            assert one.loss == pytest.approx(two.loss, abs=1e-9)


def test_float32_in_float32_out():
    X, Y = _data(60)
    rep = from_name("cyclic_shifts:60")
    solution = hw.solve(hw.Samples.from_arrays(X.astype(np.float32), Y), rep, approach=hw.Plain())
    assert solution.coef.dtype == np.float32


def test_a_hundred_thousand_features_need_no_square_matrix():
    n = 100_000
    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal((12, n)), rng.standard_normal(12)
    samples = hw.Samples.from_arrays(X, Y)
    rep = from_name(f"permutations_of_sets:{n // 10}x10")
    for approach, ridge in ((hw.Hardwired(), 0.1), (hw.Regularized(0.5), 0.1), (hw.Plain(), 0.1)):
        best = hw.solve(samples, rep, approach=approach, ridge=ridge)
        W = best.coef
        # The gradient of ‖y − Wx − b‖²/N + ridge‖W‖² + α Σ‖W(ρ(g) − I)‖² vanishes (hard-wired: its average).
        residual = best.predict(X) - Y[:, None]
        gradient = residual.T @ (X - X.mean(axis=0)) / len(X) + ridge * W
        if isinstance(approach, hw.Regularized):
            for g in rep.generators:
                gradient += approach.alpha * (2 * W - g.pull_back(W) - g.inverse().pull_back(W))
        if isinstance(approach, hw.Hardwired):
            gradient = hw.invariant_subspace(rep).project(gradient)
            assert hw.invariance_error(W, rep) < 1e-14
        assert np.abs(gradient).max() < 1e-12


@pytest.mark.parametrize(
    "X",
    [
        np.full((3, 5), np.nan),
        sp.csr_array(np.array([[0.0, np.inf], [1.0, 0.0], [0.0, 0.0]])),
        np.zeros((0, 5)),
        np.zeros((3, 0)),
        np.zeros((3, 2, 2)),
        sp.csr_array(np.ones((3, 4), dtype=complex)),
        sp.csr_array(np.ones((2, 4))),
    ],
)
def test_bad_samples_are_refused(X):
    with pytest.raises(hw.DataError):
        hw.Samples.from_arrays(X, np.arange(3.0) if X.shape[0] else np.zeros(0))


def test_errors_of_solve_are_those_of_moments():
    X, Y = _data(60)
    samples = hw.Samples.from_arrays(X, Y)
    with pytest.raises(hw.DataError, match="60 features"):
        hw.solve(samples, from_name("cyclic_shifts:59"), approach=hw.Plain())
    with pytest.raises(hw.ParameterError, match="rank"):
        hw.solve(samples, from_name("cyclic_shifts:60"), rank=4, approach=hw.Plain())
    with pytest.raises(hw.DataError, match="constant"):
        hw.solve(
            hw.Samples.from_arrays(X, np.ones(9)), from_name("cyclic_shifts:60"), approach=hw.Hardwired()
        )
    shear = Representation(60, (Matrix(np.eye(60) + np.diag([1.0] + [0.0] * 58, 1)),))
    with pytest.raises(hw.NotCompactError):
        hw.solve(samples, shear, approach=hw.Augmented())
