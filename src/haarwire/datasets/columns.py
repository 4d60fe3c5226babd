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
from haarwire.moments.sources.columns import Names, Wanted, chosen, is_number, split_columns

__all__ = ["from_columns", "inputs_of"]


def from_columns(
    path: Path, columns: dict[str, NDArray[Any]], x: Names, y: Names, targets: Targets
) -> Dataset:
    """Take the columns called x and y, or by default the one with a usual name and all others."""
    choice = split_columns(path.name, list(columns), Wanted(x, y, None))
    X = _numbers(path, columns, choice.x)
    parts = [columns[name] for name in choice.y]
    Y = parts[0] if len(parts) == 1 else _side_by_side(parts)
    return Dataset.from_arrays(X, Y, name=path.stem, targets=targets)


def inputs_of(path: Path, columns: dict[str, NDArray[Any]], x: Names) -> NDArray[Any]:
    """Columns x as a matrix of numbers."""
    return _numbers(path, columns, chosen(path.name, list(columns), x))


def _numbers(path: Path, columns: dict[str, NDArray[Any]], names: Sequence[str]) -> NDArray[Any]:
    text = next((name for name in names if columns[name].dtype.kind not in "biuf"), None)
    if text is not None:
        cells = columns[text].tolist()
        shown = next((cell for cell in cells if not is_number(str(cell))), cells[0])
        raise DataError(
            f"column {text!r} of {path.name} is not numeric: it holds {shown!r}",
            cause="a column of text, or of numbers with units or thousands separators",
            remedy="leave it out by naming the feature columns: --x a,b,c or --x a..c (in Python x='a,b,c')",
        )
    return _side_by_side([columns[name] for name in names])


def _side_by_side(columns: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Columns, and fields of a structured array that are several each, as one matrix."""
    return np.concatenate([np.asarray(c).reshape(len(c), math.prod(c.shape[1:])) for c in columns], axis=1)
