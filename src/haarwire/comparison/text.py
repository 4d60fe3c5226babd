"""What `compare` found, in words and in a table."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from haarwire._wording import QUESTIONS, alpha_text, count, counted, number, score, small, text_table

if TYPE_CHECKING:
    from haarwire.comparison.results import ApproachResult, Comparison
    from haarwire.selection import Verdict

__all__ = ["answers", "as_text", "cells", "chosen_alphas", "facts", "gain_text", "sizes", "table"]

_WIDTH: Final = 100


def sizes(result: Comparison) -> str:
    """The rank bound and the numbers of samples and targets."""
    n = result.n_targets
    kind = f"{n} classes" if result.score == "accuracy" else counted(n, "numeric target")
    return f"rank ≤ {result.rank}: {result.n_train} training and {result.n_test} test samples, {kind}"


def table(result: Comparison) -> tuple[list[str], list[list[str]]]:
    """Headings of one or two lines, and a row of texts for each approach: dashes where there is none."""
    headings = [
        "approach",
        "train\nloss",
        "as is\nloss",
        f"as is\n{result.score}",
        "moved\nloss",
        f"moved\n{result.score}",
        "gap",
        "critical\npoints",
        "seconds",
    ]
    rows = [
        [name, *(["—"] * (len(headings) - 1) if row is None else cells(row))]
        for name, row in result.approaches.items()
    ]
    return headings, rows


def cells(row: ApproachResult) -> list[str]:
    """Training loss; test loss and score as is, and moved; invariance gap, critical points, seconds."""
    found = [number(row.train_loss)]
    for answer in (row.as_is, row.moved):
        if answer is None:
            found += ["—", "—"]
        else:
            found += [
                number(answer.test_loss),
                "—" if answer.test_score is None else score(answer.test_score),
            ]
    return [*found, small(row.relative_invariance_gap), count(row.n_critical_points), f"{row.seconds:.3f}"]


def chosen_alphas(result: Comparison) -> list[str]:
    """The strengths that cross-validation chose, and for which question."""
    row = result.approaches["regularized"]
    given = {} if row is None else {"as_is": row.as_is, "moved": row.moved}
    return [
        f"{alpha_text(answer.alpha)} for {QUESTIONS[question]}"
        for question, answer in given.items()
        if answer is not None and answer.alpha is not None
    ]


def facts(result: Comparison) -> list[str]:
    """The strengths chosen, how far hard-wired and augmented differ, and whether the path is continuous."""
    chosen = chosen_alphas(result)
    found = [f"Regularized, by cross-validation: alpha {', '.join(chosen)}"] if chosen else []
    difference = result.max_difference_hardwired_augmented
    found.append(
        "The group is not compact: no augmentation, and no average over moved data."
        if difference is None
        else f"Coefficients, hardwired and augmented: largest relative difference {difference:.1e}"
    )
    jumps = len(result.certificate.crossings)
    found.append(
        "Regularization path: continuous on all of [0, ∞]"
        if result.certificate.is_continuous
        else f"Regularization path: the optimum may jump at {counted(jumps, 'place')}; "
        "'haarwire path' shows where"
    )
    return found


def answers(result: Comparison) -> Iterator[tuple[str, str, str]]:
    """For each question that has an answer: what it is about, the approach, and why."""
    for question, verdict in result.verdict.items():
        if verdict is not None:
            gain = "" if math.isnan(verdict.standard_error) else f"; gain {gain_text(verdict)}"
            yield QUESTIONS[question], verdict.approach, verdict.reason + gain


def gain_text(verdict: Verdict) -> str:
    """The gain on the test samples, with its standard error where there is one."""
    error = verdict.standard_error
    return f"{verdict.gain:.4g}" + ("" if math.isnan(error) else f" ± {error:.2g} (standard error)")


def as_text(result: Comparison) -> str:
    """All of it, as the command line prints it."""

    def wrapped(text: str, indent: str = "") -> str:
        return textwrap.fill(
            text,
            _WIDTH,
            initial_indent=indent,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )

    told = [f"For {about}: {approach}\n{wrapped(why, '  ')}" for about, approach, why in answers(result)]
    title = wrapped(f"{result.data} under {result.symmetry}, {sizes(result)}")
    return "\n\n".join([title, text_table(*table(result)), "\n".join(facts(result)), *told])
