"""How the layers of a deep linear network start: four named rules, one random generator a run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Final, Literal, TypeAlias

import numpy as np

from haarwire._numbers import FloatArray, is_real
from haarwire.errors import ParameterError

__all__ = ["DEFAULT_SCALES", "Initialization", "initial_layers"]

Layers: TypeAlias = list[FloatArray]
Initialization: TypeAlias = Literal["xavier", "balanced", "small", "orthogonal"]

DEFAULT_SCALES: Final = {"xavier": 1.0, "balanced": 0.1, "small": 1e-2, "orthogonal": 1.0}
"""What `scale` is where none is given."""


def initial_layers(
    widths: Sequence[int], init: Initialization, scale: float | None, rng: np.random.Generator
) -> Layers:
    """Layers W_1 (h_1×k), …, W_L (m×h_{L−1}) of one run.

    ``"xavier"``: entries N(0, 2 s²/(fan_in + fan_out)). ``"small"``: the same, s small by default.
    ``"orthogonal"``: s times a random matrix with orthonormal rows or columns. ``"balanced"``:
    W_{l+1}ᵀW_{l+1} = W_l W_lᵀ for every l, with the product s^L G/(√m + √k) truncated to the least
    width, G standard normal: so every layer has norm about s (Arora et al. 2018, procedure 1).
    """
    if init not in _RULES:
        raise ParameterError(
            f"init must be one of {', '.join(map(repr, _RULES))}, got {init!r}",
            cause="a misspelt name",
            remedy="use init='xavier', or init='balanced' to see the singular modes learnt one by one",
        )
    size = DEFAULT_SCALES[init] if scale is None else scale
    if not is_real(size) or not 0 < size < np.inf:
        raise ParameterError(
            f"scale must be a finite number > 0, got {scale!r}",
            cause="a zero or negative size of the initial layers: at exactly 0 no gradient moves them",
            remedy=f"leave it out for {DEFAULT_SCALES[init]:g}, or give a small number such as scale=1e-3",
        )
    return _RULES[init](widths, float(size), rng)


def _xavier(widths: Sequence[int], scale: float, rng: np.random.Generator) -> Layers:
    return [
        scale * np.sqrt(2.0 / (before + after)) * rng.standard_normal((after, before))
        for before, after in pairwise(widths)
    ]


def _orthogonal(widths: Sequence[int], scale: float, rng: np.random.Generator) -> Layers:
    return [scale * _semi_orthogonal(after, before, rng) for before, after in pairwise(widths)]


def _balanced(widths: Sequence[int], scale: float, rng: np.random.Generator) -> Layers:
    k, m, depth, rank = widths[0], widths[-1], len(widths) - 1, min(widths)
    U, s, Vt = np.linalg.svd(rng.standard_normal((m, k)) / (np.sqrt(m) + np.sqrt(k)), full_matrices=False)
    share = scale * s[:rank] ** (1.0 / depth)
    frames = [Vt[:rank].T, *(_semi_orthogonal(h, rank, rng) for h in widths[1:-1]), U[:, :rank]]
    return [(after * share) @ before.T for before, after in pairwise(frames)]


def _semi_orthogonal(rows: int, columns: int, rng: np.random.Generator) -> FloatArray:
    """Uniformly random with orthonormal columns, or rows where there are fewer of them."""
    tall = rng.standard_normal((max(rows, columns), min(rows, columns)))
    Q, R = np.linalg.qr(tall)
    Q = Q * np.where(np.diag(R) < 0, -1.0, 1.0)
    return np.asarray(Q if rows >= columns else Q.T)


_RULES: Final[dict[str, Callable[[Sequence[int], float, np.random.Generator], Layers]]] = {
    "xavier": _xavier,
    "balanced": _balanced,
    "small": _xavier,
    "orthogonal": _orthogonal,
}
