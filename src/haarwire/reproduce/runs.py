"""The networks that the first two figures show, trained once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, final

from haarwire.reproduce.setup import Setup
from haarwire.solve import Approach, Augmented, Hardwired, Plain, Regularized, Solution, solve
from haarwire.training import DeepLinearNetwork, TrainingHistory, train

__all__ = ["Run", "approaches", "train_all"]

_STEPS: Final = (4000, 10_000)
"""At most so many: quick, full."""

_TOL: Final = 1e-11


@final
@dataclass(frozen=True, eq=False)
class Run:
    """One approach: its closed form, and all its networks."""

    best: Solution
    history: TrainingHistory


def approaches(setup: Setup) -> dict[str, Approach]:
    """By name, the regularized ones once a strength."""
    fixed: dict[str, Approach] = {"plain": Plain(), "hardwired": Hardwired(), "augmented": Augmented()}
    return fixed | {f"regularized, α = {alpha:g}": Regularized(alpha) for alpha in setup.alphas}


def train_all(setup: Setup, progress: Callable[[float], None]) -> dict[str, Run]:
    """Two layers with the bottleneck between them, full batch with momentum, all runs in one batch."""
    named = approaches(setup)
    out = {}
    for i, (name, approach) in enumerate(named.items()):
        problem = approach.problem(setup.moments, setup.rep)
        m, k = problem.cross.shape
        network = DeepLinearNetwork(
            (k, setup.rank, m), init="balanced", scale=0.1, runs=setup.runs, seed=setup.seed
        )
        history = train(
            problem,
            network,
            rep=setup.rep,
            optimizer="momentum",
            steps=_STEPS[not setup.quick],
            tol=_TOL,
            progress=partial(_report, progress, i, len(named)),
        )
        best = solve(setup.moments, setup.rep, rank=setup.rank, approach=approach)
        out[name] = Run(best, history)
    return out


def _report(progress: Callable[[float], None], done: int, total: int, step: int, steps: int) -> None:
    progress((done + step / steps) / total)
