"""All permutations of items, on vectors, sets, graphs and tensors; even and signed ones.

Representations of one abstract group (all of S_4, say) have generators that correspond, and can be
added and multiplied: ``permutations_of_sets(4, 3) + permutations_of_graphs(4)``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from haarwire._numbers import IndexArray
from haarwire.groups._actions import (
    Signed,
    coordinates_moved,
    draw_even_permutation,
    draw_permutation,
    draw_signed_permutation,
    items_moved,
    nodes_moved,
    tensors_moved,
)
from haarwire.groups._checks import affordable, positive_size
from haarwire.groups._quadratures import alternating_levels, hyperoctahedral_levels, symmetric_levels
from haarwire.groups.action import Factor, GroupAction, Quadrature
from haarwire.groups.elements import Element, Permutation
from haarwire.groups.order import Order, factorial, power_of_order, times
from haarwire.groups.representation import Representation

__all__ = [
    "alternating",
    "hyperoctahedral",
    "permutations",
    "permutations_of_graphs",
    "permutations_of_sets",
    "permutations_of_tensors",
    "signed_action",
    "signed_generators",
    "symmetric_generators",
]


def permutations(n: int) -> Representation:
    """(ρ(p)x)_i = x_{p_i}: all permutations of n coordinates (S_n).

    Parameters
    ----------
    n : int
        Number of coordinates.

    Returns
    -------
    Representation
        Of order n!. Generators: the exchange of the first two coordinates and the cycle
        ``numpy.roll(x, -1)``; one for n = 2, none for n = 1.

    Raises
    ------
    ParameterError
        When `n` is not a positive integer.

    Examples
    --------
    >>> from haarwire.groups import permutations
    >>> permutations(52).order
    80658175170943878571660636856403766975289505440883277824000000000000
    """
    n = affordable(positive_size(n, "n", "permutations(10)"), 1, "n", "permutations(10)")
    return _symmetric(f"permutations:{n}", n, Permutation)


def permutations_of_sets(n_items: int, n_features: int) -> Representation:
    """X ↦ PX: all permutations of the items of a set (S_n), each with its own features.

    Parameters
    ----------
    n_items : int
        Items n in a set.
    n_features : int
        Features of an item. Sets are arrays of shape (n_items, n_features) flattened item by item, by
        ``items.ravel()``.

    Returns
    -------
    Representation
        On R^(n_items · n_features), of order n_items!; generators as in `permutations`.

    Raises
    ------
    ParameterError
        When a size is not a positive integer.

    References
    ----------
    M. Zaheer et al., "Deep Sets", NeurIPS 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from haarwire.groups import permutations_of_sets
    >>> exchange = permutations_of_sets(3, 2).generators[0]
    >>> exchange.apply(np.arange(6)).reshape(3, 2)
    array([[2, 3],
           [0, 1],
           [4, 5]])
    """
    n_items = positive_size(n_items, "n_items", "permutations_of_sets(14, 12)")
    n_features = positive_size(n_features, "n_features", "permutations_of_sets(14, 12)")
    affordable(n_items * n_features, 1, "n_items", "permutations_of_sets(14, 12)")
    name = f"permutations_of_sets:{n_items}x{n_features}"
    return _symmetric(name, n_items, partial(items_moved, n_features))


def permutations_of_graphs(n_nodes: int) -> Representation:
    """A ↦ PAPᵀ: all relabellings of the nodes of a graph (S_n), on its adjacency matrix.

    Parameters
    ----------
    n_nodes : int
        Nodes n. Graphs are n×n arrays flattened by ``A.ravel()``.

    Returns
    -------
    Representation
        On R^(n²), of order n!; generators as in `permutations`.

    Raises
    ------
    ParameterError
        When `n_nodes` is not a positive integer.

    References
    ----------
    H. Maron et al., "Invariant and equivariant graph networks", ICLR 2019.

    Examples
    --------
    >>> from haarwire.groups import permutations_of_graphs
    >>> permutations_of_graphs(5).dim
    25
    """
    n_nodes = positive_size(n_nodes, "n_nodes", "permutations_of_graphs(9)")
    affordable(n_nodes, 2, "n_nodes", "permutations_of_graphs(9)")
    return _symmetric(f"permutations_of_graphs:{n_nodes}", n_nodes, nodes_moved)


def permutations_of_tensors(n: int, order: int) -> Representation:
    """(ρ(p)T)_{ij…k} = T_{p_i p_j … p_k}: permutations of n items (S_n) on tensors, as of hyperedges.

    Parameters
    ----------
    n : int
        Items.
    order : int
        Indices of a tensor: 1 for vectors, 2 for graphs. Tensors are arrays of shape (n, …, n) flattened
        by ``T.ravel()``.

    Returns
    -------
    Representation
        On R^(n^order), of order n!; generators as in `permutations`. Its invariants are as many as the
        ways to part `order` things into at most n heaps: Bell numbers, for n ≥ order.

    Raises
    ------
    ParameterError
        When a size is not a positive integer.

    References
    ----------
    H. Maron et al., "Invariant and equivariant graph networks", ICLR 2019.

    Examples
    --------
    >>> from haarwire.groups import permutations_of_tensors
    >>> permutations_of_tensors(5, 3).dim
    125
    """
    n = positive_size(n, "n", "permutations_of_tensors(5, 3)")
    order = positive_size(order, "order", "permutations_of_tensors(5, 3)")
    affordable(max(n, 2), order, "n", "permutations_of_tensors(5, 3)")
    return _symmetric(f"permutations_of_tensors:{n}x{order}", n, partial(tensors_moved, order))


def alternating(n: int) -> Representation:
    """(ρ(p)x)_i = x_{p_i}: the even permutations of n coordinates (A_n).

    Parameters
    ----------
    n : int
        Number of coordinates.

    Returns
    -------
    Representation
        Of order n!/2 (1 for n = 1). Generators: the cycle of the first three coordinates and that of all
        of them, or of all but the first where n is even; one for n = 3, none for less.

    Raises
    ------
    ParameterError
        When `n` is not a positive integer.

    Examples
    --------
    >>> from haarwire.groups import alternating
    >>> alternating(5)
    Representation(alternating:5: dim 5, 2 generators, order 60)
    """
    n = affordable(positive_size(n, "n", "alternating(5)"), 1, "n", "alternating(5)")
    three, long = np.arange(n), np.arange(n)
    three[:3] = np.roll(three[:3], -1)
    fixed = 1 - n % 2
    long[fixed:] = np.roll(long[fixed:], -1)
    generators = [Permutation(p) for p in (three, long)[: min(max(n - 2, 0), 2)]]
    action = GroupAction(
        f"A_{n}",
        _half_factorial(n),
        partial(draw_even_permutation, n),
        Permutation,
        factors=_whole(len(generators), partial(alternating_levels, n)),
    )
    return Representation(n, generators, name=f"alternating:{n}", action=action)


def hyperoctahedral(n: int) -> Representation:
    """(ρ(p, s)x)_i = s_i x_{p_i}: signed permutations, the symmetries of the n-dimensional cube (B_n).

    Parameters
    ----------
    n : int
        Number of coordinates.

    Returns
    -------
    Representation
        Of order 2^n n!. Generators: those of `permutations`, and the change of sign of the first
        coordinate.

    Raises
    ------
    ParameterError
        When `n` is not a positive integer.

    Examples
    --------
    >>> from haarwire.groups import hyperoctahedral
    >>> hyperoctahedral(3)
    Representation(hyperoctahedral:3: dim 3, 3 generators, order 48)
    """
    n = affordable(positive_size(n, "n", "hyperoctahedral(3)"), 1, "n", "hyperoctahedral(3)")
    generators = [coordinates_moved(g) for g in signed_generators(n)]
    action = signed_action(n, coordinates_moved)
    return Representation(n, generators, name=f"hyperoctahedral:{n}", action=action)


def symmetric_generators(n: int) -> list[IndexArray]:
    """The exchange of the first two of n things and the cycle of all of them, as far as they differ."""
    exchange, cycle = np.arange(n), np.roll(np.arange(n), -1)
    exchange[:2] = exchange[:2][::-1]
    return [exchange, cycle][: min(n - 1, 2)]


def signed_generators(n: int) -> list[Signed]:
    """Those of S_n, and the change of the first sign."""
    signs = np.ones(n)
    signs[0] = -1.0
    return [*((p, np.ones(n)) for p in symmetric_generators(n)), (np.arange(n), signs)]


def signed_action(n: int, act: Callable[[Signed], Element]) -> GroupAction:
    """What is known of a representation of B_n with the generators of `signed_generators`."""
    return GroupAction(
        f"B_{n}",
        times(power_of_order(2, n), factorial(n)),
        partial(draw_signed_permutation, n),
        act,
        factors=_whole(len(signed_generators(n)), partial(hyperoctahedral_levels, n)),
    )


def _symmetric(name: str, n: int, act: Callable[[Any], Permutation]) -> Representation:
    generators = [act(p) for p in symmetric_generators(n)]
    action = GroupAction(
        f"S_{n}",
        factorial(n),
        partial(draw_permutation, n),
        act,
        factors=_whole(len(generators), partial(symmetric_levels, n)),
    )
    dim = generators[0].dim if generators else act(np.arange(n)).dim
    return Representation(dim, generators, name=name, action=action)


def _half_factorial(n: int) -> int | Order:
    order = factorial(n)
    if isinstance(order, Order):
        return Order(order.log10 - math.log10(2.0), partial(_exact_half, order))
    return max(1, order // 2)


def _exact_half(order: Order) -> int:
    return int(order) // 2


def _whole(count: int, quadrature: Quadrature) -> tuple[Factor, ...]:
    """The group itself as its only factor; the group of one element has none."""
    return (Factor(tuple(range(count)), quadrature=quadrature),) if count else ()
