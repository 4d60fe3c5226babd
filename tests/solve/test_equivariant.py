"""`solve` with a target representation, against augmented data, dense least squares and random starts."""

from __future__ import annotations

import math
from itertools import pairwise

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

import haarwire as hw
from haarwire.solve.affine import affine_loss
from haarwire.solve.equivariant import EquivariantTask, solve_equivariant
from haarwire.solve.intertwining import Intertwining
from oracles import enumerate_group, reduced_rank_regression
from strategies import (
    FINITE_GROUPS,
    block_diagonal,
    catalogue,
    deficient_data,
    dense_generators,
    generic_data,
    random_basis,
    random_orthogonal,
)


class Problem:
    """A source, a target, and data; hypothesis shows it by its seed."""

    def __init__(self, source: hw.Representation, target: hw.Representation, seed: int) -> None:
        self.source, self.target, self.seed = source, target, seed
        self.data = generic_data(source.dim, target.dim, np.random.default_rng(seed))

    def __repr__(self) -> str:
        return f"{self.source!r} → {self.target!r}, seed {self.seed}"

    def __iter__(self):
        return iter((self.source, self.target, self.data))


@st.composite
def problems(draw: st.DrawFn, source: str = "any", target: str = "orthogonal") -> Problem:
    """Source and target representations of a finite group with shared irreducibles, and data."""
    group = draw(st.sampled_from(sorted(FINITE_GROUPS)))
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    available = FINITE_GROUPS[group]
    reps = []
    for kind, most in ((source, 4), (target, 3)):
        chosen = rng.integers(0, len(available), rng.integers(2, most + 1)).tolist()
        mats = [block_diagonal([available[i][k] for i in chosen]) for k in range(len(available[0]))]
        skewed = kind == "skewed" or (kind == "any" and draw(st.booleans()))
        S = random_basis(len(mats[0]), rng, 5.0) if skewed else random_orthogonal(len(mats[0]), rng)
        inverse = np.linalg.inv(S)
        reps.append(hw.Representation(len(S), [hw.Matrix(S @ g @ inverse) for g in mats], name=group))
    return Problem(*reps, seed)


def equivariant_twin(
    source: hw.Representation, target: hw.Representation, data, ridge: float = 0.0
) -> tuple[np.ndarray, np.ndarray, float]:
    """Least squares on the samples over a null-space basis of equivariant maps and fixed intercepts."""
    m, n = target.dim, source.dim
    rows = [np.zeros((1, m * n + m))]
    for g, h in zip(dense_generators(source), dense_generators(target), strict=True):
        maps = np.kron(h, np.eye(n)) - np.kron(np.eye(m), g.T)
        rows += [np.hstack([maps, np.zeros((m * n, m))]), np.hstack([np.zeros((m, m * n)), h - np.eye(m)])]
    _, s, Vt = np.linalg.svd(np.concatenate(rows), full_matrices=True)
    basis = Vt[int((s > 1e-9).sum()) :]
    N = len(data.X)
    if len(basis) == 0:
        return np.zeros((m, n)), np.zeros(m), float((data.Y**2).sum() / N)
    design = np.stack([(data.X @ b[: m * n].reshape(m, n).T + b[m * n :]).ravel() for b in basis], axis=1)
    design[np.abs(design) < 1e-10] = 0.0  # inputs that the maps do not see
    penalty = math.sqrt(N * ridge) * basis.T[: m * n]
    c = np.linalg.lstsq(
        np.concatenate([design, penalty]), np.concatenate([data.Y.ravel(), np.zeros(m * n)]), rcond=1e-10
    )[0]
    W, b = (basis.T @ c)[: m * n].reshape(m, n), (basis.T @ c)[m * n :]
    loss = float(((data.Y - data.X @ W.T - b) ** 2).sum() / N + ridge * (W**2).sum())
    return W, b, loss


