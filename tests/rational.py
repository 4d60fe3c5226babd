"""Moments by rational arithmetic, the slow plain twin, and by how much others may differ from them."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

EPS = float(np.finfo(np.float64).eps)


def exact(X, Y, w=None):
    """Weight, mean and scatter by Fraction arithmetic, rounded once at the end."""
    Z = np.hstack([np.asarray(X, float), np.asarray(Y, float).reshape(len(X), -1)])
    Z = np.vectorize(Fraction, otypes=[object])(Z)
    w = np.array([Fraction(float(v)) for v in (np.ones(len(Z)) if w is None else w)], dtype=object)
    weight = w.sum()
    mean = (w @ Z) / weight
    scatter = ((Z - mean) * w[:, None]).T @ (Z - mean)
    return float(weight), mean.astype(float), scatter.astype(float)


def size_of(scatter):
    """√(S_ii S_jj), the natural size of S_ij: the unit in which its rounding errors are bounded."""
    spread = np.sqrt(scatter.diagonal())
    return np.outer(spread, spread)


def rounding(n, eps=EPS):
    """The bound of the error of S_ij for n samples, as a multiple of √(S_ii S_jj).

    n products and as many Chan terms at most are summed: 2n u. Each factor has up to 5 roundings, of z − p,
    of z − z̄ and of the root of the weight; the first is relative to |z − p| ≤ |z − z̄| + |p − z̄|, and since p
    is one of the samples, |p − z̄| ≤ √n σ. That makes 2·5·(1 + √n) u; u = eps / 2. No mean appears.
    """
    return (n + 5 * (1 + np.sqrt(n))) * eps


def assert_moments(actual, expected, n, eps=EPS):
    weight, mean, scatter = expected
    np.testing.assert_allclose(actual.weight, weight, rtol=n * EPS)
    # The mean is p + (a mean of deviations from p), rounded once more.
    deviation = np.sqrt(n * scatter.diagonal() / weight)
    assert (np.abs(actual.mean - mean) <= EPS * np.abs(mean) + (n + 4) * eps * deviation).all()
    assert (np.abs(actual.scatter - scatter) <= rounding(n, eps) * size_of(scatter)).all()
    np.testing.assert_array_equal(actual.scatter, actual.scatter.T)


def assert_close(a, b, n, k=1):
    """Two ways to the same moments, each with k times the rounding errors of n samples."""
    assert a.count == b.count
    np.testing.assert_allclose(a.weight, b.weight, rtol=n * EPS)
    size = size_of(np.maximum(a.scatter, b.scatter))
    assert (np.abs(a.scatter - b.scatter) <= 2 * k * rounding(n) * size).all()
    deviation = np.sqrt(n * a.scatter.diagonal() / a.weight)
    assert (np.abs(a.mean - b.mean) <= 2 * k * EPS * (np.abs(a.mean) + (n + 4) * deviation)).all()


def sample(n=200, features=3, targets=2, offset=0.0, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, features)) @ rng.normal(size=(features, features)) + offset
    return X, X @ rng.normal(size=(features, targets)) + rng.normal(size=(n, targets))


# Of the width of float32, so that squares do not leave the range of float64.
numbers = st.floats(-1e6, 1e6, width=32, allow_subnormal=False)


@st.composite
def samples(draw, max_rows=12):
    shape = draw(st.integers(1, max_rows)), draw(st.integers(2, 4))
    Z = draw(arrays(np.float64, shape, elements=numbers))
    return Z[:, :-1], Z[:, -1:]


@st.composite
def same_columns(draw, parts):
    columns = draw(st.integers(2, 4))
    Z = [draw(arrays(np.float64, (draw(st.integers(1, 8)), columns), elements=numbers)) for _ in range(parts)]
    return [(part[:, :-1], part[:, -1:]) for part in Z]
