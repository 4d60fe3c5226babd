"""`report`: one self-contained page about a comparison."""

from __future__ import annotations

import html
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, final

from haarwire.errors import FileError

if TYPE_CHECKING:
    from haarwire.comparison import Comparison
    from haarwire.selection import SymmetryTest
    from haarwire.training.history import TrainingHistory

__all__ = ["Report", "report"]

_HEIGHT: Final = 900


@final
@dataclass(frozen=True, eq=False)
class Report:
    """A page, and the plain data that it shows; from `report`. A notebook shows it in place.

    Attributes
    ----------
    html : str
        The whole page.
    content : dict
        What it shows: numbers, texts, lists and dicts.
    """

    html: str = field(repr=False)
    content: dict[str, Any] = field(repr=False)

    def __repr__(self) -> str:
        about = f"{self.content['data']} under {self.content['symmetry']}"
        return f"Report({about}: {len(self.html.encode()) / 1e6:.2f} MB)"

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the page to a file, and return its path.

        Raises
        ------
        FileError
            When it cannot be written.
        """
        target = Path(path)
        try:
            target.write_text(self.html, "utf-8")
        except OSError as error:
            raise FileError(
                f"{target} cannot be written: {error.strerror or error}",
                cause="a folder that is not there, no permission to write in it, or a full disk",
                remedy="give the path of a file in a folder of yours, such as report.html",
            ) from error
        return target

    def _repr_html_(self) -> str:
        page = html.escape(self.html, quote=True)
        return f'<iframe title="Haarwire report" srcdoc="{page}" width="100%" height="{_HEIGHT}"></iframe>'


def report(
    result: Comparison,
    path: str | os.PathLike[str] | None = None,
    *,
    image_shape: tuple[int, int] | None = None,
    training: TrainingHistory | Mapping[str, TrainingHistory] | None = None,
    symmetry_test: SymmetryTest | None = None,
    command: str | None = None,
) -> Report:
    """Make one self-contained page about a comparison, and write it to a file if one is named.

    The verdicts, the table, the whole regularization path under sliders for the strength and the rank, the
    coefficients and what each approach makes of samples and their orbits as pictures, the landscapes, the
    symmetry test, training curves if there are any, and what to type to repeat it. Nothing is loaded from
    a network. The data are not read again.

    Parameters
    ----------
    result : Comparison
        From `compare`.
    path : str or path, optional
        Where to write the page.
    image_shape : tuple of int, optional
        Height and width of the images that the features are, where the symmetry (`image_rotations`,
        `cyclic_shifts` of a grid) does not tell.
    training : TrainingHistory or mapping of str to TrainingHistory, optional
        From `haarwire.training`: curves to be shown, by name.
    symmetry_test : SymmetryTest, optional
        From `haarwire.symmetry_test`, in place of Wilks' test on the training samples: the randomization
        test, say.
    command : str, optional
        The command line that repeats the report.

    Returns
    -------
    Report

    Raises
    ------
    ParameterError
        When the result does not come from `compare`, or an option does not fit it.
    FileError
        When the file cannot be written.
    MissingDependencyError
        Without jinja2.

    Examples
    --------
    >>> import haarwire as hw
    >>> rep = hw.groups.cyclic_shifts(6)
    >>> result = hw.compare(hw.datasets.planted(rep, 60, rng=0), rep)
    >>> page = hw.report(result)
    >>> page.content["n_invariant"], page.html.startswith("<!doctype html>")
    (1, True)
    """
    from haarwire.report.gather import gather
    from haarwire.report.render import render

    content = gather(
        result,
        image_shape=image_shape,
        training=training,
        symmetry_test=symmetry_test,
        command=command,
    )
    page = Report(render(content), content)
    if path is not None:
        page.save(path)
    return page
