"""Simulated data: inputs, an invariant map or one that is not, and noise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import haarwire as hw

__all__ = ["DESIGNS", "RANDOMIZATION", "Design", "population"]

Array = NDArray[np.floating[Any]]
Draw = Callable[[np.random.Generator, tuple[int, ...]], Array]


def gaussian(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return rng.standard_normal(shape)


def skewed(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return rng.exponential(size=shape) - 1.0


def heavy(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return rng.standard_t(5, shape)


def cauchy(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return rng.standard_cauchy(shape)


def two_valued(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return rng.choice([-1.0, 1.0], shape)


@dataclass(frozen=True)
class Design:
    """Under the null hypothesis: y = V Qᵀx + ε, V random.

    `mixing` makes the inputs correlated, and not invariant; `dead` features are constant; `labels` in place
    of numbers have probabilities that depend on the invariants; `uneven` noise grows with the first input;
    not `assumed` are designs outside the assumptions of the test.
    """

    name: str
    rep: hw.Representation
    n_samples: int
    n_targets: int
    inputs: Draw = gaussian
    noise: Draw = gaussian
    mixing: bool = True
    dead: int = 0
    labels: bool = False
    uneven: bool = False
    assumed: bool = True

    def draw(self, rng: np.random.Generator, violation: float = 0.0) -> tuple[Array, Array]:
        n, m, N = self.rep.dim, self.n_targets, self.n_samples
        X = self.inputs(rng, (N, n))
        if self.mixing:
            X = X @ (np.eye(n) + 0.5 * rng.standard_normal((n, n)) / np.sqrt(n))
        X[:, : self.dead] = 1.0
        Q = hw.invariant_subspace(self.rep).basis
        if self.labels:
            Z = np.tanh(X @ Q @ rng.standard_normal((Q.shape[1], m)) / np.sqrt(Q.shape[1]))
            shares = 1.0 + 0.8 * Z
            shares /= shares.sum(axis=1, keepdims=True)
            drawn = (rng.random((N, 1)) > np.cumsum(shares, axis=1)).sum(axis=1)
            return X, np.eye(m)[np.minimum(drawn, m - 1)]
        W = rng.standard_normal((m, Q.shape[1])) @ Q.T / np.sqrt(Q.shape[1])
        W = W + violation * rng.standard_normal((m, n)) / np.sqrt(n)
        E = self.noise(rng, (N, m))
        return X, X @ W.T + (E * np.abs(X[:, :1]) if self.uneven else E)


STRETCH = np.eye(6) + np.triu(np.full((6, 6), 0.3), 1)

DESIGNS = (
    Design("C8, N/n = 1.5, Gaussian", hw.groups.cyclic_shifts(8), 12, 2),
    Design("C8, N/n = 3, one target", hw.groups.cyclic_shifts(8), 24, 1),
    Design("C4 on 4×4 images, N/n = 2, dead pixels", hw.groups.image_rotations(4), 32, 3, skewed, dead=2),
    Design("reflection, N/n = 10, noise t5", hw.groups.reflection(10), 100, 2, noise=heavy),
    Design(
        "S4 on 4×3 sets, N/n = 50, exponential",
        hw.groups.permutations_of_sets(4, 3),
        600,
        4,
        skewed,
        noise=skewed,
    ),
    Design(
        "skewed C6, N/n = 5, inputs ±1",
        hw.Representation(6, (hw.Matrix(STRETCH @ np.roll(np.eye(6), 1, axis=0) @ np.linalg.inv(STRETCH)),)),
        30,
        2,
        two_valued,
    ),
    Design("shear (not compact), N/n = 4", hw.groups.shear(4), 16, 2),
    Design("C8, N/n = 20, three labels", hw.groups.cyclic_shifts(8), 160, 3, labels=True),
    Design("uneven noise ∝ |x₁|, N/n = 10", hw.groups.cyclic_shifts(8), 80, 2, uneven=True, assumed=False),
)

RANDOMIZATION = (
    Design("C8, N = n, Gaussian", hw.groups.cyclic_shifts(8), 8, 2, mixing=False),
    Design("C8, N = 2n, Cauchy noise", hw.groups.cyclic_shifts(8), 16, 2, noise=cauchy, mixing=False),
    Design("S8, N = n, inputs exponential", hw.groups.permutations(8), 8, 1, skewed, mixing=False),
    Design("C4 on 4×4 images, N/n = 0.6", hw.groups.image_rotations(4), 10, 2, heavy, mixing=False),
    Design(
        "C8, N = 2n, uneven noise ∝ |x₁|",
        hw.groups.cyclic_shifts(8),
        16,
        2,
        mixing=False,
        uneven=True,
        assumed=False,
    ),
    Design("C8, N = 3n, inputs not invariant", hw.groups.cyclic_shifts(8), 24, 2, assumed=False),
)


def population(W: Array, noise: float, covariance: Array) -> hw.Moments:
    """Moments of infinitely many samples: x of this covariance, y = Wx + noise·ε."""
    m, n = W.shape
    scatter = np.zeros((n + m, n + m))
    scatter[:n, :n] = covariance
    scatter[n:, :n] = W @ covariance
    scatter[:n, n:] = scatter[n:, :n].T
    scatter[n:, n:] = W @ covariance @ W.T + noise**2 * np.eye(m)
    return hw.Moments(n_features=n, count=1_000_000, weight=1.0, mean=np.zeros(n + m), scatter=scatter)
