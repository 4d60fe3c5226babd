"""Streams of batches: any iterable, and PyTorch's data sets and loaders, which are known by their names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, final

import numpy as np

from haarwire.moments.sources.source import Part, Piece, Source
from haarwire.moments.streaming import as_pair

__all__ = ["is_torch_data", "iterable_source", "torch_source"]

_GATHERED: Final = 512
"""Samples of a map-style data set that make a batch."""


def is_torch_data(data: object) -> bool:
    """Whether this is a data set or a loader of PyTorch, found out without importing it."""
    names = {(kind.__module__.partition(".")[0], kind.__name__) for kind in type(data).__mro__}
    return ("torch", "Dataset") in names or ("torch", "DataLoader") in names


def iterable_source(batches: Iterable[Any]) -> Source:
    """Batches (X, Y) or (X, Y, sample_weight) of any iterable."""
    again = iter(batches) is not batches
    return Source("batches", [_Stream(batches)], None, again)


def torch_source(data: Any) -> Source:
    """Batches of a PyTorch loader, or the samples of a data set."""
    kinds = {kind.__name__ for kind in type(data).__mro__}
    if "DataLoader" in kinds:
        return Source("the data loader", [_Stream(data)])
    if "IterableDataset" in kinds:
        return Source("the data set", [_Stream(_Gathered(data))])
    return Source("the data set", [_Stream(_Gathered(data))], len(data))


@final
@dataclass(frozen=True, eq=False)
class _Stream(Part):
    batches: Iterable[Any]

    def pieces(self) -> Iterator[Piece]:
        for index, batch in enumerate(self.batches):
            X, Y, *rest = map(_as_array, as_pair(batch, f"Batch {index}"))
            yield Piece(X, Y, rest[0] if rest else None, f"batch {index}", 0)


@final
@dataclass(frozen=True, eq=False)
class _Gathered:
    """Samples (x, y) put together to batches."""

    samples: Any

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        # A map-style data set need not know how to be iterated over to its end.
        sized = not hasattr(type(self.samples), "__iter__")
        items = (self.samples[i] for i in range(len(self.samples))) if sized else iter(self.samples)
        held: list[tuple[Any, ...]] = []
        for item in items:
            held.append(tuple(map(_as_array, item)))
            if len(held) == _GATHERED:
                yield tuple(np.stack(column) for column in zip(*held, strict=True))
                held = []
        if held:
            yield tuple(np.stack(column) for column in zip(*held, strict=True))


def _as_array(values: Any) -> Any:
    """Tensors as arrays, wherever they are; other things as they are."""
    detach = getattr(values, "detach", None)
    if detach is not None:
        return detach().cpu().numpy()
    return np.asarray(values) if isinstance(values, int | float | bool | np.generic) else values
