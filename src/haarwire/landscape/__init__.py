"""The critical points of the rank-bounded problems."""

from haarwire.landscape.counting import count_critical_points

__all__ = ["count_critical_points"]
