"""Numbers: types of arrays of them, and which values count as numbers where an argument is one."""

from __future__ import annotations

import math
from typing import Any, TypeAlias, TypeGuard

import numpy as np
from numpy.typing import NDArray

__all__ = ["FloatArray", "IndexArray", "IntArray", "is_integer", "is_real"]

FloatArray: TypeAlias = NDArray[np.floating[Any]]
IntArray: TypeAlias = NDArray[np.integer[Any]]
IndexArray: TypeAlias = NDArray[np.intp]


def is_integer(value: object, least: float = -math.inf) -> TypeGuard[int]:
    """Whether it is a whole number, of Python or NumPy and no boolean, of at least `least`."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and bool(value >= least)


def is_real(value: object) -> TypeGuard[float]:
    """Whether it is a real number, of Python or NumPy and no boolean; infinite or NaN too."""
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
