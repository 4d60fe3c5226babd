"""What the tests of saving share: objects to be saved, equality to the bit, and files taken apart."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import scipy.sparse as sp
from safetensors.numpy import load_file, save_file

import haarwire as hw


def planted(n: int = 6) -> hw.datasets.Dataset:
    return hw.datasets.planted(hw.groups.cyclic_shifts(n), 60, n_targets=2, rng=0)


def moments(accuracy: str = "gram", dtype: type = np.float64) -> hw.Moments:
    data = planted()
    return hw.Moments.from_arrays(data.X.astype(dtype), data.Y.astype(dtype), accuracy=accuracy)


def same(a: Any, b: Any) -> bool:
    """Equal in every field, to the bit."""
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and np.array_equal(a, b)
    if sp.issparse(a):
        return a.shape == b.shape and (a != b).nnz == 0
    if hasattr(a, "__dataclass_fields__"):
        return type(a) is type(b) and all(same(getattr(a, f), getattr(b, f)) for f in a.__dataclass_fields__)
    if hasattr(a, "to_dense"):
        return type(a) is type(b) and np.array_equal(a.to_dense(), b.to_dense())
    if isinstance(a, list | tuple):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    return bool(a == b)


def content(path: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Arrays and header, without the checksum: what is changed on purpose is to be read."""
    with safetensors.safe_open(path, framework="numpy") as file:
        header = json.loads(file.metadata()["haarwire"])
    return load_file(path), {name: value for name, value in header.items() if name != "checksum"}


def rewrite(path: Path, arrays: dict[str, np.ndarray], header: Any) -> None:
    text = header if isinstance(header, str) else json.dumps(header)
    save_file(arrays, path, metadata={"haarwire": text})
