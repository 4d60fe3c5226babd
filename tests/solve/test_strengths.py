"""The strengths between which a path changes."""

from __future__ import annotations

import math

import numpy as np
import pytest

import haarwire as hw
from haarwire.solve import alpha_range


def random_moments(n: int, m: int, seed: int = 0) -> hw.Moments:
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((4 * n, n))
    return hw.Moments.from_arrays(X, X @ rng.standard_normal((n, m)) + rng.standard_normal((4 * n, m)))


def test_the_range_of_alpha_shows_all_that_changes() -> None:
    for seed in range(5):
        path = hw.regularization_path(random_moments(6, 3, seed), hw.groups.cyclic_shifts(6), rank=2)
        low, high = alpha_range(path)
        assert 0 < low < high
        curve = path.curve([0.0, low, high, math.inf])
        for values in (curve.loss[:, 1], curve.objective[:, 1], curve.relative_invariance_gap[:, 1]):
            assert abs(values[1] - values[0]) <= 0.02 * np.ptp(values)
            assert abs(values[2] - values[3]) <= 0.02 * np.ptp(values)


def test_a_path_of_one_point_has_a_range_too() -> None:
    path = hw.regularization_path(random_moments(4, 2), hw.groups.trivial(4))
    assert alpha_range(path) == (1e-3, 1e3)
    X = math.sqrt(2.0) * np.concatenate([np.eye(2), -np.eye(2)])
    low, high = alpha_range(
        hw.regularization_path(hw.Moments.from_arrays(X, X[:, :1]), hw.groups.reflection(2)), rank=1
    )
    assert low < 1.0 < high


@pytest.mark.parametrize("rank", [0, -1, 3])
def test_a_range_of_a_rank_that_there_is_not_is_refused(rank: int) -> None:
    path = hw.regularization_path(random_moments(4, 2), hw.groups.cyclic_shifts(4))
    with pytest.raises(hw.ParameterError, match="rank must be an integer from 1 to 2"):
        alpha_range(path, rank=rank)
