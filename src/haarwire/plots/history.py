"""Training as a picture: the loss, how far it is above the optimum, and the invariance gap."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import numpy as np

from haarwire._numbers import FloatArray
from haarwire.errors import ParameterError
from haarwire.plots.style import BLUE, GREEN, GREY, ORANGE, RED, AxesLike, axes_list, figure_of, pyplot
from haarwire.training import TrainingHistory

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["plot_history"]

Panel: TypeAlias = Literal["loss", "excess", "gap"]

_LABELS: Final[dict[Panel, str]] = {
    "loss": "loss",
    "excess": "loss above the optimum",
    "gap": r"invariance gap $\Vert W_\perp\Vert$",
}

_COLOURS: Final = {"plain": GREY, "hardwired": RED, "augmented": BLUE, "regularized": GREEN}
_OTHERS: Final = (GREEN, ORANGE, BLUE, RED, GREY)
_TURNS: Final = ("-", "-.", ":")

_FLOOR: Final = 1e-12
"""Excess losses below this part of the loss at the start, and gaps below it, are 0 or rounding: not drawn."""


def plot_history(
    history: TrainingHistory | Mapping[str, TrainingHistory],
    *,
    panels: Sequence[Panel] | None = None,
    axes: AxesLike | None = None,
) -> Figure:
    """Loss, excess over the optimum and invariance gap against the step: mean and range over the runs.

    Steps are drawn on a logarithmic axis that begins at 0; so are excess and gap, which leaves out those
    that are 0 (a hard-wired gap is). Dotted: the optimal loss in closed form. Diverged runs are left out.

    Parameters
    ----------
    history : TrainingHistory or mapping of str to TrainingHistory
        From `haarwire.training.train` or its relatives; a mapping of names, such as approaches, is drawn in
        one figure.
    panels : sequence of {"loss", "excess", "gap"}, optional
        What to draw. Default: all that some history has (there is no excess without a closed form).
    axes : sequence of matplotlib Axes, optional
        Where to draw, one for each panel. Default: a new figure.

    Returns
    -------
    matplotlib Figure

    Raises
    ------
    ParameterError
        When there is no history or panel, or not one Axes for each panel.
    MissingDependencyError
        Without matplotlib.
    """
    plt = pyplot()
    named = {"": history} if isinstance(history, TrainingHistory) else history
    is_mapping = isinstance(named, Mapping) and len(named) > 0
    if not is_mapping or not all(isinstance(each, TrainingHistory) for each in named.values()):
        raise ParameterError(
            f"plot_history needs a TrainingHistory, got {history!r}",
            cause="an empty mapping, or a network or solution in its place",
            remedy="give train(…), or {'plain': train(…), …}",
        )
    chosen = _checked_panels(panels, list(named.values()))
    if axes is None:
        size = (7.0, 2.6 * len(chosen) + 0.6)
        _, axes = plt.subplots(len(chosen), 1, figsize=size, sharex=True, layout="constrained")
    each_axes = axes_list(axes, len(chosen), "plot_history")
    styles = _styles(list(named))
    for panel, ax in zip(chosen, each_axes, strict=True):
        for number, (name, each) in enumerate(named.items()):
            style = styles[number]
            values = _values(each, panel)
            if values is not None:
                _curves(ax, each, values, name or "_", style)
            if panel == "loss":
                for optimum in np.unique(each.optimal_loss[np.isfinite(each.optimal_loss)]):
                    ax.axhline(optimum, color=style["color"], linestyle=":", linewidth=0.8, zorder=1)
        ax.set_ylabel(_LABELS[panel])
        if panel == "loss":
            ax.set_ylim(*_window(list(named.values())))
        elif ax.lines:
            ax.set_yscale("log")
        ax.set_xscale("symlog", linthresh=1.0)
        ax.set_xlim(left=0.0)
        ax.spines[["top", "right"]].set_visible(False)
    each_axes[-1].set_xlabel("step")
    if "" not in named:
        each_axes[0].legend(frameon=False, fontsize=9)
    return figure_of(each_axes[0])


def _checked_panels(panels: Sequence[Panel] | None, histories: list[TrainingHistory]) -> list[Panel]:
    if panels is None:
        has_optimum = any(np.isfinite(each.optimal_loss).any() for each in histories)
        has_gap = any(each.invariance_gap is not None for each in histories)
        return ["loss", *(["excess"] if has_optimum else []), *(["gap"] if has_gap else [])]  # type: ignore[list-item]  # words of Panel
    chosen = list(panels)
    if not chosen or not all(panel in _LABELS for panel in chosen):
        raise ParameterError(
            f"panels must be some of {', '.join(map(repr, _LABELS))}, got {panels!r}",
            cause="a misspelt word, or none",
            remedy="leave panels out, or give a list such as panels=['loss', 'gap']",
        )
    return chosen


def _values(history: TrainingHistory, panel: Panel) -> FloatArray | None:
    match panel:
        case "loss":
            return history.loss
        case "excess":
            excess = history.excess_loss
            return np.where(excess > _FLOOR * history.loss[0], excess, np.nan)
        case "gap":
            gap = history.invariance_gap
            return None if gap is None else np.where(gap > _FLOOR, gap, np.nan)


def _styles(names: Sequence[str]) -> list[dict[str, Any]]:
    """A colour an approach, darker for each further history of it ("regularized, α = 1"), else one a name."""
    from matplotlib.colors import to_rgb

    seen: Counter[str] = Counter()
    styles = []
    for number, name in enumerate(names):
        base = name.split(",")[0]
        if base in _COLOURS:
            turn = seen[base]
            seen[base] += 1
            # Hard-wired and augmented curves often coincide: dashes let both be seen.
            style = "--" if base == "augmented" else _TURNS[turn % len(_TURNS)]
        else:
            base, turn, style = _OTHERS[number % len(_OTHERS)], number // len(_OTHERS), "-"
        colour = tuple(part * 0.62**turn for part in to_rgb(_COLOURS.get(base, base)))
        styles.append({"color": colour, "linestyle": style})
    return styles


def _curves(ax: Axes, history: TrainingHistory, values: FloatArray, label: str, style: Any) -> None:
    """The mean of the runs that did not diverge, and their range."""
    kept = values[:, ~history.diverged]
    shown = np.isfinite(kept).any(axis=1) if kept.size else np.zeros(0, dtype=bool)
    if not shown.any():
        return
    steps, kept = history.steps[shown], kept[shown]
    ax.plot(steps, np.nanmean(kept, axis=1), label=label, linewidth=1.4, zorder=3, **style)
    if kept.shape[1] > 1:
        ax.fill_between(
            steps,
            np.nanmin(kept, axis=1),
            np.nanmax(kept, axis=1),
            color=style["color"],
            alpha=0.2,
            linewidth=0,
            zorder=2,
        )


def _window(histories: list[TrainingHistory]) -> tuple[float, float]:
    """From below the lowest optimum to above the highest start, bursts of a few early steps cut off."""
    losses = [each.loss[np.isfinite(each.loss)] for each in histories]
    low = min(float(values.min()) for values in losses if values.size)
    high = max(float(np.median(each.loss[0])) for each in histories)
    margin = 0.06 * (high - low) or 0.1
    return low - margin, high + margin
