"""`solve` with a target representation on small problems whose answer is worked out by hand."""

from __future__ import annotations

import math

import numpy as np

import haarwire as hw
from strategies import block_diagonal


def test_ties_among_modes_that_are_not_kept_do_not_matter() -> None:
    """One mode of cost 1 is kept; two of cost 2 are tied with each other, and too dear."""
    turn = np.array([[0.0, -1.0], [1.0, 0.0]])
    X = np.concatenate([np.eye(5), -np.eye(5)])
    moments = hw.Moments.from_arrays(X, X * [3.0, 1.0, 1.0, 1.0, 1.0])
    rep = hw.Representation(5, (hw.Matrix(block_diagonal([np.eye(1), turn, turn])),))
    best = hw.solve(moments, rep, rank=1, approach=hw.Hardwired(), target=rep)
    assert (best.rank, best.is_unique) == (1, True)
    assert not hw.solve(moments, rep, rank=3, approach=hw.Hardwired(), target=rep).is_unique


def test_a_ridge_where_the_inputs_are_not_orthogonal() -> None:
    """ridge·‖W‖² over equivariant W, not over averaged ones: by least squares with pseudo-samples."""
    S = np.array([[1.0, 0.6], [0.0, 1.0]])
    flip = S @ np.diag([1.0, -1.0]) @ np.linalg.inv(S)
    rep, target = (hw.Representation(2, (hw.Matrix(M),)) for M in (flip, np.diag([1.0, -1.0])))
    rng = np.random.default_rng(0)
    X = rng.standard_normal((50, 2))
    X = np.concatenate([X, X @ flip.T])
    signal = X @ np.linalg.inv(S).T + 0.1 * rng.standard_normal(X.shape)
    Y = np.concatenate([signal[:50], signal[:50] * [1.0, -1.0]])
    best = hw.solve(
        hw.Moments.from_arrays(X, Y),
        rep,
        approach=hw.Hardwired(),
        target=target,
        ridge=0.3,
        fit_intercept=False,
    )
    maps = [np.outer(np.eye(2)[i], np.linalg.inv(S)[i]) for i in range(2)]  # diag(a, b) S⁻¹
    A = np.stack([np.append((X @ M.T).ravel() / 10.0, math.sqrt(0.3) * M.ravel()) for M in maps], axis=1)
    c = np.linalg.lstsq(A, np.append(Y.ravel() / 10.0, np.zeros(4)), rcond=None)[0]
    np.testing.assert_allclose(best.coef, c[0] * maps[0] + c[1] * maps[1], atol=1e-12)


def test_a_local_minimum_over_equivariant_maps_is_equivariant() -> None:
    """A target action that is not orthogonal, a bound on the rank: no closed form, but the symmetry holds."""
    S = np.array([[1.0, 0.6], [0.0, 1.0]])
    source = hw.Representation(4, (hw.Matrix(np.diag([1.0, 1.0, -1.0, -1.0])),))
    target = hw.Representation(2, (hw.Matrix(S @ np.diag([1.0, -1.0]) @ np.linalg.inv(S)),))
    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal((60, 4)), rng.standard_normal((60, 2))
    moments = hw.Moments.from_arrays(X, X[:, [0, 2]] @ S.T + 0.1 * Y)
    best = hw.solve(moments, source, rank=1, approach=hw.Hardwired(), target=target)
    assert not best.is_global
    assert (best.rank, best.invariance_gap) == (1, 0.0)
    assert hw.equivariance_error(best.coef, source, target) < 1e-10
    soft = hw.solve(moments, source, rank=1, approach=hw.Regularized(0.5), target=target)
    assert 0.0 < soft.relative_invariance_gap < 1.0
    assert best.loss >= soft.loss >= soft.lower_bound
