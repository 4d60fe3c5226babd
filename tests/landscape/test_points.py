"""`critical_points`: the same points for hard-wired and augmented, additional ones, ties, messages."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given

import haarwire as hw
from haarwire.landscape import CriticalPoints, check_critical, count_critical_points, critical_points, factor
from haarwire.landscape import nearest as nearest_module
from strategies import catalogue, deficient_data, generic_data, seeds, skewed_groups

PLAIN = hw.Plain()
C6 = hw.groups.cyclic_shifts(6)


def landscape(n=6, m=4, rank=2, approach=PLAIN, rep=None, seed=0, **options):
    moments = generic_data(n, m, np.random.default_rng(seed)).moments
    return critical_points(moments, rep or hw.groups.trivial(n), rank=rank, approach=approach, **options)


def whitened_design(n_samples, n, rng):
    """Centred inputs with covariance I."""
    X = rng.standard_normal((n_samples, n))
    Q, _ = np.linalg.qr(X - X.mean(axis=0))
    return Q * math.sqrt(n_samples)


def tied_landscape(singular_values, rank, n=6, seed=3):
    """C = I and B = diag(σ) in a random basis."""
    rng = np.random.default_rng(seed)
    X = whitened_design(40, n, rng)
    m = len(singular_values)
    U, _ = np.linalg.qr(rng.standard_normal((m, m)))
    V, _ = np.linalg.qr(rng.standard_normal((n, m)))
    moments = hw.Moments.from_arrays(X, X @ ((U * singular_values) @ V.T).T)
    return critical_points(moments, hw.groups.trivial(n), rank=rank, approach=PLAIN)


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("ridge", [0.0, 0.3])
@pytest.mark.parametrize(
    "approach", [hw.Plain(), hw.Hardwired(), hw.Augmented(), hw.Regularized(0.7)], ids=lambda a: a.label
)
def test_the_global_optimum_is_the_solution(approach, ridge, fit_intercept):
    moments = generic_data(6, 4, np.random.default_rng(1)).moments
    options = {"rank": 1, "approach": approach, "ridge": ridge, "fit_intercept": fit_intercept}
    best = critical_points(moments, C6, **options).global_optimum
    solution = hw.solve(moments, C6, **options)
    # To the bit, except that solve works on the regularized problem in another orthonormal basis.
    tolerance = 1e-13 if approach.label == "regularized" else 0.0
    np.testing.assert_allclose(best.coef, solution.coef, rtol=0, atol=tolerance)
    np.testing.assert_allclose(best.intercept, solution.intercept, rtol=0, atol=tolerance)
    assert best.loss == pytest.approx(solution.loss, rel=1e-13)
    assert best.is_global
    assert best.index == best.dimension == 0
    assert best.escape_direction is None


@pytest.mark.parametrize(
    "approach", [hw.Plain(), hw.Hardwired(), hw.Augmented(), hw.Regularized(0.5)], ids=lambda a: a.label
)
def test_the_triangular_route_has_the_same_optimum(approach):
    """Features that differ by 1e-9: one for their gram matrix, two for the factor."""
    rng = np.random.default_rng(2)
    X = rng.standard_normal((80, 6))
    X[:, 3:5] = X[:, :2] + 1e-9 * rng.standard_normal((80, 2))
    Y = np.column_stack([X @ rng.standard_normal((6, 2)), 1e9 * (X[:, 3:5] - X[:, :2])])
    moments = hw.Moments.from_arrays(X, Y, accuracy="qr")
    rep = hw.groups.reflection(6)
    points = critical_points(moments, rep, rank=2, approach=approach)
    solution = hw.solve(moments, rep, rank=2, approach=approach)
    assert points.global_optimum.loss == pytest.approx(solution.loss, rel=1e-12)
    np.testing.assert_array_equal(points.modes.singular_values, solution.singular_values)
    assert points.additional == (0 if approach.label in ("hardwired", "augmented") else points.count - 3)
    if approach.label == "regularized":  # its own coordinates are those of solve, not of the coefficients
        return
    found = check_critical([points.global_optimum.problem_coef], points.problem)
    assert found.optimal_loss == pytest.approx(
        critical_points(moments, rep, approach=approach).global_optimum.loss, rel=1e-9, abs=1e-9
    )


@pytest.mark.parametrize("alpha", [1e8, 1e12, 1e14])
def test_no_penalty_however_large_drowns_the_data(alpha):
    moments = generic_data(9, 4, np.random.default_rng(0)).moments
    rep = hw.groups.image_rotations(3)
    points = critical_points(moments, rep, rank=2, approach=hw.Regularized(alpha))
    solution = hw.solve(moments, rep, rank=2, approach=hw.Regularized(alpha))
    best = points.global_optimum
    assert best.loss == pytest.approx(solution.loss, rel=1e-12)
    np.testing.assert_allclose(best.coef, solution.coef, rtol=0, atol=1e-12 * np.abs(solution.coef).max())
    np.testing.assert_array_equal(best.problem_coef, best.coef)


def test_everything_against_enumeration():
    points = landscape()
    sigma = points.modes.singular_values
    subsets = list(itertools.combinations(range(4), 2))
    losses = {s: points.modes.setting.total - sum(sigma[i] ** 2 for i in s) for s in subsets}
    ordered = list(points)
    assert [p.subset for p in ordered] == sorted(subsets, key=losses.__getitem__)
    assert points.count == len(subsets) == 6
    assert points.is_isolated
    assert points.index_histogram == (1, 1, 2, 1, 1)
    indices = np.bincount([p.index for p in ordered])
    assert tuple(indices) == points.index_histogram
    for point in ordered:
        assert point.loss == pytest.approx(losses[point.subset], rel=1e-13)
        assert points.problem.loss(point.coef) == pytest.approx(point.loss, rel=1e-10)
        assert points.nearest(point.loss).subset == point.subset
        assert points.at(point.subset[::-1]).subset == point.subset
        assert point.is_global == (point.subset == (0, 1))
    assert [p.subset for p in points.lowest(4)] == [p.subset for p in ordered[:4]]
    assert len(points.lowest(100)) == 6
    ((rows, values, numbers),) = points.tables()
    assert [tuple(row) for row in rows] == subsets
    np.testing.assert_allclose(values, list(losses.values()), rtol=1e-13)
    assert numbers.tolist() == [0, 1, 2, 2, 3, 4]
    assert sum(len(part[0]) for part in points.tables(chunk=4)) == 6


@given(catalogue(), seeds())
def test_hardwired_and_augmented_have_the_same_critical_points(rep, rng):
    moments = generic_data(rep.dim, 3, rng).moments
    _check_equal(moments, rep)


@given(skewed_groups(condition=10.0), seeds())
def test_also_where_the_representation_is_not_orthogonal(rep, rng):
    _check_equal(generic_data(rep.dim, 3, rng).moments, rep)


def _check_equal(moments, rep):
    for rank in range(1, min(3, rep.dim) + 1):
        hard = critical_points(moments, rep, rank=rank, approach=hw.Hardwired())
        augmented = critical_points(moments, rep, rank=rank, approach=hw.Augmented())
        assert hard.count == augmented.count == count_critical_points(hard.modes.n_modes, rank)
        assert hard.index_histogram == augmented.index_histogram
        assert hard.additional == augmented.additional == 0
        gains = hard.modes.singular_values[: hard.modes.n_modes] ** 2
        for a, b in zip(hard, augmented, strict=True):
            assert a.loss == pytest.approx(b.loss, rel=1e-9, abs=1e-9 * gains.sum())
            if a.subset == b.subset:
                # A mode turns by what it is known to over its distance from the others.
                distance = np.abs(np.diff(gains)).min(initial=gains.min(initial=1.0))
                tolerance = 1e-9 * (1.0 + gains.sum() / distance)
                np.testing.assert_allclose(a.coef, b.coef, atol=tolerance * (1.0 + np.abs(a.coef).max()))


@given(catalogue(), seeds())
def test_additional_critical_points_for_generic_data(rep, rng):
    n, m, d = rep.dim, 3, hw.invariant_subspace(rep).dim
    moments = generic_data(n, m, rng).moments
    for rank in range(1, min(m, n) + 1):
        expected = math.comb(min(m, n), rank) - count_critical_points(min(m, d), rank)
        for approach in (hw.Regularized(0.5), hw.Plain()):
            points = critical_points(moments, rep, rank=rank, approach=approach)
            assert points.additional == expected
            assert sum(p.is_global for p in points) == 1


def test_the_limit_of_an_infinite_penalty_has_no_additional_points():
    points = landscape(rep=C6, approach=hw.Regularized(math.inf))
    assert points.additional == 0
    assert points.count == 1


def test_no_modes_at_all_is_one_critical_point_the_zero_map():
    rep = hw.Representation(3, (hw.SignedPermutation([0, 1, 2], [-1, -1, -1]),))
    moments = generic_data(3, 2, np.random.default_rng(0)).moments
    points = critical_points(moments, rep, rank=1, approach=hw.Hardwired())
    (point,) = points
    assert point.subset == ()
    assert point.is_global
    assert not point.coef.any()
    assert point.coef.shape == (2, 3)
    assert point.hessian_eigenvalues.size == 0
    assert points.index_histogram == (1,)
    ((rows, values, indices),) = points.tables()
    assert rows.shape == (1, 0)
    assert values[0] == point.loss == pytest.approx(np.trace(moments.total))
    assert indices.tolist() == [0]
    assert points.nearest(0.0).subset == ()


def test_families_of_tied_modes():
    points = tied_landscape([3.0, 2.0, 2.0, 2.0, 1.0], rank=3)
    assert not points.is_isolated
    # Of σ = 3 none or one, of 2 up to three, of 1 none or one.
    found = {p.subset: (p.index, p.dimension) for p in points}
    assert found == {
        (0, 1, 2): (0, 2),
        (0, 1, 4): (2, 2),
        (1, 2, 3): (3, 0),
        (1, 2, 4): (4, 2),
    }
    assert points.count == 4
    assert points.index_histogram == (1, 0, 1, 1, 1)
    assert repr(points) == "CriticalPoints(plain, rank 3: 4 families)"
    for point in points:
        assert int((point.hessian_eigenvalues == 0.0).sum()) == point.dimension
        assert int((point.hessian_eigenvalues < 0.0).sum()) == point.index
    # Another member of a family has the same loss and index, and escapes by the same swap of clusters.
    member = points.at((0, 3, 4))
    assert (member.index, member.dimension) == (2, 2)
    assert member.loss == pytest.approx(points.at((0, 1, 4)).loss, rel=1e-12)
    assert member.escape_direction.swap == (4, 1)
    assert points.at((0, 2, 3)).is_global
    assert points.at((0, 2, 3)).escape_direction is None


def test_data_closed_under_the_symmetric_group_tie_the_standard_representation():
    base = np.random.default_rng(0).standard_normal((3, 4))
    X = np.array([x[list(p)] for x in base for p in itertools.permutations(range(4))])
    moments = hw.Moments.from_arrays(X, X @ (np.eye(4) + 0.5))
    points = critical_points(moments, hw.groups.permutations(4), rank=2, approach=PLAIN)
    # R⁴ is trivial + standard: one mode, and a cluster of three.
    sizes = points._families.sizes
    assert sorted(sizes) == [1, 3]
    assert points.count == 2
    assert sorted(p.dimension for p in points) == [2, 2]
    for point in points:
        assert int((point.hessian_eigenvalues == 0.0).sum()) == 2
    augmented = critical_points(moments, hw.groups.permutations(4), rank=2, approach=hw.Augmented())
    assert augmented.count == 1
    assert points.additional == 1


def test_tied_neighbours_are_one_cluster_even_in_a_chain():
    points = tied_landscape([2.0, 2.0, 2.0, 2.0], rank=2)
    assert points.count == 1
    assert points.global_optimum.dimension == 4


def test_single_precision_in_single_precision_out():
    data = generic_data(5, 3, np.random.default_rng(0))
    moments = hw.Moments.from_arrays(data.X.astype(np.float32), data.Y.astype(np.float32))
    point = critical_points(moments, hw.groups.trivial(5), rank=2, approach=PLAIN).lowest(2)[1]
    assert point.coef.dtype == point.intercept.dtype == np.float32


@pytest.mark.parametrize("shift", [0.0, 1e6])
def test_the_gram_has_the_rank_that_the_solution_saw(shift):
    # Far from the origin the rounding of the data themselves decides it.
    data = deficient_data(5, 3, np.random.default_rng(0), "duplicated column")
    moments = hw.Moments.from_arrays(data.X + shift, data.Y)
    for approach in (hw.Plain(), hw.Hardwired(), hw.Augmented(), hw.Regularized(1.0)):
        points = critical_points(moments, hw.groups.reflection(5), rank=2, approach=approach)
        k = points.problem.gram.shape[0]
        assert (points.n_inputs < k) == points.modes.is_minimum_norm
        layers = factor(points.global_optimum, (2,))
        found = check_critical(layers, points.problem)
        assert found.kind == "minimum"
        assert found.n_zero == 4 + 2 * (k - points.n_inputs)


def test_huge_landscapes_cost_nothing_until_asked():
    points = landscape(n=60, m=60, rank=30)
    assert points.count == math.comb(60, 30)
    assert sum(points.index_histogram) == points.count
    assert len(points.lowest(50)) == 50
    assert repr(points) == "CriticalPoints(plain, rank 30: about 10^17.1 points)"
    assert "_modes" not in repr(points.global_optimum)
    assert bool(points)
    walked = points.lowest(50)
    assert points.nearest(walked[40].loss).subset == walked[40].subset
    assert points.nearest(-1e9).is_global
    assert points.nearest(1e9).subset == tuple(range(30, 60))


# Messages.


def test_too_many_points_to_find_the_nearest(monkeypatch):
    monkeypatch.setattr(nearest_module, "_FEW", 100)
    points = landscape(n=60, m=60, rank=30)
    middle = 0.5 * (points.global_optimum.loss + points.at(range(30, 60)).loss)
    with pytest.raises(hw.ParameterError, match=r"cannot search about 10\^17.1 critical points") as caught:
        points.nearest(middle)
    assert "not among the 100 lowest" in caught.value.cause
    assert "lower the rank" in caught.value.remedy


@pytest.mark.parametrize("loss", [math.nan, math.inf, "low", True, None])
def test_nearest_needs_a_number(loss):
    with pytest.raises(hw.ParameterError, match="the loss must be a finite number") as caught:
        landscape().nearest(loss)
    assert "history" in caught.value.remedy


@pytest.mark.parametrize("k", [0, -1, 2.5, True, "3"])
def test_lowest_and_tables_need_a_positive_integer(k):
    with pytest.raises(hw.ParameterError, match=r"k must be an integer ≥ 1.*\n.*\n.*lowest\(10\)"):
        landscape().lowest(k)
    with pytest.raises(hw.ParameterError, match="chunk must be an integer ≥ 1"):
        landscape().tables(k)


@pytest.mark.parametrize("subset", [(0,), (0, 0), (0, 4), (-1, 0), (0, 1.5), (0, 1, 2), ("0", "1")])
def test_at_needs_a_subset_of_the_modes(subset):
    with pytest.raises(hw.ParameterError, match=r"keeps 2 different modes out of 0 … 3") as caught:
        landscape().at(subset)
    assert "counted from 1" in caught.value.cause
    assert "(0, 1)" in caught.value.remedy


@pytest.mark.parametrize("approach", [hw.Plain, "plain", None])
def test_approach_must_be_an_object(approach):
    with pytest.raises(hw.ParameterError, match="approach must be an Approach") as caught:
        landscape(approach=approach)
    assert "Hardwired()" in caught.value.remedy


def test_layers_need_one_point_and_the_problem():
    points = landscape()
    with pytest.raises(hw.ParameterError, match="point must be a CriticalPoint, got a CriticalPoints"):
        factor(points, (2,))
    with pytest.raises(hw.ParameterError, match="problem must be a Quadratic, got a CriticalPoints"):
        check_critical([np.eye(6)[:4]], points)


@pytest.mark.parametrize("arguments", [(5, -1), (-1, 2), (5.0, 2), (5, True)])
def test_a_count_needs_whole_numbers(arguments):
    with pytest.raises(hw.ParameterError, match="must be an integer ≥ 0"):
        count_critical_points(*arguments)


def test_validates_as_solve_does():
    with pytest.raises(hw.ParameterError, match="rank must be an integer from 1 to 4"):
        landscape(rank=5)
    with pytest.raises(hw.ParameterError, match="ridge must be"):
        landscape(ridge=-1.0)
    with pytest.raises(hw.DataError, match="the data have 6 features"):
        landscape(rep=hw.groups.trivial(5))
    with pytest.raises(hw.DataError, match="one sample"):
        critical_points(hw.Moments.from_arrays(np.ones((1, 3)), [1.0]), hw.groups.trivial(3), approach=PLAIN)
    shear = hw.Representation(2, (hw.Matrix([[1.0, 1.0], [0.0, 1.0]]),))
    with pytest.raises(hw.NotCompactError):
        landscape(n=2, m=2, rank=1, rep=shear, approach=hw.Augmented())


def test_points_are_immutable():
    points = landscape()
    assert isinstance(points, CriticalPoints)
    with pytest.raises(AttributeError):
        points.rank = 3
    with pytest.raises(AttributeError):
        points.global_optimum.loss = 0.0
