"""A user's program, for mypy under --strict against the installed package; run by `.ci/package`."""

from __future__ import annotations

from typing import Any, assert_type

import numpy as np
from numpy.typing import NDArray

import haarwire as hw

rep = hw.groups.image_rotations(8)
assert_type(rep, hw.Representation)
X: NDArray[np.float64] = np.zeros((20, 64))
moments = hw.Moments.from_arrays(X, X[:, :2])
assert_type(moments, hw.Moments)
best = hw.solve(moments, rep, rank=2, approach=hw.Hardwired())
assert_type(best, hw.Solution)
assert_type(best.coef, NDArray[np.floating[Any]])
path = hw.regularization_path(moments, rep, rank=2)
assert_type(path, hw.RegularizationPath)
assert_type(path.at(0.1), hw.Solution)
assert_type(hw.critical_points(moments, rep, rank=2, approach=hw.Augmented()), hw.CriticalPoints)
assert_type(hw.compare(hw.datasets.planted(rep, 50), rep), hw.Comparison)
assert_type(hw.symmetry_test(X, X[:, 0], rep).pvalue, float)
try:
    hw.groups.from_name("no such symmetry")
except hw.UnknownNameError as error:
    assert_type(error.remedy, str)
