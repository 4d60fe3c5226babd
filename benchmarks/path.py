"""The whole regularization path at MNIST's size: 1000 strengths and all ranks, losses and gaps.

    python -m benchmarks path

Against the two eigendecompositions of a 784×784 matrix that the textbook route needs, and against one
solve for each strength (a few of the 1000 are timed).
"""

from __future__ import annotations

import numpy as np
from _runner import Job, Target, load_mnist, race

import haarwire as hw


def main() -> None:
    X, Y, source = load_mnist()
    rep = hw.groups.image_rotations(28)
    moments = hw.Moments.from_arrays(X, Y)
    alphas = np.logspace(-2, 6, 1000)
    gram = moments.gram
    penalty = hw.penalty_matrix(rep)
    mixed = gram + penalty * (np.trace(gram) / np.trace(penalty))
    path = hw.regularization_path(moments, rep, rank=5)
    some = alphas[::100]

    def two_eigendecompositions() -> None:
        np.linalg.eigh(mixed)
        np.linalg.eigh(gram)

    def solves() -> None:
        for alpha in some:
            hw.solve(moments, rep, rank=5, approach=hw.Regularized(float(alpha)))

    floor = "two eigh of 784×784"
    race(
        f"{source}, {X.shape[0]}×{X.shape[1]}, {Y.shape[1]} targets",
        {
            floor: Job(two_eigendecompositions),
            "path, factored": Job(lambda: hw.regularization_path(moments, rep, rank=5), floor),
            "curve of 1000 strengths, all ranks": Job(lambda: path.curve(alphas), floor),
            "path and curve": Job(lambda: hw.regularization_path(moments, rep, rank=5).curve(alphas), floor),
            "certify": Job(path.certify, floor),
            "at(alpha), coefficients too": Job(lambda: path.at(10.0), floor),
            "10 solves": Job(solves, floor),
        },
        targets=[
            Target(
                "path and 1000 strengths, all ranks",
                "path and curve",
                floor,
                at_most=2,
            ),
            Target(
                "the same, against 1000 solves",
                "path and curve",
                "10 solves",
                at_least=100,
                scale=100,
            ),
        ],
    )
    print(path.certify())


if __name__ == "__main__":
    main()
