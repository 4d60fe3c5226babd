"""The four classical statistics of a multivariate linear hypothesis, and their distributions.

θ_1 ≥ … ≥ θ_s are the eigenvalues of (H + E)⁻¹H, with H the sum of squares that the hypothesis leaves
unexplained and E that of the residuals; p is their size, q the degrees of freedom of H, v those of E, and
s = min(p, q). For s = 1 all four are the one F test, exactly.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
from scipy import special

from haarwire._numbers import FloatArray
from haarwire.errors import DataError
from haarwire.selection.largest_root import largest_root_sf

__all__ = ["Outcome", "Sizes", "hotelling", "pillai", "roy", "wilks"]


_NEEDED: Final = 4
"""Degrees of freedom beyond p below which no approximation of a trace's distribution is good."""


class Sizes(NamedTuple):
    """Dimension p of the targets, restrictions q, degrees of freedom v of the residuals."""

    p: int
    q: int
    v: int


class Outcome(NamedTuple):
    """A statistic, its p-value and the degrees of freedom of its F (None for Roy's, s > 1)."""

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
    """V = Σθ_i, by the beta distribution of V/s with the mean and variance of V, as Muller's F (1998).

    E V = pq/(q + v) and Var V = 2pqv(q + v − p)/((q + v)²(q + v − 1)(q + v + 2)). Pillai's own F has the
    mean only, and p-values too large where v is small. For v ≥ p + 4 or s = 1 only.
    """
    p, q, v = sizes
    s = min(p, q)
    statistic = float(theta.sum())
    if s > 1:
        _check_freedom("Pillai", p, v)
    total = q + v
    mean = p * q / total / s
    variance = 2 * p * q * v * (total - p) / (total**2 * (total - 1) * (total + 2)) / s**2
    size = mean * (1.0 - mean) / variance - 1.0
    df = (2.0 * mean * size, 2.0 * (1.0 - mean) * size)
    F = statistic / (s - statistic) * df[1] / df[0] if statistic < s else math.inf
    return _from_f(statistic, F, df)


def _check_freedom(name: str, p: int, v: int) -> None:
    if v < p + _NEEDED:
        raise DataError(
            f"{name}'s test of {p} targets needs {p + _NEEDED} degrees of freedom for the noise, got {v}",
            cause="too few samples: no approximation of its distribution is good there",
            remedy="use method='wilks' or 'roy', which need fewer",
        )


def hotelling(theta: FloatArray, sizes: Sizes) -> Outcome:
    """U = Σθ_i/(1 − θ_i), by McKeon's F (1974), for v ≥ p + 4 or s = 1 only."""
    p, q, v = sizes
    with np.errstate(divide="ignore"):
        statistic = float((theta / (1.0 - theta)).sum())
    if min(p, q) == 1:
        # Exact: one direction, |p − q| + 1 against v − p + 1.
        df = (float(p * q), float(v - p + 1))
        return _from_f(statistic, statistic * df[1] / df[0], df)
    _check_freedom("Hotelling", p, v)
    n = (v - p - 1) / 2
    b = (p + 2 * n) * (q + 2 * n) / (2 * (2 * n + 1) * (n - 1))
    df = (float(p * q), 4 + (p * q + 2) / (b - 1))
    return _from_f(statistic, statistic * df[1] / df[0] * 2 * n / (df[1] - 2), df)


def roy(theta: FloatArray, sizes: Sizes) -> Outcome:
    """θ_1/(1 − θ_1), by the exact distribution of θ_1 (see `largest_root`).

    The F that tables give for s > 1 is only a bound, whose p-value is too small.
    """
    p, q, v = sizes
    largest = float(theta[0])
    statistic = largest / (1.0 - largest) if largest < 1.0 else math.inf
    if min(p, q) == 1:
        df = (float(max(p, q)), float(v - max(p, q) + q))
        return _from_f(statistic, statistic * df[1] / df[0], df)
    return Outcome(statistic, largest_root_sf(largest, p, q, v), None)
