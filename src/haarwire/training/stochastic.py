"""`train_sampled`: augmentation as it is done in practice, by minibatches moved by random elements."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal, final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from haarwire._numbers import FloatArray
from haarwire.groups import Representation
from haarwire.invariants.moving import Mover
from haarwire.moments import Moments
from haarwire.solve import Augmented, Quadratic
from haarwire.training._torch import require_torch
from haarwire.training.arguments import check_network, check_test, checked_whole
from haarwire.training.assembly import Course, assembled
from haarwire.training.checkpoint import State, fingerprint, moments_parts, rep_parts
from haarwire.training.classification import activation_gradients
from haarwire.training.history import TrainingHistory
from haarwire.training.loop import Loop
from haarwire.training.network import DeepLinearNetwork
from haarwire.training.objective import frames_of
from haarwire.training.optimizers import heavy_ball
from haarwire.training.progress import Report
from haarwire.training.recording import Recorder
from haarwire.training.sampling import Batches, checked_samples
from haarwire.training.step_sizes import automatic_rates, given_rates

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["SampledObjective", "train_sampled"]


def train_sampled(
    X: ArrayLike,
    Y: ArrayLike,
    network: DeepLinearNetwork,
    rep: Representation,
    *,
    batch_size: int,
    elements_per_sample: int = 1,
    learning_rate: Literal["auto"] | ArrayLike = "auto",
    momentum: float = 0.0,
    steps: int = 1000,
    record: Literal["log"] | int = "log",
    test: Moments | None = None,
    seed: int = 0,
    progress: bool | Report = False,
    callback: Callable[[int, FloatArray], object] | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    checkpoint_every: int = 1000,
    resume: str | os.PathLike[str] | None = None,
) -> TrainingHistory:
    """Stochastic gradient descent on ‖W ρ(g)x + b − y‖², samples and group elements drawn at random.

    W_l ← W_l − η ∂/∂W_l mean over the batch of ‖W(ρ(g)x − P̄x̄) − (y − ȳ)‖², the intercept
    b = ȳ − W P̄x̄ eliminated. Its mean over batches and elements is the gradient of the augmented
    problem exactly (see `augmentation_noise`), so what differs from ``train(…, approach=Augmented())``
    is noise. What is recorded is exact all the same: the loss of the augmented problem, not that of a
    batch. With a constant rate the loss settles above J* by O(η), and the invariance gap above 0 by O(√η).

    Parameters
    ----------
    X : array_like, shape (N, n)
        Inputs.
    Y : array_like, shape (N, m) or (N,)
        Targets.
    network : DeepLinearNetwork
        Where every run starts. It is not changed.
    rep : Representation
        A compact group on R^n from which elements can be drawn.
    batch_size : int
        Samples a step, by shuffled epochs (the remainder of an epoch is left out).
    elements_per_sample : int
        Independent elements for every sample of a batch; a step costs so many times more.
    learning_rate, momentum, steps, record, test
        As for `train`. ``"auto"`` is the safe rate of the full batch: reduce it for small batches.
    seed : int
        Run i draws its batches and elements from a generator of seed (`seed`, i).
    progress, callback, checkpoint, checkpoint_every, resume
        As for `train`. A checkpoint holds the generators too: going on from it draws what would have been
        drawn.

    Returns
    -------
    TrainingHistory
        ``converged`` is False for all runs, which take all steps.

    Raises
    ------
    DataError, ParameterError
        When samples or options are not possible.
    NotCompactError, NoSamplerError
        When there are no Haar-distributed elements, or no way to draw them.
    ConvergenceError
        When every run diverges.
    FileError
        When a checkpoint cannot be written or read, or belongs to another training run.
    MissingDependencyError
        Without PyTorch.

    Examples
    --------
    >>> import haarwire as hw
    >>> from haarwire.training import DeepLinearNetwork, train_sampled
    >>> rep = hw.groups.cyclic_shifts(6)
    >>> data = hw.datasets.planted(rep, 200, n_targets=3, rng=0)
    >>> network = DeepLinearNetwork((6, 2, 3))
    >>> history = train_sampled(data.X, data.Y, network, rep, batch_size=50, learning_rate=0.01, steps=1000)
    >>> bool(history.invariance_gap[-1, 0] < 0.2 * history.invariance_gap[0, 0])
    True
    """
    inputs, targets = checked_samples(X, Y, rep)
    moments = Moments.from_arrays(inputs, targets)
    problem = Augmented().problem(moments, rep)
    check_network(network, problem)
    course = Course(steps, record, progress, callback, checkpoint, checkpoint_every, resume)
    course.check("gd", momentum)
    check_test(test, problem)
    copies = checked_whole(elements_per_sample, "elements_per_sample")
    runs, mover, first = network.runs, Mover(rep), checked_whole(seed, "seed", 0)
    batches = [
        Batches(inputs, targets, mover, batch_size=batch_size, copies=copies, seed=(first, i))
        for i in range(runs)
    ]
    given = given_rates(learning_rate, 1, runs)
    mark = fingerprint(
        [
            "sampled", inputs, targets, *network.arrays(), network.dtype, int(batch_size), copies,
            float(momentum), given, first, *course.parts, *rep_parts(rep), *moments_parts(test),
        ]
    )  # fmt: skip
    state = course.state(mark)
    frame = frames_of([problem], state)
    recorder = Recorder(
        [problem], frame, np.zeros(runs, dtype=np.intp), rank=network.rank, rep=rep, test=test
    )
    start = recorder.turned(network.arrays(), np.arange(runs), back=False)
    recorder.begin(start)
    rates = automatic_rates("gd", recorder, start) if given is None else given
    weights = [W.clone() for W in network.weights]
    loop = Loop(
        recorder,
        SampledObjective(batches, problem, weights[0]),
        heavy_ball(weights, rates, momentum),
        weights,
        tol=0.0,
        record=record,
    )
    course.run(loop, rates, state, mark)
    return assembled(recorder, loop, rates)


@final
class SampledObjective:
    """Gradients on minibatches: each run draws its own, anew at every call.

    Parameters
    ----------
    batches : sequence of Batches
        One a run.
    problem : Quadratic
        Of the augmented data, for the means that the intercept takes care of.
    like : Tensor
        For the precision and the device.
    """

    dense = True

    def __init__(self, batches: Sequence[Batches], problem: Quadratic, like: Tensor) -> None:
        self._batches, self._problem, self._like = batches, problem, like

    def restricted(self, keep: NDArray[np.integer[Any]]) -> SampledObjective:
        """The same for some of the runs."""
        return SampledObjective([self._batches[i] for i in keep], self._problem, self._like)

    def part(self, some: slice) -> SampledObjective:
        """The same for neighbouring runs."""
        return SampledObjective(self._batches[some], self._problem, self._like)

    def state(self) -> State:
        """Of the generators, and what is left of each epoch."""
        generators, orders = zip(*(batch.state() for batch in self._batches), strict=True)
        return {"generators": np.array(generators), "orders": np.stack(orders)}

    def restore(self, state: State) -> None:
        """Go on drawing from there."""
        for batch, generator, order in zip(
            self._batches, state["generators"].tolist(), state["orders"], strict=True
        ):
            batch.restore(generator, order)

    def gradient(self, weights: Sequence[Tensor]) -> list[Tensor]:
        """∂/∂W_l of the mean over the next batch of ‖W(ρ(g)x − P̄x̄) − (y − ȳ)‖²."""
        seen, wanted = zip(*(draw() for draw in self._batches), strict=True)
        setting = self._problem.setting
        inputs = self._tensor(np.stack(seen) - setting.x_mean)
        targets = self._tensor(np.stack(wanted) - setting.y_mean)
        activations = [inputs]
        for W in weights:
            activations.append(activations[-1] @ W.mT)
        delta = (activations[-1] - targets) * (2.0 / inputs.shape[-2])
        return activation_gradients(weights, activations, delta)

    def _tensor(self, array: FloatArray) -> Tensor:
        made: Tensor = require_torch().as_tensor(array, dtype=self._like.dtype, device=self._like.device)
        return made
