"""Which symmetry? Candidates ranked by evidence, by cross-validation and by tests."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias, final

import numpy as np
from numpy.typing import ArrayLike

from haarwire._numbers import FloatArray
from haarwire.errors import DataError, ParameterError
from haarwire.groups import Representation, from_name, trivial
from haarwire.invariants import invariant_subspace
from haarwire.moments import Moments
from haarwire.selection.cross_validation import cross_validate
from haarwire.selection.evidence import Evidence, select_by_evidence
from haarwire.selection.folds import FOLDS, fold_moments
from haarwire.selection.paired import paired_difference
from haarwire.selection.symmetry import SymmetryTest, symmetry_test
from haarwire.solve.approaches import check_fit

__all__ = ["Candidate", "LearnedSymmetry", "learn_symmetry"]

Support: TypeAlias = Literal["exact", "approximate", "none"]

_LEVEL: Final = 0.05
"""Family-wise level at which a test contradicts a symmetry."""

_STRONG: Final = math.log(20.0)
"""Log ratio of evidences from which on it is strong (Kass and Raftery 1995)."""


@final
@dataclass(frozen=True)
class Candidate:
    """One candidate symmetry, a row of the table.

    Attributes
    ----------
    name : str
        Of the representation.
    n_invariant : int
        Dimension d of the invariant functionals.
    log_evidence : float
        Largest over the strength of the penalty and the ridge.
    alpha : float
        The strength there; ``math.inf`` is hard-wired, 0 no symmetry.
    hardwired_log_evidence : float
        Of exactly invariant maps, largest over the ridge.
    loss : float
        Cross-validated, at the best strength.
    standard_error : float
        Of the difference of its loss from that of no symmetry (see `recommend`).
    loss_alpha : float
        The strength of least cross-validated loss.
    pvalue, adjusted_pvalue : float
        Of the test that the map is invariant, alone and adjusted for the number of candidates by Holm's
        method; NaN where the samples are too few for it.
    effect_size : float
        Share of the explainable variance that is not invariant.
    support : {"exact", "approximate", "none"}
        Whether exact invariance has more evidence than no symmetry and is not contradicted by its test at a
        family-wise level of 5 %; or else whether a finite penalty has 20 times the evidence of none; or
        neither.
    """

    name: str
    n_invariant: int
    log_evidence: float
    alpha: float
    hardwired_log_evidence: float
    loss: float
    standard_error: float
    loss_alpha: float
    pvalue: float
    adjusted_pvalue: float
    effect_size: float
    support: Support


@final
@dataclass(frozen=True)
class LearnedSymmetry:
    """Candidate symmetries, ranked; from `learn_symmetry`.

    Attributes
    ----------
    by_evidence : tuple of Candidate
        Most evidence first. The trivial group, no symmetry at all, is one of them.
    by_loss : tuple of Candidate
        Least cross-validated loss first.
    baseline : Candidate
        The one without symmetry, which the others are held against.
    n_samples : int
        N.
    """

    by_evidence: tuple[Candidate, ...]
    by_loss: tuple[Candidate, ...] = field(repr=False)
    baseline: Candidate = field(repr=False)
    n_samples: int = field(repr=False)

    @property
    def best(self) -> Candidate:
        """The candidate with most evidence."""
        return self.by_evidence[0]

    def __repr__(self) -> str:
        ranking = ", ".join(f"{c.name} ({c.support})" for c in self.by_evidence)
        return f"LearnedSymmetry({ranking})"


def learn_symmetry(
    X: ArrayLike,
    Y: ArrayLike,
    candidates: Iterable[Representation | str] | Mapping[str, Representation | str],
    *,
    sample_weight: ArrayLike | None = None,
    rank: int | None = None,
    n_folds: int = FOLDS,
    rng: np.random.Generator | int | None = 0,
    progress: Callable[[str, float], None] | None = None,
) -> LearnedSymmetry:
    """Rank candidate symmetries by what the data say of them.

    Three measures, side by side. The evidence weighs fit against the size of the model: of two nested groups
    that are both in the data the larger one has more, since it leaves fewer maps. The cross-validated loss
    says what the symmetry is worth for prediction; its ridge is that of largest evidence. The tests of
    W A = 0 say which symmetries the data contradict; their p-values are adjusted by Holm's method, so that
    the probability of contradicting any true one is at most 5 % at 0.05. Groups with the same invariant
    functionals make the same exact model. No measure decides whether the inputs come in all orientations
    alike: that is for `symmetry_test` by randomization.

    Parameters
    ----------
    X : array_like, or Dask array or frame, shape (N, n)
        Inputs.
    Y : array_like, or Dask collection, shape (N, m) or (N,)
        Targets.
    candidates : iterable of Representation or str, or mapping from names to them
        Symmetries acting on R^n, by name as in `groups.from_name`. The trivial one is added.
    sample_weight : array_like, or Dask collection, shape (N,), optional
        Analytic weights (see `symmetry_test`).
    rank : int, optional
        Rank bound of the cross-validated models.
    n_folds : int
        Number of folds.
    rng : numpy.random.Generator or int
        Splits the samples.
    progress : callable, optional
        Called with the name of a candidate, at last with ``"done"``, and the share done.

    Returns
    -------
    LearnedSymmetry

    Raises
    ------
    DataError
        When a candidate does not fit the samples, or there are too few.
    ParameterError
        Without candidates, with two of the same name, or one that is neither a representation nor a name.
    UnknownNameError
        When there is no symmetry of a given name.

    References
    ----------
    Holm, A simple sequentially rejective multiple test procedure, Scand. J. Statistics 6, 1979. Kass and
    Raftery, Bayes factors, J. American Statistical Association 90, 1995.

    Examples
    --------
    >>> import haarwire as hw
    >>> rep = hw.groups.cyclic_shifts(6)
    >>> data = hw.datasets.planted(rep, 200, n_targets=3, noise=0.5, rng=0)
    >>> hw.learn_symmetry(data.X, data.Y, ["cyclic_shifts:6", "reflection:6"])
    LearnedSymmetry(cyclic_shifts:6 (exact), reflection:6 (exact), trivial:6 (none))
    """
    folds = fold_moments(X, Y, sample_weight, n_folds=n_folds, rng=rng)
    whole = sum(folds[1:], start=folds[0])
    named = _named(candidates, whole.n_features)
    for rep in named.values():
        check_fit(whole, rep)
    found: dict[str, tuple[Evidence, FloatArray, float, SymmetryTest | None]] = {}
    weights = np.array([fold.weight for fold in folds]) / whole.weight
    for i, (name, rep) in enumerate(named.items()):
        if progress is not None:
            progress(name, i / len(named))
        evidence = select_by_evidence(whole, rep)
        validation = cross_validate(folds, rep, rank=rank, ridge=evidence.ridge)
        best = int(np.argmin(validation.as_is @ weights))
        test = _tested(whole, rep)
        found[name] = evidence, validation.as_is[best], float(validation.alphas[best]), test
    if progress is not None:
        progress("done", 1.0)
    base_name = next(name for name, rep in named.items() if invariant_subspace(rep).dim == rep.dim)
    base, base_losses = found[base_name][:2]
    pvalues = {name: test.pvalue for name, (*_, test) in found.items() if test is not None}
    adjusted = _holm({name: p for name, p in pvalues.items() if name != base_name})
    rows = []
    for name, (evidence, losses, loss_alpha, test) in found.items():
        p, q = pvalues.get(name, float("nan")), adjusted.get(name, pvalues.get(name, float("nan")))
        rows.append(
            Candidate(
                name=name,
                n_invariant=invariant_subspace(named[name]).dim,
                log_evidence=evidence.log_evidence,
                alpha=0.0 if name == base_name else evidence.alpha,
                hardwired_log_evidence=evidence.hardwired_log_evidence,
                loss=float(losses @ weights),
                standard_error=paired_difference(losses, base_losses, weights, n_folds)[1],
                loss_alpha=loss_alpha,
                pvalue=p,
                adjusted_pvalue=q,
                effect_size=float("nan") if test is None else test.effect_size,
                support="none" if name == base_name else _support(evidence, base, q),
            )
        )
    return LearnedSymmetry(
        by_evidence=tuple(sorted(rows, key=lambda row: (-row.log_evidence, row.n_invariant))),
        by_loss=tuple(sorted(rows, key=lambda row: (row.loss, row.n_invariant))),
        baseline=next(row for row in rows if row.name == base_name),
        n_samples=whole.count,
    )


def _named(candidates: Any, n_features: int) -> dict[str, Representation]:
    """Representations by name, the trivial one included."""
    if isinstance(candidates, str | Representation):
        candidates = [candidates]
    pairs = candidates.items() if isinstance(candidates, Mapping) else ((None, c) for c in candidates)
    named: dict[str, Representation] = {}
    for name, given in pairs:
        rep = from_name(given) if isinstance(given, str) else given
        if not isinstance(rep, Representation):
            raise ParameterError(
                f"a candidate must be a Representation or a name, got a {type(given).__name__}",
                cause="a matrix or an element in place of a representation",
                remedy="give names such as 'reflection:16', or Representation(n, (Matrix(A),))",
            )
        key = rep.label if name is None else str(name)
        if key in named:
            raise ParameterError(
                f"there are two candidates named {key!r}",
                cause="a candidate given twice, or two without a name",
                remedy="give a mapping from different names to representations",
            )
        named[key] = rep
    if not named:
        raise ParameterError(
            "there are no candidates",
            cause="an empty list",
            remedy="give symmetries, as in learn_symmetry(X, Y, ['reflection:16', 'cyclic_shifts:16'])",
        )
    if not any(invariant_subspace(rep).dim == rep.dim for rep in named.values()):
        named[trivial(n_features).label] = trivial(n_features)
    return named


def _tested(whole: Moments, rep: Representation) -> SymmetryTest | None:
    """The test, or None where the samples are too few for it."""
    try:
        return symmetry_test(whole, rep)
    except DataError:
        return None


def _holm(pvalues: Mapping[str, float]) -> dict[str, float]:
    """Holm's adjusted p-values: (k − i)·p_(i), made monotone."""
    adjusted: dict[str, float] = {}
    largest = 0.0
    for i, name in enumerate(sorted(pvalues, key=lambda name: pvalues[name])):
        largest = max(largest, min(1.0, (len(pvalues) - i) * pvalues[name]))
        adjusted[name] = largest
    return adjusted


def _support(evidence: Evidence, base: Evidence, pvalue: float) -> Support:
    if evidence.hardwired_log_evidence > base.log_evidence and not pvalue < _LEVEL:
        return "exact"
    return "approximate" if evidence.log_evidence > base.log_evidence + _STRONG else "none"
