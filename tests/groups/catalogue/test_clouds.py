"""Point clouds: permutations and rotations act together, and vectors move with them."""

import numpy as np
import pytest
import scipy.linalg

import haarwire as hw
from haarwire.errors import ParameterError
from haarwire.groups import hom, point_cloud_vectors, point_clouds, so3_vectors


@pytest.mark.parametrize("reflections", [False, True])
def test_clouds_move_by_matrices(reflections):
    rng = np.random.default_rng(0)
    cloud = rng.standard_normal((4, 5))
    rep = point_clouds(4, n_scalars=2, reflections=reflections)
    for _ in range(4):
        p, g = rep.action.draw(rng)
        angles, sign = (g[0], (-1) ** g[1]) if reflections else (g, 1)
        R = sign * so3_vectors(1).action.act(angles).to_dense()
        moved = np.eye(4)[p] @ cloud @ scipy.linalg.block_diag(R, np.eye(2)).T
        got = rep.action.act((p, g)).apply(cloud.ravel())
        np.testing.assert_allclose(got, moved.ravel(), atol=1e-14)
    same = rep.action.act((None, None)).apply(cloud.ravel())
    np.testing.assert_array_equal(same, cloud.ravel())


@pytest.mark.parametrize("reflections", [False, True])
def test_the_dipole_is_an_equivariant_map(reflections):
    clouds = point_clouds(4, n_scalars=1, reflections=reflections)
    vectors = point_cloud_vectors(4, reflections=reflections)
    W = np.tile(np.eye(3, 4), 4)  # the sum of the coordinates
    rng = np.random.default_rng(0)
    for _ in range(5):
        u = clouds.action.draw(rng)
        left = clouds.action.act(u).pull_back(W)
        np.testing.assert_allclose(left, vectors.action.act(u).to_dense() @ W, atol=1e-13)
    # It is the only one, and the sum of the scalars the only invariant.
    assert hw.invariant_subspace(hom(clouds, vectors)).dim == 1
    assert hw.invariant_subspace(clouds).dim == 1
    assert hw.invariant_subspace(hom(clouds, clouds.trivial(3))).dim == 3


def test_second_order_invariants_of_clouds():
    # Pairs of points: the same or different, so 2 inner products, and 2·1 products of scalars.
    rep = point_clouds(5, n_scalars=1)
    assert hw.invariant_subspace(rep * rep).dim == 4


def test_large_clouds_stay_sparse():
    rep = point_clouds(20000, n_scalars=1)
    assert rep.dim == 80000
    x = np.random.default_rng(0).standard_normal(rep.dim)
    moved = rep.sample(0).apply(x)
    np.testing.assert_allclose(np.linalg.norm(moved), np.linalg.norm(x))


@pytest.mark.parametrize(
    "build",
    [
        lambda: point_clouds(0),
        lambda: point_clouds(3, -1),
        lambda: point_clouds(3, False),
        lambda: point_clouds(3, 1.5),
        lambda: point_clouds(3, reflections=1),
        lambda: point_cloud_vectors(3, 0),
        lambda: point_cloud_vectors(3, reflections="yes"),
    ],
)
def test_sizes_are_checked(build):
    with pytest.raises(ParameterError, match="must be") as raised:
        build()
    assert raised.value.cause
    assert raised.value.remedy
