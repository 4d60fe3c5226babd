"""How many random starts reach the closed-form optimum: each approach, depth, rule of starting and optimizer.

    python -m benchmarks starts [--runs 100] [--json FILE]

A start counts when its loss ends less than 10⁻⁶ of the optimal loss above it. Data: a planted symmetry of
4×4 images with a violation, as they are, and scikit-learn's digits under quarter turns, whitened by the
gram of each approach, rank 5. Steps are those of ``learning_rate="auto"``, at most 50 000. Xavier layers
are scaled to make maps of about the size that explains the targets, ‖W‖² tr C ~ tr T. Runs that did not
count are told apart: diverged, or left near which critical point.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path

import numpy as np
import torch

import haarwire as hw
from haarwire.training import DeepLinearNetwork, train
from haarwire.training.approaches import explaining_scale, in_whitened_inputs

CLOSE = 1e-6
HIDDEN = {2: (1,), 3: (2, 1), 4: (2, 1, 2)}
"""Hidden widths as multiples of the rank."""


def planted():
    """Data, symmetry, rank, and the problem of an approach."""
    rep = hw.groups.image_rotations(4)
    data = hw.datasets.planted(rep, 400, n_targets=4, noise=0.3, violation=0.5, rng=1)
    moments = hw.Moments.from_arrays(data.X, data.Y)
    return moments, rep, 2, lambda approach: approach.problem(moments, rep)


def digits():
    data, rep = hw.datasets.digits(), hw.groups.image_rotations(8)
    moments = hw.Moments.from_arrays(data.X / 16.0, data.Y)

    return moments, rep, 5, lambda approach: in_whitened_inputs(approach.problem(moments, rep))


def strength(moments, rep) -> float:
    """Where penalty and data balance."""
    return float(np.trace(moments.gram) / np.trace(hw.penalty_matrix(rep)))


def case(problem, rank: int, depth: int, start, optimizer: str, *, runs: int) -> dict[str, object]:
    """How the runs of one batch ended."""
    m, k = problem.cross.shape
    widths = (k, *(rank * share for share in HIDDEN[depth]), m)
    init, scale = start
    if scale is None:
        scale = explaining_scale(problem, depth)
    network = DeepLinearNetwork(widths, init=init, scale=scale, runs=runs)
    history = train(problem, network, optimizer=optimizer, steps=50_000, tol=1e-9, record=50_000)
    excess = history.excess_loss[-1] / history.optimal_loss
    missed = ~(excess < CLOSE)
    return {
        "reached": int((~missed).sum()),
        "diverged": int(history.diverged.sum()),
        "near_index": dict(Counter(history.nearest_index[-1][missed & ~history.diverged].tolist())),
        "median_steps": float(np.median(history.stopped)),
        "most_steps": int(history.stopped.max()),
        "seconds": history.seconds,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--json", type=Path, metavar="FILE")
    options, _ = parser.parse_known_args()
    torch.set_num_threads(1)
    starts = {"xavier": ("xavier", None), "balanced 0.1": ("balanced", 0.1), "balanced 1": ("balanced", 1.0)}
    rows = []
    print(f"{'data':8}{'approach':13}{'depth':>5}  {'start':14}{'optimizer':10}{'reached':>8}{'steps':>14}")
    for name, source in (("planted", planted), ("digits", digits)):
        moments, rep, rank, problem_of = source()
        approaches = (hw.Plain(), hw.Hardwired(), hw.Augmented(), hw.Regularized(strength(moments, rep)))
        for approach in approaches:
            problem = problem_of(approach)
            for depth in HIDDEN:
                for rule, start in starts.items():
                    for optimizer in ("gd", "momentum"):
                        found = case(problem, rank, depth, start, optimizer, runs=options.runs)
                        kind = {
                            "data": name, "approach": approach.label, "depth": depth, "start": rule,
                            "optimizer": optimizer,
                        }  # fmt: skip
                        rows.append(kind | {"runs": options.runs} | found)
                        rest = (
                            ""
                            if found["reached"] == options.runs
                            else (f"  diverged {found['diverged']}, near index {found['near_index']}")
                        )
                        print(
                            f"{name:8}{approach.label:13}{depth:5}  {rule:14}{optimizer:10}"
                            f"{found['reached']:4}/{options.runs}{found['median_steps']:7.0f}"
                            f" ≤{found['most_steps']:6}{rest}",
                            flush=True,
                        )
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    least = min(row["reached"] for row in rows)
    print(f"\nat least {least} of {options.runs} in every row")


if __name__ == "__main__":
    main()
