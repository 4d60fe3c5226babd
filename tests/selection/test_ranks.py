"""Choosing a rank: criteria by hand, thresholds from the paper, planted ranks."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import haarwire as hw
from haarwire.selection.ranks import _marchenko_pastur_median, _threshold

REP = hw.groups.image_rotations(6)  # d = 9
METHODS = ("cv", "aic", "bic", "gavish_donoho", "gavish_donoho_median")


def planted(rank: int, n_samples: int = 400, strength: float = 2.0, seed: int = 0) -> tuple[Any, Any]:
    """Invariant, of this rank, 8 targets."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n_samples, 36))
    V = np.linalg.qr(rng.standard_normal((9, 9)))[0][:, :rank]
    U = np.linalg.qr(rng.standard_normal((8, 8)))[0][:, :rank]
    signal = strength * hw.invariant_subspace(REP).coordinates(X) @ V @ U.T
    return X, signal + rng.standard_normal((n_samples, 8))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("rank", [1, 3])
def test_a_planted_rank_is_found(method: Any, rank: int) -> None:
    X, Y = planted(rank)
    found = hw.select_rank(X, Y, REP, method=method)
    assert found.rank == rank
    assert found.method == method


@pytest.mark.parametrize("method", METHODS)
def test_pure_noise_has_rank_0(method: Any) -> None:
    X, Y = planted(0)
    assert hw.select_rank(X, Y, REP, method=method).rank == 0


@pytest.mark.parametrize(("method", "price"), [("aic", 2.0), ("bic", math.log(400))])
def test_information_criteria_by_hand(method: Any, price: float) -> None:
    X, Y = planted(3)
    moments = hw.Moments.from_arrays(X, Y)
    found = hw.select_rank(moments, REP, method=method)
    np.testing.assert_array_equal(found.ranks, np.arange(9))
    for r in range(1, 9):
        model = hw.solve(moments, REP, rank=r, approach=hw.Hardwired())
        J = ((model.predict(X) - Y) ** 2).sum(axis=1).mean()
        parameters = r * (8 + 9 - r) + 8 + 1
        assert found.criterion[r] == pytest.approx(400 * 8 * math.log(J) + price * parameters)
    plain = hw.select_rank(moments, REP, method=method, approach=hw.Plain())
    slope = plain.criterion - found.criterion
    J = [hw.solve(moments, REP, rank=8, approach=a).loss for a in (hw.Plain(), hw.Hardwired())]
    assert slope[8] == pytest.approx(400 * 8 * math.log(J[0] / J[1]) + price * 8 * (36 - 9))


def test_the_number_of_parameters_is_the_dimension_of_the_set_of_models() -> None:
    """Rank of the tangent space of {A B : A (p×r), B (r×d)}."""
    rng = np.random.default_rng(0)
    p, d, r = 5, 7, 3
    A, B = rng.standard_normal((p, r)), rng.standard_normal((r, d))
    columns = [np.outer(np.eye(p)[i], B[k]).ravel() for i in range(p) for k in range(r)]
    columns += [np.outer(A[:, k], np.eye(d)[j]).ravel() for j in range(d) for k in range(r)]
    assert np.linalg.matrix_rank(np.array(columns)) == r * (p + d - r)


def test_cross_validation_is_a_refit_of_every_fold() -> None:
    X, Y = planted(2, 60)
    parts = [np.arange(i, 60, 3) for i in range(3)]
    folds = [hw.Moments.from_arrays(X[rows], Y[rows]) for rows in parts]
    for approach in (hw.Plain(), hw.Hardwired(), hw.Regularized(0.5)):
        found = hw.select_rank(folds, REP, approach=approach, ridge=0.1)
        for r in (1, 4, 8):
            losses = []
            for rows in parts:
                rest = np.setdiff1d(np.arange(60), rows)
                moments = hw.Moments.from_arrays(X[rest], Y[rest])
                model = hw.solve(moments, REP, rank=r, approach=approach, ridge=0.1)
                losses.append(((model.predict(X[rows]) - Y[rows]) ** 2).sum(axis=1).mean())
            assert found.criterion[r] == pytest.approx(np.mean(losses), rel=1e-9)


