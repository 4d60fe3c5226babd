"""The examples in the docstrings run and print what they show."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import haarwire as hw

# Not pytest's own collection of doctests: it would put the package `haarwire.solve` in place of the function.
MODULES = [
    "haarwire",
    *(
        info.name
        for info in pkgutil.walk_packages(hw.__path__, "haarwire.", onerror=lambda name: None)
        if info.name != "haarwire.__main__"
    ),
]


NEEDS_TORCH = ("haarwire.training", "haarwire.reproduce")
NEEDS_REPORT = ("haarwire.report", "haarwire.explorer")
NEEDS_IO = ("haarwire.saving",)


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    if name.startswith(NEEDS_TORCH):
        pytest.importorskip("torch", reason="needs the torch extra")
    if name.startswith(NEEDS_REPORT):
        pytest.importorskip("starlette", reason="needs the report extra")
    if name.startswith(NEEDS_IO):
        pytest.importorskip("safetensors", reason="needs the io extra")
    result = doctest.testmod(importlib.import_module(name))
    assert result.failed == 0


def test_there_are_examples() -> None:
    finder = doctest.DocTestFinder(exclude_empty=True)
    names = [name for name in MODULES if not name.startswith(NEEDS_TORCH + NEEDS_REPORT)]
    found = [t for name in names for t in finder.find(importlib.import_module(name)) if t.examples]
    assert len(found) >= 25
