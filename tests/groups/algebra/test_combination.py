"""Sums and products of many representations, and restrictions to subgroups."""

from __future__ import annotations

import re

import numpy as np
import pytest
import scipy.linalg
import scipy.sparse as sp
from hypothesis import given

import haarwire as hw
import oracles
import strategies as cases
from haarwire.errors import ParameterError, RepresentationError
from haarwire.groups import Representation, direct_sum, dual, hom, restrict, tensor_product


@given(rep=cases.finite_representations(), rng=cases.seeds())
def test_many(rep, rng):
    total = direct_sum(rep, hw.groups.trivial(2), rep)
    product = tensor_product(hw.groups.trivial(2), rep, dual(rep))
    for i, A in enumerate(cases.dense_generators(rep)):
        np.testing.assert_array_equal(
            total.generators[i].to_dense(), scipy.linalg.block_diag(A, np.eye(2), A)
        )
        D = rep.dual.generators[i].to_dense()
        np.testing.assert_allclose(
            product.generators[i].to_dense(), np.kron(np.eye(2), np.kron(A, D)), atol=1e-12 * np.abs(D).max()
        )
    X = rng.standard_normal((1, total.dim))
    for g in total.generators:
        assert g.apply(X).shape == X.shape


def test_names():
    c, s = hw.groups.cyclic_shifts(3), hw.groups.trivial(2)
    assert direct_sum(c, s, c).name == "cyclic_shifts:3 ⊕ trivial:2 ⊕ cyclic_shifts:3"
    assert tensor_product(direct_sum(c, s), c).name == "(cyclic_shifts:3 ⊕ trivial:2) ⊗ cyclic_shifts:3"
    assert direct_sum(c) is c
    assert direct_sum(c, Representation(1)).name == ""
    assert direct_sum(c, s, c).order == 3


def test_hom_of_matrices_is_what_commutes():
    """Dimension of hom = Σ over elements of χ_target(g) χ_source(g⁻¹), by enumeration."""
    rng = np.random.default_rng(0)
    blocks = cases.FINITE_GROUPS["S_3"]
    U, V = cases.random_orthogonal(6, rng), cases.random_orthogonal(5, rng)
    source = [U @ cases.block_diagonal([blocks[i][k] for i in (0, 2, 3)]) @ U.T for k in range(2)]
    target = [V @ cases.block_diagonal([blocks[i][k] for i in (2, 3)]) @ V.T for k in range(2)]
    pair = [cases.block_diagonal([a, b]) for a, b in zip(source, target, strict=True)]
    group = oracles.enumerate_group(pair, 11)
    expected = np.mean([np.trace(g[:6, :6].T) * np.trace(g[6:, 6:]) for g in group])
    reps = [Representation(len(m[0]), [hw.groups.Matrix(g) for g in m]) for m in (source, target)]
    assert hw.invariant_subspace(hom(*reps)).dim == pytest.approx(expected)


def rotations_of_space() -> Representation:
    L = [np.zeros((3, 3)) for _ in range(3)]
    for axis in range(3):
        i, j = (axis + 1) % 3, (axis + 2) % 3
        L[axis][i, j], L[axis][j, i] = -1.0, 1.0
    return Representation(3, (), [L[0], sp.csr_array(L[1]), L[2]], name="so3")


def test_restriction_to_a_lie_subgroup():
    rep = rotations_of_space()
    axis = np.array([1.0, 2.0, -2.0]) / 3.0
    around = restrict(rep, algebra=[axis.tolist()])
    assert around.name == "so3 restricted"
    np.testing.assert_allclose(np.abs(hw.invariant_subspace(around).basis.ravel() @ axis), 1.0)
    vertical = restrict(rep, (), algebra=[2], name="about z")
    np.testing.assert_array_equal(vertical.algebra[0], rep.algebra[2])
    assert vertical.name == "about z"
    assert hw.invariant_subspace(restrict(rep, algebra=(np.int64(0), 1))).dim == 0
    assert restrict(rep).dim == 3
    np.testing.assert_array_equal(
        restrict(Representation(3, (), [rep.algebra[0], rep.algebra[2]]), algebra=[(2, 3)]).algebra[0],
        2 * rep.algebra[0] + 3 * rep.algebra[2],
    )


