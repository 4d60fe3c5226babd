"""A pass that was cut off goes on to the same bits, from its own checkpoint only."""

from __future__ import annotations

import numpy as np
import pytest

from haarwire import FileError, Moments
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
