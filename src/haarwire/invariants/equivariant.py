"""Equivariant maps: the linear maps W with W ρ(g) = σ(g) W, and the one nearest to a given map."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, final

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike

from haarwire._numbers import FloatArray
from haarwire.errors import DataError, ParameterError
from haarwire.groups import Representation, direct_sum, dual, tensor_product
from haarwire.groups.representation import checked_representation
from haarwire.invariants.haar import haar_average
from haarwire.invariants.subspace import Subspace, invariant_subspace

__all__ = [
    "EquivariantMaps",
    "acts_trivially",
    "aligned",
    "check_source",
    "check_target",
    "equivariant_maps",
    "nearest_equivariant",
]


_DENSE_ENTRIES: Final = 2**28
"""Largest basis that is written out map by map: 2 GiB."""


@final
@dataclass(frozen=True, eq=False)
class EquivariantMaps:
    """Hom_G(ρ, σ): the linear maps W (m×n) with W ρ(g) = σ(g) W for the whole group.

    Made by `equivariant_maps`. The basis is orthonormal, ⟨W, W'⟩ = tr(W W'ᵀ), and kept as a subspace of
    R^(m·n): sparse for (signed) permutations, where each entry belongs to at most one basis map.

    Attributes
    ----------
    source : Representation
        ρ, acting on R^n.
    target : Representation
        σ, acting on R^m.
    subspace : Subspace
        The maps as vectors ``W.ravel()``.
    """

    source: Representation = field(repr=False)
    target: Representation = field(repr=False)
    subspace: Subspace = field(repr=False)

    def __repr__(self) -> str:
        m, n = self.shape
        return f"EquivariantMaps(dim {self.dim} of {m}×{n}: {self.source.label} → {self.target.label})"

    @property
    def dim(self) -> int:
        """Dimension D."""
        return self.subspace.dim

    @property
    def shape(self) -> tuple[int, int]:
        """Shape (m, n) of a map."""
        return self.target.dim, self.source.dim

    @property
    def basis(self) -> FloatArray:
        """The D basis maps as a dense array of shape (D, m, n), made anew each time.

        Raises
        ------
        ParameterError
            When it would have more than 2^28 entries; ``subspace.matrix`` (m·n, D) is sparse.
        """
        m, n = self.shape
        if self.dim * m * n > _DENSE_ENTRIES:
            raise ParameterError(
                f"the {self.dim} basis maps of shape {m}×{n} would take "
                f"{self.dim * m * n * 8 / 2**30:.0f} GiB as one dense array",
                cause="a basis written out where its coordinates are enough",
                remedy="use combine(c), coordinates(W), project(W), or the sparse subspace.matrix (m·n, D)",
            )
        return np.ascontiguousarray(self.subspace.basis.T).reshape(self.dim, m, n)

    def combine(self, c: ArrayLike) -> FloatArray:
        """Σ_k c_k W_k: coordinates (..., D) to maps (..., m, n).

        Raises
        ------
        ParameterError
            When there are not D coordinates.
        """
        coordinates = np.asarray(c, dtype=np.float64)
        if coordinates.ndim == 0 or coordinates.shape[-1] != self.dim:
            raise ParameterError(
                f"the coordinates have shape {coordinates.shape}, there are {self.dim} basis maps",
                cause="coordinates in another basis, or a map given in their place",
                remedy=f"give an array of shape (..., {self.dim}); coordinates(W) makes one of a map",
            )
        return self.subspace.embed(coordinates).reshape(*coordinates.shape[:-1], *self.shape)

    def coordinates(self, W: ArrayLike) -> FloatArray:
        """c_k = ⟨W_k, W⟩: maps (..., m, n) to coordinates (..., D).

        Raises
        ------
        ParameterError
            When W has another shape.
        """
        maps = np.asarray(W, dtype=np.float64)
        if maps.ndim < 2 or maps.shape[-2:] != self.shape:
            raise ParameterError(
                f"the map has shape {maps.shape}, these are maps of shape {self.shape}",
                cause="a transposed matrix, or a map of other spaces",
                remedy=f"give an array of shape (..., {self.shape[0]}, {self.shape[1]})",
            )
        m, n = self.shape
        return self.subspace.coordinates(maps.reshape(*maps.shape[:-2], m * n))

    def project(self, W: ArrayLike) -> FloatArray:
        """The equivariant map nearest to W in the Frobenius norm, shape (..., m, n).

        Raises
        ------
        ParameterError
            When W has another shape.
        """
        return self.combine(self.coordinates(W))


def equivariant_maps(source: Representation, target: Representation) -> EquivariantMaps:
    """Basis of the linear maps W with W ρ(g) = σ(g) W, from ρ on R^n to σ on R^m.

    They are the fixed vectors of W ↦ σ(g) W ρ(g)⁻¹: one null space for any group, found in linear time by
    the orbits on entries for (signed) permutations.

    Parameters
    ----------
    source, target : Representation
        Of one group: generators correspond one to one. ``trivial(dim)`` goes with any group. They need
        not be orthogonal, finite or compact.

    Returns
    -------
    EquivariantMaps

    Raises
    ------
    RepresentationError
        When they are not representations of one group.
    ParameterError
        When one of them is no representation.

    References
    ----------
    Finzi, Welling and Wilson, A Practical Method for Constructing Equivariant Multilayer Perceptrons for
    Arbitrary Matrix Groups, ICML 2021.

    Examples
    --------
    Convolutions are the maps that commute with shifts:

    >>> import haarwire as hw
    >>> shifts = hw.groups.cyclic_shifts(4)
    >>> maps = hw.equivariant_maps(shifts, shifts)
    >>> maps.dim
    4
    >>> maps.project([[1, 2, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]])[1]
    array([0.  , 0.25, 0.5 , 0.  ])
    """
    first, second = aligned(source, target)
    # The functionals that σ⁻ᵀ ⊗ ρ leaves fixed are the W with σ(g)⁻¹ W ρ(g) = W.
    return EquivariantMaps(first, second, invariant_subspace(tensor_product(dual(second), first)))


def nearest_equivariant(W: FloatArray, source: Representation, target: Representation) -> FloatArray:
    """The equivariant map nearest to W (m×n): its Haar average where both actions are orthogonal."""
    pair = direct_sum(source, target)
    if not pair.is_orthogonal or pair.is_signed_permutation:
        return equivariant_maps(source, target).project(W)
    n = source.dim
    # On a diagonal of the size of W, lest an average of 0 is judged by its own rounding errors.
    joint = float(np.linalg.norm(W)) * np.eye(pair.dim)
    joint[n:, :n], joint[:n, n:] = W, W.T
    return haar_average(joint, pair)[n:, :n]


def aligned(source: Representation, target: Representation) -> tuple[Representation, Representation]:
    """Make the generators of two representations correspond, or raise unless they are of one group.

    A representation without generators goes with any group.
    """
    checked_representation(source, "source")
    checked_representation(target, "target")
    direct_sum(source, target)
    if not source.generators and not source.algebra:
        return target.trivial(source.dim), target
    if not target.generators and not target.algebra:
        return source, source.trivial(target.dim)
    return source, target


def acts_trivially(rep: Representation) -> bool:
    """Whether every element acts as the identity, exactly."""
    identity = sp.eye_array(rep.dim, format="csr")
    return bool(
        all(abs(g.to_sparse() - identity).max() == 0.0 for g in rep.generators)
        and all(abs(L).max() == 0.0 for L in rep.algebra)
    )


def check_source(rep: Representation, n_features: int) -> None:
    """Raise DataError unless `rep` acts on as many coordinates as the data have features."""
    if checked_representation(rep).dim != n_features:
        raise DataError(
            f"the data have {n_features} features, {rep.label} acts on {rep.dim} coordinates",
            cause="a symmetry built for data of another size",
            remedy="build the representation for your number of features, e.g. "
            "image_rotations(side) for side·side pixels",
        )


def check_target(target: Representation, n_targets: int) -> None:
    """Raise DataError unless `target` acts on as many coordinates as there are targets."""
    checked_representation(target, "target")
    if target.dim != n_targets:
        raise DataError(
            f"the data have {n_targets} targets, {target.label} acts on {target.dim} coordinates",
            cause="a target representation for data of another size",
            remedy=f"give a representation on R^{n_targets}, such as rep.trivial({n_targets}) for "
            "invariant targets",
        )
