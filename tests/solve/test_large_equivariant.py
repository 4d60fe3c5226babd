"""The iterative routes of large equivariant problems, against the written-out normal equations."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

import haarwire as hw
from haarwire.solve.equivariant import EquivariantTask, solve_equivariant
from strategies import generic_data, random_basis, random_orthogonal

PENALIZED = importlib.import_module("haarwire.solve.penalized")
ITERATIONS = importlib.import_module("haarwire.solve.normal_equations")
INTERTWINING = importlib.import_module("haarwire.solve.intertwining")
TURNS = hw.groups.image_rotations(4)


def turned(S: np.ndarray) -> hw.Representation:
    inverse = np.linalg.inv(S)
    return hw.Representation(16, [hw.Matrix(S @ g.to_dense() @ inverse) for g in TURNS.generators])


SOURCES = {
    "permutations": TURNS,
    "matrices": turned(random_orthogonal(16, np.random.default_rng(1))),
    "skewed": turned(random_basis(16, np.random.default_rng(2), 4.0)),
}


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
@pytest.mark.parametrize("alpha", [0.01, 1.0, 1e7])
@pytest.mark.parametrize("penalty", ["generators", "projection"])
def test_regularized(
    source: hw.Representation, alpha: float, penalty: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    moments = generic_data(16, 16, np.random.default_rng(0)).moments
    approach = hw.Regularized(alpha, penalty)
    direct = hw.solve(moments, source, approach=approach, target=TURNS)
    monkeypatch.setattr(PENALIZED, "_DIRECT", 0)
    iterated = hw.solve(moments, source, approach=approach, target=TURNS)
    np.testing.assert_allclose(iterated.coef, direct.coef, atol=1e-8)
    assert iterated.loss == pytest.approx(direct.loss, rel=1e-10)
    assert iterated.rank == direct.rank


def test_hardwired_over_maps(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = generic_data(16, 16, np.random.default_rng(0)).moments
    skewed = SOURCES["skewed"]
    direct = hw.solve(moments, TURNS, approach=hw.Hardwired(), target=skewed)
    monkeypatch.setattr(INTERTWINING, "_DIRECT_DIM", 0)
    iterated = hw.solve(moments, TURNS, approach=hw.Hardwired(), target=skewed)
    np.testing.assert_allclose(iterated.coef, direct.coef, atol=1e-8)
    hw.assert_equivariant(iterated, TURNS, skewed)
    with pytest.raises(hw.ParameterError, match=r"a local search for rank ≤ 2 .* is too large"):
        hw.solve(moments, TURNS, rank=2, approach=hw.Hardwired(), target=skewed)


def test_iterations_that_miss_their_tolerance_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = generic_data(16, 16, np.random.default_rng(0)).moments
    monkeypatch.setattr(PENALIZED, "_DIRECT", 0)
    monkeypatch.setattr(PENALIZED, "_STEPS", 1)
    with pytest.raises(hw.ConvergenceError, match=r"in 256 unknowns are solved to .* only"):
        hw.solve(moments, TURNS, approach=hw.Regularized(1.0), target=TURNS)
    monkeypatch.setattr(INTERTWINING, "_DIRECT_DIM", 0)
    monkeypatch.setattr(ITERATIONS, "_RESIDUAL", 0.0)
    with pytest.raises(hw.ConvergenceError, match=r"unknowns are solved to .* only"):
        hw.solve(moments, TURNS, approach=hw.Hardwired(), target=SOURCES["skewed"])


def test_dead_pixels() -> None:
    """A singular covariance, with a penalty: the loss is that of the pseudo-inverse."""
    rng = np.random.default_rng(0)
    data = generic_data(16, 16, rng)
    X = data.X.copy()
    X[:, [0, 3, 12, 15]] = 0.0  # the corners, an orbit
    moments = hw.Moments.from_arrays(X, data.Y)
    best = hw.solve(moments, TURNS, approach=hw.Regularized(0.5), target=TURNS)
    assert best.is_minimum_norm
    task = EquivariantTask(moments, TURNS, TURNS, 16, 1e-9)
    ridged = solve_equivariant(task, hw.Regularized(0.5), np.random.default_rng(0))
    np.testing.assert_allclose(best.coef, ridged.coef, atol=1e-6)
    hard = hw.solve(moments, TURNS, rank=7, approach=hw.Hardwired(), target=TURNS)
    assert hard.is_minimum_norm
    np.testing.assert_allclose(hard.coef[:, [0, 3, 12, 15]], 0.0, atol=1e-12)


def test_features_in_very_different_units() -> None:
    """Gains that differ by ten decades keep their relative accuracy."""
    flip = hw.Representation(4, (hw.Matrix(np.diag([1.0, 1.0, -1.0, -1.0])),))
    rng = np.random.default_rng(0)
    X = rng.standard_normal((50, 4))
    sizes = np.array([1.0, 1e-5, 1e-2, 1e-4])
    best = hw.solve(
        hw.Moments.from_arrays(X, X * sizes), flip, approach=hw.Hardwired(), target=flip, fit_intercept=False
    )
    np.testing.assert_allclose(np.diag(best.coef), sizes, rtol=1e-9)
    assert best.rank == 4
