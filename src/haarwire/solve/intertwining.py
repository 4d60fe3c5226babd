"""Least squares over the equivariant maps, for any group: in the D coordinates of a basis of them.

W = Σ_k c_k W_k turns the loss into a quadratic function of c; its minimum is exact. A rank bound on W has no
closed form here (the target action is not orthogonal, or the group not compact). Equivariant maps of rank
≤ r are then improved from several starts: by least squares over the equivariant maps with the same range,
then over those with the same kernel, and so on. Every step is exact and none raises the loss, but the result
is a local minimum. Half of the starts have as range a sum of eigenspaces of a random matrix that commutes
with the target action; the others are found by projecting on the equivariant maps and on the matrices of
rank r in turn.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, final

import numpy as np

from haarwire._linalg import symmetric_whitener
from haarwire._numbers import FloatArray
from haarwire.errors import ParameterError
from haarwire.invariants import EquivariantMaps, equivariant_maps
from haarwire.solve.affine import AffineLoss
from haarwire.solve.normal_equations import solved_iteratively

__all__ = ["Intertwining"]


_DIRECT_DIM: Final = 3000
_DIRECT_ENTRIES: Final = 2**27
"""Up to so many coordinates, and entries of a dense basis, the normal equations are written out."""

_PROJECTIONS: Final = 3000
_SWEEPS: Final = 500
_FEASIBLE: Final = 1e-12
"""Largest σ_{r+1}/σ_1 of a map that counts as one of rank r."""

_INSIDE: Final = 1e-9


@final
@dataclass(frozen=True, eq=False)
class Intertwining:
    """The loss on the equivariant maps.

    Attributes
    ----------
    maps : EquivariantMaps
    loss : AffineLoss
    """

    maps: EquivariantMaps = field(repr=False)
    loss: AffineLoss = field(repr=False)

    @property
    def is_small(self) -> bool:
        """Whether the D×D normal equations are written out."""
        m, n = self.maps.shape
        return self.maps.dim <= _DIRECT_DIM and self.maps.dim * m * n <= _DIRECT_ENTRIES

    def unbounded(self) -> tuple[FloatArray, float, bool]:
        """The best equivariant map (of least norm), its problem's condition, and whether that is singular."""
        if self.maps.dim == 0:
            return np.zeros(self.maps.shape), 1.0, False
        if not self.is_small:
            return self._iterated(), 1.0, False
        gram, linear = self.normal_equations()
        whitener = symmetric_whitener(gram, self.loss.tolerance, np.full(len(gram), np.diag(gram).max()))
        c = whitener.factor @ (whitener.factor.T @ linear)
        return self.maps.combine(c), whitener.condition, whitener.rank < len(gram)

    def normal_equations(self) -> tuple[FloatArray, FloatArray]:
        """G (D×D) and h (D,) with J = t − 2 cᵀh + cᵀGc."""
        basis = self.maps.basis
        gram = self.maps.coordinates(self.loss.half_gradient(basis))
        return (gram + gram.T) / 2.0, self.maps.coordinates(self.loss.linear)

    def _iterated(self) -> FloatArray:
        h = self.maps.coordinates(self.loss.linear)
        return self.maps.combine(solved_iteratively(self._times, h, steps=20 * min(self.maps.dim, 1000)))

    def _times(self, c: FloatArray) -> FloatArray:
        return self.maps.coordinates(self.loss.half_gradient(self.maps.combine(c)))

    def bounded(self, rank: int, starts: int, rng: np.random.Generator) -> FloatArray:
        """The best of the local minima of rank ≤ r found from the unbounded optimum and random starts."""
        if self.maps.dim == 0:
            return np.zeros(self.maps.shape)
        if not self.is_small:
            m, n = self.maps.shape
            raise ParameterError(
                f"a local search for rank ≤ {rank} over {self.maps.dim} maps of shape {m}×{n} is too large",
                cause="a rank bound without a closed form: the target action is not orthogonal, or the group "
                "is not compact",
                remedy="leave the rank unbounded, or use target coordinates where the action is orthogonal",
            )
        search = _Search(self.maps.basis, *self.normal_equations(), rank)
        first = self.maps.coordinates(self.unbounded()[0])
        best: FloatArray = np.zeros(self.maps.dim)
        best_loss = 0.0
        size = float(np.linalg.norm(first)) or 1.0
        commuting = equivariant_maps(self.maps.target, self.maps.target)
        for i in range(starts):
            found: FloatArray | None
            if i % 2:
                found = search.from_range(_invariant_range(commuting, rank, rng))
            else:
                noise = rng.standard_normal(first.size)
                found = search.from_start(first + i * size / float(np.linalg.norm(noise)) * noise)
            if found is not None and search.value(found) < best_loss:
                best, best_loss = found, search.value(found)
        return self.maps.combine(best)


