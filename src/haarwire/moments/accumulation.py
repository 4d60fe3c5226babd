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

from haarwire._numbers import FloatArray
from haarwire.moments.centred import CentredSink
from haarwire.moments.exact import SMALL_INTEGERS, IntegerSink, are_small_integers
from haarwire.moments.summary import Summary, widened

__all__ = ["Accumulator"]

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
    triangular : bool
        Whether to keep a triangular factor of the scatter (twice the work and more, no squared condition
        number).
    """

    def __init__(
        self,
        n_features: int,
        n_targets: int,
        *,
        dtype: type[np.floating[Any]] = np.float64,
        chunk_rows: int | None = None,
        max_rows: int | None = None,
        triangular: bool = False,
    ) -> None:
        self.n_features = n_features
        self.n_targets = n_targets
        self._dtype = dtype
        self._triangular = triangular
        width = n_features + n_targets
        rows = chunk_rows or _rows_of_chunk(width, triangular)
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
        exact = self._reals is None and weights is None and not self._triangular
        if exact and are_small_integers(X, Y):
            if self._integers is None:
                self._integers = IntegerSink(self.n_features, self.n_targets, X.dtype, self._rows)
            if self._integers.dtype == X.dtype:
                self._integers.add(X, Y)
                return
        if self._reals is None:
            # From here on everything is floating point, starting from what was exact until now.
            start = None if self._integers is None else self._integers.summary()
            self._integers = None
            self._reals = self._centred_sink(start)
        self._reals.add(X, Y, weights)

    def _centred_sink(self, start: Summary | None = None) -> CentredSink:
        return CentredSink(
            self.n_features, self.n_targets, self._dtype, self._rows, start, triangular=self._triangular
        )

    def widen(self, extra: int) -> None:
        """From here on there are `extra` more targets, that were zero for all rows so far."""
        self.n_targets += extra
        if self._integers is not None:
            self._integers = self._integers.widened(extra)
        elif self._reals is not None:
            self._reals = self._centred_sink(widened(self._reals.summary(), extra))

    def state(self) -> dict[str, NumericArray]:
        """All that rows have left in the accumulator: views of its own arrays, to be stored at once."""
        sizes = {"sizes": np.array([self.n_features, self.n_targets, self._rows], np.int64)}
        if self._integers is not None:
            kind = np.frombuffer(self._integers.dtype.char.encode(), np.uint8)
            return {**sizes, "integers": kind, **self._integers.state()}
        return sizes if self._reals is None else {**sizes, **self._reals.state()}

    @classmethod
    def from_state(
        cls,
        state: dict[str, NumericArray],
        *,
        dtype: type[np.floating[Any]],
        chunk_rows: int | None,
        triangular: bool,
    ) -> Accumulator:
        """An accumulator that goes on where another one's `state` was taken, to the same bits.

        Raises
        ------
        ValueError, KeyError
            The state is none: nothing larger than its own arrays, and one chunk, is made then.
        """
        n_features, n_targets, rows = map(int, state["sizes"])
        matrix = state["sums" if "integers" in state else "matrix"]
        size = n_features + n_targets
        # Targets may have been fewer at first, and chunks of them longer.
        most = chunk_rows or max(_rows_of_chunk(width, triangular) for width in (n_features + 1, size))
        if min(n_features, n_targets, rows) < 1 or rows > most or not size <= len(matrix) <= size + 8:
            raise ValueError(f"sizes {n_features}, {n_targets}, {rows} of a matrix of {len(matrix)} rows")
        whole = cls(n_features, n_targets, dtype=dtype, chunk_rows=rows, triangular=triangular)
        if "integers" in state:
            kind = np.dtype(bytes(state["integers"]).decode("ascii"))
            if kind not in SMALL_INTEGERS:
                raise ValueError(f"8-bit integers of type {kind}")
            whole._integers = IntegerSink(n_features, n_targets, kind, rows)
            whole._integers.restore(state)
        elif "buffer" in state:
            whole._reals = whole._centred_sink()
            whole._reals.restore(state)
        return whole

    def summary(self) -> Summary | None:
        """The moments of all rows, None if there were none of non-zero weight. Ends the accumulator."""
        sink = self._integers or self._reals
        return None if sink is None else sink.summary()


def _rows_of_chunk(width: int, triangular: bool) -> int:
    # A triangle is factored anew with every chunk: too few rows under it would be a waste.
    least = max(_CHUNK_MIN_ROWS, 4 * width) if triangular else _CHUNK_MIN_ROWS
    return max(least, _CHUNK_ELEMENTS // max(1, width))
