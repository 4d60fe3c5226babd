"""`haarwire symmetries`: the groups known by name."""

from __future__ import annotations

from rich.table import Table

from haarwire import groups
from haarwire.cli.console import output

__all__ = ["symmetries_command"]


def symmetries_command() -> None:
    """List the symmetries that --symmetry knows by name."""
    table = Table("name", "what it does", box=None, pad_edge=False)
    for name, summary in groups.names().items():
        table.add_row(name, summary)
    output().print(table)
