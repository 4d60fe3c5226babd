"""`Summary`: weight, mean and scatter of a set of samples, and Chan's formula to join and part such sets.

Chan, Golub and LeVeque (1983), *Algorithms for computing the sample variance*, equation 2.1.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np

from haarwire._numbers import FloatArray
from haarwire.errors import DataError
from haarwire.moments.updates import triangle

__all__ = ["Summary", "joined", "parted", "two_sum", "widened"]


_ROUNDING: Final = 2.0**13
"""Allowance, in units of eps: sums of a few thousand terms in a row, as BLAS forms them in one chunk."""

_NOISE: Final = 64.0
"""A variance left by subtraction counts when it is this many eps above the terms it came from."""


class Summary(NamedTuple):
    """Of samples z with weights w: their number, W = Σ w, z̄ = Σ w z / W and Σ w (z − z̄)(z − z̄)ᵀ.

    Where they are known: what the rounding of z̄ left off, and an upper triangular R with RᵀR = the scatter.
    """

    n_samples: int
    weight: float
    mean: FloatArray
    scatter: FloatArray
    mean_tail: FloatArray | None = None
    factor: FloatArray | None = None


def joined(a: Summary, b: Summary) -> Summary:
    """S = S_a + S_b + W_a W_b / (W_a + W_b) (z̄_b − z̄_a)(z̄_b − z̄_a)ᵀ."""
    if b.n_samples == 0:
        return a
    if a.n_samples == 0:
        return b
    weight = a.weight + b.weight
    share = b.weight / weight
    step = b.mean - a.mean
    tail = np.zeros_like(a.mean) if a.mean_tail is None else a.mean_tail
    if b.mean_tail is not None or a.mean_tail is not None:
        step += (0.0 if b.mean_tail is None else b.mean_tail) - tail
    mean, tail = two_sum(a.mean, tail + share * step)
    n_samples = a.n_samples + b.n_samples
    # W_a W_b is never formed: it leaves the range of doubles long before the quotient does.
    if a.factor is not None and b.factor is not None:
        factor = triangle([a.factor, b.factor, math.sqrt(a.weight * share) * step[None]])
        return Summary(n_samples, weight, mean, factor.T @ factor, tail, factor)
    scatter = np.multiply.outer(step, step)
    scatter *= a.weight * share
    scatter += a.scatter
    scatter += b.scatter
    return Summary(n_samples, weight, mean, scatter, tail)


def two_sum(a: FloatArray, b: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The rounded sum a + b, and what rounding left off (Knuth's error-free addition)."""
    total = a + b
    back = total - a
    return total, (a - (total - back)) + (b - back)


def widened(summary: Summary, extra: int) -> Summary:
    """The same samples with `extra` more targets, all zero."""
    pad = (0, extra)
    tail, factor = summary.mean_tail, summary.factor
    return Summary(
        summary.n_samples,
        summary.weight,
        np.pad(summary.mean, pad),
        np.pad(summary.scatter, (pad, pad)),
        None if tail is None else np.pad(tail, pad),
        None if factor is None else np.pad(factor, (pad, pad)),
    )


def parted(whole: Summary, part: Summary, eps: float) -> Summary:
    """S = S_a − S_b − W_a W_b / (W_a − W_b) (z̄_b − z̄_a)(z̄_b − z̄_a)ᵀ, for a the whole and b the part.

    Parameters
    ----------
    whole, part : Summary
        The part is believed to be one unless it cannot be.
    eps : float
        The precision in which both were computed.

    Raises
    ------
    DataError
        If the part weighs more than the whole, or leaves a negative scatter, beyond rounding.
    """
    if part.n_samples == 0:
        return whole
    allowance = _ROUNDING * eps
    n_samples, weight = whole.n_samples - part.n_samples, whole.weight - part.weight
    if n_samples < 0 or weight < -allowance * whole.weight or (n_samples > 0 and weight <= 0):
        raise _not_a_part(
            f"{part.n_samples} samples of weight {part.weight:g} cannot be taken from {whole.n_samples} "
            f"samples of weight {whole.weight:g}."
        )
    if n_samples == 0:
        if weight > allowance * whole.weight:
            raise _not_a_part(f"Without all its {whole.n_samples} samples, a weight of {weight:g} is left.")
        return Summary(0, 0.0, np.zeros_like(whole.mean), np.zeros_like(whole.scatter))
    ratio = part.weight / weight
    step = part.mean - whole.mean
    scatter = np.multiply.outer(step, step)
    scatter *= -whole.weight * ratio
    between = -scatter.diagonal()
    scatter += whole.scatter
    scatter -= part.scatter
    # A true rest has a diagonal of at least zero, up to the rounding of the three terms; the last of them
    # suffers from the rounding of the means, too.
    blur = allowance * (np.abs(whole.mean) + np.abs(part.mean))
    limit = allowance * (whole.scatter.diagonal() + part.scatter.diagonal() + between)
    limit += whole.weight * ratio * blur * (2 * np.abs(step) + blur)
    variance = scatter.diagonal()
    if (variance < -limit).any():
        column = int((variance + limit).argmin())
        raise _not_a_part(
            f"Column {column} of [X, Y] is left with a scatter of {variance[column]:g}, below 0."
        )
    # What is within rounding of nothing is nothing: a column that varied in the part only must not pass for
    # a feature of the rest. Only the diagonal: a covariance may be well above rounding where the variance
    # has drowned in it.
    noise = _NOISE * eps * (whole.scatter.diagonal() + part.scatter.diagonal() + between)
    np.fill_diagonal(scatter, np.where(variance > noise, variance, 0.0))
    return Summary(n_samples, weight, whole.mean - ratio * step, scatter)


def _not_a_part(what: str) -> DataError:
    return DataError(
        what,
        cause="the second operand is not a part of the first: other samples, other weights or scaling.",
        remedy="subtract moments of samples that were in the sum: rest = whole - part, whole = part + rest.",
    )
