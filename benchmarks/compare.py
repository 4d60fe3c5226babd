"""All four approaches on MNIST under quarter turns, from raw bytes to solutions.

    python -m benchmarks compare

Against (a) scikit-learn's Ridge on the data augmented four times and (b) the floor: one float32
product X.T @ X for the moments, and the eigendecomposition of a 784×784 gram for each approach.
"""

from __future__ import annotations

import tracemalloc

import numpy as np
from _runner import Job, Target, load_mnist, race
from sklearn.linear_model import Ridge

import haarwire as hw

APPROACHES = {
    "plain": hw.Plain(),
    "hardwired": hw.Hardwired(),
    "augmented": hw.Augmented(),
    "regularized": hw.Regularized(10.0),
}


def main() -> None:
    X, Y, source = load_mnist()
    X32 = X.astype(np.float32)
    rep = hw.groups.image_rotations(28)
    moments = hw.Moments.from_arrays(X, Y)
    gram = moments.gram
    images = X32.reshape(-1, 28, 28)

    def everything() -> None:
        data = hw.Moments.from_arrays(X, Y)
        for approach in APPROACHES.values():
            hw.solve(data, rep, rank=5, approach=approach)

    def ridge_on_augmented() -> None:
        moved = np.concatenate([np.rot90(images, k, axes=(1, 2)).reshape(len(X), -1) for k in range(4)])
        Ridge(alpha=1e3, solver="cholesky").fit(moved, np.concatenate([Y] * 4))

    size = f"{source}, {X.shape[0]}×{X.shape[1]}, {Y.shape[1]} targets, rank 5"
    eigh, product = "eigh of the 784×784 gram", "float32 X.T @ X"
    solves = {
        f"solve, {name}": Job(lambda a=approach: hw.solve(moments, rep, rank=5, approach=a), eigh)
        for name, approach in APPROACHES.items()
    }
    race(
        f"From moments to solutions: {size}",
        {eigh: Job(lambda: np.linalg.eigh(gram)), **solves},
        targets=[Target(f"{job}, from moments", job, eigh, at_most=2) for job in solves],
    )
    ridge = "Ridge (Cholesky) on data augmented ×4"
    race(
        f"From raw bytes: {size}",
        {
            product: Job(lambda: X32.T @ X32),
            ridge: Job(ridge_on_augmented),
            "moments": Job(lambda: hw.Moments.from_arrays(X, Y), product),
            "moments and all four approaches": Job(everything, ridge),
        },
        rounds=5,
        targets=[
            Target("moments from raw bytes", "moments", product, at_most=1.5),
            Target("moments and all four approaches", "moments and all four approaches", ridge, at_most=1),
        ],
    )
    print("Peak memory beyond the data, moments and all four approaches (tracemalloc):")
    for count in (15_000, 30_000, 60_000):
        part, labels = X[:count], Y[:count]
        tracemalloc.start()
        data = hw.Moments.from_arrays(part, labels)
        for approach in APPROACHES.values():
            hw.solve(data, rep, rank=5, approach=approach)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        print(f"  {count:6d} samples: {peak / 2**20:6.1f} MiB")


if __name__ == "__main__":
    main()
