"""How often is a true symmetry contradicted? At nominal levels of 1, 5 and 10 %."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

import haarwire as hw

from .designs import DESIGNS, RANDOMIZATION, Design

__all__ = ["LEVELS", "Rate", "interval", "levels", "power", "power_in_theory"]

LEVELS = (0.01, 0.05, 0.1)
PARAMETRIC = ("wilks", "pillai", "hotelling", "roy")
CONFIDENCE = 0.99
RESAMPLES = 99
VIOLATIONS = (0.0, 0.1, 0.2, 0.3, 0.45, 0.6, 0.8, 1.0)
POWER_DESIGNS = (
    Design("two targets, N = 40", hw.groups.cyclic_shifts(8), 40, 2, mixing=False),
    Design("one target, N = 40", hw.groups.cyclic_shifts(8), 40, 1, mixing=False),
    Design("two targets, N = 12", hw.groups.cyclic_shifts(8), 12, 2, mixing=False),
)


@dataclass(frozen=True)
class Rate:
    """How often a test rejects."""

    design: str
    method: str
    repetitions: int
    rates: tuple[float, ...]
    assumed: bool

    def inside(self) -> tuple[bool, ...]:
        """Whether each rate is inside the 99 % Monte Carlo interval around its level."""
        found = []
        for level, rate in zip(LEVELS, self.rates, strict=True):
            low, high = interval(level, self.repetitions)
            found.append(low <= rate <= high)
        return tuple(found)


def interval(level: float, repetitions: int) -> tuple[float, float]:
    """Rates that a test of exactly this level has in 99 % of simulations."""
    low, high = stats.binom.interval(CONFIDENCE, repetitions, level)
    return float(low) / repetitions, float(high) / repetitions


def _pvalues(
    design: Design, methods: Sequence[str], repetitions: int, seed: int, violation: float = 0.0
) -> dict[str, Any]:
    methods = [method for method in methods if _has_enough(design, method)]
    found = {method: np.empty(repetitions) for method in methods}
    for i, child in enumerate(np.random.SeedSequence(seed).spawn(repetitions)):
        rng = np.random.default_rng(child)
        X, Y = design.draw(rng, violation)
        moments = hw.Moments.from_arrays(X, Y)
        for method in methods:
            if method == "randomization":
                test = hw.symmetry_test(X, Y, design.rep, method=method, n_resamples=RESAMPLES, rng=rng)
            else:
                test = hw.symmetry_test(moments, design.rep, method=method)  # type: ignore[call-overload]
            found[method][i] = test.pvalue
    return found


def _has_enough(design: Design, method: str) -> bool:
    """Whether the samples suffice: tests refuse where their approximations are bad."""
    X, Y = design.draw(np.random.default_rng(0))
    try:
        hw.symmetry_test(X, Y, design.rep, method=method, n_resamples=1)  # type: ignore[call-overload]
    except hw.DataError:
        return False
    return True


def levels(repetitions: int, seed: int) -> list[Rate]:
    """All designs: parametric tests on the first, the randomization test on the others, of a quarter."""
    rates = []
    for designs, methods, count in (
        (DESIGNS, PARAMETRIC, repetitions),
        (RANDOMIZATION, ("randomization",), max(repetitions // 4, 1)),
    ):
        for k, design in enumerate(designs):
            found = _pvalues(design, methods, count, seed + 1000 * k)
            for method, p in found.items():
                shares = tuple(float((p <= level + 1e-12).mean()) for level in LEVELS)
                rates.append(Rate(design.name, method, count, shares, design.assumed))
    return rates


def power(repetitions: int, seed: int) -> dict[str, dict[str, list[float]]]:
    """Rejections at 5 % by the size of the violation."""
    curves: dict[str, dict[str, list[float]]] = {}
    for design in POWER_DESIGNS:
        methods = PARAMETRIC if design.n_targets > 1 else ("wilks",)
        curves[design.name] = {}
        for k, violation in enumerate(VIOLATIONS):
            found = _pvalues(design, (*methods, "randomization"), repetitions, seed + k, violation)
            for method, p in found.items():
                curves[design.name].setdefault(method, []).append(float((p <= 0.05 + 1e-12).mean()))
    return curves


def power_in_theory(design: Design, violation: float, draws: int, rng: np.random.Generator) -> float:
    """Of the F test of one target: non-central F, averaged over inputs and violations."""
    rest = hw.invariant_subspace(design.rep).complement
    q, v = rest.shape[1], design.n_samples - design.rep.dim - 1
    critical = stats.f.isf(0.05, q, v)
    found = []
    for _ in range(draws):
        X = design.inputs(rng, (design.n_samples, design.rep.dim))
        w = violation * rng.standard_normal(design.rep.dim) / np.sqrt(design.rep.dim)
        null = np.hstack([np.ones((len(X), 1)), X @ hw.invariant_subspace(design.rep).basis])
        signal = X @ rest @ (rest.T @ w)
        signal -= null @ np.linalg.lstsq(null, signal, rcond=None)[0]
        noncentrality = float(signal @ signal)
        found.append(stats.ncf.sf(critical, q, v, noncentrality) if noncentrality > 0 else 0.05)
    return float(np.mean(found))
