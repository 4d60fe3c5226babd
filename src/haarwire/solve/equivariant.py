"""`solve` with a target representation: equivariant maps in place of invariant ones (theory, section 6)."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final, final

import numpy as np

from haarwire._numbers import FloatArray
from haarwire.errors import ParameterError
from haarwire.groups import Representation
from haarwire.invariants import average_joint_moments, equivariant_maps, invariant_subspace
from haarwire.invariants.equivariant import aligned, check_target, nearest_equivariant
from haarwire.moments import Moments, Samples
from haarwire.solve.affine import AffineLoss, affine_loss, data_singular_values, numerical_rank
from haarwire.solve.approaches import Approach, Augmented, Hardwired, Plain, Quadratic, Regularized, check_fit
from haarwire.solve.equivariance_penalty import EquivariancePenalty
from haarwire.solve.intertwining import Intertwining
from haarwire.solve.irreducible_modes import IrreducibleModes, irreducible_modes
from haarwire.solve.knapsack import best_allocation
from haarwire.solve.penalized import Penalized
from haarwire.solve.reduced_rank import reduced_rank
from haarwire.solve.solution import Solution, best_of_rank

__all__ = ["EquivariantTask", "augmented_problem", "check_same_group", "kept_groups", "solve_equivariant"]


_STARTS: Final = 24
"""Starts of a local search over equivariant maps of bounded rank."""

_RANK_TOLERANCE: Final = 1e-8
"""Singular values of a map found by iteration count as zero below this, relative to the largest."""

_RANDOM_STARTS: Final = 4
"""Random starts of a descent under a penalty, beside those from related problems."""


@final
@dataclass(frozen=True, eq=False)
class EquivariantTask:
    """What is asked for, checked: moments (about the origin where there is no intercept) and actions.

    Attributes
    ----------
    moments : Moments
    rep, target : Representation
        Of one group, with generators that correspond.
    rank : int
        The bound r.
    ridge : float
        Strength of ridge·‖W‖².
    """

    moments: Moments
    rep: Representation
    target: Representation
    rank: int
    ridge: float

    @property
    def has_irreducible_modes(self) -> bool:
        """Whether averaging keeps the loss of equivariant maps: a compact group, an orthogonal σ."""
        return self.target.is_orthogonal and self.rep.is_compact

    def irreducible_modes(self) -> IrreducibleModes:
        """The singular modes of the averaged problem by irreducible subspaces of the targets."""
        return irreducible_modes(self.moments, self.rep, self.target, self.ridge)

    def gap(self, W: FloatArray) -> float:
        """‖W − W'‖ with W' the nearest equivariant map."""
        return float(np.linalg.norm(W - nearest_equivariant(W, self.rep, self.target)))


def solve_equivariant(task: EquivariantTask, approach: Approach, rng: np.random.Generator) -> Solution:
    """The optimum of one approach over maps that are to be equivariant; `rng` for a local search."""
    if isinstance(approach, Regularized):
        if 0.0 < approach.alpha < math.inf:
            return _regularized(task, approach, rng)
        end = Plain() if approach.alpha == 0.0 else Hardwired()
        return replace(solve_equivariant(task, end, rng), approach=approach)
    if isinstance(approach, Hardwired):
        if task.has_irreducible_modes:
            return _by_irreducibles(task.irreducible_modes(), task.rank, approach)
        return _over_maps(task, approach, rng)
    if isinstance(approach, Augmented):
        problem = augmented_problem(task.moments, task.rep, task.target, task.ridge)
    else:
        problem = approach.problem(task.moments, task.rep, ridge=task.ridge)
    return best_of_rank(reduced_rank(problem), task.rank, approach, task.gap)


def augmented_problem(
    moments: Moments, rep: Representation, target: Representation, ridge: float
) -> Quadratic:
    """Least squares on the data moved by every group element, inputs by ρ and targets by σ."""
    averaged = average_joint_moments(moments, rep, target)
    problem = Plain().problem(averaged, rep, ridge=ridge)
    if rep.is_signed_permutation and target.is_signed_permutation:
        return problem
    # A general matrix mixes large variances into small ones, and cancels them again.
    return replace(problem, magnitude=np.full(rep.dim, problem.magnitude.max()))


def kept_groups(modes: IrreducibleModes, rank: int) -> tuple[tuple[int, ...], bool]:
    """Which groups of modes the optimum of rank ≤ r keeps, by position, and whether it is unique."""
    count = len(modes.decomposition.components)
    members = [[j for j, g in enumerate(modes.groups) if g.component == i] for i in range(count)]
    gains = [np.array([modes.groups[j].gain for j in part]) for part in members]
    costs = [component.dim for component in modes.decomposition.components]
    best = best_allocation(gains, costs, rank)
    kept = [j for part, k in zip(members, best.counts, strict=True) for j in part[:k]]
    errors = modes.modes.errors
    slack = sum(float(errors[column]) for j in kept for column in modes.groups[j].columns)
    unique = best.gain - best.runner_up > slack
    for part, k in zip(members, best.counts, strict=True):
        if 0 < k < len(part):
            unique = unique and not modes.is_tied(modes.groups[part[k - 1]], modes.groups[part[k]])
    return tuple(sorted(kept)), unique


def _by_irreducibles(modes: IrreducibleModes, rank: int, approach: Approach) -> Solution:
    kept, is_unique = kept_groups(modes, rank)
    columns = modes.columns(tuple(modes.groups[j] for j in kept))
    setting = modes.modes.setting
    W = modes.modes.coef(columns)
    return Solution(
        coef=W.astype(setting.dtype, copy=False),
        intercept=setting.intercept(W).astype(setting.dtype, copy=False),
        rank=len(columns),
        singular_values=modes.modes.singular_values,
        n_modes=modes.modes.n_modes,
        loss=modes.modes.loss(columns),
        invariance_gap=0.0,
        is_unique=is_unique,
        is_minimum_norm=modes.modes.is_minimum_norm,
        approach=approach,
    )


def _over_maps(task: EquivariantTask, approach: Hardwired, rng: np.random.Generator) -> Solution:
    """Hard-wired, for a target action that is not orthogonal or a group that is not compact."""
    fixed = invariant_subspace(task.target.dual).basis
    loss = affine_loss(task.moments, np.eye(task.target.dim) - fixed @ fixed.T, task.ridge)
    problem = Intertwining(equivariant_maps(task.rep, task.target), loss)
    W, condition, singular = problem.unbounded()
    unbounded = _exact(task, approach, loss, W, value=loss.value(W), condition=condition)
    unbounded = replace(unbounded, is_minimum_norm=singular, invariance_gap=0.0)
    if unbounded.rank <= task.rank:
        return unbounded
    W = problem.bounded(task.rank, _STARTS, rng)
    return _local(task, unbounded, loss, W, value=loss.value(W), gap=0.0)


def _regularized(task: EquivariantTask, approach: Regularized, rng: np.random.Generator) -> Solution:
    penalty = EquivariancePenalty(task.rep, task.target, approach.penalty)
    loss = affine_loss(task.moments, penalty.bound(approach.alpha), task.ridge)
    problem = Penalized(loss, penalty, approach.alpha)
    W, condition, singular = problem.unbounded()
    unbounded = _exact(task, approach, loss, W, value=problem.value(W), condition=condition)
    unbounded = replace(unbounded, is_minimum_norm=singular, invariance_gap=task.gap(W))
    if unbounded.rank <= task.rank:
        return unbounded
    starts = [W, _plain(task).coef.astype(np.float64)]
    if task.has_irreducible_modes:
        hardwired = _by_irreducibles(task.irreducible_modes(), task.rank, Hardwired())
        starts.append(hardwired.coef.astype(np.float64))
    size = float(np.linalg.norm(W)) / math.sqrt(W.size)
    starts += [size * rng.standard_normal(W.shape) for _ in range(_RANDOM_STARTS)]
    W = problem.local_minima(task.rank, starts)[0]
    return _local(task, unbounded, loss, W, value=problem.value(W), gap=task.gap(W))


def _plain(task: EquivariantTask) -> Solution:
    problem = Plain().problem(task.moments, task.rep, ridge=task.ridge)
    return best_of_rank(reduced_rank(problem), task.rank, Plain(), task.gap)


def _exact(
    task: EquivariantTask,
    approach: Approach,
    loss: AffineLoss,
    W: FloatArray,
    *,
    value: float,
    condition: float,
) -> Solution:
    """The solution without a rank bound."""
    dtype = task.moments.dtype
    sigma = data_singular_values(W, task.moments.gram)
    return Solution(
        coef=W.astype(dtype, copy=False),
        intercept=loss.intercept(W).astype(dtype, copy=False),
        rank=numerical_rank(W, loss.tolerance, condition),
        singular_values=sigma,
        n_modes=int((sigma > loss.tolerance * math.sqrt(condition * loss.constant)).sum()),
        loss=value,
        invariance_gap=0.0,
        is_unique=True,
        is_minimum_norm=False,
        approach=approach,
    )


def _local(
    task: EquivariantTask,
    unbounded: Solution,
    loss: AffineLoss,
    W: FloatArray,
    *,
    value: float,
    gap: float,
) -> Solution:
    """The best local minimum found under the rank bound, beside what no map of that rank can go below."""
    dtype = task.moments.dtype
    return replace(
        unbounded,
        coef=W.astype(dtype, copy=False),
        intercept=loss.intercept(W).astype(dtype, copy=False),
        rank=min(task.rank, numerical_rank(W, _RANK_TOLERANCE, 1.0)),
        loss=value,
        invariance_gap=gap,
        is_unique=False,
        is_global=False,
        lower_bound=max(unbounded.loss, _plain(task).loss),
    )


def check_same_group(
    moments: Moments | Samples, rep: Representation, target: object
) -> tuple[Representation, Representation]:
    """Check the target representation of `solve`; return both with generators that correspond."""
    if not isinstance(target, Representation):
        raise ParameterError(
            f"target must be a Representation, got a {type(target).__name__}",
            cause="targets given as an array, or a number of them",
            remedy="give the action on the targets, such as target=rep, or leave it out for invariant ones",
        )
    check_fit(moments, rep)
    check_target(target, moments.n_targets)
    return aligned(rep, target)
