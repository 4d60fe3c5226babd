"""Critical points as markers: points of one index and nearly one loss share one."""

from __future__ import annotations

import numpy as np
import pytest

import haarwire as hw
from haarwire.landscape import critical_points
from haarwire.landscape.cloud import cloud, merged
from strategies import generic_data


def test_points_of_one_index_and_nearly_one_loss_share_a_marker():
    indices = np.array([0, 1, 1, 1, 2, 2])
    losses = np.array([0.0, 0.5, 0.5 + 1e-13, 0.8, 0.8, 1.0]) * 0.01
    families = np.array([False, False, False, False, False, True])
    found = merged(indices, losses, families)
    np.testing.assert_array_equal(found.indices, [0, 1, 1, 2, 2])
    np.testing.assert_allclose(found.losses, [0.0, 0.005, 0.008, 0.008, 0.01])
    np.testing.assert_array_equal(found.numbers, [1, 2, 1, 1, 1])
    np.testing.assert_array_equal(found.are_families, [False, False, False, False, True])
    assert found.numbers.sum() == indices.size


def test_one_loss_for_all():
    found = merged(np.array([0, 0, 1]), np.full(3, 2.0), np.zeros(3, dtype=bool))
    np.testing.assert_array_equal(found.numbers, [2, 1])


@pytest.mark.parametrize("lowest", [5, 300])
def test_a_cloud_has_all_points_or_the_lowest(lowest):
    moments = generic_data(16, 14, np.random.default_rng(0)).moments
    few = critical_points(moments, hw.groups.trivial(16), rank=2, approach=hw.Plain())
    indices, losses, families = cloud(few, lowest)
    assert indices.size == few.count == 91
    assert sorted(losses) == pytest.approx([point.loss for point in few])
    assert not families.any()
    many = critical_points(moments, hw.groups.trivial(16), rank=7, approach=hw.Plain())
    assert many.count == 3432
    most = critical_points(moments, hw.groups.trivial(16), rank=6, approach=hw.Plain())
    assert cloud(most, lowest)[1].size == most.count == 3003