def moved_data(source: hw.Representation, target: hw.Representation, data) -> tuple[np.ndarray, np.ndarray]:
    n = source.dim
    joint = [
        block_diagonal([g, h])
        for g, h in zip(dense_generators(source), dense_generators(target), strict=True)
    ]
    elements = enumerate_group(joint, n + target.dim)
    X = np.concatenate([data.X @ g[:n, :n].T for g in elements])
    return X, np.concatenate([data.Y @ g[n:, n:].T for g in elements])


@given(problems(), st.sampled_from([0.0, 0.3]))
def test_hardwired_without_a_bound(problem: Problem, ridge: float) -> None:
    source, target, data = problem
    best = hw.solve(data.moments, source, approach=hw.Hardwired(), target=target, ridge=ridge)
    W, b, loss = equivariant_twin(source, target, data, ridge)
    np.testing.assert_allclose(best.coef, W, atol=1e-7 * (1 + np.abs(W).max()))
    np.testing.assert_allclose(best.intercept, b, atol=1e-7 * (1 + np.abs(b).max()))
    assert best.loss == pytest.approx(loss, rel=1e-9)
    assert best.is_global
    assert best.lower_bound is None
    hw.assert_equivariant(best, source, target)


@given(problems(source="skewed", target="skewed"), st.sampled_from([0.0, 0.3]))
def test_hardwired_with_a_skewed_target(problem: Problem, ridge: float) -> None:
    source, target, data = problem
    best = hw.solve(data.moments, source, approach=hw.Hardwired(), target=target, ridge=ridge)
    W, b, loss = equivariant_twin(source, target, data, ridge)
    np.testing.assert_allclose(best.coef, W, atol=1e-7 * (1 + np.abs(W).max()))
    np.testing.assert_allclose(best.intercept, b, atol=1e-7 * (1 + np.abs(b).max()))
    assert best.loss == pytest.approx(loss, rel=1e-9)
    hw.assert_equivariant(best, source, target)


@given(problems(), st.integers(1, 6))
@settings(max_examples=15)
def test_the_knapsack_is_what_many_starts_find(problem: Problem, rank: int) -> None:
    source, target, data = problem
    rank = min(rank, source.dim, target.dim)
    best = hw.solve(data.moments, source, rank=rank, approach=hw.Hardwired(), target=target)
    fixed = hw.invariant_subspace(target.dual).basis
    loss = affine_loss(data.moments, np.eye(target.dim) - fixed @ fixed.T, 0.0)
    twin = Intertwining(hw.equivariant_maps(source, target), loss).bounded(rank, 40, np.random.default_rng(1))
    assert loss.value(twin) == pytest.approx(best.loss, rel=1e-7)
    assert np.linalg.matrix_rank(best.coef, tol=1e-8) == best.rank <= rank
    assert data.moments.loss(best.coef, best.intercept) == pytest.approx(best.loss, rel=1e-9)
    hw.assert_equivariant(best, source, target)


@given(problems(), st.integers(1, 6))
def test_augmented_is_least_squares_on_moved_data(problem: Problem, rank: int) -> None:
    source, target, data = problem
    rank = min(rank, source.dim, target.dim)
    best = hw.solve(data.moments, source, rank=rank, approach=hw.Augmented(), target=target)
    X, Y = moved_data(source, target, data)
    W, b = reduced_rank_regression(X, Y, rank)
    loss = float(((Y - X @ W.T - b) ** 2).sum() / len(X))
    assert best.loss == pytest.approx(loss, rel=1e-8)
    if best.is_unique:
        np.testing.assert_allclose(best.coef, W, atol=1e-6 * (1 + np.abs(W).max()))
    hard = hw.solve(data.moments, source, rank=rank, approach=hw.Hardwired(), target=target)
    assert best.loss <= hard.loss * (1 + 1e-10)
    if best.is_unique:
        # No irreducible representation is split: the two agree.
        assert hard.loss == pytest.approx(best.loss, rel=1e-9)
        np.testing.assert_allclose(hard.coef, best.coef, atol=1e-6 * (1 + np.abs(W).max()))


