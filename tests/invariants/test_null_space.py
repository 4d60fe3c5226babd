"""Large, sparse and lazy representations: against dense null spaces, known dimensions and characters."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
import scipy.linalg
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

import haarwire as hw
import oracles
import strategies as cases
from haarwire.errors import ConvergenceError, ParameterError
from haarwire.groups import Matrix, Permutation, Representation, SignedPermutation, outer_product, outer_sum
from haarwire.groups.lazy import BlockDiagonal, Kronecker
from haarwire.invariants import SubspaceCertificate
from haarwire.invariants.blocks import block_groups, distinct_stacks
from haarwire.invariants.conditions import Entries, Moves, spectral_bound
from haarwire.invariants.null_space import _joint
from haarwire.invariants.projection import probed_null_space


def check(rep: Representation, dim: int, *, method: str, rtol: float = 1e-11) -> hw.Subspace:
    """Dimension, orthonormality and invariance, without a dense matrix of size n."""
    subspace = hw.invariant_subspace(rep)
    Q = subspace.matrix
    assert subspace.dim == dim
    assert subspace.certificate.method == method
    assert subspace.certificate.residual <= subspace.certificate.tolerance < subspace.certificate.gap or (
        math.isnan(subspace.certificate.gap) and method == "iteration"
    )
    if dim == 0:
        return subspace
    gram = Q.T @ Q
    np.testing.assert_allclose(gram.toarray() if sp.issparse(gram) else gram, np.eye(dim), atol=1e-12)
    for g in rep.generators:
        # Sparse bases are too large to be written out, elements kept by their factors as well.
        moved = Q.T @ g.to_sparse() if sp.issparse(Q) else g.pull_back(Q.T)
        assert abs(moved - Q.T).max() < rtol
    for L in rep.algebra:
        assert abs(Q.T @ L).max() < rtol * max(1.0, float(abs(L).max()))
    return subspace


def agrees(rep: Representation, atol: float = 1e-9) -> None:
    """The same projector as a dense singular value decomposition of all conditions at once."""
    algebra = [L.toarray() if sp.issparse(L) else np.asarray(L) for L in rep.algebra]
    expected = oracles.invariants_by_null_space(cases.dense_generators(rep), algebra, rep.dim)
    Q = hw.invariant_subspace(rep).basis
    assert Q.shape == expected.shape
    np.testing.assert_allclose(Q @ Q.T, expected @ expected.T, atol=atol)


def sparse_rotation(triples: np.ndarray, n: int, angle: float) -> Matrix:
    """Turns every three coordinates given about the axis (1, 1, 1), which it leaves fixed."""
    axis = np.ones(3) / math.sqrt(3.0)
    K = -np.cross(np.eye(3), axis)
    R = np.eye(3) + math.sin(angle) * K + (1.0 - math.cos(angle)) * K @ K
    rest = np.ones(n)
    rest[triples.ravel()] = 0.0
    rows = np.repeat(triples, 3, axis=1).ravel()
    columns = np.tile(triples, (1, 3)).ravel()
    turned = sp.coo_array((np.tile(R.ravel(), len(triples)), (rows, columns)), shape=(n, n))
    return Matrix(sp.csr_array(sp.diags_array(rest) + turned))


def chain(n: int, angle: float) -> Representation:
    """Overlapping triples along a line: the spectral gap falls like angle/n."""
    starts = (np.arange(0, n - 2, 3), np.arange(2, n - 2, 3))
    return Representation(n, [sparse_rotation(s[:, None] + np.arange(3), n, angle) for s in starts])


def tangle(n: int, angle: float, seed: int) -> Representation:
    """Three lots of random triples: no order of the coordinates is narrow, and the gap is large."""
    rng = np.random.default_rng(seed)
    lots = [rng.permutation(n)[: n // 3 * 3].reshape(-1, 3) for _ in range(3)]
    return Representation(n, [sparse_rotation(lot, n, angle) for lot in lots])


# Blocks.


@given(rng=cases.seeds(), copies=st.integers(1, 4))
def test_blocks_of_random_sparse_matrices(rng, copies):
    base = sp.random_array((5, 7), density=0.2, rng=rng, format="csr")
    A = sp.csr_array(sp.block_diag([base] * copies, format="csr"))
    A = sp.csr_array(A[rng.permutation(A.shape[0])][:, rng.permutation(A.shape[1])])
    seen, rebuilt = [], np.zeros(A.shape)
    for group in block_groups(A):
        r, c = group.shape
        for i, one in enumerate(group.singly()):
            rebuilt[np.ix_(one.rows[0], one.columns[0])] = one.sparse().toarray()
            np.testing.assert_array_equal(one.rows[0], group.rows[i])
        stacks = list(group.stacks()) if c else []
        for rows, stack in stacks:
            different, which = distinct_stacks(stack)
            np.testing.assert_array_equal(different[which], stack)
            assert stack.shape == (len(rows), r, c)
        seen.append(group.rows.ravel())
    np.testing.assert_array_equal(rebuilt, A.toarray())
    np.testing.assert_array_equal(np.sort(np.concatenate(seen)), np.arange(A.shape[0]))


def test_many_equal_blocks_are_solved_once(monkeypatch):
    from haarwire.invariants import null_space

    stacks = []
    solve = null_space._singular_values
    monkeypatch.setattr(
        null_space, "_singular_values", lambda stack, eps: stacks.append(len(stack)) or solve(stack, eps)
    )
    rep = outer_product(hw.groups.so3_tensors(2), hw.groups.trivial(500))
    check(rep, 500, method="singular values")
    assert max(stacks) <= 3


@given(rep=st.one_of(cases.finite_representations(), cases.skewed_groups()), rng=cases.seeds())
def test_blocks_in_any_order_of_the_coordinates(rep, rng):
    """A direct sum with its coordinates shuffled: blocks are found again; bases and complements are right."""
    total = rep + rep.trivial(2) + rep
    order = Permutation(rng.permutation(total.dim))
    shuffled = [order @ Matrix._of(g) @ order.inverse() for g in total.generators]
    shuffled_rep = Representation(total.dim, shuffled)
    agrees(shuffled_rep, atol=1e-10)
    subspace = hw.invariant_subspace(shuffled_rep)
    frame = np.concatenate([subspace.basis, subspace.complement], axis=1)
    np.testing.assert_allclose(frame.T @ frame, np.eye(total.dim), atol=1e-13)
    np.testing.assert_allclose(np.abs(np.linalg.det(frame)), 1.0)


def test_circles_of_many_frequencies():
    rep = hw.groups.so2(range(1, 301))
    check(hw.groups.hom(rep, rep), 600, method="singular values")  # 1 and i for each frequency
    check(hw.groups.so2([*range(1, 20_001), 0]), 1, method="singular values")


@pytest.mark.parametrize("order", range(1, 9))
def test_isotropic_tensors(order):
    """Invariants of SO(3) on tensors are counted by the Riordan numbers 0, 1, 1, 3, 6, 15, 36, 91."""
    riordan = [1, 0]
    for k in range(2, order + 1):
        riordan.append((k - 1) * (2 * riordan[k - 1] + 3 * riordan[k - 2]) // (k + 1))
    check(
        hw.groups.so3_tensors(order), riordan[order], method="iteration" if order == 8 else "singular values"
    )


LIE = [
    hw.groups.so2([0, 1, 2, 2]),
    hw.groups.unitary_phase(2),
    hw.groups.so3({0: 2, 1: 1, 2: 1}),
    hw.groups.so3_vectors(2),
    hw.groups.so3_tensors(3),
    hw.groups.o3_vectors(2),
    hw.groups.o3_tensors(2),
    hw.groups.su2({0: 1, 1: 2}),
    hw.groups.lorentz_vectors(1),
    hw.groups.so13_tensors(2),
    hw.groups.scaling([0.0, 1.0]),
    hw.groups.shear(3),
    hw.groups.special_linear(2),
    hw.groups.symplectic(4),
    hw.groups.rigid_motions(2),
    hw.groups.point_clouds(3, 1),
    hw.groups.hyperoctahedral(3),
    hw.groups.cube_rotations(2),
]


@pytest.mark.parametrize("rep", LIE, ids=lambda rep: rep.name)
@given(rng=cases.seeds())
@settings(max_examples=3)
def test_catalogue(rep, rng):
    """Alone, squared, and both in a random orthonormal basis, where no entry is zero."""
    agrees(rep)
    square = rep * rep
    if square.dim > 150:
        return
    agrees(square)
    U = cases.random_orthogonal(square.dim, rng)
    turned = Representation(
        square.dim,
        [Matrix(U @ g.to_dense() @ U.T) for g in square.generators],
        [U @ np.asarray(sp.csr_array(L).toarray()) @ U.T for L in square.algebra],
    )
    assert hw.invariant_subspace(turned).dim == hw.invariant_subspace(square).dim
    moves = Moves(turned.generators, turned.algebra, sp.eye_array(square.dim, format="csr"))
    found = probed_null_space(moves, 1e-9, rep.name)
    Q = hw.invariant_subspace(square).basis
    np.testing.assert_allclose(found.basis @ found.basis.T, U @ Q @ Q.T @ U.T, atol=1e-9)


# Permutations beside other generators.


@given(rep=cases.orthogonal_representations(), n=st.integers(1, 4), rng=cases.seeds())
def test_permutations_first(rep, n, rng):
    """Matrices beside (signed) permutations, some of them as matrices: the same invariants."""
    product = outer_product(hw.groups.permutations(n), rep)
    signed = SignedPermutation(np.arange(product.dim), np.repeat(rng.choice([-1, 1], n), rep.dim))
    for extra in ((), (signed,)):
        mixed = Representation(product.dim, product.generators + extra)
        agrees(mixed)
        some = [Matrix._of(g) if rng.random() < 0.5 else g for g in mixed.generators]
        agrees(Representation(product.dim, some))


def test_clouds_of_points():
    check(hw.groups.point_clouds(2000, 3), 3, method="singular values")
    cloud = hw.groups.point_clouds(30, 1)
    check(cloud * cloud, 4, method="singular values")  # δ_ab on and off the diagonal; two of the scalars


# Large connected blocks.


@pytest.mark.parametrize("angle", [1.0, 1e-3])
def test_chains_with_a_small_gap(angle):
    """One functional for n = 3k + 2 coordinates; the least other singular value is about angle·3/n."""
    agrees(chain(812, angle), atol=1e-6)
    n = 20_000
    subspace = check(chain(n, angle), 1 + (n - 2) % 3, method="iteration")
    assert subspace.certificate.leakage < 1e-8


def test_equal_chains_side_by_side():
    """Each is a block of its own, too large to be one of a stack: two functionals on disjoint coordinates."""
    one = chain(902, 1.0)
    both = one + one
    subspace = check(both, 2, method="iteration")
    halves = np.abs(subspace.basis.reshape(2, 902, 2)).max(axis=1)
    assert sorted(np.count_nonzero(halves > 1e-9, axis=1)) == [1, 1]
    single = hw.invariant_subspace(one).basis
    for half, column in ((0, int(halves[0].argmax())), (1, int(halves[1].argmax()))):
        found = subspace.basis[902 * half : 902 * (half + 1), column]
        assert abs(found @ single[:, 0]) == pytest.approx(1.0, abs=1e-9)


def test_the_bound_of_a_spectral_norm():
    """√(largest column sum · largest row sum): exact for a column or a row of ones."""
    for A, bound in (
        (np.ones((9, 1)), 3.0),
        (np.ones((1, 9)), 3.0),
        (np.array([[3.0, -4.0], [0.0, 1.0]]), np.sqrt(5.0 * 7.0)),
        (np.diag([0.25, -0.125]), 0.25),
    ):
        assert spectral_bound(A) == spectral_bound(sp.csr_array(A)) == pytest.approx(bound, rel=1e-15)
        assert spectral_bound(A) >= np.linalg.norm(A, 2) * (1 - 1e-15)


def test_one_certificate_for_all_blocks_is_the_weakest_of_each_number():
    found = [
        SubspaceCertificate("iteration", 1e-15, 1e-12, math.nan, 8, 1e-6),
        SubspaceCertificate("singular values", 3e-15, 2e-12, 0.5, 0, 0.0),
        SubspaceCertificate("iteration", 2e-15, 1e-12, math.nan, 5, 3e-6),
    ]
    joint = _joint(found)
    assert (joint.method, joint.residual, joint.tolerance) == ("iteration", 3e-15, 2e-12)
    assert math.isnan(joint.gap)
    assert (joint.probes, joint.leakage) == (5, 3e-6)
    assert _joint(found[1:2]) == found[1]


def test_blocks_one_by_one():
    A = sp.csr_array(scipy.linalg.block_diag(*[np.arange(1.0, 7.0).reshape(2, 3)] * 4))
    for group in block_groups(A):
        for place, single in enumerate(group.singly()):
            assert single.rows.shape[0] == single.columns.shape[0] == 1
            np.testing.assert_array_equal(single.rows[0], group.rows[place])
            np.testing.assert_array_equal(single.columns[0], group.columns[place])


@pytest.mark.parametrize(("n", "angle"), [(1500, 1.0), (6000, 1e-6)])
def test_tangles(n, angle):
    """At an angle of 1e-6 and n = 6000, rounding of the entries moves the one invariant functional, too."""
    subspace = check(tangle(n, angle, seed=0), 1, method="iteration")
    np.testing.assert_allclose(np.abs(subspace.basis), 1.0 / math.sqrt(n), rtol=1e-6)
    assert subspace.certificate.probes >= 8
    agrees(tangle(300, angle, seed=1), atol=1e-7)


@pytest.mark.parametrize("dim", [0, 1, 5, 60])
def test_iteration_against_the_dense_null_space(dim):
    """A random orthogonal basis of C_k and of a Lie algebra: whatever the dimension."""
    rng = np.random.default_rng(dim)
    n = 120 + dim % 2
    U = cases.random_orthogonal(n, rng)
    turns = [cases.rotation(float(t)) for t in rng.uniform(0.5, 2.5, (n - dim) // 2)]
    g = U @ cases.block_diagonal([*turns, *[np.eye(1)] * (n - 2 * len(turns))]) @ U.T
    A = g - np.eye(n)
    expected = oracles.invariants_by_null_space([g], [], n)
    found = probed_null_space(Entries(A), 1e-11, "a turn")
    assert found.basis.shape == expected.shape
    np.testing.assert_allclose(found.basis @ found.basis.T, expected @ expected.T, atol=1e-11)
    sparse = probed_null_space(Entries(sp.csr_array(A)), 1e-11, "a turn")
    np.testing.assert_allclose(sparse.basis @ sparse.basis.T, expected @ expected.T, atol=1e-11)
    assert found.probes >= 8
    assert np.linalg.norm(A.T @ found.basis, 2) == pytest.approx(found.residual, abs=1e-14)


@given(rep=st.one_of(cases.finite_representations(), cases.non_compact_groups()))
def test_iteration_on_random_representations(rep):
    """Elements that are applied, not written out, on the orbits of nothing and of a permutation."""
    expected = oracles.invariants_by_null_space(cases.dense_generators(rep), [], rep.dim)
    moves = Moves(rep.generators, (), sp.eye_array(rep.dim, format="csr"))
    if not rep.generators:
        return
    found = probed_null_space(moves, 1e-9, "random")
    assert found.basis.shape == expected.shape
    np.testing.assert_allclose(found.basis @ found.basis.T, expected @ expected.T, atol=1e-9)


def test_lazy_generators():
    """O(100) on tensors: δ_ab; beside copies that a permutation group exchanges: their sum."""
    rng = np.random.default_rng(0)
    turns = [Matrix(cases.random_orthogonal(100, rng)) for _ in range(2)]
    rep = Representation(100, turns)
    product = rep * rep
    assert isinstance(product.generators[0], Kronecker)
    delta = check(product, 1, method="iteration")
    np.testing.assert_allclose(np.abs(delta.basis.ravel()), np.eye(100).ravel() / 10.0, atol=1e-12)
    both = outer_sum(product, hw.groups.cyclic_shifts(50))
    assert isinstance(both.generators[0], BlockDiagonal)
    subspace = check(both, 2, method="iteration")
    np.testing.assert_allclose(
        np.linalg.norm(subspace.basis[10_000:], axis=1), 1.0 / math.sqrt(50), atol=1e-12
    )


# What vouches for it.


def test_certificates():
    orbits = hw.invariant_subspace(hw.groups.image_rotations(4))
    assert orbits.certificate == SubspaceCertificate("orbits")
    np.testing.assert_array_equal(orbits.indicators.toarray(), (orbits.basis > 0).astype(np.int8))
    assert orbits.indicators.dtype == np.int8
    dense = hw.invariant_subspace(hw.groups.so3_vectors(1) * hw.groups.so3_vectors(1))
    assert dense.certificate.method == "singular values"
    assert 0.0 < dense.certificate.gap < 2.0
    assert dense.certificate.residual <= dense.certificate.tolerance
    assert hw.Subspace(np.eye(3)).certificate is None


def test_gap_is_the_least_singular_value_kept():
    rng = np.random.default_rng(2)
    U = cases.random_orthogonal(6, rng)
    g = U @ cases.block_diagonal([cases.rotation(0.01), cases.rotation(2.0), np.eye(2)]) @ U.T
    certificate = hw.invariant_subspace(Representation(6, (Matrix(g),))).certificate
    assert certificate.gap == pytest.approx(2.0 * math.sin(0.005))


def test_signed_indicators_are_exact():
    rep = Representation(5, (SignedPermutation([0, 2, 1, 4, 3], [-1, 1, -1, -1, -1]),))
    np.testing.assert_array_equal(hw.invariant_subspace(rep).indicators.toarray().T, [[0, 0, 0, 1, -1]])


def test_indicators_need_orbits():
    with pytest.raises(ParameterError) as raised:
        _ = hw.invariant_subspace(hw.groups.so3_tensors(2)).indicators
    assert "has no orbits" in raised.value.what
    assert "matrices" in raised.value.cause
    assert "subspace.basis" in raised.value.remedy


@pytest.mark.parametrize(
    ("values", "tolerance", "what"),
    [
        (
            np.r_[0.0, np.geomspace(1e-9, 1.0, 200)],
            1e-12,
            "on 201 coordinates cannot be certified: .* of size",
        ),
        (np.r_[np.zeros(5), np.ones(100)], 1e-20, "invariant to .* only"),
    ],
)
def test_what_cannot_be_certified_is_not_returned(values, tolerance, what, monkeypatch):
    """Singular values of every size, down to those that no iteration tells from 0 in time; and rounding."""
    monkeypatch.setattr("haarwire.invariants.projection._MAX_STEPS", 300)
    U = cases.random_orthogonal(values.size, np.random.default_rng(0))
    with pytest.raises(ConvergenceError) as raised:
        probed_null_space(Entries(U * values), tolerance, "a slow group")
    assert re.search(what, raised.value.what)
    assert "a slow group" in raised.value.what
    assert "algebra=" in raised.value.remedy
    assert "close to the identity" in raised.value.cause


def test_bases_too_large_for_memory_are_refused(monkeypatch):
    monkeypatch.setattr("haarwire.invariants.projection._LARGEST", 1000)
    with pytest.raises(
        ConvergenceError, match="at least 0 invariant functionals on 100 coordinates"
    ) as raised:
        probed_null_space(Entries(np.diag(np.r_[np.zeros(50), np.ones(50)])), 1e-12, "a large group")
    assert "separates" in raised.value.cause
    assert "sparse or permutations" in raised.value.remedy


def test_a_last_resort_for_blocks_of_moderate_size(monkeypatch):
    """Where the iteration gives up, a singular value decomposition decides, and the certificate says so."""

    def give_up(*_: object) -> None:
        raise ConvergenceError("no", cause="no", remedy="no")

    monkeypatch.setattr("haarwire.invariants.null_space.probed_null_space", give_up)
    check(chain(902, 1.0), 1, method="singular values")
    monkeypatch.setattr("haarwire.invariants.null_space._LAST_RESORT", 900)
    with pytest.raises(ConvergenceError):
        hw.invariant_subspace(chain(902, 1.0))


# Sizes.


@pytest.mark.parametrize(
    ("build", "dim"),
    [
        (lambda: hw.groups.hom(*[hw.groups.image_rotations(28)] * 2), 153_664),
        (lambda: hw.groups.permutations(100) * hw.groups.permutations(100), 2),
        (lambda: hw.groups.cyclic_shifts(10_000), 1),
        (lambda: hw.groups.permutations_of_sets(100_000, 10), 10),
    ],
)
def test_large_permutation_actions(build, dim):
    subspace = hw.invariant_subspace(build())
    assert subspace.dim == dim
    assert subspace.certificate.method == "orbits"
    assert subspace.has_disjoint_supports
