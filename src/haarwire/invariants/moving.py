"""Samples moved by random group elements, each by one of its own."""

from __future__ import annotations

from typing import Final, final

import numpy as np

from haarwire._numbers import FloatArray
from haarwire.errors import GroupTooLargeError
from haarwire.groups import Element, Representation
from haarwire.invariants.haar import require_compact

__all__ = ["LISTED", "Mover"]


LISTED: Final = 1000
"""Groups of up to so many elements are listed once: each element then moves all its samples at once."""


@final
class Mover:
    """Moves samples by independent Haar-distributed elements.

    Parameters
    ----------
    rep : Representation
        A compact group.
    limit : int
        List groups of up to so many elements; of larger ones each sample's element is drawn and applied by
        itself.

    Attributes
    ----------
    elements : tuple of Element, or None
        All of them, where they are listed.

    Raises
    ------
    NotCompactError
        When there is no Haar measure.
    NoSamplerError, GroupTooLargeError
        In the call, when there is no way to draw elements.
    """

    def __init__(self, rep: Representation, limit: int = LISTED) -> None:
        require_compact(rep, "a Haar-distributed element")
        self._rep = rep
        self.elements = _listed(rep, limit)

    def __call__(self, X: FloatArray, rng: np.random.Generator) -> FloatArray:
        """Each row of X, shape (N, n), moved by an element of its own."""
        moved = np.empty_like(X)
        if self.elements is None:
            for i, g in enumerate(self._rep.sample(rng, size=len(X))):
                moved[i] = g.apply(X[i])
            return moved
        drawn = rng.integers(len(self.elements), size=len(X))
        for number in np.unique(drawn):
            rows = drawn == number
            moved[rows] = self.elements[number].apply(X[rows])
        return moved


def _listed(rep: Representation, limit: int) -> tuple[Element, ...] | None:
    try:
        order = rep.order if rep.action is None else rep.action.order
        return rep.elements(limit) if order <= limit else None
    except GroupTooLargeError:
        # A matrix group of unknown order, or few matrices that are too large to hold.
        return None
