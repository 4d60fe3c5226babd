"""Closed-form learning curves of the singular modes of a deep linear network under gradient flow.

Throughout the library gradient flow is Ẇ_l = −∂J/∂W_l, on J and not on ½J: a clock for ½J shows twice
the time. One balanced mode of a network of L layers, of size w in each of them and a = w^L in their
product, sees J = c a² − 2 s a + const and moves by

    ȧ = 2L a^{2−2/L} (s − c a).

Modes do not see each other where the right singular vectors of B are eigenvectors of C, that is where C
and BᵀB commute, and the layers start in the singular vectors of B: B = Σ s_i u_i v_iᵀ, C v_i = c_i v_i.
Then σ_i = s_i/√c_i, the limit is a_i = s_i/c_i, and a network of two layers learns mode i at the rate
4 s_i: in the order of s_i, which is that of σ_i where C is white.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import digamma, hyp2f1

from haarwire._linalg import default_tolerance
from haarwire._numbers import FloatArray, is_integer, is_real
from haarwire.errors import ConvergenceError, ParameterError
from haarwire.solve import Quadratic

__all__ = [
    "SpectralModes",
    "checked_depth",
    "checked_scale",
    "learning_time",
    "mode_trajectory",
    "spectral_modes",
]


_NEAR_ONE = 11.0
"""Beyond this logit 1 − x is below 2e-5: three terms of an expansion in it are exact."""


class SpectralModes(NamedTuple):
    """B = Σ s_i u_i v_iᵀ, and the curvature of the loss along each mode.

    Attributes
    ----------
    left : ndarray, shape (m, q)
        u_i as columns.
    strength : ndarray, shape (q,)
        s_i > 0, descending.
    right : ndarray, shape (q, k)
        v_iᵀ as rows.
    curvature : ndarray, shape (q,)
        c_i = v_iᵀ C v_i.
    are_decoupled : bool
        Whether C v_i = c_i v_i up to the tolerance asked for, so that each mode evolves on its own.
    """

    left: FloatArray
    strength: FloatArray
    right: FloatArray
    curvature: FloatArray
    are_decoupled: bool


def spectral_modes(problem: Quadratic, *, tol: float = 1e-9) -> SpectralModes:
    """Singular value decomposition of B, in vectors that are eigenvectors of C too where there are such.

    They exist exactly where C and BᵀB commute. Where singular values of B coincide, the ones that
    diagonalize C are chosen.

    Parameters
    ----------
    problem : Quadratic
    tol : float
        ‖C v_i − c_i v_i‖ up to tol·‖C‖ counts as zero.

    Returns
    -------
    SpectralModes
    """
    C, B = problem.gram, problem.cross
    U, s, Vt = np.linalg.svd(B, full_matrices=False)
    q = int((s > default_tolerance(max(B.shape)) * s.max(initial=0.0)).sum())
    U, s, Vt = U[:, :q], s[:q], Vt[:q]
    size = float(np.linalg.norm(C, 2)) if C.size else 0.0
    # In the row space of B; the combination separates what either of the two matrices leaves together.
    inner = Vt @ C @ Vt.T
    if q and size > 0:
        _, turn = np.linalg.eigh(np.diag((s / s[0]) ** 2) + inner * (0.1 * np.sqrt(2.0) / size))
        joint = turn.T @ Vt
        moved = joint @ C
        curvature = (moved * joint).sum(axis=1)
        image = B @ joint.T
        strength = np.linalg.norm(image, axis=0)
        left = image / strength
        is_eigen = np.linalg.norm(moved - curvature[:, None] * joint) <= tol * size
        is_singular = np.linalg.norm(left.T @ left - np.eye(q)) <= np.sqrt(tol)
        if is_eigen and is_singular:
            order = np.argsort(-strength, kind="stable")
            return SpectralModes(left[:, order], strength[order], joint[order], curvature[order], True)
    return SpectralModes(U, s, Vt, np.diag(inner).copy(), q == 0)


def mode_trajectory(
    times: ArrayLike, strength: ArrayLike, curvature: ArrayLike, initial: ArrayLike, depth: int
) -> FloatArray:
    """a(t), the solution of ȧ = 2L a^{2−2/L} (s − c a) from a(0) = a₀.

    With x = c a/s, p = 2 − 2/L and k = 2L s (s/c)^{p−1}, gradient flow on J is ẋ = k x^p (1 − x):

    - L = 1: x = 1 − (1 − x₀) e^{−2ct};
    - L = 2: x = 1/(1 + (1/x₀ − 1) e^{−4st}), logistic;
    - L > 2: F(x) − F(x₀) = k t with F(x) = −x^{1−p}/(p − 1) + B_x(2 − p, 0), B_x(a, 0) = Σ x^{a+j}/(a + j)
      the incomplete beta function; from above, x₀ > 1, B_{1/x}(p, 0) − B_{1/x₀}(p, 0) = k t. Inverted by
      Newton's method in the logit of x (or 1/x), in which the left-hand side is concave (convex): it
      converges from one side without fail;
    - s = 0: a decays as (a₀^{−p} + 2Lp c t)^{−1/p}.

    For ½J, half the time has the same effect: give ``times / 2``.

    Parameters
    ----------
    times : array_like, shape (T,)
        t ≥ 0.
    strength : array_like, shape (q,) or scalar
        s ≥ 0, singular values of B (see `spectral_modes`).
    curvature : array_like, shape (q,) or scalar
        c > 0, eigenvalues of C along them.
    initial : array_like, shape (q,) or scalar
        a₀ > 0, in the product of the layers: ε^L for layers of size ε. For one layer any number.
    depth : int
        L ≥ 1.

    Returns
    -------
    ndarray, shape (T, q)

    Raises
    ------
    ParameterError
        When an argument is out of range.
    ConvergenceError
        When Newton's method does not converge.

    References
    ----------
    Saxe, McClelland and Ganguli 2014, arXiv 1312.6120, for one and two layers and in integral form for
    more; the incomplete beta function is Haarwire's.

    Examples
    --------
    >>> from haarwire.training import mode_trajectory
    >>> [round(float(a), 3) for a in mode_trajectory([0.0, 1.0, 4.0], 2.0, 1.0, 1e-3, 2).ravel()]
    [0.001, 1.197, 2.0]
    """
    L = checked_depth(depth)
    t = np.asarray(times, dtype=np.float64)
    s, c, a0 = _checked_modes(strength, curvature, initial, L)
    if t.ndim != 1 or not np.isfinite(t).all() or (t < 0).any():
        raise ParameterError(
            f"times must be a list of finite numbers ≥ 0, got {times!r}",
            cause="a single time, or times before the start",
            remedy="give for example np.linspace(0, 10, 101)",
        )
    t = t[:, None]
    if L == 1:
        return np.asarray(s / c + (a0 - s / c) * np.exp(-2.0 * c * t))
    p = 2.0 - 2.0 / L
    out = np.empty((t.size, s.size))
    for i in range(s.size):
        if s[i] == 0.0:
            out[:, i] = (a0[i] ** -p + 2.0 * L * p * c[i] * t[:, 0]) ** (-1.0 / p)
        else:
            goal = s[i] / c[i]
            out[:, i] = goal * _relative_size(t[:, 0] * (2.0 * L * s[i] * goal ** (p - 1.0)), a0[i] / goal, p)
    return out


def learning_time(
    strength: ArrayLike, curvature: ArrayLike, initial: ArrayLike, depth: int, *, fraction: float = 0.5
) -> FloatArray:
    """The time at which a(t) = fraction·s/c: (F(fraction) − F(x₀))/k in the notation of `mode_trajectory`.

    For two layers ln((1/x₀ − 1)/(1/fraction − 1))/(4s), for L > 2 about ε^{2−L}/(2(L − 2)s) with
    ε = a₀^{1/L}: a factor ε in scale costs an additive term in one case, a factor ε^{L−2} in the other.

    Parameters
    ----------
    strength, curvature, initial, depth
        As for `mode_trajectory`, with 0 < a₀ ≤ fraction·s/c and s > 0.
    fraction : float
        In (0, 1). At one half, three quarters of the mode's loss σ² are gone.

    Returns
    -------
    ndarray, shape (q,)

    Raises
    ------
    ParameterError
        When an argument is out of range.
    """
    L = checked_depth(depth)
    s, c, a0 = _checked_modes(strength, curvature, initial, max(L, 2))
    x0 = np.divide(a0 * c, s, out=np.full_like(s, np.inf), where=s > 0)
    if not 0 < fraction < 1 or (x0 > fraction).any():
        raise ParameterError(
            f"a mode that starts at {x0.max(initial=0.0):.6g} of its limit never rises to {fraction!r} of it",
            cause="a large initial scale, or a mode of strength 0, which is not learnt",
            remedy="start smaller, give the modes with s > 0 only, and a fraction between 0 and 1",
        )
    p = 2.0 - 2.0 / L
    end = _rise(np.full_like(x0, _logit(fraction)), p)
    return np.asarray((end - _rise(_logit(x0), p)) / (2.0 * L * s * (s / c) ** (p - 1.0)))


def checked_depth(depth: int) -> int:
    """Return the number of layers as an int, or raise ParameterError."""
    if not is_integer(depth, 1):
        raise ParameterError(
            f"depth must be an integer ≥ 1, got {depth!r}",
            cause="the list of widths, or the number of hidden layers of a single layer",
            remedy="give the number of weight matrices: 2 for W₂W₁",
        )
    return int(depth)


def checked_scale(scale: float, depth: int = 1) -> float:
    """Return the size of initial layers as a float, or raise ParameterError unless ε^L > 0."""
    if not is_real(scale) or not 0 < scale < np.inf:
        raise ParameterError(
            f"scale must be a finite number > 0, got {scale!r}",
            cause="layers that are exactly zero are a saddle, which gradient flow never leaves",
            remedy="give a small positive size, such as 1e-3",
        )
    if float(scale) ** depth == 0.0:
        raise ParameterError(
            f"scale = {scale!r} is too small: the product of {depth} such layers is 0 in double precision",
            cause="an exponent too many",
            remedy="give a larger size, such as 1e-3",
        )
    return float(scale)


def _checked_modes(
    strength: ArrayLike, curvature: ArrayLike, initial: ArrayLike, depth: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    s, c, a0 = np.broadcast_arrays(
        *(np.atleast_1d(np.asarray(v, dtype=np.float64)) for v in (strength, curvature, initial))
    )
    values = np.concatenate([s.ravel(), c.ravel(), a0.ravel()])
    if s.ndim != 1 or not np.isfinite(values).all() or (s < 0).any() or (c <= 0).any():
        raise ParameterError(
            "strength must be ≥ 0 and curvature > 0, one finite number a mode",
            cause="a direction without data (curvature 0), or a sign left in a singular value",
            remedy="give the strengths and curvatures of spectral_modes(problem)",
        )
    if depth > 1 and (a0 <= 0).any():
        raise ParameterError(
            f"a mode of {depth} layers must start above 0, got initial = {a0.min():.6g}",
            cause="layers that are exactly zero are a saddle, which gradient flow never leaves",
            remedy="give a small positive initial size, such as 1e-4",
        )
    return s, c, a0


def _logit(x: Any) -> Any:
    return np.log(x) - np.log1p(-x)


def _expit(z: FloatArray) -> FloatArray:
    return np.asarray(np.exp(-np.logaddexp(0.0, -z)))


def _beta(z: FloatArray, a: float) -> FloatArray:
    """B_x(a, 0) = ∫₀^x u^{a−1}/(1 − u) du at the logits z of x."""
    out = np.empty_like(z)
    far = z > _NEAR_ONE
    x, y = _expit(z[~far]), _expit(-z[far])
    out[~far] = x**a / a * hyp2f1(a, 1.0, 1.0 + a, x)
    head = np.logaddexp(0.0, z[far]) - np.euler_gamma - digamma(a)
    out[far] = head - (1.0 - a) * y - (1.0 - a) * (2.0 - a) / 4.0 * y**2
    return out


def _rise(z: FloatArray, p: float) -> FloatArray:
    """F at the logits z of x, an antiderivative of x^{−p}/(1 − x)."""
    if p == 1.0:
        return np.asarray(z)
    return np.asarray(np.exp((p - 1.0) * np.logaddexp(0.0, -z)) / (1.0 - p) + _beta(z, 2.0 - p))


def _relative_size(clock: FloatArray, x0: float, p: float) -> FloatArray:
    """Solve x' = x^p (1 − x), x(0) = x₀, at the times `clock` = k t."""
    if x0 == 1.0:
        return np.ones_like(clock)
    if p == 1.0:
        return np.asarray(1.0 / (1.0 + (1.0 / x0 - 1.0) * np.exp(-clock)))
    if x0 < 1.0:
        start = np.full_like(clock, _logit(x0))
        goal = _rise(start, p) + clock
        return _expit(_newton(start, goal, lambda z: _rise(z, p), lambda z: _expit(z) ** (1.0 - p), 1.0))
    start = np.full_like(clock, _logit(1.0 / x0))
    goal = _beta(start, p) + clock
    above = start + clock * x0**p
    return np.asarray(
        1.0 / _expit(_newton(above, goal, lambda z: _beta(z, p), lambda z: _expit(z) ** p, -1.0))
    )


def _newton(z: FloatArray, goal: FloatArray, f: Any, slope: Any, direction: float) -> FloatArray:
    moving = np.ones(z.shape, dtype=bool)
    for _ in range(1000):
        step = (goal - f(z)) / slope(z)
        # Every step goes one way until rounding takes over: the first that does not is the last.
        moving &= step * direction > 1e-15 * (1.0 + np.abs(z))
        if not moving.any():
            return np.asarray(z + np.clip(step, -1e-9, 1e-9))
        z = np.where(moving, z + step, z)
    raise ConvergenceError(
        "the trajectory of a mode was not found",
        cause="an initial size so small that times cannot be told apart in double precision",
        remedy="start larger, or with fewer layers",
    )
