"""Multimodal networks: the simulation against plain networks, and the unimodal phase against its formula."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import haarwire as hw
from haarwire._linalg import default_tolerance
from haarwire.errors import DataError, ParameterError
from haarwire.solve import Quadratic
from haarwire.solve.approaches import Setting
from haarwire.training import gradient_flow, mode_trajectory
from haarwire.training.fusion import (
    FusionLayers,
    _gradient,
    fusion_flow,
    fusion_layers,
    measured_phase,
    unimodal_phase,
)

SCALES = {2: 1e-6, 3: 2e-2, 4: 7e-2}


def quadratic(C, B, total=100.0):
    C, B = np.asarray(C, dtype=float), np.asarray(B, dtype=float)
    m, k = B.shape
    setting = Setting(total, np.zeros(k), np.zeros(m), None, np.dtype(float))
    return Quadratic(C, B, setting, default_tolerance(k), np.diag(C).copy())


def two_inputs(ratio, correlation, teacher=(1.0, 1.0)):
    """y = x_A + x_B, standard deviations `ratio` and 1."""
    C = np.array([[ratio**2, correlation * ratio], [correlation * ratio, 1.0]])
    return quadratic(C, np.array([teacher]) @ C)


def simulated(problem, split, depth, fusion_layer, scale, **options):
    phase = unimodal_phase(problem, split, depth, fusion_layer, scale)
    times = np.linspace(0.0, 1.4 * phase.second_time + 6.0, 3000)
    layers = fusion_layers(problem, split, depth, fusion_layer, scale, **options)
    flow = fusion_flow(layers, problem, times)
    return phase, measured_phase(flow), flow


def loss(layers, problem):
    return problem.loss(np.concatenate(layers.maps, axis=1))


@pytest.mark.parametrize(("depth", "fusion_layer"), [(1, 1), (2, 1), (2, 2), (4, 1), (4, 2), (4, 3), (4, 4)])
def test_gradients_equal_finite_differences(depth, fusion_layer):
    rng = np.random.default_rng(0)
    A = rng.standard_normal((5, 5))
    problem = quadratic(A @ A.T, rng.standard_normal((2, 5)))
    layers = fusion_layers(problem, 3, depth, fusion_layer, 1.0, width=3, rng=rng)
    gradients = _gradient(layers, problem)
    for part, gradient in zip((layers.branch_a, layers.branch_b, layers.trunk), gradients, strict=True):
        assert [g.shape for g in gradient] == [W.shape for W in part]
        for W, g in zip(part, gradient, strict=True):
            numeric = np.zeros_like(W)
            for index in np.ndindex(*W.shape):
                start, values = W[index], []
                for h in (1e-5, -1e-5):
                    W[index] = start + h
                    values.append(loss(layers, problem))
                W[index] = start
                numeric[index] = (values[0] - values[1]) / 2e-5
            np.testing.assert_allclose(g, numeric, rtol=1e-5, atol=1e-5)


def test_early_fusion_is_a_network_on_the_joined_inputs():
    rng = np.random.default_rng(1)
    A = rng.standard_normal((5, 5))
    problem = quadratic(A @ A.T, rng.standard_normal((2, 5)))
    layers = fusion_layers(problem, 2, 3, 1, 0.3, width=4, rng=rng)
    times = np.linspace(0.0, 2.0, 9)
    flow = fusion_flow(layers, problem, times)
    joined = [np.concatenate([layers.branch_a[0], layers.branch_b[0]], axis=1), *layers.trunk]
    reference = gradient_flow(joined, problem, times)
    np.testing.assert_allclose(
        np.concatenate([flow.map_a, flow.map_b], axis=2), reference.products, atol=1e-7
    )
    np.testing.assert_allclose(flow.losses, reference.losses, atol=1e-6)


@pytest.mark.parametrize("depth", [2, 3])
def test_late_fusion_of_uncorrelated_modalities_is_two_networks(depth):
    problem = two_inputs(2.0, 0.0)
    scale = SCALES[depth]
    times = np.linspace(0.0, 20.0, 41)
    flow = fusion_flow(fusion_layers(problem, 1, depth, depth, scale), problem, times)
    for found, s in ((flow.map_a, 4.0), (flow.map_b, 1.0)):
        expected = mode_trajectory(times, s, s, scale**depth, depth)[:, 0]
        np.testing.assert_allclose(found[:, 0, 0], expected, atol=1e-6)


@pytest.mark.parametrize(
    ("depth", "fusion_layer", "tolerance"),
    [(2, 2, 0.015), (3, 3, 0.015), (4, 4, 0.01), (3, 2, 0.03), (4, 3, 0.02)],
)
@pytest.mark.parametrize(("ratio", "correlation"), [(1.5, 0.0), (2.0, 0.5), (2.0, -0.4)])
def test_the_duration_is_the_predicted_one(depth, fusion_layer, tolerance, ratio, correlation):
    problem = two_inputs(ratio, correlation)
    phase, (t_a, t_b), _ = simulated(problem, 1, depth, fusion_layer, SCALES[depth])
    assert phase.first == "A"
    assert t_a == pytest.approx(phase.first_time, rel=0.01)
    assert t_b - t_a == pytest.approx(phase.duration, rel=tolerance)


def test_dependence_on_correlation_and_input_size():
    # The paper's law for late fusion: t_B/t_A = 1 + (ratio² − 1)/(1 − ρ²), at every depth.
    for depth in (2, 3, 4):
        for ratio, correlation in ((1.2, 0.0), (2.0, 0.3), (2.0, 0.8), (3.0, -0.2)):
            phase = unimodal_phase(two_inputs(ratio, correlation), 1, depth, depth, 1e-3)
            assert phase.limit_ratio == pytest.approx(1 + (ratio**2 - 1) / (1 - correlation**2))
            assert phase.ratio == pytest.approx(phase.limit_ratio, rel=0.2 if depth == 2 else 0.02)


def test_the_error_of_the_limit_is_one_over_the_logarithm():
    problem = two_inputs(2.0, 0.5)
    errors, refined = [], []
    for scale in (1e-4, 1e-8):
        phase, (t_a, t_b), _ = simulated(problem, 1, 2, 2, scale)
        errors.append(phase.limit_ratio - t_b / t_a)
        refined.append((t_b - t_a) - phase.duration)
    assert errors[0] / errors[1] == pytest.approx(2.0, rel=0.1)
    # What the half-rise constants leave is an O(1) time, the same at every scale.
    assert refined[0] == pytest.approx(refined[1], abs=2e-3)
    assert abs(refined[0]) < 0.02


def test_deeper_fusion_has_the_longer_phase():
    problem = two_inputs(2.0, 0.5)
    ratios = [unimodal_phase(problem, 1, 4, fusion, 5e-2).ratio for fusion in (1, 2, 3, 4)]
    assert ratios[0] == 1.0
    assert all(a < b for a, b in itertools.pairwise(ratios))


@pytest.mark.parametrize("depth", [2, 3, 4])
def test_early_fusion_of_white_inputs_has_no_phase(depth):
    problem = quadratic(np.eye(5), [[3.0, 1.0, 2.0, 1.0, 0.5]])
    phase, (t_a, t_b), _ = simulated(problem, 3, depth, 1, SCALES[depth])
    assert phase.duration == 0.0
    assert t_b == pytest.approx(t_a, rel=2e-3)
    assert t_a == pytest.approx(phase.first_time, rel=0.01)
    late, (late_a, late_b), _ = simulated(problem, 3, depth, depth, SCALES[depth])
    assert late_b / late_a == pytest.approx(late.ratio, rel=0.02)
    assert late.ratio > 1.3


def test_several_inputs_a_modality_and_random_layers():
    rng = np.random.default_rng(0)
    A = 0.4 * rng.standard_normal((5, 5)) + np.eye(5)
    C = A @ A.T
    problem = quadratic(C, np.array([[2.0, 1.0, 1.5, 0.7, 0.5]]) @ C)
    errors = []
    for scale in (1e-6, 1e-12):
        phase, times, flow = simulated(problem, 3, 2, 2, scale, width=4, rng=np.random.default_rng(1))
        first, second = times if phase.first == "A" else times[::-1]
        errors.append([first / phase.first_time - 1.0, second / phase.second_time - 1.0])
        assert flow.losses[-1] == pytest.approx(
            100.0 - np.vdot(problem.cross, np.linalg.solve(C, problem.cross[0])), abs=1e-3
        )
    # Overlaps cost an O(1) time: half the relative error where ln(1/ε) is doubled.
    far, near = np.abs(errors)
    assert far.max() < 0.25
    np.testing.assert_allclose(near / far, 0.5, rtol=0.1)


def test_the_modality_learnt_first_need_not_be_the_better_one():
    # Large inputs that tell less: s_A = 4·1.2 > s_B, yet σ_A² = 4·1.44 < σ_B² = 9.
    superficial = unimodal_phase(two_inputs(2.0, 0.0, teacher=(1.2, 3.0)), 1, 2, 2, 1e-4)
    assert superficial.first == "A"
    assert superficial.is_superficial
    assert not unimodal_phase(two_inputs(2.0, 0.0), 1, 2, 2, 1e-4).is_superficial


def test_moments_of_data_are_all_that_is_needed():
    rng = np.random.default_rng(2)
    X = rng.standard_normal((500, 5)) * [2.0, 2.0, 1.0, 1.0, 1.0]
    y = X @ [1.0, 0.5, 0.8, 0.6, 0.2]
    problem = hw.Plain().problem(hw.Moments.from_arrays(X, y), hw.groups.trivial(5))
    phase, (t_a, t_b), flow = simulated(problem, 2, 2, 2, 1e-8)
    assert (t_a, t_b) == pytest.approx((phase.first_time, phase.second_time), rel=0.05)
    assert flow.losses[-1] == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize(
    ("kind", "call", "message"),
    [
        (ParameterError, lambda p: fusion_layers(p, 0, 2, 1, 0.1), "split must be an integer from 1 to 1"),
        (
            ParameterError,
            lambda p: fusion_layers(p, 1, 2, 3, 0.1),
            "fusion_layer must be an integer from 1 to 2",
        ),
        (ParameterError, lambda p: fusion_layers(p, 1, 2, 1, 0.0), "scale must be a finite number > 0"),
        (ParameterError, lambda p: fusion_layers(p, 1, 2, 1, 0.1, width=0), "width must be an integer"),
        (ParameterError, lambda p: unimodal_phase(p, 1, 1, 1, 0.1), "two layers or more"),
        (ParameterError, lambda p: unimodal_phase(p, 1, 3, 2, 2.0), "is not small"),
        (
            DataError,
            lambda p: unimodal_phase(two_inputs(1.0, 0.0), 1, 2, 2, 0.1),
            "no modality is learnt after",
        ),
        (
            DataError,
            lambda p: unimodal_phase(quadratic(np.eye(2), np.eye(2)), 1, 2, 2, 0.1),
            "for one target",
        ),
        (
            ParameterError,
            lambda p: fusion_flow(fusion_layers(p, 1, 2, 1, 0.1), quadratic(np.eye(3), [[1, 2, 3]]), [0, 1]),
            "do not fit B",
        ),
        (
            DataError,
            lambda p: measured_phase(fusion_flow(fusion_layers(p, 1, 2, 2, 1e-3), p, [0.0, 0.05, 0.1])),
            "has not learnt",
        ),
        (  # the second has not begun
            DataError,
            lambda p: measured_phase(fusion_flow(fusion_layers(p, 1, 2, 2, 1e-6), p, np.linspace(0, 3, 99))),
            "has not learnt",
        ),
    ],
)
def test_bad_input_is_refused(kind, call, message):
    with pytest.raises(kind, match=message):
        call(two_inputs(2.0, 0.5))


def test_layers_are_balanced():
    layers = fusion_layers(two_inputs(2.0, 0.5), 1, 4, 2, 0.1, width=3)
    assert isinstance(layers, FusionLayers)
    joined = [W @ W.T for W in (layers.branch_a[-1], layers.branch_b[-1])]
    np.testing.assert_allclose(layers.trunk[0].T @ layers.trunk[0], joined[0] + joined[1], atol=1e-15)
    np.testing.assert_allclose(
        layers.branch_a[1].T @ layers.branch_a[1], layers.branch_a[0] @ layers.branch_a[0].T
    )