@final
@dataclass(frozen=True, eq=False)
class _Search:
    """Alternating exact least squares over range and kernel, in coordinates."""

    basis: FloatArray
    gram: FloatArray
    linear: FloatArray
    rank: int

    def value(self, c: FloatArray) -> float:
        """J − t."""
        return float(c @ self.gram @ c - 2.0 * c @ self.linear)

    def from_start(self, c: FloatArray) -> FloatArray | None:
        """A local minimum reached from c; None where no map of rank ≤ r was reached."""
        feasible = self._feasible(c)
        return None if feasible is None else self._improved(feasible)

    def from_range(self, U: FloatArray) -> FloatArray:
        """A local minimum reached from the best map with range in that of an orthonormal U (m×k, k ≤ r)."""
        outside = np.eye(len(U)) - U @ U.T
        conditions = np.einsum("mo,kmn->kon", outside, self.basis).reshape(len(self.basis), -1)
        return self._improved(self._best_under(conditions, np.zeros(len(self.basis))))

    def _improved(self, c: FloatArray) -> FloatArray:
        value = self.value(c)
        for _ in range(_SWEEPS):
            before = value
            for on_range in (True, False):
                c = self._best_beside(c, on_range=on_range)
            value = self.value(c)
            if not before - value > 1e-14 * abs(value):
                break
        return c

    def _map(self, c: FloatArray) -> FloatArray:
        return np.asarray(np.tensordot(c, self.basis, axes=1))

    def _feasible(self, c: FloatArray) -> FloatArray | None:
        flat = self.basis.reshape(len(self.basis), -1)
        r = self.rank
        for _ in range(_PROJECTIONS):
            U, s, Vt = np.linalg.svd(self._map(c), full_matrices=False)
            if r >= s.size or s[r] <= _FEASIBLE * s[0]:
                return c
            c = flat @ ((U[:, :r] * s[:r]) @ Vt[:r]).ravel()
        return None

    def _best_beside(self, c: FloatArray, *, on_range: bool) -> FloatArray:
        """The best map with the range (or the kernel) of the present one."""
        U, s, Vt = np.linalg.svd(self._map(c))
        kept = int((s > _INSIDE * s[0]).sum())
        if on_range:
            outside = np.einsum("mo,kmn->kon", U[:, kept:], self.basis)
        else:
            outside = np.einsum("kmn,on->kmo", self.basis, Vt[kept:])
        return self._best_under(outside.reshape(len(self.basis), -1), c)

    def _best_under(self, conditions: FloatArray, c: FloatArray) -> FloatArray:
        """The best of all maps with cᵀ·conditions = 0; c itself, which is one, where it is as good."""
        left, sizes, _ = np.linalg.svd(conditions, full_matrices=True)
        free = left[:, int((sizes > _INSIDE).sum()) :]
        if free.shape[1] == 0:
            return c
        whitener = symmetric_whitener(free.T @ self.gram @ free)
        candidate = free @ (whitener.factor @ (whitener.factor.T @ (free.T @ self.linear)))
        return candidate if self.value(candidate) < self.value(c) else c


def _invariant_range(commuting: EquivariantMaps, rank: int, rng: np.random.Generator) -> FloatArray:
    """Orthonormal basis of a random sum of eigenspaces, of dimension ≤ r, of a random equivariant map.

    Eigenspaces of a matrix that commutes with the target action are invariant; irreducible with probability
    one where every invariant subspace has an invariant complement.
    """
    T = commuting.combine(rng.standard_normal(commuting.dim))
    values, vectors = np.linalg.eig(T)
    size = float(np.abs(values).max()) or 1.0
    chosen = np.zeros((len(T), 0))
    for j in rng.permutation(len(values)):
        # Conjugate eigenvalues share a real subspace.
        distance = np.abs(values.real - values[j].real) + np.abs(np.abs(values.imag) - abs(values[j].imag))
        same = distance <= 1e-7 * size
        E = vectors[:, same]
        joined = np.concatenate([chosen, E.real, E.imag], axis=1)
        U, s, _ = np.linalg.svd(joined, full_matrices=False)
        kept = int((s > 1e-7 * s[0]).sum())
        if kept <= rank:
            chosen = U[:, :kept]
    return chosen
