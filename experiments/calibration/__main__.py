"""Simulate, print the tables, and draw the pictures where asked to."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from .levels import LEVELS, VIOLATIONS, Rate, interval, levels, power
from .regret import APPROACHES, Cell, regrets

REPETITIONS = {"levels": 4000, "power": 400, "regret": 200}
QUICK = {"levels": 40, "power": 5, "regret": 2}


def main(arguments: Sequence[str] | None = None) -> int:
    """Say with the exit code whether every test within its assumptions holds its level."""
    parser = argparse.ArgumentParser(
        prog="python -m experiments.calibration",
        description="Calibration of the tests of symmetry and of recommendations.",
    )
    parser.add_argument("parts", nargs="*", choices=[*REPETITIONS, []], help="which (default: all)")
    parser.add_argument("--quick", action="store_true", help="few repetitions, to see that it runs")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, metavar="FOLDER", help="write results as data there")
    parser.add_argument("--images", type=Path, metavar="FOLDER", help="draw pictures there")
    options = parser.parse_args(arguments)
    counts = QUICK if options.quick else REPETITIONS
    good = True
    for part in options.parts or list(REPETITIONS):
        started = time.perf_counter()
        if part == "levels":
            rates = levels(counts[part], options.seed)
            good = print_levels(rates) and good
            data: object = [asdict(rate) for rate in rates]
        elif part == "power":
            curves = power(counts[part], options.seed)
            print_power(curves)
            data = curves
        else:
            cells = regrets(counts[part], options.seed)
            print_regret(cells)
            data = [asdict(cell) for cell in cells]
        print(f"{part}: {time.perf_counter() - started:.0f} s\n", flush=True)
        if options.json:
            (options.json / f"{part}.json").write_text(json.dumps(data, indent=1), encoding="utf-8")
        if options.images:
            from . import pictures

            path = options.images / f"selection-{part}.png"
            if part == "levels":
                pictures.draw_levels(rates, path)
            elif part == "power":
                pictures.draw_power(curves, path)
            else:
                pictures.draw_regret(cells, path)
    return 0 if good else 1


def print_levels(rates: list[Rate]) -> bool:
    """A row a design and method; whether all within the assumptions are inside their intervals."""
    count = max(rate.repetitions for rate in rates)
    shown = ", ".join("{:.1f}–{:.1f}".format(*(100 * x for x in interval(a, count))) for a in LEVELS)
    print(f"Rejected, %, of true symmetries; 99 % intervals with {count} repetitions: {shown}")
    outside = 0
    for rate in rates:
        marks = [
            f"{100 * r:5.1f}{' ' if ok else '!'}" for r, ok in zip(rate.rates, rate.inside(), strict=True)
        ]
        outside += rate.assumed and sum(not ok for ok in rate.inside())
        note = "" if rate.assumed else "  (outside the assumptions)"
        print(f"{rate.design:45}{rate.method:15}{rate.repetitions:6}  {' '.join(marks)}{note}")
    total = 3 * sum(rate.assumed for rate in rates)
    print(f"{outside} of {total} rates within the assumptions are outside their 99 % interval")
    return bool(outside <= 0.05 * total)


def print_power(curves: dict[str, dict[str, list[float]]]) -> None:
    print(f"Rejected at 5 %, %, by the size of the violation: {', '.join(map(str, VIOLATIONS))}")
    for design, lines in curves.items():
        for method, shares in lines.items():
            print(f"{design:25}{method:15}{' '.join(f'{100 * s:5.0f}' for s in shares)}")


def print_regret(cells: list[Cell]) -> None:
    print("Risk above that of the best approach, %; mean ± standard error of the recommendation")
    heads = "".join(f"{name:>13}" for name in APPROACHES)
    print(f"{'':8}{'N':>5}{'noise':>7}{'violation':>10}{'recommended':>16}{heads}  gain within 2 s.e.")
    for c in cells:
        always = "".join(f"{100 * c.always[name]:13.2f}" for name in APPROACHES)
        own = f"{100 * c.regret:8.2f} ± {100 * c.error:.2f}"
        print(
            f"{c.question:8}{c.n_samples:5}{c.noise:7}{c.violation:10}{own:>16}{always}"
            f"{100 * c.covered:8.0f} %"
        )
    for question in ("as_is", "moved"):
        mine = [c.regret for c in cells if c.question == question]
        covered = [c.covered for c in cells if c.question == question]
        print(
            f"{question}: mean regret {100 * sum(mine) / len(mine):.2f} %, worst cell "
            f"{100 * max(mine):.2f} %; the gain is within two standard errors in "
            f"{100 * sum(covered) / len(covered):.0f} %"
        )


if __name__ == "__main__":
    raise SystemExit(main())
