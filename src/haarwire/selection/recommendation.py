"""Which approach? The one of least cross-validated loss, for data as they are and for data moved."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from haarwire._numbers import FloatArray
from haarwire.groups import Representation
from haarwire.groups.representation import checked_representation
from haarwire.invariants.penalty import Penalty
from haarwire.moments import Moments
from haarwire.moments.rows import as_samples
from haarwire.selection.cross_validation import CrossValidation
from haarwire.selection.folds import FOLDS, checked_folds, fold_moments, further_splits
from haarwire.selection.grid import alpha_grid
from haarwire.selection.held_out import HeldOut
from haarwire.selection.paired import SAME, is_same_model, paired_difference, told_apart
from haarwire.selection.risk import MovedRisk, risks
from haarwire.solve import Approach, Augmented, Plain, penalty_frame
from haarwire.solve.approaches import check_kinds
from haarwire.solve.path import factor_path
from haarwire.solve.reduced_rank import reduced_rank
from haarwire.solve.solver import check_samples, checked_rank

__all__ = ["Advice", "Recommendation", "recommend", "recommend_from_folds"]


SIMPLEST_FIRST: Final = ("hardwired", "plain", "augmented", "regularized")
"""Fewest parameters first; then no symmetry code; then more data; then a strength to choose."""

_WORDINGS: Final = {"as_is": "on data as they are", "moved": "on data moved by the group"}

_NEGLIGIBLE: Final = 1e-3
"""A loss that is larger by less than this share does not count against a simpler approach."""


@final
@dataclass(frozen=True, eq=False)
class Advice:
    """What to use, for one question.

    Attributes
    ----------
    approach : str
        ``"plain"``, ``"hardwired"``, ``"augmented"`` or ``"regularized"``.
    alpha : float or None
        Strength of the penalty (regularized only).
    rank : int
        Bound on the rank: the one given, or that of least cross-validated loss.
    gain : float
        By how much its cross-validated loss is less than that of `against`.
    standard_error : float
        Of the gain, from its differences over folds.
    against : str
        ``"plain"``; where plain is recommended, ``"hardwired"``.
    reason : str
        Why, in one sentence.
    losses : dict of str to float
        Cross-validated loss of each approach, at its best strength and rank.
    """

    approach: str
    alpha: float | None
    rank: int
    gain: float
    standard_error: float
    against: str
    reason: str = field(repr=False)
    losses: dict[str, float] = field(repr=False)


@final
@dataclass(frozen=True, eq=False)
class Recommendation:
    """What to use, for data as they are and for data moved by the group.

    Attributes
    ----------
    as_is : Advice
        For future data like these.
    moved : Advice or None
        For inputs in any orientation; None for a group without Haar average.
    cross_validation : CrossValidation
        The losses along the regularization path that the advice rests on.
    """

    as_is: Advice
    moved: Advice | None
    cross_validation: CrossValidation = field(repr=False)


def recommend(
    X: ArrayLike,
    Y: ArrayLike,
    rep: Representation,
    *,
    sample_weight: ArrayLike | None = None,
    rank: int | None = None,
    ridge: float = 0.0,
    penalty: Penalty = "generators",
    n_folds: int = FOLDS,
    n_repeats: int | None = None,
    rng: np.random.Generator | int | None = 0,
) -> Recommendation:
    """Recommend an approach for each of two questions, by cross-validation on moments.

    The approach, the strength and the rank of least held-out loss; or the first of hard-wired, plain,
    augmented, regularized whose loss is larger by less than a thousandth.

    Parameters
    ----------
    X : array_like, or Dask array or frame, shape (N, n)
        Inputs. Dask collections are read once for each split into folds.
    Y : array_like, or Dask collection, shape (N, m) or (N,)
        Targets.
    rep : Representation
        The symmetry.
    sample_weight : array_like, or Dask collection, shape (N,), optional
        Weights.
    rank : int, optional
        Bound on the rank. None: chosen too.
    ridge : float
        Ordinary ridge, for all approaches.
    penalty : {"generators", "projection"}
        Which invariance penalty.
    n_folds : int
        Number of folds.
    n_repeats : int, optional
        Number of random splits into folds, over which losses are averaged. None: 4 with fewer than ten
        samples a feature, else 1.
    rng : numpy.random.Generator or int
        Splits the samples; the same seed gives the same folds.

    Returns
    -------
    Recommendation

    Raises
    ------
    DataError
        When the samples do not fit the symmetry, or there are fewer than two a fold.
    ParameterError
        When rank, ridge or n_folds is out of range.

    References
    ----------
    Nadeau and Bengio, Inference for the generalization error, Machine Learning 52, 2003: the standard error.

    Examples
    --------
    >>> import haarwire as hw
    >>> rep = hw.groups.cyclic_shifts(8)
    >>> data = hw.datasets.planted(rep, 60, n_targets=2, rng=0)
    >>> advice = recommend(data.X, data.Y, rep).as_is
    >>> advice.approach, advice.gain > 0
    ('hardwired', True)
    """
    checked_representation(rep)
    generator = np.random.default_rng(rng)
    samples = as_samples(X, Y, sample_weight)
    folds = fold_moments(*samples, n_folds=n_folds, rng=generator)
    further = further_splits(*samples, n_folds=n_folds, n_repeats=n_repeats, rng=generator)
    return recommend_from_folds(folds, rep, further=further, rank=rank, ridge=ridge, penalty=penalty)


def recommend_from_folds(
    folds: Iterable[Moments],
    rep: Representation,
    *,
    further: Sequence[Iterable[Moments]] = (),
    rank: int | None = None,
    ridge: float = 0.0,
    penalty: Penalty = "generators",
    progress: Callable[[float], None] | None = None,
) -> Recommendation:
    """`recommend`, from the moments of folds instead of samples.

    Parameters
    ----------
    folds : iterable of Moments
        Of disjoint sets of samples; at least two.
    further : sequence of iterables of Moments
        Other splits of the same samples, over which losses are averaged too.
    rep, rank, ridge, penalty
        As in `recommend`.
    progress : callable, optional
        Called with the share done, from 0 to 1.

    Returns
    -------
    Recommendation

    Raises
    ------
    DataError, ParameterError
        As in `recommend`.
    """
    splits = [checked_folds(parts) for parts in (folds, *further)]
    whole = sum(splits[0][1:], start=splits[0][0])
    check_kinds(whole, rep)
    largest = checked_rank(None, whole.n_targets, whole.n_features)
    ranks = np.arange(largest) if rank is None else np.array([checked_rank(rank, *_sizes(whole)) - 1])
    check_samples(whole)
    trials = _Trials(whole, rep, largest, ridge, penalty)
    all_folds = [fold for parts in splits for fold in parts]
    for j, fold in enumerate(all_folds):
        trials.leave_out(fold)
        if progress is not None:
            progress((j + 1) / len(all_folds))
    weights = np.array([fold.weight for fold in all_folds])
    weights /= weights.sum()
    advice = {
        question: _advised(trials, question, ranks, weights, len(splits[0]))
        for question in _WORDINGS
        if question == "as_is" or rep.is_compact
    }
    bound = int(ranks[-1])
    as_is, moved = trials.along_path("as_is"), trials.along_path("moved") if rep.is_compact else None
    validation = CrossValidation(
        trials.alphas, as_is[:, bound], None if moved is None else moved[:, bound], weights, as_is, moved
    )
    return Recommendation(advice["as_is"], advice.get("moved"), validation)


def _sizes(moments: Moments) -> tuple[int, int]:
    return moments.n_targets, moments.n_features


@final
class _Trials:
    """Held-out losses of every approach, fold by fold, for every rank."""

    def __init__(
        self, whole: Moments, rep: Representation, largest: int, ridge: float, penalty: Penalty
    ) -> None:
        self.whole, self.rep, self.largest, self.ridge = whole, rep, largest, ridge
        self.frame = penalty_frame(rep, penalty)
        self.alphas = alpha_grid(factor_path(whole, rep, rank=largest, ridge=ridge, frame=self.frame))
        self._losses: dict[str, dict[str, list[FloatArray]]] = {"as_is": {}, "moved": {}}

    def leave_out(self, fold: Moments) -> None:
        """Fit to all but one fold, and see how well that does on it."""
        rest = self.whole - fold
        path = factor_path(rest, self.rep, rank=self.largest, ridge=self.ridge, frame=self.frame)
        held_out = HeldOut(path, fold)
        compact = self.rep.is_compact
        losses = {"as_is": held_out.as_is(self.alphas)}
        if compact:
            losses["moved"] = held_out.moved(self.alphas)
        self._keep("path", losses)
        # With a singular gram the fit of least penalty and that of least norm are two models.
        ends = {question: table[0] for question, table in losses.items()}
        self._keep("plain", self._fit(Plain(), rest, fold) if path.is_minimum_norm else ends)
        if compact:
            ends = {question: table[-1] for question, table in losses.items()}
            same = self.rep.is_orthogonal
            self._keep("augmented", ends if same else self._fit(Augmented(), rest, fold))

    def _fit(self, approach: Approach, rest: Moments, fold: Moments) -> dict[str, FloatArray]:
        modes = reduced_rank(approach.problem(rest, self.rep, ridge=self.ridge))
        ranks = [min(r, modes.singular_values.size) for r in range(1, self.largest + 1)]
        coefs = np.stack([modes.coef(slice(r)) for r in ranks])
        intercepts = modes.setting.intercept(coefs)
        losses = {"as_is": risks(fold, coefs, intercepts)}
        if self.rep.is_compact:
            losses["moved"] = MovedRisk(fold, self.rep).risks(coefs, intercepts)
        return losses

    def _keep(self, name: str, losses: Mapping[str, FloatArray]) -> None:
        for question, values in losses.items():
            self._losses[question].setdefault(name, []).append(values)

    def along_path(self, question: str) -> FloatArray:
        """Shape (n_alphas, ranks, folds)."""
        return np.stack(self._losses[question]["path"], axis=-1)

    def tables(self, question: str) -> dict[str, FloatArray]:
        """Of each approach, shape (strengths, ranks, folds); one strength if there is none to choose."""
        path = self.along_path(question)
        found = {"hardwired": path[-1:], "regularized": path[1:-1]}
        for name in ("plain", "augmented"):
            if name in self._losses[question]:
                found[name] = np.stack(self._losses[question][name], axis=-1)[None]
        return {name: table for name, table in found.items() if table.size}


@final
@dataclass(frozen=True, eq=False)
class _Best:
    """The best of one approach."""

    place: int
    rank: int
    losses: FloatArray
    mean: float


def _advised(
    trials: _Trials, question: str, ranks: NDArray[np.integer[Any]], weights: FloatArray, n_folds: int
) -> Advice:
    tables, alphas, wording = trials.tables(question), trials.alphas, _WORDINGS[question]
    best = {name: _best(table[:, ranks] @ weights, table, ranks) for name, table in tables.items()}
    names = sorted(best, key=SIMPLEST_FIRST.index)
    least = min(b.mean for b in best.values())
    chosen = next(name for name in names if best[name].mean <= least * (1.0 + _NEGLIGIBLE))
    own = best[chosen]
    against = "hardwired" if chosen == "plain" else "plain"
    gain, error = paired_difference(best[against].losses, own.losses, weights, n_folds)
    alpha = float(alphas[1:-1][own.place]) if chosen == "regularized" else None
    same = [name for name in names if name != chosen and is_same_model(best[name].losses, own.losses)]
    return Advice(
        approach=chosen,
        alpha=alpha,
        rank=own.rank + 1,
        gain=gain,
        standard_error=error,
        against=against,
        reason=_reason(chosen, alpha, best, same, wording),
        losses={name: best[name].mean for name in names},
    )


def _best(means: FloatArray, table: FloatArray, ranks: NDArray[np.integer[Any]]) -> _Best:
    place, column = np.unravel_index(int(np.argmin(means)), means.shape)
    # The least of ranks that make the same model, which rounding would choose among.
    column = np.argmax(means[place] <= means[place, column] * (1.0 + SAME))
    rank = int(ranks[column])
    return _Best(int(place), rank, table[place, rank], float(means[place, column]))


def _reason(
    chosen: str, alpha: float | None, best: Mapping[str, _Best], same: list[str], wording: str
) -> str:
    others = [name for name in best if name != chosen and name not in same]
    if not others:
        return f"all approaches give the same model {wording}"
    rival = min(others, key=lambda name: best[name].mean)
    strength = "" if alpha is None else f" with alpha {alpha:.3g}"
    also = aside_of_same(same)
    own, other = told_apart(best[chosen].mean, best[rival].mean)
    if best[chosen].mean > best[rival].mean:
        return (
            f"it is the simplest whose cross-validated loss {wording} is the lowest to a thousandth: "
            f"{own} against {other} for {rival}{also}"
        )
    return (
        f"it has{strength} the lowest cross-validated loss {wording}: {own} against {other} for "
        f"{rival}, the next best{also}"
    )


def aside_of_same(names: Sequence[str]) -> str:
    """Ends a reason: which approaches give the same model as the one it is of."""
    return (
        f" ({' and '.join(names)} {'gives' if len(names) == 1 else 'give'} the same model)" if names else ""
    )
