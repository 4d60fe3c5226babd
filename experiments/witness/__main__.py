"""Run the systems, compare, print the tables, and renew the data of the tests."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from typing import Any

from . import records
from .cases import datasets
from .compare import Finding, Point, deviation, find, indices, is_tied, modes_of
from .exact import number
from .problems import CHART, REAL_ONLY, Dataset, Problem
from .systems import find_singular, need_msolve, version

HEADS = ("data", "approach", "r", "equations", "complex", "theory", "real", "deviation", "agree")
WIDTHS = (17, 15, 1, 27, 7, 6, 4, 9, 5)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the systems, print the tables, and say with the exit code whether all agree."""
    parser = argparse.ArgumentParser(prog="python -m experiments.witness", description=__doc__)
    parser.add_argument("--write", action="store_true", help="renew tests/data/witness/*.json")
    options = parser.parse_args(arguments)
    msolve, singular = need_msolve(), find_singular()
    systems = {"msolve": version(msolve)} | ({"Singular": version(singular)} if singular else {})
    if options.write and not singular:
        parser.error(
            "the data of the tests hold the answers of two systems, and Singular is not on the path; "
            "install it (apt-get install singular), or leave --write out"
        )
    print("; ".join(f"{name} {number}" for name, number in systems.items()))
    print_line(HEADS)
    agree = True
    counts: dict[tuple[str, str, int], int | None] = {}
    for data in datasets():
        record = records.header(data, systems)
        points: dict[str, list[Point]] = {}
        for approach, alpha, rank in data.problems:
            problem = Problem(data, approach, rank, number(alpha))
            findings = {f: find(problem, f, msolve, singular) for f in problem.formulations}
            for formulation, finding in findings.items():
                agree &= report(problem, formulation, finding)
            counts[data.name, problem.label, rank] = findings[CHART].counts["msolve"].points
            # A higher bound on the rank has the points of the lower ones too.
            best = max((finding.points for finding in findings.values()), key=len)
            points[problem.label] = max(points.get(problem.label, []), best, key=len)
            record["problems"].append(
                {
                    "approach": approach,
                    "alpha": alpha,
                    "rank": rank,
                    "formulations": {f: records.found(finding) for f, finding in findings.items()},
                }
            )
        record["points"] = {label: [records.point(p) for p in real] for label, real in points.items()}
        if options.write:
            write(record)
    agree &= differences(counts)
    print("all agree" if agree else "NOT ALL AGREE")
    return 0 if agree else 1


def report(problem: Problem, formulation: str, finding: Finding) -> bool:
    """Print a line of the table; whether systems, theory and Haarwire agree."""
    modes = modes_of(problem)
    said = {count.points for count in finding.counts.values()}
    if is_tied(modes) or (formulation != REAL_ONLY and REAL_ONLY in problem.formulations):
        # Critical families: nothing to match one to one.
        good, numbers = said == {None}, ("inf", "-", "-")
    else:
        expected, real = problem.expected(formulation), len(finding.points)
        worst = deviation(finding.points, modes, problem.ranks(formulation))
        good = said == {expected} and real == expected and worst < 1e-10
        if finding.system.hessian:
            good &= [p.index for p in finding.points] == indices(modes, problem.smooth_rank)
        numbers = (str(expected), str(real), f"{worst:.0e}" if real else "-")
    shown = "/".join(sorted("inf" if count is None else str(count) for count in said))
    data, agrees = problem.data.name, "yes" if good else "NO"
    print_line((data, problem.label, str(problem.rank), formulation, shown, *numbers, agrees))
    return good


def differences(counts: dict[tuple[str, str, int], int | None]) -> bool:
    """Print how many critical points regularization adds to hard-wiring; whether the theory says so."""
    print("\ncritical points that regularization adds to the hard-wired ones")
    print_line(("data", "regularized", "r", "", "found", "theory"))
    shapes: dict[str, Dataset] = {data.name: data for data in datasets()}
    agree = True
    for (name, label, r), regularized in counts.items():
        hardwired = counts.get((name, "hardwired", r))
        if not label.startswith("regularized") or regularized is None or hardwired is None:
            continue
        data = shapes[name]
        m, n, d = data.m, data.n, len(data.invariant_functionals()[0])
        theory = _smooth(min(m, n), r) - _smooth(min(m, d), r)
        agree &= regularized - hardwired == theory
        print_line((name, label, str(r), "", str(regularized - hardwired), str(theory)))
    return agree


def _smooth(q: int, r: int) -> int:
    return math.comb(q, min(q, r))


def print_line(cells: Sequence[str]) -> None:
    """Cells under the heads."""
    print(
        "  ".join(cell.ljust(width) for cell, width in zip(cells, WIDTHS, strict=False)).rstrip(), flush=True
    )


def write(record: dict[str, Any]) -> None:
    """Renew the file of one data set."""
    records.DATA.mkdir(parents=True, exist_ok=True)
    path = records.DATA / f"{record['name']}.json"
    path.write_text(records.text(record), encoding="ascii")


if __name__ == "__main__":
    sys.exit(main())
