"""The four approaches against textbook regression on samples, and the theorems between them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import haarwire as hw
import oracles
import strategies as cases

EVERY = pytest.mark.parametrize("rep", cases.CATALOGUE.values(), ids=cases.CATALOGUE.keys())
INTERCEPT = pytest.mark.parametrize("fit_intercept", [True, False], ids=["intercept", "no intercept"])


def condition(rep: hw.Representation) -> np.ndarray:
    dense = [np.asarray(L) for L in rep.algebra]
    return oracles.condition_matrix(cases.dense_generators(rep), dense, rep.dim)


def basis(rep: hw.Representation) -> np.ndarray:
    dense = [np.asarray(L) for L in rep.algebra]
    return oracles.invariants_by_null_space(cases.dense_generators(rep), dense, rep.dim)


def elements(rep: hw.Representation) -> np.ndarray:
    return oracles.enumerate_group(cases.dense_generators(rep), rep.dim)


def is_separated(solution: hw.Solution, rank: int) -> bool:
    """Whether σ_r² − σ_{r+1}² is more than 1e-3 of σ_1²: a rounding error grows by at most 1e3."""
    squared = np.append(solution.singular_values, 0.0) ** 2
    return rank >= solution.n_modes or bool(squared[rank - 1] - squared[rank] > 1e-3 * squared[0])


def ranks(data: cases.Data) -> range:
    return range(1, min(data.X.shape[1], data.Y.shape[1]) + 1)


def assert_close(found: np.ndarray, true: np.ndarray, rtol: float, size: float) -> None:
    assert np.linalg.norm(found - true) <= rtol * size


def size_of(data: cases.Data) -> float:
    """A scale for coefficients that may be zero: spread of the targets over spread of the inputs."""
    return float(np.linalg.norm(data.Y - data.Y.mean(axis=0)) / np.linalg.norm(data.X - data.X.mean(axis=0)))


# Against oracles, on samples.


@given(rng=cases.seeds(), n=st.integers(1, 6), m=st.integers(1, 4), ridge=st.sampled_from([0.0, 0.3]))
@INTERCEPT
def test_plain(fit_intercept, rng, n, m, ridge):
    data, rep = cases.generic_data(n, m, rng), hw.groups.trivial(n)
    for r in (*ranks(data), None):
        found = hw.solve(
            data.moments, rep, rank=r, approach=hw.Plain(), ridge=ridge, fit_intercept=fit_intercept
        )
        assume(is_separated(found, r or m))
        W, b = oracles.reduced_rank_regression(data.X, data.Y, r, ridge=ridge, fit_intercept=fit_intercept)
        # Condition of the gram ≤ 1e3, gaps ≥ 1e-3: 1e-10 is eps·1e6.
        assert_close(found.coef, W, 1e-10, np.linalg.norm(W))
        np.testing.assert_allclose(found.intercept, b, atol=1e-10 * np.linalg.norm(data.Y))
        expected = oracles.squared_loss(data.X, data.Y, W, b) + ridge * np.linalg.norm(W) ** 2
        assert found.loss == pytest.approx(expected, rel=1e-11)


@given(
    rep=st.one_of(cases.finite_representations(), cases.catalogue(), cases.non_compact_groups()),
    rng=cases.seeds(),
    m=st.integers(1, 4),
    ridge=st.sampled_from([0.0, 0.3]),
)
@INTERCEPT
def test_hardwired(fit_intercept, rep, rng, m, ridge):
    data, Q = cases.generic_data(rep.dim, m, rng), basis(rep)
    for r in (*ranks(data), None):
        found = hw.solve(
            data.moments, rep, rank=r, approach=hw.Hardwired(), ridge=ridge, fit_intercept=fit_intercept
        )
        assume(is_separated(found, r or m))
        W, b = oracles.hardwired_regression(data.X, data.Y, Q, r, ridge=ridge, fit_intercept=fit_intercept)
        assert_close(found.coef, W, 1e-10, size_of(data) + np.linalg.norm(W))
        np.testing.assert_allclose(found.intercept, b, atol=1e-10 * np.linalg.norm(data.Y))
        expected = oracles.squared_loss(data.X, data.Y, W, b) + ridge * np.linalg.norm(W) ** 2
        assert found.loss == pytest.approx(expected, rel=1e-11)
        assert found.invariance_gap == 0.0


def check_augmented(rep: hw.Representation, data: cases.Data, *, fit_intercept: bool, ridge: float) -> None:
    X, Y = oracles.augmented_data(data.X, data.Y, elements(rep))
    for r in ranks(data):
        found = hw.solve(
            data.moments, rep, rank=r, approach=hw.Augmented(), ridge=ridge, fit_intercept=fit_intercept
        )
        if not is_separated(found, r):
            continue
        W, b = oracles.reduced_rank_regression(X, Y, r, ridge=ridge, fit_intercept=fit_intercept)
        size = size_of(data) + np.linalg.norm(W)
        assert_close(found.coef, W, 1e-10, size)
        np.testing.assert_allclose(found.intercept, b, atol=1e-9 * np.linalg.norm(Y) / len(elements(rep)))
        expected = oracles.squared_loss(X, Y, W, b) + ridge * np.linalg.norm(W) ** 2
        assert found.loss == pytest.approx(expected, rel=1e-9)


@EVERY
@INTERCEPT
def test_augmented_catalogue(fit_intercept, rep):
    data = cases.generic_data(rep.dim, 2, np.random.default_rng(rep.dim))
    check_augmented(rep, data, fit_intercept=fit_intercept, ridge=0.0)


@given(rep=cases.finite_representations(), rng=cases.seeds(), ridge=st.sampled_from([0.0, 0.3]))
@INTERCEPT
def test_augmented(fit_intercept, rep, rng, ridge):
    assume(len(elements(rep)) <= 60)
    check_augmented(rep, cases.generic_data(rep.dim, 3, rng), fit_intercept=fit_intercept, ridge=ridge)


@given(
    rep=st.one_of(
        cases.finite_representations(),
        cases.catalogue(),
        cases.non_compact_groups(),
        cases.circles().map(lambda circle: circle.rep),
    ),
    rng=cases.seeds(),
    m=st.integers(1, 3),
    alpha=st.sampled_from([1e-3, 0.3, 10.0]),
    ridge=st.sampled_from([0.0, 0.3]),
)
@INTERCEPT
def test_regularized(fit_intercept, rep, rng, m, alpha, ridge):
    data, A = cases.generic_data(rep.dim, m, rng), condition(rep)
    # ‖A‖² is up to 50⁴: the condition number of C + alpha·R is then 1e8 and more, which no tolerance
    # for the coefficients survives; such cases are left to the path tests.
    alpha /= max(1.0, float(np.linalg.norm(A)) ** 2)
    for r in (*ranks(data), None):
        approach = hw.Regularized(alpha)
        found = hw.solve(
            data.moments, rep, rank=r, approach=approach, ridge=ridge, fit_intercept=fit_intercept
        )
        assume(is_separated(found, r or m))
        W, b = oracles.reduced_rank_regression(
            data.X, data.Y, r, ridge=ridge, alpha=alpha, A=A, fit_intercept=fit_intercept
        )
        assert_close(found.coef, W, 1e-10, np.linalg.norm(W))
        np.testing.assert_allclose(found.intercept, b, atol=1e-10 * np.linalg.norm(data.Y))
        penalty = alpha * np.linalg.norm(W @ A) ** 2 + ridge * np.linalg.norm(W) ** 2
        assert found.loss == pytest.approx(oracles.squared_loss(data.X, data.Y, W, b) + penalty, rel=1e-10)
        Q = basis(rep)
        assert found.invariance_gap == pytest.approx(np.linalg.norm(W - W @ Q @ Q.T), rel=1e-8, abs=1e-10)
        relative = found.invariance_gap / np.linalg.norm(found.coef)
        assert found.relative_invariance_gap == pytest.approx(relative, abs=1e-15)


@given(rep=st.one_of(cases.finite_representations(), cases.catalogue()), rng=cases.seeds())
def test_regularized_by_the_projection_penalty(rep, rng):
    data, group = cases.generic_data(rep.dim, 2, rng), elements(rep)
    A = np.eye(rep.dim) - oracles.reynolds_by_enumeration(group)
    alpha = 0.3 / max(1.0, float(np.linalg.norm(A)) ** 2)
    found = hw.solve(data.moments, rep, approach=hw.Regularized(alpha, "projection"))
    W, b = oracles.reduced_rank_regression(data.X, data.Y, alpha=alpha, A=A)
    assert_close(found.coef, W, 1e-10, np.linalg.norm(W))
    np.testing.assert_allclose(found.intercept, b, atol=1e-10 * np.linalg.norm(data.Y))


# Rank-deficient data: the minimum-norm solution.


@given(rng=cases.seeds(), n=st.integers(2, 7), kind=st.sampled_from(cases.DEFICIENT))
def test_plain_is_minimum_norm_on_deficient_data(rng, n, kind):
    data = cases.deficient_data(n, 2, rng, kind)
    for r in (1, 2):
        found = hw.solve(data.moments, hw.groups.trivial(n), rank=r, approach=hw.Plain())
        assume(is_separated(found, r))
        W, b = oracles.reduced_rank_regression(data.X, data.Y, r)
        assert_close(found.coef, W, 1e-9, np.linalg.norm(W))
        assert_close(found.intercept, b, 1e-9, np.linalg.norm(data.Y))
        assert found.is_minimum_norm


@given(rep=st.one_of(cases.orthogonal_representations(), cases.catalogue()), rng=cases.seeds())
@pytest.mark.parametrize("kind", cases.DEFICIENT)
def test_hardwired_is_minimum_norm_on_deficient_data(kind, rep, rng):
    assume(rep.dim > 1)
    data = cases.deficient_data(rep.dim, 2, rng, kind)
    for r in (1, 2):
        found = hw.solve(data.moments, rep, rank=r, approach=hw.Hardwired())
        assume(is_separated(found, r))
        W, _ = oracles.hardwired_regression(data.X, data.Y, basis(rep), r)
        assert_close(found.coef, W, 1e-9, size_of(data) + np.linalg.norm(W))


# Hard-wired = augmented.


def check_theorem(
    rep: hw.Representation, data: cases.Data, *, fit_intercept: bool = True, ridge: float = 0.0
) -> None:
    """The same map, intercept and uniqueness at every rank; and, without penalty, the same modes."""
    for r in ranks(data):
        hardwired, augmented = (
            hw.solve(data.moments, rep, rank=r, approach=a, ridge=ridge, fit_intercept=fit_intercept)
            for a in (hw.Hardwired(), hw.Augmented())
        )
        k = min(hardwired.singular_values.size, augmented.singular_values.size)
        largest = float(hardwired.singular_values.max(initial=0.0)) + 1e-12
        np.testing.assert_allclose(
            augmented.singular_values[:k], hardwired.singular_values[:k], atol=1e-7 * largest
        )
        if not is_separated(hardwired, r):
            continue
        size = size_of(data) + np.linalg.norm(hardwired.coef)
        assert_close(augmented.coef, hardwired.coef, 1e-10, size)
        assert augmented.invariance_gap < 1e-10 * size
        spread = np.linalg.norm(data.X.mean(axis=0)) + np.linalg.norm(data.X - data.X.mean(axis=0))
        assert_close(augmented.intercept, hardwired.intercept, 1e-10, size * spread)


@EVERY
@INTERCEPT
@pytest.mark.parametrize("ridge", [0.0, 0.5])
def test_theorem_over_the_catalogue(ridge, fit_intercept, rep):
    data = cases.generic_data(rep.dim, 4, np.random.default_rng(rep.dim))
    check_theorem(rep, data, fit_intercept=fit_intercept, ridge=ridge)


@given(rep=cases.orthogonal_representations(), rng=cases.seeds(), ridge=st.sampled_from([0.0, 0.5]))
@INTERCEPT
def test_theorem_for_orthogonal_representations(fit_intercept, rep, rng, ridge):
    check_theorem(rep, cases.generic_data(rep.dim, 3, rng), fit_intercept=fit_intercept, ridge=ridge)


@given(rep=cases.skewed_groups(), rng=cases.seeds())
@INTERCEPT
def test_theorem_for_other_representations(fit_intercept, rep, rng):
    check_theorem(rep, cases.generic_data(rep.dim, 3, rng), fit_intercept=fit_intercept)


@given(circle=cases.circles(), rng=cases.seeds())
def test_theorem_for_the_circle(circle, rng):
    check_theorem(circle.rep, cases.generic_data(circle.rep.dim, 3, rng))


@given(rep=st.one_of(cases.orthogonal_representations(), cases.catalogue()), rng=cases.seeds())
@pytest.mark.parametrize("kind", cases.DEFICIENT)
def test_theorem_on_deficient_data(kind, rep, rng):
    assume(rep.dim > 1)
    check_theorem(rep, cases.deficient_data(rep.dim, 2, rng, kind))


def test_theorem_on_a_constant_feature_that_generators_given_as_matrices_leave_alone():
    """Rounding in x̄ − P̄x̄ must not become a feature."""
    rng = np.random.default_rng(1)
    U = cases.random_orthogonal(2, rng)
    rep = hw.Representation(2, (hw.Matrix(U @ U.T),))  # the identity, up to rounding
    X = rng.standard_normal((30, 2))
    X[:, 1] = 3.0
    check_theorem(rep, cases.Data(X, X[:, :1] + rng.standard_normal((30, 1))))


@given(rep=st.one_of(cases.orthogonal_representations(), cases.catalogue()), rng=cases.seeds())
def test_theorem_far_from_the_origin(rep, rng):
    """A mean 1e6 times the spread that the group leaves alone, as the brightness of images is.

    The samples themselves are rounded to 1e6·eps = 2e-10 of the spread, and so are the coefficients.
    """
    data = cases.generic_data(rep.dim, 1, rng)
    far = oracles.reynolds_by_enumeration(elements(rep)) @ np.full(rep.dim, 1e6)
    data = cases.Data(data.X + far, data.Y)
    hardwired, augmented = (hw.solve(data.moments, rep, approach=a) for a in (hw.Hardwired(), hw.Augmented()))
    assert_close(augmented.coef, hardwired.coef, 1e-8, size_of(data))


@given(rep=cases.catalogue(), rng=cases.seeds())
def test_theorem_far_from_the_origin_in_a_direction_that_moves(rep, rng):
    """There a mean 1e4 times the spread makes an augmented gram of condition 1e8: n·eps·1e8 is left.

    The hard-wired problem knows nothing of it.
    """
    near = cases.generic_data(rep.dim, 1, rng)
    shift = rng.choice([-1e4, 1e4], rep.dim)
    data = cases.Data(near.X + shift, near.Y)
    hardwired, augmented = (hw.solve(data.moments, rep, approach=a) for a in (hw.Hardwired(), hw.Augmented()))
    same = hw.solve(near.moments, rep, approach=hw.Hardwired())
    size = size_of(data)
    assert_close(hardwired.coef, same.coef, 1e-9, size)
    assert_close(augmented.coef, hardwired.coef, 4 * rep.dim * np.finfo(float).eps * 1e8, size)


def test_ridge_breaks_the_theorem_for_non_orthogonal_representations():
    """Documented: ‖W‖² is not an invariant penalty there. Without the ridge the two agree."""
    rep = hw.Representation(2, (hw.Matrix([[1.0, 1.0], [0.0, -1.0]]),))
    data = cases.generic_data(2, 1, np.random.default_rng(0))
    for ridge in (0.0, 1.0):
        hardwired, augmented = (
            hw.solve(data.moments, rep, approach=a, ridge=ridge) for a in (hw.Hardwired(), hw.Augmented())
        )
        difference = np.linalg.norm(hardwired.coef - augmented.coef) / np.linalg.norm(hardwired.coef)
        assert (difference < 1e-12) if ridge == 0.0 else (difference > 0.01)
    assert augmented.relative_invariance_gap > 0.01
    check_augmented(rep, data, fit_intercept=True, ridge=1.0)
    check_augmented(rep, data, fit_intercept=False, ridge=1.0)


def test_singular_augmented_gram_breaks_the_theorem_for_non_orthogonal_representations():
    """Documented: data along the fixed vector (1, 0) stay where they are; the minimum-norm fit w = (1, 0)
    is not invariant, the invariant one is (1, 1/2), and both fit alike."""
    rep = hw.Representation(2, (hw.Matrix([[1.0, 1.0], [0.0, -1.0]]),))
    X = np.array([[1.0, 0.0], [2.0, 0.0], [4.0, 0.0]])
    moments = hw.Moments.from_arrays(X, X[:, 0])
    hardwired, augmented = (hw.solve(moments, rep, approach=a) for a in (hw.Hardwired(), hw.Augmented()))
    np.testing.assert_allclose(hardwired.coef, [[1.0, 0.5]], atol=1e-14)
    np.testing.assert_allclose(augmented.coef, [[1.0, 0.0]], atol=1e-14)
    assert augmented.is_minimum_norm
    assert augmented.loss == pytest.approx(0.0, abs=1e-14)
    assert hardwired.loss == pytest.approx(0.0, abs=1e-14)


# The ends of the penalty.


@given(rep=st.one_of(cases.finite_representations(), cases.non_compact_groups()), rng=cases.seeds())
@pytest.mark.parametrize("penalty", ["generators", "projection"])
def test_the_ends_are_plain_and_hardwired(penalty, rep, rng):
    assume(penalty == "generators" or rep.is_compact)
    data = cases.generic_data(rep.dim, 3, rng)
    for r in ranks(data):
        for alpha, approach in ((0.0, hw.Plain()), (math.inf, hw.Hardwired())):
            end = hw.solve(data.moments, rep, rank=r, approach=hw.Regularized(alpha, penalty), ridge=0.1)
            same = hw.solve(data.moments, rep, rank=r, approach=approach, ridge=0.1)
            np.testing.assert_array_equal(end.coef, same.coef)
            np.testing.assert_array_equal(end.intercept, same.intercept)
            assert (end.loss, end.n_modes, end.is_unique) == (same.loss, same.n_modes, same.is_unique)
            assert end.approach == hw.Regularized(alpha, penalty)


@given(
    rep=st.one_of(cases.orthogonal_groups(), cases.catalogue(), cases.non_compact_groups()),
    rng=cases.seeds(),
    penalty=st.sampled_from(["generators", "projection"]),
)
def test_regularized_tends_to_hardwired_like_one_over_alpha(rep, rng, penalty):
    """Slope −1 on log–log axes: the next term is smaller by c/alpha ≤ 1e-3 or so."""
    assume(penalty == "generators" or rep.is_compact)
    subspace = hw.invariant_subspace(rep)
    assume(subspace.dim < rep.dim)
    data = cases.generic_data(rep.dim, 2, rng)
    path = hw.regularization_path(data.moments, rep, penalty=penalty)
    alphas = np.geomspace(1e4, 1e7, 7) * max(1.0, path.spectrum[-1])
    for r in ranks(data):
        limit = hw.solve(data.moments, rep, rank=r, approach=hw.Hardwired())
        # A tie at infinity among the zeros beyond d is a kink of the reduced-rank path.
        if not (r <= limit.n_modes and is_separated(limit, r)):
            continue
        errors = [np.linalg.norm(path.at(a, rank=r).coef - limit.coef) for a in alphas]
        slope = np.polyfit(np.log(alphas), np.log(errors), 1)[0]
        assert -1.02 <= slope <= -0.98


# Nothing of the same rank does better.


@given(
    rep=st.one_of(cases.finite_representations(), cases.catalogue()),
    rng=cases.seeds(),
    approach=st.sampled_from([hw.Plain(), hw.Hardwired(), hw.Augmented(), hw.Regularized(0.1)]),
)
def test_the_loss_is_the_least_of_its_rank(rep, rng, approach):
    data = cases.generic_data(rep.dim, 3, rng)
    problem = approach.problem(data.moments, rep)
    k = problem.gram.shape[0]
    assume(k > 0)
    for r in ranks(data):
        found = hw.solve(data.moments, rep, rank=r, approach=approach)
        assert np.linalg.matrix_rank(found.coef, tol=1e-9 * size_of(data)) <= r
        V = found.coef if problem.setting.embedding is None else found.coef @ basis_of(problem)
        assert problem.loss(V) == pytest.approx(found.loss, rel=1e-8)
        s = min(r, k)
        U, sigma, Vt = np.linalg.svd(V, full_matrices=False)
        left, right = U[:, :s] * sigma[:s], Vt[:s]
        for step in (1e-3, 1e-1, 1.0):
            for _ in range(5):
                moved = left + step * rng.standard_normal(left.shape)
                moved_right = right + step * rng.standard_normal(right.shape)
                # The loss is a difference of numbers of the size of tr(T).
                slack = 1e-12 * (1.0 + problem.setting.total)
                assert problem.loss(moved @ moved_right) >= found.loss - slack


def basis_of(problem):
    return problem.setting.embedding.basis


@pytest.mark.parametrize("seed", range(4))
def test_alternating_least_squares_from_random_starts_finds_nothing_better(seed):
    rng = np.random.default_rng(seed)
    data = cases.generic_data(5, 4, rng)
    Xc, Yc = data.X - data.X.mean(axis=0), data.Y - data.Y.mean(axis=0)
    for r in (1, 2, 3):
        found = hw.solve(data.moments, hw.groups.trivial(5), rank=r, approach=hw.Plain())
        descents = [oracles.alternating_least_squares(Xc, Yc, r, rng, steps=300) for _ in range(4)]
        losses = np.array([oracles.squared_loss(Xc, Yc, W) for W in descents])
        assert (losses >= found.loss * (1 - 1e-12)).all()
        # It is the same descent that must come near, or the test says nothing.
        assert losses.min() == pytest.approx(found.loss, rel=1e-2)
