"""A loop driven to its end, and what it recorded as a `TrainingHistory`."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from haarwire._numbers import FloatArray
from haarwire.errors import ConvergenceError
from haarwire.training.arguments import check_resumed
from haarwire.training.checkpoint import State
from haarwire.training.history import TrainingHistory
from haarwire.training.loop import Loop
from haarwire.training.progress import Report, reporting
from haarwire.training.recording import Recorder

__all__ = ["assembled", "complete"]


def complete(
    loop: Loop,
    steps: int,
    rates: FloatArray,
    *,
    state: State | None,
    checkpoint: str | os.PathLike[str] | None,
    mark: str,
    checkpoint_every: int,
    progress: bool | Report,
    callback: Callable[[int, FloatArray], object] | None,
) -> None:
    """Go on from a checkpoint's state, if there is one, to step number `steps`.

    Raises
    ------
    ConvergenceError
        When no run is left.
    ParameterError
        When the checkpoint is of a later step.
    """
    if state is not None:
        check_resumed(int(state["step"]), steps)
        loop.restore(state)
    with reporting(progress) as report:
        loop.run(
            steps,
            checkpoint=None if checkpoint is None else (Path(checkpoint), mark),
            checkpoint_every=checkpoint_every,
            progress=report,
            callback=callback,
        )
    if loop.diverged.all():
        raise ConvergenceError(
            f"every run diverged within {loop.step} steps, with learning rates from {rates.min():.3g} to "
            f"{rates.max():.3g}",
            cause="a learning rate above twice the inverse of the largest curvature on the way",
            remedy="use learning_rate='auto', or a tenth of what was given",
        )


def assembled(recorder: Recorder, loop: Loop, rates: FloatArray) -> TrainingHistory:
    """The history of a loop's runs, whose layers are in the eigenbasis (NaN where they diverged)."""
    ended = [W.copy() for W in loop.final]
    for W in ended:
        W[loop.diverged] = np.nan
    everyone = np.arange(recorder.owner.size)
    product = ended[-1]
    for W in ended[-2::-1]:
        product = product @ W
    coef, intercept = recorder.models(product, everyone)
    series = {name: np.stack([row[name] for row in loop.records]) for name in loop.records[0]}
    return TrainingHistory(
        steps=np.array(loop.steps),
        loss=series["loss"],
        test_loss=series.get("test_loss"),
        invariance_gap=series.get("invariance_gap"),
        singular_modes=series["singular_modes"],
        imbalance=series["imbalance"],
        nearest_subset=series["nearest_subset"].astype(bool),
        nearest_index=series["nearest_index"].astype(np.int64),
        converged=loop.converged,
        diverged=loop.diverged,
        stopped=loop.stopped,
        seconds=loop.seconds,
        coef=coef,
        intercept=intercept,
        weights=tuple(recorder.turned(ended, everyone, back=True)),
        learning_rate=rates,
        problem=recorder.owner,
        singular_values=recorder.singular_values,
        optimal_loss=recorder.per_run([t.optimal_loss for t in recorder.targets]),
    )
