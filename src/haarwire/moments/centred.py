"""`CentredSink`: moments of real samples, each chunk centred by its own mean."""

from __future__ import annotations

import math
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from haarwire._numbers import FloatArray
from haarwire.moments.summary import Summary, two_sum
from haarwire.moments.updates import GramUpdate, TriangularUpdate, Update

__all__ = ["CentredSink"]

NumericArray: TypeAlias = NDArray[Any]

_PANEL_ELEMENTS: Final = 2**17
"""Entries converted and summed at a time: a panel that stays in the second-level cache."""

_SCALE_BITS: Final = 40
"""Weights of one chunk differ in scale by no more than this from those that began it."""

_MOST_EXPONENT: Final = 1100
"""Beyond all exponents of doubles."""


class CentredSink:
    """Chunks centred by their own means, merged by Chan's formula, in arrays that are used again.

    Rows enter the buffer as √(w/2ᵏ) (z − p). The pivot p is the first row of the chunk (of those with the
    greatest weight), so that constant columns are exactly zero from there on, and no digits are lost to a
    large mean. 2ᵏ is about the greatest weight, so that tiny and huge weights do as well as others.

    Every chunk adds a matrix AᵀA, so the scatter is positive semidefinite but for the rounding of sums; or
    its rows enter a triangular factor of the scatter (``triangular``).
    """

    def __init__(
        self,
        n_features: int,
        n_targets: int,
        dtype: type[np.floating[Any]],
        rows: int,
        start: Summary | None = None,
        *,
        triangular: bool = False,
    ) -> None:
        self._n = n_features
        size = n_features + n_targets
        self._rows = rows
        self._panel = max(1, _PANEL_ELEMENTS // size)
        self._buffer = np.empty((rows + 1, size), dtype)
        self._roots = np.ones(rows, dtype)
        self._ones = np.ones(min(rows, self._panel), dtype)
        self._pivot = np.zeros(size, dtype)
        self._begin_chunk()
        if start is None:
            start = Summary(0, 0.0, np.zeros(size), np.zeros((size, size)))
        self._count, self._weight, self._mean = start.n_samples, start.weight, start.mean
        # The mean so far is the unevaluated sum of two doubles: differences of the means of chunks then
        # do not suffer from the rounding of large means.
        self._mean_tail = np.zeros(size) if start.mean_tail is None else start.mean_tail
        self._update: Update
        if triangular:
            assert start.factor is not None or not start.scatter.any()
            self._update = TriangularUpdate(start.scatter if start.factor is None else start.factor)
        else:
            self._update = GramUpdate(start.scatter, dtype)

    def _begin_chunk(self) -> None:
        self._used = 0
        self._chunk_weight = 0.0
        self._chunk_sum = np.zeros(len(self._pivot))
        self._weighted = False
        self._exponent = 0

    def add(self, X: NumericArray, Y: NumericArray, weights: FloatArray | None) -> None:
        """Take in rows, whose weights are above zero.

        Raises
        ------
        FloatingPointError
            A sum is not finite.
        """
        exponent = 0 if weights is None else math.frexp(float(weights.max()))[1]
        if abs(exponent - self._exponent) > _SCALE_BITS:
            self._merge_chunk()
        start = 0
        while start < len(X):
            stop = min(len(X), start + self._panel, start + self._rows - self._used)
            w = None if weights is None else weights[start:stop]
            if self._used == 0:
                first = start
                if weights is not None:
                    first += int(weights[start : start + self._rows].argmax())
                self._pivot[: self._n], self._pivot[self._n :] = X[first], Y[first]
                self._exponent = exponent
            self._fill(X[start:stop], Y[start:stop], w)
            start = stop
            if self._used == self._rows:
                self._merge_chunk()

    def _fill(self, X: NumericArray, Y: NumericArray, weights: FloatArray | None) -> None:
        n, rows = self._n, slice(self._used, self._used + len(X))
        panel, pivot = self._buffer[rows], self._pivot
        np.subtract(X, pivot[:n], out=panel[:, :n], casting="same_kind")
        np.subtract(Y, pivot[n:], out=panel[:, n:], casting="same_kind")
        if weights is None and self._exponent != 0:
            weights = np.ones(len(X))
        if weights is None:
            self._roots[rows] = 1
            total = self._ones[: len(X)] @ panel
            self._chunk_weight += len(X)
        else:
            roots = self._roots[rows]
            roots[:] = np.sqrt(np.ldexp(weights, -self._exponent))
            panel *= roots[:, None]
            total = roots @ panel
            self._chunk_weight += float(weights.sum())
            self._weighted = True
        if not np.isfinite(total).all():
            raise FloatingPointError("a sum of samples is not finite")
        self._chunk_sum += total
        self._used += len(X)

    def _merge_chunk(self) -> None:
        if self._used == 0:
            return
        used, weight = self._used, self._chunk_weight
        offset = self._chunk_sum / math.ldexp(weight, -self._exponent)
        chunk = self._buffer[:used]
        centre = offset.astype(chunk.dtype)
        if self._weighted:
            for start in range(0, used, self._panel):
                rows = slice(start, min(used, start + self._panel))
                chunk[rows] -= np.multiply.outer(self._roots[rows], centre)
        else:
            chunk -= centre
        if self._count == 0:
            self._mean[:], self._mean_tail[:] = self._pivot, offset
        else:
            # Chan's term W_a W_b / (W_a + W_b) (z̄_b − z̄_a)(z̄_b − z̄_a)ᵀ is one more row of the product.
            share = weight / (self._weight + weight)
            step = (self._pivot - self._mean) + (offset - self._mean_tail)
            self._buffer[used] = math.sqrt(self._weight * math.ldexp(share, -self._exponent)) * step
            chunk = self._buffer[: used + 1]
            self._mean_tail += share * step
        self._mean, self._mean_tail = two_sum(self._mean, self._mean_tail)
        self._update.add(chunk, self._exponent)
        self._count += used
        self._weight += weight
        self._begin_chunk()

    def summary(self) -> Summary:
        """The moments of all rows, in the sink's own arrays: this ends the sink."""
        self._merge_chunk()
        update = self._update
        return Summary(
            self._count, self._weight, self._mean, update.scatter(), self._mean_tail, update.factor
        )

    def state(self) -> dict[str, NumericArray]:
        """Everything, rows that are not multiplied yet included: views of the sink's own arrays."""
        numbers = (self._used, self._chunk_weight, self._weighted, self._exponent, self._count, self._weight)
        return {
            "numbers": np.array(numbers, np.float64),
            "buffer": self._buffer[: self._used],
            "roots": self._roots[: self._used],
            "pivot": self._pivot,
            "chunk_sum": self._chunk_sum,
            "mean": self._mean,
            "mean_tail": self._mean_tail,
            "matrix": self._update.matrix,
        }

    def restore(self, state: dict[str, NumericArray]) -> None:
        """Go on from a `state`; the sink must have been made with the same arguments.

        Raises
        ------
        ValueError, KeyError
            The arrays are not those of such a sink.
        """
        used, self._chunk_weight, weighted, exponent, count, self._weight = map(float, state["numbers"])
        self._used, self._weighted, self._exponent = int(used), bool(weighted), int(exponent)
        self._count = int(count)
        is_whole = all(np.isfinite(A).all() for A in state.values())
        if not (
            is_whole
            and 0 <= used < self._rows
            and (self._chunk_weight > 0) == (used > 0)
            and (self._weight > 0) == (count > 0)
            and abs(exponent) <= _MOST_EXPONENT
        ):
            raise ValueError(f"the numbers {state['numbers'].tolist()}")
        for array, name in (
            (self._buffer[: self._used], "buffer"),
            (self._roots[: self._used], "roots"),
            (self._pivot, "pivot"),
            (self._chunk_sum, "chunk_sum"),
            (self._mean, "mean"),
            (self._mean_tail, "mean_tail"),
            (self._update.matrix, "matrix"),
        ):
            if state[name].shape != array.shape:
                raise ValueError(f"{name} of shape {state[name].shape}")
            array[...] = state[name]
