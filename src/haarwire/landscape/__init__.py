"""The critical points of the rank-bounded problems, on the variety and in the layers of a network."""

from haarwire.landscape.counting import count_critical_points
from haarwire.landscape.equivariant import EquivariantCriticalPoint, EquivariantCriticalPoints
from haarwire.landscape.layers import factor
from haarwire.landscape.parameters import Criticality, check_critical
from haarwire.landscape.point import CriticalPoint, EscapeDirection
from haarwire.landscape.points import CriticalPoints, critical_points

__all__ = [
    "CriticalPoint",
    "CriticalPoints",
    "Criticality",
    "EquivariantCriticalPoint",
    "EquivariantCriticalPoints",
    "EscapeDirection",
    "check_critical",
    "count_critical_points",
    "critical_points",
    "factor",
]
