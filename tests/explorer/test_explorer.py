"""What the explorer answers is what the library says of the same samples."""

from __future__ import annotations

import base64
import json
import math
from typing import Any

import numpy as np
import pytest

import haarwire as hw
from haarwire.explorer import NOISE_LEVELS, Explorer


def moments_of(explorer: Explorer, data: hw.datasets.Dataset, size: int, level: float) -> hw.Moments:
    """The explorer's training samples, split, put in order and made noisy as it says it does."""
    split_rng, order_rng, noise_rng = np.random.default_rng(0).spawn(3)
    train, _ = data.split(1 / 3, split_rng)
    order = order_rng.permutation(len(train.X))
    Y = train.Y[order]
    scale = math.sqrt(train.Y.var(axis=0).sum() / Y.shape[1])
    parts = np.diff([0, *explorer.sizes])
    noise = np.concatenate([noise_rng.standard_normal((part, Y.shape[1])) for part in parts])
    count = explorer.sizes[size]
    return hw.Moments.from_arrays(train.X[order][:count], (Y + level * scale * noise)[:count])


@pytest.mark.parametrize(("symmetry", "size", "noise"), [(0, 0, 0), (1, 3, 4), (0, -1, 9), (1, -1, 0)])
def test_views_are_paths_of_the_same_samples(
    explorer: Explorer, symmetry: int, size: int, noise: int
) -> None:
    size %= len(explorer.sizes)
    rep = [hw.groups.image_rotations(4), hw.groups.image_rotations(4, reflections=True)][symmetry]
    view = explorer.view(symmetry, size, noise)
    moments = moments_of(explorer, explorer.data, size, NOISE_LEVELS[noise])
    path = hw.regularization_path(moments, rep, rank=2)
    assert view["n_train"] == explorer.sizes[size]
    shown = view["path"]
    for k in (0, 5, 20, -1):
        alpha = math.inf if shown["alphas"][k] == "inf" else shown["alphas"][k]
        for row, rank in enumerate(shown["ranks"]):
            model = path.at(alpha, rank=rank)
            gap = shown["relative_invariance_gap"][row][k]
            assert gap == pytest.approx(model.relative_invariance_gap, abs=1e-6)
            assert shown["loss"][row][k] == pytest.approx(moments.loss(model.coef, model.intercept), rel=1e-6)
    frame = explorer.frame(symmetry, size, noise, 20, 2)
    exact = path.at(shown["alphas"][20], rank=2)
    packed = frame["coef"]
    coef = np.frombuffer(base64.b64decode(packed["data"]), np.int8) * packed["scale"][0]
    np.testing.assert_allclose(coef, exact.coef.ravel(), atol=np.abs(exact.coef).max() / 200)


def test_losses_on_the_test_samples_do_not_see_the_noise(explorer: Explorer) -> None:
    _, test = explorer.data.split(1 / 3, np.random.default_rng(0).spawn(3)[0])
    held_out = hw.Moments.from_arrays(test.X, test.Y)
    rep = hw.groups.image_rotations(4)
    moments = moments_of(explorer, explorer.data, 2, NOISE_LEVELS[6])
    path = hw.regularization_path(moments, rep, rank=2)
    shown = explorer.view(0, 2, 6)["path"]
    model = path.at(shown["alphas"][9], rank=3)
    assert shown["as_is"][2][9] == pytest.approx(held_out.loss(model.coef, model.intercept), rel=1e-6)
    moved = [held_out.loss(g.pull_back(np.asarray(model.coef)), model.intercept) for g in rep.elements()]
    assert shown["moved"][2][9] == pytest.approx(np.mean(moved), rel=1e-6)


def test_landscapes_are_those_of_critical_points(explorer: Explorer) -> None:
    rep, last = hw.groups.image_rotations(4), len(explorer.sizes) - 1
    moments = moments_of(explorer, explorer.data, last, NOISE_LEVELS[3])
    alpha = explorer.view(0, last, 3)["path"]["alphas"][15]
    shown = explorer.frame(0, last, 3, 15, 1)["landscapes"]
    approaches = {
        "hard-wired and augmented": hw.Hardwired(),
        "plain": hw.Plain(),
        f"regularized, α = {alpha:.3g}": hw.Regularized(alpha),
    }
    assert list(shown) == list(approaches)
    for name, approach in approaches.items():
        points = hw.critical_points(moments, rep, rank=1, approach=approach)
        assert shown[name]["count"] == str(points.count)
        assert shown[name]["best"][1] == pytest.approx(points.global_optimum.loss, rel=1e-6)
        assert [p["loss"] for p in shown[name]["lowest"]] == pytest.approx(
            [p.loss for p in points.lowest(5)], rel=1e-6
        )


