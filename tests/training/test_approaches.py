"""`train_approach`: networks that see whitened or raw inputs end in the closed form of their approach."""

from __future__ import annotations

import numpy as np
import pytest

import haarwire as hw

torch = pytest.importorskip("torch", reason="training needs PyTorch")

from haarwire.training import train_approach  # noqa: E402

REP = hw.groups.image_rotations(3)
DATA = hw.datasets.planted(REP, 90, n_targets=3, noise=0.3, violation=0.5, rng=1)
MOMENTS = hw.Moments.from_arrays(DATA.X + 1.0, DATA.Y)
APPROACHES = [hw.Plain(), hw.Hardwired(), hw.Augmented(), hw.Regularized(0.5)]


@pytest.mark.parametrize("approach", APPROACHES, ids=lambda approach: approach.label)
@pytest.mark.parametrize(("widths", "rank"), [((2,), 2), ((3, 2), 2), ((), 3), ((7,), 3)])
def test_whitened_inputs_lead_to_the_closed_form(
    approach: hw.solve.Approach, widths: tuple[int, ...], rank: int
) -> None:
    trained = train_approach(MOMENTS, REP, approach, widths, ridge=0.01, runs=2, tol=1e-12)
    best, history = trained.best, trained.history
    assert best.rank <= rank
    assert history is not None
    assert history.converged.all()
    np.testing.assert_allclose(history.coef, np.broadcast_to(best.coef, (2, 3, 9)), atol=1e-4)
    np.testing.assert_allclose(history.intercept, np.broadcast_to(best.intercept, (2, 3)), atol=1e-4)
    np.testing.assert_allclose(history.loss[-1], best.loss, rtol=1e-9)
    np.testing.assert_allclose(history.optimal_loss, best.loss, rtol=1e-9)
    subspace = hw.invariant_subspace(REP)
    gaps = np.linalg.norm(history.coef - subspace.project(history.coef), axis=(1, 2))
    assert history.invariance_gap is not None
    np.testing.assert_allclose(history.invariance_gap[-1], gaps, atol=1e-7)
    sizes = np.linalg.norm(history.coef, axis=(1, 2))
    np.testing.assert_allclose(trained.relative_invariance_gaps * sizes, gaps, atol=1e-7)


def test_raw_inputs_lead_there_too() -> None:
    trained = train_approach(MOMENTS, REP, hw.Augmented(), (2,), whiten=False, optimizer="momentum")
    assert trained.history is not None
    np.testing.assert_allclose(trained.history.coef[0], trained.best.coef, atol=1e-3)


def test_a_triangular_factor_is_used_as_in_the_closed_form() -> None:
    # Two pairs of features that differ by 1e-9 in what the targets are made of: no gram can tell.
    rng = np.random.default_rng(0)
    base, small = rng.standard_normal((200, 4)), 1e-9 * rng.standard_normal((200, 2))
    X = np.concatenate([base, base[:, :2] + small], axis=1)
    Y = np.concatenate([base[:, 2:3], 1e9 * small[:, :1] + base[:, 3:]], axis=1)
    moments = hw.Moments.from_arrays(X, Y, accuracy="qr")
    trained = train_approach(moments, hw.groups.trivial(6), hw.Plain(), (2,), tol=1e-9)
    assert trained.history is not None
    total = float(np.trace(moments.total))
    assert trained.best.loss < 1e-6 * total
    assert trained.history.loss[-1, 0] == pytest.approx(trained.best.loss, abs=2e-9 * total)


def test_a_group_without_invariants_leaves_nothing_to_train() -> None:
    turn = hw.Representation(2, (hw.Matrix(-np.eye(2)),))
    moments = hw.Moments.from_arrays(np.random.default_rng(0).standard_normal((20, 2)), np.arange(20.0))
    trained = train_approach(moments, turn, hw.Hardwired(), (1,), runs=3)
    assert trained.history is None
    assert trained.relative_invariance_gaps.tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("widths", [3, None, ["a"], [0], [2.5], [True]])
def test_widths_that_are_none(widths) -> None:
    with pytest.raises(hw.ParameterError, match="widths must be at least two integers ≥ 1"):
        train_approach(MOMENTS, REP, hw.Hardwired(), widths)


@pytest.mark.parametrize(("runs", "seed"), [(0, 0), ("a", 0), (1, -1)])
def test_runs_and_seeds_that_are_none(runs, seed) -> None:
    with pytest.raises(hw.ParameterError, match="must be an integer"):
        train_approach(MOMENTS, REP, hw.Hardwired(), [2], runs=runs, seed=seed)


def test_samples_in_place_of_moments() -> None:
    with pytest.raises(hw.ParameterError, match="moments must be a Moments, got a ndarray"):
        train_approach(DATA.X, REP, hw.Hardwired(), [2])
