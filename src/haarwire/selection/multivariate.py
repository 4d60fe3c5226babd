"""The four classical statistics of a multivariate linear hypothesis, and their distributions.

θ_1 ≥ … ≥ θ_s are the eigenvalues of (H + E)⁻¹H, with H the sum of squares that the hypothesis leaves
unexplained and E that of the residuals; p is their size, q the degrees of freedom of H, v those of E, and
s = min(p, q). For s = 1 all four are the one F test, exactly.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import special

__all__ = ["Outcome", "Sizes", "hotelling", "pillai", "roy", "wilks"]

FloatArray: TypeAlias = NDArray[np.floating[Any]]


class Sizes(NamedTuple):
    """Dimension p of the targets, restrictions q, degrees of freedom v of the residuals."""

    p: int
    q: int
    v: int


class Outcome(NamedTuple):
    """A statistic, its p-value and the degrees of freedom of its F approximation (None for Roy's, s > 1)."""

    statistic: float
    pvalue: float
    df: tuple[float, float] | None


def _from_f(statistic: float, F: float, df: tuple[float, float]) -> Outcome:
    return Outcome(statistic, float(special.fdtrc(*df, F)), df)


def wilks(theta: FloatArray, sizes: Sizes) -> Outcome:
    """Λ = ∏(1 − θ_i), by Rao's F: exact for s ≤ 2."""
    p, q, v = sizes
    statistic = float(np.prod(1.0 - theta))
    squares = p**2 + q**2 - 5
    t = math.sqrt((p**2 * q**2 - 4) / squares) if squares > 0 else 1.0
    df = (float(p * q), (v - (p - q + 1) / 2) * t - (p * q - 2) / 2)
    # Λ^(−1/t) − 1 without cancellation; a Λ that underflows is beyond any doubt.
    with np.errstate(divide="ignore"):
        power = float(-np.log1p(-theta).sum()) / t
    F = math.expm1(power) * df[1] / df[0] if power < 700 else math.inf
    return _from_f(statistic, F, df)


def pillai(theta: FloatArray, sizes: Sizes) -> Outcome:
    """V = Σθ_i, by Pillai's F."""
    p, q, v = sizes
    s = min(p, q)
    statistic = float(theta.sum())
    df = (float(s * (abs(p - q) + s)), float(s * (v - p + s)))
    F = statistic / (s - statistic) * df[1] / df[0] if statistic < s else math.inf
    return _from_f(statistic, F, df)


def hotelling(theta: FloatArray, sizes: Sizes) -> Outcome:
    """U = Σθ_i/(1 − θ_i), by McKeon's F (1974), or Pillai and Samson's where v ≤ p + 1."""
    p, q, v = sizes
    with np.errstate(divide="ignore"):
        statistic = float((theta / (1.0 - theta)).sum())
    s, n = min(p, q), (v - p - 1) / 2
    if s == 1:
        # Exact: one direction, |p − q| + 1 against v − p + 1.
        df = (float(p * q), float(v - p + 1))
        return _from_f(statistic, statistic * df[1] / df[0], df)
    if n > 1:
        b = (p + 2 * n) * (q + 2 * n) / (2 * (2 * n + 1) * (n - 1))
        df = (float(p * q), 4 + (p * q + 2) / (b - 1))
        F = statistic * df[1] / df[0] * 2 * n / (df[1] - 2)
    else:
        df = (float(s * (abs(p - q) + s)), 2.0 * (s * n + 1))
        F = statistic * df[1] / df[0] / s
    return _from_f(statistic, F, df)


def roy(theta: FloatArray, sizes: Sizes) -> Outcome:
    """θ_1/(1 − θ_1), by Johnstone's Tracy–Widom approximation of logit θ_1 (2008); exact for s = 1.

    The F that tables give for s > 1 is only a bound, whose p-value is too small.
    """
    p, q, v = sizes
    largest = float(theta[0]) if theta.size else 0.0
    statistic = largest / (1.0 - largest) if largest < 1.0 else math.inf
    if min(p, q) == 1:
        df = (float(max(p, q)), float(v - max(p, q) + q))
        return _from_f(statistic, statistic * df[1] / df[0], df)
    total = q + v - 1
    gamma = 2 * math.asin(math.sqrt((min(p, q) - 0.5) / total))
    phi = 2 * math.asin(math.sqrt((max(p, q) - 0.5) / total))
    centre = 2 * math.log(math.tan((phi + gamma) / 2))
    cube = 16 / total**2 / (math.sin(phi + gamma) ** 2 * math.sin(phi) * math.sin(gamma))
    logit = math.log(statistic) if 0 < statistic < math.inf else math.copysign(math.inf, statistic - 0.5)
    return Outcome(statistic, _tracy_widom_sf((logit - centre) / cube ** (1 / 3)), None)


def _tracy_widom_sf(x: float) -> float:
    """P(TW_1 > x), by the shifted gamma distribution of the same first three moments (Chiani 2014)."""
    return float(special.gammaincc(46.446, max(x + 9.84801, 0.0) / 0.186054))
