"""Checkpoints: the whole state of a training run in one .npz file, without pickle."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from haarwire.errors import FileError
from haarwire.groups import Element, Representation
from haarwire.groups.lazy import Lazy
from haarwire.moments import Moments
from haarwire.moments.container import replace_file

__all__ = ["State", "fingerprint", "load_checkpoint", "moments_parts", "rep_parts", "save_checkpoint"]

State: TypeAlias = dict[str, NDArray[Any]]

FORMAT: Final = "haarwire training 3"


def fingerprint(parts: Iterable[object]) -> str:
    """SHA-256 of arrays (their bytes) and options (their representation), in order."""
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, np.ndarray):
            digest.update(repr((part.shape, part.dtype.str)).encode())
            digest.update(np.ascontiguousarray(part).tobytes())
        else:
            digest.update(repr(part).encode())
        digest.update(b"\0")
    return digest.hexdigest()


def moments_parts(moments: Moments | None) -> tuple[object, ...]:
    """What tells moments from others, for `fingerprint`."""
    return (None,) if moments is None else (moments.count, moments.mean, moments.scatter)


def rep_parts(rep: Representation | None) -> tuple[object, ...]:
    """What tells a representation from others, unnamed ones too, for `fingerprint`."""
    if rep is None:
        return (None,)
    generators = [part for g in rep.generators for part in _element_parts(g)]
    return rep.label, *generators, *(part for L in rep.algebra for part in _entries(sp.csr_array(L)))


def _element_parts(g: Element) -> tuple[object, ...]:
    """What an element is made of; one kept by its parts is not written out."""
    if isinstance(g, Lazy):
        return type(g).__name__, g.dim, *(entry for part in g.parts for entry in _element_parts(part))
    return _entries(g.to_sparse())


def _entries(A: sp.csr_array) -> tuple[object, ...]:
    return A.indptr, A.indices, A.data


def save_checkpoint(path: Path, state: Mapping[str, NDArray[Any]], mark: str) -> None:
    """Write the state beside the file and rename it, so that the file is always a whole one.

    Raises
    ------
    FileError
        When the file cannot be written.
    """
    marks = {"format": np.array(FORMAT), "mark": np.array(mark), "digest": np.array(_digest(state))}

    def write(partial: Path) -> None:
        with partial.open("wb") as file:
            np.savez(file, allow_pickle=False, **marks, **state)

    replace_file(path, write)


def load_checkpoint(path: Path, mark: str) -> State:
    """Read a state back.

    Raises
    ------
    FileError
        When there is no such file, it is no checkpoint, or that of another training run.
    """
    try:
        with path.open("rb") as opened:
            file = np.load(opened, allow_pickle=False)
            state: State = {name: file[name] for name in file.files}
    except FileNotFoundError as error:
        raise FileError(
            f"there is no checkpoint {path}",
            cause="a misspelt path, or a run that was stopped before its first checkpoint",
            remedy="leave out resume= to start from the beginning",
        ) from error
    except Exception as error:
        # A file that is no archive may raise almost anything in NumPy and zipfile.
        raise FileError(
            f"the checkpoint {path} cannot be read: {error}",
            cause="a file that is no checkpoint, or a copy that was cut short",
            remedy="give a file that training wrote with checkpoint=",
        ) from error
    if str(state.pop("format", "")) != FORMAT:
        raise FileError(
            f"{path} is not a training checkpoint of this version ({FORMAT!r})",
            cause="an .npz file with other contents, or a checkpoint of another version",
            remedy="give a file that training wrote with checkpoint=",
        )
    if str(state.pop("mark", "")) != mark:
        raise FileError(
            f"the checkpoint {path} belongs to another training run",
            cause="another group, other data, widths, runs, optimizer, learning rate, precision or recording",
            remedy="call with the same arguments as before (only steps may differ)",
        )
    if str(state.pop("digest", "")) != _digest(state):
        raise FileError(
            f"the checkpoint {path} does not hold what was written",
            cause="a damaged file, or one that was changed by hand",
            remedy="go on from an older copy, or leave out resume= to start from the beginning",
        )
    return state


def _digest(state: Mapping[str, NDArray[Any]]) -> str:
    """Of names and arrays: a state that passes is one that was written."""
    return fingerprint(part for name in sorted(state) for part in (name, np.asarray(state[name])))
