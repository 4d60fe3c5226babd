"""`haarwire symmetries`: the groups known by name."""

from __future__ import annotations

from rich.table import Table

from haarwire import groups
from haarwire.cli.console import output
from haarwire.groups.naming import EXAMPLES

__all__ = ["symmetries_command"]


def symmetries_command() -> None:
    """List the symmetries that --symmetry knows by name, each with an example."""
    table = Table("for example", "what it does", box=None, pad_edge=False)
    table.columns[0].no_wrap = True
    for name, summary in groups.names().items():
        table.add_row(EXAMPLES[name], summary.replace("`", ""))
    output().print(table)
