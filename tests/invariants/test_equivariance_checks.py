"""`equivariance_error` and `assert_equivariant`."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given

import haarwire as hw
from haarwire.invariants import average_joint_moments
from strategies import catalogue

SHIFTS = hw.groups.cyclic_shifts(4)
ROLL = np.roll(np.eye(4), 1, axis=0)


@given(catalogue())
def test_a_trivial_target_gives_the_invariance_error(rep: hw.Representation) -> None:
    W = np.random.default_rng(0).standard_normal((3, rep.dim))
    trivial = rep.trivial(3)
    assert hw.equivariance_error(W, rep, trivial) == pytest.approx(hw.invariance_error(W, rep), abs=1e-15)


def test_coefficients() -> None:
    assert hw.equivariance_error(ROLL, SHIFTS, SHIFTS) == 0.0
    moved = ROLL + 0.1 * np.eye(4)[:1]
    assert hw.equivariance_error(moved, SHIFTS, SHIFTS) > 0.01
    assert hw.equivariance_error(np.zeros((4, 4)), SHIFTS, SHIFTS) == 0.0


def test_an_intercept_must_be_fixed() -> None:
    good = SimpleNamespace(coef=ROLL, intercept=np.ones(4))
    bad = SimpleNamespace(coef=ROLL, intercept=np.arange(4.0))
    assert hw.equivariance_error(good, SHIFTS, SHIFTS) == 0.0
    assert hw.equivariance_error(bad, SHIFTS, SHIFTS) > 0.1


def test_an_intercept_of_a_continuous_group_is_measured_by_its_generators() -> None:
    """A vector b turns by K b; both are measured by their sizes, ‖K‖ = √2 for rotations of space."""
    vectors = hw.groups.so3_vectors(1)
    b = np.array([1.0, 2.0, -2.0])
    turned = max(np.linalg.norm(K @ b) / np.linalg.norm(K.todense()) for K in vectors.algebra)
    model = SimpleNamespace(coef=np.zeros((3, 3)), intercept=b)
    assert hw.equivariance_error(model, vectors, vectors) == pytest.approx(turned / 3.0, rel=1e-12)


def test_functions() -> None:
    X = np.random.default_rng(0).standard_normal((20, 4))
    assert hw.equivariance_error(np.tanh, SHIFTS, SHIFTS, X) == 0.0
    assert hw.equivariance_error(lambda x: np.cumsum(x, axis=1), SHIFTS, SHIFTS, X) > 0.1
    hw.assert_equivariant(np.tanh, SHIFTS, SHIFTS, X)


def test_functions_of_a_continuous_group() -> None:
    X = np.random.default_rng(0).standard_normal((20, 3))
    vectors = hw.groups.so3_vectors(1)
    outer = hw.groups.so3_tensors(2)

    def squares(x: np.ndarray) -> np.ndarray:
        return (x[:, :, None] * x[:, None, :]).reshape(len(x), 9)

    assert hw.equivariance_error(squares, vectors, outer, X) < 1e-12
    assert hw.equivariance_error(lambda x: squares(x) ** 2, vectors, outer, X) > 0.1
    assert hw.equivariance_error(np.eye(3), vectors, vectors) < 1e-15
    assert hw.equivariance_error(np.diag([1.0, 2.0, 3.0]), vectors, vectors) > 0.05


def test_elements_of_both_sides_correspond() -> None:
    """z ↦ z² turns twice as fast as z, whatever the size of the Lie-algebra elements."""

    def squared(z: np.ndarray) -> np.ndarray:
        return np.stack([z[:, 0] ** 2 - z[:, 1] ** 2, 2.0 * z[:, 0] * z[:, 1]], axis=1)

    samples = np.random.default_rng(0).standard_normal((20, 2))
    once, twice = hw.groups.so2([1]), hw.groups.so2([2])
    assert hw.equivariance_error(squared, once, twice, X=samples) < 1e-14
    assert hw.equivariance_error(squared, once, once, X=samples) > 0.1
    both = np.random.default_rng(1).standard_normal((20, 4))
    assert hw.equivariance_error(lambda z: z[:, :2], hw.groups.so2([1, 2]), once, X=both) < 1e-14


def test_assertion_names_both_sides() -> None:
    with pytest.raises(
        hw.NotInvariantError, match=r"from cyclic_shifts:4 to cyclic_shifts:4: relative error"
    ):
        hw.assert_equivariant(np.diag([1.0, 2.0, 3.0, 4.0]), SHIFTS, SHIFTS)
    hw.assert_equivariant(ROLL, SHIFTS, SHIFTS)


def test_errors() -> None:
    with pytest.raises(hw.ParameterError, match=r"the coefficients have shape \(4, 3\)"):
        hw.equivariance_error(np.zeros((4, 3)), SHIFTS, SHIFTS)
    with pytest.raises(hw.ParameterError, match="can only be tried on samples"):
        hw.equivariance_error(np.tanh, SHIFTS, SHIFTS)
    with pytest.raises(hw.DataError, match="the predictions have shape"):
        hw.equivariance_error(lambda x: x[:, :2], SHIFTS, SHIFTS, np.zeros((5, 4)))
    with pytest.raises(hw.RepresentationError, match="not representations of one group"):
        hw.equivariance_error(ROLL, SHIFTS, hw.groups.cyclic_shifts(5))


@given(catalogue())
def test_joint_average_is_the_augmented_data(rep: hw.Representation) -> None:
    if rep.order > 200:
        return
    rng = np.random.default_rng(0)
    X = rng.standard_normal((7, rep.dim)) + 1.0
    Y = 1e-6 * (rng.standard_normal((7, rep.dim)) + 2.0)
    elements = [g.to_dense() for g in rep.elements()]
    moved = hw.Moments.from_arrays(
        np.concatenate([X @ g.T for g in elements]), np.concatenate([Y @ g.T for g in elements])
    )
    averaged = average_joint_moments(hw.Moments.from_arrays(X, Y), rep, rep)
    np.testing.assert_allclose(averaged.x_mean, moved.x_mean, atol=1e-13)
    np.testing.assert_allclose(averaged.y_mean, moved.y_mean, atol=1e-19)
    np.testing.assert_allclose(averaged.gram, moved.gram, atol=1e-13)
    np.testing.assert_allclose(averaged.cross, moved.cross, atol=1e-18)
    np.testing.assert_allclose(averaged.total, moved.total, atol=1e-24)


def test_joint_average_wants_fitting_targets() -> None:
    moments = hw.Moments.from_arrays(np.zeros((3, 4)) + np.arange(3)[:, None], np.arange(6).reshape(3, 2))
    with pytest.raises(hw.DataError, match="the data have 2 targets, cyclic_shifts:4 acts on 4"):
        average_joint_moments(moments, SHIFTS, SHIFTS)


def test_joint_average_of_constant_inputs_or_targets() -> None:
    rng = np.random.default_rng(0)
    for X, Y in (
        (rng.standard_normal((5, 4)), np.full((5, 4), 2.0)),
        (np.ones((5, 4)), rng.standard_normal((5, 4))),
    ):
        averaged = average_joint_moments(hw.Moments.from_arrays(X, Y), SHIFTS, SHIFTS)
        moved = hw.Moments.from_arrays(
            np.concatenate([np.roll(X, k, axis=1) for k in range(4)]),
            np.concatenate([np.roll(Y, k, axis=1) for k in range(4)]),
        )
        np.testing.assert_allclose(averaged.gram, moved.gram, atol=1e-14)
        np.testing.assert_allclose(averaged.total, moved.total, atol=1e-14)
        np.testing.assert_allclose(averaged.mean, moved.mean, atol=1e-14)
