"""Are quarter turns a symmetry of handwritten digits? The evidence of 100 training images, without test data.

python examples/learn_invariance.py --plot learn_invariance.png  (about three minutes on one core)
"""

import argparse

import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn

import haarwire as hw
from haarwire.training import learn_invariance

parser = argparse.ArgumentParser()
parser.add_argument("--plot", help="write a picture here")
plot = parser.parse_args().plot
torch.set_num_threads(1)  # small tensors
rng, turns = np.random.default_rng(0), hw.groups.image_rotations(8)
X, y = load_digits(return_X_y=True)
order = rng.permutation(len(X))
train, test = order[:100], order[100:]
upright = X / 16.0
turned = np.stack([np.rot90(image.reshape(8, 8), rng.integers(4)).ravel() for image in upright])

figure, ax = plt.subplots(figsize=(6.4, 4.0), layout="constrained")
for name, images, colour in (("upright", upright, "#0072B2"), ("turned at random", turned, "#E69F00")):
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(64, 5), nn.Tanh(), nn.Linear(5, 10))
    x, labels = torch.from_numpy(images), torch.from_numpy(y)
    found = learn_invariance(
        network,
        x[train],
        labels[train],
        turns,
        likelihood="categorical",
        amounts=[0.3, 0.6, 0.9],
        steps=12,
    )
    accuracy = (found.module(x[test]).argmax(1) == labels[test]).double().mean()
    print(f"{name}: p = {found.amount[0]:.3f}, test accuracy {accuracy:.3f}. {found.reason}", flush=True)
    print("  log evidence", dict(zip(found.amounts.tolist(), found.values.round(1).tolist(), strict=True)))
    ax.plot(found.amounts, found.values, "o-", color=colour, label=name)
    ax.plot(found.amount, [found.log_evidence], "*", color=colour, markersize=14)
ax.set(
    xlabel="probability p of a random quarter turn", ylabel="log evidence", title="100 digits, tanh network"
)
ax.legend(title="digits (★: learnt)", frameon=False)
if plot:
    figure.savefig(plot, dpi=120)
