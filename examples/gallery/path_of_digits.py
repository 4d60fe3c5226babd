"""
From plain to hard-wired
========================

The coefficients of the digit 4 at five strengths of the invariance penalty,
and the loss on test images as they are and in any orientation (a quarter turn
of any kind).
"""

import matplotlib.pyplot as plt
import numpy as np

import haarwire as hw

data, turns = hw.datasets.load("digits"), hw.groups.image_rotations(8)
train, test = data.split(1 / 3, np.random.default_rng(0))
moments, held_out = (
    hw.Moments.from_arrays(part.X, part.Y) for part in (train, test)
)
moved = hw.average_moments(held_out, turns)
path = hw.regularization_path(moments, turns, rank=5, ridge=1.0)

shown = {"0": 0.0, "1": 1.0, "10": 10.0, "100": 100.0, "∞": np.inf}
figure, axes = plt.subplot_mosaic(
    [list(shown), ["loss"] * 5],
    figsize=(7.5, 4.6),
    height_ratios=(1, 1.6),
    layout="constrained",
)
for label, alpha in shown.items():
    image = path.at(alpha).coef[4].reshape(8, 8)
    top = np.percentile(np.abs(image), 95)
    axes[label].imshow(image, cmap="RdBu_r", vmin=-top, vmax=top)
    axes[label].set(title=f"α = {label}", xticks=[], yticks=[])

alphas = np.logspace(-3, 4, 80)
models = [path.at(alpha) for alpha in alphas]
lines = (
    (moved, "#D55E00", "images in any orientation"),
    (held_out, "#0072B2", "images as they are"),
)
for part, colour, label in lines:
    losses = [part.loss(m.coef, m.intercept) for m in models]
    axes["loss"].plot(alphas, losses, color=colour, lw=2.5, label=label)
axes["loss"].set(
    xscale="log",
    xlabel="strength α of the invariance penalty",
    ylabel="loss on test images",
)
axes["loss"].legend(frameon=False)
plt.show()
