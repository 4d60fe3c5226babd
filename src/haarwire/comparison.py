"""The main job: plain, hard-wired, augmented and regularized on one data set, and which to use."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, NamedTuple, TypeAlias, final

import numpy as np

from haarwire._numbers import FloatArray, is_integer
from haarwire.datasets import Dataset, SplitData
from haarwire.errors import DataError, GroupTooLargeError, NoSamplerError, ParameterError
from haarwire.groups import Representation
from haarwire.invariants.moving import Mover
from haarwire.landscape import count_critical_points
from haarwire.moments import Moments, check_finite
from haarwire.selection import Recommendation, Verdict, advice_verdict, fold_moments, recommend_from_folds
from haarwire.selection.folds import further_splits
from haarwire.selection.risk import MovedRisk, moved_sample_losses, risks, sample_losses
from haarwire.solve import (
    Approach,
    Augmented,
    Certificate,
    Hardwired,
    Plain,
    RegularizationPath,
    Regularized,
    Solution,
    regularization_path,
    solve,
)
from haarwire.solve.solver import check_samples, checked_rank

__all__ = [
    "ApproachResult",
    "Comparison",
    "Fitted",
    "QuestionResult",
    "check_features",
    "compare",
    "some_samples",
]

Progress: TypeAlias = Callable[[str, float], None]

MOVES: Final = 5
"""How many random group elements move each test sample for the accuracy on moved data."""

SAMPLES: Final = 6
"""How many test samples a comparison keeps to be shown: of different classes, where there are any."""

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
    ridge, test_size, seed : float, float, int
        As they were given.
    """

    representation: Representation
    train: Moments
    test: Moments
    path: RegularizationPath
    advice: Recommendation
    samples: Dataset
    ridge: float
    test_size: float
    seed: int


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
    path : Certificate
        Whether the regularization path on the training samples is continuous, or where it may jump.
    verdict : dict of str to Verdict or None
        By question: as_is and moved.
    fitted : Fitted or None
        What `report` draws from; not part of `to_dict`.
    """

    data: str
    symmetry: str
    rank: int
    n_train: int
    n_test: int
    score: str
    approaches: dict[str, ApproachResult | None]
    max_difference_hardwired_augmented: float | None
    path: Certificate
    verdict: dict[str, Verdict | None]
    fitted: Fitted | None = field(default=None, repr=False, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain numbers, strings and dicts, ready for JSON; an infinite alpha is "inf"."""
        return {
            "data": self.data,
            "symmetry": self.symmetry,
            "rank": self.rank,
            "n_train": self.n_train,
            "n_test": self.n_test,
            "score": self.score,
            "approaches": {name: _plain_data(row) for name, row in self.approaches.items()},
            "max_difference_hardwired_augmented": self.max_difference_hardwired_augmented,
            "path": _plain_data(self.path),
            "verdict": {question: _plain_data(v) for question, v in self.verdict.items()},
        }


