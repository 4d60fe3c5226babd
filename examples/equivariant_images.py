"""Fill in the middle of noisy images, trained on 1000 upright ones, tried on turned ones: image → image.

python examples/equivariant_images.py --mnist mnist.npz --plot images.png  (without --mnist: 8×8 digits)
"""

import argparse

import matplotlib.pyplot as plt
import numpy as np

import haarwire as hw

parser = argparse.ArgumentParser()
parser.add_argument("--plot", help="write a picture here")
parser.add_argument("--mnist", help="a .npz file with x_train and x_test")
options = parser.parse_args()
train, test = np.split(hw.datasets.digits().X.reshape(-1, 8, 8) / 16.0, [500])
if options.mnist:
    train, test = (np.load(options.mnist)[k][:m] / 255.0 for k, m in (("x_train", 1000), ("x_test", 2000)))
side, rng = train.shape[1], np.random.default_rng(0)


def corrupted(images: np.ndarray) -> np.ndarray:
    noisy, edge = images + 0.3 * rng.standard_normal(images.shape), round(0.36 * side)
    noisy[:, edge : side - edge, edge : side - edge] = 0.0  # a hole that turns into itself
    return noisy.reshape(len(images), -1)


turns, turned = hw.groups.image_rotations(side), np.stack([np.rot90(x, rng.integers(4)) for x in test])
moments = hw.Moments.from_arrays(corrupted(train), train.reshape(len(train), -1))
tests = {"as is": (corrupted(test), test), "turned": (corrupted(turned), turned)}
approaches = {"plain": hw.Plain(), "augmented": hw.Augmented(), "hard-wired": hw.Hardwired()}
ranks = [r for r in (1, 2, 3, 5, 10, 20, 50, 100, 200, 400) if r <= side**2]
scale = ((test - test.mean(0)) ** 2).sum()
errors, shown = {(name, kind): [] for name in approaches for kind in tests}, []
print("rank  approach    error as is   turned  distance to equivariant maps")
for rank in ranks:
    for name, approach in approaches.items():
        model = hw.solve(moments, turns, rank=rank, approach=approach, target=turns)
        for kind, (X, Y) in tests.items():
            errors[name, kind].append(((model.predict(X) - Y.reshape(len(Y), -1)) ** 2).sum() / scale)
        as_is, moved = (errors[name, kind][-1] for kind in tests)
        print(f"{rank:4}  {name:11} {as_is:11.3f} {moved:8.3f} {model.relative_invariance_gap:12.0e}")
        shown += [model.predict(tests["turned"][0][:6])] if rank == ranks[-3] else []

figure, (left, right) = plt.subplots(1, 2, figsize=(10.5, 4.4), layout="constrained", width_ratios=[1, 1.2])
for name, colour, width in zip(approaches, ("#0072B2", "#E69F00", "#009E73"), (1.5, 6, 1.5), strict=True):
    left.plot(ranks, errors[name, "turned"], color=colour, lw=width, label=f"{name}, turned")
    left.plot(ranks, errors[name, "as is"], "^", color=colour, ms=width + 3, label=f"{name}, as is")
left.set(xscale="log", xlabel="rank", ylabel="squared error / variance of the images", ylim=(0, None))
left.set_xticks(ranks, ranks)
left.legend(frameon=False, ncols=3, fontsize=8, columnspacing=1.0, handlelength=1.2)
rows = [tests["turned"][0][:6], *shown, turned[:6]]
right.imshow(np.block([[x.reshape(side, side) for x in row] for row in rows]), "gray_r", vmin=0, vmax=1)
right.set(xticks=[], title=f"turned test images, rank {ranks[-3]}")
right.set_yticks(side * (np.arange(5) + 0.5), ["given", *approaches, "wanted"])
if options.plot:
    figure.savefig(options.plot, dpi=120)
