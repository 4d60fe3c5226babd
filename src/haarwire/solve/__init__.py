"""HOW, in closed form: approaches, the one kernel, solutions and the regularization path."""

from haarwire.solve.approaches import Approach, Augmented, Hardwired, Plain, Quadratic, Regularized
from haarwire.solve.path import RegularizationPath, penalty_frame, regularization_path
from haarwire.solve.reduced_rank import Modes, reduced_rank
from haarwire.solve.solution import Solution
from haarwire.solve.solver import solve

__all__ = [
    "Approach",
    "Augmented",
    "Hardwired",
    "Modes",
    "Plain",
    "Quadratic",
    "RegularizationPath",
    "Regularized",
    "Solution",
    "penalty_frame",
    "reduced_rank",
    "regularization_path",
    "solve",
]
