"""A proof that the regularization path is continuous, or brackets around every place where it may jump.

The path at rank r is continuous where σ_r > σ_{r+1}. Let τ = α/(s + α) run over [0, 1], s a scale of
the data, and M(τ) = M_∞ + Σ_k w_k(τ) e_k e_kᵀ with w_k = (1 − τ)/(c_k(1 − τ) + sτ). Fix an orthonormal
basis U = [U_r, U_⊥]. By Courant and Fischer

    σ_r² − σ_{r+1}² ≥ min over unit x ∈ range U_r, y ∈ range U_⊥ of xᵀM(τ)x − yᵀM(τ)y,

and on an interval of length h each xᵀM(τ)x departs from its chord by at most h²/8 · xᵀKx, where
K = Σ_k max|w_k″| e_k e_kᵀ and w_k″ = 2s(s − c_k)/(c_k(1 − τ) + sτ)³ is largest at an end. So

    gap ≥ min at both ends of [λ_min(U_rᵀMU_r) − λ_max(U_⊥ᵀMU_⊥)] − h²/8 (‖U_rᵀKU_r‖ + ‖U_⊥ᵀKU_⊥‖)

throughout the interval. With U from the interval's middle the bound is positive on short enough
intervals wherever the gap is; bisection covers [0, 1] or closes in on the places where it is not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, final

import numpy as np
from numpy.typing import NDArray

from haarwire._numbers import FloatArray

__all__ = ["Certificate", "Crossing", "Pencil", "certify"]


_LEVELS: Final = 50
"""Bisections: intervals of τ down to 2^-53."""

_GRID: Final = 257
_ZOOMS: Final = 8
_ZOOM_GRID: Final = 17
"""The smallest gap is looked for on 257 strengths, then seven times on 17 around the smallest."""

_END_JUMP: Final = 1e-6
"""Where r exceeds the rank at infinity, the end segment on which the solution moves less than this
(relative to its size) counts as continuous: its modes fade out there."""


@final
@dataclass(frozen=True)
class Crossing:
    """A bracket around a place where σ_r = σ_{r+1} up to rounding, and the optimum may jump.

    Attributes
    ----------
    low, high : float
        The bracket in alpha (high may be ``math.inf``).
    modes : tuple of int
        Which modes meet, numbered from 0 as everywhere: (r − 1, r).
    singular_value : float
        Where they meet.
    jump : float
        ‖W(high) − W(low)‖_F: how far the solution jumps across the bracket. Near 0 where the singular
        values touch without changing places.
    """

    low: float
    high: float
    modes: tuple[int, int]
    singular_value: float
    jump: float


@final
@dataclass(frozen=True)
class Certificate:
    """What `RegularizationPath.certify` proved about all of α ∈ [0, ∞], up to rounding.

    Attributes
    ----------
    is_continuous : bool
        Whether σ_r² − σ_{r+1}² > margin on the whole path, so that the optimum is unique and continuous; or
        there is nothing to change places (every mode is kept, or nothing depends on alpha).
    crossings : tuple of Crossing
        Brackets that could not be certified: the gap closes, to rounding, inside each.
    min_gap : float
        Smallest σ_r − σ_{r+1} found (∞ where there is no (r + 1)-th mode).
    gap_bound : float
        Proven lower bound of σ_r² − σ_{r+1}² outside the crossings (and outside the end segment where
        r exceeds the rank at infinity: the modes beyond it fade out there).
    margin : float
        The rounding margin: gaps of σ² below it are not told from zero. It falls with alpha; each interval
        is tested against its own, and this is the largest.
    n_evaluations : int
        How many alphas were evaluated.
    """

    is_continuous: bool
    crossings: tuple[Crossing, ...]
    min_gap: float
    gap_bound: float
    margin: float
    n_evaluations: int


@final
@dataclass(frozen=True, eq=False)
class Pencil:
    """M(α) = M_∞ + Σ_k e_k e_kᵀ/(c_k + α), and how to get the solution it belongs to.

    Attributes
    ----------
    at_infinity : ndarray, shape (m, m)
        M_∞.
    cross : ndarray, shape (m, p)
        e_k as columns.
    spectrum : ndarray, shape (p,)
        c > 0.
    rank : int
        Rank q of M(α) for finite α.
    rank_at_infinity : int
        Rank of M_∞.
    margin : callable
        ``margin(alphas)``: error of σ² by rounding, not increasing in alpha.
    coef : callable
        ``coef(alpha)``: the solution's coefficients.
    far_change : callable
        ``far_change(alpha)``: a bound on ‖W(α') − W_∞‖ for all α' ≥ alpha.
    """

    at_infinity: FloatArray
    cross: FloatArray
    spectrum: FloatArray
    rank: int
    rank_at_infinity: int
    margin: Callable[[FloatArray], FloatArray] = field(repr=False)
    coef: Callable[[float], FloatArray] = field(repr=False)
    far_change: Callable[[float], float] = field(repr=False)


def certify(pencil: Pencil, rank: int) -> Certificate:
    """Cover [0, ∞] by intervals on which the gap after mode `rank` is proven positive."""
    if rank >= pencil.rank or pencil.spectrum.size == 0:
        # Every mode is kept, or there is but one problem: nothing to change places with.
        return Certificate(True, (), np.inf, np.inf, float(pencil.margin(np.zeros(1))[0]), 0)
    s = float(np.exp(np.log(pencil.spectrum).mean()))
    last = _end_segment(pencil, s) if rank > pencil.rank_at_infinity else 1.0
    return _Cover(pencil, rank, s, last).certificate()


def _end_segment(pencil: Pencil, s: float) -> float:
    """Smallest 1 − τ = 2^-k on which, to infinity, the solution moves by less than _END_JUMP.

    Returned as the end of the part of [0, 1] to be covered.
    """
    size = float(np.linalg.norm(pencil.coef(s))) or 1.0
    for k in range(1, 50):
        rest = 2.0**-k
        if pencil.far_change(s * (1.0 - rest) / rest) <= _END_JUMP * size:
            return 1.0 - rest
    return 1.0 - 2.0**-50


class _Cover:
    """Bisection, one level at a time, all intervals of a level in one batch."""

    def __init__(self, pencil: Pencil, rank: int, s: float, last: float) -> None:
        self.pencil, self.rank, self.s, self.last = pencil, rank, s, last
        m, p = pencil.cross.shape
        self.outer = (pencil.cross.T[:, :, None] * pencil.cross.T[:, None, :]).reshape(p, m * m)
        self.margin = 0.0
        self.min_gap = self.gap_bound = np.inf
        self.n_evaluations = 0
        self.open: list[tuple[float, float]] = []

    def alpha(self, tau: FloatArray) -> FloatArray:
        """α = sτ/(1 − τ)."""
        with np.errstate(divide="ignore"):
            return np.asarray(self.s * tau / (1.0 - tau))

    def matrices(self, tau: FloatArray) -> FloatArray:
        """M(τ), shape (…, m, m)."""
        m = self.pencil.at_infinity.shape[0]
        rest = (1.0 - tau)[:, None]
        weights = rest / (self.pencil.spectrum * rest + self.s * tau[:, None])
        return np.asarray(self.pencil.at_infinity + (weights @ self.outer).reshape(-1, m, m))

    def curvature(self, low: FloatArray, high: FloatArray) -> FloatArray:
        """K on each interval, shape (…, m, m)."""
        c, s, m = self.pencil.spectrum, self.s, self.pencil.at_infinity.shape[0]
        # c(1−τ) + sτ is linear in τ, so its least value on an interval is at an end.
        least = np.minimum(*(c * (1.0 - t)[:, None] + s * t[:, None] for t in (low, high)))
        return np.asarray(((2.0 * s * np.abs(s - c) / least**3) @ self.outer).reshape(-1, m, m))

    def bound(self, low: FloatArray, high: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Lower bounds of the gap on intervals, and the gap in their middles."""
        r, middle = self.rank, (low + high) / 2.0
        values, vectors = np.linalg.eigh(self.matrices(middle))
        self.n_evaluations += middle.size
        self.min_gap = min(self.min_gap, _root_gap(values[:, ::-1], r))
        rest, leading = vectors[:, :, :-r], vectors[:, :, -r:]
        ends = [
            _extreme(leading, M, 0) - _extreme(rest, M, -1) for M in (self.matrices(low), self.matrices(high))
        ]
        K = self.curvature(low, high)
        sag = (high - low) ** 2 / 8.0 * (_extreme(leading, K, -1) + _extreme(rest, K, -1))
        return np.minimum(*ends) - sag, values[:, -r] - values[:, -r - 1]

    def certificate(self) -> Certificate:
        self.look()
        grid = np.linspace(0.0, self.last, 9)
        low, high = grid[:-1], grid[1:]
        for _ in range(_LEVELS):
            margin = self.pencil.margin(self.alpha(low))
            self.margin = max(self.margin, float(margin.max()))
            bounds, middle_gap = self.bound(low, high)
            done = bounds > margin
            if done.any():
                self.gap_bound = min(self.gap_bound, float(bounds[done].min()))
            stop = ~done & (middle_gap <= margin)
            stop[stop] = self.tied_throughout(low[stop], high[stop], margin[stop])
            self.open.extend(zip(low[stop].tolist(), high[stop].tolist(), strict=True))
            go = ~done & ~stop
            if not go.any():
                break
            low, high = low[go], high[go]
            middle = (low + high) / 2.0
            low, high = np.concatenate([low, middle]), np.concatenate([middle, high])
        else:
            self.open.extend(zip(low.tolist(), high.tolist(), strict=True))
        crossings = tuple(self.crossing(a, b) for a, b in _merged(self.open))
        return Certificate(
            is_continuous=not crossings,
            crossings=crossings,
            min_gap=self.min_gap,
            gap_bound=self.gap_bound,
            margin=self.margin,
            n_evaluations=self.n_evaluations,
        )

    def look(self) -> None:
        """Look for the smallest gap on a grid with both ends, and closer around the place found."""
        tau = np.linspace(0.0, self.last, _GRID)
        for _ in range(_ZOOMS):
            values = np.linalg.eigvalsh(self.matrices(tau))[:, ::-1]
            self.n_evaluations += tau.size
            sigma = np.sqrt(np.maximum(values, 0.0))
            gaps = sigma[:, self.rank - 1] - sigma[:, self.rank]
            i = int(np.argmin(gaps))
            self.min_gap = min(self.min_gap, float(gaps[i]))
            tau = np.linspace(tau[max(i - 1, 0)], tau[min(i + 1, tau.size - 1)], _ZOOM_GRID)

    def tied_throughout(self, low: FloatArray, high: FloatArray, margin: FloatArray) -> NDArray[np.bool_]:
        """Whether the gap is below the margin at both ends and at the quarters: bisection would not help."""
        result = np.ones(low.size, dtype=bool)
        for t in (low, (3 * low + high) / 4, (low + 3 * high) / 4, high):
            values = np.linalg.eigvalsh(self.matrices(t))
            result &= values[:, -self.rank] - values[:, -self.rank - 1] <= margin
        self.n_evaluations += 4 * low.size
        return result

    def crossing(self, low: float, high: float) -> Crossing:
        """Describe one bracket."""
        a, b = self.alpha(np.array([low, high])).tolist()
        values = np.linalg.eigvalsh(self.matrices(np.array([(low + high) / 2.0]))[0])
        return Crossing(
            low=a,
            high=b,
            modes=(self.rank - 1, self.rank),
            singular_value=float(np.sqrt(max(values[-self.rank], 0.0))),
            jump=float(np.linalg.norm(self.pencil.coef(b) - self.pencil.coef(a))),
        )


def _extreme(U: FloatArray, M: FloatArray, which: int) -> FloatArray:
    """Least (0) or largest (−1) eigenvalue of UᵀMU, for stacks of U and M."""
    return np.asarray(np.linalg.eigvalsh(np.swapaxes(U, 1, 2) @ M @ U)[:, which])


def _root_gap(squared: FloatArray, rank: int) -> float:
    """Smallest σ_r − σ_{r+1} of rows of descending σ²."""
    sigma = np.sqrt(np.maximum(squared, 0.0))
    return float((sigma[:, rank - 1] - sigma[:, rank]).min())


def _merged(intervals: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Join intervals that touch, or that rounding at the edge of one crossing has kept apart."""
    joined: list[tuple[float, float]] = []
    for low, high in sorted(intervals):
        if joined:
            before = joined[-1]
            if low - before[1] <= max(high - low, before[1] - before[0]):
                joined[-1] = (before[0], max(high, before[1]))
                continue
        joined.append((low, high))
    return joined
