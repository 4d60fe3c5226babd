"""What the pictures have in common: colours, and matplotlib imported only when one is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np

from haarwire.errors import MissingDependencyError, ParameterError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["BLUE", "GREEN", "GREY", "ORANGE", "RED", "AxesLike", "axes_list", "figure_of", "pyplot"]

AxesLike: TypeAlias = "Axes | Sequence[Axes]"

# Okabe and Ito's colours, told apart by colour-blind readers too.
BLUE: Final = "#0072B2"
ORANGE: Final = "#E69F00"
GREEN: Final = "#009E73"
RED: Final = "#D55E00"
GREY: Final = "#6E6E6E"


def pyplot() -> Any:
    """Import matplotlib.pyplot, or raise MissingDependencyError."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise MissingDependencyError(
            "pictures need matplotlib, which is not installed",
            cause="Haarwire was installed without its 'plots' extra",
            remedy='pip install "haarwire[plots]"',
        ) from error
    return plt


def axes_list(axes: AxesLike, needed: int, what: str) -> list[Axes]:
    """Axes as a list, or ParameterError when there are not as many as needed."""
    given = list(np.asarray(axes, dtype=object).ravel())
    if len(given) != needed:
        raise ParameterError(
            f"{what} needs {needed} axes, got {len(given)}",
            cause="axes of another figure",
            remedy=f"make them: figure, axes = plt.subplots(1, {needed}), or leave axes out",
        )
    return given


def figure_of(ax: Axes) -> Figure:
    """The figure that axes are in."""
    return ax.get_figure(root=True)  # type: ignore[return-value]  # these axes have one
