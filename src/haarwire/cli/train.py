"""`haarwire train`: deep linear networks trained four ways, and where each ended."""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer
from rich.console import Console

from haarwire import datasets, groups, plots
from haarwire.cli import options
from haarwire.cli.console import DelayedProgress, check_writable, output, shows_text, tell_written, write_json
from haarwire.cli.pictures import check_picture, save_picture
from haarwire.cli.train_runs import trained_data
from haarwire.cli.train_text import print_training
from haarwire.solve.approaches import check_fit, checked_ridge
from haarwire.solve.solver import check_samples, checked_rank
from haarwire.training import TrainedApproach, train_approach
from haarwire.training._torch import require_torch
from haarwire.training.optimizers import OptimizerName
from haarwire.training.threads import one_thread

__all__ = ["HELP", "train_command"]

HELP: Final = (
    "Train deep linear networks plain, hard-wired, augmented and regularized, and hold where each ended "
    "against its closed form.\n\n"
    "All samples are used for training, none held out; a step works on their second moments and costs the "
    "same for any number of samples and any size of the group. Each network sees its inputs whitened (by "
    "the covariance of its own problem), where gradient descent converges soon; --inputs raw gives it the "
    "features as they are, which takes very many steps where they are correlated, as pixels are, and "
    "leaves what it started with in directions without data.\n\n"
    "Loss: that of the approach's own problem, penalties included. Excess: final less optimal loss, as a "
    "share of the optimal. Gap: the relative size of the non-invariant part of the coefficients. Index: in "
    "how many directions the loss goes down at the nearest critical point; 0 is the optimum. Of several "
    "runs, the one that ended highest is shown.\n\n"
    "Examples:\n\n"
    "  haarwire train digits --symmetry image_rotations:8 --rank 5\n\n"
    "  haarwire train digits -s image_rotations:8 -r 5 --depth 3 --runs 100\n\n"
    "  haarwire train digits -s image_rotations:8 -r 5 --plot curves.png"
)


def train_command(
    data: options.AnyData,
    *,
    symmetry: options.Symmetry,
    rank: options.Rank = None,
    x: options.X = None,
    y: options.Y = None,
    targets: options.Targets = "auto",
    ridge: options.Ridge = 0.0,
    alpha: options.Alpha = None,
    depth: Annotated[int | None, typer.Option(help="Number of layers.", show_default="2")] = None,
    widths: Annotated[
        str | None,
        typer.Option(
            help="Hidden widths, separated by commas; the least one bounds the rank.",
            show_default="the rank, depth − 1 times",
        ),
    ] = None,
    inputs: Annotated[str, typer.Option(help="What the networks see: whitened or raw inputs.")] = "whitened",
    optimizer: Annotated[str, typer.Option(help="gd, momentum, adam or gradient_flow.")] = "gd",
    steps: Annotated[int, typer.Option(help="At most so many steps.")] = 50_000,
    tol: Annotated[
        float, typer.Option(help="Stop when the excess loss is this share of the targets' variance.")
    ] = 1e-10,
    runs: Annotated[int, typer.Option(help="Networks of each approach, trained as one batch.")] = 1,
    seed: Annotated[int, typer.Option(help="Run i starts from the seed plus i.")] = 0,
    json_file: options.JsonFile = None,
    plot: options.Plot = None,
    quiet: options.Quiet = False,
) -> None:
    """Train every approach that exists; print, write and draw where it ended."""
    options.check_choice(targets, datasets.Targets, "--targets")
    options.check_choice(optimizer, OptimizerName, "--optimizer")
    if inputs not in ("whitened", "raw"):
        raise typer.BadParameter(f"{inputs!r} is not one of whitened, raw", param_hint="--inputs")
    for value, least, option in ((runs, 1, "--runs"), (steps, 1, "--steps"), (seed, 0, "--seed")):
        if value < least:
            raise typer.BadParameter(f"{value} is not a whole number ≥ {least}", param_hint=option)
    layers = _layers(depth, widths, rank)
    check_writable(json_file, "--json")
    check_picture(plot)
    require_torch()  # before the data are read, not after
    rep = groups.from_name(symmetry)
    with DelayedProgress(Console(stderr=True, quiet=quiet)) as progress, one_thread():
        progress("reading", 0.0)
        name, moments = options.read_moments(data, x, y, targets, progress)
        check_fit(moments, rep)
        checked_ridge(ridge)
        check_samples(moments)
        bound = checked_rank(min(layers) if isinstance(layers, tuple) else rank, *_shape(moments))
        hidden = layers if isinstance(layers, tuple) else (bound,) * (layers - 1)
        if not hidden:
            bound = checked_rank(None, *_shape(moments))
        approaches = options.all_approaches(moments, rep, alpha)
        trained: dict[str, TrainedApproach | None] = {"plain": None, "hardwired": None, "augmented": None}
        for i, approach in enumerate(approaches):

            def report(step: int, total: int, label: str = approach.label, done: int = i) -> None:
                progress(label, 0.1 + 0.9 * (done + step / total) / len(approaches))

            trained[approach.label] = train_approach(
                moments,
                rep,
                approach,
                hidden,
                whiten=inputs == "whitened",
                ridge=ridge,
                optimizer=optimizer,  # type: ignore[arg-type]  # checked above
                steps=steps,
                tol=tol,
                runs=runs,
                seed=seed,
                progress=report,
            )
        content: dict[str, Any] = {
            "data": name,
            "symmetry": rep.label,
            "n_samples": moments.count,
            "rank": bound,
            "ridge": ridge,
            "widths": list(hidden),
            "inputs": inputs,
            "optimizer": optimizer,
            "steps": steps,
            "tol": tol,
            "seed": seed,
            "approaches": {
                label: None if each is None else trained_data(each, moments)
                for label, each in trained.items()
            },
        }
        if plot is not None:
            histories = {
                label: each.history
                for label, each in trained.items()
                if each is not None and each.history is not None
            }
            save_picture(plot, plots.plot_history(histories))
    if json_file is not None:
        write_json(json_file, content)
    if shows_text(json_file, quiet=quiet):
        print_training(content, output())
    if not quiet:
        tell_written(plot, json_file)


def _shape(moments: Any) -> tuple[int, int]:
    return moments.n_targets, moments.n_features


def _layers(depth: int | None, widths: str | None, rank: int | None) -> int | tuple[int, ...]:
    """The hidden widths where they are given, else the depth."""
    if depth is not None and depth < 1:
        raise typer.BadParameter(f"{depth} is not a whole number ≥ 1", param_hint="--depth")
    if widths is None:
        if depth == 1 and rank is not None:
            raise typer.BadParameter(
                "one layer has no bottleneck: leave out --rank, or use --depth 2", param_hint="--depth"
            )
        return 2 if depth is None else depth
    parts = widths.split(",")
    if not all(part.strip().isdecimal() and int(part) > 0 for part in parts):
        raise typer.BadParameter(f"{widths!r} is not a list such as 20,5,20", param_hint="--widths")
    hidden = tuple(int(part) for part in parts)
    if depth is not None and depth != len(hidden) + 1:
        raise typer.BadParameter(
            f"{len(hidden)} hidden widths make {len(hidden) + 1} layers, --depth says {depth}",
            param_hint="--widths",
        )
    if rank is not None and rank != min(hidden):
        raise typer.BadParameter(
            f"the least width of {widths} is {min(hidden)}, --rank says {rank}", param_hint="--widths"
        )
    return hidden
