"""The regularization path from one factorisation, against one solve (or one oracle) for each alpha."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import haarwire as hw
import oracles
import strategies as cases
from haarwire._linalg import symmetric_whitener
from haarwire.solve import penalty_frame

ALPHAS = (0.0, 1e-4, 0.03, 1.0, 1e3)
PENALTIES = pytest.mark.parametrize("penalty", ["generators", "projection"])


def condition(rep: hw.Representation, penalty: str) -> np.ndarray:
    if penalty == "projection":
        return np.eye(rep.dim) - hw.reynolds_operator(rep)
    dense = [np.asarray(L) for L in rep.algebra]
    return oracles.condition_matrix(cases.dense_generators(rep), dense, rep.dim)


def is_separated(solution: hw.Solution, rank: int) -> bool:
    squared = np.append(solution.singular_values, 0.0) ** 2
    return rank >= solution.n_modes or bool(squared[rank - 1] - squared[rank] > 1e-3 * squared[0])


def representations():
    circles = cases.circles().map(lambda circle: circle.rep)
    skewed = cases.skewed_groups(condition=5.0)
    return st.one_of(
        cases.orthogonal_representations(), skewed, cases.catalogue(), cases.non_compact_groups(), circles
    )


@given(rep=representations(), rng=cases.seeds(), ridge=st.sampled_from([0.0, 0.2]), intercept=st.booleans())
@PENALTIES
def test_path_is_solve_at_every_alpha_and_rank(penalty, rep, rng, ridge, intercept):
    assume(penalty == "generators" or rep.is_compact)
    data = cases.generic_data(rep.dim, 3, rng)
    options = {"ridge": ridge, "fit_intercept": intercept}
    path = hw.regularization_path(data.moments, rep, penalty=penalty, **options)
    for alpha in (*ALPHAS, math.inf):
        for r in range(1, min(3, rep.dim) + 1):
            one = hw.solve(data.moments, rep, rank=r, approach=hw.Regularized(alpha, penalty), **options)
            if not is_separated(one, r):
                continue
            found = path.at(alpha, rank=r)
            # The condition number of C + 1e3·R is up to 1e7 for the skewed ones: eps·1e7, and a gap.
            size = np.linalg.norm(one.coef) + 1e-3
            assert np.linalg.norm(found.coef - one.coef) < 1e-8 * size
            np.testing.assert_allclose(found.intercept, one.intercept, atol=1e-8 * np.linalg.norm(data.Y))
            assert found.loss == pytest.approx(one.loss, rel=1e-9)
            assert found.invariance_gap == pytest.approx(one.invariance_gap, rel=1e-6, abs=1e-9 * size)
            assert (found.n_modes, found.rank, found.is_unique) == (one.n_modes, one.rank, one.is_unique)
            assert found.approach == one.approach


def scaled_error(moments, rep, alpha):
    """What `solve` may lose: rounding of the gram, over its least eigenvalue when scaled, scaled back.

    Two samples may by chance agree in a coordinate to 1e-5 of what they differ by in others.
    """
    problem = hw.Regularized(alpha).split_problem(moments, rep)
    variances = np.diag(problem.gram)
    seen = variances > 0
    rounding = np.finfo(float).eps * np.sqrt((problem.magnitude[seen] / variances[seen]).max())
    least = symmetric_whitener(problem.gram, problem.tolerance, problem.magnitude).values.min()
    return rounding / least * np.sqrt(variances[seen].max() / variances[seen].min())


@given(
    rep=st.one_of(cases.orthogonal_representations(), cases.catalogue(), cases.non_compact_groups()),
    rng=cases.seeds(),
    alpha=st.sampled_from([1e-3, 0.1, 10.0]),
)
@pytest.mark.parametrize("kind", cases.DEFICIENT)
def test_path_on_deficient_data(kind, rep, rng, alpha):
    assume(rep.dim > 1)
    data = cases.deficient_data(rep.dim, 2, rng, kind)
    path, A = hw.regularization_path(data.moments, rep), condition(rep, "generators")
    for r in (1, 2):
        found = path.at(alpha, rank=r)
        if not is_separated(found, r):
            continue
        W, b = oracles.reduced_rank_regression(data.X, data.Y, r, alpha=alpha, A=A)
        assert np.linalg.norm(found.coef - W) < 1e-9 * np.linalg.norm(W)
        assert np.linalg.norm(found.intercept - b) < 1e-9 * np.linalg.norm(data.Y)
        one = hw.solve(data.moments, rep, rank=r, approach=hw.Regularized(alpha))
        allowed = max(1e-9, scaled_error(data.moments, rep, alpha))
        assert np.linalg.norm(one.coef - W) < allowed * np.linalg.norm(W)


@given(
    rep=st.one_of(cases.orthogonal_representations(), cases.catalogue(), cases.non_compact_groups()),
    rng=cases.seeds(),
)
@pytest.mark.parametrize("kind", cases.DEFICIENT)
def test_zero_is_the_limit_from_the_right(kind, rep, rng):
    """Of all least-squares solutions the one with the least penalty."""
    assume(rep.dim > 1)
    data = cases.deficient_data(rep.dim, 2, rng, kind)
    path, A = hw.regularization_path(data.moments, rep), condition(rep, "generators")
    for r in (1, 2):
        found = path.at(0.0, rank=r)
        if not is_separated(found, r):
            continue
        W = oracles.least_penalty_regression(data.X, data.Y, A, r)
        # Directions with data have at least 1e-3 of the largest variance here.
        assert np.linalg.norm(found.coef - W) < 1e-9 * np.linalg.norm(W)


@pytest.mark.parametrize("seed", [14, 19, 21, 25])
def test_zero_is_the_limit_from_the_right_with_two_samples(seed):
    """The one direction with data is partly invariant; nothing else may pass for data."""
    rep = hw.groups.permutations(3)
    data = cases.deficient_data(3, 2, np.random.default_rng(seed), "few samples")
    path = hw.regularization_path(data.moments, rep)
    W = oracles.least_penalty_regression(data.X, data.Y, condition(rep, "generators"))
    assert np.linalg.norm(path.at(0.0).coef - W) < 1e-9 * np.linalg.norm(W)


def test_zero_leaves_alone_a_direction_without_data():
    """Two equal features, exchanged: only their sum has data, and it is invariant."""
    x = np.array([0.3, -1.2, 2.0, 0.1, 0.7])
    moments = hw.Moments.from_arrays(np.column_stack([x, x]), 3.0 * x + np.array([0.1, -0.2, 0.1, 0.0, 0.0]))
    rep = hw.groups.reflection(2)
    path = hw.regularization_path(moments, rep)
    hardwired = hw.solve(moments, rep, approach=hw.Hardwired())
    for alpha in (1.0, 1e-6, 0.0):
        np.testing.assert_allclose(path.at(alpha).coef, hardwired.coef, rtol=1e-12)
        assert path.at(alpha).loss == pytest.approx(hardwired.loss, rel=1e-12)


def test_zero_is_plain_on_full_rank_data_and_not_on_deficient_data():
    rng, rep = np.random.default_rng(0), hw.groups.reflection(4)
    full = cases.generic_data(4, 2, rng)
    plain = hw.solve(full.moments, rep, approach=hw.Plain())
    np.testing.assert_allclose(hw.regularization_path(full.moments, rep).at(0.0).coef, plain.coef, atol=1e-12)
    few = cases.generic_data(4, 2, rng, n_samples=4)
    path = hw.regularization_path(few.moments, rep)
    plain = hw.solve(few.moments, rep, approach=hw.Plain())
    assert path.is_minimum_norm or path.spectrum.size == 2
    assert np.linalg.norm(path.at(0.0).coef - plain.coef) > 1e-3 * np.linalg.norm(plain.coef)
    assert path.at(0.0).loss == pytest.approx(plain.loss, abs=1e-10)


@given(rep=representations(), rng=cases.seeds())
def test_infinity_is_exactly_hardwired(rep, rng):
    data = cases.generic_data(rep.dim, 2, rng)
    end = hw.regularization_path(data.moments, rep).at(math.inf)
    hardwired = hw.solve(data.moments, rep, approach=hw.Hardwired())
    np.testing.assert_array_equal(end.coef, hardwired.coef)
    assert end.invariance_gap == 0.0


@given(rep=representations(), rng=cases.seeds())
def test_penalty_falls_and_loss_rises_along_the_path(rep, rng):
    """Whatever the rank: a law of penalized minimization."""
    data, A = cases.generic_data(rep.dim, 2, rng), condition(rep, "generators")
    path = hw.regularization_path(data.moments, rep, rank=1)
    solutions = [path.at(alpha) for alpha in (*np.geomspace(1e-4, 1e4, 9), math.inf)]
    penalties = np.array([np.linalg.norm(s.coef @ A) ** 2 for s in solutions])
    losses = np.array([data.moments.loss(s.coef, s.intercept) for s in solutions])
    total = float(np.trace(data.moments.total))
    assert (np.diff(penalties) <= 1e-10 * (1 + penalties[0])).all()
    assert (np.diff(losses) >= -1e-10 * total).all()


def test_the_global_optimum_may_jump():
    """C₀ = I, B₀ = diag(1, 2), R = diag(0, 1), r = 1: σ² = {1, 4/(1 + alpha)} cross at alpha = 3."""
    flip = hw.SignedPermutation([0, 1], [1, -1])  # R = diag(0, 4), so the crossing is at 3/4
    C, B = np.eye(2), np.diag([1.0, 2.0])
    scatter = 10.0 * np.block([[C, B.T], [B, B @ B.T + C]])
    moments = hw.Moments(2, 10, 10.0, np.zeros(4), scatter)
    path = hw.regularization_path(moments, hw.Representation(2, (flip,)), rank=1)
    np.testing.assert_allclose(path.at(0.75 - 1e-6).coef, [[0, 0], [0, 0.5]], atol=1e-5)
    np.testing.assert_allclose(path.at(0.75 + 1e-6).coef, [[1, 0], [0, 0]], atol=1e-5)
    assert path.at(0.75 - 1e-6).is_unique
    assert not path.at(0.75).is_unique


def test_float32_and_repr():
    X = np.random.default_rng(0).standard_normal((30, 4)).astype(np.float32)
    path = hw.regularization_path(hw.Moments.from_arrays(X, X[:, :2]), hw.groups.cyclic_shifts(4), rank=1)
    assert path.at(0.1).coef.dtype == path.at(math.inf).intercept.dtype == np.float32
    assert repr(path) == "RegularizationPath(rank 1 of 2 targets, 3 penalized directions)"
    assert path.shape == (2, 4)


def test_everything_invariant_nothing_penalized():
    data = cases.generic_data(3, 2, np.random.default_rng(0))
    path = hw.regularization_path(data.moments, hw.groups.trivial(3))
    plain = hw.solve(data.moments, hw.groups.trivial(3), approach=hw.Plain())
    for alpha in (0.0, 1.0, math.inf):
        np.testing.assert_allclose(path.at(alpha).coef, plain.coef, atol=1e-13)


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_a_point_of_the_path_is_the_regularized_solution(fit_intercept):
    data = cases.generic_data(4, 2, np.random.default_rng(3))
    rep = hw.groups.cyclic_shifts(4)
    path = hw.regularization_path(data.moments, rep, fit_intercept=fit_intercept)
    for alpha in (0.3, math.inf):
        approach = hw.Regularized(alpha)
        found = path.at(alpha)
        expected = hw.solve(data.moments, rep, approach=approach, fit_intercept=fit_intercept)
        np.testing.assert_allclose(found.coef, expected.coef, atol=1e-12)
        np.testing.assert_allclose(found.intercept, expected.intercept, atol=1e-12)
        assert not found.is_minimum_norm


# Bad input.


def a_path() -> hw.RegularizationPath:
    data = cases.generic_data(4, 2, np.random.default_rng(0))
    return hw.regularization_path(data.moments, hw.groups.cyclic_shifts(4))


@pytest.mark.parametrize("alpha", [-1.0, math.nan, "0.1", None, True])
def test_alpha_out_of_range(alpha):
    with pytest.raises(hw.ParameterError) as caught:
        a_path().at(alpha)
    assert f"alpha must be a number ≥ 0, got {alpha!r}" in caught.value.what


@pytest.mark.parametrize("rank", [0, 3, 1.0])
def test_rank_out_of_range(rank):
    with pytest.raises(hw.ParameterError, match="rank must be an integer from 1 to 2"):
        a_path().at(1.0, rank=rank)
    data = cases.generic_data(4, 2, np.random.default_rng(0))
    with pytest.raises(hw.ParameterError, match="rank must be an integer from 1 to 2"):
        hw.regularization_path(data.moments, hw.groups.cyclic_shifts(4), rank=rank)


def test_path_checks_data_and_ridge_as_solve_does():
    data = cases.generic_data(4, 2, np.random.default_rng(0))
    with pytest.raises(hw.DataError, match="the data have 4 features"):
        hw.regularization_path(data.moments, hw.groups.cyclic_shifts(5))
    with pytest.raises(hw.ParameterError, match="ridge must be"):
        hw.regularization_path(data.moments, hw.groups.cyclic_shifts(4), ridge=-1.0)
    one = hw.Moments.from_arrays([[1.0] * 4], [1.0])
    with pytest.raises(hw.DataError, match="one sample is not enough"):
        hw.regularization_path(one, hw.groups.cyclic_shifts(4))
    with pytest.raises(hw.ParameterError, match="'generators' or 'projection'"):
        hw.regularization_path(data.moments, hw.groups.cyclic_shifts(4), penalty="ridge")


def test_gap_out_of_range():
    path = a_path()
    for gap in (-0.1, math.nan, "0.1", True):
        with pytest.raises(hw.ParameterError, match="the invariance gap must be a number ≥ 0"):
            path.alpha_for_gap(gap)
    assert math.isinf(path.alpha_for_gap(np.int64(0)))


def test_samples_and_names_are_told_what_to_give():
    data = cases.generic_data(4, 2, np.random.default_rng(0))
    samples = hw.Samples.from_arrays(data.X, data.Y)
    with pytest.raises(hw.ParameterError, match=r"got a Samples(?s:.*)samples.moments\(\)"):
        hw.regularization_path(samples, hw.groups.cyclic_shifts(4))
    with pytest.raises(hw.ParameterError, match="rep must be a Representation, got 'cyclic_shifts:4'"):
        hw.regularization_path(data.moments, "cyclic_shifts:4")


def test_projection_penalty_needs_a_compact_group():
    shear = hw.Representation(2, (hw.Matrix(cases.NON_COMPACT["shear"]),), name="shear")
    data = cases.generic_data(2, 1, np.random.default_rng(0))
    with pytest.raises(hw.NotCompactError, match="does not exist for shear"):
        hw.regularization_path(data.moments, shear, penalty="projection")


def test_a_penalty_that_drowns_in_rounding_errors():
    slow = cases.block_diagonal([cases.rotation(1e-9), cases.rotation(1.0)])
    rep = hw.Representation(4, (hw.Matrix(slow),), name="slow turn")
    with pytest.raises(hw.RepresentationError) as caught:
        penalty_frame(rep)
    assert "the penalty of slow turn is singular to working precision" in caught.value.what
    assert "so close to the identity" in caught.value.cause
    assert "penalty='projection'" in caught.value.remedy
