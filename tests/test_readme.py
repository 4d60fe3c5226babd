"""What the README shows is what a reader gets."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import haarwire as hw
from haarwire.cli import main

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def _blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def test_the_python_face_runs() -> None:
    (code,) = _blocks("python")
    names: dict[str, object] = {}
    exec(compile(code, "README.md", "exec"), names)  # noqa: S102  the README is ours
    best, same, mine = names["best"], names["same"], names["mine"]
    assert isinstance(best, hw.Solution)
    assert isinstance(same, hw.Solution)
    assert isinstance(mine, hw.Representation)
    assert abs(best.coef - same.coef).max() < 1e-12 * abs(best.coef).max()
    assert hw.invariant_subspace(mine).dim == 16


def test_the_main_job_prints_what_is_shown(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (shown,) = _blocks("text")
    monkeypatch.setenv("COLUMNS", "100")
    with pytest.raises(SystemExit) as end:
        main(["compare", "digits", "--symmetry", "image_rotations:8", "--rank", "5"])
    assert end.value.code == 0
    printed = capsys.readouterr().out

    def numbers(text: str) -> list[list[str]]:
        """The rows of the table, without gaps at the level of rounding and without seconds."""
        rows = [line.split() for line in text.splitlines()]
        names = ("plain", "hardwired", "augmented", "regularized")
        return [row[:6] + row[7:8] for row in rows if row and row[0] in names and len(row) == 9]

    assert len(numbers(shown)) == 4
    assert numbers(printed) == numbers(shown)
    verdicts = re.findall(r"^For data .*$", shown, flags=re.MULTILINE)
    assert len(verdicts) == 2
    assert re.findall(r"^For data .*$", printed, flags=re.MULTILINE) == verdicts
