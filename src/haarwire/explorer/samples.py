"""Training samples for the explorer: more and more of them, with the noise that their targets may get."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from haarwire.datasets import Dataset
from haarwire.moments import Moments

__all__ = ["nested_moments", "sample_sizes"]

_SIZES: Final = 8
_CHUNK: Final = 8192


def sample_sizes(n_samples: int, n_targets: int) -> list[int]:
    """Numbers of training samples to choose from: evenly on a logarithmic scale, all of them the last."""
    least = min(max(20, 5 * n_targets), n_samples)
    sizes = np.unique(np.geomspace(least, n_samples, _SIZES).round().astype(int))
    told = [int(float(f"{size:.2g}")) for size in sizes[:-1]]
    return sorted({*(size for size in told if 2 <= size < n_samples), n_samples})


def nested_moments(
    train: Dataset,
    sizes: Sequence[int],
    order_rng: np.random.Generator,
    noise_rng: np.random.Generator,
    progress: Callable[[float], None] | None,
) -> list[Moments]:
    """Moments of (x, (y, e)) of the first samples in a random order, for each number of them."""
    order = order_rng.permutation(len(train.X))
    scale = math.sqrt(float(train.Y.var(axis=0).sum()) / train.Y.shape[1])
    found: list[Moments] = []
    total: Moments | None = None
    done = 0
    for size in sizes:
        while done < size:
            rows = order[done : min(done + _CHUNK, size)]
            Y = train.Y[rows]
            joint = np.concatenate([Y, scale * noise_rng.standard_normal(Y.shape)], axis=1)
            part = Moments.from_arrays(train.X[rows], joint)
            total = part if total is None else total + part
            done += len(rows)
            if progress is not None:
                progress(done / len(order))
        assert total is not None
        found.append(total)
    return found
