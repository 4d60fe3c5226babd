"""`haarwire reproduce`: the paper's experiments, as figures, a table and a JSON of results."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from haarwire.cli import options
from haarwire.cli.console import (
    DelayedProgress,
    check_writable,
    output,
    print_table,
    print_wrapped,
    shows_text,
    write_json,
)
from haarwire.reproduce import FIGURES, Done, prepare, reproduce, results
from haarwire.training._torch import require_torch

__all__ = ["HELP", "reproduce_command"]

HELP: Final = (
    "Redo the experiments of Duan and Montúfar, Understanding Learning Invariance in Deep Linear Networks "
    "(PMLR 325, 2026; arXiv 2506.13714), on MNIST under quarter turns.\n\n"
    "Data: the .npz file given by --mnist (arrays x_train, y_train, x_test, y_test), else mnist.npz in the "
    "working folder, else scikit-learn's digits. Written to the folder: a picture a figure, results.md (a "
    "table) and results.json. Each figure is held against a sentence of the abstract; whether this run "
    "agrees is computed from its numbers.\n\n"
    f"Figures: {', '.join(FIGURES)}.\n\n"
    "Examples:\n\n"
    "  haarwire reproduce --mnist mnist.npz --out results\n\n"
    "  haarwire reproduce --quick --only path,landscape"
)


def reproduce_command(
    *,
    out: Annotated[Path, typer.Option(help="Folder for figures, table and JSON.")] = Path("reproduced"),
    mnist: Annotated[
        Path | None, typer.Option(help="MNIST as a .npz file.", show_default="mnist.npz if there, or digits")
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Digits unless --mnist is given, and small budgets.")
    ] = False,
    runs: Annotated[
        int | None, typer.Option(min=1, help="Networks of each approach.", show_default="10; 3 with --quick")
    ] = None,
    seed: Annotated[
        int, typer.Option(min=0, help="Makes the split, the draws and the starts repeat exactly.")
    ] = 0,
    only: Annotated[
        str | None, typer.Option(help="Some of the figures, separated by commas.", show_default="all")
    ] = None,
    json_file: options.JsonFile = None,
    quiet: options.Quiet = False,
) -> None:
    """Make the figures; print which agree."""
    names = None if only is None else [name.strip() for name in only.split(",")]
    unknown = sorted(set(names or ()) - set(FIGURES))
    if unknown:
        raise typer.BadParameter(
            f"{', '.join(unknown)}: choose from {', '.join(FIGURES)}", param_hint="--only"
        )
    check_writable(json_file, "--json")
    require_torch()  # before the data are read, not after
    with DelayedProgress(Console(stderr=True, quiet=quiet)) as progress:
        progress("reading", 0.0)
        setup = prepare(mnist, quick=quick, runs=runs, seed=seed)
        done = reproduce(setup, out, only=names, progress=progress)
    if json_file is not None:
        write_json(json_file, results(setup, done))
    if shows_text(json_file, quiet=quiet):
        _print(setup.describe(), done, out, output())


def _print(about: dict[str, object], done: list[Done], out: Path, console: Console) -> None:
    print_wrapped(
        console,
        f"{about['data']} under {about['symmetry']}: {about['n_train']} training and {about['n_test']} test "
        f"images, rank ≤ {about['rank']}, {about['runs']} runs",
    )
    console.print()
    rows = [
        [
            name,
            "yes" if outcome.agrees else "not in all",
            f"{sum(check.agrees for check in outcome.checks)} of {len(outcome.checks)}",
            f"{seconds:.1f}",
        ]
        for name, outcome, seconds in done
    ]
    print_table(console, ["figure", "agrees", "numbers", "seconds"], rows)
    console.print()
    for name, outcome, _ in done:
        for check in outcome.checks:
            if not check.agrees:
                print_wrapped(
                    console,
                    f"{name}: {check.statement}: {check.value:.3g}, agrees if {check.allowed}",
                )
    print_wrapped(console, f"Figures, results.md and results.json are in {out}")
