"""What works with the core dependencies alone; run by `.ci/package` with nothing else installed."""

from __future__ import annotations

import importlib.metadata
import re
import subprocess
import sys
import time

IMPORTS = {"haarwire": "import haarwire", "its libraries": "import numpy, scipy.linalg, scipy.sparse"}


def seconds_to_import(statement: str) -> float:
    """The least of five fresh interpreters, less that of one that imports nothing."""

    def once(code: str) -> float:
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)  # noqa: S603
        return time.perf_counter() - start

    return min(once(statement) for _ in range(5)) - min(once("pass") for _ in range(5))


def main() -> None:
    import numpy as np
    import scipy
    import sympy

    import haarwire as hw

    required = {
        re.split(r"[^\w-]", line, maxsplit=1)[0]
        for line in importlib.metadata.requires("haarwire") or []
        if "extra ==" not in line
    }
    assert required == {"numpy", "scipy", "sympy"}, required
    rep = hw.groups.cyclic_shifts(6)
    data = hw.datasets.planted(rep, 90, n_targets=2, violation=0.2, rng=0)
    result = hw.compare(data, rep, rank=1)
    assert set(result.approaches) == {"plain", "hardwired", "augmented", "regularized"}
    moments = hw.Moments.from_arrays(data.X, data.Y)
    wired = hw.solve(moments, rep, approach=hw.Hardwired())
    augmented = hw.solve(moments, rep, approach=hw.Augmented())
    np.testing.assert_allclose(wired.coef, augmented.coef, rtol=1e-10, atol=1e-12)
    assert hw.regularization_path(moments, rep, rank=1).certify().is_continuous
    assert hw.critical_points(moments, rep, rank=1, approach=hw.Plain()).count == 2
    assert 0.0 <= hw.symmetry_test(data.X, data.Y, rep).pvalue <= 1.0
    assert hw.Representation(3, (hw.Permutation([1, 2, 0]),)).order == 3  # asks SymPy
    versions = f"NumPy {np.__version__}, SciPy {scipy.__version__}, SymPy {sympy.__version__}"
    times = ", ".join(f"{name} {seconds_to_import(code):.2f} s" for name, code in IMPORTS.items())
    sys.stdout.write(f"Python {sys.version.split()[0]}, {versions}; to import {times}\n")


if __name__ == "__main__":
    main()
