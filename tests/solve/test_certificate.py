"""The certificate of continuity, against planted crossings and dense grids."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from numpy.typing import NDArray

import haarwire as hw
import strategies
from haarwire.solve.certificate import _Cover, _end_segment, _merged

Array = NDArray[np.float64]


def diagonal_problem(
    gains: Array, penalties: Array, rng: np.random.Generator | None = None
) -> tuple[hw.Moments, hw.Representation]:
    """C₀ = I, B = diag(gains), R = diag(penalties): σ_i²(α) = gains_i²/(1 + α·penalties_i).

    With `rng` the inputs and the targets are turned by random rotations, which changes no σ.
    """
    n = gains.size
    left = np.eye(n) if rng is None else strategies.random_orthogonal(n, rng)
    right = np.eye(n) if rng is None else strategies.random_orthogonal(n, rng)
    generator = right @ np.diag(1.0 + np.sqrt(penalties)) @ right.T
    cross = left @ np.diag(gains) @ right.T
    total = cross @ cross.T + np.eye(n)
    scatter = np.block([[np.eye(n), cross.T], [cross, total]])
    return hw.Moments(n, 2 * n, 1.0, np.zeros(2 * n), scatter), hw.Representation(n, (hw.Matrix(generator),))


def test_theory_example_jumps_at_three() -> None:
    moments, rep = diagonal_problem(np.array([1.0, 2.0]), np.array([0.0, 1.0]))
    path = hw.regularization_path(moments, rep, rank=1)
    certificate = path.certify()
    assert not certificate.is_continuous
    (crossing,) = certificate.crossings
    assert crossing.low <= 3.0 <= crossing.high
    # The squares part at a slope of 1/4 there, and are told apart where they differ by more than the margin.
    assert crossing.high - crossing.low < 2 * (2 * certificate.margin) / 0.25
    assert certificate.margin < 1e-12
    assert crossing.modes == (0, 1)
    assert crossing.singular_value == pytest.approx(1.0)
    assert crossing.jump == pytest.approx(math.hypot(1.0, 0.5))  # from [[0,0],[0,½]] to [[1,0],[0,0]]
    np.testing.assert_allclose(path.at(2.999).coef, [[0, 0], [0, 2 / 3.999]], atol=1e-12)
    np.testing.assert_allclose(path.at(3.001).coef, [[1, 0], [0, 0]], atol=1e-12)


def test_a_path_that_moves_to_the_end_is_covered_up_to_the_last_bits() -> None:
    pencil = SimpleNamespace(coef=lambda _: np.ones((1, 1)), far_change=lambda _: math.inf)
    assert 1.0 - 1e-14 < _end_segment(pencil, 1.0) < 1.0  # type: ignore[arg-type]


def test_a_crossing_in_the_middle_of_an_interval_is_bracketed_as_closely() -> None:
    """σ_2² = (16/15)/(1 + α) meets σ_1 = 1 at α = 1/15: τ = 1/16, where the first interval is halved."""
    moments, rep = diagonal_problem(np.array([1.0, math.sqrt(16 / 15)]), np.array([0.0, 1.0]))
    (crossing,) = hw.regularization_path(moments, rep, rank=1).certify().crossings
    assert crossing.low <= 1 / 15 <= crossing.high
    assert crossing.high - crossing.low < 1e-11


def test_every_evaluation_is_counted() -> None:
    moments, rep = diagonal_problem(np.array([1.0, 2.0]), np.array([0.0, 1.0]))
    path = hw.regularization_path(moments, rep, rank=1)
    cover = _Cover(path._pencil(1), 1, 1.0, 1.0)
    cover.look()
    # Beside the look, the middles of 8 intervals and of two at every level down to rounding.
    assert path.certify().n_evaluations > cover.n_evaluations + 8 + 2 * 30


def test_the_end_moves_no_further_than_the_gap_below_the_least_mode_allows() -> None:
    """‖W(α') − W_∞‖ ≤ drift + ‖M₁‖₂/(σ_r² − λ_{r+1})·‖W_∞‖, by hand for a diagonal problem of rank 2 of 3."""
    gains, penalties = np.array([3.0, 2.0, 1.9]), np.array([0.0, 0.0, 1.0])
    moments, rep = diagonal_problem(gains, penalties)
    pencil = hw.regularization_path(moments, rep, rank=2)._pencil(2)
    alpha = 0.5
    fading = 1.9**2 / (1.0 + alpha)
    drift, end = 1.9 / (1.0 + alpha), math.hypot(3.0, 2.0)
    assert pencil.far_change(alpha) == pytest.approx(drift + fading / (4.0 - fading) * end)


@given(rng=strategies.seeds())
@settings(max_examples=40)
def test_planted_crossings_are_found_and_nothing_else(rng: np.random.Generator) -> None:
    n = int(rng.integers(3, 6))
    gains = rng.uniform(0.5, 3.0, n)
    penalties = np.where(rng.random(n) < 0.4, 0.0, rng.uniform(0.1, 5.0, n))
    penalties[0] = 0.0
    rank = int(rng.integers(1, n))
    # Curves i and j meet at α = (g_i² − g_j²)/(g_j² p_i − g_i² p_j); it matters between places r and r + 1.
    expected = []
    for i in range(n):
        for j in range(i):
            gi, gj = gains[i] ** 2, gains[j] ** 2
            slope = gj * penalties[i] - gi * penalties[j]
            alpha = (gi - gj) / slope if slope != 0 else -1.0
            if alpha > 0:
                squared = gains**2 / (1 + alpha * penalties)
                if (squared > squared[i] * (1 + 1e-9)).sum() == rank - 1:
                    expected.append(alpha)
    moments, rep = diagonal_problem(gains, penalties, rng)
    certificate = hw.regularization_path(moments, rep, rank=rank).certify()
    crossings = certificate.crossings
    at_infinity = (penalties == 0).sum()
    finite = [c for c in crossings if math.isfinite(c.high)]
    assert len(finite) == len(expected)
    for crossing, alpha in zip(finite, sorted(expected), strict=True):
        assert crossing.low * (1 - 1e-9) <= alpha <= crossing.high * (1 + 1e-9)
        assert crossing.high / crossing.low - 1 < 1e-6
        assert crossing.jump > 1e-3
    # Beyond the rank at infinity modes fade out together; that is no jump.
    if rank >= at_infinity:
        assert len(crossings) == len(finite)
    assert certificate.is_continuous == (not crossings)


@given(rng=strategies.seeds(), rep=strategies.catalogue())
@settings(max_examples=25)
def test_generic_data_are_certified_and_a_dense_grid_agrees(
    rng: np.random.Generator, rep: hw.Representation
) -> None:
    m = int(rng.integers(2, 5))
    data = strategies.generic_data(rep.dim, m, rng)
    moments = hw.Moments.from_arrays(data.X, data.Y)
    for rank in range(1, min(m, rep.dim) + 1):
        path = hw.regularization_path(moments, rep, rank=rank)
        certificate = path.certify()
        assert certificate.is_continuous
        assert certificate.gap_bound > certificate.margin
        if rank == min(m, rep.dim) or not path.spectrum.size:
            continue
        scale = float(np.exp(np.log(path.spectrum).mean()))
        sigma = path.curve(scale * np.logspace(-7, 7, 2000)).singular_values
        gap = sigma[:, rank - 1] ** 2 - sigma[:, rank] ** 2
        if rank <= path.hardwired.n_modes:  # otherwise the gap closes towards the end at infinity
            assert gap.min() >= certificate.gap_bound - certificate.margin


def test_a_narrow_gap_is_told_from_a_crossing() -> None:
    """Two curves that would cross at α = 3, kept apart by a coupling of 1e-6."""
    coupling = 1e-6
    moments, rep = diagonal_problem(np.array([1.0, 2.0]), np.array([0.0, 1.0]))
    scatter = moments.scatter.copy()
    scatter[2, 1] = scatter[1, 2] = coupling  # B = [[1, ε], [0, 2]]
    coupled = hw.Moments(2, 4, 1.0, np.zeros(4), scatter)
    certificate = hw.regularization_path(coupled, rep, rank=1).certify()
    assert certificate.is_continuous
    # σ² are the eigenvalues of [[1 + ε²w, 2εw], [2εw, 4w]], w = 1/(1 + α): nearest where 1 ≈ 4w.
    assert 0 < certificate.gap_bound <= 4 * coupling / 4 * 1.01
    assert certificate.n_evaluations < 2000


def test_brackets_at_the_edge_of_one_crossing_are_joined() -> None:
    apart = [(0.0, 0.1), (0.5, 0.6), (0.75, 0.8)]
    assert _merged(apart) == apart
    assert _merged([(0.6, 0.7), (0.5, 0.6)]) == [(0.5, 0.7)]
    # No further apart than one of them is wide, whichever comes first.
    assert _merged([(0.0, 0.2), (0.35, 0.4)]) == [(0.0, 0.4)]
    assert _merged([(0.0, 0.05), (0.2, 0.4)]) == [(0.0, 0.4)]
    assert _merged([(0.0, 0.4), (0.1, 0.2)]) == [(0.0, 0.4)]


def test_a_tie_all_along_is_one_bracket() -> None:
    moments, rep = diagonal_problem(np.array([2.0, 2.0, 1.0]), np.array([0.0, 0.0, 1.0]))
    certificate = hw.regularization_path(moments, rep, rank=1).certify()
    (crossing,) = certificate.crossings
    assert crossing.low == 0.0
    assert crossing.high == math.inf
    # The look for the smallest gap takes 377 of them; bisection stops at the first level.
    assert certificate.n_evaluations < 377 + 100


def test_rank_beyond_infinity_is_continuous() -> None:
    """d = 1 invariant direction, rank 2: the second mode fades out at infinity, without a jump."""
    moments, rep = diagonal_problem(np.array([1.0, 3.0, 2.0]), np.array([0.0, 1.0, 2.0]))
    path = hw.regularization_path(moments, rep, rank=2)
    certificate = path.certify()
    # 1 meets 4/(1 + 2α) at α = 1.5, in places 2 and 3; the other two, 9/(1 + α) and 4/(1 + 2α), never meet.
    (crossing,) = certificate.crossings
    assert crossing.low <= 1.5 <= crossing.high
    far = [np.linalg.norm(path.at(alpha).coef - path.at(math.inf).coef) for alpha in (1e6, 1e8, 1e10)]
    np.testing.assert_allclose(far, 3.0 / np.array([1e6, 1e8, 1e10]), rtol=1e-5)


def test_trivial_group_and_no_invariants() -> None:
    rng = np.random.default_rng(3)
    data = strategies.generic_data(4, 3, rng)
    moments = hw.Moments.from_arrays(data.X, data.Y)
    assert hw.regularization_path(moments, hw.groups.trivial(4), rank=1).certify().is_continuous
    flip = hw.Representation(4, (hw.SignedPermutation(range(4), [-1] * 4),))
    certificate = hw.regularization_path(moments, flip, rank=1).certify()
    assert certificate.is_continuous


def test_every_mode_kept_needs_no_gap() -> None:
    rng = np.random.default_rng(4)
    data = strategies.generic_data(4, 2, rng)
    path = hw.regularization_path(hw.Moments.from_arrays(data.X, data.Y), hw.groups.cyclic_shifts(4))
    certificate = path.certify()
    assert certificate.is_continuous
    assert certificate.min_gap == math.inf
    assert certificate.n_evaluations == 0


def test_non_compact_group() -> None:
    rng = np.random.default_rng(5)
    data = strategies.generic_data(3, 3, rng)
    shear = hw.Representation(3, (hw.Matrix([[1.0, 1, 0], [0, 1, 0], [0, 0, 1]]),))
    path = hw.regularization_path(hw.Moments.from_arrays(data.X, data.Y), shear, rank=1)
    certificate = path.certify()
    grid = path.curve(np.logspace(-6, 6, 3000)).singular_values
    assert certificate.is_continuous
    assert certificate.min_gap <= (grid[:, 0] - grid[:, 1]).min() * (1 + 1e-6)


def test_the_smallest_gap_is_found_at_an_end_and_between() -> None:
    at_an_end, rep = diagonal_problem(np.array([1.001, 1.0, 0.5]), np.array([0.0, 1.0, 3.0]))
    assert hw.regularization_path(at_an_end, rep, rank=1).certify().min_gap == pytest.approx(1e-3)
    moments, rep = diagonal_problem(np.array([1.0, 2.0]), np.array([0.0, 1.0]))
    scatter = moments.scatter.copy()
    scatter[2, 1] = scatter[1, 2] = 1e-6
    coupled = hw.Moments(2, 4, 1.0, np.zeros(4), scatter)
    found = hw.regularization_path(coupled, rep, rank=1).certify().min_gap
    assert found == pytest.approx(5e-7, rel=1e-3)  # of σ² it is 1e-6, at σ = 1


def test_a_direction_that_drowned_is_not_certified() -> None:
    """Features that the group exchanges, in units 1e12 apart: there is a crossing at α = 5e-13."""
    u = np.array([1e6, 1e-6, 1.0, 1.0])
    B = np.zeros((2, 4))
    B[0, :2], B[1, 2:] = u[:2], 0.75**0.5
    scatter = np.block([[np.diag(u**2), B.T], [B, 4 * np.eye(2)]])
    rep = hw.Representation(4, (hw.Permutation([1, 0, 3, 2]),))
    path = hw.regularization_path(hw.Moments(4, 99, 1.0, np.zeros(6), scatter), rep, rank=1)
    certificate = path.certify()
    (crossing,) = certificate.crossings
    assert crossing.low == 0.0
    for unit in (1e-3, 1e3):
        scale = np.repeat([1.0, unit], [4, 2])
        scaled = hw.Moments(4, 99, 1.0, np.zeros(6), scatter * scale * scale[:, None])
        margin = hw.regularization_path(scaled, rep, rank=1).certify().margin
        assert margin == pytest.approx(certificate.margin * unit**2, rel=1e-2)


def test_mixed_units_from_orbit_to_orbit() -> None:
    """Then nothing drowns: the path agrees with separate solutions, feature by feature."""
    rng = np.random.default_rng(0)
    rep = hw.Representation(6, (hw.Permutation([1, 0, 3, 2, 4, 5]),))
    for _ in range(20):
        units = 10.0 ** rng.uniform(-6, 6, 6)
        units[1], units[3] = units[0], units[2]
        X = rng.standard_normal((50, 6)) @ rng.standard_normal((6, 6))
        Y = X @ rng.standard_normal((6, 3)) + rng.standard_normal((50, 3))
        moments = hw.Moments.from_arrays(X * units, Y)
        path = hw.regularization_path(moments, rep, rank=2)
        for alpha in (0.0, 1e-10, 1e-3, 1.0, 1e5):
            expected = hw.solve(moments, rep, rank=2, approach=hw.Regularized(alpha))
            if not expected.is_unique:
                continue
            difference = (path.at(alpha).coef - expected.coef) * units
            assert np.linalg.norm(difference) < 1e-8 * np.linalg.norm(expected.coef * units)


def test_no_alpha_drowns_the_invariant_part() -> None:
    rng = np.random.default_rng(1)
    rep = hw.groups.image_rotations(4)
    data = strategies.generic_data(16, 3, rng)
    moments = hw.Moments.from_arrays(data.X, data.Y)
    path = hw.regularization_path(moments, rep, rank=2)
    for alpha in (1e6, 1e10, 1e14):
        found = hw.solve(moments, rep, rank=2, approach=hw.Regularized(alpha))
        np.testing.assert_allclose(found.coef, path.at(alpha).coef, atol=1e-12)


@pytest.mark.parametrize("seed", range(8))
def test_crossings_of_curves_that_bend_over_decades(seed: int) -> None:
    """Targets of three inputs each, whose penalties are decades apart: σ_i² = Σ_k b_k²/(1 + α·p_k)."""
    rng = np.random.default_rng(seed)
    m, each = 3, 3
    n = m * each
    penalties = 10.0 ** rng.uniform(-3, 3, n)
    gains = np.exp(rng.standard_normal(n))
    cross = np.kron(np.eye(m), np.ones(each)) * gains
    scatter = np.block([[np.eye(n), cross.T], [cross, cross @ cross.T + np.eye(m)]])
    rep = hw.Representation(n, (hw.Matrix(np.diag(1.0 + np.sqrt(penalties))),))
    moments = hw.Moments(n, 2 * n, 1.0, np.zeros(n + m), scatter)
    alphas = np.logspace(-7, 7, 40_001)
    squared = (gains**2 / (1.0 + alphas[:, None] * penalties)).reshape(-1, m, each).sum(axis=2)
    for rank in (1, 2):
        leading = np.sort(np.argsort(-squared, axis=1)[:, :rank], axis=1)
        changes = np.flatnonzero((np.diff(leading, axis=0) != 0).any(axis=1))
        certificate = hw.regularization_path(moments, rep, rank=rank).certify()
        assert len(certificate.crossings) == len(changes)
        for crossing, i in zip(certificate.crossings, changes, strict=True):
            assert alphas[i] <= crossing.high
            assert crossing.low <= alphas[i + 1]
            place = (alphas[i] + alphas[i + 1]) / 2
            expected = np.sort((gains**2 / (1.0 + place * penalties)).reshape(m, each).sum(axis=1))[-rank]
            assert crossing.singular_value == pytest.approx(math.sqrt(expected), rel=1e-2)


@pytest.mark.parametrize("unit", [1e-6, 1e6])
@pytest.mark.parametrize("rank", [1, 2])
def test_units_of_the_targets_do_not_matter(rank: int, unit: float) -> None:
    """One invariant direction of three: at rank 2 the end of the path is where its second mode fades out."""
    gains, penalties = np.array([1.0, 3.0, 2.0]), np.array([0.0, 1.0, 2.0])
    moments, rep = diagonal_problem(gains, penalties, np.random.default_rng(1))
    scale = np.repeat([1.0, unit], 3)
    scaled = hw.Moments(3, 6, 1.0, np.zeros(6), moments.scatter * scale * scale[:, None])
    one, other = (hw.regularization_path(m, rep, rank=rank).certify() for m in (moments, scaled))
    assert len(one.crossings) == len(other.crossings) > 0
    for a, b in zip(one.crossings, other.crossings, strict=True):
        assert b.low == pytest.approx(a.low, rel=1e-6)
        assert b.high == pytest.approx(a.high, rel=1e-6)
        assert b.jump == pytest.approx(a.jump * unit, rel=1e-6)
    assert other.min_gap == pytest.approx(one.min_gap * unit, rel=1e-3, abs=1e-7 * unit)
    assert other.n_evaluations == pytest.approx(one.n_evaluations, rel=0.1)


@given(rng=strategies.seeds(), rep=strategies.catalogue() | strategies.non_compact_groups())
@settings(max_examples=15)
def test_the_rest_of_the_path_moves_no_further_than_said(
    rng: np.random.Generator, rep: hw.Representation
) -> None:
    data = strategies.generic_data(rep.dim, 4, rng)
    path = hw.regularization_path(hw.Moments.from_arrays(data.X, data.Y), rep)
    if not path.spectrum.size:
        return
    for rank in range(1, min(4, rep.dim) + 1):
        end, pencil = path.at(math.inf, rank=rank).coef, path._pencil(rank)
        for alpha in path.spectrum[-1] * np.array([1.0, 1e2, 1e4, 1e6]):
            bound = pencil.far_change(float(alpha))
            moved = [np.linalg.norm(path.at(alpha * k, rank=rank).coef - end) for k in (1.0, 3.0, 30.0)]
            assert max(moved) <= bound * (1 + 1e-9) + 1e-12 * np.linalg.norm(end)
        first = pencil.far_change(float(path.spectrum[-1]))
        assert bound < 1e-2 * first or math.isinf(first)  # it falls like 1/α
