"""
From saddle to saddle
=====================

A deep linear network that starts small visits critical points in turn.
Plateaus of the loss and where they end were predicted before training; needs
the extra ``torch``.
"""

import matplotlib.pyplot as plt

import haarwire as hw
from haarwire.training import DeepLinearNetwork, predicted_plateaus, train

rep = hw.groups.cyclic_shifts(4) * hw.groups.trivial(4)
data = hw.datasets.planted(rep, 400, n_targets=4, noise=0.2, rng=3)
moments = hw.Moments.from_arrays(data.X, data.Y)
network = DeepLinearNetwork((16, 3, 4), init="balanced", scale=1e-3, seed=0)
history = train(
    moments,
    network,
    approach=hw.Augmented(),
    rep=rep,
    steps=3000,
    progress=False,
)
plateaus = predicted_plateaus(
    hw.Augmented().problem(moments, rep), depth=2, scale=1e-3, rank=3
)

_, ax = plt.subplots(figsize=(6, 3.4), layout="constrained")
ax.plot(history.steps, history.loss[:, 0], "#0072B2", lw=2)
for plateau in plateaus:
    ax.axhline(plateau.loss, color="#6E6E6E", ls=":", lw=1)
    ax.annotate(
        f"{{{', '.join(map(str, plateau.subset))}}}",
        (1.0, plateau.loss),
        xycoords=("axes fraction", "data"),
        xytext=(4, 0),
        textcoords="offset points",
        va="center",
    )
ax.set(
    yscale="log",
    xlabel="step of gradient descent",
    ylabel="loss (dotted: critical points)",
)
plt.show()
