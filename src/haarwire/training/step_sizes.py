"""The learning rate that is safe, from the spectrum of the problem and the layers at the start."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import numpy as np
from numpy.typing import ArrayLike

from haarwire._numbers import FloatArray
from haarwire.errors import ParameterError
from haarwire.solve import Modes
from haarwire.training.layers import norms, product, surroundings
from haarwire.training.optimizers import OptimizerName
from haarwire.training.recording import Recorder

__all__ = ["automatic_rates", "given_rates"]


ADAM_RATE: Final = 1e-2


def given_rates(asked: Literal["auto"] | ArrayLike, n_problems: int, runs: int) -> FloatArray | None:
    """The learning rates asked for, one a run of the history; None for "auto"."""
    total = n_problems * runs
    if isinstance(asked, str):
        if asked == "auto":
            return None
        raise _wrong_rate(asked, total)
    try:
        given = np.asarray(asked, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise _wrong_rate(asked, total) from error
    if given.shape == (runs,):
        given = np.tile(given, n_problems)
    if given.shape not in {(), (total,)} or not (np.isfinite(given) & (given > 0)).all():
        raise _wrong_rate(asked, total)
    return np.array(np.broadcast_to(given, total))


def automatic_rates(optimizer: OptimizerName, recorder: Recorder, layers: Sequence[FloatArray]) -> FloatArray:
    """One rate a run: the safe one, halved for momentum; 0.01 for Adam."""
    if optimizer == "adam":
        return np.full(recorder.owner.size, ADAM_RATE)
    # Momentum overshoots, into layers of larger norm, where the curvature is larger too.
    return _safe_rates(recorder, layers) * (0.5 if optimizer == "momentum" else 1.0)


def _safe_rates(recorder: Recorder, layers: Sequence[FloatArray]) -> FloatArray:
    """η = 1/(2 c_max K + (L − 1) g ρ^{L−2}), at most half of what gradient descent survives.

    The Hessian of J in the layers is at most 2 c_max Σ_l ‖A_l‖²‖B_l‖² + (L − 1)‖G‖ρ^{L−2}, where
    A_l = W_L ⋯ W_{l+1}, B_l = W_{l−1} ⋯ W_1, G = 2(VC − B) and ρ the largest norm of a layer. K is the
    larger of that sum at the start and L s^{2−2/L}, its value at the balanced optimum of norm s = ‖V*‖;
    g = ‖G‖ at the start, and ρ the larger of that at the start and s^{1/L}.
    """
    depth = len(layers)
    frame, owner = recorder.frame, recorder.owner
    around = surroundings(layers)
    sizes = recorder.per_run([_size(t.modes, recorder.rank) for t in recorder.targets])
    c_max = recorder.per_run([float(c.max(initial=0.0)) for c in frame.values])
    bound = 2.0 * c_max * np.maximum(around, depth * sizes ** (2.0 - 2.0 / depth))
    if depth > 1:
        residual = 2.0 * (product(layers) * frame.values[owner][:, None] - frame.cross[owner])
        rho = np.maximum(np.max([norms(W) for W in layers], axis=0), sizes ** (1.0 / depth))
        bound += (depth - 1) * norms(residual) * rho ** (depth - 2)
    return np.asarray(1.0 / np.where(bound > 0, bound, 1.0))


def _size(modes: Modes, rank: int) -> float:
    kept = slice(min(rank, modes.n_modes))
    V = (modes.left[:, kept] * modes.singular_values[kept]) @ modes.right[kept]
    return float(np.linalg.norm(V, 2)) if V.size else 0.0


def _wrong_rate(asked: object, runs: int) -> ParameterError:
    return ParameterError(
        f"learning_rate must be 'auto', a number > 0 or one a run ({runs} runs), got {asked!r}",
        cause="a zero or negative rate, a misspelt word, or an array of another length",
        remedy="use learning_rate='auto' for a safe step from the spectrum",
    )
