"""Listing the group that elements generate, and Schreier–Sims for permutations (through sympy).

Functions of generators: no representation, no names, no algebra. sympy is imported on first use.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from haarwire._numbers import FloatArray, IndexArray, is_integer
from haarwire.errors import GroupTooLargeError, ParameterError
from haarwire.groups.elements import Element, Matrix, Permutation, SignedPermutation
from haarwire.groups.order import Order

__all__ = [
    "ENUMERATION_LIMIT",
    "check_limit",
    "list_elements",
    "n_points",
    "permutation_group",
    "point_moves",
    "shown",
    "too_large",
    "transversals",
    "written_down",
]

ENUMERATION_LIMIT: Final = 100_000
"""Default of the largest group that is listed element by element."""

_ENUMERATION_BYTES: Final = 2**30
_MOST_DIGITS: Final = 10**7
_MATCH: Final = 1e-6
"""Two matrices of a finite group closer than this (max-norm) are the same element."""


def list_elements(generators: Sequence[Element], dim: int, *, limit: int, label: str) -> tuple[Element, ...]:
    """List every product of the generators, the identity first: breadth-first over the Cayley graph.

    Parameters
    ----------
    generators : sequence of Element
        Elements of dimension `dim`. Inverses need not be given: they are powers in a finite group.
    dim : int
        Dimension n of the space acted on.
    limit : int
        Give up beyond this many elements (fewer for large matrices: 1 GiB of them at most).
    label : str
        Name of the group, for the message.

    Raises
    ------
    GroupTooLargeError
        When there are more.
    """
    signed = [g for g in generators if not isinstance(g, Permutation)]
    by_index = all(isinstance(g, SignedPermutation) for g in signed)
    affordable = max(1, _ENUMERATION_BYTES // (8 * (2 * dim if by_index else dim**2)))
    identity: Element = Permutation.identity(dim)
    if signed:
        identity = Permutation.identity(dim).signed() if by_index else Matrix(np.eye(dim))
    seen = _PermutationCatalogue() if by_index else _MatrixCatalogue()
    seen.add(identity)
    found = [identity]
    for g in found:  # grows while it is walked
        for s in generators:
            candidate = s @ g
            if seen.add(candidate):
                found.append(candidate)
                if len(found) > min(limit, affordable):
                    raise too_large(label, f"more than {len(found) - 1}", limit, affordable)
    return tuple(found)


def check_limit(limit: int) -> None:
    """Raise unless the bound on the number of elements is a positive integer."""
    if not is_integer(limit, 1):
        raise ParameterError(
            f"limit must be a positive integer, got {limit!r}",
            cause="a fractional or negative bound on the number of elements",
            remedy="give a count, as in elements(limit=1000)",
        )


def permutation_group(generators: Sequence[Element], dim: int) -> Any:
    """The sympy PermutationGroup on 0 … n − 1, or on the points ±e_i where a generator has signs."""
    from sympy.combinatorics import Permutation as SympyPermutation
    from sympy.combinatorics import PermutationGroup

    points = [move.tolist() for move in point_moves(generators)]
    identity = list(range(n_points(generators, dim)))
    return PermutationGroup([SympyPermutation(p) for p in points or [identity]])


def transversals(generators: Sequence[Element], dim: int, group: Any) -> tuple[tuple[Element, ...], ...]:
    """A chain T_1, …, T_k such that each element is u_1 u_2 ⋯ u_k for exactly one choice u_i ∈ T_i.

    Parameters
    ----------
    generators : sequence of Permutation or SignedPermutation
        Elements of dimension `dim`.
    dim : int
        Dimension n of the space acted on.
    group : sympy.combinatorics.PermutationGroup
        ``permutation_group(generators, dim)``, which keeps the work it has already done.
    """
    signed = n_points(generators, dim) > dim
    chain: list[tuple[Element, ...]] = []
    for level in group.basic_transversals:
        points = [np.array(u.array_form, dtype=np.intp) for u in level.values()]
        if signed:
            halves = [p[:dim] for p in points]
            chain.append(tuple(SignedPermutation(h % dim, np.where(h < dim, 1, -1)) for h in halves))
        else:
            chain.append(tuple(Permutation(p) for p in points))
    # In sympy g = f_k ⋯ f_2 f_1, applied from the left; so is Element.__matmul__ on these indices.
    return tuple(reversed(chain))


def shown(order: float | Order) -> str:
    """An order for messages: Python refuses to write integers of more than 4300 digits."""
    if order == math.inf:
        return "infinite"
    if isinstance(order, Order):
        return str(order)
    return str(order) if order < 10**15 else f"about 10^{math.log10(order):.0f}"


def written_down(order: float | Order, label: str) -> int | float:
    """An order as a plain number, where its digits can be computed in seconds."""
    if not isinstance(order, Order):
        return order
    if order.log10 > _MOST_DIGITS:
        raise GroupTooLargeError(
            f"{label} has {order} elements, a number of too many digits to be computed",
            cause="factorials of millions take hours",
            remedy="nothing in Haarwire needs it: rep.is_finite says that it is finite, and "
            "rep.action.order.log10 how large",
        )
    return int(order)


def too_large(
    label: str, count: str, limit: float = math.inf, affordable: float = math.inf
) -> GroupTooLargeError:
    """The error for a group that cannot be listed, by the limit given or because so many take 1 GiB."""
    remedy = (
        "nothing in Haarwire needs the list: invariant_subspace, haar_average and solve work "
        "from the generators"
    )
    if affordable < limit:
        bound = f", of which {affordable} take 1 GiB of memory"
    else:
        bound = f", the limit is {limit}" if limit < math.inf else ""
        remedy += "; raise limit= to list it all the same" if bound else ""
    return GroupTooLargeError(
        f"{label} has {count} elements{bound}",
        cause="an infinite group, or one far too large to list",
        remedy=remedy,
    )


def point_moves(elements: Sequence[Element]) -> list[IndexArray]:
    """How (signed) permutations move the n coordinates, or the 2n points ±e_i where one has signs."""
    monomial = [g for g in elements if isinstance(g, Permutation | SignedPermutation)]
    if all(isinstance(g, Permutation) for g in monomial):
        return [g.indices for g in monomial]
    return [g.signed().as_permutation().indices for g in monomial]


def n_points(elements: Sequence[Element], dim: int) -> int:
    """Number of points that `point_moves` moves."""
    return 2 * dim if any(isinstance(g, SignedPermutation) for g in elements) else dim


class _PermutationCatalogue:
    """Set of (signed) permutations already seen."""

    def __init__(self) -> None:
        self._seen: set[bytes] = set()

    def add(self, g: Element) -> bool:
        assert isinstance(g, Permutation | SignedPermutation)
        signs = b"" if g.signs is None else (g.signs > 0).tobytes()
        key = g.indices.tobytes() + signs
        if key in self._seen:
            return False
        self._seen.add(key)
        return True


class _MatrixCatalogue:
    """Set of matrices already seen, up to rounding.

    Found again by a random linear functional of the entries: equal matrices land in the same bin or
    a neighbouring one, and are then compared entry by entry.
    """

    def __init__(self) -> None:
        self._bins: dict[int, list[FloatArray]] = {}
        self._functional: FloatArray | None = None

    def add(self, g: Element) -> bool:
        entries = g.to_dense()
        if self._functional is None:
            rng = np.random.default_rng(0)
            functional = rng.standard_normal(entries.shape)
            # Of 1-norm 1, so that entries within _MATCH of each other have values within _MATCH.
            self._functional = functional / np.abs(functional).sum()
        key = math.floor(float(np.vdot(self._functional, entries)) / _MATCH)
        for near in (key - 1, key, key + 1):
            for seen in self._bins.get(near, ()):
                if np.abs(seen - entries).max() <= _MATCH:
                    return False
        self._bins.setdefault(key, []).append(entries)
        return True
