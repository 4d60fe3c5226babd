"""WHAT the symmetry fixes: invariant functionals, averages over the group, checks."""

from haarwire.invariants.checks import assert_invariant, invariance_error
from haarwire.invariants.penalty import penalty_matrix
from haarwire.invariants.reynolds import average_moments, haar_average, reynolds_operator
from haarwire.invariants.subspace import Subspace, invariant_subspace

__all__ = [
    "Subspace",
    "assert_invariant",
    "average_moments",
    "haar_average",
    "invariance_error",
    "invariant_subspace",
    "penalty_matrix",
    "reynolds_operator",
]
