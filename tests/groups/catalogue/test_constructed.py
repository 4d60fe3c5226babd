"""Groups given by matrices, by sympy, and wreath products."""

import math
import pickle

import numpy as np
import pytest
import scipy.sparse as sp
import scipy.stats
from sympy.combinatorics import Permutation as SympyPermutation
from sympy.combinatorics import PermutationGroup
from sympy.combinatorics.named_groups import AlternatingGroup, DihedralGroup

import haarwire as hw
from haarwire.errors import ParameterError, RepresentationError
from haarwire.groups import (
    Matrix,
    Permutation,
    Representation,
    SignedPermutation,
    cyclic_shifts,
    from_matrices,
    from_permutation_group,
    so3_vectors,
    wreath,
)


def mathieu():
    """M_11 on 11 points, of order 7920."""
    cycles = [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]], [[2, 6, 10, 7], [3, 9, 4, 5]]
    return PermutationGroup([SympyPermutation(c, size=11) for c in cycles])


def test_a_group_of_sympy():
    rep = from_permutation_group(mathieu(), name="M_11")
    assert (rep.dim, rep.order, rep.name) == (11, 7920, "M_11")
    assert Representation(11, rep.generators).order == 7920
    assert math.prod(map(len, rep.transversals())) == 7920
    # Four times transitive: Bell numbers, as for S_11.
    assert [hw.invariant_subspace(r).dim for r in (rep, rep * rep, rep * rep * rep)] == [1, 2, 5]


def test_products_of_permutations_are_those_of_sympy():
    G = AlternatingGroup(5)
    rep = from_permutation_group(G, size=7)
    p, q = G.generators
    act = rep.action.act
    product = act(np.array(p.array_form)) @ act(np.array(q.array_form))
    np.testing.assert_array_equal(product.indices, act(np.array((p * q).array_form)).indices)
    np.testing.assert_array_equal(product.indices[5:], [5, 6])
    x = np.arange(7.0)
    np.testing.assert_array_equal(rep.generators[0].apply(x)[:5], [x[p(i)] for i in range(5)])


def test_elements_of_a_group_of_sympy_are_drawn_uniformly():
    rep = from_permutation_group(DihedralGroup(5))
    keys = [g.indices.tobytes() for g in rep.sample(0, 500)]
    counts = [keys.count(k) for k in set(keys)]
    assert len(counts) == 10
    assert scipy.stats.chisquare(counts).pvalue > 1e-3
    M = np.diag(np.arange(5.0)) + 1.0
    expected = sum(g.conjugate(M) for g in rep.elements()) / 10
    np.testing.assert_allclose(hw.haar_average(M, rep), expected)
    again = pickle.loads(pickle.dumps(rep + rep))  # noqa: S301
    assert again.sample(0).dim == 10


def test_the_group_of_one_element_of_sympy():
    rep = from_permutation_group(PermutationGroup([SympyPermutation([0, 1, 2])]))
    assert (rep.dim, rep.order) == (3, 1)
    assert rep.sample(0).indices.tolist() == [0, 1, 2]


def test_groups_of_sympy_are_told_apart():
    a = from_permutation_group(AlternatingGroup(4))
    b = from_permutation_group(DihedralGroup(4))
    assert (a + from_permutation_group(AlternatingGroup(4), size=6)).dim == 10
    with pytest.raises(RepresentationError, match="not representations of one group"):
        a + b


def test_matrices():
    rep = from_matrices([[[0, -1], [1, 0]], [[0, 1], [1, 0]]], name="square")
    assert isinstance(rep.generators[0], SignedPermutation)
    assert isinstance(rep.generators[1], Permutation)
    assert (rep.order, rep.name) == (8, "square")
    c, s = np.cos(2 * np.pi / 7), np.sin(2 * np.pi / 7)
    assert from_matrices([np.array([[c, -s], [s, c]])]).order == 7


def test_wreath_products_by_hand():
    rep = wreath(cyclic_shifts(3), 2)
    x = np.arange(6.0)
    moved = rep.action.act(((1, 2), np.array([1, 0]))).apply(x).reshape(2, 3)
    blocks = x.reshape(2, 3)[[1, 0]]
    np.testing.assert_array_equal(moved, [np.roll(blocks[0], 1), np.roll(blocks[1], 2)])
    assert rep.order == 3**2 * 2 == len(rep.elements())
    assert wreath(4, 3).name == "wreath:permutations:4,copies=3"
    assert hw.invariant_subspace(wreath(4, 3)).dim == 1
    assert hw.invariant_subspace(wreath(4, 3) * wreath(4, 3)).dim == 3