@given(rep=cases.finite_representations())
def test_restriction_to_words(rep):
    dense = cases.dense_generators(rep)
    if not dense:
        return
    words = [(0, 0), (), (len(dense) - 1, 0)]
    smaller = restrict(rep, words)
    products = [dense[0] @ dense[0], np.eye(rep.dim), dense[-1] @ dense[0]]
    for g, A in zip(smaller.generators, products, strict=True):
        np.testing.assert_allclose(g.to_dense(), A, atol=1e-12 * max(1.0, np.abs(A).max()))


def test_words_may_be_given_by_an_iterator():
    words = iter([iter((0, 0)), iter(())])
    assert [g.to_dense().trace() for g in restrict(hw.groups.cyclic_shifts(4), words).generators] == [0, 4]


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: direct_sum(hw.groups.trivial(2), 3), "argument 2 of direct_sum"),
        (lambda: tensor_product(3), "argument 1 of tensor_product"),
        (lambda: dual(3), "rep"),
        (lambda: hom(3, hw.groups.trivial(2)), "source"),
        (lambda: hom(hw.groups.trivial(2), 3), "target"),
        (lambda: hw.groups.outer_product(3, hw.groups.trivial(2)), "first"),
        (lambda: hw.groups.outer_sum(hw.groups.trivial(2), 3), "second"),
        (lambda: hw.groups.tensor_power(3, 2), "rep"),
        (lambda: hw.groups.symmetric_power(3, 2), "rep"),
        (lambda: hw.groups.exterior_power(3, 2), "rep"),
        (lambda: restrict(3), "rep"),
        (lambda: hw.groups.subgroups(3), "rep"),
        (lambda: hw.groups.save_generators("group.npz", 3), "rep"),
    ],
)
def test_what_is_no_representation(call, name):
    with pytest.raises(ParameterError, match=f"^{name} must be a Representation, got a int"):
        call()


@pytest.mark.parametrize(
    ("call", "error", "what", "remedy"),
    [
        (direct_sum, ParameterError, "direct_sum needs at least one", r"direct_sum\(first, second\)"),
        (tensor_product, ParameterError, "tensor_product needs at least one", "first, second"),
        (lambda: restrict(hw.groups.permutations(3), [(0, 2)]), ParameterError, "generator 2", "0 … 1"),
        (lambda: restrict(hw.groups.trivial(3), [(0,)]), ParameterError, "has 0", "empty words"),
        (lambda: restrict(rotations_of_space(), algebra=[3]), ParameterError, "element 3 does not", "0 … 2"),
        (
            lambda: restrict(rotations_of_space(), algebra=[(1.0, 2.0)]),
            ParameterError,
            "combination",
            "3 numbers",
        ),
        (lambda: restrict(rotations_of_space(), algebra=[True]), ParameterError, "True", "0 … 2"),
        (lambda: restrict(rotations_of_space(), algebra=["abc"]), ParameterError, "abc", "3 numbers"),
        (lambda: restrict(hw.groups.trivial(2), algebra=[0]), ParameterError, "has 0 Lie", "generators only"),
        (lambda: restrict(hw.groups.permutations(3), (0, 0)), ParameterError, r"\(0, 0\)", r"\[\(0, 0\)\]"),
        (lambda: restrict(hw.groups.permutations(3), 0), ParameterError, "got 0", r"\[\(0, 0\)\]"),
        (lambda: restrict(hw.groups.permutations(3), [(0.0,)]), ParameterError, r"0\.0", r"\[\(0, 0\)\]"),
        (lambda: restrict(rotations_of_space(), algebra=0), ParameterError, "got 0", r"algebra=\[0\]"),
        (
            lambda: direct_sum(hw.groups.permutations(3), hw.groups.cyclic_shifts(3)),
            RepresentationError,
            "not representations of one group",
            "same group",
        ),
    ],
)
def test_messages(call, error, what, remedy):
    with pytest.raises(error) as raised:
        call()
    assert re.search(what, raised.value.what)
    assert re.search(remedy, raised.value.remedy)
    assert raised.value.cause
