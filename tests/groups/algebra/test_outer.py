"""Products of groups: two groups, each moving its own factor."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest
import scipy.linalg
from hypothesis import given
from hypothesis import strategies as st

import haarwire as hw
import oracles
import strategies as cases
from haarwire.groups import Factor, GroupAction, Level, Matrix, outer_product, outer_sum

BOTH = pytest.mark.parametrize(
    ("combine", "dense"), [(outer_product, np.kron), (outer_sum, scipy.linalg.block_diag)]
)


def turn(angle: float) -> Matrix:
    return Matrix(cases.rotation(angle))


def draw_angle(rng: np.random.Generator) -> float:
    return float(rng.uniform(0.0, 2.0 * np.pi))


def nodes(degree: int) -> tuple[Level, ...]:
    angles = 2.0 * np.pi * np.arange(degree + 1) / (degree + 1)
    return (Level(np.full(degree + 1, 1.0 / (degree + 1)), angles.tolist()),)


def circle() -> hw.Representation:
    L = np.array([[0.0, -1.0], [1.0, 0.0]])
    factors = (Factor(algebra=(0,), quadrature=nodes),)
    action = GroupAction("SO(2)", math.inf, draw_angle, turn, degree=1, factors=factors)
    return hw.Representation(2, (), (L,), name="so2", action=action)


@BOTH
@given(first=cases.catalogue(), second=cases.catalogue(), rng=cases.seeds())
def test_catalogue(combine, dense, first, second, rng):
    rep = combine(first, second)
    expected = [dense(g, np.eye(second.dim)) for g in cases.dense_generators(first)]
    expected += [dense(np.eye(first.dim), h) for h in cases.dense_generators(second)]
    assert len(rep.generators) == len(expected)
    for g, A in zip(rep.generators, expected, strict=True):
        np.testing.assert_array_equal(g.to_dense(), A)
    assert rep.is_permutation
    assert rep.order == first.order * second.order
    g, h = first.action.draw(rng), second.action.draw(rng)
    for pair in ((g, h), (None, h), (g, None), (None, None)):
        left = np.eye(first.dim) if pair[0] is None else first.action.act(g).to_dense()
        right = np.eye(second.dim) if pair[1] is None else second.action.act(h).to_dense()
        np.testing.assert_array_equal(rep.action.act(pair).to_dense(), dense(left, right))
    assert rep.sample(rng).dim == rep.dim


@given(first=cases.finite_representations(), second=cases.finite_representations())
def test_invariants_of_an_outer_product_are_products_of_invariants(first, second):
    d = [hw.invariant_subspace(rep).dim for rep in (first, second)]
    assert hw.invariant_subspace(outer_product(first, second)).dim == d[0] * d[1]
    assert hw.invariant_subspace(outer_sum(first, second)).dim == d[0] + d[1]


@BOTH
@given(seed=st.integers(0, 100))
def test_algebra_and_order(combine, dense, seed):
    rep = combine(circle(), hw.groups.permutations(3))
    np.testing.assert_array_equal(
        rep.algebra[0].toarray(),
        np.kron(circle().algebra[0], np.eye(3))
        if combine is outer_product
        else scipy.linalg.block_diag(circle().algebra[0], np.zeros((3, 3))),
    )
    assert rep.order == math.inf
    assert rep.action.is_compact
    assert rep.action.degree == 1
    assert rep.action.group == "SO(2) × S_3"
    sampled = rep.sample(seed).to_dense()
    np.testing.assert_allclose(sampled @ sampled.T, np.eye(rep.dim), atol=1e-14)
    again = pickle.loads(pickle.dumps(rep))  # noqa: S301
    np.testing.assert_array_equal(again.sample(seed).to_dense(), sampled)


def test_factors_average_exactly():
    """Level by level over both circles and the permutations: what the group leaves fixed of M."""
    rep = outer_product(outer_product(circle(), hw.groups.permutations(2)), circle())
    positions = [(f.generators, f.algebra) for f in rep.action.factors]
    assert positions == [((), (0,)), ((0,), ()), ((), (1,))]
    rng = np.random.default_rng(0)
    M = rng.standard_normal((8, 8))
    M = M @ M.T
    average = M
    for factor in reversed(rep.action.factors):
        if factor.quadrature is None:
            group = oracles.enumerate_group([rep.generators[i].to_dense() for i in factor.generators], 8)
            average = oracles.average_by_enumeration(average, group)
            continue
        for level in reversed(factor.quadrature(2)):
            moved = [rep.action.act(u).conjugate(average) for u in level.elements]
            average = np.tensordot(level.weights, moved, 1)
    for g in [g.to_dense() for g in rep.generators] + [
        scipy.linalg.expm(0.7 * L.toarray()) for L in rep.algebra
    ]:
        np.testing.assert_allclose(g @ average @ g.T, average, atol=1e-13)
    assert np.trace(average) == pytest.approx(np.trace(M))


def test_a_grid_and_an_outer_product_are_of_one_group():
    outer = outer_product(hw.groups.cyclic_shifts(3), hw.groups.cyclic_shifts(4))
    both = outer + hw.groups.cyclic_shifts((3, 4))
    elements = {bytes(g.indices) for g in both.elements()}
    assert len(elements) == both.order == 12
    # Each element of the chain, and those drawn, move both parts alike.
    for level in both.transversals():
        assert {bytes(g.indices) for g in level} <= elements
    assert {bytes(g.indices) for g in both.sample(0, 20)} <= elements


def test_no_action_is_made_up():
    known, unknown = hw.groups.permutations(3), hw.Representation(2, (hw.Permutation([1, 0]),))
    assert outer_product(known, unknown).action is None
    assert outer_product(known, unknown).order == 12
    assert outer_product(known, unknown).name == ""
    shear = hw.Representation(
        2, (), ([[0, 1], [0, 0]],), action=GroupAction("shear", math.inf, None, turn, is_compact=False)
    )
    product = outer_product(known, shear)
    assert product.action.draw is None
    assert not product.is_compact


def test_copies():
    copies = outer_product(hw.groups.permutations(3), hw.groups.trivial(4))
    expected = hw.groups.permutations_of_sets(3, 4)
    for g, h in zip(copies.generators, expected.generators, strict=True):
        np.testing.assert_array_equal(g.indices, h.indices)
    assert len(copies.action.factors) == 1
