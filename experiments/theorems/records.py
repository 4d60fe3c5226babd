"""Statements, what came out of checking them, and counterexamples where an assumption is dropped."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

import haarwire as hw

from .instances import Instance
from .named import NAMES, NOT_COMPACT


@dataclass(frozen=True)
class Measure:
    """What one instance gave: it fails unless deviation ≤ tolerance. Facts are shown as ranges."""

    deviation: float
    tolerance: float
    facts: dict[str, float] = field(default_factory=dict)


Check = Callable[[Instance], Measure | None]


@dataclass(frozen=True)
class Statement:
    """A statement, and a check of it on one instance (None where its assumptions do not hold there).

    `share` is the part of the instances asked for that it takes, less than 1 where they are slow.
    """

    number: str
    text: str
    assumptions: str
    tolerance: str
    share: float
    check: Check

    @property
    def route(self) -> str:
        """How it is checked."""
        return " ".join((inspect.getdoc(self.check) or "").split())


def statement(
    number: str, text: str, *, assumptions: str, tolerance: str, share: float = 1.0
) -> Callable[[Check], Statement]:
    """Make a statement of the check below it."""
    return lambda check: Statement(number, text, assumptions, tolerance, share, check)


@dataclass(frozen=True)
class Row:
    """A statement and what came out: the worst deviation is the one nearest to its tolerance or beyond.

    `named` are the groups of the catalogue that were among the instances.
    """

    statement: Statement
    instances: int
    failures: tuple[str, ...]
    worst: float
    tolerance: float
    facts: dict[str, tuple[float, float]]
    named: frozenset[str] = frozenset()

    @property
    def holds(self) -> bool:
        return self.instances > 0 and not self.failures


def run(
    statement: Statement, instances: Callable[[int], Instance], wanted: int, numbers: Collection[int] = ()
) -> Row:
    """Check a statement on instances until enough of them meet its assumptions (20 times as many at most).

    When there are enough it goes on with those of these numbers.
    """
    enough = max(1, round(statement.share * wanted))
    failures: list[str] = []
    facts: dict[str, tuple[float, float]] = {}
    done, worst, closest = 0, (0.0, 0.0), -1.0
    named = set()
    for number in sorted({*range(20 * enough), *numbers}):
        if done >= enough and number not in numbers:
            continue
        instance = instances(number)
        try:
            measure = statement.check(instance)
        except (hw.HaarwireError, np.linalg.LinAlgError) as error:
            measure = Measure(math.inf, 0.0)
            failures.append(f"{instance}: {type(error).__name__}: {str(error).splitlines()[0]}")
        else:
            if measure is None:
                continue
            if not measure.deviation <= measure.tolerance:
                failures.append(f"{instance}: {measure.deviation:.2g} > {measure.tolerance:.2g}")
        done += 1
        named |= {instance.group.kind} & set(NAMES)
        ratio = _ratio(measure)
        if ratio > closest:
            worst, closest = (measure.deviation, measure.tolerance), ratio
        for name, value in measure.facts.items():
            low, high = facts.get(name, (value, value))
            facts[name] = min(low, value), max(high, value)
    return Row(statement, done, tuple(failures), *worst, facts, frozenset(named))


def _ratio(measure: Measure) -> float:
    if math.isnan(measure.deviation):
        return math.inf
    return measure.deviation / measure.tolerance if measure.tolerance > 0 else measure.deviation


@dataclass(frozen=True)
class Counterexample:
    """Small explicit numbers on which a statement fails once an assumption is dropped.

    Attributes
    ----------
    found : bool
        Whether it fails there, in exactly the way that was worked out by hand.
    worst : float
        Largest difference from what was worked out by hand.
    """

    number: str
    dropped: str
    example: str
    outcome: str
    found: bool
    worst: float


def text_table(rows: Sequence[Row], examples: Sequence[Counterexample]) -> str:
    """For the terminal."""
    lines = [f"{'':4}{'statement':70}{'instances':>10}{'failures':>9}{'worst':>9}{'allowed':>9}"]
    for row in rows:
        s = row.statement
        first, *more = _wrapped(s.text, 68)
        numbers = f"{row.instances:>10}{len(row.failures):>9}{number(row.worst):>9}{number(row.tolerance):>9}"
        lines.append(f"{s.number:4}{first:70}{numbers}")
        lines += [f"    {line}" for line in more]
        lines += [f"      if: {s.assumptions}", f"      allowed: {s.tolerance}"]
        lines += [f"      measured: {ranges(row.facts)}"] if row.facts else []
        lines += [f"      FAILS on {failure}" for failure in row.failures[:5]]
        lines += [] if row.instances else ["      NO INSTANCE meets the assumptions: ask for more"]
    lines += ["", "dropped assumptions"]
    for example in examples:
        lines.append(f"{example.number:4}{example.dropped}: {'found' if example.found else 'NOT FOUND'}")
        lines += [f"      {line}" for line in _wrapped(f"{example.example} {example.outcome}", 100)]
    return "\n".join(lines)


def markdown(rows: Sequence[Row], examples: Sequence[Counterexample], command: str) -> str:
    """For the documentation."""
    out = [
        "# The statements, checked",
        "",
        (
            "The statements of Duan and Montúfar, *Understanding Learning Invariance in Deep Linear "
            "Networks* (arXiv 2506.13714), with what Haarwire adds to them, each tried on random instances: "
            f"all {len(NAMES)} named groups, finite groups in orthonormal and in skewed bases, (signed) "
            "permutations, SO(2), SO(3), shears, scalings and boosts; any rank; fewer or more targets than "
            "invariants, and no invariants at all; with and without intercept. Each is checked against "
            "another route than the package's own: the group is enumerated (or integrated over by "
            "quadrature), the augmented data are built, penalties are pseudo-samples, Hessians come from "
            "values of the loss."
        ),
        "",
        (
            f"This page is the output of `{command}`, which exits with status 1 if a statement fails. "
            "Each statement is tried on every named group up to four times, with other data, and on the "
            "other kinds as often. The tests run it with `--quick`."
        ),
        "",
        "| | Statement | Assumptions | Instances (named groups) | Failures | Worst of allowed |",
        "|---|---|---|---:|---:|---:|",
    ]
    for row in rows:
        s = row.statement
        tried = f"{row.instances} ({len(row.named)})"
        worst = f"{number(row.worst)} of {number(row.tolerance)}"
        cells = (s.number, s.text, s.assumptions, tried, len(row.failures), worst)
        out.append("| " + " | ".join(map(_cell, cells)) + " |")
    out += [
        "",
        (
            "Worst is the deviation nearest to what is allowed. κ(C) is the condition number of the "
            "gram, ‖ρ‖ the largest norm of a group element, and c = 32(n + m) + √(number of "
            "samples, moved ones too). "
            f"Of the {len(NAMES)} named groups {len(NOT_COMPACT)} are not compact; where a statement has "
            "fewer than its assumptions allow for, its instances do not meet the others (5b: 0 < d < m)."
        ),
        "",
        "## How each is checked",
        "",
    ]
    for row in rows:
        s = row.statement
        measured = f" Measured: {ranges(row.facts)}." if row.facts else ""
        out.append(f"- **{s.number}** {s.route} Allowed: {s.tolerance}.{measured}")
    out += [
        "",
        "## Where an assumption is dropped",
        "",
        "| | Dropped | Example | What happens |",
        "|---|---|---|---|",
    ]
    for e in examples:
        outcome = e.outcome if e.found else f"NOT FOUND. {e.outcome}"
        out.append("| " + " | ".join(map(_cell, (e.number, e.dropped, e.example, outcome))) + " |")
    return "\n".join(out) + "\n"


def as_data(rows: Iterable[Row], examples: Iterable[Counterexample]) -> dict[str, object]:
    """For JSON: infinite numbers as text."""
    return {
        "statements": [
            {
                "number": row.statement.number,
                "statement": row.statement.text,
                "assumptions": row.statement.assumptions,
                "instances": row.instances,
                "named_groups": sorted(row.named),
                "failures": list(row.failures),
                "worst_deviation": _finite(row.worst),
                "tolerance": _finite(row.tolerance),
                "measured": {name: list(map(_finite, limits)) for name, limits in row.facts.items()},
            }
            for row in rows
        ],
        "dropped": [vars(example) for example in examples],
    }


def number(value: float) -> str:
    """One significant digit; whole numbers in full."""
    return f"{value:.0f}" if value == 0 or (value < 1e6 and value == round(value)) else f"{value:.0e}"


def ranges(facts: dict[str, tuple[float, float]]) -> str:
    """The facts as ranges."""
    return "; ".join(
        f"{name} {low:.4g}" + (f" to {high:.4g}" if f"{high:.4g}" != f"{low:.4g}" else "")
        for name, (low, high) in facts.items()
    )


def _finite(value: float) -> float | str:
    return value if math.isfinite(value) else str(value)


def _cell(value: object) -> str:
    return str(value).replace("|", "\\|")


def _wrapped(text: str, width: int) -> list[str]:
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + len(word) >= width:
            lines.append("")
        lines[-1] += f" {word}" if lines[-1] else word
    return lines
