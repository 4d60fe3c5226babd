"""Array work of the group elements: indices, rows times a matrix, block-wise inverses."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import scipy.sparse as sp

from haarwire._numbers import FloatArray, IndexArray
from haarwire.errors import DataError
from haarwire.groups._checks import MatrixLike

__all__ = [
    "check_last_axis",
    "inverted",
    "rows_times",
    "sparse_inverse",
    "stored",
    "sum_indices",
    "tensor_indices",
    "working_dtype",
]

_SPARSE_DENSITY: Final = 0.25
"""Sums, Kronecker products and inverses with more nonzeros than this are stored dense."""


def working_dtype(X: FloatArray) -> np.dtype[Any]:
    """The dtype of the result: that of floating-point data, float64 for integers and booleans."""
    return X.dtype if X.dtype.kind == "f" else np.dtype(np.float64)


def check_last_axis(X: FloatArray, dim: int) -> None:
    """Raise DataError unless X has shape (..., dim)."""
    if np.shape(X)[-1:] != (dim,):
        raise DataError(
            f"an element on {dim} coordinates cannot act on an array of shape {np.shape(X)}",
            cause="samples with another number of features, or features along another axis",
            remedy=f"give an array of shape (..., {dim}); its rows are moved",
        )


def rows_times(A: MatrixLike, X: FloatArray) -> FloatArray:
    """X Aᵀ, accumulated in float64 and returned in the precision of X."""
    check_last_axis(X, A.shape[0])
    # (A Xᵀ)ᵀ rather than X Aᵀ: a sparse A must stand on the left.
    flat = X.reshape(-1, A.shape[0])
    return np.asarray((A @ flat.T).T, dtype=working_dtype(X)).reshape(X.shape)


def inverted(indices: IndexArray) -> IndexArray:
    inverse = np.empty_like(indices)
    inverse[indices] = np.arange(indices.size)
    return inverse


def sum_indices(first: IndexArray, second: IndexArray) -> IndexArray:
    return np.concatenate([first, second + first.size])


def tensor_indices(first: IndexArray, second: IndexArray) -> IndexArray:
    return np.add.outer(first * second.size, second).ravel()


def stored(A: Any) -> MatrixLike:
    """Keep a sparse result sparse only where that saves memory."""
    if A.nnz > _SPARSE_DENSITY * A.shape[0] * A.shape[1]:
        return np.asarray(A.toarray())
    return sp.csr_array(A)


def sparse_inverse(A: sp.csr_array) -> MatrixLike:
    """A⁻¹, block by block, so that direct sums and Kronecker products with permutations stay sparse.

    The nonzeros of A, as edges between rows and columns, fall into connected components; each is an
    invertible block A[R, C], and A⁻¹[C, R] is its inverse.
    """
    from scipy.sparse.csgraph import connected_components

    n = A.shape[0]
    pattern = A.copy()
    pattern.eliminate_zeros()
    entries = pattern.tocoo()
    edges = sp.coo_array((np.ones(entries.nnz), (entries.row, entries.col + n)), shape=(2 * n, 2 * n))
    count, labels = connected_components(edges, directed=False)
    by_row, by_col = labels[:n], labels[n:]
    sizes = np.bincount(by_row, minlength=count)
    rows, cols = np.argsort(by_row, kind="stable"), np.argsort(by_col, kind="stable")
    starts = np.cumsum(sizes) - sizes
    found_rows, found_cols, found = [], [], []
    # Blocks of one size are inverted in one call.
    position = np.empty(n, dtype=np.intp)
    position[cols] = np.arange(n) - np.repeat(starts, sizes)
    row_position = np.empty(n, dtype=np.intp)
    row_position[rows] = np.arange(n) - np.repeat(starts, sizes)
    for size in np.unique(sizes):
        chosen = np.flatnonzero(sizes == size)
        rank_of = np.full(count, -1)
        rank_of[chosen] = np.arange(chosen.size)
        here = sizes[by_row[entries.row]] == size
        r, c = entries.row[here], entries.col[here]
        blocks = np.zeros((chosen.size, size, size))
        blocks[rank_of[by_row[r]], row_position[r], position[c]] = entries.data[here]
        members = starts[chosen][:, np.newaxis] + np.arange(size)
        shape = (chosen.size, size, size)
        found_rows.append(np.broadcast_to(cols[members][:, :, np.newaxis], shape).ravel())
        found_cols.append(np.broadcast_to(rows[members][:, np.newaxis, :], shape).ravel())
        found.append(np.linalg.inv(blocks).ravel())
    where = (np.concatenate(found_rows), np.concatenate(found_cols))
    return stored(sp.coo_array((np.concatenate(found), where), shape=(n, n)).tocsr())
