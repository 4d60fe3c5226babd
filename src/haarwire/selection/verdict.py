"""Which approach? A verdict from a paired comparison on the same test samples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from haarwire.errors import ParameterError

__all__ = ["SIMPLEST_FIRST", "Verdict", "verdict"]

FloatArray: TypeAlias = NDArray[np.floating[Any]]

SIMPLEST_FIRST: Final = ("hardwired", "plain", "augmented", "regularized")
"""Fewest parameters first; then no symmetry code; then more data; then a strength to choose."""

CLEARLY: Final = 2.0
"""A difference counts when it is more than this many standard errors."""

_SAME: Final = 1e-9
"""Approaches whose losses agree to this relative size are one model."""


@final
@dataclass(frozen=True)
class Verdict:
    """The answer to one question.

    Attributes
    ----------
    approach : str
        The approach to use.
    reason : str
        Why, in one sentence.
    gain : float
        Mean test loss of the best different approach minus that of this one; not positive where a
        simpler approach is named although another's loss is lower, but not clearly.
    standard_error : float
        Of `gain`, from the paired differences on the same test samples; NaN with fewer than two.
    is_clear : bool
        Whether this approach is better than every different one by more than two standard errors.
    """

    approach: str
    reason: str
    gain: float
    standard_error: float
    is_clear: bool


def verdict(losses: Mapping[str, FloatArray], wording: str = "on these data") -> Verdict:
    """Choose an approach by its loss on test samples, sample by sample against the others.

    The approach of least mean loss is chosen, or the simplest of those within two standard errors of
    it (of the paired difference).

    Parameters
    ----------
    losses : mapping of str to ndarray, shape (n_samples,)
        Squared error of each approach on each test sample.
    wording : str
        Ends the reason: "on data as they are".

    Returns
    -------
    Verdict

    Raises
    ------
    ParameterError
        Without any approach.
    """
    if not losses:
        raise ParameterError(
            "a verdict needs the losses of at least one approach, got none",
            cause="an empty mapping",
            remedy="give verdict({'plain': losses_of_plain, 'hardwired': …})",
        )
    names = sorted(losses, key=_simplicity)
    means = {name: float(losses[name].mean()) for name in names}
    best = min(names, key=lambda name: means[name])

    def difference(worse: str, better: str) -> tuple[float, float]:
        paired = losses[worse] - losses[better]
        n = paired.size
        return float(paired.mean()), float(paired.std(ddof=1) / np.sqrt(n)) if n > 1 else float("nan")

    def is_clearly_better(better: str, worse: str) -> bool:
        gain, error = difference(worse, better)
        return gain > CLEARLY * error

    def same(a: str, b: str) -> bool:
        return bool(np.abs(losses[a] - losses[b]).mean() <= _SAME * max(means[a], means[b]))

    chosen = next(name for name in names if not is_clearly_better(best, name) or same(best, name))
    rivals = [name for name in names if not same(name, chosen)]
    equal = [name for name in names if name != chosen and same(name, chosen)]
    also = (
        f" ({' and '.join(equal)} {'gives' if len(equal) == 1 else 'give'} the same model)" if equal else ""
    )
    if not rivals:
        return Verdict(chosen, f"all approaches give the same model {wording}", 0.0, 0.0, False)
    rival = min(rivals, key=lambda name: means[name])
    gain, error = difference(rival, chosen)
    if all(is_clearly_better(chosen, name) for name in rivals):
        reason = (
            f"it has the lowest test loss {wording}: {means[chosen]:.4g} against {means[rival]:.4g} "
            f"for {rival}, the next best{also}"
        )
        return Verdict(chosen, reason, gain, error, True)
    close = [name for name in rivals if not is_clearly_better(chosen, name)]
    reason = (
        f"nothing is clearly better {wording}: {' and '.join(close)} "
        f"{'is' if len(close) == 1 else 'are'} within two standard errors, and this is the simplest{also}"
    )
    return Verdict(chosen, reason, gain, error, False)


def _simplicity(name: str) -> int:
    return SIMPLEST_FIRST.index(name) if name in SIMPLEST_FIRST else len(SIMPLEST_FIRST)
