"""First and second derivatives of the loss in the layers of a deep linear network, in closed form.

With P = W_L ⋯ W_1, A_l = W_L ⋯ W_{l+1}, B_l = W_{l−1} ⋯ W_1 and G = 2(P C − B):

    ∂J/∂W_l = A_lᵀ G B_lᵀ,
    (H D)_l = A_lᵀ Ġ B_lᵀ + Ȧ_lᵀ G B_lᵀ + A_lᵀ G Ḃ_lᵀ,   Ġ = 2 Σ_l A_l D_l B_l C,

where a dot is the derivative along the directions D.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from haarwire._numbers import FloatArray

__all__ = ["Network"]


class Network:
    """The loss J(W_L ⋯ W_1) near given layers W_1, …, W_L.

    Parameters
    ----------
    weights : sequence of ndarray
        W_1, …, W_L, of shapes that fit each other and the problem.
    gram, cross : ndarray
        C (k×k) and B (m×k).
    """

    def __init__(self, weights: Sequence[FloatArray], gram: FloatArray, cross: FloatArray) -> None:
        self.weights = tuple(weights)
        self.gram = gram
        m, k = cross.shape
        above, below = [np.eye(m)], [np.eye(k)]
        for W in self.weights[:0:-1]:
            above.append(above[-1] @ W)
        for W in self.weights[:-1]:
            below.append(W @ below[-1])
        self.above, self.below = above[::-1], below  # A_l and B_l
        self.product = self.weights[-1] @ self.below[-1]
        self.residual = 2.0 * (self.product @ gram - cross)
        self.sizes = [W.size for W in self.weights]
        self.n_parameters = sum(self.sizes)

    def gradient(self) -> list[FloatArray]:
        """∂J/∂W_l, one array a layer."""
        pairs = zip(self.above, self.below, strict=True)
        return [A.T @ self.residual @ B.T for A, B in pairs]

    def hessian_product(self, directions: FloatArray) -> FloatArray:
        """H D for directions of shape (..., n_parameters): the layers' entries one after another."""
        lead = directions.shape[:-1]
        parts = np.split(directions, np.cumsum(self.sizes)[:-1], axis=-1)
        D = [part.reshape(*lead, *W.shape) for part, W in zip(parts, self.weights, strict=True)]
        # Derivatives of B_l upwards and of A_l downwards along D; None where the product is empty.
        below: list[FloatArray | None] = [None]
        for W, d, B in zip(self.weights[:-1], D[:-1], self.below[:-1], strict=True):
            previous = below[-1]
            below.append(d @ B if previous is None else d @ B + W @ previous)
        above: list[FloatArray | None] = [None]
        for W, d, A in zip(self.weights[:0:-1], D[:0:-1], self.above[:0:-1], strict=True):
            previous = above[-1]
            above.append(A @ d if previous is None else A @ d + previous @ W)
        above.reverse()
        moved = D[-1] @ self.below[-1]
        if below[-1] is not None:
            moved = moved + self.weights[-1] @ below[-1]
        change = 2.0 * moved @ self.gram
        out = []
        terms = zip(self.sizes, self.above, self.below, above, below, strict=True)
        for size, A, B, dA, dB in terms:
            entry = A.T @ change @ B.T
            if dA is not None:
                entry = entry + _transposed(dA) @ (self.residual @ B.T)
            if dB is not None:
                entry = entry + (A.T @ self.residual) @ _transposed(dB)
            out.append(entry.reshape(*lead, size))
        return np.concatenate(out, axis=-1)

    def hessian(self, block: int = 64) -> FloatArray:
        """H as a dense symmetric matrix, `block` columns at a time."""
        identity = np.eye(self.n_parameters)
        rows = [
            self.hessian_product(identity[i : i + block]) for i in range(0, max(self.n_parameters, 1), block)
        ]
        H = np.concatenate(rows)
        return np.asarray((H + H.T) / 2.0)


def _transposed(A: FloatArray) -> FloatArray:
    return np.swapaxes(A, -1, -2)
