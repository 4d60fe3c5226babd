"""Paths and URLs: which files they stand for, on this machine or on any file system that fsspec knows."""

from __future__ import annotations

import glob
import os
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import unquote, urlsplit

from haarwire.errors import FileError, MissingDependencyError

__all__ = ["Location", "ending", "locate", "missing_extra"]

_COMPRESSED: Final = (".gz", ".bz2", ".zst", ".lz4", ".br")


class Location(NamedTuple):
    """Files, in order of their names, or one folder that is a store by itself.

    `filesystem` is None for this machine; else an object of fsspec.
    """

    paths: tuple[str, ...]
    filesystem: Any
    identity: str

    def open(self, path: str) -> Any:
        """Open one of the files for reading bytes."""
        return Path(path).open("rb") if self.filesystem is None else self.filesystem.open(path, "rb")


def ending(path: str) -> str:
    """The ending of a path in lower case, without one for compression."""
    name = path.rstrip("/").lower()
    for compressed in _COMPRESSED:
        name = name.removesuffix(compressed)
    return os.path.splitext(name)[1]  # noqa: PTH122  a URL is no path


def locate(source: str | os.PathLike[str]) -> Location:
    """Find the files of a path, a pattern with ``*``, a folder, or a URL of any of them.

    Raises
    ------
    FileError
        If there are none, or the file system cannot be reached.
    MissingDependencyError
        For a URL, without fsspec or what it needs for this kind of file system.
    """
    text = os.fspath(source)
    if text.startswith("file://"):
        text = unquote(urlsplit(text).path)
    if "://" not in text:
        paths, filesystem = _local(text), None
    else:
        paths, filesystem = _remote(text)
    if not paths:
        raise FileError(
            f"There is no file {text}.",
            cause="a misspelt path, another working folder, or a pattern that fits nothing.",
            remedy="check the path; for many files give a folder or a pattern such as data/part-*.parquet.",
        )
    return Location(tuple(paths), filesystem, _identity(paths, filesystem))


def _local(text: str) -> list[str]:
    path = Path(text)
    if path.is_dir() and not _is_store(sorted(os.listdir(path))):  # noqa: PTH208
        files = (p for p in path.rglob("*") if p.is_file())
        return sorted(str(p) for p in files if not _is_hidden(str(p.relative_to(path))))
    if path.exists():
        if not path.is_file() and not path.is_dir():
            raise FileError(
                f"{text} is neither a file nor a folder.",
                cause="a device or a pipe.",
                remedy="save the samples in a file, or pass an iterable of batches.",
            )
        return [text]
    return sorted(glob.glob(text, recursive=True)) if glob.has_magic(text) else []  # noqa: PTH207


def _remote(text: str) -> tuple[list[str], Any]:
    try:
        import fsspec
    except ImportError as error:
        raise missing_extra("a URL", "fsspec") from error
    try:
        filesystem, path = fsspec.core.url_to_fs(text)
        if glob.has_magic(path):
            return sorted(filesystem.glob(path)), filesystem
        if filesystem.isdir(path):
            names = [name.rstrip("/").rpartition("/")[2] for name in filesystem.ls(path, detail=False)]
            if _is_store(names):
                return [path], filesystem
            found = sorted(filesystem.find(path))
            return [p for p in found if not _is_hidden(p[len(path.rstrip("/")) + 1 :])], filesystem
        return ([path] if filesystem.exists(path) else []), filesystem
    except ImportError as error:
        raise MissingDependencyError(
            f"{text} needs a package that is not installed: {error}",
            cause="fsspec reaches this kind of file system through a package of its own.",
            remedy="install the package it names, for example s3fs for s3:// or gcsfs for gs://.",
        ) from error
    except (OSError, ValueError) as error:
        raise FileError(
            f"{text} cannot be reached: {error}",
            cause="an unknown kind of URL, missing credentials, or a lost connection.",
            remedy="check that fsspec.open reads it; pass a mounted path otherwise.",
        ) from error


def _is_hidden(relative: str) -> bool:
    return any(part.startswith((".", "_")) for part in relative.replace(os.sep, "/").split("/"))


def _is_store(names: list[str]) -> bool:
    """Whether a folder with these entries is a Zarr store."""
    return not {".zgroup", ".zarray", "zarr.json"}.isdisjoint(names)


def _identity(paths: list[str], filesystem: Any) -> str:
    marks = []
    for path in paths:
        if filesystem is None:
            stat = Path(path).stat()
            marks.append(f"{path}:{stat.st_size}:{stat.st_mtime_ns}")
        else:
            info = filesystem.info(path)
            marks.append(f"{path}:{info.get('size')}:{info.get('mtime', info.get('LastModified', ''))}")
    return ";".join(marks)


def missing_extra(what: str, package: str) -> MissingDependencyError:
    """The error of a kind of source whose reader is not installed."""
    return MissingDependencyError(
        f"Reading {what} needs {package}, which is not installed.",
        cause="Haarwire was installed without its 'io' extra.",
        remedy='pip install "haarwire[io]"',
    )
