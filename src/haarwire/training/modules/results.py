"""What `compare_modules` finds: one row an approach, two verdicts, and the table they make."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, final

from haarwire._plain import plain_data
from haarwire._wording import QUESTIONS, text_table
from haarwire.comparison import QuestionResult
from haarwire.selection import Verdict

__all__ = ["ModuleComparison", "ModuleResult"]


@final
@dataclass(frozen=True)
class ModuleResult:
    """One row of the comparison: means over the seeds.

    Attributes
    ----------
    train_loss : float
        On the training samples as they are, after training.
    as_is, moved : QuestionResult
        Test loss (cross-entropy for labels, else squared error summed over targets) and test score
        (accuracy, else R²), on test samples as they are and moved by the group.
    as_is_scores, moved_scores : tuple of float
        The scores, one a seed.
    invariance_error : float
        Of the trained network on test samples.
    steps : int
        Gradient steps of a run: the same for every approach.
    seconds : float
        Training time of a run.
    """

    train_loss: float
    as_is: QuestionResult
    moved: QuestionResult
    as_is_scores: tuple[float, ...]
    moved_scores: tuple[float, ...]
    invariance_error: float
    steps: int
    seconds: float


@final
@dataclass(frozen=True)
class ModuleComparison:
    """The answer to "augment, regularize or hard-wire?" for one network architecture.

    ``str(result)`` is the table with the verdicts.

    Attributes
    ----------
    data, symmetry, architecture : str
        Names.
    n_parameters : int
        Of the architecture.
    n_train, n_test : int
        Numbers of samples.
    seeds : tuple of int
        One run of each approach for each.
    score : str
        ``"accuracy"`` or ``"R²"``.
    approaches : dict of str to ModuleResult
        By name: plain, hardwired, augmented, regularized.
    verdict : dict of str to Verdict
        By question, as_is and moved, from the losses of test samples averaged over the seeds.
    """

    data: str
    symmetry: str
    architecture: str
    n_parameters: int
    n_train: int
    n_test: int
    seeds: tuple[int, ...]
    score: str
    approaches: dict[str, ModuleResult]
    verdict: dict[str, Verdict]

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain numbers, strings, lists and dicts, ready for JSON."""
        plain: dict[str, Any] = plain_data(self)
        return plain

    def __str__(self) -> str:
        runs = "1 seed" if len(self.seeds) == 1 else f"{len(self.seeds)} seeds"
        title = (
            f"{self.architecture} ({self.n_parameters} parameters) on {self.data} under {self.symmetry}: "
            f"{self.n_train} training and {self.n_test} test samples, {runs}"
        )
        score = self.score
        headings = [
            "approach",
            "train loss",
            "as is: loss",
            score,
            "moved: loss",
            score,
            "inv. error",
            "seconds",
        ]
        rows = [
            [
                name,
                f"{row.train_loss:.4g}",
                f"{row.as_is.test_loss:.4g}",
                _with_spread(row.as_is_scores),
                f"{row.moved.test_loss:.4g}",
                _with_spread(row.moved_scores),
                f"{row.invariance_error:.1e}",
                f"{row.seconds:.1f}",
            ]
            for name, row in self.approaches.items()
        ]
        verdicts = [f"For {QUESTIONS[q]}: {v.approach}; {v.reason}" for q, v in self.verdict.items()]
        return "\n".join([title, "", text_table(headings, rows), "", *verdicts])


def _with_spread(scores: tuple[float, ...]) -> str:
    """Mean ± standard deviation over the seeds."""
    mean = math.fsum(scores) / len(scores)
    if len(scores) < 2:
        return f"{mean:.3f}"
    spread = math.sqrt(math.fsum((s - mean) ** 2 for s in scores) / (len(scores) - 1))
    return f"{mean:.3f} ± {spread:.3f}"
