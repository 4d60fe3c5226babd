"""The page on selection: its example runs, its pictures are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture
def page() -> str:
    path = DOCS / "selection.md"
    if not path.exists():
        pytest.skip("the pages are not part of the source distribution")
    return path.read_text(encoding="utf-8")


def test_the_example_runs(page: str) -> None:
    names: dict[str, object] = {}
    for code in re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL):
        exec(compile(code, "selection.md", "exec"), names)  # noqa: S102  the page is ours
    assert "rep" in names


def test_pictures_are_there_and_small(page: str) -> None:
    pictures = re.findall(r"\((images/.*?)\)", page)
    assert len(pictures) == 3
    assert all((DOCS / picture).stat().st_size < 150_000 for picture in pictures)


def test_nothing_was_left_to_be_filled_in(page: str) -> None:
    assert "@" not in page
