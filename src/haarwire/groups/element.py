"""What a group element can do: the interface of permutations, matrices and lazy products of them."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
import scipy.sparse as sp

from haarwire._linalg import EPS
from haarwire._numbers import FloatArray
from haarwire.errors import RepresentationError

__all__ = ["Element", "check_composable"]


class Element(ABC):
    """An invertible linear map ρ(g) of R^n."""

    dim: int

    @abstractmethod
    def apply(self, X: FloatArray) -> FloatArray:
        """Move samples: X ρᵀ, for X of shape (..., n), or DataError for another last axis."""

    @abstractmethod
    def pull_back(self, W: FloatArray) -> FloatArray:
        """Move functionals: W ρ, for W of shape (..., n), or DataError for another last axis."""

    @abstractmethod
    def inverse(self) -> Element:
        """The element ρ⁻¹."""

    @property
    @abstractmethod
    def dual(self) -> Element:
        """The element ρ⁻ᵀ, the action on functionals."""

    @property
    @abstractmethod
    def is_orthogonal(self) -> bool:
        """Whether ρᵀρ = I, up to rounding of the entries as they were given."""

    @property
    def precision(self) -> float:
        """The eps of the dtype that the entries were given in (the coarsest one, for a product)."""
        return EPS

    @abstractmethod
    def to_sparse(self) -> sp.csr_array:
        """ρ as an (n, n) SciPy sparse array."""

    def to_dense(self) -> FloatArray:
        """ρ as an (n, n) array."""
        return np.asarray(self.to_sparse().toarray())

    @abstractmethod
    def simplified(self) -> Element:
        """The same map as the cheapest kind of element that can hold it exactly."""

    @abstractmethod
    def __matmul__(self, other: Element) -> Element:
        """The composition ρσ: first `other`, then `self`; RepresentationError where they do not fit."""

    @abstractmethod
    def direct_sum(self, other: Element) -> Element:
        """The block-diagonal map ρ ⊕ σ on R^(n + n')."""

    @abstractmethod
    def tensor(self, other: Element) -> Element:
        """The Kronecker product ρ ⊗ σ on R^(n·n'), row-major: (x ⊗ y)[i·n' + j] = x[i] y[j]."""

    def conjugate(self, M: FloatArray) -> FloatArray:
        """ρ M ρᵀ, for M of shape (n, n)."""
        return self.apply(self.apply(M).T).T


def check_composable(g: Element, h: Element) -> None:
    """Raise RepresentationError unless g and h act on the same space."""
    if g.dim != h.dim:
        raise RepresentationError(
            f"an element on {g.dim} coordinates cannot follow one on {h.dim}",
            cause="elements of two representations",
            remedy="compose elements of one; g.direct_sum(h) and g.tensor(h) go with any two",
        )
