"""Losses, gaps and spectra along the whole path at once, for every rank, without the coefficients.

All follow from m×m matrices: with w = 1/(c + α) and U the eigenvectors of M(α), a quadratic quantity
of W = U_rU_rᵀ(E₀Gᵀ + E diag(w) Tᵀ) is a sum over i ≤ r of u_iᵀ N u_i with N its Gram matrix.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, final

import numpy as np

from haarwire._numbers import FloatArray

__all__ = ["CurveFactors", "PathCurve", "trace_curve"]


_BLOCK: Final = 2**19
"""Entries of the largest temporary array: alphas are worked through in blocks that stay in the cache."""


@final
@dataclass(frozen=True, eq=False)
class PathCurve:
    """Quantities along the path; column r − 1 belongs to rank r.

    Attributes
    ----------
    alphas : ndarray, shape (n_alphas,)
        Penalty strengths.
    objective : ndarray, shape (n_alphas, m)
        J(W): loss plus penalties, what ``Solution.loss`` is.
    loss : ndarray, shape (n_alphas, m)
        Mean over the training samples of the squared error summed over targets.
    invariance_penalty : ndarray, shape (n_alphas, m)
        tr(W R Wᵀ), without the factor alpha.
    invariance_gap, relative_invariance_gap : ndarray, shape (n_alphas, m)
        ‖W − W Q Qᵀ‖_F, and divided by ‖W‖_F (0 where W = 0).
    singular_values : ndarray, shape (n_alphas, m)
        σ of Z(α), descending, zeros included.
    degrees_of_freedom : ndarray, shape (n_alphas,)
        tr(C₀C(α)⁺): effective degrees of freedom a target of the unbounded fit, without the intercept.
    """

    alphas: FloatArray
    objective: FloatArray
    loss: FloatArray
    invariance_penalty: FloatArray
    invariance_gap: FloatArray
    relative_invariance_gap: FloatArray
    singular_values: FloatArray
    degrees_of_freedom: FloatArray

    def __repr__(self) -> str:
        return f"PathCurve({self.alphas.size} alphas, ranks 1 to {self.objective.shape[1]})"


@final
@dataclass(frozen=True, eq=False)
class CurveFactors:
    """What the curve needs of a path.

    Attributes
    ----------
    total : float
        tr(T).
    ridge : float
        Ordinary ridge.
    spectrum : ndarray, shape (p,)
        c.
    cross : ndarray, shape (m, p)
        E.
    invariant : ndarray, shape (m, d)
        The unbounded hard-wired solution in invariant coordinates, E₀GᵀQ.
    at_infinity : ndarray, shape (m, m)
        M_∞.
    leak : ndarray, shape (p, d)
        TᵀQ: what the penalized directions add inside the invariant functionals.
    base, rotation, excess : float, ndarray of shape (q, p), ndarray of shape (q,)
        The Gram matrix of the non-invariant parts of T is base·I + rotationᵀ diag(excess) rotation; q is
        small where the penalty has few distinct eigenvalues.
    freedom : tuple of float
        Rank of the invariant block of C, and tr of its pseudo-inverse.
    sizes : ndarray, shape (p,)
        ‖t_k‖².
    """

    total: float
    ridge: float
    spectrum: FloatArray
    cross: FloatArray
    invariant: FloatArray
    at_infinity: FloatArray
    leak: FloatArray
    base: float
    rotation: FloatArray
    excess: FloatArray
    freedom: tuple[float, float]
    sizes: FloatArray


def trace_curve(factors: CurveFactors, alphas: FloatArray) -> PathCurve:
    """Evaluate every quantity at every alpha, O(m·n²) each at worst, in blocks of bounded memory."""
    m, p = factors.cross.shape
    widest = m * max(p, factors.leak.shape[1], factors.rotation.shape[0], m, 1)
    step = max(1, _BLOCK // widest)
    parts = [_block(factors, alphas[i : i + step]) for i in range(0, alphas.size, step)]
    joined = [np.concatenate(columns) for columns in zip(*parts, strict=True)]
    return PathCurve(alphas, *joined)


def _block(f: CurveFactors, alphas: FloatArray) -> tuple[FloatArray, ...]:
    m, p = f.cross.shape
    outer = (f.cross.T[:, :, None] * f.cross.T[:, None, :]).reshape(p, m * m)
    weights = 1.0 / (f.spectrum + alphas[:, None])  # 0 at alpha = ∞
    share = 1.0 - f.spectrum * weights  # α/(c + α)
    M = f.at_infinity + (weights @ outer).reshape(-1, m, m)
    squared, U = np.linalg.eigh(M)
    squared, U = np.maximum(squared[:, ::-1], 0.0), U[:, :, ::-1]

    # One tall product: a stack of short ones would be several times slower.
    scaled = (f.cross * weights[:, None, :]).reshape(alphas.size * m, p)
    N = ((weights**2) @ outer).reshape(-1, m, m)
    penalty = _cumulative(U, N)
    weighted_penalty = _cumulative(U, ((share * weights) @ outer).reshape(-1, m, m))
    outside = f.base * N
    if f.excess.size:
        turned = (scaled @ f.rotation.T).reshape(alphas.size, m, f.excess.size)
        outside = outside + (turned * f.excess) @ np.swapaxes(turned, 1, 2)
    inside = f.invariant + (scaled @ f.leak).reshape(alphas.size, m, f.leak.shape[1])
    gap = _cumulative(U, outside)
    size = gap + _cumulative(U, inside @ np.swapaxes(inside, 1, 2))

    objective = f.total - np.cumsum(squared, axis=1)
    gap_norm = np.sqrt(np.maximum(gap, 0.0))
    norm = np.sqrt(np.maximum(size, 0.0))
    relative = np.divide(gap_norm, norm, out=np.zeros_like(norm), where=norm > 0)
    rank, trace = f.freedom
    freedom = rank - f.ridge * trace + (1.0 - share).sum(axis=1) - f.ridge * (weights @ f.sizes)
    return (
        objective,
        objective - weighted_penalty - f.ridge * size,
        penalty,
        gap_norm,
        relative,
        np.sqrt(squared),
        freedom,
    )


def _cumulative(U: FloatArray, N: FloatArray) -> FloatArray:
    """Σ_{i≤r} u_iᵀ N u_i for every r, shape (…, m)."""
    return np.asarray(np.cumsum(np.einsum("aij,aik,akj->aj", U, N, U, optimize=True), axis=1))
