"""Multimodal deep linear networks: two modalities x_A, x_B that meet at a fusion layer.

    W_A = H F_A,  W_B = H F_B,  f(x) = W_A x_A + W_B x_B,

with branches F_A, F_B of L_f layers each and a trunk H of the L − L_f layers above the fusion: L_f = 1
is early fusion (an ordinary network on the joined inputs), L_f = L late fusion (two networks whose
outputs are added). The data enter as second moments only: the quadratic problem of the joined inputs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import final

import numpy as np
from numpy.typing import ArrayLike

from haarwire._numbers import FloatArray, is_integer
from haarwire.errors import DataError, ParameterError
from haarwire.solve import Quadratic
from haarwire.training.flow import Method, checked_times, integrate
from haarwire.training.layers import product
from haarwire.training.modes import checked_scale
from haarwire.training.plateaus import measured_plateaus
from haarwire.training.unimodal import UnimodalPhase, checked_fusion, checked_split, unimodal_phase

__all__ = [
    "FusionFlow",
    "FusionLayers",
    "UnimodalPhase",
    "fusion_flow",
    "fusion_layers",
    "measured_phase",
    "unimodal_phase",
]


@final
@dataclass(frozen=True, eq=False)
class FusionLayers:
    """The layers of a network with two branches and a trunk.

    Attributes
    ----------
    branch_a, branch_b, trunk : tuple of ndarray
        W_A¹ (h×n_A), …, W_A^{L_f}, and likewise for B; the last is (m×h) under late fusion. The trunk is
        W^{L_f+1} (h×h), …, W^L (m×h), empty under late fusion.
    """

    branch_a: tuple[FloatArray, ...]
    branch_b: tuple[FloatArray, ...]
    trunk: tuple[FloatArray, ...]

    @property
    def maps(self) -> tuple[FloatArray, FloatArray]:
        """W_A (m×n_A) and W_B (m×n_B)."""
        return product((*self.branch_a, *self.trunk)), product((*self.branch_b, *self.trunk))


@final
@dataclass(frozen=True, eq=False)
class FusionFlow:
    """W_A, W_B and the loss at given times of gradient flow.

    Attributes
    ----------
    times, losses : ndarray, shape (T,)
        t in the clock of Ẇ = −∂J/∂W, and J.
    map_a, map_b : ndarray, shapes (T, m, n_A) and (T, m, n_B)
        W_A and W_B.
    layers : FusionLayers
        At the last time.
    """

    times: FloatArray
    map_a: FloatArray = field(repr=False)
    map_b: FloatArray = field(repr=False)
    losses: FloatArray = field(repr=False)
    layers: FusionLayers = field(repr=False)


def fusion_layers(
    problem: Quadratic,
    split: int,
    depth: int,
    fusion_layer: int,
    scale: float,
    *,
    width: int = 1,
    rng: np.random.Generator | int | None = None,
) -> FusionLayers:
    """Small initial layers for a fusion at any depth.

    Without `rng`: rank one and balanced. Each branch layer has the one singular value ε, first layers look
    along B_Aᵀu and B_Bᵀu with u the leading left singular vector of B = [B_A, B_B], and the trunk has √2·ε,
    so that WᵀW of the first trunk layer is W_A W_Aᵀ + W_B W_Bᵀ: the assumption of `unimodal_phase`.
    With `rng`: independent Gaussian entries of standard deviation ε/√width.

    Parameters
    ----------
    problem : Quadratic
        Of the joined inputs (x_A, x_B).
    split : int
        n_A: the first so many inputs are modality A.
    depth, fusion_layer : int
        1 ≤ L_f ≤ L.
    scale : float
        ε > 0.
    width : int
        h ≥ 1, of all hidden layers.
    rng : numpy.random.Generator or int, optional
        Draws the layers, or a seed for what draws them.

    Returns
    -------
    FusionLayers

    Raises
    ------
    ParameterError
        When an argument is out of range.
    """
    L, split = checked_fusion(depth, fusion_layer), checked_split(problem, split)
    if not is_integer(width, 1):
        raise ParameterError(
            f"width must be an integer ≥ 1, got {width!r}",
            cause="a list of widths, or none",
            remedy="give one width for all hidden layers",
        )
    checked_scale(scale)
    B = problem.cross
    generator = None if rng is None else np.random.default_rng(rng)
    h = int(width)
    u = np.linalg.svd(B)[0][:, 0]
    late = fusion_layer == L
    hidden = np.eye(h)[0]
    top = u if late else hidden

    def chain(
        n_inputs: int, count: int, first: FloatArray, last: FloatArray, size: float
    ) -> list[FloatArray]:
        sizes = [n_inputs, *[h] * (count - 1), last.size]
        if generator is not None:
            return [generator.normal(scale=scale / np.sqrt(h), size=(b, a)) for a, b in pairwise(sizes)]
        right = [first, *[hidden] * (count - 1)]
        left = [*[hidden] * (count - 1), last]
        return [size * np.outer(b, a) for a, b in zip(right, left, strict=True)]

    branches = [
        tuple(chain(part.shape[1], fusion_layer, _unit(part.T @ u), top, scale))
        for part in (B[:, :split], B[:, split:])
    ]
    trunk = [] if late else chain(h, L - fusion_layer, hidden, u, np.sqrt(2.0) * scale)
    return FusionLayers(branches[0], branches[1], tuple(trunk))


def _gradient(
    layers: FusionLayers, problem: Quadratic
) -> tuple[list[FloatArray], list[FloatArray], list[FloatArray]]:
    """∂J/∂W of both branches and the trunk: each path sees its block of G = 2([W_A, W_B]C − B)."""
    W_A, W_B = layers.maps
    split = W_A.shape[1]
    G = 2.0 * (np.concatenate([W_A, W_B], axis=1) @ problem.gram - problem.cross)
    of_a = _path_gradient((*layers.branch_a, *layers.trunk), G[:, :split])
    of_b = _path_gradient((*layers.branch_b, *layers.trunk), G[:, split:])
    f = len(layers.branch_a)
    return of_a[:f], of_b[:f], [a + b for a, b in zip(of_a[f:], of_b[f:], strict=True)]


def fusion_flow(
    layers: FusionLayers,
    problem: Quadratic,
    times: ArrayLike,
    *,
    method: Method = "DOP853",
    rtol: float = 1e-9,
) -> FusionFlow:
    """Integrate Ẇ = −∂J/∂W of all layers by `scipy.integrate.solve_ivp`.

    Parameters
    ----------
    layers : FusionLayers
        At times[0].
    problem : Quadratic
        Of the joined inputs.
    times : array_like, shape (T,)
        Ascending.
    method, rtol
        As for `gradient_flow`.

    Returns
    -------
    FusionFlow

    Raises
    ------
    ParameterError
        When the layers do not fit the problem, or times do not ascend.
    ConvergenceError
        When the solver gives up.
    """
    t = checked_times(times)
    f = len(layers.branch_a)
    W_A, W_B = layers.maps
    if W_A.shape[1] + W_B.shape[1] != problem.gram.shape[0] or W_A.shape[0] != problem.cross.shape[0]:
        raise ParameterError(
            f"maps of shapes {W_A.shape} and {W_B.shape} do not fit B of shape {problem.cross.shape}",
            cause="layers made for another problem",
            remedy="make them by fusion_layers(problem, …)",
        )

    def packed(flat: Sequence[FloatArray]) -> FusionLayers:
        return FusionLayers(tuple(flat[:f]), tuple(flat[f : 2 * f]), tuple(flat[2 * f :]))

    def slope(flat: list[FloatArray]) -> list[FloatArray]:
        parts = _gradient(packed(flat), problem)
        return [-g for part in parts for g in part]

    start = [*layers.branch_a, *layers.branch_b, *layers.trunk]
    states = integrate(start, slope, t, method=method, rtol=rtol)
    maps_a, maps_b = packed(states).maps
    joined = np.concatenate([maps_a, maps_b], axis=2)
    losses = np.array([problem.loss(W) for W in joined])
    return FusionFlow(t, maps_a, maps_b, losses, packed([W[-1] for W in states]))


def measured_phase(flow: FusionFlow) -> tuple[float, float]:
    """t_A and t_B: when W_A and W_B have come half-way to where each rests first, read off a simulation.

    The one learnt first rests where it is when the other has not begun: its norm is compared with the one
    it has when the loss falls most slowly between the two. Without such a rest, and for the other
    modality, with the last.

    Parameters
    ----------
    flow : FusionFlow
        Over times fine enough for both rises, to the end of training.

    Returns
    -------
    tuple of float

    Raises
    ------
    DataError
        When one of them has not settled at the end.
    """
    t = flow.times
    norms = [np.linalg.norm(W, axis=(1, 2)) for W in (flow.map_a, flow.map_b)]
    late = int(np.searchsorted(t, t[-1] - 0.05 * (t[-1] - t[0]))) - 1
    levels = [float(norm[-1]) for norm in norms]
    is_settled = all(abs(n[late] - level) <= 0.02 * level for n, level in zip(norms, levels, strict=True))
    rests = measured_plateaus(t, flow.losses)
    if is_settled and len(rests) == 3:
        # At rest the loss is that of one modality alone.
        middle = int(np.argmin(np.abs(flow.losses - rests[1].loss)))
        first = 0 if norms[0][middle] / levels[0] > norms[1][middle] / levels[1] else 1
        levels[first] = float(norms[first][middle])
    if not is_settled or any(n[0] >= 0.5 * level for n, level in zip(norms, levels, strict=True)):
        raise DataError(
            "a modality has not learnt within the times simulated, or had before they begin",
            cause="times that end too early, or a large initial scale",
            remedy="simulate from a small start for longer: beyond unimodal_phase(…).second_time",
        )
    t_a, t_b = (_first_crossing(t, n, 0.5 * level) for n, level in zip(norms, levels, strict=True))
    return t_a, t_b


def _path_gradient(layers: Sequence[FloatArray], G: FloatArray) -> list[FloatArray]:
    """A_lᵀ G B_lᵀ of every layer of one path."""
    below = [np.eye(G.shape[1])]
    for W in layers[:-1]:
        below.append(W @ below[-1])
    gradients: list[FloatArray] = []
    back = G
    for W, B in zip(reversed(layers), reversed(below), strict=True):
        gradients.append(back @ B.T)
        back = W.T @ back
    return gradients[::-1]


def _unit(v: FloatArray) -> FloatArray:
    """v/‖v‖, and the first axis for 0."""
    return v / np.linalg.norm(v) if v.any() else np.eye(v.size)[0]


def _first_crossing(times: FloatArray, values: FloatArray, level: float) -> float:
    i = int(np.flatnonzero(values >= level)[0])
    return float(np.interp(level, values[i - 1 : i + 1], times[i - 1 : i + 1]))
