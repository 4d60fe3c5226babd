"""Names of invariant functionals, for people: the terms of each orbit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

import numpy as np
import scipy.sparse as sp

from haarwire._numbers import FloatArray
from haarwire.invariants import Subspace

__all__ = ["Terms", "functional_names", "monomial_name"]


_SHOWN: Final = 4
_ROUNDING: Final = 1e-9
"""An entry of a basis vector of length 1 that may be zero."""

_WHOLE: Final = 1e-6
"""A coefficient this close to a whole number is written as one."""


class Terms(Protocol):
    """Names of terms by their number."""

    def __getitem__(self, index: int, /) -> str: ...


def monomial_name(variables: Sequence[str]) -> str:
    """'x0^2 x1' for x0, x0, x1, as scikit-learn's PolynomialFeatures writes it."""
    powers: dict[str, int] = {}
    for name in variables:
        powers[name] = powers.get(name, 0) + 1
    return " ".join(name if k == 1 else f"{name}^{k}" for name, k in powers.items())


def functional_names(subspace: Subspace, terms: Terms, scales: FloatArray, prefix: str) -> list[str]:
    """One name a basis vector: the sum of its terms up to a factor, or the prefix and a number.

    Sums of more than four terms are named by the first and the last, and how many there are. Each term is in
    one sum only, so names stay apart; where it is not, they are numbers.

    Parameters
    ----------
    subspace : Subspace
        Of R^n.
    terms : Terms
        Names of the n terms.
    scales : ndarray, shape (n,)
        What each term is multiplied by in the coordinates of R^n.
    prefix : str
        Before numbers.
    """
    columns = sp.csc_array(subspace.matrix)
    if not sp.issparse(subspace.matrix):
        columns.data[np.abs(columns.data) <= _ROUNDING] = 0.0
        columns.eliminate_zeros()
    if np.bincount(columns.indices, minlength=1).max() > 1:
        return [f"{prefix}{j}" for j in range(subspace.dim)]
    names = []
    for start, stop in zip(columns.indptr, columns.indptr[1:], strict=False):
        order = np.argsort(columns.indices[start:stop])
        rows = columns.indices[start:stop][order]
        values = columns.data[start:stop][order] * scales[rows]
        values = values / (np.sign(values[0]) * np.abs(values).min())
        shown = range(rows.size) if rows.size <= _SHOWN else (0, rows.size - 1)
        parts = [_signed(float(values[k]), terms[int(rows[k])]) for k in shown]
        if rows.size > _SHOWN:
            parts = [parts[0], " + …", parts[1], f" ({rows.size} terms)"]
        names.append("".join(parts).removeprefix(" + "))
    return names


def _signed(value: float, term: str) -> str:
    size = abs(value)
    whole = round(size)
    number = f"{whole}" if abs(size - whole) <= _WHOLE * size else f"{size:.3g}"
    return (" + " if value > 0 else " - ") + (term if number == "1" else f"{number} {term}")
