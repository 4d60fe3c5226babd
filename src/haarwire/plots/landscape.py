"""The critical points as a picture: loss against index, with the ways down."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from haarwire._numbers import FloatArray
from haarwire.errors import ParameterError
from haarwire.landscape import CriticalPoints
from haarwire.landscape.cloud import ALL, Markers, cloud, merged
from haarwire.landscape.counting import spelled
from haarwire.plots.style import BLUE, GREEN, GREY, ORANGE, RED, AxesLike, axes_list, figure_of, pyplot

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["plot_landscape"]


_FAMILIES: Final = ("critical family", "critical families")
_ESCAPES: Final = 30
_LARGEST: Final = 90.0
"""Area of a marker, in points²."""

_FLATTEST: Final = 0.15
"""Least part of a common height that a landscape may take; otherwise each has its own scale."""

_LINEAR: Final = 1000
"""Counts above this are drawn by their powers of ten."""


def plot_landscape(
    points: CriticalPoints | Mapping[str, CriticalPoints],
    *,
    lowest: int = 1000,
    axes: AxesLike | None = None,
) -> Figure:
    """Loss against index of the critical points, how many have each index, and the ways down.

    A marker's area grows with the number of points that share its place. Arrows lead from the 30 lowest
    saddles to where their steepest escape ends. Bars above count the points by index, exactly.

    Parameters
    ----------
    points : CriticalPoints or mapping of str to CriticalPoints
        From `critical_points`; a mapping of names, such as approaches, is drawn side by side with shared
        axes (but each its own scale of losses where one would be flattened).
    lowest : int
        How many points to draw, in order of loss, where there are more than 5000; otherwise all are.
    axes : matplotlib Axes or sequence of them, optional
        Where to draw, one for each landscape, without the bars. Default: a new figure.

    Returns
    -------
    matplotlib Figure

    Raises
    ------
    ParameterError
        When there are no points, not one Axes for each, or `lowest` is not an integer ≥ 1.
    MissingDependencyError
        Without matplotlib.
    """
    plt = pyplot()
    named = {points.approach.label: points} if isinstance(points, CriticalPoints) else points
    is_mapping = isinstance(named, Mapping) and len(named) > 0
    if not is_mapping or not all(isinstance(each, CriticalPoints) for each in named.values()):
        raise ParameterError(
            f"plot_landscape needs critical points, got {points!r}",
            cause="an empty mapping, or a solution in their place",
            remedy="give critical_points(…), or {'plain': critical_points(…), …}",
        )
    clouds = [cloud(each, lowest) for each in named.values()]
    bars: list[Axes] = []
    if axes is None:
        _, grid = plt.subplots(
            2,
            len(named),
            figsize=(1.4 + 3.0 * len(named), 6.4),
            height_ratios=(1, 4),
            squeeze=False,
            layout="constrained",
        )
        bars, each_axes = list(grid[0]), list(grid[1])
        if _are_comparable([losses for _, losses, _ in clouds]):
            for ax in each_axes[1:]:
                ax.sharey(each_axes[0])
                ax.tick_params(labelleft=False)
    else:
        each_axes = axes_list(axes, len(named), "plot_landscape")
    last = max(int(indices.max()) for indices, _, _ in clouds)
    are_drawn: set[bool] = set()
    for i, (name, each) in enumerate(named.items()):
        markers = merged(*clouds[i])
        are_drawn.update(markers.are_families.tolist())
        each_axes[i].set_xlim(-0.7, last + 0.7)
        _draw(each_axes[i], each, markers)
        if bars:
            _draw_counts(bars[i], each, last, is_whole=each.count <= ALL)
        kinds = ("critical point", "critical points") if each.is_isolated else _FAMILIES
        title = f"{name}\n{spelled(each.count)} {kinds[each.count > 1]}"
        (bars or each_axes)[i].set_title(title, fontsize=10)
    each_axes[0].set_ylabel("loss")
    figure = figure_of(each_axes[0])
    handles = _legend(are_drawn)
    if bars:
        bars[0].set_ylabel("number")
        figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), frameon=False)
    else:
        # Loss rises with the index: this corner is empty.
        each_axes[-1].legend(handles=handles, loc="lower right", frameon=False, fontsize=8)
    return figure


def _are_comparable(losses: list[FloatArray]) -> bool:
    """Whether every landscape that is more than a point keeps a fair part of a common height."""
    extents = [float(np.ptp(each)) for each in losses if each.size > 1]
    return not extents or min(extents) >= _FLATTEST * float(np.ptp(np.concatenate(losses)))


def _draw(ax: Axes, points: CriticalPoints, markers: Markers) -> None:
    for families, colour, marker in ((False, BLUE, "o"), (True, GREEN, "D")):
        some = markers.are_families == families
        if some.any():
            ax.scatter(
                markers.indices[some],
                markers.losses[some],
                s=np.minimum(12.0 + 8.0 * (markers.numbers[some] - 1), _LARGEST),
                color=colour,
                marker=marker,
                alpha=0.6,
                linewidths=0,
                zorder=2,
            )
    best = points.global_optimum
    ax.plot([best.index], [best.loss], "*", color=RED, markersize=15, markeredgecolor="white", zorder=4)
    for point in points.lowest(_ESCAPES + 1):
        escape = point.escape_direction
        if escape is not None:
            end = points.at(escape.leads_to)
            ax.annotate(
                "",
                (end.index, point.loss - escape.loss_decrease),
                (point.index, point.loss),
                arrowprops={
                    "arrowstyle": "-|>",
                    "mutation_scale": 7,
                    "color": ORANGE,
                    "linewidth": 0.7,
                    "shrinkA": 2,
                    "shrinkB": 4,
                },
                zorder=1,
            )
    ax.set_xlabel("index (directions down)")
    ax.locator_params(axis="x", integer=True)
    ax.spines[["top", "right"]].set_visible(False)


def _draw_counts(bars: Axes, points: CriticalPoints, last: int, *, is_whole: bool) -> None:
    """How many points have each index; where not all are drawn below, which part of them is."""
    histogram = points.index_histogram
    is_linear = max(histogram) <= _LINEAR
    # Integers may be beyond floats, their logarithms are not; a single point keeps a stump of a bar.
    floor = 0.0 if is_linear else -0.3
    heights = [float(n) if is_linear else math.log10(n) if n else floor for n in histogram]
    bars.stairs(heights, np.arange(len(heights) + 1) - 0.5, baseline=floor, fill=True, color=GREY)
    bars.set_ylim(floor, max(heights) * 1.05)
    bars.locator_params(axis="y", integer=True, nbins=3)
    if not is_linear:
        bars.yaxis.set_major_formatter(lambda power, _: f"$10^{{{power:.0f}}}$")
    if is_whole:
        bars.set_xlim(-0.7, last + 0.7)
        bars.tick_params(labelbottom=False)
    else:
        bars.set_xlim(-0.7, len(histogram) - 0.3)
        bars.axvspan(-0.7, last + 0.5, color=BLUE, alpha=0.2, linewidth=0)
    bars.spines[["top", "right"]].set_visible(False)


def _legend(are_drawn: set[bool]) -> list[Any]:
    from matplotlib.lines import Line2D

    def handle(label: str, colour: str, marker: str, size: float, *, line: bool = False) -> Line2D:
        style: Literal["-", "none"] = "-" if line else "none"
        return Line2D(
            [], [], color=colour, marker=marker, markersize=size, linestyle=style, linewidth=0.9, label=label
        )

    return [
        *([handle("critical point (area: how many)", BLUE, "o", 5)] if False in are_drawn else []),
        *([handle("critical family", GREEN, "D", 5)] if True in are_drawn else []),
        handle("global optimum", RED, "*", 11),
        handle("steepest escape", ORANGE, ">", 4, line=True),
    ]
