"""The example of docs/estimators.md runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytest.importorskip("sklearn", reason="estimators need the 'sklearn' extra")

PAGE = Path(__file__).parents[2] / "docs" / "estimators.md"


def test_the_example_of_the_page_runs() -> None:
    if not PAGE.exists():
        pytest.skip("docs are not here (they are not part of the source distribution)")
    (block,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    exec(compile(block, str(PAGE), "exec"), {})  # noqa: S102  the page is ours
