"""WHAT the symmetry fixes: invariant functionals, averages over the group, checks."""

from haarwire.invariants.checks import assert_invariant, invariance_error
from haarwire.invariants.haar import haar_average
from haarwire.invariants.monte_carlo import MonteCarloAverage, monte_carlo_average
from haarwire.invariants.penalty import penalty_matrix
from haarwire.invariants.reynolds import average_moments, reynolds_operator
from haarwire.invariants.subspace import Subspace, invariant_subspace

__all__ = [
    "MonteCarloAverage",
    "Subspace",
    "assert_invariant",
    "average_moments",
    "haar_average",
    "invariance_error",
    "invariant_subspace",
    "monte_carlo_average",
    "penalty_matrix",
    "reynolds_operator",
]
