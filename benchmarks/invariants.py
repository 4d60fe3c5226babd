"""Invariant functionals of permutation groups on very many coordinates.

    python -m benchmarks invariants

Building the representation counts too. The floor is one sort of as many random numbers.
"""

from __future__ import annotations

import numpy as np
from _runner import Job, Target, race

import haarwire as hw


def main() -> None:
    ours = "representation and invariant subspace"
    for size, make in ((10**6, hw.groups.cyclic_shifts), (10**5, hw.groups.permutations)):
        numbers = np.random.default_rng(0).random(size)
        floor = f"np.sort of {size:.0e} numbers"
        race(
            f"{make.__name__}({size:.0e})",
            {
                floor: Job(lambda x=numbers: np.sort(x)),
                ours: Job(lambda n=size, f=make: hw.invariant_subspace(f(n)), floor),
            },
            targets=[Target(f"invariants of {make.__name__} on {size:.0e} coordinates", ours, at_most=2)],
        )


if __name__ == "__main__":
    main()
