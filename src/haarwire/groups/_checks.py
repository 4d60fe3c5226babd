"""Checks of the arrays that users give as permutations, signs, matrices and sizes."""

from __future__ import annotations

import math
from typing import Any, Final, TypeAlias

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike, NDArray

from haarwire._linalg import EPS
from haarwire._numbers import FloatArray, IndexArray, is_integer
from haarwire.errors import ParameterError, RepresentationError

__all__ = ["abridged", "affordable", "as_indices", "as_signs", "as_square", "flag", "positive_size"]

MatrixLike: TypeAlias = FloatArray | sp.csr_array

_MAX_BITS: Final = 28
"""Named representations act on 2^28 coordinates at most: an array of indices is then 2 GiB."""


def as_indices(indices: ArrayLike) -> IndexArray:
    """Check that `indices` is a rearrangement of 0 … n − 1 and return a read-only copy."""
    given = _as_array(indices, "the indices of a permutation")
    if given.ndim != 1 or given.size == 0:
        raise RepresentationError(
            f"a permutation needs a non-empty list of indices, got an array of shape {given.shape}",
            cause="a permutation matrix was given, or an empty list",
            remedy="give the n indices, as in Permutation([1, 2, 0]), or use Matrix(A) for a matrix",
        )
    if given.dtype.kind not in "iu":
        raise RepresentationError(
            f"the indices of a permutation must be integers, got dtype {given.dtype}",
            cause="floating-point or object values were given where positions are needed",
            remedy="convert them first: Permutation(np.asarray(indices, dtype=int))",
        )
    n = given.size
    in_range = (given >= 0) & (given < n)
    if not in_range.all():
        first = int(np.flatnonzero(~in_range)[0])
        raise RepresentationError(
            f"not a permutation of 0 … {n - 1}: position {first} holds {given[first]}",
            cause="indices that count from 1, or an index out of range",
            remedy="count from 0: every number from 0 to n − 1 exactly once",
        )
    p = given.astype(np.intp)
    counts = np.bincount(p, minlength=n)
    if (counts != 1).any():
        first = int(np.flatnonzero(counts > 1)[0])
        raise RepresentationError(
            f"not a permutation of 0 … {n - 1}: {first} appears {counts[first]} times",
            cause="a repeated index; the map would not be invertible",
            remedy="list every number from 0 to n − 1 exactly once",
        )
    p.setflags(write=False)
    return p


def as_signs(signs: ArrayLike, dim: int) -> FloatArray:
    """Check `dim` values of +1 or −1 and return them in float64, read-only."""
    given = _as_array(signs, "the signs")
    if given.shape != (dim,) or not np.isin(given, (-1, 1)).all():
        raise RepresentationError(
            f"the signs must be {dim} values of +1 or −1, got shape {given.shape}"
            f" with values {abridged(given.ravel())}",
            cause="a different number of signs than of indices, or scale factors given as signs",
            remedy="give one +1 or −1 per coordinate; use Matrix(A) for other factors",
        )
    checked = given.astype(np.float64)
    checked.setflags(write=False)
    return checked


def as_square(matrix: ArrayLike | sp.sparray | sp.spmatrix, role: str) -> tuple[MatrixLike, float]:
    """Check a square real matrix; return a copy in float64 (CSR where sparse) and its given eps."""
    given = sp.csr_array(matrix) if sp.issparse(matrix) else _as_array(matrix, role)
    if given.ndim != 2 or given.shape[0] != given.shape[1] or given.shape[0] == 0:
        raise RepresentationError(
            f"{role} must be a square matrix, got shape {given.shape}",
            cause="a rectangular matrix, a flat list, or an empty array",
            remedy="give an (n, n) array; for a list of indices use Permutation(indices)",
        )
    if given.dtype.kind not in "biuf":
        raise RepresentationError(
            f"{role} must hold real numbers, got dtype {given.dtype}",
            cause="complex or object entries",
            remedy="give a real array; write a complex representation of C^n on R^(2n)",
        )
    if given.dtype == np.float16:
        raise RepresentationError(
            f"{role} is in half precision (float16)",
            cause="data cast to save memory; three digits cannot tell an orthogonal matrix from another",
            remedy="build the matrix in float32 or float64",
        )
    # Entries are kept in float64, so long doubles are no more precise than that.
    eps = max(EPS, float(np.finfo(given.dtype).eps)) if given.dtype.kind == "f" else EPS
    entries: Any = given.astype(np.float64)
    if sp.issparse(entries):
        entries.sum_duplicates()
        values = entries.data
    else:
        entries.setflags(write=False)
        values = entries
    if not np.isfinite(values).all():
        raise RepresentationError(
            f"{role} contains NaN or infinite entries",
            cause="a division by zero or a missing value where the matrix was built",
            remedy="check it with np.isfinite(matrix).all() before passing it on",
        )
    return entries, eps


def positive_size(value: object, parameter: str, call: str) -> int:
    """Check a size given to a named representation; `call` shows how to type it."""
    if not is_integer(value, 1):
        raise ParameterError(
            f"{parameter} must be a positive integer, got {value!r}",
            cause="a missing, fractional or negative size",
            remedy=f"give a count, as in {call}",
        )
    return int(value)


def flag(value: object, parameter: str, call: str) -> bool:
    """Check a yes-or-no option of a named representation; `call` shows how to type it."""
    if not isinstance(value, bool | np.bool_):
        raise ParameterError(
            f"{parameter} must be True or False, got {value!r}",
            cause="a number or a text given for a yes-or-no option",
            remedy=f"type {call}",
        )
    return bool(value)


def affordable(base: int, exponent: int, parameter: str, call: str) -> int:
    """base^exponent, a number of coordinates, where that many can be held; `call` shows smaller sizes."""
    if base > 1 and (exponent > _MAX_BITS or exponent * math.log2(base) > _MAX_BITS):
        raise ParameterError(
            f"{parameter} is too large: {base if exponent == 1 else f'{base}^{exponent}'} coordinates, "
            f"at most 2^{_MAX_BITS} (268 million) can be held",
            cause="a size with a digit too many, or a power where a size was meant",
            remedy=f"give smaller sizes, as in {call}",
        )
    return int(base**exponent)


def _as_array(values: object, role: str) -> NDArray[Any]:
    try:
        return np.asarray(values)
    except ValueError as error:
        raise RepresentationError(
            f"{role} must form an array, got rows of different lengths",
            cause="a missing or additional entry, or lists nested unevenly",
            remedy="make all rows equally long",
        ) from error


def abridged(values: NDArray[Any], limit: int = 8) -> str:
    """The first values of a 1-D array, for messages."""
    shown = ", ".join(str(v) for v in values[:limit].tolist())
    return f"[{shown}, …]" if values.size > limit else f"[{shown}]"
