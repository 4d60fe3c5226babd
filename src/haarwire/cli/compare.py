"""`haarwire compare`: the four approaches side by side, and which to use."""

from __future__ import annotations

from typing import Annotated, Final

import typer
from rich.console import Console
from rich.markup import escape

from haarwire import datasets, groups
from haarwire.cli import options
from haarwire.cli.console import (
    DelayedProgress,
    RowsPerSecond,
    check_writable,
    output,
    print_table,
    print_wrapped,
    shows_text,
    tell_written,
    write_json,
)
from haarwire.cli.report import check_report, command_line, write_report
from haarwire.comparison import Comparison, compare
from haarwire.comparison.text import answers, facts, sizes, table

__all__ = ["HELP", "compare_command", "print_comparison"]

# Each paragraph on one line: typer keeps the line breaks of a help text.
HELP: Final = (
    "Compare plain, hard-wired, augmented and regularized models on one data set.\n\n"
    "Two questions are answered side by side: how well each does on test data [bold]as they are[/bold], "
    "and on test data [bold]moved[/bold] by the group. Loss: mean over samples of the squared error "
    "summed over targets. Score: accuracy for labels, R² otherwise. Gap: the relative size of the "
    "non-invariant part of the coefficients.\n\n"
    "Examples:\n\n"
    "  haarwire compare digits --symmetry image_rotations:8 --rank 5\n\n"
    "  haarwire compare digits --symmetry image_rotations:8 --rank 5 --report out.html\n\n"
    "  haarwire compare kmers.csv --y species --symmetry reverse_complement:4\n\n"
    "What is read in pieces takes bounded memory, and the workers of a Dask cluster where there is one:\n\n"
    "  haarwire compare s3://bucket/images/ --symmetry image_rotations:28 --cluster tcp://10.0.0.1:8786"
)


def compare_command(
    data: options.AnyData,
    *,
    symmetry: options.Symmetry,
    rank: options.Rank = None,
    x: options.X = None,
    y: options.Y = None,
    targets: options.Targets = "auto",
    ridge: options.Ridge = 0.0,
    test_size: Annotated[
        float,
        typer.Option(
            help="Share (below 1) or number of samples held out for the test, where the data have no test "
            "samples of their own.",
            show_default="1/3",
        ),
    ] = 1 / 3,
    seed: Annotated[
        int, typer.Option(min=0, help="Makes the split, the folds and the moves repeat exactly.")
    ] = 0,
    cluster: Annotated[
        str | None,
        typer.Option(
            help="Address of a Dask scheduler, such as tcp://10.0.0.1:8786, whose workers read the data.",
            show_default="none",
        ),
    ] = None,
    json_file: options.JsonFile = None,
    report_file: options.ReportFile = None,
    image_shape: options.ImageShape = None,
    quiet: options.Quiet = False,
) -> None:
    """Run `compare` and print its table and verdicts."""
    options.check_choice(targets, datasets.Targets, "--targets")
    check_writable(json_file, "--json")
    check_report(report_file)
    shape = options.shape_of(image_shape)
    rep = groups.from_name(symmetry)
    with DelayedProgress(Console(stderr=True, quiet=quiet)) as progress:
        source: datasets.Dataset | datasets.SplitData
        if cluster is not None or datasets.is_large(data):
            source = datasets.split_source(
                data,
                x=x,
                y=y,
                targets=targets,  # type: ignore[arg-type]  # checked above
                test_size=test_size,
                seed=seed,
                cluster=cluster,
                progress=RowsPerSecond(progress),
            )
        else:
            source = datasets.load(data, x=x, y=y, targets=targets)  # type: ignore[arg-type]
        result = compare(
            source, rep, rank=rank, ridge=ridge, test_size=test_size, seed=seed, progress=progress
        )
        if report_file is not None:
            progress("drawing", 0.9)
            given = {
                "--symmetry": symmetry,
                "--rank": rank,
                "--x": x,
                "--y": y,
                "--targets": targets if targets != "auto" else None,
                "--ridge": ridge or None,
                "--test-size": test_size if test_size != 1 / 3 else None,
                "--seed": seed,
                "--image-shape": image_shape,
                "--cluster": cluster,
                "--report": report_file,
            }
            write_report(report_file, result, shape, command_line("compare", data, given))
    if json_file is not None:
        write_json(json_file, result.to_dict())
    if shows_text(json_file, quiet=quiet):
        print_comparison(result, output())
    if not quiet:
        tell_written(report_file, json_file)


def print_comparison(result: Comparison, console: Console) -> None:
    """Print the table and the verdicts."""
    console.print(
        f"[bold]{escape(result.data)}[/bold] under [bold]{escape(result.symmetry)}[/bold], {sizes(result)}\n",
        highlight=False,
    )
    headings, rows = table(result)
    print_table(console, headings, rows, split=headings.index("gap"))
    console.print()
    for fact in facts(result):
        print_wrapped(console, fact)
    for about, approach, why in answers(result):
        console.print(f"\nFor [bold]{about}[/bold]: [bold green]{approach}[/bold green]", highlight=False)
        print_wrapped(console, why, indent="  ")
