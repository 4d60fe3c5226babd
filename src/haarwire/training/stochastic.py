"""`train_sampled`: augmentation as it is done in practice, by minibatches moved by random elements."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from haarwire.errors import ParameterError
from haarwire.groups import Representation
from haarwire.moments import Moments
from haarwire.solve import Augmented
from haarwire.training._torch import require_torch
from haarwire.training.arguments import check_network, check_options, check_test
from haarwire.training.assembly import all_diverged, assembled
from haarwire.training.classification import activation_gradients
from haarwire.training.history import TrainingHistory
from haarwire.training.loop import CHECK_EVERY, RUNAWAY, next_record, sanitized
from haarwire.training.network import DeepLinearNetwork
from haarwire.training.objective import frames_of
from haarwire.training.recording import Recorder
from haarwire.training.sampling import Batches, Mover, checked_samples
from haarwire.training.step_sizes import automatic_rates, given_rates

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["checked_count", "train_sampled"]

FloatArray: TypeAlias = NDArray[np.floating[Any]]


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
    MissingDependencyError
        Without PyTorch.
    """
    torch = require_torch()
    inputs, targets = checked_samples(X, Y, rep)
    moments = Moments.from_arrays(inputs, targets)
    problem = Augmented().problem(moments, rep)
    check_network(network, problem)
    check_options("gd", momentum=momentum, steps=steps, tol=0.0, record=record, checkpoint_every=1)
    check_test(test, problem)
    copies = checked_count(elements_per_sample, "elements_per_sample")
    runs, mover, first = network.runs, Mover(rep), checked_count(seed, "seed", 0)
    batches = [
        Batches(inputs, targets, mover, batch_size=batch_size, copies=copies, seed=(first, i))
        for i in range(runs)
    ]
    frame = frames_of([problem])
    recorder = Recorder(
        [problem], frame, np.zeros(runs, dtype=np.intp), rank=network.rank, rep=rep, test=test
    )
    everyone = np.arange(runs)
    start = recorder.turned(network.arrays(), everyone, back=False)
    given = given_rates(learning_rate, 1, runs)
    rates = automatic_rates("gd", recorder, start) if given is None else given

    like = network.weights[0]
    weights = [W.clone() for W in network.weights]
    velocity = [torch.zeros_like(W) for W in weights]
    step_sizes = torch.as_tensor(-rates, dtype=like.dtype, device=like.device).reshape(-1, 1, 1)

    def batch() -> list[Tensor]:
        seen, wanted = zip(*(draw() for draw in batches), strict=True)
        arrays = np.stack(seen) - problem.setting.x_mean, np.stack(wanted) - problem.setting.y_mean
        return [torch.as_tensor(a, dtype=like.dtype, device=like.device) for a in arrays]

    began = time.perf_counter()
    limit = RUNAWAY * (recorder.losses(start, everyone)[0] + problem.setting.total)
    diverged, stopped = np.zeros(runs, dtype=bool), np.full(runs, steps)
    final = start
    numbers, rows = [0], [recorder.measure(start, everyone)]
    for step in range(1, steps + 1):
        with torch.no_grad():
            moved, wanted = batch()
            for W, v, g in zip(weights, velocity, _gradients(weights, moved, wanted), strict=True):
                v.mul_(momentum).addcmul_(g, step_sizes)
                W.add_(v)
        is_due = step in {steps, next_record(numbers[-1], record)}
        if not (is_due or step % CHECK_EVERY == 0):
            continue
        final = recorder.layers(weights, everyone, dense=True)
        loss, _ = recorder.losses(final, everyone)
        away = ~(loss <= limit) & ~diverged
        stopped[away] = step
        diverged |= away
        for W, v in zip(weights, velocity, strict=True):
            W[diverged], v[diverged] = 0.0, 0.0  # out of the way; it is marked
        if diverged.all():
            raise all_diverged(step, rates)
        if is_due:
            with np.errstate(over="ignore", invalid="ignore"):
                row = recorder.measure(final, everyone)
            numbers.append(step)
            rows.append(sanitized(row, diverged))
    return assembled(
        recorder,
        numbers,
        rows,
        final,
        converged=np.zeros(runs, dtype=bool),
        diverged=diverged,
        stopped=stopped,
        seconds=time.perf_counter() - began,
        rates=rates,
    )


def _gradients(weights: Sequence[Tensor], inputs: Tensor, wanted: Tensor) -> list[Tensor]:
    activations = [inputs]
    for W in weights:
        activations.append(activations[-1] @ W.mT)
    delta = (activations[-1] - wanted) * (2.0 / inputs.shape[-2])
    return activation_gradients(weights, activations, delta)


def checked_count(value: int, name: str, least: int = 1) -> int:
    """The value as an int, or ParameterError."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise ParameterError(
            f"{name} must be an integer ≥ {least}, got {value!r}",
            cause="a fraction, or a missing count",
            remedy=f"use for example {name}=1",
        )
    return int(value)
