"""
A PyTorch module
================

The same three ways for a network that is not linear: hard-wire a layer,
average a whole network over the group, augment batches, or penalize. Digits
under quarter turns again. To run this as a script: ``pip install
".[sklearn,plots,torch]"``.
"""

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import nn

import haarwire as hw
from haarwire.training import (
    augment,
    compare_modules,
    hardwire,
    invariance_error,
    symmetrize,
)

torch.manual_seed(0)
torch.set_num_threads(1)
turns = hw.groups.image_rotations(side=8)
data = hw.datasets.load("digits")
images = torch.tensor(data.X[:5], dtype=torch.float32) / 16

# %%
# One layer
# ---------
# ``hardwire`` keeps a weight invariant whatever the optimizer does, as a
# parametrization of PyTorch's own kind. With a target representation the
# weight is equivariant.

layer = hardwire(nn.Linear(64, 10), "weight", turns)
print("error of the layer:", float(invariance_error(layer, images, turns)))
print(
    "free parameters of its weight:",
    sum(p.numel() for p in layer.parametrizations.weight.parameters()),
)

# %%
# A whole network
# ---------------
# ``symmetrize`` averages the outputs over all moved inputs: exactly invariant,
# for one forward pass a group element.


def network() -> nn.Module:
    return nn.Sequential(nn.Linear(64, 48), nn.ReLU(), nn.Linear(48, 10))


net = network()
print("before:", float(invariance_error(net, images, turns)))
print(
    "after: ", float(invariance_error(symmetrize(net, turns), images, turns))
)

# %%
# Batches
# -------
# ``augment`` moves each sample of a batch by a random element of its own.

moved = augment(turns, seed=0)(images)
_, axes = plt.subplots(2, 5, figsize=(6, 2.6), layout="constrained")
for row, batch in zip(axes, (images, moved), strict=True):
    for ax, image in zip(row, batch, strict=True):
        ax.imshow(image.numpy().reshape(8, 8), cmap="gray_r")
        ax.set(xticks=[], yticks=[])

# %%
# All ways side by side
# ---------------------
# One architecture, trained four ways with equal budgets; on images as they are
# and in any orientation.

result = compare_modules(
    network, data, turns, epochs=6, learning_rate=0.01, seeds=[0]
)
print(result)

# %%
# Plain is best for upright digits, hard-wired when they come in any
# orientation.

_, ax = plt.subplots(figsize=(6, 3), layout="constrained")
for shift, colour, question in (
    (-0.2, "#0072B2", "as_is"),
    (0.2, "#D55E00", "moved"),
):
    scores = [
        np.mean(getattr(row, f"{question}_scores"))
        for row in result.approaches.values()
    ]
    ax.bar(
        np.arange(4) + shift,
        scores,
        0.36,
        color=colour,
        label=question.replace("_", " "),
    )
ax.set(
    xticks=range(4),
    xticklabels=result.approaches,
    ylabel="test accuracy",
    ylim=(0, 1.2),
)
ax.legend(frameon=False, ncols=2)
plt.show()
