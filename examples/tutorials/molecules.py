"""
Molecules and relabelling
=========================

The energy of a molecule does not depend on the order in which its atoms are
listed. Six atoms can be listed in 720 orders, 14 in 87 billion: no
augmentation can try them all, but the average over all of them is exact and
cheap. To run this as a script: ``pip install ".[plots]"``.
"""

import time

import matplotlib.pyplot as plt
import numpy as np

import haarwire as hw

# %%
# Molecules
# ---------
# Six atoms at random places in a box, none nearer than 0.8 to another. The
# energy is a sum over pairs of a Morse potential of their distance. The
# features: for each of twelve distances c, the 6×6 matrix of exp(−4(r − c)²)
# over all ordered pairs, 432 numbers in all, which a relabelling of the atoms
# permutes.

n_atoms, centres = 6, np.linspace(0.8, 4.2, 12)
rng = np.random.default_rng(0)


def molecule() -> np.ndarray:
    atoms = np.empty((0, 3))
    while len(atoms) < n_atoms:
        candidate = rng.uniform(0.0, 2.5, size=3)
        if all(np.linalg.norm(atoms - candidate, axis=1) > 0.8):
            atoms = np.vstack([atoms, candidate])
    return np.linalg.norm(atoms[:, None] - atoms[None], axis=2)


def features(distances: np.ndarray) -> np.ndarray:
    return np.exp(-4.0 * (distances[..., None] - centres) ** 2).reshape(
        len(distances), -1
    )


def energies(distances: np.ndarray) -> np.ndarray:
    pairs = distances[:, *np.triu_indices(n_atoms, 1)]
    return ((1 - np.exp(-2.0 * (pairs - 1.2))) ** 2 - 1).sum(
        axis=1, keepdims=True
    )


train, test = (
    np.array([molecule() for _ in range(size)]) for size in (300, 1000)
)
X, y, X_test, y_test = (
    features(train),
    energies(train),
    features(test),
    energies(test),
)

# %%
# The symmetry
# ------------
# S₆ acts on ordered pairs, and twelve times the same: ``wreath`` and friends
# know many such actions; here it is the relabelling of graphs times the
# trivial action on the twelve numbers of a pair.

relabel = hw.groups.permutations_of_graphs(n_atoms) * hw.groups.trivial(
    len(centres)
)
print(relabel)
print(hw.invariant_subspace(relabel).dim, "invariant directions")

# %%
# From 30 molecules on
# --------------------
# Hard-wired, 24 numbers are left to learn in place of 432. (A small ridge,
# because some of these features are nearly collinear.)


def error(model: hw.Solution) -> float:
    return float(np.sqrt(((model.predict(X_test) - y_test) ** 2).mean()))


sizes = (30, 60, 100, 150, 200, 300)
errors = {"plain": [], "hard-wired": [], "augmented": []}
for size in sizes:
    moments = hw.Moments.from_arrays(X[:size], y[:size])
    for name, approach in zip(
        errors, (hw.Plain(), hw.Hardwired(), hw.Augmented()), strict=True
    ):
        errors[name].append(
            error(hw.solve(moments, relabel, approach=approach, ridge=1e-6))
        )
_, ax = plt.subplots(figsize=(6, 3.4), layout="constrained")
for name, style in zip(errors, ("#6E6E6E", "#0072B2", "#E69F00"), strict=True):
    ax.plot(
        sizes,
        errors[name],
        "o-",
        color=style,
        label=name,
        lw=5 if name == "hard-wired" else 2,
    )
ax.axhline(y_test.std(), color="k", ls=":", lw=1)
ax.set(
    yscale="log",
    xlabel="molecules to learn from",
    ylabel="error of the energy",
)
ax.legend(frameon=False)

# %%
# The dotted line is the standard deviation of the energies. Augmented and
# hard-wired are one model, as the theory says.
#
# Fourteen atoms
# --------------
# The same with 14! = 87,178,291,200 orders and 196 × 12 features: the average
# is over orbits of pairs of coordinates, and the group is never listed.

many = hw.groups.permutations_of_graphs(14) * hw.groups.trivial(len(centres))
started = time.perf_counter()
space = hw.invariant_subspace(many)
seconds = time.perf_counter() - started
print(f"{many.dim} features, {many.order:,} orders")
print(f"{space.dim} invariant directions in {seconds:.3f} s")
plt.show()
