"""Checks of what users give: modules, representations, seeds and the shapes of batches."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from haarwire._numbers import is_integer
from haarwire.errors import DataError, NotCompactError, ParameterError, RepresentationError
from haarwire.groups import Representation

__all__ = [
    "check_compact",
    "check_same_group",
    "checked_batch",
    "checked_count",
    "checked_generator",
    "checked_module",
    "checked_seed",
    "tensor_output",
    "trailing_axes",
]


def checked_module(module: object, call: str) -> nn.Module:
    """The module, or ParameterError; `call` shows how to type it."""
    if not isinstance(module, nn.Module):
        raise ParameterError(
            f"a torch.nn.Module is needed, got a {type(module).__name__}",
            cause="a function, an array or a class in place of a module",
            remedy=f"give an instance, as in {call}",
        )
    return module


def check_compact(rep: Representation, wanted: str) -> None:
    """Raise NotCompactError for a group without Haar measure of total mass 1."""
    if not rep.is_compact:
        raise NotCompactError(
            f"{wanted} does not exist for {rep.label}: the group is not compact",
            cause="a shear, a boost, a scaling or another generator whose powers grow without bound",
            remedy="use hardwire or invariance_penalty, which need no average over the group",
        )


def checked_count(value: object, name: str, usage: str) -> int:
    """A positive integer, or ParameterError."""
    if not is_integer(value, 1):
        raise ParameterError(
            f"{name} must be a positive integer, got {value!r}",
            cause="a fractional, negative or missing count",
            remedy=f"give a count, as in {usage}",
        )
    return int(value)


def checked_seed(seed: object) -> int:
    """An integer ≥ 0, or ParameterError."""
    if not is_integer(seed, 0):
        raise ParameterError(
            f"seed must be an integer ≥ 0, got {seed!r}",
            cause="a generator, or a negative or fractional seed",
            remedy="use for example seed=0",
        )
    return int(seed)


def checked_generator(seed: int | None) -> np.random.Generator:
    """A generator on the CPU; without a seed, one that ``torch.manual_seed`` determines."""
    if seed is None:
        return np.random.default_rng(int(torch.randint(2**62, ()).item()))
    return np.random.default_rng(checked_seed(seed))


def trailing_axes(shape: Sequence[int], rep: Representation) -> int | None:
    """How many of the last axes, the fewest possible, have sizes that multiply to ``rep.dim``."""
    size = 1
    for count, length in enumerate(reversed(shape), start=1):
        size *= length
        if size == rep.dim:
            return count
        if size > rep.dim:
            return None
    return None


def checked_batch(x: object, rep: Representation, what: str = "the batch", verb: str = "has") -> Tensor:
    """Flatten a batch (N, …) to (N, carried, rep.dim), or DataError."""
    if not isinstance(x, Tensor):
        raise DataError(
            f"{what} must be a tensor, got a {type(x).__name__}",
            cause="a NumPy array, or a pair of inputs and labels in place of the inputs",
            remedy="give torch.as_tensor(x), of shape (N, …)",
        )
    if (x.ndim >= 1 and x.shape[0] == 0) or trailing_axes(x.shape[1:], rep) is None:
        raise DataError(
            f"{what} {verb} shape {tuple(x.shape)}, {rep.label} acts on {rep.dim} coordinates",
            cause="a symmetry for inputs of another size, channels-last images with a symmetry for one "
            "channel, no samples, or a single sample without its first axis",
            remedy=f"the last axes must multiply to {rep.dim}, after a first one for the samples: (N, "
            f"{rep.dim}) or (N, channels, …); for channels-last images use "
            "image_rotations(side, channels=c)",
        )
    return x.reshape(x.shape[0], math.prod(x.shape[1:]) // rep.dim, rep.dim)


def check_same_group(source: Representation, target: Representation) -> Representation:
    """The direct sum, which exists for two representations of one group only."""
    try:
        return source + target
    except RepresentationError as error:
        raise RepresentationError(
            error.what,
            cause="source and target must have generators that correspond one to one",
            remedy="build both from the same group, generator by generator in the same order; for outputs "
            "that do not move, leave target out",
        ) from error


def tensor_output(y: Any, module: nn.Module) -> Tensor:
    """What a module returned, or DataError when that is not one tensor with samples first."""
    if not isinstance(y, Tensor) or y.ndim == 0:
        got = "a tensor without axes" if isinstance(y, Tensor) else f"a {type(y).__name__}"
        raise DataError(
            f"{type(module).__name__} returned {got}, one tensor of shape (N, …) is needed",
            cause="a recurrent or attention layer that returns a tuple, or a module that computes a loss",
            remedy="wrap it in a module whose forward returns the tensor wanted, for example output[0]",
        )
    return y
