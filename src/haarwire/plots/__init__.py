"""Pictures of results with matplotlib: the path, the landscape, training, coefficients as images."""

from haarwire.plots.basis import plot_basis
from haarwire.plots.history import plot_history
from haarwire.plots.landscape import plot_landscape
from haarwire.plots.path import plot_path

__all__ = ["plot_basis", "plot_history", "plot_landscape", "plot_path"]
