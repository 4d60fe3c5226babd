"""The main job: plain, hard-wired, augmented and regularized on one data set, and which to use."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from haarwire.datasets import Dataset
from haarwire.errors import DataError, GroupTooLargeError, NoSamplerError
from haarwire.groups import Representation
from haarwire.invariants import average_moments, haar_average
from haarwire.invariants.reynolds import project_samples
from haarwire.landscape import count_critical_points
from haarwire.moments import Moments
from haarwire.selection import Verdict, cross_validate, verdict
from haarwire.solve import Approach, Augmented, Hardwired, Plain, Regularized, Solution, solve
from haarwire.solve.solver import check_samples, checked_rank

__all__ = ["ApproachResult", "Comparison", "QuestionResult", "compare"]

FloatArray: TypeAlias = NDArray[np.floating[Any]]
Progress: TypeAlias = Callable[[str, float], None]

FOLDS: Final = 5
MOVES: Final = 5
"""How many random group elements move each test sample for the accuracy on moved data."""

_CHUNK: Final = 4096


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
        The penalty strength chosen by cross-validation for this question (regularized only).
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
    invariance_gap : float
        ‖W − W Q Qᵀ‖_F / ‖W‖_F.
    n_critical_points : int
        Of the rank-bounded problem, one of them the optimum and all others saddles.
    seconds : float
        From the moments to the solution, cross-validation included.
    """

    train_loss: float
    as_is: QuestionResult
    moved: QuestionResult | None
    invariance_gap: float
    n_critical_points: int
    seconds: float


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
    n_train, n_test : int
        Numbers of samples.
    score : str
        ``"accuracy"`` or ``"R²"``.
    approaches : dict of str to ApproachResult or None
        By name: plain, hardwired, augmented (None for a group without Haar average), regularized.
    max_difference_hardwired_augmented : float or None
        Largest difference of a coefficient, relative to the largest hard-wired coefficient.
    verdict : dict of str to Verdict or None
        By question: as_is and moved.
    """

    data: str
    symmetry: str
    rank: int
    n_train: int
    n_test: int
    score: str
    approaches: dict[str, ApproachResult | None]
    max_difference_hardwired_augmented: float | None
    verdict: dict[str, Verdict | None]

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain numbers, strings and dicts, ready for JSON."""
        return {
            "data": self.data,
            "symmetry": self.symmetry,
            "rank": self.rank,
            "n_train": self.n_train,
            "n_test": self.n_test,
            "score": self.score,
            "approaches": {name: _plain_data(row) for name, row in self.approaches.items()},
            "max_difference_hardwired_augmented": self.max_difference_hardwired_augmented,
            "verdict": {question: _plain_data(v) for question, v in self.verdict.items()},
        }


def _plain_data(value: Any) -> Any:
    if hasattr(value, "__dataclass_fields__"):
        return {name: _plain_data(getattr(value, name)) for name in value.__dataclass_fields__}
    return None if isinstance(value, float) and not np.isfinite(value) else value


