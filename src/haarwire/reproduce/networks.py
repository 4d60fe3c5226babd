"""Figure: a network that is not linear, trained the four ways."""

from __future__ import annotations

from typing import Any

import numpy as np

from haarwire.datasets import Dataset
from haarwire.plots.style import BLUE, ORANGE, pyplot
from haarwire.reproduce.outcome import Outcome, at_least, at_most
from haarwire.reproduce.setup import Setup

__all__ = ["networks_figure"]


def networks_figure(setup: Setup) -> Outcome:
    """Test accuracy of a small perceptron, on data as they are and moved by the group."""
    from haarwire.training.modules import compare_modules, torch

    train, test = setup.split
    rng = np.random.default_rng(setup.seed)
    n_train, n_test, epochs, seeds = (400, 200, 20, 1) if setup.quick else (4000, 2000, 15, 2)
    data = _part(train, n_train, rng, _part(test, n_test, rng))
    width = 32 if setup.quick else 64

    def perceptron() -> Any:
        n, m = data.X.shape[1], data.Y.shape[1]
        return torch.nn.Sequential(torch.nn.Linear(n, width), torch.nn.ReLU(), torch.nn.Linear(width, m))

    result = compare_modules(
        perceptron,
        data,
        setup.images,
        epochs=epochs,
        learning_rate=3e-3,
        alpha=1.0,
        seeds=range(setup.seed, setup.seed + seeds),
    )
    figure, ax = pyplot().subplots(figsize=(7.0, 4.2), layout="constrained")
    places = np.arange(len(result.approaches))
    for shift, question, label, colour in (
        (-0.2, "as_is_scores", "data as they are", ORANGE),
        (0.2, "moved_scores", "data moved by the group", BLUE),
    ):
        scores = [getattr(row, question) for row in result.approaches.values()]
        means = [float(np.mean(each)) for each in scores]
        bars = ax.bar(places + shift, means, 0.38, color=colour, label=label)
        ax.bar_label(bars, [f"{mean:.3f}" for mean in means], fontsize=8, padding=4)
        for place, each in zip(places + shift, scores, strict=True):
            ax.plot([place] * len(each), each, ".", color="black", markersize=4)
    ax.set_xticks(places, list(result.approaches))
    ax.set_ylabel("test accuracy")
    ax.set_ylim(0.0, 1.12)
    ax.legend(frameon=False, ncols=2, loc="upper center")
    ax.set_title(f"Perceptron of {width} hidden units on {result.n_train} samples of {data.name}")
    ax.spines[["top", "right"]].set_visible(False)
    moved = {name: float(np.mean(row.moved_scores)) for name, row in result.approaches.items()}
    errors = {name: row.invariance_error for name, row in result.approaches.items()}
    checks = (
        at_most(
            "accuracy on moved data: plain less hard-wired",
            moved["plain"] - moved["hardwired"],
            0.0,
        ),
        *(
            at_least(
                f"accuracy on moved data: share of hard-wired's gain over plain that {name} reaches",
                (moved[name] - moved["plain"]) / ((moved["hardwired"] - moved["plain"]) or np.nan),
                0.5,
            )
            for name in ("augmented", "regularized")
        ),
        at_most("invariance error of the hard-wired network", errors["hardwired"], 1e-4),
    )
    return Outcome("A network that is not linear", "comparable", checks, result.to_dict(), figure)


def _part(data: Dataset, size: int, rng: np.random.Generator, test: Dataset | None = None) -> Dataset:
    rows = np.sort(rng.permutation(len(data.X))[: min(size, len(data.X))])
    return Dataset(data.name, data.X[rows], data.Y[rows], data.classes, test)
