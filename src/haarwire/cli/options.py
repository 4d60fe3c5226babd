"""Options that several commands share, as typer reads them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, TypeAlias, get_args

import numpy as np
import typer

from haarwire.cli.console import DelayedProgress, RowsPerSecond
from haarwire.datasets import Dataset, is_large, load
from haarwire.datasets.large import source_moments
from haarwire.groups import Representation, names
from haarwire.invariants import penalty_matrix
from haarwire.invariants.penalty import Penalty as PenaltyName
from haarwire.moments import Moments
from haarwire.solve import Approach, Augmented, Hardwired, Plain, Regularized

__all__ = [
    "Alpha",
    "AnyData",
    "Data",
    "ImageShape",
    "JsonFile",
    "Penalty",
    "PenaltyName",
    "Plot",
    "Quiet",
    "Rank",
    "ReportFile",
    "Ridge",
    "Symmetry",
    "Targets",
    "X",
    "Y",
    "all_approaches",
    "all_moments",
    "check_choice",
    "read_moments",
    "shape_of",
    "symmetries_like",
]


def symmetries_like(incomplete: str) -> list[tuple[str, str]]:
    """Names for the shell to complete, each with what it does."""
    return [(name, text) for name, text in names().items() if name.startswith(incomplete)]


Data: TypeAlias = Annotated[
    str,
    typer.Argument(metavar="DATA", help="'digits', or a .npz, .npy or .csv file.", show_default=False),
]
AnyData: TypeAlias = Annotated[
    str,
    typer.Argument(
        metavar="DATA",
        help="'digits', or a .npz, .npy or .csv file; also, read in pieces: a folder, a pattern, a URL, "
        "Parquet, Arrow, Zarr or HDF5.",
        show_default=False,
    ),
]
Symmetry: TypeAlias = Annotated[
    str,
    typer.Option(
        "--symmetry",
        "-s",
        help="A name with sizes, such as image_rotations:8, or a .npz file of generators; "
        "'haarwire symmetries' lists the names.",
        show_default=False,
        autocompletion=symmetries_like,
    ),
]
Rank: TypeAlias = Annotated[
    int | None,
    typer.Option("--rank", "-r", help="Bound on the rank of the coefficients.", show_default="none"),
]
X: TypeAlias = Annotated[
    str | None,
    typer.Option(help="Inputs: an array of the .npz, or columns: a,b,c, or a..f for all from a to f."),
]
Y: TypeAlias = Annotated[
    str | None, typer.Option(help="Targets: an array of the .npz, columns, or a second .npy file.")
]
Targets: TypeAlias = Annotated[
    str,
    typer.Option(
        help="What the targets are: labels (one-hot), numbers, or auto: text and integers are labels, but "
        "for integers that may be amounts."
    ),
]
Ridge: TypeAlias = Annotated[float, typer.Option(help="Ordinary ridge penalty, for all approaches.")]
Penalty: TypeAlias = Annotated[
    str,
    typer.Option(
        help="Invariance penalty: generators (any group), or projection, which depends on the group only."
    ),
]
Alpha: TypeAlias = Annotated[
    float | None,
    typer.Option(
        help="Strength of the invariance penalty of the regularized model.",
        show_default="where data and penalty balance",
    ),
]
JsonFile: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--json", help="Write the result as JSON to this file, or to standard output in place of text: -"
    ),
]
ReportFile: TypeAlias = Annotated[
    Path | None,
    typer.Option("--report", help="Write a self-contained page with pictures to this file: out.html."),
]
ImageShape: TypeAlias = Annotated[
    str | None,
    typer.Option(
        help="Height and width of the images that the features are, such as 28x28.",
        show_default="as the symmetry tells",
    ),
]
Plot: TypeAlias = Annotated[
    Path | None, typer.Option("--plot", help="Draw a picture to this file: .png, .svg or .pdf.")
]
Quiet: TypeAlias = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]


def check_choice(value: str, words: Any, option: str) -> None:
    """Raise typer's error, with exit code 2, unless a word is one of those of a Literal."""
    if value not in get_args(words):
        raise typer.BadParameter(f"{value!r} is not one of {', '.join(get_args(words))}", param_hint=option)


def shape_of(text: str | None) -> tuple[int, int] | None:
    """Height and width from 28x28, or typer's error with exit code 2."""
    if text is None:
        return None
    parts = re.fullmatch(r"(\d{1,6})x(\d{1,6})", text)
    if parts is None:
        raise typer.BadParameter(
            f"{text!r} is not a height and a width such as 28x28", param_hint="--image-shape"
        )
    return int(parts[1]), int(parts[2])


def read_moments(
    data: str, x: str | None, y: str | None, targets: Any, progress: DelayedProgress
) -> tuple[str, Moments]:
    """The name of the data and the moments of all samples; of large data, read in pieces."""
    if is_large(data):
        return source_moments(data, x=x, y=y, targets=targets, progress=RowsPerSecond(progress))
    source = load(data, x=x, y=y, targets=targets)
    return source.name, all_moments(source)


def all_moments(source: Dataset) -> Moments:
    """Moments of all samples: those that the source holds out for a test as well."""
    moments = Moments.from_arrays(source.X, source.Y)
    return moments if source.test is None else moments + Moments.from_arrays(source.test.X, source.test.Y)


def all_approaches(
    moments: Moments, rep: Representation, alpha: float | None, penalty: Any = "generators"
) -> list[Approach]:
    """All but augmentation by a group without Haar average; without alpha, one that balances the data."""
    if alpha is None:
        stiffness = float(np.trace(penalty_matrix(rep, penalty)))
        alpha = float(np.trace(moments.gram)) / stiffness if stiffness > 0 else 1.0
    augmented = [Augmented()] if rep.is_compact else []
    return [Plain(), Hardwired(), *augmented, Regularized(alpha, penalty)]
