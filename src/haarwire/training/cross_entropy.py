"""`train_cross_entropy`: the same approaches with the softmax cross-entropy, which has no closed form."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from haarwire._numbers import FloatArray
from haarwire.errors import DataError, ParameterError
from haarwire.groups import Representation
from haarwire.solve import Approach
from haarwire.training._torch import require_torch
from haarwire.training.arguments import checked_network, checked_whole
from haarwire.training.assembly import Course, ended, history_of
from haarwire.training.checkpoint import fingerprint, rep_parts
from haarwire.training.classification import CrossEntropy, CrossEntropyJudge, Task, labelled, task_of
from haarwire.training.history import TrainingHistory
from haarwire.training.layers import surroundings
from haarwire.training.loop import Loop
from haarwire.training.network import DeepLinearNetwork
from haarwire.training.optimizers import heavy_ball
from haarwire.training.progress import Report
from haarwire.training.step_sizes import given_rates

__all__ = ["train_cross_entropy"]


def train_cross_entropy(
    X: ArrayLike,
    labels: ArrayLike,
    network: DeepLinearNetwork,
    rep: Representation,
    *,
    approach: Approach,
    elements_per_sample: int | None = None,
    learning_rate: Literal["auto"] | ArrayLike = "auto",
    momentum: float = 0.0,
    steps: int = 1000,
    tol: float = 1e-6,
    record: Literal["log"] | int = "log",
    test: tuple[ArrayLike, ArrayLike] | None = None,
    seed: int = 0,
    progress: bool | Report = False,
    callback: Callable[[int, FloatArray], object] | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    checkpoint_every: int = 1000,
    resume: str | os.PathLike[str] | None = None,
) -> TrainingHistory:
    """Minimize mean −log softmax(W x + b)_y (+ α tr(W R Wᵀ)) over layers and intercept, full batch.

    There is no closed form: the loss depends on every sample and not on moments only, so a step costs
    O(N), and for augmentation O(N |G|) with the group listed. No singular modes and no critical points
    are recorded, the optimal loss is NaN, and on separable data the loss has no minimizer at all (W
    grows without bound). Hard-wired and augmented optima agree here too where the group is averaged
    exactly and ρ is orthogonal: the loss is convex in W, and averaging W over the group does not raise
    its augmented value.

    Parameters
    ----------
    X : array_like, shape (N, n)
        Inputs.
    labels : array_like of int, shape (N,)
        Classes 0, …, m − 1.
    network : DeepLinearNetwork
        Widths (n, …, m), or (d, …, m) for `Hardwired`. Where every run starts; it is not changed.
    rep : Representation
        The symmetry.
    approach : Approach
        `Plain()`, `Hardwired()`, `Augmented()` or `Regularized(alpha)`.
    elements_per_sample : int, optional
        For `Augmented`: move every sample by so many random elements, drawn once, in place of the whole
        group, which has to be small enough to be listed (1000 elements).
    learning_rate : "auto", float or array_like
        ``"auto"`` is a safe step: a quarter of 1/(c K), with c the largest eigenvalue of ½ E[xxᵀ] + 2αR
        and K = Σ_l ‖W_L⋯W_{l+1}‖²‖W_{l−1}⋯W_1‖² at the start, at least L.
    momentum, steps, record
        As for `train`.
    tol : float
        A run stops, converged, when its gradient is at most tol times what it was at the start; looked at
        every 20 steps. 0: run on to the end.
    test : (X, labels), optional
        For the test loss: the mean cross-entropy of the data as they are.
    seed : int
        For the random elements.
    progress, callback, checkpoint, checkpoint_every, resume
        As for `train`.

    Returns
    -------
    TrainingHistory
        Its ``loss`` is the cross-entropy plus the penalty; its ``invariance_gap`` is that of W minus its
        mean over the classes: what all classes share changes no softmax, and so nothing moves it.

    Raises
    ------
    DataError, ParameterError
        When samples, labels, widths or options are not possible.
    NotCompactError, GroupTooLargeError, NoSamplerError
        When the group cannot be averaged over in the way asked for.
    ConvergenceError
        When every run diverges.
    FileError
        When a checkpoint cannot be written or read, or belongs to another training run.
    MissingDependencyError
        Without PyTorch.

    References
    ----------
    Duan and Montúfar, arXiv 2506.13714, train with this loss in their experiments.

    Examples
    --------
    >>> import haarwire as hw
    >>> from haarwire.training import DeepLinearNetwork, train_cross_entropy
    >>> data, rep = hw.datasets.digits(), hw.groups.image_rotations(8)
    >>> X, labels = data.X[:200] / 16.0, data.Y[:200].argmax(axis=1)
    >>> network = DeepLinearNetwork((64, 5, 10))
    >>> options = {"approach": hw.Augmented(), "steps": 200, "momentum": 0.9}
    >>> history = train_cross_entropy(X, labels, network, rep, **options)
    >>> bool(history.loss[-1, 0] < 0.8 * history.loss[0, 0])
    True
    """
    torch = require_torch()
    checked_network(network)
    course = Course(steps, record, progress, callback, checkpoint, checkpoint_every, resume, tol)
    course.check("gd", momentum)
    copies = (
        None if elements_per_sample is None else checked_whole(elements_per_sample, "elements_per_sample")
    )
    start = checked_whole(seed, "seed", 0)
    task = task_of(X, labels, rep, approach, elements_per_sample=copies, seed=start)
    _check_widths(network, task)
    trial = None if test is None else _trial(test, rep, network.widths[-1])
    runs, like = network.runs, network.weights[0]
    given = given_rates(learning_rate, 1, runs)
    rates = _safe_rates(task, network) if given is None else given
    mark = fingerprint(
        [
            "cross-entropy", task.inputs, task.classes, task.penalty, *network.arrays(), network.dtype,
            float(momentum), given, *course.parts, *rep_parts(rep), *(trial or ()),
        ]
    )  # fmt: skip
    state = course.state(mark)

    objective = CrossEntropy(task, network.widths[-1], like)
    bias = torch.zeros((runs, 1, network.widths[-1]), dtype=like.dtype, device=like.device)
    moving = [*(W.clone() for W in network.weights), bias]
    loop = Loop(
        CrossEntropyJudge(task, objective, moving, trial),
        objective,
        heavy_ball(moving, rates, momentum),
        moving,
        tol=tol,
        record=record,
    )
    course.run(loop, rates, state, mark)
    layers = ended(loop)
    shape = (len(loop.records), runs)
    return history_of(
        loop,
        rates,
        singular_modes=np.zeros((*shape, 0)),
        nearest_subset=np.zeros((*shape, 0), dtype=bool),
        nearest_index=np.full(shape, -1),
        coef=task.coef(layers[:-1]),
        intercept=layers[-1][:, 0],
        weights=tuple(layers[:-1]),
        problem=np.zeros(runs, dtype=np.intp),
        singular_values=np.zeros((runs, 0)),
        optimal_loss=np.full(runs, np.nan),
    )


def _safe_rates(task: Task, network: DeepLinearNetwork) -> FloatArray:
    # The Hessian of −log softmax in the logits is at most ½; the intercept adds a constant input.
    padded = np.column_stack([task.inputs, np.ones(len(task.inputs))])
    gram = 0.5 * (padded.T @ padded) / len(padded)
    if task.penalty is not None:
        gram[:-1, :-1] += 2.0 * task.penalty
    largest = float(np.linalg.eigvalsh(gram)[-1])
    return np.asarray(0.25 / (largest * np.maximum(surroundings(network.arrays()), network.depth)))


def _trial(
    test: tuple[ArrayLike, ArrayLike], rep: Representation, n_classes: int
) -> tuple[FloatArray, NDArray[np.intp]]:
    """Test samples and their classes."""
    if not isinstance(test, tuple | list) or len(test) != 2:
        raise DataError(
            f"test must be a pair of inputs and labels, got a {type(test).__name__}",
            cause="moments, which do not tell a cross-entropy, or inputs without their labels",
            remedy="use test=(X_test, labels_test)",
        )
    inputs, classes = labelled(*test, rep)
    if classes.max() >= n_classes:
        raise DataError(
            f"the test labels go to {classes.max()}, the network has {n_classes} outputs",
            cause="classes that do not occur in training, or labels numbered from 1",
            remedy=f"number them as in training, or give the network {classes.max() + 1} outputs",
        )
    return inputs, classes


def _check_widths(network: DeepLinearNetwork, task: Task) -> None:
    k, classes = task.inputs.shape[1], int(task.classes.max()) + 1
    if network.widths[0] != k or network.widths[-1] < classes:
        raise ParameterError(
            f"the network has widths {network.widths}, the problem {k} inputs and {classes} classes",
            cause="a hard-wired network acts on the invariant coordinates, or there are more classes",
            remedy=f"use DeepLinearNetwork(({k}, …, {classes}))",
        )
