"""An explorer of small images under two symmetries."""

from __future__ import annotations

import numpy as np
import pytest

import haarwire as hw

pytest.importorskip("starlette", reason="needs the report extra")

from haarwire.explorer import Explorer


def images(n_samples: int = 240) -> hw.datasets.Dataset:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, n_samples)
    patterns = rng.standard_normal((3, 16))
    return hw.datasets.Dataset.from_arrays(
        patterns[labels] + rng.standard_normal((n_samples, 16)), labels, name="patterns <&>"
    )


@pytest.fixture(scope="session")
def explorer() -> Explorer:
    symmetries = [hw.groups.image_rotations(4), hw.groups.image_rotations(4, reflections=True)]
    return Explorer(images(), symmetries, rank=2)
