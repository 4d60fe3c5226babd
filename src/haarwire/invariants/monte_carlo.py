"""An average over random group elements, with its standard error."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import final

import numpy as np
from numpy.typing import ArrayLike

from haarwire._numbers import FloatArray, is_integer
from haarwire.errors import ParameterError
from haarwire.groups import Representation
from haarwire.invariants.haar import checked_symmetric, require_compact

__all__ = ["MonteCarloAverage", "monte_carlo_average"]


@final
@dataclass(frozen=True, eq=False)
class MonteCarloAverage:
    """An average over random elements, and how far it may be from the Haar average.

    Attributes
    ----------
    value : ndarray, shape (n, n)
        (1/K) Σ_k ρ(g_k) M ρ(g_k)ᵀ, the g_k independent by Haar measure.
    standard_error : ndarray, shape (n, n)
        Estimated standard deviation of each entry of `value`.
    n_elements : int
        K.
    """

    value: FloatArray = field(repr=False)
    standard_error: FloatArray = field(repr=False)
    n_elements: int


def monte_carlo_average(
    M: ArrayLike, rep: Representation, n_elements: int, rng: np.random.Generator | int | None = None
) -> MonteCarloAverage:
    """Approximate ∫ ρ(g) M ρ(g)ᵀ dg by the mean over random elements, with its standard error.

    The error falls as 1/√n_elements; `haar_average` is exact. For comparisons with what sampled
    augmentation does, and for groups whose elements are cheap to draw and hard to average over.

    Parameters
    ----------
    M : array_like, shape (n, n)
        Symmetric.
    rep : Representation
        A compact group acting on R^n, with a sampler (see `Representation.sample`).
    n_elements : int
        Number K ≥ 2 of independent elements.
    rng : numpy.random.Generator or int, optional
        Source of randomness, or a seed for one.

    Returns
    -------
    MonteCarloAverage

    Raises
    ------
    NotCompactError
        When there is no Haar average.
    NoSamplerError
        When no sampler is known for the group.
    ParameterError
        When M is not a finite symmetric matrix of the right size, n_elements is less than 2, or `rep` is no
        representation.

    Examples
    --------
    >>> import haarwire as hw, numpy as np
    >>> sampled = hw.monte_carlo_average(np.diag([1.0, 0.0]), hw.groups.cyclic_shifts(2), 1000, rng=0)
    >>> sampled.value.diagonal().round(1)
    array([0.5, 0.5])
    """
    if not is_integer(n_elements, 2):
        raise ParameterError(
            f"n_elements must be an integer of at least 2, got {n_elements!r}",
            cause="one element has no standard error",
            remedy="give more: the error falls as 1/√n_elements",
        )
    require_compact(rep, "the Haar average")
    A = checked_symmetric(M, rep.dim)
    generator = np.random.default_rng(rng)
    mean, squares = np.zeros_like(A), np.zeros_like(A)
    for k in range(1, int(n_elements) + 1):
        # Welford's update: no cancellation.
        moved = rep.sample(generator).conjugate(A)
        change = moved - mean
        mean += change / k
        squares += change * (moved - mean)
    error = np.sqrt(squares / ((n_elements - 1) * n_elements))
    return MonteCarloAverage(mean, error, int(n_elements))
