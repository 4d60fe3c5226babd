"""`fold_source`: one pass over a source, with labels, progress and checkpoints."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any, TypeAlias, final

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from haarwire.errors import DataError, ParameterError
from haarwire.moments.checkpoint import Checkpoint, digest
from haarwire.moments.checks import check_accumulate
from haarwire.moments.labels import LabelCoder, reordered
from haarwire.moments.sources.progress import Progress, shown
from haarwire.moments.sources.reading import (
    START,
    Basis,
    Position,
    in_basis,
    numbered_pieces,
    piece_batch,
    read_ahead,
)
from haarwire.moments.sources.source import Piece, Source
from haarwire.moments.streaming import Accuracy, Batch, Fold, Folded, Precision

__all__ = ["Options", "PieceFold", "checked_basis", "fold_source", "no_samples"]

OneHot: TypeAlias = bool | Sequence[Any] | NDArray[Any]


@final
@dataclass(frozen=True, eq=False)
class Options:
    """How samples become moments; see `Moments.from_source`. Checked, and picklable."""

    accumulate: Precision = "float64"
    accuracy: Accuracy = "gram"
    chunk_rows: int | None = None
    one_hot: OneHot = False
    basis: Basis | None = None

    def checked(self) -> Options:
        """Return the same options, or raise ParameterError."""
        check_accumulate(self.accumulate, self.chunk_rows, self.accuracy)
        return replace(self, one_hot=_checked_one_hot(self.one_hot), basis=checked_basis(self.basis))

    @property
    def identity(self) -> str:
        """Changes with any option that changes the result."""
        basis = None
        if self.basis is not None:
            Q = sp.csr_array(self.basis)
            basis = (Q.shape, Q.dtype.str, *(part.tobytes() for part in (Q.indptr, Q.indices, Q.data)))
        classes = self.one_hot if isinstance(self.one_hot, bool) else np.asarray(self.one_hot).tolist()
        return digest(self.accumulate, self.accuracy, self.chunk_rows, classes, basis)


def _checked_one_hot(one_hot: Any) -> OneHot:
    """Whether there are labels, or the classes; or raise ParameterError."""
    if isinstance(one_hot, bool | np.bool_):
        return bool(one_hot)
    if np.ndim(one_hot) != 1:
        raise ParameterError(
            f"one_hot is {one_hot!r}.",
            cause="a word, a number, a set or None, where it is said whether y holds labels, or which.",
            remedy="one_hot=True, one_hot=False, or a list of all labels, such as one_hot=range(10).",
        )
    return list(one_hot)


def checked_basis(basis: Any) -> Basis | None:
    """A basis as an n×k array, dense or sparse, or raise ParameterError."""
    if basis is None:
        return None
    Q: Any = sp.csr_array(basis) if sp.issparse(basis) else np.asarray(basis)
    if Q.ndim != 2 or Q.dtype.kind not in "iuf" or 0 in Q.shape or not np.isfinite(Q.sum()):
        raise ParameterError(
            f"basis has shape {Q.shape} and dtype {Q.dtype}.",
            cause="a subspace in place of its matrix, one without dimensions, or a single vector.",
            remedy="give a matrix of shape (n_features, k), such as invariant_subspace(rep).matrix.",
        )
    return Q


class PieceFold:
    """Pieces of a source into one `Fold`: checks, coordinates, one-hot targets.

    Parameters
    ----------
    options : Options
        Checked.
    """

    def __init__(self, options: Options) -> None:
        self._options = options
        self._fold = Fold(options.accumulate, options.chunk_rows, options.accuracy)
        self._first: Batch | None = None
        self.coder: LabelCoder | None = None
        if options.one_hot is not False:
            self.coder = LabelCoder(None if options.one_hot is True else options.one_hot)

    def add(self, piece: Piece) -> None:
        """Take in a piece.

        Raises
        ------
        DataError
            If it does not pass the checks.
        """
        batch = self.batch(piece)
        self._fold.add(batch)

    def batch(self, piece: Piece) -> Batch:
        """The piece as a batch, as it is folded."""
        if self.coder is not None:
            Y = self.coder.one_hot(piece.Y, f" of {piece.file}", piece.first_row)
            X = np.asarray(piece.X)
            piece = piece._replace(X=X, Y=Y.astype(np.float32) if X.dtype == np.float32 else Y)
        batch = piece_batch(piece, self._reference())
        if self._first is None:
            # Only shapes are wanted of the first one; a slice would keep all of it.
            n, m = batch.X.shape[1], batch.Y.shape[1]
            self._first = Batch(np.zeros((0, n)), np.zeros((0, m)), None, batch.where)
        return batch if self._options.basis is None else in_basis(batch, self._options.basis)

    def _reference(self) -> Batch | None:
        if self._first is None or self.coder is None:
            return self._first
        return self._first._replace(Y=np.zeros((0, len(self.coder.labels))))

    def result(self) -> Folded | None:
        """The fields of `Moments`, targets in order of their labels; None if no sample counts."""
        folded = self._fold.result()
        if folded is None or self.coder is None:
            return folded
        order = self.coder.order()
        return folded._replace(summary=reordered(folded.summary, folded.n_features, order))

    def state(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Arrays and facts from which `restore` goes on."""
        labels = None if self.coder is None else self.coder.labels
        first = None
        if self._first is not None:
            first = [self._first.X.shape[1], self._first.Y.shape[1], self._first.where]
        return self._fold.state(), {"labels": labels, "first": first}

    def restore(self, arrays: dict[str, NDArray[Any]], facts: dict[str, Any]) -> None:
        """Go on from a `state`.

        Raises
        ------
        ValueError, KeyError, TypeError
            It is none.
        """
        self._fold.restore(arrays)
        if self.coder is not None and self._options.one_hot is True:
            self.coder.resume(facts["labels"])
        if facts["first"] is None:
            return
        n, m, where = facts["first"]
        self._first = Batch(np.zeros((0, n)), np.zeros((0, m)), None, str(where))
        n_features, n_targets = self._fold.sizes or (n, m)
        wanted = m if self.coder is None else len(self.coder.labels)
        if n_targets != wanted or (self._options.basis is None and n_features != n):
            raise ValueError(f"{n} features and {wanted} targets in sums of {n_features} and {n_targets}")


