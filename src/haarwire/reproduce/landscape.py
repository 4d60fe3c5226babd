"""Figure: the critical points of the three problems and their indices."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np

from haarwire._numbers import FloatArray, IntArray
from haarwire.groups import Permutation, Representation
from haarwire.invariants import invariant_subspace
from haarwire.landscape import CriticalPoints, count_critical_points, critical_points
from haarwire.plots import plot_landscape
from haarwire.plots.style import pyplot
from haarwire.reproduce.outcome import Check, Outcome, at_most, holds
from haarwire.reproduce.setup import Setup
from haarwire.solve import Augmented, Hardwired, Regularized

__all__ = ["landscape_figure", "rings"]


_RINGS: Final = 7


def rings(side: int) -> Representation:
    """Cyclic moves of the pixels within each of few wide square rings around the centre.

    A coarse relative of all rotations, with fewer invariant functionals than there are targets.
    """
    offset = np.abs(np.arange(side) - (side - 1) / 2.0)
    ring = np.maximum(offset[:, None], offset[None, :]).ravel().astype(int)
    ring //= math.ceil(side / 2 / _RINGS)
    indices = np.arange(side * side)
    for number in np.unique(ring):
        members = np.flatnonzero(ring == number)
        indices[members] = np.roll(members, 1)
    return Representation(side * side, (Permutation(indices),))


def landscape_figure(setup: Setup) -> Outcome:
    """Critical points by loss and index, under quarter turns and under a group with few invariants."""
    coarse = rings(setup.side)
    d = invariant_subspace(coarse).dim
    cases = {
        "quarter turns": (setup.moments, setup.rep, setup.rank),
        f"{d} rings": (setup.pixels, coarse, min(setup.rank, d - 1)),
    }
    figure, axes = pyplot().subplots(2, 3, figsize=(10.5, 8.0), sharey="row", layout="constrained")
    checks: list[Check] = []
    results: dict[str, Any] = {}
    for row, (label, (moments, rep, rank)) in zip(axes, cases.items(), strict=True):
        # Penalty and data of about equal size: generators have ‖ρ − I‖² up to 4.
        balance = float(np.trace(moments.gram)) / moments.n_features / 4.0
        points = {
            approach.label: critical_points(moments, rep, rank=rank, approach=approach)
            for approach in (Hardwired(), Augmented(), Regularized(balance))
        }
        plot_landscape(points, axes=row)
        row[0].set_ylabel(f"{label}, rank ≤ {rank}: loss")
        modes = [invariant_subspace(rep).dim, points["regularized"].modes.n_modes]
        counts = [count_critical_points(min(modes), rank), count_critical_points(modes[1], rank)]
        checks += _checks(label, points, counts[1] - counts[0])
        results[label] = {
            name: {
                "count": each.count,
                "index_histogram": list(each.index_histogram),
                "losses": _listed(each)[0].tolist(),
            }
            for name, each in points.items()
        }
    return Outcome("The critical points and their indices", "additional", tuple(checks), results, figure)


def _checks(label: str, points: dict[str, CriticalPoints], additional: int) -> list[Check]:
    hardwired, augmented, regularized = (_listed(each) for each in points.values())
    same = np.array_equal(hardwired[1], augmented[1])
    gaps = np.abs(hardwired[0] / augmented[0] - 1.0) if same else np.array([math.inf])
    minima = [int((indices == 0).sum()) for _, indices in (hardwired, augmented, regularized)]
    return [
        holds(f"{label}: hard-wired and augmented points have the same indices (1: yes)", float(same), 1),
        at_most(f"{label}: largest relative difference of their losses", float(gaps.max()), 1e-8),
        holds(f"{label}: most points of index 0, the optimum included, in any problem", max(minima), 1),
        holds(
            f"{label}: additional points of the regularized problem, C(q, r) − C(min(q, d), r) expected",
            regularized[0].size - hardwired[0].size,
            additional,
        ),
    ]


def _listed(points: CriticalPoints) -> tuple[FloatArray, IntArray]:
    """Losses and indices of all points, in order of their subsets."""
    _, losses, indices = (np.concatenate(part) for part in zip(*points.tables(), strict=True))
    return losses, indices
