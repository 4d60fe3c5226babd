"""The command line: parse, call one public function, print."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from typing import Annotated, Any

try:
    import rich  # noqa: F401
    import typer
except ImportError as error:  # pragma: no cover - shown in an environment without the extra
    raise SystemExit(
        "The haarwire command needs typer and rich, which are not installed.\n"
        "  Likely cause: Haarwire was installed without its 'cli' extra\n"
        '  What to do: pip install "haarwire[cli,sklearn]"'
    ) from error

from haarwire.cli.compare import HELP as COMPARE_HELP
from haarwire.cli.compare import compare_command
from haarwire.cli.doctor import HELP as DOCTOR_HELP
from haarwire.cli.doctor import doctor_command, installed_version
from haarwire.cli.explore import HELP as EXPLORE_HELP
from haarwire.cli.explore import explore_command
from haarwire.cli.failures import EXIT_CODES, exit_code, print_warning, report
from haarwire.cli.landscape import HELP as LANDSCAPE_HELP
from haarwire.cli.landscape import landscape_command
from haarwire.cli.path import HELP as PATH_HELP
from haarwire.cli.path import path_command
from haarwire.cli.reproduce import HELP as REPRODUCE_HELP
from haarwire.cli.reproduce import reproduce_command
from haarwire.cli.symmetries import HELP as SYMMETRIES_HELP
from haarwire.cli.symmetries import symmetries_command
from haarwire.cli.symmetry import HELP as SYMMETRY_HELP
from haarwire.cli.symmetry import symmetry_command
from haarwire.cli.train import HELP as TRAIN_HELP
from haarwire.cli.train import train_command

__all__ = ["app", "main"]

HELP = (
    "Augment, regularize or hard-wire a symmetry into a linear model? All three, exactly.\n\n"
    "Every command has a help of its own, with examples: haarwire compare --help.\n\n"
    "Begin with:\n\n"
    "  haarwire compare digits --symmetry image_rotations:8 --rank 5\n\n"
    "  haarwire symmetries\n\n"
    "  haarwire doctor"
)
CODES = "\n\n".join(["Exit codes:", *(f"{code:>3}  {meaning}" for code, meaning in EXIT_CODES.items())])

app = typer.Typer(
    name="haarwire",
    help=HELP,
    epilog=CODES,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"haarwire {installed_version()}")
        raise typer.Exit


@app.callback()
def _root(
    *,
    version: Annotated[  # noqa: ARG001  its callback does it
        bool, typer.Option("--version", help="Show the version and exit.", callback=_version, is_eager=True)
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of an error; may stand after the command too.")
    ] = False,
) -> None:
    if not debug:
        warnings.showwarning = print_warning


for name, command, text, summary in (
    ("compare", compare_command, COMPARE_HELP, "Which approach to use on one data set, and why."),
    ("path", path_command, PATH_HELP, "Every strength of the invariance penalty, from 0 to infinity."),
    ("landscape", landscape_command, LANDSCAPE_HELP, "Every critical point of each approach."),
    ("symmetry", symmetry_command, SYMMETRY_HELP, "Which candidate symmetries the data support."),
    ("train", train_command, TRAIN_HELP, "Deep linear networks, against the closed forms."),
    ("explore", explore_command, EXPLORE_HELP, "The same views, live in the browser."),
    ("reproduce", reproduce_command, REPRODUCE_HELP, "The paper's experiments, as figures and a table."),
    ("symmetries", symmetries_command, SYMMETRIES_HELP, "The symmetries that --symmetry knows by name."),
    ("doctor", doctor_command, DOCTOR_HELP, "What is installed, what this machine has, and what to change."),
):
    app.command(name, help=text, short_help=summary)(command)


def main(arguments: list[str] | None = None) -> None:
    """Run the command; errors are printed without a traceback unless --debug is among the arguments."""
    run: Callable[..., Any] = app
    given = sys.argv[1:] if arguments is None else arguments
    debug = "--debug" in given
    with warnings.catch_warnings():
        try:
            # Stable: --debug goes to the front, where the command that holds all others reads it.
            run(args=sorted(given, key=lambda word: word != "--debug"), prog_name="haarwire")
        except Exception as error:  # noqa: BLE001  nothing is above this to be told
            report(error, debug=debug)
            raise SystemExit(exit_code(error)) from None
