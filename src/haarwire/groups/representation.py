"""A linear group action, given by finitely many generators and Lie-algebra elements."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any, Final, TypeAlias, final

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike, NDArray

from haarwire.errors import GroupTooLargeError, NoSamplerError, RepresentationError
from haarwire.groups.averaging import has_invariant_inner_product
from haarwire.groups.elements import (
    Element,
    Matrix,
    MatrixLike,
    Permutation,
    SignedPermutation,
    as_square,
)

__all__ = ["GroupAction", "Representation"]

FloatArray: TypeAlias = NDArray[np.floating[Any]]

ENUMERATION_LIMIT: Final = 100_000
"""Default of the largest group that is listed element by element."""

_ENUMERATION_BYTES: Final = 2**30
_MATCH: Final = 1e-6
"""Two matrices of a finite group closer than this (max-norm) are the same element."""


@dataclass(frozen=True, eq=False)
class GroupAction:
    """What the catalogue knows of a group beyond its generators.

    Attributes
    ----------
    group : str
        Name of the abstract group; representations with the same name are driven by the same elements.
    order : int
        Number of elements of the abstract group.
    draw : callable
        ``draw(rng)`` draws an abstract element uniformly (by Haar measure).
    act : callable
        ``act(abstract)`` is ρ(abstract), an `Element`.
    """

    group: str
    order: int
    draw: Callable[[np.random.Generator], Any]
    act: Callable[[Any], Element]


@final
@dataclass(frozen=True, eq=False)
class Representation:
    """A linear action of a group on R^dim: x ↦ ρ(g)x.

    The group is the closure of what the generators generate, together with exp(tL) for the
    Lie-algebra elements L and all real t. A map W is invariant if and only if Wρ(g) = W for every
    generator and WL = 0 for every L (theory, section 1).

    Parameters
    ----------
    dim : int
        Dimension n of the space acted on.
    generators : sequence of Element, optional
        `Permutation`, `SignedPermutation` or `Matrix`, each of dimension n. None: the trivial group.
    algebra : sequence of array_like or SciPy sparse array, shape (n, n), optional
        Lie-algebra elements.
    name : str, optional
        Shown in messages and tables.
    action : GroupAction, optional
        Order and sampler, where they are known (the catalogue gives them).

    Raises
    ------
    RepresentationError
        When a generator has another dimension or is not an `Element`.

    Examples
    --------
    >>> import haarwire as hw
    >>> flip = hw.Representation(3, (hw.Permutation([2, 1, 0]),))
    >>> flip.order
    2
    """

    dim: int
    generators: tuple[Element, ...] = ()
    algebra: tuple[MatrixLike, ...] = ()
    name: str = field(default="", kw_only=True)
    action: GroupAction | None = field(default=None, kw_only=True)

    def __init__(
        self,
        dim: int,
        generators: Sequence[Element] = (),
        algebra: Sequence[ArrayLike | sp.sparray | sp.spmatrix] = (),
        *,
        name: str = "",
        action: GroupAction | None = None,
    ) -> None:
        dim = _checked_dimension(dim)
        if isinstance(generators, Element):
            generators = (generators,)
        for i, g in enumerate(generators):
            if not isinstance(g, Element):
                raise RepresentationError(
                    f"generator {i} is a {type(g).__name__}, not a group element",
                    cause="an array was given where a Permutation or Matrix is needed",
                    remedy="wrap it: Representation(n, (Matrix(A),)) or (Permutation(p),)",
                )
            _check_dimension(f"generator {i}", g.dim, dim)
        elements = tuple(
            as_square(L, f"Lie-algebra element {j}")[0] for j, L in enumerate(algebra)
        )
        for j, L in enumerate(elements):
            _check_dimension(f"Lie-algebra element {j}", int(L.shape[0]), dim)
        object.__setattr__(self, "dim", dim)
        object.__setattr__(self, "generators", tuple(generators))
        object.__setattr__(self, "algebra", elements)
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "action", action)

    def __repr__(self) -> str:
        parts = [f"dim {self.dim}", f"{len(self.generators)} generators"]
        if self.algebra:
            parts.append(f"{len(self.algebra)} Lie-algebra elements")
        if self.action is not None:
            parts.append(f"order {self.action.order}")
        return f"Representation({self.name or 'unnamed'}: {', '.join(parts)})"

    # What kind of action it is: found out, never believed.

    @cached_property
    def is_permutation(self) -> bool:
        """Whether every generator is a `Permutation` and there is no Lie algebra."""
        return not self.algebra and all(isinstance(g, Permutation) for g in self.generators)

    @cached_property
    def is_signed_permutation(self) -> bool:
        """Whether every generator is a `Permutation` or a `SignedPermutation`, without Lie algebra."""
        return not self.algebra and all(
            isinstance(g, Permutation | SignedPermutation) for g in self.generators
        )

    @cached_property
    def is_orthogonal(self) -> bool:
        """Whether ρ(g)ᵀρ(g) = I for the generators and L = −Lᵀ, up to rounding."""
        skew = all(
            abs(L + L.T).max() <= 8.0 * np.finfo(float).eps * max(abs(L).max(), 1.0)
            for L in self.algebra
        )
        return skew and all(g.is_orthogonal for g in self.generators)

    @cached_property
    def is_compact(self) -> bool:
        """Whether the closure of the group is compact, so that a Haar average exists.

        Orthogonal actions are; others are if and only if an invariant inner product exists, which is
        searched for (and found, to rounding, when there is one).
        """
        return self.is_orthogonal or has_invariant_inner_product(
            self.generators, self.algebra, self.dim
        )

    @cached_property
    def order(self) -> int | float:
        """Number of elements of the group; ``math.inf`` for an infinite one.

        Known to catalogue entries (there: of the abstract group); otherwise from sympy's Schreier-Sims
        for permutations, and by enumeration for matrices.

        Raises
        ------
        GroupTooLargeError
            When a matrix group has more than 100,000 elements, perhaps infinitely many.
        """
        if self.action is not None:
            return self.action.order
        if not self.generators and not self.algebra:
            return 1
        if any(abs(L).max() > 0 for L in self.algebra):
            return math.inf
        if self.is_signed_permutation:
            return int(self._sympy_group.order())
        if not self.is_compact:
            return math.inf
        return len(self.elements())

    @property
    def is_finite(self) -> bool:
        """Whether the group has finitely many elements (see `order` for the errors)."""
        return math.isfinite(self.order)

    # Elements.

    def elements(self, limit: int = ENUMERATION_LIMIT) -> tuple[Element, ...]:
        """Every element of the group, the identity first.

        Parameters
        ----------
        limit : int
            Give up beyond this many elements (fewer for large matrices: 1 GiB of them at most).

        Raises
        ------
        GroupTooLargeError
            When there are more.
        """
        if any(abs(L).max() > 0 for L in self.algebra):
            raise _too_large(self, "infinitely many")
        known = self.action.order if self.action is not None else None
        if known is not None and known > limit:
            raise _too_large(self, f"{known}", limit)
        catalogue = _PermutationCatalogue() if self.is_signed_permutation else _MatrixCatalogue()
        entries = 2 * self.dim if self.is_signed_permutation else self.dim**2
        limit = min(limit, max(1, _ENUMERATION_BYTES // (8 * entries)))
        identity: Element = Permutation(np.arange(self.dim))
        if not self.is_permutation:
            identity = identity.signed() if self.is_signed_permutation else Matrix(np.eye(self.dim))
        found = [identity]
        catalogue.add(identity)
        for g in found:  # grows while it is walked: breadth-first over the Cayley graph
            for s in self.generators:
                candidate = s @ g
                if catalogue.add(candidate):
                    found.append(candidate)
                    if len(found) > limit:
                        raise _too_large(self, f"more than {limit}", limit)
        return tuple(found)

    def sample(
        self, rng: np.random.Generator | int | None = None, size: int | None = None
    ) -> Any:
        """Draw elements by Haar measure (uniformly, for a finite group).

        Parameters
        ----------
        rng : numpy.random.Generator or int, optional
            Source of randomness, or a seed for one.
        size : int, optional
            How many independent elements. None: one element, not in a list.

        Returns
        -------
        Element or list of Element

        Raises
        ------
        NoSamplerError
            For a continuous or non-compact group, for which no exact sampler is known here.
        GroupTooLargeError
            For a matrix group too large to be listed.
        """
        generator = np.random.default_rng(rng)
        draw = self._draw
        if size is None:
            return draw(generator)
        return [draw(generator) for _ in range(size)]

    @cached_property
    def _draw(self) -> Callable[[np.random.Generator], Element]:
        if self.action is not None:
            return partial(_draw_known, self.action)
        if any(abs(L).max() > 0 for L in self.algebra):
            raise NoSamplerError(
                f"no exact sampler is known for {self.label}",
                cause="it has Lie-algebra elements and does not come from the catalogue",
                remedy="pass action=GroupAction(group, order, draw, act) with a sampler of your own",
            )
        if self.is_signed_permutation:
            return partial(_draw_factors, self.transversals(), self._identity)
        return partial(_draw_listed, self.elements())

    @property
    def label(self) -> str:
        """The name, or a description where there is none."""
        return self.name or f"an unnamed group on {self.dim} coordinates"

    @property
    def _identity(self) -> Element:
        return Permutation(np.arange(self.dim))

    @cached_property
    def _sympy_group(self) -> Any:
        from sympy.combinatorics import Permutation as SympyPermutation
        from sympy.combinatorics import PermutationGroup

        points = [
            g.indices if isinstance(g, Permutation) else g.as_permutation().indices
            for g in map(self._pointwise, self.generators)
        ]
        size = self.dim if self.is_permutation else 2 * self.dim
        return PermutationGroup(
            [SympyPermutation(p.tolist()) for p in points] or [SympyPermutation(size - 1)]
        )

    def _pointwise(self, g: Element) -> Permutation | SignedPermutation:
        """A generator as it acts on points: on ±e_i when any generator has signs."""
        if isinstance(g, Permutation):
            return g if self.is_permutation else g.signed()
        assert isinstance(g, SignedPermutation)  # guarded by is_signed_permutation
        return g

    def transversals(self) -> tuple[tuple[Element, ...], ...]:
        """A chain of transversals: each element is u_1 u_2 ⋯ u_k for exactly one choice u_i ∈ T_i.

        From sympy's Schreier–Sims (permutations and signed permutations). The order of the group is the
        product of their sizes, the cost of averaging over it the sum.

        Raises
        ------
        RepresentationError
            For other representations.
        """
        if not self.is_signed_permutation:
            raise RepresentationError(
                f"no chain of transversals is known for {self.label}",
                cause="it is generated by matrices that are not signed permutations",
                remedy="use elements() for a small finite group",
            )
        n = self.dim
        chain: list[tuple[Element, ...]] = []
        for level in self._sympy_group.basic_transversals:
            points = [np.array(u.array_form, dtype=np.intp) for u in level.values()]
            if self.is_permutation:
                chain.append(tuple(Permutation(p) for p in points))
            else:
                chain.append(
                    tuple(SignedPermutation(p[:n] % n, np.where(p[:n] < n, 1, -1)) for p in points)
                )
        # In sympy g = f_k ⋯ f_2 f_1, applied from the left; so is Element.__matmul__ on these indices.
        return tuple(reversed(chain))

    # Algebra of representations of one group.

    def __add__(self, other: Representation) -> Representation:
        """The direct sum ρ ⊕ σ of two representations of the same group."""
        return self._combined(other, "⊕", _sum_elements, _sum_algebra, self.dim + other.dim)

    def __mul__(self, other: Representation) -> Representation:
        """The tensor product ρ ⊗ σ of two representations of the same group."""
        return self._combined(other, "⊗", _tensor_elements, _tensor_algebra, self.dim * other.dim)

    @cached_property
    def dual(self) -> Representation:
        """The dual representation g ↦ ρ(g)⁻ᵀ, the action on functionals."""
        action = self.action and GroupAction(
            self.action.group,
            self.action.order,
            self.action.draw,
            partial(_act_dual, self.action.act),
        )
        return Representation(
            self.dim,
            [g.dual for g in self.generators],
            [-L.T for L in self.algebra],
            name=f"({self.name})*" if self.name else "",
            action=action,
        )

    def _combined(
        self,
        other: Representation,
        symbol: str,
        combine: Callable[[Element, Element], Element],
        derive: Callable[[MatrixLike, MatrixLike], MatrixLike],
        dim: int,
    ) -> Representation:
        first, second = _aligned(self, other)
        generators = [
            combine(g, h) for g, h in zip(first.generators, second.generators, strict=True)
        ]
        algebra = [derive(L, K) for L, K in zip(first.algebra, second.algebra, strict=True)]
        action = None
        if first.action is not None and second.action is not None:
            action = GroupAction(
                first.action.group,
                first.action.order,
                first.action.draw,
                partial(_act_both, combine, first.action.act, second.action.act),
            )
        name = f"{self.name} {symbol} {other.name}" if self.name and other.name else ""
        return Representation(dim, generators, algebra, name=name, action=action)


def _aligned(a: Representation, b: Representation) -> tuple[Representation, Representation]:
    """Make the generators of two representations correspond; a trivial one fits any group."""
    for one, other, swap in ((a, b, False), (b, a, True)):
        if not one.generators and not one.algebra:
            identity = Permutation(np.arange(one.dim))
            zero = sp.csr_array((one.dim, one.dim))
            action = other.action and GroupAction(
                other.action.group,
                other.action.order,
                other.action.draw,
                partial(_act_trivially, identity),
            )
            padded = Representation(
                one.dim,
                [identity] * len(other.generators),
                [zero] * len(other.algebra),
                name=one.name,
                action=action,
            )
            return (other, padded) if swap else (padded, other)
    groups = [r.action.group for r in (a, b) if r.action is not None]
    counts = [(len(r.generators), len(r.algebra)) for r in (a, b)]
    if len(set(groups)) > 1 or counts[0] != counts[1]:
        shown = " and ".join(f"{r.label} ({len(r.generators)} generators)" for r in (a, b))
        raise RepresentationError(
            f"these are not representations of one group: {shown}",
            cause="sums and products need generators that correspond one to one",
            remedy="build both from the same group, generator by generator in the same order; "
            "trivial(dim) goes with any group",
        )
    return a, b


def _sum_elements(g: Element, h: Element) -> Element:
    return g.direct_sum(h)


def _tensor_elements(g: Element, h: Element) -> Element:
    return g.tensor(h)


def _sum_algebra(L: MatrixLike, K: MatrixLike) -> MatrixLike:
    return sp.csr_array(sp.block_diag([L, K], format="csr"))


def _tensor_algebra(L: MatrixLike, K: MatrixLike) -> MatrixLike:
    left = sp.kron(L, sp.eye_array(K.shape[0]), format="csr")
    right = sp.kron(sp.eye_array(L.shape[0]), K, format="csr")
    return sp.csr_array(left + right)


def _act_trivially(identity: Element, abstract: Any) -> Element:
    return identity


def _act_dual(act: Callable[[Any], Element], abstract: Any) -> Element:
    return act(abstract).dual


def _act_both(
    combine: Callable[[Element, Element], Element],
    first: Callable[[Any], Element],
    second: Callable[[Any], Element],
    abstract: Any,
) -> Element:
    return combine(first(abstract), second(abstract))


def _draw_known(action: GroupAction, rng: np.random.Generator) -> Element:
    return action.act(action.draw(rng))


def _draw_listed(elements: tuple[Element, ...], rng: np.random.Generator) -> Element:
    return elements[rng.integers(len(elements))]


def _draw_factors(
    chain: tuple[tuple[Element, ...], ...], identity: Element, rng: np.random.Generator
) -> Element:
    product = identity
    for level in chain:
        product = product @ level[rng.integers(len(level))]
    return product


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
            self._functional = rng.standard_normal(entries.shape) / np.sqrt(entries.size)
        key = math.floor(float(np.vdot(self._functional, entries)) / _MATCH)
        for near in (key - 1, key, key + 1):
            for seen in self._bins.get(near, ()):
                if np.abs(seen - entries).max() <= _MATCH:
                    return False
        self._bins.setdefault(key, []).append(entries)
        return True


def _too_large(rep: Representation, count: str, limit: int | None = None) -> GroupTooLargeError:
    bound = "" if limit is None else f", the limit is {limit}"
    return GroupTooLargeError(
        f"{rep.label} has {count} elements{bound}",
        cause="an infinite group, or one far too large to list",
        remedy="nothing in Haarwire needs the list: invariant_subspace, haar_average and solve work "
        "from the generators; raise limit= to list it all the same",
    )


def _checked_dimension(dim: int) -> int:
    if isinstance(dim, bool) or not isinstance(dim, int | np.integer) or dim < 1:
        raise RepresentationError(
            f"the dimension must be a positive integer, got {dim!r}",
            cause="a missing or fractional size",
            remedy="give the number of features, as in Representation(64, …)",
        )
    return int(dim)


def _check_dimension(what: str, got: int, dim: int) -> None:
    if got != dim:
        raise RepresentationError(
            f"{what} acts on {got} coordinates, the representation on {dim}",
            cause="a generator for data of another size",
            remedy=f"give elements of dimension {dim}, or Representation({got}, …)",
        )
