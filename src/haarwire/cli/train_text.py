"""What `haarwire train` prints: where each approach ended, and which did not arrive."""

from __future__ import annotations

import math
from typing import Any

from rich.console import Console
from rich.markup import escape

from haarwire._wording import alpha_text, number, small
from haarwire.cli.console import print_table, print_wrapped

__all__ = ["print_training"]


def print_training(content: dict[str, Any], console: Console) -> None:
    """Print the table of all approaches and a sentence for each that did not converge."""
    shape = "-".join(["inputs", *map(str, content["widths"]), "targets"])
    console.print(
        f"[bold]{escape(content['data'])}[/bold] under [bold]{escape(content['symmetry'])}[/bold], "
        f"rank ≤ {content['rank']}: all {content['n_samples']} samples, none held out",
        highlight=False,
    )
    approaches = content["approaches"]
    existing = {name: each for name, each in approaches.items() if each is not None}
    runs = len(existing["plain"]["runs"])
    print_wrapped(
        console,
        f"Networks {shape}, {content['inputs']} inputs, {content['optimizer']}"
        + (f"; of {runs} runs each, the one that ended highest" if runs > 1 else ""),
    )
    console.print()
    headings = [
        "approach",
        "final\nloss",
        "optimal\nloss",
        "excess",
        "gap",
        "gap,\noptimal",
        "index",
        "steps",
        "seconds",
    ]
    rows = [
        [name, *(["—"] * (len(headings) - 1) if each is None else _cells(each))]
        for name, each in approaches.items()
    ]
    print_table(console, headings, rows, split=4)
    console.print()
    if approaches["augmented"] is None:
        print_wrapped(console, "The group is not compact: no augmentation.")
    print_wrapped(console, f"Regularized: alpha = {alpha_text(approaches['regularized']['alpha'])}")
    late = {name: sum(not run["converged"] for run in each["runs"]) for name, each in existing.items()}
    if not any(late.values()):
        print_wrapped(
            console,
            f"Converged: every {'run' if runs > 1 else 'network'} came within {content['tol']:.0e} of the "
            "targets' variance of the global optimum.",
        )
        return
    names = ", ".join(f"{name} ({count} of {runs})" for name, count in late.items() if count)
    raw = " or --inputs whitened" if content["inputs"] == "raw" else ""
    print_wrapped(
        console,
        f"Not converged within {content['steps']} steps: {names}. Their final losses and gaps are not "
        f"those of an optimum; try more --steps{raw}.",
    )


def _cells(each: dict[str, Any]) -> list[str]:
    def shown(value: float | None, how: Any) -> str:
        return "—" if value is None or not math.isfinite(value) else how(value)

    return [
        "∞" if math.isinf(each["final_loss"]) else number(each["final_loss"]),
        number(each["optimal_loss"]),
        shown(each["relative_excess"], lambda value: f"{value:.1e}"),
        shown(each["relative_invariance_gap"], small),
        small(each["optimal_relative_invariance_gap"]),
        shown(each["nearest_index"], str),
        str(each["stopped"]),
        f"{each['seconds']:.2f}",
    ]
