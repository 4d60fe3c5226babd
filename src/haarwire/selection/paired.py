"""Two models over the same folds or samples: whether they are one, and their difference with its error."""

from __future__ import annotations

from typing import Final

import numpy as np

from haarwire._numbers import FloatArray

__all__ = ["SAME", "is_same_model", "paired_difference", "told_apart"]


SAME: Final = 1e-9
"""Losses that agree to this relative size are those of one model."""


def is_same_model(a: FloatArray, b: FloatArray) -> bool:
    """Whether losses on the same folds or samples are those of one model, up to rounding."""
    size = max(float(np.abs(a).mean()), float(np.abs(b).mean()))
    return bool(np.abs(a - b).mean() <= SAME * size)


def told_apart(a: float, b: float) -> tuple[str, str]:
    """Two losses in four significant digits, or as many as tell them apart."""
    digits = next((d for d in range(4, 17) if f"{a:.{d}g}" != f"{b:.{d}g}"), 4)
    return f"{a:.{digits}g}", f"{b:.{digits}g}"


def paired_difference(
    worse: FloatArray, better: FloatArray, weights: FloatArray, n_folds: int
) -> tuple[float, float]:
    """Mean difference of held-out losses, and its standard error by Nadeau and Bengio (2003).

    The variance of a mean over J held-out folds, one k-th of the samples each, counts 1/J + 1/(k − 1) and
    not 1/J: their training samples overlap.

    Parameters
    ----------
    worse, better : ndarray, shape (J,)
        Losses of two models on the same folds.
    weights : ndarray, shape (J,)
        Shares of the folds, of sum 1.
    n_folds : int
        Number k of folds of one split.
    """
    paired = worse - better
    mean = float(paired @ weights)
    # Relative to the largest: squares of the largest losses may overflow.
    size = float(np.abs(paired).max()) or 1.0
    variance = float(((paired - mean) / size) ** 2 @ weights) * paired.size / (paired.size - 1)
    return mean, size * float(np.sqrt((1.0 / paired.size + 1.0 / (n_folds - 1)) * variance))
