"""From recorded rows and final layers to a `TrainingHistory`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from haarwire.errors import ConvergenceError
from haarwire.training.history import TrainingHistory
from haarwire.training.recording import Recorder

__all__ = ["all_diverged", "assembled"]

FloatArray: TypeAlias = NDArray[np.floating[Any]]


def assembled(
    recorder: Recorder,
    steps: Sequence[int],
    records: Sequence[Mapping[str, FloatArray]],
    final: Sequence[FloatArray],
    *,
    converged: NDArray[np.bool_],
    diverged: NDArray[np.bool_],
    stopped: NDArray[np.integer[Any]],
    seconds: float,
    rates: FloatArray,
) -> TrainingHistory:
    """The history of runs with these final layers in the eigenbasis (NaN where they diverged)."""
    ended = [W.copy() for W in final]
    for W in ended:
        W[diverged] = np.nan
    everyone = np.arange(recorder.owner.size)
    product = ended[-1]
    for W in ended[-2::-1]:
        product = product @ W
    coef, intercept = recorder.models(product, everyone)
    series = {name: np.stack([row[name] for row in records]) for name in records[0]}
    return TrainingHistory(
        steps=np.array(steps),
        loss=series["loss"],
        test_loss=series.get("test_loss"),
        invariance_gap=series.get("invariance_gap"),
        singular_modes=series["singular_modes"],
        imbalance=series["imbalance"],
        nearest_subset=series["nearest_subset"].astype(bool),
        nearest_index=series["nearest_index"].astype(np.int64),
        converged=converged,
        diverged=diverged,
        stopped=np.asarray(stopped),
        seconds=seconds,
        coef=coef,
        intercept=intercept,
        weights=tuple(recorder.turned(ended, everyone, back=True)),
        learning_rate=rates,
        problem=recorder.owner,
        singular_values=recorder.singular_values,
        optimal_loss=recorder.per_run([t.optimal_loss for t in recorder.targets]),
    )


def all_diverged(step: int, rates: FloatArray) -> ConvergenceError:
    """The error for a training in which no run is left."""
    return ConvergenceError(
        f"every run diverged within {step} steps, with learning rates from {rates.min():.3g} to "
        f"{rates.max():.3g}",
        cause="a learning rate above twice the inverse of the largest curvature on the way",
        remedy="use learning_rate='auto', or a tenth of what was given",
    )
