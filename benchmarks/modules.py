"""What the module wrappers cost, beside the bare module.

    python -m benchmarks modules

One thread; a step is forward and backward on 128 images of 28×28.
"""

from __future__ import annotations

import torch
from _runner import Job, race
from torch import nn

import haarwire as hw
from haarwire.training.modules import augment, hardwire, invariance_penalty, symmetrize


def step(module: nn.Module, x: torch.Tensor) -> None:
    torch.autograd.backward(module(x).square().mean())


def main() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    rep, x = hw.groups.image_rotations(28), torch.randn(128, 784)
    plain = nn.Linear(784, 256)
    floor = "Linear(784, 256), a step"
    wired = hardwire(nn.Linear(784, 256), "weight", rep)
    invariants = hw.invariant_subspace(rep)
    explicit = nn.Sequential(nn.Linear(784, invariants.dim, bias=False), nn.Linear(invariants.dim, 256))
    explicit[0].weight.requires_grad_(False).copy_(torch.tensor(invariants.basis.T))
    race(
        "hard-wired layers",
        {
            floor: Job(lambda: step(plain, x)),
            "hardwire(…, 'weight', rep), a step": Job(lambda: step(wired, x), floor),
            "the same as x Q, then Linear(196, 256)": Job(lambda: step(explicit, x), floor),
        },
    )
    move, large = augment(rep, seed=0), augment(hw.groups.permutations(784), seed=0)
    copy = "x.clone()"
    race(
        "a batch of 128 moved",
        {
            copy: Job(x.clone),
            "augment, quarter turns": Job(lambda: move(x), copy),
            "augment, all permutations": Job(lambda: large(x), copy),
        },
    )
    network = nn.Sequential(nn.Unflatten(1, (1, 28, 28)), nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Flatten())
    network.append(nn.Linear(8 * 26 * 26, 10))
    average = symmetrize(network, rep)
    bare = "convolutional net, a step"
    race(
        "networks, 4 elements, 1 generator",
        {
            bare: Job(lambda: step(network, x)),
            "symmetrize": Job(lambda: step(average, x), bare),
            "invariance_penalty": Job(
                lambda: torch.autograd.backward(invariance_penalty(network, x, rep)), bare
            ),
        },
    )
    race(
        "making an equivariant layer",
        {
            "Linear(784, 784)": Job(lambda: nn.Linear(784, 784)),
            "hardwire: orbits on 614,656 pairs": Job(
                lambda: hardwire(nn.Linear(784, 784), "weight", rep, rep), "Linear(784, 784)"
            ),
        },
    )


if __name__ == "__main__":
    main()
