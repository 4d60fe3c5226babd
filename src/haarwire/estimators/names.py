"""Names of invariant functionals, for people: the terms of each orbit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

import scipy.sparse as sp

from haarwire.invariants import Subspace

__all__ = ["Terms", "functional_names", "monomial_name"]

_SHOWN: Final = 4


class Terms(Protocol):
    """Names of terms by their number."""

    def __getitem__(self, index: int, /) -> str: ...


def monomial_name(variables: Sequence[str]) -> str:
    """'x0^2 x1' for x0, x0, x1, as scikit-learn's PolynomialFeatures writes it."""
    powers: dict[str, int] = {}
    for name in variables:
        powers[name] = powers.get(name, 0) + 1
    return " ".join(name if k == 1 else f"{name}^{k}" for name, k in powers.items())


def functional_names(subspace: Subspace, terms: Terms, prefix: str) -> list[str]:
    """One name a basis vector: the sum of the terms in its orbit, or the prefix and a number.

    Orbits of more than four terms are named by the first and the last, and how many there are: each term is
    in one orbit only, so names stay apart.
    """
    Q = subspace.matrix
    if not isinstance(Q, sp.csr_array):
        return [f"{prefix}{j}" for j in range(subspace.dim)]
    columns = sp.csc_array(Q)
    names = []
    for start, stop in zip(columns.indptr, columns.indptr[1:], strict=False):
        rows, signs = columns.indices[start:stop], columns.data[start:stop]
        shown = range(rows.size) if rows.size <= _SHOWN else (0, rows.size - 1)
        signed = [(" + " if signs[k] > 0 else " - ") + terms[int(rows[k])] for k in shown]
        if rows.size > _SHOWN:
            signed = [signed[0], " + …", signed[1], f" ({rows.size} terms)"]
        names.append("".join(signed).removeprefix(" + ").removeprefix(" "))
    return names
