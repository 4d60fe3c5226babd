"""Samples moved by random elements: each row by one of its own, listed or drawn one by one."""

from __future__ import annotations

import numpy as np
import pytest

import haarwire as hw
from haarwire.groups import enumeration
from haarwire.invariants.moving import Mover

X = np.random.default_rng(0).standard_normal((400, 4))


@pytest.mark.parametrize("limit", [1, 1000])
@pytest.mark.parametrize("name", ["cyclic_shifts:4", "dihedral:4", "alternating:4"])
def test_each_row_is_moved_by_an_element_and_all_elements_are_as_likely(name: str, limit: int) -> None:
    rep = hw.groups.from_name(name)
    move = Mover(rep, limit)
    assert (move.elements is None) == (limit == 1)
    images = np.stack([g.apply(X) for g in rep.elements()])
    moved = move(X, np.random.default_rng(1))
    found = np.isclose(images, moved, atol=1e-14).all(axis=2)
    assert (found.sum(axis=0) == 1).all()
    counts = found.sum(axis=1)
    assert counts.max() <= len(X) / len(images) + 5 * np.sqrt(len(X) / len(images))


def test_a_continuous_group_is_drawn_from() -> None:
    rep = hw.groups.so3_vectors(2)
    rows = np.random.default_rng(0).standard_normal((50, 6))
    moved = Mover(rep)(rows, np.random.default_rng(1))
    assert not np.isclose(moved, rows).all(axis=1).any()
    lengths = (np.linalg.norm(A.reshape(-1, 2, 3), axis=2) for A in (rows, moved))
    np.testing.assert_allclose(*lengths, rtol=1e-12)


@pytest.mark.parametrize("limit", [1, 1000])
def test_the_same_seed_moves_the_same_way(limit: int) -> None:
    move = Mover(hw.groups.dihedral(4), limit)
    first, again, other = (move(X, np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_elements_too_large_to_list_are_drawn_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    rows, rep = (
        np.random.default_rng(0).standard_normal((20, 10)),
        hw.groups.symmetric_power(hw.groups.dihedral(4), 2),
    )
    monkeypatch.setattr(enumeration, "_ENUMERATION_BYTES", 8 * 2 * 10 * 3)
    move = Mover(rep)
    assert move.elements is None
    assert np.isfinite(move(rows, np.random.default_rng(1))).all()


def test_groups_without_elements_to_draw_are_refused() -> None:
    with pytest.raises(hw.NotCompactError, match="Haar-distributed element does not exist for shear:2"):
        Mover(hw.groups.shear(2))
    turning = hw.Representation(2, algebra=(np.array([[0.0, -1.0], [1.0, 0.0]]),))
    with pytest.raises(hw.NoSamplerError, match="no exact sampler"):
        Mover(turning)(X[:, :2], np.random.default_rng(0))
    # A turn by an irrational angle: infinitely many matrices.
    c, s = np.cos(1.0), np.sin(1.0)
    dense = hw.Representation(2, (hw.Matrix(np.array([[c, -s], [s, c]])),))
    with pytest.raises(hw.GroupTooLargeError):
        Mover(dense)(X[:, :2], np.random.default_rng(0))
