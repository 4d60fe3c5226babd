"""Counts, families, order, tables and nearest, against listing every subset with itertools."""

from __future__ import annotations

import itertools
import math
from itertools import islice

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from haarwire.landscape import count_critical_points
from haarwire.landscape import nearest as nearest_module
from haarwire.landscape.counting import gaussian_binomial, spelled
from haarwire.landscape.families import Families
from haarwire.landscape.search import best_first, subset_loss
from haarwire.landscape.tables import tables

TOTAL = 10.0


@st.composite
def family_problems(draw):
    """Up to eight modes in clusters, and how many are kept."""
    sizes = tuple(draw(st.lists(st.integers(1, 4), max_size=8).filter(lambda s: sum(s) <= 8)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    gains = np.repeat(np.sort(rng.random(len(sizes)))[::-1], sizes)
    return Families(gains, sizes, draw(st.integers(0, sum(sizes))))


def listed(families):
    """Every family by its first subset, from all subsets."""
    clusters = np.repeat(np.arange(len(families.sizes)), families.sizes)
    first = {}
    for subset in itertools.combinations(range(families.n_modes), families.kept):
        first.setdefault(tuple(clusters[list(subset)]), subset)
    return sorted(first.values()), clusters


def inversions(subset, clusters):
    return sum(clusters[j] < clusters[i] for i in subset for j in range(len(clusters)) if j not in subset)


def loss(families, subset):
    return TOTAL - sum(families.gains[i] for i in subset)


@given(family_problems())
def test_counts_match_enumeration(families):
    subsets, clusters = listed(families)
    indices = [inversions(s, clusters) for s in subsets]
    assert families.count == len(subsets)
    assert families.histogram == tuple(np.bincount(indices))
    for subset in itertools.combinations(range(families.n_modes), families.kept):
        assert families.index(subset) == inversions(subset, clusters)
        assert families.canonical(subset) in subsets
        taken = np.bincount(clusters[list(subset)], minlength=len(families.sizes)) if subset else 0
        assert families.dimension(subset) == np.sum(taken * (np.array(families.sizes) - taken))


@given(family_problems())
def test_best_first_lists_everything_once_in_order(families):
    found = list(best_first(families, TOTAL))
    assert sorted(s for _, s in found) == listed(families)[0]
    losses = [value for value, _ in found]
    assert losses == sorted(losses)
    np.testing.assert_allclose(losses, [loss(families, s) for _, s in found], rtol=1e-14)
    assert found[0][1] == families.best
    assert families.worst in [s for value, s in found if value == losses[-1]]


@given(family_problems(), st.integers(1, 50))
def test_tables_list_everything_in_lexicographic_order(families, chunk):
    subsets, clusters = listed(families)
    parts = list(tables(families, TOTAL, chunk))
    assert all(0 < len(part[0]) <= chunk for part in parts)
    assert [tuple(row) for part in parts for row in part[0].tolist()] == subsets
    np.testing.assert_allclose(
        np.concatenate([part[1] for part in parts]), [loss(families, s) for s in subsets], rtol=1e-14
    )
    assert np.concatenate([part[2] for part in parts]).tolist() == [inversions(s, clusters) for s in subsets]


@given(family_problems(), st.floats(-0.5, 1.5))
def test_nearest_matches_enumeration_by_every_route(families, where):
    subsets, _ = listed(families)
    losses = np.array([subset_loss(families, TOTAL, s) for s in subsets])
    target = losses.min() + where * (losses.max() - losses.min())
    distance = np.abs(losses - target).min()
    routes = [nearest_module.nearest_subset(families, TOTAL, target)]
    if families.n_modes:
        middle, work = nearest_module._halves(families)
        assert 0 < work <= families.count
        routes.append(nearest_module._by_meeting(families, middle, TOTAL - target))
    for subset in routes:
        assert subset in subsets
        assert abs(loss(families, subset) - target) <= distance + 1e-14


@pytest.mark.parametrize("kept", [1, 3, 4, 7])
def test_every_point_is_the_nearest_to_its_own_loss(kept):
    families = Families(np.sort(np.random.default_rng(kept).random(8))[::-1], (1,) * 8, kept)
    for subset in itertools.combinations(range(8), kept):
        target = loss(families, subset)
        assert nearest_module.nearest_subset(families, TOTAL, target) == subset
        for middle in (1, 4, 7):
            assert nearest_module._by_meeting(families, middle, TOTAL - target) == subset


def test_of_two_equally_near_the_lower_is_returned():
    families = Families(np.array([3.0, 2.0, 1.0]), (1, 1, 1), 1)
    assert nearest_module.nearest_subset(families, TOTAL, 7.5) == (0,)
    assert nearest_module._by_meeting(families, 1, TOTAL - 7.5) == (0,)


def test_nearest_among_more_than_can_be_listed_in_one_table(monkeypatch):
    families = Families(np.sort(np.random.default_rng(0).random(22))[::-1], (1,) * 22, 9)
    target = TOTAL - 4.321
    by_meeting = nearest_module.nearest_subset(families, TOTAL, target)
    monkeypatch.setattr(nearest_module, "_HALVES", 0)
    assert nearest_module.nearest_subset(families, TOTAL, target) == by_meeting


def test_nearest_beyond_the_limit_walks_up_from_the_optimum(monkeypatch):
    families = Families(np.sort(np.random.default_rng(0).random(22))[::-1], (1,) * 22, 9)
    walked = list(islice(best_first(families, TOTAL), 40))
    target = 0.3 * walked[20][0] + 0.7 * walked[21][0]
    monkeypatch.setattr(nearest_module, "_HALVES", 0)
    monkeypatch.setattr(nearest_module, "_LISTED", 0)
    assert nearest_module.nearest_subset(families, TOTAL, target) == walked[21][1]


@pytest.mark.parametrize(("n", "k"), [(n, k) for n in range(9) for k in range(n + 1)])
def test_gaussian_binomial_identities(n, k):
    coefficients = gaussian_binomial(n, k)
    assert sum(coefficients) == math.comb(n, k)
    assert coefficients == coefficients[::-1]
    assert len(coefficients) == k * (n - k) + 1
    if 0 < k < n:
        # Pascal: [n, k] = [n−1, k−1] + x^k [n−1, k].
        pascal = np.zeros(len(coefficients), dtype=int)
        first, second = gaussian_binomial(n - 1, k - 1), gaussian_binomial(n - 1, k)
        pascal[: len(first)] += first
        pascal[k : k + len(second)] += second
        assert tuple(pascal) == coefficients


def test_the_worked_example():
    assert gaussian_binomial(4, 2) == (1, 1, 2, 1, 1)


def test_huge_counts_are_exact():
    coefficients = gaussian_binomial(300, 40)
    assert sum(coefficients) == math.comb(300, 40) == count_critical_points(300, 40)
    assert coefficients == coefficients[::-1]
    assert type(coefficients[5000]) is int
    assert coefficients[:6] == (1, 1, 2, 3, 5, 7)  # partitions


def test_machine_and_long_integers_agree():
    # C(66, 33) needs more than 62 bits, C(64, 32) less: the recursion joins the two.
    first, second = np.array(gaussian_binomial(65, 32), object), np.array(gaussian_binomial(65, 33), object)
    pascal = np.zeros(33 * 33 + 1, dtype=object)
    pascal[: first.size] += first
    pascal[33 : 33 + second.size] += second
    assert tuple(pascal) == gaussian_binomial(66, 33)


def test_long_family_histograms_add_up():
    families = Families(np.arange(80.0, 0.0, -1.0), (1,) * 30 + (7, 3) * 5, 40)
    assert sum(families.histogram) == families.count
    assert families.histogram[0] == 1


def test_a_thousand_lowest_of_an_astronomical_number():
    families = Families(np.sort(np.random.default_rng(0).random(1000))[::-1], (1,) * 1000, 50)
    found = list(islice(best_first(families, TOTAL), 1000))
    assert len({s for _, s in found}) == 1000
    # No subset outside can be lower: one swap from any found subset leads in, or above the last.
    chosen, last = {s for _, s in found}, found[-1][0]
    for _, subset in found[:100]:
        kept = set(subset)
        for i, j in itertools.product(subset[-8:], range(45, 65)):
            if j not in kept:
                other = tuple(sorted((kept - {i}) | {j}))
                assert other in chosen or subset_loss(families, TOTAL, other) >= last


@pytest.mark.parametrize(
    ("n_modes", "rank", "count"),
    [(4, 2, 6), (4, 4, 1), (4, 7, 1), (0, 1, 1), (1000, 50, math.comb(1000, 50))],
)
def test_count_critical_points(n_modes, rank, count):
    assert count_critical_points(n_modes, rank) == count


def test_counts_are_spelled_however_large():
    assert spelled(3268760) == "3268760"
    assert (spelled(10**9 - 1), spelled(10**9)) == ("999999999", "about 10^9.0")
    assert spelled(math.comb(1000, 50)) == "about 10^85.0"
    assert spelled(10**5000) == "about 10^5000.0"