def compare(
    data: Dataset,
    rep: Representation,
    *,
    rank: int | None = None,
    ridge: float = 0.0,
    test_size: float = 1 / 3,
    seed: int = 0,
    progress: Progress | None = None,
) -> Comparison:
    """Fit all approaches on one data set and answer two questions, never mixed.

    How well does each do on future data *as they are*, and how well on data *moved* by the group? Losses
    on moved data are exact Haar averages. The strength of the regularization is chosen for each question
    by 5-fold cross-validation on the moments.

    Parameters
    ----------
    data : Dataset
        From `haarwire.datasets.load` or ``Dataset.from_arrays(X, y)``.
    rep : Representation
        The symmetry, acting on the features. For a non-compact group there is no augmentation and no
        question about moved data.
    rank : int, optional
        Rank bound. None: unbounded.
    ridge : float
        Ordinary ridge, for all approaches.
    test_size : float or int
        Share or number of samples held out, where the data have no test samples of their own.
    seed : int
        Makes the split, the folds and the random group elements repeat exactly.
    progress : callable, optional
        Called with the stage and the share done, from 0 to 1.

    Returns
    -------
    Comparison

    Raises
    ------
    DataError, ParameterError
        When the data, the symmetry and the rank do not fit together.

    Examples
    --------
    >>> import haarwire as hw
    >>> rep = hw.groups.cyclic_shifts(6)
    >>> data = hw.datasets.planted(rep, 60, noise=0.5, rng=0)
    >>> hw.compare(data, rep).verdict["moved"].approach
    'hardwired'
    """
    report = progress or _silent
    split_rng, fold_rng, move_rng = np.random.default_rng(seed).spawn(3)
    train, test = data.split(test_size, split_rng)
    folds = _fold_moments(train, fold_rng, report)
    moments = sum(folds[1:], start=folds[0])
    r = checked_rank(rank, moments.n_targets, moments.n_features)
    check_samples(moments)
    evaluate = _Evaluation(test, rep, move_rng)

    rows: dict[str, ApproachResult | None] = {}
    losses: dict[str, dict[str, FloatArray]] = {"as_is": {}, "moved": {}}
    coefs: dict[str, FloatArray] = {}

    def add(approaches: tuple[Approach, Approach | None], started: float, *, tuned: bool = False) -> None:
        """One row: the approach for data as they are and the one for moved data (often the same)."""
        models: list[Solution | None] = []
        for i, approach in enumerate(approaches):
            if approach is None or (i == 1 and approach == approaches[0]):
                models.append(models[0] if approach is not None else None)
            else:
                models.append(solve(moments, rep, rank=r, approach=approach, ridge=ridge))
        seconds = time.perf_counter() - started
        first, second = models
        assert first is not None  # only the question about moved data may be missing
        name = approaches[0].label
        results: list[QuestionResult | None] = []
        for question, model in (("as_is", first), ("moved", second)):
            if model is None:
                results.append(None)
                continue
            alpha = model.approach.alpha if tuned and isinstance(model.approach, Regularized) else None
            sample_losses, loss, score = evaluate(question, model)
            losses[question][name] = sample_losses
            results.append(QuestionResult(loss, score, alpha))
        assert results[0] is not None
        coefs[name] = first.coef
        rows[name] = ApproachResult(
            train_loss=moments.loss(first.coef, first.intercept),
            as_is=results[0],
            moved=results[1],
            invariance_gap=first.relative_invariance_gap,
            n_critical_points=count_critical_points(first.n_modes, r),
            seconds=seconds,
        )

    compact = rep.is_compact
    fixed: tuple[Approach, ...] = (Plain(), Hardwired(), Augmented())
    for i, approach in enumerate(fixed):
        report(approach.label, 0.2 + 0.1 * i)
        if isinstance(approach, Augmented) and not compact:
            rows[approach.label] = None
        else:
            add((approach, approach if compact else None), time.perf_counter())
    started = time.perf_counter()
    chosen = cross_validate(
        folds,
        rep,
        rank=r,
        ridge=ridge,
        progress=lambda share: report("regularized", 0.5 + 0.4 * share),
    )
    moved_alpha = chosen.best_moved
    add(
        (Regularized(chosen.best_as_is), None if moved_alpha is None else Regularized(moved_alpha)),
        started,
        tuned=True,
    )
    report("done", 1.0)
    return Comparison(
        data=data.name,
        symmetry=rep.label,
        rank=r,
        n_train=len(train.X),
        n_test=len(test.X),
        score="R²" if data.classes is None else "accuracy",
        approaches=rows,
        max_difference_hardwired_augmented=_difference(coefs),
        verdict={
            "as_is": verdict(losses["as_is"], "on data as they are"),
            "moved": verdict(losses["moved"], "on data moved by the group") if compact else None,
        },
    )


def _silent(stage: str, share: float) -> None:
    """Report nothing."""


def _difference(coefs: dict[str, FloatArray]) -> float | None:
    if "augmented" not in coefs:
        return None
    largest = float(np.abs(coefs["hardwired"]).max()) or 1.0
    return float(np.abs(coefs["hardwired"] - coefs["augmented"]).max()) / largest


