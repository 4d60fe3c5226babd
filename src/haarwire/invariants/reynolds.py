"""Averages over the group: of a vector, of a second moment, of data; never by enumeration."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from haarwire._linalg import default_tolerance
from haarwire.errors import NotCompactError, ParameterError
from haarwire.groups import Permutation, Representation, SignedPermutation
from haarwire.groups.averaging import check_converged, fixed_projection
from haarwire.invariants.subspace import Subspace, invariant_subspace, orbit_labels, point_moves
from haarwire.moments import Moments

__all__ = ["average_moments", "haar_average", "project_samples", "reynolds_operator"]

FloatArray: TypeAlias = NDArray[np.floating[Any]]

_DOUBLINGS: Final = 64
"""A cyclic group is averaged by doubling up to an order of 2^64; longer ones by orbits on pairs."""


def _require_compact(rep: Representation, wanted: str) -> None:
    if not rep.is_compact:
        raise NotCompactError(
            f"{wanted} does not exist for {rep.label}: the group is not compact",
            cause="a shear, a boost, a scaling or another generator whose powers grow without bound",
            remedy="hard-wire or regularize instead: Hardwired() and Regularized(alpha) need no average",
        )


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
    """
    return project_samples(np.eye(rep.dim), rep).T


def project_samples(X: FloatArray, rep: Representation) -> FloatArray:
    """X P̄ᵀ: every sample (row of X, shape (..., n)) replaced by its average over the group."""
    functionals, fixed = _reynolds_factors(rep)
    return fixed.embed(functionals.coordinates(X))


def _reynolds_factors(rep: Representation) -> tuple[Subspace, Subspace]:
    """Q and F (QᵀF)⁻¹, with P̄ = F (QᵀF)⁻¹ Qᵀ; both are Q where ρ is orthogonal."""
    _require_compact(rep, "the Reynolds operator")
    functionals = invariant_subspace(rep)
    if rep.is_orthogonal:
        return functionals, functionals
    fixed = invariant_subspace(rep.dual).basis
    return functionals, Subspace(np.linalg.solve(fixed.T @ functionals.basis, fixed.T).T)


def haar_average(M: ArrayLike, rep: Representation) -> FloatArray:
    """∫ ρ(g) M ρ(g)ᵀ dg of a symmetric matrix, without enumerating the group.

    Cyclic groups of (signed) permutations by doubling, other (signed) permutations by the orbits of
    the group on pairs of coordinates, all others by projecting on the matrices that the group leaves
    fixed (a Krylov method, O(n³) a step, accurate to rounding).

    Parameters
    ----------
    M : array_like, shape (n, n)
        Symmetric: a second moment or covariance.
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
        When M is not a finite symmetric matrix of the right size.
    ConvergenceError
        When the projection is not invariant to 1e-9.
    """
    A = np.asarray(M, dtype=np.float64)
    n = rep.dim
    if A.shape != (n, n) or not np.isfinite(A).all() or not _is_symmetric(A):
        raise ParameterError(
            f"haar_average needs a finite symmetric matrix of shape ({n}, {n}), got shape {A.shape}",
            cause="a data matrix in place of its second moment, or missing values in it",
            remedy="average X.T @ X / len(X), or use average_moments(moments, rep)",
        )
    _require_compact(rep, "the Haar average")
    if rep.is_signed_permutation:
        period = _period(rep) if len(rep.generators) == 1 else None
        if period is not None and period.bit_length() <= _DOUBLINGS:
            return _by_doubling(A, rep, period)
        return _by_pair_orbits(A, rep)
    average, defect = fixed_projection(rep.generators, rep.algebra, A, orthogonal=rep.is_orthogonal)
    check_converged(defect, rep.label)
    return average


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
    """
    n, weight = moments.n_features, moments.weight
    functionals, fixed = _reynolds_factors(rep)
    x_mean = fixed.embed(functionals.coordinates(moments.x_mean))
    shift = moments.x_mean - x_mean
    # What rounding leaves of x̄ − P̄x̄, or of a variance, where there is none must not pass for a feature.
    tolerance = default_tolerance(n)
    size = np.abs(moments.x_mean)
    size += abs(fixed.matrix) @ (abs(functionals.matrix).T @ size)
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


def _is_symmetric(A: FloatArray) -> bool:
    return bool(np.abs(A - A.T).max() <= 1e-8 * np.abs(A).max())


def _period(rep: Representation) -> int:
    """Order of the single generator: least common multiple of its cycles (on ±e_i with signs)."""
    moves = point_moves(rep)
    _, labels = orbit_labels(moves, moves[0].size)
    return math.lcm(*np.unique(np.bincount(labels)).tolist())


def _by_doubling(M: FloatArray, rep: Representation, period: int) -> FloatArray:
    """(1/k) Σ_{j<k} gʲ M g⁻ʲ by S_{2i} = S_i + gⁱ S_i g⁻ⁱ and S_{i+1} = M + g S_i g⁻¹."""
    (g,) = rep.generators
    total, power = M, g  # S_1 and g^1
    for bit in bin(period)[3:]:
        total = total + power.conjugate(total)
        power = power @ power
        if bit == "1":
            total = M + g.conjugate(total)
            power = g @ power
    return total / period


def _by_pair_orbits(M: FloatArray, rep: Representation) -> FloatArray:
    """Average M over the orbits of the group on pairs (i, j), with signs where there are any."""
    n = rep.dim
    elements = [g for g in rep.generators if isinstance(g, Permutation | SignedPermutation)]
    moves = [np.add.outer(g.indices * n, g.indices).ravel() for g in elements]
    values = M.ravel()
    if not rep.is_permutation:
        # On the 2n² points ±(i, j): M(i, j) counts + on one and − on the other.
        signs = [np.ones(n) if g.signs is None else g.signs for g in elements]
        flips = [np.where(np.multiply.outer(s, s).ravel() > 0, 0, n * n) for s in signs]
        positive = [m + f for m, f in zip(moves, flips, strict=True)]
        moves = [np.concatenate([p, (p + n * n) % (2 * n * n)]) for p in positive]
        values = np.concatenate([values, -values])
    count, labels = orbit_labels(moves, values.size)
    sums = np.bincount(labels, weights=values, minlength=count)
    sizes = np.bincount(labels, minlength=count)
    return np.asarray((sums / sizes)[labels[: n * n]].reshape(n, n))
