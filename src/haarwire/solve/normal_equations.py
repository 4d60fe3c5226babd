"""Normal equations too large to be written out: conjugate gradients, and a check of what they found."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

import numpy as np

from haarwire._numbers import FloatArray
from haarwire.errors import ConvergenceError

__all__ = ["solved_iteratively"]

_RESIDUAL: Final = 1e-8

Map: TypeAlias = Callable[[FloatArray], FloatArray]


def solved_iteratively(
    times: Map, right: FloatArray, *, steps: int, precondition: Map | None = None
) -> FloatArray:
    """Solve A x = b for a positive semi-definite A given by x ↦ A x, to a residual of 1e-8‖b‖.

    Raises
    ------
    ConvergenceError
        When so many steps do not get there.
    """
    from scipy.sparse.linalg import LinearOperator, cg

    def operator(product: Map) -> LinearOperator:
        return LinearOperator((right.size, right.size), matvec=product, dtype=np.float64)

    M = None if precondition is None else operator(precondition)
    x, _ = cg(operator(times), right, rtol=1e-13, atol=0.0, maxiter=steps, M=M)
    defect = float(np.linalg.norm(times(x) - right)) / (float(np.linalg.norm(right)) or 1.0)
    if not defect <= _RESIDUAL:
        raise ConvergenceError(
            f"the normal equations in {right.size} unknowns are solved to {defect:.1e} only, "
            f"{_RESIDUAL:.0e} is wanted",
            cause="features in very different units, or nearly collinear ones",
            remedy="standardize the features, or add a ridge",
        )
    return np.asarray(x)
