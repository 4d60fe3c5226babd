"""Figures from networks in training: their losses, and the part of their maps that is not invariant."""

from __future__ import annotations

import numpy as np

from haarwire._numbers import FloatArray
from haarwire.plots import plot_history
from haarwire.plots.style import pyplot
from haarwire.reproduce.outcome import Outcome, at_most, holds
from haarwire.reproduce.runs import Run
from haarwire.reproduce.setup import Setup

__all__ = ["gap_figure", "loss_figure"]


def loss_figure(setup: Setup, runs: dict[str, Run]) -> Outcome:
    """Losses of plain, hard-wired, augmented and regularized networks during training."""
    figure, axes = pyplot().subplots(2, 1, figsize=(7.0, 6.4), sharex=True, layout="constrained")
    plot_history({name: run.history for name, run in runs.items()}, panels=["loss", "excess"], axes=axes)
    axes[0].set_title(f"{setup.source.name}, rank ≤ {setup.rank}, {setup.runs} runs: mean and range")
    last = {name: run.history.loss[-1] for name, run in runs.items()}
    excess = {name: float((last[name] / run.best.loss - 1.0).max()) for name, run in runs.items()}
    invariant = [last["hardwired"].mean(), last["augmented"].mean()]
    coefs = [runs[name].history.coef for name in ("hardwired", "augmented")]
    difference = np.linalg.norm(coefs[0] - coefs[1], axis=(1, 2)).max() / np.linalg.norm(coefs[0][0])
    off = sum(int((run.history.nearest_index[-1] != 0).sum()) for run in runs.values())
    order = [last[name].mean() for name in runs if name not in ("hardwired", "augmented")]
    checks = (
        holds("runs that ended at another critical point than the global optimum", off, 0),
        # The plain problem is badly conditioned in these inputs, and no part of the sentence.
        at_most(
            "largest relative excess of a final loss over the closed form, all but plain",
            max(value for name, value in excess.items() if name != "plain"),
            1e-6,
        ),
        at_most(
            "relative difference of the mean final losses, augmented and hard-wired",
            abs(invariant[1] / invariant[0] - 1.0),
            1e-6,
        ),
        at_most(
            "largest relative difference of the final maps of one seed, augmented and hard-wired",
            float(difference),
            1e-3,
        ),
        at_most(
            "largest fall of the final loss along plain, α ascending, hard-wired (0: it rises)",
            float(-np.diff([*order, invariant[0]]).min()),
            0.0,
        ),
    )
    results = {
        name: {
            "steps": int(run.history.steps[-1]),
            "seconds": run.history.seconds,
            "optimal_loss": run.best.loss,
            "final_loss": _spread(last[name]),
            "largest_relative_excess": excess[name],
            "converged": int(run.history.converged.sum()),
        }
        for name, run in runs.items()
    }
    return Outcome("Losses during training", "identical", checks, results, figure)


def gap_figure(setup: Setup, runs: dict[str, Run]) -> Outcome:
    """The invariance gap ‖W_⊥‖ during training, and where it ends in closed form."""
    figure, ax = pyplot().subplots(figsize=(7.0, 4.6), layout="constrained")
    plot_history({name: run.history for name, run in runs.items()}, panels=["gap"], axes=ax)
    ax.set_title(f"{setup.source.name}, rank ≤ {setup.rank}, {setup.runs} runs: mean and range")
    final = {name: _gaps(run)[-1] for name, run in runs.items()}
    for name, run in runs.items():
        if name.startswith("regularized"):
            ax.axhline(run.best.invariance_gap, color="black", linestyle=":", linewidth=0.8)
    regularized = {name: run for name, run in runs.items() if name.startswith("regularized")}
    largest = float(_gaps(runs["augmented"]).max())
    misses = [
        float(np.abs(final[name] / run.best.invariance_gap - 1.0).max()) for name, run in regularized.items()
    ]
    means = [float(final[name].mean()) for name in ("plain", *regularized, "augmented")]
    checks = (
        holds("‖W_⊥‖ of the hard-wired networks, largest at any step", _gaps(runs["hardwired"]).max(), 0),
        at_most(
            "final ‖W_⊥‖ of the augmented networks, as a share of its largest on the way",
            float(final["augmented"].max()) / largest,
            1e-3,
        ),
        at_most("final ‖W_⊥‖ of regularized networks: relative distance to the path", max(misses), 1e-2),
        at_most(
            "largest rise of the final ‖W_⊥‖ along plain, α ascending, augmented (0: it falls)",
            float(np.diff(means).max()),
            0.0,
        ),
    )
    results = {
        name: {"final_gap": _spread(final[name]), "closed_form": run.best.invariance_gap}
        for name, run in runs.items()
    }
    return Outcome("The non-invariant part ‖W_⊥‖ during training", "identical", checks, results, figure)


def _gaps(run: Run) -> FloatArray:
    assert run.history.invariance_gap is not None
    return run.history.invariance_gap


def _spread(values: FloatArray) -> dict[str, float]:
    return {"mean": float(values.mean()), "lowest": float(values.min()), "highest": float(values.max())}
