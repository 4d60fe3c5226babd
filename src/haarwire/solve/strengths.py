"""`alpha_range`: the strengths between which a regularization path changes."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from haarwire.solve.path import RegularizationPath
from haarwire.solve.solver import checked_rank

__all__ = ["alpha_range"]

_STEADY: Final = 0.02
"""Quantities that are within this part of their range of an end of the path have arrived there."""


def alpha_range(path: RegularizationPath, *, rank: int | None = None) -> tuple[float, float]:
    """Between which finite strengths the losses and the invariance gap change.

    Searched from a thousandth of the least ratio of data variance to penalty to ten thousand times the
    largest; outside the range, the loss, the loss with its penalty and the relative invariance gap are
    within 2 % (of how far they go) of what they are at 0 or ∞.

    Parameters
    ----------
    path : RegularizationPath
        From `regularization_path`.
    rank : int, optional
        Another rank bound than the path's own.

    Returns
    -------
    low, high : float
        Strengths alpha, 0 < low < high.

    Raises
    ------
    ParameterError
        When rank is out of range.
    """
    r = path.rank if rank is None else checked_rank(rank, *path.shape)
    if path.spectrum.size == 0:
        return 1e-3, 1e3
    low, high = math.log10(path.spectrum[0]) - 3.0, math.log10(path.spectrum[-1]) + 4.0
    alphas = np.logspace(low, high, round(20 * (high - low)))
    curve = path.curve(np.concatenate([[0.0], alphas, [np.inf]]))
    first, last = alphas.size, 0
    for values in (curve.loss[:, r - 1], curve.objective[:, r - 1], curve.relative_invariance_gap[:, r - 1]):
        near = _STEADY * float(np.ptp(values))
        left = np.flatnonzero(np.abs(values[1:-1] - values[0]) > near)
        right = np.flatnonzero(np.abs(values[1:-1] - values[-1]) > near)
        if near > 0 and left.size and right.size:
            first, last = min(first, int(left[0])), max(last, int(right[-1]))
    if first >= last:
        first, last = 50, alphas.size - 71  # nothing changes: the spectrum, and a decade on either side
    return float(alphas[max(first - 10, 0)]), float(alphas[min(last + 20, alphas.size - 1)])
