"""Averages over the group, of a vector and of data: the Reynolds operator."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import scipy.sparse as sp

from haarwire._linalg import default_tolerance
from haarwire._numbers import FloatArray
from haarwire.groups import Representation
from haarwire.invariants.equivariant import check_source
from haarwire.invariants.haar import haar_average, require_compact
from haarwire.invariants.subspace import invariant_subspace, row_product
from haarwire.moments import Moments

__all__ = ["average_moments", "project_samples", "reynolds_operator"]


def reynolds_operator(rep: Representation) -> FloatArray:
    """P̄ = ∫ ρ(g) dg, the projector on the fixed vectors along the range of all ρ(g) − I.

    Its row space is the invariant functionals (basis Q), its range the fixed vectors (basis F):
    P̄ = F (QᵀF)⁻¹ Qᵀ, which is Q Qᵀ where ρ is orthogonal.

    Parameters
    ----------
    rep : Representation
        A compact group acting on R^n.

    Returns
    -------
    ndarray, shape (n, n)

    Raises
    ------
    NotCompactError
        When there is no Haar average.
    ParameterError
        When `rep` is no representation.
    """
    Q, F = _reynolds_factors(rep)
    return row_product(row_product(np.eye(rep.dim), Q), F.T).T


def project_samples(X: FloatArray, rep: Representation) -> FloatArray:
    """X P̄ᵀ: every sample (row of X, shape (..., n)) replaced by its average over the group."""
    Q, F = _reynolds_factors(rep)
    return row_product(row_product(X, Q), F.T)


def _reynolds_factors(rep: Representation) -> tuple[FloatArray | sp.csr_array, FloatArray | sp.csr_array]:
    """Q and F (QᵀF)⁻¹, with P̄ = F (QᵀF)⁻¹ Qᵀ; both are Q where ρ is orthogonal."""
    require_compact(rep, "the Reynolds operator")
    Q = invariant_subspace(rep)
    if rep.is_orthogonal:
        return Q.matrix, Q.matrix
    fixed = invariant_subspace(rep.dual).basis
    return Q.matrix, np.linalg.solve(fixed.T @ Q.basis, fixed.T).T


def average_moments(moments: Moments, rep: Representation) -> Moments:
    """The moments of the data moved by every group element, weighted by Haar measure.

    The mean becomes P̄x̄, the cross-covariance B₀P̄ᵀ, and the covariance ∫ρ(M)ρᵀ − (P̄x̄)(P̄x̄)ᵀ with M
    the uncentred moment. That difference would cancel for data far from the origin; since
    ∫ρ(x̄ − P̄x̄) = 0 it equals ∫ρ(C₀ + δδᵀ)ρᵀ with δ = x̄ − P̄x̄, which does not.

    Parameters
    ----------
    moments : Moments
        Of data with n features.
    rep : Representation
        A compact group acting on R^n.

    Returns
    -------
    Moments
        Of the augmented data (exactly, whatever the size of the group).

    Raises
    ------
    NotCompactError
        When there is no Haar average.
    DataError
        When the data have another number of features.
    ParameterError
        When `rep` is no representation.
    """
    n, weight = moments.n_features, moments.weight
    Q, F = _reynolds_factors(rep)
    check_source(rep, n)
    x_mean = row_product(row_product(moments.x_mean, Q), F.T)
    shift = moments.x_mean - x_mean
    # What rounding leaves of x̄ − P̄x̄, or of a variance, where there is none must not pass for a feature.
    tolerance = default_tolerance(n)
    size = np.abs(moments.x_mean)
    size += abs(F) @ (abs(Q).T @ size)
    shift[np.abs(shift) <= tolerance * size] = 0.0
    xx = moments.scatter[:n, :n] + weight * np.outer(shift, shift)
    averaged = haar_average(xx, rep)
    if not rep.is_signed_permutation:  # those move variances without mixing them
        dead = np.diag(averaged) <= tolerance * np.diag(xx).max()
        averaged[dead, :] = 0.0
        averaged[:, dead] = 0.0
    scatter = moments.scatter.copy()
    scatter[:n, :n] = averaged
    scatter[n:, :n] = project_samples(moments.scatter[n:, :n], rep)
    scatter[:n, n:] = scatter[n:, :n].T
    mean = np.concatenate([x_mean, moments.y_mean])
    return replace(moments, mean=mean, scatter=scatter)
