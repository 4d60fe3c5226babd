"""How long a multimodal network listens to one modality only, in closed form.

One target; B = [B_A, B_B], s_A = ‖B_A‖ ≥ s_B = ‖B_B‖, so that A is learnt first. Balanced layers of rank
one have one size in each part: z_A and z_B in the branches and z = (z_A² + z_B²)^{1/2} in the trunk, with
‖W_A‖ = z^{L−L_f} z_A^{L_f}. While nothing is learnt

    ż_A = 2 s_A z^{L−L_f} z_A^{L_f−1},  ż_B = 2 s_B z^{L−L_f} z_B^{L_f−1},

so g(z_B)/s_B = g(z_A)/s_A for g(z) = ln(z/ε) (L_f = 2) or (ε^{2−L_f} − z^{2−L_f})/(L_f − 2). When A has
reached its own optimum W_A* = B_A C_AA⁻¹, with trunk u = ‖W_A*‖^{1/L}, the drive of B is what A leaves:

    ż_B = 2 s̃_B u^{L−L_f} z_B^{L_f−1},  s̃_B = ‖B_B − W_A* C_AB‖.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, final

import numpy as np

from haarwire._linalg import symmetric_whitener
from haarwire._numbers import FloatArray, is_integer
from haarwire.errors import DataError, ParameterError
from haarwire.solve import Quadratic
from haarwire.training.modes import checked_depth, checked_scale, learning_time

__all__ = ["UnimodalPhase", "checked_fusion", "checked_split", "unimodal_phase"]


@final
@dataclass(frozen=True)
class UnimodalPhase:
    """When each modality is learnt, from small balanced layers.

    Attributes
    ----------
    first : {"A", "B"}
        Learnt first: the one of larger ‖B_A‖, ‖B_B‖.
    first_time, second_time : float
        Half-rise of either, in the clock of Ẇ = −∂J/∂W.
    limit_ratio : float
        second_time/first_time as ε → 0: 1 + (s_A − s_B)/s̃_B for late fusion at any depth, 1 otherwise
        (with the time of the phase itself unbounded for 2 ≤ L_f < L).
    is_superficial : bool
        Whether the modality learnt first explains less of the target, on its own, than the other does.
    """

    first: Literal["A", "B"]
    first_time: float
    second_time: float
    limit_ratio: float
    is_superficial: bool

    @property
    def duration(self) -> float:
        """second_time − first_time."""
        return self.second_time - self.first_time

    @property
    def ratio(self) -> float:
        """second_time/first_time."""
        return self.second_time / self.first_time


def unimodal_phase(
    problem: Quadratic, split: int, depth: int, fusion_layer: int, scale: float
) -> UnimodalPhase:
    """Half-rise times of two modalities fused at layer L_f of L, one target.

    *Late fusion* (L_f = L). t_A is the learning time of a network on A alone, and

        t_B = t_A + (τ(ẑ_B) − (s_B/s_A) τ(u))/(2 s̃_B u^{L−L_f}),

    where τ = g as in the module's text and ẑ_B is the size of branch B at the end. As ε → 0 the ratio
    t_B/t_A tends to 1 + (s_A − s_B)/s̃_B. For two layers its error is O(1/ln(1/ε)) where C_AB ≠ 0, and
    O(ε^c) where C_AB = 0: then t_B = ln(‖W_B‖/ε²)/(4 s_B) is exact. The neglected term comes from the
    rise of B, during which A moves on to its share of the joint optimum, an O(1) time; with more layers
    that is an O(ε^{L−2}) part of the whole.

    *Intermediate fusion* (1 < L_f < L). The same t_B − t_A, after t_A by one quadrature,

        t_A = ∫ dz_A/(2 s_A z^{L−L_f} z_A^{L_f−1} (1 − ‖W_A‖/‖W_A*‖)) from ε to half-rise,

    about ε^{2−L} I/(2 s_A). The duration grows as ln(1/ε) (L_f = 2) or ε^{2−L_f}, more slowly than t_A.

    *Early fusion* (L_f = 1). No saddle and no unimodal phase: both are learnt along B with the one time
    of a network on the joined inputs; exact where C is white (in the plane of B_A and B_B).

    The direction of W_A is taken to be fixed: exact where B_A is an eigenvector of C_AA, and as ε → 0 in
    general, with an error of the same order as above.

    Parameters
    ----------
    problem : Quadratic
        Of the joined inputs (x_A, x_B), one target.
    split : int
        n_A: the first so many inputs are modality A.
    depth, fusion_layer : int
        1 ≤ L_f ≤ L, L ≥ 2.
    scale : float
        ε, the size of each branch layer at the start (see `fusion_layers`).

    Returns
    -------
    UnimodalPhase

    Raises
    ------
    ParameterError
        When an argument is out of range.
    DataError
        When there are several targets, the modalities tie (s_A = s_B), or the second one adds nothing.

    References
    ----------
    Zhang, Latham and Saxe 2024, arXiv 2312.00935, for the leading order; half-rise constants and the
    errors are Haarwire's.
    """
    L, split = checked_fusion(depth, fusion_layer), checked_split(problem, split)
    checked_scale(scale, L)
    if L == 1:
        raise ParameterError(
            "two layers or more are needed, got depth=1",
            cause="one layer learns all inputs at once",
            remedy="use for example depth=2",
        )
    if problem.cross.shape[0] != 1:
        raise DataError(
            f"the duration is known for one target, got {problem.cross.shape[0]}",
            cause="several targets, each mode of which has a unimodal phase of its own",
            remedy="take one target (or one direction of them), or simulate with fusion_flow",
        )
    C, b = problem.gram, problem.cross[0]
    own = [slice(None, split), slice(split, None)]
    first = int(np.linalg.norm(b[own[1]]) > np.linalg.norm(b[own[0]]))
    A, B = own[first], own[1 - first]
    s_a, s_b = float(np.linalg.norm(b[A])), float(np.linalg.norm(b[B]))
    alone = _solve(problem, A, b[A])
    left = float(np.linalg.norm(b[B] - alone @ C[A, B]))
    joint = _solve(problem, slice(None), b)
    ends = [float(np.linalg.norm(joint[part])) for part in (A, B)]
    if not s_a - s_b > 1e-12 * s_a or not min(left, *ends) > 1e-12 * s_a:
        raise DataError(
            f"no modality is learnt after the other (s_A = {s_a:.6g}, s_B = {s_b:.6g}, left for the second "
            f"{left:.6g})",
            cause="modalities that tie, or one that adds nothing to the other",
            remedy="scale one of them, or leave it out",
        )
    is_superficial = bool(alone @ b[A] < _solve(problem, B, b[B]) @ b[B])
    name: Literal["A", "B"] = "B" if first else "A"
    size = float(np.linalg.norm(alone))
    f = int(fusion_layer)
    if f == 1:
        goal, s = float(np.linalg.norm(joint)), float(np.linalg.norm(b))
        start = (np.sqrt(2.0) * scale) ** L * (s_a + s_b) / (np.sqrt(2.0) * s)
        time = float(learning_time(s, s / goal, start, L)[0])
        return UnimodalPhase(name, time, time, 1.0, is_superficial)
    u = size ** (1.0 / L)
    if f == L:
        t_a = float(learning_time(s_a, s_a / size, scale**L, L)[0])
        limit = 1.0 + (s_a - s_b) / left
    else:
        t_a, limit = _first_rise(s_b / s_a, u, scale, (L, f)) / s_a, 1.0
    ratio = (ends[0] / ends[1]) ** (2.0 / f)
    end = (ends[1] * (1.0 + ratio) ** ((f - L) / 2.0)) ** (1.0 / L)
    wait = (_drive(end, scale, f) - s_b / s_a * _drive(u, scale, f)) / (2.0 * left * u ** (L - f))
    return UnimodalPhase(name, t_a, t_a + max(wait, 0.0), limit, is_superficial)


def _drive(z: float, scale: float, f: int) -> float:
    """g(z): 2∫ s z^{L−L_f} dt by which a branch grows from ε to z."""
    return float(np.log(z / scale)) if f == 2 else float((scale ** (2 - f) - z ** (2 - f)) / (f - 2))


def _first_rise(share: float, u: float, scale: float, layers: tuple[int, int]) -> float:
    """s_A t_A, for s_B/s_A = share."""
    L, f = layers

    from scipy.integrate import quad

    def branch_b(z: float) -> float:
        if f == 2:
            return float(scale * (z / scale) ** (share))
        rest = scale ** (2 - f) - share * (scale ** (2 - f) - z ** (2 - f))
        return float(rest ** (1.0 / (2 - f)))

    def slowness(log: float) -> float:
        z = float(np.exp(log))
        trunk = np.hypot(z, branch_b(z)) ** (L - f)
        learnt = trunk * z**f / u**L
        return float(z / (2.0 * trunk * z ** (f - 1) * (1.0 - learnt)))

    # ‖W_A‖ is half its goal where z_A^L ≈ u^L/2; branch B is negligible there.
    low, high = np.log(scale), np.log(u) - np.log(2.0) / L
    if not high > low:
        raise ParameterError(
            f"scale = {scale!r} is not small: a modality starts at half of what it learns",
            cause="a large initial scale, or weak data",
            remedy="start smaller",
        )
    return float(quad(slowness, low, high, limit=200, epsabs=0.0, epsrel=1e-10)[0])


def _solve(problem: Quadratic, part: slice, b: FloatArray) -> FloatArray:
    F = symmetric_whitener(problem.gram[part, part], problem.tolerance, problem.magnitude[part]).factor
    return np.asarray(F @ (F.T @ b))


def checked_fusion(depth: int, fusion_layer: int) -> int:
    """Return the depth, or raise ParameterError unless 1 ≤ fusion_layer ≤ depth."""
    L = checked_depth(depth)
    if not is_integer(fusion_layer, 1) or fusion_layer > L:
        raise ParameterError(
            f"fusion_layer must be an integer from 1 to {L}, got {fusion_layer!r}",
            cause="layers counted from 0",
            remedy=f"use 1 for early and {L} for late fusion",
        )
    return L


def checked_split(problem: Quadratic, split: int) -> int:
    """Return n_A as an int, or raise ParameterError unless both modalities have inputs."""
    k = problem.gram.shape[0]
    if not is_integer(split, 1) or split >= k:
        raise ParameterError(
            f"split must be an integer from 1 to {k - 1}, got {split!r}",
            cause=f"a modality without inputs, of {k} in all",
            remedy="give the number of inputs of the first modality",
        )
    return int(split)