def test_answers_are_json(explorer: Explorer) -> None:
    last = len(explorer.view(0, 0, 0)["path"]["alphas"]) - 1
    for answer in (explorer.start, explorer.view(1, 2, 3), explorer.frame(1, 2, 3, last, 3)):
        assert json.loads(json.dumps(answer, allow_nan=False)) == answer


def test_what_is_nearest_is_factored_ahead_first(explorer: Explorer) -> None:
    symmetries = [hw.groups.image_rotations(4), hw.groups.image_rotations(4, reflections=True)]
    fresh = Explorer(explorer.data, symmetries, rank=2)
    last = len(fresh.sizes) - 1
    assert fresh.plan[:3] == [(0, last), (1, last), (0, last - 1)]
    assert len(fresh.plan) == 2 * len(fresh.sizes)
    fresh.view(1, 1, 0)
    assert fresh.moved.is_set()
    assert fresh.plan[:4] == [(1, 1), (0, 1), (1, 0), (1, 2)]


def test_it_tells_how_much_is_factored(explorer: Explorer) -> None:
    fresh = Explorer(explorer.data, [hw.groups.image_rotations(4)], rank=2)
    planned = len(fresh.plan)
    assert fresh.prepared == {"done": 0, "planned": planned}
    fresh.prepare(patience=-1.0)
    assert fresh.prepared["done"] == 0
    fresh.warm(*fresh.plan[0])
    assert fresh.prepared["done"] == 1
    told: list[float] = []
    fresh.prepare(progress=told.append)
    assert fresh.prepared == {"done": planned, "planned": planned}
    assert told == [(i + 1) / planned for i in range(planned)]


def test_no_more_is_planned_than_fits_in_memory(monkeypatch: pytest.MonkeyPatch, explorer: Explorer) -> None:
    monkeypatch.setattr("haarwire.explorer.fits._MEMORY", 0)
    fresh = Explorer(explorer.data, [hw.groups.image_rotations(4)], rank=2)
    fresh.prepare()
    assert fresh.prepared == {"done": 4, "planned": 4}
    first = fresh.view(0, 0, 0)
    fresh.prepare()
    assert fresh.view(0, 0, 0) == first


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda e: e.view(2, 0, 0), "no symmetry number 2"),
        (lambda e: e.view(0, 99, 0), "no size number 99"),
        (lambda e: e.view(0, 0, 10), "no noise number 10"),
        (lambda e: e.frame(0, 0, 0, 999, 1), "no alpha number 999"),
        (lambda e: e.frame(0, 0, 0, 0, 0), "rank"),
        (lambda e: e.frame(0, 0, 0, 0, 99), "rank"),
    ],
)
def test_places_that_do_not_exist_are_named(explorer: Explorer, call: Any, message: str) -> None:
    with pytest.raises(hw.ParameterError, match=message):
        call(explorer)


def test_a_group_that_is_not_compact_has_no_augmented_landscape() -> None:
    rep = hw.groups.shear(4)
    explorer = Explorer(hw.datasets.planted(rep, 60, n_targets=2, rng=0), [rep])
    assert explorer.view(0, 0, 0)["path"]["moved"] is None
    assert next(iter(explorer.frame(0, 0, 0, 0, 1)["landscapes"])) == "hard-wired"
    assert explorer.frame(0, 0, 0, 0, 1)["outputs"] == {}


def test_bad_data_and_symmetries_are_refused() -> None:
    rep = hw.groups.cyclic_shifts(4)
    data = hw.datasets.planted(rep, 30, rng=0)
    with pytest.raises(hw.ParameterError, match="no symmetry to explore"):
        Explorer(data, [])
    with pytest.raises(hw.DataError, match="has 4 features, cyclic_shifts:5 acts on 5"):
        Explorer(data, [hw.groups.cyclic_shifts(5)])
    spoilt = hw.datasets.Dataset("spoilt", np.where(data.X[3, 1] == data.X, np.nan, data.X), data.Y)
    with pytest.raises(hw.DataError, match="X"):
        Explorer(spoilt, [rep])
