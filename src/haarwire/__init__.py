"""Haarwire: augment, regularize or hard-wire? Exact invariant linear models for data with a symmetry."""

from haarwire import datasets, groups
from haarwire.comparison import Comparison, compare
from haarwire.errors import (
    ConvergenceError,
    DataError,
    FileError,
    GroupTooLargeError,
    HaarwireError,
    MissingDependencyError,
    NoSamplerError,
    NotCompactError,
    NotInvariantError,
    ParameterError,
    RepresentationError,
    UnknownNameError,
)
from haarwire.groups import Matrix, Permutation, Representation, SignedPermutation
from haarwire.invariants import (
    MonteCarloAverage,
    Subspace,
    assert_invariant,
    average_moments,
    haar_average,
    invariance_error,
    invariant_subspace,
    monte_carlo_average,
    penalty_matrix,
    reynolds_operator,
)
from haarwire.landscape import CriticalPoint, CriticalPoints, critical_points
from haarwire.moments import Moments, Samples
from haarwire.selection import cross_validate, recommend, verdict
from haarwire.solve import (
    Augmented,
    Hardwired,
    Plain,
    RegularizationPath,
    Regularized,
    Solution,
    regularization_path,
    solve,
)

__version__ = "0.1.0"

__all__ = [
    "Augmented",
    "Comparison",
    "ConvergenceError",
    "CriticalPoint",
    "CriticalPoints",
    "DataError",
    "FileError",
    "GroupTooLargeError",
    "HaarwireError",
    "Hardwired",
    "Matrix",
    "MissingDependencyError",
    "Moments",
    "MonteCarloAverage",
    "NoSamplerError",
    "NotCompactError",
    "NotInvariantError",
    "ParameterError",
    "Permutation",
    "Plain",
    "RegularizationPath",
    "Regularized",
    "Representation",
    "RepresentationError",
    "Samples",
    "SignedPermutation",
    "Solution",
    "Subspace",
    "UnknownNameError",
    "assert_invariant",
    "average_moments",
    "compare",
    "critical_points",
    "cross_validate",
    "datasets",
    "groups",
    "haar_average",
    "invariance_error",
    "invariant_subspace",
    "monte_carlo_average",
    "penalty_matrix",
    "recommend",
    "regularization_path",
    "reynolds_operator",
    "solve",
    "verdict",
]
