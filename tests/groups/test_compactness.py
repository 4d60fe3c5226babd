"""Compact or not, and the average over a compact group, for groups in good and in bad coordinates."""

import numpy as np
import pytest
import scipy.sparse as sp

from haarwire.errors import ConvergenceError
from haarwire.groups import (
    Matrix,
    Permutation,
    Representation,
    cyclic_shifts,
    image_rotations,
    permutations,
    permutations_of_sets,
    reflection,
)
from haarwire.invariants.fixed_projection import check_converged, fixed_projection, largest_change


def change_of_basis(n, condition, seed=0):
    rng = np.random.default_rng(seed)
    U, V = (np.linalg.qr(rng.standard_normal((n, n)))[0] for _ in range(2))
    return U * np.geomspace(1.0, 1.0 / condition, n) @ V


def conjugated(rep, S):
    T = np.linalg.inv(S)
    return Representation(
        rep.dim,
        [Matrix(S @ g.to_dense() @ T) for g in rep.generators],
        [S @ L @ T for L in rep.algebra],
    )


def turn(angle):
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def group(*matrices, algebra=()):
    return Representation(len((*matrices, *algebra)[0]), list(map(Matrix, matrices)), algebra)


SPIN = np.array([[0.0, -1.0, 0.5], [1.0, 0.0, 0.0], [-0.5, 0.0, 0.0]])
COMPACT = {
    "permutations": permutations(6),
    "few permutations": permutations(3),
    "cycle": cyclic_shifts(12),
    "images": image_rotations(4, reflections=True),
    "sets": permutations_of_sets(4, 2),
    "reflection": reflection(5),
    "long cycle": cyclic_shifts(40),
    "turn by 1": group(turn(1.0)),
    "turn by 0.001": group(turn(1e-3)),
    "all turns": group(algebra=[turn(np.pi / 2)]),
    "spin": group(algebra=[SPIN]),
    "turns of space": group(algebra=[SPIN, np.diag([1.0, 0.0], 1) - np.diag([1.0, 0.0], -1)]),
}


@pytest.mark.parametrize("condition", [1.0, 10.0, 1e3])
@pytest.mark.parametrize("name", COMPACT)
def test_compact(name, condition):
    rep = COMPACT[name]
    for seed in range(3):
        assert conjugated(rep, change_of_basis(rep.dim, condition, seed)).is_compact


BOOST = np.array([[np.cosh(0.1), np.sinh(0.1)], [np.sinh(0.1), np.cosh(0.1)]])
NOT_COMPACT = {
    "shear": group([[1, 1], [0, 1]]),
    "small shear": group([[1, 1e-6], [0, 1]]),
    "hyperbolic": group([[2, 1], [1, 1]]),
    "boost": group(BOOST),
    "boost and turn": group(np.kron(np.eye(2), BOOST) + 0.0, np.kron(turn(1.0), np.eye(2))),
    "stretch": group([[2, 0], [0, 0.5]]),
    "slight stretch": group([[1 + 1e-6, 0], [0, 1 / (1 + 1e-6)]]),
    "scale": group(1.01 * np.eye(3)),
    "SL(2, Z)": group([[0, -1], [1, 0]], [[0, -1], [1, 1]]),
    "two reflections": group([[1, 0], [0, -1]], [[1, 2], [0, -1]]),
    "Jordan block": group([[1, 1, 0], [0, 1, 1], [0, 0, 1]]),
    "turning Jordan block": group(np.block([[turn(1.0), np.eye(2)], [np.zeros((2, 2)), turn(1.0)]])),
    "nilpotent": group(algebra=[[[0, 1], [0, 0]]]),
    "Lorentz algebra": group(algebra=[[[0, 1], [1, 0]]]),
    "turn that grows": group(algebra=[[[0.01, -1], [1, 0.01]]]),
    "large": Representation(
        40, [Matrix([[1.0, 1.0], [0.0, 1.0]]).direct_sum(cyclic_shifts(38).generators[0])]
    ),
}


