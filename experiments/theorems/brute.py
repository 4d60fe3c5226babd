"""The slow, plain way: the loss as a sum of squares over samples that are really there.

Nothing here uses the package. An approach is a list of samples: the augmented data are built, penalties are
pseudo-samples with targets 0, hard-wiring is a change of features. Moments are never formed.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]
EPS = float(np.finfo(np.float64).eps)
CUT = 1e-9
"""Singular values smaller than this part of the largest count as 0; those of the instances are far off."""
SAFETY = 32.0
"""Allowance for the constants of rounding-error bounds, which are stated without them."""


def enumerate_group(generators: Sequence[Array], dim: int, limit: int) -> Array | None:
    """All products of the generators, shape (order, n, n); None where there are more than `limit`."""
    found = [np.eye(dim)]
    for g in found:
        for s in generators:
            candidate = s @ g
            if np.abs(np.array(found) - candidate).max(axis=(1, 2)).min() > 1e-6:
                found.append(candidate)
        if len(found) > limit:
            return None
    return np.array(found)


def null_space(A: Array, rtol: float = CUT) -> Array:
    """Orthonormal basis of {w : wᵀA = 0}, shape (n, d)."""
    U, s, _ = np.linalg.svd(A)
    return np.asarray(U[:, int((s > rtol * max(1.0, s.max(initial=0.0))).sum()) :])


@dataclass(frozen=True, eq=False)
class Samples:
    """Minimize J(V) = ‖Y − Z Vᵀ‖² over V (m×k) of rank ≤ r; the maps of the data are W = V Eᵀ.

    Z (p×k) and Y (p×m) are centred where the model has an intercept, which is ȳ − W x̄; 1/N and the
    weights of the samples are in their rows, of which there were `n_rows`. `magnitude` is the size of the
    inputs, `size` the largest ‖ρ(g)‖² that went into them.
    """

    Z: Array
    Y: Array
    x_mean: Array
    y_mean: Array
    embedding: Array
    magnitude: float
    n_rows: int
    size: float = 1.0

    @classmethod
    def weighted(
        cls,
        X: Array,
        Y: Array,
        *,
        weights: Array | None = None,
        intercept: bool = True,
        embedding: Array | None = None,
        penalties: Sequence[Array] = (),
        size: float = 1.0,
    ) -> Samples:
        """From samples as rows, with weights that add up to 1, and pseudo-samples with targets 0.

        An orthogonal change of the rows keeps all losses, so a triangular factor of [Z, Y] stands for them.
        """
        w = np.full(len(X), 1.0 / len(X)) if weights is None else weights
        x_mean, y_mean = np.zeros(X.shape[1]), np.zeros(Y.shape[1])
        if intercept:
            # Rows of a contiguous array are summed pairwise: less rounding.
            x_mean, y_mean = (np.ascontiguousarray((w[:, None] * A).T).sum(axis=1) / w.sum() for A in (X, Y))
        E = np.eye(X.shape[1]) if embedding is None else embedding
        inputs = np.sqrt(w)[:, None] * ((X - x_mean) @ E)
        targets = np.sqrt(w)[:, None] * (Y - y_mean)
        inputs = np.concatenate([inputs, *penalties])
        targets = np.concatenate([targets, np.zeros((len(inputs) - len(targets), Y.shape[1]))])
        R = np.linalg.qr(np.concatenate([inputs, targets], axis=1), mode="r")
        magnitude = float(np.linalg.norm(np.sqrt(w)[:, None] * X))
        parts = R[:, : E.shape[1]], R[:, E.shape[1] :]
        return cls(*parts, x_mean, y_mean, E, magnitude, len(inputs), size)

    @property
    def root(self) -> Array:
        """R (k×k) with RᵀR = ZᵀZ: V Rᵀ are whitened coordinates, where C is not singular."""
        return np.asarray(np.linalg.qr(self.Z, mode="r"))

    @cached_property
    def _spectrum(self) -> Array:
        """Singular values of Z that are not 0."""
        s = np.linalg.svd(self.Z, compute_uv=False)
        return np.asarray(s[s > CUT * self.magnitude])

    @property
    def is_singular(self) -> bool:
        """Whether C = ZᵀZ is."""
        return self._spectrum.size < self.Z.shape[1]

    @property
    def condition(self) -> float:
        """Condition number of C = ZᵀZ, on its range."""
        s = self._spectrum
        return float((s[0] / s[-1]) ** 2) if s.size else 1.0

    @cached_property
    def unbounded(self) -> Array:
        """The minimizer without a bound on the rank, of least norm: V (m×k)."""
        largest = float(np.linalg.norm(self.Z, 2)) if self.Z.size else 0.0
        if largest <= CUT * self.magnitude:
            return np.zeros((self.Y.shape[1], self.Z.shape[1]))
        return np.asarray((np.linalg.pinv(self.Z, rcond=CUT * self.magnitude / largest) @ self.Y).T)

    @cached_property
    def _fitted(self) -> tuple[Array, Array, Array]:
        U, s, leading = np.linalg.svd(self.Z @ self.unbounded.T, full_matrices=False)
        return U, s, leading

    @property
    def singular_values(self) -> Array:
        """σ of B C^{−1/2}, descending: those of the fitted values."""
        return self._fitted[1]

    @cached_property
    def total(self) -> float:
        """tr(T)."""
        return float((self.Y**2).sum())

    @cached_property
    def n_modes(self) -> int:
        """How many singular values are not zero."""
        return int((self.singular_values > CUT * self.total**0.5).sum())

    @cached_property
    def scale(self) -> float:
        """Size of the coefficients."""
        return max(float(np.linalg.norm(self.unbounded)), math.sqrt(self.total) / self.magnitude)

    def critical(self, subset: Sequence[int]) -> Array:
        """V_S: the unbounded minimizer, cut to these outputs of its fitted values."""
        kept = self._fitted[2][list(subset)]
        return np.asarray(kept.T @ (kept @ self.unbounded))

    def optimum(self, rank: int) -> Array:
        """The minimizer W of rank ≤ r."""
        return np.asarray(self.critical(range(min(rank, self.n_modes))) @ self.embedding.T)

    def intercept(self, W: Array) -> Array:
        """ȳ − W x̄."""
        return self.y_mean - W @ self.x_mean

    def coordinates(self, W: Array) -> Array:
        """V of W = V Eᵀ, for an orthonormal E."""
        return W @ self.embedding

    def loss(self, V: Array) -> Array:
        """J at V of shape (…, m, k)."""
        return np.asarray(((self.Y - self.Z @ np.swapaxes(V, -1, -2)) ** 2).sum(axis=(-1, -2)))

    def gradient(self, V: Array) -> Array:
        """∂J/∂V, from the residuals of the samples."""
        return np.asarray(2.0 * (self.Z @ V.T - self.Y).T @ self.Z)

    def tangential_gradient(self, V: Array, rank: int) -> float:
        """‖gradient‖ along {rank ≤ r} at V relative to 2‖Y‖‖Z‖; all of it where V has a lower rank."""
        G = self.gradient(V)
        U, s, Vt = np.linalg.svd(V, full_matrices=False)
        r = int((s > CUT * self.scale).sum())
        if r >= rank:
            G = np.concatenate([(U[:, :r].T @ G).ravel(), (G @ Vt[:r].T).ravel()])
        return float(np.linalg.norm(G)) / (
            2.0 * math.sqrt(self.total) * max(float(np.linalg.norm(self.Z)), EPS)
        )

    def gap(self, rank: int) -> float:
        """σ_r² − σ_{r+1}² relative to σ_1²; ∞ where every mode is kept."""
        s = self.singular_values[: self.n_modes]
        return float((s[rank - 1] ** 2 - s[rank] ** 2) / s[0] ** 2) if rank < s.size else math.inf

    @cached_property
    def separation(self) -> float:
        """Least difference between two of the q squares σ², and zero, relative to σ_1² (∞ for q = 0)."""
        s = self.singular_values[: self.n_modes] ** 2
        return float(-np.diff(np.append(s, 0.0)).max() / s[0]) if s.size else math.inf

    @property
    def spread(self) -> float:
        """Largest over least standard deviation of a feature where C is singular, 1 where it is not.

        A null space found among features scaled to variance 1 is that much less sharp among the features.
        """
        sizes = np.linalg.norm(self.Z, axis=0)
        live = sizes[sizes > CUT * self.magnitude]
        return float(live.max() / live.min()) if self.is_singular and live.size else 1.0

    def tolerance(self, gap: float = math.inf) -> float:
        """Rounding of a solution: c·eps·‖ρ‖²·κ(C)·(1 + σ_1²/(σ_i² − σ_j²))·spread.

        c is SAFETY·(k + m) for the factorisations and √(number of rows) for the sums.
        """
        k, m = self.Z.shape[1], self.Y.shape[1]
        c = SAFETY * (k + m) + math.sqrt(self.n_rows)
        return c * EPS * self.size * self.condition * self.spread * (1.0 + 1.0 / gap)


def inversions(subset: Sequence[int], q: int) -> int:
    """#{(i, j): i ∈ S, j ∉ S, j < i}, modes counted from the largest."""
    return sum(j < i for i in subset for j in range(q) if j not in subset)


