"""Moments against exact rational arithmetic, and their laws."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from haarwire.moments import Moments
from rational import (
    EPS,
    assert_close,
    assert_moments,
    exact,
    rounding,
    same_columns,
    sample,
    samples,
    size_of,
)

EPS32 = float(np.finfo(np.float32).eps)


# --- accuracy ----------------------------------------------------------------------------------------


@given(samples(), st.integers(1, 13))
def test_agrees_with_rational_arithmetic_for_any_chunk(data, chunk_rows):
    X, Y = data
    assert_moments(Moments.from_arrays(X, Y, chunk_rows=chunk_rows), exact(X, Y), len(X))


@given(samples(), st.data())
def test_weighted_agrees_with_rational_arithmetic(data, more):
    X, Y = data
    weights = st.floats(1e-3, 1e3) | st.sampled_from([0.0, 1.0, 2.0**-60])
    w = np.array(more.draw(st.lists(weights, min_size=len(X), max_size=len(X))))
    w[0] = max(w[0], 1e-3)
    moments = Moments.from_arrays(X, Y, w)
    assert_moments(moments, exact(X[w > 0], Y[w > 0], w[w > 0]), len(X))
    assert moments.count == (w > 0).sum()


@pytest.mark.parametrize("offset", [0.0, 1e6, 1e8, -1e12])
@pytest.mark.parametrize("order", ["shuffled", "sorted"])
@pytest.mark.parametrize("chunk_rows", [None, 50, 7, 1])
def test_a_large_mean_costs_no_digits(offset, order, chunk_rows):
    X, Y = sample(offset=offset)
    if order == "sorted":
        rows = X[:, 0].argsort()
        X, Y = X[rows], Y[rows]
    assert_moments(Moments.from_arrays(X, Y, chunk_rows=chunk_rows), exact(X, Y), len(X))


def test_a_first_row_far_away_costs_no_digits():
    X, Y = sample()
    X[0], Y[0] = 1e8, -1e8
    assert_moments(Moments.from_arrays(X, Y, chunk_rows=20), exact(X, Y), len(X))
    # Nor where that row hardly counts, as under robust weights.
    w = np.ones(len(X))
    w[0] = 1e-30
    assert_moments(Moments.from_arrays(X, Y, w, chunk_rows=20), exact(X, Y, w), len(X))


def test_sums_of_moments_with_a_large_mean_are_as_good_as_their_means():
    X, Y = sample(offset=1e8)
    a, b = Moments.from_arrays(X[:80], Y[:80]), Moments.from_arrays(X[80:], Y[80:])
    _, mean, scatter = exact(X, Y)
    # The term of the means is W_a W_b / W · step², and each mean is rounded to eps/2 · |mean|.
    step, blur = np.abs(a.mean - b.mean), 2 * EPS * np.abs(mean)
    allowed = rounding(200) * size_of(scatter) + 48 * (
        np.outer(step, blur) + np.outer(blur, step) + np.outer(blur, blur)
    )
    assert (np.abs((a + b).scatter - scatter) <= allowed).all()
    assert (np.abs((a + b).scatter - scatter) <= 1e-7 * size_of(scatter)).all()


@pytest.mark.parametrize("value", [0.1, 1e8 + 0.1, -3.3e-7, 255.0])
@pytest.mark.parametrize("weighted", [False, True])
def test_constant_columns_vary_exactly_not_at_all(value, weighted):
    X, Y = sample(1000)
    X[:, 1] = value
    w = np.linspace(0.1, 3.0, 1000) if weighted else None
    moments = Moments.from_arrays(X, Y, w, chunk_rows=64)
    assert not moments.scatter[1].any()
    assert not moments.scatter[:, 1].any()
    assert moments.mean[1] == value
    assert not (moments + moments).scatter[1].any()


def test_float32_in_float32_out():
    X, Y = (A.astype(np.float32) for A in sample(offset=100.0))
    moments = Moments.from_arrays(X, Y)
    assert moments.dtype == np.float32
    assert moments.scatter.dtype == moments.gram.dtype == np.float64
    assert_moments(moments, exact(X, Y), len(X))
    assert Moments.from_arrays(X, Y.astype(float)).dtype == np.float64
    assert Moments.from_arrays(X.astype(np.float16), Y).dtype == np.float64
    assert (moments + Moments.empty(3, 2)).dtype == np.float32
    assert (moments + Moments.from_arrays(X.astype(float), Y)).dtype == np.float64


@pytest.mark.parametrize("offset", [0.0, 1e4, 1e6])
@pytest.mark.parametrize("weight", [None, 1e-60, 1.0, 1e60])
def test_products_in_float32(offset, weight):
    X, Y = (A.astype(np.float32) for A in sample(offset=offset))
    w = None if weight is None else weight * np.linspace(1, 2, len(X))
    moments = Moments.from_arrays(X, Y, w, accumulate="float32", chunk_rows=60)
    assert moments.dtype == np.float32
    assert_moments(moments, exact(X, Y, w), len(X), EPS32)


@pytest.mark.parametrize(
    "dtype", [np.int16, np.int32, np.int64, np.uint16, np.uint64, np.float16, np.longdouble]
)
def test_numeric_types(dtype):
    rng = np.random.default_rng(0)
    X, Y = rng.integers(0, 2000, (50, 3)).astype(dtype), rng.integers(0, 9, 50).astype(dtype)
    moments = Moments.from_arrays(X, Y, chunk_rows=20)
    assert moments.n_targets == 1
    assert_moments(moments, exact(X, Y), 50)
    assert moments.dtype == np.float64


def test_lists_and_layouts():
    X, Y = sample(20)
    reference = Moments.from_arrays(X, Y)
    for inputs, targets in ((X.tolist(), Y.tolist()), (np.asfortranarray(X), Y[::-1][::-1])):
        np.testing.assert_array_equal(Moments.from_arrays(inputs, targets).scatter, reference.scatter)


def test_inputs_are_left_alone():
    X, Y = sample(20)
    w = np.arange(20.0)
    copies = X.copy(), Y.copy(), w.copy()
    for A in (X, Y, w):
        A.flags.writeable = False
    Moments.from_arrays(X, Y, w, chunk_rows=6)
    for A, copy in zip((X, Y, w), copies, strict=True):
        np.testing.assert_array_equal(A, copy)


# --- laws --------------------------------------------------------------------------------------------


@given(same_columns(3))
def test_addition_is_commutative_and_associative_and_is_joining(parts):
    a, b, c = (Moments.from_arrays(*part) for part in parts)
    n = sum(len(X) for X, _ in parts)
    joined = Moments.from_arrays(*(np.vstack(arrays) for arrays in zip(*parts, strict=True)))
    # Means of up to 1e6 blur the term of the means, as in the test of sums with a large mean.
    blur = 2 * EPS * np.max([np.abs(part.mean) for part in (a, b, c)], axis=0)
    spread = np.sqrt(joined.scatter.diagonal())
    allowed = 4 * rounding(n) * np.outer(spread, spread) + 4 * np.sqrt(n) * (
        np.outer(spread + np.sqrt(n) * blur, blur) + np.outer(blur, spread)
    )
    for total in (a + b + c, a + (b + c), c + b + a):
        assert total.count == joined.count == n
        assert total.weight == n
        assert (np.abs(total.scatter - joined.scatter) <= allowed).all()
        assert (np.abs(total.mean - joined.mean) <= 8 * n * (blur + EPS * spread)).all()


@given(samples())
def test_the_empty_moments_are_the_identity(data):
    a = Moments.from_arrays(*data)
    empty = Moments.empty(a.n_features, a.n_targets)
    assert a + empty is a
    assert empty + a is a
    assert a - empty is a
    assert (empty + empty).count == 0


@given(same_columns(2))
def test_subtraction_undoes_addition(parts):
    a, b = (Moments.from_arrays(*part) for part in parts)
    whole = a + b
    rest, n = whole - b, whole.count
    assert rest.count == a.count
    assert rest.weight == a.weight
    # The errors are those of the whole, and of its means, amplified by W/W_a ≤ n where they are divided.
    blur = 2 * EPS * (np.abs(a.mean) + np.abs(b.mean))
    spread = np.sqrt(whole.scatter.diagonal())
    allowed = 8 * n * rounding(n) * np.outer(spread, spread) + 8 * n**2 * (
        np.outer(spread + n * blur, blur) + np.outer(blur, spread)
    )
    assert (np.abs(rest.scatter - a.scatter) <= allowed).all()
    assert (np.abs(rest.mean - a.mean) <= 8 * n * (blur + EPS * spread)).all()


@given(samples())
def test_all_minus_all_is_empty(data):
    a = Moments.from_arrays(*data)
    rest = a - a
    assert (rest.count, rest.weight) == (0, 0.0)
    assert not rest.scatter.any()
    assert rest + a is a


def test_folds_need_no_second_pass():
    X, Y = sample(1000, offset=3.0)
    whole = Moments.from_arrays(X, Y)
    for fold in np.array_split(np.arange(1000), 10):
        train = np.setdiff1d(np.arange(1000), fold)
        rest = whole - Moments.from_arrays(X[fold], Y[fold])
        assert_close(rest, Moments.from_arrays(X[train], Y[train]), 1000)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_varied_in_the_part_only_varies_no_more(dtype):
    # A pixel that is dark outside of the fold: rounding leaves a little more or less than nothing.
    rng = np.random.default_rng(5)
    # Where it is hardly ever lit, float32 sums drop the squares of thousands of small deviations.
    lit = rng.random((6000, 80)) < np.tile([0.001, 0.02], 40)
    X = np.where(lit, rng.random((6000, 80)), 0).astype(dtype)
    X[3000:, :40] = 0
    Y = rng.random((6000, 1)).astype(dtype)
    options = {"accumulate": np.dtype(dtype).name}
    whole, part = Moments.from_arrays(X, Y, **options), Moments.from_arrays(X[:3000], Y[:3000], **options)
    rest = whole - part
    variance = rest.scatter.diagonal()
    limit = rounding(6000, float(np.finfo(dtype).eps))
    assert (variance >= 0).all()
    assert (variance[:40] <= limit * whole.scatter.diagonal()[:40]).all()
    # Some come out just below zero, and are set to zero.
    assert (variance[:40] == 0).any()


def test_a_covariance_outlives_a_variance_that_drowns_in_rounding():
    a = Moments.from_arrays([[1.0], [0.0]], [-1e-5, 0.0])
    b = Moments.from_arrays([[625.0]], [625.0])
    rest = (a + b) - b
    assert rest.total[0, 0] >= 0
    assert rest.cross[0, 0] == pytest.approx(a.cross[0, 0], rel=1e-4)


@given(samples(), st.data())
def test_a_stream_may_be_cut_anywhere(data, more):
    X, Y = data
    cuts = sorted(more.draw(st.lists(st.integers(0, len(X)), max_size=4)))
    chunk_rows = more.draw(st.none() | st.integers(1, 6))
    batches = zip(np.split(X, cuts), np.split(Y, cuts), strict=True)
    moments = Moments.from_batches(batches, chunk_rows=chunk_rows)
    assert_moments(moments, exact(X, Y), len(X))
    assert moments.count == len(X)


def test_batches_may_carry_weights_or_not():
    X, Y = sample(90)
    w = np.r_[np.ones(30), np.full(30, 2.0), np.ones(30)]
    batches = [(X[:30], Y[:30]), (X[30:60], Y[30:60], w[30:60]), [X[60:], Y[60:], None]]
    assert_moments(Moments.from_batches(batches, chunk_rows=25), exact(X, Y, w), 90)
    assert_moments(Moments.from_batches(iter(batches[::-1])), exact(X, Y, w), 90)


# --- weights -----------------------------------------------------------------------------------------


def test_a_whole_weight_is_a_repetition_and_zero_an_absence():
    X, Y = sample(60, offset=10.0)
    w = np.random.default_rng(6).integers(0, 4, 60)
    weighted = Moments.from_arrays(X, Y, w)
    repeated = Moments.from_arrays(np.repeat(X, w, axis=0), np.repeat(Y, w, axis=0))
    np.testing.assert_allclose(
        weighted.scatter, repeated.scatter, atol=rounding(120) * repeated.scatter.max()
    )
    assert weighted.weight == repeated.weight
    assert weighted.count == (w > 0).sum()


def test_weight_zero_hides_even_what_is_not_a_number():
    X, Y = sample(60)
    w = np.ones(60)
    w[[0, 30, 59]] = 0
    X[0], Y[30], X[59, 1] = np.nan, np.inf, 1e300
    kept = w > 0
    assert_moments(Moments.from_arrays(X, Y, w, chunk_rows=7), exact(X[kept], Y[kept]), 60)


@pytest.mark.parametrize("factor", [1e-300, 1e-200, 1e11, 1e200])
def test_the_scale_of_the_weights_does_not_matter(factor):
    X, Y = sample(offset=5.0)
    w = factor * np.linspace(0.5, 2.0, len(X))
    moments = Moments.from_arrays(X, Y, w, chunk_rows=33)
    assert_moments(moments, exact(X, Y, w), len(X))
    halves = Moments.from_arrays(X[:99], Y[:99], w[:99]) + Moments.from_arrays(X[99:], Y[99:], w[99:])
    assert_close(halves, moments, len(X), k=2)


@pytest.mark.parametrize("accumulate", ["float64", "float32"])
@pytest.mark.parametrize("powers", [[-300, 0], [0, -300], [100, -100, 0], [-20, 20]])
def test_batches_of_very_different_weights(powers, accumulate):
    X, Y = sample(90)
    w = np.concatenate([10.0**power * np.linspace(1, 2, 30) for power in powers])
    n = len(w)
    X, Y = X[:n], Y[:n]
    batches = [(X[i : i + 30], Y[i : i + 30], w[i : i + 30]) for i in range(0, n, 30)]
    eps = EPS if accumulate == "float64" else EPS32
    assert_moments(Moments.from_batches(batches, accumulate=accumulate), exact(X, Y, w), n, eps)


# --- what follows from moments -----------------------------------------------------------------------


@pytest.fixture
def data():
    X, Y = sample(120, features=4, targets=3, offset=2.0)
    return X, Y, np.linspace(0.5, 1.5, 120)


def test_covariances_are_those_of_numpy(data):
    X, Y, w = data
    moments = Moments.from_arrays(X, Y, w)
    covariance = np.cov(np.hstack([X, Y]).T, aweights=w, bias=True)
    np.testing.assert_allclose(moments.gram, covariance[:4, :4], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(moments.cross, covariance[4:, :4], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(moments.total, covariance[4:, 4:], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(moments.x_mean, np.average(X, axis=0, weights=w), rtol=1e-13)
    np.testing.assert_allclose(moments.y_mean, np.average(Y, axis=0, weights=w), rtol=1e-13)
    assert (moments.n_features, moments.n_targets) == (4, 3)


def test_losses_are_those_of_the_samples(data):
    X, Y, w = data
    moments = Moments.from_arrays(X, Y, w)
    rng = np.random.default_rng(7)
    for coef in (rng.normal(size=(3, 4)), np.zeros((3, 4))):
        for intercept in (rng.normal(size=3), 0.7, 0.0):
            direct = np.average((Y - X @ coef.T - intercept) ** 2, axis=0, weights=w)
            np.testing.assert_allclose(moments.losses(coef, intercept), direct, rtol=1e-12)
            assert moments.loss(coef, intercept) == pytest.approx(direct.sum(), rel=1e-12)
    assert isinstance(moments.loss(np.zeros((3, 4))), float)


def test_a_perfect_fit_has_no_negative_loss():
    X, _ = sample(50)
    coef = np.array([[1.0, -2.0, 0.5]])
    moments = Moments.from_arrays(X, X @ coef.T)
    assert 0 <= moments.loss(coef) <= rounding(50) * moments.total[0, 0] * 10
    assert moments.loss(coef[0]) == moments.loss(coef)


def test_about_the_origin(data):
    X, Y, w = data
    moments = Moments.from_arrays(X, Y, w)
    origin = moments.about_origin()
    Z = np.hstack([X, Y])
    np.testing.assert_allclose(origin.scatter, (Z * w[:, None]).T @ Z, rtol=1e-12)
    np.testing.assert_array_equal(origin.scatter, origin.scatter.T)
    assert not origin.mean.any()
    coef = np.random.default_rng(8).normal(size=(3, 4))
    assert origin.loss(coef) == pytest.approx(moments.loss(coef), rel=1e-12)
    half = Moments.from_arrays(X[:60], Y[:60], w[:60]).about_origin()
    other = Moments.from_arrays(X[60:], Y[60:], w[60:]).about_origin()
    np.testing.assert_allclose((half + other).scatter, origin.scatter, rtol=1e-12)
    np.testing.assert_allclose((origin - half).scatter, other.scatter, rtol=1e-11)


def test_frozen_read_only_compared_by_identity_and_picklable():
    a, b = Moments.from_arrays(*sample()), Moments.from_arrays(*sample())
    with pytest.raises(AttributeError):
        a.count = 3
    with pytest.raises(ValueError, match="read-only"):
        a.scatter[0, 0] = 1
    with pytest.raises(ValueError, match="read-only"):
        a.x_mean[0] = 1
    assert a != b
    assert len({a, b}) == 2
    copy = pickle.loads(pickle.dumps(a))  # noqa: S301, our own bytes
    np.testing.assert_array_equal(copy.scatter, a.scatter)


def test_repr():
    X, Y = np.eye(2, dtype=np.float32), np.ones(2, np.float32)
    assert repr(Moments.from_arrays(X, Y)) == "Moments(2 samples, 2 features, 1 target, float32)"
    assert repr(Moments.empty(1, 3)) == "Moments(0 samples, 1 feature, 3 targets, float64)"


@settings(deadline=None, max_examples=15)
@given(st.integers(1, 40), st.integers(1, 12), st.integers(0, 2**32 - 1))
def test_the_scatter_is_positive_semidefinite(n, features, seed):
    X, Y = sample(n, features, 2, offset=1e6, seed=seed)
    values = np.linalg.eigvalsh(Moments.from_arrays(X, Y, chunk_rows=5).scatter)
    assert values[0] >= -(features + 2) * rounding(n) * max(values[-1], 0)


def test_a_column_that_varied_in_the_part_only_is_no_feature_of_the_rest() -> None:
    """Whatever the rounding leaves of its variance, with either sign, must not be divided by."""
    for seed in range(300):
        rng = np.random.default_rng(seed)
        X, Y = rng.standard_normal((100, 3)), rng.standard_normal((100, 1))
        X[:, 2] = 0.0
        X[[3, 7], 2] = rng.random(2)
        rest = Moments.from_arrays(X, Y) - Moments.from_arrays(X[:10], Y[:10])
        assert rest.gram[2, 2] == 0.0