def test_the_example_of_the_theory() -> None:
    """S_3 on R³⊗R³ → R³⊗R², r = 1: the trivial component wins although a standard one has a larger σ."""
    points = hw.groups.permutations(3)
    source, target = points * points, points * points.trivial(2)
    for seed in range(20):
        rng = np.random.default_rng(seed)
        truth = hw.equivariant_maps(source, target)
        W = truth.combine(rng.standard_normal(truth.dim))
        X = rng.standard_normal((200, 9))
        moments = hw.Moments.from_arrays(X, X @ W.T + 0.1 * rng.standard_normal((200, 6)))
        best = hw.solve(moments, source, rank=1, approach=hw.Hardwired(), target=target)
        augmented = hw.solve(moments, source, rank=1, approach=hw.Augmented(), target=target)
        sigma = best.singular_values
        hw.assert_equivariant(best, source, target)
        assert best.rank == 1
        if not augmented.is_unique:
            # The largest σ is double, of a standard component of cost 2, which does not fit.
            assert sigma[0] == pytest.approx(sigma[1], rel=1e-9)
            assert augmented.invariance_gap > 0.05
            assert augmented.loss < best.loss
            points_of = hw.critical_points(moments, source, rank=1, approach=hw.Hardwired(), target=target)
            (kept,) = points_of.global_optimum.groups
            assert kept.size == 1
            assert kept.first > 0
            assert best.is_unique  # although the groups not kept are equal to themselves
            return
    pytest.fail("no seed gave the example")


@given(problems(), st.integers(0, 3))
@settings(max_examples=10)
def test_singular_covariance(problem: Problem, seed: int) -> None:
    source, target, _ = problem
    rng = np.random.default_rng(seed)
    n = source.dim
    # Inputs without one irreducible component: the averaged covariance is singular.
    keep = hw.isotypic_decomposition(source).components[0]
    P = keep.basis @ keep.dual.T
    data = generic_data(n, target.dim, rng)
    X = data.X @ P.T
    moments = hw.Moments.from_arrays(X, data.Y)
    best = hw.solve(moments, source, approach=hw.Hardwired(), target=target)
    assert best.is_minimum_norm == (keep.dim * keep.multiplicity < n)
    hw.assert_equivariant(best, source, target, tol=1e-7)
    assert moments.loss(best.coef, best.intercept) == pytest.approx(best.loss, rel=1e-8)
    _, _, loss = equivariant_twin(source, target, type(data)(X, data.Y))
    assert best.loss == pytest.approx(loss, rel=1e-8)


@pytest.mark.parametrize("kind", ["few samples", "constant column"])
def test_few_samples_of_images(kind: str) -> None:
    turns = hw.groups.image_rotations(4)
    data = deficient_data(16, 16, np.random.default_rng(0), kind)
    best = hw.solve(data.moments, turns, approach=hw.Hardwired(), target=turns)
    _, _, loss = equivariant_twin(turns, turns, data)
    assert best.loss == pytest.approx(loss, rel=1e-8, abs=1e-10)
    hw.assert_equivariant(best, turns, turns)


APPROACHES = [
    hw.Plain(),
    hw.Hardwired(),
    hw.Augmented(),
    hw.Regularized(0.7),
    hw.Regularized(0.7, "projection"),
    hw.Regularized(math.inf),
]


@given(catalogue(), st.sampled_from(APPROACHES), st.sampled_from([None, 1, 2]))
def test_a_trivial_target_changes_nothing(
    rep: hw.Representation, approach: hw.solve.__class__, rank: int | None
) -> None:
    data = generic_data(rep.dim, 3, np.random.default_rng(0))
    rank = rank if rank is None or rank <= rep.dim else None
    with_target = hw.solve(data.moments, rep, rank=rank, approach=approach, target=rep.trivial(3))
    without = hw.solve(data.moments, rep, rank=rank, approach=approach)
    np.testing.assert_array_equal(with_target.coef, without.coef)
    np.testing.assert_array_equal(with_target.intercept, without.intercept)
    assert with_target.loss == without.loss
    assert with_target.invariance_gap == without.invariance_gap


