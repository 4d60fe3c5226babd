"""`augmentation_noise`: bias and variance of gradients by sampled augmentation against the exact one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, final

import numpy as np
from numpy.typing import ArrayLike

from haarwire._numbers import FloatArray
from haarwire.errors import DataError
from haarwire.groups import Representation
from haarwire.invariants.moving import Mover
from haarwire.moments import Moments
from haarwire.solve import Augmented
from haarwire.training.sampling import checked_samples

__all__ = ["AugmentationNoise", "augmentation_noise"]


_BLOCK: Final = 2**22
"""About so many numbers are held at a time."""


@final
@dataclass(frozen=True, eq=False)
class AugmentationNoise:
    """How far a gradient from sampled augmentation is from the exact one.

    Attributes
    ----------
    gradient : ndarray, shape (m, n)
        G = ∂J/∂W of the augmented problem, exactly.
    bias : float
        ‖E G_sampled − G‖_F / ‖G‖_F: 0 up to rounding where the group is listed, otherwise up to the
        sampling error of the estimate.
    sample_variance : float
        Variance (summed over entries) that comes from which samples are in the batch, for one sample.
    element_variance : float
        Variance that comes from which elements move them, for one sample and one element: the price of
        sampling the group rather than averaging over it.
    is_exact : bool
        Whether every element was listed; otherwise the variances are unbiased estimates from 32 random
        elements a sample.
    """

    gradient: FloatArray = field(repr=False)
    bias: float
    sample_variance: float
    element_variance: float
    is_exact: bool

    def variance(self, batch_size: int, elements_per_sample: int = 1) -> float:
        """E‖G_sampled − G‖_F² of a batch of independent samples: (v_s + v_e/elements)/batch_size."""
        return (self.sample_variance + self.element_variance / elements_per_sample) / batch_size


def augmentation_noise(
    X: ArrayLike,
    Y: ArrayLike,
    rep: Representation,
    coef: ArrayLike,
    *,
    rng: np.random.Generator | int | None = 0,
) -> AugmentationNoise:
    """Bias and variance of the gradient 2(W z − t) zᵀ, z = ρ(g)x − P̄x̄, t = y − ȳ, at a given W.

    By the law of total variance Var = Var_x(E_g) + E_x(Var_g): the first part is that of any minibatch,
    the second vanishes when augmentation is exact. E_x‖E_g‖² is a mean over pairs of elements, and needs
    inner products only: 4 (r_g·r_h)(z_g·z_h) with r = W z − t.

    Parameters
    ----------
    X : array_like, shape (N, n)
        Inputs.
    Y : array_like, shape (N, m) or (N,)
        Targets.
    rep : Representation
        A compact group on R^n from which elements can be drawn.
    coef : array_like, shape (m, n)
        W.
    rng : numpy.random.Generator or int, optional
        For groups of more than 32 elements, of which 32 are drawn for every sample.

    Returns
    -------
    AugmentationNoise

    Raises
    ------
    DataError
        When samples or coefficients have the wrong shape.
    NotCompactError, NoSamplerError
        When there are no Haar-distributed elements, or no way to draw them.
    """
    inputs, targets = checked_samples(X, Y, rep)
    W = np.asarray(coef, dtype=np.float64)
    N, n = inputs.shape
    m = targets.shape[1]
    if W.shape != (m, n):
        raise DataError(
            f"the coefficients have shape {W.shape}, the data need ({m}, {n})",
            cause="coefficients of another model, or transposed ones",
            remedy="give history.coef[i] or solution.coef",
        )
    problem = Augmented().problem(Moments.from_arrays(inputs, targets), rep)
    gradient = 2.0 * (W @ problem.gram - problem.cross)
    mover, generator = Mover(rep), np.random.default_rng(rng)
    elements = mover.elements
    is_exact = elements is not None and len(elements) <= 32
    copies = len(elements) if elements is not None and is_exact else 32
    mean, square, inner = np.zeros((m, n)), 0.0, 0.0
    size = max(_BLOCK // (copies * max(n, m, copies)), 1)
    for begin in range(0, N, size):
        x, t = inputs[begin : begin + size], targets[begin : begin + size]
        if elements is not None and is_exact:
            moved = np.stack([g.apply(x) for g in elements])
        else:
            moved = np.stack([mover(x, generator) for _ in range(copies)])
        z = moved - problem.setting.x_mean
        r = z @ W.T - (t - problem.setting.y_mean)
        mean += 2.0 * np.einsum("gbm,gbn->mn", r, z, optimize=True) / (copies * N)
        pairs = 4.0 * np.einsum("gbm,hbm->bgh", r, r) * np.einsum("gbn,hbn->bgh", z, z)
        same = np.trace(pairs, axis1=1, axis2=2)
        square += float(same.sum()) / (copies * N)
        both = float(pairs.sum())
        # All pairs of a listed group; of drawn elements, different ones only, which are independent.
        inner += (
            both / (copies**2 * N) if is_exact else (both - float(same.sum())) / (copies * (copies - 1) * N)
        )
    scale = float(np.linalg.norm(gradient))
    return AugmentationNoise(
        gradient=gradient,
        bias=float(np.linalg.norm(mean - gradient)) / scale if scale > 0 else float(np.linalg.norm(mean)),
        sample_variance=inner - scale**2,
        element_variance=square - inner,
        is_exact=is_exact,
    )
