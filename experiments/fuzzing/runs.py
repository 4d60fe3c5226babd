"""A run: batches of inputs in processes of their own, and what came of them."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from .worker import KINDS, NUMBERS

__all__ = ["Report", "run"]

_BATCH = 5000
_ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Report:
    """What came of the inputs of one loader; times in seconds, memory in bytes above that of the seeds."""

    loader: str
    counts: Counter[str] = field(default_factory=Counter)
    bugs: dict[str, dict[str, Any]] = field(default_factory=dict)
    slowest: tuple[float, int] = (0.0, -1)
    busy: float = 0.0
    memory: int = 0

    def add(self, numbers: dict[str, int], bugs: Iterable[dict[str, Any]]) -> None:
        """Take in what a process left."""
        self.counts.update({kind: numbers[kind] for kind in KINDS if numbers[kind]})
        self.slowest = max(self.slowest, (1e-6 * numbers["slowest"], numbers["slowest_index"]))
        self.busy += 1e-6 * numbers["busy"]
        self.memory = max(self.memory, 1024 * numbers["memory"])
        for bug in bugs:
            entry = self.bugs.setdefault(bug["what"], {"count": 0, **bug})
            entry["count"] += 1

    def __str__(self) -> str:
        inputs = self.counts.total()
        kinds = ", ".join(f"{kind} {count}" for kind, count in self.counts.most_common())
        slowest, number = self.slowest
        lines = [f"{self.loader}: {inputs} inputs: {kinds}"]
        lines.append(
            f"  {1e3 * self.busy / max(1, inputs):.2f} ms an input, the slowest {slowest:.2f} s (number "
            f"{number}); memory at most {self.memory / 2**20:.0f} MB above that of valid files"
        )
        for what, bug in sorted(self.bugs.items(), key=lambda item: -item[1]["count"]):
            lines.append(f"  BUG {bug['count']} times, such as {bug['index']}: {what}: {bug['example']}")
        return "\n".join(lines)


def run(loader: str, inputs: range, seed: int = 0, jobs: int = 1) -> Report:
    """Load all of the inputs, in batches; a batch that dies goes on behind the input that killed it."""
    report = Report(loader)
    starts = range(inputs.start, inputs.stop, _BATCH)
    batches = [range(start, min(start + _BATCH, inputs.stop)) for start in starts]
    with ThreadPoolExecutor(jobs) as pool:
        for found in pool.map(partial(_batch, loader, seed), batches):
            for numbers, bugs in found:
                report.add(numbers, bugs)
    return report


def _batch(loader: str, seed: int, inputs: range) -> list[tuple[dict[str, int], list[dict[str, Any]]]]:
    found = []
    first = inputs.start
    while first < inputs.stop:
        numbers, bugs, code, trouble = _process(loader, seed, range(first, inputs.stop))
        found.append((numbers, bugs))
        if code == 0:
            break
        index = numbers["index"]
        if code > 0:
            raise RuntimeError(f"the worker of {loader} failed at input {index}:\n{trouble[-3000:]}")
        name = signal.Signals(-code).name
        what = "hang" if name in ("SIGALRM", "SIGPROF") else f"crash: {name}"
        bugs.append({"what": what, "index": index, "example": trouble[-300:].strip()})
        numbers["bug"] += 1
        first = index + 1
    return found


def _process(loader: str, seed: int, inputs: range) -> tuple[dict[str, int], list[dict[str, Any]], int, str]:
    """What one process left: its numbers, its bugs, its exit code and what it said on standard error."""
    with tempfile.NamedTemporaryFile() as state:
        module = f"{__package__}.worker"
        arguments = [loader, seed, inputs.start, inputs.stop, state.name]
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-m", module, *map(str, arguments)],
            cwd=_ROOT,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        numbers = np.fromfile(state.name, np.int64).tolist()
    bugs = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return dict(zip(NUMBERS, numbers, strict=True)), bugs, done.returncode, done.stderr
