"""One grid of penalty strengths, from the spectrum of the path: 0, the spectrum and its surroundings, ∞."""

from __future__ import annotations

from typing import Final

import numpy as np

from haarwire._numbers import FloatArray, is_integer
from haarwire.errors import ParameterError
from haarwire.groups import Representation
from haarwire.invariants.penalty import Penalty
from haarwire.moments import Moments
from haarwire.solve import RegularizationPath, penalty_frame
from haarwire.solve.path import factor_path

__all__ = ["COUNT", "alpha_grid", "default_alphas"]


COUNT: Final = 49
"""How many strengths between 0 and ∞: at least four a decade."""

_SPAN: Final = 1e8
_BEYOND: Final = 100.0


def alpha_grid(path: RegularizationPath, *, count: int = COUNT) -> FloatArray:
    """0, `count` strengths in geometric progression, and ∞.

    The share of a non-invariant direction that the penalty leaves is c/(c + α), with c its value in the
    spectrum: so the grid runs from a hundredth of the smallest c (of those within eight decades of the
    largest) to a hundred times the largest; below and above, the model hardly changes any more.

    Parameters
    ----------
    path : RegularizationPath
        Whose spectrum sets the scale.
    count : int
        How many strengths between 0 and ∞.

    Returns
    -------
    ndarray, shape (count + 2,)
        Ascending; only 0 and ∞ where nothing is penalized.

    Raises
    ------
    ParameterError
        When count is not a positive integer.
    """
    if not is_integer(count, 1):
        raise ParameterError(
            f"the number of strengths must be a positive integer, got {count!r}",
            cause="a fractional or negative count",
            remedy=f"use for example count={COUNT}",
        )
    c = path.spectrum
    if c.size == 0:
        return np.array([0.0, np.inf])
    low, high = max(float(c[0]), float(c[-1]) / _SPAN) / _BEYOND, float(c[-1]) * _BEYOND
    return np.concatenate([[0.0], np.geomspace(low, high, count), [np.inf]])


def default_alphas(
    moments: Moments,
    rep: Representation,
    *,
    ridge: float = 0.0,
    penalty: Penalty = "generators",
    count: int = COUNT,
) -> FloatArray:
    """The grid that cross-validation uses by default: `alpha_grid` of the path of all samples.

    Parameters
    ----------
    moments : Moments
        Of data with n features.
    rep : Representation
        The symmetry.
    ridge : float
        Ordinary ridge.
    penalty : {"generators", "projection"}
        Which invariance penalty.
    count : int
        How many between 0 and ∞.

    Returns
    -------
    ndarray, shape (count + 2,)
        Ascending.

    Examples
    --------
    >>> import haarwire as hw
    >>> rep = hw.groups.cyclic_shifts(4)
    >>> data = hw.datasets.planted(rep, 60, rng=0)
    >>> default_alphas(hw.Moments.from_arrays(data.X, data.Y), rep, count=3).round(3)
    array([0.0000e+00, 2.0000e-03, 3.4900e-01, 5.1352e+01,        inf])
    """
    frame = penalty_frame(rep, penalty)
    path = factor_path(moments, rep, rank=1, ridge=ridge, frame=frame)
    return alpha_grid(path, count=count)
