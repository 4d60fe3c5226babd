"""A loop driven to its end, and what it recorded as a `TrainingHistory`."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, final

import numpy as np

from haarwire._numbers import FloatArray
from haarwire.errors import ConvergenceError
from haarwire.training.arguments import check_options, check_resumed
from haarwire.training.checkpoint import State, load_checkpoint
from haarwire.training.history import TrainingHistory
from haarwire.training.layers import product
from haarwire.training.loop import Loop
from haarwire.training.progress import Report, reporting
from haarwire.training.recording import Recorder

__all__ = ["Course", "assembled", "ended", "history_of"]


@final
@dataclass(frozen=True)
class Course:
    """How far a training run goes, and what is recorded, told and saved on the way: see `train`.

    Attributes
    ----------
    steps, tol, record, progress, callback, checkpoint, checkpoint_every, resume
        As for `train`.
    """

    steps: int
    record: Literal["log"] | int
    progress: bool | Report
    callback: Callable[[int, FloatArray], object] | None
    checkpoint: str | os.PathLike[str] | None
    checkpoint_every: int
    resume: str | os.PathLike[str] | None
    tol: float = 0.0

    def check(self, optimizer: str, momentum: float) -> None:
        """Raise ParameterError for an option out of range."""
        check_options(
            optimizer,
            momentum,
            steps=self.steps,
            tol=self.tol,
            record=self.record,
            checkpoint_every=self.checkpoint_every,
        )

    @property
    def parts(self) -> tuple[object, ...]:
        """What tells it from others, for `fingerprint`; a run may go further than its checkpoint's."""
        return float(self.tol), self.record if isinstance(self.record, str) else int(self.record)

    def state(self, mark: str) -> State | None:
        """What the checkpoint to go on from holds, if there is one; FileError unless it is of this mark."""
        return None if self.resume is None else load_checkpoint(Path(self.resume), mark)

    def run(self, loop: Loop, rates: FloatArray, state: State | None, mark: str) -> None:
        """Go on from a checkpoint's state, if there is one, to the last step.

        Raises
        ------
        ConvergenceError
            When no run is left.
        ParameterError
            When the checkpoint is of a later step.
        """
        if state is not None:
            check_resumed(int(state["step"]), self.steps)
            loop.restore(state)
        with reporting(self.progress) as report:
            loop.run(
                self.steps,
                checkpoint=None if self.checkpoint is None else (Path(self.checkpoint), mark),
                checkpoint_every=self.checkpoint_every,
                progress=report,
                callback=self.callback,
            )
        if loop.diverged.all():
            raise ConvergenceError(
                f"every run diverged within {loop.step} steps, with learning rates from {rates.min():.3g} to "
                f"{rates.max():.3g}",
                cause="a learning rate above twice the inverse of the largest curvature on the way",
                remedy="use learning_rate='auto', or where it was automatic a smaller one, such as "
                f"learning_rate={rates.min() / 10.0:.1g}",
            )


def ended(loop: Loop) -> list[FloatArray]:
    """Where the layers ended; NaN where a run diverged."""
    final = [W.copy() for W in loop.final]
    for W in final:
        W[loop.diverged] = np.nan
    return final


def history_of(loop: Loop, rates: FloatArray, **rest: Any) -> TrainingHistory:
    """The history of a loop's runs; `rest` is what the loop does not know."""
    series = {name: np.stack([row[name] for row in loop.records]) for name in loop.records[0]}
    return TrainingHistory(
        steps=np.array(loop.steps),
        converged=loop.converged,
        diverged=loop.diverged,
        stopped=loop.stopped,
        seconds=loop.seconds,
        learning_rate=rates,
        **{"test_loss": None, "invariance_gap": None, **series, **rest},
    )


def assembled(recorder: Recorder, loop: Loop, rates: FloatArray) -> TrainingHistory:
    """The history of a loop's runs on quadratic problems, whose layers are in the eigenbasis."""
    layers = ended(loop)
    everyone = np.arange(recorder.owner.size)
    coef, intercept = recorder.models(product(layers), everyone)
    return history_of(
        loop,
        rates,
        coef=coef,
        intercept=intercept,
        weights=tuple(recorder.turned(layers, everyone, back=True)),
        problem=recorder.owner,
        singular_values=recorder.singular_values,
        optimal_loss=recorder.per_run([t.optimal_loss for t in recorder.targets]),
    )
