"""Verdicts: the paired comparison, and what is said when nothing is clearly better."""

from __future__ import annotations

import math
import re

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

import haarwire as hw
from haarwire.selection import verdict
from haarwire.selection.paired import is_same_model, told_apart
from haarwire.selection.verdict import CLEARLY, SIMPLEST_FIRST

RNG = np.random.default_rng(3)
BASE = RNG.uniform(1.0, 2.0, 200)
NOISE = RNG.standard_normal(200)
NOISE -= NOISE.mean()


def test_a_clear_winner() -> None:
    found = verdict({"plain": BASE, "hardwired": BASE + 0.5, "regularized": BASE + 0.2 + 0.1 * NOISE}, "here")
    assert found.approach == "plain"
    assert found.is_clear
    assert found.reason.startswith("it has the lowest test loss here: ")
    assert found.reason.endswith("for regularized, the next best")
    assert found.gain == pytest.approx(0.2)
    assert found.standard_error == pytest.approx(0.1 * NOISE.std(ddof=1) / math.sqrt(200))


def test_the_standard_error_is_the_paired_one() -> None:
    from scipy import stats

    a, b = BASE + 0.03, BASE + 0.05 * NOISE
    found = verdict({"plain": a, "regularized": b})
    test = stats.ttest_rel(a, b)
    assert found.approach == "regularized"
    assert found.gain / found.standard_error == pytest.approx(test.statistic)
    # The samples share most of their spread: unpaired, nothing would be clear.
    assert abs(stats.ttest_ind(a, b).statistic) < CLEARLY < abs(test.statistic)


def test_the_simplest_of_those_that_cannot_be_told_apart() -> None:
    found = verdict({"regularized": BASE, "plain": BASE + 0.001 + NOISE, "hardwired": BASE + 0.002 - NOISE})
    assert found.approach == "hardwired"
    assert not found.is_clear
    assert "nothing is clearly better on these data" in found.reason
    assert "plain and regularized are within two standard errors" in found.reason
    assert found.gain == pytest.approx(-0.002)  # against the best, which is not this one
    assert found.gain > -CLEARLY * found.standard_error


def test_a_rival_that_is_clearly_worse_is_not_called_close() -> None:
    found = verdict({"hardwired": BASE + 1.0, "plain": BASE + 0.01 * NOISE, "regularized": BASE})
    assert found.approach == "plain"
    assert "regularized is within two standard errors" in found.reason
    assert "hardwired" not in found.reason


def test_the_same_model_is_named_but_no_rival() -> None:
    found = verdict({"plain": BASE + 0.1, "hardwired": BASE, "augmented": BASE * (1 + 1e-12)})
    assert found.approach == "hardwired"
    assert found.is_clear
    assert found.gain == pytest.approx(0.1)
    assert found.reason.endswith("for plain, the next best (augmented gives the same model)")


def test_rounding_does_not_make_a_winner() -> None:
    found = verdict({"plain": BASE * (1 - 1e-13), "hardwired": BASE, "augmented": BASE})
    assert found == hw.verdict({"plain": BASE, "hardwired": BASE, "augmented": BASE})
    assert found.approach == "hardwired"
    assert found.reason == "all approaches give the same model on these data"
    assert (found.gain, found.standard_error, found.is_clear) == (0.0, 0.0, False)


def test_the_same_model_for_losses_of_zero_or_below() -> None:
    zero = np.zeros(5)
    assert verdict({"plain": zero, "hardwired": zero}).reason.startswith("all approaches give the same")
    # Exact averages come out a rounding error below zero.
    below = np.full(5, -1e-17)
    assert verdict({"plain": below, "hardwired": below}).reason.startswith("all approaches give the same")


def test_an_approach_beaten_by_a_close_relative_is_not_chosen() -> None:
    # hardwired is within two standard errors of plain, the best, but regularized is better than it on
    # every single sample.
    losses = {"plain": BASE, "hardwired": BASE + 0.02 + NOISE, "regularized": BASE + 0.01 + NOISE}
    found = verdict(losses)
    assert found.approach == "plain"
    assert "regularized is within two standard errors, and this is the simplest" in found.reason


def test_an_erratic_loss_is_not_chosen_for_its_simplicity() -> None:
    # One sample in 200 makes the mean loss of plain 50 times larger, and hides it behind its standard error.
    erratic = BASE.copy()
    erratic[0] = 15000.0
    found = verdict({"plain": erratic, "regularized": BASE})
    assert found.approach == "regularized"
    assert not found.is_clear
    assert 0 < found.gain < CLEARLY * found.standard_error
    assert re.fullmatch(
        r"it has the lowest test loss on these data, 1\.\d+ against 76\.\d+ for plain, the next best, "
        "but that varies too much between samples to tell",
        found.reason,
    )
    third = verdict({"plain": erratic, "regularized": BASE, "hardwired": BASE + 0.1})
    assert third.approach == "regularized"
    assert third.gain == pytest.approx(0.1)
    assert third.reason.endswith(
        "for hardwired, the next best, but the loss of plain varies too much between samples to tell"
    )


