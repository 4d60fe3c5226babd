"""Fuzz the loaders named, or write one input to a folder."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from .inputs import make, write
from .loaders import LOADERS
from .runs import run
from .seeds import seeds_of


def main(arguments: Sequence[str] | None = None) -> int:
    """Say with the exit code whether no input was a bug."""
    parser = argparse.ArgumentParser(prog="python -m experiments.fuzzing", description="Fuzz every reader.")
    parser.add_argument(
        "loaders",
        nargs="+",
        choices=[*LOADERS, "all"],
        metavar="LOADER",
        help=f"all, or {', '.join(LOADERS)}",
    )
    parser.add_argument("--inputs", type=int, default=100_000, help="how many (default: 100000)")
    parser.add_argument("--first", type=int, default=0, help="number of the first one")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1, help="processes at a time")
    parser.add_argument("--show", nargs=2, metavar=("INDEX", "FOLDER"), help="write this input to a folder")
    options = parser.parse_args(arguments)
    loaders = list(LOADERS) if "all" in options.loaders else options.loaders
    if options.show:
        index, folder = options.show
        files, told = make(seeds_of(loaders[0]), loaders[0], options.seed, int(index))
        write(files, Path(folder))
        print(f"{', '.join(files)} with {told}")
        return 0
    is_good = True
    for loader in loaders:
        started = time.perf_counter()
        report = run(loader, range(options.first, options.first + options.inputs), options.seed, options.jobs)
        print(f"{report}\n  {time.perf_counter() - started:.0f} s", flush=True)
        is_good = is_good and not report.bugs
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
