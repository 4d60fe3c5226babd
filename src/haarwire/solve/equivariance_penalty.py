"""The equivariance penalty: how far W is from W ρ(g) = σ(g) W, as a quadratic form."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import final

import numpy as np
import scipy.sparse as sp

from haarwire._linalg import EPS
from haarwire._numbers import FloatArray
from haarwire.groups import Representation, direct_sum
from haarwire.invariants import (
    EquivariantMaps,
    IsotypicDecomposition,
    equivariant_maps,
    isotypic_decomposition,
    reynolds_operator,
)
from haarwire.invariants.penalty import Penalty

__all__ = ["EquivariancePenalty"]


@final
@dataclass(frozen=True, eq=False)
class EquivariancePenalty:
    """P(W) = Σ ‖σ(g)W − Wρ(g)‖² + Σ ‖KW − WL‖², or ‖W − ∫σ(g)Wρ(g)⁻¹dg‖² ("projection").

    Attributes
    ----------
    source, target : Representation
        ρ and σ, of one group.
    penalty : {"generators", "projection"}
        Which of the two. The first depends on the generators chosen, the second on the group only.
    """

    source: Representation
    target: Representation
    penalty: Penalty

    def half_gradient(self, W: FloatArray) -> FloatArray:
        """𝒫(W) with P(W) = tr(𝒫(W) Wᵀ), for W of shape (m, n)."""
        return self.evaluated(W)[1]

    def evaluated(self, W: FloatArray) -> tuple[float, FloatArray]:
        """P(W), as a sum of squares, which does not cancel; and 𝒫(W)."""
        if self.penalty == "projection":
            rest = W - self.average(W)
            return float(np.vdot(rest, rest)), self._adjoint_rest(rest)
        value, total = 0.0, np.zeros(W.shape)
        for g, h in zip(self.source.generators, self.target.generators, strict=True):
            defect = h.apply(W.T).T - g.pull_back(W)
            value += float(np.vdot(defect, defect))
            total += h.pull_back(defect.T).T - g.apply(defect)
        for L, K in zip(self.source.algebra, self.target.algebra, strict=True):
            defect = K @ W - (L.T @ W.T).T
            value += float(np.vdot(defect, defect))
            total += K.T @ defect - (L @ defect.T).T
        return value, total

    def _adjoint_rest(self, rest: FloatArray) -> FloatArray:
        """(I − Π)ᵀ of what I − Π leaves; Π(M) = ∫ g M g⁻¹ has the adjoint Π(Mᵀ)ᵀ."""
        if self._pair.is_orthogonal:
            return rest
        n, size = self.source.dim, self._pair.dim
        joint = np.zeros((size, size))
        joint[:n, n:] = rest.T
        return rest - self._decomposition.project(joint)[:n, n:].T

    def average(self, W: FloatArray) -> FloatArray:
        """∫ σ(g) W ρ(g)⁻¹ dg: for orthogonal actions, the equivariant map nearest to W."""
        if self._pair.is_signed_permutation:
            return self.maps.project(W)
        n, size = self.source.dim, self._pair.dim
        joint = np.zeros((size, size))
        joint[n:, :n] = W
        return self._decomposition.project(joint)[n:, :n]

    def nearest(self, W: FloatArray) -> FloatArray:
        """The equivariant map nearest to W."""
        return self.average(W) if self._pair.is_orthogonal else self.maps.project(W)

    @cached_property
    def maps(self) -> EquivariantMaps:
        """The equivariant maps, where the penalty vanishes."""
        return equivariant_maps(self.source, self.target)

    @cached_property
    def _pair(self) -> Representation:
        return direct_sum(self.source, self.target)

    @cached_property
    def _decomposition(self) -> IsotypicDecomposition:
        return isotypic_decomposition(self._pair)

    @cached_property
    def defects(self) -> sp.csr_array:
        """D with P(W) = ‖D W.ravel()‖² for "generators": σ(g) ⊗ I − I ⊗ ρ(g)ᵀ, one below the other."""
        m, n = self.target.dim, self.source.dim
        left, right = sp.eye_array(m, format="csr"), sp.eye_array(n, format="csr")
        blocks = [
            sp.kron(h.to_sparse(), right) - sp.kron(left, g.to_sparse().T)
            for g, h in zip(self.source.generators, self.target.generators, strict=True)
        ]
        blocks += [
            sp.kron(sp.csr_array(K), right) - sp.kron(left, sp.csr_array(L).T)
            for L, K in zip(self.source.algebra, self.target.algebra, strict=True)
        ]
        return sp.csr_array(sp.vstack(blocks)) if blocks else sp.csr_array((0, m * n))

    @property
    def mean(self) -> float:
        """About the mean of P(W)/‖W‖² over all maps: exact for generators of trace 0."""
        if self.penalty == "projection":
            return 1.0
        parts = ((self.source, self.source.dim), (self.target, self.target.dim))
        total = 0.0
        for rep, dim in parts:
            for entries in (*(g.to_sparse() for g in rep.generators), *map(sp.csr_array, rep.algebra)):
                total += float((entries.data**2).sum()) / dim
        return total

    def restricted(self, basis: FloatArray) -> FloatArray:
        """The form on the span of the columns of `basis` (mn × p), shape (p, p)."""
        if self.penalty == "generators":
            defects = self.defects @ basis
            return np.asarray(defects.T @ defects)
        shape = self.target.dim, self.source.dim
        images = [self.half_gradient(column.reshape(shape)).ravel() for column in basis.T]
        form = basis.T @ np.stack(images, axis=1) if images else np.zeros((0, 0))
        return np.asarray((form + form.T) / 2.0)

    def bound(self, alpha: float) -> FloatArray:
        """Ω = αK(I + αK)⁻¹ (m×m), with bᵀKb the same penalty on an intercept b."""
        m = self.target.dim
        if self.penalty == "projection":
            rest = np.eye(m) - reynolds_operator(self.target)
            K = rest.T @ rest
        else:
            K = np.zeros((m, m))
            for h in self.target.generators:
                defect = h.to_dense() - np.eye(m)
                K += defect.T @ defect
            for L in self.target.algebra:
                K += sp.csr_array(L.T @ L).toarray()
        values, vectors = np.linalg.eigh(K)
        values = np.where(values > 64 * m * EPS * values[-1], values, 0.0)
        weights = alpha * values / (1.0 + alpha * values)
        return np.asarray((vectors * weights) @ vectors.T)
