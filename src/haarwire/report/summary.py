"""What a comparison found, in words and in a table."""

from __future__ import annotations

from typing import Any, Final

from haarwire._wording import QUESTIONS, alpha_text
from haarwire.comparison import Comparison, QuestionResult
from haarwire.comparison.text import cells, chosen_alphas, gain_text
from haarwire.report.encoding import plain_text
from haarwire.selection import Verdict

__all__ = ["NAMES", "notes", "table", "verdicts"]

NAMES: Final = {
    "plain": "plain",
    "hardwired": "hard-wired",
    "augmented": "augmented",
    "regularized": "regularized",
}

_DOING: Final = {
    "plain": "leave the symmetry out",
    "hardwired": "hard-wire the symmetry",
    "augmented": "augment the data",
    "regularized": "regularize towards the symmetry",
}


def verdicts(result: Comparison) -> list[dict[str, Any]]:
    """One sentence for each question, why, and by how much."""
    return [
        _verdict(result, question, verdict)
        for question, verdict in result.verdict.items()
        if verdict is not None
    ]


def _verdict(result: Comparison, question: str, verdict: Verdict) -> dict[str, Any]:
    row = result.approaches[verdict.approach]
    answer: QuestionResult | None = getattr(row, question) if row is not None else None
    alpha = answer.alpha if answer is not None else None
    strength = "" if alpha is None else f" with α = {alpha_text(alpha)}"
    return {
        "question": question,
        "sentence": f"For {QUESTIONS[question]}, {_DOING[verdict.approach]}{strength}.",
        "approach": verdict.approach,
        "reason": plain_text(verdict.reason[:1].upper() + verdict.reason[1:] + "."),
        "gain": f"Gain on the test samples: {gain_text(verdict)}.",
        "is_clear": verdict.is_clear,
    }


def table(result: Comparison) -> dict[str, Any]:
    """The comparison as rows of texts under their headings; an approach that does not exist has dashes."""
    headings = [
        "approach",
        "training loss",
        "test loss, as\N{NO-BREAK SPACE}is",
        f"{result.score}, as\N{NO-BREAK SPACE}is",
        "test loss, moved",
        f"{result.score}, moved",
        "invariance gap",
        "critical points",
        "seconds",
    ]
    rows = [
        [NAMES[name], *(["—"] * (len(headings) - 1) if row is None else cells(row))]
        for name, row in result.approaches.items()
    ]
    return {"headings": headings, "rows": rows}


def notes(result: Comparison) -> list[str]:
    """What to know when reading the table."""
    found = []
    chosen = chosen_alphas(result)
    if chosen:
        told = ", ".join(f"α = {each}" for each in chosen)
        found.append(f"Regularized, by cross-validation on the training samples: {told}.")
    difference = result.max_difference_hardwired_augmented
    found.append(
        "The group is not compact: there is no augmentation, and no average over moved data."
        if difference is None
        else "Hard-wired and augmented coefficients differ by at most "
        f"{difference:.1e} of the largest coefficient."
    )
    jumps = len(result.certificate.crossings)
    found.append(
        f"The regularization path of rank {result.rank} is proven continuous on all of [0, ∞]."
        if result.certificate.is_continuous
        else f"The optimum of rank {result.rank} may jump at {jumps} place{'s' * (jumps > 1)} "
        "of the regularization path."
    )
    return found
