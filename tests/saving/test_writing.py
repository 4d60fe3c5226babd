"""Writing leaves the old file or the new one; what would not come back is not written."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

import haarwire as hw

pytest.importorskip("safetensors", reason="needs the io extra")

from haarwire.saving import load
from haarwire.saving import save as save_object
from saved_files import moments


def test_a_full_disk_leaves_the_old_file(tmp_path) -> None:
    resource = pytest.importorskip("resource", reason="limits of file sizes are those of POSIX")
    path = tmp_path / "m"
    moments().save(path)
    before = path.read_bytes()
    script = (
        "import resource, signal, sys, numpy as np, haarwire as hw\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "m = hw.Moments.from_arrays(np.random.default_rng(0).standard_normal((99, 200)), np.arange(99))\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))\n"
        "try:\n    m.save(sys.argv[1])\nexcept hw.FileError as error:\n    print(error)\n"
    )
    assert resource.RLIMIT_FSIZE is not None
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=False
    )
    assert "cannot be written" in done.stdout, done.stderr
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["m"]


def test_a_crash_while_writing_leaves_the_old_file(tmp_path, monkeypatch) -> None:
    path = tmp_path / "m"
    moments().save(path)
    before = path.read_bytes()

    class CrashError(BaseException):
        pass

    def crash(*_: object, **__: object) -> None:
        raise CrashError

    monkeypatch.setattr(os, "fsync", crash)
    with pytest.raises(CrashError):
        moments("qr").save(path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["m"]


def test_where_nothing_can_be_written(tmp_path) -> None:
    with pytest.raises(hw.FileError, match="cannot be written"):
        moments().save(tmp_path / "none" / "m")
    (tmp_path / "folder").mkdir()
    with pytest.raises(hw.FileError, match="cannot be written"):
        moments().save(tmp_path / "folder")
    assert [p.name for p in tmp_path.iterdir()] == ["folder"]


def test_what_would_not_come_back_is_not_written(tmp_path) -> None:
    path = tmp_path / "v"
    nested: list[Any] = []
    for _ in range(25):
        nested = [nested]
    masked = np.ma.masked_greater(np.arange(3.0), 1)
    wide = np.array(["x" * 3000, *"abc"])
    with_names = np.array([f"{i:030}" for i in range(120_000)], object)
    for value, what in (
        (with_names, "would have a header of [0-9]* bytes, above the limit of 4194304"),
        (nested, "is nested deeper than 20 levels"),
        (masked, "the object is a masked array of dtype float64"),
        (np.tile(wide, 2000), "holds 8000 texts, the longest of 3000 letters"),
    ):
        with pytest.raises(hw.ParameterError, match=what):
            save_object(value, path)
        assert not path.exists()
    deepest: Any = sp.csr_array(np.eye(2))
    for _ in range(19):
        deepest = [deepest]
    save_object(deepest, path)
    load(path)
    save_object([np.array(3.0), wide.astype(object)], path)
    number, texts = load(path)
    assert (number.shape, texts.tolist()) == ((), wide.tolist())


@pytest.mark.parametrize("name", ["", "/"])
def test_a_path_without_a_name(name) -> None:
    with pytest.raises(hw.FileError, match="cannot be written"):
        save_object(moments(), name)
