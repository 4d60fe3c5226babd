"""The command line: parse, call one public function, print."""

from __future__ import annotations

import json
import math
import os
import textwrap
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Annotated, Any, Self

try:
    import typer
    from rich.console import Console
    from rich.markup import escape
    from rich.measure import Measurement
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

_WIDTH = 100
_QUESTIONS = {"as_is": "data as they are", "moved": "data moved by the group"}

# Each paragraph on one line: typer keeps the line breaks of a help text.
_COMPARE_HELP = (
    "Compare plain, hard-wired, augmented and regularized models on one data set.\n\n"
    "Two questions are answered side by side: how well each does on test data [bold]as they are[/bold], "
    "and on test data [bold]moved[/bold] by the group. Loss: mean over samples of the squared error "
    "summed over targets. Score: accuracy for labels, R² otherwise. Gap: the relative size of the "
    "non-invariant part of the coefficients.\n\n"
    "Examples:\n\n"
    "  haarwire compare digits --symmetry image_rotations:8 --rank 5\n\n"
    "  haarwire compare kmers.csv --y species --symmetry reverse_complement:4"
)


class _DelayedProgress:
    """A progress bar that shows itself only in a terminal, when the work takes longer than a second."""

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
        # In a file or a pipe a bar would leave its traces among the messages.
        self._due = time.monotonic() + delay if console.is_terminal else math.inf

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar.live.is_started:
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


@app.command("compare", help=_COMPARE_HELP, short_help="Which approach to use on one data set, and why.")
def compare_command(
    data: Annotated[
        str,
        typer.Argument(metavar="DATA", help="'digits', or a .npz, .npy or .csv file.", show_default=False),
    ],
    symmetry: Annotated[str, typer.Option("--symmetry", "-s", help=_symmetry_help(), show_default=False)],
    rank: Annotated[
        int | None,
        typer.Option("--rank", "-r", help="Bound on the rank of the coefficients.", show_default="none"),
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
        float,
        typer.Option(
            help="Share (below 1) or number of samples held out for the test, where the data have no test "
            "samples of their own.",
            show_default="1/3",
        ),
    ] = 1 / 3,
    seed: Annotated[int, typer.Option(help="Makes the split, the folds and the moves repeat exactly.")] = 0,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the result as JSON to this file.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")] = False,
) -> None:
    """Run `compare` and print its table and verdicts."""
    if targets not in ("auto", "labels", "numbers"):
        raise typer.BadParameter(f"{targets!r} is not one of auto, labels, numbers", param_hint="--targets")
    if seed < 0:
        raise typer.BadParameter(f"{seed} is not a whole number ≥ 0", param_hint="--seed")
    if json_file is not None:
        _check_writable(json_file)
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
    """As wide as the terminal or COLUMNS say; 100 columns in a file or a pipe."""
    console = Console()
    return console if console.is_terminal or "COLUMNS" in os.environ else Console(width=_WIDTH)


def _check_writable(path: Path) -> None:
    """Find out before the work, not after it."""
    if path.is_dir() or not path.parent.is_dir():
        raise FileError(
            f"{path} cannot be written: "
            + ("it is a folder" if path.is_dir() else f"there is no folder {path.parent}"),
            cause="a misspelt path, or a folder that is yet to be made",
            remedy=f"mkdir {path.parent}, or give another path to --json"
            if not path.is_dir()
            else f"name a file in it: --json {path / 'result.json'}",
        )


