"""
When a symmetry is worth most
=============================

The fewer the samples, the more an exact symmetry helps; with very many, plain
learns it by itself.
"""

import matplotlib.pyplot as plt
import numpy as np

import haarwire as hw

shifts = hw.groups.cyclic_shifts(32)
data = hw.datasets.planted(shifts, 22_000, noise=1.0, rng=0)
truth = hw.Moments.from_arrays(data.X[-10_000:], data.Y[-10_000:])
sizes = np.unique(np.logspace(np.log10(40), 4, 15).astype(int))
losses = {"plain": [], "hard-wired": []}
for size in sizes:
    moments = hw.Moments.from_arrays(data.X[:size], data.Y[:size])
    for name, approach in (
        ("plain", hw.Plain()),
        ("hard-wired", hw.Hardwired()),
    ):
        model = hw.solve(moments, shifts, approach=approach)
        losses[name].append(truth.loss(model.coef, model.intercept))

_, ax = plt.subplots(figsize=(6, 3.4), layout="constrained")
for name, colour in (("plain", "#6E6E6E"), ("hard-wired", "#0072B2")):
    ax.plot(sizes, losses[name], "o-", color=colour, label=name)
ax.axhline(1.0, color="k", ls=":", lw=1)
ax.set(
    xscale="log",
    yscale="log",
    xlabel="samples",
    ylabel="loss on other data (dotted: noise)",
)
ax.legend(frameon=False)
plt.show()
