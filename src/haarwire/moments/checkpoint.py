"""A long pass that was cut off goes on where it stopped, to the same bits."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from haarwire.errors import FileError
from haarwire.moments.container import damaged, read_container, write_container

__all__ = ["Checkpoint", "digest"]

State: TypeAlias = dict[str, NDArray[Any]]

_KIND: Final = "checkpoint"
_EVERY: Final = 60.0
_REMEDY: Final = "delete it to start anew, or give another path as checkpoint."


def digest(*parts: object) -> str:
    """A short mark that changes with any of the parts."""
    return hashlib.sha256("\0".join(map(repr, parts)).encode()).hexdigest()[:32]


class Checkpoint:
    """A file with the state of a pass, written at most once in `every` seconds.

    Parameters
    ----------
    path : path
        The file.
    identity : str
        Of the source and the options: a file of another pass is refused.
    every : float
        Seconds between two writes.
    """

    def __init__(self, path: str | os.PathLike[str], identity: str, every: float = _EVERY) -> None:
        self._path = Path(path)
        self._identity = identity
        self._every = every
        self._due = time.monotonic() + every

    def load(self) -> tuple[State, dict[str, Any]] | None:
        """The state and facts last written, None if there is no file.

        Raises
        ------
        FileError
            If the file is damaged, or of another pass.
        """
        if not self._path.exists():
            return None
        container = read_container(self._path, _REMEDY)
        if container.kind != _KIND:
            damaged(self._path, f"it holds {container.kind}, no checkpoint", _REMEDY)
        if container.facts.get("identity") != self._identity:
            raise FileError(
                f"{self._path} is the checkpoint of another pass.",
                cause="files, columns or options that have changed since it was written.",
                remedy=_REMEDY,
            )
        facts = container.facts.get("facts")
        if not isinstance(facts, dict):
            damaged(self._path, "it has no facts", _REMEDY)
        return container.arrays, facts

    @contextmanager
    def restoring(self) -> Iterator[None]:
        """Whatever goes wrong with a state that `load` gave, as the error of a damaged file.

        Raises
        ------
        FileError
            The state has the mark of this pass, and is another thing.
        """
        try:
            yield
        except MemoryError:
            raise  # the state may be sound
        except Exception as error:  # noqa: BLE001  it may hold anything
            damaged(self._path, error, _REMEDY)

    def is_due(self) -> bool:
        """Whether it is time to write."""
        return time.monotonic() >= self._due

    def save(self, state: Mapping[str, NDArray[Any]], facts: Mapping[str, Any]) -> None:
        """Write the state in place of the last one."""
        kept = {name: A if A.size else np.zeros((0, *A.shape[1:]), A.dtype) for name, A in state.items()}
        write_container(self._path, _KIND, kept, {"identity": self._identity, "facts": dict(facts)})
        self._due = time.monotonic() + self._every

    def remove(self) -> None:
        """The pass is complete."""
        self._path.unlink(missing_ok=True)
