"""`TrainingHistory`: what a training run did, as plain arrays."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from haarwire._numbers import FloatArray, IntArray

__all__ = ["TrainingHistory"]

BoolArray: TypeAlias = NDArray[np.bool_]


@final
@dataclass(frozen=True, eq=False)
class TrainingHistory:
    """The recorded steps of a batch of runs, and where they ended. NumPy arrays only.

    A run that has stopped keeps its last values in later records; a diverged one has loss ∞ and NaN
    elsewhere from then on, nearest to no critical point (index −1).

    Attributes
    ----------
    steps : ndarray of int, shape (records,)
        Recorded step numbers, from 0 to the last step taken.
    loss : ndarray, shape (records, runs)
        J of the approach's own problem; for minibatches the exact one, not that of the batch. The
        cross-entropy with the penalty, for `train_cross_entropy`.
    test_loss : ndarray, shape (records, runs), or None
        Mean squared error on the test moments; mean cross-entropy of the test samples.
    invariance_gap : ndarray, shape (records, runs), or None
        ‖W_⊥‖_F, the part of W outside the invariant functionals; None where no representation was given.
    singular_modes : ndarray, shape (records, runs, q)
        a_i = u_iᵀ V C^{1/2} v_i with B C^{−1/2} = Σ σ_i u_i v_iᵀ: how much of mode i has been learnt. At
        the critical point V_S it is σ_i for i ∈ S and 0 otherwise. (Runs on problems with fewer modes
        than others: 0 in the last places.) No modes where there is no quadratic problem.
    imbalance : ndarray, shape (records, runs)
        max_l ‖W_{l+1}ᵀW_{l+1} − W_l W_lᵀ‖_F, which gradient flow conserves.
    nearest_subset : ndarray of bool, shape (records, runs, q)
        The critical point W_S nearest to W, |S| ≤ r: the modes with a_i > σ_i/2, of which at most the r
        with the largest σ_i(2a_i − σ_i) — exactly the S of least ‖(V − V_S)C^{1/2}‖_F.
    nearest_index : ndarray of int, shape (records, runs)
        inversions(S) + (r − |S|)(q − |S|): the number of negative Hessian directions at W_S in a
        two-layer network of width r; for |S| = r the index on the maps of rank ≤ r. 0: the optimum.
    converged : ndarray of bool, shape (runs,)
        Whether the loss reached the optimum: J − J* ≤ tol·tr(T). For the cross-entropy, whether the gradient
        became small: at most tol times what it was at the start.
    diverged : ndarray of bool, shape (runs,)
        Whether the loss ran away; lower the learning rate.
    stopped : ndarray of int, shape (runs,)
        The step after which each run was not trained any further.
    seconds : float
        Wall-clock time.
    coef : ndarray, shape (runs, m, n)
        Final W, in the coordinates of the features.
    intercept : ndarray, shape (runs, m)
        Final ȳ − W x̄; what was learnt, for the cross-entropy.
    weights : tuple of ndarray
        Final layers, (runs, h_out, h_in) each, in the problem's coordinates: what `check_critical` and
        ``DeepLinearNetwork.from_arrays`` take.
    learning_rate : ndarray, shape (runs,)
        η of each run; for the gradient flow, the time that counts as one step.
    problem : ndarray of int, shape (runs,)
        Which of the problems each run was on.
    singular_values : ndarray, shape (runs, q)
        σ of the problem of each run.
    optimal_loss : ndarray, shape (runs,)
        J* in closed form, for the least width as rank bound; NaN where there is no closed form.
    """

    steps: IntArray
    loss: FloatArray
    test_loss: FloatArray | None = field(repr=False)
    invariance_gap: FloatArray | None = field(repr=False)
    singular_modes: FloatArray = field(repr=False)
    imbalance: FloatArray = field(repr=False)
    nearest_subset: BoolArray = field(repr=False)
    nearest_index: IntArray = field(repr=False)
    converged: BoolArray
    diverged: BoolArray
    stopped: IntArray
    seconds: float
    coef: FloatArray = field(repr=False)
    intercept: FloatArray = field(repr=False)
    weights: tuple[FloatArray, ...] = field(repr=False)
    learning_rate: FloatArray = field(repr=False)
    problem: IntArray = field(repr=False)
    singular_values: FloatArray = field(repr=False)
    optimal_loss: FloatArray = field(repr=False)

    def __repr__(self) -> str:
        runs = self.n_runs
        parts = [f"{runs} run{'s' * (runs != 1)}", f"{int(self.steps[-1])} steps"]
        parts.append(f"{int(self.converged.sum())} converged")
        if self.diverged.any():
            parts.append(f"{int(self.diverged.sum())} diverged")
        final = self.loss[-1][~self.diverged]
        if final.size:
            parts.append(f"median loss {np.median(final):.6g}")
        return f"TrainingHistory({', '.join(parts)}, {self.seconds:.2g} s)"

    @property
    def n_runs(self) -> int:
        """How many runs there are."""
        return int(self.converged.size)

    @property
    def times(self) -> FloatArray:
        """Time of gradient flow at each record, step·η, shape (records, runs)."""
        return self.steps[:, None] * self.learning_rate

    @property
    def excess_loss(self) -> FloatArray:
        """J − J*, shape (records, runs)."""
        return self.loss - self.optimal_loss

    def subset(self, record: int = -1, run: int = 0) -> tuple[int, ...]:
        """The nearest critical point S at a record of a run, as mode numbers (see `nearest_subset`)."""
        return tuple(int(i) for i in np.flatnonzero(self.nearest_subset[record, run]))