def dense_average(M, elements):
    return sum(A @ M @ A.T for A in elements) / len(elements)


@pytest.mark.parametrize("kind", ["signed", "matrices"])
def test_wreath_products_of_groups_of_ones_own(kind):
    inner = Representation(2, [SignedPermutation([1, 0], [1, -1])])
    if kind == "matrices":
        S = np.array([[1.0, 0.5], [0.0, 1.0]])
        inner = Representation(2, [Matrix(S @ inner.generators[0].to_dense() @ np.linalg.inv(S))])
    rep = wreath(inner, 2)
    assert rep.order == 4**2 * 2 == len(rep.elements())
    assert rep.name == ""
    elements = [g.to_dense() for g in rep.elements()]
    drawn = rep.sample(0, 20)
    assert all(min(np.abs(g.to_dense() - A).max() for A in elements) < 1e-9 for g in drawn)
    X = np.random.default_rng(0).standard_normal((4, 4))
    np.testing.assert_allclose(hw.haar_average(X @ X.T, rep), dense_average(X @ X.T, elements), atol=1e-9)
    with pytest.raises(RepresentationError, match="not representations of one group"):
        rep + wreath(Representation(2, [SignedPermutation([1, 0], [1, 1])]), 2)


def test_the_same_generators_are_one_group_however_they_are_stored():
    swap, turn = Permutation([1, 0]), np.array([[0.0, -1.0], [1.0, 0.0]])
    stored = sp.csr_array((np.array([1.0, 0.0, 1.0]), np.array([1, 0, 0]), np.array([0, 1, 3])), shape=(2, 2))
    kinds = [swap, swap.signed(), Matrix(swap.to_dense()), Matrix(stored)]
    groups = {wreath(Representation(2, [kind]), 2).action.group for kind in kinds}
    assert len(groups) == 1
    assert wreath(Representation(2, [Matrix(turn)]), 2).action.group not in groups
    flows = [wreath(Representation(2, algebra=[L]), 2).action.group for L in (turn, sp.csr_array(turn))]
    assert flows[0] == flows[1]
    assert not groups & set(flows)


def test_wreath_products_of_continuous_groups():
    known, unknown = so3_vectors(1), Representation(3, algebra=so3_vectors(1).algebra)
    for inner in (known, unknown):
        rep = wreath(inner, 3)
        assert (rep.order, rep.is_compact) == (math.inf, True)
        X = np.random.default_rng(0).standard_normal((9, 9))
        M = X @ X.T
        # Only the traces of blocks survive: the same for all blocks, nothing between them.
        np.testing.assert_allclose(hw.haar_average(M, rep), np.eye(9) * np.trace(M) / 9, atol=1e-9)


@pytest.mark.parametrize(
    ("build", "error", "what", "remedy"),
    [
        (lambda: from_matrices([]), RepresentationError, "at least one matrix, got none", "trivial(n)"),
        (lambda: from_matrices([np.ones((2, 2))]), RepresentationError, "singular", "invertible"),
        (lambda: from_matrices([np.eye(2), np.eye(3)]), RepresentationError, "acts on 3", "dimension 2"),
        (lambda: from_permutation_group([1, 0]), ParameterError, "got list", "Representation(n"),
        (lambda: from_permutation_group(mathieu(), size=5), ParameterError, "11 at least, got 5", "leave"),
        (lambda: from_permutation_group(mathieu(), size=0), ParameterError, "size must be", "give a count"),
        (
            lambda: wreath("3", 2),
            ParameterError,
            "Representation or a positive integer, got '3'",
            "from_name",
        ),
        (lambda: wreath(0, 2), ParameterError, "positive integer, got 0", "wreath(4, 3)"),
        (lambda: wreath(3, 0), ParameterError, "copies must be a positive integer", "give a count"),
    ],
)
def test_messages(build, error, what, remedy):
    with pytest.raises(error) as raised:
        build()
    assert what in raised.value.what
    assert raised.value.cause
    assert remedy in raised.value.remedy
