"""One pass over the rows of Z = [X, Y]: weight, mean and centred scatter, in memory constant in N.

Two sinks take the rows. `IntegerSink` is exact: 8-bit integers are multiplied in float32, in blocks so
short that every sum of products is an integer below 2²⁴. `CentredSink` takes everything else: each chunk
is centred by its own mean before it is multiplied, and chunks are merged by Chan's formula (Chan, Golub
and LeVeque 1983). Rows are gathered in the sinks' buffers, so that the result does not depend on how a
stream was cut into batches.

Products go through ``np.matmul(A.T, A)`` with one and the same buffer, which NumPy hands to BLAS as a
symmetric rank-k update: half the work of a general product, and exactly symmetric.
"""

from __future__ import annotations

import math
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["Accumulator", "Summary"]

FloatArray: TypeAlias = NDArray[np.floating[Any]]
NumericArray: TypeAlias = NDArray[Any]

_CHUNK_ELEMENTS: Final = 2**22
"""Entries of one chunk: 32 MB in float64. Much less starves BLAS, much more only takes memory."""

_CHUNK_MIN_ROWS: Final = 1024
"""Many features: the update of the scatter costs as much as the product of too few rows."""

_PANEL_ELEMENTS: Final = 2**17
"""Entries converted and summed at a time: a panel that stays in the second-level cache."""

_EXACT_ROWS: Final = 1024
"""Integers |z| ≤ 128 = 2⁷: the sum of 2¹⁰ products is at most 2²⁴, exact in float32 in any order."""

_EXACT_BOUND: Final = 128


class Summary(NamedTuple):
    """Weight W, mean (as an unevaluated sum of two doubles) and centred scatter of the rows seen."""

    count: int
    weight: float
    mean: FloatArray
    mean_tail: FloatArray
    scatter: FloatArray


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
        if self._reals is None and weights is None and _are_small_integers(X, Y):
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
        """The moments of all rows so far; None without rows of non-zero weight."""
        sink = self._integers or self._reals
        return None if sink is None else sink.summary()


def _are_small_integers(X: NumericArray, Y: NumericArray) -> bool:
    if X.dtype not in (np.uint8, np.int8, np.bool_):
        return False
    if Y.dtype.kind == "b":
        return True
    # Written so that NaN says no; Python's integer bounds do not wrap for unsigned Y.
    return bool(((Y >= -_EXACT_BOUND) & (Y <= _EXACT_BOUND) & (np.rint(Y) == Y)).all())


