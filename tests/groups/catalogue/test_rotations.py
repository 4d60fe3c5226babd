"""Rotations against spherical harmonics, tensors against vectors, and the numbers of invariants."""

import math
from functools import reduce
from operator import mul

import numpy as np
import pytest
import scipy.special
from scipy.spatial.transform import Rotation

from haarwire import invariant_subspace
from haarwire.errors import ParameterError
from haarwire.groups import hom, o3, o3_tensors, o3_vectors, so3, so3_tensors, so3_vectors, su2
from haarwire.groups._quadratures import circle_levels, euler_levels


def real_harmonics(degree, points):
    """S_m at unit vectors, shape (n, 2l + 1): from SciPy's associated Legendre functions."""
    x, y, z = points.T
    azimuth = np.arctan2(y, x)
    columns = []
    for m in range(-degree, degree + 1):
        k = abs(m)
        scale = math.sqrt((2 * degree + 1) * math.factorial(degree - k) / math.factorial(degree + k))
        legendre = (-1.0) ** k * scipy.special.lpmv(k, degree, z) * scale
        turn = np.cos(k * azimuth) if m >= 0 else np.sin(k * azimuth)
        columns.append(legendre * turn * (math.sqrt(2.0) if m else 1.0))
    return np.stack(columns, axis=1)


@pytest.mark.parametrize("degree", [0, 1, 2, 3, 4, 7, 20])
def test_harmonics_of_turned_points_are_turned_harmonics(degree):
    rng = np.random.default_rng(degree)
    points = rng.standard_normal((6, 3))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    rep, vectors = so3(degree), so3_vectors(1)
    for _ in range(3):
        angles = rep.action.draw(rng)
        moved = vectors.action.act(angles).apply(points)
        np.testing.assert_allclose(moved, Rotation.from_euler("ZYZ", angles).apply(points), atol=1e-14)
        got = rep.action.act(angles).apply(real_harmonics(degree, points))
        np.testing.assert_allclose(got, real_harmonics(degree, moved), atol=1e-12 * (degree + 1))


def test_order_of_the_coordinates():
    points = np.random.default_rng(0).standard_normal((5, 3))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    x, y, z = points.T
    np.testing.assert_allclose(real_harmonics(1, points), math.sqrt(3.0) * np.stack([y, z, x], axis=1))
    quadratic = math.sqrt(15.0) * np.stack(
        [x * y, y * z, (3 * z**2 - 1) / math.sqrt(12.0), x * z, (x**2 - y**2) / 2.0], axis=1
    )
    np.testing.assert_allclose(real_harmonics(2, points), quadratic)
    # y, z, x of so3(1) are those coordinates of so3_vectors(1).
    angles = so3(1).action.draw(np.random.default_rng(1))
    R = so3_vectors(1).action.act(angles).to_dense()
    np.testing.assert_allclose(
        so3(1).action.act(angles).to_dense(), R[np.ix_([1, 2, 0], [1, 2, 0])], atol=1e-14
    )
    blocks = so3({1: 2, 0: 1}).action.act(angles).to_dense()
    assert blocks[0, 0] == 1.0
    np.testing.assert_array_equal(blocks[1:4, 1:4], blocks[4:, 4:])


def test_large_degrees_stay_orthogonal():
    g = so3(60).sample(0)
    np.testing.assert_allclose(g.to_dense() @ g.to_dense().T, np.eye(121), atol=1e-12)
    assert so3(60).is_orthogonal


@pytest.mark.parametrize("degree", range(9))
def test_quadratures_are_exact_up_to_their_degree(degree):
    (circle,) = circle_levels(degree)
    for k in range(1, degree + 1):
        assert abs(np.exp(1j * k * np.array(circle.elements)).mean()) < 1e-14
    for half_units, build in ((1, so3), (2, su2)):
        for key in range(1, degree + 1):
            rep = build(key)
            average = np.eye(rep.dim)
            for level in reversed(euler_levels(half_units, degree)):
                terms = zip(level.weights, level.elements, strict=True)
                average = sum(w * rep.action.act(u).apply(average) for w, u in terms)
            np.testing.assert_allclose(average, 0.0, atol=1e-13)


def dims(power):
    return invariant_subspace(power).dim


def powers(rep, orders):
    return [dims(reduce(mul, [rep] * order)) for order in orders]


def test_invariants_of_tensors_are_riordan_numbers():
    assert [dims(so3_tensors(order)) for order in range(1, 6)] == [0, 1, 1, 3, 6]


