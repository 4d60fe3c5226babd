"""`IntegerSink`: sums of products of 8-bit integers without any rounding, at the speed of float32."""

from __future__ import annotations

from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from haarwire.moments.summary import Summary

__all__ = ["SMALL_INTEGERS", "IntegerSink", "are_small_integers"]

NumericArray: TypeAlias = NDArray[Any]

SMALL_INTEGERS: Final = (np.dtype(np.uint8), np.dtype(np.int8), np.dtype(np.bool_))
"""What inputs may be."""

_BOUND: Final = 128

_ROWS: Final = 1024
"""Integers |z| ≤ 128 = 2⁷: the sum of 2¹⁰ products is at most 2²⁴, exact in float32 in any order."""


def are_small_integers(X: NumericArray, Y: NumericArray) -> bool:
    """Whether X is of 8 bits and Y holds whole numbers |y| ≤ 128."""
    if X.dtype not in SMALL_INTEGERS:
        return False
    if Y.dtype.kind == "b":
        return True
    # Written so that NaN says no; Python's integer bounds do not wrap for unsigned Y.
    return bool(((Y >= -_BOUND) & (Y <= _BOUND) & (np.rint(Y) == Y)).all())


class IntegerSink:
    """Exact sums Σ zzᵀ, Σ z of integers |z| ≤ 128; unsigned bytes are shifted by 128.

    Products are summed in float32 within a block and in float64 over blocks, without any rounding while
    N < 2³⁹. The column of ones that is appended to Z makes Σ z and N part of the same product.
    """

    def __init__(self, n_features: int, n_targets: int, dtype: np.dtype[Any], rows: int) -> None:
        self.dtype = dtype
        self._n = n_features
        self._size = size = n_features + n_targets
        # Columns of zeros up to a multiple of 8 save BLAS its slow code for edges.
        width = -(-(size + 1) // 8) * 8
        self._block = np.zeros((min(rows, _ROWS), width), np.float32)
        self._block[:, size] = 1
        self._used = 0
        self._product = np.empty((width, width), np.float32)
        self._sums = np.zeros((width, width))

    def add(self, X: NumericArray, Y: NumericArray) -> None:
        """Take in rows for which `are_small_integers` holds, X of this sink's dtype."""
        start, capacity = 0, len(self._block)
        while start < len(X):
            stop = min(len(X), start + capacity - self._used)
            panel, x = self._block[self._used : self._used + stop - start], X[start:stop]
            # x − 128 for an unsigned byte is a flip of its top bit, read as a signed byte.
            panel[:, : self._n] = (x ^ np.uint8(128)).view(np.int8) if self.dtype == np.uint8 else x
            panel[:, self._n : self._size] = Y[start:stop]
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
        """The moments of the rows so far: means correctly rounded, scatters within 1.5 ulp of √(S_ii S_jj).

        Σ(z−c)(z−c)ᵀ about the integers c nearest to the means is exact like the sums. What is left to
        subtract, W (z̄−c)(z̄−c)ᵀ, is at most half of it on the diagonal: nothing cancels. The sums are
        overwritten, so this ends the sink.
        """
        self._flush()
        size = self._size
        scatter, total = self._sums[:size, :size], self._sums[:size, size].copy()
        count = float(self._sums[size, size])
        c = np.rint(total / count)
        rest = total - count * c
        scatter -= np.multiply.outer(total, c)
        scatter -= np.multiply.outer(c, rest)
        correction = np.multiply.outer(rest, rest)
        correction /= count
        scatter -= correction
        if self.dtype == np.uint8:
            total[: self._n] += 128 * count
        return Summary(int(count), count, total / count, scatter.copy())

    def widened(self, extra: int) -> IntegerSink:
        """A sink of the same rows with `extra` more targets, all zero. Ends this one."""
        self._flush()
        size, wide = self._size, self._size + extra
        sink = IntegerSink(self._n, wide - self._n, self.dtype, len(self._block))
        sink._sums[:size, :size] = self._sums[:size, :size]
        sink._sums[wide, :size] = sink._sums[:size, wide] = self._sums[:size, size]
        sink._sums[wide, wide] = self._sums[size, size]
        return sink

    def state(self) -> dict[str, NumericArray]:
        """Everything, rows that are not multiplied yet included: views of the sink's own arrays."""
        return {"block": self._block[: self._used], "sums": self._sums}

    def restore(self, state: dict[str, NumericArray]) -> None:
        """Go on from a `state`; the sink must have been made with the same arguments.

        Raises
        ------
        ValueError
            The arrays are not those of such a sink.
        """
        block, sums = state["block"], state["sums"]
        if sums.shape != self._sums.shape or block.shape[1:] != self._block.shape[1:]:
            raise ValueError(f"sums of shape {sums.shape}, a block of shape {block.shape}")
        # Every sample is in the block, or counted by the ones.
        count = sums[self._size, self._size] + len(block)
        if not (count >= 1 and np.isfinite(sums).all()):
            raise ValueError(f"sums over {count} samples")
        self._used = len(block)
        self._block[: self._used] = block
        self._sums[:] = sums
