"""Finite groups: orders against sympy, orbits against Burnside, invariant polynomials against Molien."""

import itertools
import math

import numpy as np
import pytest
from sympy.combinatorics import Permutation as SympyPermutation
from sympy.combinatorics import PermutationGroup
from sympy.combinatorics.named_groups import AlternatingGroup, CyclicGroup, DihedralGroup, SymmetricGroup

import haarwire as hw
from haarwire.errors import GroupTooLargeError, ParameterError
from haarwire.groups import (
    alternating,
    cube_rotations,
    cyclic_shifts,
    dihedral,
    from_name,
    hom,
    hyperoctahedral,
    image_rotations,
    permutations,
    permutations_of_tensors,
    symmetric_power,
)
from haarwire.groups._actions import is_even


@pytest.mark.parametrize(
    ("rep", "twin"),
    [(alternating(n), AlternatingGroup(n)) for n in (3, 4, 5, 6, 7)]
    + [(permutations(n), SymmetricGroup(n)) for n in (2, 3, 6)]
    + [(dihedral(n), DihedralGroup(n)) for n in (3, 4, 5, 8)]
    + [(cyclic_shifts(n), CyclicGroup(n)) for n in (2, 6, 9)],
    ids=str,
)
def test_the_same_groups_as_those_of_sympy(rep, twin):
    mine = PermutationGroup([SympyPermutation(g.indices.tolist()) for g in rep.generators])
    assert mine.order() == twin.order() == rep.order
    assert mine.is_abelian == twin.is_abelian
    assert mine.derived_subgroup().order() == twin.derived_subgroup().order()
    assert all(mine.contains(SympyPermutation(g.indices.tolist())) for g in rep.sample(0, 10))


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5])
def test_parity(n):
    for p in itertools.permutations(range(n)):
        inversions = sum(p[i] > p[j] for i in range(n) for j in range(i + 1, n))
        assert is_even(np.array(p)) == (inversions % 2 == 0)


def test_huge_alternating_groups_cost_nothing():
    rep = alternating(10**5)
    assert "about 10^456573" in repr(rep)
    assert is_even(rep.sample(0).indices)
    assert rep.is_finite


def test_the_orders_of_huge_groups_wait_until_they_are_asked_for():
    rep = permutations(10**7)
    assert "about 10^65657059" in repr(rep)
    assert (rep + rep).is_finite
    with pytest.raises(GroupTooLargeError, match=r"about 10\^65657059 elements") as raised:
        rep.order  # noqa: B018
    assert "hours" in raised.value.cause
    assert "log10" in raised.value.remedy
    assert permutations(10001).order == math.factorial(10001)
    assert alternating(10001).order == math.factorial(10001) // 2
    assert hyperoctahedral(10001).order == 2**10001 * math.factorial(10001)
    assert hw.groups.wreath(10001, 2).order == 2 * math.factorial(10001) ** 2


PERMUTATION_NAMES = [
    "cyclic_shifts:6",
    "dihedral:6",
    "image_rotations:3,reflections=true",
    "cube_rotations:3",
    "cube_rotations:3,channels=2,reflections=true",
    "cube_rotations:4",
    "alternating:5",
    "permutations_of_graphs:4",
    "permutations_of_tensors:3x3",
    "wreath:permutations:3,copies=2",
    "wreath:cyclic_shifts:4,copies=2",
    "reverse_complement:3",
]


@pytest.mark.parametrize("name", PERMUTATION_NAMES)
def test_burnside(name):
    rep = from_name(name)
    fixed = [int((g.indices == np.arange(rep.dim)).sum()) for g in rep.elements()]
    orbits, rest = divmod(sum(fixed), rep.order)
    assert rest == 0
    assert hw.invariant_subspace(rep).dim == orbits


def test_invariants_of_tensors_are_bell_numbers():
    assert [hw.invariant_subspace(permutations_of_tensors(6, k)).dim for k in (1, 2, 3, 4, 5)] == [
        1,
        2,
        5,
        15,
        52,
    ]
    # At most n heaps: sums of Stirling numbers.
    assert hw.invariant_subspace(permutations_of_tensors(2, 4)).dim == 1 + 7
    assert hw.invariant_subspace(permutations_of_tensors(3, 4)).dim == 1 + 7 + 6


