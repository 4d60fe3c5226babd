"""The critical points of each approach as plain data: markers, ways down, the lowest in a table."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import numpy as np

from haarwire._wording import count
from haarwire.landscape import CriticalPoint, CriticalPoints
from haarwire.landscape.cloud import cloud, merged
from haarwire.report.encoding import rounded

__all__ = ["landscape_data", "landscapes_by_rank"]

_DRAWN: Final = 300
"""How many points are drawn, in order of loss, where there are very many."""

_ESCAPES: Final = 12
_LISTED: Final = 5
_BARS: Final = 60


def landscapes_by_rank(points: CriticalPoints, ranks: list[int]) -> dict[str, Any]:
    """The landscape at every rank: the modes are the same, only how many are kept is not."""
    return {str(rank): landscape_data(replace(points, rank=rank)) for rank in ranks}


def landscape_data(points: CriticalPoints) -> dict[str, Any]:
    """One landscape: markers (index, loss, number, whether families), escapes (from, to), the lowest.

    Modes are numbered from 0.
    """
    indices, losses, numbers, families = merged(*cloud(points, _DRAWN))
    lowest = points.lowest(_ESCAPES + 1)
    best = lowest[0]
    histogram = points.index_histogram
    ways = [_way_down(points, point) for point in lowest if not point.is_global]
    told = zip(indices.tolist(), rounded(losses), numbers.tolist(), families.tolist(), strict=True)
    return {
        "count": count(points.count),
        "is_isolated": points.is_isolated,
        "histogram": [count(n) for n in histogram[:_BARS]],
        "markers": [[index, loss, n, int(family)] for index, loss, n, family in told],
        "best": [int(best.index), rounded(best.loss)],
        "escapes": [
            [start, down, end, landing]
            for (start, end), (down, landing) in zip(
                [way[:2] for way in ways],
                rounded(np.array([way[2:] for way in ways]).reshape(-1, 2)),
                strict=True,
            )
        ],
        "lowest": [_listed(point) for point in lowest[:_LISTED]],
    }


def _way_down(points: CriticalPoints, point: CriticalPoint) -> tuple[int, int, float, float]:
    """Indices and losses where the steepest way down from a saddle begins and ends."""
    escape = point.escape_direction
    assert escape is not None
    end = points.at(escape.leads_to)
    return int(point.index), int(end.index), point.loss, point.loss - escape.loss_decrease


def _listed(point: CriticalPoint) -> dict[str, Any]:
    escape = point.escape_direction
    return {
        "subset": list(point.subset),
        "loss": rounded(point.loss),
        "index": int(point.index),
        "escape": None
        if escape is None
        else {
            "swap": list(escape.swap),
            "loss_decrease": rounded(escape.loss_decrease),
        },
    }
