"""Choose the strength of the invariance penalty on one path, by leave-one-out in closed form."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import final

import numpy as np
from numpy.typing import ArrayLike

from haarwire._numbers import FloatArray
from haarwire.errors import DataError, ParameterError
from haarwire.moments.checks import refuse_dask
from haarwire.selection.grid import alpha_grid
from haarwire.solve import RegularizationPath
from haarwire.solve.path import checked_alphas

__all__ = ["Selection", "select_leave_one_out"]


@final
@dataclass(frozen=True, eq=False)
class Selection:
    """The penalty strength of least estimated loss; from `select_leave_one_out`.

    Attributes
    ----------
    alpha : float
        The chosen strength; ``math.inf`` means hard-wire.
    alphas : ndarray, shape (n_alphas,)
        Strengths tried, ascending.
    losses : ndarray, shape (n_alphas,)
        Estimated loss of each on new data.
    """

    alpha: float
    alphas: FloatArray = field(repr=False)
    losses: FloatArray = field(repr=False)


def select_leave_one_out(
    path: RegularizationPath, X: ArrayLike, Y: ArrayLike, *, alphas: ArrayLike | None = None
) -> Selection:
    """Choose alpha by leave-one-out, in closed form: residual_i/(1 − h_i), h_i the leverage of sample i.

    h_i = 1/N + (x_i − x̄)ᵀC(α)⁺(x_i − x̄)/N. The penalty counts N·α (and N·ridge) whether a sample is left
    out or not. A rank bound that binds makes the fit non-linear in the targets, and there is no closed
    form.

    Parameters
    ----------
    path : RegularizationPath
        Of exactly these samples, with an intercept and equal weights; its rank must not bind.
    X : array_like, shape (N, n)
        Inputs.
    Y : array_like, shape (N, m) or (N,)
        Targets.
    alphas : array_like, optional
        Strengths to try; default 0, a grid and ∞.

    Returns
    -------
    Selection

    Raises
    ------
    ParameterError
        When the rank bound binds, so that there is no closed form.
    DataError
        When the path was not computed from these samples.
    """
    refuse_dask("leave-one-out", "use cross_validate(fold_moments(X, Y), rep)", X, Y)
    inputs = np.asarray(X, dtype=np.float64)
    targets = np.asarray(Y, dtype=np.float64).reshape(len(inputs), -1)
    m, n = path.shape
    if path.rank < path.n_modes:
        raise ParameterError(
            f"leave-one-out has no closed form at rank {path.rank} of {m}",
            cause="a rank bound below the number of modes: the fit is not linear in the targets",
            remedy="use cross_validate(folds, rep, rank=…) instead, or a path with rank=None",
        )
    setting = path.setting
    if (
        inputs.shape[1:] != (n,)
        or targets.shape[1] != m
        or not np.allclose(inputs.mean(axis=0), setting.x_mean, rtol=1e-6, atol=1e-6 * np.abs(inputs).max())
        or not np.allclose(targets.mean(axis=0), setting.y_mean, rtol=1e-6, atol=1e-6 * np.abs(targets).max())
    ):
        raise DataError(
            f"the path was not computed from these samples, of shape {inputs.shape} and {targets.shape}",
            cause="other samples, or a path without an intercept",
            remedy="use regularization_path(Moments.from_arrays(X, Y), rep) with the same X and Y",
        )
    centred = inputs - setting.x_mean
    invariant, penalized = centred @ path.whitener, centred @ path.directions
    fixed = targets - setting.y_mean - centred @ path.hardwired.coef(slice(None)).T
    count = len(inputs)
    grid = alpha_grid(path) if alphas is None else np.sort(checked_alphas(alphas))
    losses = np.empty(grid.size)
    for i, alpha in enumerate(grid):
        weights = 1.0 / (path.spectrum + alpha)
        residual = fixed - (penalized * weights) @ path.cross.T
        leverage = (1.0 + (invariant**2).sum(axis=1) + (penalized**2) @ weights) / count
        free = 1.0 - leverage
        # A sample of leverage 1 determines the fit alone: leaving it out, nothing is known of it.
        known = free > 1e-10
        losses[i] = ((residual[known] / free[known, None]) ** 2).sum() / count if known.all() else np.inf
    return Selection(float(grid[int(np.argmin(losses))]), grid, losses)
