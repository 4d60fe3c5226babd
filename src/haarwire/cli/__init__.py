"""The command line: parse, call one public function, print."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

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
from haarwire.cli.console import print_error
from haarwire.cli.explore import HELP as EXPLORE_HELP
from haarwire.cli.explore import explore_command
from haarwire.cli.landscape import HELP as LANDSCAPE_HELP
from haarwire.cli.landscape import landscape_command
from haarwire.cli.path import HELP as PATH_HELP
from haarwire.cli.path import path_command
from haarwire.cli.reproduce import HELP as REPRODUCE_HELP
from haarwire.cli.reproduce import reproduce_command
from haarwire.cli.symmetries import symmetries_command
from haarwire.cli.symmetry import HELP as SYMMETRY_HELP
from haarwire.cli.symmetry import symmetry_command
from haarwire.cli.train import HELP as TRAIN_HELP
from haarwire.cli.train import train_command
from haarwire.errors import HaarwireError

__all__ = ["app", "main"]

app = typer.Typer(
    name="haarwire",
    help="Augment, regularize or hard-wire a symmetry into a linear model? All three, exactly.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
for name, command, text, summary in (
    ("compare", compare_command, COMPARE_HELP, "Which approach to use on one data set, and why."),
    ("path", path_command, PATH_HELP, "Every strength of the invariance penalty, from 0 to infinity."),
    ("landscape", landscape_command, LANDSCAPE_HELP, "Every critical point of each approach."),
    ("symmetry", symmetry_command, SYMMETRY_HELP, "Which candidate symmetries the data support."),
    ("train", train_command, TRAIN_HELP, "Deep linear networks, against the closed forms."),
    ("explore", explore_command, EXPLORE_HELP, "The same views, live in the browser."),
    ("reproduce", reproduce_command, REPRODUCE_HELP, "The paper's experiments, as figures and a table."),
):
    app.command(name, help=text, short_help=summary)(command)
app.command("symmetries")(symmetries_command)


def main(arguments: list[str] | None = None) -> None:
    """Run the command; errors that Haarwire raises on purpose are printed without a traceback."""
    run: Callable[..., Any] = app
    try:
        run(args=arguments, prog_name="haarwire")
    except HaarwireError as error:
        print_error(error)
        raise SystemExit(1) from None
