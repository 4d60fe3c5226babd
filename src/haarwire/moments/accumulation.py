"""One pass over the rows of Z = [X, Y]: weight, mean and centred scatter, in memory constant in N.

Two sinks take the rows. `IntegerSink` is exact: 8-bit integers are multiplied in float32, in blocks so
short that every sum of products is an integer below 2²⁴. `CentredSink` takes everything else: each chunk
is centred by its own mean before it is multiplied, and chunks are merged by Chan's formula (Chan, Golub
and LeVeque 1983). Rows are gathered in the sinks' buffers, so that the result does not depend on how a
stream was cut into batches, up to rounding.

Products go through ``np.matmul(A.T, A)`` with one and the same buffer, which NumPy hands to BLAS as a
symmetric rank-k update: half the work of a general product, and exactly symmetric.
"""

from __future__ import annotations

from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from haarwire.moments.centred import CentredSink
from haarwire.moments.exact import IntegerSink, are_small_integers
from haarwire.moments.summary import Summary

__all__ = ["Accumulator"]

FloatArray: TypeAlias = NDArray[np.floating[Any]]
NumericArray: TypeAlias = NDArray[Any]

_CHUNK_ELEMENTS: Final = 2**22
"""Entries of one chunk: 32 MB in float64. Much less starves BLAS, much more only takes memory."""

_CHUNK_MIN_ROWS: Final = 1024
"""With many features, the update of the scatter costs as much as the product of too few rows."""


class Accumulator:
    """Fold rows of (X, Y, weights) into a `Summary`.

    Parameters
    ----------
    n_features, n_targets : int
        The columns n of X and m of Y.
    dtype : type
        The precision of products within a chunk; sums over chunks are always float64.
    chunk_rows : int or None
        The rows multiplied at a time; None for a chunk of about 32 MB.
    max_rows : int or None
        The number of rows to come, where known: no larger buffer is made.
    """

    def __init__(
        self,
        n_features: int,
        n_targets: int,
        *,
        dtype: type[np.floating[Any]] = np.float64,
        chunk_rows: int | None = None,
        max_rows: int | None = None,
    ) -> None:
        self.n_features = n_features
        self.n_targets = n_targets
        self._dtype = dtype
        rows = chunk_rows or max(_CHUNK_MIN_ROWS, _CHUNK_ELEMENTS // (n_features + n_targets))
        self._rows = rows if max_rows is None else max(1, min(rows, max_rows))
        self._integers: IntegerSink | None = None
        self._reals: CentredSink | None = None

    def add(self, X: NumericArray, Y: NumericArray, weights: FloatArray | None = None) -> None:
        """Take in rows; those of weight zero are dropped unseen.

        Raises
        ------
        FloatingPointError
            A sum is not finite: X or Y holds a NaN or an infinity, or its range overflows.
        """
        for start in range(0, len(X), self._rows):
            rows = slice(start, start + self._rows)
            if weights is None:
                self._add(X[rows], Y[rows], None)
                continue
            w = weights[rows]
            kept = w > 0
            if kept.all():
                self._add(X[rows], Y[rows], w)
            elif kept.any():
                self._add(X[rows][kept], Y[rows][kept], w[kept])

    def _add(self, X: NumericArray, Y: NumericArray, weights: FloatArray | None) -> None:
        if weights is not None and (weights == 1).all():
            weights = None
        if self._reals is None and weights is None and are_small_integers(X, Y):
            if self._integers is None:
                self._integers = IntegerSink(self.n_features, self.n_targets, X.dtype, self._rows)
            if self._integers.dtype == X.dtype:
                self._integers.add(X, Y)
                return
        if self._reals is None:
            # From here on everything is floating point, starting from what was exact until now.
            start = None if self._integers is None else self._integers.summary()
            self._integers = None
            self._reals = CentredSink(self.n_features, self.n_targets, self._dtype, self._rows, start)
        self._reals.add(X, Y, weights)

    def summary(self) -> Summary | None:
        """The moments of all rows, None if there were none of non-zero weight. Ends the accumulator."""
        sink = self._integers or self._reals
        return None if sink is None else sink.summary()
