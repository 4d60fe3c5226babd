"""Laws over the whole catalogue: homomorphism, algebra, samplers, exact averages, texts, pickles."""

import math
import pickle

import numpy as np
import pytest
import scipy.linalg
from scipy.spatial.transform import Rotation

import haarwire as hw
from haarwire.errors import NoSamplerError, NotCompactError
from haarwire.groups import Representation, from_name
from haarwire.groups.naming import EXAMPLES
from strategies import NOT_COMPACT, SMALL


def euler(R):
    """Angles of a rotation matrix, R = R_z(α) R_y(β) R_z(γ)."""
    return math.atan2(R[1, 2], R[0, 2]), math.acos(R[2, 2]), math.atan2(R[2, 1], -R[2, 0])


def rotation(angles):
    return Rotation.from_euler("ZYZ", angles).as_matrix()


def spinor(angles):
    a, b, c = angles
    half = np.array([[1, 0], [0, 1]]) * math.cos(b / 2) + np.array([[0, -1], [1, 0]]) * math.sin(b / 2)
    return np.diag(np.exp([-0.5j * a, 0.5j * a])) @ half @ np.diag(np.exp([-0.5j * c, 0.5j * c]))


def spin_euler(U):
    beta = 2 * math.acos(min(1.0, abs(U[0, 0])))
    total, difference = -2 * np.angle(U[0, 0]), 2 * np.angle(U[1, 0])
    return (total + difference) / 2, beta, (total - difference) / 2


def multiplied(group, a, b):
    """The product of two abstract elements, written down anew for each kind of group."""
    if " ≀ " in group:
        inner = group[1 : group.rindex(") ≀ S_")]
        blocks = [multiplied(inner, g, b[0][i]) for g, i in zip(a[0], a[1], strict=True)]
        return tuple(blocks), b[1][a[1]]
    if group.startswith("S_") and "×" in group:
        return b[0][a[0]], multiplied(group.split(" × ")[1], a[1], b[1])
    if "×" in group:
        return tuple(x + y for x, y in zip(a, b, strict=True))
    if group == "SO(3)":
        return euler(rotation(a) @ rotation(b))
    if group == "O(3)":
        return euler(rotation(a[0]) @ rotation(b[0])), a[1] + b[1]
    if group == "SU(2)":
        return spin_euler(spinor(a) @ spinor(b))
    if group.startswith("torus"):
        return tuple(x + y for x, y in zip(a, b, strict=True))
    if group.startswith("D_"):
        return a[0] + (-1) ** a[1] * b[0], (a[1] + b[1]) % 2
    if group.startswith(("S_", "A_")):
        return b[a]
    if group.startswith(("B_", "rotations of the cube")):
        return b[0][a[0]], a[1] * b[1][a[0]]
    assert group.startswith(("C_", "SO(2)"))
    return a + b


@pytest.mark.parametrize("name", SMALL)
def test_act_is_a_homomorphism(name):
    rep = from_name(name)
    action, rng = rep.action, np.random.default_rng(0)
    for _ in range(5):
        a, b = action.draw(rng), action.draw(rng)
        product = action.act(a) @ action.act(b)
        expected = action.act(multiplied(action.group, a, b)).to_dense()
        np.testing.assert_allclose(product.to_dense(), expected, atol=1e-12)
        inverse = action.act(a).inverse()
        np.testing.assert_allclose((inverse @ action.act(a)).to_dense(), np.eye(rep.dim), atol=1e-13)


@pytest.mark.parametrize("name", SMALL)
def test_compact_entries(name):
    rep = from_name(name)
    assert from_name(rep.name).name == rep.name
    assert rep.is_orthogonal
    assert rep.is_compact
    assert rep.action.is_compact
    assert rep.dual is rep
    assert rep.is_finite == (rep.order != math.inf)
    assert rep.is_finite == (not rep.algebra)
    for g in rep.sample(0, 3):
        assert g.dim == rep.dim
        A = g.to_dense()
        np.testing.assert_allclose(A.T @ A, np.eye(rep.dim), atol=1e-13)
    for factor in rep.action.factors:
        assert factor.quadrature is not None
        assert set(factor.generators) <= set(range(len(rep.generators)))
        assert set(factor.algebra) <= set(range(len(rep.algebra)))
    covered = [i for factor in rep.action.factors for i in factor.generators]
    assert sorted(covered) == list(range(len(rep.generators)))
    assert sorted(j for f in rep.action.factors for j in f.algebra) == list(range(len(rep.algebra)))


@pytest.mark.parametrize("name", SMALL + NOT_COMPACT)
def test_pickles(name):
    rep = from_name(name)
    again = pickle.loads(pickle.dumps(rep + rep))  # noqa: S301
    assert (again.dim, again.is_compact) == (2 * rep.dim, rep.is_compact)
    if rep.action.draw is not None:
        A, B = again.sample(3).to_dense(), rep.sample(3).to_dense()
        np.testing.assert_array_equal(A, scipy.linalg.block_diag(B, B))


def commutant_projector(rep):
    """Projector on the matrices that ρ ⊗ ρ leaves fixed: dense null space, the slow way."""
    n, identity = rep.dim, np.eye(rep.dim)
    conditions = [np.kron(g.to_dense(), g.to_dense()) - np.eye(n * n) for g in rep.generators]
    for L in rep.algebra:
        D = L if isinstance(L, np.ndarray) else L.toarray()
        conditions.append(np.kron(D, identity) + np.kron(identity, D))
    if not conditions:
        return np.eye(n * n)
    G = sum(A.T @ A for A in conditions)
    values, vectors = np.linalg.eigh(G)
    Q = vectors[:, values < 1e-9 * max(1.0, values[-1])]
    return Q @ Q.T


