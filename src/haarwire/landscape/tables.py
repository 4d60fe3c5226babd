"""All critical families as arrays, in lexicographic order: millions a second.

The last few modes of a subset come from a precomputed block of all choices, sorted so that the choices
that may follow a given mode are two contiguous ranges; a chunk of subsets is then one gather from what
came before and one from the block. Losses and indices are sums over modes, so they are gathered too.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, final

import numpy as np

from haarwire._numbers import FloatArray, IntArray
from haarwire.landscape.families import Families

__all__ = ["Table", "tables"]

Table: TypeAlias = tuple[IntArray, FloatArray, IntArray]
"""Subsets (K, r), their losses or gains (K,), and their indices or sums of modes (K,)."""

_BLOCK: Final = 2**17
"""Rows of a block: its arrays stay in the second-level cache."""


def tables(families: Families, total: float, chunk: int) -> Iterator[Table]:
    """Yield (canonical subsets (K, r), losses (K,), indices (K,)) with K ≤ chunk, all of them in turn."""
    kept = families.kept
    dtype = np.int16 if families.n_modes < 2**15 else np.int32
    chunks: Iterator[Table] = iter([(np.zeros((1, 0), dtype), np.zeros(1), np.zeros(1, np.int32))])
    for width, limit in _widths(families.n_modes, kept):
        chunks = _extended(chunks, _block(families, width, limit, dtype), chunk)
    for subsets, gains, sums in chunks:
        yield subsets, total - gains, sums - kept * (kept - 1) // 2


def _widths(n_modes: int, kept: int) -> list[tuple[int, int]]:
    """(width, limit) of each block: it chooses `width` modes below `limit`, so that the rest have room."""
    plan: list[tuple[int, int]] = []
    while kept:
        width = 1
        while width < kept and math.comb(n_modes, width + 1) <= _BLOCK:
            width += 1
        plan.append((width, n_modes))
        kept, n_modes = kept - width, n_modes - width
    return plan[::-1]


@final
@dataclass(frozen=True, eq=False)
class _Block:
    """All choices of a few modes: first those that begin inside a cluster, then those that begin one.

    A choice that begins inside a cluster may only follow the mode just before its first.
    """

    table: Table
    inside_low: IntArray
    inside_high: IntArray
    outside_low: IntArray

    def ranges(self, last: IntArray) -> tuple[IntArray, IntArray, IntArray]:
        """Which rows may follow each last mode (−1 for none): (position in last, first row, number)."""
        owner = np.repeat(np.arange(last.size), 2)
        low = np.stack([self.inside_low[last + 1], self.outside_low[last + 1]], axis=1).ravel()
        high = np.stack([self.inside_high[last + 1], np.full(last.size, len(self.table[0]))], axis=1).ravel()
        some = high > low
        return owner[some], low[some], (high - low)[some]


def _sorted_block(table: Table, families: Families) -> _Block:
    modes = np.arange(families.n_modes + 1)
    first = table[0][:, 0].astype(np.intp)
    begins = np.array(families.starts, dtype=np.intp)[first] == first
    inside = int(np.count_nonzero(~begins))
    return _Block(
        table,
        np.searchsorted(first[:inside], modes, "left"),
        np.searchsorted(first[:inside], modes, "right"),
        inside + np.searchsorted(first[inside:], modes, "left"),
    )


def _block(families: Families, width: int, limit: int, dtype: type[np.signedinteger[Any]]) -> _Block:
    starts = np.array(families.starts, dtype=np.intp)

    def singles(below: int) -> Table:
        modes = np.arange(below)
        modes = np.concatenate([modes[starts[:below] != modes], modes[starts[:below] == modes]])
        return modes[:, None].astype(dtype), families.gains[modes], modes.astype(np.int32)

    block = _sorted_block(singles(limit), families)
    for longer in range(1, width):
        (table,) = _extended(iter([singles(limit - longer)]), block, chunk=None)
        block = _sorted_block(table, families)
    return block


def _extended(chunks: Iterator[Table], block: _Block, chunk: int | None) -> Iterator[Table]:
    """Every row of the chunks followed by every row of the block that may follow it, in that order."""
    tails, tail_gains, tail_sums = block.table
    for heads, head_gains, head_sums in chunks:
        width = heads.shape[1]
        last = heads[:, -1].astype(np.intp) if width else np.full(len(heads), -1)
        owner, low, number = block.ranges(last)
        ends = np.cumsum(number)
        shift = low - (ends - number)  # row of the block less row of the product
        size = int(ends[-1]) if ends.size else 0
        for a in range(0, size, chunk or max(size, 1)):
            b = min(a + (chunk or size), size)
            begin, end = np.searchsorted(ends, [a, b - 1], "right")
            lengths = np.diff(np.concatenate([[a], ends[begin:end], [b]]))
            part = np.repeat(np.arange(begin, end + 1), lengths)
            head, tail = owner[part], np.arange(a, b) + shift[part]
            rows = np.empty((b - a, width + tails.shape[1]), dtype=tails.dtype)
            rows[:, :width] = heads[head]
            rows[:, width:] = tails[tail]
            yield rows, head_gains[head] + tail_gains[tail], head_sums[head] + tail_sums[tail]
