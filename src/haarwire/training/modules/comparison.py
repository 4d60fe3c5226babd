"""`compare_modules`: one architecture plain, hard-wired, augmented and regularized."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final, TypeAlias

import numpy as np
import torch
from torch import nn

from haarwire._numbers import is_real
from haarwire.comparison import QuestionResult
from haarwire.datasets import Dataset
from haarwire.errors import DataError, ParameterError
from haarwire.groups import Representation
from haarwire.groups.representation import checked_representation
from haarwire.moments import check_finite
from haarwire.selection import verdict
from haarwire.training._torch import checked_device
from haarwire.training.modules._checks import (
    check_compact,
    checked_count,
    checked_module,
    checked_seed,
)
from haarwire.training.modules._trials import Budget, Samples, Trial, moved_versions, run
from haarwire.training.modules.results import ModuleComparison, ModuleResult
from haarwire.training.modules.symmetrization import symmetrize

__all__ = ["compare_modules"]

Progress: TypeAlias = Callable[[str, float], None]
Factory: TypeAlias = Callable[[], nn.Module]

_APPROACHES: Final = ("plain", "hardwired", "augmented", "regularized")


def compare_modules(
    factory: Factory,
    data: Dataset,
    rep: Representation,
    *,
    epochs: int = 10,
    learning_rate: float = 1e-3,
    alpha: float = 0.1,
    seeds: Sequence[int] = (0, 1, 2),
    batch_size: int = 64,
    shape: Sequence[int] | None = None,
    n_elements: int | None = None,
    hardwired: Callable[[nn.Module], nn.Module] | None = None,
    test_size: float = 1 / 3,
    device: str | torch.device = "cpu",
    progress: Progress | None = None,
) -> ModuleComparison:
    """Train one architecture plain, hard-wired, augmented and regularized, and answer two questions.

    How well does each do on test data *as they are*, and how well on test data *moved* by the group? As
    `haarwire.compare` does for linear models in closed form. Budgets are equal in gradient steps and in
    samples a step: for one seed, the four runs start at the same weights and see the same samples in the
    same order (Adam; cross-entropy for labels, else the squared error summed over targets). The hard-wired
    network is evaluated once a group element for every sample, the regularized one twice and once more a
    generator: the seconds tell.

    Parameters
    ----------
    factory : callable
        ``factory()`` makes a new network with random weights: samples first, one output a class or target.
    data : Dataset
        From `haarwire.datasets.load` or ``Dataset.from_arrays``. Inputs are divided by their root mean
        square over the training samples: one number, which no symmetry minds.
    rep : Representation
        The symmetry, of a compact group, acting on the last axes of a batch (see
        `haarwire.training.modules`).
    epochs, batch_size : int
        Passes over the training samples, and samples a gradient step.
    learning_rate : float
        Of Adam.
    alpha : float
        Strength of `invariance_penalty`.
    seeds : sequence of int
        Each gives one run of every approach.
    shape : sequence of int, optional
        Shape of one sample as the network wants it, for example (1, 28, 28). None: flat.
    n_elements : int, optional
        For `symmetrize`; needed for groups too large to average over.
    hardwired : callable, optional
        Turns a network into a hard-wired one. None: ``symmetrize(network, rep, n_elements)``, which any
        architecture allows. For a first layer that is linear:
        ``lambda network: (hardwire(network[0], "weight", rep), network)[1]``.
    test_size : float or int
        Share or number of samples held out, where the data have no test samples of their own.
    device : str or torch.device
        Where to train.
    progress : callable, optional
        Called with the approach and the share done, from 0 to 1.

    Returns
    -------
    ModuleComparison
        ``str`` of it is the table. Moved test samples are averaged over every element of a group of up to
        8, and over 5 random ones each for larger groups, the same for every network.

    Raises
    ------
    DataError, ParameterError
        When network, data and symmetry do not fit together.
    NotCompactError, GroupTooLargeError, NoSamplerError
        When the group has no average, or n_elements is needed.
    ConvergenceError
        When a network diverges.

    Examples
    --------
    >>> import haarwire as hw
    >>> from haarwire.training.modules import compare_modules, torch
    >>> rep = hw.groups.cyclic_shifts(6)
    >>> data = hw.datasets.planted(rep, 90, noise=0.5, rng=0)
    >>> def factory():
    ...     layers = torch.nn.Linear(6, 8), torch.nn.ReLU(), torch.nn.Linear(8, data.Y.shape[1])
    ...     return torch.nn.Sequential(*layers)
    >>> result = compare_modules(factory, data, rep, epochs=5, learning_rate=0.01, seeds=[0])
    >>> result.approaches["hardwired"].invariance_error < 1e-5
    True
    """
    report = progress or _silent
    checked_representation(rep)
    check_compact(rep, "moved data, and a network averaged over the group,")
    budget = Budget(
        checked_count(epochs, "epochs", "compare_modules(factory, data, rep, epochs=10)"),
        checked_count(batch_size, "batch_size", "compare_modules(factory, data, rep, batch_size=64)"),
        _positive(learning_rate, "learning_rate"),
        _positive(alpha, "alpha"),
    )
    chosen_seeds = _checked_seeds(seeds)
    source, held_out, event = _split(data, shape, test_size, chosen_seeds[0])
    scale = float(np.sqrt(np.mean(np.square(source.X, dtype=np.float64)))) or 1.0
    where = checked_device(device)
    train, test = (Samples.of(part, event, scale, where) for part in (source, held_out))
    moved = moved_versions(test.x, rep, chosen_seeds[0])
    wrap = hardwired or partial(symmetrize, rep=rep, n_elements=n_elements)
    networks = _Networks(factory)
    trials: dict[str, list[Trial]] = {name: [] for name in _APPROACHES}
    for i, seed in enumerate(chosen_seeds):
        for j, name in enumerate(_APPROACHES):
            report(name, (i + j / len(_APPROACHES)) / len(chosen_seeds))
            with torch.random.fork_rng(devices=[where] if where.type == "cuda" else []):
                torch.manual_seed(seed)
                network = networks.new().to(where)
                if name == "hardwired":
                    network = checked_module(wrap(network), "hardwired=lambda network: network").to(where)
                trials[name].append(
                    run(network, name, seed, rep=rep, budget=budget, train=train, test=test, moved=moved)
                )
    report("done", 1.0)
    return ModuleComparison(
        data=data.name,
        symmetry=rep.label,
        architecture=networks.name,
        n_parameters=networks.n_parameters,
        n_train=len(train),
        n_test=len(test),
        seeds=chosen_seeds,
        score="accuracy" if train.are_labelled else "R²",
        approaches={
            name: _row(runs, alpha if name == "regularized" else None) for name, runs in trials.items()
        },
        verdict={
            question: verdict({name: _mean_losses(runs, question) for name, runs in trials.items()}, wording)
            for question, wording in (
                ("as_is", "on data as they are"),
                ("moved", "on data moved by the group"),
            )
        },
    )


class _Networks:
    """Fresh networks from the factory."""

    def __init__(self, factory: Factory) -> None:
        if not callable(factory) or isinstance(factory, nn.Module):
            raise ParameterError(
                f"factory must be a function that makes a network, got a {type(factory).__name__}",
                cause="one network in place of a way to make several",
                remedy="write compare_modules(lambda: torch.nn.Sequential(…), data, rep)",
            )
        self._factory = factory
        self._last: nn.Module | None = None
        self.name, self.n_parameters = "", 0

    def new(self) -> nn.Module:
        network = checked_module(
            self._factory(), "compare_modules(lambda: torch.nn.Linear(64, 10), data, rep)"
        )
        if network is self._last:
            raise ParameterError(
                "factory returned the same network twice",
                cause="a network made outside the function: its weights would be trained again and again",
                remedy="make the network inside: lambda: torch.nn.Sequential(…)",
            )
        self._last = network
        named = getattr(self._factory, "__name__", "<lambda>")
        self.name = type(network).__name__ if named == "<lambda>" else named
        self.n_parameters = sum(p.numel() for p in network.parameters())
        return network


def _row(runs: list[Trial], alpha: float | None) -> ModuleResult:
    def question(name: str) -> QuestionResult:
        loss = float(_mean_losses(runs, name).mean())
        return QuestionResult(loss, _mean([trial.scores[name] for trial in runs]), alpha)

    return ModuleResult(
        train_loss=_mean([trial.train_loss for trial in runs]),
        as_is=question("as_is"),
        moved=question("moved"),
        as_is_scores=tuple(trial.scores["as_is"] for trial in runs),
        moved_scores=tuple(trial.scores["moved"] for trial in runs),
        invariance_error=_mean([trial.invariance_error for trial in runs]),
        steps=runs[0].steps,
        seconds=_mean([trial.seconds for trial in runs]),
    )


def _mean(values: list[float]) -> float:
    return math.fsum(values) / len(values)


def _mean_losses(runs: list[Trial], question: str) -> Any:
    return np.mean([trial.losses[question] for trial in runs], axis=0)


def _split(
    data: Dataset, shape: Sequence[int] | None, test_size: float, seed: int
) -> tuple[Dataset, Dataset, tuple[int, ...]]:
    if not isinstance(data, Dataset):
        raise ParameterError(
            f"compare_modules needs a Dataset, got a {type(data).__name__}",
            cause="arrays passed as they are",
            remedy="wrap them: compare_modules(factory, Dataset.from_arrays(X, y), rep)",
        )
    n = data.X.shape[1]
    event = (n,) if shape is None else tuple(int(length) for length in shape)
    if math.prod(event) != n:
        raise DataError(
            f"{data.name} has {n} features, the shape {event} has {math.prod(event)}",
            cause="a shape for images of another size",
            remedy=f"give a shape whose sizes multiply to {n}, or none for flat samples",
        )
    for name, part in (("X", data), ("X_test", data.test)):
        if part is not None:
            check_finite(part.X, part.Y, (name, name.replace("X", "Y")))
    return *data.split(test_size, np.random.default_rng(seed)), event


def _checked_seeds(seeds: object) -> tuple[int, ...]:
    if not isinstance(seeds, Sequence | range) or isinstance(seeds, str) or not seeds:
        raise ParameterError(
            f"seeds must be a list of integers, got {seeds!r}",
            cause="one seed in place of a list, or none",
            remedy="use seeds=[0] for one run of each approach, seeds=range(5) for five",
        )
    return tuple(checked_seed(seed) for seed in seeds)


def _positive(value: object, name: str) -> float:
    if not is_real(value) or not 0 < value < math.inf:
        raise ParameterError(
            f"{name} must be a positive number, got {value!r}",
            cause="zero, infinity, text or a schedule in place of a number",
            remedy=f"use for example {name}=0.01; the plain and the hard-wired network are the two ends of "
            "the range of alpha",
        )
    return float(value)


def _silent(stage: str, share: float) -> None:
    """Report nothing."""