def molien(rep, degree):
    """Coefficient of t^degree of the mean of 1/det(1 − t ρ(g)): power sums to complete symmetric ones."""
    total = 0.0
    for g in rep.elements():
        A = g.to_dense()
        powers = [np.trace(np.linalg.matrix_power(A, k)) for k in range(1, degree + 1)]
        h = [1.0]
        for k in range(1, degree + 1):
            h.append(sum(powers[i - 1] * h[k - i] for i in range(1, k + 1)) / k)
        total += h[degree]
    return total / rep.order


@pytest.mark.parametrize(
    "rep", [hyperoctahedral(3), hyperoctahedral(2), alternating(4), dihedral(5), permutations(4)], ids=str
)
@pytest.mark.parametrize("degree", [1, 2, 3, 4])
def test_molien(rep, degree):
    assert hw.invariant_subspace(symmetric_power(rep, degree)).dim == round(molien(rep, degree))


def test_invariant_polynomials_of_the_cube():
    # 1/((1 − t²)(1 − t⁴)(1 − t⁶)). A_4 has the Vandermonde determinant, of degree 6, beside those of S_4.
    found = [hw.invariant_subspace(symmetric_power(hyperoctahedral(3), k)).dim for k in range(1, 7)]
    assert found == [0, 1, 0, 2, 0, 3]
    both = [hw.invariant_subspace(symmetric_power(rep, 6)).dim for rep in (permutations(4), alternating(4))]
    assert both[1] - both[0] == 1


def test_cube_rotations_are_those_of_numpy():
    rng = np.random.default_rng(0)
    volumes = rng.standard_normal((5, 3, 3, 3, 2))
    X = volumes.reshape(5, -1)
    first, second = cube_rotations(3, channels=2).generators
    np.testing.assert_array_equal(first.apply(X), np.rot90(volumes, axes=(1, 2)).reshape(5, -1))
    np.testing.assert_array_equal(second.apply(X), np.rot90(volumes, axes=(2, 3)).reshape(5, -1))
    exchange, cycle, flip = cube_rotations(3, channels=2, reflections=True).generators
    np.testing.assert_array_equal(exchange.apply(X), volumes.swapaxes(1, 2).reshape(5, -1))
    np.testing.assert_array_equal(cycle.apply(X), np.moveaxis(volumes, 1, 3).reshape(5, -1))
    np.testing.assert_array_equal(flip.apply(X), volumes[:, ::-1].reshape(5, -1))


def test_the_centre_of_mass_of_a_volume_is_a_vector():
    side = 4
    axis = np.arange(side) - (side - 1) / 2
    W = np.stack([x.ravel() for x in np.meshgrid(axis, axis, axis, indexing="ij")])
    volumes, vectors = cube_rotations(side, reflections=True), hyperoctahedral(3)
    for g, h in zip(volumes.generators, vectors.generators, strict=True):
        np.testing.assert_allclose(g.pull_back(W), h.to_dense() @ W)
    rng = np.random.default_rng(0)
    for _ in range(10):
        u = volumes.action.draw(rng)
        np.testing.assert_allclose(volumes.action.act(u).pull_back(W), vectors.action.act(u).to_dense() @ W)


def test_polygons_and_images_turn_together():
    # A 2×2 image is a square with its corners.
    corners, images = dihedral(4), image_rotations(2, reflections=True)
    assert hw.invariant_subspace(hom(corners, images)).dim == hw.invariant_subspace(hom(images, images)).dim
    assert (corners + images).action is not None


@pytest.mark.parametrize("n", [1, 2])
def test_polygons_have_three_corners(n):
    with pytest.raises(ParameterError, match="3 corners or more") as raised:
        dihedral(n)
    assert "faithfully" in raised.value.cause
    assert "reflection(2)" in raised.value.remedy
