"""Training as a picture: the loss, how far it is above the optimum, and the invariance gap."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from haarwire.errors import ParameterError
from haarwire.plots.style import BLUE, GREEN, GREY, ORANGE, RED, AxesLike, axes_list, figure_of, pyplot
from haarwire.training import TrainingHistory

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["plot_history"]

FloatArray: TypeAlias = NDArray[np.floating[Any]]

_COLOURS: Final = {"plain": GREY, "hardwired": RED, "augmented": BLUE, "regularized": GREEN}
_OTHERS: Final = (GREEN, ORANGE, BLUE, RED, GREY)
_STYLES: Final = ("-", "--", "-.", ":")

_FLOOR: Final = 1e-12
"""Excess losses below this part of the loss at the start, and gaps below it, are 0 or rounding: not drawn."""


def plot_history(
    history: TrainingHistory | Mapping[str, TrainingHistory], *, axes: AxesLike | None = None
) -> Figure:
    """Loss, excess over the optimum and invariance gap against the step: mean and range over the runs.

    Steps are drawn on a logarithmic axis that begins at 0; so are excess and gap, which leaves out those
    that are 0 (a hard-wired gap is). Dotted: the optimal loss in closed form. Diverged runs are left out.

    Parameters
    ----------
    history : TrainingHistory or mapping of str to TrainingHistory
        From `haarwire.training.train`; a mapping of names, such as approaches, is drawn in one figure.
    axes : sequence of matplotlib Axes, optional
        Where to draw: three, or two where no history has an invariance gap. Default: a new figure.

    Returns
    -------
    matplotlib Figure

    Raises
    ------
    ParameterError
        When there is no history, or not one Axes for each panel.
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
    n_panels = 2 + any(each.invariance_gap is not None for each in named.values())
    if axes is None:
        _, axes = plt.subplots(n_panels, 1, figsize=(7.0, 2.6 * n_panels), sharex=True, layout="constrained")
    panels = axes_list(axes, n_panels, "plot_history")
    for number, (name, each) in enumerate(named.items()):
        style = _style(name, number)
        label = name or "_"
        _curves(panels[0], each, each.loss, label, style)
        excess = np.where(each.excess_loss > _FLOOR * each.loss[0], each.excess_loss, np.nan)
        _curves(panels[1], each, excess, label, style)
        for optimum in np.unique(each.optimal_loss[np.isfinite(each.optimal_loss)]):
            panels[0].axhline(optimum, color=style["color"], linestyle=":", linewidth=0.8, zorder=1)
        if each.invariance_gap is not None:
            gap = each.invariance_gap
            _curves(panels[2], each, np.where(gap > _FLOOR, gap, np.nan), label, style)
    for ax, label in zip(
        panels, ("loss", "excess loss", r"invariance gap $\Vert W_\perp\Vert$"), strict=False
    ):
        ax.set_ylabel(label)
        if ax is not panels[0] and ax.lines:
            ax.set_yscale("log")
        ax.set_xscale("symlog", linthresh=1.0)
        ax.set_xlim(left=0.0)
        ax.spines[["top", "right"]].set_visible(False)
    panels[0].set_ylim(*_window(list(named.values())))
    panels[-1].set_xlabel("step")
    if "" not in named:
        panels[0].legend(frameon=False)
    return figure_of(panels[0])


def _style(name: str, number: int) -> dict[str, Any]:
    colour = _COLOURS.get(name, _OTHERS[number % len(_OTHERS)])
    # Hard-wired and augmented curves often coincide: dashes let both be seen.
    dashes = "--" if name == "augmented" else _STYLES[number // len(_OTHERS) % len(_STYLES)]
    return {"color": colour, "linestyle": dashes}


def _curves(ax: Axes, history: TrainingHistory, values: FloatArray, label: str, style: Any) -> None:
    """The mean of the runs that did not diverge, and their range."""
    kept = values[:, ~history.diverged]
    shown = np.isfinite(kept).any(axis=1)
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
