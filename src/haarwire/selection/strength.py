"""Choose the strength of the invariance penalty on one path: by K-fold or leave-one-out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, final

import numpy as np
from numpy.typing import ArrayLike

from haarwire._numbers import FloatArray
from haarwire.errors import DataError, NotCompactError, ParameterError
from haarwire.moments import Moments
from haarwire.moments.checks import refuse_dask
from haarwire.selection.cross_validation import cross_validate
from haarwire.selection.grid import alpha_grid
from haarwire.solve import RegularizationPath
from haarwire.solve.path import checked_alphas

__all__ = ["Selection", "select", "select_leave_one_out"]

Question: TypeAlias = Literal["as_is", "moved"]


@final
@dataclass(frozen=True, eq=False)
class Selection:
    """The penalty strength of least estimated loss.

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


def _alphas(path: RegularizationPath, alphas: ArrayLike | None) -> FloatArray:
    return alpha_grid(path) if alphas is None else np.sort(checked_alphas(alphas))


def _chosen(alphas: FloatArray, losses: FloatArray) -> Selection:
    return Selection(float(alphas[int(np.argmin(losses))]), alphas, losses)


def select(
    path: RegularizationPath,
    folds: Sequence[Moments],
    *,
    alphas: ArrayLike | None = None,
    question: Question = "as_is",
) -> Selection:
    """Choose alpha by K-fold cross-validation on moments, with the path's rank, ridge and penalty.

    Parameters
    ----------
    path : RegularizationPath
        Of all samples together.
    folds : sequence of Moments
        Of the same samples in at least two disjoint parts.
    alphas : array_like, optional
        Strengths to try; default 0, a grid from the path's spectrum (`alpha_grid`), and ∞.
    question : {"as_is", "moved"}
        Held-out loss on data as they are, or averaged over the group.

    Returns
    -------
    Selection

    Raises
    ------
    NotCompactError
        When asked about moved data of a group without Haar average.
    ParameterError
        With fewer than two folds.
    """
    rep = path.representation
    if question not in ("as_is", "moved"):
        raise ParameterError(
            f"the question must be 'as_is' or 'moved', got {question!r}",
            cause="a misspelt option",
            remedy="use question='as_is' for data like these, 'moved' for data in any orientation",
        )
    if question == "moved" and not rep.is_compact:
        raise NotCompactError(
            f"data moved by {rep.label} have no average: the group is not compact",
            cause="a shear, a boost or another generator whose powers grow without bound",
            remedy="use question='as_is'",
        )
    grid = _alphas(path, alphas)
    result = cross_validate(
        folds, rep, rank=path.rank, alphas=grid, ridge=path.ridge, penalty=path.frame.penalty
    )
    losses = result.as_is if question == "as_is" or result.moved is None else result.moved
    return _chosen(grid, losses @ result.weights)


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
    refuse_dask("leave-one-out", "use select(path, fold_moments(X, Y))", X, Y)
    inputs = np.asarray(X, dtype=np.float64)
    targets = np.asarray(Y, dtype=np.float64).reshape(len(inputs), -1)
    m, n = path.shape
    somewhere = float(np.median(path.spectrum)) if path.spectrum.size else 1.0
    if path.rank < path.modes(somewhere).rank:
        raise ParameterError(
            f"leave-one-out has no closed form at rank {path.rank} of {m}",
            cause="a rank bound below the number of modes: the fit is not linear in the targets",
            remedy="use select(path, folds) instead, or a path with rank=None",
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
    grid = _alphas(path, alphas)
    losses = np.empty(grid.size)
    for i, alpha in enumerate(grid):
        weights = 1.0 / (path.spectrum + alpha)
        residual = fixed - (penalized * weights) @ path.cross.T
        leverage = (1.0 + (invariant**2).sum(axis=1) + (penalized**2) @ weights) / count
        free = 1.0 - leverage
        # A sample of leverage 1 determines the fit alone: leaving it out, nothing is known of it.
        known = free > 1e-10
        losses[i] = ((residual[known] / free[known, None]) ** 2).sum() / count if known.all() else np.inf
    return _chosen(grid, losses)
