"""Sources that are arrays with slices: NumPy's, memory maps, Zarr and HDF5."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypeAlias, final

import numpy as np

from haarwire.moments.sources.source import Part, Parts, Piece, check_rows, reading, rows_of_piece

__all__ = ["Arrays", "ArraysPart", "Opener", "array_parts", "in_memory"]

_PART_BYTES: Final = 2**26
"""Bytes of one part: what is mapped to memory at a time."""


class Arrays(NamedTuple):
    """Array-likes that can be sliced by rows."""

    X: Any
    Y: Any
    weights: Any = None


Opener: TypeAlias = Callable[[], AbstractContextManager[Arrays]]


@final
@dataclass(frozen=True, eq=False)
class ArraysPart(Part):
    """Rows from `start` to `stop` of the arrays that `opener` opens, `step` at a time."""

    opener: Opener
    file: str
    is_file: bool
    start: int
    stop: int
    step: int

    def pieces(self) -> Iterator[Piece]:  # noqa: D102
        with self.opener() as arrays:
            for start in range(self.start, self.stop, self.step):
                rows = slice(start, min(start + self.step, self.stop))
                # Readers of stores raise whatever their codecs do.
                with reading(self.file, start) if self.is_file else nullcontext():
                    X, Y, w = (None if A is None else np.asarray(A[rows]) for A in arrays)
                yield Piece(X, Y, w, self.file, start)


def array_parts(opener: Opener, file: str, *, is_file: bool = True) -> Parts:
    """The parts of arrays, and the number of their rows.

    Parameters
    ----------
    opener : callable
        Gives the arrays, in a context.
    file : str
        A name for messages.
    is_file : bool
        Whether errors of reading tell of damage.

    Raises
    ------
    DataError
        If the arrays do not have as many rows as each other.
    """
    # HDF5 finds out what a type is when it is asked for.
    with opener() as arrays, reading(file) if is_file else nullcontext():
        lengths = [A.shape[0] if A.shape else 0 for A in arrays if A is not None]
        width = int(np.prod(arrays.X.shape[1:], dtype=np.int64))
        bytes_of_row = max(1, width * np.dtype(arrays.X.dtype).itemsize)
        chunk = (getattr(arrays.X, "chunks", None) or (1,))[0]
    check_rows(file, lengths)
    step = rows_of_piece(width)
    if isinstance(chunk, int) and chunk > 1:
        # Whole chunks, so that none is decoded twice.
        step = chunk if chunk >= step else step // chunk * chunk
    rows = step * max(1, _PART_BYTES // (bytes_of_row * step))
    starts = range(0, lengths[0], rows)
    return [ArraysPart(opener, file, is_file, s, min(s + rows, lengths[0]), step) for s in starts], lengths[0]


@contextmanager
def in_memory(arrays: Arrays) -> Iterator[Arrays]:
    """Arrays that are open already."""
    yield arrays
