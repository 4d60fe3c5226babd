"""One answer: from an array, 1000 random batches, Parquet, Zarr, and Dask with 1, 2 and 4 workers."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from haarwire import Moments
from sources import FEATURES, TARGETS, arrays, batches, write_parquet, write_zarr

N = 3000
OFFSETS = [0.0, 1e6]

pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning",
    "ignore::pytest.PytestUnraisableExceptionWarning",
    "ignore:.*:UserWarning:distributed",
)


def samples(offset: float, dtype: Any) -> tuple[np.ndarray, np.ndarray]:
    """Standard deviations around 1, means of about `offset`, as the type can hold them."""
    rng = np.random.default_rng(0)
    X = offset + rng.standard_normal((N, FEATURES))
    return X.astype(dtype), (X[:, :TARGETS] + rng.standard_normal((N, TARGETS))).astype(dtype)


def exact(X: np.ndarray, Y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and scatter in whole numbers of 2⁻⁷⁴, rounded once at the end."""
    unit = 2**74
    Z = np.array([[int(Fraction(float(v)) * unit) for v in row] for row in np.hstack([X, Y])], dtype=object)
    total = Z.sum(axis=0)
    scatter = len(Z) * (Z.T @ Z) - np.multiply.outer(total, total)
    as_float = np.vectorize(lambda v, scale: float(Fraction(v, scale)), otypes=[float])
    return as_float(total, len(Z) * unit), as_float(scatter, len(Z) * unit**2)


def assert_exact(moments: Moments, mean: np.ndarray, scatter: np.ndarray) -> None:
    spread = np.sqrt(scatter.diagonal())
    assert moments.count == N
    assert np.abs((moments.scatter - scatter) / np.outer(spread, spread)).max() < 1e-12
    assert (np.abs(moments.mean - mean) <= 1e-12 * np.maximum(np.abs(mean), spread / np.sqrt(N))).all()


@pytest.mark.parametrize("write", [arrays, batches, write_parquet, write_zarr])
@pytest.mark.parametrize("offset", OFFSETS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_arrays_batches_and_files(write, offset, dtype, tmp_path: Path) -> None:
    X, Y = samples(offset, dtype)
    source, options = write(tmp_path, X, Y)
    if write is batches:
        source = list(source)
        assert len(source) == 1000
    moments = Moments.from_source(source, **options)
    assert moments.dtype == dtype
    assert_exact(moments, *exact(X, Y))


@pytest.fixture(scope="module", params=[1, 2, 4])
def client(request: pytest.FixtureRequest) -> Iterator[Any]:
    distributed = pytest.importorskip("distributed", reason="needs the dask extra")
    settings = {"threads_per_worker": 1, "processes": False, "dashboard_address": None, "silence_logs": 50}
    with (
        distributed.LocalCluster(n_workers=request.param, **settings) as cluster,
        distributed.Client(cluster, set_as_default=False) as made,
    ):
        yield made


@pytest.mark.parametrize("offset", OFFSETS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_dask(client, offset, dtype) -> None:
    da = pytest.importorskip("dask.array", reason="needs the dask extra")
    X, Y = samples(offset, dtype)
    dX, dY = da.from_array(X, chunks=(170, -1)), da.from_array(Y, chunks=(170, -1))
    moments = Moments.from_dask(dX, dY, cluster=client)
    assert moments.dtype == dtype
    assert_exact(moments, *exact(X, Y))