def test_catalan_and_motzkin_numbers():
    # 1 ⊕ 3 = 2 ⊗ 2, and spin 1/2 counts balanced brackets.
    assert powers(so3({0: 1, 1: 1}), range(1, 5)) == [1, 2, 5, 14]
    assert [dims(so3_tensors(k) * (so3(0) + so3_vectors(1))) for k in (1, 2, 3)] == [1, 2, 4]


def test_reflections_leave_the_pairings():
    assert [dims(o3_tensors(order)) for order in range(1, 5)] == [0, 1, 0, 3]


@pytest.mark.parametrize(("j", "k"), [(0, 0), (0, 2), (1, 1), (1, 2), (2, 2)])
def test_clebsch_gordan(j, k):
    product = so3(j) * so3(k)
    for degree in range(j + k + 2):
        assert dims(hom(so3(degree), product)) == (abs(j - k) <= degree <= j + k)


def test_multiplicities_are_counted():
    a, b = so3({0: 2, 1: 1, 2: 3}), so3({0: 1, 2: 2, 3: 1})
    assert dims(a) == 2
    assert dims(hom(a, b)) == 2 * 1 + 3 * 2
    assert dims(hom(so3({0: 1, 1: 1, 2: 1}), so3_tensors(2))) == 3
    assert dims(hom(so3_vectors(3), so3(1))) == 3


def test_parity_is_kept_apart():
    assert dims(hom(o3("1o"), o3_vectors(1))) == 1
    assert dims(hom(o3("1e"), o3_vectors(1))) == 0
    assert dims(hom(o3("1e"), o3_tensors(2))) == 1  # the antisymmetric tensors: axial vectors
    assert dims(hom(o3({"0e": 1, "2e": 1}), o3_tensors(2))) == 2
    assert dims(o3({"0e": 2, "0o": 3})) == 2


def test_types_of_representations_of_su2():
    # The endomorphisms of the defining representation are the quaternions; those of C ⊗ R^3 are 2×2 matrices.
    assert dims(hom(su2(1), su2(1))) == 4
    assert dims(hom(su2(2), su2(2))) == 4
    assert dims(hom(su2(1), su2(2))) == 0
    assert dims(hom(su2({1: 2}), su2(1))) == 8


def test_a_full_turn_changes_the_sign_of_spinors():
    full = (2.0 * math.pi, 0.0, 0.0)
    np.testing.assert_allclose(su2(1).action.act(full).to_dense(), -np.eye(4), atol=1e-14)
    np.testing.assert_allclose(su2(2).action.act(full).to_dense(), np.eye(6), atol=1e-14)
    pauli = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
    z = np.array([1.0 + 2.0j, -0.5 + 0.25j])
    for L, sigma in zip(su2(1).algebra, pauli, strict=True):
        np.testing.assert_allclose(L @ z.view(float), (-0.5j * sigma @ z).view(float), atol=1e-15)


@pytest.mark.parametrize(
    ("build", "what"),
    [
        (lambda: so3({1.5: 1}), "non-negative integers, got 1.5: 1"),
        (lambda: so3({1: -1}), "got 1: -1"),
        (lambda: so3({True: 1}), "got True"),
        (lambda: so3("1"), "got '1'"),
        (lambda: so3({}), "at least one irreducible"),
        (lambda: so3({2: 0}), "at least one irreducible"),
        (lambda: so3({1000: 1}), "at most 500, got 1000"),
        (lambda: su2({2000: 1}), "at most 1000, got 2000"),
        (lambda: su2(0.5), "got 0.5: 1"),
        (lambda: o3("1"), "e or o, got 1"),
        (lambda: o3({"1x": 2}), "e or o, got 1x"),
        (lambda: o3({1: 2}), "e or o, got 1"),
        (lambda: o3(3), "e or o, got 3"),
        (lambda: o3({"1o": 1.5}), "got 1: 1.5"),
        (lambda: o3({}), "at least one"),
        (lambda: o3({"1o": 0}), "at least one"),
        (lambda: o3({"01o": 1}), "e or o, got 01o"),
        (lambda: o3({"1000e": 1}), "at most 500"),
        (lambda: so3_vectors(0), "positive integer, got 0"),
        (lambda: so3_tensors(0), "positive integer, got 0"),
        (lambda: o3_tensors(1.0), "positive integer, got 1.0"),
    ],
)
def test_bad_multiplicities(build, what):
    with pytest.raises(ParameterError) as raised:
        build()
    assert what in raised.value.what
    assert raised.value.cause
    assert raised.value.remedy.startswith(("type ", "give "))
