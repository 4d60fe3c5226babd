"""Statements about invariant maps and global optima (theory, sections 1 to 3)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

import haarwire as hw

from .brute import CUT, EPS, SAFETY, Array, Samples
from .instances import Instance
from .records import Measure, statement

ROUNDING = "c·eps·‖ρ‖²·κ(C)·(1 + σ₁²/(σ_r² − σ_{r+1}²)), relative to the size of W"
GENERIC = 1e-6
"""Ranks whose relative gap σ_r² − σ_{r+1}² is less are passed over: the optimum is hardly unique."""


def away(W: Array, V: Array, scale: float) -> float:
    """‖W − V‖ relative to `scale`."""
    return float(np.linalg.norm(W - V)) / scale


@statement(
    "1a",
    "The invariant W are exactly the V Qᵀ with the d = n − rank A columns of Q",
    assumptions="any group; not orthogonal, Lie and not compact ones too",
    tolerance="c·eps·‖ρ‖·‖A‖/σ_min(A), σ_min the least singular value that is not 0",
)
def invariant_maps(instance: Instance) -> Measure:
    """Q of the package against every element of the group (for groups that are not compact: the generators
    and exp(L)), and against a null space of A computed by a singular value decomposition: random V Qᵀ stay
    as they are, every invariant W is one of them, and Q is orthonormal.
    """
    group, n = instance.group, instance.sizes[0]
    Q = hw.invariant_subspace(group.rep).basis
    if Q.shape != group.functionals.shape:
        return Measure(math.inf, 0.0)
    W = instance.rng.standard_normal((2, Q.shape[1])) @ Q.T
    deviations = [away(W @ g, W, max(1.0, float(np.linalg.norm(W)))) for g in group.moves]
    deviations.append(float(np.linalg.norm(group.functionals - Q @ (Q.T @ group.functionals))))
    deviations.append(float(np.linalg.norm(Q.T @ Q - np.eye(Q.shape[1]))))
    s = np.linalg.svd(group.conditions, compute_uv=False)
    slope = float(s[0] / s[n - Q.shape[1] - 1]) if Q.shape[1] < n else 1.0
    return Measure(max(deviations), 2 * SAFETY * n * EPS * group.size**0.5 * slope)


@statement(
    "1b",
    "P̄ is a projector, P̄ ρ(g) = P̄ = ρ(g) P̄, and d = tr P̄",
    assumptions="compact group",
    tolerance="c·eps·‖ρ‖²",
)
def reynolds(instance: Instance) -> Measure | None:
    """The Reynolds operator of the package against the mean over the enumerated group (or over a quadrature
    of it), and d against the trace of that mean.
    """
    group, (n, _, d) = instance.group, instance.sizes
    if group.elements is None or group.weights is None:
        return None
    P = hw.reynolds_operator(group.rep)
    mean = np.einsum("g,gij->ij", group.weights, group.elements)
    defects = [
        P - mean,
        P @ P - P,
        *(P @ g - P for g in group.elements),
        *(g @ P - P for g in group.elements),
    ]
    deviation = max(float(np.abs(defect).max()) for defect in defects)
    trace = abs(float(np.trace(mean)) - d) + abs(d - hw.invariant_subspace(group.rep).dim)
    return Measure(max(deviation, trace), 2 * SAFETY * n * EPS * group.size)


def compared(
    hard: Samples, augmented: Samples, largest_rank: int, solve: Callable[[str, int], hw.Solution]
) -> Measure | None:
    """The package's hard-wired optimum against augmented samples, and the other way round, at every rank."""
    worst: Measure | None = None
    for rank in range(1, largest_rank + 1):
        gap = min(hard.gap(rank), augmented.gap(rank))
        if gap < GENERIC:
            continue
        allowed = max(hard.tolerance(gap), augmented.tolerance(gap))
        for name, other in (("hardwired", augmented), ("augmented", hard)):
            ours, W = solve(name, rank), other.optimum(rank)
            shift = other.scale * (1.0 + float(np.linalg.norm(other.x_mean)))
            shift += float(np.linalg.norm(other.y_mean))
            apart = max(away(ours.coef, W, other.scale), away(ours.intercept, other.intercept(W), shift))
            if worst is None or apart / allowed > worst.deviation / worst.tolerance:
                worst = Measure(apart, allowed)
    return worst


@statement(
    "2a",
    "Hard-wired and augmented problems have the same minimizer, at every rank",
    assumptions="compact group, orthogonal or not; C_aug not singular; σ_r > σ_{r+1}; intercept or none",
    tolerance=ROUNDING,
)
def same_minimizers(instance: Instance) -> Measure | None:
    """The package's hard-wired solution against reduced-rank regression on the augmented data set, really
    built, and the package's augmented solution against regression on invariant features; W and b.
    """
    if instance.group.elements is None or instance.samples("augmented").is_singular:
        return None
    return _compared_on(instance)


