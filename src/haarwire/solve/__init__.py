"""HOW, in closed form: approaches, the one kernel, solutions and the regularization path."""

from haarwire.solve.approaches import Approach, Augmented, Hardwired, Plain, Quadratic, Regularized
from haarwire.solve.certificate import Certificate, Crossing
from haarwire.solve.curve import PathCurve
from haarwire.solve.frame import PenaltyFrame, penalty_frame
from haarwire.solve.irreducible_modes import IrreducibleModes, ModeGroup
from haarwire.solve.path import RegularizationPath, regularization_path
from haarwire.solve.reduced_rank import Modes, reduced_rank
from haarwire.solve.solution import Solution
from haarwire.solve.solver import solve
from haarwire.solve.strengths import alpha_range
from haarwire.solve.tail import Tail

__all__ = [
    "Approach",
    "Augmented",
    "Certificate",
    "Crossing",
    "Hardwired",
    "IrreducibleModes",
    "ModeGroup",
    "Modes",
    "PathCurve",
    "PenaltyFrame",
    "Plain",
    "Quadratic",
    "RegularizationPath",
    "Regularized",
    "Solution",
    "Tail",
    "alpha_range",
    "penalty_frame",
    "reduced_rank",
    "regularization_path",
    "solve",
]
