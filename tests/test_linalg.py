"""Rank decisions and factorisations against NumPy's and mpmath's own."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

import strategies as cases
from haarwire._linalg import (
    EPS,
    default_tolerance,
    reciprocal_condition,
    symmetric_whitener,
)


def psd(rng: np.random.Generator, k: int, rank: int) -> np.ndarray:
    A = cases.random_orthogonal(k, rng)[:, :rank] * rng.uniform(0.5, 2.0, rank)
    return A @ A.T


def error(found: np.ndarray, true: np.ndarray) -> float:
    return float(np.linalg.norm(found - true) / (np.linalg.norm(true) or 1.0))


@given(rng=cases.seeds(), k=st.integers(1, 8), missing=st.integers(0, 8))
def test_whitener_factors_the_pseudo_inverse(rng, k, missing):
    rank = max(0, k - missing)
    C = psd(rng, k, rank)
    whitener = symmetric_whitener(C)
    F = whitener.factor
    assert whitener.rank == rank
    # Condition ≤ 16, k ≤ 8: 1e-12 is four hundred times k·eps·16.
    assert error(F @ F.T, np.linalg.pinv(C, rcond=1e-10, hermitian=True)) < 1e-12
    assert error(F.T @ C @ F, np.eye(rank)) < 1e-12


def test_whitener_of_zero_is_empty():
    whitener = symmetric_whitener(np.zeros((3, 3)))
    assert whitener.factor.shape == (3, 0)
    assert whitener.rank == 0
    assert whitener.condition == 1.0


@given(rng=cases.seeds(), k=st.integers(2, 6))
def test_whitener_keeps_the_precision_of_features_in_other_units(rng, k):
    """C = D K D with D from 1e−8 to 1e8: the inverse is D⁻¹K⁻¹D⁻¹ to the precision of K's."""
    K = psd(rng, k, k)
    D = 10.0 ** rng.permutation(np.linspace(-8.0, 8.0, k))
    F = symmetric_whitener(K * D * D[:, None]).factor
    exact = mpmath.inverse(mpmath.matrix(K.tolist()))
    true = np.array(exact.tolist(), dtype=float)
    assert error((F @ F.T) * D * D[:, None], true) < 1e-12


def test_whitener_of_a_badly_scaled_singular_matrix_is_the_pseudo_inverse_not_another_one():
    """C⁺ of a 3×3 matrix of rank 2 with columns in units 1e±2, from fifty digits."""
    A = np.array([[1.0, 2.0], [3.0, -1.0], [4.0, 1.0]]) * np.array([[1e2], [1.0], [1e-2]])
    with mpmath.workdps(50):
        a = mpmath.matrix(A.tolist())
        gram = a.T * a
        middle = mpmath.inverse(gram)
        pseudo_inverse = a * middle * middle * a.T  # (a aᵀ)⁺ for a of full column rank
        true = np.array(pseudo_inverse.tolist(), dtype=float)
    whitener = symmetric_whitener(A @ A.T)
    assert whitener.rank == 2
    F = whitener.factor
    # cond(C) is 2e7 here, of the equilibrated C it is 4: the projection on the range costs at most
    # the spread of the units, 1e4, in precision.
    assert error(F @ F.T, true) < 1e-11


def test_whitener_leaves_out_coordinates_without_variance():
    C = np.diag([2.0, 0.0, 8.0, -1e-18])
    whitener = symmetric_whitener(C)
    assert whitener.rank == 2
    np.testing.assert_allclose(whitener.factor @ whitener.factor.T, np.diag([0.5, 0, 0.125, 0]), rtol=1e-15)


def test_whitener_tolerance_is_relative_to_the_largest_eigenvalue():
    c = 1.0 - 1e-6  # eigenvalues 1 ± c
    C = np.array([[1.0, c], [c, 1.0]])
    assert symmetric_whitener(C).rank == 2
    assert symmetric_whitener(C, tol=1e-5).rank == 1
    assert symmetric_whitener(C).condition == pytest.approx((1 + c) / (1 - c), rel=1e-9)


def test_default_tolerance_grows_with_the_columns():
    """64·eps for the sums that even a small matrix is made of, and eps a column."""
    assert default_tolerance(100) == 164 * EPS
    assert default_tolerance(0) == 64 * EPS
    assert default_tolerance(2, 1e-7) == pytest.approx(66e-7)


@given(rng=cases.seeds(), n=st.integers(1, 8), condition=st.floats(1.0, 1e6))
def test_reciprocal_condition_dense_and_sparse(rng, n, condition):
    A = cases.random_basis(n, rng, condition)
    true = 1.0 / (np.abs(A).sum(0).max() * np.abs(np.linalg.inv(A)).sum(0).max())
    assert reciprocal_condition(A) == pytest.approx(true, rel=1e-8)
    # The sparse one is an estimate of ‖A⁻¹‖₁ from below, rarely off by more than a factor of 3.
    assert true * (1 - 1e-8) <= reciprocal_condition(sp.csr_array(A)) <= 3.0 * true


def test_reciprocal_condition_of_a_singular_matrix_is_zero():
    A = np.array([[1.0, 1.0], [1.0, 1.0]])
    assert reciprocal_condition(A) == 0.0
    assert reciprocal_condition(sp.csr_array(A)) == 0.0
    assert reciprocal_condition(sp.csr_array(np.diag([1.0, 0.0]))) == 0.0


@pytest.mark.parametrize("ratio", [1e-2, 1e-5, 1e-7, 1e-9])
def test_the_pseudo_inverse_of_a_singular_gram_keeps_small_features(ratio):
    """C = aaᵀ has C⁺ = aaᵀ/‖a‖⁴, so aᵀC⁺ = a/‖a‖², whatever the sizes of its entries."""
    a = np.array([1.0, ratio])
    F = symmetric_whitener(np.outer(a, a)).factor
    np.testing.assert_allclose(a @ F @ F.T, a / (a @ a), rtol=1e-14)
