"""Figure: the regularization path, its certificate and its limit."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from haarwire.plots import plot_path
from haarwire.plots.style import BLUE, GREY, RED, pyplot
from haarwire.reproduce.outcome import Outcome, at_most, holds
from haarwire.reproduce.runs import Run
from haarwire.reproduce.setup import Setup
from haarwire.solve import Hardwired, Regularized, alpha_range, regularization_path, solve

__all__ = ["path_figure"]

_WAY: Final = (100.0, 10_000.0)
"""From how far beyond the scale of the path, and to where, the distance to its limit is looked at."""


def path_figure(setup: Setup, runs: dict[str, Run] | None = None) -> Outcome:
    """Loss, gap and singular values along the path, with trained networks, and the distance to its limit."""
    path = regularization_path(setup.moments, setup.rep, rank=setup.rank)
    limit = solve(setup.moments, setup.rep, rank=setup.rank, approach=Hardwired())
    low, high = (math.log10(alpha) for alpha in alpha_range(path))
    alphas = np.logspace(low, high, 60)
    distances = np.array([np.linalg.norm(path.at(alpha).coef - limit.coef) for alpha in alphas])
    figure, axes = pyplot().subplots(4, 1, figsize=(7.0, 9.6), sharex=True, layout="constrained")
    plot_path(path, axes=axes[:3])
    axes[2].set_xlabel("")
    axes[3].plot(np.log10(alphas), distances, color=BLUE, label="distance to the hard-wired map")
    tail = path.tail.distance_constant / alphas
    axes[3].plot(np.log10(alphas), tail, color=GREY, linestyle="--", label="its tail, constant/α")
    axes[3].set_yscale("log")
    axes[3].set_ylim(distances.min() / 2, distances.max() * 4)
    axes[3].set_ylabel("Frobenius distance")
    axes[3].set_xlabel("strength of the invariance penalty, α")
    axes[3].legend(frameon=False)
    axes[3].spines[["top", "right"]].set_visible(False)
    places = [math.log10(alpha) for alpha in setup.alphas]
    for run in (runs or {}).values():
        if isinstance(run.best.approach, Regularized):
            place = math.log10(run.best.approach.alpha)
            coefs, gap = run.history.coef, run.history.invariance_gap
            assert gap is not None
            relative = gap[-1] / np.linalg.norm(coefs, axis=(1, 2))
            label = "trained networks" if place == min(places) else "_"
            axes[0].plot(place, run.history.loss[-1].mean(), "x", color=RED, markersize=8, label=label)
            axes[1].plot(place, relative.mean(), "x", color=RED, markersize=8)
    axes[0].legend(frameon=False)
    certificate = path.certify()
    scale = float(np.exp(np.log(path.spectrum).mean()))
    ends = [float(np.linalg.norm(path.at(scale * way).coef - limit.coef)) for way in _WAY]
    slope = math.log(ends[1] / ends[0]) / math.log(_WAY[1] / _WAY[0])
    curve = path.curve(np.concatenate([[0.0], alphas, [math.inf]]))
    gaps, r = curve.invariance_gap[:, setup.rank - 1], setup.rank
    checks = (
        holds("places where the path may jump, on all of [0, ∞]", len(certificate.crossings), 0),
        at_most(
            "relative difference of the path at ∞ and the hard-wired map",
            float(np.linalg.norm(path.at(math.inf).coef - limit.coef) / np.linalg.norm(limit.coef)),
            1e-9,
        ),
        at_most("distance of the slope of log distance over log α from −1, far out", abs(slope + 1.0), 0.05),
        at_most("largest rise of ‖W_⊥‖ with α (0: it falls)", float(np.diff(gaps).max()), 1e-12),
    )
    results = {
        "is_continuous": certificate.is_continuous,
        "gap_bound": certificate.gap_bound if math.isfinite(certificate.gap_bound) else None,
        "tail_slope": slope,
        "distance_constant": path.tail.distance_constant,
        "alpha": alphas.tolist(),
        "distance": distances.tolist(),
        "loss": curve.loss[1:-1, r - 1].tolist(),
        "invariance_gap": gaps[1:-1].tolist(),
        "singular_values": curve.singular_values[1:-1].tolist(),
    }
    return Outcome("The regularization path and its limit", "path", checks, results, figure)
