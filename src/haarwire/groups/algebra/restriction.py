"""Restrictions of a representation to a subgroup."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from operator import matmul
from typing import Any

import numpy as np
import scipy.sparse as sp

from haarwire._numbers import is_integer
from haarwire.errors import ParameterError
from haarwire.groups._checks import MatrixLike
from haarwire.groups.elements import Element, Permutation
from haarwire.groups.representation import Representation, checked_representation

__all__ = ["restrict"]


def restrict(
    rep: Representation,
    words: Sequence[Sequence[int]] = (),
    *,
    algebra: Sequence[int | Sequence[float]] = (),
    name: str = "",
) -> Representation:
    """The same action of a subgroup: of some products of generators and some Lie-algebra elements.

    Parameters
    ----------
    rep : Representation
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
        When a generator or Lie-algebra element does not exist, or a word is no sequence of positions.

    Examples
    --------
    Half turns, from quarter turns:

    >>> from haarwire.groups import image_rotations, restrict
    >>> restrict(image_rotations(2), [(0, 0)])
    Representation(image_rotations:2 restricted: dim 4, 1 generator)
    """
    checked_representation(rep)
    words, algebra = _checked_words(words), _checked_list(algebra)
    count = len(rep.generators)
    for word in words:
        for position in word:
            if not 0 <= position < count:
                raise ParameterError(
                    f"the word {word} names generator {position}, {rep.label} has {count}",
                    cause="generators are counted from 0",
                    remedy=f"use positions 0 … {count - 1}" if count else "give empty words only",
                )
    identity: Element = Permutation.identity(rep.dim)
    generators = [reduce(matmul, [rep.generators[i] for i in word], identity) for word in words]
    elements = [_combination(rep, entry) for entry in algebra]
    if not name and rep.name:
        name = f"{rep.name} restricted"
    return Representation(rep.dim, generators, elements, name=name)


def _checked_words(words: Any) -> list[tuple[int, ...]]:
    given: list[Any] = list(words) if isinstance(words, Iterable) else [words]
    found = [tuple(word) if isinstance(word, Iterable) else (None,) for word in given]
    if not all(is_integer(position) for word in found for position in word):
        raise ParameterError(
            f"words must be sequences of positions of generators, got {words!r}",
            cause="one word in place of a list of words, or positions that are no integers",
            remedy="list the words, as in restrict(rep, [(0, 0)])",
        )
    return found


def _checked_list(algebra: object) -> list[Any]:
    if not isinstance(algebra, Iterable):
        raise ParameterError(
            f"algebra must be a sequence, got {algebra!r}",
            cause="one position in place of a list of them",
            remedy="list the positions, as in restrict(rep, algebra=[0])",
        )
    return list(algebra)


def _combination(rep: Representation, entry: int | Sequence[float]) -> MatrixLike:
    """A Lie-algebra element by position, or Σ_j c_j L_j."""
    count = len(rep.algebra)
    if is_integer(entry):
        if 0 <= entry < count:
            return rep.algebra[int(entry)]
        wrong = f"Lie-algebra element {entry}"
    else:
        coefficients = np.asarray(entry)
        if coefficients.shape == (count,) and count and coefficients.dtype.kind in "iuf":
            terms = [float(c) * L for c, L in zip(coefficients, rep.algebra, strict=True)]
            if any(sp.issparse(term) for term in terms):
                return sp.csr_array(sum(map(sp.csr_array, terms[1:]), sp.csr_array(terms[0])))
            return np.asarray(sum(terms))
        wrong = f"the combination {entry!r}"
    raise ParameterError(
        f"{wrong} does not exist: {rep.label} has {count} Lie-algebra elements",
        cause="elements are counted from 0, and a combination has one coefficient for each of them",
        remedy=f"use positions 0 … {count - 1}, or {count} numbers"
        if count
        else "restrict to generators only",
    )
