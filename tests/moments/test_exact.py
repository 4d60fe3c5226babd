"""The route of 8-bit integers, which rounds nothing, against sums of Python's integers."""

from __future__ import annotations

import numpy as np
import pytest

from haarwire.moments import Moments
from rational import EPS, assert_close, assert_moments, exact, size_of


def integer_moments(X, Y):
    """Sums in Python's integers: N, Σ z, N Σ zzᵀ − Σ z Σ zᵀ (which is N S)."""
    Z = np.hstack([X.astype(np.int64), Y.reshape(len(X), -1).astype(np.int64)])
    total, products = Z.sum(axis=0).astype(object), (Z.T @ Z).astype(object)
    return len(X), total, len(X) * products - np.outer(total, total)


def extreme(dtype, shape, rng):
    low, high = (0, 1) if dtype is bool else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    return np.where(rng.random(shape) < rng.random(shape[1]), low, high).astype(dtype)


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, bool])
@pytest.mark.parametrize("n", [1, 1024, 4096])
def test_bytes_are_summed_without_any_rounding(dtype, n):
    # For N a power of two nothing is rounded anywhere, so equality is exact to the last bit.
    rng = np.random.default_rng(1)
    X, Y = extreme(dtype, (n, 11), rng), rng.choice([-128.0, 0.0, 1.0, 128.0], (n, 3))
    moments = Moments.from_arrays(X, Y)
    count, total, scatter = integer_moments(X, Y)
    assert moments.mean.tolist() == [t / count for t in total]
    assert moments.scatter.tolist() == [[s / count for s in row] for row in scatter]


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, bool])
@pytest.mark.parametrize("chunk_rows", [None, 37])
def test_bytes_for_any_number_of_rows(dtype, chunk_rows):
    rng = np.random.default_rng(2)
    X, Y = extreme(dtype, (3001, 11), rng), np.eye(3, dtype=np.float32)[rng.integers(0, 3, 3001)]
    X[:, 4] = 1
    X[7:, 5] = 0
    moments = Moments.from_arrays(X, Y, chunk_rows=chunk_rows)
    count, total, scatter = integer_moments(X, Y)
    # Means are rounded once. In the scatter, a quotient and a difference, neither above √(S_ii S_jj).
    assert moments.mean.tolist() == [t / count for t in total]
    expected = np.array([[s / count for s in row] for row in scatter])
    assert (np.abs(moments.scatter - expected) <= 1.5 * EPS * size_of(expected)).all()
    assert not moments.scatter[4].any()
    assert moments.dtype == np.float64


def test_both_routes_agree():
    rng = np.random.default_rng(3)
    X, Y = rng.integers(0, 256, (2500, 5), dtype=np.uint8), rng.integers(0, 4, 2500)
    fast = Moments.from_arrays(X, Y)
    assert_close(fast, Moments.from_arrays(X.astype(float), Y), 2500)
    assert_close(fast, Moments.from_arrays(X, Y, np.ones(2500)), 2500)
    assert_close(Moments.from_arrays(X, Y + 0.5), Moments.from_arrays(X.astype(float), Y + 0.5), 2500)
    # Targets that would not be exact: 16 bits and more, NaN-free but large.
    large = 9999 * Y + X[:, 0]
    assert_close(Moments.from_arrays(X, large), Moments.from_arrays(X.astype(float), large), 2500)


@pytest.mark.parametrize("last", [np.uint8, np.int8, np.float64])
@pytest.mark.parametrize("weight", [1.0, 0.5])
def test_a_stream_may_change_its_route(last, weight):
    rng = np.random.default_rng(4)
    X, Y = rng.integers(0, 100, (600, 5), dtype=np.uint8), rng.integers(0, 4, 600)
    w = np.repeat([1.0, weight], 300)
    batches = [(X[:300], Y[:300]), (X[300:].astype(last), Y[300:], w[300:])]
    assert_moments(Moments.from_batches(batches), exact(X, Y, w), 600)
