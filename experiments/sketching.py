"""What a sketch of the features costs: k random coordinates Gᵀx in place of the n of x.

    python experiments/sketching.py [--mnist FILE]

G is n×k with independent entries ±1/√k, and V the least-squares fit in the coordinates, which loses no more
than V = W G for any W. With D = (tr C·I + C − 2 diag C)/k, E loss(W G Gᵀ) = loss(W) + tr W D Wᵀ, so that

    E min_V loss(V Gᵀ) ≤ min_W loss(W) + tr W D Wᵀ,

about the objective of ridge regression with the ridge tr(C)/k (docs/scaling.md and, for tests,
tests/moments/test_sketching.py). The moments are exact, so that nothing but the sketch is measured: losses
above that of all features, as shares of the targets' variance, mean and range over draws of G; and what the
bound allows.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import haarwire as hw

DRAWS = 10


def spectra(n: int = 1000) -> Iterator[tuple[str, hw.Moments]]:
    """Moments of a model y = w x + noise, half of the variance noise; feature i has variance i^(−power)."""
    rng = np.random.default_rng(0)
    for power in (0, 1, 2):
        C = np.diag(np.arange(1.0, n + 1.0) ** -power)
        w = rng.standard_normal(n)
        cross = C @ w
        scatter = np.block([[C, cross[:, None]], [cross[None, :], np.array([[2.0 * w @ cross]])]])
        yield f"planted, variances i^−{power}", hw.Moments(n, 10**6, 1.0, np.zeros(n + 1), scatter)


def images(mnist: Path | None) -> Iterator[tuple[str, hw.Moments]]:
    if mnist is None:
        return
    with np.load(mnist, allow_pickle=False) as file:
        X, labels = file["x_train"].reshape(60_000, -1), file["y_train"]
    yield "MNIST", hw.Moments.from_arrays(X, np.eye(10, dtype=np.float32)[labels])


def sketched(moments: hw.Moments, G: np.ndarray) -> hw.Moments:
    """The moments of Gᵀx and y."""
    n, m = moments.n_features, moments.n_targets
    T = np.block([[G, np.zeros((n, m))], [np.zeros((m, G.shape[1])), np.eye(m)]])
    return hw.Moments(G.shape[1], moments.count, moments.weight, moments.mean @ T, T.T @ moments.scatter @ T)


def plain(moments: hw.Moments) -> hw.Solution:
    return hw.solve(moments, hw.groups.trivial(moments.n_features), approach=hw.Plain())


def main() -> None:
    parser = argparse.ArgumentParser(description="What a sketch of the features costs.")
    parser.add_argument("--mnist", type=Path, metavar="FILE", help="a .npz with x_train and y_train")
    options = parser.parse_args()
    rng = np.random.default_rng(1)
    print(f"{'':28}{'n':>5}{'k':>6}{'excess':>9}  (range){'bound':>16}")
    for name, moments in (*spectra(), *images(options.mnist)):
        n, variance = moments.n_features, float(np.trace(moments.total))
        best = plain(moments)
        C, B = moments.gram, moments.cross
        for k in (25, 50, 100, 200, 400):
            excess = []
            for _ in range(DRAWS):
                G = rng.choice([-1.0, 1.0], (n, k)) / np.sqrt(k)
                excess.append((plain(sketched(moments, G)).loss - best.loss) / variance)
            D = (np.trace(C) * np.eye(n) + C - 2 * np.diag(np.diag(C))) / k
            bound = variance - np.vdot(B.T, np.linalg.solve(C + D, B.T)) - best.loss
            print(
                f"{name:28}{n:5}{k:6}{np.mean(excess):9.4f}  ({min(excess):.4f}–{max(excess):.4f})"
                f"{bound / variance:12.4f}"
            )


if __name__ == "__main__":
    main()
