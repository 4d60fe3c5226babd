"""Finite groups on signals, images, volumes and words."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from haarwire.errors import ParameterError
from haarwire.groups._actions import (
    axes_moved,
    corners_moved,
    draw_below,
    draw_each_below,
    draw_rotation_of_cube,
    power_of_involution,
    shifted,
    shifted_grid,
    turned,
    turned_or_flipped,
)
from haarwire.groups._checks import affordable, flag, positive_size
from haarwire.groups._quadratures import cube_levels, cyclic_levels, dihedral_levels, grid_levels
from haarwire.groups.action import Factor, GroupAction
from haarwire.groups.catalogue.symmetric import signed_action, signed_generators
from haarwire.groups.elements import Element, Permutation
from haarwire.groups.representation import Representation

__all__ = [
    "cube_rotations",
    "cyclic_shifts",
    "dihedral",
    "image_rotations",
    "reflection",
    "reverse_complement",
    "trivial",
]


def trivial(dim: int) -> Representation:
    """x ↦ x: the group of one element on R^dim. Every map is invariant.

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
    dim = affordable(positive_size(dim, "dim", "trivial(10)"), 1, "dim", "trivial(10)")
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
    order = affordable(math.prod(sizes), 1, "shape", usage)
    grid = np.arange(order).reshape(sizes)
    generators = [Permutation._trusted(np.roll(grid, 1, axis).ravel()) for axis in range(len(sizes))]
    name = "cyclic_shifts:" + "x".join(map(str, sizes))
    if len(sizes) == 1:
        # A plain integer, as other representations of C_n have it.
        action = cyclic_action(order, partial(shifted, order))
    else:
        axes = range(len(sizes))
        action = GroupAction(
            " × ".join(f"C_{n}" for n in sizes),
            order,
            partial(draw_each_below, sizes),
            partial(shifted_grid, sizes),
            factors=tuple(Factor((i,), quadrature=partial(grid_levels, sizes, i)) for i in axes),
        )
    return Representation(order, generators, name=name, action=action)


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
    n = affordable(positive_size(n, "n", "reflection(16)"), 1, "n", "reflection(16)")
    return _involution(f"reflection:{n}", Permutation._trusted(np.arange(n)[::-1].copy()))


def dihedral(n: int) -> Representation:
    """(ρx)_i = x_{i−1 mod n} and x_{n−1−i}: turns and reflections of a polygon's n corners (D_n).

    Parameters
    ----------
    n : int
        Corners, 3 or more.

    Returns
    -------
    Representation
        Of order 2n. Generators: the turn by one corner, ``numpy.roll(x, 1)``, and the reversal
        ``x[::-1]``, which exchanges the first corner with the last. ``dihedral(4)`` is the group of
        ``image_rotations(side, reflections=True)``, on the corners of an image.

    Raises
    ------
    ParameterError
        When `n` is not an integer, or less than 3.

    Examples
    --------
    >>> import numpy as np
    >>> from haarwire.groups import dihedral
    >>> [g.apply(np.arange(5)).tolist() for g in dihedral(5).generators]
    [[4, 0, 1, 2, 3], [4, 3, 2, 1, 0]]
    """
    n = affordable(positive_size(n, "n", "dihedral(6)"), 1, "n", "dihedral(6)")
    if n < 3:
        raise ParameterError(
            f"a polygon has 3 corners or more, got n = {n}",
            cause="the groups D_1 and D_2 do not act faithfully on so few corners",
            remedy="use reflection(2), or cyclic_shifts((2, 2))",
        )
    action = dihedral_action(n, partial(corners_moved, n))
    return _generated(f"dihedral:{n}", [(1, 0), (0, 1)], action)


