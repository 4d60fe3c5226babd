"""A pass that was cut off goes on to the same bits, from its own checkpoint only."""

from __future__ import annotations

import errno
import os

import numpy as np
import pytest
import scipy.sparse as sp

from haarwire import FileError, Moments
from haarwire.moments.checkpoint import Checkpoint
from haarwire.moments.conditioning import IllConditionedWarning
from haarwire.moments.container import read_container, write_container
from haarwire.moments.sources.tables import filters_identity
from sources import (
    FEATURES,
    NAMES,
    N,
    batches,
    samples,
    write_npz,
    write_parquet,
)


class CutOffError(Exception):
    pass


@pytest.mark.parametrize("write", [write_npz, write_parquet, batches])
@pytest.mark.parametrize("kind", ["reals", "bytes", "labels", "qr"])
def test_a_pass_that_was_cut_off_goes_on_to_the_same_bits(write, kind, tmp_path) -> None:
    pytest.importorskip("safetensors", reason="needs the io extra")
    X, Y = samples(1e6)
    options = {"accuracy": "qr" if kind == "qr" else "gram", "chunk_rows": 170}
    if kind == "labels":
        Y = np.round(Y[:, :1] / 4) + np.arange(N)[:, None] // 500
    if kind == "bytes":
        X, Y = (np.arange(FEATURES) * np.arange(N)[:, None]).astype(np.uint8), Y.mean() < Y
    source, more = write(tmp_path, X, Y)
    if kind == "labels":
        options["one_hot"] = True
        more = {"x": NAMES, "y": "t0"} if write is write_parquet else more
    options |= more

    def again() -> object:
        return batches(tmp_path, X, Y)[0] if write is batches else source

    whole = Moments.from_source(again(), **options)
    path = tmp_path / "run.checkpoint"
    for stop in (700, 1900):

        def progress(rows: int, total: int | None, stop: int = stop) -> None:
            if rows > stop:
                raise CutOffError

        with pytest.raises(CutOffError):
            Moments.from_source(again(), **options, checkpoint=path, checkpoint_every=0.0, progress=progress)
        assert path.exists()
    calls: list[int] = []
    resumed = Moments.from_source(
        again(), **options, checkpoint=path, progress=lambda rows, total: calls.append(rows)
    )
    assert calls[0] > 1000
    assert not path.exists()
    assert np.array_equal(resumed.scatter, whole.scatter)
    assert np.array_equal(resumed.mean, whole.mean)
    assert resumed.count == whole.count == N


def test_a_checkpoint_of_another_pass_is_refused(tmp_path) -> None:
    pytest.importorskip("safetensors", reason="needs the io extra")
    X, Y = samples()
    path = tmp_path / "c"

    def stop(rows: int, total: int | None) -> None:
        if rows > 900:
            raise CutOffError

    with pytest.raises(CutOffError):
        Moments.from_source((X, Y), checkpoint=path, checkpoint_every=0.0, progress=stop)
    with pytest.raises(FileError, match="of another pass"):
        Moments.from_source((X, Y), checkpoint=path, accuracy="qr")
    Moments.from_arrays(X, Y).save(path)
    with pytest.raises(FileError, match="holds moments, no checkpoint"):
        Moments.from_source((X, Y), checkpoint=path)


def test_a_full_disk_under_a_checkpoint(tmp_path, monkeypatch) -> None:
    pytest.importorskip("safetensors", reason="needs the io extra")
    X, Y = samples()

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(FileError, match="c cannot be written: No space left on device"):
        Moments.from_source((X, Y), checkpoint=tmp_path / "c", checkpoint_every=0.0)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", ["reals", "bytes", "labels"])
