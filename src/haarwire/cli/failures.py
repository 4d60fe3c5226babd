"""How the command ends when something goes wrong: three lines, an exit code, a traceback when asked for."""

from __future__ import annotations

import traceback
from typing import Final

from rich.console import Console
from rich.markup import escape

from haarwire.cli.console import print_error
from haarwire.errors import HaarwireError

__all__ = ["EXIT_CODES", "FAILED", "INTERNAL", "exit_code", "print_warning", "report"]

FAILED: Final = 1
INTERNAL: Final = 70

EXIT_CODES: Final = {
    0: "done",
    FAILED: "an error, said in three lines: a file, a name, data or a number that does not fit",
    2: "a wrong command line: an unknown command or option, a missing one, or no number where one is due",
    INTERNAL: "an error that Haarwire did not expect, or not enough memory",
    130: "interrupted from the keyboard",
}
"""What scripts can rely on."""


def report(error: Exception, *, debug: bool) -> None:
    """Print an error that ends the command, after its traceback if `debug`."""
    if debug:
        traceback.print_exception(error)
    if not isinstance(error, HaarwireError):
        print_error(_unexpected(error, debug=debug))
    elif not debug:  # else its three lines end the traceback
        print_error(error)


def _unexpected(error: Exception, *, debug: bool) -> HaarwireError:
    if isinstance(error, MemoryError):
        return HaarwireError(
            f"not enough memory: {error}" if str(error) else "not enough memory",
            cause="more features or samples than this machine can hold at once",
            remedy="take fewer features, or read the data in parts: haarwire.Moments in Python",
        )
    return HaarwireError(
        f"{type(error).__name__}: {error}",
        cause="a mistake in Haarwire, or in an installed library: errors in data are said in other words",
        remedy="report it with the lines above and the output of haarwire doctor"
        if debug
        else "see where with --debug; report it with the output of haarwire doctor",
    )


def exit_code(error: Exception) -> int:
    """The exit code of an error, as in `EXIT_CODES`."""
    return FAILED if isinstance(error, HaarwireError) else INTERNAL


def print_warning(message: Warning | str, *_: object, **__: object) -> None:
    """Print a warning on a line, without the place in the code; in place of `warnings.showwarning`."""
    console = Console(stderr=True)
    text = f"[bold yellow]Warning:[/bold yellow] {escape(str(message))}"
    console.print(text, highlight=False, soft_wrap=not console.is_terminal)
