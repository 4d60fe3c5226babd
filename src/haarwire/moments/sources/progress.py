"""A progress bar in plain text: rows so far, and rows per second."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, TextIO, TypeAlias

__all__ = ["Progress", "ProgressBar", "shown"]

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
        self._last: tuple[int, int | None] | None = None

    def __call__(self, rows: int, total: int | None) -> None:
        """Say how far the work is."""
        self._last = rows, total
        if time.monotonic() - self._written >= _INTERVAL:
            self._draw(rows, total)

    def _draw(self, rows: int, total: int | None) -> None:
        self._written = now = time.monotonic()
        share = "" if not total else f" of {total:,}"
        percent = "" if not total else f" ({100 * rows // total} %)"
        text = f"{rows:,}{share} rows{percent}, {rows / (now - self._started):,.0f} rows/s"
        self._file.write("\r" + text.ljust(self._width))
        self._file.flush()
        self._width = len(text)

    def close(self) -> None:
        """End the line, if there is one, with how far the work came."""
        if self._width and self._last is not None:
            self._draw(*self._last)
            self._file.write("\n")
            self._file.flush()


@contextmanager
def shown(progress: bool | Progress) -> Iterator[Progress | None]:
    """What to call with the rows so far, None if nothing; a bar is closed at the end, also of a failure."""
    if progress is not True:
        yield progress or None
        return
    bar = ProgressBar()
    try:
        yield bar
    finally:
        bar.close()
