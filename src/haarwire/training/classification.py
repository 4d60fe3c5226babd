"""What `train_cross_entropy` minimizes: labelled samples under an approach, the loss and its gradient."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from haarwire._numbers import FloatArray
from haarwire.errors import DataError, GroupTooLargeError, ParameterError
from haarwire.groups import Representation
from haarwire.invariants import Subspace, invariant_subspace, penalty_matrix
from haarwire.invariants.moving import LISTED, Mover
from haarwire.solve import Approach, Augmented, Hardwired, Regularized
from haarwire.training._torch import as_array, require_torch
from haarwire.training.checkpoint import State
from haarwire.training.layers import imbalance, product
from haarwire.training.sampling import checked_samples

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["CrossEntropy", "CrossEntropyJudge", "Task", "activation_gradients", "labelled", "task_of"]


class Task(NamedTuple):
    """Samples as the approach sees them."""

    inputs: FloatArray  # (N·copies, k)
    classes: NDArray[np.intp]  # (N·copies,)
    penalty: FloatArray | None  # αR
    embedding: Subspace | None
    invariant: Subspace

    def embed(self, V: FloatArray) -> FloatArray:
        """Coefficients in the coordinates of the features."""
        return V if self.embedding is None else self.embedding.embed(V)

    def measured(
        self,
        layers: Sequence[FloatArray],
        bias: FloatArray,
        loss: FloatArray,
        trial: tuple[FloatArray, NDArray[np.intp]] | None,
    ) -> dict[str, FloatArray]:
        """What a history records."""
        coef = self.coef(layers)
        out = {"loss": loss, "imbalance": imbalance(layers)}
        if self.embedding is None:
            seen = coef - coef.mean(axis=1, keepdims=True)  # softmax does not see what all classes share
            out["invariance_gap"] = np.linalg.norm(seen - self.invariant.project(seen), axis=(1, 2))
        else:
            out["invariance_gap"] = np.zeros(len(coef))
        if trial is not None:
            logits = trial[0] @ coef.swapaxes(1, 2) + bias[:, None]
            logits -= logits.max(axis=2, keepdims=True)
            logs = logits - np.log(np.exp(logits).sum(axis=2, keepdims=True))
            out["test_loss"] = -logs[:, np.arange(len(trial[1])), trial[1]].mean(axis=1)
        return out

    def coef(self, layers: Sequence[FloatArray]) -> FloatArray:
        """W of each run."""
        return self.embed(product(layers))


def labelled(X: ArrayLike, labels: ArrayLike, rep: Representation) -> tuple[FloatArray, NDArray[np.intp]]:
    """Samples and classes, or DataError."""
    classes = np.asarray(labels)
    if classes.ndim != 1 or classes.dtype.kind not in "iu" or not classes.size or classes.min() < 0:
        raise DataError(
            f"labels must be integers 0, 1, … of shape (n_samples,), got {classes.dtype} of shape "
            f"{classes.shape}",
            cause="names or one-hot rows in place of class numbers",
            remedy="number them: np.unique(labels, return_inverse=True)[1]",
        )
    inputs, _ = checked_samples(X, classes, rep)
    return inputs, classes.astype(np.intp)


def task_of(
    X: ArrayLike,
    labels: ArrayLike,
    rep: Representation,
    approach: Approach,
    *,
    elements_per_sample: int | None,
    seed: int,
) -> Task:
    """The labelled samples under an approach."""
    if not isinstance(approach, Approach):
        raise ParameterError(
            f"approach must be an Approach, got {approach!r}",
            cause="a class or a word in place of an object",
            remedy="use approach=Hardwired(), Augmented(), Regularized(alpha=0.1) or Plain()",
        )
    inputs, classes = labelled(X, labels, rep)
    invariant = invariant_subspace(rep)
    if isinstance(approach, Hardwired) or (isinstance(approach, Regularized) and np.isinf(approach.alpha)):
        return Task(invariant.coordinates(inputs), classes, None, invariant, invariant)
    penalty = None
    if isinstance(approach, Regularized):
        penalty = approach.alpha * penalty_matrix(rep, approach.penalty)
    if isinstance(approach, Augmented):
        mover, rng = Mover(rep), np.random.default_rng(seed)
        if elements_per_sample is not None:
            moved = [mover(inputs, rng) for _ in range(elements_per_sample)]
        elif mover.elements is not None:
            moved = [g.apply(inputs) for g in mover.elements]
        else:
            raise GroupTooLargeError(
                f"{rep.label} has more than {LISTED} elements, too many to move every sample by each",
                cause="cross-entropy needs the augmented samples themselves, not their moments",
                remedy="use elements_per_sample=8 for random elements, or Hardwired()",
            )
        inputs, classes = np.concatenate(moved), np.tile(classes, len(moved))
    return Task(inputs, classes, penalty, None, invariant)


@final
class CrossEntropyJudge:
    """Measures networks with an intercept: layers W_1, …, W_L and, last, b of shape (runs, 1, m).

    A run has arrived when its gradient is small against that of the start.

    Parameters
    ----------
    task : Task
        The samples.
    objective : CrossEntropy
        Their loss.
    start : sequence of Tensor
        Layers and intercepts of all runs.
    trial : (X, labels), optional
        For the test loss.
    """

    def __init__(
        self,
        task: Task,
        objective: CrossEntropy,
        start: Sequence[Tensor],
        trial: tuple[FloatArray, NDArray[np.intp]] | None,
    ) -> None:
        self._task, self._objective, self._trial = task, objective, trial
        self._like = start[0]
        self.n_runs = len(start[0])
        arrays = self.layers(start, np.arange(self.n_runs), dense=True)
        loss, self.scale = self.losses(arrays, np.arange(self.n_runs))
        self.limit = 1e3 * (loss + np.log(arrays[-1].shape[2]))

    def state(self) -> State:
        """Nothing: the samples are given."""
        return {}

    @staticmethod
    def layers(
        weights: Sequence[Tensor],
        runs: NDArray[np.intp],  # noqa: ARG004
        *,
        dense: bool,  # noqa: ARG004
    ) -> list[FloatArray]:
        """Layers and intercepts as arrays."""
        return [as_array(W) for W in weights]

    def losses(
        self,
        layers: Sequence[FloatArray],
        runs: NDArray[np.intp],  # noqa: ARG002
    ) -> tuple[FloatArray, FloatArray]:
        """Losses, and the size of the gradient."""
        torch, like = require_torch(), self._like
        moving = [torch.as_tensor(W, dtype=like.dtype, device=like.device) for W in layers]
        loss, gradients = self._objective(moving)
        squares = np.sum([(as_array(g) ** 2).sum(axis=(1, 2)) for g in gradients], axis=0)
        return as_array(loss), np.sqrt(squares)

    def measure(self, layers: Sequence[FloatArray], runs: NDArray[np.intp]) -> dict[str, FloatArray]:
        """What a history records."""
        return self._task.measured(layers[:-1], layers[-1][:, 0], self.losses(layers, runs)[0], self._trial)


@final
class CrossEntropy:
    """mean −log softmax(W x + b)_y + tr(W αR Wᵀ) of a batch of runs.

    Parameters
    ----------
    task : Task
        The samples.
    n_classes : int
        m.
    like : torch.Tensor
        For the precision and the device.
    """

    dense = True

    def __init__(self, task: Task, n_classes: int, like: Tensor) -> None:
        torch = require_torch()

        def tensor(array: FloatArray) -> Tensor:
            made: Tensor = torch.as_tensor(array, dtype=like.dtype, device=like.device)
            return made

        self._inputs, self._wanted = tensor(task.inputs), tensor(np.eye(n_classes)[task.classes])
        self._penalty = None if task.penalty is None else tensor(task.penalty)
        self._identity = tensor(np.eye(task.inputs.shape[1]))

    def restricted(self, keep: NDArray[np.integer[Any]]) -> CrossEntropy:  # noqa: ARG002
        """The same: all runs see the same samples."""
        return self

    def part(self, some: slice) -> CrossEntropy:  # noqa: ARG002
        """The same."""
        return self

    def state(self) -> State:
        """Nothing: the samples are given."""
        return {}

    def restore(self, state: State) -> None:
        """Nothing to go on from."""

    def gradient(self, weights: Sequence[Tensor]) -> list[Tensor]:
        """Of the layers and, last, of the intercepts (runs, 1, m)."""
        return self(weights)[1]

    def __call__(self, moving: Sequence[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Losses (runs,) and gradients, of the layers and, last, of the intercepts (runs, 1, m)."""
        *layers, bias = moving
        activations = self._passed(layers, self._inputs)
        logs = require_torch().log_softmax(activations[-1] + bias, dim=-1)
        delta = (logs.exp() - self._wanted) / len(self._wanted)
        loss = -(logs * self._wanted).sum((1, 2)) / len(self._wanted)
        gradients = activation_gradients(layers, activations, delta)
        if self._penalty is not None:
            passed = self._passed(layers, self._identity)
            pulled = self._penalty @ passed[-1]  # αR Wᵀ
            loss = loss + (pulled * passed[-1]).sum((1, 2))
            extra = activation_gradients(layers, passed, 2.0 * pulled)
            gradients = [a + b for a, b in zip(gradients, extra, strict=True)]
        return loss, [*gradients, delta.sum(1, keepdim=True)]

    @staticmethod
    def _passed(layers: Sequence[Tensor], inputs: Tensor) -> list[Tensor]:
        activations = [inputs.expand(len(layers[0]), -1, -1)]
        for W in layers:
            activations.append(activations[-1] @ W.mT)
        return activations


def activation_gradients(
    weights: Sequence[Tensor], activations: Sequence[Tensor], delta: Tensor
) -> list[Tensor]:
    """∂/∂W_l given the inputs of each layer and the derivative in the outputs, (runs, samples, m)."""
    gradients = []
    for W, seen in zip(reversed(weights), reversed(activations[:-1]), strict=True):
        gradients.append(delta.mT @ seen)
        delta = delta @ W
    return gradients[::-1]
