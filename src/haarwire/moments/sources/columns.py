"""Which columns, or which arrays, are the inputs and which the targets."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias

from haarwire.errors import DataError

__all__ = [
    "ARRAY_PAIRS",
    "TARGET_NAMES",
    "Choice",
    "Names",
    "Wanted",
    "array_names",
    "chosen",
    "is_number",
    "is_position",
    "listed",
    "shortened",
    "split_columns",
]

Names: TypeAlias = str | int | Sequence[str | int] | None
"""One name, several in a list or separated by commas, or None for the default; numbers are positions, and
first..last are those columns and all between them."""

TARGET_NAMES: Final = ("y", "target", "targets", "label", "labels", "class")
"""What a target column is called where nobody says, in any case of letters."""

ARRAY_PAIRS: Final = (("x", "y"), ("X", "Y"), ("X", "y"), ("x_train", "y_train"), ("X_train", "y_train"))
"""What a pair of arrays is called where nobody says."""


class Wanted(NamedTuple):
    """Which columns or arrays were asked for."""

    x: Names
    y: Names
    weight: str | None

    @property
    def identity(self) -> str:
        """Changes with any of them."""
        return repr([None if names is None else listed(names) for names in self])


class Choice(NamedTuple):
    """Names of columns."""

    x: tuple[str, ...]
    y: tuple[str, ...]
    weight: str | None

    @property
    def names(self) -> list[str]:
        """All of them, in this order."""
        return [*self.x, *self.y, *([] if self.weight is None else [self.weight])]


def split_columns(label: str, names: Sequence[str], wanted: Wanted) -> Choice:
    """Columns called x, y and weight; by default the one with a usual name, and all others.

    Raises
    ------
    DataError
        If there is no such column, or none is left.
    """
    x, y, weight = wanted
    if y is None:
        y = next((name for name in names if name.lower() in TARGET_NAMES), None)
        if y is None:
            raise DataError(
                f"Which column of {label} is the target? It has {shortened(names)}.",
                cause="no column is called y, target, label or class"
                + (", or another separator than commas." if len(names) == 1 else "."),
                remedy=f"name it: y={names[-1]!r} (--y {names[-1]} on the command line)."
                if names
                else "give a table with columns.",
            )
    targets = chosen(label, names, y)
    if not targets:
        raise DataError(
            f"y={y!r} names no column of {label}.",
            cause="an empty list of targets.",
            remedy=f"name at least one; its columns are {shortened(names)}.",
        )
    weights = None if weight is None else chosen(label, names, weight)[0]
    taken = {*targets, weights}
    rest = [name for name in names if name not in taken]
    inputs = rest if x is None else chosen(label, names, x)
    if not inputs:
        raise DataError(
            f"{label} has no feature columns beside the target.",
            cause="a table of one column, or another separator than commas.",
            remedy="give a table with commas between the columns.",
        )
    return Choice(tuple(inputs), tuple(targets), weights)


def chosen(label: str, names: Sequence[str], wanted: Names) -> list[str]:
    """The columns of these names or positions.

    Raises
    ------
    DataError
        If there is no such column; names the nearest.
    """
    found: list[str] = []
    places = {name: i for i, name in enumerate(names)}
    for name in listed(wanted):
        ends = [name] if name in places else name.split("..")
        if len(ends) > 2:
            ends = [name]
        first, last = (_place(label, names, places, end.strip()) for end in (ends[0], ends[-1]))
        if last < first:
            raise DataError(
                f"{label} has column {names[first]!r} after {names[last]!r}: {name} holds none.",
                cause="the ends of a range in the wrong order.",
                remedy=f"write {names[last]}..{names[first]}.",
            )
        found += names[first : last + 1]
    return found


def _place(label: str, names: Sequence[str], places: Mapping[str, int], name: str) -> int:
    if name in places:
        return places[name]
    if is_position(name) and -len(names) <= int(name) < len(names):
        return int(name) % len(names)
    near = difflib.get_close_matches(name, names, n=1)
    raise DataError(
        f"{label} has no column {name!r}" + (f"; did you mean {near[0]!r}?" if near else "."),
        cause="a misspelt column, or a number out of range.",
        remedy=f"its columns are {shortened(names)}.",
    )


def array_names(label: str, names: Sequence[str], wanted: Wanted) -> tuple[str, ...]:
    """Which arrays of a file are inputs and targets, and weights if any.

    Raises
    ------
    DataError
        If they cannot be told.
    """
    x, y, weight = wanted
    fitting = [p for p in ARRAY_PAIRS if (x or p[0]) in names and (y or p[1]) in names]
    pair = (x or fitting[0][0], y or fitting[0][1]) if fitting else (x, y)
    options = (("x", pair[0]), ("y", pair[1]), *((("sample_weight", weight),) if weight is not None else ()))
    held = ", ".join(names) or "none"
    # A wrong name is told before a missing one.
    wrong = next((name for _, name in options if name is not None and name not in names), None)
    if wrong is not None:
        near = difflib.get_close_matches(str(wrong), names, n=1)
        raise DataError(
            f"{label} has no array called {wrong!r}" + (f"; did you mean {near[0]!r}?" if near else "."),
            cause="a misspelt name.",
            remedy=f"the arrays it holds are {held}.",
        )
    missing = next((option for option, name in options if name is None), None)
    if missing is not None:
        raise DataError(
            f"Which array of {label} is {missing}? It holds {held}.",
            cause="arrays with names of their own.",
            remedy='name the arrays: x="NAME", y="NAME" (--x NAME --y NAME on the command line); '
            f"it holds {held}.",
        )
    return tuple(str(name) for _, name in options)


def listed(wanted: Names) -> list[str]:
    """The names one by one."""
    if isinstance(wanted, str):
        return [part.strip() for part in wanted.split(",")]
    return [str(name) for name in wanted] if isinstance(wanted, Iterable) else [str(wanted)]


def is_position(name: str) -> bool:
    """Whether a name is a number of a column, perhaps from the end."""
    return re.fullmatch(r"-?[0-9]+", name) is not None


def is_number(cell: str) -> bool:
    """Whether a cell of text is a number."""
    try:
        float(cell)
    except ValueError:
        return False
    return "_" not in cell  # 1_000 is a number to Python only


def shortened(names: Sequence[str], limit: int = 8) -> str:
    """The first names, and how many there are."""
    return ", ".join(names[:limit]) + (f", … ({len(names)} in all)" if len(names) > limit else "")
