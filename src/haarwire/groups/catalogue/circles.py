"""Circles and tori: SO(2), phases of complex numbers, translations of Fourier features."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Any, Final

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike, NDArray

from haarwire._linalg import EPS
from haarwire.errors import ParameterError
from haarwire.groups._checks import affordable, positive_size
from haarwire.groups._quadratures import circle_levels, torus_levels
from haarwire.groups.action import Factor, GroupAction
from haarwire.groups.elements import Matrix
from haarwire.groups.representation import Representation

__all__ = ["so2", "translations", "unitary_phase"]

_MAX_FREQUENCY: Final = 10**6


def so2(frequencies: Sequence[int]) -> Representation:
    """ρ(θ) = ⊕ of turns by k·θ: the rotations of the plane (SO(2)), one frequency k after the other.

    Parameters
    ----------
    frequencies : sequence of int
        Frequency k ≠ 0 takes two coordinates, with Lie-algebra block [[0, −k], [k, 0]]; k = 0 takes one,
        which stays.

    Returns
    -------
    Representation
        One Lie-algebra element. Abstract elements are angles.

    Raises
    ------
    ParameterError
        When there are no frequencies, or they are not integers.

    Examples
    --------
    >>> from haarwire.groups import so2
    >>> so2([0, 1, 2])
    Representation(so2:0,1,2: dim 5, 0 generators, 1 Lie-algebra element, order infinite)
    """
    call = "so2([0, 1, 2])"
    found = _integers(frequencies, 1, "frequencies", call)
    return _circle("so2:" + ",".join(map(str, found.tolist())), found)


def unitary_phase(n: int) -> Representation:
    """ρ(θ)z = e^{iθ} z: one phase for n complex numbers (U(1)).

    Parameters
    ----------
    n : int
        How many. Vectors z of C^n are written as ``z.view(float)``, real and imaginary parts in turn.

    Returns
    -------
    Representation
        On R^(2n), with one Lie-algebra element: ``so2([1] * n)`` under another name, of the same group.

    Raises
    ------
    ParameterError
        When `n` is not a positive integer.

    Examples
    --------
    >>> import numpy as np
    >>> from haarwire.groups import unitary_phase
    >>> z = np.array([1.0 + 2.0j, 3.0 - 1.0j])
    >>> quarter = unitary_phase(2).action.act(np.pi / 2)
    >>> bool(np.allclose(quarter.apply(z.view(float)), (1j * z).view(float)))
    True
    """
    n = positive_size(n, "n", "unitary_phase(3)")
    affordable(2 * n, 1, "n", "unitary_phase(3)")
    return _circle(f"unitary_phase:{n}", np.ones(n, dtype=np.intp))


def translations(wave_vectors: ArrayLike) -> Representation:
    """x ↦ x + t on Fourier features cos k·x and sin k·x of points in a periodic box (a torus).

    Parameters
    ----------
    wave_vectors : array_like of int, shape (n_waves,) or (n_waves, n_directions)
        The vectors k, for a box of side 2π; for one of side a, features of 2πk·x/a.

    Returns
    -------
    Representation
        On R^(2 n_waves): cos k_1·x, sin k_1·x, cos k_2·x, … One Lie-algebra element a direction; abstract
        elements are tuples of n_directions angles t, and angles, as those of `so2`, in one direction.

    Raises
    ------
    ParameterError
        When they are not integers: only then are the features those of a periodic box.

    Examples
    --------
    >>> import numpy as np
    >>> from haarwire.groups import translations
    >>> k, x, t = np.array([[1, 0], [2, -1]]), np.array([0.3, 0.5]), np.array([1.0, 2.0])
    >>> features = lambda x: np.stack([np.cos(k @ x), np.sin(k @ x)], axis=1).ravel()
    >>> moved = translations(k).action.act(tuple(t)).apply(features(x))
    >>> bool(np.allclose(moved, features(x + t)))
    True
    """
    call = "translations([[1, 0], [0, 1], [1, 1]])"
    waves = _integers(wave_vectors, None, "wave_vectors", call)
    waves = waves.reshape(len(waves), -1)
    name = "translations:" + ",".join("x".join(map(str, k)) for k in waves.tolist())
    directions = waves.shape[1]
    affordable(2 * len(waves), 1, "wave_vectors", call)
    if directions == 1:
        return _circle(name, waves[:, 0], pairs=True)
    action = GroupAction(
        f"torus of dimension {directions}",
        math.inf,
        partial(_draw_angles, directions),
        partial(_phases, waves),
        degree=int(np.abs(waves).max()),
        factors=tuple(
            Factor(algebra=(a,), quadrature=partial(torus_levels, directions, a)) for a in range(directions)
        ),
    )
    algebra = [_blocks(np.zeros(len(waves)), k.astype(np.float64)) for k in waves.T]
    return Representation(2 * len(waves), algebra=algebra, name=name, action=action)


def _circle(name: str, frequencies: NDArray[np.intp], *, pairs: bool = False) -> Representation:
    affordable(2 * len(frequencies), 1, "frequencies", "so2([0, 1, 2])")
    kept = np.ones(2 * len(frequencies), dtype=bool)
    if not pairs:
        kept[1::2] = frequencies != 0
    action = GroupAction(
        "SO(2)",
        math.inf,
        _draw_angle,
        partial(_turned, frequencies, np.flatnonzero(kept)),
        degree=int(np.abs(frequencies).max()),
        factors=(Factor(algebra=(0,), quadrature=circle_levels),),
    )
    L = _blocks(np.zeros(len(frequencies)), frequencies.astype(np.float64))[kept][:, kept]
    return Representation(L.shape[0], algebra=[L], name=name, action=action)


def _draw_angle(rng: np.random.Generator) -> float:
    return float(rng.uniform(0.0, 2.0 * math.pi))


def _draw_angles(count: int, rng: np.random.Generator) -> tuple[float, ...]:
    return tuple(rng.uniform(0.0, 2.0 * math.pi, count).tolist())


def _turned(frequencies: NDArray[np.intp], kept: NDArray[np.intp], angle: float) -> Matrix:
    turn = _blocks(np.cos(frequencies * angle), np.sin(frequencies * angle))
    if kept.size < turn.shape[0]:
        turn = sp.csr_array(turn[kept][:, kept])
    return Matrix._trusted(turn, EPS, orthogonal=True)


def _phases(waves: NDArray[np.intp], shift: tuple[float, ...]) -> Matrix:
    phases = waves @ np.asarray(shift)
    return Matrix._trusted(_blocks(np.cos(phases), np.sin(phases)), EPS, orthogonal=True)


def _blocks(diagonal: NDArray[np.float64], below: NDArray[np.float64]) -> sp.csr_array:
    """Blocks [[c, −s], [s, c]], in the order of the arguments."""
    n = diagonal.size
    values = np.stack([diagonal, -below, below, diagonal], axis=1).ravel()
    columns = (2 * np.arange(n)[:, np.newaxis] + [0, 1, 0, 1]).ravel()
    A = sp.csr_array((values, columns, np.arange(0, 4 * n + 1, 2)), shape=(2 * n, 2 * n))
    A.eliminate_zeros()
    return A


def _integers(given: Any, ndim: int | None, parameter: str, call: str) -> NDArray[np.intp]:
    try:
        values = np.asarray(given)
    except ValueError:
        values = np.empty(0)
    right_shape = values.ndim == ndim if ndim is not None else values.ndim in (1, 2)
    if not right_shape or values.size == 0 or values.dtype.kind not in "iu":
        raise ParameterError(
            f"{parameter} must be a non-empty list of integers, got {given!r}",
            cause="a single number, lists of different lengths, or frequencies that do not fit one period",
            remedy=f"type {call}",
        )
    # Not np.abs: that of the smallest integer is negative.
    if max(-int(values.min()), int(values.max())) > _MAX_FREQUENCY:
        raise ParameterError(
            f"{parameter} must lie between −10^6 and 10^6, got {values.min()} … {values.max()}",
            cause="a period of another unit",
            remedy="count periods in the fundamental one",
        )
    return values.astype(np.intp)
