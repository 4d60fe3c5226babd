"""`haarwire doctor`: what it finds, and what it says to change."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import haarwire as hw

pytest.importorskip("typer", reason="the command needs the 'cli' extra")
pytest.importorskip("rich", reason="the command needs the 'cli' extra")

from haarwire.cli import doctor

Run = Callable[..., tuple[int, str, str]]

MODERN = frozenset({"avx2", "avx512f", "fma"})
GOOD: dict[str, Any] = {
    "extras": {"sklearn": {"scikit-learn": "1.9"}},
    "processors": 4,
    "blas": [{"library": "openblas", "architecture": "SkylakeX", "threads": 4, "of": "numpy"}],
    "gpu": {"torch": "2.13.0", "devices": [], "has_driver": False},
}


def _with(**changes: Any) -> dict[str, Any]:
    blas = [{**GOOD["blas"][0], **changes.pop("blas", {})}]
    return {**GOOD, "blas": blas, **changes}


def test_it_says_what_is_there(run: Run) -> None:
    code, out, err = run("doctor", columns=120)
    assert (code, err) == (0, "")
    assert f"haarwire {hw.__version__}" in out
    assert f"numpy {np.__version__}" in out
    assert "gigaflops" in out
    assert "→ " in out
    content = json.loads(run("doctor", "--json", "-")[1])
    assert content["core"]["numpy"] == np.__version__
    assert content["gigaflops"] > 0.1
    assert set(content) > {"extras", "processors", "blas", "gpu", "advice"}


def test_extras_are_those_that_the_package_declares() -> None:
    extras = doctor._extras()
    assert {"cli", "sklearn", "torch", "dask", "io", "plots"} <= set(extras)
    assert "all" not in extras
    assert extras["cli"]["typer"] is not None


def test_nothing_to_change() -> None:
    assert doctor.advice(GOOD, MODERN) == []


@pytest.mark.parametrize(
    ("found", "instructions", "said"),
    [
        (_with(blas={"architecture": "Prescott"}), MODERN, "OPENBLAS_CORETYPE=SkylakeX before"),
        (_with(blas={"architecture": "Nehalem"}), frozenset({"avx2"}), "OPENBLAS_CORETYPE=Haswell"),
        (_with(blas={"architecture": "Haswell"}), MODERN, "try OPENBLAS_CORETYPE=SkylakeX"),
        (_with(processors=2), MODERN, "OPENBLAS_NUM_THREADS=2"),
        (_with(processors=8), MODERN, "uses 4 of 8 processors"),
        (_with(gpu={"torch": "2.13.0", "devices": [], "has_driver": True}), MODERN, "does not see"),
        (_with(extras={"torch": {"torch": None}, "io": {"zarr": "3"}}), MODERN, "haarwire[torch]"),
    ],
)
def test_what_to_change(found: dict[str, Any], instructions: frozenset[str], said: str) -> None:
    (line,) = doctor.advice(found, instructions)
    assert said in line


def test_an_old_kernel_on_an_old_processor_is_right() -> None:
    assert doctor.advice(_with(blas={"architecture": "Nehalem"}), frozenset({"sse4_2"})) == []


def test_the_quota_of_a_container_counts(tmp_path: Path) -> None:
    quota = tmp_path / "cpu.max"
    everything = doctor.processors(tmp_path / "none")
    for text, expected in (("100000 100000", 1), ("50000 100000", 1), ("max 100000", everything)):
        quota.write_text(text, encoding="ascii")
        assert doctor.processors(quota) == expected


def test_without_threadpoolctl_it_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "threadpoolctl", None)
    blas = doctor._blas()
    assert "threads" not in blas[0]
    assert any("pip install threadpoolctl" in line for line in doctor.advice({**GOOD, "blas": blas}, MODERN))


def test_without_torch_no_gpu_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    gpu = doctor._gpu()
    assert gpu["torch"] is None
    assert doctor._no_gpu(gpu) == "not looked for, without PyTorch"
