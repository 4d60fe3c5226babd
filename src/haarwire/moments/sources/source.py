"""`Source`: samples in parts, each read in pieces small enough for memory."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypeAlias, final

from haarwire.errors import DataError, FileError, HaarwireError

__all__ = ["Part", "Parts", "Piece", "Source", "check_rows", "reading", "rows_of_piece", "unreadable"]

_PIECE_ELEMENTS: Final = 2**20
"""Entries of one piece: 8 MB in float64. Pieces of 16 MB leave the cache before they are multiplied."""

_PIECE_MIN_ROWS: Final = 64


class Piece(NamedTuple):
    """Some samples, and where they are: rows are counted from 0 within their file."""

    X: Any
    Y: Any
    weights: Any
    file: str
    first_row: int


class Part(ABC):
    """Some of the samples; picklable where the samples are in files, so that a worker can read it."""

    @abstractmethod
    def pieces(self) -> Iterator[Piece]:
        """The samples, always cut in the same way.

        Raises
        ------
        FileError
            If they cannot be read; names the file and about where in it.
        """


Parts: TypeAlias = tuple[list[Part], int | None]
"""Parts, and the number of their rows where it is known."""


@final
@dataclass(frozen=True, eq=False)
class Source:
    """Samples to be read in order.

    Attributes
    ----------
    label : str
        A name for messages.
    parts : iterable of Part
        In order; a list where they can be read apart from each other.
    n_rows : int or None
        The number of samples, where it is known before they are read.
    is_repeatable : bool
        Whether a second pass meets the same samples.
    identity : str
        Changes when the files, the columns or the filters do; samples in memory have no mark.
    """

    label: str
    parts: Iterable[Part]
    n_rows: int | None = None
    is_repeatable: bool = True
    identity: str = ""

    def __repr__(self) -> str:
        rows = "" if self.n_rows is None else f", {self.n_rows} rows"
        return f"Source({self.label}{rows})"


def rows_of_piece(width: int) -> int:
    """Rows in a piece of about 8 MB in float64."""
    return max(_PIECE_MIN_ROWS, _PIECE_ELEMENTS // max(1, width))


def check_rows(file: str, lengths: list[int]) -> None:
    """Raise DataError unless all arrays of a file have as many rows."""
    if len(set(lengths)) != 1:
        raise DataError(
            f"The arrays of {file} have {' and '.join(map(str, lengths))} rows.",
            cause="inputs and targets of different samples, or a transposed array.",
            remedy="give one row of targets, and one weight, for every row of inputs.",
        )


@contextmanager
def reading(file: str, row: int | None = None) -> Iterator[None]:
    """Whatever the reader of a format raises at a damaged file, as an error that names the file.

    For files only: in samples that are in memory, any error may be a mistake in the code that made them.
    """
    try:
        yield
    except (HaarwireError, ImportError):
        raise
    except Exception as error:
        raise unreadable(file, error, row) from error


def unreadable(file: str, error: object, row: int | None = None) -> FileError:
    """The error of a file that is damaged, perhaps from some row on."""
    where = "" if row is None else f" from row {row} on"
    if isinstance(error, MemoryError):
        return FileError(
            f"{file} cannot be read{where}: there is not enough memory. {str(error)[:200]}".strip(),
            cause="large chunks or row groups, or a damaged header, which may declare any size.",
            remedy="free memory, or write the file anew in smaller chunks.",
        )
    text = str(error).strip() or type(error).__name__
    return FileError(
        f"{file} cannot be read{where}: {text[:300]}",
        cause="a damaged or incomplete file, one of another format, or a lost connection.",
        remedy="write this file anew, or leave it out; the others are not to blame.",
    )