def test_thresholds_of_the_paper() -> None:
    """Gavish and Donoho: λ(1) = 4/√3, ω(1) ≈ 2.858; tables of λ and ω for other β."""
    assert _threshold(1.0) == pytest.approx(4 / math.sqrt(3))
    for beta, omega in ((1.0, 2.8582), (0.5, 2.1711), (0.1, 1.6089)):
        assert _threshold(beta) / math.sqrt(_marchenko_pastur_median(beta)) == pytest.approx(omega, abs=2e-3)


def test_the_median_is_that_of_random_matrices() -> None:
    rng = np.random.default_rng(0)
    values = np.linalg.svd(rng.standard_normal((200, 500)), compute_uv=False) ** 2 / 500
    assert np.median(values) == pytest.approx(_marchenko_pastur_median(0.4), rel=0.02)


def test_the_noise_is_that_of_the_residuals() -> None:
    X, Y = planted(0, 300)
    found = hw.select_rank(3.0 * X, 5.0 * Y, REP, method="gavish_donoho")
    assert found.threshold == pytest.approx(5.0 * _threshold(8 / 9) * 3.0, rel=0.05)
    assert found.criterion[0] == math.inf


def test_the_modes_of_noise_are_those_of_independent_entries() -> None:
    """E‖√N·B C^{−1/2}‖² = p·d·σ², for inputs of any covariance."""
    sizes = []
    for seed in range(20):
        X, Y = planted(0, 100, seed=seed)
        found = hw.select_rank(X @ np.diag(np.arange(1.0, 37)), 5.0 * Y, REP, method="gavish_donoho")
        sizes.append((found.criterion[1:] ** 2).sum() / (8 * 9))
    assert np.mean(sizes) == pytest.approx(25.0, rel=0.12)


def test_one_hot_targets_count_one_less() -> None:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((300, 36))
    labels = rng.integers(0, 4, 300)
    found = hw.select_rank(X, np.eye(4)[labels], REP, method="bic")
    assert found.ranks[-1] == 3


def test_a_limit_is_what_it_tends_to() -> None:
    X, Y = planted(2)
    moments = hw.Moments.from_arrays(X, Y)
    for approach, same in ((hw.Regularized(math.inf), hw.Hardwired()), (hw.Regularized(0.0), hw.Plain())):
        one = hw.select_rank(moments, REP, approach=approach, method="bic").criterion
        two = hw.select_rank(moments, REP, approach=same, method="bic").criterion
        np.testing.assert_allclose(one, two, rtol=1e-9)


@pytest.mark.parametrize("method", ["aic", "bic", "gavish_donoho", "gavish_donoho_median"])
def test_weights_and_units(method: Any) -> None:
    X, Y = planted(2, 60)
    weights = np.random.default_rng(2).uniform(0.2, 3.0, 60)
    found = hw.select_rank(X, Y, REP, method=method, sample_weight=weights)
    same = hw.select_rank(hw.Moments.from_arrays(X, Y, weights), REP, method=method)
    np.testing.assert_array_equal(found.criterion, same.criterion)
    assert found.criterion[-1] != hw.select_rank(X, Y, REP, method=method).criterion[-1]
    for scale in (1e-6, 1e6):
        scaled = hw.select_rank(X / scale, Y * scale, REP, method=method, sample_weight=weights)
        assert scaled.rank == found.rank
        if found.threshold is not None:
            assert scaled.threshold == pytest.approx(found.threshold * scale, rel=1e-9)


def test_lists_will_do() -> None:
    X, Y = planted(1, 60)
    for method in ("cv", "bic"):
        found = hw.select_rank(X.tolist(), Y.tolist(), REP, method=method, rng=0)  # type: ignore[arg-type]
        expected = hw.select_rank(X, Y, REP, method=method, rng=0)  # type: ignore[arg-type]
        np.testing.assert_array_equal(found.criterion, expected.criterion)