@given(catalogue(), st.sampled_from(APPROACHES[1:5]), st.sampled_from([1, 3]), st.booleans())
def test_the_equivariant_route_gives_the_invariant_solution(
    rep: hw.Representation, approach: hw.solve.__class__, rank: int, intercept: bool
) -> None:
    """The same with the general route, which `solve` does not take for a trivial target."""
    data = generic_data(rep.dim, 3, np.random.default_rng(0))
    rank = min(rank, rep.dim)
    if isinstance(approach, hw.Regularized):
        rank = min(3, rep.dim)
    moments = data.moments if intercept else data.moments.about_origin()
    task = EquivariantTask(moments, rep, rep.trivial(3), rank, 0.1)
    general = solve_equivariant(task, approach, np.random.default_rng(0))
    special = hw.solve(data.moments, rep, rank=rank, approach=approach, ridge=0.1, fit_intercept=intercept)
    np.testing.assert_allclose(general.coef, special.coef, atol=1e-9)
    np.testing.assert_allclose(general.intercept, special.intercept, atol=1e-9)
    assert general.loss == pytest.approx(special.loss, rel=1e-10)
    assert general.rank == special.rank
    assert general.invariance_gap == pytest.approx(special.invariance_gap, abs=1e-9)


@given(problems(), st.sampled_from([0.03, 3.0, 1e6]), st.booleans())
def test_regularized_without_a_bound(problem: Problem, alpha: float, intercept: bool) -> None:
    """Against least squares on samples with the penalty as pseudo-samples, the intercept penalized too."""
    source, target, data = problem
    m, n, N = target.dim, source.dim, len(data.X)
    best = hw.solve(
        data.moments, source, approach=hw.Regularized(alpha), target=target, fit_intercept=intercept
    )
    rows = [np.kron(np.eye(m), np.hstack([data.X, np.ones((N, 1))]))]
    for g, h in zip(dense_generators(source), dense_generators(target), strict=True):
        g1 = block_diagonal([g, np.eye(1)])
        rows.append(math.sqrt(N * alpha) * (np.kron(h, np.eye(n + 1)) - np.kron(np.eye(m), g1.T)))
    design = np.concatenate(rows)
    if not intercept:
        design[:, n :: n + 1] = 0.0
    wanted = np.concatenate([data.Y.T.ravel(), np.zeros(len(design) - N * m)])
    V = np.linalg.lstsq(design, wanted, rcond=1e-14)[0].reshape(m, n + 1)
    np.testing.assert_allclose(best.coef, V[:, :n], atol=1e-6 * (1 + np.abs(V).max()))
    np.testing.assert_allclose(best.intercept, V[:, n], atol=1e-6 * (1 + np.abs(V).max()))
    assert best.loss == pytest.approx(float(((design @ V.ravel() - wanted) ** 2).sum() / N), rel=1e-7)
    assert best.is_global


@given(problems(target="any"), st.sampled_from(["generators", "projection"]))
@settings(max_examples=15)
def test_regularized_goes_from_plain_to_hardwired(problem: Problem, penalty: str) -> None:
    source, target, data = problem
    gaps = []
    for alpha in (0.0, 0.1, 1.0, 1e10, math.inf):
        approach = hw.Regularized(alpha, penalty)
        best = hw.solve(data.moments, source, approach=approach, target=target)
        assert best.approach is approach
        gaps.append((alpha, best))
    plain = hw.solve(data.moments, source, approach=hw.Plain(), target=target)
    hard = hw.solve(data.moments, source, approach=hw.Hardwired(), target=target)
    np.testing.assert_array_equal(gaps[0][1].coef, plain.coef)
    np.testing.assert_array_equal(gaps[-1][1].coef, hard.coef)
    scale = 1 + np.abs(plain.coef).max()
    np.testing.assert_allclose(gaps[-2][1].coef, hard.coef, atol=1e-7 * scale)
    np.testing.assert_allclose(gaps[-2][1].intercept, hard.intercept, atol=1e-7 * scale)
    found = [best.invariance_gap for _, best in gaps]
    assert all(a >= b - 1e-9 * scale for a, b in pairwise(found))
    losses = [best.loss for _, best in gaps]
    assert losses == sorted(losses)


