"""Figure: how test losses depend on the number of training samples, in closed form."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from haarwire._numbers import FloatArray
from haarwire.moments import Moments
from haarwire.plots.style import BLUE, GREEN, GREY, RED, pyplot
from haarwire.reproduce.outcome import Outcome, at_most, holds
from haarwire.reproduce.setup import Setup
from haarwire.selection.risk import MovedRisk, risks
from haarwire.solve import Augmented, Hardwired, Plain, Regularized, solve

__all__ = ["samples_figure"]


_COLOURS: Final = {"plain": GREY, "regularized": GREEN, "augmented": BLUE, "hardwired": RED}


def samples_figure(setup: Setup) -> Outcome:
    """Test loss as is and on moved data against the number of training samples, mean and range of draws."""
    train, test = setup.split
    draws = 2 if setup.quick else 3
    sizes = np.unique(np.geomspace(50, len(train.X), 4 if setup.quick else 8).round().astype(int))
    held_out = Moments.from_arrays(test.X, test.Y)
    moved_risk = MovedRisk(held_out, setup.images)
    variance = float(np.trace(setup.pixels.gram)) / setup.side**2
    approaches = (Plain(), Regularized(variance), Hardwired(), Augmented())
    losses = np.empty((2, sizes.size, draws, len(approaches)))
    for i, size in enumerate(sizes):
        for draw in range(draws):
            rng = np.random.default_rng([setup.seed, draw])
            rows = np.sort(rng.permutation(len(train.X))[:size])
            moments = Moments.from_arrays(train.X[rows], train.Y[rows])
            # A prior as strong as one sample: without it fewer samples than pixels are interpolated.
            ridge = variance * setup.side**2 / float(size)
            models = [
                solve(moments, setup.images, rank=setup.rank, approach=approach, ridge=ridge)
                for approach in approaches
            ]
            coefs = np.stack([model.coef for model in models])
            intercepts = np.stack([model.intercept for model in models])
            losses[0, i, draw] = risks(held_out, coefs, intercepts)
            losses[1, i, draw] = moved_risk.risks(coefs, intercepts)
    named: dict[str, FloatArray] = {approach.label: losses[..., k] for k, approach in enumerate(approaches)}
    figure = _draw(setup, sizes, named)
    as_is, moved = ({name: values[q].mean(axis=1) for name, values in named.items()} for q in range(2))
    fewest = as_is["plain"][0] / as_is["hardwired"][0]
    most = as_is["plain"][-1] / as_is["hardwired"][-1]
    checks = (
        holds(
            "sample sizes at which plain does better than hard-wired on moved data",
            int((moved["plain"] < moved["hardwired"]).sum()),
            0,
        ),
        at_most(
            "hard-wired over plain loss on moved data with the fewest samples",
            float(moved["hardwired"][0] / moved["plain"][0]),
            1.0,
        ),
        at_most(
            "hard-wired over plain loss on data as they are: fewest samples less most samples",
            float(1.0 / fewest - 1.0 / most),
            0.0,
        ),
        at_most(
            "largest relative difference of augmented and hard-wired losses, with the ridge",
            float(np.abs(named["augmented"] / named["hardwired"] - 1.0).max()),
            1e-6,
        ),
    )
    results = {
        "n_samples": sizes.tolist(),
        "ridge": (variance * setup.side**2 / sizes).tolist(),
        "alpha": variance,
        "as_is": {name: values.tolist() for name, values in as_is.items()},
        "moved": {name: values.tolist() for name, values in moved.items()},
        "samples_up_to_which_hardwired_is_better_as_is": _reach(sizes, as_is),
    }
    return Outcome("The effect of the number of samples", "efficiency", checks, results, figure)


def _reach(sizes: NDArray[Any], as_is: dict[str, FloatArray]) -> int:
    """The largest number of samples at which hard-wired is better than plain on data as they are; 0: none."""
    better = sizes[as_is["hardwired"] < as_is["plain"]]
    return int(better.max()) if better.size else 0


def _draw(setup: Setup, sizes: NDArray[Any], named: dict[str, FloatArray]) -> Any:
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    figure, axes = pyplot().subplots(1, 2, figsize=(9.0, 4.2), layout="constrained")
    for ax, q, title in zip(axes, (0, 1), ("data as they are", "data moved by the group"), strict=True):
        for name, values in named.items():
            style = "--" if name == "augmented" else "-"
            ax.plot(sizes, values[q].mean(axis=1), style, color=_COLOURS[name], label=name)
            low, high = values[q].min(axis=1), values[q].max(axis=1)
            ax.fill_between(sizes, low, high, color=_COLOURS[name], alpha=0.15, linewidth=0)
        ax.set_xscale("log")
        ax.set_yscale("log")
        ax.yaxis.set_major_locator(LogLocator(subs=(1.0, 1.5, 2.0, 3.0, 5.0, 7.0)))
        ax.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        ax.yaxis.set_minor_formatter(NullFormatter())
        ax.set_title(f"{setup.source.name}: {title}", fontsize=10)
        ax.set_xlabel("training samples")
        ax.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylabel("test loss")
    axes[1].legend(frameon=False)
    return figure
