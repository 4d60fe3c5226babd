"""Every bad input has its own message: what is wrong, why, and what to type."""

from __future__ import annotations

import math

import numpy as np
import pytest

import haarwire as hw
import strategies as cases

REP = hw.groups.cyclic_shifts(4)
DATA = cases.generic_data(4, 2, np.random.default_rng(0))
EACH = pytest.mark.parametrize(
    "approach",
    [hw.Plain(), hw.Hardwired(), hw.Augmented(), hw.Regularized(1.0), hw.Regularized(math.inf)],
    ids=lambda approach: f"{approach.label}",
)


@pytest.mark.parametrize("rank", [0, -1, 3, 1.0, 1.5, "1", True, math.nan])
def test_rank(rank):
    with pytest.raises(hw.ParameterError) as caught:
        hw.solve(DATA.moments, REP, rank=rank, approach=hw.Plain())
    assert caught.value.what == f"rank must be an integer from 1 to 2, got {rank!r}"
    assert "from 4 features to 2 targets has rank at most 2" in caught.value.cause
    assert caught.value.remedy == "choose a rank from 1 to 2, or give none for no bound"


def test_rank_may_be_a_numpy_integer():
    solution = hw.solve(DATA.moments, REP, rank=np.int64(1), approach=hw.Plain())
    assert solution.rank == 1


@pytest.mark.parametrize(
    "alpha", [-1e-300, -1.0, -math.inf, math.nan, np.float64("nan"), "1", None, True, 1j]
)
def test_alpha(alpha):
    with pytest.raises(hw.ParameterError) as caught:
        hw.Regularized(alpha)
    assert caught.value.what == f"alpha must be a number ≥ 0, got {alpha!r}"
    assert "negative or missing" in caught.value.cause
    assert "Regularized(0.1)" in caught.value.remedy


@pytest.mark.parametrize("ridge", [-1.0, math.nan, math.inf, "0.1", None, True])
@EACH
def test_ridge(approach, ridge):
    with pytest.raises(hw.ParameterError) as caught:
        hw.solve(DATA.moments, REP, approach=approach, ridge=ridge)
    assert caught.value.what == f"ridge must be a finite number ≥ 0, got {ridge!r}"
    assert "negative or missing" in caught.value.cause
    assert "ridge=0 for none" in caught.value.remedy


@EACH
def test_no_samples(approach):
    whole = DATA.moments
    for nothing in (hw.Moments.empty(4, 2), whole - whole):
        for fit_intercept in (True, False):
            with pytest.raises(hw.DataError) as caught:
                hw.solve(nothing, REP, approach=approach, fit_intercept=fit_intercept)
            assert caught.value.what == "there are no samples in these moments"
            assert "taken away" in caught.value.cause
            assert "at least two samples" in caught.value.remedy


@EACH
def test_one_sample(approach):
    moments = hw.Moments.from_arrays([[1.0, 2.0, 3.0, 4.0]], [1.0])
    with pytest.raises(hw.DataError) as caught:
        hw.solve(moments, REP, approach=approach)
    assert caught.value.what.startswith("one sample is not enough")
    assert "(1, n)" in caught.value.cause
    assert "fit_intercept=False" in caught.value.remedy


@pytest.mark.parametrize("value", [0.0, 0.1, 3.0, 1e6 / 3])
@EACH
def test_constant_targets(approach, value):
    """Not only where the mean is exact: 0.1 and 1e6/3 are not sums of few powers of two."""
    X = np.random.default_rng(0).standard_normal((7, 4))
    with pytest.raises(hw.DataError) as caught:
        hw.solve(hw.Moments.from_arrays(X, np.full(7, value)), REP, approach=approach)
    assert caught.value.what == "the targets are constant over all 7 samples"
    assert "single class" in caught.value.cause
    assert caught.value.remedy == "give targets that vary"


@EACH
def test_another_number_of_features(approach):
    with pytest.raises(hw.DataError) as caught:
        hw.solve(DATA.moments, hw.groups.image_rotations(8), approach=approach)
    assert caught.value.what == "the data have 4 features, image_rotations:8 acts on 64 coordinates"
    assert "another size" in caught.value.cause
    assert "image_rotations(side)" in caught.value.remedy


@pytest.mark.parametrize("name", sorted(cases.NON_COMPACT))
def test_augmented_needs_a_compact_group(name):
    rep = hw.Representation(2, (hw.Matrix(cases.NON_COMPACT[name]),), name=name)
    data = cases.generic_data(2, 1, np.random.default_rng(0))
    with pytest.raises(hw.NotCompactError) as caught:
        hw.solve(data.moments, rep, approach=hw.Augmented())
    assert f"does not exist for {name}: the group is not compact" in caught.value.what
    assert name in caught.value.cause
    assert "Hardwired()" in caught.value.remedy
    hw.solve(data.moments, rep, approach=hw.Hardwired())
    hw.solve(data.moments, rep, approach=hw.Regularized(1.0))


@pytest.mark.parametrize("approach", [hw.Hardwired, "hardwired", None, 0.1])
def test_approach(approach):
    with pytest.raises(hw.ParameterError) as caught:
        hw.solve(DATA.moments, REP, approach=approach)
    assert caught.value.what == f"approach must be an Approach, got {approach!r}"
    assert "a class or a word" in caught.value.cause
    assert "approach=Hardwired()" in caught.value.remedy


@pytest.mark.parametrize("X", [np.ones(4), np.ones((2, 3)), np.ones((2, 2, 2)), np.ones(())])
def test_predict_with_a_wrong_shape(X):
    solution = hw.solve(DATA.moments, REP, approach=hw.Plain())
    with pytest.raises(hw.DataError) as caught:
        solution.predict(X)
    assert caught.value.what == f"the samples have shape {X.shape}, the model has 4 features"
    assert "single sample" in caught.value.cause
    assert "(n_samples, 4)" in caught.value.remedy


@pytest.mark.parametrize("X", [[["a", "b", "c", "d"]], np.ones((1, 4), dtype=complex), [[None] * 4]])
def test_predict_from_what_is_no_number(X):
    solution = hw.solve(DATA.moments, REP, approach=hw.Plain())
    with pytest.raises(hw.DataError) as caught:
        solution.predict(X)
    assert caught.value.what == f"the samples must be real numbers, got dtype {np.asarray(X).dtype}"
    assert "text" in caught.value.cause
    assert "X.astype(float)" in caught.value.remedy


def test_penalty_word_is_checked():
    with pytest.raises(hw.ParameterError, match="'generators' or 'projection', got 'ridge'"):
        hw.solve(DATA.moments, REP, approach=hw.Regularized(1.0, "ridge"))
