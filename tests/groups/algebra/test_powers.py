"""Tensor, symmetric and exterior powers: against Kronecker powers, minors, characters and Molien series."""

from __future__ import annotations

import itertools
import math
import pickle
import re

import numpy as np
import pytest
import scipy.linalg
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

import haarwire as hw
import oracles
import strategies as cases
from haarwire.errors import DataError, ParameterError
from haarwire.groups import (
    Matrix,
    Permutation,
    Representation,
    SignedPermutation,
    exterior_power,
    symmetric_power,
    symmetric_power_features,
    symmetric_power_indices,
    tensor_power,
)
from haarwire.groups.powers import Power


def embedding(n: int, k: int, symmetric: bool) -> np.ndarray:
    """Orthonormal basis of the (anti)symmetric k-fold tensors, one column a monomial, by symmetrizing."""
    pick = itertools.combinations_with_replacement if symmetric else itertools.combinations
    columns = []
    for index in pick(range(n), k):
        tensor = np.zeros((n,) * k)
        for order in itertools.permutations(range(k)):
            sign = 1.0 if symmetric else np.linalg.det(np.eye(k)[list(order)])
            tensor[tuple(index[j] for j in order)] += sign
        columns.append(tensor.ravel() / np.linalg.norm(tensor))
    return np.array(columns).T


def kronecker_power(A: np.ndarray, k: int) -> np.ndarray:
    total = np.eye(1)
    for _ in range(k):
        total = np.kron(total, A)
    return total


def character_of_power(g: np.ndarray, k: int, symmetric: bool) -> float:
    """Newton's identities: k h_k = Σ p_i h_{k−i}, k e_k = Σ (−1)^{i−1} p_i e_{k−i}, p_i = tr(gⁱ)."""
    sums = [float(np.trace(np.linalg.matrix_power(g, i))) for i in range(1, k + 1)]
    values = [1.0]
    for j in range(1, k + 1):
        terms = [(1.0 if symmetric or i % 2 else -1.0) * sums[i - 1] * values[j - i] for i in range(1, j + 1)]
        values.append(sum(terms) / j)
    return values[k]


POWERS = {True: symmetric_power, False: exterior_power}
WHICH = st.sampled_from([True, False])


@given(
    rep=st.one_of(cases.finite_representations(), cases.non_compact_groups()), symmetric=WHICH, data=st.data()
)
def test_powers_are_kronecker_powers_in_the_basis_of_monomials(rep, symmetric, data):
    k = data.draw(st.integers(1, 3 if symmetric else min(3, rep.dim)))
    rep = rep if rep.dim**k <= 400 else Representation(rep.dim, rep.generators[:1])
    E = embedding(rep.dim, k, symmetric)
    power = POWERS[symmetric](rep, k)
    assert power.dim == E.shape[1]
    for g, A in zip(power.generators, cases.dense_generators(rep), strict=True):
        big = kronecker_power(A, k)
        np.testing.assert_allclose(g.to_dense(), E.T @ big @ E, atol=1e-13 * np.abs(big).max())
        again = pickle.loads(pickle.dumps(g))  # noqa: S301
        np.testing.assert_array_equal(again.to_dense(), g.to_dense())
    if rep.is_permutation and symmetric:
        assert power.is_permutation
    assert power.is_signed_permutation >= rep.is_signed_permutation
    assert power.is_orthogonal >= rep.is_orthogonal


@pytest.mark.parametrize("rep", cases.CATALOGUE.values(), ids=cases.CATALOGUE.keys())
def test_catalogue_keeps_its_order_and_sampler(rep):
    for k, power in ((2, symmetric_power(rep, 2)), (1, exterior_power(rep, 1)), (2, tensor_power(rep, 2))):
        assert power.order == rep.order
        assert rep.name in power.name
        if rep.action is None or rep.action.draw is None:
            continue
        drawn = rep.action.draw(np.random.default_rng(3))
        E = embedding(rep.dim, k, True) if power.dim != rep.dim**k else np.eye(power.dim)
        big = kronecker_power(rep.action.act(drawn).to_dense(), k)
        np.testing.assert_allclose(power.action.act(drawn).to_dense(), E.T @ big @ E, atol=1e-13)


@given(circle=cases.circles(), symmetric=WHICH, k=st.integers(2, 3))
def test_lie_algebra(circle, symmetric, k):
    """The power of exp(L) is exp of the power of L."""
    rep = circle.rep
    k = k if symmetric else min(k, rep.dim)
    power = POWERS[symmetric](rep, k)
    E = embedding(rep.dim, k, symmetric)
    flow = scipy.linalg.expm(np.asarray(sp.csr_array(power.algebra[0]).toarray()))
    np.testing.assert_allclose(flow, E.T @ kronecker_power(circle.flow(1.0), k) @ E, atol=1e-11)


