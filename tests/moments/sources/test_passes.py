"""How a source is read: progress, bounded memory, a second pass where features are nearly collinear."""

from __future__ import annotations

import io
import tracemalloc
import warnings

import numpy as np
import pytest

import haarwire as hw
from haarwire import Moments
from haarwire.moments.conditioning import IllConditionedWarning
from haarwire.moments.sources import ProgressBar
from haarwire.moments.sources import source as source_module
from sources import (
    N,
    samples,
)


def test_progress(tmp_path, monkeypatch) -> None:
    X, Y = samples()
    calls: list[tuple[int, int | None]] = []
    Moments.from_source((X, Y), progress=lambda rows, total: calls.append((rows, total)))
    assert calls[-1] == (N, N)
    assert len(calls) > 5
    text = io.StringIO()
    bar = ProgressBar(text)
    clock = iter([1.0, 1.0, 1.1, 9.0, 9.0, 9.1, 10.0])
    monkeypatch.setattr("haarwire.moments.sources.progress.time.monotonic", lambda: next(clock))
    bar._started = bar._written = 0.0
    bar(100, 1000)
    bar(200, 1000)
    bar(900, None)
    bar(950, None)
    bar.close()  # with how far it came
    assert text.getvalue().split("\r")[1] == "100 of 1,000 rows (10 %), 100 rows/s"
    assert text.getvalue().split("\r")[2].rstrip() == "900 rows, 100 rows/s"
    assert text.getvalue().split("\r")[3].rstrip() == "950 rows, 95 rows/s"
    assert text.getvalue().endswith("\n")


def test_memory_does_not_grow_with_the_samples(monkeypatch) -> None:
    monkeypatch.setattr(source_module, "_PIECE_ELEMENTS", 2**16)
    X, y = np.random.default_rng(0).standard_normal((1024, 64)), np.zeros(1024)
    y[::2] = 1

    def peak(n_batches: int) -> int:
        tracemalloc.start()
        Moments.from_source(((X + i, y) for i in range(n_batches)), chunk_rows=2048, accuracy="gram")
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return used

    peak(2)
    few, many = peak(6), peak(100)
    assert many <= 1.05 * few + 2**16
    # 3 n² doubles and chunks: two batches and the one that is multiplied, with what its checks need.
    assert many <= 8 * (3 * 65**2 + 2049 * 65 + 3 * 1024 * 65) + 2**19


def test_nearly_collinear_features_are_read_again(tmp_path) -> None:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((500, 4))
    X[:, 3] = X[:, 0] + 1e-7 * X[:, 3]
    y = X.sum(axis=1)
    np.savez(tmp_path / "d.npz", x=X, y=y)
    with pytest.warns(IllConditionedWarning, match='What to do: accuracy="qr"'):
        moments = Moments.from_source(tmp_path / "d.npz")
    assert moments.factor is not None
    solution = hw.solve(moments, hw.groups.trivial(4), approach=hw.Plain())
    np.testing.assert_allclose(solution.coef[0], 1.0, atol=1e-6)
    with pytest.warns(IllConditionedWarning, match="nothing is done"):
        assert Moments.from_source(iter([(X, y)])).factor is None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert Moments.from_source(tmp_path / "d.npz", accuracy="qr").factor is not None
        assert Moments.from_source(tmp_path / "d.npz", accuracy="gram").factor is None
        constant = np.column_stack([X[:, :3], np.full(500, 7.0)])
        assert Moments.from_source((constant, y)).factor is None
