"""`haarwire landscape`: every critical point of each approach, counted and the lowest ones listed."""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer
from rich.console import Console

from haarwire import datasets, groups, plots
from haarwire.cli import options
from haarwire.cli.console import DelayedProgress, check_writable, output, shows_text, tell_written, write_json
from haarwire.cli.landscape_text import print_landscape
from haarwire.cli.pictures import check_picture, save_picture
from haarwire.landscape import CriticalPoint, CriticalPoints, critical_points
from haarwire.solve import Regularized

__all__ = ["HELP", "approach_data", "landscape_command"]

HELP: Final = (
    "Count the critical points of plain, hard-wired, augmented and regularized models of bounded rank, "
    "and list the lowest.\n\n"
    "All samples are used. Loss: that of the approach's own problem, penalties included. A critical point "
    "keeps some of the singular modes, which are numbered from 0 in descending order as in the library: 0–4 "
    "is the optimum of rank 5. Index: in how many directions the loss goes down; all points but the optimum "
    "(index 0) are strict saddles. Escape: the mode given up and the mode gained along the steepest way "
    "down, its curvature, how much lower the point is that it leads to, and which that is. Tied modes make "
    "families of critical points.\n\n"
    "Examples:\n\n"
    "  haarwire landscape digits --symmetry image_rotations:8 --rank 5\n\n"
    "  haarwire landscape digits --symmetry image_rotations:8 --rank 5 --lowest 20\n\n"
    "  haarwire landscape digits --symmetry image_rotations:8 --plot points.png"
)


def landscape_command(
    data: options.AnyData,
    *,
    symmetry: options.Symmetry,
    rank: options.Rank = None,
    x: options.X = None,
    y: options.Y = None,
    targets: options.Targets = "auto",
    ridge: options.Ridge = 0.0,
    penalty: options.Penalty = "generators",
    alpha: options.Alpha = None,
    lowest: Annotated[
        int, typer.Option(min=1, help="How many critical points of each approach to list.")
    ] = 5,
    json_file: options.JsonFile = None,
    plot: options.Plot = None,
    quiet: options.Quiet = False,
) -> None:
    """Find the critical points of every approach that exists; print, write and draw them."""
    options.check_choice(targets, datasets.Targets, "--targets")
    options.check_choice(penalty, options.PenaltyName, "--penalty")
    check_writable(json_file, "--json")
    check_picture(plot)
    rep = groups.from_name(symmetry)
    with DelayedProgress(Console(stderr=True, quiet=quiet)) as progress:
        progress("reading", 0.0)
        name, moments = options.read_moments(data, x, y, targets, progress)
        points: dict[str, CriticalPoints | None] = {"plain": None, "hardwired": None, "augmented": None}
        for i, approach in enumerate(options.all_approaches(moments, rep, alpha, penalty)):
            progress(approach.label, 0.3 + 0.15 * i)
            points[approach.label] = critical_points(moments, rep, rank=rank, approach=approach, ridge=ridge)
        existing = {label: each for label, each in points.items() if each is not None}
        content = {
            "data": name,
            "symmetry": rep.label,
            "n_samples": moments.count,
            "rank": existing["plain"].rank,
            "ridge": ridge,
            "penalty": penalty,
            "approaches": {
                label: None if each is None else approach_data(each, lowest) for label, each in points.items()
            },
        }
        if plot is not None:
            progress("drawing", 0.9)
            save_picture(plot, plots.plot_landscape(existing))
    if json_file is not None:
        write_json(json_file, content)
    if shows_text(json_file, quiet=quiet):
        print_landscape(content, output())
    if not quiet:
        tell_written(plot, json_file)


def approach_data(points: CriticalPoints, lowest: int) -> dict[str, Any]:
    """What the command tells of one approach, as plain numbers; modes are numbered from 0."""
    approach = points.approach
    return {
        "alpha": approach.alpha if isinstance(approach, Regularized) else None,
        "count": points.count,
        "additional": points.additional,
        "is_isolated": points.is_isolated,
        "index_histogram": list(points.index_histogram),
        "singular_values": points.modes.singular_values[: points.modes.n_modes].tolist(),
        "lowest": [_point(point) for point in points.lowest(lowest)],
    }


def _point(point: CriticalPoint) -> dict[str, Any]:
    escape = point.escape_direction
    return {
        "subset": list(point.subset),
        "loss": point.loss,
        "index": point.index,
        "dimension": point.dimension,
        "escape": None
        if escape is None
        else {
            "swap": list(escape.swap),
            "curvature": escape.curvature,
            "loss_decrease": escape.loss_decrease,
            "leads_to": list(escape.leads_to),
        },
    }
