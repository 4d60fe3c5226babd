"""The regularization path as a picture."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from haarwire._numbers import FloatArray
from haarwire.plots.style import BLUE, GREEN, GREY, ORANGE, RED, AxesLike, axes_list, figure_of, pyplot
from haarwire.solve import RegularizationPath, alpha_range

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["plot_path"]


_NO_JUMP: Final = 1e-4
"""A change of the solution less than this part of its size is no jump but a tie."""


def plot_path(path: RegularizationPath, *, rank: int | None = None, axes: AxesLike | None = None) -> Figure:
    """Losses, invariance gap and singular values against alpha, with both ends and crossings marked.

    The horizontal axis is log alpha; the ends of the path, alpha = 0 and ∞, stand at its margins.

    Parameters
    ----------
    path : RegularizationPath
        From `regularization_path`.
    rank : int, optional
        Another rank bound than the path's own.
    axes : sequence of three matplotlib Axes, optional
        Where to draw; default: a new figure.

    Returns
    -------
    matplotlib Figure

    Raises
    ------
    ParameterError
        When rank is out of range, or there are not three axes.
    MissingDependencyError
        Without matplotlib.
    """
    plt = pyplot()
    crossings = path.certify(rank=rank).crossings
    r = path.rank if rank is None else rank
    if axes is None:
        _, axes = plt.subplots(3, 1, figsize=(7.0, 8.0), sharex=True, layout="constrained")
    axes = axes_list(axes, 3, "plot_path")
    top, middle, bottom = axes
    low, high = (math.log10(alpha) for alpha in alpha_range(path, rank=r))
    finite = np.logspace(low, high, 400)
    curve = path.curve(np.concatenate([[0.0], finite, [np.inf]]))
    margin = (high - low) * 0.06
    position = np.concatenate([[low - margin], np.log10(finite), [high + margin]])

    def line(ax: Axes, values: FloatArray, colour: str, label: str, **style: Any) -> None:
        ax.plot(position[1:-1], values[1:-1], color=colour, label=label, **style)
        ax.plot(position[[0, -1]], values[[0, -1]], "o", color=colour, markersize=4)
        for pair in ([0, 1], [-2, -1]):
            ax.plot(position[pair], values[pair], color=colour, linestyle=":", linewidth=0.8)

    line(top, curve.loss[:, r - 1], BLUE, "training loss")
    line(top, curve.objective[:, r - 1], ORANGE, "loss + penalty", linestyle="--")
    top.set_ylabel("loss")
    top.legend(frameon=False)
    line(middle, curve.relative_invariance_gap[:, r - 1], GREEN, "invariance gap")
    middle.set_ylabel("invariance gap\n(share of ‖W‖)")
    middle.set_ylim(-0.03, 1.03)
    for i in range(curve.singular_values.shape[1]):
        kept = i < r
        line(
            bottom,
            curve.singular_values[:, i],
            BLUE if kept else GREY,
            ("kept" if kept else "dropped") if i in (0, r) else "_",
            linewidth=1.4 if kept else 0.8,
        )
    bottom.set_ylabel("singular values of Z(α)")
    bottom.set_xlabel("strength of the invariance penalty, α")
    bottom.legend(frameon=False, loc="lower right", bbox_to_anchor=(1.0, 0.98), ncols=2)
    size = float(np.linalg.norm(path.at(0.0, rank=r).coef))
    for crossing in crossings:
        begin, end = (
            math.log10(min(max(alpha, 10.0 ** (low - margin)), 10.0 ** (high + margin)))
            for alpha in (crossing.low, crossing.high)
        )
        is_wide = end - begin > margin / 10.0
        for ax in axes:
            ax.axvline(begin, color=RED, linewidth=1.0)
            if is_wide:
                ax.axvspan(begin, end, color=RED, alpha=0.15, linewidth=0)
        kind = "tied from" if is_wide else "jump at" if crossing.jump > _NO_JUMP * size else "tie at"
        # Above the panel in the middle, where no curve is.
        middle.text(
            begin,
            1.01,
            f"{kind} α = {crossing.low:.3g}",
            transform=middle.get_xaxis_transform(),
            horizontalalignment="center" if low <= begin <= high else "left" if begin < low else "right",
            verticalalignment="bottom",
            color=RED,
        )
    ticks = np.arange(math.ceil(low), math.floor(high) + 1, max(1, math.ceil((high - low) / 10.0)))
    for ax in axes:
        ax.set_xlim(low - 1.6 * margin, high + 1.6 * margin)
        ax.set_xticks(
            [low - margin, *ticks.tolist(), high + margin],
            ["0", *(f"$10^{{{t:.0f}}}$" for t in ticks), "∞"],
        )
        ax.spines[["top", "right"]].set_visible(False)
    top.set_title(f"Regularization path, rank ≤ {r}")
    return figure_of(top)
