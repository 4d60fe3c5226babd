"""Critical points of the hard-wired equivariant problem under a rank bound.

In whitened coordinates an equivariant W is one matrix W_i over R, C or H for each isotypic component i of
the targets, and the loss is a constant plus Σ_i δ_i‖W_i − Z_i‖². Of rank ≤ r are the W with
Σ_i δ_i rank(W_i) ≤ r: a union of products of determinantal varieties, one for each maximal (k_i). So

- the stationary points are the W_S for the sets S of groups of modes with cost Σδ ≤ r to which no further
  group can be added: what is left of Z_i may not be descended into by raising a rank, nor by turning modes;
- the Hessian of ½J on the maps of the same ranks has the eigenvalues 1 ± σ_j/σ_i for a group i that is kept
  and a group j of the *same* component that is not, each 1, 2 or 4 times by type; the index is that number
  times the inversions inside components. Groups of different components cannot be turned into each other;
- hence every maximal (k_i) has a point of index 0, which keeps the k_i largest groups of each component:
  a local minimum. Unlike for invariant maps, several of them can exist, and only one is the optimum.

(Checked against finite differences along W ↦ exp(A) W exp(B), with A and B in the commutants.)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import final

import numpy as np

from haarwire._numbers import FloatArray
from haarwire.errors import ParameterError
from haarwire.landscape.allocation import Choice, Shelf, best_choices, count_choices, count_histogram
from haarwire.landscape.counting import checked_count, spelled
from haarwire.solve import Approach
from haarwire.solve.irreducible_modes import IrreducibleModes, ModeGroup

__all__ = ["EquivariantCriticalPoint", "EquivariantCriticalPoints"]


@final
@dataclass(frozen=True, eq=False)
class EquivariantCriticalPoint:
    """W_S, which keeps some groups of modes: irreducible subspaces of the targets.

    Made by `critical_points`.

    Attributes
    ----------
    subset : tuple of int
        S: which groups it keeps, numbered from 0 in descending order of σ. Where groups of one component
        are tied, S stands for a family: any k of μ tied lines over R, C or H.
    loss : float
        J(W_S) = tr(T) − Σ_{j∈S} δ_j σ_j².
    rank : int
        Σ_{j∈S} δ_j.
    index : int
        Negative Hessian directions on the equivariant maps of the same ranks. 0: a local minimum.
    dimension : int
        Σ t k(μ − k) over clusters of μ tied groups of which k are kept, t by type: 0 where it is isolated.
    is_global : bool
        Whether it is the global optimum of the rank-bounded problem.
    """

    subset: tuple[int, ...]
    loss: float
    rank: int
    index: int
    dimension: int
    is_global: bool
    _modes: IrreducibleModes = field(repr=False)

    @property
    def is_local_minimum(self) -> bool:
        """Whether no equivariant map of rank ≤ r nearby has a smaller loss."""
        return self.index == 0

    @property
    def groups(self) -> tuple[ModeGroup, ...]:
        """The groups of modes it keeps."""
        return tuple(self._modes.groups[j] for j in self.subset)

    @property
    def coef(self) -> FloatArray:
        """W_S, shape (n_targets, n_features)."""
        return self._coef.astype(self._modes.modes.setting.dtype, copy=False)

    @property
    def intercept(self) -> FloatArray:
        """The intercept P̄ȳ − W_S P̄x̄, shape (n_targets,): fixed by the action on the targets."""
        setting = self._modes.modes.setting
        return setting.intercept(self._coef).astype(setting.dtype, copy=False)

    @cached_property
    def _coef(self) -> FloatArray:
        return self._modes.modes.coef(self._modes.columns(self.groups))

    @property
    def hessian_pairs(self) -> FloatArray:
        """Eigenvalues 1 − σ_j/σ_i and 1 + σ_j/σ_i of the Hessian of ½J, ascending; all others are 1.

        For every group i that is kept and j of the same component that is not, as often as their type says.
        """
        found: list[float] = []
        modes, kept = self._modes, set(self.subset)
        sigma = modes.modes.singular_values
        for i in kept:
            group = modes.groups[i]
            times = len(modes.decomposition.components[group.component].units)
            for j, other in enumerate(modes.groups):
                if j not in kept and other.component == group.component:
                    tied = modes.is_tied(group, other)
                    ratio = 1.0 if tied else float(sigma[other.first] / sigma[group.first])
                    found += [1.0 - ratio, 1.0 + ratio] * times
        return np.sort(np.array(found))


@final
@dataclass(frozen=True, eq=False)
class EquivariantCriticalPoints:
    """The stationary points of J on the equivariant maps of rank ≤ r: see `critical_points`.

    Nothing is listed until asked for: the count and the histogram are exact however many there are. Where
    groups of modes of one component are tied, critical *families* are counted and listed.

    Attributes
    ----------
    approach : Approach
        `Hardwired()`.
    rank : int
        The bound r.
    modes : IrreducibleModes
        The groups of modes; group j of a subset is ``modes.groups[j]``.
    """

    approach: Approach
    rank: int
    modes: IrreducibleModes = field(repr=False)

    def __repr__(self) -> str:
        kind = "points" if self.is_isolated else "families"
        return (
            f"EquivariantCriticalPoints({self.approach.label}, rank {self.rank}: {spelled(self.count)} "
            f"{kind}, {spelled(self.n_local_minima)} local minima)"
        )

    @cached_property
    def _members(self) -> list[list[int]]:
        """For each component that has any, its groups."""
        count = len(self.modes.decomposition.components)
        members: list[list[int]] = [[] for _ in range(count)]
        for j, group in enumerate(self.modes.groups):
            members[group.component].append(j)
        return [part for part in members if part]

    @cached_property
    def _shelves(self) -> list[Shelf]:
        shelves: list[Shelf] = []
        for part in self._members:
            groups = [self.modes.groups[j] for j in part]
            sizes = [1]
            for before, after in pairwise(groups):
                if self.modes.is_tied(before, after):
                    sizes[-1] += 1
                else:
                    sizes.append(1)
            component = self.modes.decomposition.components[groups[0].component]
            gains = tuple(group.gain for group in groups)
            shelves.append(Shelf(component.dim, gains, tuple(sizes), len(component.units)))
        return shelves

    @cached_property
    def count(self) -> int:
        """How many there are, exactly; with ties, critical families."""
        return count_choices(self._shelves, self.rank)

    @property
    def is_isolated(self) -> bool:
        """Whether no two groups of modes of one component are tied."""
        return all(max(shelf.sizes) == 1 for shelf in self._shelves)

    @cached_property
    def index_histogram(self) -> tuple[int, ...]:
        """How many have index 0, 1, 2 and so on: exact integers that add up to `count`.

        Products of long polynomials: seconds at rank 20 of three components with 196 groups each, minutes
        at rank 40; `count` and `n_local_minima` take milliseconds.
        """
        return count_histogram(self._shelves, self.rank)

    @property
    def n_local_minima(self) -> int:
        """How many have index 0: one for each maximal allocation of the rank to the components."""
        single = [Shelf(s.cost, s.gains, (len(s.gains),), s.units) for s in self._shelves]
        return count_choices(single, self.rank)

    @cached_property
    def global_optimum(self) -> EquivariantCriticalPoint:
        """The critical point (family) of least loss."""
        return self.lowest(1)[0]

    def lowest(self, k: int) -> list[EquivariantCriticalPoint]:
        """The k critical points of least loss, in order (all of them where there are fewer).

        Raises
        ------
        ParameterError
            When k is not an integer ≥ 1.
        """
        return self._points(best_choices(self._shelves, self.rank, checked_count(k, "k", "lowest(10)")))

    def local_minima(self, k: int = 10) -> list[EquivariantCriticalPoint]:
        """The k local minima of least loss, in order, the global one first.

        Raises
        ------
        ParameterError
            When k is not an integer ≥ 1.
        """
        wanted = checked_count(k, "k", "local_minima(10)")
        return self._points(best_choices(self._shelves, self.rank, wanted, leading_only=True))

    def at(self, subset: Sequence[int]) -> EquivariantCriticalPoint:
        """The critical point that keeps these groups of modes.

        Raises
        ------
        ParameterError
            When they are not different groups of cost ≤ r to which no other can be added.
        """
        n_groups = len(self.modes.groups)
        given = tuple(subset)
        known = all(isinstance(j, int | np.integer) and 0 <= j < n_groups for j in given)
        room = self.rank - sum(self.modes.groups[j].size for j in given) if known else -1
        left = [g.size for j, g in enumerate(self.modes.groups) if j not in given]
        if room < 0 or len(set(given)) < len(given) or any(size <= room for size in left):
            raise ParameterError(
                f"{given} is not a maximal set of the {n_groups} groups of modes within rank {self.rank}",
                cause="groups counted from 1, a group twice, too large a rank, or room for a further group",
                remedy=f"give group numbers such as {self.global_optimum.subset}, the global optimum",
            )
        kept = tuple(tuple(place for place, j in enumerate(part) if j in given) for part in self._members)
        return self._point(kept)

    def _points(self, choices: Sequence[Choice]) -> list[EquivariantCriticalPoint]:
        return [self._point(choice.kept) for choice in choices]

    def _point(self, kept: tuple[tuple[int, ...], ...]) -> EquivariantCriticalPoint:
        subset = tuple(
            sorted(part[k] for part, places in zip(self._members, kept, strict=True) for k in places)
        )
        groups = self.modes.groups
        index = dimension = 0
        for shelf, places in zip(self._shelves, kept, strict=True):
            start = missed = 0
            for size in shelf.sizes:
                inside = sum(start <= k < start + size for k in places)
                index += shelf.units * inside * missed
                dimension += shelf.units * inside * (size - inside)
                missed += size - inside
                start += size
        gain = math.fsum(groups[j].gain for j in subset)
        return EquivariantCriticalPoint(
            subset=subset,
            loss=self.modes.modes.setting.total - gain,
            rank=sum(groups[j].size for j in subset),
            index=index,
            dimension=dimension,
            is_global=gain >= self._best_gain * (1.0 - 1e-14),
            _modes=self.modes,
        )

    @cached_property
    def _best_gain(self) -> float:
        return best_choices(self._shelves, self.rank, 1, leading_only=True)[0].gain
