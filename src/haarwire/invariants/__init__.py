"""WHAT the symmetry fixes: invariant functionals, averages over the group, checks."""

from haarwire.invariants.checks import (
    assert_equivariant,
    assert_invariant,
    equivariance_error,
    invariance_error,
)
from haarwire.invariants.equivariant import EquivariantMaps, equivariant_maps
from haarwire.invariants.haar import haar_average
from haarwire.invariants.isotypic import (
    IsotypicComponent,
    IsotypicDecomposition,
    isotypic_decomposition,
)
from haarwire.invariants.joint import average_joint_moments
from haarwire.invariants.monte_carlo import MonteCarloAverage, monte_carlo_average
from haarwire.invariants.penalty import penalty_matrix
from haarwire.invariants.reynolds import average_moments, reynolds_operator
from haarwire.invariants.subspace import Subspace, SubspaceCertificate, invariant_subspace

__all__ = [
    "EquivariantMaps",
    "IsotypicComponent",
    "IsotypicDecomposition",
    "MonteCarloAverage",
    "Subspace",
    "SubspaceCertificate",
    "assert_equivariant",
    "assert_invariant",
    "average_joint_moments",
    "average_moments",
    "equivariance_error",
    "equivariant_maps",
    "haar_average",
    "invariance_error",
    "invariant_subspace",
    "isotypic_decomposition",
    "monte_carlo_average",
    "penalty_matrix",
    "reynolds_operator",
]
