"""Samples in folds: the only pass over them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from haarwire._numbers import IntArray, is_integer
from haarwire.errors import DataError, ParameterError
from haarwire.moments import Moments, row_sets
from haarwire.moments.checks import is_dask
from haarwire.moments.row_sets import Dealt, RowSets
from haarwire.moments.rows import Arrays, as_samples, moments_of_sets

__all__ = ["FOLDS", "checked_folds", "fold_moments", "further_splits", "random_parts"]


FOLDS: Final = 5

REPEATS: Final = 4
"""How often samples are split anew where they are few: fewer than `FEW` a feature."""

FEW: Final = 10


def checked_folds(folds: Iterable[Moments]) -> list[Moments]:
    """Return folds as a list of at least two, or raise ParameterError."""
    parts = list(folds)
    if len(parts) < 2:
        raise ParameterError(
            f"cross-validation needs at least 2 folds, got {len(parts)}",
            cause="the samples were not split, or there are too few",
            remedy="give the moments of disjoint sets: [Moments.from_arrays(X[i::5], Y[i::5]) …]",
        )
    for part in parts:
        if not isinstance(part, Moments):
            raise ParameterError(
                f"folds must be moments, got a {type(part).__name__}",
                cause="arrays, or pairs of arrays, passed as they are",
                remedy="give [Moments.from_arrays(X[i::5], Y[i::5]) for i in range(5)]",
            )
    return parts


def random_parts(count: int, n_folds: int, rng: np.random.Generator | int | None) -> list[IntArray]:
    """Rows of `n_folds` random folds of like size, each in ascending order.

    Raises
    ------
    ParameterError
        When the number of folds is not an integer ≥ 2.
    DataError
        With fewer than two samples a fold.
    """
    _check_number(count, n_folds)
    order = np.random.default_rng(rng).permutation(count)
    return [np.sort(part) for part in np.array_split(order, n_folds)]


def _check_number(count: int, n_folds: int) -> None:
    if not is_integer(n_folds, 2):
        raise ParameterError(
            f"the number of folds must be an integer ≥ 2, got {n_folds!r}",
            cause="a share, or one fold, from which nothing can be left out",
            remedy="use for example n_folds=5",
        )
    if count < 2 * n_folds:
        raise DataError(
            f"there are {count} training samples, {n_folds}-fold cross-validation needs at least "
            f"{2 * n_folds}",
            cause="very few samples, or most of them held out for the test",
            remedy="give more samples, or fit one approach with solve(moments, rep, approach=…)",
        )


def _random_sets(
    samples: Arrays, n_folds: int, rng: np.random.Generator | int | None
) -> list[IntArray] | RowSets:
    count = len(samples.X)
    if not is_dask(samples.X) or count <= row_sets.DRAWN_ROWS:
        return random_parts(count, n_folds, rng)
    _check_number(count, n_folds)
    return Dealt(int(n_folds), np.random.default_rng(rng).integers(2**32, size=2).tolist())


def fold_moments(
    X: ArrayLike,
    Y: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    n_folds: int = FOLDS,
    rng: np.random.Generator | int | None = 0,
    progress: Callable[[float], None] | None = None,
) -> list[Moments]:
    """Moments of random folds: the same ones at every call, unless `rng` is another seed, or None.

    Dask collections are dealt out in one pass by the workers: up to 2²⁴ rows to the very folds that arrays in
    memory have, beyond that each block by a generator of its own.

    Parameters
    ----------
    X : array_like, or Dask array or frame, shape (N, n)
        Inputs.
    Y : array_like, or Dask collection, shape (N, m) or (N,)
        Targets.
    sample_weight : array_like, or Dask collection, shape (N,), optional
        Weights.
    n_folds : int
        How many.
    rng : numpy.random.Generator or int
        Splits the samples; the same seed gives the same folds.
    progress : callable, optional
        Called with the share done.

    Returns
    -------
    list of Moments

    Raises
    ------
    DataError
        With fewer than two samples a fold, or samples that moments refuse.
    ParameterError
        When the number of folds is not an integer ≥ 2.
    """
    samples = as_samples(X, Y, sample_weight)
    lengths = {len(A) if A.ndim else 0 for A in samples if A is not None}
    if len(lengths) != 1:
        Moments.from_arrays(*samples)  # says what does not fit
    folds: list[Moments] = []
    for fold in moments_of_sets(samples, _random_sets(samples, n_folds, rng)):
        folds.append(fold)
        if progress is not None:
            progress(len(folds) / n_folds)
    return folds


def further_splits(
    X: ArrayLike,
    Y: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    n_folds: int = FOLDS,
    n_repeats: int | None = None,
    rng: np.random.Generator,
) -> list[list[Moments]]:
    """Folds of other random splits, n_repeats − 1 of them.

    One split decides by chance where samples are few; of ten or more a feature one is enough.

    Raises
    ------
    ParameterError
        When n_repeats is not a positive integer.
    """
    samples = as_samples(X, Y, sample_weight)
    if n_repeats is None:
        n_samples, n_features = samples.X.shape[:2]
        n_repeats = REPEATS if n_samples < FEW * n_features else 1
    if not is_integer(n_repeats, 1):
        raise ParameterError(
            f"n_repeats must be a positive integer, got {n_repeats!r}",
            cause="a fractional or negative count",
            remedy="use n_repeats=1 for one split into folds, or 4 where samples are few",
        )
    return [fold_moments(*samples, n_folds=n_folds, rng=rng) for _ in range(n_repeats - 1)]
