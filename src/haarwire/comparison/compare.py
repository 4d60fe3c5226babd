"""`compare`: plain, hard-wired, augmented and regularized on one data set, and which to use."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np

from haarwire._numbers import FloatArray, is_integer
from haarwire.comparison.evaluation import Evaluation, Tested
from haarwire.comparison.results import ApproachResult, Comparison, Fitted, QuestionResult
from haarwire.datasets import Dataset, SplitData
from haarwire.errors import DataError, ParameterError
from haarwire.groups import Representation
from haarwire.groups.representation import checked_representation
from haarwire.landscape.families import families_of
from haarwire.moments import check_finite
from haarwire.selection import advice_verdict, fold_moments, recommend_from_folds
from haarwire.selection.folds import further_splits
from haarwire.solve import (
    Approach,
    Augmented,
    Hardwired,
    Modes,
    Plain,
    Regularized,
    Solution,
    regularization_path,
)
from haarwire.solve.approaches import checked_ridge
from haarwire.solve.solver import check_samples, checked_rank, modes_of, optimum

__all__ = ["check_features", "compare", "some_samples"]

Progress: TypeAlias = Callable[[str, float], None]

SAMPLES: Final = 6
"""How many test samples a comparison keeps to be shown: of different classes, where there are any."""


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
    r = _check_arguments(data, rep, rank, ridge, seed)
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
    check_samples(moments)

    compact = rep.is_compact
    fits: list[_Fit] = []

    def solved(approach: Approach) -> tuple[Solution, Modes]:
        """As `solve` does, with the modes that say how many critical points there are."""
        modes = modes_of(moments, rep, approach, ridge)
        return optimum(modes, r, rep, approach), modes

    def fit(approach: Approach, for_moved: Approach | None, started: float) -> None:
        """Solve for data as they are and for moved data (with the same strength, if it has none)."""
        first, modes = solved(approach)
        second = first if for_moved == approach else None if for_moved is None else solved(for_moved)[0]
        seconds = time.perf_counter() - started
        fits.append(_Fit(first, second, families_of(modes, r).count, seconds))

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
    evaluation = Evaluation(test, rep, move_rng)
    as_is = evaluation("as_is", [f.as_is for f in fits])
    moved = evaluation("moved", [f.moved for f in fits if f.moved is not None]) if compact else []
    rows: dict[str, ApproachResult | None] = dict.fromkeys(("plain", "hardwired", "augmented", "regularized"))
    for i, f in enumerate(fits):
        model = f.as_is
        rows[model.approach.label] = ApproachResult(
            train_loss=moments.loss(model.coef, model.intercept),
            as_is=_question(model, as_is[i]),
            moved=_question(f.moved, moved[i]) if f.moved is not None else None,
            relative_invariance_gap=model.relative_invariance_gap,
            n_critical_points=f.n_critical_points,
            seconds=f.seconds,
        )
    report("done", 1.0)
    names = [f.as_is.approach.label for f in fits]
    return Comparison(
        data=data.name,
        symmetry=rep.label,
        rank=r,
        ridge=ridge,
        test_size=test_size,
        seed=seed,
        n_train=moments.count,
        n_test=len(test.X),
        n_targets=moments.n_targets,
        score="R²" if data.classes is None else "accuracy",
        approaches=rows,
        max_difference_hardwired_augmented=_difference({f.as_is.approach.label: f.as_is.coef for f in fits}),
        certificate=certificate,
        verdict={
            "as_is": advice_verdict(advice.as_is, _by_name(names, as_is)),
            "moved": advice.moved and advice_verdict(advice.moved, _by_name(names, moved)),
        },
        fitted=Fitted(rep, moments, evaluation.moments, path, advice, some_samples(test)),
    )


class _Fit(NamedTuple):
    """One approach's models for the two questions, critical points of the first, and the time they took."""

    as_is: Solution
    moved: Solution | None
    n_critical_points: int
    seconds: float


def _question(model: Solution, tested: Tested) -> QuestionResult:
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


def _check_arguments(
    data: Dataset | SplitData, rep: Representation, rank: int | None, ridge: float, seed: int
) -> int:
    """Check everything that can be told before the samples are read; return the rank bound."""
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
    checked_representation(rep)
    if isinstance(data, SplitData):
        n_features, n_targets = data.n_features, data.folds[0].n_targets
    else:
        n_features, n_targets = data.X.shape[1], data.Y.shape[1]
    check_features(data.name, n_features, rep)
    r = checked_rank(rank, n_targets, n_features)
    checked_ridge(ridge)
    if isinstance(data, SplitData):
        return r
    # Before the samples are split, so that a missing value is named by its own row.
    for name, part in (("X", data), ("X_test", data.test)):
        if part is not None:
            check_finite(part.X, part.Y, (name, name.replace("X", "Y")))
    return r


def some_samples(test: Dataset) -> Dataset:
    """The first test sample of each of up to `SAMPLES` classes; the first ones, where there are none."""
    codes = np.arange(len(test.X)) if test.classes is None else test.Y.argmax(axis=1)
    first = np.sort(np.unique(codes, return_index=True)[1])[:SAMPLES]
    return Dataset(test.name, test.X[first], test.Y[first], test.classes)


def _by_name(names: Sequence[str], tested: Sequence[Tested]) -> dict[str, FloatArray]:
    return {name: t.sample_losses for name, t in zip(names, tested, strict=True)}


def _silent(stage: str, share: float) -> None:
    """Report nothing."""


def _difference(coefs: dict[str, FloatArray]) -> float | None:
    if "augmented" not in coefs:
        return None
    largest = float(np.abs(coefs["hardwired"]).max()) or 1.0
    return float(np.abs(coefs["hardwired"] - coefs["augmented"]).max()) / largest
