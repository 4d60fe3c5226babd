"""The arguments of the trainers, checked before anything is computed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from haarwire._numbers import is_integer, is_real
from haarwire.errors import DataError, ParameterError
from haarwire.groups import Representation
from haarwire.moments import Moments
from haarwire.solve import Approach, Quadratic
from haarwire.training.network import DeepLinearNetwork
from haarwire.training.optimizers import OPTIMIZERS

__all__ = [
    "check_network",
    "check_options",
    "check_resumed",
    "check_test",
    "checked_network",
    "checked_whole",
    "problems_of",
]


def problems_of(
    data: Moments | Quadratic | Sequence[Quadratic], approach: Approach | None, rep: Representation | None
) -> list[Quadratic]:
    """The problems to train on, or ParameterError; DataError where they differ in size."""
    if isinstance(data, Moments):
        if not isinstance(approach, Approach) or not isinstance(rep, Representation):
            raise ParameterError(
                f"moments need an approach and a representation, got approach={approach!r}, rep={rep!r}",
                cause="one of the two left out, or a word or class in place of an object",
                remedy="use train(moments, network, approach=Augmented(), rep=rep)",
            )
        return [approach.problem(data, rep)]
    problems = [data] if isinstance(data, Quadratic) else list(data) if isinstance(data, Sequence) else []
    if not problems or not all(isinstance(p, Quadratic) for p in problems):
        raise ParameterError(
            f"the data must be Moments, a Quadratic or a list of them, got {type(data).__name__}",
            cause="samples in place of their moments, or an empty list",
            remedy="use Moments.from_arrays(X, Y) with approach= and rep=, or approach.problem(moments, rep)",
        )
    if approach is not None:
        raise ParameterError(
            f"approach={approach!r} was given together with a problem",
            cause="a problem has its approach in it",
            remedy="leave out approach=, or give Moments in place of the problem",
        )
    sizes = sorted({p.cross.shape for p in problems})
    if len(sizes) > 1:
        shown = ", ".join(f"{k} inputs and {m} outputs" for m, k in sizes)
        raise DataError(
            f"problems of different sizes cannot share a batch: {shown}",
            cause="hard-wired problems among others: they act on the invariant coordinates",
            remedy="train them in separate calls",
        )
    return problems


def checked_network(network: object) -> DeepLinearNetwork:
    """The network, or ParameterError."""
    if not isinstance(network, DeepLinearNetwork):
        raise ParameterError(
            f"the network must be a DeepLinearNetwork, got {type(network).__name__}",
            cause="a list of widths, or a torch module",
            remedy="use DeepLinearNetwork(widths)",
        )
    return network


def check_network(network: DeepLinearNetwork, problem: Quadratic) -> None:
    """Raise ParameterError unless the network fits the problem."""
    checked_network(network)
    m, k = problem.cross.shape
    if (network.widths[0], network.widths[-1]) != (k, m):
        raise ParameterError(
            f"the network has widths {network.widths}, the problem {k} inputs and {m} outputs",
            cause="a hard-wired problem, whose inputs are the invariant coordinates"
            if problem.setting.embedding is not None
            else "a network for other data",
            remedy=f"use DeepLinearNetwork(({k}, …, {m}))",
        )


def check_options(
    optimizer: str, momentum: float, *, steps: int, tol: float, record: Any, checkpoint_every: int
) -> None:
    """Raise ParameterError for an option out of range."""
    if optimizer not in OPTIMIZERS:
        raise ParameterError(
            f"optimizer must be one of {', '.join(map(repr, OPTIMIZERS))}, got {optimizer!r}",
            cause="a misspelt name",
            remedy="use optimizer='gd'",
        )
    for name, value in (("momentum", momentum), ("tol", tol)):
        if not is_real(value) or not 0 <= value < 1:
            raise ParameterError(
                f"{name} must be a number in [0, 1), got {value!r}",
                cause="a percentage, or an absolute tolerance",
                remedy="use momentum=0.9 and tol=1e-10 (tol=0: do not stop early)",
            )
    counts = [("steps", steps), ("checkpoint_every", checkpoint_every)]
    counts += [] if isinstance(record, str) and record == "log" else [("record", record)]
    other = " or 'log'"
    for name, value in counts:
        if not is_integer(value, 1):
            raise ParameterError(
                f"{name} must be an integer ≥ 1{other if name == 'record' else ''}, got {value!r}",
                cause="a fraction such as 1e4, or a count of zero",
                remedy=f"use for example {name}=10_000",
            )


def check_test(test: Moments | None, problem: Quadratic) -> None:
    """Raise DataError unless the test moments have the same columns."""
    if test is None:
        return
    m, n = problem.cross.shape[0], problem.setting.x_mean.size
    got = (test.n_targets, test.n_features) if isinstance(test, Moments) else None
    if got != (m, n):
        raise DataError(
            f"the test moments must have {n} features and {m} targets, got {test!r}",
            cause="samples in place of their moments, or other columns than in training",
            remedy="use test=Moments.from_arrays(X_test, Y_test)",
        )


def checked_whole(value: object, name: str, least: int = 1) -> int:
    """The value as an int, or ParameterError."""
    if not is_integer(value, least):
        raise ParameterError(
            f"{name} must be an integer ≥ {least}, got {value!r}",
            cause="a fraction, or a missing count",
            remedy=f"use for example {name}={max(least, 1)}",
        )
    return int(value)


def check_resumed(reached: int, steps: int) -> None:
    """Raise ParameterError where the checkpoint is further than the training shall go."""
    if reached > steps:
        raise ParameterError(
            f"the checkpoint is at step {reached}, beyond steps={steps}",
            cause="steps counts all steps, those before the checkpoint included",
            remedy=f"use steps={reached + steps} to go {steps} steps further",
        )