def test_a_damaged_checkpoint_is_refused(kind, tmp_path) -> None:
    """Also one that is whole, of this pass, and yet holds other fields."""
    pytest.importorskip("safetensors", reason="needs the io extra")
    X, Y = samples()
    X = (10 * np.abs(X)).astype(np.uint8) if kind != "reals" else X
    Y = np.arange(N) // 1000 if kind != "reals" else Y
    path, options = tmp_path / "c", {"one_hot": kind == "labels", "accuracy": "gram"}

    def stop(rows: int, total: int | None) -> None:
        if rows > 900:
            raise CutOffError

    with pytest.raises(CutOffError):
        Moments.from_source((X, Y), checkpoint=path, checkpoint_every=0.0, progress=stop, **options)
    whole = path.read_bytes()
    for at in range(8, len(whole), len(whole) // 20):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1 :])
        with pytest.raises(FileError):
            Moments.from_source((X, Y), checkpoint=path, **options)
    path.write_bytes(whole)
    container = read_container(path)
    matrix = "matrix" if kind == "reals" else "sums"
    changes = [
        {"sizes": np.array([FEATURES, 2, 2**40])},
        {"sizes": np.array([2**31, 2**31, 5])},
        {"sizes": np.array([-1, 9, 5])},
        {matrix: container.arrays[matrix][1:]},
        {matrix: container.arrays[matrix] * np.nan},
    ]
    if kind == "reals":
        changes += [
            {"numbers": -container.arrays["numbers"]},
            {"mean": np.zeros(3)},
            {"buffer": np.zeros((1, 1))},
        ]
    else:
        changes += [{"integers": np.frombuffer(b"d", np.uint8)}, {"block": np.zeros((5, 1), np.float32)}]
    for change in changes:
        write_container(path, container.kind, container.arrays | change, container.facts)
        with pytest.raises(FileError, match="cannot be read as a saved object"):
            Moments.from_source((X, Y), checkpoint=path, **options)
    for name in ("fold", "position", "rows"):
        facts = {**container.facts, "facts": {k: v for k, v in container.facts["facts"].items() if k != name}}
        write_container(path, container.kind, container.arrays, facts)
        with pytest.raises(FileError, match="cannot be read as a saved object"):
            Moments.from_source((X, Y), checkpoint=path, **options)


def stopped(rows: int, total: int | None) -> None:
    if rows > 900:
        raise CutOffError


def test_a_pass_over_other_columns_filters_targets_or_coordinates_is_another(tmp_path) -> None:
    pytest.importorskip("safetensors", reason="needs the io extra")
    X, Y = samples()
    columns, _ = write_parquet(tmp_path, X, Y)
    np.save(tmp_path / "X.npy", X)
    np.save(tmp_path / "y1.npy", Y[:, 0])
    np.save(tmp_path / "y2.npy", Y[:, 1])
    names = {"x": ["x0", "x1"], "y": "t0"}
    half = np.eye(FEATURES)
    cases = [
        (columns, names, {"x": ["x2", "x3"]}),
        (columns, names, {"y": "t1"}),
        (columns, names, {"sample_weight": "x2"}),
        (columns, {**names, "filters": [("x2", ">", 0)]}, {"filters": [("x2", "<", 0)]}),
        (tmp_path / "X.npy", {"y": str(tmp_path / "y1.npy")}, {"y": str(tmp_path / "y2.npy")}),
        ((X, Y), {"basis": half[:, :2]}, {"basis": half[:, 2:4]}),
        ((X, Y), {"basis": sp.csr_array(half[:, :2])}, {"basis": sp.csr_array(half[:, 2:4])}),
        ({"x": X, "y": Y, "z": Y + 1}, {}, {"y": "z"}),
    ]
    path = tmp_path / "c"
    for source, options, change in cases:
        told = {**options, "checkpoint": path, "checkpoint_every": 0.0, "accuracy": "gram"}
        with pytest.raises(CutOffError):
            Moments.from_source(source, **told, progress=stopped)
        with pytest.raises(FileError, match="of another pass"):
            Moments.from_source(source, **{**told, **change})
        Moments.from_source(source, **told)


def test_filters_have_a_mark_of_what_they_say() -> None:
    field = pytest.importorskip("pyarrow.dataset", reason="needs the io extra").field
    few, others = [*range(40)], [*range(20), 77, *range(21, 40)]  # alike where they are printed
    assert filters_identity(field("a").isin(few)) == filters_identity(field("a").isin(few))
    assert filters_identity(field("a").isin(few)) != filters_identity(field("a").isin(others))
    assert filters_identity([("a", "in", {"v", "u"})]) == filters_identity([("a", "in", {"u", "v"})])
    assert filters_identity([("a", "in", {"v", "u"})]) != filters_identity([("a", "in", {"u", "w"})])
    long = np.arange(5000)
    other = np.where(long == 2500, -1, long)
    assert filters_identity([("a", "in", long)]) != filters_identity([("a", "in", other)])
    assert filters_identity([("a", "in", long)]) == filters_identity([("a", "in", long.tolist())])
    assert filters_identity(field(0) > 0) != filters_identity(field(0) > 1)


def test_a_state_that_does_not_fit_in_memory_is_not_called_damaged(tmp_path) -> None:
    checkpoint = Checkpoint(tmp_path / "pass.ck", "mark")
    with pytest.raises(MemoryError), checkpoint.restoring():
        raise MemoryError
    with pytest.raises(FileError, match=r"pass\.ck"), checkpoint.restoring():
        raise KeyError


def test_a_second_pass_that_was_cut_off_goes_on(tmp_path) -> None:
    pytest.importorskip("safetensors", reason="needs the io extra")
    X, Y = samples()
    X[:, 3] = X[:, 0] + 1e-8 * X[:, 3]
    with pytest.warns(IllConditionedWarning, match="read again"):
        whole = Moments.from_source((X, Y))
    path = tmp_path / "c"
    calls: list[int] = []

    def stop_in_the_second(rows: int, total: int | None) -> None:
        calls.append(rows)
        if len(calls) > 1 and calls[-2] == N and rows < N:
            calls.append(N)
        if len([r for r in calls if r == N]) > 1 and rows > 900:
            raise CutOffError

    told = {"checkpoint": path, "checkpoint_every": 0.0}
    with pytest.warns(IllConditionedWarning, match="read again"), pytest.raises(CutOffError):
        Moments.from_source((X, Y), **told, progress=stop_in_the_second)
    assert [p.name for p in tmp_path.iterdir()] == ["c.qr"]
    seen: list[int] = []
    resumed = Moments.from_source((X, Y), **told, progress=lambda rows, _: seen.append(rows))
    assert seen[0] > 900
    assert np.array_equal(resumed.scatter, whole.scatter)
    assert np.array_equal(resumed.factor, whole.factor)
    assert not list(tmp_path.iterdir())


def test_labels_that_are_bytes(tmp_path) -> None:
    pytest.importorskip("safetensors", reason="needs the io extra")
    X, _ = samples()
    labels = np.array([b"u", b"v", "w\u00e9".encode()])[np.arange(N) % 3]
    path = tmp_path / "c"
    with pytest.raises(CutOffError):
        Moments.from_source(
            (X, labels), one_hot=True, checkpoint=path, checkpoint_every=0.0, progress=stopped
        )
    found = Moments.from_source((X, labels), one_hot=True, checkpoint=path)
    expected = Moments.from_arrays(X, (labels[:, None] == np.unique(labels)).astype(float))
    np.testing.assert_allclose(found.scatter, expected.scatter, rtol=1e-12, atol=1e-9)
    listed = Moments.from_source((X, labels), one_hot=[b"u", b"v", "w\u00e9".encode()])
    np.testing.assert_allclose(listed.scatter, expected.scatter, rtol=1e-12, atol=1e-9)


def test_what_to_do_about_a_damaged_checkpoint(tmp_path) -> None:
    pytest.importorskip("safetensors", reason="needs the io extra")
    path = tmp_path / "c"
    path.write_bytes(b"nothing")
    with pytest.raises(FileError, match="it is too short") as error:
        Moments.from_source(samples(), checkpoint=path)
    assert error.value.remedy == "delete it to start anew, or give another path as checkpoint."