def _fold_moments(train: Dataset, rng: np.random.Generator, report: Progress) -> list[Moments]:
    """Moments of random folds: the only pass over the training samples."""
    n = len(train.X)
    if n < 2 * FOLDS:
        raise DataError(
            f"there are {n} training samples, {FOLDS}-fold cross-validation needs at least {2 * FOLDS}",
            cause="very few samples, or most of them held out for the test",
            remedy="give more samples, or fit one approach with solve(moments, rep, approach=…)",
        )
    parts = np.array_split(rng.permutation(n), FOLDS)
    folds = []
    for i, part in enumerate(parts):
        rows = np.sort(part)
        folds.append(Moments.from_arrays(train.X[rows], train.Y[rows]))
        report("reading", 0.2 * (i + 1) / FOLDS)
    return folds


class _Evaluation:
    """Losses and scores on the test samples, as they are and moved by the group."""

    def __init__(self, test: Dataset, rep: Representation, rng: np.random.Generator) -> None:
        self.test = test
        self.rep = rep
        self.moments = Moments.from_arrays(test.X, test.Y)
        self.moved_moments = average_moments(self.moments, rep) if rep.is_compact else None
        self.seed = int(rng.integers(2**63))

    def __call__(self, question: str, model: Solution) -> tuple[FloatArray, float, float | None]:
        """Loss of each sample, mean loss, score."""
        if question == "as_is":
            moments = self.moments
            sample_losses = np.concatenate(
                [((model.predict(X) - Y) ** 2).sum(axis=1) for X, Y in self._chunks()]
            )
        else:
            assert self.moved_moments is not None  # asked for compact groups only
            moments = self.moved_moments
            sample_losses = self._moved_losses(model)
        loss = moments.loss(model.coef, model.intercept)
        if self.test.classes is not None:
            score = self._accuracy(model) if question == "as_is" else self._moved_accuracy(model)
        else:
            variance = float(np.trace(moments.total))
            score = 1.0 - loss / variance if variance > 0 else None
        return sample_losses, loss, score

    def _chunks(self) -> Iterator[tuple[FloatArray, FloatArray]]:
        for start in range(0, len(self.test.X), _CHUNK):
            rows = slice(start, start + _CHUNK)
            yield self.test.X[rows].astype(np.float64), self.test.Y[rows]

    def _moved_losses(self, model: Solution) -> FloatArray:
        """∫‖Wρ(g)x + b − y‖² dg = xᵀHx + 2(b − y)ᵀWP̄x + ‖b − y‖² with H = ∫ρᵀWᵀWρ, exactly."""
        W = model.coef.astype(np.float64)
        H = haar_average(W.T @ W, self.rep.dual)
        losses = []
        for X, Y in self._chunks():
            offset = model.intercept - Y
            mean = project_samples(X, self.rep) @ W.T
            losses.append(np.einsum("ij,ij->i", X @ H, X) + (offset * (2.0 * mean + offset)).sum(axis=1))
        return np.concatenate(losses)

    def _hits(self, model: Solution, X: FloatArray, Y: FloatArray) -> int:
        return int((model.predict(X).argmax(axis=1) == Y.argmax(axis=1)).sum())

    def _accuracy(self, model: Solution) -> float:
        return sum(self._hits(model, X, Y) for X, Y in self._chunks()) / len(self.test.X)

    def _moved_accuracy(self, model: Solution) -> float | None:
        """Each sample is moved by independent random elements, the same for every approach."""
        rng = np.random.default_rng(self.seed)
        hits = 0
        for X, Y in self._chunks():
            for _ in range(MOVES):
                try:
                    elements = self.rep.sample(rng, size=len(X))
                except (NoSamplerError, GroupTooLargeError):
                    return None
                moved = np.stack([g.apply(x) for g, x in zip(elements, X, strict=True)])
                hits += self._hits(model, moved, Y)
        return hits / (MOVES * len(self.test.X))
