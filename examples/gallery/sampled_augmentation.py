"""
Augmentation by sampling, and by the whole group
================================================

With k random group elements a sample, augmentation comes near to the
hard-wired model as 1/√k; the exact average over all 10! = 3,628,800 elements
is there at once.
"""

import matplotlib.pyplot as plt
import numpy as np

import haarwire as hw

rep = hw.groups.permutations(10)
data = hw.datasets.planted(rep, 200, noise=0.3, rng=0)
hard = hw.solve(
    hw.Moments.from_arrays(data.X, data.Y), rep, approach=hw.Hardwired()
)
rng = np.random.default_rng(0)
counts = (1, 2, 5, 10, 20, 50, 100)
distances = []
for k in counts:
    elements = rep.sample(rng, 200 * k)
    originals = np.tile(data.X, (k, 1))
    moved = [g.apply(x) for g, x in zip(elements, originals, strict=True)]
    moments = hw.Moments.from_arrays(moved, np.tile(data.Y, (k, 1)))
    sampled = hw.solve(moments, rep, approach=hw.Plain())
    distances.append(np.linalg.norm(sampled.coef - hard.coef))
distances /= np.linalg.norm(hard.coef)

_, ax = plt.subplots(figsize=(6, 3.4), layout="constrained")
ax.plot(
    counts,
    distances,
    "o-",
    color="#E69F00",
    label="k random elements a sample",
)
ax.plot(counts, distances[0] / np.sqrt(counts), "k:", lw=1, label="1/√k")
ax.set(
    xscale="log",
    yscale="log",
    xlabel="k",
    ylabel="distance to hard-wired, relative",
)
ax.legend(frameon=False)
plt.show()
