"""The critical points as a cloud of markers, loss against index: what every picture of a landscape draws."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from haarwire._numbers import FloatArray, IntArray
from haarwire.landscape.points import CriticalPoints

__all__ = ["ALL", "Markers", "cloud", "merged"]


ALL: Final = 5000
"""Up to so many critical points are all drawn."""

_CELLS: Final = 90
"""Points of one index whose losses are closer than this part of the range share one marker."""


class Markers(NamedTuple):
    """Points of one index and nearly one loss, drawn as one marker."""

    indices: IntArray
    losses: FloatArray
    numbers: IntArray
    are_families: NDArray[np.bool_]


def cloud(points: CriticalPoints, lowest: int) -> tuple[IntArray, FloatArray, NDArray[np.bool_]]:
    """Indices and losses of the points to draw, and which of them are families."""
    if points.count > ALL:
        some = points.lowest(lowest)
        return (
            np.array([point.index for point in some]),
            np.array([point.loss for point in some]),
            np.array([point.dimension > 0 for point in some]),
        )
    subsets, losses, indices = (np.concatenate(part) for part in zip(*points.tables(), strict=True))
    if points.is_isolated:
        return indices, losses, np.zeros(losses.size, dtype=bool)
    return indices, losses, np.array([points.at(subset).dimension > 0 for subset in subsets])


def merged(indices: IntArray, losses: FloatArray, are_families: NDArray[np.bool_]) -> Markers:
    """Merge the points of a cloud that would be drawn on top of each other."""
    extent = float(np.ptp(losses))
    places = (losses - losses.min()) * (_CELLS / extent if extent > 0 else 0.0)
    cells = np.floor(np.round(places, 6)).astype(np.int64)  # equal losses differ by rounding
    keys, inverse, numbers = np.unique(
        np.stack([indices, cells, are_families]), axis=1, return_inverse=True, return_counts=True
    )
    means = np.bincount(inverse.ravel(), weights=losses) / numbers
    return Markers(keys[0], means, numbers, keys[2].astype(bool))
