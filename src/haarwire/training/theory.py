"""Theory beside practice: what gradient flow on a quadratic problem does, in closed form.

What each function claims, and under which assumption, stands in its docstring; the modules behind this
one are `modes` (learning curves), `flow` (the ODE reference), `plateaus` (the saddles on the way) and
`convergence` (the last stretch). NumPy and SciPy only.
"""

from haarwire.training.convergence import (
    Conditioning,
    ConvergenceRate,
    Spectrum,
    conditioning,
    convergence_rate,
)
from haarwire.training.flow import GradientFlow, gradient_flow, spectral_layers
from haarwire.training.modes import SpectralModes, learning_time, mode_trajectory, spectral_modes
from haarwire.training.plateaus import Plateau, measured_plateaus, predicted_plateaus

__all__ = [
    "Conditioning",
    "ConvergenceRate",
    "GradientFlow",
    "Plateau",
    "SpectralModes",
    "Spectrum",
    "conditioning",
    "convergence_rate",
    "gradient_flow",
    "learning_time",
    "measured_plateaus",
    "mode_trajectory",
    "predicted_plateaus",
    "spectral_layers",
    "spectral_modes",
]
