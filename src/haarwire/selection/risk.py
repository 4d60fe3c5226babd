"""Loss on data as they are and on data moved by the group: exactly, from moments or sample by sample.

With P̄ the Reynolds operator and W_⊥ = W(I − P̄), the model of a moved sample splits into a part that
the group leaves alone and one that averages to zero, Wρ(g)x + b = (WP̄x + b) + W_⊥ρ(g)(x − P̄x). So

    ∫‖Wρ(g)x + b − y‖² dg = ‖WP̄x + b − y‖² + ∫‖W_⊥ρ(g)(x − P̄x)‖² dg,

a sum of squares, which does not cancel for data far from the origin.
"""

from __future__ import annotations

from typing import final

import numpy as np

from haarwire._numbers import FloatArray
from haarwire.groups import Representation
from haarwire.invariants import average_moments, haar_average
from haarwire.invariants.reynolds import project_samples
from haarwire.moments import Moments

__all__ = ["MovedRisk", "moved_sample_losses", "risks", "sample_losses"]


def risks(moments: Moments, coefs: FloatArray, intercepts: FloatArray) -> FloatArray:
    """Mean loss of many models at once: tr(T) − 2tr(WBᵀ) + tr(WCWᵀ) + ‖ȳ − Wx̄ − b‖².

    Parameters
    ----------
    moments : Moments
        Of data with n features and m targets.
    coefs : ndarray, shape (k, m, n)
        W of each model.
    intercepts : ndarray, shape (k, m)
        b of each.

    Returns
    -------
    ndarray, shape (k,)
    """
    spread = (coefs * (_times(coefs, moments.gram) - 2.0 * moments.cross)).sum(axis=(1, 2))
    offset = moments.y_mean - coefs @ moments.x_mean - intercepts
    variance = np.maximum(float(np.trace(moments.total)) + spread, 0.0)
    return np.asarray(variance + (offset**2).sum(axis=1))


def _times(coefs: FloatArray, C: FloatArray) -> FloatArray:
    """W C for a stack of W, as one product."""
    return np.asarray((coefs.reshape(-1, coefs.shape[2]) @ C).reshape(coefs.shape))


@final
class MovedRisk:
    """Mean loss on data moved by the group, averaged over it exactly.

    Parameters
    ----------
    moments : Moments
        Of the data as they are.
    rep : Representation
        A compact group.
    """

    def __init__(self, moments: Moments, rep: Representation) -> None:
        self.moments = moments
        self.rep = rep
        self._moved_gram = average_moments(moments, rep).gram

    def risks(self, coefs: FloatArray, intercepts: FloatArray) -> FloatArray:
        """Of many models, (k, m, n) and (k, m), at once; shape (k,)."""
        invariant = project_samples(coefs, self.rep.dual)  # W P̄
        rest = coefs - invariant
        moving = (rest * _times(rest, self._moved_gram)).sum(axis=(1, 2))
        return np.asarray(risks(self.moments, invariant, intercepts) + np.maximum(moving, 0.0))


def sample_losses(X: FloatArray, Y: FloatArray, coef: FloatArray, intercept: FloatArray) -> FloatArray:
    """‖Wx + b − y‖² of each sample, shape (N,)."""
    return np.asarray(((X @ coef.T + intercept - Y) ** 2).sum(axis=1))


def moved_sample_losses(
    X: FloatArray, Y: FloatArray, coef: FloatArray, intercept: FloatArray, rep: Representation
) -> FloatArray:
    """∫‖Wρ(g)x + b − y‖² dg of each sample, shape (N,)."""
    invariant = project_samples(coef, rep.dual)
    rest = coef - invariant
    # ∫ρᵀAρ is the average of A over the dual representation.
    H = haar_average(rest.T @ rest, rep.dual)
    Z = X - project_samples(X, rep)
    moving = np.maximum(np.einsum("ij,ij->i", Z @ H, Z), 0.0)
    return np.asarray(sample_losses(X, Y, invariant, intercept) + moving)
