"""Data and representations that the tests of estimators share."""

from __future__ import annotations

import numpy as np

import haarwire as hw

STRETCH = np.array([[2.0, 1.0, 0.0, 0.0], [0.0, 1.0, -1.0, 0.0], [1.0, 0.0, 1.0, 0.0], [0.0, 0.0, 1.0, 1.0]])

REPRESENTATIONS = {
    "trivial": hw.groups.trivial(4),
    "permutation": hw.groups.cyclic_shifts(4),
    "signed": hw.Representation(4, (hw.SignedPermutation([1, 0, 2, 3], [1, -1, 1, 1]),)),
    "orthogonal": hw.Representation(4, (hw.Matrix(np.eye(4) - 0.5),)),
    "non-orthogonal": hw.Representation(
        4, (hw.Matrix(STRETCH @ np.roll(np.eye(4), 1, axis=0) @ np.linalg.inv(STRETCH)),)
    ),
}


def regression_data(
    n_samples: int = 40, n_targets: int = 3, offset: float = 0.0, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Gaussian inputs on four features and noisy linear targets."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n_samples, 4))
    W = rng.standard_normal((n_targets, 4))
    Y = X @ W.T + 0.5 * rng.standard_normal((n_samples, n_targets)) + 1.0
    return X + offset, Y


def labelled_data(n_samples: int = 60, n_classes: int = 3, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Gaussian classes of unequal sizes on four features, labelled by words."""
    rng = np.random.default_rng(seed)
    shares = np.arange(1, n_classes + 1) / np.arange(1, n_classes + 1).sum()
    positions = rng.choice(n_classes, size=n_samples, p=shares)
    positions[:n_classes] = np.arange(n_classes)
    centres = 1.5 * rng.standard_normal((n_classes, 4))
    return centres[positions] + rng.standard_normal((n_samples, 4)), np.array(["a", "b", "c", "d"])[positions]
