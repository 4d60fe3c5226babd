"""`--plot`: checked before the work, drawn after it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from haarwire.cli.console import check_writable, unwritable
from haarwire.errors import FileError
from haarwire.plots.style import pyplot

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["check_picture", "save_picture"]

_FORMATS: Final = (".png", ".svg", ".pdf")
_DPI: Final = 150


def check_picture(path: Path | None) -> None:
    """Raise FileError for another format or folder, MissingDependencyError without matplotlib."""
    if path is None:
        return
    if path.suffix.lower() not in _FORMATS:
        raise FileError(
            f"{path} is no picture that can be drawn: it ends in {path.suffix or 'nothing'}",
            cause="another format, or the ending left out",
            remedy=f"give a path that ends in {', '.join(_FORMATS[:-1])} or {_FORMATS[-1]}: "
            f"--plot {path.with_suffix('.png')}",
        )
    check_writable(path, "--plot")
    # A command draws to files only, and needs no window system.
    pyplot().switch_backend("agg")


def save_picture(path: Path, figure: Figure) -> None:
    """Write a figure in the format of the path's ending, and forget it."""
    try:
        figure.savefig(path, dpi=_DPI)
    except OSError as error:
        raise unwritable(path, "--plot", error) from error
    finally:
        pyplot().close(figure)
