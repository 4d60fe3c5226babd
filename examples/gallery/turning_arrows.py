"""
A continuum of rotations
========================

The wind at eight stations, as vectors of the plane: every speed is invariant,
and so is every angle between two winds. The average over all rotations is
exact, by a quadrature for the degree of the features.
"""

import matplotlib.pyplot as plt
import numpy as np

import haarwire as hw

plane = hw.groups.so2([1] * 8)  # 16 coordinates, 8 vectors that turn together
products = plane * plane  # all 256 products of two coordinates
space = hw.invariant_subspace(products)
print(f"{space.dim} invariant directions among {products.dim} products")

rng = np.random.default_rng(0)
wind = rng.standard_normal((400, 16))
energy = (
    (wind**2).sum(axis=1)
    + 2 * wind[:, 0] * wind[:, 2]
    + 2 * wind[:, 1] * wind[:, 3]
)
X = np.einsum("ni,nj->nij", wind, wind).reshape(400, -1)
train, test = slice(0, 150), slice(150, None)
samples = hw.Moments.from_arrays(
    X[train], energy[train] + rng.standard_normal(150)
)

_, axes = plt.subplots(
    1, 2, figsize=(7, 3.4), sharey=True, layout="constrained"
)
for ax, (name, approach) in zip(
    axes,
    {"plain": hw.Plain(), "augmented": hw.Augmented()}.items(),
    strict=True,
):
    model = hw.solve(samples, products, approach=approach, ridge=1e-6)
    ax.plot(energy[test], model.predict(X[test])[:, 0], ".", color="#0072B2")
    ax.axline((0, 0), slope=1, color="k", lw=1, ls=":")
    error = np.sqrt(
        np.mean((model.predict(X[test])[:, 0] - energy[test]) ** 2)
    )
    ax.set(title=f"{name}: error {error:.2f}", xlabel="energy")
axes[0].set_ylabel("predicted from 150 samples")
plt.show()
