"""Statements about the regularization path (theory, section 5)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

import haarwire as hw

from .brute import Array, Samples
from .instances import Instance
from .optima import GENERIC, ROUNDING, away
from .points import DISTINCT, Worst, exact, is_generic, subsets
from .records import Measure, statement

FINE = 0.01
"""A path is sampled until neither W nor the projector on its outputs moves by more than this in a step."""
STRENGTHS = (1e2, 1e3, 1e4)
"""λ in units of the scale from which on the path is in its tail."""
FADED = 1e-8
"""Jumps of this part of W are none: modes that fade out come closer than rounding before they are gone."""
MOST = 40_000
"""Give up a path that needs more points: it jumps."""


@dataclass(frozen=True)
class DensePath:
    """W and U_rU_rᵀ at many λ = μt/(1 − t) at once, by solving with (1 − t)C + tμR; t = 1 is hard-wired."""

    gram: Array
    cross: Array
    penalty: Array
    hardwired: Array
    rank: int

    def at(self, t: Array) -> tuple[Array, Array, Array]:
        """W (K×m×n), the projectors (K×m×m), and σ_r² − σ_{r+1}² (K), for t < 1."""
        rest = (1.0 - t)[:, None, None]
        B = np.broadcast_to(self.cross.T, (t.size, *self.cross.T.shape))
        unbounded = rest * np.linalg.solve(rest * self.gram + t[:, None, None] * self.penalty, B)
        squared, U = np.linalg.eigh(self.cross @ unbounded)
        leading = U[:, :, -self.rank :]
        projector = leading @ np.swapaxes(leading, 1, 2)
        return (
            projector @ np.swapaxes(unbounded, 1, 2),
            projector,
            squared[:, -self.rank] - squared[:, -self.rank - 1],
        )


def dense_path(instance: Instance, rank: int) -> tuple[DensePath, float]:
    """The path by plain linear algebra on the samples, and μ."""
    plain, hard, A = instance.samples("plain"), instance.samples("hardwired"), instance.group.conditions
    C, R = plain.Z.T @ plain.Z, A @ A.T
    mu = float(np.trace(C) / np.trace(R))
    return DensePath(C, plain.Y.T @ plain.Z, mu * R, hard.optimum(rank), rank), mu


def refined(path: DensePath, last: float) -> tuple[Array, Array, Array, Array]:
    """Sample [0, last], halving every step that is too long, until none is: t, W, projectors, gaps.

    Stops at MOST points, as it must where the path jumps.
    """
    t = np.linspace(0.0, last, 65)
    W, P, gaps = path.at(t)
    scale = float(np.abs(np.linalg.norm(W, axis=(1, 2))).max())
    while True:
        steps = np.linalg.norm(np.diff(W, axis=0), axis=(1, 2)) / scale
        long = (steps > FINE) | (np.linalg.norm(np.diff(P, axis=0), axis=(1, 2)) > FINE)
        long &= np.diff(t) > 1e-13
        if not long.any() or t.size > MOST:
            return t, W, P, gaps
        middle = (t[:-1] + t[1:])[long] / 2.0
        values = (middle, *path.at(middle))
        order = np.argsort(np.concatenate([t, middle]), kind="stable")
        t, W, P, gaps = (np.concatenate(pair)[order] for pair in zip((t, W, P, gaps), values, strict=True))


def longest_step(W: Array) -> float:
    """Largest ‖W_{i+1} − W_i‖ relative to the largest ‖W_i‖."""
    return float(np.linalg.norm(np.diff(W, axis=0), axis=(1, 2)).max() / np.linalg.norm(W, axis=(1, 2)).max())


def package_path(instance: Instance) -> hw.RegularizationPath:
    """The path of the package, at the rank of the instance."""
    return hw.regularization_path(
        instance.moments, instance.group.rep, rank=instance.rank, fit_intercept=instance.fit_intercept
    )


def far(instance: Instance, difference: float) -> float:
    """A λ from which on the path is in its tail: ‖C‖/σ_min(R), times how far M₁/λ must fall to turn nothing.

    `difference` is the least one of two σ² at infinity that matters (∞ for none).
    """
    s = np.linalg.svd(instance.group.conditions, compute_uv=False)
    n, _, d = instance.sizes
    plain = instance.samples("plain")
    largest = float(np.linalg.norm(plain.Z, 2)) ** 2
    return largest / float(s[n - d - 1]) ** 2 * (1.0 + float(plain.singular_values[0]) ** 2 / difference)


@statement(
    "6a",
    "W_reg(λ) → W_hard-wired at the rate 1/λ; λ(W_reg(λ) − W_hard-wired) → W₁, the tail's constant",
    assumptions="any group; C not singular; hard-wired σ_r > σ_{r+1}",
    tolerance="slope −1 within 0.02, W₁ within 0.001 of its size: the next terms are of order s/λ and (s/λ)² "
    "at λ/s = 100 and 1000, s the scale of the path",
)
def rate(instance: Instance) -> Measure | None:
    """Regression with the penalty as pseudo-samples at λ = 100, 10³ and 10⁴ times the scale of the path,
    against regression on invariant features: the slope of log distance over log λ; and the limit of
    λ(W − W_∞), extrapolated, against the package's tail.
    """
    n, _, d = instance.sizes
    hard, r = instance.samples("hardwired"), instance.rank
    plain = instance.samples("plain")
    if d == n or plain.is_singular:
        return None
    squares = np.append(hard.singular_values[: hard.n_modes], 0.0) ** 2
    at = min(r, hard.n_modes)
    difference = float(squares[at - 1] - squares[at]) if at else math.inf
    if difference < 10 * DISTINCT * float(plain.singular_values[0]) ** 2:
        return None
    scale = far(instance, difference)
    limit = hard.optimum(r)
    strengths = scale * np.array(STRENGTHS)
    moved = [instance.samples("regularized", alpha=float(a)).optimum(r) - limit for a in strengths]
    sizes = [float(np.linalg.norm(W)) for W in moved]
    slopes = np.diff(np.log(sizes)) / np.diff(np.log(strengths))
    near, further = (a * W for a, W in zip(strengths[:2], moved[:2], strict=True))
    constant = further + (further - near) / 9.0  # the next term falls as 1/λ: a tenth of it is left
    path = package_path(instance)
    tail = path.tail
    worst = Worst()
    worst.add(away(constant, tail.coef, float(np.linalg.norm(constant))), 1e-3)
    worst.add(away(tail.distance_constant, float(np.linalg.norm(constant)), tail.distance_constant), 1e-3)
    worst.add(float(np.abs(slopes + 1.0).max()), 0.02)
    worst.facts["slope"] = float(slopes[-1])
    worst.facts["error of W₁"] = away(constant, tail.coef, tail.distance_constant)
    return worst.result()


@statement(
    "6b",
    "The path starts at the plain solution, ends exactly at the hard-wired one, and is W_reg(λ) between",
    assumptions="any group; C not singular; σ_r > σ_{r+1} at that λ",
    tolerance=ROUNDING + ", at that λ",
)
def both_ends(instance: Instance) -> Measure | None:
    """The package's path at 0, at ∞ and at a random λ against regression on plain samples, on invariant
    features, and with the penalty as pseudo-samples.
    """
    path, worst = package_path(instance), Worst()
    for name, alpha in (("plain", 0.0), ("regularized", instance.alpha), ("hardwired", math.inf)):
        samples = instance.samples(name)
        gap = samples.gap(instance.rank)
        if not samples.is_singular and gap > GENERIC:
            W = path.at(alpha).coef
            worst.add(away(W, samples.optimum(instance.rank), samples.scale), samples.tolerance(gap))
    return worst.result()


@statement(
    "6c",
    "Every critical point goes to a hard-wired one at the rate 1/λ: W_S(λ) → W_T, T the modes of S that "
    "are among the min(m, d) largest; the additional ones lose rank",
    assumptions="any group; C not singular; hard-wired σ distinct",
    tolerance="the distance falls by 10 ± 0.5 from λ/s = 100 to 1000, s the scale of the path",
    share=0.5,
)
def where_points_go(instance: Instance) -> Measure | None:
    """The package's W_S at two large λ, for all S, against regression on invariant features cut to T."""
    n, m, d = instance.sizes
    hard, r = instance.samples("hardwired"), instance.rank
    if d == n or instance.samples("plain").is_singular or not is_generic(hard):
        return None
    largest = float(hard.singular_values.max(initial=0.0)) ** 2
    scale = far(instance, hard.separation * largest if largest else math.inf)
    path = package_path(instance)
    near, further = (path.modes(scale * factor) for factor in STRENGTHS[:2])
    worst = Worst()
    for subset in subsets(min(m, n), r):
        limit = hard.critical([i for i in subset if i < hard.n_modes]) @ hard.embedding.T
        before, after = (away(modes.coef(list(subset)), limit, hard.scale) for modes in (near, further))
        if after > 1e-8:  # not rounding already
            worst.add(abs(before / after - 10.0), 0.5)
    return worst.result()


