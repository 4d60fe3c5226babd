"""One pass over a source: pieces are read ahead in a thread while earlier ones are multiplied."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator, Iterator
from itertools import islice
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from haarwire.errors import DataError
from haarwire.moments.checks import not_finite
from haarwire.moments.sources.source import Piece, Source
from haarwire.moments.streaming import Batch, checked_batch

__all__ = ["START", "Basis", "Position", "in_basis", "numbered_pieces", "piece_batch", "read_ahead"]

T = TypeVar("T")
Basis: TypeAlias = NDArray[np.floating[Any]] | sp.csr_array

_END: Final = object()


class Position(NamedTuple):
    """How much of a source has been read: whole parts, and pieces of the next one."""

    part: int
    piece: int


START: Final = Position(0, 0)


def numbered_pieces(source: Source, start: Position = START) -> Iterator[tuple[Position, Piece]]:
    """The pieces of a source from a position on, each with the position behind it."""
    for number, part in enumerate(source.parts):
        if number < start.part:
            continue
        skipped = start.piece if number == start.part else 0
        for at, piece in enumerate(islice(part.pieces(), skipped, None), start=skipped):
            yield Position(number, at + 1), piece


def piece_batch(piece: Piece, first: Batch | None) -> Batch:
    """A piece as a checked batch; images become rows.

    Raises
    ------
    DataError
        If it does not pass the checks, or has other features or targets than the first.
    """
    X, Y = np.asarray(piece.X), np.asarray(piece.Y)
    X = X.reshape(len(X), -1) if X.ndim > 2 else X
    Y = Y.reshape(len(Y), -1) if Y.ndim > 2 else Y
    batch = checked_batch(X, Y, piece.weights, f" of {piece.file}", piece.first_row)
    pairs = () if first is None else ((first.X, batch.X, "features"), (first.Y, batch.Y, "targets"))
    for was, now, kind in pairs:
        if was.shape[1] != now.shape[1]:
            assert first is not None
            raise DataError(
                f"{piece.file} has {now.shape[1]} {kind} at row {piece.first_row}, {first.where[4:]} has "
                f"{was.shape[1]}.",
                cause="a schema that changes from one file to the next, or files of different data.",
                remedy=f"give files with the same {kind} in the same order.",
            )
    return batch


def in_basis(batch: Batch, basis: Basis) -> Batch:
    """The coordinates X Q of a batch in a basis Q.

    Raises
    ------
    DataError
        If the basis is for another number of features, or a coordinate is not finite.
    """
    if batch.X.shape[1] != basis.shape[0]:
        raise DataError(
            f"There are {batch.X.shape[1]} features{batch.where}, the basis is for {basis.shape[0]}.",
            cause="a basis made for other data.",
            remedy="give a basis of shape (n_features, k), such as invariant_subspace(rep).matrix.",
        )
    with np.errstate(over="ignore", invalid="ignore"):
        coordinates = np.asarray(batch.X @ basis)
        is_finite = bool(np.isfinite(coordinates.sum(dtype=np.float64)))
    if not is_finite:
        # The row that is to blame is looked for among the features, not the coordinates.
        raise not_finite(batch.X, batch.Y, batch.weights, batch.names, batch.first_row)
    return batch._replace(X=coordinates)


def read_ahead(items: Iterator[T]) -> Generator[T]:
    """The same items; the next one is made in a thread while the current one is used, and no more."""
    ready: queue.SimpleQueue[Any] = queue.SimpleQueue()
    wanted = threading.Semaphore(1)
    stopped = threading.Event()
    worker = threading.Thread(target=_fill, args=(items, ready, wanted, stopped.is_set), daemon=True)
    worker.start()
    try:
        while True:
            item, error = ready.get()
            if error is not None:
                raise error
            if item is _END:
                return
            wanted.release()
            yield item
            del item
    finally:
        stopped.set()
        wanted.release()
        worker.join()


def _fill(
    items: Iterator[Any],
    ready: queue.SimpleQueue[Any],
    wanted: threading.Semaphore,
    is_stopped: Callable[[], bool],
) -> None:
    """Put items into the queue, one for each that is wanted, and then the end or the error."""
    try:
        while True:
            wanted.acquire()
            if is_stopped():
                return
            item = next(items, _END)
            ready.put((item, None))
            if item is _END:
                return
            del item
    except BaseException as error:  # noqa: BLE001  raised where the items are used
        ready.put((None, error))
    finally:
        close = getattr(items, "close", None)
        if close is not None:
            close()
