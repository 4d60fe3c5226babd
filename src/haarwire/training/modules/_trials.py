"""Training and testing of one network under one approach, for `compare_modules`."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final, NamedTuple, final

import numpy as np
import torch
from torch import Tensor, nn

from haarwire._numbers import FloatArray
from haarwire.datasets import Dataset
from haarwire.errors import ConvergenceError, DataError, GroupTooLargeError
from haarwire.groups import Representation
from haarwire.training.modules._checks import checked_batch, tensor_output
from haarwire.training.modules._elements import ElementStack
from haarwire.training.modules.augmentation import augment
from haarwire.training.modules.penalty import invariance_error, invariance_penalty

__all__ = ["MOVES", "SMALL_GROUP", "Budget", "Samples", "Trial", "moved_versions", "run"]


SMALL_GROUP: Final = 8
"""Test samples are moved by every element of a group of at most so many,"""

MOVES: Final = 5
"""and by so many random ones each of a larger group."""

_CHUNK: Final = 512


@final
@dataclass(frozen=True)
class Budget:
    """What every approach may spend.

    Attributes
    ----------
    epochs, batch_size : int
        Passes over the training samples, and samples a step.
    learning_rate, alpha : float
        Learning rate, and strength of the invariance penalty.
    """

    epochs: int
    batch_size: int
    learning_rate: float
    alpha: float


@final
@dataclass(frozen=True)
class Samples:
    """Inputs of shape (N, *shape) and targets: class numbers (N,), or numbers (N, m)."""

    x: Tensor
    y: Tensor

    @classmethod
    def of(cls, data: Dataset, shape: tuple[int, ...], scale: float, device: torch.device) -> Samples:
        """Tensors in float32, the inputs divided by one number."""
        x = torch.from_numpy(np.array(data.X, dtype=np.float32) / np.float32(scale))
        Y = data.Y if data.classes is None else data.Y.argmax(axis=1)
        y = torch.from_numpy(np.array(Y, dtype=np.float32 if data.classes is None else np.int64))
        return cls(x.reshape(-1, *shape).to(device), y.to(device))

    def __len__(self) -> int:
        return len(self.x)

    @property
    def are_labelled(self) -> bool:
        """Whether targets are class numbers."""
        return not self.y.is_floating_point()

    def losses(self, output: Tensor, y: Tensor) -> Tensor:
        """One loss a sample: cross-entropy for labels, else the squared error summed over targets."""
        if self.are_labelled:
            return nn.functional.cross_entropy(output, y, reduction="none")
        return (output - y).square().sum(1)


class Trial(NamedTuple):
    """One approach with one seed."""

    train_loss: float
    losses: dict[str, FloatArray]
    scores: dict[str, float]
    invariance_error: float
    steps: int
    seconds: float


def moved_versions(x: Tensor, rep: Representation, seed: int) -> list[Tensor]:
    """The samples moved by every element of a small group, else by independent random elements, often."""
    flat = checked_batch(x, rep, "the inputs", "have")
    try:
        versions = ElementStack(rep.elements(limit=SMALL_GROUP), x).each(flat)
    except GroupTooLargeError:
        transform = augment(rep, seed)
        return [transform(x) for _ in range(MOVES)]
    return [version.reshape(x.shape) for version in versions]


def run(
    network: nn.Module,
    approach: str,
    seed: int,
    *,
    rep: Representation,
    budget: Budget,
    train: Samples,
    test: Samples,
    moved: list[Tensor],
) -> Trial:
    """Train on minibatches in an order that the seed alone determines, and test."""
    order = np.random.default_rng(seed)
    transform = augment(rep, seed) if approach == "augmented" else None
    optimizer = torch.optim.Adam(network.parameters(), lr=budget.learning_rate)
    network.train()
    steps, started = 0, time.perf_counter()
    for _ in range(budget.epochs):
        shuffled = torch.from_numpy(order.permutation(len(train))).to(train.x.device)
        for rows in torch.split(shuffled, budget.batch_size):
            x, y = train.x[rows], train.y[rows]
            inputs = x if transform is None else transform(x)
            loss = train.losses(_checked(network, inputs, y), y).mean()
            if approach == "regularized":
                loss = loss + budget.alpha * invariance_penalty(network, x, rep)
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
            steps += 1
    seconds = time.perf_counter() - started
    network.eval()
    train_losses, _ = _tested(network, train, [train.x])
    if not np.isfinite(train_losses).all():
        raise ConvergenceError(
            f"the {approach} network has diverged: its training loss is {train_losses.mean()}",
            cause="a learning rate or a penalty strength that is too large",
            remedy=f"give a smaller learning_rate (it was {budget.learning_rate}) or alpha (it was "
            f"{budget.alpha})",
        )
    as_is, moved_result = _tested(network, test, [test.x]), _tested(network, test, moved)
    return Trial(
        train_loss=float(train_losses.mean()),
        losses={"as_is": as_is[0], "moved": moved_result[0]},
        scores={"as_is": as_is[1], "moved": moved_result[1]},
        invariance_error=invariance_error(network, test.x[:_CHUNK], rep),
        steps=steps,
        seconds=seconds,
    )


def _checked(network: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    output = tensor_output(network(x), network)
    fits = output.ndim == 2 and len(output) == len(x)
    if not fits or (y.is_floating_point() and output.shape != y.shape):
        wanted = tuple(y.shape) if y.is_floating_point() else f"({len(x)}, number of classes)"
        raise DataError(
            f"the network returned shape {tuple(output.shape)} for a batch of shape {tuple(x.shape)}, "
            f"{wanted} is needed",
            cause="a network for other targets, or one that lacks its last layer",
            remedy="let factory() end in a linear layer with one output a class or target",
        )
    return output


def _tested(network: nn.Module, samples: Samples, versions: list[Tensor]) -> tuple[FloatArray, float]:
    """Losses of the samples and the score, averaged over versions of the inputs."""
    losses, scores = [], []
    with torch.no_grad():
        for x in versions:
            output = torch.cat([network(part) for part in torch.split(x, _CHUNK)])
            losses.append(samples.losses(output, samples.y).double().cpu().numpy())
            if samples.are_labelled:
                scores.append(float((output.argmax(1) == samples.y).double().mean()))
            else:
                variance = (samples.y - samples.y.mean(0)).square().sum(1).mean()
                scores.append(1.0 - float(losses[-1].mean()) / (float(variance) or 1.0))
    return np.mean(losses, axis=0), float(np.mean(scores))
