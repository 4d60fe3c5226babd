"""What `haarwire path` prints: a table, the certificate and the tail in sentences."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from rich.console import Console
from rich.markup import escape

from haarwire._wording import alpha_text, number, small
from haarwire.cli.console import print_table, print_wrapped

__all__ = ["print_path"]

_ROWS: Final = 7
"""Finite strengths in the table."""


def print_path(content: dict[str, Any], console: Console) -> None:
    """Print the table, the certificate and the tail of `haarwire.cli.path.path_data`."""
    r, curve = content["rank"], content["curve"]
    console.print(
        f"[bold]{escape(content['data'])}[/bold] under [bold]{escape(content['symmetry'])}[/bold], "
        f"rank ≤ {r}: all {content['n_samples']} samples, none held out\n",
        highlight=False,
    )
    last, rounding = len(curve["alphas"]) - 1, 1e-12 * max(curve["objective"])
    chosen = [0, *np.unique(np.linspace(1, last - 1, min(_ROWS, last - 1)).round()).astype(int), last]

    def loss(which: str, i: int) -> str:
        return number(curve[which][i] if curve[which][i] > rounding else 0.0)

    def sigma(i: int, mode: int) -> str:
        values = curve["singular_values"][i]
        return small(values[mode - 1]) if mode <= len(values) else "—"

    rows = [
        [
            alpha_text(curve["alphas"][i]),
            loss("loss", i),
            loss("objective", i),
            small(curve["relative_invariance_gap"][i]),
            sigma(i, r),
            sigma(i, r + 1),
            f"{curve['degrees_of_freedom'][i]:.1f}",
        ]
        for i in chosen
    ]
    headings = [
        "alpha",
        "training\nloss",
        "loss +\npenalty",
        "gap",
        f"σ_{r}",
        f"σ_{r + 1}",
        "degrees of\nfreedom",
    ]
    print_table(console, headings, rows)
    console.print()
    for sentence in (*_certificate_sentences(content["certificate"], r), *_ending_sentences(content)):
        print_wrapped(console, sentence)


def _certificate_sentences(certificate: dict[str, Any], rank: int) -> list[str]:
    """What was proven, and where it could not be."""
    r, crossings = rank, certificate["crossings"]
    evaluations = f"{certificate['n_evaluations']} evaluations, rounding margin {certificate['margin']:.1g}"
    if math.isinf(certificate["min_gap"]):
        return ["Continuous on all of [0, ∞]: no kept singular value changes places with a dropped one."]
    if certificate["is_continuous"]:
        proof = (
            f"Continuous on all of [0, ∞]: σ_{r} and σ_{r + 1} come no nearer than "
            f"{certificate['min_gap']:.3g} where evaluated, and σ_{r}² − σ_{r + 1}² > "
            f"{certificate['gap_bound']:.2g} is proven in between ({evaluations})."
        )
        return [proof]
    places = f"{len(crossings)} place" + ("s" if len(crossings) > 1 else "")
    return [
        f"Not proven continuous: the optimum may jump at {places} ({evaluations}).",
        *map(_crossing, crossings),
    ]


def _crossing(crossing: dict[str, Any]) -> str:
    low, high = crossing["low"], crossing["high"]
    i, j = crossing["modes"]
    is_narrow = math.isfinite(high) and high - low < 1e-3 * high
    where = (
        f"At alpha = {(low + high) / 2:.6g} (± {(high - low) / 2:.1g})"
        if is_narrow
        else f"For alpha from {low:.3g} to {alpha_text(high)}"
    )
    change = "jumps by" if is_narrow else "changes from end to end by"
    return (
        f"{where}, σ_{i + 1} and σ_{j + 1} meet at {crossing['singular_value']:.4g}, and the solution "
        f"{change} {crossing['jump']:.3g} (Frobenius norm)."
    )


def _ending_sentences(content: dict[str, Any]) -> list[str]:
    tail, r = content["tail"], content["rank"]
    ending = (
        f"No limit at infinity: the hard-wired σ_{r} and σ_{r + 1} are equal."
        if tail is None
        else f"Near infinity: invariance gap ≈ {tail['gap_constant']:.3g}/alpha, distance to the hard-wired "
        f"solution ≈ {tail['distance_constant']:.3g}/alpha (Frobenius norms)."
    )
    strengths = ", ".join(
        f"{gap} from alpha = {alpha_text(alpha)}"
        for gap, alpha in content["alpha_for_relative_invariance_gap"].items()
    )
    return [ending, f"Relative gap at most {strengths}."]
