"""The page of claims names tests, experiments and benchmarks that there are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/claims.md").read_text(encoding="utf-8")
EVIDENCE = sorted(set(re.findall(r"`((?:tests|experiments|benchmarks)/[\w/]+(?:\.py)?(?:::\w+)?)`", PAGE)))


@pytest.mark.parametrize("evidence", EVIDENCE)
def test_what_shows_a_claim_is_there(evidence: str) -> None:
    path, _, function = evidence.partition("::")
    assert (ROOT / path).exists()
    if function:
        assert f"def {function}(" in (ROOT / path).read_text(encoding="utf-8")


def test_every_claim_has_something_that_shows_it() -> None:
    rows = re.findall(r"^\| (?!claim)(.+) \|$", PAGE, re.MULTILINE)
    assert len(rows) > 40
    for row in rows:
        claim, _, shown = row.partition(" | ")
        assert re.search(r"`[\w/.:]+`|statements? \d|benchmarks", shown), claim


def test_statements_are_those_of_the_page_of_theorems() -> None:
    theorems = (ROOT / "docs/theorems.md").read_text(encoding="utf-8")
    known = set(re.findall(r"^\| (\d+[a-z]?|[a-z]) \|", theorems, re.MULTILINE))
    named = set(re.findall(r"(?:statements?|counterexample|to|and) (\d[a-d]?|[a-i])\b", PAGE))
    assert len(named) > 10
    assert named <= known
