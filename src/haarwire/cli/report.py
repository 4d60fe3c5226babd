"""`--report`: checked before the work, written after it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from haarwire.cli.console import check_writable
from haarwire.comparison import Comparison
from haarwire.errors import FileError, MissingDependencyError

__all__ = ["check_report", "command_line", "write_report"]

_ENDINGS: Final = (".html", ".htm")


def check_report(path: Path | None) -> None:
    """Raise FileError for another format or folder, MissingDependencyError without jinja2."""
    if path is None:
        return
    if path.suffix.lower() not in _ENDINGS:
        raise FileError(
            f"{path} is no page: it ends in {path.suffix or 'nothing'}",
            cause="another format, or the ending left out",
            remedy=f"give a path that ends in .html: --report {path.with_suffix('.html')}",
        )
    check_writable(path, "--report")
    if find_spec("jinja2") is None:
        raise MissingDependencyError(
            "reports need jinja2, which is not installed",
            cause="Haarwire was installed without its 'report' extra",
            remedy='pip install "haarwire[report]"',
        )


def command_line(command: str, data: str, options: Mapping[str, Any]) -> str:
    """What to type to run a command again: its options but those that were not given."""
    words = ["haarwire", command, data]
    for option, value in options.items():
        if value is not None:
            words += [option, f"{value!r}" if isinstance(value, float) else str(value)]
    return shlex.join(words)


def write_report(path: Path, result: Comparison, shape: tuple[int, int] | None, command: str) -> None:
    """Write the page of a comparison."""
    from haarwire.report import report

    report(result, path, image_shape=shape, command=command)
