"""Minibatches of real samples moved by random group elements, as augmentation is done in practice."""

from __future__ import annotations

import json
from typing import final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from haarwire._numbers import FloatArray, is_integer
from haarwire.errors import DataError, ParameterError
from haarwire.groups import Representation
from haarwire.groups.representation import checked_representation
from haarwire.invariants.moving import Mover

__all__ = ["Batches", "checked_samples"]


def checked_samples(X: ArrayLike, Y: ArrayLike, rep: Representation) -> tuple[FloatArray, FloatArray]:
    """The samples as float64 arrays (N, n) and (N, m), or DataError; ParameterError for no representation."""
    checked_representation(rep)
    inputs, targets = np.asarray(X), np.asarray(Y)
    targets = targets[:, None] if targets.ndim == 1 else targets
    kinds = inputs.dtype.kind in "biuf" and targets.dtype.kind in "biuf"
    if inputs.ndim != 2 or targets.ndim != 2 or len(inputs) != len(targets) or len(inputs) < 2 or not kinds:
        raise DataError(
            f"samples of shape {inputs.shape} ({inputs.dtype}) and targets of shape {targets.shape} "
            f"({targets.dtype}) cannot be trained on",
            cause="fewer than two samples, another number of targets, or entries that are no numbers",
            remedy="give X of shape (n_samples, n_features) and Y of shape (n_samples, n_targets)",
        )
    if inputs.shape[1] != rep.dim:
        raise DataError(
            f"the samples have {inputs.shape[1]} features, {rep.label} acts on {rep.dim} coordinates",
            cause="a symmetry built for data of another size",
            remedy="build the representation for your number of features",
        )
    arrays = inputs.astype(np.float64), targets.astype(np.float64)
    if not all(np.isfinite(array).all() for array in arrays):
        raise DataError(
            "the samples contain missing or infinite values",
            cause="gaps in the data",
            remedy="fill or drop them first",
        )
    return arrays


@final
class Batches:
    """Batches by shuffled epochs, the remainder left out, each sample moved by elements of its own."""

    def __init__(
        self,
        inputs: FloatArray,
        targets: FloatArray,
        mover: Mover,
        *,
        batch_size: int,
        copies: int,
        seed: tuple[int, int],
    ) -> None:
        whole = is_integer(batch_size)
        if not whole or not 1 <= batch_size <= len(inputs):
            raise ParameterError(
                f"batch_size must be an integer from 1 to {len(inputs)} (the samples), got {batch_size!r}",
                cause="a batch larger than the data, or a fraction of them",
                remedy=f"use for example batch_size={min(32, len(inputs))}",
            )
        self._inputs, self._targets, self._mover = inputs, targets, mover
        self._size, self._copies = int(batch_size), copies
        self._rng = np.random.default_rng(seed)
        self._order = np.empty(0, dtype=np.intp)

    def state(self) -> tuple[str, NDArray[np.intp]]:
        """The generator's state, as JSON, and what is left of the epoch."""
        return json.dumps(self._rng.bit_generator.state), self._order

    def restore(self, generator: str, order: NDArray[np.intp]) -> None:
        """Go on from a state."""
        self._rng.bit_generator.state = json.loads(generator)
        self._order = order

    def __call__(self) -> tuple[FloatArray, FloatArray]:
        """The next batch, (batch_size·copies, n) and (batch_size·copies, m)."""
        if self._order.size < self._size:
            self._order = self._rng.permutation(len(self._inputs))
        batch, self._order = self._order[: self._size], self._order[self._size :]
        rows = np.repeat(batch, self._copies)
        return self._mover(self._inputs[rows], self._rng), self._targets[rows]
