"""A cluster of machines: reached, lost, and given the parts of a source to read."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np

from haarwire.errors import ClusterError, MissingDependencyError
from haarwire.moments.checkpoint import Checkpoint, digest
from haarwire.moments.passes import Options, no_samples
from haarwire.moments.reduction import fold_part, join, labels_of_part, tree
from haarwire.moments.sources.progress import Progress, ProgressBar
from haarwire.moments.sources.source import Source
from haarwire.moments.streaming import Folded
from haarwire.moments.summary import Summary

__all__ = ["Cluster", "collect", "connected", "dask_module", "fold_parts", "reduced", "sent_once"]

Cluster: TypeAlias = Any
"""A scheduler's address, a distributed Client, or None for the current client or Dask's local scheduler."""


def dask_module(name: str) -> Any:
    """A module of Dask, loaded when it is needed."""
    return importlib.import_module(name)


@contextmanager
def connected(cluster: Cluster) -> Iterator[Any]:
    """The client of a cluster, None where there is none; one that is made here is closed at the end.

    Raises
    ------
    ClusterError
        If the scheduler cannot be reached, or is lost.
    MissingDependencyError
        Without dask.distributed.
    """
    try:
        distributed = dask_module("distributed")
        closed = dask_module("distributed.comm").CommClosedError
    except ImportError as error:
        raise MissingDependencyError(
            "Dask collections and clusters need dask.distributed, which is not installed.",
            cause="Haarwire was installed without its 'dask' extra.",
            remedy='pip install "haarwire[dask]"',
        ) from error
    lost = (closed, distributed.KilledWorker, TimeoutError, ConnectionError)
    try:
        if isinstance(cluster, str):
            try:
                client = distributed.Client(cluster, set_as_default=False)
            except (OSError, ValueError) as error:
                raise _lost(error) from error
            with client:
                yield client
        elif cluster is None:
            try:
                yield distributed.get_client()
            except ValueError:
                yield None
        else:
            yield cluster
    except lost as error:
        raise _lost(error) from error
    except Exception as error:
        # Futures of a lost scheduler are cancelled, which has a class of its own in every version.
        if "Cancelled" not in type(error).__name__:
            raise
        raise _lost(error) from error


def _lost(error: BaseException) -> ClusterError:
    text = " ".join(str(error).split())[:300] or type(error).__name__
    return ClusterError(
        f"The cluster was lost, or cannot be reached: {text}",
        cause="a scheduler that has ended, a wrong address, or a task that killed several workers (memory).",
        remedy="check the scheduler's address and the workers' memory; with checkpoint=... a pass goes on "
        "where it stopped.",
    )


def sent_once(options: Options) -> Any:
    """Options as a task of their own: a basis may be large, and is not to be in every task."""
    return dask_module("dask").delayed(options, pure=False, traverse=False)


def collect(roots: Sequence[Any], client: Any, ready: Callable[[int, Any], None]) -> None:
    """Compute delayed values; `ready(index, value)` is called in their order."""
    if client is None:
        for index, value in enumerate(dask_module("dask").compute(*roots)):
            ready(index, value)
        return
    # Together, or each would be optimized and submitted by itself.
    futures = client.compute(list(roots))
    for index in range(len(futures)):
        value = futures[index].result()
        futures[index] = None
        ready(index, value)


def fold_parts(
    source: Source,
    options: Options,
    cluster: Cluster,
    *,
    progress: bool | Progress = False,
    checkpoint: str | os.PathLike[str] | None = None,
    checkpoint_every: float = 60.0,
) -> Folded:
    """The fold of a source whose parts are read by workers; see `Moments.from_source`."""
    with connected(cluster) as client:
        delayed = dask_module("dask").delayed
        parts = list(source.parts)
        if options.one_hot is True:
            found: set[Any] = set()
            collect([delayed(labels_of_part)(p) for p in parts], client, lambda _, new: found.update(new))
            options = replace(options, one_hot=sorted(found))
        later, given = delayed(fold_part, pure=False), sent_once(options)
        leaves = [later(part, given) for part in parts]
        identity = digest(source.label, source.identity, source.n_rows, options.identity, len(leaves))
        store = None if checkpoint is None else Checkpoint(checkpoint, identity, checkpoint_every)
        folded = reduced(leaves, client, progress, store)
    if folded is None:
        raise no_samples(source.label)
    return folded


def reduced(
    leaves: list[Any], client: Any, progress: bool | Progress, store: Checkpoint | None
) -> Folded | None:
    """The join of all leaves, in order; what is done is stored root by root."""
    delayed = dask_module("dask").delayed
    roots = tree(leaves, delayed(join, pure=False))
    state = _Joined(len(roots), progress, store)
    collect(roots[state.done :], client, state.add)
    return state.end()


class _Joined:
    """The roots so far, joined."""

    _total: Folded | None

    def __init__(self, n_roots: int, progress: bool | Progress, store: Checkpoint | None) -> None:
        self._n_roots, self._store = n_roots, store
        self._bar = ProgressBar() if progress is True else None
        self._report = self._bar or (progress if callable(progress) else None)
        kept = None if store is None else _restored(store)
        self.done, self._total = (0, None) if kept is None else kept

    def add(self, _index: int, root: Folded | None) -> None:
        self._total = join(self._total, root)
        self.done += 1
        rows = 0 if self._total is None else self._total.summary.n_samples
        if self._report is not None:
            self._report(rows, None)
        if self._store is not None and self._total is not None and self._store.is_due():
            _stored(self._store, self.done, self._total)

    def end(self) -> Folded | None:
        if self._bar is not None:
            self._bar.close()
        if self._store is not None:
            self._store.remove()
        return self._total


def _stored(store: Checkpoint, done: int, folded: Folded) -> None:
    summary = folded.summary
    arrays = {name: A for name, A in summary._asdict().items() if isinstance(A, np.ndarray)}
    facts = {
        "done": done,
        "n_features": folded.n_features,
        "precision": folded.precision,
        "eps": folded.eps,
        "count": summary.n_samples,
        "weight": summary.weight,
    }
    store.save(arrays, facts)


def _restored(store: Checkpoint) -> tuple[int, Folded] | None:
    kept = store.load()
    if kept is None:
        return None
    arrays, facts = kept
    summary = Summary(facts["count"], facts["weight"], **arrays)
    return facts["done"], Folded(facts["n_features"], summary, facts["precision"], facts["eps"])
