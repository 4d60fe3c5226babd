"""Averages of a second moment over the group, exact and never by enumeration."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from haarwire._numbers import FloatArray
from haarwire.errors import ConvergenceError, NotCompactError, ParameterError
from haarwire.groups import Factor, GroupAction, Permutation, Representation, SignedPermutation
from haarwire.groups.enumeration import point_moves
from haarwire.groups.representation import checked_representation
from haarwire.invariants.fixed_projection import check_converged, fixed_projection, largest_change
from haarwire.invariants.orbits import orbit_labels

__all__ = ["basis_of", "checked_symmetric", "haar_average", "require_compact"]


_LEAST: Final = 1e-100
"""Squares of smaller numbers may vanish, and those of its inverse overflow."""

_DOUBLINGS: Final = 64
"""A cyclic group is averaged by doubling up to an order of 2^64; longer ones by orbits on pairs."""


def haar_average(M: ArrayLike, rep: Representation) -> FloatArray:
    """∫ ρ(g) M ρ(g)ᵀ dg of a symmetric matrix, without enumerating the group.

    Cyclic groups of (signed) permutations by doubling, other (signed) permutations by the orbits of
    the group on pairs of coordinates. Catalogue entries by their subgroups, one after the other (the
    permutations and then the rotations of a point cloud), each as a permutation group, by a quadrature
    that is exact for ρ ⊗ ρ (tori, SO(3), SU(2)), or as all others: by projecting on the matrices that
    the group leaves fixed (a Krylov method, O(n³) a step, accurate to rounding).

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
        When M is not a finite symmetric matrix of the right size, or `rep` is no representation.
    ConvergenceError
        When the projection is not invariant to 1e-9, or no inner product that the group leaves fixed is
        found.
    """
    require_compact(rep, "the Haar average")
    A = checked_symmetric(M, rep.dim)
    size = max(float(A.max()), -float(A.min()))
    if size == 0.0 or _LEAST < size < 1.0 / _LEAST:
        average = _averaged(A, rep)
        return average.copy() if average is A else average
    # In a unit near its size, by a power of 2, exactly: squares of its entries neither vanish nor overflow.
    unit = 2.0 ** math.floor(math.log2(size))
    return np.asarray(unit * _averaged(A / unit, rep))


def _averaged(A: FloatArray, rep: Representation) -> FloatArray:
    """The Haar average of a symmetric A."""
    if rep.is_signed_permutation:
        return _over_signed_permutations(A, rep)
    if rep.action is None or not rep.action.factors:
        average, defect = fixed_projection(rep.generators, rep.algebra, A, basis_of(rep))
        check_converged(defect * _shrinkage(average, A), rep.label)
        return average
    average = A
    for factor in reversed(rep.action.factors):
        average = _over_factor(average, rep, factor, rep.action)
    defect = largest_change(rep.generators, rep.algebra, average)
    check_converged(defect * _shrinkage(average, A), rep.label)
    return average


def require_compact(rep: Representation, wanted: str) -> None:
    """Raise NotCompactError unless the group has a Haar average; ParameterError for no representation."""
    if not checked_representation(rep).is_compact:
        raise NotCompactError(
            f"{wanted} does not exist for {rep.label}: the group is not compact",
            cause="a shear, a boost, a scaling or another generator whose powers grow without bound",
            remedy="hard-wire or regularize instead: Hardwired() and Regularized(alpha) need no average",
        )


def basis_of(rep: Representation) -> FloatArray | None:
    """A basis in which a compact group is orthogonal, None for the given one; else ConvergenceError."""
    if rep.is_orthogonal:
        return None
    S = rep.orthogonalizing_basis
    if S is None:
        raise ConvergenceError(
            f"no inner product that {rep.label} leaves fixed was found",
            cause="coordinates worse conditioned than 1e4, where rounding hides what is fixed",
            remedy="give the representation in better conditioned coordinates",
        )
    return S


def checked_symmetric(M: ArrayLike, n: int) -> FloatArray:
    """Return M in float64, or raise ParameterError unless it is real, finite, symmetric and n×n."""
    try:
        given = np.asarray(M)
        kind = given.dtype.kind
    except ValueError:  # rows of different lengths
        kind = "O"
    if kind not in "biuf":
        raise ParameterError(
            f"a Haar average needs a real matrix of shape ({n}, {n}), got other entries",
            cause="complex entries, texts, or rows of different lengths",
            remedy="give a real array; write a complex representation of C^n on R^(2n)",
        )
    A = given.astype(np.float64, copy=False)
    if A.shape != (n, n) or not np.isfinite(A).all() or not _is_symmetric(A):
        raise ParameterError(
            f"a Haar average needs a finite symmetric matrix of shape ({n}, {n}), got shape {A.shape}",
            cause="a data matrix in place of its second moment, or missing values in it",
            remedy="average X.T @ X / len(X), or use average_moments(moments, rep)",
        )
    return A


def _shrinkage(average: FloatArray, M: FloatArray) -> float:
    """‖average‖/‖M‖, at most 1: rounding errors are those of M, also where it averages to nothing."""
    before, after = float(np.linalg.norm(M)), float(np.linalg.norm(average))
    return min(1.0, after / before) if before > 0.0 else 1.0


def _over_factor(M: FloatArray, rep: Representation, factor: Factor, action: GroupAction) -> FloatArray:
    """Average over one subgroup of a product."""
    subgroup = Representation(
        rep.dim,
        [rep.generators[i] for i in factor.generators],
        [L for L in (rep.algebra[j] for j in factor.algebra) if abs(L).max() > 0.0],
        name=rep.label,
    )
    if subgroup.is_signed_permutation:
        return _over_signed_permutations(M, subgroup)
    if factor.quadrature is None:
        S = None if subgroup.is_orthogonal else basis_of(rep)
        return fixed_projection(subgroup.generators, subgroup.algebra, M, S)[0]
    for level in reversed(factor.quadrature(2 * action.degree)):
        M = sum(
            (w * action.act(u).conjugate(M) for w, u in zip(level.weights, level.elements, strict=True)),
            start=np.zeros_like(M),
        )
    return M


def _over_signed_permutations(M: FloatArray, rep: Representation) -> FloatArray:
    period = _period(rep) if len(rep.generators) == 1 else None
    if period is not None and period.bit_length() <= _DOUBLINGS:
        return _by_doubling(M, rep, period)
    return _by_pair_orbits(M, rep)


def _period(rep: Representation) -> int:
    """Order of the single generator: least common multiple of its cycles (on ±e_i with signs)."""
    moves = point_moves(rep.generators)
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
        signs = [g.signed().signs for g in elements]
        flips = [np.where(np.multiply.outer(s, s).ravel() > 0, 0, n * n) for s in signs]
        positive = [m + f for m, f in zip(moves, flips, strict=True)]
        moves = [np.concatenate([p, (p + n * n) % (2 * n * n)]) for p in positive]
        values = np.concatenate([values, -values])
    count, labels = orbit_labels(moves, values.size)
    sums = np.bincount(labels, weights=values, minlength=count)
    sizes = np.bincount(labels, minlength=count)
    return np.asarray((sums / sizes)[labels[: n * n]].reshape(n, n))


def _is_symmetric(A: FloatArray) -> bool:
    return bool(np.abs(A - A.T).max() <= 1e-8 * np.abs(A).max())
