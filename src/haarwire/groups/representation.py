"""A linear group action, given by finitely many generators and Lie-algebra elements."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any, final

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike

from haarwire._linalg import EPS
from haarwire._numbers import FloatArray, is_integer
from haarwire._wording import counted
from haarwire.errors import NoSamplerError, ParameterError, RepresentationError
from haarwire.groups import enumeration
from haarwire.groups._checks import MatrixLike, as_square, positive_size
from haarwire.groups.action import GroupAction
from haarwire.groups.elements import Element, Permutation, SignedPermutation
from haarwire.groups.inner_product import orthogonalizing_basis

__all__ = ["Representation", "checked_representation"]


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
        Lie-algebra elements. None: there are none.
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
    >>> from haarwire.groups import Permutation, Representation
    >>> flip = Representation(3, (Permutation([2, 1, 0]),))
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
        generators: Sequence[Element] | None = (),
        algebra: Sequence[ArrayLike | sp.sparray | sp.spmatrix] | None = (),
        *,
        name: str = "",
        action: GroupAction | None = None,
    ) -> None:
        dim = _checked_dimension(dim)
        generators = _listed(generators, "generators", Element)
        algebra = _listed(algebra, "algebra", np.ndarray | sp.sparray | sp.spmatrix)
        for i, g in enumerate(generators):
            if not isinstance(g, Element):
                raise RepresentationError(
                    f"generator {i} is a {type(g).__name__}, not a group element",
                    cause="an array was given where a Permutation or Matrix is needed",
                    remedy="wrap it: Representation(n, (Matrix(A),)) or (Permutation(p),)",
                )
            _check_dimension(f"generator {i}", g.dim, dim)
        elements = tuple(as_square(L, f"Lie-algebra element {j}")[0] for j, L in enumerate(algebra))
        for j, L in enumerate(elements):
            _check_dimension(f"Lie-algebra element {j}", int(L.shape[0]), dim)
        object.__setattr__(self, "dim", dim)
        object.__setattr__(self, "generators", tuple(generators))
        object.__setattr__(self, "algebra", elements)
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "action", action)

    def __repr__(self) -> str:
        parts = [f"dim {self.dim}", counted(len(self.generators), "generator")]
        if self.algebra:
            parts.append(counted(len(self.algebra), "Lie-algebra element"))
        if self.action is not None:
            parts.append(f"order {enumeration.shown(self.action.order)}")
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
        return all(map(_is_skew, self.algebra)) and all(g.is_orthogonal for g in self.generators)

    @cached_property
    def is_compact(self) -> bool:
        """Whether the closure of the group is compact, so that a Haar average exists.

        Orthogonal actions are, and those of groups that the catalogue knows to be; others are if and
        only if an inner product is left fixed, which is searched for. Entries are known up to rounding
        only, so a representation whose coordinates are worse conditioned than 1e4 counts as not compact.
        """
        if self.is_orthogonal:
            return True
        if self.action is not None:
            return self.action.is_compact
        return self.orthogonalizing_basis is not None

    @cached_property
    def orthogonalizing_basis(self) -> FloatArray | None:
        """S (n×n) such that S⁻¹ρ(g)S is orthogonal for the whole group, or None where none is found.

        There is one if and only if the group is compact; see `is_compact` for the coordinates in which it
        is not found.
        """
        S = orthogonalizing_basis(self.generators, self.algebra, self.dim)
        if S is not None:
            S.setflags(write=False)
        return S

    @cached_property
    def order(self) -> int | float:
        """Number of elements of the group; ``math.inf`` for an infinite one.

        Known to catalogue entries (there: of the abstract group); otherwise from sympy's Schreier-Sims
        for permutations, and by enumeration for matrices. A finite group of matrices in coordinates worse
        conditioned than 1e4 counts as infinite (see `is_compact`).

        Raises
        ------
        GroupTooLargeError
            When a matrix group has more than 100,000 elements (fewer for large matrices: 1 GiB of them at
            most), perhaps infinitely many, or when the order has more than ten million digits.
        """
        if self.action is not None:
            return enumeration.written_down(self.action.order, self.label)
        if not self.generators and not self.algebra:
            return 1
        if self._is_continuous:
            return math.inf
        if self.is_signed_permutation:
            return int(self._sympy_group.order())
        if not self.is_compact:
            return math.inf
        return len(self.elements())

    @property
    def is_finite(self) -> bool:
        """Whether the group has finitely many elements (see `order` for bad coordinates and errors)."""
        return (self.order if self.action is None else self.action.order) != math.inf

    # Elements.

    def elements(self, limit: int = enumeration.ENUMERATION_LIMIT) -> tuple[Element, ...]:
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
        if self._is_continuous or (self.action is not None and not self.action.is_finite):
            raise enumeration.too_large(self.label, "infinitely many")
        enumeration.check_limit(limit)
        if self.action is not None and self.action.order > limit:
            raise enumeration.too_large(self.label, enumeration.shown(self.action.order), limit)
        return enumeration.list_elements(self.generators, self.dim, limit=limit, label=self.label)

    def sample(self, rng: np.random.Generator | int | None = None, size: int | None = None) -> Any:
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
        if size is not None and (not is_integer(size, 0)):
            raise ParameterError(
                f"size must be a number of elements or None, got {size!r}",
                cause="a fractional or negative count",
                remedy="give a count, as in sample(rng, size=10), or leave it out for one element",
            )
        generator = np.random.default_rng(rng)
        draw = self._draw
        if size is None:
            return draw(generator)
        return [draw(generator) for _ in range(size)]

    @cached_property
    def _draw(self) -> Callable[[np.random.Generator], Element]:
        if self.action is not None and self.action.draw is not None:
            return partial(_draw_known, self.action.draw, self.action.act)
        if self._is_continuous or self.action is not None:
            raise NoSamplerError(
                f"no exact sampler is known for {self.label}",
                cause="the group is not compact, or has Lie-algebra elements and does not come from the "
                "catalogue",
                remedy="pass action=GroupAction(group, order, draw, act) with a sampler of your own",
            )
        if self.is_signed_permutation:
            return partial(_draw_factors, self.transversals(), Permutation.identity(self.dim))
        return partial(_draw_listed, self.elements())

    @property
    def label(self) -> str:
        """The name, or a description where there is none."""
        return self.name or f"an unnamed group on {self.dim} coordinates"

    @cached_property
    def _is_continuous(self) -> bool:
        return any(_largest(L) > 0.0 for L in self.algebra)

    @cached_property
    def _sympy_group(self) -> Any:
        return enumeration.permutation_group(self.generators, self.dim)

    def transversals(self) -> tuple[tuple[Element, ...], ...]:
        """A chain of transversals: each element is u_1 u_2 ⋯ u_k for exactly one choice u_i ∈ T_i.

        Known to the finite groups of the catalogue; otherwise from sympy's Schreier–Sims (permutations
        and signed permutations). The order of the group is the product of their sizes, the cost of
        averaging over it the sum.

        Raises
        ------
        RepresentationError
            For other representations.
        """
        if self.action is not None and self.action.is_finite and self.action.quadratures:
            levels = [level for exact in self.action.quadratures for level in exact(0)]
            return tuple(tuple(map(self.action.act, level.elements)) for level in levels)
        if not self.is_signed_permutation:
            raise RepresentationError(
                f"no chain of transversals is known for {self.label}",
                cause="it is generated by matrices that are not signed permutations",
                remedy="use elements() for a small finite group",
            )
        return enumeration.transversals(self.generators, self.dim, self._sympy_group)

    # Algebra of representations of one group.

    def trivial(self, dim: int) -> Representation:
        """The trivial representation of the same group on R^dim: every element acts as the identity.

        Parameters
        ----------
        dim : int
            Number of coordinates.

        Raises
        ------
        ParameterError
            When `dim` is not a positive integer.
        """
        from haarwire.groups import algebra

        return algebra.trivial_of(self, positive_size(dim, "dim", "rep.trivial(3)"))

    def __add__(self, other: Representation) -> Representation:
        """The direct sum ρ ⊕ σ of two representations of the same group."""
        from haarwire.groups import algebra

        return algebra.direct_sum(self, other) if isinstance(other, Representation) else NotImplemented

    def __mul__(self, other: Representation) -> Representation:
        """The tensor product ρ ⊗ σ of two representations of the same group."""
        from haarwire.groups import algebra

        return algebra.tensor_product(self, other) if isinstance(other, Representation) else NotImplemented

    @cached_property
    def dual(self) -> Representation:
        """The dual representation g ↦ ρ(g)⁻ᵀ, the action on functionals."""
        from haarwire.groups import algebra

        return algebra.dual(self)

    def __getstate__(self) -> dict[str, Any]:
        # What was found out on the way (a sympy group among it) is not worth sending to a worker.
        return {name: self.__dict__[name] for name in self.__dataclass_fields__}


def checked_representation(value: object, name: str = "rep") -> Representation:
    """The value of the argument `name`, or ParameterError where it is no `Representation`."""
    if not isinstance(value, Representation):
        shown = repr(value) if isinstance(value, str) else f"a {type(value).__name__}"
        raise ParameterError(
            f"{name} must be a Representation, got {shown}",
            cause="the name of a symmetry, its generators or an array in place of the representation",
            remedy="make one: haarwire.groups.from_name('image_rotations:8'), or "
            "haarwire.Representation(n, generators)",
        )
    return value


def _largest(L: MatrixLike) -> float:
    """Max |L_ij|; 0 for a sparse array without entries."""
    return float(abs(L).max())


def _is_skew(L: MatrixLike) -> bool:
    return _largest(L + L.T) <= 8.0 * EPS * _largest(L)


def _draw_known(
    draw: Callable[[np.random.Generator], Any], act: Callable[[Any], Element], rng: np.random.Generator
) -> Element:
    return act(draw(rng))


def _draw_listed(elements: tuple[Element, ...], rng: np.random.Generator) -> Element:
    return elements[rng.integers(len(elements))]


def _draw_factors(
    chain: tuple[tuple[Element, ...], ...], identity: Element, rng: np.random.Generator
) -> Element:
    product = identity
    for level in chain:
        product = product @ level[rng.integers(len(level))]
    return product


def _listed(given: Any, parameter: str, kind: Any) -> Sequence[Any]:
    """None as nothing and one single thing as a list of one."""
    if given is None:
        return ()
    if isinstance(given, kind) and getattr(given, "ndim", 2) == 2:
        return (given,)
    if not isinstance(given, Iterable) or isinstance(given, str | dict):
        raise RepresentationError(
            f"{parameter} must be a sequence, got {given!r}",
            cause="a number or a name where group elements are needed",
            remedy="list them, as in Representation(3, (Permutation([1, 2, 0]),))",
        )
    return tuple(given)


def _checked_dimension(dim: int) -> int:
    if not is_integer(dim, 1):
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
