"""Restrictions of a representation to a subgroup."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from haarwire.errors import ParameterError
from haarwire.groups.elements import Element, Permutation
from haarwire.groups.representation import Representation

__all__ = ["restrict"]


def restrict(
    representation: Representation, words: Sequence[Sequence[int]], *, name: str = ""
) -> Representation:
    """The same action of the subgroup that some products of generators generate.

    Parameters
    ----------
    representation : Representation
        Any representation. Its Lie-algebra elements are left out.
    words : sequence of sequences of int
        Each is a product of generators by position, leftmost first: (0, 0, 1) is g_0 g_0 g_1. The empty
        word is the identity.
    name : str, optional
        Name of the result.

    Returns
    -------
    Representation
        With one generator a word.

    Raises
    ------
    ParameterError
        When a word names a generator that does not exist.

    Examples
    --------
    Half turns, from quarter turns:

    >>> from haarwire.groups import image_rotations, restrict
    >>> restrict(image_rotations(2), [(0, 0)]).order
    2
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
    return Representation(representation.dim, generators, name=name)


def _compose(g: Element, h: Element) -> Element:
    return g @ h
