"""Representations of a direct product G × H from one of G and one of H."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from operator import add
from typing import Any, Literal, TypeAlias

import numpy as np
import scipy.sparse as sp

from haarwire.groups._checks import MatrixLike
from haarwire.groups.action import Factor, GroupAction, Level, Quadrature
from haarwire.groups.algebra.combination import (
    factor_name,
    sum_algebra,
    sum_elements,
    tensor_algebra,
    tensor_elements,
)
from haarwire.groups.elements import Element, Permutation
from haarwire.groups.order import times
from haarwire.groups.representation import Representation, checked_representation

__all__ = ["outer_product", "outer_sum"]

Side: TypeAlias = Literal[0, 1]


def outer_product(first: Representation, second: Representation) -> Representation:
    """ρ ⊠ σ of G × H: x ⊗ y ↦ ρ(g)x ⊗ σ(h)y on R^(n·m), each group moving its own factor.

    Coordinates are row-major, as in `tensor_product`: a matrix M of shape (n, m) with
    M ↦ ρ(g) M σ(h)ᵀ is flattened by ``M.ravel()``. Generators are ρ(g_i) ⊗ I, then I ⊗ σ(h_j).

    Parameters
    ----------
    first, second : Representation
        Of any two groups; ``trivial(k)`` makes k copies of the other.

    Returns
    -------
    Representation
        Order and sampler are kept where both have them; an abstract element is a pair (g, h), with None
        for the identity in either place.

    Raises
    ------
    ParameterError
        When one of them is no representation.

    Examples
    --------
    Sets of 5 signals of 8 samples, each set in any order and shifted as one:

    >>> from haarwire.groups import cyclic_shifts, outer_product, permutations
    >>> outer_product(permutations(5), cyclic_shifts(8))
    Representation(permutations:5 ⊠ cyclic_shifts:8: dim 40, 3 generators, order 960)
    """
    return _outer(first, second, "⊠", combine=tensor_elements, derive=tensor_algebra, degree=add)


def outer_sum(first: Representation, second: Representation) -> Representation:
    """ρ ⊞ σ of G × H: (x, y) ↦ (ρ(g)x, σ(h)y) on R^(n + m), each group moving its own coordinates.

    Parameters
    ----------
    first, second : Representation
        Of any two groups.

    Returns
    -------
    Representation
        Generators are ρ(g_i) ⊕ I, then I ⊕ σ(h_j); otherwise as in `outer_product`.

    Raises
    ------
    ParameterError
        When one of them is no representation.

    Examples
    --------
    >>> from haarwire.groups import cyclic_shifts, outer_sum, reflection
    >>> outer_sum(cyclic_shifts(5), reflection(3)).order
    10
    """
    return _outer(first, second, "⊞", combine=sum_elements, derive=sum_algebra, degree=max)


def _outer(
    first: Representation,
    second: Representation,
    symbol: str,
    *,
    combine: Callable[[Element, Element], Element],
    derive: Callable[[MatrixLike, MatrixLike], MatrixLike],
    degree: Callable[[int, int], int],
) -> Representation:
    checked_representation(first, "first")
    checked_representation(second, "second")
    named = first.name and second.name
    still = Permutation.identity(first.dim), Permutation.identity(second.dim)
    zero = sp.csr_array((first.dim,) * 2), sp.csr_array((second.dim,) * 2)
    return Representation(
        combine(*still).dim,
        [combine(g, still[1]) for g in first.generators] + [combine(still[0], h) for h in second.generators],
        [derive(L, zero[1]) for L in first.algebra] + [derive(zero[0], K) for K in second.algebra],
        name=f"{factor_name(first.name)} {symbol} {factor_name(second.name)}" if named else "",
        action=_joint_action(first, second, combine, degree),
    )


def _joint_action(
    first: Representation,
    second: Representation,
    combine: Callable[[Element, Element], Element],
    degree: Callable[[int, int], int],
) -> GroupAction | None:
    G, H = first.action, second.action
    if G is None or H is None:
        return None
    return GroupAction(
        f"{factor_name(G.group)} × {factor_name(H.group)}",
        times(G.order, H.order),
        partial(_draw_pair, G.draw, H.draw) if G.draw is not None and H.draw is not None else None,
        partial(_act_pair, combine, (first.dim, second.dim), G.act, H.act),
        is_compact=G.is_compact and H.is_compact,
        degree=degree(G.degree, H.degree),
        factors=_lifted_factors(first, 0, (0, 0))
        + _lifted_factors(second, 1, (len(first.generators), len(first.algebra))),
    )


def _lifted_factors(rep: Representation, side: Side, offset: tuple[int, int]) -> tuple[Factor, ...]:
    """The factors of one group as factors of the product; one for all of it where none are known."""
    assert rep.action is not None
    known = rep.action.factors
    if not known and (rep.generators or rep.algebra):
        known = (Factor(tuple(range(len(rep.generators))), tuple(range(len(rep.algebra)))),)
    return tuple(
        Factor(
            tuple(offset[0] + i for i in factor.generators),
            tuple(offset[1] + j for j in factor.algebra),
            partial(_lifted_quadrature, factor.quadrature, side) if factor.quadrature is not None else None,
        )
        for factor in known
    )


def _lifted_quadrature(quadrature: Quadrature, side: Side, degree: int) -> tuple[Level, ...]:
    return tuple(
        Level(level.weights, [(u, None) if side == 0 else (None, u) for u in level.elements])
        for level in quadrature(degree)
    )


def _draw_pair(
    first: Callable[[np.random.Generator], Any],
    second: Callable[[np.random.Generator], Any],
    rng: np.random.Generator,
) -> tuple[Any, Any]:
    return first(rng), second(rng)


def _act_pair(
    combine: Callable[[Element, Element], Element],
    dims: tuple[int, int],
    first: Callable[[Any], Element],
    second: Callable[[Any], Element],
    pair: tuple[Any, Any],
) -> Element:
    g, h = pair
    return combine(
        Permutation.identity(dims[0]) if g is None else first(g),
        Permutation.identity(dims[1]) if h is None else second(h),
    )