def _plain_data(value: Any) -> Any:
    if hasattr(value, "__dataclass_fields__"):
        return {name: _plain_data(getattr(value, name)) for name in value.__dataclass_fields__}
    if isinstance(value, float) and value == np.inf:
        return "inf"
    if isinstance(value, tuple):
        return [_plain_data(item) for item in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value


def compare(
    data: Dataset | SplitData,
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
    on moved data are exact Haar averages. The verdicts, and the strength of the regularization, are chosen
    by 5-fold cross-validation on the moments of the training samples (`recommend`), and tested on the others.

    Parameters
    ----------
    data : Dataset or SplitData
        From `haarwire.datasets.load` or ``Dataset.from_arrays(X, y)``; for data larger than memory, with Dask
        arrays or frames as X and y, or from `haarwire.datasets.split_source`, which has split them already.
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
    _check_arguments(data, rep, seed)
    split_rng, fold_rng, move_rng = np.random.default_rng(seed).spawn(3)
    further: Sequence[Any] = ()
    if isinstance(data, SplitData):
        folds, test = list(data.folds), data.test
    else:
        train, test = data.split(test_size, split_rng)
        folds = fold_moments(
            train.X, train.Y, rng=fold_rng, progress=lambda share: report("reading", 0.2 * share)
        )
        further = further_splits(train.X, train.Y, rng=fold_rng)
    moments = sum(folds[1:], start=folds[0])
    r = checked_rank(rank, moments.n_targets, moments.n_features)
    check_samples(moments)

    compact = rep.is_compact
    fits: list[_Fit] = []

    def fit(approach: Approach, for_moved: Approach | None, started: float) -> None:
        """Solve for data as they are and for moved data (with the same strength, if it has none)."""
        first = solve(moments, rep, rank=r, approach=approach, ridge=ridge)
        second = None
        if for_moved is not None:
            again = for_moved != approach
            second = solve(moments, rep, rank=r, approach=for_moved, ridge=ridge) if again else first
        fits.append(_Fit(first, second, time.perf_counter() - started))

    fixed: tuple[Approach, ...] = (Plain(), Hardwired(), *((Augmented(),) if compact else ()))
    for i, approach in enumerate(fixed):
        report(approach.label, 0.2 + 0.1 * i)
        fit(approach, approach if compact else None, time.perf_counter())
    started = time.perf_counter()
    advice = recommend_from_folds(
        folds,
        rep,
        further=further,
        rank=r,
        ridge=ridge,
        progress=lambda share: report("regularized", 0.5 + 0.3 * share),
    )
    best_moved = advice.cross_validation.best_moved
    fit(
        Regularized(advice.cross_validation.best_as_is),
        None if best_moved is None else Regularized(best_moved),
        started,
    )

    path = regularization_path(moments, rep, rank=r, ridge=ridge)
    certificate = path.certify()
    report("testing", 0.8)
    evaluation = _Evaluation(test, rep, move_rng)
    as_is = evaluation("as_is", [f.as_is for f in fits])
    moved = evaluation("moved", [f.moved for f in fits if f.moved is not None]) if compact else []
    rows: dict[str, ApproachResult | None] = dict.fromkeys(("plain", "hardwired", "augmented", "regularized"))
    for i, f in enumerate(fits):
        model = f.as_is
        rows[model.approach.label] = ApproachResult(
            train_loss=moments.loss(model.coef, model.intercept),
            as_is=_question(model, as_is[i]),
            moved=_question(f.moved, moved[i]) if f.moved is not None else None,
            invariance_gap=model.relative_invariance_gap,
            n_critical_points=count_critical_points(model.n_modes, r),
            seconds=f.seconds,
        )
    report("done", 1.0)
    names = [f.as_is.approach.label for f in fits]
    return Comparison(
        data=data.name,
        symmetry=rep.label,
        rank=r,
        n_train=moments.count,
        n_test=len(test.X),
        score="R²" if data.classes is None else "accuracy",
        approaches=rows,
        max_difference_hardwired_augmented=_difference({f.as_is.approach.label: f.as_is.coef for f in fits}),
        path=certificate,
        verdict={
            "as_is": advice_verdict(advice.as_is, _by_name(names, as_is)),
            "moved": advice.moved and advice_verdict(advice.moved, _by_name(names, moved)),
        },
        fitted=Fitted(
            rep, moments, evaluation.moments, path, advice, some_samples(test), ridge, test_size, seed
        ),
    )


class _Fit(NamedTuple):
    """One approach's models for the two questions, and the time they took."""

    as_is: Solution
    moved: Solution | None
    seconds: float


class _Tested(NamedTuple):
    """How one model does on the test samples."""

    sample_losses: FloatArray
    loss: float
    score: float | None


def _question(model: Solution, tested: _Tested) -> QuestionResult:
    alpha = model.approach.alpha if isinstance(model.approach, Regularized) else None
    return QuestionResult(tested.loss, tested.score, alpha)


def check_features(name: str, n_features: int, rep: Representation) -> None:
    """Raise DataError unless the symmetry acts on as many coordinates as the data have features."""
    if n_features != rep.dim:
        raise DataError(
            f"{name} has {n_features} features, {rep.label} acts on {rep.dim} coordinates",
            cause="a column that is no feature, such as the number of a row, or a symmetry built for data of "
            "another size",
            remedy="choose the inputs by their columns (on the command line: --x first..last), or build "
            f"the symmetry for {n_features} features, as image_rotations:28 is for 28·28 pixels",
        )


def _check_arguments(data: Dataset | SplitData, rep: Representation, seed: int) -> None:
    if not isinstance(data, Dataset | SplitData):
        raise ParameterError(
            f"compare needs a Dataset, got a {type(data).__name__}",
            cause="arrays passed as they are",
            remedy="wrap them: compare(Dataset.from_arrays(X, y), rep)",
        )
    if not is_integer(seed, 0):
        raise ParameterError(
            f"seed must be an integer ≥ 0, got {seed!r}",
            cause="a negative or fractional seed",
            remedy="use for example seed=0",
        )
    n_features = data.n_features if isinstance(data, SplitData) else data.X.shape[1]
    check_features(data.name, n_features, rep)
    if isinstance(data, SplitData):
        return
    # Before the samples are split, so that a missing value is named by its own row.
    for name, part in (("X", data), ("X_test", data.test)):
        if part is not None:
            check_finite(part.X, part.Y, (name, name.replace("X", "Y")))


def some_samples(test: Dataset) -> Dataset:
    """The first test sample of each of up to `SAMPLES` classes; the first ones, where there are none."""
    codes = np.arange(len(test.X)) if test.classes is None else test.Y.argmax(axis=1)
    first = np.sort(np.unique(codes, return_index=True)[1])[:SAMPLES]
    return Dataset(test.name, test.X[first], test.Y[first], test.classes)


def _by_name(names: Sequence[str], tested: Sequence[_Tested]) -> dict[str, FloatArray]:
    return {name: t.sample_losses for name, t in zip(names, tested, strict=True)}


def _silent(stage: str, share: float) -> None:
    """Report nothing."""


def _difference(coefs: dict[str, FloatArray]) -> float | None:
    if "augmented" not in coefs:
        return None
    largest = float(np.abs(coefs["hardwired"]).max()) or 1.0
    return float(np.abs(coefs["hardwired"] - coefs["augmented"]).max()) / largest


class _Evaluation:
    """Losses and scores on the test samples, as they are and moved by the group."""

    def __init__(self, test: Dataset, rep: Representation, rng: np.random.Generator) -> None:
        self.test = test
        self.rep = rep
        self.rng = rng
        self.moments = Moments.from_arrays(test.X, test.Y)

    def __call__(self, question: str, models: Sequence[Solution]) -> list[_Tested]:
        """Test many models on one question."""
        coefs = np.stack([model.coef for model in models]).astype(np.float64)
        intercepts = np.stack([model.intercept for model in models]).astype(np.float64)
        if question == "as_is":
            losses = risks(self.moments, coefs, intercepts)
            samples = self._over_chunks(sample_losses, coefs, intercepts)
        else:
            losses = MovedRisk(self.moments, self.rep).risks(coefs, intercepts)
            samples = self._over_chunks(partial(moved_sample_losses, rep=self.rep), coefs, intercepts)
        scores: Sequence[float | None]
        if self.test.classes is None:
            variance = float(np.trace(self.moments.total))  # the group does not move the targets
            scores = [1.0 - float(loss) / variance if variance > 0 else None for loss in losses]
        elif question == "as_is":
            scores = self._accuracies(models, lambda X: X)
        else:
            scores = self._moved_accuracies(models)
        return [_Tested(s, float(v), score) for s, v, score in zip(samples, losses, scores, strict=True)]

    def _chunks(self) -> Iterator[tuple[FloatArray, FloatArray]]:
        for start in range(0, len(self.test.X), _CHUNK):
            rows = slice(start, start + _CHUNK)
            yield self.test.X[rows].astype(np.float64), self.test.Y[rows]

    def _over_chunks(
        self, losses_of: Callable[..., FloatArray], coefs: FloatArray, intercepts: FloatArray
    ) -> list[FloatArray]:
        parts = [
            [losses_of(X, Y, W, b) for W, b in zip(coefs, intercepts, strict=True)] for X, Y in self._chunks()
        ]
        return [np.concatenate(column) for column in zip(*parts, strict=True)]

    def _accuracies(
        self, models: Sequence[Solution], move: Callable[[FloatArray], FloatArray]
    ) -> list[float]:
        hits = np.zeros(len(models))
        for X, Y in self._chunks():
            truth, moved = Y.argmax(axis=1), move(X)
            hits += [int((model.predict(moved).argmax(axis=1) == truth).sum()) for model in models]
        return [float(share) for share in hits / len(self.test.X)]

    def _moved_accuracies(self, models: Sequence[Solution]) -> list[float | None]:
        """Each sample is moved by independent random elements, the same for every model."""
        move = Mover(self.rep)
        try:
            runs = [self._accuracies(models, lambda X: move(X, self.rng)) for _ in range(MOVES)]
        except (NoSamplerError, GroupTooLargeError):
            return [None] * len(models)
        return [float(share) for share in np.mean(runs, axis=0)]
