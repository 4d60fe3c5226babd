"""`critical_points`: every critical point of one approach under a rank bound."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice
from typing import final, overload

import numpy as np

from haarwire.errors import ParameterError
from haarwire.groups import Representation
from haarwire.landscape.counting import checked_count, spelled
from haarwire.landscape.equivariant import EquivariantCriticalPoints
from haarwire.landscape.families import Families, families_of
from haarwire.landscape.nearest import nearest_subset
from haarwire.landscape.point import CriticalPoint
from haarwire.landscape.search import best_first, subset_loss
from haarwire.landscape.tables import Table, tables
from haarwire.moments import Moments, Samples
from haarwire.solve import Approach, Augmented, Hardwired, Modes, Plain, Quadratic, Regularized, reduced_rank
from haarwire.solve.equivariant import EquivariantTask, augmented_problem
from haarwire.solve.solver import check_arguments, checked_data, equivariant_task

__all__ = ["CriticalPoints", "critical_points"]


@final
@dataclass(frozen=True, eq=False)
class CriticalPoints:
    """The smooth critical points of J on {rank ≤ r}: W_S for the subsets S of min(r, q) singular modes.

    Made by `critical_points`. Nothing is listed until asked for: the count and the histogram are exact
    however many points there are, and iterating goes by order of loss from the global optimum up. (There
    is no ``len``, which could not hold the count.)

    Where singular values are tied (closer than `Modes.errors`) critical points are not isolated:
    what is counted and listed then are critical *families*, one subset S standing for each.

    Attributes
    ----------
    approach : Approach
        Whose landscape this is.
    rank : int
        The bound r.
    modes : Modes
        The singular modes of the problem; mode i of a subset is ``modes.singular_values[i]``.
    problem : Quadratic
        The problem itself, in its own coordinates.
    """

    approach: Approach
    rank: int
    modes: Modes = field(repr=False)
    problem: Quadratic = field(repr=False)
    _moments: Moments | Samples = field(repr=False)
    _representation: Representation = field(repr=False)
    _ridge: float = field(repr=False)
    _task: EquivariantTask | None = field(default=None, repr=False)

    def __repr__(self) -> str:
        kind = "points" if self.is_isolated else "families"
        return f"CriticalPoints({self.approach.label}, rank {self.rank}: {spelled(self.count)} {kind})"

    @cached_property
    def _families(self) -> Families:
        return families_of(self.modes, self.rank)

    @property
    def count(self) -> int:
        """How many critical points there are, exactly: C(q, min(r, q)); with ties, critical families."""
        return self._families.count

    @property
    def is_isolated(self) -> bool:
        """Whether every critical point is isolated: no two of the q singular values are tied.

        (Where C is singular: among the minimum-norm maps.)
        """
        return self._families.is_simple

    @property
    def index_histogram(self) -> tuple[int, ...]:
        """How many critical points have index 0, 1, 2 and so on: the Gaussian binomial [q choose r]_x.

        Position k holds the coefficient of x^k. With ties, how many families. Exact integers that add up
        to `count`.
        """
        return self._families.histogram

    @property
    def n_inputs(self) -> int:
        """Rank of the gram C."""
        return self.modes.n_inputs

    @cached_property
    def additional(self) -> int:
        """How many more critical points than the hard-wired problem has, at the same rank.

        C(min(m, n), r) − C(min(m, d), r) for generic data and a plain or regularized problem; all of
        them are strict saddles. 0 for the augmented problem, but for one with a target representation.

        Raises
        ------
        ParameterError
            With a target representation for which the hard-wired points are not known.
        """
        if self._task is not None:
            return self.count - _hardwired_points(self._task).count
        problem = Hardwired().problem(self._moments, self._representation, ridge=self._ridge)
        return self.count - families_of(reduced_rank(problem), self.rank).count

    @property
    def global_optimum(self) -> CriticalPoint:
        """The critical point of least loss, the only one (family) that is not a saddle."""
        return self._point(self._families.best)

    def at(self, subset: Sequence[int]) -> CriticalPoint:
        """The critical point that keeps these modes.

        Parameters
        ----------
        subset : sequence of int
            min(r, q) different mode numbers from 0 to q − 1.

        Raises
        ------
        ParameterError
            When they are not.
        """
        q, kept = self._families.n_modes, self._families.kept
        if not all(isinstance(i, int | np.integer) and 0 <= i < q for i in subset) or not (
            len(set(subset)) == len(subset) == kept
        ):
            raise ParameterError(
                f"a critical point keeps {kept} different modes out of 0 … {q - 1}, got {tuple(subset)}",
                cause="modes counted from 1, or a subset for another rank",
                remedy=f"give {kept} mode numbers, such as {self._families.best}",
            )
        return self._point(tuple(sorted(int(i) for i in subset)))

    def __iter__(self) -> Iterator[CriticalPoint]:
        for loss, subset in best_first(self._families, self.modes.setting.total):
            yield self._point(subset, loss)

    def lowest(self, k: int) -> list[CriticalPoint]:
        """The k critical points of least loss, in order (all of them where there are fewer).

        A best-first search that looks at no more than 3k subsets.

        Raises
        ------
        ParameterError
            When k is not an integer ≥ 1.
        """
        return list(islice(self, checked_count(k, "k", "lowest(10)")))

    def nearest(self, loss: float) -> CriticalPoint:
        """The critical point whose loss is nearest to `loss`, say the one where a training run is stuck.

        Exact. Up to 2^26 points are searched by listing them, more by meeting in the middle (up to 2^22
        choices on either side, so for every q ≤ 44); beyond that, only losses among the 2^16 lowest.

        Parameters
        ----------
        loss : float
            A finite number. Of two points equally near, the lower one is returned.

        Raises
        ------
        ParameterError
            When the loss is not a finite number, or there are too many critical points to search.
        """
        return self._point(nearest_subset(self._families, self.modes.setting.total, loss))

    def tables(self, chunk: int = 2**16) -> Iterator[Table]:
        """All critical points as arrays, in lexicographic order of their subsets.

        Parameters
        ----------
        chunk : int
            At most so many points at a time.

        Yields
        ------
        subsets : ndarray of int, shape (K, r)
        losses : ndarray, shape (K,)
        indices : ndarray of int, shape (K,)

        Raises
        ------
        ParameterError
            When chunk is not an integer ≥ 1.
        """
        return tables(self._families, self.modes.setting.total, checked_count(chunk, "chunk", "tables()"))

    def _point(self, subset: tuple[int, ...], loss: float | None = None) -> CriticalPoint:
        if loss is None:
            loss = subset_loss(self._families, self.modes.setting.total, subset)
        return CriticalPoint(subset, loss, self.modes, self._families)


@overload
def critical_points(
    moments: Moments | Samples,
    rep: Representation,
    *,
    rank: int | None = ...,
    approach: Approach,
    ridge: float = ...,
    fit_intercept: bool = ...,
    target: None = ...,
) -> CriticalPoints: ...


@overload
def critical_points(
    moments: Moments | Samples,
    rep: Representation,
    *,
    rank: int | None = ...,
    approach: Approach,
    ridge: float = ...,
    fit_intercept: bool = ...,
    target: Representation,
) -> CriticalPoints | EquivariantCriticalPoints: ...


def critical_points(
    moments: Moments | Samples,
    rep: Representation,
    *,
    rank: int | None = None,
    approach: Approach,
    ridge: float = 0.0,
    fit_intercept: bool = True,
    target: Representation | None = None,
) -> CriticalPoints | EquivariantCriticalPoints:
    """Every critical point of one approach's loss over linear maps of rank ≤ r.

    W_S = Σ_{i∈S} u_i u_iᵀ B C⁺ with J(W_S) = tr(T) − Σ_{i∈S} σ_i² for the subsets S of min(r, q) of the
    q singular modes of Z = B C^{−1/2} = Σ σ_i u_i v_iᵀ. Its index is the number of pairs i ∈ S, j ∉ S
    with σ_j > σ_i, so that only S = {the r largest} is not a strict saddle.

    These are the critical points at which the rank is min(r, q). At lower rank the variety is singular,
    and no point there is stationary except the optimum where q < r. Where C is singular the loss does not
    see all of W, and the points are those of least norm: adding a map that vanishes on the data gives
    another critical point where it keeps the column space (and, where q < m too, others of rank r that
    the data see as W_S with |S| < r, filled up with outputs that are not explained).

    With a `target` representation that is orthogonal, of a compact group, the modes of the hard-wired
    problem come in groups, one for each irreducible subspace of the targets. Its stationary points keep a
    set of groups of cost Σδ ≤ r to which none can be added; the index counts inversions inside isotypic
    components only, 1, 2 or 4 times by type. There can be several local minima. Augmentation has the
    points that are listed above, families where groups of modes are split.

    Parameters
    ----------
    moments, rep, rank, approach, ridge, fit_intercept, target
        As for `solve`.

    Returns
    -------
    CriticalPoints
        `EquivariantCriticalPoints` for `Hardwired()` with a target that moves.

    Raises
    ------
    DataError, ParameterError, NotCompactError
        As `solve` does; ParameterError too with a target for which there is no closed form: 0 < alpha < ∞,
        or hard-wired without a compact group and an orthogonal target action.

    References
    ----------
    Duan and Montúfar, arXiv 2506.13714, for distinct singular values (theory, section 4). The histogram
    by index, the families and the search in order of loss are Haarwire's.

    Examples
    --------
    >>> import haarwire as hw, numpy as np
    >>> X = np.random.default_rng(0).standard_normal((50, 6))
    >>> moments = hw.Moments.from_arrays(X, np.random.default_rng(1).standard_normal((50, 4)))
    >>> points = hw.landscape.critical_points(moments, hw.groups.trivial(6), rank=2, approach=hw.Plain())
    >>> points.count, points.index_histogram
    (6, (1, 1, 2, 1, 1))
    >>> [point.subset for point in points.lowest(3)]
    [(0, 1), (0, 2), (0, 3)]
    """
    if target is not None:
        check_arguments(moments, rep, approach)
        task = equivariant_task(moments, rep, target, rank=rank, ridge=ridge, fit_intercept=fit_intercept)
        if task is not None:
            return _equivariant_points(task, approach)
    data, r = checked_data(moments, rep, rank, approach, fit_intercept=fit_intercept)
    problem = approach.problem(data, rep, ridge=ridge)
    if isinstance(approach, Regularized) and isinstance(data, Moments) and problem.setting.embedding is None:
        modes = _in_coefficients(reduced_rank(approach.split_problem(data, rep, ridge=ridge)), problem)
    else:
        modes = reduced_rank(problem)
    return CriticalPoints(approach, r, modes, problem, data, rep, ridge)


def _in_coefficients(modes: Modes, problem: Quadratic) -> Modes:
    """Modes found in other coordinates, for a problem in those of the coefficients."""
    return replace(modes, right=modes.setting.embed(modes.right), setting=problem.setting)


def _hardwired_points(task: EquivariantTask) -> EquivariantCriticalPoints:
    if not task.has_irreducible_modes:
        raise _unknown("hardwired", task)
    return EquivariantCriticalPoints(Hardwired(), task.rank, task.irreducible_modes())


def _unknown(label: str, task: EquivariantTask) -> ParameterError:
    return ParameterError(
        f"the critical points of the {label} problem with target {task.target.label} are not known",
        cause="a penalty on equivariance, a target action that is not orthogonal, or a group that is not "
        "compact: there is no closed form under a rank bound",
        remedy="use approach=Hardwired() or Augmented() with an orthogonal target action",
    )


def _equivariant_points(
    task: EquivariantTask, approach: Approach
) -> CriticalPoints | EquivariantCriticalPoints:
    if isinstance(approach, Regularized) and approach.alpha in (0.0, math.inf):
        approach = Plain() if approach.alpha == 0.0 else Hardwired()
    if isinstance(approach, Hardwired):
        return _hardwired_points(task)
    if isinstance(approach, Plain):
        problem = approach.problem(task.moments, task.rep, ridge=task.ridge)
    elif isinstance(approach, Augmented):
        problem = augmented_problem(task.moments, task.rep, task.target, task.ridge)
    else:
        raise _unknown(approach.label, task)
    modes = reduced_rank(problem)
    return CriticalPoints(approach, task.rank, modes, problem, task.moments, task.rep, task.ridge, task)
