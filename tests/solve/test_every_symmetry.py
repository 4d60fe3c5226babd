"""The theorems for every symmetry of the catalogue, continuous and non-compact ones among them."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.sparse as sp

import haarwire as hw
from haarwire.groups import from_name
from strategies import NOT_COMPACT, SMALL

M = 3


def _data(rep, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((6 * rep.dim + 20, rep.dim)) + rng.standard_normal(rep.dim)
    Y = X @ rng.standard_normal((rep.dim, M)) + rng.standard_normal((len(X), M)) + 1.0
    return X, Y


def _invariant_features(rep):
    """An orthonormal basis of null(Aᵀ) from all generators, by a dense singular value decomposition."""
    parts = [g.to_dense() - np.eye(rep.dim) for g in rep.generators]
    parts += [L.toarray() if sp.issparse(L) else np.asarray(L) for L in rep.algebra]
    if not parts:
        return np.eye(rep.dim)
    U, s, _ = np.linalg.svd(np.concatenate(parts, axis=1))
    return U[:, int((s > 1e-10 * max(s[0], 1.0)).sum()) :]


@pytest.mark.parametrize("name", SMALL + NOT_COMPACT)
def test_hard_wired_is_least_squares_on_the_invariant_features(name):
    rep = from_name(name)
    X, Y = _data(rep)
    Q = _invariant_features(rep)
    best = hw.solve(hw.Moments.from_arrays(X, Y), rep, approach=hw.Hardwired())
    design = np.column_stack([X @ Q, np.ones(len(X))])
    expected = np.linalg.lstsq(design, Y, rcond=None)[0][:-1].T @ Q.T
    np.testing.assert_allclose(best.coef, expected, atol=1e-9)
    assert hw.invariance_error(best.coef, rep) < 1e-10


@pytest.mark.parametrize("name", SMALL + NOT_COMPACT)
def test_the_path_ends_in_the_hard_wired_solution(name):
    rep = from_name(name)
    moments = hw.Moments.from_arrays(*_data(rep))
    hard = hw.solve(moments, rep, rank=2 if rep.dim > 1 else 1, approach=hw.Hardwired())
    path = hw.regularization_path(moments, rep, rank=2 if rep.dim > 1 else 1)
    np.testing.assert_allclose(path.at(math.inf).coef, hard.coef, atol=1e-9)
    for alpha in (0.1, 10.0):
        soft = hw.solve(moments, rep, rank=path.rank, approach=hw.Regularized(alpha))
        np.testing.assert_allclose(path.at(alpha).coef, soft.coef, atol=1e-8)


@pytest.mark.parametrize("name", SMALL)
def test_augmented_is_hard_wired(name):
    rep = from_name(name)
    moments = hw.Moments.from_arrays(*_data(rep))
    for rank in (1, None):
        hard = hw.solve(moments, rep, rank=rank, approach=hw.Hardwired())
        augmented = hw.solve(moments, rep, rank=rank, approach=hw.Augmented())
        np.testing.assert_allclose(augmented.coef, hard.coef, atol=1e-9)
        assert augmented.loss == pytest.approx(hard.loss, rel=1e-10)


@pytest.mark.parametrize("name", SMALL)
def test_exact_augmentation_is_the_limit_of_sampled_augmentation(name):
    rep = from_name(name)
    X, Y = _data(rep)
    exact = hw.average_moments(hw.Moments.from_arrays(X, Y), rep).about_origin().gram
    second = X.T @ X / len(X)
    sampled = hw.monte_carlo_average(second, rep, 300, rng=1)
    error = np.abs(sampled.value - exact)
    assert (error <= 6.0 * sampled.standard_error + 1e-10 * np.abs(second).max()).all()


@pytest.mark.parametrize("name", NOT_COMPACT)
def test_augmentation_of_a_non_compact_group_is_refused_with_the_reason(name):
    rep = from_name(name)
    with pytest.raises(hw.NotCompactError, match="not compact"):
        hw.solve(hw.Moments.from_arrays(*_data(rep)), rep, approach=hw.Augmented())


@pytest.mark.parametrize("name", SMALL + NOT_COMPACT)
def test_critical_points_are_counted_by_the_modes(name):
    rep = from_name(name)
    moments = hw.Moments.from_arrays(*_data(rep))
    rank = min(2, rep.dim)
    q = min(M, hw.invariant_subspace(rep).dim)
    points = hw.critical_points(moments, rep, rank=rank, approach=hw.Hardwired())
    assert points.count == math.comb(q, min(rank, q))
