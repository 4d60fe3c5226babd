"""Pictures of results with matplotlib: the path, the landscape, bases and coefficients as images."""

from haarwire.plots.basis import plot_basis
from haarwire.plots.landscape import plot_landscape
from haarwire.plots.path import alpha_range, plot_path

__all__ = ["alpha_range", "plot_basis", "plot_landscape", "plot_path"]
