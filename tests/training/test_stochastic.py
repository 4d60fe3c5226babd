"""Sampled augmentation: unbiased, of the predicted variance, and where it ends."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

import haarwire as hw
from haarwire.landscape import critical_points

torch = pytest.importorskip("torch", reason="training needs PyTorch")

from haarwire.training import (  # noqa: E402
    DeepLinearNetwork,
    augmentation_noise,
    noise,
    train,
    train_sampled,
)

REP = hw.groups.image_rotations(3)
DATA = hw.datasets.planted(REP, 60, n_targets=2, noise=0.3, violation=0.5, rng=1)
X, Y = DATA.X + 1.0, DATA.Y - 2.0
MOMENTS = hw.Moments.from_arrays(X, Y)
WIDTHS = (9, 2, 2)


def step(seed: int, batch_size: int, copies: int) -> np.ndarray:
    """The gradient of one sampled step, for one layer starting at a fixed W."""
    rate = 1e-3
    network = DeepLinearNetwork((9, 2), runs=400)
    start = network.arrays()[0][:1].repeat(400, axis=0)
    history = train_sampled(
        X, Y, DeepLinearNetwork.from_arrays([start]), REP, batch_size=batch_size,
        elements_per_sample=copies, learning_rate=rate, steps=1, seed=seed,
    )  # fmt: skip
    return (start - history.weights[0]) / rate


@pytest.mark.parametrize(("batch_size", "copies"), [(1, 1), (1, 3)])
def test_sampled_gradients_have_the_mean_and_variance_that_are_predicted(
    batch_size: int, copies: int
) -> None:
    W = DeepLinearNetwork((9, 2)).arrays()[0][0]
    noise = augmentation_noise(X, Y, REP, W)
    gradients = np.concatenate([step(seed, batch_size, copies) for seed in range(10)])
    variance = noise.variance(batch_size, copies)
    error = np.linalg.norm(gradients.mean(axis=0) - noise.gradient) ** 2
    assert error < 3.0 * variance / len(gradients)
    squares = ((gradients - noise.gradient) ** 2).sum(axis=(1, 2))
    assert squares.mean() == pytest.approx(variance, abs=5.0 * squares.std() / np.sqrt(len(squares)))


def test_noise_is_exact_where_the_group_is_listed() -> None:
    W = np.random.default_rng(3).standard_normal((2, 9))
    noise = augmentation_noise(X, Y, REP, W)
    # By brute force: every gradient of every sample under every element.
    shift, centre = REP_MEAN, Y.mean(axis=0)
    each = np.array(
        [
            [2.0 * np.outer(W @ z - t, z) for z, t in zip(g.apply(X) - shift, Y - centre, strict=True)]
            for g in REP.elements()
        ]
    )
    assert noise.is_exact
    assert noise.bias < 1e-12
    assert np.allclose(noise.gradient, each.mean(axis=(0, 1)))
    assert noise.sample_variance == pytest.approx(each.mean(axis=0).var(axis=0).sum())
    assert noise.element_variance == pytest.approx(each.var(axis=0).mean(axis=0).sum())


REP_MEAN = X.mean(axis=0) @ hw.reynolds_operator(REP).T


def test_noise_of_a_large_group_is_estimated() -> None:
    rep = hw.groups.permutations(9)
    W = np.random.default_rng(3).standard_normal((2, 9))
    noise = augmentation_noise(X, Y, rep, W, rng=1)
    more = augmentation_noise(np.tile(X, (8, 1)), np.tile(Y, (8, 1)), rep, W, rng=2)
    assert not noise.is_exact
    assert more.bias < 0.2
    assert noise.element_variance == pytest.approx(more.element_variance, rel=0.15)
    assert noise.sample_variance == pytest.approx(more.sample_variance, rel=0.5)


def test_invariant_coefficients_see_no_noise_from_the_elements_but_in_their_gradient() -> None:
    # With W invariant the residual is the same for all elements; only z in 2 r zᵀ moves.
    best = hw.solve(MOMENTS, REP, approach=hw.Augmented())
    noise = augmentation_noise(X, Y, REP, best.coef)
    assert np.linalg.norm(noise.gradient) < 1e-12
    assert noise.element_variance > 0


def at_optimum(runs: int) -> DeepLinearNetwork:
    points = critical_points(MOMENTS, REP, rank=2, approach=hw.Augmented())
    return DeepLinearNetwork.at(points.global_optimum, WIDTHS, runs=runs)


def test_sampled_training_settles_above_the_optimum_by_the_rate() -> None:
    network, floors, gaps = at_optimum(8), [], []
    exact = train(MOMENTS, network, approach=hw.Augmented(), rep=REP, tol=0.0, steps=100)
    assert exact.invariance_gap.max() < 1e-12
    for rate in (0.02, 0.005):
        sampled = train_sampled(X, Y, network, REP, batch_size=10, learning_rate=rate, steps=600, record=20)
        assert np.allclose(sampled.optimal_loss, exact.optimal_loss)
        late = sampled.steps > 200
        floors.append(sampled.excess_loss[late].mean())
        gaps.append(sampled.invariance_gap[late].mean())
    assert 1e-3 < gaps[1] < gaps[0]
    # The floor is proportional to the rate, and the gap to its root.
    assert floors[0] / floors[1] == pytest.approx(4.0, rel=0.3)
    assert gaps[0] / gaps[1] == pytest.approx(2.0, rel=0.3)


def test_more_elements_a_sample_lower_the_floor() -> None:
    network = at_optimum(8)
    few, many = (
        train_sampled(
            X, Y, network, REP, batch_size=5, elements_per_sample=n, learning_rate=0.02, steps=400, record=20
        )
        for n in (1, 8)
    )
    late = few.steps > 200
    assert many.excess_loss[late].mean() < few.excess_loss[late].mean()


def test_runs_are_reproducible_alone_or_together() -> None:
    options = {"batch_size": 7, "learning_rate": 0.01, "steps": 30, "seed": 5}
    batch = train_sampled(X, Y, DeepLinearNetwork(WIDTHS, runs=3), REP, test=MOMENTS, **options)
    again = train_sampled(X, Y, DeepLinearNetwork(WIDTHS, runs=3), REP, test=MOMENTS, **options)
    alone = train_sampled(X, Y, DeepLinearNetwork(WIDTHS), REP, **options)
    assert np.array_equal(batch.coef, again.coef)
    assert np.allclose(batch.coef[0], alone.coef[0], atol=1e-12)
    assert batch.test_loss is not None
    loss = MOMENTS.loss(batch.coef[1], batch.intercept[1])
    assert batch.test_loss[-1, 1] == pytest.approx(loss)
    assert not np.allclose(batch.coef[0], batch.coef[1])


def test_divergence_is_marked_or_raised() -> None:
    network = DeepLinearNetwork(WIDTHS, runs=2, init="orthogonal")
    history = train_sampled(X, Y, network, REP, batch_size=5, learning_rate=[0.01, 90.0], steps=200)
    assert history.diverged.tolist() == [False, True]
    assert np.isinf(history.loss[-1, 1])
    assert np.isfinite(history.loss[:, 0]).all()
    assert np.isnan(history.coef[1]).all()
    with pytest.raises(hw.ConvergenceError, match="every run diverged"):
        train_sampled(X, Y, network, REP, batch_size=5, learning_rate=90.0, steps=200)


def test_noise_is_measured_in_the_memory_that_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    # Of two features only: most of what is held are pairs of the 32 elements drawn.
    rep = hw.groups.so2((1,))
    rng = np.random.default_rng(0)
    inputs, targets = rng.standard_normal((4000, 2)), rng.standard_normal((4000, 1))
    monkeypatch.setattr(noise, "_BLOCK", 2**17)
    augmentation_noise(inputs[:9], targets[:9], rep, np.ones((1, 2)))  # load what is loaded once
    tracemalloc.start()
    augmentation_noise(inputs, targets, rep, np.ones((1, 2)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 * 8 * 2**17


def test_bad_arguments_are_refused() -> None:
    network = DeepLinearNetwork(WIDTHS)
    with pytest.raises(hw.ParameterError, match="batch_size must be an integer from 1 to 60"):
        train_sampled(X, Y, network, REP, batch_size=61)
    with pytest.raises(hw.ParameterError, match="elements_per_sample must be"):
        train_sampled(X, Y, network, REP, batch_size=5, elements_per_sample=0)
    with pytest.raises(hw.ParameterError, match="seed must be"):
        train_sampled(X, Y, network, REP, batch_size=5, seed=-1)
    with pytest.raises(hw.DataError, match="cannot be trained on"):
        train_sampled(X, Y[:-1], network, REP, batch_size=5)
    with pytest.raises(hw.DataError, match="8 features"):
        train_sampled(X[:, :8], Y, network, REP, batch_size=5)
    broken = X.copy()
    broken[0, 0] = np.nan
    with pytest.raises(hw.DataError, match="missing or infinite"):
        train_sampled(broken, Y, network, REP, batch_size=5)
    with pytest.raises(hw.DataError, match=r"need \(2, 9\)"):
        augmentation_noise(X, Y, REP, np.ones((9, 2)))
    shear = hw.Representation(9, (hw.Matrix(np.eye(9) + np.eye(9, k=1)),))
    with pytest.raises(hw.NotCompactError, match="not compact"):
        augmentation_noise(X, Y, shear, np.ones((2, 9)))
