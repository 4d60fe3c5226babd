"""A pass that was cut off goes on to the same bits, from its own checkpoint only."""

from __future__ import annotations

import errno
import os

import numpy as np
import pytest

from haarwire import FileError, Moments
from haarwire.moments.container import read_container, write_container
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
