"""`haarwire symmetries`: the groups known by name."""

from __future__ import annotations

from typing import Final

from rich.table import Table

from haarwire import groups
from haarwire.cli import options
from haarwire.cli.console import check_writable, output, shows_text, write_json
from haarwire.groups.naming import EXAMPLES

__all__ = ["HELP", "symmetries_command"]

HELP: Final = (
    "List the symmetries that --symmetry knows by name, each with an example.\n\n"
    "Sizes come after a colon, as in image_rotations:28 or image_rotations:8,channels=3. Any other group is "
    "a .npz file of generators: one square matrix each, as np.savez writes them.\n\n"
    "Examples:\n\n"
    "  haarwire symmetries\n\n"
    "  haarwire compare data.csv --symmetry cyclic_shifts:24\n\n"
    "  haarwire symmetries --json -"
)


def symmetries_command(*, json_file: options.JsonFile = None, quiet: options.Quiet = False) -> None:
    """Print the examples with what each does."""
    check_writable(json_file, "--json")
    summaries = {name: summary.replace("`", "") for name, summary in groups.names().items()}
    if json_file is not None:
        content = {name: {"example": EXAMPLES[name], "summary": text} for name, text in summaries.items()}
        write_json(json_file, content)
    if shows_text(json_file, quiet=quiet):
        table = Table("for example", "what it does", box=None, pad_edge=False)
        table.columns[0].no_wrap = True
        for name, text in summaries.items():
            table.add_row(EXAMPLES[name], text)
        output().print(table)
