"""Finite groups given by matrices or by a sympy group, and wreath products."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike

from haarwire._numbers import FloatArray, IndexArray, is_integer
from haarwire.errors import ParameterError, RepresentationError
from haarwire.groups._actions import blocks_moved, draw_from_chain, draw_wreath
from haarwire.groups._checks import MatrixLike, affordable, positive_size
from haarwire.groups._quadratures import uniform, wreath_levels
from haarwire.groups.action import Factor, GroupAction, Level, Quadrature
from haarwire.groups.catalogue.symmetric import permutations, symmetric_generators
from haarwire.groups.elements import Element, Matrix, Permutation
from haarwire.groups.order import factorial, power_of_order, times
from haarwire.groups.representation import Representation

__all__ = ["from_matrices", "from_permutation_group", "wreath"]


def from_matrices(matrices: Sequence[ArrayLike], *, name: str = "") -> Representation:
    """The group that some invertible matrices generate, each kept as the cheapest kind of element.

    Parameters
    ----------
    matrices : sequence of array_like or SciPy sparse array, shape (n, n)
        One or more, of one size. Permutation matrices become `Permutation` s.
    name : str, optional
        Shown in messages and tables.

    Returns
    -------
    Representation
        Its order is found out when asked for.

    Raises
    ------
    RepresentationError
        When there is none, or one is not a real invertible square matrix or has another size.

    Examples
    --------
    >>> from haarwire.groups import from_matrices
    >>> from_matrices([[[0, -1], [1, 0]]]).order
    4
    """
    given = list(matrices) if not isinstance(matrices, sp.sparray | sp.spmatrix) else [matrices]
    if not given:
        raise RepresentationError(
            "from_matrices needs at least one matrix, got none",
            cause="an empty list; its dimension would be unknown",
            remedy="use trivial(n) for the group of one element",
        )
    elements = [Matrix(A).simplified() for A in given]
    return Representation(elements[0].dim, elements, name=name)


def from_permutation_group(group: Any, *, size: int | None = None, name: str = "") -> Representation:
    """(ρ(p)x)_i = x_{p(i)}, for p in a permutation group of sympy.

    Parameters
    ----------
    group : sympy.combinatorics.PermutationGroup
        On the points 0 … n − 1; ``p(i)`` is the image of i. In sympy, p∗q is first p, then q, and so it
        is here: ρ(p∗q) = ρ(p) ρ(q).
    size : int, optional
        Number of coordinates, at least the degree of the group; the further ones stay. None: the degree.
    name : str, optional
        Shown in messages and tables.

    Returns
    -------
    Representation
        With the generators of `group`, in their order. Order, sampler and transversals come from its
        Schreier–Sims, which is run here. A random element is a product of random ones of the
        transversals.

    Raises
    ------
    ParameterError
        When `group` is not a permutation group, or `size` is less than its degree.

    Examples
    --------
    >>> from sympy.combinatorics.named_groups import AlternatingGroup
    >>> from haarwire.groups import from_permutation_group
    >>> from_permutation_group(AlternatingGroup(4), size=6)
    Representation(unnamed: dim 6, 2 generators, order 12)
    """
    from sympy.combinatorics import PermutationGroup

    if not isinstance(group, PermutationGroup):
        raise ParameterError(
            f"group must be a sympy PermutationGroup, got {type(group).__name__}",
            cause="a list of permutations, or a group of another package",
            remedy="list its generators: Representation(n, [Permutation(p), …]) needs no sympy",
        )
    degree = int(group.degree)
    size = degree if size is None else positive_size(size, "size", "from_permutation_group(group, size=8)")
    if size < degree:
        raise ParameterError(
            f"size must be {degree} at least, got {size}",
            cause=f"the group moves the points 0 … {degree - 1}",
            remedy="leave size out, or give the number of coordinates",
        )
    generators = [np.array(p.array_form, dtype=np.intp) for p in group.generators]
    # In sympy g = f_k ⋯ f_2 f_1, applied from the left.
    chain = [
        [np.array(u.array_form, dtype=np.intp) for u in level.values()]
        for level in reversed(group.basic_transversals)
    ]
    action = GroupAction(
        f"permutations {_digest(generators)}",
        int(group.order()),
        partial(draw_from_chain, [[np.arange(degree)], *chain]),
        partial(_on_more_coordinates, size),
        factors=(Factor(tuple(range(len(generators))), quadrature=partial(_listed_levels, chain)),),
    )
    return Representation(size, [action.act(p) for p in generators], name=name, action=action)


def wreath(inner: int | Representation, copies: int) -> Representation:
    """H ≀ S_k on k blocks: each block is moved by an element of H of its own, and all are exchanged.

    Parameters
    ----------
    inner : Representation or int
        How H acts on a block of n coordinates; an integer n means ``permutations(n)``.
    copies : int
        Number of blocks k.

    Returns
    -------
    Representation
        On R^(k·n), arrays of shape (k, n) flattened by ``x.ravel()``; of order |H|^k k!. Generators: those
        of H on the first block, then those of `permutations` on the blocks. An abstract element is
        ((h_1, …, h_k), p): blocks are exchanged by p, then block i is moved by h_i (None: not at all).

    Raises
    ------
    ParameterError
        When `inner` is neither an integer nor a representation, or a size is not positive.
    GroupTooLargeError
        When the elements of `inner` are not known and are too many to be listed.

    References
    ----------
    R. Wang, M. Albooyeh and S. Ravanbakhsh, "Equivariant networks for hierarchical structures",
    NeurIPS 2020.

    Examples
    --------
    Sets of four periodic signals, each with a phase of its own:

    >>> from haarwire.groups import cyclic_shifts, wreath
    >>> wreath(cyclic_shifts(5), 4)
    Representation(wreath:cyclic_shifts:5,copies=4: dim 20, 3 generators, order 15000)
    """
    if not isinstance(inner, Representation):
        if not is_integer(inner, 1):
            raise ParameterError(
                f"inner must be a Representation or a positive integer, got {inner!r}",
                cause="the name of a symmetry, or a fractional or negative size",
                remedy="give a representation or a count, as in wreath(cyclic_shifts(5), 4) or wreath(4, 3); "
                "from_name(name) makes a representation",
            )
        inner = permutations(int(inner))
    copies = positive_size(copies, "copies", "wreath(cyclic_shifts(5), 4)")
    n, known = inner.dim, inner.action if inner.action is not None else _found_out(inner)
    affordable(n * copies, 1, "copies", "wreath(cyclic_shifts(5), 4)")
    rest = (copies - 1) * n
    generators = [_first_block(g, rest) for g in inner.generators]
    act = partial(blocks_moved, known.act, n)
    still = (None,) * copies
    generators += [act((still, p)) for p in symmetric_generators(copies)]
    zeros = [sp.csr_array((rest, rest))] if rest else []
    algebra = [sp.csr_array(sp.block_diag([L, *zeros], format="csr")) for L in inner.algebra]
    levels = None
    if known.quadratures or not (inner.generators or inner.algebra):
        levels = partial(wreath_levels, partial(_composed_levels, known.quadratures), copies)
    action = GroupAction(
        f"({known.group}) ≀ S_{copies}",
        times(power_of_order(known.order, copies), factorial(copies)),
        partial(draw_wreath, known.draw, copies) if known.draw is not None else None,
        act,
        is_compact=known.is_compact,
        degree=known.degree,
        factors=(Factor(tuple(range(len(generators))), tuple(range(len(algebra))), levels),),
    )
    name = f"wreath:{inner.name},copies={copies}" if inner.name else ""
    return Representation(n * copies, generators, algebra, name=name, action=action)


def _found_out(rep: Representation) -> GroupAction:
    """What can be found out of a group that is not from the catalogue; its abstract elements are Elements."""
    entries = [part for g in rep.generators for part in _entries(g.to_sparse())]
    group = f"group {_digest([*entries, *(part for L in rep.algebra for part in _entries(L))])}"
    if any(abs(L).max() > 0.0 for L in rep.algebra):
        return GroupAction(group, math.inf, None, _itself, is_compact=rep.is_compact)
    chain = rep.transversals() if rep.is_signed_permutation else (rep.elements(),)
    factor = Factor(tuple(range(len(rep.generators))), quadrature=partial(_listed_levels, chain))
    return GroupAction(group, rep.order, rep._draw, _itself, factors=(factor,))


def _first_block(g: Element, rest: int) -> Element:
    return g.direct_sum(Permutation.identity(rest)) if rest else g


def _digest(arrays: Sequence[Any]) -> str:
    """A short name for generators: the same for the same ones, in any process."""
    content = b"".join(np.ascontiguousarray(A).tobytes() + str(A.shape).encode() for A in arrays)
    return hashlib.sha256(content).hexdigest()[:12]


def _entries(L: MatrixLike) -> tuple[FloatArray, IndexArray, IndexArray]:
    """The entries that are not zero and where they stand, in an order that does not depend on the storage."""
    A = sp.csr_array(L, copy=True)
    A.sum_duplicates()
    A.eliminate_zeros()
    return A.data, A.indices.astype(np.intp), A.indptr.astype(np.intp)


def _itself(g: Element) -> Element:
    return g


def _on_more_coordinates(size: int, p: IndexArray) -> Permutation:
    return Permutation._trusted(np.concatenate([p, np.arange(p.size, size)]))


def _listed_levels(chain: Sequence[Sequence[Any]], _degree: int) -> tuple[Level, ...]:
    return tuple(map(uniform, chain))


def _composed_levels(quadratures: Sequence[Quadrature], degree: int) -> tuple[Level, ...]:
    return tuple(level for exact in quadratures for level in exact(degree))
