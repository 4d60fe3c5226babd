"""The evidence against the density of a multivariate normal distribution, with dense matrices."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import multivariate_normal

import haarwire as hw
import strategies
from haarwire.selection import evidence, select_by_evidence


def dense(
    X: np.ndarray, y: np.ndarray, R: np.ndarray, alpha: float, ridge: float, noise: float, intercept: bool
) -> float:
    """log N(y; 0, σ²(I + XΛ⁻¹Xᵀ/N)) of the contrasts, Λ = ridge·I + αR."""
    N = len(X)
    contrasts = np.eye(N)
    if intercept:
        contrasts = np.linalg.svd(np.ones((N, 1)))[0][:, 1:].T
    A = contrasts @ X
    prior = np.linalg.inv(ridge * np.eye(X.shape[1]) + alpha * R)
    covariance = noise * (np.eye(len(A)) + A @ prior @ A.T / N)
    return float(multivariate_normal.logpdf(contrasts @ y, cov=covariance))


@given(
    rng=strategies.seeds(),
    rep=strategies.finite_representations() | strategies.non_compact_groups(),
    ridge=st.sampled_from([0.01, 1.0]),
    intercept=st.booleans(),
)
def test_it_is_the_density_of_a_normal_distribution(
    rng: np.random.Generator, rep: hw.Representation, ridge: float, intercept: bool
) -> None:
    data = strategies.generic_data(rep.dim, 2, rng, n_samples=rep.dim + 6)
    noise = np.array([0.3, 2.0])
    alphas = np.array([0.0, 0.2, 30.0])
    found = hw.log_evidence(data.moments, rep, alphas, ridge, noise_variance=noise, fit_intercept=intercept)
    R = hw.penalty_matrix(rep)
    for alpha, value in zip(alphas, found, strict=True):
        expected = sum(dense(data.X, data.Y[:, j], R, alpha, ridge, noise[j], intercept) for j in range(2))
        assert value == pytest.approx(expected, rel=1e-8, abs=1e-7)


@given(rng=strategies.seeds(), rep=strategies.finite_representations())
def test_infinity_is_the_model_of_the_invariant_coordinates(
    rng: np.random.Generator, rep: hw.Representation
) -> None:
    data = strategies.generic_data(rep.dim, 1, rng, n_samples=rep.dim + 6)
    near, end = hw.log_evidence(data.moments, rep, [1e9, math.inf], 0.1, noise_variance=0.5)
    assert near == pytest.approx(end, abs=1e-3)
    Z = hw.invariant_subspace(rep).coordinates(data.X)
    if Z.shape[1] == 0:
        Z = np.zeros((len(Z), 1))
    expected = dense(Z, data.Y[:, 0], np.zeros((Z.shape[1],) * 2), 0.0, 0.1, 0.5, True)
    assert end == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("noise", ["common", "per_target"])
def test_the_variance_left_open_is_that_of_largest_evidence(noise: Any) -> None:
    rep = hw.groups.cyclic_shifts(4)
    data = strategies.generic_data(4, 2, np.random.default_rng(0), n_samples=20)
    best = select_by_evidence(data.moments, rep, ridge=0.1, noise_variance=noise)
    found = float(hw.log_evidence(data.moments, rep, best.alpha, 0.1, noise_variance=noise))
    assert found == pytest.approx(best.log_evidence, rel=1e-12)
    again = hw.log_evidence(data.moments, rep, best.alpha, 0.1, noise_variance=best.noise_variance)
    assert found == pytest.approx(float(again))
    for factor in (0.99, 1.01):
        other = hw.log_evidence(
            data.moments, rep, best.alpha, 0.1, noise_variance=best.noise_variance * factor
        )
        assert float(other) < found
    assert (best.noise_variance[0] == best.noise_variance[1]) == (noise == "common")


def test_wide_and_idle_data() -> None:
    """Fewer samples than features, a constant feature, a constant target."""
    rep = hw.groups.image_rotations(4)
    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal((9, 16)), rng.standard_normal((9, 2))
    X[:, 3], Y[:, 1] = 2.0, 0.1
    moments = hw.Moments.from_arrays(X, Y)
    R = hw.penalty_matrix(rep)
    for alpha in (0.0, 0.7):
        found = float(hw.log_evidence(moments, rep, alpha, 0.2, noise_variance=0.4))
        expected = sum(dense(X, Y[:, j], R, alpha, 0.2, 0.4, True) for j in range(2))
        assert found == pytest.approx(expected, rel=1e-9)
    alone = hw.log_evidence(hw.Moments.from_arrays(X, Y[:, 0]), rep, 0.7, 0.2, noise_variance="per_target")
    assert float(hw.log_evidence(moments, rep, 0.7, 0.2, noise_variance="per_target")) == pytest.approx(
        float(alone)
    )


def test_weights_are_precisions() -> None:
    rep = hw.groups.cyclic_shifts(3)
    data = strategies.generic_data(3, 1, np.random.default_rng(0), n_samples=12)
    weights = np.random.default_rng(1).uniform(0.5, 2.0, 12)
    moments = hw.Moments.from_arrays(data.X, data.Y, weights)
    found = float(hw.log_evidence(moments, rep, 0.3, 0.1, noise_variance=0.5, fit_intercept=False))
    root = np.sqrt(weights[:, None])
    prior = np.linalg.inv(0.1 * np.eye(3) + 0.3 * hw.penalty_matrix(rep)) / weights.sum()
    A = root * data.X
    expected = multivariate_normal.logpdf((root * data.Y)[:, 0], cov=0.5 * (np.eye(12) + A @ prior @ A.T))
    assert found == pytest.approx(float(expected), rel=1e-10)


# Choice by evidence.


@pytest.mark.parametrize("violation", [0.0, 0.5, 5.0])
def test_the_choice_is_the_best_of_a_fine_grid(violation: float) -> None:
    rep = hw.groups.image_rotations(4)
    data = hw.datasets.planted(rep, 60, n_targets=2, violation=violation, rng=3)
    moments = hw.Moments.from_arrays(data.X, data.Y)
    found = select_by_evidence(moments, rep)
    alphas = np.concatenate([[0.0], np.logspace(-4, 4, 60), [math.inf]])
    best = max(float(hw.log_evidence(moments, rep, alphas, ridge).max()) for ridge in np.logspace(-6, 1, 40))
    assert found.log_evidence >= best - 1e-4
    assert found.log_evidence >= found.hardwired_log_evidence
    assert found.log_evidence >= found.values.max() - 1e-12
    if violation == 0.0:  # α is not found to be ∞ always: the evidence hardly depends on it there
        assert found.log_evidence - found.hardwired_log_evidence < 2.0
    else:
        assert found.alpha < math.inf
    given_ridge = select_by_evidence(moments, rep, ridge=found.ridge)
    assert given_ridge.log_evidence == pytest.approx(found.log_evidence, abs=1e-4)


def test_each_ridge_is_factored_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """But for the two chosen, whose models are made again."""
    ridges: list[float] = []
    plain = evidence.factor_path

    def counted(*arguments: Any, **options: Any) -> Any:
        ridges.append(options["ridge"])
        return plain(*arguments, **options)

    monkeypatch.setattr(evidence, "factor_path", counted)
    data = strategies.generic_data(6, 2, np.random.default_rng(0))
    select_by_evidence(data.moments, hw.groups.cyclic_shifts(6))
    assert len(ridges) - len(set(ridges)) <= 2


@pytest.mark.parametrize("penalty", ["generators", "projection"])
@pytest.mark.parametrize("violation", [1.0, 5.0, 30.0])
def test_weak_penalties_are_tried(penalty: Any, violation: float) -> None:
    """The prior changes where α is near ridge/ρ, far below the spectrum: there the best α lies here."""
    rep = hw.groups.cyclic_shifts(6)
    data = hw.datasets.planted(rep, 80, n_targets=2, noise=0.5, violation=violation, rng=0)
    moments = hw.Moments.from_arrays(data.X, data.Y)
    found = select_by_evidence(moments, rep, penalty=penalty, fit_intercept=False)
    alphas = np.concatenate([[0.0], np.logspace(-9, 4, 120), [math.inf]])
    best = max(
        float(hw.log_evidence(moments, rep, alphas, ridge, penalty=penalty, fit_intercept=False).max())
        for ridge in np.logspace(-7, 1, 60)
    )
    assert found.log_evidence >= best - 1e-3


def test_the_alpha_chosen_falls_as_the_violation_grows() -> None:
    rep = hw.groups.cyclic_shifts(8)
    chosen = []
    for violation in (0.3, 1.0, 4.0):
        data = hw.datasets.planted(rep, 400, violation=violation, rng=0)
        chosen.append(select_by_evidence(hw.Moments.from_arrays(data.X, data.Y), rep).alpha)
    assert chosen[0] > chosen[1] > chosen[2]


def test_the_trivial_group_has_one_evidence_for_all_alphas() -> None:
    data = strategies.generic_data(4, 1, np.random.default_rng(0))
    values = hw.log_evidence(data.moments, hw.groups.trivial(4), [0.0, 1.0, math.inf], 0.1)
    np.testing.assert_allclose(values, values[0], rtol=1e-12)


def test_constant_targets_will_do_without_intercept() -> None:
    X = np.random.default_rng(0).standard_normal((20, 4)) + 1.0
    moments = hw.Moments.from_arrays(X, np.full(20, 2.0))
    rep = hw.groups.cyclic_shifts(4)
    found = hw.log_evidence(moments, rep, [0.0, 1.0], 0.1, fit_intercept=False)
    assert np.isfinite(found).all()
    with pytest.raises(hw.DataError, match="constant"):
        hw.log_evidence(moments, rep, [0.0, 1.0], 0.1)


# Refusals.


def test_refusals() -> None:
    rep = hw.groups.cyclic_shifts(4)
    data = strategies.generic_data(4, 2, np.random.default_rng(0))
    with pytest.raises(hw.ParameterError, match="needs a ridge > 0") as error:
        hw.log_evidence(data.moments, rep, 1.0, 0.0)
    assert "select_by_evidence" in error.value.remedy
    with pytest.raises(hw.ParameterError, match="needs a ridge > 0"):
        select_by_evidence(data.moments, rep, ridge=0.0)
    twice = hw.Moments.from_arrays(data.X[:, [0, 0, 2, 3]], data.Y)
    with pytest.raises(hw.ParameterError, match="drowns in rounding errors"):
        hw.log_evidence(twice, hw.groups.reflection(4), 0.0, 1e-30)
    for noise in ("commmon", 0.0, [1.0, 2.0, 3.0], math.nan):
        with pytest.raises(hw.ParameterError, match="noise_variance must be"):
            hw.log_evidence(data.moments, rep, 1.0, 0.1, noise_variance=noise)  # type: ignore[arg-type]
    with pytest.raises(hw.ParameterError, match="alphas must be"):
        hw.log_evidence(data.moments, rep, -1.0, 0.1)
    exact = hw.Moments.from_arrays(data.X, data.X.sum(axis=1))
    with pytest.raises(hw.DataError, match="there is no noise to estimate"):
        hw.log_evidence(exact, rep, 1.0, 1e-18)
    with pytest.raises(hw.DataError, match="acts on 5 coordinates"):
        select_by_evidence(data.moments, hw.groups.cyclic_shifts(5))
    samples = hw.Samples.from_arrays(data.X, data.Y)
    with pytest.raises(hw.ParameterError, match="moments must be a Moments, got a Samples") as error:
        select_by_evidence(samples, rep)  # type: ignore[arg-type]
    assert "samples.moments()" in error.value.remedy


@pytest.mark.parametrize("scale", [1e-140, 1e140])
def test_huge_and_tiny_values(scale: float) -> None:
    """Data times s: α and ridge times s², the density less by (N − 1) m log s."""
    rep = hw.groups.cyclic_shifts(4)
    data = strategies.generic_data(4, 2, np.random.default_rng(0), n_samples=20)
    near = hw.log_evidence(data.moments, rep, [0.0, 0.5, math.inf], 0.1)
    scaled = hw.Moments.from_arrays(data.X * scale, data.Y * scale)
    far = hw.log_evidence(scaled, rep, [0.0, 0.5 * scale**2, math.inf], 0.1 * scale**2)
    np.testing.assert_allclose(far, near - 19 * 2 * math.log(scale), rtol=1e-10)
    found, other = select_by_evidence(scaled, rep), select_by_evidence(data.moments, rep)
    assert found.ridge == pytest.approx(other.ridge * scale**2, rel=0.05)


@pytest.mark.parametrize("unit", [1.0, 1e-6])
def test_the_choice_is_refined_between_the_strengths_of_the_grid(unit: float) -> None:
    """Where the evidence is negative, and where tiny targets make it positive."""
    rep = hw.groups.image_rotations(4)
    data = hw.datasets.planted(rep, 60, n_targets=2, violation=0.5, rng=3)
    found = select_by_evidence(hw.Moments.from_arrays(data.X, unit * data.Y), rep)
    assert (found.log_evidence > 0.0) == (unit < 1.0)
    assert found.log_evidence > found.values.max()
    assert found.alpha not in found.alphas