def _compared_on(instance: Instance, ridge: float = 0.0) -> Measure | None:
    return compared(
        instance.samples("hardwired", ridge=ridge),
        instance.samples("augmented", ridge=ridge),
        instance.largest_rank,
        partial(instance.solve, ridge=ridge),
    )


@statement(
    "2b",
    "The same with an ordinary ridge",
    assumptions="as 2a, ρ orthogonal",
    tolerance=ROUNDING,
    share=0.5,
)
def same_with_ridge(instance: Instance) -> Measure | None:
    """As 2a, with the ridge as pseudo-samples."""
    if instance.group.elements is None or not instance.group.is_orthogonal:
        return None
    return _compared_on(instance, ridge=instance.alpha)


@statement(
    "2c",
    "The same for the minimum-norm solutions where C_aug is singular",
    assumptions="as 2a, ρ orthogonal, C_aug singular",
    tolerance=ROUNDING + ", times the ratio of the features' sizes; κ on the range of C",
    share=0.5,
)
def same_minimum_norm(instance: Instance) -> Measure | None:
    """As 2a, by pseudo-inverses, on samples that the directions ρ(g)v, for one v, were taken out of."""
    group, (n, _, _) = instance.group, instance.sizes
    if group.elements is None or not group.is_orthogonal:
        return None
    _, s, Vt = np.linalg.svd(group.elements @ instance.rng.standard_normal(n))
    missing = Vt[: int((s > CUT * s[0]).sum())]
    if len(missing) == n:
        return None
    X = instance.X - instance.X @ missing.T @ missing
    X[np.abs(X) < CUT] = 0.0  # what rounding leaves of a feature is none
    return _compared_on(replace(instance, X=X, _cache={}))


@statement(
    "2d",
    "ρ(h) C_aug ρ(h)ᵀ = C_aug and W_aug ρ(h) = W_aug for every h",
    assumptions="compact group; C_aug not singular",
    tolerance="c·eps·‖ρ‖⁴·κ(C)",
)
def augmentation_is_invariant(instance: Instance) -> Measure | None:
    """The package's averaged covariance against every element and against that of the augmented data set;
    its augmented solution of full rank against every element.
    """
    group = instance.group
    if group.elements is None:
        return None
    augmented = instance.samples("augmented")
    moments = instance.moments if instance.fit_intercept else instance.moments.about_origin()
    C = hw.average_moments(moments, group.rep).gram
    W = instance.solve("augmented", instance.largest_rank).coef
    size = float(np.linalg.norm(C))
    # A quadrature of a continuous group is exact in the mean; its nodes are elements like any others.
    deviations = [away(C, augmented.Z.T @ augmented.Z, size)]
    deviations += [away(g @ C @ g.T, C, size) for g in group.elements]
    deviations += [away(W @ g, W, augmented.scale) for g in group.elements]
    return Measure(max(deviations), augmented.tolerance() * group.size)


@statement(
    "8",
    "J falls with the rank; the loss rises with λ between plain and hard-wired, and ‖W A‖ falls",
    assumptions="any group",
    tolerance="c·eps·κ(C), relative to tr T",
    share=0.5,
)
def monotone(instance: Instance) -> Measure:
    """Losses of the package's solutions at six λ, 0 and ∞ among them, and every rank, on the samples
    themselves and by its moments; so hard-wired ≥ regularized ≥ plain is among what is compared.
    """
    plain, A = instance.samples("plain"), instance.group.conditions
    strengths = [0.0, *(instance.alpha * 10.0 ** np.arange(-2.0, 2.0)), math.inf]
    ranks = range(1, instance.largest_rank + 1)
    moments = instance.moments if instance.fit_intercept else instance.moments.about_origin()
    losses, penalties, other = (np.zeros((len(strengths), len(ranks))) for _ in range(3))
    for i, alpha in enumerate(strengths):
        for j, rank in enumerate(ranks):
            best = instance.solve("regularized", rank, alpha=alpha)
            losses[i, j] = float(plain.loss(best.coef))
            penalties[i, j] = float(np.linalg.norm(best.coef @ A)) ** 2
            other[i, j] = moments.loss(best.coef, best.intercept)
    objectives = losses + np.array([a if math.isfinite(a) else 0.0 for a in strengths])[:, None] * penalties
    size = max(plain.total, EPS)
    deviations = [
        np.diff(objectives, axis=1),  # falls with the rank
        -np.diff(losses, axis=0),
        np.diff(penalties, axis=0) * instance.alpha / 100.0,  # in the units of the loss
        np.abs(losses - other),
    ]
    worst = max(float(d.max(initial=0.0)) for d in deviations) / size
    return Measure(worst, plain.tolerance())


STATEMENTS = (
    invariant_maps,
    reynolds,
    same_minimizers,
    same_with_ridge,
    same_minimum_norm,
    augmentation_is_invariant,
    monotone,
)
