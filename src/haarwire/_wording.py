"""How numbers, tables and the two questions are written for people, on the terminal and on a page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

__all__ = ["QUESTIONS", "alpha_text", "count", "counted", "number", "pvalue", "score", "small", "text_table"]

QUESTIONS: Final = {"as_is": "data as they are", "moved": "data moved by the group"}

_FLOAT_DIGITS: Final = 300
"""Counts of more digits than this are beyond floats."""


def number(value: float) -> str:
    """Four significant digits in at most nine columns."""
    size = abs(value)
    if size == 0 or 1e-3 <= size < 1e3:
        return f"{value:#.4g}" if size else "0"
    return f"{value:.0f}" if 1e3 <= size < 1e6 else f"{value:.2e}"


def small(value: float) -> str:
    """Three decimals, or two significant digits of what they do not show."""
    if value == 0:
        return "0"
    return f"{value:.3f}" if value >= 1e-3 else f"{value:.1e}"


def score(value: float) -> str:
    """An accuracy or R² to three decimals."""
    return f"{value:.3f}" if abs(value) < 1e3 else f"{value:.1e}"


def pvalue(value: float) -> str:
    """A p-value, or a bound of one too small to be told."""
    return "< 1e-300" if value < 1e-300 else f"{value:.2g}"


def alpha_text(alpha: float) -> str:
    """A penalty strength."""
    return "∞" if math.isinf(alpha) else f"{alpha:.3g}"


def count(value: int) -> str:
    """Exact up to ten million, then its leading digits; integers may be beyond floats."""
    if value < 10**7:
        return str(value)
    digits = math.log10(value)
    if digits < _FLOAT_DIGITS:
        return f"{value:.2e}"
    return f"{10 ** (digits % 1):.2f}e+{math.floor(digits)}"


def counted(value: int, noun: str) -> str:
    """A number of things."""
    return f"{value} {noun}{'' if value == 1 else 's'}"


def text_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Rows under headings of one or two lines; names to the left, numbers to the right."""
    lines = max(heading.count("\n") for heading in headings)
    columns = [("\n" * (lines - heading.count("\n")) + heading).split("\n") for heading in headings]
    table = [*zip(*columns, strict=True), *rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if i else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ).rstrip()
        for cells in table
    )
