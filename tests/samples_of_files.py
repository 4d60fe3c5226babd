"""Small samples, and what is asked of data sets made of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from haarwire.datasets import Dataset

N = 12
X = np.random.default_rng(0).standard_normal((N, 4))
LABELS = np.arange(N) % 3


def csv_of(text: str, name: str = "table.csv", encoding: str = "utf-8") -> str:
    Path(name).write_text(text, encoding=encoding)
    return name


def classes_of(data: Dataset) -> list[Any]:
    assert data.classes is not None
    return data.classes.tolist()


def codes_of(data: Dataset) -> list[int]:
    """Class numbers, after making sure that the targets are one-hot."""
    assert set(np.unique(data.Y)) <= {0.0, 1.0}
    np.testing.assert_array_equal(data.Y.sum(axis=1), 1.0)
    return data.Y.argmax(axis=1).tolist()
