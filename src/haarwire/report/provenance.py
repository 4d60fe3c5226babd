"""What to type to get the same page again, and with which versions."""

from __future__ import annotations

import importlib.metadata
import platform
from typing import Any, Final

from haarwire.comparison import Comparison
from haarwire.report.encoding import plain_text

__all__ = ["provenance_data"]

_PACKAGES: Final = ("haarwire", "numpy", "scipy")


def provenance_data(result: Comparison, command: str | None) -> dict[str, Any]:
    """The command line, or the call where there was none; the versions it ran with."""
    fitted = result.fitted
    assert fitted is not None
    rank = f"rank={result.rank}, ridge={fitted.ridge!r}, test_size={fitted.test_size!r}, seed={fitted.seed}"
    call = f"hw.report(hw.compare(data, hw.groups.from_name({result.symmetry!r}), {rank}))"
    return {
        "command": plain_text(command or call),
        "is_call": command is None,
        "versions": [
            *([name, importlib.metadata.version(name)] for name in _PACKAGES),
            ["Python", platform.python_version()],
            ["system", f"{platform.system()} {platform.machine()}"],
        ],
    }
