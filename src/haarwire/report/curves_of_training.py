"""Training histories as plain data: a few runs, thinned to what can be seen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from haarwire.errors import ParameterError
from haarwire.report.encoding import plain_text, rounded
from haarwire.training.history import TrainingHistory

__all__ = ["training_data"]

_RUNS: Final = 8
_RECORDS: Final = 250


def training_data(training: TrainingHistory | Mapping[str, TrainingHistory] | None) -> list[dict[str, Any]]:
    """Loss, optimal loss and invariance gap of the runs of each history.

    Raises
    ------
    ParameterError
        When it is neither a history nor a mapping of names to histories.
    """
    if training is None:
        return []
    named = dict(training) if isinstance(training, Mapping) else {"training": training}
    if not all(isinstance(history, TrainingHistory) for history in named.values()):
        raise ParameterError(
            f"training curves need a TrainingHistory, got {training!r}",
            cause="a network or its result in place of the history",
            remedy="give training=history, or training={'hardwired': history, …}",
        )
    return [_curves(name, history) for name, history in named.items()]


def _curves(name: str, history: TrainingHistory) -> dict[str, Any]:
    steps = np.asarray(history.steps)
    last = len(steps) - 1
    # Evenly on a logarithmic axis and evenly on a linear one: both ends are dense enough.
    wanted = np.concatenate(
        [np.linspace(0, last, _RECORDS // 2), np.geomspace(1, last + 1, _RECORDS // 2) - 1]
    )
    records = np.unique(wanted.round().astype(int))
    runs = slice(min(history.n_runs, _RUNS))
    gap = history.invariance_gap
    return {
        "name": plain_text(name),
        "n_runs": history.n_runs,
        "n_converged": int(history.converged.sum()),
        "steps": steps[records].tolist(),
        "loss": rounded(history.loss[records][:, runs].T),
        "optimal": rounded(history.optimal_loss[runs]),
        "invariance_gap": None if gap is None else rounded(gap[records][:, runs].T),
    }
