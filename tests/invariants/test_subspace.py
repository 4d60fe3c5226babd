"""The invariant functionals: against null spaces, orbits and characters found independently."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given

import haarwire as hw
import oracles
import strategies as cases

EVERY = pytest.mark.parametrize("rep", cases.CATALOGUE.values(), ids=cases.CATALOGUE.keys())


def elements(rep: hw.Representation) -> np.ndarray:
    return oracles.enumerate_group(cases.dense_generators(rep), rep.dim)


def oracle_basis(rep: hw.Representation) -> np.ndarray:
    return oracles.invariants_by_null_space(
        cases.dense_generators(rep), [np.asarray(L) for L in rep.algebra], rep.dim
    )


def check_laws(rep: hw.Representation, rtol: float) -> None:
    """Q is orthonormal, invariant, and spans what the oracle finds."""
    subspace = hw.invariant_subspace(rep)
    Q, expected = subspace.basis, oracle_basis(rep)
    assert Q.shape == (rep.dim, expected.shape[1]) == (subspace.ambient_dim, subspace.dim)
    assert np.abs(Q.T @ Q - np.eye(subspace.dim)).max(initial=0.0) < 1e-14 * rep.dim
    for g in cases.dense_generators(rep):
        assert np.abs(Q.T @ g - Q.T).max(initial=0.0) < rtol
    for L in rep.algebra:
        assert np.abs(Q.T @ np.asarray(L)).max(initial=0.0) < rtol
    assert np.abs(Q @ Q.T - expected @ expected.T).max() < rtol


@EVERY
def test_catalogue(rep):
    check_laws(rep, 1e-13)


@given(rep=cases.orthogonal_representations())
def test_orthogonal(rep):
    check_laws(rep, 1e-13)


@given(rep=cases.skewed_groups())
def test_not_orthogonal(rep):
    """Entries are up to 50 in a basis of condition 50: 1e-11 is 50² roundings of 50·n·eps or so."""
    check_laws(rep, 1e-11)


@given(rep=cases.non_compact_groups())
def test_not_compact(rep):
    assert not rep.is_compact
    check_laws(rep, 1e-12)
    # One functional is left of a shear, none of a scaling or a boost.
    assert hw.invariant_subspace(rep).dim == rep.dim - 2 + (rep.name == "shear")


@given(circle=cases.circles())
def test_circle(circle):
    check_laws(circle.rep, 1e-12)
    assert hw.invariant_subspace(circle.rep).dim == circle.fixed


@given(rep=cases.finite_representations())
def test_dimension_is_the_mean_character(rep):
    mean_trace = np.mean([np.trace(g) for g in elements(rep)])
    # A trace is a small integer or algebraic number; 50·n·eps·50 is far below 1e-8.
    assert hw.invariant_subspace(rep).dim == pytest.approx(mean_trace, abs=1e-8)


@given(rep=cases.permutation_groups())
def test_burnside(rep):
    """The number of orbits is the mean number of fixed points, and orbits are what walking finds."""
    group = elements(rep)
    orbits = oracles.orbits_by_walking(cases.dense_generators(rep), rep.dim)
    fixed_points = np.mean([np.trace(g) for g in group])
    assert hw.invariant_subspace(rep).dim == len(orbits) == pytest.approx(fixed_points)
    expected = np.zeros((rep.dim, len(orbits)))
    for j, orbit in enumerate(orbits):  # in the order in which they first appear, as the package promises
        expected[sorted(orbit), j] = 1.0 / np.sqrt(len(orbit))
    np.testing.assert_allclose(hw.invariant_subspace(rep).basis, expected, rtol=1e-15)


def test_not_orthogonal_means_the_invariants_of_the_dual():
    """ρ = [[1, 1], [0, −1]] fixes the vector (1, 0), but the functional (2, 1)/√5."""
    rep = hw.Representation(2, (hw.Matrix([[1.0, 1.0], [0.0, -1.0]]),))
    Q = hw.invariant_subspace(rep).basis
    np.testing.assert_allclose(np.abs(Q.ravel()), np.array([2.0, 1.0]) / np.sqrt(5.0), atol=1e-15)
    assert Q[0, 0] * Q[1, 0] > 0
    fixed = hw.invariant_subspace(rep.dual).basis
    np.testing.assert_allclose(np.abs(fixed.ravel()), [1.0, 0.0], atol=1e-15)


def test_signs_kill_coordinates():
    """e_0 → −e_0 leaves nothing; e_1 → e_2 → −e_1 leaves nothing; e_3 ↔ −e_4 leaves e_3 − e_4."""
    g = hw.SignedPermutation([0, 2, 1, 4, 3], [-1, 1, -1, -1, -1])
    subspace = hw.invariant_subspace(hw.Representation(5, (g,)))
    np.testing.assert_allclose(subspace.basis, np.array([[0, 0, 0, 1, -1]]).T / np.sqrt(2.0), rtol=1e-15)


@given(rep=cases.signed_permutation_groups())
def test_signed_orbits_agree_with_the_general_route(rep):
    as_matrices = hw.Representation(rep.dim, [hw.Matrix(g) for g in cases.dense_generators(rep)])
    P, Q = hw.invariant_subspace(rep), hw.invariant_subspace(as_matrices)
    np.testing.assert_allclose(P.basis @ P.basis.T, Q.basis @ Q.basis.T, atol=1e-13)


@pytest.mark.parametrize("sign_flip", [hw.SignedPermutation([0, 1], [-1, -1]), hw.Matrix(-np.eye(2))])
def test_nothing_may_be_left(sign_flip):
    subspace = hw.invariant_subspace(hw.Representation(2, (sign_flip,)))
    assert subspace.dim == 0
    assert subspace.basis.shape == (2, 0)
    np.testing.assert_array_equal(subspace.complement, np.eye(2))
    np.testing.assert_array_equal(subspace.project(np.ones((3, 2))), np.zeros((3, 2)))


@given(rep=cases.finite_representations(), rng=cases.seeds())
def test_subspace_operations(rep, rng):
    subspace = hw.invariant_subspace(rep)
    Q, n, d = subspace.basis, rep.dim, subspace.dim
    X, V = rng.standard_normal((5, n)), rng.standard_normal((2, d))
    C = np.cov(rng.standard_normal((n, 3 * n + 5))).reshape(n, n)
    np.testing.assert_allclose(subspace.coordinates(X), X @ Q, atol=1e-13)
    np.testing.assert_allclose(subspace.coordinates(X[0]), X[0] @ Q, atol=1e-13)
    np.testing.assert_allclose(subspace.embed(V), V @ Q.T, atol=1e-13)
    np.testing.assert_allclose(subspace.project(X), X @ Q @ Q.T, atol=1e-13)
    np.testing.assert_allclose(subspace.restrict(C), Q.T @ C @ Q, atol=1e-12)
    frame = np.concatenate([Q, subspace.complement], axis=1)
    np.testing.assert_allclose(frame.T @ frame, np.eye(n), atol=1e-13)


def test_complement_of_orbits_of_many_sizes():
    cycles = [np.roll(np.arange(first, first + size), 1) for first, size in ((0, 2), (2, 3), (5, 5), (10, 5))]
    space = hw.invariant_subspace(hw.Representation(15, (hw.Permutation(np.concatenate(cycles)),)))
    assert space.dim == 4
    basis = np.concatenate([space.basis, space.complement], axis=1)
    np.testing.assert_allclose(basis.T @ basis, np.eye(15), atol=1e-14)


def test_complements_are_sparse_unless_few_orbits_hold_most_of_the_space():
    assert isinstance(hw.invariant_subspace(hw.groups.cyclic_shifts(40)).complement_matrix, np.ndarray)
    many = hw.invariant_subspace(hw.groups.image_rotations(8)).complement_matrix
    assert many.nnz == 16 * 4 * 3


@pytest.mark.parametrize(
    "rep", [hw.groups.reflection(4), hw.groups.image_rotations(8), hw.groups.so3(1)], ids=str
)
def test_bases_cannot_be_changed_by_accident(rep):
    subspace = hw.invariant_subspace(rep)
    stored = subspace.complement_matrix
    entries = stored.data if sp.issparse(stored) else stored
    for basis in (subspace.basis, subspace.complement, entries, subspace.completed.basis):
        with pytest.raises(ValueError, match="read-only"):
            basis[...] = 7.0


def test_a_basis_of_ones_own_is_neither_copied_nor_frozen():
    Q = np.eye(3)[:, :2]
    subspace = hw.Subspace(Q)
    assert np.shares_memory(subspace.basis, Q)
    assert Q.flags.writeable
    sparse = sp.csr_array(Q)
    assert hw.Subspace(sparse).dim == 2
    assert sparse.data.flags.writeable
    assert hw.Subspace(Q.tolist()).ambient_dim == 3


@pytest.mark.parametrize("Q", [np.ones((3, 2)), np.ones(3), np.eye(3) * 1j, sp.csr_array(np.ones((3, 2)))])
def test_what_is_no_orthonormal_basis(Q):
    with pytest.raises(hw.ParameterError, match="no orthonormal basis") as raised:
        hw.Subspace(Q)
    assert "span" in raised.value.cause
    assert "numpy.linalg.qr" in raised.value.remedy


def test_arrays_of_another_size():
    subspace = hw.invariant_subspace(hw.groups.image_rotations(2))
    for call, X, length in (
        (subspace.coordinates, np.ones((2, 5)), 4),
        (subspace.project, np.ones(3), 4),
        (subspace.embed, np.ones((2, 4)), 1),
    ):
        with pytest.raises(hw.ParameterError, match=f"its last axis must have length {length}") as raised:
            call(X)
        assert "features" in raised.value.cause
        assert f"(..., {length})" in raised.value.remedy


def test_a_name_is_no_representation():
    with pytest.raises(hw.ParameterError, match="rep must be a Representation"):
        hw.invariant_subspace("image_rotations:8")


def test_repr_says_both_dimensions():
    assert repr(hw.invariant_subspace(hw.groups.image_rotations(8))) == "Subspace(dim 16 of 64)"


@pytest.mark.parametrize(
    ("rep", "expected"),
    [
        (hw.groups.trivial(7), 7),
        (hw.groups.cyclic_shifts((4, 5)), 1),
        (hw.groups.reflection(7), 4),
        (hw.groups.image_rotations(8, channels=3), 48),
        (hw.groups.image_rotations(8, reflections=True), 10),
        (hw.groups.permutations(52), 1),
        (hw.groups.permutations_of_sets(14, 12), 12),
        (hw.groups.permutations_of_graphs(1), 1),
        (hw.groups.permutations_of_graphs(2), 2),  # loops and edges
        (hw.groups.permutations_of_graphs(9), 2),
        (hw.groups.reverse_complement(4), (4**4 + 4**2) // 2),  # 16 palindromes of length 4
        (hw.groups.reverse_complement(3), 4**3 // 2),  # odd words are no palindromes
        # Invariants of S_n on fourth tensor powers: set partitions of 4, the Bell number 15, for n ≥ 4;
        # those into at most 3 blocks, 14, for n = 3; at most 2 blocks, 8, for n = 2.
        (hw.groups.permutations_of_graphs(5) * hw.groups.permutations_of_graphs(5), 15),
        (hw.groups.permutations_of_graphs(4) * hw.groups.permutations_of_graphs(4), 15),
        (hw.groups.permutations_of_graphs(3) * hw.groups.permutations_of_graphs(3), 14),
        (hw.groups.permutations_of_graphs(2) * hw.groups.permutations_of_graphs(2), 8),
    ],
    ids=lambda case: case.name if isinstance(case, hw.Representation) else str(case),
)
def test_known_dimensions(rep, expected):
    assert hw.invariant_subspace(rep).dim == expected


@pytest.mark.parametrize(
    "rep", [hw.groups.cyclic_shifts(10**6), hw.groups.permutations(10**5)], ids=lambda rep: rep.name
)
def test_orbits_need_no_matrix(rep):
    subspace = hw.invariant_subspace(rep)
    assert subspace.dim == 1
    np.testing.assert_allclose(subspace.basis, 1.0 / np.sqrt(rep.dim), rtol=1e-14)


def test_lie_algebra_elements_have_no_scale():
    """wᵀL = 0 says the same for L and 1e±12 L, next to generators of ordinary size as well."""
    turn = np.zeros((4, 4))
    turn[:2, :2] = [[0, -1], [1, 0]]
    swap = hw.Permutation([0, 1, 3, 2])
    for scale in (1e-12, 1.0, 1e12):
        subspace = hw.invariant_subspace(hw.Representation(4, (swap,), (scale * turn,)))
        assert subspace.dim == 1
        np.testing.assert_allclose(
            np.abs(subspace.basis.ravel()), np.array([0, 0, 1, 1]) / np.sqrt(2), atol=1e-14
        )
    assert hw.invariant_subspace(hw.Representation(4, (), (np.zeros((4, 4)),))).dim == 4


def test_generators_in_float32_leave_the_same_invariants():
    rng = np.random.default_rng(3)
    U = cases.random_orthogonal(6, rng)
    turn = cases.block_diagonal([cases.rotation(2 * np.pi / 7), cases.rotation(4 * np.pi / 7), np.eye(2)])
    single = hw.Representation(6, (hw.Matrix((U @ turn @ U.T).astype(np.float32)),))
    subspace = hw.invariant_subspace(single)
    assert subspace.dim == 2
    expected = U[:, 4:]
    # float32 entries: 6·eps over the gap 2·sin(π/7) ≈ 0.87.
    assert np.abs(subspace.basis @ subspace.basis.T - expected @ expected.T).max() < 1e-6


@pytest.mark.parametrize("convert", [np.float32, np.int64, sp.csc_array, sp.csr_matrix, sp.coo_array])
def test_a_basis_in_any_array(convert):
    Q = np.eye(5)[:, [0, 3]]
    given = Q.astype(convert) if convert in (np.float32, np.int64) else convert(Q)
    subspace = hw.Subspace(given)
    np.testing.assert_array_equal(subspace.basis, Q)
    assert subspace.basis.dtype.kind == "f"


def test_a_basis_in_single_precision():
    V = np.random.default_rng(0).standard_normal((300, 40)).astype(np.float32)
    assert hw.Subspace(np.linalg.qr(V)[0]).dim == 40
