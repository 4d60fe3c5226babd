"""What to type to get the same page again, and with which versions."""

from __future__ import annotations

import importlib.metadata
import platform
from typing import Any, Final

from haarwire import groups
from haarwire.comparison import Comparison
from haarwire.errors import HaarwireError
from haarwire.report.encoding import plain_text

__all__ = ["provenance_data"]

_PACKAGES: Final = ("numpy", "scipy")


def provenance_data(result: Comparison, command: str | None) -> dict[str, Any]:
    """The command line, or the call where there was none; the versions it ran with.

    In the call, a symmetry that has no name in the catalogue is `rep`.
    """
    from haarwire import __version__

    name = result.symmetry
    try:
        groups.from_name(name)
        rep = f"hw.groups.from_name({name!r})"
    except HaarwireError:
        rep = "rep"
    rank = f"rank={result.rank}, ridge={result.ridge!r}, test_size={result.test_size!r}, seed={result.seed}"
    call = f"hw.report(hw.compare(data, {rep}, {rank}))"
    return {
        "command": plain_text(command or call),
        "is_call": command is None,
        "versions": [
            ["haarwire", __version__],
            *([name, importlib.metadata.version(name)] for name in _PACKAGES),
            ["Python", platform.python_version()],
            ["system", f"{platform.system()} {platform.machine()}"],
        ],
    }
