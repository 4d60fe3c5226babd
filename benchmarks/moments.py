"""How close the moments of a large data set come to the floor, one matrix product.

python -m benchmarks moments
"""

from __future__ import annotations

import numpy as np
from _runner import Job, Target, load_mnist, race

from haarwire.moments import Moments


def main() -> None:
    X, Y, source = load_mnist()
    X32, X64, Y64 = X.astype(np.float32), X.astype(np.float64), Y.astype(np.float64)
    single, double = "float32 X.T @ X", "float64 X.T @ X"
    race(
        f"{source}: {X.shape[0]} samples, {X.shape[1]} features, {Y.shape[1]} targets",
        {
            single: Job(lambda: X32.T @ X32),
            double: Job(lambda: X64.T @ X64),
            "Moments, raw uint8": Job(lambda: Moments.from_arrays(X, Y), single),
            "Moments, float32, float32 products": Job(
                lambda: Moments.from_arrays(X32, Y, accumulate="float32"), single
            ),
            "Moments, float32": Job(lambda: Moments.from_arrays(X32, Y), double),
            "Moments, float64": Job(lambda: Moments.from_arrays(X64, Y64), double),
        },
        rounds=9,
        targets=[Target("moments from raw bytes, alone", "Moments, raw uint8", single, at_most=1.5)],
    )
    exact, rounded = Moments.from_arrays(X, Y), Moments.from_arrays(X64, Y64)
    spread = np.sqrt(exact.scatter.diagonal())
    unit = np.maximum(np.outer(spread, spread), np.finfo(float).tiny)
    difference = np.abs(exact.scatter - rounded.scatter) / unit
    print(f"uint8 (exact) and float64 routes differ by at most {difference.max():.1e} √(S_ii S_jj)")


if __name__ == "__main__":
    main()
