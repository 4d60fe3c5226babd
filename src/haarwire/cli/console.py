"""How the commands write: widths, tables, errors, progress and JSON."""

from __future__ import annotations

import json
import math
import os
import sys
import textwrap
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from rich.console import Console
from rich.markup import escape
from rich.measure import Measurement
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from haarwire._plain import plain_data
from haarwire.errors import FileError, HaarwireError

__all__ = [
    "DelayedProgress",
    "RowsPerSecond",
    "check_writable",
    "output",
    "print_error",
    "print_table",
    "print_wrapped",
    "shows_text",
    "tell_written",
    "unwritable",
    "write_json",
]

_WIDTH: Final = 100
_STANDARD_OUTPUT: Final = Path("-")


class DelayedProgress:
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
        """Say what is being done, and how much has been."""
        if time.monotonic() >= self._due and not self._bar.live.is_started:
            self._bar.start()
        self._bar.update(self._task, description=stage, completed=share)


class RowsPerSecond:
    """Shows rows read, and how many a second, on a progress bar.

    Parameters
    ----------
    bar : DelayedProgress
        It has reached a fifth when all rows are read.
    """

    def __init__(self, bar: DelayedProgress) -> None:
        self._bar = bar
        self._started = time.monotonic()

    def __call__(self, rows: int, total: int | None) -> None:
        """Say how many rows have been read, of how many."""
        speed = rows / max(time.monotonic() - self._started, 1e-9)
        self._bar(f"{rows:,} rows, {speed:,.0f} rows/s", 0.2 * rows / total if total else 0.1)


def output() -> Console:
    """As wide as the terminal or COLUMNS say; 100 columns in a file or a pipe."""
    console = Console()
    return console if console.is_terminal or "COLUMNS" in os.environ else Console(width=_WIDTH)


def print_wrapped(console: Console, text: str, indent: str = "") -> None:
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


def print_error(error: HaarwireError) -> None:
    """The three parts, on a line each; wrapped in a terminal only."""
    console = Console(stderr=True)
    # Escaped: haarwire[sklearn] is no markup.
    for label, text in (
        ("[bold red]Error:[/bold red]", error.what),
        ("  [bold]Likely cause:[/bold]", error.cause),
        ("  [bold]What to do:[/bold]", error.remedy),
    ):
        console.print(f"{label} {escape(text)}", highlight=False, soft_wrap=not console.is_terminal)


def print_table(
    console: Console, headings: Sequence[str], rows: Sequence[Sequence[str]], *, split: int | None = None
) -> None:
    """Print rows under headings of up to two lines; the first column is that of the names.

    Where the console is too narrow, the columns from `split` on become a second table.
    """
    whole = [_table(headings, rows, gap) for gap in (2, 1)]
    fitting = next((table for table in whole if _width(table, console) <= console.width), None)
    if fitting is not None or split is None:
        console.print(fitting or whole[-1])
        return
    console.print(_table(headings[:split], [row[:split] for row in rows], 1))
    console.print()
    console.print(_table([headings[0], *headings[split:]], [[row[0], *row[split:]] for row in rows], 1))


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]], gap: int) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, gap, 0, 0), header_style="bold")
    lines = max(heading.count("\n") for heading in headings)
    for i, heading in enumerate(headings):
        table.add_column(
            "\n" * (lines - heading.count("\n")) + heading, justify="right" if i else "left", no_wrap=True
        )
    for row in rows:
        table.add_row(*row)
    return table


def _width(table: Table, console: Console) -> int:
    return Measurement.get(console, console.options.update(width=1000), table).maximum


def check_writable(path: Path | None, option: str) -> None:
    """Find out before the work, not after it."""
    if path is not None and (path.is_dir() or not path.parent.is_dir()):
        raise FileError(
            f"{path} cannot be written: "
            + ("it is a folder" if path.is_dir() else f"there is no folder {path.parent}"),
            cause="a misspelt path, or a folder that is yet to be made",
            remedy=f"mkdir {path.parent}, or give another path to {option}"
            if not path.is_dir()
            else f"name a file in it: {option} {path / 'result'}{'.json' if option == '--json' else '.png'}",
        )


def unwritable(path: Path, option: str, error: OSError) -> FileError:
    """The error of a file that could not be written after all."""
    return FileError(
        f"{path} cannot be written: {error.strerror or error}",
        cause="no permission to write there, or a full disk",
        remedy=f"give another path to {option}",
    )


def tell_written(*paths: Path | None) -> None:
    """Say on a terminal which files there are."""
    console = Console(stderr=True)
    written = [str(path) for path in paths if path is not None and path != _STANDARD_OUTPUT]
    if console.is_terminal and written:
        console.print(f"\nWritten: {', '.join(written)}", markup=False, highlight=False, soft_wrap=True)


def shows_text(json_file: Path | None, *, quiet: bool) -> bool:
    """Whether the command prints its text: not when quiet, nor when the JSON is its output."""
    return not quiet and json_file != _STANDARD_OUTPUT


def write_json(path: Path, content: Any) -> None:
    """Write a result to a file as `plain_data`; to standard output where the path is "-"."""
    text = json.dumps(plain_data(content), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    try:
        if path == _STANDARD_OUTPUT:
            sys.stdout.write(text)
            sys.stdout.flush()
        else:
            path.write_text(text, "utf-8")
    except OSError as error:
        raise unwritable(path, "--json", error) from error
