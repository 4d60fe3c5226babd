"""Two-layer leaky-ReLU networks with a fixed second layer, trained on separable data by gradient descent.

    N(x) = (1/√h)(Σ_j φ(w_j·x) − Σ_j φ(u_j·x)),  φ(z) = max(z, βz),  0 < β ≤ 1,

h units of either sign; the first layer is trained on the mean logistic loss ln(1 + e^{−yN(x)}). N is
1-homogeneous in the first layer, so its direction converges to a KKT point of the largest margin; the
way there is slow, 1/ln t. Steps divided by the loss follow the same curve at a growing speed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import final

import numpy as np

from haarwire._numbers import FloatArray
from haarwire.errors import ConvergenceError

__all__ = ["LeakyNetwork", "train_leaky"]


@final
@dataclass(frozen=True, eq=False)
class LeakyNetwork:
    """A trained network.

    Attributes
    ----------
    plus, minus : ndarray, shape (h, n)
        w_j, added by the second layer, and u_j, taken away.
    slope : float
        β, of the negative side.
    """

    plus: FloatArray = field(repr=False)
    minus: FloatArray = field(repr=False)
    slope: float

    def output(self, X: FloatArray) -> FloatArray:
        """N(x) for each row of X."""
        h = self.plus.shape[0]
        plus, minus = X @ self.plus.T, X @ self.minus.T
        positive = np.maximum(plus, self.slope * plus).sum(axis=1)
        return np.asarray((positive - np.maximum(minus, self.slope * minus).sum(axis=1)) / np.sqrt(h))

    def gradient(self, X: FloatArray) -> FloatArray:
        """∂N/∂x at each row of X, shape (N, n): the effective direction there."""
        h = self.plus.shape[0]
        plus = np.where(X @ self.plus.T > 0, 1.0, self.slope) @ self.plus
        return np.asarray((plus - np.where(X @ self.minus.T > 0, 1.0, self.slope) @ self.minus) / np.sqrt(h))

    def agreement(self, X: FloatArray, y: FloatArray) -> float:
        """Share of (unit, sample) pairs in which w_j has the sign of y, and u_j the opposite one."""
        plus, minus = (X @ self.plus.T) * y[:, None] > 0, (X @ self.minus.T) * y[:, None] < 0
        return float(np.concatenate([plus, minus], axis=1).mean())


def train_leaky(
    X: FloatArray,
    y: FloatArray,
    *,
    width: int,
    slope: float,
    steps: int,
    learning_rate: float,
    scale: float,
    rng: np.random.Generator,
    penalty: FloatArray | None = None,
    batch_size: int | None = None,
) -> LeakyNetwork:
    """Gradient descent on the mean logistic loss, steps of learning_rate/loss; stochastic with a batch size.

    A penalty tr(W R Wᵀ) on both halves of the first layer is taken by its proximal step, W(I + 2ηR)⁻¹ with
    the same η = learning_rate/loss: stable however large η gets.

    Parameters
    ----------
    X : ndarray, shape (N, n)
    y : ndarray, shape (N,)
        ±1.
    width : int
        h.
    slope : float
        β.
    steps : int
        How many.
    learning_rate, scale : float
        Before it is divided by the loss; standard deviation of the initial entries times √n.
    rng : numpy.random.Generator
        Draws the initial layer and the batches.
    penalty : ndarray, shape (n, n), optional
        R, positive semi-definite, its strength included.
    batch_size : int, optional
        Samples a step, drawn without replacement within an epoch. None: all.

    Returns
    -------
    LeakyNetwork

    Raises
    ------
    ConvergenceError
        When the weights overflow.
    """
    N, n = X.shape
    h = int(width)
    W = rng.normal(scale=scale / np.sqrt(n), size=(2 * h, n))
    signs = np.repeat([1.0, -1.0], h) / np.sqrt(h)
    values, axes = (None, None) if penalty is None else np.linalg.eigh(penalty)
    order = np.arange(N)
    size = N if batch_size is None else min(int(batch_size), N)
    position = N
    for _ in range(steps):
        if size < N:
            if position + size > N:
                order, position = rng.permutation(N), 0
            batch = order[position : position + size]
            position += size
            x, t = X[batch], y[batch]
        else:
            x, t = X, y
        Z = x @ W.T
        slopes = np.where(Z > 0, 1.0, slope)
        margins = t * ((Z * slopes) @ signs)
        log_losses = _log_softplus(-margins)
        top = log_losses.max()
        total = float(np.exp(log_losses - top).sum())
        # σ(−margin) over the sum of the losses, both in logarithms: margins reach far beyond 700.
        pull = np.exp(-np.logaddexp(0.0, margins) - top) / total
        W = W + learning_rate * ((pull * t)[:, None] * slopes * signs).T @ x
        if values is not None and axes is not None:
            log_step = np.log(learning_rate) - top - np.log(total / len(t))
            factors = np.exp(-np.logaddexp(0.0, np.log(np.maximum(2.0 * values, 1e-300)) + log_step))
            W = (W @ axes * np.where(values > 1e-12 * values[-1], factors, 1.0)) @ axes.T
    if not np.isfinite(W).all():
        raise ConvergenceError(
            "the weights have overflowed",
            cause="steps that are too long",
            remedy="use a smaller learning_rate",
        )
    return LeakyNetwork(W[:h], W[h:], slope)


def _log_softplus(z: FloatArray) -> FloatArray:
    """Ln ln(1 + e^z), which tends to z for z → −∞."""
    return np.asarray(np.where(z < -30.0, z, np.log(np.logaddexp(0.0, np.maximum(z, -30.0)))))
