"""Haarwire: augment, regularize or hard-wire? Exact invariant linear models for data with a symmetry."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from haarwire import groups
from haarwire.errors import (
    ClusterError,
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
    EquivariantMaps,
    MonteCarloAverage,
    Subspace,
    assert_equivariant,
    assert_invariant,
    average_moments,
    equivariance_error,
    equivariant_maps,
    haar_average,
    invariance_error,
    invariant_subspace,
    isotypic_decomposition,
    monte_carlo_average,
    penalty_matrix,
    reynolds_operator,
)
from haarwire.moments import Moments, Samples

# `report` and `solve` are rooms and functions: loaded here, so that the functions keep the names.
from haarwire.report import report
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

if TYPE_CHECKING:
    from haarwire import datasets
    from haarwire.comparison import Comparison, compare
    from haarwire.landscape import CriticalPoint, CriticalPoints, critical_points
    from haarwire.selection import (
        cross_validate,
        learn_symmetry,
        log_evidence,
        recommend,
        select_rank,
        symmetry_test,
        verdict,
    )

__version__ = "0.1.0"

_LATER = {
    "comparison": ("Comparison", "compare"),
    "datasets": (),
    "landscape": ("CriticalPoint", "CriticalPoints", "critical_points"),
    "selection": (
        "cross_validate", "learn_symmetry", "log_evidence", "recommend", "select_rank", "symmetry_test",
        "verdict",
    ),
}  # fmt: skip
"""Rooms loaded when first asked for, and the names exported here: they take as long as all the others."""


def __getattr__(name: str) -> Any:
    for room, names in _LATER.items():
        if name == room or name in names:
            module = import_module(f"haarwire.{room}")
            globals()[name] = module if name == room else getattr(module, name)
            return globals()[name]
    raise AttributeError(f"module 'haarwire' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])


__all__ = [
    "Augmented",
    "ClusterError",
    "Comparison",
    "ConvergenceError",
    "CriticalPoint",
    "CriticalPoints",
    "DataError",
    "EquivariantMaps",
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
    "assert_equivariant",
    "assert_invariant",
    "average_moments",
    "compare",
    "critical_points",
    "cross_validate",
    "datasets",
    "equivariance_error",
    "equivariant_maps",
    "groups",
    "haar_average",
    "invariance_error",
    "invariant_subspace",
    "isotypic_decomposition",
    "learn_symmetry",
    "log_evidence",
    "monte_carlo_average",
    "penalty_matrix",
    "recommend",
    "regularization_path",
    "report",
    "reynolds_operator",
    "select_rank",
    "solve",
    "symmetry_test",
    "verdict",
]
