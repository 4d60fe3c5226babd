"""What `compare` finds: a row for each approach, the certificate of the path, and two verdicts."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, final

from haarwire._plain import plain_data
from haarwire.comparison.text import as_text
from haarwire.datasets import Dataset
from haarwire.groups import Representation
from haarwire.moments import Moments
from haarwire.selection import Recommendation, Verdict
from haarwire.solve import Certificate, RegularizationPath

__all__ = ["ApproachResult", "Comparison", "Fitted", "QuestionResult"]


@final
@dataclass(frozen=True)
class QuestionResult:
    """How one approach does on one question.

    Attributes
    ----------
    test_loss : float
        Mean over test samples of the squared error summed over targets; on moved data, averaged
        exactly over the group.
    test_score : float or None
        Accuracy for labels (on moved data, with random group elements), else R² over all targets
        together; None where it is undefined or no random elements can be drawn.
    alpha : float or None
        The penalty strength chosen by cross-validation for this question (regularized only); ∞ is
        hard-wired.
    """

    test_loss: float
    test_score: float | None
    alpha: float | None


@final
@dataclass(frozen=True)
class ApproachResult:
    """One row of the comparison.

    Attributes
    ----------
    train_loss : float
        On the training samples as they are; as are the gap and the count, for the regularized approach
        at the alpha chosen for data as they are.
    as_is, moved : QuestionResult or None
        The two questions; `moved` is None for a group without Haar average.
    relative_invariance_gap : float
        ‖W − W Q Qᵀ‖_F / ‖W‖_F.
    n_critical_points : int
        Of the rank-bounded problem, one of them the optimum and all others saddles; with ties, critical
        families.
    seconds : float
        From the moments to the solution, cross-validation included.
    """

    train_loss: float
    as_is: QuestionResult
    moved: QuestionResult | None
    relative_invariance_gap: float
    n_critical_points: int
    seconds: float


@final
@dataclass(frozen=True, eq=False)
class Fitted:
    """What the numbers of a comparison came from, so that a report need not read the data again.

    Attributes
    ----------
    representation : Representation
        The symmetry.
    train, test : Moments
        Of the training and the test samples.
    path : RegularizationPath
        Of the training samples.
    advice : Recommendation
        The cross-validation that the verdicts rest on.
    samples : Dataset
        A few test samples.
    """

    representation: Representation
    train: Moments
    test: Moments
    path: RegularizationPath
    advice: Recommendation
    samples: Dataset


@final
@dataclass(frozen=True)
class Comparison:
    """The answer to "augment, regularize or hard-wire?".

    Attributes
    ----------
    data, symmetry : str
        Names.
    rank : int
        The rank bound.
    ridge, test_size, seed : float, float, int
        As they were given.
    n_train, n_test, n_targets : int
        Numbers of samples, and of targets or classes.
    score : str
        ``"accuracy"`` or ``"R²"``.
    approaches : dict of str to ApproachResult or None
        By name: plain, hardwired, augmented (None for a group without Haar average), regularized.
    max_difference_hardwired_augmented : float or None
        Largest difference of a coefficient, relative to the largest hard-wired coefficient.
    certificate : Certificate
        Whether the regularization path on the training samples is continuous, or where it may jump.
    verdict : dict of str to Verdict or None
        By question: as_is and moved.
    fitted : Fitted or None
        What `report` draws from; not part of `to_dict`.
    """

    data: str
    symmetry: str
    rank: int
    ridge: float
    test_size: float
    seed: int
    n_train: int
    n_test: int
    n_targets: int
    score: str
    approaches: dict[str, ApproachResult | None]
    max_difference_hardwired_augmented: float | None
    certificate: Certificate
    verdict: dict[str, Verdict | None]
    fitted: Fitted | None = field(default=None, repr=False, compare=False)

    def __str__(self) -> str:
        return as_text(self)

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain numbers, strings and dicts, ready for JSON; an infinite alpha is "inf"."""
        plain: dict[str, Any] = plain_data(replace(self, fitted=None))
        del plain["fitted"]
        return plain
