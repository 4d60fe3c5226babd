"""Invariant bases and coefficients of images, as images."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from haarwire.errors import ParameterError
from haarwire.invariants import Subspace
from haarwire.plots.style import pyplot
from haarwire.solve import Solution

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["plot_basis"]


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
        When n is not height times width, there is nothing to show, or titles are missing.
    MissingDependencyError
        Without matplotlib.
    """
    plt = pyplot()
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
    if count < 1 or (titles is not None and len(titles) < count):
        raise ParameterError(
            f"there are {len(rows)} pictures and {'no' if titles is None else len(titles)} titles, "
            f"limit is {limit!r}",
            cause="nothing to show, or titles of another basis",
            remedy="give a limit ≥ 1, and a title for every picture or none",
        )
    columns = min(5, count)
    lines = math.ceil(count / columns)
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
