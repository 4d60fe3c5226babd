"""Maximal ways to keep groups of modes within a rank, counted and listed without going through them all.

Component i of the targets has groups of cost δ_i in clusters of tied gains. A choice keeps some of each
cluster; it is *maximal* when its cost is at most r and no group left out would still fit. With d the least
cost of a group left out, that is cost > r − d: dynamic programs over components carry (cost, d).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from heapq import nlargest
from typing import Final, NamedTuple, TypeAlias, final

from haarwire.landscape.counting import family_counts, family_histogram

__all__ = ["Choice", "Shelf", "best_choices", "count_choices", "count_histogram"]

_NOTHING_LEFT: Final = 1 << 62
"""The least cost of a group left out where none is."""

State: TypeAlias = tuple[int, int]
Subset: TypeAlias = tuple[int, ...]


@final
@dataclass(frozen=True)
class Shelf:
    """The groups of one isotypic component.

    Attributes
    ----------
    cost : int
        δ, the rank that each takes.
    gains : tuple of float
        δσ² of each, descending.
    sizes : tuple of int
        How many groups are tied in each cluster, in the order of gains.
    units : int
        1, 2 or 4, by type: how many directions swap two groups.
    """

    cost: int
    gains: tuple[float, ...]
    sizes: tuple[int, ...]
    units: int

    def most(self, rank: int) -> int:
        """How many groups fit into a rank."""
        return min(len(self.gains), rank // self.cost)


class Choice(NamedTuple):
    """A maximal choice.

    Attributes
    ----------
    gain : float
        The sum of gains.
    kept : tuple of tuple of int
        For each component, the groups kept, of tied ones the first.
    """

    gain: float
    kept: tuple[tuple[int, ...], ...]


def count_choices(shelves: Sequence[Shelf], rank: int) -> int:
    """How many maximal choices there are, up to ties."""
    return _summed(shelves, rank, [family_counts(s.sizes, s.most(rank)) for s in shelves])


def count_histogram(shelves: Sequence[Shelf], rank: int) -> tuple[int, ...]:
    """How many have index 0, 1, 2, …: inversions inside components, each counted `units` times."""
    # The longest polynomials last, where few products are left to take.
    shelves = sorted(shelves, key=lambda s: s.units * len(s.gains))
    largest = math.prod(sum(family_counts(s.sizes, s.most(rank))) for s in shelves)
    # A polynomial is one long integer, a coefficient in every `width` bytes: products convolve.
    width = (largest.bit_length() + 7) // 8
    tables = [
        [_packed(family_histogram(s.sizes, k), s.units, width) for k in range(s.most(rank) + 1)]
        for s in shelves
    ]
    packed = _summed(shelves, rank, tables)
    digits = packed.to_bytes((packed.bit_length() + 7) // 8, "little")
    return tuple(int.from_bytes(digits[i : i + width], "little") for i in range(0, len(digits), width))


def _packed(coefficients: Sequence[int], units: int, width: int) -> int:
    """The polynomial in x^units as one integer."""
    return int.from_bytes(b"".join(c.to_bytes(width * units, "little") for c in coefficients), "little")


def best_choices(shelves: Sequence[Shelf], rank: int, k: int, *, leading_only: bool = False) -> list[Choice]:
    """The k maximal choices of largest gain, in descending order.

    Parameters
    ----------
    leading_only : bool
        Whether only those of index 0 are wanted, which keep the largest groups of each component.
    """
    states: dict[State, list[Choice]] = {(0, _NOTHING_LEFT): [Choice(0.0, ())]}
    for shelf in shelves:
        options = _leading(shelf, rank) if leading_only else _subsets(shelf, rank, k)
        following: defaultdict[State, list[Choice]] = defaultdict(list)
        for state, choices in states.items():
            for count, subsets in enumerate(options):
                reached = _after(shelf, state, count)
                if reached[0] <= rank:
                    following[reached] += _sums(choices, subsets, k)
        states = {state: nlargest(k, choices) for state, choices in following.items()}
    return nlargest(k, (c for (cost, left), choices in states.items() if cost > rank - left for c in choices))


def _after(shelf: Shelf, state: State, count: int) -> State:
    cost, left = state
    return cost + count * shelf.cost, left if count == len(shelf.gains) else min(left, shelf.cost)


def _summed(shelves: Sequence[Shelf], rank: int, tables: Sequence[Sequence[int]]) -> int:
    """Σ over the maximal numbers (k_i) of groups of Π_i tables[i][k_i]."""
    states: dict[State, int] = {(0, _NOTHING_LEFT): 1}
    room = sum(shelf.cost * shelf.most(rank) for shelf in shelves)
    for shelf, table in zip(shelves, tables, strict=True):
        room -= shelf.cost * shelf.most(rank)  # what the shelves after this one can still take
        following: defaultdict[State, int] = defaultdict(int)
        for state, value in states.items():
            for count, factor in enumerate(table):
                reached = _after(shelf, state, count)
                if rank - reached[1] - room < reached[0] <= rank:
                    following[reached] += value * factor
        states = following
    return sum(value for (cost, left), value in states.items() if cost > rank - left)


def _sums(choices: Sequence[Choice], subsets: Sequence[tuple[float, Subset]], k: int) -> list[Choice]:
    """The pairs that can be among the k best: those with fewer than k pairs surely before them."""
    return [
        Choice(choice.gain + gain, (*choice.kept, subset))
        for i, choice in enumerate(choices[:k])
        for gain, subset in subsets[: k // (i + 1)]
    ]


def _leading(shelf: Shelf, rank: int) -> list[list[tuple[float, Subset]]]:
    counts = range(shelf.most(rank) + 1)
    return [[(math.fsum(shelf.gains[:count]), tuple(range(count)))] for count in counts]


def _subsets(shelf: Shelf, rank: int, k: int) -> list[list[tuple[float, Subset]]]:
    """For 0, 1, 2, … groups the k best ways to keep so many, of tied ones always the first."""
    most = shelf.most(rank)
    tables: list[list[tuple[float, Subset]]] = [[] for _ in range(most + 1)]
    tables[0].append((0.0, ()))
    start = 0
    for size in shelf.sizes:
        gain = shelf.gains[start]
        following: list[list[tuple[float, Subset]]] = [[] for _ in range(most + 1)]
        for count, ways in enumerate(tables):
            for taken in range(min(size, most - count) + 1):
                kept = tuple(range(start, start + taken))
                following[count + taken] += [(value + taken * gain, subset + kept) for value, subset in ways]
        tables = [nlargest(k, ways) for ways in following]
        start += size
    return tables
