"""What `haarwire train` tells of one approach."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from haarwire.moments import Moments
from haarwire.solve import Regularized
from haarwire.training import TrainedApproach

__all__ = ["trained_data"]


def trained_data(trained: TrainedApproach, moments: Moments) -> dict[str, Any]:
    """What the command tells of one approach, as plain numbers: its run that ended highest, and all runs."""
    best, history = trained.best, trained.history
    total = float(np.trace(moments.total))
    approach = {
        "alpha": best.approach.alpha if isinstance(best.approach, Regularized) else None,
        "optimal_loss": best.loss,
        "optimal_invariance_gap": best.invariance_gap,
        "optimal_relative_invariance_gap": best.relative_invariance_gap,
    }
    if history is None:
        rows = [
            {
                "final_loss": total,
                "relative_excess": 0.0,
                "invariance_gap": 0.0,
                "relative_invariance_gap": 0.0,
                "nearest_subset": [],
                "nearest_index": 0,
                "stopped": 0,
                "converged": True,
                "diverged": False,
            }
            for _ in trained.relative_invariance_gaps
        ]
        return {**rows[0], **approach, "learning_rate": None, "seconds": 0.0, "runs": rows}
    assert history.invariance_gap is not None
    # An exact fit leaves no loss to compare with.
    floor = best.loss if best.loss > 1e-12 * total else math.nan
    rows = [
        {
            "final_loss": float(history.loss[-1, i]),
            "relative_excess": float(history.excess_loss[-1, i] / floor),
            "invariance_gap": float(history.invariance_gap[-1, i]),
            "relative_invariance_gap": float(trained.relative_invariance_gaps[i]),
            "nearest_subset": list(history.subset(-1, i)),
            "nearest_index": None if history.diverged[i] else int(history.nearest_index[-1, i]),
            "stopped": int(history.stopped[i]),
            "converged": bool(history.converged[i]),
            "diverged": bool(history.diverged[i]),
        }
        for i in range(history.n_runs)
    ]
    worst = int(np.argmax(history.loss[-1]))
    return {
        **rows[worst],
        **approach,
        "learning_rate": float(history.learning_rate[worst]),
        "seconds": history.seconds,
        "runs": rows,
    }
