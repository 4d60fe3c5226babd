"""What the tests of Dask share: samples, and how far moments are apart."""

from __future__ import annotations

from typing import Any

import numpy as np

from haarwire import Moments

N, FEATURES = 4000, 5


def samples(offset: float = 0.0, dtype: Any = np.float64) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    X = offset + rng.standard_normal((N, FEATURES)) * np.geomspace(0.1, 10, FEATURES)
    return X.astype(dtype), (X[:, :2] + rng.standard_normal((N, 2))).astype(dtype)


def difference(a: Moments, b: Moments) -> float:
    assert (a.n_features, a.count, a.dtype) == (b.n_features, b.count, b.dtype)
    spread = np.sqrt(b.scatter.diagonal())
    means = np.abs(a.mean - b.mean) / (np.abs(b.mean) + spread / np.sqrt(b.count))
    return max(float((np.abs(a.scatter - b.scatter) / np.outer(spread, spread)).max()), float(means.max()))
