"""The result of solving one problem."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import final

import numpy as np
from numpy.typing import ArrayLike

from haarwire._numbers import FloatArray
from haarwire.errors import DataError
from haarwire.solve.approaches import Approach, Form
from haarwire.solve.reduced_rank import Modes

__all__ = ["Solution", "best_of_rank"]


@final
@dataclass(frozen=True, eq=False)
class Solution:
    """The global optimum of one approach at one rank: f(x) = coef x + intercept.

    With a target representation two cases have no closed form, and give a local minimum (`is_global`).

    Attributes
    ----------
    coef : ndarray, shape (n_targets, n_features)
        W.
    intercept : ndarray, shape (n_targets,)
        b = ȳ − W x̄ (0 for a model without intercept; with a target representation, the part of it that the
        action on targets leaves fixed).
    rank : int
        Rank of W: at most the bound asked for, less where the data support no more.
    singular_values : ndarray
        σ of Z = B C^{−1/2}, descending: all of them, not only those kept. (Where a target representation
        leaves no such Z: of W C₀^{1/2}, with W the optimum of unbounded rank.)
    n_modes : int
        Numerical rank q of Z: how many singular values are not zero. The problem has C(q, rank) critical
        points when they are distinct (theory, section 4).
    loss : float
        J(W) of the approach's own problem: mean over samples of the squared error summed over targets
        (over the augmented samples for `Augmented`), plus the penalties where there are any. The error
        on other data is ``moments.loss(coef, intercept)``.
    invariance_gap : float
        ‖W − W Q Qᵀ‖_F, the size of the part of W outside the invariant functionals; with a target
        representation, the distance to the nearest equivariant map.
    is_unique : bool
        Whether σ_r > σ_{r+1} beyond rounding. When they are equal there are other minimizers of the
        same loss. (With a singular C, uniqueness is among the minimum-norm ones.)
    is_minimum_norm : bool
        Whether C was singular, so that the minimizer of least norm was chosen among many.
    approach : Approach
        What was solved.
    form : {"primal", "invariant", "dual"}
        In which coordinates: all n features, the d invariant ones, or the span of the samples.
    is_global : bool
        Whether this is known to be the global optimum. False where there is no closed form and it is the
        best of the local minima found from several starts (then nothing is claimed about uniqueness).
    lower_bound : float or None
        Where it is not: a loss that no map of this rank can go below, the larger of the exact optimum of
        unbounded rank and the plain optimum of the same rank.
    """

    coef: FloatArray = field(repr=False)
    intercept: FloatArray = field(repr=False)
    rank: int
    singular_values: FloatArray = field(repr=False)
    n_modes: int
    loss: float
    invariance_gap: float
    is_unique: bool
    is_minimum_norm: bool
    approach: Approach
    form: Form = "primal"
    is_global: bool = True
    lower_bound: float | None = None

    @property
    def relative_invariance_gap(self) -> float:
        """Invariance gap divided by ‖W‖_F (0 where W = 0)."""
        size = float(np.linalg.norm(self.coef))
        return self.invariance_gap / size if size > 0 else 0.0

    def predict(self, X: ArrayLike) -> FloatArray:
        """W x + b for each row x of X.

        Parameters
        ----------
        X : array_like, shape (n_samples, n_features)

        Returns
        -------
        ndarray, shape (n_samples, n_targets)

        Raises
        ------
        DataError
            When X has another number of features.
        """
        samples = np.asarray(X)
        n = self.coef.shape[1]
        if samples.ndim != 2 or samples.shape[1] != n:
            raise DataError(
                f"the samples have shape {samples.shape}, the model has {n} features",
                cause="other features than in training, or a single sample without its first axis",
                remedy=f"give X of shape (n_samples, {n}): X.reshape(len(X), -1) for images",
            )
        if samples.dtype.kind not in "biuf":
            raise DataError(
                f"the samples must be real numbers, got dtype {samples.dtype}",
                cause="text, objects or complex values among the features",
                remedy="convert them first: X.astype(float)",
            )
        if samples.dtype.kind != "f":
            samples = samples.astype(self.coef.dtype)
        return np.asarray(samples @ self.coef.T + self.intercept)


def best_of_rank(modes: Modes, rank: int, approach: Approach, gap: Callable[[FloatArray], float]) -> Solution:
    """Put the optimum of rank ≤ `rank` together from the modes of its problem; `gap` measures W."""
    setting = modes.setting
    kept = min(rank, modes.singular_values.size)
    W = modes.coef(slice(kept))
    return Solution(
        coef=W.astype(setting.dtype, copy=False),
        intercept=setting.intercept(W).astype(setting.dtype, copy=False),
        rank=min(rank, modes.n_modes),
        singular_values=modes.singular_values,
        n_modes=modes.n_modes,
        loss=modes.loss(slice(kept)),
        invariance_gap=gap(W),
        is_unique=rank >= modes.n_modes or not modes.is_tied(rank - 1, rank),
        is_minimum_norm=modes.is_minimum_norm,
        approach=approach,
        form=setting.form,
    )
