"""The training loop: steps, checks, records and checkpoints of a batch of runs."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, Protocol, final

import numpy as np
from numpy.typing import NDArray

from haarwire._numbers import FloatArray
from haarwire.training._torch import require_torch
from haarwire.training.checkpoint import State, save_checkpoint
from haarwire.training.optimizers import Descended, Optimizer

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Judge", "Loop", "next_record"]


CHECK_EVERY: Final = 20
"""Steps between two looks at which runs have arrived or run away. Fixed, so that it does not depend on how
a training run was cut into pieces."""

PER_DECADE: Final = 20


def next_record(step: int, record: Literal["log"] | int) -> int:
    """The first step after `step` that is recorded; it does not depend on how many steps there will be."""
    if not isinstance(record, str):
        return (step // record + 1) * record
    power = max(math.floor(PER_DECADE * math.log10(step)), 0) if step > 0 else 0
    while True:
        candidate: int = round(10.0 ** (power / PER_DECADE))
        if candidate > step:
            return candidate
        power += 1


class Judge(Protocol):
    """Measures the layers: what is recorded, who has arrived and who has run away."""

    n_runs: int
    scale: FloatArray
    """Of each run: it has arrived when its distance is at most tol times this."""
    limit: FloatArray
    """Of each run: a larger loss has run away."""

    def layers(self, weights: Sequence[Tensor], runs: NDArray[np.intp], *, dense: bool) -> list[FloatArray]:
        """The layers of some runs as arrays."""

    def losses(self, layers: Sequence[FloatArray], runs: NDArray[np.intp]) -> tuple[FloatArray, FloatArray]:
        """Losses, and distances from where training shall end."""

    def measure(self, layers: Sequence[FloatArray], runs: NDArray[np.intp]) -> dict[str, FloatArray]:
        """Everything that is recorded."""

    def state(self) -> State:
        """What a checkpoint has to hold to measure alike."""


@final
class Loop:
    """A batch of runs under training. Runs that have arrived or run away leave the batch.

    Parameters
    ----------
    judge : Judge
        Measures the runs.
    objective : Descended
        Of all runs.
    optimizer : Optimizer
        Of all runs.
    weights : list of Tensor
        The layers that are trained in place.
    tol, record
        As for `train`.
    """

    def __init__(
        self,
        judge: Judge,
        objective: Descended,
        optimizer: Optimizer,
        weights: list[Tensor],
        *,
        tol: float,
        record: Literal["log"] | int,
    ) -> None:
        self.judge, self.objective, self.optimizer, self.weights = judge, objective, optimizer, weights
        self.tol, self.every = tol, record
        runs = judge.n_runs
        self.step, self.seconds = 0, 0.0
        self.active = np.arange(runs)
        self.converged, self.diverged = np.zeros(runs, dtype=bool), np.zeros(runs, dtype=bool)
        self.stopped = np.zeros(runs, dtype=np.int64)
        self.final = self._layers()
        self.frozen: dict[str, FloatArray] = {}
        self.steps: list[int] = []
        self.records: list[dict[str, FloatArray]] = []

    def run(
        self,
        steps: int,
        *,
        checkpoint: tuple[Path, str] | None,
        checkpoint_every: int,
        progress: Callable[[int, int], object] | None,
        callback: Callable[[int, FloatArray], object] | None,
    ) -> None:
        """Train up to step number `steps`, or until every run has stopped."""
        began, before = time.perf_counter(), self.seconds
        stop = False
        if not self.steps:
            self._record()
        while self.step < steps and self.active.size and not stop:
            natural = min(next_record(self.step, self.every), _next(self.step, CHECK_EVERY))
            upto = min(natural, steps)
            if upto < natural and checkpoint is not None:
                # Going on from the middle of a stretch would change the steps of the gradient flow.
                save_checkpoint(checkpoint[0], self.state(), checkpoint[1])
                checkpoint = None
            with require_torch().no_grad():
                self.optimizer.advance(self.weights, self.objective, self.step, upto - self.step)
            due = upto // checkpoint_every > self.step // checkpoint_every
            self.step = upto
            if self.step % CHECK_EVERY == 0:
                self._check()
            if self.step == next_record(self.step - 1, self.every):
                self._record()
                if callback is not None:
                    stop = callback(self.step, self.records[-1]["loss"].copy()) is True
            if progress is not None:
                progress(self.step, steps)
            self.seconds = before + time.perf_counter() - began
            if checkpoint is not None and due:
                save_checkpoint(checkpoint[0], self.state(), checkpoint[1])
        if checkpoint is not None:
            save_checkpoint(checkpoint[0], self.state(), checkpoint[1])
        self._finish()
        self.seconds = before + time.perf_counter() - began

    def _layers(self) -> list[FloatArray]:
        return self.judge.layers(self.weights, self.active, dense=self.objective.dense)

    def _judged(self) -> tuple[list[FloatArray], NDArray[np.bool_], NDArray[np.bool_]]:
        """The layers of the runs in the batch; which have arrived, and which have run away."""
        layers = self._layers()
        loss, distance = self.judge.losses(layers, self.active)
        away = ~(loss <= self.judge.limit[self.active])
        near = distance <= self.tol * self.judge.scale[self.active]
        # Rounding may take the distance to 0 and below: without a tolerance nobody has arrived.
        return layers, near & ~away & (self.tol > 0), away

    def _check(self) -> None:
        layers, arrived, away = self._judged()
        leaving = arrived | away
        if not leaving.any():
            return
        gone = self.active[leaving]
        for kept, W in zip(self.final, layers, strict=True):
            kept[gone] = W[leaving]
        self.converged[self.active[arrived]] = True
        self.diverged[self.active[away]] = True
        self.stopped[gone] = self.step
        stay = np.flatnonzero(~leaving)
        self._leave(gone)
        self._restrict(stay)

    def _leave(self, gone: NDArray[np.intp]) -> None:
        """Remember what later records say of runs that are leaving."""
        with np.errstate(over="ignore", invalid="ignore"):
            measured = self.judge.measure([W[gone] for W in self.final], gone)
        self.frozen = self._merged(self.frozen, measured, gone)

    def _restrict(self, stay: NDArray[np.intp]) -> None:
        self.active = self.active[stay]
        if stay.size:
            index = require_torch().as_tensor(stay, device=self.weights[0].device)
            self.weights = [W[index] for W in self.weights]
            self.optimizer.keep(index)
            self.objective = self.objective.restricted(stay)

    def _merged(
        self, row: dict[str, FloatArray], measured: dict[str, FloatArray], runs: NDArray[np.intp]
    ) -> dict[str, FloatArray]:
        total = self.judge.n_runs
        if not row:
            row = {name: np.zeros((total, *v.shape[1:]), dtype=v.dtype) for name, v in measured.items()}
        out = {name: values.copy() for name, values in row.items()}
        for name, values in measured.items():
            out[name][runs] = values
        return out

    def _record(self) -> None:
        row = self.frozen
        if self.active.size:
            layers = self._layers()
            with np.errstate(over="ignore", invalid="ignore"):
                measured = self.judge.measure(layers, self.active)
            row = self._merged(row, measured, self.active)
        self.steps.append(self.step)
        self.records.append(_sanitized(row, self.diverged))

    def _finish(self) -> None:
        """The last step is recorded too, and judged; neither is part of a checkpoint."""
        if self.steps[-1] != self.step:
            self._record()
        if self.active.size:
            layers, arrived, away = self._judged()
            for kept, W in zip(self.final, layers, strict=True):
                kept[self.active] = W
            self.converged[self.active[arrived]] = True
            self.diverged[self.active[away]] = True
            self.stopped[self.active] = self.step
            self.records[-1] = _sanitized(self.records[-1], self.diverged)

    # Checkpoints.

    def state(self) -> State:
        """All that is needed to go on, as arrays."""
        state: State = {
            "step": np.array(self.step), "seconds": np.array(self.seconds), "active": self.active,
            "converged": self.converged, "diverged": self.diverged, "stopped": self.stopped,
            "limit": self.judge.limit, "scale": self.judge.scale,
            "steps": np.array(self.steps), "rates": self.rates(),
        }  # fmt: skip
        state |= self.judge.state()
        if self.active.size:
            state |= {f"weights.{i}": W.cpu().numpy() for i, W in enumerate(self.weights)}
            state |= {f"state.{i}": s.cpu().numpy() for i, s in enumerate(self.optimizer.state)}
            state |= {f"objective.{name}": values for name, values in self.objective.state().items()}
        state |= {f"final.{i}": W for i, W in enumerate(self.final)}
        state |= {f"record.{name}": np.stack([r[name] for r in self.records]) for name in self.records[0]}
        return state | {f"frozen.{name}": values for name, values in self.frozen.items()}

    def rates(self) -> FloatArray:
        """The learning rates of the runs in the batch."""
        return np.array(self.optimizer.rates.reshape(-1).cpu().numpy())

    def restore(self, state: State) -> None:
        """Go on from a checkpoint."""
        active = state["active"]
        self._restrict(active)
        self.step, self.seconds = int(state["step"]), float(state["seconds"])
        self.converged, self.diverged = state["converged"], state["diverged"]
        self.stopped, self.judge.limit, self.judge.scale = state["stopped"], state["limit"], state["scale"]
        self.steps = state["steps"].tolist()
        self.final = _numbered(state, "final")
        like = self.weights[0]
        if active.size:
            self.weights = _tensors(_numbered(state, "weights"), like)
            self.optimizer.state = _tensors(_numbered(state, "state"), like)
            (self.optimizer.rates,) = _tensors([state["rates"].reshape(-1, 1, 1)], like)
            self.objective.restore(_named(state, "objective."))
        stacked = _named(state, "record.")
        self.records = [{name: v[i] for name, v in stacked.items()} for i in range(len(self.steps))]
        self.frozen = _named(state, "frozen.")


def _next(step: int, every: int) -> int:
    return (step // every + 1) * every


def _named(state: State, prefix: str) -> dict[str, FloatArray]:
    return {name.removeprefix(prefix): v for name, v in state.items() if name.startswith(prefix)}


def _numbered(state: State, name: str) -> list[FloatArray]:
    found = _named(state, f"{name}.")
    return [found[str(i)] for i in range(len(found))]


def _tensors(arrays: Sequence[FloatArray], like: Tensor) -> list[Tensor]:
    torch = require_torch()
    return [torch.as_tensor(array, dtype=like.dtype, device=like.device) for array in arrays]


def _sanitized(row: dict[str, FloatArray], diverged: NDArray[np.bool_]) -> dict[str, FloatArray]:
    """Loss ∞ and NaN elsewhere for diverged runs and for losses that are not finite."""
    lost = diverged | ~np.isfinite(row["loss"])
    if not lost.any():
        return row
    out = {name: values.copy() for name, values in row.items()}
    for name, values in out.items():
        match name:
            case "loss":
                values[lost] = np.inf
            case "nearest_index":
                values[lost] = -1
            case "nearest_subset":
                values[lost] = False
            case _:
                values[lost] = np.nan
    return out
