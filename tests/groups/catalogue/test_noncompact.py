"""Groups without Haar average: what they preserve, and the first fundamental theorems."""

from functools import reduce
from operator import mul

import numpy as np
import pytest
import scipy.linalg

from haarwire import invariant_subspace
from haarwire.errors import ParameterError
from haarwire.groups import (
    lorentz_vectors,
    rigid_motions,
    scaling,
    shear,
    so13_tensors,
    special_linear,
    symplectic,
)


def element(rep, seed):
    """A product of exponentials of the Lie algebra, as a matrix."""
    rng = np.random.default_rng(seed)
    parts = [scipy.linalg.expm(rng.normal() * L.toarray()) for L in rep.algebra * 2]
    return reduce(np.matmul, parts)


@pytest.mark.parametrize("seed", range(3))
def test_what_is_preserved(seed):
    boost = element(lorentz_vectors(1), seed)
    eta = np.diag([1.0, -1.0, -1.0, -1.0])
    size = np.abs(boost).max() ** 2
    np.testing.assert_allclose(boost.T @ eta @ boost, eta, atol=1e-13 * size)
    assert boost[0, 0] >= 1.0 - 1e-12
    for n in (2, 3):
        assert np.isclose(np.linalg.det(element(special_linear(n), seed)), 1.0)
    A = element(symplectic(4), seed)
    J = np.kron([[0, 1], [-1, 0]], np.eye(2))
    np.testing.assert_allclose(A.T @ J @ A, J, atol=1e-12 * np.abs(A).max() ** 2)
    for dim in (1, 2, 3, 4):
        B = element(rigid_motions(dim), seed)
        np.testing.assert_allclose(B[:dim, :dim].T @ B[:dim, :dim], np.eye(dim), atol=1e-13)
        np.testing.assert_allclose(B[dim], np.eye(dim + 1)[dim], atol=1e-14)


@pytest.mark.parametrize(
    ("defining", "rep"),
    [
        (lorentz_vectors(1), lorentz_vectors(3)),
        (lorentz_vectors(1), so13_tensors(2)),
        (special_linear(3), special_linear(3) * special_linear(3).dual),
        (symplectic(4), symplectic(4)),
        (rigid_motions(3), rigid_motions(3).dual),
    ],
    ids=str,
)
def test_elements_are_exponentials_of_the_algebra(defining, rep):
    for i, L in enumerate(rep.algebra):
        expected = scipy.linalg.expm(0.4 * (L if isinstance(L, np.ndarray) else L.toarray()))
        abstract = scipy.linalg.expm(0.4 * defining.algebra[i].toarray())
        np.testing.assert_allclose(rep.action.act(abstract).to_dense(), expected, atol=1e-13)
    a, b = element(defining, 1), element(defining, 2)
    act = rep.action.act
    product = (act(a) @ act(b)).to_dense()
    np.testing.assert_allclose(act(a @ b).to_dense(), product, atol=1e-10 * np.abs(product).max())


def test_one_parameter_groups():
    units, side = scaling([1, -2, 0, 0.5]), shear(3, plane=(2, 0))
    np.testing.assert_allclose(units.action.act(4.0).to_dense(), np.diag([4, 1 / 16, 1, 2]))
    np.testing.assert_allclose(
        scipy.linalg.expm(np.log(4.0) * units.algebra[0].toarray()), units.action.act(4.0).to_dense()
    )
    np.testing.assert_array_equal(side.action.act(0.5).apply(np.array([2.0, 3.0, 4.0])), [2.0, 3.0, 5.0])
    np.testing.assert_array_equal(side.algebra[0].toarray(), np.eye(3)[[2]].T @ np.eye(3)[[0]])


def invariants(rep, order):
    return invariant_subspace(reduce(mul, [rep] * order)).dim


def test_first_fundamental_theorems():
    # SL(2) = Sp(2): Catalan numbers. SL(n): determinants. Sp(4), Lorentz: pairings, and ε for the latter.
    assert [invariants(special_linear(2), k) for k in (1, 2, 3, 4, 6)] == [0, 1, 0, 2, 5]
    assert [invariants(symplectic(2), k) for k in (2, 4)] == [1, 2]
    assert [invariants(special_linear(3), k) for k in (1, 2, 3, 4)] == [0, 0, 1, 0]
    assert [invariants(symplectic(4), k) for k in (1, 2, 3, 4)] == [0, 1, 0, 3]
    assert [invariant_subspace(so13_tensors(k)).dim for k in (1, 2, 3, 4)] == [0, 1, 0, 4]
    three = special_linear(3)
    assert invariant_subspace(three * three.dual).dim == 1


def test_linear_invariants():
    assert invariant_subspace(lorentz_vectors(3)).dim == 0
    assert invariant_subspace(scaling([1, 0, 2, 0])).dim == 2
    # The functionals: x_0 is what it was, x_1 is not.
    np.testing.assert_allclose(np.abs(invariant_subspace(shear(2, plane=(1, 0))).basis.ravel()), [1, 0])
    for dim in (1, 2, 3, 5):
        found = invariant_subspace(rigid_motions(dim))
        np.testing.assert_allclose(np.abs(found.basis.ravel()), np.eye(dim + 1)[dim], atol=1e-12)


def test_the_pairing_of_four_vectors_is_minkowski():
    found = invariant_subspace(so13_tensors(2)).basis.reshape(4, 4)
    np.testing.assert_allclose(found / found[0, 0], np.diag([1.0, -1.0, -1.0, -1.0]), atol=1e-12)


@pytest.mark.parametrize(
    ("build", "what", "cause"),
    [
        (lambda: symplectic(3), "even dimension, got 3", "momenta"),
        (lambda: symplectic(1), "at least 2, got 1", "does nothing"),
        (lambda: special_linear(1), "at least 2, got 1", "does nothing"),
        (lambda: shear(1), "at least 2, got 1", "does nothing"),
        (lambda: shear(3, plane=(1, 1)), "two different coordinates of 0 … 2", "count from 1"),
        (lambda: shear(3, plane=(0, 3)), "two different coordinates", "count from 1"),
        (lambda: shear(3, plane="xy"), "two different coordinates", "name"),
        (lambda: shear(3, plane=1), "two different coordinates", "name"),
        (lambda: scaling([]), "non-empty list of finite numbers", "missing"),
        (lambda: scaling(2.0), "non-empty list of finite numbers", "single number"),
        (lambda: scaling([np.nan]), "non-empty list of finite numbers", "missing value"),
        (lambda: scaling(["1"]), "non-empty list of finite numbers", "text"),
        (lambda: scaling([[1], [1, 2]]), "non-empty list of finite numbers", "text"),
        (lambda: lorentz_vectors(0), "positive integer, got 0", "size"),
        (lambda: so13_tensors(0), "positive integer, got 0", "size"),
        (lambda: rigid_motions(-1), "positive integer, got -1", "size"),
    ],
)
def test_messages(build, what, cause):
    with pytest.raises(ParameterError) as raised:
        build()
    assert what in raised.value.what
    assert cause in raised.value.cause
    assert raised.value.remedy