def test_one_approach() -> None:
    found = verdict({"hardwired": BASE})
    assert (found.approach, found.reason) == ("hardwired", "it is the only approach")
    assert (found.gain, found.standard_error, found.is_clear) == (0.0, 0.0, False)


def test_one_sample_tells_nothing() -> None:
    found = verdict({"plain": np.array([1.0]), "hardwired": np.array([5.0])})
    assert found.approach == "hardwired"
    assert "one test sample cannot tell" in found.reason
    assert found.gain == -4.0
    assert math.isnan(found.standard_error)
    assert not found.is_clear


def test_names_of_ones_own_come_last() -> None:
    assert verdict({"mine": BASE, "regularized": BASE}).approach == "regularized"
    assert verdict({"mine": BASE - 0.5, "regularized": BASE}).approach == "mine"


def test_lists_will_do() -> None:
    assert verdict({"plain": [1, 2, 3], "hardwired": [2, 3, 4]}).approach == "plain"  # type: ignore[dict-item]


@pytest.mark.parametrize(
    "losses",
    [
        {},
        {"plain": np.array([])},
        {"plain": np.ones(3), "hardwired": np.ones(4)},
        {"plain": np.ones((3, 2))},
        {"plain": np.float64(1.0)},
        {"plain": np.array([1.0, np.nan])},
        {"plain": np.array([1.0, np.inf]), "hardwired": np.ones(2)},
    ],
    ids=["none", "no samples", "lengths", "matrix", "mean", "NaN", "infinite"],
)
def test_losses_that_cannot_be_compared_are_refused(losses: dict[str, np.ndarray]) -> None:
    with pytest.raises(hw.ParameterError, match="a verdict needs finite losses"):
        verdict(losses)


@st.composite
def mappings(draw: st.DrawFn) -> dict[str, np.ndarray]:
    """Losses with common and private parts of all sizes, so that all pairs have other correlations."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = draw(st.integers(2, 30))
    names = draw(st.lists(st.sampled_from([*SIMPLEST_FIRST, "mine"]), min_size=1, unique=True))
    parts = rng.standard_normal((2, n))
    sizes = st.sampled_from([0.0, 1e-3, 0.1, 1.0])
    return {
        name: 5.0
        + draw(sizes) * rng.standard_normal()
        + sum(draw(sizes) * part for part in parts)
        + draw(sizes) * rng.standard_normal(n)
        for name in names
    }


def clearly_better(better: np.ndarray, worse: np.ndarray) -> bool:
    paired = worse - better
    return bool(paired.mean() > CLEARLY * paired.std(ddof=1) / math.sqrt(len(paired)) + 1e-7)


@given(mappings())
def test_nothing_is_clearly_better_than_the_choice(losses: dict[str, np.ndarray]) -> None:
    found = verdict(losses)
    chosen = losses[found.approach]
    assert not any(clearly_better(values, chosen) for values in losses.values())
    others = [name for name in losses if np.abs(losses[name] - chosen).max() > 1e-7]
    if found.is_clear:
        assert all(chosen.mean() < losses[name].mean() for name in others)
        assert found.gain > CLEARLY * found.standard_error
    elif others:
        # A simpler one was passed over only because another one is clearly better, or for its erratic loss.
        order = [*SIMPLEST_FIRST, "mine"]
        best = min(losses.values(), key=np.mean)
        limit = best.mean() + CLEARLY * best.std(ddof=1) / math.sqrt(len(best))
        for name, worse in losses.items():
            if order.index(name) < order.index(found.approach):
                paired = [worse - values for values in losses.values() if values is not worse]
                beaten = any(p.mean() > CLEARLY * p.std(ddof=1) / math.sqrt(len(p)) for p in paired)
                assert beaten or worse.mean() > limit


@given(mappings())
def test_the_order_of_the_mapping_does_not_matter(losses: dict[str, np.ndarray]) -> None:
    assert verdict(losses) == verdict(dict(reversed(losses.items())))


@pytest.mark.parametrize("unit", [1e-8, 1.0, 1e8])
def test_losses_of_one_model_in_any_unit(unit: float) -> None:
    losses = unit * np.array([1.0, 2.0, 3.0])
    assert is_same_model(losses, losses * (1.0 + 1e-12))
    assert not is_same_model(losses, losses * (1.0 + 1e-6))


def test_two_samples_have_a_standard_error() -> None:
    found = verdict({"plain": np.array([1.0, 2.0]), "hardwired": np.array([0.5, 1.0])})
    assert found.standard_error == pytest.approx(0.25)


def test_losses_are_told_in_as_many_digits_as_tell_them_apart() -> None:
    assert told_apart(0.5292, 0.5559) == ("0.5292", "0.5559")
    assert told_apart(0.44412, 0.44414) == ("0.44412", "0.44414")
    assert told_apart(0.5, 0.5) == ("0.5", "0.5")
