"""Samples kept as they are: what is refused, and that they say what their moments say."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

import haarwire as hw
from haarwire import DataError, Moments, Samples

N, FEATURES = 12, 20


def arrays(dtype: type = np.float64) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((N, FEATURES)) * (rng.random((N, FEATURES)) < 0.5)
    return X.astype(dtype), rng.standard_normal((N, 2)).astype(dtype)


@pytest.mark.parametrize("make", [np.asarray, sp.csr_array, sp.csc_array])
def test_a_missing_value_is_named_by_its_place(make) -> None:
    X, Y = arrays()
    X[1, 13] = np.nan
    with pytest.raises(DataError) as error:
        Samples.from_arrays(make(X), Y)
    assert error.value.what == "X is nan at row 1, column 13."
    Y[5, 1] = np.inf
    with pytest.raises(DataError, match=r"is (nan at row 1, column 13|inf at row 5, column 1)"):
        Samples.from_arrays(make(X), Y)


@pytest.mark.parametrize("make", [np.asarray, sp.csr_array])
def test_samples_of_weight_zero_may_hold_anything(make) -> None:
    X, Y = arrays()
    weights = np.ones(N)
    weights[[1, 5]] = 0.0
    kept = Samples.from_arrays(make(X), Y, weights)
    X[1, 13], Y[5, 1] = np.nan, np.inf
    samples = Samples.from_arrays(make(X), Y, weights)
    assert samples.count == N - 2
    assert np.array_equal(samples.moments().scatter, kept.moments().scatter)
    X[2, 3] = np.nan
    with pytest.raises(DataError, match="X is nan at row 2, column 3"):
        Samples.from_arrays(make(X), Y, weights)


@pytest.mark.parametrize("make", [np.asarray, sp.csr_array])
def test_results_have_the_precision_of_the_inputs(make) -> None:
    X, Y = arrays(np.float32)
    samples = Samples.from_arrays(make(X), Y)
    assert samples.moments().dtype == samples.in_coordinates(np.eye(FEATURES)).dtype == np.float32
    for approach in (hw.Plain(), hw.Hardwired(), hw.Regularized(1.0)):
        solution = hw.solve(samples, hw.groups.cyclic_shifts(FEATURES), approach=approach)
        assert solution.coef.dtype == np.float32


def test_variances_of_sparse_inputs_far_from_zero() -> None:
    """Columns that are stored in full, in part, and not at all."""
    X, Y = arrays()
    X[:, :5] += 1e6
    X[:, 19] = 0.0
    weights = np.arange(1.0, N + 1)
    expected = Moments.from_arrays(X, Y, weights).gram.diagonal()
    found = Samples.from_arrays(sp.csr_array(X), Y, weights).variances
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_collections_that_are_no_samples() -> None:
    da = pytest.importorskip("dask.array", reason="needs the dask extra")
    pytest.importorskip("distributed", reason="needs the dask extra")
    X, Y = (da.from_array(A, chunks=5) for A in arrays())
    with pytest.raises(DataError, match=r"X has shape \(12,\)"):
        Samples.from_arrays(X[:, 0], Y)
    with pytest.raises(DataError, match=r"X has shape .* and dtype <U"):
        Samples.from_arrays(X.astype(str), Y)
    for weights, what in (
        (np.zeros(N), r"least entry 0\.0 and the sum 0\.0"),
        (np.r_[-1.0, np.ones(N - 1)], r"least entry -1\.0"),
        (np.r_[np.nan, np.ones(N - 1)], "least entry nan"),
        (np.r_[np.inf, np.ones(N - 1)], "the sum inf"),
    ):
        with pytest.raises(
            DataError, match=f"sample_weight has the {what}" if "sum inf" not in what else what
        ):
            Samples.from_arrays(X, Y, da.from_array(weights, chunks=5))
