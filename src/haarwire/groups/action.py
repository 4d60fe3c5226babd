"""What the catalogue knows of a group beyond its generators: order, random elements, exact averages."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from haarwire.groups.element import Element
from haarwire.groups.order import Order

__all__ = ["Factor", "GroupAction", "Level", "Quadrature"]


@final
@dataclass(frozen=True, eq=False)
class Level:
    """A weighted average over some elements: M ↦ Σ_i w_i ρ(u_i) M ρ(u_i)ᵀ.

    Attributes
    ----------
    weights : ndarray, shape (k,)
        Positive, of sum 1.
    elements : sequence
        k abstract elements, as ``GroupAction.act`` takes them.
    """

    weights: NDArray[np.float64]
    elements: Sequence[Any]


Quadrature: TypeAlias = Callable[[int], tuple[Level, ...]]
"""``quadrature(degree)``: levels whose composition, the last one applied first, is the Haar average of
every representation of at most that degree."""


@final
@dataclass(frozen=True)
class Factor:
    """A subgroup H of G = H_1 H_2 ⋯ H_k: the average over G is that over H_k, then H_(k−1), … H_1.

    Generators and Lie-algebra elements are given by position, so that sums, products and duals of
    representations of G have the same factors.

    Attributes
    ----------
    generators, algebra : tuple of int
        Which ones of G generate H.
    quadrature : callable, optional
        An exact quadrature over H, in abstract elements of G.
    """

    generators: tuple[int, ...] = ()
    algebra: tuple[int, ...] = ()
    quadrature: Quadrature | None = None


@final
@dataclass(frozen=True, eq=False)
class GroupAction:
    """What the catalogue knows of a group beyond its generators.

    Attributes
    ----------
    group : str
        Name of the abstract group; representations with the same name are driven by the same elements.
    order : int, float or Order
        Number of elements of the abstract group; ``math.inf`` for an infinite one, an `Order` where it
        has too many digits to be computed unasked.
    draw : callable or None
        ``draw(rng)`` draws an abstract element uniformly (by Haar measure). None where there is no
        such measure.
    act : callable
        ``act(abstract)`` is ρ(abstract), an `Element`.
    is_compact : bool
        Whether the group is compact: finite groups, tori, SO(3), …
    degree : int
        Degree of the entries of ρ in those of the defining representation (largest frequency for
        circles, ℓ for SO(3)); a quadrature of degree 2·degree averages second moments exactly. Used
        with quadratures only.
    factors : tuple of Factor
        Subgroups whose averages compose to the average over the group. Empty: nothing better is known
        than all generators together.
    """

    group: str
    order: int | float | Order
    draw: Callable[[np.random.Generator], Any] | None
    act: Callable[[Any], Element]
    is_compact: bool = True
    degree: int = 0
    factors: tuple[Factor, ...] = ()

    @property
    def quadratures(self) -> tuple[Quadrature, ...]:
        """One for every factor, in their order; empty where one is missing."""
        found = tuple(factor.quadrature for factor in self.factors if factor.quadrature is not None)
        return found if len(found) == len(self.factors) else ()

    @property
    def is_finite(self) -> bool:
        """Whether the group has finitely many elements."""
        return self.order != math.inf
