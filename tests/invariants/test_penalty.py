"""The invariance penalty: tr(W R Wᵀ) is what its definition says."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

import haarwire as hw
import oracles
import strategies as cases


def representations():
    circles = cases.circles().map(lambda c: c.rep)
    return st.one_of(cases.finite_representations(), cases.catalogue(), cases.non_compact_groups(), circles)


def condition(rep: hw.Representation) -> np.ndarray:
    dense = [np.asarray(L) for L in rep.algebra]
    return oracles.condition_matrix(cases.dense_generators(rep), dense, rep.dim)


@given(rep=representations(), rng=cases.seeds())
def test_generators_penalty_is_the_squared_defect(rep, rng):
    R, A = hw.penalty_matrix(rep), condition(rep)
    np.testing.assert_array_equal(R, R.T)
    W = rng.standard_normal((3, rep.dim))
    # R has entries up to ‖A‖²; W W^T ones of order n.
    scale = 1.0 + np.linalg.norm(A) ** 2
    assert np.trace(W @ R @ W.T) == pytest.approx(np.linalg.norm(W @ A) ** 2, abs=1e-12 * scale * rep.dim)


@given(rep=st.one_of(cases.finite_representations(), cases.catalogue()), rng=cases.seeds())
def test_projection_penalty_is_the_squared_distance_from_the_average(rep, rng):
    group = oracles.enumerate_group(cases.dense_generators(rep), rep.dim)
    W = rng.standard_normal((3, rep.dim))
    expected = np.linalg.norm(W - W @ oracles.reynolds_by_enumeration(group)) ** 2
    R = hw.penalty_matrix(rep, "projection")
    np.testing.assert_array_equal(R, R.T)
    # P̄ is of norm ≤ 50 in a basis of condition 50.
    assert np.trace(W @ R @ W.T) == pytest.approx(expected, rel=1e-9, abs=1e-9)


@given(rep=st.one_of(cases.finite_representations(), cases.catalogue()))
@pytest.mark.parametrize("penalty", ["generators", "projection"])
def test_vanishes_exactly_on_the_invariants(penalty, rep):
    R, subspace = hw.penalty_matrix(rep, penalty), hw.invariant_subspace(rep)
    size = max(1.0, float(np.linalg.norm(R)))
    assert np.abs(R @ subspace.basis).max(initial=0.0) < 1e-12 * size
    inside = subspace.complement.T @ R @ subspace.complement
    values = np.linalg.eigvalsh(inside)
    # Positive on the complement: |2 sin(π/6)|² = 1 at least for these groups, over condition 50².
    assert values.min(initial=1.0) > 1e-5


def test_projection_penalty_depends_on_the_group_only():
    turn, half = hw.groups.image_rotations(3), hw.groups.image_rotations(3).generators[0]
    more = hw.Representation(9, (half, half @ half, half.inverse()))
    np.testing.assert_allclose(
        hw.penalty_matrix(turn, "projection"), hw.penalty_matrix(more, "projection"), atol=1e-14
    )
    assert np.linalg.norm(hw.penalty_matrix(more)) > 1.5 * np.linalg.norm(hw.penalty_matrix(turn))


def test_sparse_and_dense_generators_agree():
    dense = cases.random_basis(5, np.random.default_rng(0), 4.0)
    L = np.triu(np.ones((5, 5)), 1)
    one = hw.Representation(5, (hw.Matrix(dense),), (L,))
    other = hw.Representation(5, (hw.Matrix(sp.csr_array(dense)),), (sp.csr_array(L),))
    np.testing.assert_allclose(hw.penalty_matrix(one), hw.penalty_matrix(other), rtol=1e-13, atol=1e-13)
    assert isinstance(hw.penalty_matrix(other), np.ndarray)


def test_no_generators_no_penalty():
    np.testing.assert_array_equal(hw.penalty_matrix(hw.groups.trivial(3)), np.zeros((3, 3)))
    np.testing.assert_array_equal(hw.penalty_matrix(hw.groups.trivial(3), "projection"), np.zeros((3, 3)))


def test_unknown_penalty():
    with pytest.raises(hw.ParameterError) as caught:
        hw.penalty_matrix(hw.groups.trivial(3), "generator")
    assert "'generators' or 'projection', got 'generator'" in caught.value.what
    assert "misspelt" in caught.value.cause
    assert "penalty='generators'" in caught.value.remedy
    with pytest.raises(hw.ParameterError, match="got array"):
        hw.penalty_matrix(hw.groups.trivial(3), np.eye(3))


def test_a_name_is_no_representation():
    with pytest.raises(hw.ParameterError, match="must be a Representation") as caught:
        hw.penalty_matrix("image_rotations:8")
    assert caught.value.what == "rep must be a Representation, got 'image_rotations:8'"
    assert "name of a symmetry" in caught.value.cause
    assert "groups.from_name('image_rotations:8')" in caught.value.remedy


def test_projection_penalty_needs_a_compact_group():
    shear = hw.Representation(2, (hw.Matrix(cases.NON_COMPACT["shear"]),), name="shear")
    with pytest.raises(hw.NotCompactError, match="does not exist for shear"):
        hw.penalty_matrix(shear, "projection")
