"""Coefficients as pictures, and what each approach makes of a sample and its orbit.

A model of rank r is U_rU_rᵀ times the one of unbounded rank, and so is what it predicts: with the modes of
each strength once, a page shows every rank.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from haarwire._numbers import FloatArray
from haarwire.datasets import Dataset
from haarwire.errors import GroupTooLargeError, NoSamplerError
from haarwire.groups import Permutation, Representation
from haarwire.groups.element import Element
from haarwire.invariants.reynolds import project_samples
from haarwire.report.encoding import bytes_of, floats, plain_text, rounded
from haarwire.solve import Modes

__all__ = [
    "coefficients_data",
    "left_modes",
    "orbit_data",
    "orbit_elements",
    "outputs_data",
    "places_shown",
    "target_names",
]


_BYTES: Final = 600_000
"""How much of a page the pictures of coefficients may take, before they are encoded."""

_FEWEST: Final = 3
_ORBIT: Final = 8
"""Elements shown of a group: all, or the identity and random ones."""

_OUTPUTS: Final = 12


def target_names(samples: Dataset, n_targets: int) -> list[str]:
    """The classes, or the targets by number."""
    if samples.classes is None:
        return [f"target {i + 1}" for i in range(n_targets)]
    return [plain_text(label) for label in samples.classes]


def left_modes(modes: Modes) -> FloatArray:
    """U, with columns of zeros to m where there are fewer modes."""
    m, q = modes.left.shape
    return np.concatenate([modes.left, np.zeros((m, m - q))], axis=1)


def places_shown(count: int, size: int) -> NDArray[np.integer[Any]] | None:
    """Which of `count` strengths to keep, at `size` bytes each; None where not even three would fit."""
    fitting = min(count, _BYTES // max(size, 1))
    if fitting < min(_FEWEST, count):
        return None
    return np.unique(np.linspace(0, count - 1, fitting).round().astype(int))


def coefficients_data(at: Sequence[Modes], shape: tuple[int, int], names: list[str]) -> dict[str, Any] | None:
    """Coefficients of unbounded rank at the strengths of the path, in 8 bits, and U at each.

    At some strengths only, where they would take too much room.
    """
    m, n = at[0].left.shape[0], math.prod(shape)
    places = places_shown(len(at), m * n + 4 * m * m)
    if places is None:
        return None
    return {
        "shape": list(shape),
        "names": names[:_OUTPUTS],
        "places": places.tolist(),
        "coef": bytes_of(np.stack([at[k].coef(slice(None)) for k in places])),
        "left": floats(np.stack([left_modes(at[k]) for k in places])),
    }


def orbit_elements(rep: Representation, rng: int = 0) -> tuple[list[Element], bool] | None:
    """The identity and other elements, and whether these are all; None where none can be drawn."""
    identity = Permutation.identity(rep.dim)
    try:
        if rep.is_finite and rep.order <= _ORBIT:
            return list(rep.elements(_ORBIT)), True
        return [identity, *rep.sample(rng, size=_ORBIT - 1)], False
    except (NoSamplerError, GroupTooLargeError):
        return None


def orbit_data(
    samples: Dataset, rep: Representation, shape: tuple[int, int], names: list[str]
) -> tuple[dict[str, Any], FloatArray] | None:
    """Samples, their orbits and orbit averages as pictures; and the orbits as samples (S·K, n)."""
    elements = orbit_elements(rep)
    if elements is None:
        return None
    some, are_all = elements
    X = samples.X.astype(np.float64)
    moved = np.stack([g.apply(X) for g in some], axis=1)
    average = project_samples(X, rep) if rep.is_compact else None
    labels = None if samples.classes is None else samples.Y.argmax(axis=1).tolist()
    content = {
        "shape": list(shape),
        "names": names,
        "are_all": are_all,
        "pictures": bytes_of(moved),
        "averages": None if average is None else bytes_of(average),
        "labels": labels,
        "truth": rounded(samples.Y[:, :_OUTPUTS]),
    }
    return content, moved.reshape(-1, rep.dim)


def outputs_data(modes: Sequence[Modes], X: FloatArray) -> dict[str, Any] | None:
    """Outputs of unbounded rank less their mean ȳ, and U: ȳ + U_rU_rᵀ(them) are those of rank r."""
    m = modes[0].left.shape[0]
    places = places_shown(len(modes), 4 * m * (len(X) + m))
    if places is None:
        return None
    kept = [modes[k] for k in places]
    return {
        "places": places.tolist(),
        "outputs": floats(np.stack([each.coef(slice(None)) @ (X - each.setting.x_mean).T for each in kept])),
        "left": floats(np.stack([left_modes(each) for each in kept])),
        "mean": rounded(modes[0].setting.y_mean),
    }
