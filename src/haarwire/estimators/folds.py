"""The moments of both sides of a scikit-learn splitter's splits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from haarwire._numbers import FloatArray, IndexArray
from haarwire.estimators.linear import parts_of
from haarwire.moments import Moments

__all__ = ["Fold", "folds_of"]


class Fold(NamedTuple):
    """The moments of a split's two sides."""

    train: Moments
    test: Moments


def folds_of(
    X: Any, Y: FloatArray, weights: FloatArray | None, whole: Moments, splits: Iterable[tuple[Any, Any]]
) -> Iterator[Fold]:
    """The moments of both sides of each split; training moments by subtraction where that is possible.

    It is where the training side is all that is not in the test side (K-fold), and not the smaller one:
    errors of the difference are relative to the whole.
    """
    N = X.shape[0]
    sides = [(_positions(train, N), _positions(test, N)) for train, test in splits]
    for (train, test), held_out in zip(
        sides, parts_of(X, Y, weights, [test for _, test in sides]), strict=True
    ):
        is_rest = np.zeros(N, dtype=bool)
        is_rest[test] = True
        is_rest[train] ^= True
        can_subtract = train.size + test.size == N and is_rest.all() and 2.0 * held_out.weight <= whole.weight
        yield Fold(whole - held_out if can_subtract else next(parts_of(X, Y, weights, [train])), held_out)


def _positions(rows: Any, n_samples: int) -> IndexArray:
    """Row numbers counted from 0, from row numbers or a mask."""
    return np.asarray(np.arange(n_samples)[np.asarray(rows)])
