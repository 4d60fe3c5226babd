"""Connected blocks of a sparse matrix: the smallest index sets that its entries do not leave."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, final

import numpy as np
import scipy.sparse as sp

from haarwire._numbers import FloatArray, IntArray

__all__ = ["BlockGroup", "block_groups", "distinct_stacks"]


_CHUNK: Final = 2**24
"""Entries of dense blocks that are held at one time."""


@final
@dataclass(frozen=True, eq=False)
class BlockGroup:
    """The blocks of one shape.

    Attributes
    ----------
    matrix : SciPy sparse array
        All of A.
    rows, columns : ndarray of int, shapes (k, r) and (k, c)
        Those of each block, ascending.
    """

    matrix: sp.csr_array
    rows: IntArray
    columns: IntArray

    @property
    def shape(self) -> tuple[int, int]:
        """Rows r and columns c of a block."""
        return int(self.rows.shape[1]), int(self.columns.shape[1])

    def singly(self) -> Iterator[BlockGroup]:
        """Every block as a group of its own."""
        for i in range(len(self.rows)):
            yield BlockGroup(self.matrix, self.rows[i : i + 1], self.columns[i : i + 1])

    def sparse(self) -> sp.csr_array:
        """The entries of the first block."""
        return sp.csr_array(self.matrix[self.rows[0]][:, self.columns[0]])

    def stacks(self) -> Iterator[tuple[IntArray, FloatArray]]:
        """Dense blocks, some at a time: their rows (b, r) and entries (b, r, c)."""
        r, c = self.shape
        step = max(1, _CHUNK // max(1, r * c))
        position = np.zeros(self.matrix.shape[1], dtype=np.intp)
        position[self.columns] = np.arange(c)
        for start in range(0, len(self.rows), step):
            rows = self.rows[start : start + step]
            part = self.matrix[rows.ravel()].tocoo()
            stack = np.zeros((len(rows), r, c))
            stack[part.row // r, part.row % r, position[part.col]] = part.data
            yield rows, stack


def block_groups(A: sp.csr_array) -> Iterator[BlockGroup]:
    """The blocks of A, grouped by shape; rows without entries are blocks without columns.

    Rows and columns of A are the nodes of a graph and entries its edges; blocks are its components.
    """
    from scipy.sparse.csgraph import connected_components

    n, k = A.shape
    indices = np.asarray(A.indices, dtype=np.int64) + n
    indptr = np.concatenate([A.indptr, np.full(k, A.indptr[-1])])
    graph = sp.csr_array((np.ones(indices.size, dtype=np.int8), indices, indptr), shape=(n + k, n + k))
    count, labels = connected_components(graph, directed=True, connection="weak")
    row_sizes = np.bincount(labels[:n], minlength=count)
    column_sizes = np.bincount(labels[n:], minlength=count)
    by_row, by_column = np.argsort(labels[:n], kind="stable"), np.argsort(labels[n:], kind="stable")
    row_starts, column_starts = np.cumsum(row_sizes) - row_sizes, np.cumsum(column_sizes) - column_sizes
    shapes = np.stack([row_sizes, column_sizes], axis=1)
    for r, c in np.unique(shapes[row_sizes > 0], axis=0):
        chosen = np.flatnonzero((row_sizes == r) & (column_sizes == c))
        rows = by_row[row_starts[chosen][:, None] + np.arange(r)]
        columns = by_column[column_starts[chosen][:, None] + np.arange(c)]
        yield BlockGroup(A, rows, columns)


def distinct_stacks(stack: FloatArray) -> tuple[FloatArray, IntArray]:
    """The different blocks of a stack (b, r, c), and which one each block is."""
    flat = np.ascontiguousarray(stack.reshape(len(stack), -1)) + 0.0  # −0 is 0
    if len(flat) == 1 or flat.shape[1] == 0:
        return stack[:1], np.zeros(len(stack), dtype=np.intp)
    keys = flat.view(np.dtype((np.void, flat.dtype.itemsize * flat.shape[1]))).ravel()
    _, first, which = np.unique(keys, return_index=True, return_inverse=True)
    return stack[first], which.ravel()
