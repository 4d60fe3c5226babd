"""`haarwire path`: every strength of the invariance penalty, from none to infinite."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Final

import numpy as np
import typer
from rich.console import Console

from haarwire import datasets, groups, plots
from haarwire.cli import options
from haarwire.cli.console import DelayedProgress, check_writable, output, shows_text, tell_written, write_json
from haarwire.cli.path_text import print_path
from haarwire.cli.pictures import check_picture, save_picture
from haarwire.errors import ParameterError
from haarwire.solve import RegularizationPath, alpha_range, regularization_path

__all__ = ["HELP", "path_command", "path_data"]

HELP: Final = (
    "Follow the regularized model from no invariance penalty (alpha = 0) to an infinite one, where it is "
    "the hard-wired model.\n\n"
    "All samples are used for training. Loss: mean over samples of the squared error summed over targets. "
    "Gap: the relative size of the non-invariant part of the coefficients. Degrees of freedom: of the fit "
    "without a bound on the rank, for one target, its intercept not counted. The path is proven "
    "continuous, or each place is bracketed where kept and dropped singular values meet and the optimum "
    "may jump.\n\n"
    'In the JSON, "inf" stands for infinity (the last alpha, say); modes are numbered from 0.\n\n'
    "Examples:\n\n"
    "  haarwire path digits --symmetry image_rotations:8 --rank 5\n\n"
    "  haarwire path digits --symmetry image_rotations:8 --plot path.png"
)

_GAPS: Final = (0.1, 0.01, 0.001)


def path_command(
    data: options.AnyData,
    *,
    symmetry: options.Symmetry,
    rank: options.Rank = None,
    x: options.X = None,
    y: options.Y = None,
    targets: options.Targets = "auto",
    ridge: options.Ridge = 0.0,
    penalty: options.Penalty = "generators",
    n_alphas: Annotated[
        int,
        typer.Option(
            min=1, help="Strengths between 0 and infinity in the JSON; the table shows up to 7 of them."
        ),
    ] = 61,
    json_file: options.JsonFile = None,
    plot: options.Plot = None,
    quiet: options.Quiet = False,
) -> None:
    """Factor the path once; print, write and draw what it says."""
    options.check_choice(targets, datasets.Targets, "--targets")
    options.check_choice(penalty, options.PenaltyName, "--penalty")
    check_writable(json_file, "--json")
    check_picture(plot)
    rep = groups.from_name(symmetry)
    with DelayedProgress(Console(stderr=True, quiet=quiet)) as progress:
        progress("reading", 0.0)
        name, moments = options.read_moments(data, x, y, targets, progress)
        progress("factoring", 0.3)
        path = regularization_path(moments, rep, rank=rank, ridge=ridge, penalty=penalty)  # type: ignore[arg-type]  # checked above
        progress("certifying", 0.6)
        content = {
            "data": name,
            "symmetry": rep.label,
            "n_samples": moments.count,
            **path_data(path, n_alphas),
        }
        if plot is not None:
            progress("drawing", 0.9)
            save_picture(plot, plots.plot_path(path))
    if json_file is not None:
        write_json(json_file, content)
    if shows_text(json_file, quiet=quiet):
        print_path(content, output())
    if not quiet:
        tell_written(plot, json_file)


def path_data(path: RegularizationPath, n_alphas: int) -> dict[str, Any]:
    """Everything the command tells, by name."""
    r = path.rank
    strengths = np.geomspace(*alpha_range(path), n_alphas)
    rounded = np.array([float(f"{alpha:.2e}") for alpha in strengths])
    curve = path.curve(np.concatenate([[0.0], rounded, [np.inf]]))
    return {
        "rank": r,
        "ridge": path.ridge,
        "penalty": path.frame.penalty,
        "curve": {
            "alphas": curve.alphas.tolist(),
            "loss": curve.loss[:, r - 1].tolist(),
            "objective": curve.objective[:, r - 1].tolist(),
            "invariance_penalty": curve.invariance_penalty[:, r - 1].tolist(),
            "invariance_gap": curve.invariance_gap[:, r - 1].tolist(),
            "relative_invariance_gap": curve.relative_invariance_gap[:, r - 1].tolist(),
            "singular_values": curve.singular_values.tolist(),
            "degrees_of_freedom": curve.degrees_of_freedom.tolist(),
        },
        "certificate": asdict(path.certify()),
        "tail": _tail(path),
        "alpha_for_relative_invariance_gap": {str(gap): path.alpha_for_gap(gap) for gap in _GAPS},
    }


def _tail(path: RegularizationPath) -> dict[str, float] | None:
    try:
        tail = path.tail
    except ParameterError:  # the hard-wired optimum is tied: the path has no limit to approach
        return None
    return {"gap_constant": tail.gap_constant, "distance_constant": tail.distance_constant}
