"""Covariances of two sets of columns: what a worker forms where (n + m)² numbers are too many for it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from haarwire._numbers import FloatArray
from haarwire.moments.checks import not_finite
from haarwire.moments.streaming import checked_batch
from haarwire.moments.summary import two_sum

__all__ = ["Cross", "assembled", "cross", "join_crosses"]


class Side(NamedTuple):
    """The mean of some columns, and what its rounding left off."""

    mean: FloatArray
    tail: FloatArray


class Cross(NamedTuple):
    """Of rows (a, b): their number, W, the means and Σ w (a − ā)(b − b̄)ᵀ."""

    n_samples: int
    weight: float
    first: Side
    second: Side
    scatter: FloatArray


def cross(A: Any, B: Any, weights: Any, columns: tuple[int, int], first_row: int) -> Cross:
    """Of one block of rows; `columns` are the first ones of A and B, for messages.

    Raises
    ------
    DataError
        If an entry that counts is not finite.
    """
    batch = checked_batch(np.asarray(A), np.asarray(B), weights, first_row=first_row)
    X, Y, w = batch.X, batch.Y, batch.weights
    if w is not None:
        X, Y, w = X[w > 0], Y[w > 0], w[w > 0]
    total = float(len(X)) if w is None else float(w.sum())
    if len(X) == 0:
        zeros = [Side(np.zeros(M.shape[1]), np.zeros(M.shape[1])) for M in (X, Y)]
        return Cross(0, 0.0, zeros[0], zeros[1], np.zeros((X.shape[1], Y.shape[1])))
    sides, centred = [], []
    with np.errstate(over="ignore", invalid="ignore"):
        for M in (X, Y):
            pivot = M[0].astype(np.float64)
            Z = M - pivot
            offset = Z.mean(axis=0) if w is None else w @ Z / total
            Z -= offset
            sides.append(Side(*two_sum(pivot, offset)))
            centred.append(Z)
        if w is not None:
            centred[0] *= w[:, None]
        scatter = centred[0].T @ centred[1]
    if not np.isfinite(scatter).all():
        names = [f"X (columns from {column})" for column in columns]
        raise not_finite(batch.X, batch.Y, batch.weights, names, first_row)
    return Cross(len(X), total, sides[0], sides[1], scatter)


def join_crosses(a: Cross, b: Cross) -> Cross:
    """Two sets of rows as one, by Chan's formula."""
    if a.n_samples == 0 or b.n_samples == 0:
        return b if a.n_samples == 0 else a
    weight = a.weight + b.weight
    share = b.weight / weight
    steps, sides = [], []
    for p, q in ((a.first, b.first), (a.second, b.second)):
        step = (q.mean - p.mean) + (q.tail - p.tail)
        steps.append(step)
        sides.append(Side(*two_sum(p.mean, p.tail + share * step)))
    scatter = np.multiply.outer(steps[0], steps[1])
    scatter *= a.weight * share
    scatter += a.scatter
    scatter += b.scatter
    return Cross(a.n_samples + b.n_samples, weight, sides[0], sides[1], scatter)


def assembled(crosses: dict[tuple[int, int], Cross]) -> tuple[int, float, FloatArray, FloatArray]:
    """Number, weight, mean and scatter of all columns, from those of pairs i ≤ j of sets of columns."""
    count = max(i for i, _ in crosses) + 1
    widths = [len(crosses[i, i].first.mean) for i in range(count)]
    starts = np.concatenate([[0], np.cumsum(widths)])
    scatter = np.empty((starts[-1], starts[-1]))
    for (i, j), part in crosses.items():
        rows, columns = slice(starts[i], starts[i + 1]), slice(starts[j], starts[j + 1])
        scatter[rows, columns] = part.scatter
        scatter[columns, rows] = part.scatter.T
    mean = np.concatenate([crosses[i, i].first.mean for i in range(count)])
    return crosses[0, 0].n_samples, crosses[0, 0].weight, mean, scatter
