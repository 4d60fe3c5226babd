"""The critical points of the rank-bounded problems."""

from haarwire.landscape.counting import count_critical_points
from haarwire.landscape.point import CriticalPoint, EscapeDirection
from haarwire.landscape.points import CriticalPoints, critical_points

__all__ = [
    "CriticalPoint",
    "CriticalPoints",
    "EscapeDirection",
    "count_critical_points",
    "critical_points",
]
