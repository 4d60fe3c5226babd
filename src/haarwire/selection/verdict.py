"""Which approach? A verdict from a paired comparison on the same test samples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, final

import numpy as np

from haarwire._numbers import FloatArray
from haarwire.errors import ParameterError
from haarwire.selection.paired import is_same_model, told_apart
from haarwire.selection.recommendation import SIMPLEST_FIRST, Advice, aside_of_same

__all__ = ["Verdict", "advice_verdict", "verdict"]


CLEARLY: Final = 2.0
"""A difference counts when it is more than this many standard errors."""


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

    One approach is clearly better than another when the paired difference of their losses is more than
    two standard errors. The simplest is chosen among those than which none is clearly better, the approach
    of least mean loss among them; but not one whose mean loss is outside the uncertainty of the least one
    itself (two standard errors): it may be close only because its own loss varies so much.

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
        Without any approach or sample, with losses that are not finite or not of the same samples.
    """
    pairs = _Pairs(losses)
    names = sorted(losses, key=_simplicity)
    unbeaten = [name for name in names if not any(pairs.is_clearly_better(other, name) for other in names)]
    best = min(names, key=lambda name: pairs.means[name])
    candidates = [name for name in unbeaten if not pairs.means[name] > pairs.upper_limit(best)]
    chosen = candidates[0]
    rivals = [name for name in names if not pairs.is_same(name, chosen)]
    equal = [name for name in names if name != chosen and name not in rivals]
    also = aside_of_same(equal)
    if not rivals:
        reason = f"all approaches give the same model {wording}" if equal else "it is the only approach"
        return Verdict(chosen, reason, 0.0, 0.0, False)
    rival = min(rivals, key=lambda name: pairs.means[name])
    gain, error = pairs.difference(rival, chosen)
    own, other = told_apart(pairs.means[chosen], pairs.means[rival])
    # Where one is unbeaten alone, it beats all others: by the triangle inequality for standard errors,
    # "clearly better" is transitive.
    close = [name for name in rivals if not pairs.is_clearly_better(chosen, name)]
    if not close:
        reason = (
            f"it has the lowest test loss {wording}: {own} against {other} for {rival}, the next best{also}"
        )
        return Verdict(chosen, reason, gain, error, True)
    if np.isnan(error):
        return Verdict(
            chosen, f"one test sample cannot tell, and this is the simplest{also}", gain, error, False
        )
    within = [name for name in close if name in candidates]
    if within:
        are = "is" if len(within) == 1 else "are"
        reason = (
            f"nothing is clearly better {wording}: {' and '.join(within)} {are} within two standard errors, "
            f"and this is the simplest{also}"
        )
        return Verdict(chosen, reason, gain, error, False)
    erratic = [name for name in close if name in unbeaten]
    losses_of = "that" if erratic == [rival] else f"the loss of {' and '.join(erratic)}"
    reason = (
        f"it has the lowest test loss {wording}, {own} against {other} "
        f"for {rival}, the next best{also}, but {losses_of} varies too much between samples to tell"
    )
    return Verdict(chosen, reason, gain, error, False)


def advice_verdict(advice: Advice, losses: Mapping[str, FloatArray]) -> Verdict:
    """The verdict of a recommendation made from training samples, with its gain on test samples.

    The test samples had no say in the choice, so that the gain on them is an honest one; a choice that
    does worse there is not changed, but told.

    Parameters
    ----------
    advice : Advice
        From `recommend`.
    losses : mapping of str to ndarray, shape (n_samples,)
        Squared error of each approach on each test sample.

    Returns
    -------
    Verdict

    Raises
    ------
    ParameterError
        As in `verdict`, and where the losses lack the approach recommended.
    """
    pairs = _Pairs(losses)
    chosen = advice.approach
    if chosen not in losses:
        raise ParameterError(
            f"there are no losses of the approach recommended, {chosen}, among {', '.join(losses)}",
            cause="a recommendation for other approaches",
            remedy="give the test losses of each approach",
        )
    rivals = [name for name in losses if not pairs.is_same(name, chosen)]
    if not rivals:
        return Verdict(chosen, advice.reason, 0.0, 0.0, False)
    rival = min(rivals, key=lambda name: pairs.means[name])
    gain, error = pairs.difference(rival, chosen)
    clear = all(pairs.is_clearly_better(chosen, name) for name in rivals)
    if np.isnan(error):
        outcome = "one test sample cannot tell more"
    elif clear:
        outcome = f"test samples confirm it against {rival}, the next best there"
    elif pairs.is_clearly_better(rival, chosen):
        outcome = f"but on the test samples {rival} does better"
    else:
        outcome = f"on the test samples it and {rival} cannot be told apart"
    return Verdict(chosen, f"{advice.reason}; {outcome}", gain, error, clear)


class _Pairs:
    """The approaches against each other, on the same samples."""

    def __init__(self, losses: Mapping[str, FloatArray]) -> None:
        self.losses = {name: np.asarray(values, dtype=np.float64) for name, values in losses.items()}
        shapes = {values.shape for values in self.losses.values()}
        sound = len(shapes) == 1 and all(len(shape) == 1 and shape[0] > 0 for shape in shapes)
        if not sound or not all(np.isfinite(values).all() for values in self.losses.values()):
            raise ParameterError(
                "a verdict needs finite losses of one or more approaches on the same samples, got "
                + (", ".join(f"{name}: shape {v.shape}" for name, v in self.losses.items()) or "none"),
                cause="no approach or sample, means in place of samples, or a model that overflowed",
                remedy="give verdict({'plain': losses_of_plain, 'hardwired': …}), one number a sample",
            )
        self.means = {name: float(values.mean()) for name, values in self.losses.items()}

    def difference(self, worse: str, better: str) -> tuple[float, float]:
        """Mean paired difference and its standard error, NaN for one sample."""
        paired = self.losses[worse] - self.losses[better]
        n = paired.size
        return float(paired.mean()), float(paired.std(ddof=1) / np.sqrt(n)) if n > 1 else float("nan")

    def upper_limit(self, name: str) -> float:
        """Mean loss plus two of its own standard errors; NaN for one sample."""
        values = self.losses[name]
        if values.size < 2:
            return float("nan")
        return self.means[name] + CLEARLY * float(values.std(ddof=1) / np.sqrt(values.size))

    def is_same(self, a: str, b: str) -> bool:
        """Whether two approaches are one model, up to rounding."""
        return is_same_model(self.losses[a], self.losses[b])

    def is_clearly_better(self, better: str, worse: str) -> bool:
        """Whether the difference is more than two standard errors, and more than rounding."""
        gain, error = self.difference(worse, better)
        return gain > CLEARLY * error and not self.is_same(better, worse)


def _simplicity(name: str) -> int:
    return SIMPLEST_FIRST.index(name) if name in SIMPLEST_FIRST else len(SIMPLEST_FIRST)
