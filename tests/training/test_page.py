"""The examples of docs/training.md run, one after the other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="training needs PyTorch")

PAGE = Path(__file__).parents[2] / "docs" / "training.md"


def test_the_examples_of_the_page_run() -> None:
    if not PAGE.exists():
        pytest.skip("docs are not here (they are not part of the source distribution)")
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert len(blocks) == 6
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), names)  # noqa: S102  the page is ours
