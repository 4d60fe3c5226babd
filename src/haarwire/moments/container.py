"""A file of arrays and plain facts: safetensors with a JSON header, without pickle, written in one piece."""

from __future__ import annotations

import json
import os
import secrets
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple, NoReturn

import numpy as np
from numpy.typing import NDArray

from haarwire._numbers import is_integer
from haarwire.errors import FileError, MissingDependencyError, ParameterError

__all__ = ["Container", "damaged", "read_container", "replace_file", "write_container"]

_VERSION: Final = 1
_ENTRY: Final = "haarwire"
_MOST_HEADER: Final = 2**22
_KINDS: Final = {"F64", "F32", "I64", "U8", "BOOL"}
_REMEDY: Final = "save the object anew, with its method save or haarwire.saving.save."


class Container(NamedTuple):
    """What a file holds."""

    kind: str
    arrays: dict[str, NDArray[Any]]
    facts: dict[str, Any]


def write_container(
    path: str | os.PathLike[str], kind: str, arrays: Mapping[str, NDArray[Any]], facts: Mapping[str, Any]
) -> None:
    """Write a file beside the old one and put it in its place: there is the old one or the new one, whole.

    Raises
    ------
    FileError
        If it cannot be written; an old file is as it was.
    ParameterError
        If names and texts take more than the 4 MB that `read_container` reads.
    MissingDependencyError
        Without safetensors.
    """
    _load()
    from safetensors import SafetensorError
    from safetensors.numpy import save_file

    # Contiguous arrays have one dimension at least; a single number keeps its shape.
    tensors = {name: np.ascontiguousarray(A).reshape(A.shape) for name, A in arrays.items()}
    checksum = _checksum(kind, facts, tensors)
    content = {"kind": kind, "version": _VERSION, "facts": facts, "checksum": checksum}
    header = json.dumps(content, allow_nan=False)
    # As safetensors writes it: a text within JSON, and about 100 bytes for each array.
    length = len(json.dumps(header)) + 100 * len(tensors) + sum(map(len, tensors))
    if length > _MOST_HEADER:
        raise ParameterError(
            f"{path} would have a header of {length} bytes, above the limit of {_MOST_HEADER}.",
            cause="very many names or labels, or long ones; arrays of numbers do not count.",
            remedy="save the texts in a file of their own, and the object without them.",
        )

    def write(partial: Path) -> None:
        try:
            save_file(tensors, partial, metadata={_ENTRY: header})
        except SafetensorError as error:
            raise OSError(str(error)) from error

    replace_file(Path(path), write)


def replace_file(path: Path, write: Any) -> None:
    """Let `write` make a file under another name in the same folder, and rename it when it is on the disk.

    Raises
    ------
    FileError
        If that fails; nothing is left of the new file then.
    """
    try:
        # The name may be empty, which is a ValueError.
        partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
        try:
            write(partial)
            descriptor = os.open(partial, os.O_RDWR)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
        if os.name == "posix":
            folder = os.open(path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
    except (OSError, ValueError) as error:
        raise FileError(
            f"{path} cannot be written: {getattr(error, 'strerror', None) or error}",
            cause="a full disk, no permission to write there, or a folder that does not exist.",
            remedy="make room or give another path; an older file of this name is as it was.",
        ) from error


def read_container(path: str | os.PathLike[str], remedy: str = _REMEDY) -> Container:
    """Read a file that `write_container` wrote, believing nothing in it.

    No more memory is used than the file is long, whatever it declares; nothing in it is run, and no name in
    it is used as a path. What to do about a damaged file is the `remedy`.

    Raises
    ------
    FileError
        If there is no such file, or it is anything else.
    MissingDependencyError
        Without safetensors.
    """
    _load()
    from safetensors import SafetensorError, safe_open

    file = Path(path)
    if not file.is_file():
        raise FileError(
            f"{file} is {'a folder' if file.is_dir() else 'no file' if file.exists() else 'not there'}.",
            cause="a misspelt path, or another working folder.",
            remedy="check the path.",
        )
    try:
        _check_length(file)
        with safe_open(file, framework="numpy") as opened:
            header = _header(file, opened.metadata())
            arrays = {}
            for name in opened.keys():  # noqa: SIM118  no mapping
                if opened.get_slice(name).get_dtype() not in _KINDS:
                    raise ValueError(f"{name!r} is of an unknown type")
                arrays[name] = opened.get_tensor(name)
        # Against accidents only: a file without one was written by another hand, and is checked like all.
        if "checksum" in header and header["checksum"] != _checksum(header["kind"], header["facts"], arrays):
            raise ValueError("its numbers are not those that were written")
    except FileError:
        raise
    except (SafetensorError, OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        damaged(file, error, remedy)
    return Container(header["kind"], arrays, header["facts"])


def _checksum(kind: str, facts: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> int:
    """CRC-32 of everything that is read: against accidents, not against forgery."""
    value = zlib.crc32(json.dumps([kind, facts], allow_nan=False).encode())
    for name in sorted(arrays):
        A = np.ascontiguousarray(arrays[name])
        value = zlib.crc32(f"{name} {A.dtype.str} {arrays[name].shape}".encode(), value)
        value = zlib.crc32(A.data, value)
    return value


def _check_length(file: Path) -> None:
    """Whether the header fits into the file, before anything of that size is made."""
    size = file.stat().st_size
    with file.open("rb") as raw:
        start = raw.read(8)
    if len(start) < 8:
        raise ValueError("it is too short")
    length = int.from_bytes(start, "little")
    if length > size - 8:
        raise ValueError("its header is longer than the file")
    if length > _MOST_HEADER:
        raise ValueError(f"its header has {length} bytes, above the limit of {_MOST_HEADER}")


def _header(file: Path, metadata: Any) -> dict[str, Any]:
    text = (metadata or {}).get(_ENTRY)
    if text is None:
        raise ValueError("it was not written by Haarwire")
    try:
        header = json.loads(text)
    except RecursionError as error:
        raise ValueError(str(error)) from error
    if not isinstance(header, dict) or not isinstance(header.get("facts"), dict):
        raise ValueError("its header has no facts")
    if not isinstance(header.get("kind"), str):
        raise ValueError("its header names no kind")
    version = header.get("version")
    if not is_integer(version, 1):
        raise ValueError(f"its version is {version!r}")
    if version > _VERSION:
        raise FileError(
            f"{file} has version {version} of the format; this Haarwire reads versions up to {_VERSION}.",
            cause="a file written by a newer Haarwire.",
            remedy="pip install --upgrade haarwire",
        )
    return header


def damaged(file: object, why: object, remedy: str = _REMEDY) -> NoReturn:
    """Raise the error of a file that is not what it should be."""
    raise FileError(
        f"{file} cannot be read as a saved object: {str(why)[:200]}",
        cause="a damaged or incomplete file, or one of another kind.",
        remedy=remedy,
    ) from (why if isinstance(why, BaseException) else None)


def _load() -> None:
    try:
        import safetensors  # noqa: F401
    except ImportError as error:
        raise MissingDependencyError(
            "Saving and loading need safetensors, which is not installed.",
            cause="Haarwire was installed without its 'io' extra.",
            remedy='pip install "haarwire[io]"',
        ) from error
