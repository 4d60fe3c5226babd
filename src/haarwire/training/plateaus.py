"""From saddle to saddle: which critical points gradient flow visits from a small start, and when.

Near a saddle W_S the residual is E = (I − U_S U_Sᵀ)B, and the idle part of the layers grows as from 0
on a problem with cross-covariance E: two layers at the rates 2 s_i(E), deeper ones by ẇ = 2 s w^{L−1}.
Integrated over the plateaus this is one law for every depth: the mode learnt as number i, i = 0, 1, …,
is half-way when

    ∫₀^t s_{i−j(τ)}(E_{j(τ)}) dτ = Θ_i,

where j(τ) is the number of modes learnt by the time τ and Θ_i depends on the initial size only. Where
modes are decoupled s_{i−j}(E_j) = s_i throughout, and t_i = Θ_i/s_i is exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import final

import numpy as np
from numpy.typing import ArrayLike

from haarwire._numbers import FloatArray, is_integer
from haarwire.errors import DataError, ParameterError
from haarwire.solve import Quadratic, reduced_rank
from haarwire.training.flow import checked_times
from haarwire.training.modes import checked_depth, checked_scale, learning_time, spectral_modes

__all__ = ["Plateau", "measured_plateaus", "predicted_plateaus"]


@final
@dataclass(frozen=True)
class Plateau:
    """A stretch of training at nearly constant loss, next to a critical point.

    Attributes
    ----------
    loss : float
        J there.
    start, end : float
        From the half-rise of the mode learnt last to that of the next one: where three quarters of the
        step in the loss are done. The first starts at the beginning, the last ends at infinity.
    subset : tuple of int or None
        S of the critical point W_S, modes numbered from 0 in descending order of σ; None if measured.
    """

    loss: float
    start: float
    end: float
    subset: tuple[int, ...] | None = None


def predicted_plateaus(
    problem: Quadratic, depth: int, scale: float, rank: int | None = None
) -> tuple[Plateau, ...]:
    """The saddles W_S in the order of visit, with their losses tr(T) − Σ_{i∈S} σ_i² and times.

    *Decoupled modes* (C and BᵀB commute; see `spectral_modes`). Mode i is learnt at t_i = Θ_i/s_i, which is
    ln(s_i/(c_i ε²))/(4 s_i) for two layers: in the order of s_i = σ_i√c_i, which is *not* that of σ_i
    unless C is white. Exact from `spectral_layers`. With a bottleneck the network ends at the `rank`
    modes of largest s; if they are not those of largest σ this is a strict saddle, stable for layers
    started exactly in the singular vectors only: others leave it at a rate set by the curvature there,
    after a time set by how far off they started, and the last plateau listed is not their last.

    *Coupled modes* (the general case). Of each rank the flow finds the optimum, {0}, {0, 1}, …: the order
    of σ. Times are of leading order in ln(1/ε): their relative error falls as 1/ln(1/ε) with two layers,
    by overlaps of the singular vectors of one residual with those of the next. With more layers from
    `spectral_layers` the same holds; elsewhere hidden units compete, and the order only is known.

    Parameters
    ----------
    problem : Quadratic
        C (k×k) and B (m×k).
    depth : int
        L ≥ 2: one layer has no plateaus.
    scale : float
        ε, the size of every mode in each layer.
    rank : int, optional
        Width of the bottleneck. None: no bottleneck.

    Returns
    -------
    tuple of Plateau
        From S = {} on, |S| growing by one.

    Raises
    ------
    ParameterError
        When an argument is out of range, or ε too large for a plateau.

    References
    ----------
    Saxe, McClelland and Ganguli 2014, arXiv 1312.6120, for decoupled modes; Jacot et al. 2021,
    arXiv 2106.15933, and Li, Luo and Lyu 2021, arXiv 2012.09839, for coupled ones, without the times.

    Examples
    --------
    >>> import haarwire as hw, numpy as np
    >>> X = np.sqrt(4.0) * np.eye(8)[:, :4] - np.sqrt(4.0) * np.eye(8)[:, 4:]
    >>> moments = hw.Moments.from_arrays(X, X[:, :2] * [3.0, 1.0])
    >>> problem = hw.Plain().problem(moments, hw.groups.trivial(4))
    >>> [plateau.subset for plateau in predicted_plateaus(problem, 2, 1e-3)]
    [(), (0,), (0, 1)]
    """
    L = checked_depth(depth)
    if L == 1:
        raise ParameterError(
            "one layer has no plateaus: its loss falls from the start",
            cause="depth=1",
            remedy="use depth ≥ 2, or mode_trajectory(…, depth=1) for the curves of one layer",
        )
    start = checked_scale(scale, L) ** L
    if rank is not None and not is_integer(rank, 1):
        raise ParameterError(
            f"rank must be an integer ≥ 1, got {rank!r}",
            cause="a network without hidden units",
            remedy="give the width of the bottleneck, or rank=None",
        )
    aligned = spectral_modes(problem)
    modes = reduced_rank(problem)
    gains = modes.singular_values[: modes.n_modes] ** 2
    q = min(gains.size, aligned.strength.size)
    if q == 0:
        return (Plateau(modes.setting.total, 0.0, np.inf, ()),)
    kept = q if rank is None else min(int(rank), q)
    if aligned.are_decoupled:
        sigma = aligned.strength / np.sqrt(aligned.curvature)
        place = np.argsort(np.argsort(-sigma, kind="stable"), kind="stable")
        order = [int(place[i]) for i in range(kept)]
        drives = np.triu(np.tile(aligned.strength[:kept], (kept, 1)))
        sizes = (aligned.strength / aligned.curvature)[:kept]
    else:
        order = list(range(kept))
        drives = np.zeros((kept, kept))
        for j in range(kept):
            rest = problem.cross - modes.left[:, :j] @ (modes.left[:, :j].T @ problem.cross)
            drives[j, j:] = np.linalg.svd(rest, compute_uv=False)[: kept - j]
        sizes = modes.singular_values[:kept] * np.linalg.norm(modes.right[:kept], axis=1)
    # Θ_i is the learning time at unit strength, for a mode with the same limit.
    needed = learning_time(np.ones(kept), 1.0 / sizes, start, L)
    learnt = _learnt_at(needed, drives)
    times = [0.0, *learnt, np.inf]
    losses = modes.setting.total - np.concatenate([[0.0], np.cumsum(gains[order])])
    return tuple(
        Plateau(float(losses[j]), times[j], times[j + 1], tuple(sorted(order[:j]))) for j in range(kept + 1)
    )


def _learnt_at(needed: FloatArray, drives: FloatArray) -> list[float]:
    """When each mode has been driven for as much as it needs; drives[j] act while j modes are learnt."""
    progress = np.zeros_like(needed)
    now, learnt = 0.0, []
    for j, drive in enumerate(drives):
        wait = max(float((needed[j] - progress[j]) / drive[j]), 0.0)
        progress = progress + wait * drive
        now += wait
        learnt.append(now)
    return learnt


def measured_plateaus(times: ArrayLike, losses: ArrayLike, *, contrast: float = 10.0) -> tuple[Plateau, ...]:
    """Read the plateaus off a training curve: where −dJ/dt has a deep minimum between two maxima.

    Between plateaus k and k + 1 a time is read where the loss has fallen three quarters of the way, as it
    has when the mode learnt there is half-way: J_k − J = σ²(1 − (1 − x)²) at x = a/a_∞.

    Parameters
    ----------
    times : array_like, shape (T,)
        Ascending: times of a flow, or steps times the step size.
    losses : array_like, shape (T,)
        J, which falls up to rounding.
    contrast : float
        By which factor the loss must fall more slowly on a plateau than before and after it.

    Returns
    -------
    tuple of Plateau
        With ``subset=None``; compare losses with `CriticalPoints.nearest`.

    Raises
    ------
    DataError
        When the losses have another shape than the times, are not finite, or do not fall.
    ParameterError
        When contrast is not above 1.
    """
    from scipy.signal import find_peaks

    t, J = checked_times(times), np.asarray(losses, dtype=np.float64)
    if J.shape != t.shape or not np.isfinite(J).all() or not J[-1] < J[0]:
        raise DataError(
            f"the losses, of shape {J.shape}, are not a falling curve over {t.size} times",
            cause="a diverged run, or the losses of several runs at once",
            remedy="give one finite loss a time, of a run that learns",
        )
    if not contrast > 1:
        raise ParameterError(
            f"contrast must be above 1, got {contrast!r}",
            cause="a fraction in place of a factor",
            remedy="use the default, or for example contrast=3 for short plateaus",
        )
    J = np.minimum.accumulate(J)
    speed = -np.diff(J) / np.diff(t)
    # Below this the loss is at rest up to rounding.
    floor = 1e-13 * max(abs(J[0]), J[0] - J[-1]) / float(np.diff(t).min())
    logs = np.log(np.maximum(speed, min(floor, float(speed.max()))))
    padded = np.concatenate(
        [[logs.min() - 2.0 * np.log(contrast)], logs, [logs.min() - 2.0 * np.log(contrast)]]
    )
    peaks, _ = find_peaks(padded, prominence=np.log(contrast))
    peaks = peaks - 1
    rests = [0] + [int(a + np.argmin(logs[a : b + 1])) + 1 for a, b in pairwise(peaks)] + [t.size - 1]
    levels = [float(J[i]) for i in rests]
    drops = [0.0]
    for (a, b), (high, low) in zip(pairwise(rests), pairwise(levels), strict=True):
        target = high - 0.75 * (high - low)
        drops.append(float(np.interp(-target, -J[a : b + 1], t[a : b + 1])))
    drops[0] = float(t[0])
    ends = [*drops[1:], np.inf]
    return tuple(Plateau(level, a, b) for level, a, b in zip(levels, drops, ends, strict=True))