@given(problems(), st.sampled_from([0.03, 3.0]))
@settings(max_examples=8)
def test_regularized_with_a_bound_is_a_labelled_local_minimum(problem: Problem, alpha: float) -> None:
    source, target, data = problem
    approach = hw.Regularized(alpha)
    unbounded = hw.solve(data.moments, source, approach=approach, target=target)
    rank = max(1, unbounded.rank - 2)
    best = hw.solve(data.moments, source, rank=rank, approach=approach, target=target)
    if unbounded.rank <= rank:
        assert best.is_global
        return
    assert not best.is_global
    assert not best.is_unique
    assert best.lower_bound is not None
    assert best.lower_bound >= unbounded.loss
    assert best.loss >= best.lower_bound * (1 - 1e-9)
    assert np.linalg.matrix_rank(best.coef, tol=1e-9) <= rank
    hard = hw.solve(data.moments, source, rank=rank, approach=hw.Hardwired(), target=target)
    assert best.loss <= hard.loss * (1 + 1e-9)
    # Stationary: turning the factors changes nothing to first order.
    rng = np.random.default_rng(0)
    generators = list(zip(dense_generators(source), dense_generators(target), strict=True))

    def value(W: np.ndarray) -> float:
        K = sum((h - np.eye(target.dim)).T @ (h - np.eye(target.dim)) for _, h in generators)
        b = np.linalg.solve(np.eye(target.dim) + alpha * K, data.Y.mean(0) - W @ data.X.mean(0))
        penalty = sum(((h @ W - W @ g) ** 2).sum() + ((h @ b - b) ** 2).sum() for g, h in generators)
        return data.moments.loss(W, b) + alpha * penalty

    assert value(best.coef) == pytest.approx(best.loss, rel=1e-9)
    K = sum((h - np.eye(target.dim)).T @ (h - np.eye(target.dim)) for _, h in generators)
    rest = data.Y.mean(axis=0) - best.coef @ data.X.mean(axis=0)
    np.testing.assert_allclose(best.intercept + alpha * K @ best.intercept, rest, atol=1e-9)
    for _ in range(5):
        A = np.eye(target.dim) + 1e-4 * rng.standard_normal((target.dim, target.dim))
        B = np.eye(source.dim) + 1e-4 * rng.standard_normal((source.dim, source.dim))
        assert value(A @ best.coef @ B) >= best.loss * (1 - 1e-7)


@given(problems(target="skewed"), st.integers(1, 3))
@settings(max_examples=8)
def test_hardwired_with_a_skewed_target_and_a_bound(problem: Problem, rank: int) -> None:
    source, target, data = problem
    rank = min(rank, source.dim, target.dim)
    unbounded = hw.solve(data.moments, source, approach=hw.Hardwired(), target=target)
    best = hw.solve(data.moments, source, rank=rank, approach=hw.Hardwired(), target=target)
    hw.assert_equivariant(best, source, target)
    assert np.linalg.matrix_rank(best.coef, tol=1e-7 * (1 + np.abs(best.coef).max())) <= rank
    assert data.moments.loss(best.coef, best.intercept) == pytest.approx(best.loss, rel=1e-9)
    if target.is_orthogonal:  # ±I, say
        assert best.is_global
    elif unbounded.rank <= rank:
        assert best.is_global
        assert best.loss == unbounded.loss
    else:
        assert not best.is_global
        assert best.loss >= best.lower_bound * (1 - 1e-9)
        assert best.lower_bound >= unbounded.loss