def histogram(q: int, r: int) -> tuple[int, ...]:
    """How many r-subsets of q modes have 0, 1, 2, … inversions, by listing them all."""
    counts = [0] * (r * (q - r) + 1)
    for subset in itertools.combinations(range(q), r):
        counts[inversions(subset, q)] += 1
    return tuple(counts)


_STENCILS = {
    4: (12.0, {0: -30.0, 1: 16.0, 2: -1.0}),
    6: (180.0, {0: -490.0, 1: 270.0, 2: -27.0, 3: 2.0}),
}


def polynomial_hessian(f: Callable[[Array], Array], size: int, degree: int, step: float = 1.0) -> Array:
    """Hessian at 0 of a polynomial of degree 4 or 6 from its values alone, without truncation error.

    Central differences of that order are exact along every line, so that the step need not be small.
    """
    divisor, weights = _STENCILS[degree]
    pairs = list(itertools.combinations_with_replacement(range(size), 2))
    directions = np.zeros((len(pairs), size))
    for k, (i, j) in enumerate(pairs):
        directions[k, i] += 1.0
        if i != j:
            directions[k, j] += 1.0
    second = np.full(len(pairs), weights[0] * float(f(np.zeros((1, size)))[0]))
    for offset in range(1, len(weights)):
        moved = offset * step * directions
        second += weights[offset] * (f(moved) + f(-moved))
    second /= divisor * step**2
    H = np.zeros((size, size))
    for value, (i, j) in zip(second, pairs, strict=True):
        if i == j:
            H[i, i] = value
    for value, (i, j) in zip(second, pairs, strict=True):
        if i != j:
            H[i, j] = H[j, i] = (value - H[i, i] - H[j, j]) / 2.0
    return H


