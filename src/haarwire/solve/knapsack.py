"""The knapsack behind the rank-bounded equivariant optimum, exact by dynamic programming over the capacity.

Each component i offers items of one cost δ_i in descending order of gain, so that only how many are taken
matters: maximize Σ_i (the k_i largest gains of i) subject to Σ_i δ_i k_i ≤ r. One item of a component never
makes up for a larger one of the same component, but smaller components may crowd out a larger one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from haarwire._numbers import FloatArray

__all__ = ["Allocation", "best_allocation"]


class Allocation(NamedTuple):
    """The best choice.

    Attributes
    ----------
    counts : tuple of int
        k_i, how many items are taken of each component.
    gain : float
        The sum of their gains.
    runner_up : float
        The best sum of gains of any other allocation that takes more of some component (so that it is not
        just this one with an item left out); −inf where there is none.
    """

    counts: tuple[int, ...]
    gain: float
    runner_up: float


def best_allocation(gains: Sequence[FloatArray], costs: Sequence[int], capacity: int) -> Allocation:
    """Solve the knapsack; O(capacity · number of items) in all.

    Parameters
    ----------
    gains : sequence of ndarray
        For each component the positive gains of its items, descending.
    costs : sequence of int
        For each component the cost of one item, ≥ 1.
    capacity : int
        r ≥ 0.
    """
    values = [
        np.concatenate([[0.0], np.cumsum(g)])[: capacity // c + 1] for g, c in zip(gains, costs, strict=True)
    ]
    before = _tables(values, costs, capacity)
    after = _tables(values[::-1], costs[::-1], capacity)[::-1]
    counts: list[int] = []
    room = capacity
    for i in reversed(range(len(values))):
        # The fewest items of the best ones, so that nothing is spent where nothing is gained.
        totals = values[i] + before[i][_rooms(values[i], costs[i], room)]
        totals = np.where(_rooms(values[i], costs[i], room) < 0, -np.inf, totals)
        counts.append(int(totals.argmax()))
        room -= costs[i] * counts[-1]
    counts.reverse()
    runner_up = -np.inf
    for i, (value, cost) in enumerate(zip(values, costs, strict=True)):
        for k in range(counts[i] + 1, value.size):
            rest = capacity - k * cost
            others = before[i][: rest + 1] + after[i + 1][rest::-1]
            runner_up = max(runner_up, float(value[k] + others.max()))
    return Allocation(tuple(counts), float(before[-1][capacity]), runner_up)


def _rooms(value: FloatArray, cost: int, room: int) -> NDArray[np.intp]:
    """What is left of `room` after 0, 1, 2, … items."""
    return np.asarray(room - cost * np.arange(value.size))


def _tables(values: Sequence[FloatArray], costs: Sequence[int], capacity: int) -> list[FloatArray]:
    """For 0, 1, 2, … components, the best gain at each capacity 0 … r."""
    tables: list[FloatArray] = [np.zeros(capacity + 1)]
    for value, cost in zip(values, costs, strict=True):
        table = tables[-1].copy()
        for k in range(1, value.size):
            np.maximum(
                table[k * cost :], tables[-1][: capacity + 1 - k * cost] + value[k], out=table[k * cost :]
            )
        tables.append(table)
    return tables
