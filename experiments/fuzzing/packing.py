"""From damaged parts to files: the archives and headers around them are whole."""

from __future__ import annotations

import struct
import zipfile
from io import BytesIO

__all__ = ["as_they_are", "deflated", "joined", "parquet", "safetensors", "stored"]

Parts = dict[str, bytes]


def as_they_are(parts: Parts) -> Parts:
    """Every part is a file."""
    return parts


def _archive(parts: Parts, method: int) -> Parts:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return {"f.npz": buffer.getvalue()}


def stored(parts: Parts) -> Parts:
    """An archive of the parts, with their checksums."""
    return _archive(parts, zipfile.ZIP_STORED)


def deflated(parts: Parts) -> Parts:
    """The same, compressed."""
    return _archive(parts, zipfile.ZIP_DEFLATED)


def safetensors(parts: Parts) -> Parts:
    """A header with its length, then the body."""
    header = parts["header"]
    return {"f": struct.pack("<Q", len(header)) + header + parts["body"]}


def parquet(parts: Parts) -> Parts:
    """Pages, then a footer with its length."""
    footer = parts["footer"]
    return {"f.parquet": parts["pages"] + footer + struct.pack("<I", len(footer)) + b"PAR1"}


def joined(parts: Parts) -> Parts:
    """A name and its arguments in one text."""
    return {"name": parts["name"] + b":" + parts["arguments"]}
