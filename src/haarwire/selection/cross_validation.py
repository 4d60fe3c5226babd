"""How much penalty? Cross-validation on moments: training moments are the total minus the fold."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import final

import numpy as np
from numpy.typing import ArrayLike

from haarwire._numbers import FloatArray
from haarwire.groups import Representation
from haarwire.groups.representation import checked_representation
from haarwire.invariants.penalty import Penalty
from haarwire.moments import Moments
from haarwire.selection.folds import checked_folds
from haarwire.selection.grid import alpha_grid
from haarwire.selection.held_out import HeldOut
from haarwire.solve import penalty_frame
from haarwire.solve.path import checked_alphas, factor_path
from haarwire.solve.solver import checked_rank

__all__ = ["CrossValidation", "cross_validate"]


@final
@dataclass(frozen=True, eq=False)
class CrossValidation:
    """Held-out loss along the regularization path.

    Attributes
    ----------
    alphas : ndarray, shape (n_alphas,)
        Penalty strengths tried, ascending.
    as_is : ndarray, shape (n_alphas, n_folds)
        Loss on the held-out fold as it is.
    moved : ndarray, shape (n_alphas, n_folds), or None
        Loss on the held-out fold averaged over the group, exactly; None without a Haar average.
    weights : ndarray, shape (n_folds,)
        Share of each fold in the samples.
    as_is_by_rank, moved_by_rank : ndarray, shape (n_alphas, min(m, n), n_folds), or None
        The same for every rank bound; index r − 1 belongs to rank r.
    """

    alphas: FloatArray
    as_is: FloatArray
    moved: FloatArray | None
    weights: FloatArray
    as_is_by_rank: FloatArray | None = field(default=None, repr=False)
    moved_by_rank: FloatArray | None = field(default=None, repr=False)

    @property
    def best_as_is(self) -> float:
        """The alpha of least held-out loss on data as they are."""
        return self._best(self.as_is)

    @property
    def best_moved(self) -> float | None:
        """The alpha of least held-out loss on data moved by the group, where there is an average."""
        return None if self.moved is None else self._best(self.moved)

    def _best(self, losses: FloatArray) -> float:
        return float(self.alphas[int(np.argmin(losses @ self.weights))])


def cross_validate(
    folds: Iterable[Moments],
    rep: Representation,
    *,
    rank: int | None = None,
    alphas: ArrayLike | None = None,
    ridge: float = 0.0,
    penalty: Penalty = "generators",
    progress: Callable[[float], None] | None = None,
) -> CrossValidation:
    """Cross-validate the strength of the invariance penalty, from moments alone.

    Each fold is left out in turn by subtraction, so the samples are not read again; one factorization
    a fold serves every alpha and every rank.

    Parameters
    ----------
    folds : iterable of Moments
        Of disjoint sets of samples; at least two. About the origin for models without an intercept.
    rep : Representation
        The symmetry. The loss on moved data is offered for compact groups.
    rank : int, optional
        Rank bound.
    alphas : array_like, optional
        Penalty strengths in [0, ∞]; default `default_alphas`: 0, a grid from the spectrum, and ∞.
    ridge : float
        Ordinary ridge.
    penalty : {"generators", "projection"}
        Which invariance penalty.
    progress : callable, optional
        Called with the share done, from 0 to 1.

    Returns
    -------
    CrossValidation

    Raises
    ------
    ParameterError
        With fewer than two folds, or alphas that are not numbers ≥ 0; when rep is not a Representation.
    """
    parts = checked_folds(folds)
    checked_representation(rep)
    whole = sum(parts[1:], start=parts[0])
    frame = penalty_frame(rep, penalty)
    r = checked_rank(rank, whole.n_targets, whole.n_features)
    if alphas is None:
        grid = alpha_grid(factor_path(whole, rep, rank=r, ridge=ridge, frame=frame))
    else:
        grid = np.sort(checked_alphas(alphas))
    shape = (grid.size, min(whole.n_targets, whole.n_features), len(parts))
    as_is = np.empty(shape)
    moved = np.empty(shape) if rep.is_compact else None
    for j, fold in enumerate(parts):
        path = factor_path(whole - fold, rep, rank=r, ridge=ridge, frame=frame)
        held_out = HeldOut(path, fold)
        as_is[:, :, j] = held_out.as_is(grid)
        if moved is not None:
            moved[:, :, j] = held_out.moved(grid)
        if progress is not None:
            progress((j + 1) / len(parts))
    weights = np.array([fold.weight for fold in parts])
    return CrossValidation(
        alphas=grid,
        as_is=as_is[:, r - 1],
        moved=None if moved is None else moved[:, r - 1],
        weights=weights / weights.sum(),
        as_is_by_rank=as_is,
        moved_by_rank=moved,
    )
