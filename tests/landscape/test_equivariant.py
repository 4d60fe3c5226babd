"""Critical points of the hard-wired equivariant problem, against finite differences and enumeration."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy.linalg import expm

import haarwire as hw
from haarwire.landscape.allocation import Shelf, best_choices, count_choices, count_histogram
from haarwire.landscape.equivariant import EquivariantCriticalPoints
from haarwire.solve.affine import affine_loss
from strategies import FINITE_GROUPS, block_diagonal, generic_data, random_orthogonal

# (group, blocks of the source, blocks of the target, rank): real, complex and quaternionic types.
CASES = [
    ("C_2", [0, 0, 1, 1], [0, 0, 1, 1], 2),
    ("C_3", [0, 1, 1], [1, 1, 0], 2),
    ("C_3", [0, 0, 1, 1], [0, 0, 1, 1], 3),
    ("S_3", [0, 2, 2, 3], [0, 2, 2], 2),
    ("S_3", [0, 0, 2, 2, 3], [0, 0, 2, 2], 3),
    ("Q_8", [3, 3, 0], [3, 3, 0], 4),
    ("Q_8", [3, 3, 0, 1], [3, 3, 0, 1], 6),
]


def posed(group: str, source: list[int], target: list[int], seed: int = 0) -> tuple:
    rng = np.random.default_rng(seed)
    reps = []
    for chosen in (source, target):
        available = FINITE_GROUPS[group]
        mats = [block_diagonal([available[i][k] for i in chosen]) for k in range(len(available[0]))]
        U = random_orthogonal(len(mats[0]), rng)
        reps.append(hw.Representation(len(U), [hw.Matrix(U @ g @ U.T) for g in mats], name=group))
    return (*reps, generic_data(reps[0].dim, reps[1].dim, rng).moments)


def landscape(moments, source, target, rank: int) -> EquivariantCriticalPoints:
    points = hw.critical_points(moments, source, rank=rank, approach=hw.Hardwired(), target=target)
    assert isinstance(points, EquivariantCriticalPoints)
    return points


@pytest.mark.parametrize(("group", "source_blocks", "target_blocks", "rank"), CASES)
def test_gradient_and_index_by_finite_differences(
    group: str, source_blocks: list[int], target_blocks: list[int], rank: int
) -> None:
    """Along W ↦ exp(A) W exp(B) with A, B in the commutants, which reach all maps of the same ranks."""
    source, target, moments = posed(group, source_blocks, target_blocks)
    A, B = hw.equivariant_maps(target, target).basis, hw.equivariant_maps(source, source).basis
    fixed = hw.invariant_subspace(target.dual).basis
    loss = affine_loss(moments, np.eye(target.dim) - fixed @ fixed.T, 0.0)
    n, h = len(A) + len(B), 1e-3
    steps = h * np.eye(n)
    points = landscape(moments, source, target, rank).lowest(100)
    for point in points:
        assert loss.value(point.coef) == pytest.approx(point.loss)

        def value(x: np.ndarray, W: np.ndarray = point.coef) -> float:
            left, right = np.tensordot(x[: len(A)], A, 1), np.tensordot(x[len(A) :], B, 1)
            return loss.value(expm(left) @ W @ expm(right))

        slopes = [(value(s) - value(-s)) / (2 * h) for s in steps]
        np.testing.assert_allclose(slopes, 0.0, atol=1e-3 * point.loss * h)
        hessian = np.zeros((n, n))
        for i, j in itertools.combinations_with_replacement(range(n), 2):
            a, b = steps[i], steps[j]
            hessian[i, j] = hessian[j, i] = (value(a + b) - value(a - b) - value(b - a) + value(-a - b)) / (
                4 * h * h
            )
        curvatures = np.linalg.eigvalsh(hessian)
        assert int((curvatures < -1e-4 * curvatures[-1]).sum()) == point.index
        assert int((point.hessian_pairs < 0).sum()) == point.index


@pytest.mark.parametrize(("group", "source_blocks", "target_blocks", "rank"), CASES)
def test_points_are_the_maximal_sets(
    group: str, source_blocks: list[int], target_blocks: list[int], rank: int
) -> None:
    source, target, moments = posed(group, source_blocks, target_blocks)
    points = landscape(moments, source, target, rank)
    groups = points.modes.groups
    expected = []
    for size in range(len(groups) + 1):
        for subset in itertools.combinations(range(len(groups)), size):
            room = rank - sum(groups[j].size for j in subset)
            if room >= 0 and all(groups[j].size > room for j in range(len(groups)) if j not in subset):
                expected.append(subset)
    listed = points.lowest(1000)
    assert sorted(point.subset for point in listed) == sorted(expected)
    assert points.count == len(expected) == sum(points.index_histogram)
    assert np.bincount([p.index for p in listed]).tolist() == list(points.index_histogram)
    losses = [point.loss for point in listed]
    assert losses == sorted(losses)
    minima = points.local_minima(1000)
    assert [m.subset for m in minima] == [p.subset for p in listed if p.index == 0]
    assert len(minima) == points.n_local_minima
    best = hw.solve(moments, source, rank=rank, approach=hw.Hardwired(), target=target)
    assert points.global_optimum.loss == pytest.approx(best.loss, rel=1e-12)
    np.testing.assert_allclose(points.global_optimum.coef, best.coef, atol=1e-12)
    np.testing.assert_allclose(points.global_optimum.intercept, best.intercept, atol=1e-12)
    assert [p.is_global for p in listed] == [True] + [False] * (len(listed) - 1)
    for point in listed:
        hw.assert_equivariant(point.coef, source, target)
        assert np.linalg.matrix_rank(point.coef, tol=1e-9) == point.rank <= rank
        again = points.at(point.subset)
        assert (again.loss, again.index) == (pytest.approx(point.loss), point.index)
        assert point.dimension == 0


def test_there_can_be_several_local_minima() -> None:
    """Rank 1 for two signs: each sign has a best map, and neither can be turned into the other."""
    source, target, moments = posed("C_2", [0, 0, 1, 1], [0, 0, 1, 1])
    points = landscape(moments, source, target, 1)
    assert points.n_local_minima == 2
    first, second = points.local_minima()
    assert first.is_global
    assert second.is_local_minimum
    assert not second.is_global
    assert second.loss > first.loss
    augmented = hw.critical_points(moments, source, rank=1, approach=hw.Augmented(), target=target)
    assert augmented.index_histogram[0] == 1


def test_augmented_families_split_groups() -> None:
    source, target, moments = posed("S_3", [2, 2], [2, 2])
    points = hw.critical_points(moments, source, rank=1, approach=hw.Augmented(), target=target)
    assert not points.is_isolated
    assert points.count == 2
    assert points.global_optimum.dimension == 1  # a circle of maps of rank 1
    assert points.additional == 1  # no group of cost 2 fits: hard-wired, only 0 is left
    hard = landscape(moments, source, target, 1)
    assert hard.count == 1
    assert hard.global_optimum.subset == ()


def test_tied_groups_are_families() -> None:
    turn = np.array([[0.0, -1.0], [1.0, 0.0]])
    rep = hw.Representation(6, (hw.Matrix(block_diagonal([turn, turn, turn])),))
    X = np.concatenate([np.eye(6), -np.eye(6)])
    points = landscape(hw.Moments.from_arrays(X, X), rep, rep, 2)
    assert not points.is_isolated
    assert points.count == 1
    assert points.global_optimum.dimension == 4  # lines in C³, as real dimensions
    assert points.global_optimum.index == 0
    assert (points.global_optimum.hessian_pairs[:4] == 0).all()
    assert "1 families" in repr(points)


def test_dimensions_of_families_add_up() -> None:
    """Of two tied planes and of four signs, two of which are tied, rank 5 keeps a plane and three signs."""
    turn, flip = np.array([[0.0, -1.0], [1.0, 0.0]]), -np.eye(1)
    rep = hw.Representation(8, (hw.Matrix(block_diagonal([turn, turn, flip, flip, flip, flip])),))
    X = np.concatenate([np.eye(8), -np.eye(8)])
    moments = hw.Moments.from_arrays(X, X * [1.5, 1.5, 1.5, 1.5, 4.0, 3.0, 2.0, 2.0])
    best = landscape(moments, rep, rep, 5).global_optimum
    assert best.dimension == 2 + 1  # a line in C², a line in R²


def test_other_approaches() -> None:
    source, target, moments = posed("C_3", [0, 1, 1], [1, 1, 0])
    plain = hw.critical_points(moments, source, rank=2, approach=hw.Plain(), target=target)
    without = hw.critical_points(moments, source, rank=2, approach=hw.Plain())
    assert plain.count == without.count
    for alpha, expected in ((0.0, plain), (np.inf, landscape(moments, source, target, 2))):
        found = hw.critical_points(moments, source, rank=2, approach=hw.Regularized(alpha), target=target)
        assert found.count == expected.count
    trivial = hw.critical_points(
        moments, source, rank=2, approach=hw.Hardwired(), target=source.trivial(target.dim)
    )
    assert trivial.count == hw.critical_points(moments, source, rank=2, approach=hw.Hardwired()).count


def test_errors() -> None:
    source, target, moments = posed("C_3", [0, 1, 1], [1, 1, 0])
    with pytest.raises(hw.ParameterError, match="the regularized problem with target C_3 are not known"):
        hw.critical_points(moments, source, rank=2, approach=hw.Regularized(1.0), target=target)
    points = landscape(moments, source, target, 2)
    with pytest.raises(hw.ParameterError, match="is not a maximal set of the 3 groups"):
        points.at((0, 1))
    with pytest.raises(hw.ParameterError, match="is not a maximal set"):
        points.at(())
    with pytest.raises(hw.ParameterError, match="is not a maximal set"):
        points.at((7,))
    with pytest.raises(hw.ParameterError, match="k must be an integer ≥ 1, got 0"):
        points.lowest(0)
    assert "local minima" in repr(points)


@pytest.mark.parametrize(
    "target",
    [np.array([[1.0, 0.3], [0.0, -1.0]]), np.diag([-1.0, 1.0])],
    ids=["skew", "orthogonal"],
)
def test_points_are_additional_to_those_that_are_known(target: np.ndarray) -> None:
    flip = hw.Representation(4, (hw.Matrix(np.diag([1.0, -1.0, -1.0, 1.0])),), name="flip")
    sigma = hw.Representation(2, (hw.Matrix(target),), name="target")
    rng = np.random.default_rng(0)
    moments = hw.Moments.from_arrays(rng.standard_normal((40, 4)), rng.standard_normal((40, 2)))
    points = hw.critical_points(moments, flip, rank=1, approach=hw.Plain(), target=sigma)
    if np.array_equal(target @ target.T, np.eye(2)):
        assert points.additional == points.count - landscape(moments, flip, sigma, 1).count
    else:
        with pytest.raises(hw.ParameterError, match="of the hardwired problem with target target are not"):
            _ = points.additional


@pytest.mark.parametrize("size", range(3, 24))
def test_a_histogram_adds_up_to_the_count(size: int) -> None:
    """Whatever the number of bytes of a coefficient; groups of types of their own are all of index 0."""
    apart = [Shelf(1, (1.0,), (1,), 1)] * (4 * size)
    assert count_histogram(apart, 2 * size) == (math.comb(4 * size, 2 * size),)
    gains = tuple(float(g) for g in range(size, 0, -1))
    shelves = [Shelf(1, gains, (1,) * size, 1), Shelf(2, gains, (1,) * size, 2)]
    for rank in (size // 2, size):
        assert sum(count_histogram(shelves, rank)) == count_choices(shelves, rank)


def test_counts_of_large_landscapes_are_exact() -> None:
    """Two components of 200 lines: Σ_k C(200, k) C(200, 100 − k) = C(400, 100), index by inversions."""
    gains = tuple(np.linspace(2.0, 1.0, 200))
    shelves = [Shelf(1, gains, (1,) * 200, 1), Shelf(1, gains, (1,) * 200, 1)]
    assert count_choices(shelves, 100) == math.comb(400, 100)
    lines = Shelf(1, gains[:100], (1,) * 100, 1)
    histogram = count_histogram([lines, lines], 50)
    assert sum(histogram) == math.comb(200, 50)
    assert histogram[0] == 51  # which k of the 50 are of the first component
    small = [Shelf(1, gains[:8], (1,) * 8, 1), Shelf(2, gains[:6], (1,) * 6, 2)]
    histogram = count_histogram(small, 7)
    assert sum(histogram) == count_choices(small, 7)
    assert histogram[1::1] != ()
    listed = best_choices(small, 7, 20)
    assert [c.gain for c in listed] == sorted((c.gain for c in listed), reverse=True)
    everything = best_choices(small, 7, 10**4)
    assert len(everything) == count_choices(small, 7)
    assert everything[:20] == listed
