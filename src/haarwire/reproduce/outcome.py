"""What an experiment finds: the sentence of the abstract it is about, and whether this run agrees."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, final

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["SENTENCES", "Check", "Outcome", "at_least", "at_most", "holds"]

SENTENCES: Final = {
    "efficiency": "Equivariant and invariant machine learning models exploit symmetries and structural "
    "patterns in data to improve sample efficiency.",
    "comparable": "While empirical studies suggest that data-driven methods such as regularization and data "
    "augmentation can perform comparably to explicitly invariant models, theoretical insights remain scarce.",
    "identical": "We show that the critical points of the optimization problems for hard-wiring and data "
    "augmentation are identical, consisting solely of saddles and the global optimum.",
    "additional": "By contrast, regularization introduces additional critical points, though they remain "
    "saddles except for the global optimum.",
    "path": "Moreover, we demonstrate that the regularization path is continuous and converges to the "
    "hard-wired solution.",
}
"""The sentences of the abstract of Duan and Montúfar (PMLR 325, 2026; arXiv 2506.13714)."""


@final
@dataclass(frozen=True)
class Check:
    """One number of a run, held against what the sentence says.

    Attributes
    ----------
    statement : str
        What is compared.
    value : float
        What this run gave.
    allowed : str
        What agrees, in words.
    agrees : bool
        Whether it does.
    """

    statement: str
    value: float
    allowed: str
    agrees: bool


@final
@dataclass(frozen=True, eq=False)
class Outcome:
    """One figure of the reproduction.

    Attributes
    ----------
    title : str
        What was done.
    sentence : str
        A key of `SENTENCES`.
    checks : tuple of Check
        Whether this run agrees, number by number.
    results : dict
        The numbers drawn, as plain data.
    figure : matplotlib Figure
        The picture.
    """

    title: str
    sentence: str
    checks: tuple[Check, ...]
    results: dict[str, Any]
    figure: Figure = field(repr=False)

    @property
    def agrees(self) -> bool:
        """Whether every check does."""
        return all(check.agrees for check in self.checks)


def at_most(statement: str, value: float, limit: float) -> Check:
    """A number that must not exceed a limit; NaN never agrees."""
    return Check(statement, float(value), f"≤ {limit:g}", bool(value <= limit))


def at_least(statement: str, value: float, limit: float) -> Check:
    """A number that must reach a limit; NaN never agrees."""
    return Check(statement, float(value), f"≥ {limit:g}", bool(value >= limit))


def holds(statement: str, value: float, expected: float) -> Check:
    """A number that must be exactly as expected."""
    return Check(statement, float(value), f"= {expected:g}", bool(value == expected))
