"""A randomization test of symmetry: every sample moved by a random group element of its own."""

from __future__ import annotations

from typing import Final

import numpy as np

from haarwire._linalg import default_tolerance, symmetric_whitener
from haarwire._numbers import FloatArray, is_integer
from haarwire.errors import DataError, ParameterError
from haarwire.groups import Representation
from haarwire.invariants import average_moments, invariant_subspace, reynolds_operator
from haarwire.invariants.moving import Mover
from haarwire.invariants.reynolds import project_samples
from haarwire.moments import Moments

__all__ = ["randomization"]


_LISTED: Final = 64
"""Groups of up to so many elements are listed (see `Mover`)."""


def randomization(
    X: FloatArray,
    Y: FloatArray,
    rep: Representation,
    *,
    weights: FloatArray | None,
    fit_intercept: bool,
    n_resamples: int,
    rng: np.random.Generator,
) -> tuple[float, float]:
    """Statistic and p-value.

    The residuals of the invariant fit do not change when samples are moved. The statistic is the share of
    their variance that a ridge regression on the moving part x − P̄x explains, whitened by its covariance
    averaged over the group, with a penalty that supposes as much signal as noise. For N ≫ n it is Pillai's
    trace over the trace of the residuals' covariance.

    Parameters
    ----------
    X, Y : ndarray, shapes (N, n) and (N, m)
        Samples.
    rep : Representation
        A compact group with a sampler.
    weights : ndarray, shape (N,), or None
        Analytic weights.
    fit_intercept : bool
        Whether the invariant model has an intercept.
    n_resamples : int
        How many.
    rng : numpy.random.Generator
        Source of randomness.
    """
    if not is_integer(n_resamples, 1):
        raise ParameterError(
            f"n_resamples must be a positive integer, got {n_resamples!r}",
            cause="a fractional or negative count",
            remedy="use for example n_resamples=999",
        )
    if weights is not None:
        kept = weights > 0
        X, Y, weights = X[kept], Y[kept], weights[kept]
    statistic = _Statistic(X, Y, rep, weights, fit_intercept)
    if statistic.n_directions == 0:
        return 0.0, 1.0
    move = Mover(rep, _LISTED)
    observed = statistic(X)
    # Equal up to rounding is equal: small groups often draw what leaves the statistic as it is.
    threshold = observed * (1.0 - 1e-10)
    as_large = sum(statistic(move(X, rng)) >= threshold for _ in range(n_resamples))
    return observed, (1 + as_large) / (1 + n_resamples)


class _Statistic:
    """The share of the invariant model's residuals that moved samples explain."""

    def __init__(
        self,
        X: FloatArray,
        Y: FloatArray,
        rep: Representation,
        weights: FloatArray | None,
        fit_intercept: bool,
    ) -> None:
        self.rep = rep
        self.root = np.ones(len(X)) if weights is None else np.sqrt(weights / weights.mean())
        moving = self._moving(X)
        averaged = average_moments(Moments.from_arrays(moving, np.zeros(len(X)), weights).about_origin(), rep)
        rest = np.eye(rep.dim) - reynolds_operator(rep)
        scale = np.diag(averaged.gram)
        self.whiten = symmetric_whitener(rest @ averaged.gram @ rest.T, magnitude=scale).factor
        invariant = invariant_subspace(rep).coordinates(X)
        columns = np.ones((len(X), 1)) if fit_intercept else np.zeros((len(X), 0))
        design = np.concatenate([columns, invariant - invariant.mean(axis=0) * fit_intercept], axis=1)
        self.design = _orthonormal(self.root[:, None] * design)
        targets = self.root[:, None] * Y
        self.residuals = targets - self.design @ (self.design.T @ targets)
        self.total = float((self.residuals**2).sum())
        rounding = default_tolerance(self.design.shape[1]) * float((targets**2).sum())
        if self.design.shape[1] >= len(X) or self.total <= rounding:
            raise DataError(
                f"an invariant model explains all {len(X)} samples exactly: there is nothing left to test",
                cause=f"too few samples for {self.design.shape[1]} invariant directions, or targets without "
                "noise",
                remedy="give more samples",
            )

    @property
    def n_directions(self) -> int:
        """Non-invariant directions in which the samples vary when moved."""
        return int(self.whiten.shape[1])

    def _moving(self, X: FloatArray) -> FloatArray:
        return np.asarray(X - project_samples(X, self.rep))

    def __call__(self, X: FloatArray) -> float:
        """Of samples moved as X."""
        Z = self.root[:, None] * (self._moving(X) @ self.whiten)
        Z -= self.design @ (self.design.T @ Z)
        q = self.n_directions
        S = Z.T @ self.residuals
        if q <= len(Z):
            explained = np.vdot(S, np.linalg.solve(Z.T @ Z + q * np.eye(q), S))
        else:
            # rᵀZ(ZᵀZ + qI)⁻¹Zᵀr = rᵀr − q rᵀ(ZZᵀ + qI)⁻¹r
            K = Z @ Z.T + q * np.eye(len(Z))
            explained = self.total - q * np.vdot(self.residuals, np.linalg.solve(K, self.residuals))
        return float(explained) / self.total


def _orthonormal(A: FloatArray) -> FloatArray:
    """Orthonormal basis of the columns of A, dependent ones dropped."""
    U, s, _ = np.linalg.svd(A, full_matrices=False)
    return np.asarray(U[:, s > default_tolerance(A.shape[1]) * s.max(initial=0.0)])
