"""Gradient flow of a deep linear network, by an ODE solver: the reference of the closed forms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, final

import numpy as np
from numpy.typing import ArrayLike

from haarwire._numbers import FloatArray, is_integer
from haarwire.errors import ConvergenceError, ParameterError
from haarwire.landscape.network import Network
from haarwire.solve import Quadratic
from haarwire.training.layers import product
from haarwire.training.modes import checked_depth, checked_scale, spectral_modes

__all__ = ["GradientFlow", "checked_times", "gradient_flow", "integrate", "spectral_layers"]

Method: TypeAlias = Literal["DOP853", "RK45", "LSODA", "Radau", "BDF"]


@final
@dataclass(frozen=True, eq=False)
class GradientFlow:
    """Layers, their product and the loss at given times.

    Attributes
    ----------
    times : ndarray, shape (T,)
        t, in the clock of Ẇ_l = −∂J/∂W_l.
    layers : tuple of ndarray, shapes (T, h_l, h_{l−1})
        W_1, …, W_L.
    products : ndarray, shape (T, m, k)
        W_L ⋯ W_1.
    losses : ndarray, shape (T,)
        J of the products.
    """

    times: FloatArray
    layers: tuple[FloatArray, ...] = field(repr=False)
    products: FloatArray = field(repr=False)
    losses: FloatArray = field(repr=False)


def spectral_layers(
    problem: Quadratic, depth: int, scale: float, *, width: int | None = None
) -> tuple[FloatArray, ...]:
    """Balanced layers in the singular vectors of B: W_1 = εVᵀ, W_L = εU, W_l = εI in between.

    Their product is ε^L Σ u_i v_iᵀ over the modes of the h largest s_i; modes never mix where C and BᵀB
    commute, and a(t) of `mode_trajectory` is exact. With one layer W = ε Σ u_i v_iᵀ.

    Parameters
    ----------
    problem : Quadratic
        C (k×k) and B (m×k).
    depth : int
        L ≥ 1.
    scale : float
        ε > 0, the size of every mode in each layer.
    width : int, optional
        h, of all hidden layers. None: as many as there are modes.

    Returns
    -------
    tuple of ndarray
        W_1 (h×k), W_2 (h×h), …, W_L (m×h).

    Raises
    ------
    ParameterError
        When depth, scale or width is out of range.
    """
    L = checked_depth(depth)
    modes = spectral_modes(problem)
    q = modes.strength.size
    h = q if width is None else width
    if not is_integer(h, 1):
        raise ParameterError(
            f"width must be an integer ≥ 1, got {width!r}",
            cause="targets that the inputs do not explain at all, or the list of widths",
            remedy="give the common width of the hidden layers, such as the rank of the model",
        )
    checked_scale(scale)
    kept = min(int(h), q)
    if L == 1:
        return (scale * modes.left[:, :kept] @ modes.right[:kept],)
    m, k = problem.cross.shape
    first, last = np.zeros((int(h), k)), np.zeros((m, int(h)))
    first[:kept] = scale * modes.right[:kept]
    last[:, :kept] = scale * modes.left[:, :kept]
    return (first, *(scale * np.eye(int(h)) for _ in range(L - 2)), last)


def gradient_flow(
    weights: Sequence[ArrayLike],
    problem: Quadratic,
    times: ArrayLike,
    *,
    method: Method = "DOP853",
    rtol: float = 1e-10,
) -> GradientFlow:
    """Integrate Ẇ_l = −∂J/∂W_l = −2 A_lᵀ(PC − B)B_lᵀ, P = A_l W_l B_l = W_L ⋯ W_1.

    Parameters
    ----------
    weights : sequence of array_like
        W_1 (h_1×k), …, W_L (m×h_{L−1}) at times[0].
    problem : Quadratic
        C (k×k) and B (m×k).
    times : array_like, shape (T,)
        Ascending.
    method : {"DOP853", "RK45", "LSODA", "Radau", "BDF"}
        Of `scipy.integrate.solve_ivp`. Ill-conditioned grams are stiff: "LSODA" then.
    rtol : float
        Relative tolerance of a step.

    Returns
    -------
    GradientFlow

    Raises
    ------
    ParameterError
        When the layers do not fit each other or the problem, or times do not ascend.
    ConvergenceError
        When the solver gives up.
    """
    start = [np.asarray(W, dtype=np.float64) for W in weights]
    m, k = problem.cross.shape
    shapes = [W.shape for W in start]
    inner = [s[0] for s in shapes if len(s) == 2]
    if (
        not start
        or len(inner) < len(shapes)
        or shapes != list(zip(inner, [k, *inner[:-1]], strict=True))
        or (inner[-1] != m)
    ):
        raise ParameterError(
            f"layers of shapes {shapes} do not make a map from {k} inputs to {m} outputs",
            cause="layers in the order of the product, or for another problem (a hard-wired one acts on "
            "the invariant coordinates)",
            remedy=f"give W_1 of shape (h_1, {k}) first and W_L of shape ({m}, h) last",
        )

    def slope(layers: list[FloatArray]) -> list[FloatArray]:
        return [-g for g in Network(layers, problem.gram, problem.cross).gradient()]

    t = checked_times(times)
    layers = integrate(start, slope, t, method=method, rtol=rtol)
    products = product(layers)
    return GradientFlow(t, tuple(layers), products, np.array([problem.loss(P) for P in products]))


def checked_times(times: ArrayLike) -> FloatArray:
    """Return the times as an array, or raise ParameterError unless there are two or more, ascending."""
    t = np.asarray(times, dtype=np.float64)
    if t.ndim != 1 or t.size < 2 or not np.isfinite(t).all() or not (np.diff(t) > 0).all():
        raise ParameterError(
            f"times must be two or more ascending numbers, got {times!r}",
            cause="a single time, or times out of order",
            remedy="give for example np.linspace(0, 10, 101)",
        )
    return t


def integrate(
    start: Sequence[FloatArray],
    slope: Callable[[list[FloatArray]], list[FloatArray]],
    times: FloatArray,
    *,
    method: Method = "DOP853",
    rtol: float = 1e-10,
) -> list[FloatArray]:
    """Solve ẇ = slope(w) for a list of matrices w; each with the times as a new first axis."""
    from scipy.integrate import solve_ivp

    shapes = [W.shape for W in start]
    cuts = np.cumsum([W.size for W in start])[:-1]

    def flat(t: float, y: FloatArray) -> FloatArray:
        layers = [part.reshape(shape) for part, shape in zip(np.split(y, cuts), shapes, strict=True)]
        with np.errstate(over="ignore", invalid="ignore"):
            out = np.concatenate([g.ravel() for g in slope(layers)])
        if not np.isfinite(out).all():
            raise _lost(t, "the derivative is not finite")
        return out

    y0 = np.concatenate([W.ravel() for W in start])
    # Tiny initial layers decide when each mode is learnt: absolute errors must be far below them.
    size = float(np.abs(y0).max(initial=0.0))
    atol = rtol * min(1e-4, 1e-2 * size) if size > 0 else rtol
    result = solve_ivp(
        flat, (times[0], times[-1]), y0, method=method, t_eval=times, rtol=rtol, atol=max(atol, 1e-200)
    )
    if not result.success:
        raise _lost(float(result.t[-1] if result.t.size else times[0]), result.message)
    parts = np.split(result.y.T, cuts, axis=1)
    return [part.reshape(-1, *shape) for part, shape in zip(parts, shapes, strict=True)]


def _lost(time: float, reason: str) -> ConvergenceError:
    return ConvergenceError(
        f"gradient flow was lost at time {time:.6g}: {reason}",
        cause="layers or data of enormous size, or a stiff problem: a gram whose eigenvalues reach over many "
        "magnitudes",
        remedy='scale the data, or use method="LSODA" or "Radau" for stiff problems',
    )
