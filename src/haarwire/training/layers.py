"""Stacks of layers W_1, …, W_L, of runs or of times: their product, and what it is bounded by."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from haarwire._numbers import FloatArray

__all__ = ["imbalance", "norms", "product", "surroundings"]


def product(layers: Sequence[FloatArray]) -> FloatArray:
    """W_L ⋯ W_1; ∞ or NaN without a word where it is too large, as that of a run that diverges."""
    V = layers[-1]
    with np.errstate(over="ignore", invalid="ignore"):
        for W in layers[-2::-1]:
            V = V @ W
    return V


def imbalance(layers: Sequence[FloatArray]) -> FloatArray:
    """max_l ‖W_{l+1}ᵀW_{l+1} − W_l W_lᵀ‖_F of each run; 0 for one layer."""
    worst = np.zeros(len(layers[0]))
    for before, after in pairwise(layers):
        difference = after.swapaxes(1, 2) @ after - before @ before.swapaxes(1, 2)
        worst = np.maximum(worst, np.linalg.norm(difference, axis=(1, 2)))
    return worst


def surroundings(layers: Sequence[FloatArray]) -> FloatArray:
    """Σ_l ‖W_L ⋯ W_{l+1}‖² ‖W_{l−1} ⋯ W_1‖² of each run."""
    below, above = [layers[0]], [layers[-1]]  # products from either end; the last of each is V
    for W in layers[1:]:
        below.append(W @ below[-1])
    for W in layers[-2::-1]:
        above.append(above[-1] @ W)
    ones = [np.ones(len(layers[0]))]
    over = [*map(norms, above[-2::-1]), *ones]
    under = [*ones, *map(norms, below[:-1])]
    return np.asarray(np.sum([(a * b) ** 2 for a, b in zip(over, under, strict=True)], axis=0))


def norms(W: FloatArray) -> FloatArray:
    """Spectral norms of a stack."""
    return np.asarray(np.linalg.norm(W, 2, axis=(1, 2)))
