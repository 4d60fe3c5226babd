"""Random coordinates Gᵀx in place of x: what the fit loses, as docs/scaling.md has it."""

from __future__ import annotations

from itertools import product

import numpy as np

import haarwire as hw
from haarwire import Moments


def price(C: np.ndarray, k: int) -> np.ndarray:
    """D = E (GGᵀ − I) C (GGᵀ − I) for independent entries ±1/√k."""
    return (np.trace(C) * np.eye(len(C)) + C - 2 * np.diag(np.diag(C))) / k


def test_the_price_of_a_sketch_is_that_of_all_sign_matrices() -> None:
    rng = np.random.default_rng(0)
    n, k = 3, 2
    A = rng.standard_normal((n, n))
    C = A @ A.T
    errors = []
    for signs in product([-1.0, 1.0], repeat=n * k):
        G = np.reshape(signs, (n, k)) / np.sqrt(k)
        error = G @ G.T - np.eye(n)
        errors.append(error @ C @ error)
    np.testing.assert_allclose(np.mean(errors, axis=0), price(C, k), rtol=1e-12, atol=1e-12)


def test_a_sketch_loses_no_more_than_a_ridge_of_its_price() -> None:
    rng = np.random.default_rng(0)
    N, n = 500, 40
    X = 3.0 + rng.standard_normal((N, n)) * np.arange(1.0, n + 1.0) ** -1
    Y = X @ rng.standard_normal((n, 2)) + 0.1 * rng.standard_normal((N, 2))
    whole = Moments.from_arrays(X, Y)
    C, B, variance = whole.gram, whole.cross, float(np.trace(whole.total))
    excess = []
    for k in (5, 10, 20):
        losses = []
        for _ in range(50):
            G = rng.choice([-1.0, 1.0], (n, k)) / np.sqrt(k)
            moments = Moments.from_source((X, Y), basis=G)
            fitted = hw.solve(moments, hw.groups.trivial(k), approach=hw.Plain())
            W = fitted.coef @ G.T
            assert whole.loss(W, fitted.intercept) - fitted.loss < 1e-10 * variance
            losses.append(fitted.loss)
        bound = variance - float(np.vdot(B.T, np.linalg.solve(C + price(C, k), B.T)))
        assert np.mean(losses) < bound < variance
        excess.append(np.mean(losses))
    assert excess[0] > excess[1] > excess[2]