def test_a_group_that_is_not_compact() -> None:
    """Lorentz vectors to Lorentz vectors: multiples of the identity."""
    boost = np.array([[math.cosh(1.0), math.sinh(1.0)], [math.sinh(1.0), math.cosh(1.0)]])
    rep = hw.Representation(2, (hw.Matrix(boost),), name="boost")
    data = generic_data(2, 2, np.random.default_rng(0))
    best = hw.solve(data.moments, rep, approach=hw.Hardwired(), target=rep)
    W, b, loss = equivariant_twin(rep, rep, data)
    np.testing.assert_allclose(best.coef, W, atol=1e-9)
    np.testing.assert_allclose(best.intercept, b, atol=1e-12)
    assert best.loss == pytest.approx(loss)
    soft = hw.solve(data.moments, rep, approach=hw.Regularized(1e9), target=rep)
    np.testing.assert_allclose(soft.coef, W, atol=1e-6)
    with pytest.raises(hw.NotCompactError):
        hw.solve(data.moments, rep, approach=hw.Augmented(), target=rep)
    bounded = hw.solve(data.moments, rep, rank=1, approach=hw.Hardwired(), target=rep)
    hw.assert_equivariant(bounded, rep, rep)
    assert bounded.rank <= 1
    assert not bounded.is_global


def test_a_continuous_group() -> None:
    """Vectors of a molecule to its dipole, under rotations of space."""
    rng = np.random.default_rng(0)
    vectors, one = hw.groups.so3_vectors(4), hw.groups.so3_vectors(1)
    X = rng.standard_normal((100, 12))
    weights = np.array([1.0, -2.0, 0.5, 3.0])
    Y = np.einsum("sav,a->sv", X.reshape(100, 4, 3), weights) + 0.01 * rng.standard_normal((100, 3))
    best = hw.solve(hw.Moments.from_arrays(X, Y), vectors, approach=hw.Hardwired(), target=one)
    np.testing.assert_allclose(best.coef, np.kron(weights, np.eye(3)), atol=0.01)
    hw.assert_equivariant(best, vectors, one)
    np.testing.assert_allclose(best.intercept, 0.0, atol=1e-14)
    for alpha in (0.3, 1e6):
        penalized = hw.solve(
            hw.Moments.from_arrays(X, Y), vectors, approach=hw.Regularized(alpha), target=one
        )
        algebra = [np.array(K.todense()) for K in one.algebra]
        A = np.concatenate(
            [np.kron(K, np.eye(12)) - np.kron(np.eye(3), np.kron(np.eye(4), K).T) for K in algebra]
        )
        C = np.cov(X.T, bias=True)
        bound = alpha * sum(K.T @ K for K in algebra)
        tied = np.linalg.solve(np.eye(3) + bound, bound)  # the penalty of the intercept, eliminated
        x, y = X.mean(axis=0), Y.mean(axis=0)
        cross = (Y - y).T @ (X - x) / 100 + np.outer(tied @ y, x)
        normal = np.kron(np.eye(3), C) + np.kron(tied, np.outer(x, x)) + alpha * A.T @ A
        W = np.linalg.solve(normal, cross.ravel()).reshape(3, 12)
        np.testing.assert_allclose(penalized.coef, W, atol=1e-8)
    bounded = hw.solve(hw.Moments.from_arrays(X, Y), vectors, rank=2, approach=hw.Hardwired(), target=one)
    assert bounded.rank == 0  # an irreducible representation of dimension 3 does not fit


def test_ties_are_not_unique() -> None:
    """A quarter turn of the plane beside itself: two complex modes with the same σ."""
    turn = np.array([[0.0, -1.0], [1.0, 0.0]])
    rep = hw.Representation(4, (hw.Matrix(block_diagonal([turn, turn])),))
    X = np.concatenate([np.eye(4), -np.eye(4)])
    best = hw.solve(hw.Moments.from_arrays(X, X), rep, rank=2, approach=hw.Hardwired(), target=rep)
    assert best.rank == 2
    assert not best.is_unique
    # Inequivalent components can tie too: a sign and the trivial representation.
    flip = hw.Representation(2, (hw.Matrix(np.diag([1.0, -1.0])),))
    square = hw.Moments.from_arrays(X[:, :2], X[:, :2])
    assert not hw.solve(square, flip, rank=1, approach=hw.Hardwired(), target=flip).is_unique
    assert hw.solve(square, flip, approach=hw.Hardwired(), target=flip).is_unique


