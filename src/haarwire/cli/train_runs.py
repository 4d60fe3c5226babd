"""The four approaches trained, each on its own quadratic problem, and held against their closed forms."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np

from haarwire._linalg import symmetric_whitener
from haarwire._numbers import FloatArray
from haarwire.groups import Representation
from haarwire.invariants import invariant_subspace
from haarwire.moments import Moments
from haarwire.solve import Approach, Quadratic, Regularized, Solution, solve
from haarwire.training import DeepLinearNetwork, TrainingHistory, train

__all__ = ["Plan", "Trained", "train_approach", "trained_data"]


@final
@dataclass(frozen=True)
class Plan:
    """How the networks are built and trained.

    Attributes
    ----------
    hidden : tuple of int
        Hidden widths.
    is_whitened : bool
        Whether a network sees the inputs whitened by the gram of its approach, or as they are.
    optimizer, steps, tol, runs, seed
        As for `haarwire.training.train` and `DeepLinearNetwork`.
    """

    hidden: tuple[int, ...]
    is_whitened: bool
    optimizer: Any
    steps: int
    tol: float
    runs: int
    seed: int


@final
@dataclass(frozen=True, eq=False)
class Trained:
    """One approach after training.

    Attributes
    ----------
    best : Solution
        The closed form.
    history : TrainingHistory or None
        None where there is nothing to train: the data leave no input to the network.
    relative_invariance_gaps : ndarray, shape (runs,)
        ‖W_⊥‖_F/‖W‖_F of the final coefficients.
    """

    best: Solution
    history: TrainingHistory | None
    relative_invariance_gaps: FloatArray


def train_approach(
    moments: Moments,
    rep: Representation,
    approach: Approach,
    plan: Plan,
    *,
    rank: int,
    ridge: float,
    progress: Callable[[float], None],
) -> Trained:
    """Train a network on the problem of one approach.

    In whitened inputs F⁺x, with F Fᵀ = C⁺, the network finds V' with V = V' Fᵀ: the same maps of the same
    ranks and losses. The gram is I there, so that gradient descent is not slowed down by it, and directions
    without data are left out, as in the closed form.
    """
    best = solve(moments, rep, rank=rank, approach=approach, ridge=ridge)
    problem = approach.problem(moments, rep, ridge=ridge)
    whitener = symmetric_whitener(problem.gram, problem.tolerance, problem.magnitude)
    if whitener.rank == 0:
        return Trained(best, None, np.zeros(plan.runs))
    if not plan.is_whitened:
        history = train(problem, _network(problem, plan), rep=rep, **_options(plan, progress))
        return Trained(best, history, _relative(history))
    posed = _whitened(problem, whitener.factor)
    gap = _gap_moments(problem, whitener.factor, rep)
    history = train(posed, _network(posed, plan), test=gap, **_options(plan, progress))
    assert history.test_loss is not None
    coef = problem.setting.embed(history.coef @ whitener.factor.T)
    intercept = problem.setting.y_mean - coef @ problem.setting.x_mean
    history = replace(
        history,
        test_loss=None,
        invariance_gap=np.sqrt(history.test_loss),
        coef=coef,
        intercept=intercept,
    )
    return Trained(best, history, _relative(history))


def _network(problem: Quadratic, plan: Plan) -> DeepLinearNetwork:
    """Balanced layers that make a map of about the size that explains the targets: ‖W‖² tr C ~ tr T."""
    size = problem.setting.total / float(np.trace(problem.gram))
    m, k = problem.cross.shape
    depth = len(plan.hidden) + 1
    return DeepLinearNetwork(
        (k, *plan.hidden, m), init="balanced", scale=size ** (0.5 / depth), runs=plan.runs, seed=plan.seed
    )


def _options(plan: Plan, progress: Callable[[float], None]) -> dict[str, Any]:
    return {
        "optimizer": plan.optimizer,
        "steps": plan.steps,
        "tol": plan.tol,
        "progress": lambda step, steps: progress(step / steps),
    }


def _whitened(problem: Quadratic, F: FloatArray) -> Quadratic:
    """The problem in the coordinates V' of V = V' Fᵀ."""
    k = F.shape[1]
    setting = replace(problem.setting, x_mean=np.zeros(k), embedding=None)
    return replace(problem, gram=np.eye(k), cross=problem.cross @ F, setting=setting, magnitude=np.ones(k))


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


def trained_data(trained: Trained, moments: Moments) -> dict[str, Any]:
    """What the command tells of one approach, as plain numbers: its run that ended highest, and all runs."""
    best, history = trained.best, trained.history
    total = float(np.trace(moments.total))
    approach = {
        "alpha": best.approach.alpha if isinstance(best.approach, Regularized) else None,
        "optimal_loss": best.loss,
        "optimal_invariance_gap": best.invariance_gap,
        "optimal_relative_invariance_gap": best.relative_invariance_gap,
    }
    if history is None:
        rows = [
            {
                "final_loss": total,
                "relative_excess": 0.0,
                "invariance_gap": 0.0,
                "relative_invariance_gap": 0.0,
                "nearest_subset": [],
                "nearest_index": 0,
                "steps": 0,
                "converged": True,
                "diverged": False,
            }
            for _ in trained.relative_invariance_gaps
        ]
        return {**rows[0], **approach, "learning_rate": None, "seconds": 0.0, "runs": rows}
    assert history.invariance_gap is not None
    # An exact fit leaves no loss to compare with.
    floor = best.loss if best.loss > 1e-12 * total else math.nan
    rows = [
        {
            "final_loss": float(history.loss[-1, i]),
            "relative_excess": float(history.excess_loss[-1, i] / floor),
            "invariance_gap": float(history.invariance_gap[-1, i]),
            "relative_invariance_gap": float(trained.relative_invariance_gaps[i]),
            "nearest_subset": list(history.subset(-1, i)),
            "nearest_index": None if history.diverged[i] else int(history.nearest_index[-1, i]),
            "steps": int(history.stopped[i]),
            "converged": bool(history.converged[i]),
            "diverged": bool(history.diverged[i]),
        }
        for i in range(history.n_runs)
    ]
    worst = int(np.argmax(history.loss[-1]))
    return {
        **rows[worst],
        **approach,
        "learning_rate": float(history.learning_rate[worst]),
        "seconds": history.seconds,
        "runs": rows,
    }