@statement(
    "7",
    "The path is continuous where σ_r > σ_{r+1}: certified, and steps fall in proportion to those of λ",
    assumptions="any group; generic data (no crossing); C not singular; r < min(m, n)",
    tolerance="no step above 0.01 of ‖W‖; a half step moves W by half as much within 0.1",
    share=0.5,
)
def continuous(instance: Instance) -> Measure | None:
    """The path by linear solves at ever more λ = μt/(1 − t), t from 0 to 1 − 2⁻²⁰, until no step moves W or
    the outputs kept by more than 1% (which never ends at a jump); then midpoints of all steps. The package's
    certificate must say continuous, its bound of the gap must hold at every sample, and path.at must agree.
    Where r > min(m, d), σ_r = σ_{r+1} = 0 at ∞ itself: there t ends at 0.99, and the certificate may also
    bracket a jump of at most 1e-8 of W.
    """
    n, _, d = instance.sizes
    hard, plain, r = instance.samples("hardwired"), instance.samples("plain"), instance.rank
    if d == n or r >= instance.largest_rank or plain.is_singular or plain.separation < DISTINCT:
        return None
    if r < hard.n_modes and hard.gap(r) < DISTINCT:
        return None
    path, mu = dense_path(instance, r)
    # Where r exceeds the rank at infinity the outputs that are kept there are arbitrary: W is not.
    t, W, _, gaps = refined(path, 1.0 - 2.0**-20 if r <= hard.n_modes else 0.99)
    ours = package_path(instance)
    certificate = ours.certify()
    worst = Worst()
    # With r > min(m, d) the assumption fails at ∞, where both are 0: the certificate may say so there.
    jump = max((c.jump for c in certificate.crossings), default=0.0)
    certified = certificate.is_continuous or (r > hard.n_modes and jump <= FADED * plain.scale)
    worst.add(exact(longest_step(W) <= FINE and certified), FINE)
    worst.facts["certified"] = float(certificate.is_continuous)
    if r <= hard.n_modes:
        worst.add(max(0.0, certificate.gap_bound - float(gaps.min())) / plain.total, plain.tolerance())
        worst.add(away(W[-1], path.hardwired, plain.scale), FINE)
    for i in instance.rng.integers(t.size, size=5):
        alpha = mu * t[i] / (1.0 - t[i])
        worst.add(away(ours.at(float(alpha)).coef, W[i], plain.scale), _rounding(plain, gaps[i], t[i]))
    worst.add(_halving(path.at, t, W), 0.1)
    worst.facts["smallest gap of σ², relative"] = float(gaps.min() / plain.singular_values[0] ** 2)
    worst.facts["points"] = t.size
    return worst.result()


def _rounding(plain: Samples, gap: float, t: float) -> float:
    """Of a solve with (1 − t)C + tμR, whose condition number is at most that of C over 1 − t."""
    return plain.tolerance(gap / float(plain.singular_values[0]) ** 2) / (1.0 - t)


def _halving(at: Callable[[Array], tuple[Array, Array, Array]], t: Array, W: Array) -> float:
    """Largest | ‖W(middle) − W(start)‖/‖W(end) − W(start)‖ − 1/2 | over the steps that move W at all."""
    middle = at((t[:-1] + t[1:]) / 2.0)[0]
    steps = np.linalg.norm(W[1:] - W[:-1], axis=(1, 2))
    halves = np.linalg.norm(middle - W[:-1], axis=(1, 2))
    some = steps > 0.1 * FINE * float(np.linalg.norm(W, axis=(1, 2)).max())
    return float(np.abs(halves[some] / steps[some] - 0.5).max(initial=0.0))


STATEMENTS = (rate, both_ends, where_points_go, continuous)
