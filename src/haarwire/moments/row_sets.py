"""Sets of rows, such as folds: known to the client, or dealt out where the rows are."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Final, Self, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from haarwire._numbers import IntArray
from haarwire.errors import ParameterError

__all__ = ["DRAWN_ROWS", "Dealt", "Listed", "RowSets"]

BoolArray: TypeAlias = NDArray[np.bool_]

DRAWN_ROWS: Final = 2**24
"""Rows up to which a random order of all of them is drawn in one place."""


class RowSets(ABC):
    """Sets of rows of data that are cut into blocks."""

    @property
    @abstractmethod
    def n_sets(self) -> int:
        """How many."""

    @abstractmethod
    def of_block(self, number: int, start: int, stop: int) -> RowSets:
        """Of block `number`, rows start … stop − 1, no more than what concerns it."""

    @abstractmethod
    def masks(self, n_rows: int) -> BoolArray:
        """Which of a block's rows are in each set, shape (n_sets, n_rows)."""


@final
class Listed(RowSets):
    """Sets whose rows are known: a bit for every row and set.

    Parameters
    ----------
    bits : ndarray of bool, shape (n_sets, n_rows), or of uint8, packed
        Which rows are in each.
    """

    def __init__(self, bits: NDArray[Any]) -> None:
        self._bits = bits

    @classmethod
    def of_rows(cls, sets: Sequence[IntArray], n_rows: int) -> Self:
        """From the numbers of their rows.

        Raises
        ------
        ParameterError
            If a set holds a row twice.
        """
        masks = np.zeros((len(sets), n_rows), dtype=bool)
        for number, (mask, rows) in enumerate(zip(masks, sets, strict=True)):
            mask[rows] = True
            if np.count_nonzero(mask) != len(rows):
                raise ParameterError(
                    f"Set {number} names {len(rows)} rows, of which {np.count_nonzero(mask)} differ.",
                    cause="a splitter that draws with replacement, which Dask collections are not split by.",
                    remedy="draw without replacement, or give repeated rows whole numbers as sample_weight.",
                )
        return cls(masks)

    @property
    def n_sets(self) -> int:
        """How many."""
        return len(self._bits)

    def of_block(self, number: int, start: int, stop: int) -> Listed:  # noqa: ARG002  for those dealt out
        """Of a block, an eighth of a byte a row and set."""
        return Listed(np.packbits(self._bits[:, start:stop], axis=1))

    def masks(self, n_rows: int) -> BoolArray:
        """Which of a block's rows are in each set."""
        return np.unpackbits(self._bits, axis=1, count=n_rows).astype(bool)


@final
class Dealt(RowSets):
    """Random disjoint sets that hold all rows: those of a block follow from a seed and its number.

    Parameters
    ----------
    n_sets : int
        How many.
    seed : sequence of int
        The seed, and the number of the block once there is one.
    """

    def __init__(self, n_sets: int, seed: Sequence[int]) -> None:
        self._n_sets, self._seed = n_sets, list(seed)

    @property
    def n_sets(self) -> int:
        """How many."""
        return self._n_sets

    def of_block(self, number: int, start: int, stop: int) -> Dealt:  # noqa: ARG002  for those listed
        """Of a block, whatever its length."""
        return Dealt(self._n_sets, [*self._seed, number])

    def masks(self, n_rows: int) -> BoolArray:
        """Which of a block's rows are in each set."""
        deal = np.random.default_rng(self._seed).integers(self._n_sets, size=n_rows)
        return np.asarray(deal == np.arange(self._n_sets)[:, None])
