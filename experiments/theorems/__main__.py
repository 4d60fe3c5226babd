"""Check all statements, print the table, and write it to files where asked to."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Collection, Sequence
from functools import cache, partial
from pathlib import Path

from . import dropped, optima, paths, points
from .instances import WHOLE_CATALOGUE, sample
from .records import Counterexample, Row, Statement, as_data, markdown, run, text_table

DEFAULT = 150
QUICK = 12

STATEMENTS: tuple[Statement, ...] = tuple(
    sorted((*optima.STATEMENTS, *points.STATEMENTS, *paths.STATEMENTS), key=lambda s: s.number)
)


def check(seed: int, wanted: int, numbers: Collection[int]) -> tuple[list[Row], list[Counterexample]]:
    """All statements on `wanted` instances each and those of these numbers, and all counterexamples."""
    instances = cache(partial(sample, seed))
    rows = [run(statement, instances, wanted, numbers) for statement in STATEMENTS]
    return rows, [example(instances) for example in dropped.EXAMPLES]


def main(arguments: Sequence[str] | None = None) -> int:
    """Say with the exit code whether all statements hold and all counterexamples are found."""
    parser = argparse.ArgumentParser(
        prog="python -m experiments.theorems",
        description="Check the theory's statements on random instances.",
    )
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} instances a statement, not {DEFAULT}")
    parser.add_argument("--seed", type=int, default=0, help="of the instances (default 0)")
    parser.add_argument("--instances", type=int, metavar="N", help="how many a statement")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results as data")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the results as a page")
    options = parser.parse_args(arguments)
    if options.instances is not None and options.instances < 1:
        parser.error(f"--instances must be at least 1, got {options.instances}")
    if options.seed < 0:
        parser.error(f"--seed must be at least 0, got {options.seed}")
    wanted = options.instances or (QUICK if options.quick else DEFAULT)
    rows, examples = check(options.seed, wanted, () if options.quick else WHOLE_CATALOGUE)
    print(text_table(rows, examples))
    if options.json:
        text = json.dumps(as_data(rows, examples), indent=1, ensure_ascii=False)
        options.json.write_text(text + "\n", encoding="utf-8")
    if options.markdown:
        command = f"python -m experiments.theorems --seed {options.seed} --instances {wanted}"
        options.markdown.write_text(markdown(rows, examples, command), encoding="utf-8")
    good = all(row.holds for row in rows) and all(example.found for example in examples)
    print("\nall hold" if good else "\nNOT ALL HOLD")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
