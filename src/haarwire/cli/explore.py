"""`haarwire explore`: the regularization path, the coefficients and the landscape, live in the browser."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from haarwire import datasets, groups
from haarwire.cli import options
from haarwire.cli.console import DelayedProgress, check_writable, shows_text, write_json

__all__ = ["HELP", "explore_command"]

HELP: Final = (
    "Explore one data set in the browser: every strength, every rank, other numbers of samples, noisier "
    "targets, other symmetries.\n\n"
    "Everything is computed anew, exactly, at every change. The page is served to this machine only; end "
    "with Ctrl+C. Test losses are on samples that are never trained on.\n\n"
    "Examples:\n\n"
    "  haarwire explore digits --symmetry image_rotations:8\n\n"
    "  haarwire explore digits -s image_rotations:8 -s image_rotations:8,reflections=true --rank 5"
)


def explore_command(
    data: options.Data,
    *,
    symmetry: Annotated[
        list[str],
        typer.Option(
            "--symmetry",
            "-s",
            help="A name with sizes, such as image_rotations:8, or a .npz file of generators; give it more "
            "than once for several to choose from.",
            show_default=False,
            autocompletion=options.symmetries_like,
        ),
    ],
    rank: options.Rank = None,
    x: options.X = None,
    y: options.Y = None,
    targets: options.Targets = "auto",
    image_shape: options.ImageShape = None,
    seed: Annotated[
        int, typer.Option(min=0, help="Makes the split, the order of samples and the noise repeat.")
    ] = 0,
    port: Annotated[int, typer.Option(help="Where to listen.", show_default="a free one")] = 0,
    browser: Annotated[bool, typer.Option(help="Open the page in the browser.")] = True,
    json_file: Annotated[
        Path | None,
        typer.Option("--json", help="Write the address as JSON to this file, or to standard output: -"),
    ] = None,
    quiet: options.Quiet = False,
) -> None:
    """Read the data, then serve the explorer until interrupted."""
    from haarwire.explorer import Explorer, serve

    options.check_choice(targets, datasets.Targets, "--targets")
    check_writable(json_file, "--json")
    shape = options.shape_of(image_shape)
    symmetries = [groups.from_name(name) for name in symmetry]
    source = datasets.load(data, x=x, y=y, targets=targets)  # type: ignore[arg-type]  # checked above
    with DelayedProgress(Console(stderr=True, quiet=quiet)) as progress:
        explorer = Explorer(
            source,
            symmetries,
            rank=rank,
            image_shape=shape,
            seed=seed,
            progress=lambda share: progress("reading", share),
        )
        explorer.prepare(progress=lambda share: progress("factoring", share))
    announce = partial(_announce, source.name, symmetry, json_file, quiet=quiet)
    serve(explorer, port=port, open_browser=browser, announce=announce)


def _announce(data: str, symmetries: list[str], json_file: Path | None, address: str, *, quiet: bool) -> None:
    if json_file is not None:
        write_json(json_file, {"address": address, "data": data, "symmetries": symmetries})
    if shows_text(json_file, quiet=quiet):
        Console(stderr=True).print(f"The explorer is at {address} (end with Ctrl+C)", highlight=False)
