"""What `haarwire landscape` prints: counts, histograms and the lowest points of each approach."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final

from rich.console import Console
from rich.markup import escape

from haarwire._wording import alpha_text, count, number
from haarwire.cli.console import print_table, print_wrapped

__all__ = ["print_landscape"]

_WHOLE: Final = 12
"""Histograms of up to so many bars are printed whole."""

_FIRST: Final = 6


def print_landscape(content: dict[str, Any], console: Console) -> None:
    """Print the counts of all approaches, then a table of the lowest points of each."""
    console.print(
        f"[bold]{escape(content['data'])}[/bold] under [bold]{escape(content['symmetry'])}[/bold], "
        f"rank ≤ {content['rank']}: all {content['n_samples']} samples\n",
        highlight=False,
    )
    approaches = content["approaches"]
    headings = ["approach", "critical\npoints", "more than\nhardwired", "kind"]
    rows = [
        [name, "—", "—", "—"]
        if each is None
        else [
            name,
            count(each["count"]),
            count(each["additional"]),
            "isolated" if each["is_isolated"] else "families",
        ]
        for name, each in approaches.items()
    ]
    print_table(console, headings, rows)
    console.print()
    if approaches["augmented"] is None:
        print_wrapped(console, "The group is not compact: no augmentation.")
    print_wrapped(console, f"Regularized: alpha = {alpha_text(approaches['regularized']['alpha'])}")
    histograms: dict[str, list[str]] = {}
    for name, each in approaches.items():
        if each is not None:
            histograms.setdefault(_histogram(each["index_histogram"]), []).append(name)
    for shown, names in histograms.items():
        print_wrapped(console, f"By index 0, 1, 2, … ({', '.join(names)}): {shown}")
    for name, each in approaches.items():
        if each is not None:
            console.print(f"\nLowest, [bold]{name}[/bold]; modes are numbered from 0:", highlight=False)
            _print_lowest(console, each)


def _histogram(histogram: Sequence[int]) -> str:
    if len(histogram) <= _WHOLE:
        return ", ".join(map(count, histogram))
    top = max(range(len(histogram)), key=histogram.__getitem__)
    first = ", ".join(map(count, histogram[:_FIRST]))
    last = len(histogram) - 1
    return f"{first}, … {count(histogram[top])} of index {top}, … {count(histogram[last])} of index {last}"


def _print_lowest(console: Console, each: dict[str, Any]) -> None:
    headings = ["modes kept", "loss", "index", "escape\nswaps", "curvature", "loss\ngoes down", "leads\nto"]
    if not each["is_isolated"]:
        headings.insert(3, "dimension")
    rows = []
    for point in each["lowest"]:
        way = point["escape"]
        row = [
            _runs(point["subset"]),
            number(point["loss"]),
            str(point["index"]),
            *(
                ["optimum", "", "", ""]
                if way is None
                else [
                    "{} → {}".format(*way["swap"]),
                    f"{way['curvature']:.2g}",
                    number(way["loss_decrease"]),
                    _runs(way["leads_to"]),
                ]
            ),
        ]
        if not each["is_isolated"]:
            row.insert(3, str(point["dimension"]))
        rows.append(row)
    print_table(console, headings, rows, split=4 if each["is_isolated"] else 5)


def _runs(subset: Sequence[int]) -> str:
    """Modes as runs: 0–3 5 for (0, 1, 2, 3, 5)."""
    breaks = [0, *(i + 1 for i, (a, b) in enumerate(pairwise(subset)) if b != a + 1), len(subset)]
    runs = [subset[a:b] for a, b in pairwise(breaks) if b > a]
    return (
        " ".join(f"{run[0]}–{run[-1]}" if len(run) > 2 else " ".join(map(str, run)) for run in runs) or "none"
    )
