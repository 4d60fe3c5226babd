"""Restrictions of a representation to a subgroup."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import numpy as np
import scipy.sparse as sp

from haarwire._numbers import is_integer
from haarwire.errors import ParameterError
from haarwire.groups._checks import MatrixLike
from haarwire.groups.elements import Element, Permutation
from haarwire.groups.representation import Representation

__all__ = ["restrict"]


def restrict(
    representation: Representation,
    words: Sequence[Sequence[int]] = (),
    *,
    algebra: Sequence[int | Sequence[float]] = (),
    name: str = "",
) -> Representation:
    """The same action of a subgroup: of some products of generators and some Lie-algebra elements.

    Parameters
    ----------
    representation : Representation
        Any representation.
    words : sequence of sequences of int, optional
        Each is a product of generators by position, leftmost first: (0, 0, 1) is g_0 g_0 g_1. The empty
        word is the identity.
    algebra : sequence of int or of sequences of float, optional
        Each is a Lie-algebra element by position, or the coefficients of a combination Σ_j c_j L_j of
        all of them.
    name : str, optional
        Name of the result. Default: that of the representation, and "restricted".

    Returns
    -------
    Representation
        With one generator a word and one Lie-algebra element an entry of `algebra`.

    Raises
    ------
    ParameterError
        When a generator or Lie-algebra element does not exist.

    Examples
    --------
    Half turns, from quarter turns:

    >>> from haarwire.groups import image_rotations, restrict
    >>> restrict(image_rotations(2), [(0, 0)])
    Representation(image_rotations:2 restricted: dim 4, 1 generators)
    """
    count = len(representation.generators)
    for word in words:
        for position in word:
            if not 0 <= position < count:
                raise ParameterError(
                    f"the word {tuple(word)} names generator {position}, {representation.label} has {count}",
                    cause="generators are counted from 0",
                    remedy=f"use positions 0 … {count - 1}" if count else "give empty words only",
                )
    identity: Element = Permutation.identity(representation.dim)
    generators = [reduce(_compose, [representation.generators[i] for i in word], identity) for word in words]
    elements = [_combination(representation, entry) for entry in algebra]
    if not name and representation.name:
        name = f"{representation.name} restricted"
    return Representation(representation.dim, generators, elements, name=name)


def _combination(representation: Representation, entry: int | Sequence[float]) -> MatrixLike:
    """A Lie-algebra element by position, or Σ_j c_j L_j."""
    count = len(representation.algebra)
    if is_integer(entry):
        if 0 <= entry < count:
            return representation.algebra[int(entry)]
        wrong = f"Lie-algebra element {entry}"
    else:
        coefficients = np.asarray(entry)
        if coefficients.shape == (count,) and count and coefficients.dtype.kind in "iuf":
            terms = [float(c) * L for c, L in zip(coefficients, representation.algebra, strict=True)]
            if any(sp.issparse(term) for term in terms):
                return sp.csr_array(sum(map(sp.csr_array, terms[1:]), sp.csr_array(terms[0])))
            return np.asarray(sum(terms))
        wrong = f"the combination {entry!r}"
    raise ParameterError(
        f"{wrong} does not exist: {representation.label} has {count} Lie-algebra elements",
        cause="elements are counted from 0, and a combination has one coefficient for each of them",
        remedy=f"use positions 0 … {count - 1}, or {count} numbers"
        if count
        else "restrict to generators only",
    )


def _compose(g: Element, h: Element) -> Element:
    return g @ h
