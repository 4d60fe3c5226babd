"""Plain least squares on Dask arrays beside dask-ml's LinearRegression: the same arrays, the same workers.

    python -m benchmarks dask_peers [--slow]

Needs dask-ml (which is not in Haarwire's extras). The arrays lie in the memory of two worker processes, of a
thread each, so that nothing but the fits is timed; contestants take turns. Errors are those of the
coefficients, relative to the largest, against LAPACK's least squares on the centred samples in one process.
`--slow` adds L-BFGS, and for few features ADMM, which is dask-ml's default.
"""

from __future__ import annotations

import statistics
import sys
import warnings
from collections.abc import Callable
from functools import partial

import numpy as np
from _runner import Target, judge, machine, seconds

import haarwire as hw

CASES = (
    (200_000, 20, 0.0),
    (100_000, 100, 0.0),
    (40_000, 400, 0.0),
    (16_000, 1000, 0.0),
    (100_000, 100, 1e4),
)
"""Samples, features, and the mean of every feature in units of its standard deviation."""

BLOCKS, ROUNDS = 8, 3


def drawn(rows: int, n: int, offset: float, block: int) -> np.ndarray:
    """Samples (x, y) as rows, correlated and of different sizes."""
    rng = np.random.default_rng([1, block])
    scales = np.geomspace(0.1, 10.0, n)
    X = (rng.standard_normal((rows, n)) + 0.5 * rng.standard_normal((rows, 1)) + offset) * scales
    truth = np.random.default_rng(0).standard_normal(n) / scales
    y = X @ truth + rng.standard_normal(rows)
    return np.concatenate([X, y[:, None]], axis=1)


def ours(X: object, y: object, n: int, client: object) -> np.ndarray:
    moments = hw.Moments.from_dask(X, y, accuracy="gram", cluster=client)
    return hw.solve(moments, hw.groups.trivial(n), approach=hw.Plain()).coef[0]


def theirs(X: object, y: object, solver: str) -> np.ndarray:
    from dask_ml.linear_model import LinearRegression

    # Newton takes no penalty; the others get a negligible one.
    return np.asarray(LinearRegression(solver=solver, C=1e12).fit(X, y).coef_)


def compared(
    rows: int, n: int, offset: float, solvers: tuple[str, ...], client: object
) -> dict[str, tuple[list[float], float]]:
    """Times and error of each contestant."""
    import dask
    import dask.array as da

    blocks = [dask.delayed(drawn)(rows // BLOCKS, n, offset, block) for block in range(BLOCKS)]
    parts = [da.from_delayed(block, (rows // BLOCKS, n + 1), float) for block in blocks]
    Z = da.concatenate(parts).persist()
    X, y = Z[:, :n].persist(), Z[:, n].persist()
    del Z
    runs: dict[str, Callable[[], np.ndarray]] = {"Haarwire": partial(ours, X, y, n, client)}
    runs |= {solver: partial(theirs, X, y, solver) for solver in solvers}
    local = np.concatenate([drawn(rows // BLOCKS, n, offset, block) for block in range(BLOCKS)])
    local -= local.mean(axis=0)
    expected = np.linalg.lstsq(local[:, :n], local[:, n], rcond=None)[0]
    answers = {name: run() for name, run in runs.items()}
    taken: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(ROUNDS):
        for name, run in runs.items():
            taken[name].append(seconds(run))
    scale = np.abs(expected).max()
    return {name: (taken[name], float(np.abs(answers[name] - expected).max() / scale)) for name in runs}


def main() -> None:
    import dask_ml
    import distributed

    print(f"{machine()}; dask-ml {dask_ml.__version__}, distributed {distributed.__version__}\n")
    warnings.simplefilter("ignore", FutureWarning)  # of dask-ml's solvers
    cluster = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=":0", memory_limit=0
    )
    with cluster, distributed.Client(cluster) as client:
        for rows, n, offset in CASES:
            case = f"{rows} × {n}" + (f", means {offset:.0e} standard deviations" if offset else "")
            slow = ("lbfgs", "admm")[: 2 if n < 100 else 1] if "--slow" in sys.argv and n < 400 else ()
            solvers = ("newton", *slow)
            found = compared(rows, n, offset, solvers, client)
            own = np.array(found["Haarwire"][0])
            for name, (times, error) in found.items():
                ratio = np.array(times) / own
                print(
                    f"{case:46}{name:10}{statistics.median(times):9.3f} s"
                    f"{np.median(ratio):8.3g} ({ratio.min():.3g}–{ratio.max():.3g}) ×   error {error:.0e}"
                )
            pair = {"ours": own, "theirs": np.array(found["newton"][0])}
            judge(case, Target(f"{case}, against dask-ml's Newton", "ours", "theirs", at_least=1.0), pair)


if __name__ == "__main__":
    main()