@pytest.mark.parametrize("name", SMALL)
def test_quadratures_are_exact_averages_of_second_moments(name):
    rep = from_name(name)
    X = np.random.default_rng(1).standard_normal((rep.dim, 2 * rep.dim))
    M = X @ X.T
    average, action = M, rep.action
    for factor in reversed(action.factors):
        for level in reversed(factor.quadrature(2 * action.degree)):
            assert len(level.weights) == len(level.elements)
            assert math.isclose(level.weights.sum(), 1.0, rel_tol=1e-14)
            assert (level.weights > 0.0).all()
            terms = zip(level.weights, level.elements, strict=True)
            average = sum(w * action.act(u).conjugate(average) for w, u in terms)
    expected = (commutant_projector(rep) @ M.ravel()).reshape(M.shape)
    np.testing.assert_allclose(average, expected, atol=1e-12 * np.abs(M).max())
    np.testing.assert_allclose(hw.haar_average(M, rep), expected, atol=1e-12 * np.abs(M).max())


@pytest.mark.parametrize("name", SMALL)
def test_samples_follow_haar_measure(name):
    rep = from_name(name)
    rng = np.random.default_rng(5)
    size = 400
    drawn = rep.sample(rng, size)
    x, y, z = rng.standard_normal((3, rep.dim))
    still = rep.sample(rng)
    fixed = hw.reynolds_operator(rep) @ x
    second = hw.haar_average(np.outer(x, x), rep)
    for order in (lambda g: g, lambda g: still @ g, lambda g: g @ still, lambda g: g.inverse()):
        moved = np.stack([order(g).apply(x) for g in drawn])
        for values, expected in ((moved @ y, fixed @ y), ((moved @ y) * (moved @ z), y @ second @ z)):
            error = values.std() / math.sqrt(size)
            assert abs(values.mean() - expected) <= 5.0 * error + 1e-12


@pytest.mark.parametrize("name", NOT_COMPACT)
def test_what_is_not_compact_says_so(name):
    rep = from_name(name)
    assert from_name(rep.name).name == rep.name
    assert not rep.is_compact
    assert not rep.is_orthogonal
    assert rep.order == math.inf
    assert not Representation(rep.dim, rep.generators, rep.algebra).is_compact
    with pytest.raises(NoSamplerError, match="no exact sampler"):
        rep.sample()
    with pytest.raises(NotCompactError, match="not compact"):
        hw.haar_average(np.eye(rep.dim), rep)


def test_no_entry_is_left_out():
    tested = {name.partition(":")[0] for name in SMALL + NOT_COMPACT}
    assert tested == set(EXAMPLES)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_example_of_each_name_is_the_name_of_what_it_builds(name):
    assert from_name(EXAMPLES[name]).name == EXAMPLES[name]


COMMUTATORS = {
    "so3:0=1,1=2,2=1,5=1": 3,
    "so3_vectors:2": 3,
    "so3_tensors:3": 3,
    "o3:1e=1,2o=1": 3,
    "o3_vectors:2": 3,
    "su2:1=1,2=1,7=1": 3,
    "point_clouds:2,n_scalars=1": 3,
    "lorentz_vectors:2": 6,
    "so13_tensors:2": 6,
    "rigid_motions:3": 6,
}


@pytest.mark.parametrize("name", COMMUTATORS)
def test_commutation_relations(name):
    algebra = [L if isinstance(L, np.ndarray) else L.toarray() for L in from_name(name).algebra]
    assert len(algebra) == COMMUTATORS[name]
    J, K = algebra[:3], algebra[3:]
    epsilon = np.zeros((3, 3, 3))
    for i, j, k in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        epsilon[i, j, k], epsilon[j, i, k] = 1.0, -1.0
    # What two boosts, or two translations, make together.
    square = -1.0 if "rigid" not in name else 0.0
    for i in range(3):
        for j in range(3):
            np.testing.assert_allclose(
                J[i] @ J[j] - J[j] @ J[i], np.tensordot(epsilon[i, j], J, 1), atol=1e-12
            )
            if K:
                np.testing.assert_allclose(
                    J[i] @ K[j] - K[j] @ J[i], np.tensordot(epsilon[i, j], K, 1), atol=1e-12
                )
                np.testing.assert_allclose(
                    K[i] @ K[j] - K[j] @ K[i], square * np.tensordot(epsilon[i, j], J, 1), atol=1e-12
                )


LIE = [name for name in SMALL if name.startswith(("so", "o3", "su2", "unitary", "translations"))]


@pytest.mark.parametrize("name", LIE)
def test_the_algebra_generates_the_elements(name):
    rep, t = from_name(name), 0.7
    algebra = [L if isinstance(L, np.ndarray) else L.toarray() for L in rep.algebra]
    exponentials = [scipy.linalg.expm(t * L) for L in algebra]
    if rep.action.group == "SO(2)":
        elements = [t]
    elif rep.action.group.startswith("torus"):
        elements = [tuple(t * e) for e in np.eye(len(algebra))]
    else:
        quarter = math.pi / 2  # a turn about x is one about z, between those that exchange the axes
        elements = [(-quarter, t, quarter), (0.0, t, 0.0), (t, 0.0, 0.0)]
        if rep.action.group == "O(3)":
            elements = [(angles, 0) for angles in elements]
    for expected, element in zip(exponentials, elements, strict=True):
        np.testing.assert_allclose(rep.action.act(element).to_dense(), expected, atol=1e-13)
