"""Tasks of a reduction in a fixed order: leaves, and a binary tree of Chan's formula over them.

The order depends on how the samples are cut, never on how many workers there are or which of them is first:
the result repeats bit for bit, and a task that is done again after a fault gives the same bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from haarwire.errors import DataError
from haarwire.moments.labels import LabelCoder
from haarwire.moments.passes import Options, PieceFold
from haarwire.moments.row_sets import RowSets
from haarwire.moments.sources.source import Part, Piece
from haarwire.moments.streaming import Folded, as_pair, check_finite_batch, checked_batch
from haarwire.moments.summary import joined

__all__ = [
    "SEGMENT",
    "add_block",
    "add_block_to_sets",
    "fold_part",
    "join",
    "join_sets",
    "labels_of_block",
    "labels_of_part",
    "pairwise",
    "tree",
]

NumericArray: TypeAlias = NDArray[Any]

SEGMENT: Final = 64
"""Leaves of one tree; the roots are joined in order where they are collected."""


def fold_part(part: Part, options: Options) -> Folded | None:
    """A leaf: one part of a source, read where the task runs."""
    fold = PieceFold(options)
    for piece in part.pieces():
        fold.add(piece)
    return fold.result()


def add_block(
    before: Folded | None, block: Any, options: Options, file: str, first_row: int
) -> Folded | None:
    """Another block (X, Y) or (X, Y, weights) of a leaf, after those before."""
    X, Y, *rest = (None if A is None else np.asarray(A) for A in as_pair(block, file))
    fold = PieceFold(options)
    fold.add(Piece(X, Y, rest[0] if rest else None, file, first_row))
    return join(before, fold.result())


def add_block_to_sets(
    before: list[Folded | None] | None, block: Sequence[Any], sets: RowSets, options: Options, first_row: int
) -> list[Folded | None]:
    """Another block of a leaf, dealt out to sets of rows."""
    X, Y, *rest = (np.asarray(A) for A in block)
    batch = checked_batch(X, Y, rest[0] if rest else None, " of the arrays", first_row)
    check_finite_batch(batch)
    found: list[Folded | None] = []
    for mask in sets.masks(len(X)):
        fold = PieceFold(options)
        if mask.any():
            fold.add(Piece(X[mask], Y[mask], rest[0][mask] if rest else None, "the arrays", first_row))
        found.append(fold.result())
    return join_sets(before, found)


def join_sets(a: list[Folded | None] | None, b: list[Folded | None] | None) -> list[Folded | None]:
    """The sets of two blocks, each joined to its like."""
    if a is None or b is None:
        return (b if a is None else a) or []
    return [join(first, second) for first, second in zip(a, b, strict=True)]


def join(a: Folded | None, b: Folded | None) -> Folded | None:
    """Two sets of samples as one.

    Raises
    ------
    DataError
        If they have other features or targets.
    """
    if a is None or b is None:
        return b if a is None else a
    if (a.n_features, len(a.summary.mean)) != (b.n_features, len(b.summary.mean)):
        sizes = [(f.n_features, len(f.summary.mean) - f.n_features) for f in (a, b)]
        raise DataError(
            f"Some samples have {sizes[0][0]} features and {sizes[0][1]} targets, others {sizes[1][0]} and "
            f"{sizes[1][1]}.",
            cause="a schema that changes from one file or partition to the next.",
            remedy="give all partitions the same columns.",
        )
    with np.errstate(over="ignore", invalid="ignore"):
        summary = joined(a.summary, b.summary)
    precision = a.precision if a.precision == b.precision else "float64"
    return Folded(a.n_features, summary, precision, max(a.eps, b.eps))


def tree(leaves: list[Any], joined_later: Any) -> list[Any]:
    """Roots of binary trees over `SEGMENT` leaves each; `joined_later(a, b)` is the task that joins two."""
    roots = []
    for start in range(0, len(leaves), SEGMENT):
        roots += pairwise(leaves[start : start + SEGMENT], joined_later)
    return roots


def pairwise(level: list[Any], joined_later: Any) -> list[Any]:
    """The root of a binary tree over these leaves, in a list; none of none."""
    while len(level) > 1:
        pairs = [level[i : i + 2] for i in range(0, len(level), 2)]
        level = [joined_later(*pair) if len(pair) == 2 else pair[0] for pair in pairs]
    return level


def labels_of_part(part: Part) -> list[Any]:
    """The labels that occur in a part."""
    coder = LabelCoder()
    for piece in part.pieces():
        coder.one_hot(piece.Y, f" of {piece.file}", piece.first_row)
    return coder.labels


def labels_of_block(labels: Any, file: str, first_row: int) -> list[Any]:
    """The labels that occur in a block."""
    coder = LabelCoder()
    coder.one_hot(np.asarray(labels), f" of {file}", first_row)
    return coder.labels
