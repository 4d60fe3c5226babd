"""Choosing alpha by leave-one-out, against real refits."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import haarwire as hw
import strategies
from haarwire.selection import select_leave_one_out


def _refits(X: np.ndarray, Y: np.ndarray, R: np.ndarray, alpha: float, ridge: float) -> float:
    """Leave every sample out in turn, with the summed penalty N·α tr(WRWᵀ) + N·ridge‖W‖²."""
    n_samples, n = X.shape
    total = 0.0
    for i in range(n_samples):
        kept = np.arange(n_samples) != i
        x_mean, y_mean = X[kept].mean(axis=0), Y[kept].mean(axis=0)
        A, B = X[kept] - x_mean, Y[kept] - y_mean
        W = np.linalg.solve(A.T @ A + n_samples * (alpha * R + ridge * np.eye(n)), A.T @ B).T
        total += float(((W @ (X[i] - x_mean) + y_mean - Y[i]) ** 2).sum())
    return total / n_samples


@given(
    rng=strategies.seeds(),
    rep=strategies.permutation_groups() | strategies.non_compact_groups(),
    ridge=st.sampled_from([0.0, 0.2]),
)
def test_leave_one_out_equals_refits(rng: np.random.Generator, rep: hw.Representation, ridge: float) -> None:
    data = strategies.generic_data(rep.dim, 2, rng, n_samples=4 * rep.dim + 5)
    path = hw.regularization_path(hw.Moments.from_arrays(data.X, data.Y), rep, ridge=ridge)
    alphas = [0.0, 0.1, 3.0]
    chosen = select_leave_one_out(path, data.X, data.Y, alphas=alphas)
    expected = [_refits(data.X, data.Y, hw.penalty_matrix(rep), alpha, ridge) for alpha in alphas]
    np.testing.assert_allclose(chosen.losses, expected, rtol=1e-8)
    assert chosen.alpha == alphas[int(np.argmin(expected))]


def test_leave_one_out_at_infinity_is_hardwired() -> None:
    rng = np.random.default_rng(0)
    rep = hw.groups.cyclic_shifts(5)
    data = strategies.generic_data(5, 2, rng, n_samples=30)
    path = hw.regularization_path(hw.Moments.from_arrays(data.X, data.Y), rep)
    (loss,) = select_leave_one_out(path, data.X, data.Y, alphas=[math.inf]).losses
    invariant = hw.invariant_subspace(rep).coordinates(data.X)
    expected = _refits(invariant, data.Y, np.zeros((1, 1)), 0.0, 0.0)
    assert loss == pytest.approx(expected, rel=1e-10)


def test_interpolating_fit_has_no_leave_one_out() -> None:
    """With N ≤ n the plain fit interpolates: every leverage is 1, and its loss on new data unknown."""
    rng = np.random.default_rng(0)
    data = strategies.generic_data(8, 1, rng, n_samples=6)
    rep = hw.groups.cyclic_shifts(8)
    path = hw.regularization_path(hw.Moments.from_arrays(data.X, data.Y), rep)
    chosen = select_leave_one_out(path, data.X, data.Y, alphas=[0.0, 1.0])
    assert chosen.losses[0] == math.inf
    assert chosen.alpha == 1.0


def test_default_alphas_include_both_ends() -> None:
    rng = np.random.default_rng(1)
    rep = hw.groups.cyclic_shifts(6)
    data = hw.datasets.planted(rep, 60, n_targets=2, rng=rng)
    path = hw.regularization_path(hw.Moments.from_arrays(data.X, data.Y), rep)
    chosen = select_leave_one_out(path, data.X, data.Y)
    assert chosen.alphas[0] == 0.0
    assert chosen.alphas[-1] == math.inf
    assert (np.diff(chosen.alphas) > 0).all()
    assert chosen.alpha > 1.0  # the symmetry is in these data


def test_refusals() -> None:
    rng = np.random.default_rng(3)
    shear = hw.Representation(3, (hw.Matrix([[1.0, 1, 0], [0, 1, 0], [0, 0, 1]]),))
    data = strategies.generic_data(3, 3, rng)
    moments = hw.Moments.from_arrays(data.X, data.Y)
    path = hw.regularization_path(moments, shear, rank=1)
    with pytest.raises(hw.ParameterError, match="no closed form at rank 1 of 3") as error:
        select_leave_one_out(path, data.X, data.Y)
    assert "rank=None" in error.value.remedy
    unbounded = hw.regularization_path(moments, shear)
    with pytest.raises(hw.DataError, match="not computed from these samples") as error:
        select_leave_one_out(unbounded, data.X + 1.0, data.Y)
    assert "same X and Y" in error.value.remedy
    for unit in (1e-6, 1.0, 1e6):
        X, Y = data.X * unit, data.Y * unit
        path_of_units = hw.regularization_path(hw.Moments.from_arrays(X, Y), shear)
        assert np.isfinite(select_leave_one_out(path_of_units, X, Y, alphas=[1.0]).losses).all()
        for other_X, other_Y in ((X + 1e-3 * unit, Y), (X, Y + 1e-3 * unit)):
            with pytest.raises(hw.DataError, match="not computed from these samples"):
                select_leave_one_out(path_of_units, other_X, other_Y)
