"""
All critical points
===================

Of digits under the 8 symmetries of a square: loss against index, and the
steepest ways down.
"""

import matplotlib.pyplot as plt

import haarwire as hw
from haarwire.plots import plot_landscape

data, square = (
    hw.datasets.load("digits"),
    hw.groups.image_rotations(8, reflections=True),
)
moments = hw.Moments.from_arrays(data.X, data.Y)
approaches = {
    "hard-wired": hw.Hardwired(),
    "augmented": hw.Augmented(),
    "regularized": hw.Regularized(alpha=100.0),
}
points = {
    name: hw.critical_points(moments, square, rank=3, approach=each)
    for name, each in approaches.items()
}
plot_landscape(points)
plt.show()
