"""`train_approach`: networks trained on one approach's own problem, and held against its closed form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import final

import numpy as np

from haarwire._numbers import FloatArray
from haarwire.groups import Representation
from haarwire.invariants import invariant_subspace
from haarwire.moments import Moments
from haarwire.solve import Approach, Quadratic, Solution, solve
from haarwire.solve.approaches import check_kinds
from haarwire.solve.reduced_rank import Whitened, whitened
from haarwire.training.history import TrainingHistory
from haarwire.training.network import DeepLinearNetwork, checked_widths
from haarwire.training.optimizers import OptimizerName
from haarwire.training.progress import Report
from haarwire.training.trainer import train

__all__ = ["TrainedApproach", "explaining_scale", "in_whitened_inputs", "train_approach"]


@final
@dataclass(frozen=True, eq=False)
class TrainedApproach:
    """One approach after training.

    Attributes
    ----------
    best : Solution
        The closed form, of the rank that the widths allow.
    history : TrainingHistory or None
        Its coefficients, intercepts and gaps are those of the features; its weights act on what the networks
        see. None where there is nothing to train: the data leave no input to the network.
    relative_invariance_gaps : ndarray, shape (runs,)
        ‖W_⊥‖_F/‖W‖_F of the final coefficients.
    """

    best: Solution
    history: TrainingHistory | None = field(repr=False)
    relative_invariance_gaps: FloatArray


def train_approach(
    moments: Moments,
    rep: Representation,
    approach: Approach,
    widths: Sequence[int],
    *,
    whiten: bool = True,
    ridge: float = 0.0,
    optimizer: OptimizerName = "gd",
    steps: int = 50_000,
    tol: float = 1e-10,
    runs: int = 1,
    seed: int = 0,
    progress: bool | Report = False,
) -> TrainedApproach:
    """Train networks on J(V) = tr(T) − 2 tr(V Bᵀ) + tr(V C Vᵀ) of one approach, as ``haarwire train`` does.

    In whitened inputs F⁺x, with F Fᵀ = C⁺, a network finds V' with V = V' Fᵀ: the same maps of the same
    ranks and losses. The gram is I there, so that gradient descent is not slowed down by it, and directions
    without data are left out, as in the closed form. Layers start balanced, and make a map of about the size
    that explains the targets: ‖V‖² tr C = tr T.

    Parameters
    ----------
    moments : Moments
    rep : Representation
        The symmetry.
    approach : Approach
        `Plain()`, `Hardwired()`, `Augmented()` or `Regularized(alpha)`.
    widths : sequence of int
        Hidden widths h_1, …, h_{L−1}; the least one bounds the rank. None of them: one layer.
    whiten : bool
        Whether the networks see whitened inputs, or the coordinates of the problem as they are.
    ridge : float
        Ordinary ridge.
    optimizer, steps, tol, progress
        As for `train`.
    runs, seed : int
        As for `DeepLinearNetwork`.

    Returns
    -------
    TrainedApproach

    Raises
    ------
    ParameterError, DataError, NotCompactError
        As `solve` and `train` do.
    ConvergenceError
        When every run diverges.
    MissingDependencyError
        Without PyTorch.

    Examples
    --------
    >>> import haarwire as hw
    >>> from haarwire.training import train_approach
    >>> rep = hw.groups.cyclic_shifts(6)
    >>> data = hw.datasets.planted(rep, 200, n_targets=3, rng=0)
    >>> moments = hw.Moments.from_arrays(data.X, data.Y)
    >>> trained = train_approach(moments, rep, hw.Hardwired(), [1])
    >>> bool(abs(trained.history.coef[0] - trained.best.coef).max() < 1e-3)
    True
    """
    check_kinds(moments, rep, samples=False)
    is_listed = isinstance(widths, Sequence | np.ndarray)
    sizes = checked_widths((moments.n_features, *widths, moments.n_targets) if is_listed else widths)
    best = solve(moments, rep, rank=min(sizes), approach=approach, ridge=ridge)
    problem = approach.problem(moments, rep, ridge=ridge)
    white = whitened(problem)
    if white.cross.shape[1] == 0:
        return TrainedApproach(best, None, np.zeros(runs))
    posed = in_whitened_inputs(problem, white) if whiten else problem
    m, k = posed.cross.shape
    network = DeepLinearNetwork(
        (k, *sizes[1:-1], m),
        init="balanced",
        scale=explaining_scale(posed, len(sizes) - 1),
        runs=runs,
        seed=seed,
    )
    if not whiten:
        history = train(posed, network, rep=rep, optimizer=optimizer, steps=steps, tol=tol, progress=progress)
        return TrainedApproach(best, history, _relative(history))
    F = white.whitener.factor
    history = train(
        posed,
        network,
        optimizer=optimizer,
        steps=steps,
        tol=tol,
        test=_gap_moments(problem, F, rep),
        progress=progress,
    )
    assert history.test_loss is not None
    coef = problem.setting.embed(history.coef @ F.T)
    history = replace(
        history,
        test_loss=None,
        invariance_gap=np.sqrt(history.test_loss),
        coef=coef,
        intercept=problem.setting.y_mean - coef @ problem.setting.x_mean,
    )
    return TrainedApproach(best, history, _relative(history))


def in_whitened_inputs(problem: Quadratic, white: Whitened | None = None) -> Quadratic:
    """The problem in the coordinates V' of V = V' Fᵀ, whose gram is I."""
    cross = (whitened(problem) if white is None else white).cross
    k = cross.shape[1]
    setting = replace(problem.setting, x_mean=np.zeros(k), embedding=None)
    return replace(problem, gram=np.eye(k), cross=cross, setting=setting, magnitude=np.ones(k))


def explaining_scale(problem: Quadratic, depth: int) -> float:
    """The size of L balanced layers whose product W has ‖W‖² tr C = tr T."""
    return float((problem.setting.total / float(np.trace(problem.gram))) ** (0.5 / depth))


def _gap_moments(problem: Quadratic, F: FloatArray, rep: Representation) -> Moments:
    """Moments on which the loss of V' is ‖W_⊥‖_F²: the targets ȳ, and as gram that of W_⊥ for V' = I."""
    m, k = problem.cross.shape[0], F.shape[1]
    scatter = np.zeros((k + m, k + m))
    invariant, embedding = invariant_subspace(rep), problem.setting.embedding
    # In the coordinates of the invariant functionals alone, W_⊥ is 0 and not rounding.
    if embedding is None or embedding.dim > invariant.dim:
        W = problem.setting.embed(F.T)
        outside = W - invariant.project(W)
        scatter[:k, :k] = outside @ outside.T
    return Moments(k, 2, 1.0, np.concatenate([np.zeros(k), problem.setting.y_mean]), scatter)


def _relative(history: TrainingHistory) -> FloatArray:
    """‖W_⊥‖_F/‖W‖_F at the end of each run."""
    assert history.invariance_gap is not None
    gaps, sizes = history.invariance_gap[-1], np.linalg.norm(history.coef, axis=(1, 2))
    return np.asarray(np.divide(gaps, sizes, out=np.zeros_like(gaps), where=sizes > 0))
