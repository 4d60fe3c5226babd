"""The example of docs/equivariant.md runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import haarwire as hw

PAGE = (Path(__file__).parents[2] / "docs" / "equivariant.md").read_text(encoding="utf-8")


def test_the_example_runs() -> None:
    pytest.importorskip("sklearn", reason="the digits data set ships with scikit-learn")
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    names: dict[str, object] = {}
    exec(compile(code, "equivariant.md", "exec"), names)  # noqa: S102  the page is ours
    best, turns = names["best"], names["turns"]
    assert isinstance(best, hw.Solution)
    assert best.rank == 20
    assert isinstance(turns, hw.Representation)
    assert hw.equivariant_maps(turns, turns).dim == 1024
    assert [c.multiplicity for c in hw.isotypic_decomposition(turns).components] == [16, 16, 16]


def test_the_picture_is_there() -> None:
    for image in re.findall(r"!\[.*?\]\((.*?)\)", PAGE):
        assert (Path(__file__).parents[2] / "docs" / image).is_file()