def image_rotations(side: int, *, channels: int = 1, reflections: bool = False) -> Representation:
    """x ↦ rot90(x): the quarter turns of square images (C_4), with `reflections` those too (D_4).

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
    reflections = flag(reflections, "reflections", "image_rotations(8, reflections=True)")
    affordable(side**2 * channels, 1, "side", "image_rotations(8)")
    shape = (side, side, channels)
    name = f"image_rotations:{side}" + (f",channels={channels}" if channels > 1 else "")
    if not reflections:
        return _generated(name, [1], cyclic_action(4, partial(turned, shape)))
    action = dihedral_action(4, partial(turned_or_flipped, shape))
    return _generated(name + ",reflections=true", [(1, 0), (0, 1)], action)


def cube_rotations(side: int, *, channels: int = 1, reflections: bool = False) -> Representation:
    """(ρ(A)v)(x) = v(A⁻¹x): the 24 rotations of a cube on volumes of voxels, with `reflections` all 48.

    A is a signed permutation matrix of the three axes, about the centre of the volume.

    Parameters
    ----------
    side : int
        Voxels along each edge.
    channels : int, default 1
        Channels, *last*: volumes are arrays of shape (side, side, side, channels), flattened by
        ``volume.ravel()``. Every channel moves in the same way.
    reflections : bool, default False
        Whether reflections belong to the group.

    Returns
    -------
    Representation
        Of order 24, or 48. Generators: ``numpy.rot90`` in the plane of the first two axes and in that
        of the last two; with `reflections` those of ``hyperoctahedral(3)``: the exchange of the first
        two axes, their cycle (axis i becomes axis i − 1) and the reversal of the first axis.

    Raises
    ------
    ParameterError
        When a size is not a positive integer, or `reflections` not a boolean.

    References
    ----------
    D. Worrall and G. Brostow, "CubeNet: equivariance to 3D rotation and translation", ECCV 2018.

    Examples
    --------
    >>> from haarwire.groups import cube_rotations
    >>> cube_rotations(8)
    Representation(cube_rotations:8: dim 512, 2 generators, order 24)
    """
    side = positive_size(side, "side", "cube_rotations(8)")
    channels = positive_size(channels, "channels", "cube_rotations(8, channels=2)")
    reflections = flag(reflections, "reflections", "cube_rotations(8, reflections=True)")
    affordable(side**3 * channels, 1, "side", "cube_rotations(8)")
    name = f"cube_rotations:{side}" + (f",channels={channels}" if channels > 1 else "")
    act = partial(axes_moved, (side, side, side, channels))
    if reflections:
        action = signed_action(3, act)
        return _generated(name + ",reflections=true", signed_generators(3), action)
    action = GroupAction(
        "rotations of the cube",
        24,
        draw_rotation_of_cube,
        act,
        factors=(Factor((0, 1), quadrature=cube_levels),),
    )
    quarter_turns = [
        (np.array([1, 0, 2]), np.array([-1.0, 1.0, 1.0])),
        (np.array([0, 2, 1]), np.array([1.0, -1.0, 1.0])),
    ]
    return _generated(name, quarter_turns, action)


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
    words = np.arange(affordable(4, k, "k", "reverse_complement(4)"))
    partners, rest = np.zeros_like(words), words
    for _ in range(k):
        partners = 4 * partners + (3 - rest % 4)
        rest = rest // 4
    return _involution(f"reverse_complement:{k}", Permutation._trusted(partners))


def cyclic_action(n: int, act: Callable[[int], Element]) -> GroupAction:
    """What is known of a representation of C_n with one generator."""
    factor = Factor((0,), quadrature=partial(cyclic_levels, n))
    return GroupAction(f"C_{n}", n, partial(draw_below, n), act, factors=(factor,))


def dihedral_action(n: int, act: Callable[[tuple[int, int]], Element]) -> GroupAction:
    """What is known of a representation of D_n with a turn and a reflection as generators."""
    factor = Factor((0, 1), quadrature=partial(dihedral_levels, n))
    return GroupAction(f"D_{n}", 2 * n, partial(draw_each_below, (n, 2)), act, factors=(factor,))


def _generated(name: str, generators: Sequence[Any], action: GroupAction) -> Representation:
    """The representation generated by some abstract elements."""
    elements = [action.act(u) for u in generators]
    return Representation(elements[0].dim, elements, name=name, action=action)


def _involution(name: str, g: Permutation) -> Representation:
    action = cyclic_action(2, partial(power_of_involution, g))
    return Representation(g.dim, [g], name=name, action=action)
