"""A convolutional net and a small transformer on MNIST under quarter turns, and a picture of the comparison.

python examples/modules_mnist.py --mnist mnist.npz --plot networks.png  (without --mnist: 8×8 digits)
"""

import argparse
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import nn

import haarwire as hw
from haarwire.training.modules import compare_modules

parser = argparse.ArgumentParser()
parser.add_argument("--plot", help="write a picture here")
parser.add_argument("--mnist", help="a .npz file with x_train, y_train, x_test and y_test")
options = parser.parse_args()
torch.set_num_threads(1)  # small tensors
data, side = hw.datasets.digits(), 8
if options.mnist:
    data, side = hw.datasets.load(options.mnist), 28
    test = replace(data.test, X=data.test.X[:1000], Y=data.test.Y[:1000])
    data = replace(data, X=data.X[:2000], Y=data.Y[:2000], test=test)


def convolutional() -> nn.Module:
    first = nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2)
    second = nn.Conv2d(8, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2)
    return nn.Sequential(*first, *second, nn.Flatten(), nn.Linear(16 * (side // 4) ** 2, 10))


class Transformer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed, self.places = nn.Linear((side // 4) ** 2, 32), nn.Parameter(0.5 * torch.randn(16, 32))
        layer = nn.TransformerEncoderLayer(32, 4, 64, dropout=0.0, batch_first=True, norm_first=True)
        self.encoder, self.head = nn.TransformerEncoder(layer, 2, None, False), nn.Linear(32, 10)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        patches = nn.functional.unfold(images, side // 4, stride=side // 4).mT
        return self.head(self.encoder(self.embed(patches) + self.places).mean(1))


figure, axes = plt.subplots(1, 2, figsize=(9, 3.8), sharey=True, layout="constrained")
turns, settings = (
    hw.groups.image_rotations(side),
    {"epochs": 10, "learning_rate": 0.005, "shape": (1, side, side)},
)
for ax, factory in zip(axes, (convolutional, Transformer), strict=True):
    result = compare_modules(factory, data, turns, **settings)
    print(result, end="\n\n", flush=True)
    for shift, colour, name in ((-0.2, "#0072B2", "as_is"), (0.2, "#E69F00", "moved")):
        scores = np.array([getattr(row, f"{name}_scores") for row in result.approaches.values()])
        ax.bar(np.arange(4) + shift, scores.mean(1), 0.36, color=colour, label=name.replace("_", " "))
        ax.plot(np.arange(4) + shift, scores, "k.", markersize=5)
    ax.set(xticks=range(4), xticklabels=result.approaches, title=result.architecture, ylabel="test accuracy")
figure.legend(*ax.get_legend_handles_labels(), loc="outside upper center", ncols=2, frameon=False)
if options.plot:
    figure.savefig(options.plot, dpi=120)
