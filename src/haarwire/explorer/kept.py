"""`Kept`: values that are computed once each, also when several threads want one, and forgotten in turn."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from threading import Lock
from typing import Generic, TypeVar, final

__all__ = ["Kept"]

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@final
class Kept(Generic[K, V]):
    """The values of a slow function, by argument.

    Parameters
    ----------
    compute : callable
        Of one argument. A second thread that asks for what a first one computes waits for it.
    room : int
        How many values are kept; the one that was asked for longest ago goes first.
    """

    def __init__(self, compute: Callable[[K], V], room: int) -> None:
        self._compute = compute
        self._room = room
        self._values: OrderedDict[K, Future[V]] = OrderedDict()
        self._lock = Lock()

    def __call__(self, key: K) -> V:
        """The value, computed now if it is not kept; errors are raised again for everyone who waits."""
        with self._lock:
            future = self._values.get(key)
            is_mine = future is None
            if future is None:
                future = self._values[key] = Future()
            self._values.move_to_end(key)
            while len(self._values) > self._room:
                self._values.popitem(last=False)
        if is_mine:
            try:
                future.set_result(self._compute(key))
            except BaseException as error:
                with self._lock:
                    self._values.pop(key, None)
                future.set_exception(error)
                raise
        return future.result()

    def holds(self, key: K) -> bool:
        """Whether the value is there already."""
        with self._lock:
            future = self._values.get(key)
        return future is not None and future.done()
