"""Noise on targets through moments, against noisy samples; paths that share a factorisation."""

from __future__ import annotations

import numpy as np
import pytest

import haarwire as hw
from haarwire.explorer.targets import FactoredInputs, with_noise
from haarwire.solve import penalty_frame

REPRESENTATIONS = [
    hw.groups.cyclic_shifts(6),
    hw.groups.shear(6),
    hw.groups.trivial(6),
    hw.groups.reflection(6),
]


def samples(dead: bool = False) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    X = rng.standard_normal((40, 6)) + 5.0
    if dead:
        X[:, 2] = 1.0
    return X, rng.standard_normal((40, 2)) - 3.0, rng.standard_normal((40, 2))


@pytest.mark.parametrize("level", [0.0, 0.1, 1.0, 30.0])
def test_moments_with_noise_are_those_of_noisy_targets(level: float) -> None:
    X, Y, noise = samples()
    joint = hw.Moments.from_arrays(X, np.concatenate([Y, noise], axis=1))
    found, exact = with_noise(joint, 2, level), hw.Moments.from_arrays(X, Y + level * noise)
    assert (found.count, found.weight) == (exact.count, exact.weight)
    np.testing.assert_allclose(found.mean, exact.mean, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(found.scatter, exact.scatter, rtol=1e-10, atol=1e-10 * (1 + level**2))


@pytest.mark.parametrize("dead", [False, True])
@pytest.mark.parametrize("rep", REPRESENTATIONS, ids=lambda rep: rep.label)
def test_the_path_of_other_targets_is_the_one_factored_anew(rep: hw.Representation, dead: bool) -> None:
    X, Y, noise = samples(dead)
    inputs = FactoredInputs.of(hw.Moments.from_arrays(X, Y), rep, 1, penalty_frame(rep))
    other = hw.Moments.from_arrays(X, Y + 2.0 * noise)
    quick, exact = inputs.path_of(other), hw.regularization_path(other, rep, rank=1)
    alphas = [0.0, 1e-3, 0.5, 20.0, np.inf]
    for alpha in alphas:
        for rank in (1, 2):
            a, b = quick.at(alpha, rank=rank), exact.at(alpha, rank=rank)
            np.testing.assert_allclose(a.coef, b.coef, atol=1e-9)
            np.testing.assert_allclose(a.intercept, b.intercept, atol=1e-8)
            assert a.loss == pytest.approx(b.loss, rel=1e-9)
    for name in (
        "loss", "objective", "invariance_penalty", "relative_invariance_gap", "singular_values",
        "degrees_of_freedom",
    ):  # fmt: skip
        np.testing.assert_allclose(
            getattr(quick.curve(alphas), name), getattr(exact.curve(alphas), name), rtol=1e-7, atol=1e-9
        )
    assert quick.certify().is_continuous == exact.certify().is_continuous
