"""The recommendation: the least cross-validated loss, by refits, and as good as the best on new data."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import haarwire as hw
from haarwire.selection import advice_verdict, fold_moments, recommend_from_folds
from haarwire.selection.recommendation import SIMPLEST_FIRST
from haarwire.selection.risk import MovedRisk, risks

SHIFTS = hw.groups.cyclic_shifts(8)
SHEAR = hw.Representation(8, (hw.Matrix(np.eye(8) + np.eye(8, k=4)),), name="shear")
STRETCH = np.eye(8) + np.triu(np.full((8, 8), 0.2), 1)
SKEWED = hw.Representation(
    8, (hw.Matrix(STRETCH @ np.roll(np.eye(8), 1, axis=0) @ np.linalg.inv(STRETCH)),), name="skewed"
)


def planted(n_samples: int, *, violation: float = 0.0, noise: float = 1.0, seed: int = 0) -> Any:
    return hw.datasets.planted(SHIFTS, n_samples, n_targets=3, violation=violation, noise=noise, rng=seed)


def test_a_planted_symmetry_is_hard_wired_and_a_violated_one_is_not() -> None:
    exact = planted(60)
    found = hw.recommend(exact.X, exact.Y, SHIFTS, rank=3)
    assert found.moved is not None
    assert (found.as_is.approach, found.moved.approach) == ("hardwired", "hardwired")
    validation = found.cross_validation
    along = validation.as_is[1:-1] @ validation.weights
    assert found.as_is.losses["regularized"] == pytest.approx(along.min(), rel=1e-12)
    assert along.argmin() == along.size - 1  # the strongest but ∞
    assert found.as_is.alpha is None
    assert found.as_is.against == "plain"
    assert found.as_is.gain > 0
    broken = planted(2000, violation=5.0)
    found = hw.recommend(broken.X, broken.Y, SHIFTS, rank=3)
    assert found.moved is not None
    assert found.as_is.approach in ("plain", "regularized")
    assert found.moved.approach == "hardwired"
    some = planted(60, violation=1.0)
    found = hw.recommend(some.X, some.Y, SHIFTS, rank=3)
    assert found.as_is.approach == "regularized"
    assert found.as_is.alpha is not None
    assert f"with alpha {found.as_is.alpha:.3g} the lowest cross-validated loss" in found.as_is.reason


@pytest.mark.parametrize("rep", [SHIFTS, SHEAR, SKEWED], ids=lambda rep: rep.name)
@pytest.mark.parametrize("ridge", [0.0, 0.2])
@pytest.mark.parametrize("n_samples", [60, 10])
def test_losses_are_those_of_refits(rep: hw.Representation, ridge: float, n_samples: int) -> None:
    """With 10 samples of 8 features the plain fit is the minimum-norm one, not the end of the path."""
    data = planted(n_samples, violation=0.5)
    folds = fold_moments(data.X, data.Y, rng=0)
    found = recommend_from_folds(folds, rep, rank=2, ridge=ridge)
    whole = sum(folds[1:], start=folds[0])
    approaches = {"plain": hw.Plain(), "hardwired": hw.Hardwired()}
    if rep.is_compact:
        approaches["augmented"] = hw.Augmented()
    for question, advice in (("as_is", found.as_is), ("moved", found.moved)):
        if advice is None:
            assert not rep.is_compact
            continue
        assert set(advice.losses) == {*approaches, "regularized"}
        for name, approach in approaches.items():
            losses = []
            for fold in folds:
                model = hw.solve(whole - fold, rep, rank=2, approach=approach, ridge=ridge)
                W, b = model.coef[None], model.intercept[None]
                of = risks(fold, W, b) if question == "as_is" else MovedRisk(fold, rep).risks(W, b)
                losses.append(of[0] * fold.weight / whole.weight)
            assert advice.losses[name] == pytest.approx(sum(losses), rel=1e-7)
        least = min(advice.losses.values())
        assert advice.losses[advice.approach] <= least * 1.001
        better = [n for n in SIMPLEST_FIRST if n in advice.losses and advice.losses[n] <= least * 1.001]
        assert advice.approach == better[0]
        gain = advice.losses[advice.against] - advice.losses[advice.approach]
        assert advice.gain == pytest.approx(gain, abs=1e-9 * least)


def test_the_rank_is_chosen_where_none_is_given() -> None:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((200, 8))
    Y = np.outer(X.sum(axis=1), [1.0, -1.0, 2.0, 1.0]) + 2.0 * rng.standard_normal((200, 4))
    found = hw.recommend(X, Y, SHIFTS).moved
    assert found is not None
    assert (found.approach, found.rank) == ("hardwired", 1)
    assert hw.recommend(X, Y, SHIFTS, rank=3).as_is.rank == 3


def test_the_standard_error_of_the_gain() -> None:
    data = planted(80, violation=0.7)
    folds = [hw.Moments.from_arrays(data.X[i::5], data.Y[i::5]) for i in range(5)]
    found = recommend_from_folds(folds, SHIFTS, rank=3)
    validation = found.cross_validation
    own = validation.as_is[list(validation.alphas).index(found.as_is.alpha)]
    paired = validation.as_is[0] - own
    assert found.as_is.gain == pytest.approx(paired.mean())
    expected = math.sqrt((1 / 5 + 1 / 4) * paired.var(ddof=1))
    assert found.as_is.standard_error == pytest.approx(expected)


def test_the_same_seed_gives_the_same_advice() -> None:
    data = planted(60, violation=0.5)
    first, again, other = (hw.recommend(data.X, data.Y, SHIFTS, rng=seed) for seed in (1, 1, 2))
    assert first.as_is.losses == again.as_is.losses
    assert first.as_is.losses != other.as_is.losses


def test_few_samples_are_split_anew() -> None:
    """Fewer than ten a feature: four splits into five folds."""
    for n_samples, n_repeats, expected in ((79, None, 20), (80, None, 5), (79, 1, 5), (80, 3, 15)):
        data = planted(n_samples)
        found = hw.recommend(data.X, data.Y, SHIFTS, rank=1, n_repeats=n_repeats).cross_validation
        assert found.weights.shape == (expected,)
        assert found.weights.sum() == pytest.approx(1.0)
        # Each split holds every sample once.
        np.testing.assert_allclose(found.weights.reshape(-1, 5).sum(axis=1), 5 / expected)
        again = hw.recommend(data.X, data.Y, SHIFTS, rank=1, n_repeats=n_repeats).cross_validation
        np.testing.assert_array_equal(again.as_is, found.as_is)
        assert np.unique(found.as_is[0]).size == expected


def test_sample_weights_are_heard() -> None:
    """Samples without weight are as good as absent, but for their places in the folds."""
    data = planted(400)
    weights = np.ones(400)
    weights[::2] = 0.0
    spoilt = data.Y.copy()
    spoilt[::2] = 1e3
    found = hw.recommend(data.X, spoilt, SHIFTS, sample_weight=weights, rank=2, n_repeats=2)
    expected = hw.recommend(data.X[1::2], data.Y[1::2], SHIFTS, rank=2)
    assert found.as_is.approach == expected.as_is.approach == "hardwired"
    assert found.as_is.losses["hardwired"] == pytest.approx(expected.as_is.losses["hardwired"], rel=0.03)
    counts = np.round(found.cross_validation.weights * 400)
    assert counts.sum() == 400
    assert (counts != 40).any()


def test_the_trivial_group_makes_all_approaches_one() -> None:
    data = planted(60)
    advice = hw.recommend(data.X, data.Y, hw.groups.trivial(8)).as_is
    assert advice.reason == "all approaches give the same model on data as they are"
    assert (advice.approach, advice.gain) == ("hardwired", pytest.approx(0.0, abs=1e-9))


def test_on_new_data_the_choice_is_as_good_as_the_best() -> None:
    """Relative regret of the exact risk, averaged over repetitions (experiments/calibration has the map)."""
    for violation, n_samples, bound in ((0.0, 60, 0.02), (0.5, 60, 0.03), (1.0, 300, 0.01)):
        regrets: dict[str, list[float]] = {"as_is": [], "moved": []}
        for seed in range(30):
            train = planted(n_samples, violation=violation, seed=seed)
            rng = np.random.default_rng(seed)
            # The same planted map, known from data without noise.
            clean = planted(200, violation=violation, noise=0.0, seed=seed)
            W = np.linalg.lstsq(clean.X, clean.Y, rcond=None)[0].T
            X = rng.standard_normal((4000, 8))
            test = hw.Moments.from_arrays(X, X @ W.T + rng.standard_normal((4000, 3)))
            found = hw.recommend(train.X, train.Y, SHIFTS, rank=3, rng=seed)
            assert found.moved is not None
            moments = hw.Moments.from_arrays(train.X, train.Y)
            path = hw.regularization_path(moments, SHIFTS)
            for question, advice in (("as_is", found.as_is), ("moved", found.moved)):
                losses = getattr(found.cross_validation, question)[1:-1].mean(axis=1)
                middle = float(found.cross_validation.alphas[1:-1][int(np.argmin(losses))])
                models = {
                    "plain": path.at(0.0),
                    "hardwired": path.at(math.inf),
                    "regularized": path.at(middle),
                }
                coefs = np.stack([model.coef for model in models.values()])
                intercepts = np.stack([model.intercept for model in models.values()])
                of = risks if question == "as_is" else MovedRisk(test, SHIFTS).risks
                found_risks = of(test, coefs, intercepts) if question == "as_is" else of(coefs, intercepts)  # type: ignore[operator, call-arg]
                own = found_risks[list(models).index(advice.approach)]
                regrets[question].append(float(own / found_risks.min() - 1.0))
        assert np.mean(regrets["as_is"]) < bound
        assert np.mean(regrets["moved"]) < 0.01


def test_the_verdict_of_advice_is_its_test() -> None:
    data = planted(60)
    advice = hw.recommend(data.X, data.Y, SHIFTS, rank=3).as_is
    rng = np.random.default_rng(0)
    worse = rng.standard_normal(100) ** 2
    for shift, clear, words in ((1.0, True, "confirm it against plain"), (-0.2, False, "plain does better")):
        found = advice_verdict(advice, {"plain": worse + shift, "hardwired": worse + 0.01 * rng.random(100)})
        assert (found.approach, found.is_clear) == ("hardwired", clear)
        assert words in found.reason
        assert found.gain == pytest.approx(shift, abs=0.02)
    noise = rng.standard_normal(100)
    found = advice_verdict(advice, {"plain": worse + noise, "hardwired": worse})
    assert "cannot be told apart" in found.reason
    alone = advice_verdict(advice, {"plain": worse, "hardwired": worse})
    assert (alone.reason, alone.gain, alone.standard_error, alone.is_clear) == (
        advice.reason,
        0.0,
        0.0,
        False,
    )
    with pytest.raises(hw.ParameterError, match="no losses of the approach recommended, hardwired"):
        advice_verdict(advice, {"plain": worse})


def test_refusals() -> None:
    data = planted(60)
    with pytest.raises(hw.ParameterError, match="rank must be an integer from 1 to 3, got 4"):
        hw.recommend(data.X, data.Y, SHIFTS, rank=4)
    for n_folds in (1, 2.5, True):
        with pytest.raises(hw.ParameterError, match="number of folds must be an integer ≥ 2"):
            hw.recommend(data.X, data.Y, SHIFTS, n_folds=n_folds)  # type: ignore[arg-type]
    with pytest.raises(hw.DataError, match="5-fold cross-validation needs at least 10"):
        hw.recommend(data.X[:9], data.Y[:9], SHIFTS)
    with pytest.raises(hw.DataError, match="targets are constant"):
        hw.recommend(data.X, np.ones(60), SHIFTS)
    with pytest.raises(hw.DataError, match="X has 60 rows and Y has 59"):
        hw.recommend(data.X, data.Y[1:], SHIFTS)
    with pytest.raises(hw.DataError, match="acts on 9 coordinates"):
        hw.recommend(data.X, data.Y, hw.groups.cyclic_shifts(9))
    with pytest.raises(hw.ParameterError, match="folds must be moments, got a ndarray"):
        recommend_from_folds([data.X, data.X], SHIFTS)  # type: ignore[list-item]
    with pytest.raises(hw.ParameterError, match="ridge must be a finite number"):
        hw.recommend(data.X, data.Y, SHIFTS, ridge=-1.0)
    with pytest.raises(hw.ParameterError, match="rep must be a Representation"):
        hw.recommend(data.X, data.Y, "cyclic_shifts:8")  # type: ignore[arg-type]


def test_huge_values_do_not_overflow() -> None:
    data = planted(60, violation=0.5)
    near = hw.recommend(data.X, data.Y, SHIFTS).as_is
    far = hw.recommend(data.X * 1e140, data.Y * 1e140, SHIFTS).as_is
    assert far.approach == near.approach
    assert far.standard_error == pytest.approx(near.standard_error * 1e280, rel=1e-6)


def test_a_rank_above_one_is_chosen_where_the_data_have_it() -> None:
    data = planted(400, noise=0.2)
    Y = np.concatenate([data.Y, data.X @ np.random.default_rng(1).standard_normal((8, 2))], axis=1)
    found = hw.recommend(data.X, Y, SHIFTS)
    assert found.as_is.rank == 3
    assert found.cross_validation.moved_by_rank is not None
    losses = found.cross_validation.as_is_by_rank
    assert losses is not None
    np.testing.assert_allclose(losses[:, -1], found.cross_validation.as_is, rtol=1e-9)


@pytest.mark.parametrize("unit", [1e-4, 1e4])
def test_units_of_the_targets_do_not_change_the_words(unit: float) -> None:
    data = planted(200)
    one, other = (hw.recommend(data.X, data.Y * u, SHIFTS, rank=3) for u in (1.0, unit))
    for question in ("as_is", "moved"):
        first, second = getattr(one, question), getattr(other, question)
        assert (first.approach, first.rank, first.alpha) == (second.approach, second.rank, second.alpha)
        assert ("the same model" in first.reason) == ("the same model" in second.reason)


def test_two_folds_are_enough() -> None:
    data = planted(100)
    assert hw.recommend(data.X, data.Y, SHIFTS, n_folds=2).cross_validation.weights.size == 2