def test_one_degree_of_freedom_is_enough_for_the_noise() -> None:
    X, Y = planted(0, 11)  # d = 9, and the intercept
    assert hw.select_rank(X, Y, REP, method="gavish_donoho").threshold > 0.0  # type: ignore[operator]
    with pytest.raises(hw.DataError, match="10 samples leave no degrees of freedom"):
        hw.select_rank(X[:10], Y[:10], REP, method="gavish_donoho")


def test_without_invariant_directions_nothing_is_kept() -> None:
    X, Y = planted(2, 60)
    signs = hw.Representation(36, (hw.Matrix(-np.eye(36)),))
    for method in ("gavish_donoho", "gavish_donoho_median"):
        found = hw.select_rank(X, Y, signs, method=method)  # type: ignore[arg-type]
        assert (found.rank, found.threshold, found.criterion.tolist()) == (0, 0.0, [math.inf])
        assert (found.method, found.ranks.tolist()) == (method, [0])


def test_refusals() -> None:
    X, Y = planted(1, 40)
    moments = hw.Moments.from_arrays(X, Y)
    with pytest.raises(hw.ParameterError, match="the method must be one of cv"):
        hw.select_rank(X, Y, REP, method="mdl")  # type: ignore[arg-type]
    with pytest.raises(hw.ParameterError, match="approach must be an Approach"):
        hw.select_rank(X, Y, REP, approach="plain")  # type: ignore[arg-type]
    with pytest.raises(hw.ParameterError, match="needs samples or the moments of folds"):
        hw.select_rank(moments, REP)
    with pytest.raises(hw.ParameterError, match="at least 2 folds, got 1"):
        hw.select_rank([moments], REP)
    with pytest.raises(hw.ParameterError, match="select_rank got moments, targets and a symmetry"):
        hw.select_rank(moments, Y, REP, method="bic")
    with pytest.raises(hw.ParameterError, match="select_rank got moments and a sample_weight") as error:
        hw.select_rank([moments, moments], REP, sample_weight=np.ones(40))
    assert "Moments.from_arrays(X, Y, sample_weight)" in error.value.remedy
    with pytest.raises(hw.ParameterError, match="rep must be a Representation, got 'reflection:8'"):
        hw.select_rank(X, Y, "reflection:8")  # type: ignore[arg-type]
    for options in ({"ridge": 0.1}, {"approach": hw.Regularized(0.3)}):
        with pytest.raises(hw.ParameterError, match="the method 'aic' is for least squares"):
            hw.select_rank(X, Y, REP, method="aic", **options)  # type: ignore[arg-type]
    with pytest.raises(hw.DataError, match="explains the targets exactly"):
        hw.select_rank(X[:20], Y[:20], REP, approach=hw.Plain(), method="bic")
    with pytest.raises(hw.DataError, match="leave no degrees of freedom") as error:
        hw.select_rank(X[:20], Y[:20], REP, approach=hw.Plain(), method="gavish_donoho")
    assert "median" in error.value.remedy
    with pytest.raises(hw.DataError, match="acts on 36 coordinates"):
        hw.select_rank(X[:, 1:], Y, REP)


def test_the_noise_from_the_median_of_the_modes() -> None:
    """λ(β)·√d·σ with σ of unit-variance noise, from half of the modes of data of rank 1 and up to them."""
    X, Y = planted(1, 3000)
    found = hw.select_rank(X, Y, REP, method="gavish_donoho_median")
    assert found.threshold == pytest.approx(_threshold(8 / 9) * 3.0, rel=0.15)
    np.testing.assert_array_equal(found.ranks, np.arange(9))
    assert found.criterion.shape == found.ranks.shape


def test_moments_and_no_targets() -> None:
    X, Y = planted(1, 300)
    moments = hw.Moments.from_arrays(X, Y)
    assert (
        hw.select_rank(moments, None, REP, method="bic").rank
        == hw.select_rank(moments, REP, method="bic").rank
    )
    assert hw.symmetry_test(moments, None, REP).pvalue == hw.symmetry_test(moments, REP).pvalue
