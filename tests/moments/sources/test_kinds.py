"""The same moments from every kind of source."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import haarwire as hw
from haarwire import DataError, FileError, Moments, ParameterError
from haarwire.moments.sources import open_source
from sources import (
    FEATURES,
    WRITERS,
    N,
    difference,
    samples,
    write_csv,
    write_hdf5,
    write_npz,
    write_parquet,
)


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize(("offset", "dtype"), [(0.0, np.float64), (1e6, np.float64), (3.0, np.float32)])
def test_the_same_moments_from_every_kind_of_source(write, offset, dtype, tmp_path) -> None:
    X, Y = samples(offset, dtype)
    source, options = write(tmp_path, X, Y)
    moments = Moments.from_source(source, **options)
    if write is write_csv and dtype is np.float32:
        X, Y = X.astype(np.float64), Y.astype(np.float64)  # text has no precision of its own
        text = np.loadtxt(tmp_path / "c0.csv", delimiter=",", skiprows=1)
        X[: len(text)] = text[:, :FEATURES]  # shortest digits of float32
        moments = Moments.from_source(tmp_path / "c0.csv", **options)
        X, Y = text[:, :FEATURES], text[:, FEATURES:]
    assert difference(moments, Moments.from_arrays(X, Y)) < 1e-12


@pytest.mark.parametrize("write", [write_npz, write_parquet, write_csv, write_hdf5])
def test_urls_of_fsspec(write, tmp_path) -> None:
    fsspec = pytest.importorskip("fsspec", reason="needs the io extra")
    X, Y = samples()
    source, options = write(tmp_path, X, Y)
    memory = fsspec.filesystem("memory")
    memory.put(str(tmp_path) + "/", "/bucket", recursive=True)
    name = "" if write is write_parquet else Path(str(source)).name
    url = "memory://bucket" + ("/tables" if write is write_parquet else f"/{name}")
    try:
        assert difference(Moments.from_source(url, **options), Moments.from_arrays(X, Y)) < 1e-12
        local = Moments.from_source(f"file://{source}", **options)
        assert difference(local, Moments.from_arrays(X, Y)) < 1e-12
        with pytest.raises(FileError, match="no file memory://bucket/none"):
            Moments.from_source("memory://bucket/none.npz")
    finally:
        memory.rm("/bucket", recursive=True)


def test_images_of_bytes_with_labels_take_the_exact_route() -> None:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (N, 3, 4), dtype=np.uint8)
    labels = np.sort(rng.integers(0, 5, N))  # every class begins late
    moments = Moments.from_source((images, labels), one_hot=True, accuracy="gram")
    expected = Moments.from_arrays(images.reshape(N, -1), np.eye(5, dtype=np.uint8)[labels])
    assert np.array_equal(moments.scatter, expected.scatter)
    assert np.array_equal(moments.mean, expected.mean)


@pytest.mark.parametrize("accuracy", ["gram", "qr"])
def test_classes_that_begin_late_are_columns_of_zeros_before(accuracy) -> None:
    X, _ = samples(1e6)
    labels = np.repeat([3, 1, 2], N // 3)
    moments = Moments.from_source((X, labels), one_hot=True, accuracy=accuracy)
    expected = Moments.from_arrays(X, np.eye(4)[labels][:, 1:])
    assert difference(moments, expected) < 1e-12
    if accuracy == "qr":
        assert np.array_equal(moments.factor, np.triu(moments.factor))


@pytest.mark.parametrize("sparse", [True, False])
def test_only_the_invariant_coordinates(sparse) -> None:
    rep = hw.groups.permutations_of_sets(3, 2)
    subspace = hw.invariant_subspace(rep)
    X, Y = samples()
    basis = subspace.matrix if sparse else np.asarray(subspace.basis)
    inner = Moments.from_source((X, Y), basis=basis)
    assert inner.n_features == subspace.dim < FEATURES
    found = hw.solve(inner, hw.groups.trivial(subspace.dim), approach=hw.Plain())
    whole = hw.solve(Moments.from_arrays(X, Y), rep, approach=hw.Hardwired())
    np.testing.assert_allclose(subspace.embed(found.coef), whole.coef, rtol=1e-10, atol=1e-12)
    X[1234, 1] = np.nan
    with pytest.raises(DataError, match="is nan at row 1234, column 1"):
        Moments.from_source((X, Y), basis=basis)
    with pytest.raises(DataError, match="the basis is for 5"):
        Moments.from_source((X, Y), basis=np.eye(5))
    with pytest.raises(ParameterError, match="basis has shape"):
        Moments.from_source((X, Y), basis=np.ones(6))


def test_a_source_has_a_short_name() -> None:
    assert repr(open_source(iter([]))) == "Source(batches)"
