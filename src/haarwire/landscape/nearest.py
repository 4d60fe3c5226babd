"""The critical family whose loss is nearest to a given value, exactly."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from haarwire._numbers import FloatArray, is_real
from haarwire.errors import ParameterError
from haarwire.landscape.counting import family_counts, spelled
from haarwire.landscape.families import Families
from haarwire.landscape.search import best_first, subset_loss
from haarwire.landscape.tables import tables

__all__ = ["nearest_subset"]

Subset: TypeAlias = tuple[int, ...]

_FEW: Final = 2**16
_LISTED: Final = 2**26
_HALVES: Final = 2**22


def nearest_subset(families: Families, total: float, loss: float) -> Subset:
    """The canonical subset whose loss is nearest to `loss`, the lower one of two equally near."""
    if not is_real(loss) or not math.isfinite(loss):
        raise ParameterError(
            f"the loss must be a finite number, got {loss!r}",
            cause="a diverged training run, or a missing value",
            remedy="give one number, e.g. nearest(history.loss[-1])",
        )
    if loss <= subset_loss(families, total, families.best):
        return families.best
    if loss >= subset_loss(families, total, families.worst):
        return families.worst
    if families.count <= _FEW:
        return _by_listing(families, total, loss)
    middle, work = _halves(families)
    if work <= _HALVES:
        return _by_meeting(families, middle, total - loss)
    if families.count <= _LISTED:
        return _by_listing(families, total, loss)
    below: Subset = families.best
    for value, subset in islice(best_first(families, total), _FEW):
        if value >= loss:
            gap = loss - subset_loss(families, total, below)
            return below if gap <= value - loss else subset
        below = subset
    raise ParameterError(
        f"cannot search {spelled(families.count)} critical points for the one of loss nearest to {loss:.6g}",
        cause=f"more than 2^{_LISTED.bit_length() - 1} critical points, and the loss is not among the "
        f"{_FEW} lowest: they lie closer together than rounding",
        remedy="lower the rank, or look among lowest(k)",
    )


def _closest(gains: FloatArray, target: float) -> tuple[float, float, int]:
    """(distance, −gain, position) of the gain nearest to the target: smaller is better."""
    distances = np.abs(gains - target)
    best = np.flatnonzero(distances == distances.min())
    k = int(best[np.argmax(gains[best])])
    return float(distances[k]), -float(gains[k]), k


def _by_listing(families: Families, total: float, loss: float) -> Subset:
    best: tuple[float, float, Subset] = (math.inf, math.inf, ())
    for subsets, losses, _ in tables(families, total, _FEW):
        distance, value, k = _closest(-losses, -loss)
        if (distance, value) < best[:2]:
            best = (distance, value, tuple(subsets[k].tolist()))
    return best[2]


def _halves(families: Families) -> tuple[int, int]:
    """The number of clusters in the first half of the modes, and the choices on the larger side."""
    edges = np.cumsum(families.sizes)
    middle = int(np.argmin(np.abs(edges - families.n_modes / 2))) + 1
    first = family_counts(families.sizes[:middle], families.kept)
    second = family_counts(families.sizes[middle:], families.kept)[::-1]
    both = [(a, b) for a, b in zip(first, second, strict=True) if a and b]
    return middle, max(sum(a for a, _ in both), sum(b for _, b in both))


def _by_meeting(families: Families, middle: int, target: float) -> Subset:
    """Sort the gains of one half and look up in them what each choice of the other half leaves."""
    split, clusters = sum(families.sizes[:middle]), len(families.sizes)
    best: tuple[float, float, Subset] = (math.inf, math.inf, ())
    for left in range(families.kept + 1):
        right = families.kept - left
        if left > split or right > families.n_modes - split:
            continue
        heads, head_gains = _all(families.part(0, middle, left))
        tails, tail_gains = _all(families.part(middle, clusters, right))
        order = np.argsort(head_gains)
        above = np.searchsorted(head_gains[order], target - tail_gains)
        for position in _neighbours(above, order.size):
            head = order[position]
            distance, value, k = _closest(head_gains[head] + tail_gains, target)
            if (distance, value) < best[:2]:
                subset = (*heads[head[k]].tolist(), *(split + tails[k]).tolist())
                best = (distance, value, subset)
    return best[2]


def _neighbours(above: NDArray[np.intp], size: int) -> Iterator[NDArray[np.intp]]:
    yield np.minimum(above, size - 1)
    yield np.maximum(above - 1, 0)


def _all(families: Families) -> tuple[NDArray[np.integer[Any]], FloatArray]:
    parts = [(subsets, -losses) for subsets, losses, _ in tables(families, 0.0, _HALVES)]
    return np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])
