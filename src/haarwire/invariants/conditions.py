"""The conditions wᵀA = 0 on a functional, A = [ρ(g) − I, …, L/‖L‖, …], by entries or by applying elements.

Functionals are rows: ``image(W)`` is W A for W of shape (b, n), ``back(V)`` is V Aᵀ.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, final

import numpy as np
import scipy.sparse as sp

from haarwire._numbers import FloatArray
from haarwire.groups import Element

__all__ = ["Conditions", "Entries", "Moves", "spectral_bound"]


class Conditions(Protocol):
    """A linear map W ↦ W A that vanishes exactly on the functionals looked for."""

    @property
    def size(self) -> int:
        """Number of coordinates n of a functional."""

    def image(self, W: FloatArray) -> FloatArray:
        """W A, shape (b, n) to (b, k)."""

    def back(self, V: FloatArray) -> FloatArray:
        """V Aᵀ, shape (b, k) to (b, n)."""


@final
@dataclass(frozen=True, eq=False)
class Entries:
    """A given by its entries.

    Attributes
    ----------
    matrix : ndarray or SciPy sparse array, shape (n, k)
        A.
    """

    matrix: FloatArray | sp.csr_array

    @property
    def size(self) -> int:
        """Number of coordinates n."""
        return int(self.matrix.shape[0])

    def image(self, W: FloatArray) -> FloatArray:
        """W A."""
        return np.asarray(W @ self.matrix)

    def back(self, V: FloatArray) -> FloatArray:
        """V Aᵀ."""
        return np.asarray(V @ self.matrix.T)


@final
@dataclass(frozen=True, eq=False)
class Moves:
    """A given by elements that can be applied, on the functionals that permutations leave fixed.

    Attributes
    ----------
    generators : sequence of Element
        ρ(g).
    algebra : sequence of ndarray or SciPy sparse array, shape (n, n)
        L, scaled.
    basis : SciPy sparse array, shape (n, p)
        Orthonormal; functionals are given by p coordinates in it.
    """

    generators: Sequence[Element]
    algebra: Sequence[FloatArray | sp.csr_array]
    basis: sp.csr_array

    @property
    def size(self) -> int:
        """Number of coordinates p."""
        return int(self.basis.shape[1])

    def image(self, W: FloatArray) -> FloatArray:
        """W A."""
        full = np.asarray(W @ self.basis.T)
        parts = [g.pull_back(full) - full for g in self.generators]
        parts += [np.asarray(full @ L) for L in self.algebra]
        return np.concatenate(parts, axis=1)

    def back(self, V: FloatArray) -> FloatArray:
        """V Aᵀ."""
        parts = np.split(V, len(self.generators) + len(self.algebra), axis=1)
        count = len(self.generators)
        total = np.zeros_like(parts[0])
        for g, part in zip(self.generators, parts[:count], strict=True):
            total += g.apply(part) - part
        for L, part in zip(self.algebra, parts[count:], strict=True):
            total += part @ L.T
        return np.asarray(total @ self.basis)


def spectral_bound(A: FloatArray | sp.csr_array) -> float:
    """√(‖A‖₁‖A‖_∞) ≥ ‖A‖₂."""
    magnitudes = abs(A)
    return float(np.sqrt(magnitudes.sum(axis=0).max(initial=0.0) * magnitudes.sum(axis=1).max(initial=0.0)))