@given(rep=cases.finite_representations(), symmetric=WHICH, k=st.integers(1, 4))
def test_dimensions_are_the_mean_characters(rep, symmetric, k):
    """dim of the invariants of a power = mean of its character = coefficient k of Molien's series."""
    if not symmetric:
        k = min(k, rep.dim)
    k = min(k, 3 if rep.dim > 5 else 4)
    group = oracles.enumerate_group(cases.dense_generators(rep), rep.dim)
    expected = np.mean([character_of_power(g, k, symmetric) for g in group])
    power = POWERS[symmetric](rep, k)
    assert hw.invariant_subspace(power).dim == pytest.approx(expected, abs=1e-6)


def test_molien_series_of_reflection_groups():
    """Invariants of S_n have degrees 1 … n, those of B_n 2, 4 … 2n: coefficients of Π 1/(1 − t^d)."""

    def count(degrees, k):
        ways = [1] + [0] * k
        for d in degrees:
            for total in range(d, k + 1):
                ways[total] += ways[total - d]
        return ways[k]

    signs = SignedPermutation([0, 1, 2], [-1, 1, 1])
    exchanges = hw.groups.permutations(3).generators
    octahedral = Representation(3, [*exchanges, signs])
    for k in range(1, 9):
        assert hw.invariant_subspace(symmetric_power(hw.groups.permutations(4), k)).dim == count(
            (1, 2, 3, 4), k
        )
        assert hw.invariant_subspace(symmetric_power(octahedral, k)).dim == count((2, 4, 6), k)


def test_invariants_of_the_rotations_of_space_are_the_powers_of_the_radius():
    L = [np.zeros((3, 3)) for _ in range(3)]
    for axis in range(3):
        i, j = (axis + 1) % 3, (axis + 2) % 3
        L[axis][i, j], L[axis][j, i] = -1.0, 1.0
    space = Representation(3, (), L)
    X = np.random.default_rng(0).standard_normal((5, 3))
    for k in range(1, 7):
        subspace = hw.invariant_subspace(symmetric_power(space, k))
        assert subspace.dim == (k % 2 == 0)
        if subspace.dim:
            values = subspace.coordinates(symmetric_power_features(X, k)).ravel()
            ratio = values / np.linalg.norm(X, axis=1) ** k
            np.testing.assert_allclose(ratio, ratio[0], rtol=1e-12)
    assert hw.invariant_subspace(exterior_power(space, 3)).dim == 1


@given(rep=cases.finite_representations(), k=st.integers(1, 3), rng=cases.seeds())
def test_features_move_with_their_samples(rep, k, rng):
    X, Y = rng.standard_normal((2, 4, rep.dim))
    F = symmetric_power_features(X, k)
    assert F.shape == (4, math.comb(rep.dim + k - 1, k))
    np.testing.assert_allclose(F @ symmetric_power_features(Y, k).T, (X @ Y.T) ** k, atol=1e-11)
    power = symmetric_power(rep, k)
    for g, moved in zip(rep.generators, power.generators, strict=True):
        expected = symmetric_power_features(g.apply(X), k)
        np.testing.assert_allclose(moved.apply(F), expected, atol=1e-11 * (1.0 + np.abs(expected).max()))


def test_features_keep_their_precision_and_shape():
    X = np.arange(12, dtype=np.float32).reshape(2, 2, 3)
    assert symmetric_power_features(X, 2).dtype == np.float32
    assert symmetric_power_features(X, 2).shape == (2, 2, 6)
    assert symmetric_power_features(X.astype(np.uint8) + np.uint8(200), 2).max() > 255**2 / 2
    np.testing.assert_array_equal(
        symmetric_power_indices(3, 2), [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)]
    )
    assert symmetric_power_features(np.zeros((0, 3)), 2).shape == (0, 6)