@pytest.mark.parametrize("condition", [1.0, 10.0, 1e3])
@pytest.mark.parametrize("name", NOT_COMPACT)
def test_not_compact(name, condition):
    rep = NOT_COMPACT[name]
    assert not rep.is_compact
    for seed in range(3):
        assert not conjugated(rep, change_of_basis(rep.dim, condition, seed)).is_compact


def test_compactness_of_sparse_generators_and_algebra():
    shear = sp.csr_array(np.array([[1.0, 1.0], [0.0, 1.0]]))
    assert not Representation(2, [Matrix(shear)]).is_compact
    assert Representation(2, algebra=[sp.csr_array((2, 2))]).is_compact
    assert Representation(2, algebra=[sp.csr_array(np.array([[0.0, -4.0], [1.0, 0.0]]))]).is_compact


def enumerated_average(rep, S, M):
    T = np.linalg.inv(S)
    K = T @ M @ T.T
    return S @ (sum(g.conjugate(K) for g in rep.elements()) / rep.order) @ S.T


@pytest.mark.parametrize(
    ("rep", "condition", "tol"),
    [
        (permutations(5), 10.0, 1e-13),
        (cyclic_shifts(30), 10.0, 1e-13),
        (image_rotations(5, reflections=True), 10.0, 1e-13),
        (permutations_of_sets(5, 6), 10.0, 1e-13),
        (permutations_of_sets(4, 3), 1e3, 1e-10),
        (cyclic_shifts(60), 10.0, 1e-12),
    ],
    ids=str,
)
def test_averages_are_those_of_the_listed_group(rep, condition, tol):
    rng = np.random.default_rng(3)
    S = change_of_basis(rep.dim, condition)
    X = rng.standard_normal((rep.dim, rep.dim))
    M = X @ X.T
    moved = conjugated(rep, S)
    got, defect = fixed_projection(moved.generators, moved.algebra, M, moved.orthogonalizing_basis)
    expected = enumerated_average(rep, S, M)
    assert np.linalg.norm(got - expected) <= tol * np.linalg.norm(expected)
    assert defect <= tol
    check_converged(defect, "a finite group")


def test_the_average_of_an_orthogonal_action():
    rep = permutations_of_sets(4, 3)
    X = np.random.default_rng(0).standard_normal((12, 12))
    got, defect = fixed_projection(rep.generators, (), X @ X.T)
    expected = enumerated_average(rep, np.eye(12), X @ X.T)
    assert np.linalg.norm(got - expected) <= 1e-14 * np.linalg.norm(expected)
    assert defect <= 1e-14


def test_the_average_over_all_turns_is_a_multiple_of_the_identity():
    S = change_of_basis(2, 50.0)
    rep = conjugated(COMPACT["all turns"], S)
    M = np.array([[2.0, 1.0], [1.0, 3.0]])
    got, _ = fixed_projection((), rep.algebra, M, rep.orthogonalizing_basis)
    T = np.linalg.inv(S)
    expected = S @ S.T * np.trace(T @ M @ T.T) / 2.0
    np.testing.assert_allclose(got, expected, rtol=1e-11)


def test_where_there_is_no_average_the_defect_says_so():
    rep = NOT_COMPACT["shear"]
    assert rep.orthogonalizing_basis is None
    _, defect = fixed_projection(rep.generators, (), np.eye(2))
    assert defect > 0.1
    with pytest.raises(ConvergenceError, match="invariant to") as raised:
        check_converged(defect, "shears")
    assert "close to the identity" in raised.value.cause
    assert "algebra=(L,)" in raised.value.remedy
    with pytest.raises(ConvergenceError):
        check_converged(float("nan"), "shears")


def test_a_change_that_is_no_number_is_not_passed_over():
    still, broken = np.zeros((2, 2)), np.array([[np.nan, 0.0], [0.0, 0.0]])
    assert np.isnan(largest_change((), [still, broken], np.eye(2)))
    assert np.isnan(largest_change((), [broken, still], np.eye(2)))


def test_zero_is_its_own_average():
    got, defect = fixed_projection([Permutation([1, 0])], (), np.zeros((2, 2)))
    assert defect == 0.0
    assert not got.any()
