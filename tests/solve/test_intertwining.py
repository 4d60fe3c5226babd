"""The local search over equivariant maps of bounded rank, step by step, against dense least squares."""

from __future__ import annotations

import numpy as np
import pytest

import haarwire as hw
from haarwire.solve.affine import affine_loss
from haarwire.solve.intertwining import Intertwining, _invariant_range, _Search
from strategies import FINITE_GROUPS, block_diagonal, generic_data, random_basis

SEEDS = pytest.mark.parametrize("seed", range(6))


def skewed(chosen: list[int], rng: np.random.Generator) -> hw.Representation:
    """Irreducible blocks of S_3 (trivial, sign, of dimension 2) in skewed coordinates."""
    blocks = FINITE_GROUPS["S_3"]
    mats = [block_diagonal([blocks[i][k] for i in chosen]) for k in range(len(blocks[0]))]
    S = random_basis(len(mats[0]), rng, 4.0)
    inverse = np.linalg.inv(S)
    return hw.Representation(len(S), [hw.Matrix(S @ g @ inverse) for g in mats])


def posed(seed: int, rank: int) -> tuple[Intertwining, _Search]:
    rng = np.random.default_rng(seed)
    source, target = skewed([0, 0, 1, 2, 2], rng), skewed([0, 1, 2, 2], rng)
    data = generic_data(source.dim, target.dim, rng)
    fixed = hw.invariant_subspace(target.dual).basis
    loss = affine_loss(data.moments, np.eye(target.dim) - fixed @ fixed.T, 0.1)
    problem = Intertwining(hw.equivariant_maps(source, target), loss)
    return problem, _Search(problem.maps.basis, *problem.normal_equations(), rank)


def best_under(search: _Search, conditions: np.ndarray) -> float:
    """The least loss of maps W(c) with conditions·vec W = 0."""
    flat = search.basis.reshape(len(search.basis), -1)
    _, s, Vt = np.linalg.svd(conditions @ flat.T)
    free = Vt[int((s > 1e-9).sum()) :].T
    return search.value(free @ np.linalg.solve(free.T @ search.gram @ free, free.T @ search.linear))


@SEEDS
def test_the_loss_in_coordinates_is_the_loss(seed: int) -> None:
    problem, search = posed(seed, 2)
    rng = np.random.default_rng(seed)
    for _ in range(3):
        c = rng.standard_normal(problem.maps.dim)
        expected = problem.loss.value(problem.maps.combine(c)) - problem.loss.constant
        assert search.value(c) == pytest.approx(expected, rel=1e-10)


@SEEDS
@pytest.mark.parametrize("rank", [1, 2, 3, 4])
def test_a_search_ends_where_neither_range_nor_kernel_can_be_bettered(seed: int, rank: int) -> None:
    problem, search = posed(seed, rank)
    m, n = problem.maps.shape
    rng = np.random.default_rng(seed)
    reached = 0
    for _ in range(4):
        found = search.from_start(rng.standard_normal(problem.maps.dim))
        if found is None:
            continue
        W = problem.maps.combine(found)
        U, s, Vt = np.linalg.svd(W)
        kept = int((s > 1e-9 * s[0]).sum())
        assert kept <= rank
        reached += kept > 0
        outside_range = np.kron(np.eye(m) - U[:, :kept] @ U[:, :kept].T, np.eye(n))
        outside_kernel = np.kron(np.eye(m), np.eye(n) - Vt[:kept].T @ Vt[:kept])
        size = abs(search.value(found)) + 1e-12
        for conditions in (outside_range, outside_kernel):
            assert search.value(found) <= best_under(search, conditions) + 1e-9 * size
    assert reached > 0


@SEEDS
def test_from_a_range_it_starts_with_the_best_map_into_it(seed: int) -> None:
    problem, search = posed(seed, 2)
    m, n = problem.maps.shape
    commuting = hw.equivariant_maps(problem.maps.target, problem.maps.target)
    U = _invariant_range(commuting, 2, np.random.default_rng(seed))
    best = best_under(search, np.kron(np.eye(m) - U @ U.T, np.eye(n)))
    found = search.from_range(U)
    assert search.value(found) <= best + 1e-9 * abs(best)
    assert np.linalg.matrix_rank(problem.maps.combine(found), tol=1e-8) <= 2


@SEEDS
def test_random_ranges_are_invariant_and_no_larger_than_asked(seed: int) -> None:
    problem, _ = posed(seed, 2)
    target = problem.maps.target
    commuting = hw.equivariant_maps(target, target)
    sizes = set()
    for rank in range(1, target.dim + 1):
        for draw in range(5):
            U = _invariant_range(commuting, rank, np.random.default_rng([seed, draw]))
            assert U.shape[1] <= rank
            np.testing.assert_allclose(U.T @ U, np.eye(U.shape[1]), atol=1e-12)
            for g in target.generators:
                moved = g.to_dense() @ U
                np.testing.assert_allclose(U @ (U.T @ moved), moved, atol=1e-6)
            sizes.add((rank, U.shape[1]))
    # Of dimensions 1, 1, 2 and 2 any rank can be filled, and the draws do so now and then.
    assert {rank for rank, size in sizes if rank == size} == set(range(1, target.dim + 1))


@SEEDS
def test_the_intercept_is_that_of_the_bounded_map(seed: int) -> None:
    rng = np.random.default_rng(seed)
    source, target = skewed([0, 0, 1, 2, 2], rng), skewed([0, 1, 2, 2], rng)
    data = generic_data(source.dim, target.dim, rng)
    best = hw.solve(data.moments, source, rank=2, approach=hw.Hardwired(), target=target)
    assert not best.is_global
    assert data.moments.loss(best.coef, best.intercept) == pytest.approx(best.loss, rel=1e-9)
    hw.assert_equivariant(best, source, target)
