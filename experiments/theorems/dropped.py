"""What happens where an assumption is dropped: small numbers, worked out by hand, and tried."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import haarwire as hw
from haarwire.landscape import check_critical, factor

from .brute import Array, Samples, network_hessian, polynomial_hessian
from .instances import Group, Instance
from .optima import compared
from .paths import FINE, dense_path, longest_step, refined
from .records import Counterexample

WITNESS = Path(__file__).resolve().parents[2] / "tests" / "data" / "witness" / "3x3-cyclic.json"
HAND = 1e-12
"""Differences from the numbers worked out by hand up to this are rounding; all are of size 1."""
CORNERS = np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
"""Samples with mean 0 and covariance I."""
OBLIQUE = np.array([[1.0, 2.0], [0.0, -1.0]])
"""An involution that is not orthogonal: its invariant functionals are the multiples of (1, 1)."""


def representation(*generators: Array) -> hw.Representation:
    """By matrices."""
    return hw.Representation(len(generators[0]), [hw.Matrix(g) for g in generators])


def apart(*pairs: tuple[Any, Any]) -> float:
    """Largest difference between what was found and what was worked out."""
    return max(float(np.abs(np.asarray(a) - np.asarray(b)).max()) for a, b in pairs)


def moved(X: Array, Y: Array) -> Samples:
    """The data augmented by the oblique involution."""
    return Samples.weighted(np.concatenate([X, X @ OBLIQUE.T]), np.concatenate([Y, Y]))


def singular_gram(_: Callable[[int], Instance]) -> Counterexample:
    """Minimum-norm solutions under a representation that is not orthogonal."""
    X, Y = np.array([[1.0, 0.0], [-1.0, 0.0]]), np.array([[1.0], [-1.0]])
    moments, rep = hw.Moments.from_arrays(X, Y), representation(OBLIQUE)
    hard, augmented = (hw.solve(moments, rep, approach=a) for a in (hw.Hardwired(), hw.Augmented()))
    worst = apart(
        (hard.coef, [[1.0, 1.0]]),
        (augmented.coef, [[1.0, 0.0]]),
        (moved(X, Y).unbounded, [[1.0, 0.0]]),
        (hard.coef @ OBLIQUE, hard.coef),
    )
    return Counterexample(
        "a",
        "C_aug not singular (2a), ρ not orthogonal (2c)",
        "ρ = [[1, 2], [0, −1]], x = ±(1, 0), y = x₁: moved samples are the samples, C_aug = diag(1, 0).",
        "Minimum-norm augmented W = (1, 0), not invariant; hard-wired W = (1, 1); both have loss 0.",
        worst < HAND and augmented.is_minimum_norm and augmented.invariance_gap > 0.5,
        worst,
    )


def ridge(instances: Callable[[int], Instance]) -> Counterexample:
    """An ordinary ridge under a representation that is not orthogonal."""
    Y = CORNERS[:, :1]
    moments, rep = hw.Moments.from_arrays(CORNERS, Y), representation(OBLIQUE)
    worst = 0.0
    for strength, hand in ((0.0, [[0.5, 0.5]]), (1.0, [[2.0 / 7.0, 1.0 / 7.0]])):
        built = Samples.weighted(
            np.concatenate([CORNERS, CORNERS @ OBLIQUE.T]),
            np.concatenate([Y, Y]),
            penalties=[math.sqrt(strength) * np.eye(2)],
        )
        augmented = hw.solve(moments, rep, approach=hw.Augmented(), ridge=strength)
        hard = hw.solve(moments, rep, approach=hw.Hardwired(), ridge=strength)
        worst = max(worst, apart((augmented.coef, hand), (built.unbounded, hand)))
        worst = max(worst, apart((hard.coef, np.full((1, 2), 0.5 / (1.0 + strength)))))
    tried = [
        i for i in map(instances, range(80)) if i.group.elements is not None and not i.group.is_orthogonal
    ]
    tried = [i for i in tried if i.group.functionals.size]
    differ = 0
    for i in tried:
        options = {"ridge": i.alpha}
        measure = compared(
            i.samples("hardwired", **options),
            i.samples("augmented", **options),
            i.largest_rank,
            lambda name, rank, i=i: i.solve(name, rank, ridge=i.alpha),  # type: ignore[misc]
        )
        differ += measure is not None and measure.deviation > 1e-6
    return Counterexample(
        "b",
        "ρ orthogonal (2b)",
        "ρ = [[1, 2], [0, −1]], x the corners (±1, ±1), y = x₁, ridge 1.",
        "Augmented W = (2/7, 1/7), hard-wired W = (1/4, 1/4); without the ridge both are (1/2, 1/2). "
        f"They differ on {differ} of {len(tried)} random instances with invariants and ρ not orthogonal.",
        worst < HAND and differ > 0,
        worst,
    )


def crossing(_: Callable[[int], Instance]) -> Counterexample:
    """σ_1(λ) = σ_2(λ) at λ = 3."""
    scaling = np.diag([1.0, 2.0])
    rep = representation(scaling)
    instance = Instance(0, Group("scaling", rep, None, None), CORNERS, CORNERS * [1.0, 2.0], 1, True, 1.0)
    solutions = [instance.samples("regularized", alpha=a).optimum(1) for a in (2.9, 3.1)]
    _, W, _, _ = refined(dense_path(instance, 1)[0], 0.99)
    certificate = hw.regularization_path(instance.moments, rep, rank=1).certify()
    (bracket,) = certificate.crossings
    sides = apart((solutions[0], np.diag([0.0, 2.0 / 3.9])), (solutions[1], np.diag([1.0, 0.0])))
    worst = max(sides, bracket.low - 3.0, 3.0 - bracket.high)
    return Counterexample(
        "c",
        "σ_r > σ_{r+1} along the path (7)",
        "C = I, B = diag(1, 2), R = diag(0, 1), r = 1 (x the corners, y = (x₁, 2x₂), ρ = diag(1, 2)).",
        "σ² = {1, 4/(1 + λ)} cross at λ = 3, where W jumps from [[0, 0], [0, 1/2]] to [[1, 0], [0, 0]]: a "
        f"step of {longest_step(W):.2f} of the largest ‖W‖ that no refinement shortens. The certificate: "
        f"λ in 3 ± {max(3 - bracket.low, bracket.high - 3):.0e}, jump {bracket.jump:.4f} = √5/2.",
        worst < HAND
        and abs(bracket.jump - math.sqrt(1.25)) < 1e-9
        and longest_step(W) > 10 * FINE
        and not certificate.is_continuous,
        worst,
    )


def ties(_: Callable[[int], Instance]) -> Counterexample:
    """Equal singular values."""
    samples = Samples.weighted(CORNERS, CORNERS)
    points = hw.critical_points(
        hw.Moments.from_arrays(CORNERS, CORNERS), hw.groups.trivial(2), rank=1, approach=hw.Plain()
    )
    angles = np.linspace(0.0, math.pi, 7)
    units = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    maps = [np.outer(u, u) for u in units]
    worst = max(apart((samples.tangential_gradient(W, 1), 0.0), (samples.loss(W), 1.0)) for W in maps)
    (point,) = points
    return Counterexample(
        "d",
        "distinct σ (3 to 5)",
        "C = B = I, r = 1 (x the corners, y = x): σ = 1, 1.",
        "Every W = u uᵀ with ‖u‖ = 1 is critical, of loss 1 (seven of them tried): a circle of optima "
        f"and not C(2, 1) = 2 points. The package counts {points.count} family of dimension "
        f"{point.dimension} and says that points are not isolated.",
        worst < HAND and (points.count, point.dimension, points.is_isolated) == (1, 1, False),
        worst,
    )


def deficient(_: Callable[[int], Instance]) -> Counterexample:
    """Targets that depend on each other."""
    Y = np.stack([CORNERS[:, 0], CORNERS[:, 0]], axis=1)
    points = hw.critical_points(
        hw.Moments.from_arrays(CORNERS, Y), hw.groups.trivial(2), rank=1, approach=hw.Plain()
    )
    worst = apart((Samples.weighted(CORNERS, Y).singular_values, [math.sqrt(2.0), 0.0]))
    return Counterexample(
        "e",
        "generic data (5a)",
        "x the corners, y = (x₁, x₁), r = 1: σ = √2, 0.",
        f"q = 1 < min(m, n) = 2, and C(q, r) = {points.count} critical point, not 2.",
        worst < 1e-7 and points.count == 1,
        worst,
    )


def three_layers(_: Callable[[int], Instance]) -> Counterexample:
    """A saddle that no second derivative shows."""
    Y = CORNERS * [2.0, 1.0]
    samples = Samples.weighted(CORNERS, Y)
    points = hw.critical_points(
        hw.Moments.from_arrays(CORNERS, Y), hw.groups.trivial(2), rank=1, approach=hw.Plain()
    )
    lowest, kinds = {}, {}
    for depth in (2, 3):
        layers = [np.diag([2.0 ** (1.0 / depth), 0.0])] * depth
        lowest[depth] = float(np.linalg.eigvalsh(network_hessian(samples, layers))[0])
        lifted = factor(points.global_optimum, (2,) * (depth - 1))
        kinds[depth] = check_critical(lifted, points.problem).kind
    down = np.diag([2.0 ** (1.0 / 3.0), 0.5])
    zero = polynomial_hessian(lambda x: (1.0 - x.prod(axis=1)) ** 2, 3, 6)  # y = x: (1 − w₃w₂w₁)²
    worst = apart(
        (lowest[2], -2.0), (lowest[3], 0.0), (samples.loss(down @ down @ down), (1 - 0.125) ** 2), (zero, 0.0)
    )
    return Counterexample(
        "f",
        "two layers (9)",
        "C = I, B = diag(2, 1) (x the corners, y = (2x₁, x₂)), L layers diag(2^{1/L}, 0): J = 1.",
        "Two layers: lowest Hessian eigenvalue −2, a strict saddle. Three layers: lowest eigenvalue 0, yet "
        "layers diag(2^{1/3}, t) have J = (1 − t³)² < 1: a saddle that is not strict, and the package says "
        f"“{kinds[3]}”. So is 0 for one input, y = x: J = (1 − w₃w₂w₁)² has Hessian 0 there.",
        worst < 1e-9 and kinds == {2: "strict saddle", 3: "non-strict saddle"},
        worst,
    )


def not_the_dual(_: Callable[[int], Instance]) -> Counterexample:
    """Fixed vectors of ρ in place of those of its dual."""
    rep = representation(OBLIQUE)
    functionals = hw.invariant_subspace(rep).basis[:, 0]
    fixed = hw.invariant_subspace(rep.dual).basis[:, 0]
    worst = apart(
        (functionals * math.sqrt(2.0) * np.sign(functionals[0]), [1.0, 1.0]),
        (functionals @ OBLIQUE, functionals),
        (np.abs(fixed), [1.0, 0.0]),
        (OBLIQUE @ fixed, fixed),
        (np.abs(fixed @ OBLIQUE), [1.0, 2.0]),
    )
    return Counterexample(
        "g",
        "Q from the dual of ρ (1a), ρ not orthogonal",
        "ρ = [[1, 2], [0, −1]]: the fixed vectors of ρ are the multiples of (1, 0).",
        "W = (1, 0) is not invariant: W ρ = (1, 2). The invariant functionals are the multiples of (1, 1).",
        worst < HAND,
        worst,
    )


def not_compact(_: Callable[[int], Instance]) -> Counterexample:
    """A shear has no Haar average."""
    shear = np.array([[1.0, 1.0], [0.0, 1.0]])
    rep = representation(shear)
    powers = [np.linalg.matrix_power(shear, k) for k in range(1000)]
    averages = [float(np.mean([g[0] @ g[0] for g in powers[:K]])) for K in (10, 100, 1000)]
    moments = hw.Moments.from_arrays(CORNERS, CORNERS[:, 1:])
    try:
        hw.solve(moments, rep, approach=hw.Augmented())
    except hw.NotCompactError:
        refused = True
    else:
        refused = False
    hard = hw.solve(moments, rep, approach=hw.Hardwired())
    hand = [1.0 + (K - 1) * (2 * K - 1) / 6.0 for K in (10, 100, 1000)]
    worst = apart((hard.coef, [[0.0, 1.0]]), (np.array(averages) / hand, np.ones(3)))
    return Counterexample(
        "h",
        "compact group (1b, 2)",
        "The powers of ρ = [[1, 1], [0, 1]], x the corners, y = x₂.",
        f"The variance of x₁ over the first 10, 100, 1000 powers is {averages[0]:.1f}, {averages[1]:.1f}, "
        f"{averages[2]:.1f}: no average. The package refuses to augment; hard-wired W = (0, 1) exists.",
        refused and worst < HAND,
        worst,
    )


def complex_points(_: Callable[[int], Instance]) -> Counterexample:
    """Real maps: over the complex numbers augmented problems have families of further critical points."""
    X = math.sqrt(3.0) * np.concatenate([np.eye(3), -np.eye(3)])
    Y = X * [1.0, 0.0, 0.0]
    turn = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
    elements = [np.linalg.matrix_power(turn, k) for k in range(4)]
    Z, T = np.concatenate([X @ g.T for g in elements]), np.concatenate([Y] * 4)
    u = np.array([0.0, 1.0, 1.0j])
    worst = 0.0
    for t in (1.0, -2.5, 0.3 + 1.7j):
        W = t * np.outer(u, u)
        G = (Z @ W.T - T).T @ Z / len(Z)
        J = ((Z @ W.T - T) ** 2).sum() / len(Z)
        worst = max(worst, apart((G @ W.T, 0.0), (W.T @ G, 0.0), (J, 1.0)))
    points = hw.critical_points(
        hw.Moments.from_arrays(X, Y), representation(turn), rank=1, approach=hw.Augmented()
    )
    record = json.loads(WITNESS.read_text("ascii"))
    answers = next(
        p["formulations"] for p in record["problems"] if (p["approach"], p["rank"]) == ("augmented", 1)
    )
    said = [
        {name: c["points"] for name, c in answers[f]["complex"].items()}
        for f in ("chart", "chart, rows not isotropic")
    ]
    infinite, others = ({*answer.values()} for answer in said)
    systems = " and ".join(f"{name} {version}" for name, version in record["systems"].items())
    return Counterexample(
        "i",
        "real W (5c)",
        "C = I, B = diag(1, 0, 0), the quarter turns about the first axis, r = 1; u = (0, 1, i).",
        "W = t u uᵀ is critical for the augmented problem for every complex t, of loss tr T: uᵀu = 0. None "
        f"of these is real, and the real critical points of rank 1 are the package's {points.count}. The "
        f"computer algebra found the same on exact data (experiments/witness, 3x3-cyclic, r = 1; {systems}): "
        f"{_shown(infinite)} complex critical points, a family of dimension "
        f"{answers['chart']['complex']['Singular']['dimension']}; with rows "
        f"that are not isotropic {_shown(others)}.",
        worst < HAND and points.count == 1 and infinite == {None} and others == {1},
        worst,
    )


def _shown(said: set[int | None]) -> str:
    return " or ".join("infinitely many" if count is None else str(count) for count in said)


EXAMPLES = (
    singular_gram,
    ridge,
    crossing,
    ties,
    deficient,
    three_layers,
    not_the_dual,
    not_compact,
    complex_points,
)
