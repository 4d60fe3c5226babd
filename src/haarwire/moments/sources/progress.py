"""A progress bar in plain text: rows so far, and rows per second."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Final, TextIO, TypeAlias

__all__ = ["Progress", "ProgressBar"]

Progress: TypeAlias = Callable[[int, int | None], None]
"""Called with the rows so far and the rows in all, None where they are not known."""

_INTERVAL: Final = 0.2


class ProgressBar:
    """Writes one line, again and again: ``1,200,000 of 10,000,000 rows (12 %), 350,000 rows/s``.

    Parameters
    ----------
    file : text file, optional
        By default standard error.
    """

    def __init__(self, file: TextIO | None = None) -> None:
        self._file = file or sys.stderr
        self._started = time.monotonic()
        self._written = self._started
        self._width = 0

    def __call__(self, rows: int, total: int | None) -> None:
        """Say how far the work is."""
        now = time.monotonic()
        if now - self._written < _INTERVAL:
            return
        self._written = now
        share = "" if not total else f" of {total:,}"
        percent = "" if not total else f" ({100 * rows // total} %)"
        text = f"{rows:,}{share} rows{percent}, {rows / (now - self._started):,.0f} rows/s"
        self._file.write("\r" + text.ljust(self._width))
        self._file.flush()
        self._width = len(text)

    def close(self) -> None:
        """End the line, if there is one."""
        if self._width:
            self._file.write("\n")
            self._file.flush()
