"""Haar averages over continuous groups and products: quadratures against what is known in closed form."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import pytest
from scipy.linalg import block_diag

import haarwire as hw
from haarwire.groups import Factor, GroupAction, Level, Matrix, Permutation, Representation
from haarwire.invariants.fixed_projection import fixed_projection


def _turn(k, angle):
    c, s = math.cos(k * angle), math.sin(k * angle)
    return np.array([[c, -s], [s, c]])


def _circle(position, count, degree):
    angles = 2 * np.pi * np.arange(degree + 1) / (degree + 1)
    points = []
    for a in angles:
        point = [0.0] * count
        point[position] = a
        points.append(tuple(point))
    return (Level(np.full(degree + 1, 1 / (degree + 1)), points),)


def _torus(frequencies):
    """T^c on R^(2b): block i turns by the angles' combination frequencies[i]."""
    frequencies = np.array(frequencies)
    c = frequencies.shape[1]

    def act(angles):
        return Matrix(block_diag(*[_turn(1.0, f @ np.array(angles)) for f in frequencies]))

    def derivative(j):
        return block_diag(*[f[j] * np.array([[0.0, -1.0], [1.0, 0.0]]) for f in frequencies])

    factors = tuple(Factor(algebra=(j,), quadrature=partial(_circle, j, c)) for j in range(c))
    action = GroupAction(
        f"T^{c}",
        math.inf,
        lambda rng: tuple(rng.uniform(0, 2 * np.pi, c)),
        act,
        degree=int(np.abs(frequencies).max()),
        factors=factors,
    )
    dim = 2 * len(frequencies)
    return Representation(dim, algebra=[derivative(j) for j in range(c)], name="torus", action=action)


CASES = [[[1]], [[0], [2]], [[1], [1], [3]], [[1, 0], [0, 1]], [[1, 2], [2, -1], [1, 2]], [[0, 3], [3, 0]]]


@pytest.mark.parametrize("frequencies", CASES)
def test_quadrature_equals_the_projection_on_the_commutant(frequencies):
    rep = _torus(frequencies)
    A = np.random.default_rng(0).standard_normal((rep.dim, rep.dim))
    M = A @ A.T
    average = hw.haar_average(M, rep)
    expected, _ = fixed_projection(rep.generators, rep.algebra, M)
    np.testing.assert_allclose(average, expected, atol=1e-12 * np.abs(M).max())


@pytest.mark.parametrize("frequencies", CASES)
def test_average_is_fixed_by_every_element(frequencies):
    rep = _torus(frequencies)
    A = np.random.default_rng(1).standard_normal((rep.dim, rep.dim))
    average = hw.haar_average(A @ A.T, rep)
    for g in rep.sample(0, size=5):
        np.testing.assert_allclose(g.conjugate(average), average, atol=1e-12 * np.abs(average).max())


def test_a_quadrature_of_too_low_a_degree_is_found_out():
    rep = _torus([[1], [3]])
    poor = GroupAction("T^1", math.inf, rep.action.draw, rep.action.act, degree=1, factors=rep.action.factors)
    wrong = Representation(rep.dim, algebra=rep.algebra, action=poor)
    A = np.random.default_rng(2).standard_normal((4, 4))
    with pytest.raises(hw.ConvergenceError):
        hw.haar_average(A @ A.T, wrong)


def test_factors_without_quadrature_go_by_their_own_structure():
    rep = _torus([[1, 0], [0, 1]])
    flip = Permutation([2, 3, 0, 1])
    factors = (Factor(generators=(0,)), Factor(algebra=(0, 1)))
    action = GroupAction("C_2 ⋉ T^2", math.inf, None, rep.action.act, factors=factors)
    both = Representation(4, (flip,), rep.algebra, action=action)
    A = np.random.default_rng(3).standard_normal((4, 4))
    M = A @ A.T
    expected, _ = fixed_projection(both.generators, both.algebra, M)
    np.testing.assert_allclose(hw.haar_average(M, both), expected, atol=1e-12 * np.abs(M).max())


def test_monte_carlo_is_within_its_standard_errors():
    rep = _torus([[1], [2]])
    A = np.random.default_rng(4).standard_normal((4, 4))
    M = A @ A.T
    sampled = hw.monte_carlo_average(M, rep, 4000, rng=5)
    error = np.abs(sampled.value - hw.haar_average(M, rep))
    assert (error <= 5 * sampled.standard_error + 1e-12).all()
    again = hw.monte_carlo_average(M, rep, 16000, rng=6)
    ratio = sampled.standard_error.sum() / again.standard_error.sum()
    assert 1.8 < ratio < 2.2


def test_monte_carlo_standard_error_is_that_of_the_samples():
    rep = hw.groups.cyclic_shifts(3)
    M = np.diag([1.0, 2.0, 4.0])
    sampled = hw.monte_carlo_average(M, rep, 50, rng=7)
    moved = np.array([g.conjugate(M) for g in rep.sample(np.random.default_rng(7), size=50)])
    np.testing.assert_allclose(sampled.value, moved.mean(axis=0), atol=1e-14)
    np.testing.assert_allclose(sampled.standard_error, moved.std(axis=0, ddof=1) / math.sqrt(50), atol=1e-14)


def test_monte_carlo_of_two_samples():
    sampled = hw.monte_carlo_average(np.diag([1.0, 2.0]), hw.groups.cyclic_shifts(2), 2, rng=0)
    assert sampled.value[0, 0] in (1.0, 1.5, 2.0)
    # Two values a and b have the standard error |a − b|/2.
    assert sampled.standard_error[0, 0] in (0.0, 0.5)


@pytest.mark.parametrize("n_elements", [0, 1, -3, 2.5, True, "many"])
def test_monte_carlo_needs_two_samples(n_elements):
    with pytest.raises(hw.ParameterError, match="n_elements"):
        hw.monte_carlo_average(np.eye(3), hw.groups.cyclic_shifts(3), n_elements)


def test_monte_carlo_needs_a_compact_group_and_a_sampler():
    shear = Representation(2, (Matrix([[1, 1], [0, 1]]),))
    with pytest.raises(hw.NotCompactError):
        hw.monte_carlo_average(np.eye(2), shear, 10)
    turning = Representation(2, algebra=([[0, -1], [1, 0]],))
    with pytest.raises(hw.NoSamplerError):
        hw.monte_carlo_average(np.eye(2), turning, 10)


@pytest.mark.parametrize("name", ["so3_vectors:1", "so2:1", "so3:2=1", "unitary_phase:2"])
def test_a_matrix_that_averages_to_nothing(name):
    rep = hw.groups.from_name(name)
    M = np.zeros((rep.dim, rep.dim))
    M[0, 1] = M[1, 0] = 1.0
    for of in (rep, Representation(rep.dim, rep.generators, rep.algebra)):
        assert np.abs(hw.haar_average(M, of)).max() < 1e-14
