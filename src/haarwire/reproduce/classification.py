"""Figure: cross-entropy in place of the squared error, which has no closed form."""

from __future__ import annotations

import numpy as np

from haarwire._numbers import FloatArray
from haarwire.invariants import invariant_subspace
from haarwire.plots import plot_history
from haarwire.plots.style import pyplot
from haarwire.reproduce.outcome import Outcome, at_most
from haarwire.reproduce.setup import Setup
from haarwire.solve import Approach, Augmented, Hardwired, Plain, Regularized
from haarwire.training import DeepLinearNetwork, TrainingHistory, train_cross_entropy

__all__ = ["cross_entropy_figure"]


def cross_entropy_figure(setup: Setup) -> Outcome:
    """Training loss and invariance gap under the softmax cross-entropy."""
    train, _ = setup.split
    rng = np.random.default_rng(setup.seed)
    size, runs, steps = (300, min(setup.runs, 2), 400) if setup.quick else (2000, min(setup.runs, 3), 1500)
    rows = np.sort(rng.permutation(len(train.X))[: min(size, len(train.X))])
    X = (train.X[rows][:, setup.live] - setup.pixels.x_mean[setup.live]) @ setup.whitening
    labels = train.Y[rows].argmax(axis=1)
    approaches: tuple[Approach, ...] = (Plain(), Regularized(0.01), Augmented(), Hardwired())
    histories: dict[str, TrainingHistory] = {}
    for approach in approaches:
        k = invariant_subspace(setup.rep).dim if isinstance(approach, Hardwired) else X.shape[1]
        network = DeepLinearNetwork(
            (k, setup.rank, train.Y.shape[1]),
            init="balanced",
            scale=0.1,
            runs=runs,
            seed=setup.seed,
            dtype="float32",
        )
        histories[approach.label] = train_cross_entropy(
            X, labels, network, setup.rep, approach=approach, momentum=0.9, steps=steps
        )
    figure, axes = pyplot().subplots(2, 1, figsize=(7.0, 6.4), sharex=True, layout="constrained")
    plot_history(histories, panels=["loss", "gap"], axes=axes)
    axes[0].set_ylabel("cross-entropy")
    axes[0].set_title(f"{setup.source.name}, {len(rows)} samples, rank ≤ {setup.rank}, {runs} runs")
    losses = {name: float(history.loss[-1].mean()) for name, history in histories.items()}
    gaps = {name: _gap(history) for name, history in histories.items()}
    final = {name: float(values[-1].mean()) for name, values in gaps.items()}
    checks = (
        at_most(
            "relative difference of the final losses, augmented and hard-wired",
            abs(losses["augmented"] / losses["hardwired"] - 1.0),
            0.02,
        ),
        at_most(
            "final ‖W_⊥‖ of the augmented networks, as a share of that of the plain ones",
            final["augmented"] / final["plain"],
            0.05,
        ),
        at_most(
            "final ‖W_⊥‖, regularized over plain",
            final["regularized"] / final["plain"],
            1.0,
        ),
        at_most("final loss, plain over hard-wired", losses["plain"] / losses["hardwired"], 1.0),
    )
    results = {
        "n_samples": len(rows),
        "steps": steps,
        "final_loss": losses,
        "final_gap": final,
        "seconds": {name: history.seconds for name, history in histories.items()},
    }
    return Outcome("Cross-entropy in place of squared error", "comparable", checks, results, figure)


def _gap(history: TrainingHistory) -> FloatArray:
    assert history.invariance_gap is not None
    return history.invariance_gap
