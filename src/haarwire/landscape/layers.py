"""`factor`: a critical point as the layers of a deep linear network."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from haarwire._numbers import FloatArray, is_integer
from haarwire.errors import ParameterError
from haarwire.landscape.point import CriticalPoint

__all__ = ["factor"]


def factor(point: CriticalPoint, widths: Sequence[int]) -> tuple[FloatArray, ...]:
    """Layers W_1, …, W_L with W_L ⋯ W_1 = V_S, balanced and padded with zeros.

    With V_S = U Σ Vᵀ of rank s: W_1 = Σ^{1/L} Vᵀ, W_L = U Σ^{1/L} and Σ^{1/L} in between, each in the
    first s hidden units of its layers; so W_{l+1}ᵀ W_{l+1} = W_l W_lᵀ. The gradient of the loss in the
    layers vanishes there. The other hidden units do nothing: with two layers, every one of them adds as
    many negative Hessian directions as there are modes not kept; with three or more it adds flat ones
    only, and the point can be a saddle that no second derivative shows.

    Parameters
    ----------
    point : CriticalPoint
        W_S, in the problem's own coordinates: ``point.problem_coef`` of shape (m, k), which is the
        coefficients but for hard-wired problems, where the network acts on the k = d invariant
        coordinates.
    widths : sequence of int
        The hidden widths h_1, …, h_{L−1}, each at least s. Empty: one layer, V_S itself.

    Returns
    -------
    tuple of ndarray
        W_1 (h_1×k), W_2 (h_2×h_1), …, W_L (m×h_{L−1}).

    Raises
    ------
    ParameterError
        When a width is not an integer or less than s, or the point is no critical point.

    References
    ----------
    Kawaguchi 2016, arXiv 1605.07110; Achour, Malgouyres and Gerchinovitz 2021, arXiv 2107.13289.

    Examples
    --------
    >>> import haarwire as hw, numpy as np
    >>> X = np.random.default_rng(0).standard_normal((50, 4))
    >>> moments = hw.Moments.from_arrays(X, X[:, :2])
    >>> points = hw.landscape.critical_points(
    ...     moments, hw.groups.cyclic_shifts(4), rank=1, approach=hw.Augmented()
    ... )
    >>> [W.shape for W in factor(points.global_optimum, (3, 1))]
    [(3, 4), (1, 3), (2, 1)]
    """
    if not isinstance(point, CriticalPoint):
        raise ParameterError(
            f"point must be a CriticalPoint, got a {type(point).__name__}",
            cause="all critical points in place of one, or coefficients",
            remedy="give one of them, such as points.global_optimum",
        )
    rank = len(point.subset)
    for width in widths:
        if not is_integer(width, max(rank, 1)):
            raise ParameterError(
                f"a hidden width must be an integer ≥ {max(rank, 1)}, got {width!r} in {tuple(widths)}",
                cause=f"a map of rank {rank} does not pass through fewer hidden units",
                remedy="widen the layer, or take a critical point of lower rank: critical_points(…, rank=…)",
            )
    V = point.problem_coef
    if not widths:
        return (V,)
    U, sigma, Vt = np.linalg.svd(V, full_matrices=False)
    share = sigma[:rank] ** (1.0 / (len(widths) + 1))
    first = np.zeros((widths[0], V.shape[1]))
    first[:rank] = share[:, None] * Vt[:rank]
    layers = [first]
    for before, after in pairwise(widths):
        layer = np.zeros((after, before))
        layer[range(rank), range(rank)] = share
        layers.append(layer)
    last = np.zeros((V.shape[0], widths[-1]))
    last[:, :rank] = U[:, :rank] * share
    return (*layers, last)
