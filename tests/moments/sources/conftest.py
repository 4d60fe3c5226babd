"""Pieces of a few hundred rows, so that there are many."""

from __future__ import annotations

import pytest

from haarwire.moments.sources import source as source_module


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces of a few hundred rows, so that there are many."""
    monkeypatch.setattr(source_module, "_PIECE_ELEMENTS", 2000)
