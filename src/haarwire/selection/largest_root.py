"""The distribution of the largest root θ_1 of (H + E)⁻¹H, H and E independent Wishart matrices.

For s = min(p, q), m = (|p − q| − 1)/2 and n = (v − p − 1)/2 it is, with B incomplete beta functions at θ,

    P(θ_1 ≤ θ) = C √det A,   a_ij = B(m+i, n+1) B(m+j, n+1) − 2 b_ij   (i < j),

A skew-symmetric, bordered by B(m+i, n+1) where s is odd, and b_ij by a recursion (Chiani 2016, algorithm 1).
Its terms cancel, the more the larger s and v are: digits are doubled until two results agree.
"""

from __future__ import annotations

import math
from typing import Any, Final

from scipy import special

__all__ = ["johnstone_sf", "largest_root_sf"]

_MOST_ROOTS: Final = 20
_MOST_FREEDOM: Final = 5000
"""Beyond these sizes the exact distribution takes seconds, and Johnstone's approximation is taken."""

_DIGITS: Final = (50, 100, 200, 400)
_AGREE: Final = 1e-8


def largest_root_sf(theta: float, p: int, q: int, v: int) -> float:
    """P(θ_1 > theta), exactly up to s = 20 and q + v = 5000, else by Johnstone.

    References
    ----------
    Chiani, Distribution of the largest root of a matrix for Roy's test in multivariate analysis of variance,
    J. Multivariate Analysis 143, 2016.
    """
    if theta <= 0.0 or theta >= 1.0:
        return float(theta <= 0.0)
    if min(p, q) > _MOST_ROOTS or q + v > _MOST_FREEDOM:
        return johnstone_sf(theta, p, q, v)
    import mpmath

    last: Any = None
    for digits in _DIGITS:
        with mpmath.workdps(digits):
            value = 1 - _cdf(mpmath, mpmath.mpf(theta), p, q, v)
            if last is not None and 0 <= value <= 1 and abs(value - last) <= _AGREE * value:
                return float(value)
            last = value
    # What all digits leave is rounding: the probability is no larger.
    return min(johnstone_sf(theta, p, q, v), float(abs(last)))


def _cdf(mp: Any, theta: Any, p: int, q: int, v: int) -> Any:
    s = min(p, q)
    m, n = mp.mpf(abs(p - q) - 1) / 2, mp.mpf(v - p - 1) / 2
    single = [_incomplete_beta(mp, m + i, n + 1, theta) for i in range(1, s + 1)]
    double = {k: _incomplete_beta(mp, 2 * m + k, 2 * n + 2, theta) for k in range(2, 2 * s)}
    size = s + s % 2
    A = mp.zeros(size, size)
    for i in range(1, s + 1):
        b = single[i - 1] ** 2 / 2
        for j in range(i, s):
            b = ((m + j) * b - double[i + j]) / (m + j + n + 1)
            A[i - 1, j] = single[i - 1] * single[j] - 2 * b
            A[j, i - 1] = -A[i - 1, j]
        if size > s:
            A[i - 1, s], A[s, i - 1] = single[i - 1], -single[i - 1]
    constant = mp.pi ** (mp.mpf(s) / 2)
    for i in range(1, s + 1):
        constant *= mp.gamma((i + 2 * m + 2 * n + s + 2) / 2)
        constant /= mp.gamma(mp.mpf(i) / 2) * mp.gamma((i + 2 * m + 1) / 2) * mp.gamma((i + 2 * n + 1) / 2)
    determinant = mp.det(A)
    return constant * mp.sqrt(determinant) if determinant > 0 else mp.mpf(-1)


def _incomplete_beta(mp: Any, a: Any, b: Any, x: Any) -> Any:
    """B(a, b) at x, from the end on the side of x of the mean: from the other it can take minutes."""
    if x * (a + b) > a:
        return mp.beta(a, b) - mp.betainc(b, a, 0, 1 - x)
    return mp.betainc(a, b, 0, x)


def johnstone_sf(theta: float, p: int, q: int, v: int) -> float:
    """P(θ_1 > theta) by the Tracy–Widom approximation of logit θ_1; p-values somewhat too large in the tail.

    References
    ----------
    Johnstone, Multivariate analysis and Jacobi ensembles, Annals of Statistics 36, 2008. Chiani, Distribution
    of the largest eigenvalue for real Wishart and Gaussian random matrices and a simple approximation for the
    Tracy–Widom distribution, J. Multivariate Analysis 129, 2014: the shifted gamma distribution.
    """
    total = q + v - 1
    gamma = 2 * math.asin(math.sqrt((min(p, q) - 0.5) / total))
    phi = 2 * math.asin(math.sqrt((max(p, q) - 0.5) / total))
    centre = 2 * math.log(math.tan((phi + gamma) / 2))
    cube = 16 / total**2 / (math.sin(phi + gamma) ** 2 * math.sin(phi) * math.sin(gamma))
    x = (math.log(theta / (1.0 - theta)) - centre) / cube ** (1 / 3)
    return float(special.gammaincc(46.446, max(x + 9.84801, 0.0) / 0.186054))
