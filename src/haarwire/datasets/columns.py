"""A data set from named columns: which are the inputs, which the target."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from haarwire.datasets.dataset import Dataset, Targets
from haarwire.errors import DataError
from haarwire.moments.sources.columns import TARGET_NAMES, chosen, shortened

__all__ = ["TARGET_NAMES", "from_columns", "inputs_of", "is_number"]


def from_columns(
    path: Path, columns: dict[str, NDArray[Any]], x: str | None, y: str | None, targets: Targets
) -> Dataset:
    """Take the columns called x and y, or by default the one with a usual name and all others."""
    names = list(columns)
    if y is None:
        y = next((name for name in names if name.lower() in TARGET_NAMES), None)
        if y is None:
            raise DataError(
                f"which column of {path.name} is the target? It has {shortened(names)}",
                cause="no column is called y, target, label or class"
                + (", or another separator than commas" if len(names) == 1 else ""),
                remedy=f"name it: --y {names[-1]} (in Python y={names[-1]!r})",
            )
    target = chosen(path.name, names, y)
    X = inputs_of(path, columns, x, target)
    parts = [columns[name] for name in target]
    Y = parts[0] if len(parts) == 1 else _side_by_side(parts)
    return Dataset.from_arrays(X, Y, name=path.stem, targets=targets)


def inputs_of(
    path: Path, columns: dict[str, NDArray[Any]], x: str | None, target: Sequence[str]
) -> NDArray[Any]:
    """Columns x, or by default all but the targets, as a matrix of numbers."""
    names = list(columns)
    wanted = chosen(path.name, names, x) if x is not None else [name for name in names if name not in target]
    text = next((name for name in wanted if columns[name].dtype.kind not in "biuf"), None)
    if text is not None:
        cells = columns[text].tolist()
        shown = next((cell for cell in cells if not is_number(str(cell))), cells[0])
        raise DataError(
            f"column {text!r} of {path.name} is not numeric: it holds {shown!r}",
            cause="a column of text, or of numbers with units or thousands separators",
            remedy="leave it out by naming the feature columns: --x a,b,c or --x a..c (in Python x='a,b,c')",
        )
    if not wanted:
        raise DataError(
            f"{path.name} has no feature columns beside the target",
            cause="a table of one column, or another separator than commas",
            remedy="give a table with commas between the columns",
        )
    return _side_by_side([columns[name] for name in wanted])


def _side_by_side(columns: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Columns, and fields of a structured array that are several each, as one matrix."""
    return np.concatenate([np.asarray(c).reshape(len(c), math.prod(c.shape[1:])) for c in columns], axis=1)


def is_number(cell: str) -> bool:
    """Whether a cell of text is a number."""
    try:
        float(cell)
    except ValueError:
        return False
    return "_" not in cell  # 1_000 is a number to Python only
