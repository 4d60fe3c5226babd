"""Comparisons to report on: digits-like images, numbers, a group that is not compact."""

from __future__ import annotations

import numpy as np
import pytest

import haarwire as hw

pytest.importorskip("jinja2", reason="needs the report extra")


def images(n_samples: int = 150) -> hw.datasets.Dataset:
    """Noisy 4×4 images of three classes."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, n_samples)
    patterns = rng.standard_normal((3, 16))
    return hw.datasets.Dataset.from_arrays(
        patterns[labels] + rng.standard_normal((n_samples, 16)), labels, name="patterns"
    )


@pytest.fixture(scope="session")
def compared() -> hw.Comparison:
    return hw.compare(images(), hw.groups.image_rotations(4), rank=2)


@pytest.fixture(scope="session")
def compared_numbers() -> hw.Comparison:
    rep = hw.groups.cyclic_shifts(6)
    return hw.compare(hw.datasets.planted(rep, 80, n_targets=2, rng=1), rep)


@pytest.fixture(scope="session")
def compared_shear() -> hw.Comparison:
    rep = hw.groups.shear(4)
    return hw.compare(hw.datasets.planted(rep, 60, n_targets=2, rng=2), rep)
