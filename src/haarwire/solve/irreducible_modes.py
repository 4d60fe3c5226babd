"""Singular modes that belong together: the rank-bounded equivariant problem for an orthogonal target action.

The loss of an equivariant W does not change when the data are moved by the group, so the moments may be
averaged: C = ∫ρCρᵀ, B = ∫σBρᵀ. Among maps with range in a σ-invariant subspace U the best one is P_U B C⁺,
equivariant by itself, with gain tr(P_U M), M = B C⁺ Bᵀ. M commutes with σ: on an isotypic component it is a
Hermitian matrix over R, C or H, and by Ky Fan's principle the best U of k copies is spanned by its k leading
eigenvectors. Each of them is one irreducible subspace: δ singular values that are equal, kept or dropped
together. What is left is a knapsack of gains δσ² and costs δ.

Nothing is clustered by a tolerance. In matching bases of the copies the leading rows of E = B C^{−1/2}, one
for each copy and each of 1, i, j, k, hold the Hermitian matrix in full (theory, section 6).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, final

import numpy as np

from haarwire._linalg import Whitener, default_tolerance, symmetric_whitener
from haarwire._numbers import FloatArray
from haarwire.groups import Representation
from haarwire.invariants import (
    IsotypicComponent,
    IsotypicDecomposition,
    average_joint_moments,
    haar_average,
    isotypic_decomposition,
)
from haarwire.moments import Moments
from haarwire.solve.approaches import setting_of
from haarwire.solve.reduced_rank import Modes

__all__ = ["IrreducibleModes", "ModeGroup", "irreducible_modes"]


_INDEPENDENT: Final = 1e-4
"""A singular vector whose part outside the lines already found is smaller belongs to one of them."""


@final
@dataclass(frozen=True)
class ModeGroup:
    """The δ modes of one irreducible subspace of the targets.

    Attributes
    ----------
    component : int
        Its isotypic component, by position in the decomposition of the target.
    first : int
        Its first mode; the others follow.
    size : int
        δ, its real dimension: the rank it costs.
    gain : float
        δσ², by how much it lowers the loss.
    """

    component: int
    first: int
    size: int
    gain: float

    @property
    def columns(self) -> range:
        """The positions of its modes."""
        return range(self.first, self.first + self.size)


@final
@dataclass(frozen=True, eq=False)
class IrreducibleModes:
    """Singular modes of the averaged problem, sorted into irreducible subspaces of the targets.

    Attributes
    ----------
    modes : Modes
        All m of them, group after group, in descending order of σ.
    groups : tuple of ModeGroup
        Those with σ > 0 beyond rounding, in descending order of σ.
    decomposition : IsotypicDecomposition
        Of the target representation.
    """

    modes: Modes = field(repr=False)
    groups: tuple[ModeGroup, ...]
    decomposition: IsotypicDecomposition = field(repr=False)

    def columns(self, groups: tuple[ModeGroup, ...]) -> list[int]:
        """The modes of some groups."""
        return [column for group in groups for column in group.columns]

    def is_tied(self, a: ModeGroup, b: ModeGroup) -> bool:
        """Whether σ is equal for two groups, up to rounding."""
        return self.modes.is_tied(a.first, b.first)


def irreducible_modes(
    moments: Moments, rep: Representation, target: Representation, ridge: float
) -> IrreducibleModes:
    """Average the moments, whiten, and split the singular modes into irreducible subspaces.

    Parameters
    ----------
    moments : Moments
    rep : Representation
        A compact group acting on the inputs.
    target : Representation
        The same group acting on the targets, orthogonally.
    ridge : float
        Strength of ridge·‖W‖². For an equivariant W it equals tr(W (∫ρρᵀ) Wᵀ), which is added to C.
    """
    averaged = average_joint_moments(moments, rep, target)
    n = rep.dim
    C = averaged.gram
    if ridge > 0:
        C = C + ridge * (np.eye(n) if rep.is_orthogonal else haar_average(np.eye(n), rep))
    tolerance = default_tolerance(n, moments.eps)
    whitener = _whitener(C, rep, tolerance)
    F = whitener.factor
    E = averaged.cross @ F
    decomposition = isotypic_decomposition(target)
    left: list[FloatArray] = []
    labels: list[tuple[int, int, float]] = []
    for i, component in enumerate(decomposition.components):
        for span, value in _lines(component, E):
            left.append(span)
            labels.append((i, span.shape[1], value))
    order = sorted(range(len(left)), key=lambda j: -labels[j][2])
    U = np.concatenate([left[j] for j in order], axis=1)
    sigma = np.concatenate([np.full(labels[j][1], labels[j][2]) for j in order])
    Vt = np.divide(
        (U.T @ E), sigma[:, None], out=np.zeros((U.shape[1], F.shape[1])), where=sigma[:, None] > 0
    )
    top = float(whitener.values[-1]) if whitener.rank else 0.0
    modes = Modes(
        setting=setting_of(averaged),
        singular_values=sigma,
        left=U,
        right=Vt @ F.T,
        is_minimum_norm=whitener.rank < n,
        condition=whitener.condition,
        tolerance=tolerance,
        amplification=Vt**2 @ (top / whitener.values),
        n_inputs=whitener.rank,
    )
    groups: list[ModeGroup] = []
    first = 0
    for j in order:
        i, size, value = labels[j]
        if value > modes.rank_tolerance:
            groups.append(ModeGroup(i, first, size, size * value**2))
        first += size
    return IrreducibleModes(modes, tuple(groups), decomposition)


def _whitener(C: FloatArray, rep: Representation, tolerance: float) -> Whitener:
    """F with B F Fᵀ equivariant: F Fᵀ is the pseudo-inverse of C in coordinates where ρ is orthogonal."""
    if rep.is_signed_permutation:
        return symmetric_whitener(C, tolerance)
    if rep.is_orthogonal:
        # A general matrix mixes large variances into small ones, and cancels them again.
        return symmetric_whitener(C, tolerance, np.full(len(C), np.diag(C).max()))
    S = rep.orthogonalizing_basis
    assert S is not None  # C is an average, which took such a basis too
    inverse = np.linalg.inv(S)
    moved = inverse @ C @ inverse.T
    moved = (moved + moved.T) / 2.0
    found = symmetric_whitener(moved, tolerance, np.full(len(C), np.diag(moved).max()))
    return Whitener(inverse.T @ found.factor, found.values)


def _lines(component: IsotypicComponent, E: FloatArray) -> list[tuple[FloatArray, float]]:
    """Orthonormal bases (m×δ) of irreducible subspaces that M = E Eᵀ maps into themselves, and σ on each.

    A copy of the irreducible representation in the component is a line over R, C or H: the span of
    Σ_k E_k d_k for d_k = Σ_a d_ka J_a. Singular vectors of the rows (E_k J_a e_1)ᵀ E are the coordinates
    d of eigenvectors of the Hermitian matrix, t of them for each line.
    """
    J, size, count = component.units, component.dim, component.multiplicity
    t = len(J)
    copies = component.basis.reshape(-1, count, size)
    frame = J[:, :, 0]  # J_a e_1 as rows
    rows = np.einsum("mkx,ax->kam", copies, frame).reshape(count * t, -1) @ E
    vectors, _, _ = np.linalg.svd(rows, full_matrices=True)
    # Right multiplication by J_b: J_a J_b e_1 in the basis J_c e_1.
    times = np.einsum("cx,axy,by->bac", frame, J, frame)
    lines = vectors.T[:, :, None] if t == 1 else _independent(vectors, times).reshape(-1, count, t)
    sigmas = np.linalg.norm(lines.reshape(len(lines), -1) @ rows, axis=1)
    spans = np.einsum("gka,axy->kxgy", lines, J).reshape(count * size, len(lines) * size)
    bases = np.split(component.basis @ spans, len(lines), axis=1)
    return list(zip(bases, map(float, sigmas), strict=True))


def _independent(vectors: FloatArray, times: FloatArray) -> FloatArray:
    """Of columns in descending order of σ, t for each line, the first of each: it is outside those before."""
    t = len(times)
    found: list[FloatArray] = []
    spanned = np.zeros((0, len(vectors)))
    for v in vectors.T:
        rest = v - (v @ spanned.T) @ spanned
        size = float(np.linalg.norm(rest))
        if size <= _INDEPENDENT:
            continue
        rest = rest / size
        rest = rest - (rest @ spanned.T) @ spanned
        rest = rest / float(np.linalg.norm(rest))
        found.append(rest)
        images = [(rest.reshape(-1, t) @ by).ravel() for by in times]
        spanned = np.concatenate([spanned, np.stack(images)])
    return np.stack(found)
