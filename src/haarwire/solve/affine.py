"""The squared loss of x ↦ W x + b as a function of W alone, where b is not free."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from haarwire._linalg import default_tolerance
from haarwire._numbers import FloatArray
from haarwire.moments import Moments

__all__ = ["AffineLoss", "affine_loss", "data_singular_values", "numerical_rank"]


@final
@dataclass(frozen=True, eq=False)
class AffineLoss:
    """J(W) = t − 2 tr(W Rᵀ) + tr(W C Wᵀ) + (W x̄)ᵀ Ω (W x̄), the intercept eliminated.

    The best b is (I − Ω)(ȳ − W x̄): Ω = 0 for a free intercept, the projector outside the vectors that the
    target action leaves fixed for an equivariant one, and αK(I + αK)⁻¹ under the penalty α bᵀKb.

    Attributes
    ----------
    gram : ndarray, shape (n, n)
        C, the covariance of the inputs plus the ridge.
    linear : ndarray, shape (m, n)
        R = cov(y, x) + Ω ȳ x̄ᵀ.
    constant : float
        t = tr cov(y) + ȳᵀ Ω ȳ.
    x_mean, y_mean : ndarray
        x̄ and ȳ.
    tied : ndarray, shape (m, m)
        Ω, positive semi-definite, at most I.
    tolerance : float
        Relative rounding error of the moments.
    """

    gram: FloatArray
    linear: FloatArray
    constant: float
    x_mean: FloatArray
    y_mean: FloatArray
    tied: FloatArray
    tolerance: float

    def half_gradient(self, W: FloatArray) -> FloatArray:
        """W C + Ω W x̄ x̄ᵀ for maps (..., m, n): half the gradient, but for the linear term."""
        means = W @ self.x_mean @ self.tied  # Ω is symmetric
        return np.asarray(W @ self.gram + means[..., None] * self.x_mean)

    def half_gradient_of_product(self, A: FloatArray, B: FloatArray) -> FloatArray:
        """The same for W = A B of low rank (m×r times r×n), without a product of m×n and n×n matrices."""
        means = self.tied @ (A @ (B @ self.x_mean))
        return np.asarray(A @ (B @ self.gram) + means[:, None] * self.x_mean)

    def value(self, W: FloatArray) -> float:
        """J(W)."""
        return float(self.constant + np.vdot(W, self.half_gradient(W) - 2.0 * self.linear))

    def intercept(self, W: FloatArray) -> FloatArray:
        """The best b for W."""
        free = self.y_mean - W @ self.x_mean
        return np.asarray(free - self.tied @ free)


def affine_loss(moments: Moments, tied: FloatArray, ridge: float) -> AffineLoss:
    """The loss on these moments, with the intercept bound by Ω (m×m)."""
    C = moments.gram
    if ridge > 0:
        C = C + ridge * np.eye(moments.n_features)
    bound = tied @ moments.y_mean
    return AffineLoss(
        gram=C,
        linear=moments.cross + np.outer(bound, moments.x_mean),
        constant=float(np.trace(moments.total) + moments.y_mean @ bound),
        x_mean=moments.x_mean,
        y_mean=moments.y_mean,
        tied=tied,
        tolerance=default_tolerance(moments.n_features, moments.eps),
    )


def data_singular_values(W: FloatArray, gram: FloatArray) -> FloatArray:
    """Singular values of W C^{1/2}, descending: how much of the variance each output direction takes."""
    values, vectors = np.linalg.eigh(gram)
    return np.asarray(np.linalg.svd(W @ (vectors * np.sqrt(np.maximum(values, 0.0))), compute_uv=False))


def numerical_rank(W: FloatArray, tolerance: float, condition: float) -> int:
    """How many singular values of W rise above the rounding errors of the problem it solves."""
    s = np.linalg.svd(W, compute_uv=False)
    return int((s > tolerance * np.sqrt(condition) * s[0]).sum())
