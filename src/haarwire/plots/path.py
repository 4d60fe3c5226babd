"""Pictures of results with matplotlib: (result, *, ax=None) -> Axes or Figure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from haarwire.errors import MissingDependencyError, ParameterError
from haarwire.invariants import Subspace
from haarwire.solve import RegularizationPath, Solution

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["plot_basis", "plot_path"]

FloatArray: TypeAlias = NDArray[np.floating[Any]]

# Okabe and Ito's colours, told apart by colour-blind readers too.
BLUE, ORANGE, GREEN, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#6E6E6E"

_DECADES: Final = 4.0


def _pyplot() -> Any:
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise MissingDependencyError(
            "pictures need matplotlib, which is not installed",
            cause="Haarwire was installed without its 'plots' extra",
            remedy='pip install "haarwire[plots]"',
        ) from error
    return plt


def plot_path(
    path: RegularizationPath, *, rank: int | None = None, axes: Sequence[Axes] | None = None
) -> Figure:
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
    MissingDependencyError
        Without matplotlib.
    """
    plt = _pyplot()
    r = path.rank if rank is None else rank
    if axes is None:
        _, axes = plt.subplots(3, 1, figsize=(7.0, 8.0), sharex=True, layout="constrained")
    top, middle, bottom = axes
    spectrum = path.spectrum
    low, high = (
        (math.log10(spectrum[0]) - 1.0, math.log10(spectrum[-1]) + 2.0) if spectrum.size else (-3.0, 3.0)
    )
    centre = math.log10(float(np.exp(np.log(spectrum).mean()))) if spectrum.size else 0.0
    low, high = max(low, centre - _DECADES), min(high, centre + _DECADES)
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
    line(middle, curve.relative_gap[:, r - 1], GREEN, "invariance gap")
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
    for crossing in path.certify(rank=r).crossings:
        for ax in axes:
            place = math.log10(crossing.low) if crossing.low > 0 else low - margin
            ax.axvline(place, color=RED, linewidth=1.0)
        bottom.annotate(
            f"jump at α = {crossing.low:.3g}",
            (place, crossing.singular_value),
            xytext=(6, 6),
            textcoords="offset points",
            color=RED,
        )
    ticks = np.arange(math.ceil(low), math.floor(high) + 1)
    for ax in axes:
        ax.set_xlim(low - 1.6 * margin, high + 1.6 * margin)
        ax.set_xticks(
            [low - margin, *ticks.tolist(), high + margin],
            ["0", *(f"$10^{{{t:.0f}}}$" for t in ticks), "∞"],
        )
        ax.spines[["top", "right"]].set_visible(False)
    top.set_title(f"Regularization path, rank ≤ {r}")
    figure: Figure = top.get_figure(root=True)  # type: ignore[assignment]  # these axes have one
    return figure


def plot_basis(
    basis: Subspace | Solution | ArrayLike,
    shape: tuple[int, int] | None = None,
    *,
    limit: int = 20,
    titles: Sequence[str] | None = None,
) -> Figure:
    """Invariant basis vectors, or the rows of a solution's coefficients, as pictures.

    Parameters
    ----------
    basis : Subspace, Solution or array_like of shape (k, n)
        What to show: one picture a basis vector or target.
    shape : tuple of int, optional
        Height and width of a picture; default: square.
    limit : int
        Show at most this many.
    titles : sequence of str, optional
        One a picture.

    Returns
    -------
    matplotlib Figure

    Raises
    ------
    ParameterError
        When n is not height times width.
    MissingDependencyError
        Without matplotlib.
    """
    plt = _pyplot()
    if isinstance(basis, Subspace):
        rows = basis.basis.T
    else:
        rows = np.atleast_2d(np.asarray(basis.coef if isinstance(basis, Solution) else basis))
    n = rows.shape[1]
    side = math.isqrt(n)
    height, width = shape if shape is not None else (side, side)
    if height * width != n:
        raise ParameterError(
            f"{n} coordinates do not make pictures of {height}×{width}",
            cause="channels, a frame that is not square, or features that are not pixels",
            remedy="give the shape: plot_basis(solution, (height, width))",
        )
    count = min(limit, len(rows))
    columns = min(5, max(count, 1))
    lines = math.ceil(max(count, 1) / columns)
    figure: Figure
    figure, axes = plt.subplots(
        lines, columns, figsize=(1.6 * columns, 1.75 * lines), squeeze=False, layout="constrained"
    )
    for i, ax in enumerate(axes.ravel()):
        ax.set_axis_off()
        if i < count:
            # Each picture has its own scale, symmetric about 0, so that signs can be read.
            largest = float(np.abs(rows[i]).max()) or 1.0
            ax.imshow(rows[i].reshape(height, width), cmap="RdBu_r", vmin=-largest, vmax=largest)
            ax.set_title(titles[i] if titles is not None else str(i), fontsize=9)
    return figure
