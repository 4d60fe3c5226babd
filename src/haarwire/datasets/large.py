"""Data larger than memory, seen once: moments of random folds, and test samples that fit."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any, Final, NamedTuple, final

import numpy as np
from numpy.typing import NDArray

from haarwire._numbers import is_integer
from haarwire.datasets.collections import TEST_ELEMENTS
from haarwire.datasets.dataset import (
    AUTO_KINDS,
    MOST_CLASSES,
    Dataset,
    Targets,
    check_number,
    check_size,
    check_targets,
)
from haarwire.errors import DataError, ParameterError
from haarwire.moments import Moments
from haarwire.moments.cluster import Cluster, collect, collected_labels, connected, dask_module
from haarwire.moments.labels import reordered
from haarwire.moments.passes import Options, PieceFold, no_samples
from haarwire.moments.reduction import join, labels_of_part
from haarwire.moments.sources import Part, Piece, Source, open_source
from haarwire.moments.sources.columns import Names
from haarwire.moments.sources.progress import Progress
from haarwire.moments.sources.reading import read_ahead
from haarwire.moments.streaming import Batch, Fold, Folded, check_finite_batch
from haarwire.moments.summary import widened

__all__ = ["SplitData", "is_large", "source_moments", "split_source"]

_MOST_TEST_ROWS: Final = 100_000


@final
@dataclass(frozen=True, eq=False)
class SplitData:
    """Data split at random while they were read.

    Attributes
    ----------
    name : str
        Shown in tables.
    folds : tuple of Moments
        Of disjoint sets of training samples.
    test : Dataset
        Held-out samples, in memory.
    """

    name: str
    folds: tuple[Moments, ...]
    test: Dataset

    @property
    def classes(self) -> NDArray[Any] | None:
        """What the columns of one-hot targets stand for; None for numbers."""
        return self.test.classes

    @property
    def n_features(self) -> int:
        """The number n of features."""
        return self.folds[0].n_features

    def __repr__(self) -> str:
        count = sum(fold.count for fold in self.folds)
        return (
            f"SplitData({self.name}: {count} samples in {len(self.folds)} folds, {len(self.test.X)} held out)"
        )


def is_large(source: str | os.PathLike[str]) -> bool:
    """Whether `split_source` reads this and `load` does not: URLs, folders, patterns, other files."""
    text = os.fspath(source)
    if "://" in text:
        return True
    if Path(text).is_file():  # whatever characters are in its name
        return Path(text).suffix.lower() not in (".npz", ".npy", ".csv")
    return glob.has_magic(text) or Path(text).is_dir()


def split_source(
    source: Any,
    *,
    x: Names = None,
    y: Names = None,
    filters: Any = None,
    targets: Targets = "auto",
    test_size: float = 1 / 3,
    n_folds: int = 5,
    seed: int = 0,
    cluster: Cluster = None,
    progress: Progress | None = None,
) -> SplitData:
    """Read a source once, sample by sample at random into folds or the test set.

    Parameters
    ----------
    source, x, y, filters, cluster
        As in `Moments.from_source`, without sample weights.
    targets : {"auto", "labels", "numbers"}
        What y holds. "auto": labels when the first piece of it is a single column of integers, booleans or
        texts, of at most 256 classes.
    test_size : float or int
        Share or number of samples held out. Where the number of samples is known before they are read, no
        more than 100 000 (or 512 MB) are; where it is not, more are an error.
    n_folds : int
        How many folds, at least 2.
    seed : int
        Makes the split repeat exactly.
    progress : callable, optional
        Called with the rows so far and in all.

    Returns
    -------
    SplitData

    Raises
    ------
    DataError, FileError, ParameterError, ClusterError, MissingDependencyError
        As `Moments.from_source`; with too few samples for the folds or the test, and with sample weights.

    Examples
    --------
    >>> import numpy as np
    >>> from haarwire.datasets import split_source
    >>> rng = np.random.default_rng(0)
    >>> split_source((rng.standard_normal((300, 4)), rng.integers(0, 3, 300)))
    SplitData(the arrays: 216 samples in 5 folds, 84 held out)
    """
    check_targets(targets)
    check_size(test_size)
    _check_counts(n_folds, seed)
    opened, first = _peeked(open_source(source, x=x, y=y, filters=filters))
    X, Y = np.asarray(first.X), np.asarray(first.Y)
    share = _share(test_size, opened, int(np.prod(X.shape[1:])))
    is_labelled = _holds_labels(Y, targets)
    options = Options(one_hot=is_labelled).checked()
    split = _Split(share, n_folds, seed, MOST_CLASSES if is_labelled and targets == "auto" else None)
    if cluster is None:
        parts = _local(opened, options, split, progress)
    else:
        parts = _on_cluster(opened, options, split, cluster, progress)
    return _finished(opened.label, parts, split.most_classes)


def source_moments(
    source: Any,
    *,
    x: Names = None,
    y: Names = None,
    targets: Targets = "auto",
    progress: Progress | None = None,
) -> tuple[str, Moments]:
    """The name of a source and the moments of all its samples; arguments as for `split_source`."""
    check_targets(targets)
    opened, first = _peeked(open_source(source, x=x, y=y))
    is_labelled = _holds_labels(np.asarray(first.Y), targets)
    moments = Moments.from_source(opened, one_hot=is_labelled, progress=progress or False)
    if is_labelled and targets == "auto":
        names = (
            range(moments.n_targets) if np.asarray(first.Y).dtype.kind in "iu" else [""] * moments.n_targets
        )
        check_number(opened.label, names, MOST_CLASSES, moments.count)
    return opened.label, moments


def _holds_labels(Y: NDArray[Any], targets: Targets) -> bool:
    """Whether targets like these are labels."""
    is_column = Y.ndim == 1 or Y.shape[1:] == (1,)
    return targets == "labels" or (targets == "auto" and is_column and Y.dtype.kind in AUTO_KINDS)


class _Split(NamedTuple):
    share: float
    n_folds: int
    seed: int
    most_classes: int | None


class _Parts(NamedTuple):
    """Folds and test samples; labels are in the order of the columns of the targets."""

    folds: list[Folded | None]
    test: list[Batch]
    labels: list[Any] | None


class _Splitter:
    """Deals out samples."""

    def __init__(self, options: Options, split: _Split) -> None:
        self._pieces = PieceFold(options)
        self._split = split
        self._folds = [Fold() for _ in range(split.n_folds)]
        self._test: list[Batch] = []
        self._kept = 0

    def add(self, piece: Piece, rng: np.random.Generator) -> None:
        """Deal out a piece."""
        share, n_folds = self._split.share, self._split.n_folds
        batch = self._pieces.batch(piece)
        if batch.weights is not None:
            raise ParameterError(
                f"there are sample weights in {piece.file}, which a split does not keep",
                cause="batches (X, Y, sample_weight), where test samples and their scores have no weights",
                remedy="give (X, Y); Moments.from_source takes weights, compare and split_source do not",
            )
        if self._pieces.coder is not None:
            check_number(piece.file, self._pieces.coder.labels, self._split.most_classes)
        # Before the rows are dealt out, so that a missing value is named by its own row.
        check_finite_batch(batch)
        keys = rng.random(len(batch.X))
        is_test = keys < share
        deal = np.minimum((keys - share) / (1.0 - share) * n_folds, n_folds - 1).astype(int)
        for number, fold in enumerate(self._folds):
            rows = np.flatnonzero(~is_test & (deal == number))
            if rows.size:
                fold.add(_rows(batch, rows))
        if is_test.any():
            self._test.append(_rows(batch, np.flatnonzero(is_test)))
            self._kept += int(is_test.sum()) * batch.X.shape[1]
            _check_kept(self._kept, batch.X.shape[1])

    def result(self) -> _Parts:
        """All that was dealt out. Ends the splitter."""
        coder = self._pieces.coder
        labels = None if coder is None else coder.labels
        return _Parts([fold.result() for fold in self._folds], self._test, labels)


def _rows(batch: Batch, rows: NDArray[np.integer[Any]]) -> Batch:
    return batch._replace(X=batch.X[rows], Y=batch.Y[rows], weights=None)


def _check_kept(entries: int, width: int) -> None:
    """Raise DataError where the test samples take more memory than they may."""
    if entries > 2 * TEST_ELEMENTS:
        raise DataError(
            f"{entries // width} test samples are held out so far, which do not fit in memory.",
            cause="a share of a source whose length is not known before it is read.",
            remedy="give a smaller share: test_size=0.01 (--test-size 0.01).",
        )


def _check_counts(n_folds: object, seed: object) -> None:
    if not is_integer(n_folds, 2):
        raise ParameterError(
            f"n_folds is {n_folds!r}; it must be a whole number, at least 2",
            cause="a share in place of a number, or a single fold, which leaves nothing to train on",
            remedy="give a number such as n_folds=5",
        )
    if not is_integer(seed, 0):
        raise ParameterError(
            f"seed is {seed!r}; it must be a whole number, at least 0",
            cause="a generator or None, from which the same split could not be made again",
            remedy="give a number such as seed=0",
        )


def _share(test_size: float, source: Source, width: int) -> float:
    """The share of samples to hold out, each of so many entries."""
    rows = source.n_rows
    share = 0.0
    if test_size >= 1 and rows:
        share = test_size / rows
    elif 0 < test_size < 1:
        share = float(test_size)
    if not 0 < share < 1:
        raise ParameterError(
            f"a test size of {test_size!r} cannot be held out"
            + ("" if rows is None else f" from {rows} samples"),
            cause="a percentage, or a number of samples of a source whose length is not known",
            remedy="use a share such as 0.25",
        )
    return (
        share if rows is None else min(share, _MOST_TEST_ROWS / rows, TEST_ELEMENTS / (max(width, 1) * rows))
    )


def _peeked(source: Source) -> tuple[Source, Piece]:
    """The source, unread, and its first piece."""
    parts = iter(source.parts)
    for part in parts:
        pieces = part.pieces()
        first = next(pieces, None)
        if first is None:
            continue
        if source.is_repeatable:
            close = getattr(pieces, "close", None)
            if close is not None:
                close()
            return source, first
        return replace(source, parts=chain([_Begun(chain([first], pieces))], parts)), first
    raise no_samples(source.label)


@final
class _Begun(Part):
    """A part of a stream whose first piece has been looked at."""

    def __init__(self, rest: Iterator[Piece]) -> None:
        self._rest = rest

    def pieces(self) -> Iterator[Piece]:
        """The first piece again, and the rest."""
        return self._rest


def _local(source: Source, options: Options, split: _Split, progress: Progress | None) -> _Parts:
    splitter = _Splitter(options, split)
    rows = 0
    numbered = ((number, piece) for number, part in enumerate(source.parts) for piece in part.pieces())
    rng, current = np.random.default_rng([split.seed, 0]), 0
    for number, piece in read_ahead(numbered):
        if number != current:
            rng, current = np.random.default_rng([split.seed, number]), number
        splitter.add(piece, rng)
        rows += len(piece.X)
        if progress is not None:
            progress(rows, source.n_rows)
    return splitter.result()


def _on_cluster(
    source: Source, options: Options, split: _Split, cluster: Cluster, progress: Progress | None
) -> _Parts:
    with connected(cluster) as client:
        delayed = dask_module("dask").delayed
        parts = list(source.parts)
        if options.one_hot is True:
            labels = collected_labels([delayed(labels_of_part)(part) for part in parts], client)
            check_number(source.label, labels, split.most_classes)
            options = replace(options, one_hot=labels)
        tasks = [delayed(_dealt)(number, part, options, split) for number, part in enumerate(parts)]
        gathered: list[_Parts] = []
        folds: list[Folded | None] = [None] * split.n_folds
        kept = 0

        def ready(_index: int, part: _Parts) -> None:
            nonlocal kept
            for batch in part.test:
                kept += batch.X.size
                _check_kept(kept, batch.X.shape[1])
            for number, fold in enumerate(part.folds):
                folds[number] = join(folds[number], fold)
            gathered.append(part._replace(folds=[]))
            if progress is not None:
                progress(sum(0 if f is None else f.summary.n_samples for f in folds), source.n_rows)

        collect(tasks, client, ready)
    of_first = gathered[0].labels if gathered else None
    return _Parts(folds, [batch for part in gathered for batch in part.test], of_first)


def _dealt(number: int, part: Part, options: Options, split: _Split) -> _Parts:
    """Deal out one part, where the task runs."""
    splitter = _Splitter(options, split)
    rng = np.random.default_rng([split.seed, number])
    for piece in part.pieces():
        splitter.add(piece, rng)
    return splitter.result()


def _finished(label: str, parts: _Parts, most_classes: int | None) -> SplitData:
    folds = [fold for fold in parts.folds if fold is not None]
    count = sum(fold.summary.n_samples for fold in folds)
    if len(folds) < len(parts.folds) or count < 2 * len(folds) or not parts.test:
        raise DataError(
            f"{label} gave {count} training and {sum(len(b.X) for b in parts.test)} test samples, too few "
            f"for {len(parts.folds)}-fold cross-validation and a test",
            cause="very few samples, filters that leave few rows, or most of them held out",
            remedy="give more samples, or load small data with datasets.load",
        )
    X = np.concatenate([batch.X for batch in parts.test])
    name = Path(label).stem if "://" not in label else label.rstrip("/").rpartition("/")[2]
    if parts.labels is None:
        Y = np.concatenate([batch.Y for batch in parts.test])
        test = Dataset(name, X, Y if Y.dtype.kind == "f" else Y.astype(np.float64))
        return SplitData(name, tuple(map(Moments._from_fold, folds)), test)
    labels = parts.labels
    check_number(label, labels, most_classes, count + len(X))
    order = sorted(range(len(labels)), key=labels.__getitem__)
    Y = np.zeros((len(X), len(labels)))
    start = 0
    for batch in parts.test:
        Y[start : start + len(batch.X), : batch.Y.shape[1]] = batch.Y
        start += len(batch.X)
    test = Dataset(name, X, Y[:, order], np.array(labels)[order])
    moments = []
    for fold in folds:
        lacking = fold.n_features + len(labels) - len(fold.summary.mean)
        summary = reordered(widened(fold.summary, lacking), fold.n_features, order)
        moments.append(Moments._from_fold(fold._replace(summary=summary)))
    return SplitData(name, tuple(moments), test)
