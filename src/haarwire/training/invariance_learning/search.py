"""The ascent of the log evidence, in boxes that keep trials from running away."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, final

import numpy as np
import torch
from scipy.optimize import minimize
from torch import Tensor

from haarwire._numbers import FloatArray
from haarwire.errors import ConvergenceError
from haarwire.training.invariance_learning.laplace import Hyperparameters, LaplaceEvidence

__all__ = ["Ascent", "Search"]


_PRECISIONS: Final = (math.log(1e-6), math.log(1e8))
"""Prior precisions that are searched."""

_NOISE: Final = (math.log(1e-8), math.log(10.0))
"""Variances of the noise that are searched, relative to that of the targets."""

_REACH: Final = 3.0
"""Half the side of a box: hyperparameters change by a factor of e³ before the next begins."""

_SHORTEST: Final = 0.1
"""Half the side of the smallest box."""

_WORTH: Final = 1e-3
"""Nats that a box must bring for the next to begin."""


@final
@dataclass(frozen=True)
class Ascent:
    """Where one ascent ended, and the log evidence along the way."""

    value: float
    state: Hyperparameters
    theta: Tensor
    history: tuple[float, ...]


@final
class Search:
    """Maximizes the evidence over prior precisions and noise, and over the amount where it is free.

    Parameters
    ----------
    problem : LaplaceEvidence
        The evidence.
    log_variance : float
        Logarithm of the variance of the targets.
    steps : int
        Most L-BFGS steps of an ascent.
    """

    def __init__(self, problem: LaplaceEvidence, log_variance: float, steps: int) -> None:
        self.problem, self.steps, self.log_variance = problem, steps, log_variance

    def first_state(self) -> Hyperparameters:
        """Precisions of 1, and noise of the variance of the targets."""
        start, names = self.problem.start, self.problem.names
        amount = start.new_zeros(self.problem.family.n_amounts)
        return Hyperparameters(amount, start.new_zeros(len(names)), start.new_tensor(self.log_variance))

    def has_no_noise(self, state: Hyperparameters) -> bool:
        """Whether the variance of the noise is at the end of its range."""
        floor = self.log_variance + _NOISE[0]
        return self.problem.likelihood.has_noise and float(state.log_noise) < floor + 1e-3

    def ascend(self, state: Hyperparameters, theta: Tensor, *, is_free: bool) -> Ascent:
        """From a state and weights; the amount stays, unless it is free."""
        problem, family = self.problem, self.problem.family
        parts = [family.free(state.amount)] if is_free else []
        bounds = family.bounds() if is_free else []
        parts.append(state.log_precision)
        bounds += [_PRECISIONS] * len(problem.names)
        if problem.likelihood.has_noise:
            parts.append(state.log_noise[None])
            bounds.append((self.log_variance + _NOISE[0], self.log_variance + _NOISE[1]))
        objective = _Objective(problem, state, theta, is_free=is_free)
        objective.climb(torch.cat(parts).cpu().numpy(), np.array(bounds), self.steps)
        return objective.ascent()

    def continued(self, source: Ascent, run: Ascent) -> Ascent:
        """The better of a run, and one of the same amount from where another run ended."""
        state = Hyperparameters(run.state.amount, source.state.log_precision, source.state.log_noise)
        try:
            found = self.ascend(state, source.theta, is_free=False)
        except ConvergenceError:
            return run
        return found if found.value > run.value else run


class _Objective:
    """Minus the log evidence with its derivative, as a function of numbers; remembers the best."""

    def __init__(
        self, problem: LaplaceEvidence, state: Hyperparameters, theta: Tensor, *, is_free: bool
    ) -> None:
        self.problem, self.state, self.is_free = problem, state, is_free
        self.theta = self.best_theta = theta
        self.best = -math.inf
        self.best_values: FloatArray = np.empty(0)
        self.history: list[float] = []

    def climb(self, values: FloatArray, bounds: FloatArray, steps: int) -> None:
        """L-BFGS in boxes, smaller ones where a trial has no maximum of the posterior density."""
        self(values)
        reach = _REACH
        while steps > 0:
            before, centre = self.best, self.best_values
            box = np.clip(np.stack([centre - reach, centre + reach], axis=1), bounds[:, :1], bounds[:, 1:])
            self.theta = self.best_theta
            try:
                found = minimize(
                    self,
                    centre,
                    jac=True,
                    bounds=box,
                    method="L-BFGS-B",
                    options={"maxiter": steps, "ftol": 1e-7, "gtol": 1e-4},
                )
            except ConvergenceError:
                reach /= 3.0
                if reach < _SHORTEST:
                    raise
                continue
            steps -= found.nit
            at_edge = (self.best_values[:, None] == box) & (box != bounds)
            if not at_edge.any() or self.best < before + _WORTH:
                return

    def __call__(self, values: FloatArray) -> tuple[float, FloatArray]:
        free = torch.as_tensor(values, dtype=self.theta.dtype, device=self.theta.device).requires_grad_()
        state = self._state(free)
        self.theta = self.problem.fit(self.theta, _detached(state))
        value, slope = self.problem.value_and_slope(self.theta, state, free)
        self.history.append(value)
        if value > self.best:
            self.best, self.best_values, self.best_theta = value, values.copy(), self.theta
        return -value, -slope

    def ascent(self) -> Ascent:
        state = _detached(self._state(torch.as_tensor(self.best_values).to(self.theta)))
        return Ascent(self.best, state, self.best_theta, tuple(self.history))

    def _state(self, free: Tensor) -> Hyperparameters:
        k = self.problem.family.n_amounts if self.is_free else 0
        t = len(self.problem.names)
        amount = self.problem.family.amount(free[:k]) if self.is_free else self.state.amount
        log_noise = free[k + t] if self.problem.likelihood.has_noise else self.state.log_noise
        return Hyperparameters(amount, free[k : k + t], log_noise)


def _detached(state: Hyperparameters) -> Hyperparameters:
    return Hyperparameters(state.amount.detach(), state.log_precision.detach(), state.log_noise.detach())
