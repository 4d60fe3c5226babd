"""The moments of all samples and of both sides of a scikit-learn splitter's splits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from haarwire._numbers import IndexArray
from haarwire.estimators.linear import moments_of, parts_of
from haarwire.moments import Moments
from haarwire.moments.checks import is_dask

__all__ = ["Fold", "folds_of"]


class Fold(NamedTuple):
    """The moments of a split's two sides."""

    train: Moments
    test: Moments


def folds_of(
    X: Any, Y: Any, weights: Any, splits: Iterable[tuple[Any, Any]]
) -> tuple[Moments, Iterator[Fold]]:
    """The moments of all samples, and of both sides of each split.

    Training moments are a difference where the training side is all that is not in the test side (K-fold),
    and not the smaller one: errors of the difference are relative to the whole. Dask arrays are read once.
    So are others where the test sides make up the whole, and their moments take no more memory than the
    samples.
    """
    N = X.shape[0]
    sides = [(_positions(train, N), _positions(test, N)) for train, test in splits]
    tests = [test for _, test in sides]
    by_difference = [_is_rest(train, test, N) and 2 * test.size <= N for train, test in sides]
    apart = [train for (train, _), subtracted in zip(sides, by_difference, strict=True) if not subtracted]
    is_partition = np.array_equal(np.sort(np.concatenate(tests)), np.arange(N))
    k = len(tests)
    if is_dask(X) or (is_partition and k * (X.shape[1] + Y.shape[1]) <= N):
        rest = [] if is_partition else [np.arange(N)]
        parts = list(parts_of(X, Y, weights, [*tests, *apart, *rest]))
        whole = sum(parts[1:k], start=parts[0]) if is_partition else parts[-1]
        held_out, trained = iter(parts[:k]), iter(parts[k:])
    else:
        whole = moments_of(X, Y, weights)
        held_out, trained = parts_of(X, Y, weights, tests), parts_of(X, Y, weights, apart)

    def folds() -> Iterator[Fold]:
        for (train, _), test, subtracted in zip(sides, held_out, by_difference, strict=True):
            if not subtracted:
                yield Fold(next(trained), test)
            elif 2.0 * test.weight <= whole.weight:
                yield Fold(whole - test, test)
            else:
                yield Fold(next(parts_of(X, Y, weights, [train])), test)

    return whole, folds()


def _positions(rows: Any, n_samples: int) -> IndexArray:
    """Row numbers counted from 0, from row numbers or a mask."""
    return np.asarray(np.arange(n_samples)[np.asarray(rows)])


def _is_rest(train: IndexArray, test: IndexArray, n_samples: int) -> bool:
    """Whether the two sides are disjoint and hold every row once."""
    is_other = np.zeros(n_samples, dtype=bool)
    is_other[test] = True
    is_other[train] ^= True
    return train.size + test.size == n_samples and bool(is_other.all())
