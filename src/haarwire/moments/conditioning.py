"""Whether features are so nearly collinear that sums of products are too coarse."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Final

import numpy as np

from haarwire.moments.passes import Options
from haarwire.moments.streaming import Folded
from haarwire.moments.summary import Summary

__all__ = ["TOLERANCE", "IllConditionedWarning", "accurate", "condition"]


TOLERANCE: Final = 1e-6
"""Relative error of coefficients that passes without a warning."""


class IllConditionedWarning(UserWarning):
    """Features are so nearly collinear that cond(X)²·eps, the error of coefficients, is above 1e-6."""


def condition(summary: Summary, n_features: int) -> float:
    """cond(X)² of features scaled to unit variance, constant ones left out; infinite beyond about 1/eps."""
    C = summary.scatter[:n_features, :n_features]
    live = np.flatnonzero(C.diagonal() > 0)
    if live.size == 0:
        return 1.0
    scale = 1.0 / np.sqrt(C.diagonal()[live])
    values = np.linalg.eigvalsh(C[np.ix_(live, live)] * scale * scale[:, None])
    return float(values[-1] / values[0]) if values[0] > 0 else float("inf")


def accurate(folded: Folded, options: Options, again: Callable[[Options], Folded] | None) -> Folded:
    """The fold itself where features are well enough conditioned, or else of a second pass.

    Warns with `IllConditionedWarning`.
    """
    if folded.eps > np.finfo(np.float64).eps:
        return folded
    squared = condition(folded.summary, folded.n_features)
    if squared * folded.eps <= TOLERANCE:
        return folded
    if again is None:
        _warn(squared, folded.eps, "the source cannot be read again, and nothing is done about it")
        return folded
    _warn(squared, folded.eps, "the samples are read again for a triangular factor")
    return again(replace(options, accuracy="qr"))


def _warn(squared: float, eps: float, what_is_done: str) -> None:
    """Say that features are nearly collinear, what is done about it, and what else helps."""
    warnings.warn(
        f"features are nearly collinear: cond(X)² · eps = {squared * eps:.1e}, above {TOLERANCE:.0e}; "
        f"{what_is_done}\n  Likely cause: features that are sums or copies of others, up to rounding"
        '\n  What to do: accuracy="qr" from the start, a ridge, or features left out; accuracy="gram" for '
        "data that are collinear on purpose",
        IllConditionedWarning,
        stacklevel=4,
    )