def _write_json(path: Path, content: dict[str, Any]) -> None:
    try:
        path.write_text(json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n", "utf-8")
    except OSError as error:
        raise FileError(
            f"{path} cannot be written: {error.strerror or error}",
            cause="no permission to write there, or a full disk",
            remedy="give another path to --json",
        ) from error


def print_comparison(result: Comparison, console: Console) -> None:
    """Print the table and the verdicts."""
    console.print(
        f"[bold]{escape(result.data)}[/bold] under [bold]{escape(result.symmetry)}[/bold], "
        f"rank ≤ {result.rank}: {result.n_train} training and {result.n_test} test samples\n",
        highlight=False,
    )
    losses = ["train\nloss", "as is\nloss", f"as is\n{result.score}", "moved\nloss", f"moved\n{result.score}"]
    others = ["gap", "critical\npoints", "seconds"]
    for gap in (2, 1):
        table = _table(result, [*losses, *others], lambda row: [*_losses(row), *_others(row)], gap)
        if _width(table, console) <= console.width:
            console.print(table)
            break
    else:
        console.print(_table(result, losses, _losses))
        console.print()
        console.print(_table(result, others, _others))
    console.print()
    alphas = _alphas(result)
    if alphas:
        _print_wrapped(console, alphas)
    difference = result.max_difference_hardwired_augmented
    _print_wrapped(
        console,
        "The group is not compact: no augmentation, and no average over moved data."
        if difference is None
        else f"Coefficients, hardwired and augmented: largest relative difference {difference:.1e}",
    )
    for question, verdict in result.verdict.items():
        if verdict is not None:
            console.print()
            _print_verdict(console, _QUESTIONS[question], verdict)


def _width(table: Table, console: Console) -> int:
    return Measurement.get(console, console.options.update(width=1000), table).maximum


def _table(
    result: Comparison,
    headings: Sequence[str],
    cells: Callable[[ApproachResult], list[str]],
    gap: int = 1,
) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, gap, 0, 0), header_style="bold")
    table.add_column("\napproach", no_wrap=True)
    for heading in headings:
        table.add_column(heading if "\n" in heading else f"\n{heading}", justify="right", no_wrap=True)
    for name, row in result.approaches.items():
        table.add_row(name, *(["—"] * len(headings) if row is None else cells(row)))
    return table


def _losses(row: ApproachResult) -> list[str]:
    def pair(result: QuestionResult | None) -> list[str]:
        if result is None:
            return ["—", "—"]
        return [
            _number(result.test_loss),
            "—" if result.test_score is None else _score(result.test_score),
        ]

    return [_number(row.train_loss), *pair(row.as_is), *pair(row.moved)]


def _others(row: ApproachResult) -> list[str]:
    count = row.n_critical_points
    return [
        "0" if row.invariance_gap == 0 else _small(row.invariance_gap),
        str(count) if count < 10**7 else f"{count:.2e}",
        f"{row.seconds:.3f}",
    ]


def _number(value: float) -> str:
    """Four significant digits in at most nine columns."""
    size = abs(value)
    if size == 0 or 1e-3 <= size < 1e3:
        return f"{value:#.4g}" if size else "0"
    return f"{value:.0f}" if 1e3 <= size < 1e6 else f"{value:.2e}"


def _score(value: float) -> str:
    return f"{value:.3f}" if abs(value) < 1e3 else f"{value:.1e}"


def _small(value: float) -> str:
    return f"{value:.3f}" if value >= 1e-3 else f"{value:.1e}"


def _alphas(result: Comparison) -> str:
    chosen = []
    for row in result.approaches.values():
        for question, answer in (("as_is", row and row.as_is), ("moved", row and row.moved)):
            if answer is not None and answer.alpha is not None:
                chosen.append(f"{answer.alpha:.3g} for {_QUESTIONS[question]}")
    return f"Regularized, by cross-validation: alpha {', '.join(chosen)}" if chosen else ""


def _print_verdict(console: Console, question: str, verdict: Verdict) -> None:
    console.print(
        f"For [bold]{question}[/bold]: [bold green]{verdict.approach}[/bold green]", highlight=False
    )
    error = verdict.standard_error
    gain = "" if math.isnan(error) else f"; gain {verdict.gain:.4g} ± {error:.2g} (standard error)"
    _print_wrapped(console, verdict.reason + gain, indent="  ")


def _print_wrapped(console: Console, text: str, indent: str = "") -> None:
    """Break between words, and never inside a path or an option."""
    wrapped = textwrap.fill(
        text,
        max(console.width, 20),
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    console.print(wrapped, markup=False, highlight=False, soft_wrap=True)


def _print_error(error: HaarwireError) -> None:
    """The three parts, on a line each; wrapped in a terminal only."""
    console = Console(stderr=True)
    # Escaped: haarwire[sklearn] is no markup.
    for label, text in (
        ("[bold red]Error:[/bold red]", error.what),
        ("  [bold]Likely cause:[/bold]", error.cause),
        ("  [bold]What to do:[/bold]", error.remedy),
    ):
        console.print(f"{label} {escape(text)}", highlight=False, soft_wrap=not console.is_terminal)


def main(arguments: list[str] | None = None) -> None:
    """Run the command; errors that Haarwire raises on purpose are printed without a traceback."""
    run: Callable[..., Any] = app
    try:
        run(args=arguments, prog_name="haarwire")
    except HaarwireError as error:
        _print_error(error)
        raise SystemExit(1) from None