def fold_source(
    source: Source,
    options: Options,
    *,
    progress: bool | Progress = False,
    checkpoint: str | os.PathLike[str] | None = None,
    checkpoint_every: float = 60.0,
) -> Folded:
    """The fold of a source; see `Moments.from_source`."""
    fold = PieceFold(options)
    at, rows = START, 0
    store = None
    if checkpoint is not None:
        identity = digest(source.label, source.identity, source.n_rows, options.identity)
        store = Checkpoint(checkpoint, identity, checkpoint_every)
        resumed = store.load()
        if resumed is not None:
            arrays, facts = resumed
            with store.restoring():
                fold.restore(arrays, facts["fold"])
                at, rows = Position(*map(int, facts["position"])), int(facts["rows"])
    with shown(progress) as report, closing(read_ahead(numbered_pieces(source, at))) as pieces:
        for at, piece in pieces:
            fold.add(piece)
            rows += len(piece.X)
            if report is not None:
                report(rows, source.n_rows)
            if store is not None and store.is_due():
                state, notes = fold.state()
                store.save(state, {"fold": notes, "position": list(at), "rows": rows})
            # Not kept until the next piece is here: there are two in memory, never three.
            del piece
    if source.n_rows is not None and rows != source.n_rows:
        raise DataError(
            f"{source.label} gave {rows} rows, where {source.n_rows} were announced.",
            cause="a file that changed while it was read, or a data set with a wrong length.",
            remedy="read it again when nothing writes to it any more.",
        )
    folded = fold.result()
    if folded is None:
        raise no_samples(source.label)
    if store is not None:
        store.remove()
    return folded


def no_samples(label: str) -> DataError:
    """The error of a source without samples that count."""
    return DataError(
        f"There is no sample with a weight above zero in {label}.",
        cause="filters that leave no row, an iterator that was used up, or weights that are all zero.",
        remedy="check what the source yields; make an iterator anew.",
    )
