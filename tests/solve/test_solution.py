"""What a solution says of itself, its precision and units, and the smallest problems."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import haarwire as hw
import oracles
import strategies as cases
from haarwire.landscape import count_critical_points

APPROACHES = [hw.Plain(), hw.Hardwired(), hw.Augmented(), hw.Regularized(0.1)]
EACH = pytest.mark.parametrize("approach", APPROACHES, ids=lambda approach: approach.label)


def planted(C: np.ndarray, B: np.ndarray) -> hw.Moments:
    """Moments of ten samples with these covariances and mean 0."""
    T = B @ np.linalg.pinv(C) @ B.T + np.eye(len(B))
    scatter = 10.0 * np.block([[C, B.T], [B, T]])
    return hw.Moments(len(C), 10, 10.0, np.zeros(len(scatter)), scatter)


@pytest.mark.parametrize("rotated", [False, True], ids=["diagonal", "rotated"])
def test_ties_are_reported(rotated):
    """C = I, B = diag(1, 1, ½): σ_1 = σ_2 > σ_3, so only rank 1 has other minimizers."""
    C, B = np.eye(3), np.diag([1.0, 1.0, 0.5])
    if rotated:
        S = cases.random_basis(3, np.random.default_rng(0), 5.0)
        C, B = S @ S.T, cases.random_orthogonal(3, np.random.default_rng(1)) @ B @ S.T
    unique = [
        hw.solve(planted(C, B), hw.groups.trivial(3), rank=r, approach=hw.Plain()).is_unique
        for r in (1, 2, 3)
    ]
    assert unique == [False, True, True]


def test_close_is_not_tied():
    moments = planted(np.eye(2), np.diag([1.0, 1.0 - 1e-10]))
    assert hw.solve(moments, hw.groups.trivial(2), rank=1, approach=hw.Plain()).is_unique


def test_a_tie_among_zeros_is_no_tie():
    """σ = (1, 0, 0): at rank 2 nothing more can be explained."""
    moments = planted(np.eye(3), np.diag([1.0, 0.0, 0.0]))
    for r in (1, 2, 3):
        solution = hw.solve(moments, hw.groups.trivial(3), rank=r, approach=hw.Plain())
        assert (solution.is_unique, solution.rank, solution.n_modes) == (True, 1, 1)


@EACH
def test_one_hot_targets_have_one_mode_less_than_classes(approach):
    rng = np.random.default_rng(0)
    X, labels = rng.standard_normal((80, 8)), rng.integers(0, 4, 80)
    moments = hw.Moments.from_arrays(X, np.eye(4)[labels])
    rep = hw.groups.reflection(8)  # d = 4
    solution = hw.solve(moments, rep, approach=approach)
    assert (solution.n_modes, solution.rank) == (3, 3)
    assert hw.solve(moments, rep, rank=2, approach=approach).rank == 2
    without = hw.solve(moments, rep, approach=approach, fit_intercept=False)
    assert without.n_modes == 4
    np.testing.assert_array_equal(without.intercept, 0.0)


@pytest.mark.parametrize("approach", [hw.Hardwired(), hw.Augmented()], ids=lambda approach: approach.label)
def test_rank_is_bounded_by_the_invariants(approach):
    data = cases.generic_data(5, 3, np.random.default_rng(0))
    solution = hw.solve(data.moments, hw.groups.cyclic_shifts(5), rank=3, approach=approach)
    assert (solution.rank, solution.n_modes, solution.is_unique) == (1, 1, True)
    assert np.linalg.matrix_rank(solution.coef) == 1


def test_loss_by_rank_is_the_tail_of_the_spectrum():
    data = cases.generic_data(5, 4, np.random.default_rng(0))
    total = np.trace(data.moments.total)
    solutions = [
        hw.solve(data.moments, hw.groups.trivial(5), rank=r, approach=hw.Plain()) for r in (1, 2, 3, 4)
    ]
    for r, solution in enumerate(solutions, start=1):
        assert solution.loss == pytest.approx(total - (solution.singular_values[:r] ** 2).sum(), rel=1e-13)
        loss = oracles.squared_loss(data.X, data.Y, solution.coef, solution.intercept)
        assert solution.loss == pytest.approx(loss, rel=1e-12)
        assert data.moments.loss(solution.coef, solution.intercept) == pytest.approx(loss, rel=1e-12)
        np.testing.assert_allclose(
            solution.predict(data.X), data.X @ solution.coef.T + solution.intercept, rtol=1e-14
        )


@EACH
def test_float32_in_float32_out(approach):
    data, rep = cases.generic_data(6, 2, np.random.default_rng(0)), hw.groups.reflection(6)
    X, Y = data.X.astype(np.float32), data.Y.astype(np.float32)
    single = hw.solve(hw.Moments.from_arrays(X, Y), rep, rank=1, approach=approach)
    assert single.coef.dtype == single.intercept.dtype == single.predict(X).dtype == np.float32
    double = hw.solve(
        hw.Moments.from_arrays(X.astype(float), Y.astype(float)), rep, rank=1, approach=approach
    )
    assert double.coef.dtype == double.intercept.dtype == double.predict(data.X).dtype == np.float64
    # Products of float32 numbers are exact in float64, so only the result is rounded.
    np.testing.assert_allclose(single.coef, double.coef, rtol=1e-6, atol=1e-6 * np.abs(double.coef).max())


def test_integers_are_predicted_in_the_model_s_precision():
    data = cases.generic_data(3, 1, np.random.default_rng(0))
    solution = hw.solve(data.moments, hw.groups.trivial(3), approach=hw.Plain())
    X = np.array([[1, 2, 3], [4, 5, 6]])
    np.testing.assert_allclose(solution.predict(X), X @ solution.coef.T + solution.intercept, rtol=1e-15)
    assert solution.predict(X).dtype == np.float64
    np.testing.assert_array_equal(solution.predict([[1.0, 2.0, 3.0]]), solution.predict(X[:1]))
    single = hw.solve(
        hw.Moments.from_arrays(data.X.astype(np.float32), data.Y.astype(np.float32)),
        hw.groups.trivial(3),
        approach=hw.Plain(),
    )
    assert single.predict(X).dtype == single.predict(X.astype(np.float32)).dtype == np.float32
    assert single.predict(X.astype(np.float64)).dtype == np.float64


@given(rng=cases.seeds(), n=st.integers(2, 6), fit_intercept=st.booleans())
def test_plain_does_not_care_about_units(rng, n, fit_intercept):
    """Columns in units 1e±6: W D is the solution in ordinary units, found by lstsq there."""
    data = cases.generic_data(n, 1, rng)
    D = 10.0 ** rng.permutation(np.linspace(-6.0, 6.0, n))
    moments = hw.Moments.from_arrays(data.X * D, data.Y)
    found = hw.solve(moments, hw.groups.trivial(n), approach=hw.Plain(), fit_intercept=fit_intercept)
    W, b = oracles.reduced_rank_regression(data.X, data.Y, fit_intercept=fit_intercept)
    np.testing.assert_allclose(found.coef * D, W, atol=1e-11 * np.linalg.norm(W))
    np.testing.assert_allclose(found.intercept, b, atol=1e-11 * np.linalg.norm(data.Y))
    assert not found.is_minimum_norm


@given(rng=cases.seeds())
@pytest.mark.parametrize("approach", [hw.Hardwired(), hw.Augmented()], ids=lambda approach: approach.label)
def test_symmetric_approaches_do_not_care_about_units_that_respect_the_symmetry(approach, rng):
    rep = hw.groups.permutations_of_sets(3, 4)
    data = cases.generic_data(12, 2, rng)
    D = np.tile(10.0 ** rng.permutation([-6.0, -2.0, 1.0, 6.0]), 3)
    ordinary = hw.solve(data.moments, rep, approach=approach)
    scaled = hw.solve(hw.Moments.from_arrays(data.X * D, data.Y), rep, approach=approach)
    size = np.linalg.norm(ordinary.coef)
    np.testing.assert_allclose(scaled.coef * D, ordinary.coef, atol=1e-11 * size)
    assert scaled.loss == pytest.approx(ordinary.loss, rel=1e-11)


@given(rng=cases.seeds(), n=st.integers(2, 30), total=st.sampled_from([1.0, 100.0, 1e6]))
@pytest.mark.parametrize("approach", [hw.Hardwired(), hw.Augmented()], ids=lambda approach: approach.label)
def test_compositions_under_all_permutations_leave_nothing_to_learn(approach, rng, n, total):
    """The one invariant feature, the sum, is constant: coefficients 0 up to rounding, intercept ȳ."""
    X = total * rng.dirichlet(np.ones(n), 50)
    y = rng.standard_normal(50)
    solution = hw.solve(hw.Moments.from_arrays(X, y), hw.groups.permutations(n), approach=approach)
    # Harmless: even over the whole simplex the prediction changes by rounding only.
    assert np.abs(solution.coef).max() * total < 1e-10
    np.testing.assert_allclose(solution.intercept, y.mean(), atol=1e-10)
    assert solution.n_modes == 0
    assert solution.loss == pytest.approx(y.var(), rel=1e-12)


def two_compositions(seed: int) -> tuple[hw.Representation, cases.Data]:
    """Two orbits whose sums add to 1: the two invariant features are collinear."""
    rng = np.random.default_rng(seed)
    a, b = rng.integers(1, 5, 2)
    cycle = np.concatenate([np.roll(np.arange(a), 1), a + np.roll(np.arange(b), 1)])
    X = rng.dirichlet(np.ones(a + b), 40) * 10.0 ** int(rng.integers(-3, 4))
    rep = hw.Representation(int(a + b), (hw.Permutation(cycle),))
    return rep, cases.Data(X, rng.standard_normal((40, 2)))


@pytest.mark.parametrize("approach", [hw.Hardwired(), hw.Augmented()], ids=lambda approach: approach.label)
def test_compositions_of_two_orbits_are_collinear(approach):
    """The minimum-norm solution, whatever rounding leaves of the constant sum."""
    for seed in range(60):
        rep, data = two_compositions(seed)
        Q = oracles.invariants_by_null_space(cases.dense_generators(rep), [], rep.dim)
        W, _ = oracles.hardwired_regression(data.X, data.Y, Q)
        found = hw.solve(data.moments, rep, approach=approach)
        assert found.is_minimum_norm, seed
        assert np.linalg.norm(found.coef - W) < 1e-9 * np.linalg.norm(W), seed


@pytest.mark.parametrize(
    "generator",
    [hw.Matrix(-np.eye(3)), hw.SignedPermutation([0, 1, 2], [-1, -1, -1])],
    ids=["matrix", "signs"],
)
@pytest.mark.parametrize("approach", [hw.Hardwired(), hw.Augmented(), hw.Regularized(np.inf)])
def test_no_invariants_no_coefficients(approach, generator):
    data = cases.generic_data(3, 2, np.random.default_rng(0))
    solution = hw.solve(data.moments, hw.Representation(3, (generator,)), approach=approach)
    np.testing.assert_allclose(solution.coef, np.zeros((2, 3)), atol=1e-15)
    np.testing.assert_allclose(solution.intercept, data.Y.mean(axis=0), rtol=1e-14)
    assert (solution.rank, solution.n_modes, solution.is_unique) == (0, 0, True)
    assert solution.loss == pytest.approx(np.trace(data.moments.total), rel=1e-14)


@pytest.mark.parametrize(("n", "m"), [(2, 5), (1, 3), (1, 1), (4, 1)])
@EACH
def test_more_targets_than_features_and_the_smallest_sizes(approach, n, m):
    data = cases.generic_data(n, m, np.random.default_rng(n + m))
    rep = hw.groups.reflection(n)
    solution = hw.solve(data.moments, rep, approach=approach)
    assert solution.coef.shape == (m, n)
    assert solution.intercept.shape == (m,)
    d = (n + 1) // 2 if approach == hw.Hardwired() else n
    assert solution.singular_values.shape == (min(m, d),)
    assert solution.predict(data.X).shape == data.Y.shape
    if n == 1:
        W, b = oracles.reduced_rank_regression(data.X, data.Y)
        np.testing.assert_allclose(solution.coef, W, rtol=1e-12)
        np.testing.assert_allclose(solution.intercept, b, rtol=1e-10)


def test_one_sample_will_do_without_intercept():
    moments = hw.Moments.from_arrays([[1.0, 2.0]], [[5.0]])
    solution = hw.solve(moments, hw.groups.trivial(2), approach=hw.Plain(), fit_intercept=False)
    np.testing.assert_allclose(solution.coef, [[1.0, 2.0]], rtol=1e-14)
    assert solution.is_minimum_norm


def test_constant_targets_will_do_without_intercept():
    moments = hw.Moments.from_arrays([[1.0], [1.0], [2.0]], [3.0, 3.0, 3.0])
    solution = hw.solve(moments, hw.groups.trivial(1), approach=hw.Plain(), fit_intercept=False)
    np.testing.assert_allclose(solution.coef, [[2.0]], rtol=1e-14)


def test_constant_inputs_teach_nothing():
    moments = hw.Moments.from_arrays(np.full((5, 2), 3.0), np.arange(5.0))
    for approach in APPROACHES:
        solution = hw.solve(moments, hw.groups.reflection(2), approach=approach)
        np.testing.assert_array_equal(solution.coef, 0.0)
        np.testing.assert_allclose(solution.intercept, 2.0)
        assert solution.n_modes == 0
        assert solution.relative_invariance_gap == 0.0


@pytest.mark.parametrize("target", [None, hw.groups.reflection(2)], ids=["invariant", "equivariant"])
@EACH
def test_what_single_precision_cannot_tell_from_zero(approach, target):
    """Sums and differences of pairs that agree to 1e-5: of their squares, 1e-10, float32 knows nothing."""
    rng = np.random.default_rng(0)
    rep = hw.groups.reflection(4)
    X = rng.standard_normal((50, 4))
    X[:, 1:3] = X[:, [0, 3]] + 1e-5 * rng.standard_normal((50, 2))
    exact = hw.Moments.from_arrays(X, rng.standard_normal((50, 2)))
    coarse = replace(exact, eps=float(np.finfo(np.float32).eps))
    if isinstance(approach, hw.Regularized):
        approach = hw.Regularized(1e-12)
    assert not hw.solve(exact, rep, approach=approach, target=target).is_minimum_norm
    found = hw.solve(coarse, rep, approach=approach, target=target)
    assert found.is_minimum_norm
    # The least-norm solution shares alike between the two of a pair.
    np.testing.assert_allclose(found.coef[:, [0, 3]], found.coef[:, [1, 2]], rtol=1e-3)


def test_repr_is_short():
    data = cases.generic_data(3, 1, np.random.default_rng(0))
    text = repr(hw.solve(data.moments, hw.groups.reflection(3), approach=hw.Regularized(0.5)))
    assert "rank=1" in text
    assert "Regularized(alpha=0.5" in text
    assert "array" not in text


# How many critical points.


@pytest.mark.parametrize(
    ("n_modes", "rank", "count"),
    [(4, 2, 6), (4, 4, 1), (4, 9, 1), (0, 1, 1), (9, 1, 9), (1000, 500, None)],
)
def test_count_critical_points(n_modes, rank, count):
    if count is None:  # exact, far beyond floating point: by Pascal's rule
        count = count_critical_points(n_modes - 1, rank) + count_critical_points(n_modes - 1, rank - 1)
        assert count > 10**299
    assert count_critical_points(n_modes, rank) == count
