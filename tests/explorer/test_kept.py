"""Values are computed once each, also when several threads want one."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from haarwire.explorer.kept import Kept


def test_several_threads_share_one_computation() -> None:
    computed: Counter[int] = Counter()
    go = threading.Event()

    def square(x: int) -> int:
        computed[x] += 1
        assert go.wait(10)
        return x * x

    kept = Kept(square, 3)
    with ThreadPoolExecutor(8) as pool:
        answers = [pool.submit(kept, i % 2) for i in range(8)]
        assert not kept.holds(0)
        go.set()
        assert [answer.result(10) for answer in answers] == [0, 1] * 4
    assert computed == {0: 1, 1: 1}
    assert kept.holds(1)


def test_what_was_asked_for_longest_ago_goes_first() -> None:
    computed: list[str] = []
    kept = Kept(computed.append, 2)
    for key in "abacab":
        kept(key)
    assert computed == ["a", "b", "c", "b"]
    assert [kept.holds(key) for key in "abc"] == [True, True, False]


def test_errors_are_raised_and_not_kept() -> None:
    failing = [True]

    def compute(_: int) -> str:
        if failing[0]:
            raise ValueError("no")
        return "yes"

    kept = Kept(compute, 2)
    with pytest.raises(ValueError, match="no"):
        kept(0)
    assert not kept.holds(0)
    failing[0] = False
    assert kept(0) == "yes"
