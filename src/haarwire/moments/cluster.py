"""A cluster of machines: reached, lost, and given the parts of a source to read."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np

from haarwire._numbers import is_integer
from haarwire.errors import ClusterError, MissingDependencyError, ParameterError
from haarwire.moments.checkpoint import Checkpoint, digest
from haarwire.moments.labels import LabelCoder
from haarwire.moments.passes import Options, no_samples
from haarwire.moments.reduction import fold_part, join, labels_of_part, tree
from haarwire.moments.sources.progress import Progress, shown
from haarwire.moments.sources.source import Source
from haarwire.moments.streaming import Folded
from haarwire.moments.summary import Summary

__all__ = [
    "Cluster",
    "collect",
    "collected_labels",
    "connected",
    "dask_module",
    "fold_parts",
    "reduced",
    "sent_once",
]

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
    ParameterError
        If it is anything else.
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
                current = distributed.get_client()
            except ValueError:
                current = None
            yield current
        elif hasattr(cluster, "compute"):
            yield cluster
        else:
            raise ParameterError(
                f"cluster is {cluster!r}.",
                cause="a cluster in place of a client of it, or a number of workers.",
                remedy='pass the address of a scheduler, such as "tcp://10.0.0.1:8786", or a Client of it.',
            )
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
        remedy="check the scheduler's address and the workers' memory; Moments.from_source goes on where "
        "it stopped with checkpoint=... .",
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


def collected_labels(tasks: Sequence[Any], client: Any) -> list[Any]:
    """The labels that tasks give, each once and sorted.

    Raises
    ------
    DataError
        If one is missing, or of another kind than the others, or there are more than 10 000.
    """
    coder = LabelCoder()

    def ready(_index: int, new: list[Any]) -> None:
        if new:
            coder.one_hot(new, " of y", 0)

    collect(tasks, client, ready)
    return sorted(coder.labels)


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
            labels = collected_labels([delayed(labels_of_part)(part) for part in parts], client)
            options = replace(options, one_hot=labels)
        later, given = delayed(fold_part, pure=False), sent_once(options)
        leaves = [later(part, given) for part in parts]
        identity = digest(source.label, source.identity, source.n_rows, options.identity, len(leaves))
        store = None if checkpoint is None else Checkpoint(checkpoint, identity, checkpoint_every)
        folded = reduced(leaves, client, progress, store, source.n_rows)
    if folded is None:
        raise no_samples(source.label)
    return folded


def reduced(
    leaves: list[Any],
    client: Any,
    progress: bool | Progress,
    store: Checkpoint | None,
    n_rows: int | None = None,
) -> Folded | None:
    """The join of all leaves, in order; what is done is stored root by root."""
    delayed = dask_module("dask").delayed
    roots = tree(leaves, delayed(join, pure=False))
    done, total = (0, None) if store is None else _restored(store, len(roots))
    with shown(progress) as report:

        def ready(_index: int, root: Folded | None) -> None:
            nonlocal done, total
            done, total = done + 1, join(total, root)
            if report is not None:
                report(0 if total is None else total.summary.n_samples, n_rows)
            if store is not None and total is not None and store.is_due():
                _store(store, done, total)

        collect(roots[done:], client, ready)
    if store is not None:
        store.remove()
    return total


def _store(store: Checkpoint, done: int, folded: Folded) -> None:
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


def _restored(store: Checkpoint, n_roots: int) -> tuple[int, Folded | None]:
    """How many roots are joined, and to what."""
    kept = store.load()
    if kept is None:
        return 0, None
    arrays, facts = kept
    with store.restoring():
        summary = Summary(facts["count"], facts["weight"], **arrays)
        folded = Folded(facts["n_features"], summary, facts["precision"], facts["eps"])
        done, size = facts["done"], len(summary.mean)
        if not (is_integer(done, 1) and done <= n_roots and is_integer(folded.n_features, 1)):
            raise ValueError(f"{done!r} of {n_roots} roots, of {folded.n_features!r} features")
        if not folded.n_features < size or summary.scatter.shape != (size, size):
            raise ValueError(f"a scatter of shape {summary.scatter.shape} with {folded.n_features} features")
    return done, folded
