"""The walk of one data set through the code: `docs/walk.md` names lines, which are held to the code here.

``python tests/test_walk.py`` renumbers them.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/walk.md"
STEP = re.compile(r"`(?P<file>src/[\w/]+\.py):(?P<line>\d+)` `(?P<code>[^`]+)`")


def places(file: str, code: str) -> list[int]:
    """Lines of a file that hold this code, counted from 1."""
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    return [number for number, line in enumerate(lines, 1) if code in line]


STEPS = [match.groups() for match in STEP.finditer(PAGE.read_text(encoding="utf-8"))]


def test_there_are_steps() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert len(STEPS) == len(re.findall(r"`src/", text)) > 30  # none is written in another way


@pytest.mark.parametrize(("file", "line", "code"), STEPS, ids=lambda value: value[-40:])
def test_lines_are_where_the_page_says(file: str, line: str, code: str) -> None:
    found = places(file, code)
    assert int(line) in found, f"{file}: {code!r} is in lines {found}; run python tests/test_walk.py"


def renumbered(text: str) -> str:
    """The page with every line where its code is: the one nearest to what it says, of several."""

    def one(match: re.Match[str]) -> str:
        found = places(match["file"], match["code"])
        line = min(found, key=lambda number: abs(number - int(match["line"])))
        return f"`{match['file']}:{line}` `{match['code']}`"

    return STEP.sub(one, text)


if __name__ == "__main__":
    PAGE.write_text(renumbered(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
