"""
Equivariant maps
================

When the targets move with the inputs, as the clean signal is shifted where the
noisy one is, the map should commute with the group: f(ρ(g)x) = σ(g)f(x).
Convolutions are such maps. Here a filter against noise is learnt from few
pairs of signals. To run this as a script: ``pip install ".[plots]"``.
"""

import matplotlib.pyplot as plt
import numpy as np

import haarwire as hw

# %%
# Signals
# -------
# Smooth periodic signals of 32 points, random Fourier series of four
# frequencies, and the same with noise.

n = 32
rng = np.random.default_rng(0)
grid = 2 * np.pi * np.arange(n) / n
waves = np.concatenate(
    [f(k * grid)[None] for k in range(1, 5) for f in (np.cos, np.sin)]
)


def signals(count: int) -> tuple[np.ndarray, np.ndarray]:
    clean = rng.standard_normal((count, len(waves))) @ waves / 2
    return clean + rng.standard_normal(clean.shape), clean


# %%
# The maps that commute with shifts
# ---------------------------------
# Of the 1024 entries of a matrix 32 are free: the circulant ones.

shifts = hw.groups.cyclic_shifts(n)
maps = hw.equivariant_maps(shifts, shifts)
print(f"{maps.dim} of {n * n} dimensions")

# %%
# A target that moves is one argument more
# ----------------------------------------

X_test, Y_test = signals(2000)
sizes, errors = (40, 80, 160, 320, 640), {"plain": [], "hard-wired": []}
for size in sizes:
    moments = hw.Moments.from_arrays(*signals(size))
    for name, approach in (
        ("plain", hw.Plain()),
        ("hard-wired", hw.Hardwired()),
    ):
        model = hw.solve(moments, shifts, approach=approach, target=shifts)
        errors[name].append(((model.predict(X_test) - Y_test) ** 2).mean())
print(
    "equivariance error of the last:",
    hw.equivariance_error(model, shifts, shifts),
)

figure, axes = plt.subplots(1, 3, figsize=(9.5, 3), layout="constrained")
for name, colour in (("plain", "#6E6E6E"), ("hard-wired", "#0072B2")):
    axes[0].plot(sizes, errors[name], "o-", color=colour, label=name)
axes[0].set(
    xscale="log",
    yscale="log",
    xlabel="pairs of signals",
    ylabel="mean squared error",
)
axes[0].set_xticks(sizes, labels=map(str, sizes), minor=False)
axes[0].set_xticks([], minor=True)
axes[0].legend(frameon=False)
axes[1].imshow(model.coef, cmap="RdBu_r")
axes[1].set(title="the learnt matrix", xticks=[], yticks=[])
axes[2].plot(X_test[0], "#BBBBBB", label="noisy")
axes[2].plot(Y_test[0], "k:", label="clean")
axes[2].plot(model.predict(X_test[:1])[0], "#0072B2", label="filtered")
low, high = axes[2].get_ylim()
axes[2].set_ylim(low, high + 0.35 * (high - low))
axes[2].legend(frameon=False, ncols=3, loc="upper center", fontsize="small")

# %%
# A bound on the rank
# -------------------
# A real equivariant map keeps or drops whole frequencies, two dimensions at a
# time (and one for the constant): which ones is a knapsack, solved exactly.
# Cutting the singular values one by one would split a frequency and lose the
# symmetry; the augmented optimum of odd rank does just that.

for rank in (1, 2, 3, 4, 8):
    model = hw.solve(
        moments, shifts, approach=hw.Hardwired(), target=shifts, rank=rank
    )
    print(f"rank ≤ {rank}: uses {model.rank}, loss {model.loss:.4f}")
plt.show()