@given(seed=st.integers(0, 1000), symmetric=WHICH, k=st.integers(2, 3))
def test_lazy_powers_are_the_built_ones(seed, symmetric, k):
    rng = np.random.default_rng(seed)
    g = Matrix(np.eye(4) + 0.3 * rng.standard_normal((4, 4)))
    h = Matrix(np.linalg.qr(rng.standard_normal((4, 4)))[0])
    E = embedding(4, k, symmetric)
    lazy = Power(g, k, symmetric=symmetric)
    A = E.T @ kronecker_power(g.to_dense(), k) @ E
    X = rng.standard_normal((2, 3, lazy.dim))
    np.testing.assert_allclose(lazy.to_dense(), A, atol=1e-12)
    np.testing.assert_allclose(lazy.apply(X), X @ A.T, atol=1e-12)
    np.testing.assert_allclose(lazy.pull_back(X), X @ A, atol=1e-12)
    np.testing.assert_allclose(lazy.inverse().to_dense() @ A, np.eye(lazy.dim), atol=1e-9)
    np.testing.assert_allclose(lazy.dual.to_dense(), np.linalg.inv(A).T, atol=1e-9)
    other = Power(h, k, symmetric=symmetric)
    assert other.is_orthogonal
    assert not lazy.is_orthogonal
    B = other.to_dense()
    np.testing.assert_allclose((lazy @ other).to_dense(), A @ B, atol=1e-12)
    assert isinstance(lazy @ other, Power)
    np.testing.assert_allclose(lazy.direct_sum(other).to_dense(), scipy.linalg.block_diag(A, B), atol=1e-12)
    np.testing.assert_allclose(lazy.tensor(h).to_dense(), np.kron(A, h.to_dense()), atol=1e-12)


def test_large_powers_are_not_built():
    rng = np.random.default_rng(0)
    g = Matrix(np.linalg.qr(rng.standard_normal((60, 60)))[0])
    power = symmetric_power(Representation(60, (g,)), 3)
    assert isinstance(power.generators[0], Power)
    assert power.is_orthogonal
    X = rng.standard_normal((2, 60))
    moved = power.generators[0].apply(symmetric_power_features(X, 3))
    np.testing.assert_allclose(moved, symmetric_power_features(g.apply(X), 3), atol=1e-10)
    single = symmetric_power(Representation(60, (Matrix(g.matrix.astype(np.float32)),)), 2).generators[0]
    assert single.precision == np.finfo(np.float32).eps


def test_many_multi_indices_of_high_degree():
    """Binomials beyond 2^63 on the way must not hurt: 2 variables of degree 100, 99 of 100 coordinates."""
    swap = Representation(2, (Permutation([1, 0]),))
    np.testing.assert_array_equal(symmetric_power(swap, 100).generators[0].indices, np.arange(101)[::-1])
    p = np.random.default_rng(0).permutation(100)
    minors = exterior_power(Representation(100, (Permutation(p),)), 99).generators[0]
    # Λ^{n−1} is det ⊗ the dual, with alternating signs: coordinate j leaves out n − 1 − j.
    np.testing.assert_array_equal(99 - minors.indices[::-1], p)


@pytest.mark.parametrize(
    ("call", "error", "what"),
    [
        (lambda: symmetric_power(hw.groups.trivial(2), 0), ParameterError, "positive integer, got 0"),
        (lambda: tensor_power(hw.groups.trivial(2), 1.5), ParameterError, "got 1.5"),
        (lambda: exterior_power(hw.groups.trivial(2), True), ParameterError, "got True"),
        (
            lambda: exterior_power(hw.groups.permutations(3), 4),
            ParameterError,
            "power 4 of permutations:3 is zero",
        ),
        (lambda: symmetric_power(hw.groups.trivial(10**5), 3), ParameterError, "166671666700000 coordinates"),
        (
            lambda: tensor_power(hw.groups.trivial(10**5), 3),
            ParameterError,
            r"100000\^3 coordinates, at most 2\^28",
        ),
        # Numbers of more digits than Python writes.
        (lambda: tensor_power(hw.groups.permutations(10), 5000), ParameterError, r"10\^5000 coordinates"),
        (
            lambda: symmetric_power(hw.groups.permutations(10**4), 10**4),
            ParameterError,
            r"about 10\^6018 coordinates",
        ),
        (
            lambda: exterior_power(hw.groups.permutations(2 * 10**4), 10**4),
            ParameterError,
            r"about 10\^6018 coordinates",
        ),
        (lambda: symmetric_power_features(1.0, 2), DataError, r"shape \(\)"),
        (lambda: symmetric_power_features(np.zeros((2, 0)), 2), DataError, r"shape \(2, 0\)"),
        (lambda: symmetric_power_features([[1j]], 2), DataError, "complex128"),
        (lambda: symmetric_power_indices(0, 2), ParameterError, "got 0"),
    ],
)
def test_messages(call, error, what):
    with pytest.raises(error) as raised:
        call()
    assert re.search(what, raised.value.what)
    assert raised.value.cause
    assert raised.value.remedy
