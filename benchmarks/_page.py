"""The table of all targets and the pictures of growth, from results of `python -m benchmarks`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

Record: TypeAlias = Mapping[str, Any]
Results: TypeAlias = Mapping[str, Sequence[Record]]

HEAD = """# Benchmarks

Every speed that was aimed at, measured by `python -m benchmarks`: each as a ratio against its peer or its
floor, timed in turns in the same process, so that a busy machine slows both alike; the median over rounds
of the quotients within a round, and their range. Data are MNIST (60000 × 784, ten classes) unless said
otherwise. Nothing here is a test: what a machine does today is no property of the code.

"""

GROWTH = """
## How cost grows

Slopes of the least times on log–log axes over the three largest sizes, the other sizes fixed
(`python -m benchmarks scaling`). Where terms of other sizes still matter, a slope lies below the exponent
of the dominant one.

"""


def targets_of(results: Results) -> list[tuple[str, Record]]:
    return [(name, r) for name, records in results.items() for r in records if "met" in r]


def growths_of(results: Results) -> list[Record]:
    return [r for records in results.values() for r in records if "slope" in r]


def table(results: Results) -> list[str]:
    """A Markdown table of targets."""
    lines = [
        "| benchmark | what | measured (range) | wanted | |",
        "|---|---|---:|---:|---|",
    ]
    for name, r in targets_of(results):
        unit = "s" if r["against"] is None else "×"
        sign, bound = ("≤", r["at_most"]) if r["at_most"] is not None else ("≥", r["at_least"])
        measured = f"{_short(r['median'])} ({_short(r['least'])}–{_short(r['most'])}) {unit}"
        verdict = "reached" if r["met"] else f"short{': ' + r['limit'] if r['limit'] else ''}"
        lines.append(f"| {name} | {r['what']} | {measured} | {sign} {_short(bound)} | {verdict} |")
    return lines


def _short(value: float) -> str:
    return f"{value:.3g}" if value < 100 else f"{value:,.0f}"


def growth_table(records: Sequence[Record]) -> list[str]:
    lines = ["| what | grows | from – to | slope | predicted | why |", "|---|---|---|---:|---:|---|"]
    for r in records:
        span = f"{r['sizes'][0]:,} – {r['sizes'][-1]:,}"
        row = [r["what"], r["grows"], span, f"{r['slope']:.2f}", f"{r['predicted']:g}", r["why"]]
        lines.append(f"| {' | '.join(row)} |")
    return lines


def write(results: Results, docs: Path) -> None:
    """Write docs/benchmarks.md and its pictures."""
    machines = sorted({r["machine"] for records in results.values() for r in records})
    text = HEAD + "\n".join(table(results))
    text += "\n\n![Measured against wanted](images/benchmark-targets.png)\n"
    draw_targets(targets_of(results), docs / "images/benchmark-targets.png")
    growths = growths_of(results)
    if growths:
        text += GROWTH + "\n".join(growth_table(growths))
        text += "\n\n![Time against size](images/benchmark-growth.png)\n"
        draw_growths(growths, docs / "images/benchmark-growth.png")
    text += "\n## Where\n\nOn two cores:\n\n" + "".join(f"- {machine}\n" for machine in machines)
    (docs / "benchmarks.md").write_text(text, encoding="utf-8")


def draw_targets(targets: Sequence[tuple[str, Record]], path: Path) -> None:
    """How many times better than wanted, on a log axis: right of 1 is reached."""
    import matplotlib.pyplot as plt

    def surplus(r: Record, value: str) -> float:
        return r["at_most"] / r[value] if r["at_most"] is not None else r[value] / r["at_least"]

    figure, axes = plt.subplots(figsize=(11, 1 + 0.2 * len(targets)), layout="constrained")
    for place, (_, r) in enumerate(reversed(targets)):
        ends = sorted((surplus(r, "least"), surplus(r, "most")))
        color = "tab:blue" if r["met"] else "tab:red"
        axes.plot(ends, [place, place], color=color, linewidth=2)
        axes.plot(surplus(r, "median"), place, "o", color=color)
    axes.axvline(1.0, color="gray", linestyle="--")
    axes.set_xscale("log")
    axes.set_yticks(range(len(targets)), [r["what"] for _, r in reversed(targets)], fontsize=7)
    axes.set_ylim(-1, len(targets))
    axes.grid(axis="x", alpha=0.3)
    axes.set_xlabel("times better than wanted (median and range)")
    figure.savefig(path, dpi=110)
    plt.close(figure)


def draw_growths(records: Sequence[Record], path: Path) -> None:
    import matplotlib.pyplot as plt

    columns = 4
    rows = -(-len(records) // columns)
    figure, grid = plt.subplots(rows, columns, figsize=(12, 2.6 * rows), layout="constrained", squeeze=False)
    for axes in grid.ravel()[len(records) :]:
        axes.remove()
    for axes, r in zip(grid.ravel(), records, strict=False):
        sizes, least = np.array(r["sizes"], dtype=float), np.array(r["least"])
        axes.fill_between(sizes, r["least"], r["most"], alpha=0.3)
        axes.loglog(sizes, least, "o-", label=f"slope {r['slope']:.2f}")
        predicted = least[-1] * (sizes / sizes[-1]) ** r["predicted"]
        axes.loglog(sizes, predicted, "--", color="gray", label=f"predicted {r['predicted']:g}")
        axes.set_title(r["what"], fontsize=9)
        axes.set_xlabel(r["grows"], fontsize=8)
        axes.set_ylabel("seconds", fontsize=8)
        axes.tick_params(labelsize=7)
        axes.set_xticks(sizes[[0, -1]], [f"{size:,.0f}" for size in sizes[[0, -1]]])
        axes.minorticks_off()
        low, high = axes.get_ylim()
        if high < 10 * low:  # a decade at least: flat is to look flat
            middle = float(np.sqrt(low * high))
            axes.set_ylim(middle / 10**0.5, middle * 10**0.5)
        axes.legend(fontsize=7)
    figure.savefig(path, dpi=120)
    plt.close(figure)
