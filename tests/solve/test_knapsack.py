"""The knapsack against going through every choice."""

from __future__ import annotations

import itertools

import hypothesis.strategies as st
import numpy as np
from hypothesis import given

from haarwire.solve.knapsack import best_allocation


@given(
    st.lists(
        st.tuples(st.integers(1, 4), st.lists(st.floats(0.01, 10.0), max_size=4)), min_size=1, max_size=3
    ),
    st.integers(0, 12),
)
def test_against_enumeration(components: list[tuple[int, list[float]]], capacity: int) -> None:
    costs = [cost for cost, _ in components]
    gains = [np.sort(np.array(values))[::-1] for _, values in components]
    best = best_allocation(gains, costs, capacity)
    values = {
        counts: sum(float(g[:k].sum()) for g, k in zip(gains, counts, strict=True))
        for counts in itertools.product(*(range(len(g) + 1) for g in gains))
        if sum(c * k for c, k in zip(costs, counts, strict=True)) <= capacity
    }
    assert best.counts in values
    np.testing.assert_allclose(best.gain, max(values.values()))
    np.testing.assert_allclose(values[best.counts], best.gain)
    others = [
        value
        for counts, value in values.items()
        if any(k > k_best for k, k_best in zip(counts, best.counts, strict=True))
    ]
    np.testing.assert_allclose(best.runner_up, max(others, default=-np.inf))


def test_small_items_crowd_out_a_large_one() -> None:
    gains = [np.array([6.0]), np.array([4.0, 3.0])]
    assert best_allocation(gains, [2, 1], 2).counts == (0, 2)
    assert best_allocation(gains, [2, 1], 3).counts == (1, 1)
    assert best_allocation(gains, [2, 1], 1).counts == (0, 1)


def test_large() -> None:
    rng = np.random.default_rng(0)
    gains = [np.sort(rng.random(200))[::-1] for _ in range(3)]
    best = best_allocation(gains, [1, 1, 1], 300)
    expected = np.sort(np.concatenate(gains))[::-1][:300].sum()
    np.testing.assert_allclose(best.gain, expected)
