"""Arguments of another kind, and constants that rounding moved, are told apart from data."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import haarwire as hw

X = np.random.default_rng(0).standard_normal((40, 4))
MOMENTS = hw.Moments.from_arrays(X, X[:, :1])
REP = hw.groups.cyclic_shifts(4)


@pytest.mark.parametrize(
    ("moments", "rep", "name"),
    [
        (X, REP, "moments must be a Moments, got a ndarray"),
        (MOMENTS, "cyclic_shifts:4", "rep must be a Repr"),
    ],
)
def test_arguments_of_another_kind(moments: Any, rep: Any, name: str) -> None:
    calls = (
        lambda: hw.solve(moments, rep, approach=hw.Plain()),
        lambda: hw.regularization_path(moments, rep),
        lambda: hw.critical_points(moments, rep, approach=hw.Plain()),
    )
    for call in calls:
        with pytest.raises(hw.ParameterError, match=name) as error:
            call()
        assert "in place of" in error.value.cause or "another order" in error.value.cause
        assert "make one" in error.value.remedy


@pytest.mark.parametrize("accumulate", ["float64", "float32"])
def test_constant_targets_whatever_the_precision(accumulate: Any) -> None:
    moments = hw.Moments.from_arrays(X, np.full(40, 0.1), accumulate=accumulate)
    with pytest.raises(hw.DataError, match="targets are constant"):
        hw.solve(moments, REP, approach=hw.Plain())


def test_a_shared_subspace_cannot_be_changed() -> None:
    for rep in (REP, hw.Representation(2, (hw.Matrix([[0.6, 0.8], [0.8, -0.6]]),))):
        matrix = hw.invariant_subspace(rep).matrix
        values = matrix.data if hasattr(matrix, "indptr") else matrix
        with pytest.raises(ValueError, match="read-only"):
            values[0] = 5.0


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("rotations:8", "image_rotations"),
        ("IMAGE_ROTATIONS:2", "image_rotations"),
        ("shifts:4", "cyclic_shifts"),
    ],
)
def test_near_names(typed: str, meant: str) -> None:
    with pytest.raises(hw.UnknownNameError) as error:
        hw.groups.from_name(typed)
    assert meant in error.value.cause
