"""The pictures of docs/selection.md."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np

mpl.use("Agg")
import matplotlib.pyplot as plt

from haarwire.plots.style import BLUE, GREEN, GREY, ORANGE, RED

from .levels import LEVELS, POWER_DESIGNS, VIOLATIONS, Rate, interval, power_in_theory
from .regret import NOISES, SAMPLES, Cell
from .regret import VIOLATIONS as SIZES

__all__ = ["draw_levels", "draw_power", "draw_regret"]

COLOURS = {"wilks": BLUE, "pillai": ORANGE, "hotelling": GREEN, "roy": RED, "randomization": GREY}


def draw_levels(rates: list[Rate], path: Path) -> None:
    """Rates of rejection beside the intervals they should be in."""
    designs = list(dict.fromkeys(rate.design for rate in rates))
    figure, axes = plt.subplots(1, 3, figsize=(11, 5.2), sharey=True, layout="constrained")
    for k, (level, ax) in enumerate(zip(LEVELS, axes, strict=True)):
        for i, design in enumerate(designs):
            mine = [rate for rate in rates if rate.design == design]
            low, high = interval(level, mine[0].repetitions)
            ax.fill_betweenx([i - 0.42, i + 0.42], 100 * low, 100 * high, color="0.88", lw=0)
            for j, rate in enumerate(mine):
                y = i + (j - (len(mine) - 1) / 2) * 0.18
                marker = "o" if rate.assumed else "x"
                ax.plot(100 * rate.rates[k], y, marker, color=COLOURS[rate.method], ms=4.5, label=rate.method)
        ax.axvline(100 * level, color="0.5", lw=0.8)
        ax.set_title(f"nominal {100 * level:g} %", fontsize=10)
        ax.set_xlabel("rejected, %")
        ax.set_xlim(0, 100 * max(2.5 * level, *(1.1 * rate.rates[k] for rate in rates)))
        ax.spines[["top", "right"]].set_visible(False)
    axes[0].set_yticks(range(len(designs)), designs, fontsize=8)
    axes[0].invert_yaxis()
    handles, labels = axes[0].get_legend_handles_labels()
    unique = dict(zip(labels[::-1], handles[::-1], strict=True))
    figure.legend(
        unique.values(), unique.keys(), loc="outside lower center", ncols=5, fontsize=8, frameon=False
    )
    _save(figure, path)


def draw_power(curves: dict[str, dict[str, list[float]]], path: Path) -> None:
    """Power at 5 % by the size of the violation."""
    figure, axes = plt.subplots(1, len(curves), figsize=(11, 3.4), sharey=True, layout="constrained")
    for ax, (name, lines) in zip(axes, curves.items(), strict=True):
        for method, shares in lines.items():
            ax.plot(VIOLATIONS, shares, "o-", ms=3, lw=1.2, color=COLOURS[method], label=method)
        design = next(d for d in POWER_DESIGNS if d.name == name)
        if design.n_targets == 1:
            rng = np.random.default_rng(0)
            theory = [power_in_theory(design, size, 400, rng) for size in VIOLATIONS]
            ax.plot(VIOLATIONS, theory, "k--", lw=1, label="non-central F")
        ax.axhline(0.05, color="0.6", lw=0.8)
        ax.set_title(f"C8, {name}", fontsize=10)
        ax.set_xlabel("size of the violation")
        ax.spines[["top", "right"]].set_visible(False)
        ax.legend(fontsize=7, frameon=False)
    axes[0].set_ylabel("rejected at 5 %")
    _save(figure, path)


def draw_regret(cells: list[Cell], path: Path) -> None:
    """Regret of the recommendation, and of always the same approach, on data as they are."""
    figure, axes = plt.subplots(2, 4, figsize=(11, 5), sharex=True, sharey=True, layout="constrained")
    lines = {"recommended": GREY, "plain": BLUE, "hardwired": RED, "regularized": GREEN}
    for row, noise in zip(axes, NOISES, strict=True):
        for ax, N in zip(row, SAMPLES, strict=True):
            mine = [c for c in cells if (c.question, c.noise, c.n_samples) == ("as_is", noise, N)]
            for name, colour in lines.items():
                values = [c.regret if name == "recommended" else c.always[name] for c in mine]
                style = "k-o" if name == "recommended" else "--"
                wide = {"lw": 1.8, "ms": 4} if name == "recommended" else {"lw": 1.2, "color": colour}
                ax.plot(
                    range(len(SIZES)), np.maximum(100 * np.array(values), 0.01), style, label=name, **wide
                )
            ax.set_yscale("log")
            ax.set_ylim(0.01, 3e4)
            ax.set_title(f"N = {N}, noise {noise:g}", fontsize=9)
            ax.set_xticks(range(len(SIZES)), [f"{v:g}" for v in SIZES])
            ax.spines[["top", "right"]].set_visible(False)
    for ax in axes[-1]:
        ax.set_xlabel("size of the violation", fontsize=9)
    for ax in axes[:, 0]:
        ax.set_ylabel("risk above the best, %", fontsize=9)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, fontsize=8, frameon=False)
    _save(figure, path)


def _save(figure: plt.Figure, path: Path) -> None:
    figure.savefig(path, dpi=90)
    plt.close(figure)
