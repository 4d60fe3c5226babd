"""Critical families in order of loss, without listing the others."""

from __future__ import annotations

import math
from collections.abc import Iterator
from heapq import heappop, heappush

from haarwire.landscape.families import Families

__all__ = ["best_first", "subset_loss"]


def subset_loss(families: Families, total: float, subset: tuple[int, ...]) -> float:
    """tr(T) − Σ_{i∈S} σ_i², correctly rounded, so that the order of losses is never upset by rounding."""
    return math.fsum([total, *(-families.gains[list(subset)]).tolist()])


def best_first(families: Families, total: float) -> Iterator[tuple[float, tuple[int, ...]]]:
    """Yield (loss, canonical subset) in order of loss, at O(r + log) a point.

    Every subset is reached from the best one along exactly one chain of steps that each move one kept
    mode to the next cluster and never lower the loss: first the last mode moves to its place, then the
    one before it, and so on. So no visited set is needed, and the heap holds at most three entries for
    every subset taken from it.
    """
    gains, starts, ends = families.gains.tolist(), families.starts, families.ends
    kept, n_modes = families.kept, families.n_modes
    heap = [(math.fsum([total, *(-g for g in gains[:kept])]), families.best, kept)]
    while heap:
        loss, subset, mover = heappop(heap)
        yield loss, subset
        # The modes before the mover are in place still: 0 … mover − 1. Those that may move now are the
        # last of them and the last of the cluster before, which finds room if others have left or kept it.
        for place in {mover, mover - 1, starts[mover - 1] - 1 if mover else 0}:
            if not 0 <= place < kept:
                continue
            target = ends[subset[place]]  # the first mode of the next cluster
            if target >= n_modes:
                continue
            # Modes kept there already make way by one; there must be room for them.
            after = place + 1
            while after < kept and starts[subset[after]] == target:
                after += 1
            count = after - place
            if (place + 1 < kept and subset[place + 1] < target) or target + count > ends[target]:
                continue
            moved = subset[:place] + tuple(range(target, target + count)) + subset[after:]
            heappush(heap, (math.fsum([total, *(-gains[i] for i in moved)]), moved, place))
