"""Statements about critical points: which, how many, of what index (theory, section 4)."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.optimize

from .brute import EPS, SAFETY, Array, Samples, histogram, inversions, network_hessian, variety_hessian
from .instances import Instance
from .optima import away
from .records import Measure, statement

DISTINCT = 1e-4
"""Least relative difference of two σ² that counts as generic."""
SLOPE = "c·eps·κ(C)·(1 + σ₁²/least difference of two σ²)"
AT_MOST = 6
"""So many critical points of a problem get a Hessian: the optimum, the highest and some between."""


def is_generic(samples: Samples) -> bool:
    """Whether C is regular and the σ are distinct."""
    return not samples.is_singular and samples.separation > DISTINCT


def subsets(q: int, r: int) -> list[tuple[int, ...]]:
    """All ways to keep min(r, q) of q modes."""
    return list(itertools.combinations(range(q), min(r, q)))


def some(chosen: Sequence[tuple[int, ...]], rng: np.random.Generator) -> list[tuple[int, ...]]:
    """The first, the last, and some between."""
    if len(chosen) <= AT_MOST:
        return list(chosen)
    between = rng.choice(len(chosen) - 2, AT_MOST - 2, replace=False) + 1
    return [chosen[0], chosen[-1], *(chosen[i] for i in sorted(between))]


class Worst:
    """Keeps the measure nearest to what is allowed, or beyond."""

    def __init__(self) -> None:
        self.measure: Measure | None = None
        self.facts: dict[str, float] = {}

    def add(self, deviation: float, tolerance: float) -> None:
        old = self.measure
        if old is None or not deviation / tolerance <= old.deviation / old.tolerance:
            self.measure = Measure(deviation, tolerance)

    def result(self) -> Measure | None:
        return self.measure and Measure(self.measure.deviation, self.measure.tolerance, self.facts)


def exact(good: bool) -> float:
    """A deviation for what is right or wrong."""
    return 0.0 if good else math.inf


@statement(
    "3",
    "Hard-wired and augmented problems have the same critical points, losses and indices",
    assumptions="as 2a; distinct σ",
    tolerance=SLOPE + "; counts and indices exactly",
)
def same_critical_points(instance: Instance) -> Measure | None:
    """Each critical point that the package gives for one problem is put into the other one's samples: the
    residuals are orthogonal to the variety there, and the mean squared error is the loss stated. Then the
    two lists against each other, subset by subset: W, loss, index.
    """
    if instance.group.elements is None:
        return None
    hard, augmented = instance.samples("hardwired"), instance.samples("augmented")
    if not (is_generic(hard) and is_generic(augmented)):
        return None
    first, second = (instance.points(name, instance.rank) for name in ("hardwired", "augmented"))
    q, r = augmented.n_modes, min(instance.rank, augmented.n_modes)
    allowed = max(s.tolerance(s.separation) for s in (hard, augmented))
    worst = Worst()
    worst.add(exact(first.count == second.count and first.index_histogram == second.index_histogram), allowed)
    for subset in some(subsets(q, r), instance.rng):
        a, b = first.at(subset), second.at(subset)
        V, W = hard.coordinates(b.coef), a.coef
        worst.add(away(b.coef, V @ hard.embedding.T, hard.scale), allowed)
        worst.add(hard.tangential_gradient(V, instance.rank), allowed)
        worst.add(augmented.tangential_gradient(W, instance.rank), allowed)
        worst.add(abs(float(augmented.loss(W)) - a.loss) / augmented.total, allowed)
        worst.add(abs(float(hard.loss(V)) - b.loss) / augmented.total, allowed)
        worst.add(away(a.coef, b.coef, augmented.scale), allowed)
        worst.add(abs(a.loss - b.loss) / augmented.total, allowed)
        worst.add(exact(a.index == b.index), allowed)
    return worst.result()


@statement(
    "4",
    "Every critical point but the optimum is a strict saddle; its index is the number of inversions",
    assumptions="any group and approach; C not singular; distinct σ",
    tolerance="c·eps·√κ(C)·tr T/σ_r² + " + SLOPE + ", relative to the largest eigenvalue; indices exactly",
    share=0.6,
)
def strict_saddles(instance: Instance) -> Measure | None:
    """At the package's critical points the Hessian of ½J on the variety, in a chart around the point and
    from values of J on the samples alone (J is a polynomial of degree 4 there, so that the differences are
    exact): its inertia, and its eigenvalues 1 ± σ_j/σ_i against singular values of the samples.
    """
    worst, seen = Worst(), 0
    for name in instance.approaches:
        samples = instance.samples(name)
        q = samples.n_modes
        if q == 0 or not is_generic(samples):
            continue
        r = min(instance.rank, q)
        points = instance.points(name, instance.rank)
        for subset in some(subsets(q, r), instance.rng):
            point = points.at(subset)
            values, rounding = variety_hessian(samples, samples.coordinates(point.coef), r)
            allowed = rounding + samples.tolerance(samples.separation)
            s = samples.singular_values
            ratios = np.array([s[j] / s[i] for i in subset for j in range(q) if j not in subset])
            if np.abs(1.0 - ratios).min(initial=1.0) < 10 * allowed:
                continue
            ones = np.ones(values.size - 2 * ratios.size)
            expected = np.sort(np.concatenate([1.0 - ratios, ones, 1.0 + ratios]))
            index = int((values < 0).sum())
            seen += index > 0
            size = float(expected[-1])
            worst.add(float(np.abs(values - expected).max()) / size, allowed)
            worst.add(float(np.abs(point.hessian_eigenvalues - expected).max()) / size, allowed)
            worst.add(exact(index == point.index == inversions(subset, q)), allowed)
            worst.add(exact((index == 0) == point.is_global == (subset == tuple(range(r)))), allowed)
    worst.facts["saddles"] = seen
    return worst.result()


@statement(
    "5a",
    "C(q, r) critical points, [q choose r]_x by index; q = min(m, d), or min(m, n) regularized; "
    "regularization adds C(min(m, n), r) − C(min(m, d), r)",
    assumptions="any group; generic data; r read as min(r, q)",
    tolerance="exact integers",
)
def counts(instance: Instance) -> Measure:
    """The package's count, histogram and `additional` against q, the number of singular values of the
    samples that are not zero, and a list of all subsets with their inversions.
    """
    n, m, d = instance.sizes
    r, good, found = instance.rank, True, {}
    for name in instance.approaches:
        samples = instance.samples(name)
        q = samples.n_modes
        good &= q == min(m, n if name in {"plain", "regularized"} else d)
        points = instance.points(name, r)
        expected = histogram(q, min(r, q))
        found[name] = sum(expected)
        good &= points.count == sum(expected) == math.comb(q, min(r, q))
        good &= points.index_histogram == expected
        extra = math.comb(min(m, n), r) - math.comb(min(m, d), min(r, m, d))
        good &= points.additional == (extra if name in {"plain", "regularized"} else 0)
    more = found["regularized"] - found["hardwired"]
    return Measure(exact(bool(good)), 0.0, {"additional": more})


@statement(
    "5b",
    "The critical points that regularization adds are strict saddles: one point in all is a minimum",
    assumptions="any group with 0 < d < m; λ < ∞; C not singular; distinct σ",
    tolerance="as 4",
    share=0.3,
)
def additional_are_saddles(instance: Instance) -> Measure | None:
    """The inertia of the Hessian at every critical point W_S of the regularized samples (of the hard-wired
    ones too): as many more with a negative eigenvalue as there are more points, and one without on each side.
    """
    n, m, d = instance.sizes
    hard, soft, r = instance.samples("hardwired"), instance.samples("regularized"), instance.rank
    size = math.comb(min(m, n), r)
    if m <= d or d == 0 or size > 12 or not (is_generic(hard) and is_generic(soft)):
        return None
    worst, indices = Worst(), {}
    for name, samples in (("hardwired", hard), ("regularized", soft)):
        q = samples.n_modes
        points = instance.points(name, r)
        indices[name] = []
        for subset in subsets(q, r):
            V = samples.coordinates(points.at(subset).coef)
            values, rounding = variety_hessian(samples, V, min(r, q))
            allowed = rounding + samples.tolerance(samples.separation)
            worst.add(samples.tangential_gradient(V, r), samples.tolerance(samples.separation))
            if np.abs(values).min() < allowed:
                return None
            indices[name].append(int((values < 0).sum()))
    saddles = {name: sum(k > 0 for k in found) for name, found in indices.items()}
    good = all(len(indices[name]) - saddles[name] == 1 for name in indices)
    extra = size - math.comb(min(m, d), min(r, d))
    worst.add(exact(good and saddles["regularized"] - saddles["hardwired"] == extra), EPS)
    worst.facts["additional saddles"] = extra
    return worst.result()


@statement(
    "5c",
    "There are no other critical points",
    assumptions="any group and approach; C not singular; distinct σ",
    tolerance="a thousandth of the least distance between two listed points",
    share=0.3,
)
def no_others(instance: Instance) -> Measure | None:
    """Newton's method from 30 random starts on ∂J/∂A = ∂J/∂V = 0 for W = O [I; A] V, with O a random
    orthogonal matrix: whatever it ends in is one of the package's W_S with |S| ≤ r.
    """
    rng, r, m = instance.rng, instance.rank, instance.sizes[1]
    names = [name for name in instance.approaches if name != "plain"]
    name = names[instance.number // 2 % len(names)]
    samples = instance.samples(name)
    q, k = samples.n_modes, samples.Z.shape[1]
    if q == 0 or r > q or r * (m - r + k) > 24 or not is_generic(samples):
        return None
    everything = list(itertools.chain(*(itertools.combinations(range(q), s) for s in range(r + 1))))
    listed = [np.zeros((m, k))]
    for s in range(1, r + 1):
        points = instance.points(name, s)
        listed += [samples.coordinates(point.coef) for point in points]
    if len(listed) != len(everything):
        return Measure(math.inf, 0.0)
    allowed = min(away(a, b, samples.scale) for a, b in itertools.combinations(listed, 2)) / 1000.0
    top = [i for i, V in enumerate(listed) if np.linalg.matrix_rank(V, tol=1e-8 * samples.scale) == r]
    worst, reached = 0.0, set()
    O = np.linalg.qr(rng.standard_normal((m, m)))[0]  # noqa: E741
    for _ in range(30):
        V = _newton(samples, O, r, rng)
        if V is None:
            continue
        apart = [away(V, other, samples.scale) for other in listed]
        nearest = int(np.argmin(apart))
        worst = max(worst, apart[nearest])
        reached.add(nearest)
    share = len(reached.intersection(top)) / len(top)
    if share == 0.0:  # nothing was tried
        return None
    return Measure(worst, allowed, {"part of the points of rank r that the searches reached": share})


def _newton(samples: Samples, O: Array, r: int, rng: np.random.Generator) -> Array | None:  # noqa: E741
    """A critical point from a random start; None where the search ends in nothing."""
    m, k = samples.Y.shape[1], samples.Z.shape[1]
    free = (m - r) * r

    def point(x: Array) -> tuple[Array, Array]:
        U = O @ np.concatenate([np.eye(r), x[:free].reshape(m - r, r)])
        return U, x[free:].reshape(r, k)

    def slope(x: Array) -> Any:
        U, V = point(x)
        G = samples.gradient(U @ V)
        return np.concatenate([(O.T @ G @ V.T)[r:].ravel(), (U.T @ G).ravel()])

    start = np.concatenate([rng.standard_normal(free), np.zeros(r * k)])
    U = point(start)[0]
    V = np.linalg.pinv(U) @ samples.unbounded  # at rest in V; then away from it
    V += rng.uniform(0.0, 1.0) * samples.scale / math.sqrt(r * k) * rng.standard_normal((r, k))
    start[free:] = V.ravel()
    found = scipy.optimize.root(slope, start, method="hybr", options={"xtol": 1e-13, "maxfev": 4000})
    U, V = point(found.x)
    sizes = np.linalg.norm(U) * np.linalg.norm(samples.Z) * samples.total**0.5
    at_rest = float(np.abs(found.fun).max()) < 1e-12 * sizes * max(
        1.0, float(np.linalg.norm(V)) / samples.scale
    )
    return U @ V if at_rest and np.linalg.norm(found.x[:free]) < 1e3 else None


@statement(
    "9",
    "Two layers of width h: W_S with |S| ≤ h are critical; inversions(S) + (h − |S|)(q − |S|) negative and "
    "|S|² + (h − |S|)(2|S| + m + k − 2q) zero eigenvalues (k inputs)",
    assumptions="any group and approach; C not singular; distinct σ",
    tolerance="c·eps·tr T/σ_q² + " + SLOPE + ", relative to the largest eigenvalue; inertia exactly",
    share=0.3,
)
def two_layers(instance: Instance) -> Measure | None:
    """The Hessian in the entries of two layers, inputs whitened, from values of J on the samples alone
    (exact differences of a polynomial of degree 4), at W_S split between the layers, mixed by a random
    invertible matrix and padded with zeros; W_S of the package.
    """
    m, rng = instance.sizes[1], instance.rng
    name = instance.approaches[instance.number // 2 % len(instance.approaches)]
    samples = instance.samples(name)
    q, k = samples.n_modes, samples.Z.shape[1]
    h = min(instance.rank, 3)
    if q == 0 or h * (m + k) > 30 or not is_generic(samples):
        return None
    inverse = np.linalg.inv(samples.root).T
    whitened = Samples(
        samples.Z @ inverse.T,
        samples.Y,
        samples.x_mean,
        samples.y_mean,
        np.eye(k),
        samples.magnitude,
        samples.n_rows,
    )
    worst, critical = Worst(), 0
    for size in range(1, min(h, q) + 1):
        points = instance.points(name, size)
        for subset in some(subsets(q, size), rng)[:3]:
            U, s, Pt = np.linalg.svd(samples.coordinates(points.at(subset).coef) @ samples.root.T)
            G = np.linalg.qr(rng.standard_normal((size, size)))[0] * rng.uniform(0.7, 1.4, size)
            first, second = np.zeros((h, k)), np.zeros((m, h))
            first[:size] = np.linalg.solve(G, np.sqrt(s[:size])[:, None] * Pt[:size])
            second[:, :size] = (U[:, :size] * np.sqrt(s[:size])) @ G
            values = np.linalg.eigvalsh(network_hessian(whitened, [first, second]))
            largest = float(np.abs(values).max())
            accuracy = SAFETY * (m + k) * EPS * samples.total / float(s[: min(size, q)].min()) ** 2
            allowed = accuracy + samples.tolerance(samples.separation)
            negative = inversions(subset, q) + (h - size) * (q - size)
            zero = size**2 + (h - size) * (2 * size + m + k - 2 * q)
            rest = np.concatenate([values[:negative], values[negative + zero :]])
            if np.abs(rest).min(initial=largest) < 10 * allowed * largest:
                continue
            critical += 1
            worst.add(float(np.abs(values[negative : negative + zero]).max(initial=0.0)) / largest, allowed)
            right = (values < -allowed * largest).sum() == negative
            worst.add(
                exact(right and (values > allowed * largest).sum() == values.size - negative - zero), allowed
            )
            slope = [
                whitened.gradient(second @ first) @ first.T,
                second.T @ whitened.gradient(second @ first),
            ]
            worst.add(max(float(np.linalg.norm(g)) for g in slope) / (largest * samples.total**0.5), allowed)
    worst.facts["lifts"] = critical
    return worst.result()


STATEMENTS = (
    same_critical_points,
    strict_saddles,
    counts,
    additional_are_saddles,
    no_others,
    two_layers,
)
