"""The optimizers: each moves all layers of all runs a number of steps, with one step size a run."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, Self, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from haarwire._numbers import FloatArray
from haarwire.training._torch import require_torch
from haarwire.training.checkpoint import State

if TYPE_CHECKING:
    from torch import Tensor

    Tensors: TypeAlias = list[Tensor]

__all__ = ["OPTIMIZERS", "Descended", "Optimizer", "OptimizerName", "heavy_ball", "started"]

_CACHED: Final = 2**20
"""Bytes of the first layers of the runs that are trained together."""

OptimizerName: TypeAlias = Literal["gd", "momentum", "adam", "gradient_flow"]


class Descended(Protocol):
    """What is descended: the gradient of every run at its layers."""

    dense: bool

    def gradient(self, weights: Sequence[Tensor]) -> list[Tensor]:
        """One of each layer's shape."""

    def restricted(self, keep: NDArray[np.integer[Any]]) -> Self:
        """The same for some of the runs."""

    def part(self, some: slice) -> Self:
        """The same for neighbouring runs, for the next steps only."""

    def state(self) -> State:
        """What a checkpoint has to hold beside the layers."""

    def restore(self, state: State) -> None:
        """Go on from there."""


class Optimizer(ABC):
    """Moves the layers; what it remembers between steps is `state`, tensors with runs in front."""

    is_dense = False
    """Whether its path depends on the coordinates of the inputs, so that they must be the problem's own."""

    def __init__(self, weights: Tensors, rates: Tensor, momentum: float) -> None:
        self.rates = rates.reshape(-1, 1, 1)
        self.momentum = momentum
        self.state = self._start(weights)

    @abstractmethod
    def _start(self, weights: Tensors) -> Tensors:
        """The state before the first step."""

    def advance(self, weights: Tensors, objective: Descended, step: int, count: int) -> None:
        """Take `count` steps from number `step`, changing the layers in place.

        On a CPU all of them for some runs, then for others: so few at a time that they stay in the cache.
        """
        runs = len(weights[0])
        at_once = runs
        if weights[0].device.type == "cpu":
            at_once = max(_CACHED // (weights[0][0].numel() * weights[0].element_size()), 1)
        for begin in range(0, runs, at_once):
            some = slice(begin, min(begin + at_once, runs))
            self._advance(
                [W[some] for W in weights],
                objective if at_once >= runs else objective.part(some),
                [s[some] for s in self.state],
                self.rates[some],
                range(step + 1, step + count + 1),
            )

    @abstractmethod
    def _advance(
        self, weights: Tensors, objective: Descended, state: Tensors, rates: Tensor, steps: range
    ) -> None:
        """Take these steps, changing layers and state in place."""

    def keep(self, runs: Tensor) -> None:
        """Forget all other runs."""
        self.rates = self.rates[runs]
        self.state = [tensor[runs] for tensor in self.state]


@final
class GradientDescent(Optimizer):
    """W ← W − η ∂J/∂W."""

    def _start(self, weights: Tensors) -> Tensors:  # noqa: ARG002
        return []

    def _advance(
        self,
        weights: Tensors,
        objective: Descended,
        state: Tensors,  # noqa: ARG002
        rates: Tensor,
        steps: range,
    ) -> None:
        rates = -rates
        for _ in steps:
            for W, g in zip(weights, objective.gradient(weights), strict=True):
                W.addcmul_(g, rates)


@final
class Momentum(Optimizer):
    """The heavy ball (Polyak 1964): v ← μ v − η ∂J/∂W, W ← W + v."""

    def _start(self, weights: Tensors) -> Tensors:
        return [require_torch().zeros_like(W) for W in weights]

    def _advance(
        self, weights: Tensors, objective: Descended, state: Tensors, rates: Tensor, steps: range
    ) -> None:
        rates = -rates
        for _ in steps:
            for W, v, g in zip(weights, state, objective.gradient(weights), strict=True):
                v.mul_(self.momentum).addcmul_(g, rates)
                W.add_(v)


@final
class Adam(Optimizer):
    """Adam (Kingma and Ba 2015) with β = (0.9, 0.999), ε = 1e-8."""

    is_dense = True

    def _start(self, weights: Tensors) -> Tensors:
        zeros = require_torch().zeros_like
        return [*map(zeros, weights), *map(zeros, weights)]

    def _advance(
        self, weights: Tensors, objective: Descended, state: Tensors, rates: Tensor, steps: range
    ) -> None:
        first, second = state[: len(weights)], state[len(weights) :]
        for number in steps:
            bias = math.sqrt(1.0 - 0.999**number)
            factor = rates * (-bias / (1.0 - 0.9**number))
            for W, v, s, g in zip(weights, first, second, objective.gradient(weights), strict=True):
                v.mul_(0.9).add_(g, alpha=0.1)
                s.mul_(0.999).addcmul_(g, g, value=0.001)
                W.addcmul_(v / (s.sqrt() + 1e-8 * bias), factor)


_RTOL: Final = 1e-9
_ATOL: Final = 1e-12
_NODES: Final = (
    (1 / 5,),
    (3 / 40, 9 / 40),
    (44 / 45, -56 / 15, 32 / 9),
    (19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729),
    (9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656),
    (35 / 384, 0.0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84),
)
_ERROR: Final = (71 / 57600, 0.0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40)


@final
class DormandPrince(Optimizer):
    """dW/dt = −∂J/∂W by Dormand and Prince's embedded pair of orders 5 and 4; a step is η of time.

    Every run has a step size of its own, kept in the state; the error of a step is held below 1e-12 plus
    1e-9 of the largest entry of each run's layers (1e-6 and 1e-5 in float32).
    """

    def _start(self, weights: Tensors) -> Tensors:  # noqa: ARG002
        return [self.rates / 10.0]

    def _advance(
        self, weights: Tensors, objective: Descended, state: Tensors, rates: Tensor, steps: range
    ) -> None:
        torch = require_torch()
        single = weights[0].dtype == torch.float32
        rtol, atol = (1e-5, 1e-6) if single else (_RTOL, _ATOL)
        left = rates * len(steps)
        (size,) = state
        slope = [-g for g in objective.gradient(weights)]
        while bool((left > 0).any()):
            h = torch.minimum(size, left)
            slopes = [slope]
            for node in _NODES:
                moved = _combined(weights, slopes, node, h)
                slopes.append([-g for g in objective.gradient(moved)])
            worst = torch.zeros_like(h)
            for layer, W in enumerate(weights):
                error = sum((e * h) * s[layer] for e, s in zip(_ERROR, slopes, strict=True) if e)
                scale = atol + rtol * W.abs().amax((1, 2), keepdim=True)
                worst = torch.maximum(worst, error.abs().amax((1, 2), keepdim=True) / scale)
            # A run that diverges has no error: it goes on, to be found by its loss.
            good = (worst <= 1.0) | ~worst.isfinite() | (h <= 1e-12 * rates)
            for W, after in zip(weights, moved, strict=True):
                W.copy_(torch.where(good, after, W))
            slope = [torch.where(good, new, old) for new, old in zip(slopes[-1], slope, strict=True)]
            left = torch.where(good, left - h, left)
            growth = (0.9 * worst.clamp(min=1e-10).pow(-0.2)).clamp(0.2, 5.0)
            growth = torch.where(worst.isfinite(), growth, 5.0)
            # A step cut short by the end of the stretch says nothing against the size it was cut from.
            size = torch.where(good, torch.maximum(size * growth.clamp(max=1.0), h * growth), h * growth)
        state[0].copy_(size)


def _combined(weights: Tensors, slopes: list[Tensors], node: tuple[float, ...], h: Tensor) -> Tensors:
    moved = []
    for layer, W in enumerate(weights):
        total = sum(a * s[layer] for a, s in zip(node, slopes, strict=True) if a)
        moved.append(W + h * total)
    return moved


def started(name: OptimizerName, weights: Tensors, rates: FloatArray, momentum: float) -> Optimizer:
    """An optimizer before its first step."""
    (like, *_) = weights
    sizes = require_torch().as_tensor(rates, dtype=like.dtype, device=like.device)
    return OPTIMIZERS[name](weights, sizes, momentum)


def heavy_ball(weights: Tensors, rates: FloatArray, momentum: float) -> Optimizer:
    """Gradient descent, with momentum where it is not 0."""
    return started("momentum" if momentum else "gd", weights, rates, momentum)


OPTIMIZERS: Final[dict[str, type[Optimizer]]] = {
    "gd": GradientDescent,
    "momentum": Momentum,
    "adam": Adam,
    "gradient_flow": DormandPrince,
}