def variety_hessian(samples: Samples, V: Array, rank: int) -> tuple[Array, float]:
    """Eigenvalues of the Hessian of ½J on {rank = r} at V, in whitened coordinates, and their rounding.

    In the chart (U + U⊥ A Σ⁻¹)(Σ Pᵀ + D) around V Rᵀ = U Σ Pᵀ, whose coordinates A and D are orthonormal
    to first order; at a critical point the Hessian does not depend on the chart.
    """
    whitened = V @ samples.root.T
    m, k = whitened.shape
    U, s, Pt = np.linalg.svd(whitened)
    U, rest, s, Pt = U[:, :rank], U[:, rank:], s[:rank], Pt[:rank]
    inverse = np.linalg.inv(samples.root).T

    def half_loss(x: Array) -> Array:
        A = x[:, : (m - rank) * rank].reshape(len(x), m - rank, rank)
        D = x[:, (m - rank) * rank :].reshape(len(x), rank, k)
        return samples.loss((U + rest @ A / s) @ (s[:, None] * Pt + D) @ inverse) / 2.0

    H = polynomial_hessian(half_loss, rank * (m + k - rank), 4, step=float(s[-1]) / 2.0)
    rounding = SAFETY * (k + m) * EPS * samples.condition**0.5 * samples.total / float(s[-1]) ** 2
    return np.linalg.eigvalsh(H), rounding


def network_hessian(samples: Samples, layers: Sequence[Array]) -> Array:
    """Hessian of J(W_L ⋯ W_1) in the layers at given ones, from values of J alone (two or three layers)."""
    shapes = [W.shape for W in layers]
    ends = np.cumsum([0, *(W.size for W in layers)])

    def loss(x: Array) -> Array:
        parts = [
            x[:, a:b].reshape(len(x), *shape)
            for (a, b), shape in zip(itertools.pairwise(ends), shapes, strict=True)
        ]
        product = layers[0] + parts[0]
        for W, part in zip(layers[1:], parts[1:], strict=True):
            product = (W + part) @ product
        return samples.loss(product)

    return polynomial_hessian(loss, int(ends[-1]), 2 * len(layers))
