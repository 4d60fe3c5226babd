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
from haarwire.solve.approaches import check_kinds
from haarwire.solve.path import factor_path

__all__ = ["COUNT", "alpha_grid", "default_alphas"]


COUNT: Final = 49
"""How many strengths between 0 and ∞: at least four a decade."""

_SPAN: Final = 1e8
_BEYOND: Final = 100.0


def alpha_grid(path: RegularizationPath, *, n_alphas: int = COUNT) -> FloatArray:
    """0, `n_alphas` strengths in geometric progression, and ∞.

    The share of a non-invariant direction that the penalty leaves is c/(c + α), with c its value in the
    spectrum: so the grid runs from a hundredth of the smallest c (of those within eight decades of the
    largest) to a hundred times the largest; below and above, the model hardly changes any more.

    Parameters
    ----------
    path : RegularizationPath
        Whose spectrum sets the scale.
    n_alphas : int
        How many strengths between 0 and ∞.

    Returns
    -------
    ndarray, shape (n_alphas + 2,)
        Ascending; only 0 and ∞ where nothing is penalized.

    Raises
    ------
    ParameterError
        When n_alphas is not a positive integer.
    """
    if not is_integer(n_alphas, 1):
        raise ParameterError(
            f"n_alphas must be a positive integer, got {n_alphas!r}",
            cause="a fractional or negative count",
            remedy=f"use for example n_alphas={COUNT}",
        )
    c = path.spectrum
    if c.size == 0:
        return np.array([0.0, np.inf])
    low, high = max(float(c[0]), float(c[-1]) / _SPAN) / _BEYOND, float(c[-1]) * _BEYOND
    return np.concatenate([[0.0], np.geomspace(low, high, n_alphas), [np.inf]])


def default_alphas(
    moments: Moments,
    rep: Representation,
    *,
    ridge: float = 0.0,
    penalty: Penalty = "generators",
    n_alphas: int = COUNT,
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
    n_alphas : int
        How many between 0 and ∞.

    Returns
    -------
    ndarray, shape (n_alphas + 2,)
        Ascending.

    Raises
    ------
    DataError
        When the data do not fit the symmetry.
    ParameterError
        For arguments of other kinds, or when ridge or n_alphas is out of range.

    Examples
    --------
    >>> import haarwire as hw
    >>> rep = hw.groups.cyclic_shifts(4)
    >>> data = hw.datasets.planted(rep, 60, rng=0)
    >>> default_alphas(hw.Moments.from_arrays(data.X, data.Y), rep, n_alphas=3).round(3)
    array([0.0000e+00, 2.0000e-03, 3.4900e-01, 5.1352e+01,        inf])
    """
    check_kinds(moments, rep, samples=False)
    frame = penalty_frame(rep, penalty)
    path = factor_path(moments, rep, rank=1, ridge=ridge, frame=frame)
    return alpha_grid(path, n_alphas=n_alphas)