@given(problems(source="orthogonal"), st.floats(1e-3, 1e3))
@settings(max_examples=10)
def test_units_do_not_matter(problem: Problem, scale: float) -> None:
    source, target, data = problem
    best = hw.solve(data.moments, source, rank=1, approach=hw.Hardwired(), target=target)
    scaled = hw.Moments.from_arrays(data.X, 1e-9 * scale * data.Y)
    other = hw.solve(scaled, source, rank=1, approach=hw.Hardwired(), target=target)
    assert other.rank == best.rank
    np.testing.assert_allclose(other.coef, 1e-9 * scale * best.coef, atol=1e-15 * scale)


@pytest.mark.parametrize("unit", [1e-9, 1.0, 1e9])
def test_modes_of_a_map_of_rank_one(unit: float) -> None:
    """Two equal targets that change sign with the group, and the penalty that ties them alike."""
    rng = np.random.default_rng(0)
    S = random_basis(4, rng, 5.0)
    source = hw.Representation(4, [hw.Matrix(S @ np.diag([1.0, 1.0, -1.0, -1.0]) @ np.linalg.inv(S))])
    target = hw.Representation(2, [hw.Matrix(-np.eye(2))])
    X, y = rng.standard_normal((30, 4)), unit * rng.standard_normal(30)
    moments = hw.Moments.from_arrays(X, np.column_stack([y, y]))
    best = hw.solve(moments, source, approach=hw.Regularized(0.7), target=target)
    assert (best.n_modes, best.rank) == (1, 1)
    np.testing.assert_allclose(best.coef[0], best.coef[1], rtol=1e-10)
    fitted = (X - X.mean(axis=0)) @ best.coef.T / np.sqrt(30)
    assert best.singular_values[0] == pytest.approx(np.linalg.norm(fitted), rel=1e-9)


def test_float32_and_samples() -> None:
    turns = hw.groups.image_rotations(3)
    data = generic_data(9, 9, np.random.default_rng(0))
    moments = hw.Moments.from_arrays(data.X.astype(np.float32), data.Y.astype(np.float32))
    best = hw.solve(moments, turns, rank=3, approach=hw.Hardwired(), target=turns)
    assert best.coef.dtype == best.intercept.dtype == np.float32
    samples = hw.Samples.from_arrays(data.X, data.Y)
    from_samples = hw.solve(samples, turns, rank=3, approach=hw.Hardwired(), target=turns)
    np.testing.assert_allclose(from_samples.coef, best.coef, atol=1e-4)


def test_bad_input() -> None:
    turns = hw.groups.image_rotations(2)
    data = generic_data(4, 4, np.random.default_rng(0))
    kwargs = {"approach": hw.Hardwired()}
    with pytest.raises(hw.ParameterError, match="target must be a Representation, got a str"):
        hw.solve(data.moments, turns, target="turns", **kwargs)
    with pytest.raises(hw.DataError, match=r"the data have 4 targets, .* acts on 9 coordinates"):
        hw.solve(data.moments, turns, target=hw.groups.image_rotations(3), **kwargs)
    with pytest.raises(hw.RepresentationError, match="not representations of one group"):
        hw.solve(data.moments, turns, target=hw.groups.permutations(4), **kwargs)
    with pytest.raises(hw.ParameterError, match="rank must be an integer from 1 to 4"):
        hw.solve(data.moments, turns, target=turns, rank=5, **kwargs)
    with pytest.raises(hw.ParameterError, match="ridge must be"):
        hw.solve(data.moments, turns, target=turns, ridge=-1.0, **kwargs)
    with pytest.raises(hw.ParameterError, match="approach must be an Approach"):
        hw.solve(data.moments, turns, target=turns, approach="hardwired")
    with pytest.raises(hw.ParameterError, match="penalty must be"):
        hw.solve(data.moments, turns, target=turns, approach=hw.Regularized(1.0, "other"))
    with pytest.raises(hw.DataError, match="one sample is not enough"):
        hw.solve(hw.Moments.from_arrays(data.X[:1], data.Y[:1]), turns, target=turns, **kwargs)
