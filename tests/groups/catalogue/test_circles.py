"""Circles and tori against complex phases and Fourier features."""

import numpy as np
import pytest

from haarwire import invariant_subspace
from haarwire.errors import ParameterError
from haarwire.groups import hom, so2, translations, unitary_phase


def test_blocks_of_frequencies():
    L = so2([2, 0, -1]).algebra[0].toarray()
    expected = np.zeros((5, 5))
    expected[:2, :2] = [[0, -2], [2, 0]]
    expected[3:, 3:] = [[0, 1], [-1, 0]]
    np.testing.assert_array_equal(L, expected)
    c, s = np.cos(1.4), np.sin(1.4)
    moved = so2([2, 0]).action.act(0.7).to_dense()
    np.testing.assert_allclose(moved, [[c, -s, 0], [s, c, 0], [0, 0, 1]])


def test_phases_are_complex_multiplication():
    z = np.random.default_rng(0).standard_normal(8).view(complex)
    moved = unitary_phase(4).action.act(0.3).apply(z.view(float))
    np.testing.assert_allclose(moved, (np.exp(0.3j) * z).view(float))
    same = so2([1, 1, 1, 1])
    np.testing.assert_array_equal(unitary_phase(4).algebra[0].toarray(), same.algebra[0].toarray())
    assert (unitary_phase(4) + same).action is not None


@pytest.mark.parametrize("waves", [[1, -2, 3], [[1, 0], [2, -1], [0, 0]], [[1, 0, 2], [0, 1, 1]]])
def test_translations_move_fourier_features(waves):
    k = np.array(waves).reshape(len(waves), -1)
    rng = np.random.default_rng(0)
    x, t = rng.standard_normal((2, k.shape[1]))

    def features(point):
        return np.stack([np.cos(k @ point), np.sin(k @ point)], axis=1).ravel()

    rep = translations(waves)
    element = t[0] if k.shape[1] == 1 else tuple(t)
    np.testing.assert_allclose(rep.action.act(element).apply(features(x)), features(x + t), atol=1e-14)
    assert rep.dim == 2 * len(waves)


def test_invariants_have_no_frequency():
    assert invariant_subspace(so2([0, 1, 0, 2])).dim == 2
    assert invariant_subspace(translations([[0, 0], [1, 0], [0, 1]])).dim == 2
    # Complex type: i commutes.
    assert invariant_subspace(hom(so2([3]), so2([3, -3, 2]))).dim == 4
    # cos and sin of k·x times those of q·x, k + q or k − q = 0.
    waves = translations([[1, 1], [1, -1]])
    assert invariant_subspace(waves * waves).dim == 4


@pytest.mark.parametrize(
    "build",
    [
        lambda: so2([]),
        lambda: so2(3),
        lambda: so2([1.5]),
        lambda: so2([True]),
        lambda: so2([[1], [2, 3]]),
        lambda: translations([[0.5, 1.0]]),
        lambda: translations([[[1]]]),
        lambda: translations([[1, 2], [3]]),
        lambda: so2(None),
    ],
)
def test_frequencies_are_integers(build):
    with pytest.raises(ParameterError, match="must be a non-empty list of integers") as raised:
        build()
    assert "period" in raised.value.cause
    assert raised.value.remedy.startswith("type ")


@pytest.mark.parametrize("frequency", [10**7, -(10**7), np.iinfo(np.int64).min])
def test_huge_frequencies_are_refused(frequency):
    with pytest.raises(ParameterError, match=r"between −10\^6 and 10\^6") as raised:
        so2([1, frequency])
    assert "unit" in raised.value.cause
    assert "fundamental" in raised.value.remedy
