"""Curves, tail and the alpha of a wanted gap, against solutions computed one by one."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import haarwire as hw
import strategies

ALPHAS = np.array([0.0, 1e-3, 0.1, 1.0, 30.0, 1e4, np.inf])


def _path(
    rep: hw.Representation, rng: np.random.Generator, m: int = 3, **options: object
) -> tuple[hw.Moments, hw.RegularizationPath]:
    data = strategies.generic_data(rep.dim, m, rng)
    moments = hw.Moments.from_arrays(data.X, data.Y)
    return moments, hw.regularization_path(moments, rep, **options)  # type: ignore[arg-type]


@given(
    rng=strategies.seeds(),
    rep=strategies.catalogue() | strategies.skewed_groups() | strategies.non_compact_groups(),
    ridge=st.sampled_from([0.0, 0.3]),
)
def test_every_column_is_what_the_solutions_say(
    rng: np.random.Generator, rep: hw.Representation, ridge: float
) -> None:
    moments, path = _path(rep, rng, ridge=ridge)
    m, n = path.shape
    curve = path.curve(ALPHAS)
    R = hw.penalty_matrix(rep)
    size = float(np.linalg.norm(path.at(0.0).coef)) + 1.0
    for i, alpha in enumerate(ALPHAS):
        for rank in range(1, min(m, n) + 1):
            solution = path.at(alpha, rank=rank)
            W, r = solution.coef, rank - 1
            scale = float(np.trace(moments.total))
            assert curve.objective[i, r] == pytest.approx(solution.loss, abs=1e-10 * scale)
            assert curve.loss[i, r] == pytest.approx(moments.loss(W, solution.intercept), abs=1e-10 * scale)
            assert curve.invariance_penalty[i, r] == pytest.approx(
                np.trace(W @ R @ W.T), abs=1e-9 * size**2 * max(1.0, np.linalg.norm(R))
            )
            assert curve.invariance_gap[i, r] == pytest.approx(solution.invariance_gap, abs=1e-8 * size)
        kept = min(m, n)
        np.testing.assert_allclose(
            curve.singular_values[i, : solution.singular_values.size],
            solution.singular_values[:m],
            atol=1e-7 * math.sqrt(scale),  # squared singular values are exact to 1e-14
        )
        assert kept <= curve.singular_values.shape[1]
        if math.isfinite(alpha):
            C = moments.gram + alpha * R + ridge * np.eye(n)
            assert curve.degrees_of_freedom[i] == pytest.approx(
                np.trace(moments.gram @ np.linalg.inv(C)), abs=1e-7 * n
            )


@given(rng=strategies.seeds(), rep=strategies.catalogue() | strategies.non_compact_groups())
def test_relative_gap(rng: np.random.Generator, rep: hw.Representation) -> None:
    _, path = _path(rep, rng)
    curve = path.curve(ALPHAS)
    for i, alpha in enumerate(ALPHAS):
        for rank in range(1, min(path.shape) + 1):
            expected = path.at(alpha, rank=rank).relative_invariance_gap
            assert curve.relative_invariance_gap[i, rank - 1] == pytest.approx(expected, abs=1e-7)


def test_relative_gap_does_not_depend_on_the_units() -> None:
    data = strategies.generic_data(6, 3, np.random.default_rng(0))
    rep = hw.groups.cyclic_shifts(6)
    for scale in (1e-6, 1e6):
        one, other = (
            hw.regularization_path(hw.Moments.from_arrays(data.X, data.Y * unit), rep).curve(ALPHAS)
            for unit in (1.0, scale)
        )
        np.testing.assert_allclose(
            other.relative_invariance_gap, one.relative_invariance_gap, rtol=1e-9, atol=1e-12
        )
        np.testing.assert_allclose(
            other.invariance_gap, one.invariance_gap * scale, rtol=1e-9, atol=1e-12 * scale
        )


@given(rng=strategies.seeds(), rep=strategies.catalogue())
def test_monotone_along_the_path(rng: np.random.Generator, rep: hw.Representation) -> None:
    """The penalized optimum: loss and objective never fall with alpha, the penalty never rises."""
    _, path = _path(rep, rng)
    scale = float(np.exp(np.log(path.spectrum).mean())) if path.spectrum.size else 1.0
    curve = path.curve(scale * np.logspace(-6, 6, 200))
    slack = 1e-10 * (1.0 + np.abs(curve.objective).max())
    assert (np.diff(curve.objective, axis=0) >= -slack).all()
    assert (np.diff(curve.loss, axis=0) >= -slack).all()
    assert (np.diff(curve.invariance_penalty, axis=0) <= slack * (1 + curve.invariance_penalty.max())).all()


def test_blocks_of_alphas_join() -> None:
    rng = np.random.default_rng(0)
    _, path = _path(hw.groups.image_rotations(8), rng, m=4)
    many = np.logspace(-3, 3, 30_000)
    curve = path.curve(many)
    some = path.curve(many[[0, 12_345, 29_999]])
    np.testing.assert_allclose(
        curve.relative_invariance_gap[[0, 12_345, 29_999]], some.relative_invariance_gap, rtol=1e-12
    )
    assert curve.loss.shape == (30_000, 4)
    assert repr(curve) == "PathCurve(30000 alphas, ranks 1 to 4)"


@given(rng=strategies.seeds(), rep=strategies.catalogue() | strategies.non_compact_groups())
def test_tail_is_the_first_order_of_the_path(rng: np.random.Generator, rep: hw.Representation) -> None:
    data = strategies.generic_data(rep.dim, 3, rng)
    moments = hw.Moments.from_arrays(data.X, data.Y)
    for rank in range(1, min(3, rep.dim) + 1):
        path = hw.regularization_path(moments, rep, rank=rank)
        end, tail = path.at(math.inf).coef, path.tail
        assert tail.distance_constant == pytest.approx(float(np.linalg.norm(tail.coef)))
        if tail.distance_constant == 0.0:
            assert not path.spectrum.size  # the trivial group: the path is a point
            continue
        # The remainder is O(1/α): it falls tenfold with ten times the alpha, from where the series holds.
        start = 1e4 * float(path.spectrum[-1]) * (1.0 + tail.distance_constant)
        errors = [
            float(np.linalg.norm((path.at(alpha).coef - end) * alpha - tail.coef)) / tail.distance_constant
            for alpha in (start, 10.0 * start)
        ]
        assert errors[1] <= 0.2 * errors[0] + 1e-5, errors


@pytest.mark.parametrize(("gains", "rank"), [([1.0, 1.0, 2.0], 1), ([3.0, 1.0, 1.0, 2.0], 2)])
def test_tail_refuses_a_tie_at_infinity(gains: list[float], rank: int) -> None:
    """The last direction fades out; of the hard-wired ones, two are equal."""
    n = len(gains)
    scatter = np.block([[np.eye(n), np.diag(gains)], [np.diag(gains), 10 * np.eye(n)]])
    moments = hw.Moments(n, 2 * n, 1.0, np.zeros(2 * n), scatter)
    rep = hw.Representation(n, (hw.Matrix(np.diag([1.0] * (n - 1) + [2.0])),))
    if rank > 1:
        assert np.isfinite(hw.regularization_path(moments, rep, rank=rank - 1).tail.coef).all()
    with pytest.raises(hw.ParameterError, match=f"no limit at rank {rank}") as error:
        _ = hw.regularization_path(moments, rep, rank=rank).tail
    assert "tie" in error.value.cause
    assert "another rank" in error.value.remedy


@given(rng=strategies.seeds(), rep=strategies.catalogue() | strategies.non_compact_groups())
def test_alpha_for_gap_is_the_first(rng: np.random.Generator, rep: hw.Representation) -> None:
    _, path = _path(rep, rng, rank=2 if rep.dim > 1 else 1)
    for wanted in (0.5, 1e-2, 1e-5):
        alpha = path.alpha_for_gap(wanted)
        if math.isinf(alpha):
            # No invariant functional has data: only W = 0 is invariant.
            assert path.hardwired.n_modes == 0
            continue
        assert path.at(alpha).relative_invariance_gap <= wanted * (1 + 1e-6) + 1e-9
        if alpha > 0:
            before = path.curve(alpha * np.linspace(1e-4, 1 - 1e-6, 300))
            assert (before.relative_invariance_gap[:, path.rank - 1] > wanted).all()


def test_alpha_for_gap_agrees_with_the_tail() -> None:
    rng = np.random.default_rng(1)
    _, path = _path(hw.groups.image_rotations(6), rng, rank=2)
    size = float(np.linalg.norm(path.at(math.inf).coef))
    wanted = 1e-7
    assert path.alpha_for_gap(wanted) == pytest.approx(path.tail.gap_constant / size / wanted, rel=1e-3)


@pytest.mark.parametrize("gap", [-0.1, math.nan, "small"])
def test_alpha_for_gap_refuses(gap: object) -> None:
    rng = np.random.default_rng(1)
    _, path = _path(hw.groups.cyclic_shifts(4), rng)
    with pytest.raises(hw.ParameterError, match="invariance gap must be a number") as error:
        path.alpha_for_gap(gap)  # type: ignore[arg-type]
    assert error.value.cause
    assert "alpha_for_gap(0.01)" in error.value.remedy


@pytest.mark.parametrize("alphas", [[-1.0], [math.nan], [[1.0]]])
def test_curve_refuses(alphas: list[object]) -> None:
    rng = np.random.default_rng(1)
    _, path = _path(hw.groups.cyclic_shifts(4), rng)
    with pytest.raises(hw.ParameterError, match="alphas must be a flat list") as error:
        path.curve(alphas)  # type: ignore[arg-type]
    assert error.value.cause
    assert "numpy.logspace" in error.value.remedy


def test_alpha_for_gap_far_beyond_a_wide_spectrum() -> None:
    """C₀ = I, R = diag(0, 1e-6, 1e6): the path runs over twelve decades before its tail begins."""
    rep = hw.Representation(3, (hw.Matrix(np.diag([1.0, 1.0 + 1e-3, 1.0 + 1e3])),))
    B = np.ones((1, 3))
    scatter = np.block([[np.eye(3), B.T], [B, 4 * np.eye(1)]])
    path = hw.regularization_path(hw.Moments(3, 9, 1.0, np.zeros(4), scatter), rep)
    # W = (1, 1/(1 + 1e-6 α), 1/(1 + 1e6 α)): the gap is 1e6/α to leading order.
    assert path.alpha_for_gap(1e-10) == pytest.approx(1e16, rel=1e-6)


def test_tail_beyond_the_rank_at_infinity() -> None:
    """Of three directions one is invariant; the second mode is the larger of those that fade out."""
    gains, n = np.array([1.0, 2.0, 3.0]), 3
    scatter = np.block([[np.eye(n), np.diag(gains)], [np.diag(gains), 20 * np.eye(n)]])
    rep = hw.Representation(n, (hw.Matrix(np.diag([1.0, 2.0, 2.0])),))
    path = hw.regularization_path(hw.Moments(n, 2 * n, 1.0, np.zeros(2 * n), scatter), rep, rank=2)
    # W = diag(1, 2/(1 + α), 3/(1 + α)), of which 1 and 3 are kept.
    np.testing.assert_allclose(path.tail.coef, np.diag([0.0, 0.0, 3.0]), atol=1e-12)
    assert path.tail.distance_constant == path.tail.gap_constant == pytest.approx(3.0)


def test_alpha_for_a_wide_gap_of_a_wide_spectrum() -> None:
    """W = (1, 1/(1 + 1e-6 α), 1/(1 + 1e6 α)): 0.8 is reached at once, 0.7 by the last feature alone."""
    rep = hw.Representation(3, (hw.Matrix(np.diag([1.0, 1.0 + 1e-3, 1.0 + 1e3])),))
    B = np.ones((1, 3))
    scatter = np.block([[np.eye(3), B.T], [B, 4 * np.eye(1)]])
    path = hw.regularization_path(hw.Moments(3, 9, 1.0, np.zeros(4), scatter), rep)
    for wanted in (0.8, 0.75, 0.71, 0.5, 1e-3):
        alpha = path.alpha_for_gap(wanted)
        moving = 1.0 / (1.0 + alpha * np.array([1e-6, 1e6]))
        assert np.linalg.norm(moving) / np.linalg.norm([1.0, *moving]) == pytest.approx(wanted, rel=1e-9)
    assert path.alpha_for_gap(0.82) == 0.0  # √(2/3) without any penalty
