"""Sums, products and duals of representations of one group."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial, reduce
from operator import add
from typing import Any

import scipy.sparse as sp

from haarwire.errors import ParameterError, RepresentationError
from haarwire.groups._checks import MatrixLike
from haarwire.groups.elements import Element, Permutation
from haarwire.groups.representation import Representation, checked_representation

__all__ = [
    "direct_sum",
    "dual",
    "factor_name",
    "hom",
    "sum_algebra",
    "sum_elements",
    "tensor_algebra",
    "tensor_elements",
    "tensor_product",
    "trivial_of",
]


def direct_sum(*representations: Representation) -> Representation:
    """ρ ⊕ σ ⊕ ⋯: (x, y, …) ↦ (ρ(g)x, σ(g)y, …) on R^(n + n' + ⋯), also written ``first + second``.

    Parameters
    ----------
    *representations : Representation
        Of one group: generators correspond one to one. A trivial one goes with any group.

    Returns
    -------
    Representation
        Sampler and order are kept where both have them.

    Raises
    ------
    RepresentationError
        When they are not representations of one group.
    ParameterError
        When none is given, or something else than representations.

    Examples
    --------
    >>> from haarwire.groups import cyclic_shifts, direct_sum, trivial
    >>> direct_sum(cyclic_shifts(4), trivial(1)).dim
    5
    """
    step = partial(_combined, combine=sum_elements, derive=sum_algebra, degree=max)
    return _folded(representations, step, "⊕", "direct_sum")


def tensor_product(*representations: Representation) -> Representation:
    """ρ ⊗ σ ⊗ ⋯: x ⊗ y ↦ ρ(g)x ⊗ σ(g)y on R^(n·n'), also written ``first * second``.

    Coordinates are row-major, as in `numpy.kron`: (x ⊗ y)[i·n' + j] = x[i] y[j]; so a matrix M with
    M ↦ ρ(g) M σ(g)ᵀ is flattened by ``M.ravel()``. A Lie-algebra element acts by L ⊗ I + I ⊗ K, always as
    a sparse array. Permutations stay permutations; matrices whose product would hold more than 65,536
    entries, and more than 32 a row, are kept by their factors.

    Parameters
    ----------
    *representations : Representation
        Of one group: generators correspond one to one. A trivial one goes with any group.

    Returns
    -------
    Representation
        Sampler and order are kept where both have them.

    Raises
    ------
    RepresentationError
        When they are not representations of one group.
    ParameterError
        When none is given, or something else than representations.

    Examples
    --------
    >>> from haarwire.groups import permutations, tensor_product
    >>> tensor_product(permutations(4), permutations(4)).dim
    16
    """
    step = partial(_combined, combine=tensor_elements, derive=tensor_algebra, degree=add)
    return _folded(representations, step, "⊗", "tensor_product")


def dual(rep: Representation) -> Representation:
    """ρ*: g ↦ ρ(g)⁻ᵀ, the action on functionals, also written ``rep.dual``.

    A Lie-algebra element L becomes −Lᵀ. An orthogonal representation is its own dual and is returned
    as it is.

    Parameters
    ----------
    rep : Representation
        ρ.

    Returns
    -------
    Representation
        On the same coordinates.

    Raises
    ------
    ParameterError
        When `rep` is no representation.

    Examples
    --------
    >>> from haarwire.groups import Matrix, Representation, dual
    >>> shear = Representation(2, (Matrix([[1, 1], [0, 1]]),))
    >>> dual(shear).generators[0].to_dense()
    array([[ 1.,  0.],
           [-1.,  1.]])
    """
    if checked_representation(rep).is_orthogonal:
        return rep
    action = rep.action
    return Representation(
        rep.dim,
        [g.dual for g in rep.generators],
        [-L.T for L in rep.algebra],
        name=f"({rep.name})*" if rep.name else "",
        action=replace(action, act=partial(_act_dual, action.act)) if action is not None else None,
    )


def hom(source: Representation, target: Representation) -> Representation:
    """The linear maps W of shape (m, n), with W ↦ σ(g) W ρ(g)⁻¹, flattened by ``W.ravel()``.

    Its fixed vectors are the equivariant maps from `source` to `target`.

    Parameters
    ----------
    source, target : Representation
        ρ, on R^n, and σ, on R^m, of one group.

    Returns
    -------
    Representation
        On R^(m·n).

    Raises
    ------
    RepresentationError
        When they are not representations of one group.
    ParameterError
        When one of them is no representation.

    Examples
    --------
    >>> from haarwire.groups import hom, image_rotations, trivial
    >>> hom(image_rotations(2), trivial(3)).dim
    12
    """
    source, target = checked_representation(source, "source"), checked_representation(target, "target")
    return tensor_product(target, dual(source))


def trivial_of(rep: Representation, dim: int) -> Representation:
    """The trivial representation, on R^dim, of the group that `rep` is one of."""
    identity = Permutation.identity(dim)
    action = rep.action
    act = partial(_act_trivially, identity)
    return Representation(
        dim,
        [identity] * len(rep.generators),
        [sp.csr_array((dim, dim))] * len(rep.algebra),
        action=replace(action, act=act, degree=0) if action is not None else None,
    )


def _folded(
    representations: Sequence[Representation],
    step: Callable[[Representation, Representation], Representation],
    symbol: str,
    usage: str,
) -> Representation:
    if not representations:
        raise ParameterError(
            f"{usage} needs at least one representation",
            cause="an empty list was unpacked",
            remedy=f"type {usage}(first, second)",
        )
    for k, value in enumerate(representations, start=1):
        checked_representation(value, f"argument {k} of {usage}")
    names = [r.name for r in representations]
    result = reduce(step, representations)
    if len(names) == 1:
        return result
    name = f" {symbol} ".join(map(factor_name, names)) if all(names) else ""
    return replace(result, name=name)


def _combined(
    first: Representation,
    second: Representation,
    *,
    combine: Callable[[Element, Element], Element],
    derive: Callable[[MatrixLike, MatrixLike], MatrixLike],
    degree: Callable[[int, int], int],
) -> Representation:
    dim = combine(Permutation.identity(first.dim), Permutation.identity(second.dim)).dim
    first, second = _aligned(first, second)
    generators = [combine(g, h) for g, h in zip(first.generators, second.generators, strict=True)]
    algebra = [derive(L, K) for L, K in zip(first.algebra, second.algebra, strict=True)]
    action = None
    if first.action is not None and second.action is not None:
        act = partial(_act_both, combine, first.action.act, second.action.act)
        action = replace(first.action, act=act, degree=degree(first.action.degree, second.action.degree))
    return Representation(dim, generators, algebra, action=action)


def _aligned(a: Representation, b: Representation) -> tuple[Representation, Representation]:
    """Make the generators of two representations correspond; a trivial one fits any group."""
    if not a.generators and not a.algebra:
        return trivial_of(b, a.dim), b
    if not b.generators and not b.algebra:
        return a, trivial_of(a, b.dim)
    groups = {r.action.group for r in (a, b) if r.action is not None}
    counts = {(len(r.generators), len(r.algebra)) for r in (a, b)}
    if len(groups) > 1 or len(counts) > 1:
        raise RepresentationError(
            f"these are not representations of one group: {_described(a)} and {_described(b)}",
            cause="sums and products need generators that correspond one to one",
            remedy="build both from the same group, generator by generator in the same order; "
            "trivial(dim) goes with any group",
        )
    return a, b


def factor_name(name: str) -> str:
    """A name as it stands in a sum or product: in brackets where it has spaces."""
    return f"({name})" if " " in name else name


def _described(rep: Representation) -> str:
    group = f" of {rep.action.group}" if rep.action is not None else ""
    counts = f"{len(rep.generators)} generators, {len(rep.algebra)} Lie-algebra elements"
    return f"{rep.label}{group} ({counts})"


def sum_elements(g: Element, h: Element) -> Element:
    """The element g ⊕ h."""
    return g.direct_sum(h)


def tensor_elements(g: Element, h: Element) -> Element:
    """The element g ⊗ h."""
    return g.tensor(h)


def sum_algebra(L: MatrixLike, K: MatrixLike) -> MatrixLike:
    """The Lie-algebra element L ⊕ K."""
    return sp.csr_array(sp.block_diag([L, K], format="csr"))


def tensor_algebra(L: MatrixLike, K: MatrixLike) -> MatrixLike:
    """The Lie-algebra element L ⊗ I + I ⊗ K."""
    left = sp.kron(L, sp.eye_array(K.shape[0]), format="csr")
    right = sp.kron(sp.eye_array(L.shape[0]), K, format="csr")
    return sp.csr_array(left + right)


def _act_trivially(identity: Element, _abstract: Any) -> Element:
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
