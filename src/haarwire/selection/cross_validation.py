"""How much penalty? Cross-validation on moments: training moments are the total minus the fold."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias, final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from haarwire.errors import ParameterError
from haarwire.groups import Representation
from haarwire.invariants import penalty_matrix
from haarwire.invariants.penalty import Penalty
from haarwire.moments import Moments
from haarwire.selection.risk import MovedRisk, risks
from haarwire.solve import penalty_frame
from haarwire.solve.path import checked_alphas, factor_path
from haarwire.solve.solver import checked_rank

__all__ = ["CrossValidation", "cross_validate", "default_alphas"]

FloatArray: TypeAlias = NDArray[np.floating[Any]]


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
    """

    alphas: FloatArray
    as_is: FloatArray
    moved: FloatArray | None
    weights: FloatArray

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


def default_alphas(
    moments: Moments, rep: Representation, *, penalty: Penalty = "generators", count: int = 31
) -> FloatArray:
    """A grid of penalty strengths from 1e-4 to 1e5 times tr(C₀)/tr(R), where data and penalty balance.

    Parameters
    ----------
    moments : Moments
        Of data with n features.
    rep : Representation
        The symmetry.
    penalty : {"generators", "projection"}
        Which invariance penalty.
    count : int
        How many.

    Returns
    -------
    ndarray, shape (count,)
        Ascending; a single 1 where the penalty or the data vanish.
    """
    scale = float(np.trace(penalty_matrix(rep, penalty)))
    variance = float(np.trace(moments.gram))
    if scale == 0.0 or variance == 0.0:
        return np.ones(1)
    return np.asarray(variance / scale * np.logspace(-4.0, 5.0, count))


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

    Each fold is left out in turn by subtraction, so the samples are not read again; one factorisation
    a fold serves every alpha.

    Parameters
    ----------
    folds : iterable of Moments
        Of disjoint sets of samples; at least two.
    rep : Representation
        The symmetry. The loss on moved data is offered for compact groups.
    rank : int, optional
        Rank bound.
    alphas : array_like, optional
        Penalty strengths ≥ 0; default `default_alphas`.
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
        With fewer than two folds, or alphas that are not numbers ≥ 0.
    """
    parts = list(folds)
    if len(parts) < 2:
        raise ParameterError(
            f"cross-validation needs at least 2 folds, got {len(parts)}",
            cause="the samples were not split, or there are too few",
            remedy="give the moments of disjoint sets: [Moments.from_arrays(X[i::5], Y[i::5]) …]",
        )
    whole = sum(parts[1:], start=parts[0])
    frame = penalty_frame(rep, penalty)
    grid = default_alphas(whole, rep, penalty=penalty) if alphas is None else np.sort(checked_alphas(alphas))
    r = checked_rank(rank, whole.n_targets, whole.n_features)
    as_is = np.empty((grid.size, len(parts)))
    moved = np.empty_like(as_is) if rep.is_compact else None
    for j, fold in enumerate(parts):
        path = factor_path(whole - fold, rep, rank=r, ridge=ridge, frame=frame)
        models = [path.at(float(alpha)) for alpha in grid]
        coefs = np.stack([model.coef for model in models]).astype(np.float64)
        intercepts = np.stack([model.intercept for model in models]).astype(np.float64)
        as_is[:, j] = risks(fold, coefs, intercepts)
        if moved is not None:
            moved[:, j] = MovedRisk(fold, rep).risks(coefs, intercepts)
        if progress is not None:
            progress((j + 1) / len(parts))
    weights = np.array([fold.weight for fold in parts])
    return CrossValidation(grid, as_is, moved, weights / weights.sum())
