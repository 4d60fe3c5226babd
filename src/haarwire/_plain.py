"""Results as plain data: what JSON can hold, the same words in every file that Haarwire writes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

__all__ = ["plain_data"]


def plain_data(value: Any) -> Any:
    """Dicts, lists, numbers, strings, booleans and None, nested as the value is.

    A dataclass is a dict of its fields. Infinity, which JSON lacks, is "inf" or "-inf"; NaN is None.

    Parameters
    ----------
    value : object
        Made of dataclasses, mappings, lists, tuples, arrays and scalars.

    Returns
    -------
    object
    """
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain_data(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {key: plain_data(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain_data(item) for item in value]
    if isinstance(value, np.ndarray | np.generic):
        return plain_data(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else "inf" if value > 0 else "-inf"
    return value
