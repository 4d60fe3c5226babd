"""Dask collections without a cluster: arrays, frames and batches, in blocks of rows and of columns."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import haarwire as hw
from haarwire import DataError, Moments, ParameterError
from haarwire.moments import alignment, collections, reduction
from haarwire.moments.conditioning import IllConditionedWarning
from rows_for_dask import FEATURES, N, difference, samples

pytest.importorskip("distributed", reason="needs the dask extra")
pytest.importorskip("dask.array", reason="needs the dask extra")

import dask
import dask.array as da
from dask.callbacks import Callback


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alignment, "BLOCK_BYTES", 2**14)
    monkeypatch.setattr(reduction, "SEGMENT", 8)


@pytest.mark.parametrize("scheduler", ["synchronous", "threads"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.uint8])
def test_collections_without_a_cluster(scheduler, dtype) -> None:
    X, Y = samples(100.0, dtype)
    w = np.random.default_rng(0).integers(0, 3, N)
    dX, dY, dw = (da.from_array(A, chunks=333) for A in (X, Y, w))
    with dask.config.set(scheduler=scheduler):
        assert difference(Moments.from_dask(dX, dY), Moments.from_arrays(X, Y)) < 1e-12
        assert difference(Moments.from_dask(dX, Y), Moments.from_arrays(X, Y)) < 1e-12
        assert difference(Moments.from_dask(dX, dY, dw), Moments.from_arrays(X, Y, w)) < 1e-12
        assert difference(Moments.from_dask(dX, dY, w), Moments.from_arrays(X, Y, w)) < 1e-12
        by_triangle = Moments.from_dask(dX, dY, accuracy="qr")
        assert by_triangle.factor is not None
        assert difference(by_triangle, Moments.from_arrays(X, Y)) < 1e-12
        images = dX.reshape(N, 1, FEATURES)
        assert difference(Moments.from_dask(images, dY), Moments.from_arrays(X, Y)) < 1e-12


def test_labels_and_coordinates() -> None:
    X, _ = samples()
    labels = np.array(list("cab"))[np.random.default_rng(0).integers(0, 3, N)]
    expected = Moments.from_arrays(X, (labels[:, None] == np.array(list("abc"))).astype(float))
    dX, dl = da.from_array(X, chunks=777), da.from_array(labels, chunks=500)
    with dask.config.set(scheduler="synchronous"):
        assert difference(Moments.from_dask(dX, dl, one_hot=True), expected) < 1e-12
        assert difference(Moments.from_dask(dX, dl, one_hot=list("abc")), expected) < 1e-12
        rep = hw.groups.cyclic_shifts(FEATURES)
        subspace = hw.invariant_subspace(rep)
        Y = samples()[1]
        inner = Moments.from_dask(dX, Y, basis=subspace.matrix)
    found = hw.solve(inner, hw.groups.trivial(subspace.dim), approach=hw.Plain())
    whole = hw.solve(Moments.from_arrays(X, Y), rep, approach=hw.Hardwired())
    np.testing.assert_allclose(subspace.embed(found.coef), whole.coef, rtol=1e-9)


@pytest.mark.parametrize("column_block", [1, 3, 5, 100])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_blocks_of_columns(column_block, dtype, monkeypatch) -> None:
    monkeypatch.setattr(alignment, "BLOCK_BYTES", 2**13 * column_block)
    X, Y = samples(1e6 if dtype is np.float64 else 10.0, dtype)
    dX, dY = da.from_array(X, chunks=(999, 2)), da.from_array(Y, chunks=(1000, 1))
    with dask.config.set(scheduler="synchronous"):
        found = Moments.from_dask(dX, dY, column_block=column_block)
        assert difference(found, Moments.from_arrays(X, Y)) < 1e-12
        assert np.array_equal(found.scatter, found.scatter.T)
        w = np.random.default_rng(0).integers(0, 3, N)
        weighted = Moments.from_dask(dX, Y, da.from_array(w, chunks=700), column_block=column_block)
        assert difference(weighted, Moments.from_arrays(X, Y, w)) < 1e-12
        X[1234, 3] = np.inf
        with pytest.raises(DataError, match="is inf at row 1234"):
            Moments.from_dask(da.from_array(X, chunks=500), dY, column_block=column_block)
        with pytest.raises(ParameterError, match="Blocks of columns are for"):
            Moments.from_dask(dX, dY, one_hot=[1.0], column_block=column_block)


class Largest(Callback):
    """The largest array that a task made or took part in, in bytes."""

    def __init__(self) -> None:
        self.bytes = 0
        super().__init__(posttask=self.see)

    def see(self, _key: Any, value: Any, *_: Any) -> None:
        arrays = [value]
        while arrays:
            part = arrays.pop()
            if isinstance(part, np.ndarray):
                self.bytes = max(self.bytes, part.nbytes)
            elif isinstance(part, tuple | list):
                arrays += part


def test_no_worker_holds_more_than_its_share_of_wide_data(monkeypatch) -> None:
    n, width = 60, 10
    monkeypatch.setattr(alignment, "BLOCK_BYTES", 8 * 50 * width)
    rng = np.random.default_rng(0)
    X = da.map_blocks(
        lambda block_info=None: rng.standard_normal((50, width)),
        chunks=((50,) * 8, (width,) * (n // width)),
        dtype=float,
    ).persist(scheduler="synchronous")
    Y = rng.standard_normal((400, 2))
    expected = Moments.from_arrays(X.compute(), Y)
    subspace = hw.invariant_subspace(hw.groups.permutations(n))
    with dask.config.set(scheduler="synchronous"):
        with Largest() as by_blocks:
            found = Moments.from_dask(X, Y, column_block=width)
        with Largest() as in_coordinates:
            inner = Moments.from_dask(X, Y, basis=subspace.matrix)
    assert difference(found, expected) < 1e-12
    assert by_blocks.bytes <= 8 * 50 * width < 8 * n**2
    assert inner.scatter.shape == (3, 3)
    assert in_coordinates.bytes <= max(8 * 50 * n, Y.nbytes)


def test_wide_data_frames() -> None:
    pd = pytest.importorskip("pandas", reason="needs pandas")
    dd = pytest.importorskip("dask.dataframe", reason="needs dask[dataframe]")
    X, Y = samples()
    w = np.random.default_rng(0).uniform(0, 1, N)
    frame = dd.from_pandas(pd.DataFrame(X, columns=list("abcde")).assign(s=Y[:, 0], w=w), npartitions=3)
    with dask.config.set(scheduler="synchronous"):
        found = Moments.from_dask(frame, "s", "w", column_block=2)
    assert difference(found, Moments.from_arrays(X, Y[:, 0], w)) < 1e-12


def test_data_frames() -> None:
    pd = pytest.importorskip("pandas", reason="needs pandas")
    dd = pytest.importorskip("dask.dataframe", reason="needs dask[dataframe]")
    X, Y = samples()
    w = np.random.default_rng(0).uniform(0, 1, N)
    names = list("abcde")
    frame = pd.DataFrame(X, columns=names).assign(s=Y[:, 0], t=Y[:, 1], w=w)
    many = dd.from_pandas(frame, npartitions=7)
    with dask.config.set(scheduler="synchronous"):
        expected = Moments.from_arrays(X, Y, w)
        assert difference(Moments.from_dask(many, ["s", "t"], "w"), expected) < 1e-12
        assert difference(Moments.from_dask(many[names], many[["s", "t"]], many["w"]), expected) < 1e-12
        one = Moments.from_dask(many[[*names, "s"]], "s")
        assert difference(one, Moments.from_arrays(X, Y[:, 0])) < 1e-12
        values = Moments.from_dask(many[names].values, many[["s", "t"]].values)  # unknown lengths
        assert difference(values, Moments.from_arrays(X, Y)) < 1e-12
        with pytest.raises(DataError, match="no column 'z'"):
            Moments.from_dask(many, ["z"])
        with pytest.raises(DataError, match="7 partitions and Y 3"):
            Moments.from_dask(many[names], dd.from_pandas(frame, npartitions=3)["s"])


def test_what_does_not_fit_together() -> None:
    X, Y = samples()
    dX = da.from_array(X, chunks=500)
    with dask.config.set(scheduler="synchronous"):
        with pytest.raises(DataError, match="X has 4000 rows and Y has 3999"):
            Moments.from_dask(dX, Y[1:])
        with pytest.raises(ParameterError, match="no Dask collection"):
            Moments.from_dask(X, Y)
        with pytest.raises(ParameterError, match="no Dask collection"):
            Moments.from_dask([X, Y])
        with pytest.raises(DataError, match="batch 1 is a tuple of 1"):
            Moments.from_dask([dask.delayed((X, Y)), dask.delayed((X,))])
        with pytest.raises(DataError, match="5 features and 2 targets, others 4 and 2"):
            Moments.from_dask([dask.delayed((X, Y)), dask.delayed((X[:, 1:], Y))])
        X[3001, 2] = np.nan
        with pytest.raises(DataError, match="X of the arrays is nan at row 3001, column 2"):
            Moments.from_dask(da.from_array(X, chunks=500), Y)
        with pytest.raises(DataError, match="no sample"):
            Moments.from_dask(dX[:0], Y[:0])


def test_nearly_collinear_features_are_read_again() -> None:
    X, _ = samples()
    X[:, 4] = X[:, 0] + 1e-8 * X[:, 4]
    dX = da.from_array(X, chunks=500)
    with dask.config.set(scheduler="synchronous"), pytest.warns(IllConditionedWarning, match="read again"):
        assert Moments.from_dask(dX, X[:, 1]).factor is not None


def test_wide_collections_take_one_pass(monkeypatch) -> None:
    """Beyond so many columns there are blocks of them, for which there is no triangular factor."""
    monkeypatch.setattr(collections, "WIDE", 16)
    X, Y = np.random.default_rng(0).standard_normal((20, 30)), np.arange(20.0)
    with dask.config.set(scheduler="synchronous"):
        found = Moments.from_dask(da.from_array(X, chunks=7), Y)
    assert difference(found, Moments.from_arrays(X, Y)) < 1e-12


@pytest.mark.parametrize("column_block", [0, -1, True, 2.5, "a"])
def test_blocks_of_no_columns(column_block) -> None:
    X, Y = samples()
    with pytest.raises(ParameterError, match="column_block is"):
        Moments.from_dask(da.from_array(X), Y, column_block=column_block)


@pytest.mark.parametrize(("value", "found"), [((1,), "is a tuple of 1"), (None, "is a NoneType")])
@pytest.mark.parametrize("one_hot", [True, False])
def test_delayed_values_that_are_no_batches(value, found, one_hot) -> None:
    with dask.config.set(scheduler="synchronous"), pytest.raises(DataError, match=f"batch 0 {found}"):
        Moments.from_dask([dask.delayed(lambda: value)()], one_hot=one_hot)
