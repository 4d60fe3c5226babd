"""How centred rows enter what is kept of them: their product ZᵀZ, or a triangular factor of it."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import Any, final

import numpy as np

from haarwire._numbers import FloatArray

__all__ = ["GramUpdate", "TriangularUpdate", "Update", "triangle"]


class Update(ABC):
    """A square matrix that stands for all rows so far, and takes in more.

    Attributes
    ----------
    matrix : ndarray, shape (n + m, n + m)
        float64; overwritten by updates.
    """

    matrix: FloatArray

    @abstractmethod
    def add(self, rows: FloatArray, exponent: int) -> None:
        """Take in rows z of weight 2^exponent; they may be overwritten."""

    @abstractmethod
    def scatter(self) -> FloatArray:
        """Σ z zᵀ over all rows."""

    @property
    @abstractmethod
    def factor(self) -> FloatArray | None:
        """An upper triangular R with RᵀR = Σ z zᵀ, where it is kept."""


@final
class GramUpdate(Update):
    """Adds ZᵀZ: the fastest way, which squares the condition number of the rows."""

    def __init__(self, matrix: FloatArray, dtype: type[np.floating[Any]]) -> None:
        self.matrix = matrix
        self._product = np.empty(matrix.shape, dtype)

    def add(self, rows: FloatArray, exponent: int) -> None:  # noqa: D102
        np.matmul(rows.T, rows, out=self._product)
        if exponent == 0:
            self.matrix += self._product
        else:
            self.matrix += np.ldexp(self._product, exponent, dtype=np.float64)

    def scatter(self) -> FloatArray:  # noqa: D102
        return self.matrix

    @property
    def factor(self) -> None:  # noqa: D102
        return None


@final
class TriangularUpdate(Update):
    """Keeps the triangle R of a QR decomposition of all rows: Householder's, columnwise stable.

    Rows are stacked under R and factored again, the sequential form of TSQR (Demmel, Grigori, Hoemmen and
    Langou 2012, *Communication-optimal parallel and sequential QR and LU factorizations*).
    """

    def __init__(self, matrix: FloatArray) -> None:
        self.matrix = matrix

    def add(self, rows: FloatArray, exponent: int) -> None:  # noqa: D102
        if exponent != 0:
            rows = np.ldexp(rows, exponent // 2) * (math.sqrt(2.0) if exponent % 2 else 1.0)
        self.matrix = triangle([self.matrix, rows])

    def scatter(self) -> FloatArray:  # noqa: D102
        return np.asarray(self.matrix.T @ self.matrix)

    @property
    def factor(self) -> FloatArray:  # noqa: D102
        return self.matrix


def triangle(blocks: list[FloatArray]) -> FloatArray:
    """The square upper triangular R with RᵀR = Σ AᵀA over blocks A of like width."""
    stacked = np.concatenate(blocks)
    size = stacked.shape[1]
    R = np.asarray(np.linalg.qr(stacked, mode="r"))
    return R if len(R) == size else np.concatenate([R, np.zeros((size - len(R), size))])
