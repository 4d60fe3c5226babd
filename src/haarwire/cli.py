"""The command line: parse, call one public function, print."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Annotated, Any, Self

try:
    import typer
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
    from rich.table import Table
except ImportError as error:  # pragma: no cover - shown in an environment without the extra
    raise SystemExit(
        "The haarwire command needs typer and rich, which are not installed.\n"
        "  Likely cause: Haarwire was installed without its 'cli' extra\n"
        '  What to do: pip install "haarwire[cli,sklearn]"'
    ) from error

from haarwire import datasets, groups
from haarwire.comparison import ApproachResult, Comparison, QuestionResult, compare
from haarwire.errors import FileError, HaarwireError
from haarwire.selection import Verdict

__all__ = ["app", "main"]

app = typer.Typer(
    name="haarwire",
    help="Augment, regularize or hard-wire a symmetry into a linear model? All three, exactly.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)

_WIDTH = 118
_QUESTIONS = {"as_is": "data as they are", "moved": "data moved by the group"}


class _DelayedProgress:
    """A progress bar that shows itself only when the work takes longer than a second."""

    def __init__(self, console: Console, delay: float = 1.0) -> None:
        self._bar = Progress(
            TextColumn("{task.description:<12}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
        )
        self._task = self._bar.add_task("starting", total=1.0)
        self._due = time.monotonic() + delay

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def __call__(self, stage: str, share: float) -> None:
        if time.monotonic() >= self._due and not self._bar.live.is_started:
            self._bar.start()
        self._bar.update(self._task, description=stage, completed=share)


def _symmetry_help() -> str:
    return (
        "A name with sizes, such as image_rotations:8, or a .npz file of generators; "
        "'haarwire symmetries' lists the names."
    )


@app.callback()
def _commands() -> None:
    """Keep `compare` a subcommand, whatever the number of commands."""


@app.command("compare")
def compare_command(
    data: Annotated[
        str,
        typer.Argument(metavar="DATA", help="'digits', or a .npz, .npy or .csv file.", show_default=False),
    ],
    symmetry: Annotated[str, typer.Option("--symmetry", "-s", help=_symmetry_help(), show_default=False)],
    rank: Annotated[
        int | None, typer.Option("--rank", "-r", help="Bound on the rank of the map. Default: none.")
    ] = None,
    x: Annotated[
        str | None, typer.Option(help="Inputs: an array of the .npz, or columns separated by commas.")
    ] = None,
    y: Annotated[
        str | None,
        typer.Option(help="Targets: an array of the .npz, columns, or a second .npy file."),
    ] = None,
    targets: Annotated[
        str,
        typer.Option(
            help="What the targets are: labels (one-hot), numbers, or auto: integers and text are labels."
        ),
    ] = "auto",
    ridge: Annotated[float, typer.Option(help="Ordinary ridge penalty, for all approaches.")] = 0.0,
    test_size: Annotated[
        float, typer.Option(help="Share (below 1) or number of samples held out for the test.")
    ] = 1 / 3,
    seed: Annotated[int, typer.Option(help="Makes the split, the folds and the moves repeat exactly.")] = 0,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the result as JSON to this file.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")] = False,
) -> None:
    """Compare plain, hard-wired, augmented and regularized models on one data set.

    Two questions are answered side by side: how well each does on test data [bold]as they are[/bold], and on
    test data [bold]moved[/bold] by the group. Loss: mean over samples of the squared error summed over
    targets. Score: accuracy for labels, R² otherwise. gap: the relative size of the non-invariant part of
    the coefficients.

    Examples:

      haarwire compare digits --symmetry image_rotations:8 --rank 5

      haarwire compare reads.csv --y species --symmetry reverse_complement:4 --json result.json
    """
    if targets not in ("auto", "labels", "numbers"):
        raise typer.BadParameter(f"{targets!r} is not one of auto, labels, numbers", param_hint="--targets")
    rep = groups.from_name(symmetry)
    source = datasets.load(data, x=x, y=y, targets=targets)  # type: ignore[arg-type]  # checked above
    with _DelayedProgress(Console(stderr=True, quiet=quiet)) as progress:
        result = compare(
            source, rep, rank=rank, ridge=ridge, test_size=test_size, seed=seed, progress=progress
        )
    if json_file is not None:
        _write_json(json_file, result.to_dict())
    if not quiet:
        print_comparison(result, _console())


@app.command("symmetries")
def symmetries_command() -> None:
    """List the symmetries that --symmetry knows by name."""
    table = Table("name", "what it does", box=None, pad_edge=False)
    for name, summary in groups.names().items():
        table.add_row(name, summary)
    _console().print(table)


def _console() -> Console:
    console = Console()
    return console if console.is_terminal else Console(width=_WIDTH)


def _write_json(path: Path, content: dict[str, Any]) -> None:
    try:
        path.write_text(json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n", "utf-8")
    except OSError as error:
        raise FileError(
            f"{path} cannot be written: {error.strerror or error}",
            cause="a folder that does not exist, or no permission to write there",
            remedy="give another path to --json",
        ) from error


def print_comparison(result: Comparison, console: Console) -> None:
    """Print the table and the verdicts."""
    console.print(
        f"[bold]{result.data}[/bold] under [bold]{result.symmetry}[/bold], rank ≤ {result.rank}: "
        f"{result.n_train} training and {result.n_test} test samples\n",
        highlight=False,
    )
    table = Table(box=None, pad_edge=False, header_style="bold")
    score = result.score
    table.add_column("approach")
    for heading in (
        "train loss", "loss\nas is", f"{score}\nas is", "loss\nmoved", f"{score}\nmoved",
        "alpha\nas is, moved", "gap", "critical\npoints", "seconds",
    ):  # fmt: skip
        table.add_column(heading, justify="right")
    for name, row in result.approaches.items():
        table.add_row(name, *(_cells(row) if row is not None else ["—"] * 9))
    console.print(table, highlight=False)
    difference = result.max_difference_hardwired_augmented
    console.print()
    if difference is None:
        console.print("The group is not compact: no augmentation, and no average over moved data.")
    else:
        console.print(
            f"hard-wired and augmented coefficients differ by {difference:.1e} (relative)", highlight=False
        )
    for question, verdict in result.verdict.items():
        if verdict is not None:
            console.print()
            _print_verdict(console, _QUESTIONS[question], verdict)


def _print_verdict(console: Console, question: str, verdict: Verdict) -> None:
    console.print(
        f"For [bold]{question}[/bold]: [bold green]{verdict.approach}[/bold green]\n"
        f"  {verdict.reason}; gain {verdict.gain:.4g} ± {verdict.standard_error:.2g} (standard error)",
        highlight=False,
    )


def _cells(row: ApproachResult) -> list[str]:
    def pair(result: QuestionResult | None) -> list[str]:
        if result is None:
            return ["—", "—"]
        return [f"{result.test_loss:.4f}", "—" if result.test_score is None else f"{result.test_score:.3f}"]

    alphas = [q.alpha for q in (row.as_is, row.moved) if q is not None and q.alpha is not None]
    return [
        f"{row.train_loss:.4f}",
        *pair(row.as_is),
        *pair(row.moved),
        ", ".join(f"{alpha:.3g}" for alpha in alphas),
        f"{row.invariance_gap:.1e}" if 0 < row.invariance_gap < 1e-3 else f"{row.invariance_gap:.3f}",
        str(row.n_critical_points) if row.n_critical_points < 10**7 else f"{row.n_critical_points:.2e}",
        f"{row.seconds:.3f}",
    ]


def main(arguments: list[str] | None = None) -> None:
    """Run the command; errors that Haarwire raises on purpose are printed without a traceback."""
    run: Callable[..., Any] = app
    try:
        run(args=arguments)
    except HaarwireError as error:
        console = Console(stderr=True)
        console.print(f"[bold red]Error:[/bold red] {error.what}", highlight=False)
        console.print(f"  [bold]Likely cause:[/bold] {error.cause}", highlight=False)
        console.print(f"  [bold]What to do:[/bold] {error.remedy}", highlight=False)
        raise SystemExit(1) from None