class IntegerSink:
    """Exact sums Σ zzᵀ, Σ z of integers |z| ≤ 128; 8-bit unsigned integers are shifted by 128.

    Products are summed in float32 within a block, in float64 over blocks, without any rounding while
    N < 2³⁹. The column of ones that is appended to Z makes Σ z and N part of the same product.
    """

    def __init__(self, n_features: int, n_targets: int, dtype: np.dtype[Any], rows: int) -> None:
        self.dtype = dtype
        self._n = n_features
        self._size = size = n_features + n_targets
        # Columns of zeros up to a multiple of 8 save BLAS its slow code for the edges.
        width = -(-(size + 1) // 8) * 8
        self._block = np.zeros((min(rows, _EXACT_ROWS), width), np.float32)
        self._block[:, size] = 1
        self._used = 0
        self._product = np.empty((width, width), np.float32)
        self._sums = np.zeros((width, width))

    def add(self, X: NumericArray, Y: NumericArray) -> None:
        start, capacity = 0, len(self._block)
        while start < len(X):
            stop = min(len(X), start + capacity - self._used)
            into = self._block[self._used : self._used + stop - start]
            x = X[start:stop]
            # x − 128 for unsigned bytes is a flip of the top bit, read as a signed byte.
            into[:, : self._n] = (x ^ np.uint8(128)).view(np.int8) if self.dtype == np.uint8 else x
            into[:, self._n : self._size] = Y[start:stop]
            self._used += stop - start
            start = stop
            if self._used == capacity:
                self._flush()

    def _flush(self) -> None:
        block = self._block[: self._used]
        np.matmul(block.T, block, out=self._product)
        self._sums += self._product
        self._used = 0

    def summary(self) -> Summary:
        self._flush()
        size = self._size
        G, s, count = self._sums[:size, :size].copy(), self._sums[:size, size].copy(), self._sums[size, size]
        # Σ(z−c)(z−c)ᵀ about the integer c nearest to the mean is exact too. What is left to subtract is
        # at most half of it on the diagonal, so that the division is the only rounding that matters.
        c = np.rint(s / count)
        r = s - count * c
        G -= np.outer(s, c)
        G -= np.outer(c, r)
        correction = np.outer(r, r)
        correction /= count
        G -= correction
        mean = s.copy()
        if self.dtype == np.uint8:
            mean[: self._n] += 128 * count
        mean /= count
        return Summary(int(count), float(count), mean, np.zeros(size), G)


class CentredSink:
    """Chunks centred by their own means, merged by Chan's formula.

    Rows enter the buffer as √(w/v) (z − p). The pivot p is the first row of the chunk (of those with the
    greatest weight), so that constant columns are exactly zero from there on and no digits are lost to a
    large mean; the scale v is about the greatest weight, so that tiny and huge weights are as good as others.
    """

    def __init__(
        self,
        n_features: int,
        n_targets: int,
        dtype: type[np.floating[Any]],
        rows: int,
        start: Summary | None = None,
    ) -> None:
        self._n = n_features
        size = n_features + n_targets
        self._rows = rows
        self._panel = max(1, _PANEL_ELEMENTS // size)
        self._buffer = np.empty((rows + 1, size), dtype)
        self._roots = np.ones(rows, dtype)
        self._ones = np.ones(min(rows, self._panel), dtype)
        self._product = np.empty((size, size), dtype)
        self._pivot = np.empty(size, dtype)
        self._begin_chunk()
        if start is None:
            start = Summary(0, 0.0, np.zeros(size), np.zeros(size), np.zeros((size, size)))
        self._count, self._weight, self._mean, self._mean_tail, self._scatter = start

    def _begin_chunk(self) -> None:
        self._used = 0
        self._chunk_weight = 0.0
        self._chunk_sum = np.zeros(len(self._pivot))
        self._weighted = False
        self._scale = 1.0

    def add(self, X: NumericArray, Y: NumericArray, weights: FloatArray | None) -> None:
        start = 0
        while start < len(X):
            stop = min(len(X), start + self._panel, start + self._rows - self._used)
            w = None if weights is None else weights[start:stop]
            if self._used == 0:
                first = start if w is None else start + int(w.argmax())
                self._pivot[: self._n], self._pivot[self._n :] = X[first], Y[first]
                if weights is not None:
                    # A power of two, so that dividing by it is exact.
                    self._scale = math.ldexp(1.0, math.frexp(weights[start:].max())[1] - 1)
            self._fill(X[start:stop], Y[start:stop], w)
            start = stop
            if self._used == self._rows:
                self._merge_chunk()

    def _fill(self, X: NumericArray, Y: NumericArray, weights: FloatArray | None) -> None:
        n, rows = self._n, slice(self._used, self._used + len(X))
        panel, pivot = self._buffer[rows], self._pivot
        np.subtract(X, pivot[:n], out=panel[:, :n], casting="same_kind")
        np.subtract(Y, pivot[n:], out=panel[:, n:], casting="same_kind")
        if weights is None:
            self._roots[rows] = 1
            total = self._ones[: len(X)] @ panel
            self._chunk_weight += len(X)
        else:
            roots = self._roots[rows]
            roots[:] = np.sqrt(weights / self._scale)
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
        offset = self._chunk_sum / (weight / self._scale)
        chunk = self._buffer[:used]
        centre = offset.astype(chunk.dtype)
        if self._weighted:
            chunk -= np.multiply.outer(self._roots[:used], centre)
        else:
            chunk -= centre
        if self._count == 0:
            self._mean[:], self._mean_tail[:] = self._pivot, offset
        else:
            # Chan's term W_a W_b / (W_a + W_b) (z̄_b − z̄_a)(z̄_b − z̄_a)ᵀ is one more row of the product.
            # W_a W_b is never formed: it leaves the range of doubles long before its quotient does.
            share = weight / (self._weight + weight)
            step = (self._pivot - self._mean) + (offset - self._mean_tail)
            self._buffer[used] = np.sqrt(self._weight / self._scale * share) * step
            chunk = self._buffer[: used + 1]
            self._mean_tail += share * step
        _normalize(self._mean, self._mean_tail)
        np.matmul(chunk.T, chunk, out=self._product)
        if self._scale == 1.0:
            self._scatter += self._product
        else:
            self._scatter += np.multiply(self._product, self._scale, dtype=np.float64)
        self._count += used
        self._weight += weight
        self._begin_chunk()

    def summary(self) -> Summary:
        self._merge_chunk()
        return Summary(self._count, self._weight, self._mean, self._mean_tail, self._scatter)


def _normalize(head: FloatArray, tail: FloatArray) -> None:
    """Rewrite head + tail, in place, so that head is the rounded sum (Knuth's error-free addition)."""
    total = head + tail
    back = total - head
    tail[:] = (head - (total - back)) + (tail - back)
    head[:] = total
