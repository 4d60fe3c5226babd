"""Data sets in a .csv file: whether the first line is a header, and what the cells hold."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from haarwire.datasets.columns import from_columns
from haarwire.datasets.dataset import Dataset, Targets
from haarwire.errors import DataError, FileError
from haarwire.moments.sources.columns import TARGET_NAMES, Names, is_number, is_position, listed

__all__ = ["load_csv"]

_SHOWN: Final = 20
"""Lines that say which separator a file has."""

_SEPARATORS: Final = {";": "semicolons", "\t": "tabs", "|": "bars"}


def load_csv(path: Path, x: Names, y: Names, targets: Targets) -> Dataset:
    """Read a text table (see `haarwire.datasets.load`)."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file)
            lines = [(reader.line_num, row) for row in reader if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise FileError(
            f"{path} cannot be read: {error}",
            cause="a file in another encoding, or not a text table",
            remedy="save it as UTF-8 text with commas between the columns",
        ) from error
    if len(lines) < 2:
        raise DataError(
            f"{path.name} has {len(lines)} rows",
            cause="an empty file, or a header without data",
            remedy="give a table with a header line and one line per sample",
        )
    _check_separator(path, [row for _, row in lines[:_SHOWN]])
    width = len(lines[0][1])
    ragged = next(((number, row) for number, row in lines if len(row) != width), None)
    if ragged is not None:
        raise DataError(
            f"line {ragged[0]} of {path.name} has {len(ragged[1])} columns, the first line {width}",
            cause="a comma inside a value, or another separator",
            remedy='put values that hold commas in quotes: "a, b"',
        )
    first, second = lines[0][1], lines[1][1]
    if _is_header(first, second, _names(x) | (set(TARGET_NAMES) if y is None else _names(y))):
        names, lines = [cell.strip() for cell in first], lines[1:]
    else:
        names = [str(i) for i in range(width)]
    twice = next((name for i, name in enumerate(names) if name in names[:i]), None)
    if twice is not None:
        raise DataError(
            f"{path.name} has two columns called {twice!r}",
            cause="a table joined from two, or one without a header",
            remedy="give every column a name of its own",
        )
    columns = {name: _parsed([row[i] for _, row in lines]) for i, name in enumerate(names)}
    return from_columns(path, columns, x, y, targets)


def _check_separator(path: Path, rows: Sequence[Sequence[str]]) -> None:
    """Raise DataError where the columns are kept apart by another mark than commas."""
    texts = [",".join(row) for row in rows]
    for mark, word in _SEPARATORS.items():
        counts = {text.count(mark) for text in texts}
        if len(counts) == 1 and counts != {0} and min(len(row) for row in rows) <= max(counts):
            shown = "\\t" if mark == "\t" else mark
            decimals = any("," in text for text in texts[1:])
            command = f"sed 's/,/./g; s/{shown}/,/g'" if decimals else f"tr '{shown}' ','"
            raise DataError(
                f"the columns of {path.name} are separated by {word}, commas are needed",
                cause="a table saved by a program set to another language, or with another ending"
                + (": its decimals have commas, too" if decimals else ""),
                remedy=f"{command} < {path.name} > with_commas.csv, and give that file",
            )


def _names(wanted: Names) -> set[str]:
    names = [] if wanted is None else listed(wanted)
    parts = {part.strip() for name in names for part in [name, *name.split("..")]}
    return {part for part in parts if part and not is_position(part)}


def _is_header(first: Sequence[str], second: Sequence[str], wanted: set[str]) -> bool:
    """Whether the first line names the columns (see the notes of `load`)."""
    cells = [cell.strip() for cell in first]
    if any(cell in wanted or cell.lower() in wanted for cell in cells):
        return True
    numbers = [cell for cell in cells if is_number(cell)]
    if len(numbers) > 2 and numbers in [[str(start + i) for i in range(len(numbers))] for start in (0, 1)]:
        return True  # as pandas names columns that have no names
    pairs = [(a, b) for a, b in zip(cells, second, strict=True) if a and b.strip()]  # empty: missing
    alike = all(is_number(a) == is_number(b) for a, b in pairs)
    return not numbers or (not alike and any(not is_number(a) for a, _ in pairs))


def _parsed(cells: Sequence[str]) -> NDArray[Any]:
    """Integers where all are, numbers where all are (an empty cell is missing), else text."""
    stripped = [cell.strip() for cell in cells]
    if all(is_number(cell) for cell in stripped if cell):
        for kind in (np.int64, np.float64):
            try:
                return np.array([cell or "nan" for cell in stripped]).astype(kind)
            except (ValueError, OverflowError):
                continue
    return np.array(stripped)
