"""Real data, where there are any: in the folder that HAARWIRE_DATA names, else in one beside the checkout."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

__all__ = ["real_arrays"]

DATA = Path(os.environ.get("HAARWIRE_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))


def real_arrays(name: str) -> dict[str, NDArray[Any]]:
    """The arrays of a .npz file of this name; the test is skipped where there is none."""
    path = DATA / f"{name}.npz"
    if not path.is_file():
        pytest.skip(f"there is no {path} (HAARWIRE_DATA names the folder)")
    with np.load(path, allow_pickle=False) as file:
        return dict(file)
