"""Groups too large to list, on real data: exact augmentation is hard-wiring, and the enumerated average.

Tests skip without the data (see `real_data`).
"""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

import haarwire as hw
from real_data import real_arrays


@pytest.fixture(scope="module")
def molecules():
    """Atoms of 148 molecules in 14 slots, each with its element one-hot and moments of its distances."""
    file = real_arrays("g2_molecules")
    numbers, positions, targets = file["numbers"], file["positions"], file["targets"]
    elements = np.setdiff1d(np.unique(numbers), [0])
    present = numbers > 0
    one_hot = (numbers[:, :, None] == elements).astype(float)
    distances = np.linalg.norm(positions[:, :, None] - positions[:, None], axis=-1)
    pairs = present[:, :, None] & present[:, None] & ~np.eye(14, dtype=bool)
    inverse = np.where(pairs, 1.0 / np.where(pairs, distances, 1.0), 0.0)
    shells = np.stack([inverse.sum(axis=2), (inverse**3).sum(axis=2)], axis=2)
    X = np.concatenate([one_hot, shells], axis=2)
    return X.reshape(len(X), -1), targets, X.shape[2]


@pytest.fixture(scope="module")
def graphs():
    file = real_arrays("graph_atlas7")
    return file["edges"].astype(float), file["targets"].astype(float)


def _on_pairs(p):
    """What a relabelling of 7 nodes does to the 21 pairs in lexicographic order."""
    place = {pair: k for k, pair in enumerate(itertools.combinations(range(7), 2))}
    return np.array([place[tuple(sorted((p[i], p[j])))] for i, j in place])


def _relabelling():
    generators = [g.indices for g in hw.groups.permutations(7).generators]
    return hw.Representation(21, [hw.Permutation(_on_pairs(p)) for p in generators], name="S_7 on pairs")


def test_relabelled_atoms(molecules):
    X, Y, features = molecules
    rep = hw.groups.permutations_of_sets(14, features)
    assert rep.order == math.factorial(14)
    moments = hw.Moments.from_arrays(X, Y)
    for rank in (1, 2, 3):
        hard = hw.solve(moments, rep, rank=rank, approach=hw.Hardwired())
        augmented = hw.solve(moments, rep, rank=rank, approach=hw.Augmented())
        scale = np.abs(hard.coef).max()
        np.testing.assert_allclose(augmented.coef, hard.coef, atol=1e-8 * scale)
        assert augmented.loss == pytest.approx(hard.loss, rel=1e-10)
        assert hw.invariance_error(hard.coef, rep) < 1e-12


def test_sampled_augmentation_of_atoms_tends_to_the_exact_one(molecules):
    X, Y, features = molecules
    rep = hw.groups.permutations_of_sets(14, features)
    exact = hw.average_moments(hw.Moments.from_arrays(X, Y), rep)
    elements = rep.sample(0, size=100)
    sampled = sum(
        (hw.Moments.from_arrays(g.apply(X), Y) for g in elements[1:]),
        start=hw.Moments.from_arrays(elements[0].apply(X), Y),
    )
    error = np.linalg.norm(sampled.gram - exact.gram) / np.linalg.norm(exact.gram)
    assert error < 3.0 / math.sqrt(len(elements))
    np.testing.assert_allclose(sampled.total, exact.total, rtol=1e-10)


def test_relabelled_graphs_equal_the_enumerated_average(graphs):
    X, Y = graphs
    rep = _relabelling()
    assert rep.order == 5040
    moments = hw.Moments.from_arrays(X, Y)
    M = moments.about_origin().gram
    listed = np.zeros_like(M)
    for p in itertools.permutations(range(7)):
        q = _on_pairs(p)
        listed += M[np.ix_(q, q)]
    np.testing.assert_allclose(hw.haar_average(M, rep), listed / 5040, atol=1e-12 * np.abs(M).max())


@pytest.mark.parametrize("products", [False, True])
def test_hard_wired_and_augmented_graphs(graphs, products):
    X, Y = graphs
    rep = _relabelling()
    if products:
        square = hw.groups.symmetric_power(rep, 2)
        X = hw.groups.symmetric_power_features(X, 2)
        rep = square
        assert hw.invariant_subspace(rep).dim == 3  # an edge twice, two that meet, two that do not
    moments = hw.Moments.from_arrays(X, Y)
    hard = hw.solve(moments, rep, rank=1, approach=hw.Hardwired())
    augmented = hw.solve(moments, rep, rank=1, approach=hw.Augmented())
    np.testing.assert_allclose(augmented.coef, hard.coef, atol=1e-8 * np.abs(hard.coef).max())
    assert augmented.loss == pytest.approx(hard.loss, rel=1e-10)
