"""Named representations, one short function each.

Each knows its own order and how to draw a random element, so neither costs anything, however large
the group. Its name is what `from_name` reads: ``from_name(rep.name)`` builds it again.

Representations of one abstract group (all of S_4, say) have generators that correspond, and can be
added and multiplied: ``permutations_of_sets(4, 3) + permutations_of_graphs(4)``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from haarwire.errors import ParameterError
from haarwire.groups._actions import (
    draw_below,
    draw_each_below,
    draw_permutation,
    items_moved,
    nodes_moved,
    power_of_involution,
    shifted,
    shifted_grid,
    turned,
    turned_or_flipped,
)
from haarwire.groups._checks import positive_size
from haarwire.groups.action import GroupAction
from haarwire.groups.elements import Permutation
from haarwire.groups.representation import Representation

__all__ = [
    "cyclic_shifts",
    "image_rotations",
    "permutations",
    "permutations_of_graphs",
    "permutations_of_sets",
    "reflection",
    "reverse_complement",
    "trivial",
]


def trivial(dim: int) -> Representation:
    """X ↦ x: the group of one element on R^dim. Every map is invariant.

    Parameters
    ----------
    dim : int
        Number of coordinates n.

    Returns
    -------
    Representation
        Of order 1, without generators. In sums and products it goes with any group.

    Raises
    ------
    ParameterError
        When `dim` is not a positive integer.

    Examples
    --------
    >>> from haarwire.groups import trivial
    >>> trivial(10)
    Representation(trivial:10: dim 10, 0 generators, order 1)
    """
    dim = positive_size(dim, "dim", "trivial(10)")
    action = GroupAction("C_1", 1, partial(draw_below, 1), partial(shifted, dim))
    return Representation(dim, name=f"trivial:{dim}", action=action)


def cyclic_shifts(shape: int | Sequence[int]) -> Representation:
    """(ρ(k)x)_i = x_{i−k mod n}: shifts of a periodic signal (C_n), or of a periodic grid.

    Parameters
    ----------
    shape : int or sequence of int
        n for a signal of n samples; (h, w) for an h×w grid flattened by ``grid.ravel()``, on which
        C_h × C_w acts by shifts of rows and columns; likewise in more dimensions.

    Returns
    -------
    Representation
        Of order n, or h·w; one generator a direction: ``numpy.roll`` by one.

    Raises
    ------
    ParameterError
        When a size is not a positive integer.

    References
    ----------
    Shift invariance is what convolutional networks are built on: Y. LeCun et al., "Gradient-based
    learning applied to document recognition", Proc. IEEE 86 (1998).

    Examples
    --------
    >>> import numpy as np
    >>> from haarwire.groups import cyclic_shifts
    >>> cyclic_shifts(5).generators[0].apply(np.arange(5))
    array([4, 0, 1, 2, 3])
    >>> cyclic_shifts((28, 28)).order
    784
    """
    given: Any = (shape,) if isinstance(shape, int | np.integer) else shape
    if not isinstance(given, list | tuple) or not given:
        raise ParameterError(
            f"shape must be a positive integer or a sequence of them, got {shape!r}",
            cause="a missing or fractional size",
            remedy="give a count or a grid, as in cyclic_shifts(28) or cyclic_shifts((28, 28))",
        )
    usage = "cyclic_shifts(28) or cyclic_shifts((28, 28))"
    sizes = tuple(positive_size(n, "shape", usage) for n in given)
    order = math.prod(sizes)
    grid = np.arange(order).reshape(sizes)
    generators = [Permutation._trusted(np.roll(grid, 1, axis).ravel()) for axis in range(len(sizes))]
    name = "cyclic_shifts:" + "x".join(map(str, sizes))
    group = " × ".join(f"C_{n}" for n in sizes)
    draw: Callable[[np.random.Generator], Any] = partial(draw_each_below, sizes)
    act: Callable[[Any], Permutation] = partial(shifted_grid, sizes)
    if len(sizes) == 1:
        # A plain integer, as other representations of C_n have it.
        draw, act = partial(draw_below, order), partial(shifted, order)
    return _known(name, generators, group=group, order=order, draw=draw, act=act)


def reflection(n: int) -> Representation:
    """(ρx)_i = x_{n−1−i}: the reversal of n coordinates (C_2), as of a signal read backwards.

    Parameters
    ----------
    n : int
        Number of coordinates.

    Returns
    -------
    Representation
        Of order 2, with one generator.

    Raises
    ------
    ParameterError
        When `n` is not a positive integer.

    Examples
    --------
    >>> import numpy as np
    >>> from haarwire.groups import reflection
    >>> reflection(4).generators[0].apply(np.arange(4))
    array([3, 2, 1, 0])
    """
    n = positive_size(n, "n", "reflection(16)")
    return _involution(f"reflection:{n}", Permutation._trusted(np.arange(n)[::-1].copy()))


def image_rotations(side: int, *, channels: int = 1, reflections: bool = False) -> Representation:
    """X ↦ rot90(x): the quarter turns of square images (C_4), with `reflections` those too (D_4).

    Parameters
    ----------
    side : int
        Height and width of the images in pixels.
    channels : int, default 1
        Channels, *last*: the images are arrays of shape (side, side, channels), as NumPy, PIL and
        TensorFlow hold them, flattened by ``image.ravel()``. (PyTorch puts them first: move them with
        ``numpy.moveaxis(images, -3, -1)``.) Every channel moves in the same way.
    reflections : bool, default False
        Whether left-right reflections belong to the group.

    Returns
    -------
    Representation
        On R^(side² · channels), of order 4, or 8. Generators: ``numpy.rot90``, then ``numpy.fliplr``.

    Raises
    ------
    ParameterError
        When a size is not a positive integer, or `reflections` not a boolean.

    References
    ----------
    T. Cohen and M. Welling, "Group equivariant convolutional networks", ICML 2016 (p4 and p4m without
    their translations).

    Examples
    --------
    >>> import numpy as np
    >>> from haarwire.groups import image_rotations
    >>> turn = image_rotations(2).generators[0]
    >>> turn.apply(np.array([1, 2, 3, 4])).reshape(2, 2)
    array([[2, 4],
           [1, 3]])
    """
    side = positive_size(side, "side", "image_rotations(8)")
    channels = positive_size(channels, "channels", "image_rotations(8, channels=3)")
    if not isinstance(reflections, bool | np.bool_):
        raise ParameterError(
            f"reflections must be True or False, got {reflections!r}",
            cause="a number or a text given for a yes-or-no option",
            remedy="type image_rotations(8, reflections=True)",
        )
    shape = (side, side, channels)
    name = f"image_rotations:{side}" + (f",channels={channels}" if channels > 1 else "")
    generators = [turned(shape, 1)]
    draw: Callable[[np.random.Generator], Any] = partial(draw_below, 4)
    act: Callable[[Any], Permutation] = partial(turned, shape)
    if not reflections:
        return _known(name, generators, group="C_4", order=4, draw=draw, act=act)
    generators.append(turned_or_flipped(shape, (0, 1)))
    draw, act = partial(draw_each_below, (4, 2)), partial(turned_or_flipped, shape)
    return _known(name + ",reflections=true", generators, group="D_4", order=8, draw=draw, act=act)


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
    n = positive_size(n, "n", "permutations(10)")
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
    return _symmetric(f"permutations_of_graphs:{n_nodes}", n_nodes, nodes_moved)


def reverse_complement(k: int) -> Representation:
    """(ρx)_w = x_{w̄}, w̄ the reverse complement of w: k-mer counts of either DNA strand (C_2).

    Parameters
    ----------
    k : int
        Length of the words. Bases A, C, G, T count as 0, 1, 2, 3, and a word as the number in base 4
        that they spell, first base most significant: that is alphabetical order.

    Returns
    -------
    Representation
        On R^(4^k), of order 2, with one generator.

    Raises
    ------
    ParameterError
        When `k` is not a positive integer.

    References
    ----------
    A. Shrikumar, P. Greenside and A. Kundaje, "Reverse-complement parameter sharing improves deep
    learning models for genomics", bioRxiv 103663 (2017).

    Examples
    --------
    AC is read as GT on the other strand:

    >>> import numpy as np
    >>> from haarwire.groups import reverse_complement
    >>> words = np.array([a + b for a in "ACGT" for b in "ACGT"])
    >>> str(words[reverse_complement(2).generators[0].indices][1])
    'GT'
    """
    k = positive_size(k, "k", "reverse_complement(4)")
    words = np.arange(4**k)
    partners, rest = np.zeros_like(words), words
    for _ in range(k):
        partners = 4 * partners + (3 - rest % 4)
        rest = rest // 4
    return _involution(f"reverse_complement:{k}", Permutation._trusted(partners))


def _known(
    name: str,
    generators: Sequence[Permutation],
    *,
    group: str,
    order: int,
    draw: Callable[[np.random.Generator], Any],
    act: Callable[[Any], Permutation],
) -> Representation:
    action = GroupAction(group, order, draw, act)
    return Representation(generators[0].dim, generators, name=name, action=action)


def _involution(name: str, g: Permutation) -> Representation:
    draw, act = partial(draw_below, 2), partial(power_of_involution, g)
    return _known(name, [g], group="C_2", order=2, draw=draw, act=act)


def _symmetric(name: str, n: int, act: Callable[[Any], Permutation]) -> Representation:
    exchange, cycle = np.arange(n), np.roll(np.arange(n), -1)
    exchange[:2] = exchange[:2][::-1]
    generators = [act(p) for p in (exchange, cycle)[: min(n - 1, 2)]]
    dim = act(exchange).dim
    action = GroupAction(f"S_{n}", math.factorial(n), partial(draw_permutation, n), act)
    return Representation(dim, generators, name=name, action=action)
