"""The subsets of modes that stand for the critical points, and for the critical families where modes tie.

Modes are numbered from 0 in descending order of their gains σ². Tied neighbours form a cluster; keeping
any k dimensions of a cluster of multiplicity μ gives the same loss and index: a Grassmannian Gr(k, μ) of
critical points. It is stood for by the *canonical* subset, which keeps the first k modes of the cluster.
A subset is canonical when each of its modes is the first of its cluster or follows a kept one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import final

import numpy as np

from haarwire._numbers import FloatArray
from haarwire.landscape.counting import count_families, family_histogram
from haarwire.solve import Modes

__all__ = ["Families", "families_of"]


@final
@dataclass(frozen=True, eq=False)
class Families:
    """All ways to keep `kept` modes, up to ties.

    Attributes
    ----------
    gains : ndarray, shape (q,)
        σ², descending.
    sizes : tuple of int
        Multiplicities μ of the clusters of tied modes; they add up to q.
    kept : int
        How many modes are kept, 0 ≤ kept ≤ q.
    """

    gains: FloatArray
    sizes: tuple[int, ...]
    kept: int

    @property
    def n_modes(self) -> int:
        """How many modes there are, q."""
        return int(self.gains.size)

    @cached_property
    def starts(self) -> tuple[int, ...]:
        """For each mode, the first mode of its cluster."""
        starts: list[int] = []
        for size in self.sizes:
            starts.extend([len(starts)] * size)
        return tuple(starts)

    @cached_property
    def ends(self) -> tuple[int, ...]:
        """For each mode, one past the last mode of its cluster."""
        ends: list[int] = []
        for size in self.sizes:
            ends.extend([len(ends) + size] * size)
        return tuple(ends)

    @property
    def is_simple(self) -> bool:
        """Whether no two modes are tied."""
        return len(self.sizes) == self.n_modes

    @cached_property
    def count(self) -> int:
        """How many there are."""
        return count_families(self.sizes, self.kept)

    @cached_property
    def histogram(self) -> tuple[int, ...]:
        """How many have each index."""
        return family_histogram(self.sizes, self.kept)

    @property
    def best(self) -> tuple[int, ...]:
        """The canonical subset of the largest gain."""
        return tuple(range(self.kept))

    @property
    def worst(self) -> tuple[int, ...]:
        """The canonical subset of the least gain."""
        return self.canonical(range(self.n_modes - self.kept, self.n_modes))

    def canonical(self, subset: Sequence[int]) -> tuple[int, ...]:
        """The canonical subset of the family of a sorted subset."""
        chosen: list[int] = []
        for mode in subset:
            start = self.starts[mode]
            follows = bool(chosen) and chosen[-1] >= start
            chosen.append(chosen[-1] + 1 if follows else start)
        return tuple(chosen)

    def index(self, subset: Sequence[int]) -> int:
        """#{(i, j): i ∈ S, j ∉ S, σ_j > σ_i beyond ties}, of a sorted subset S."""
        # Canonical subsets have no inversions inside a cluster: all of theirs count.
        return sum(self.canonical(subset)) - self.kept * (self.kept - 1) // 2

    def dimension(self, subset: Sequence[int]) -> int:
        """Σ k(μ − k) over the clusters: the dimension of the family of a subset."""
        taken = dict.fromkeys(self.starts, 0)
        for mode in subset:
            taken[self.starts[mode]] += 1
        return sum(k * (self.ends[start] - start - k) for start, k in taken.items())

    def part(self, first_cluster: int, last_cluster: int, kept: int) -> Families:
        """The ways to keep `kept` modes of the clusters first_cluster … last_cluster − 1."""
        begin = sum(self.sizes[:first_cluster])
        sizes = self.sizes[first_cluster:last_cluster]
        return Families(self.gains[begin : begin + sum(sizes)], sizes, kept)


def families_of(modes: Modes, rank: int) -> Families:
    """The critical families of rank min(r, q); neighbours within the tie tolerance form a cluster."""
    gains = modes.singular_values[: modes.n_modes] ** 2
    errors = modes.errors[: gains.size]
    breaks = np.flatnonzero(gains[:-1] - gains[1:] > np.maximum(errors[:-1], errors[1:])) + 1
    edges = [0, *breaks.tolist(), gains.size]
    sizes = tuple(b - a for a, b in pairwise(edges) if b > a)
    return Families(gains, sizes, min(rank, modes.n_modes))
