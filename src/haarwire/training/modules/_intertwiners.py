"""The linear maps that a symmetry allows: fixed vectors, and intertwiners of two representations."""

from __future__ import annotations

from typing import Final

from haarwire.errors import ParameterError, RepresentationError
from haarwire.groups import Representation, hom
from haarwire.invariants import Subspace, invariant_subspace
from haarwire.training.modules._checks import check_same_group

__all__ = ["LARGEST_NULL_SPACE", "check_nonzero", "fixed_vectors", "intertwiners"]

LARGEST_NULL_SPACE: Final = 1024
"""Entries m·n of W up to which W ρ_X = ρ_Y W is solved by a singular value decomposition."""


def fixed_vectors(rep: Representation) -> Subspace:
    """Orthonormal basis of {v : ρ(g)v = v}: the invariant functionals of the dual."""
    return invariant_subspace(rep.dual)


def intertwiners(source: Representation, target: Representation) -> Subspace:
    """Orthonormal basis of {W : W ρ_X(g) = ρ_Y(g) W}, each W flattened row by row.

    They are the fixed vectors of W ↦ ρ_Y(g) W ρ_X(g)⁻¹. Where both act by (signed) permutations they are
    the orbits of the group on pairs (i, j), found in time linear in m·n; otherwise the null space of the
    (m·n)×(m·n) Kronecker conditions.

    Raises
    ------
    ParameterError
        When matrices act and m·n is larger than 1024.
    RepresentationError
        When source and target do not belong to one group.
    """
    joint = check_same_group(source, target)
    if not joint.is_signed_permutation and source.dim * target.dim > LARGEST_NULL_SPACE:
        raise ParameterError(
            f"the equivariant maps from {source.label} to {target.label} have {target.dim}·{source.dim} = "
            f"{target.dim * source.dim} entries, the limit for matrices is {LARGEST_NULL_SPACE}",
            cause="a null space of a matrix with as many rows and columns as the weight has entries",
            remedy="give the symmetry as permutations, which have no limit, use symmetrize(module, source, "
            "target=target), or split the layer",
        )
    return fixed_vectors(hom(source, target))


def check_nonzero(space: Subspace, wanted: str, advice: str) -> None:
    """Raise when nothing but zero is left."""
    if space.dim == 0:
        raise RepresentationError(
            f"zero is the only {wanted}",
            cause="a group that moves every direction, as a sign change or all rotations of the plane do",
            remedy=advice,
        )
