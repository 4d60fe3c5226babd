"""`InvariantPolynomialFeatures` against Molien's series and averages of monomials over the listed group."""

from __future__ import annotations

from itertools import combinations_with_replacement

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="estimators need the 'sklearn' extra")

from sklearn.preprocessing import PolynomialFeatures

import haarwire as hw
from haarwire.estimators import InvariantPolynomialFeatures, InvariantProjection
from oracles import enumerate_group

TURN = np.array([[0.0, -1.0], [1.0, 0.0]])
SKEW = np.array([[1.0, 2.0], [0.0, 1.0]])

GROUPS = {
    "trivial": hw.groups.trivial(3),
    "shifts": hw.groups.cyclic_shifts(4),
    "images": hw.groups.image_rotations(3, reflections=True),
    "sets": hw.groups.permutations_of_sets(3, 2),
    "graphs": hw.groups.permutations_of_graphs(3),
    "signed": hw.groups.hyperoctahedral(3),
    "a quarter turn": hw.Representation(2, (hw.Matrix(TURN),)),
    "a third of a turn": hw.Representation(
        2, (hw.Matrix(np.array([[-0.5, -np.sqrt(0.75)], [np.sqrt(0.75), -0.5]])),)
    ),
    "non-orthogonal": hw.Representation(2, (hw.Matrix(SKEW @ TURN @ np.linalg.inv(SKEW)),)),
}


def elements_of(rep: hw.Representation) -> np.ndarray:
    return enumerate_group([g.to_dense() for g in rep.generators], rep.dim)


def molien(elements: np.ndarray, degree: int) -> int:
    """Mean over the group of h_k of the eigenvalues, from power sums by Newton's identities."""
    powers = np.array(
        [[np.trace(np.linalg.matrix_power(g, k)) for k in range(1, degree + 1)] for g in elements]
    )
    h = [np.ones(len(elements))]
    for k in range(1, degree + 1):
        h.append(sum(powers[:, i - 1] * h[k - i] for i in range(1, k + 1)) / k)
    return round(float(h[degree].mean()))


@pytest.mark.parametrize("degree", [1, 2, 3, 4])
@pytest.mark.parametrize("rep", GROUPS.values(), ids=GROUPS)
def test_there_are_as_many_as_molien_counts(rep: hw.Representation, degree: int) -> None:
    elements = elements_of(rep)
    counts = [molien(elements, k) for k in range(1, degree + 1)]
    features = InvariantPolynomialFeatures(rep, degree=degree, include_bias=True).fit(np.zeros((1, rep.dim)))
    assert [subspace.dim for subspace in features.subspaces_] == counts
    assert features.n_output_features_ == 1 + sum(counts)
    assert features.transform(np.ones((2, rep.dim))).shape == (2, 1 + sum(counts))


@pytest.mark.parametrize("rep", GROUPS.values(), ids=GROUPS)
def test_their_span_is_that_of_averaged_monomials(rep: hw.Representation) -> None:
    """Values at random points: the rank of both together is that of each."""
    elements, n = elements_of(rep), rep.dim
    points = np.random.default_rng(0).standard_normal((200, n))
    for degree in (2, 3):
        features = InvariantPolynomialFeatures(rep, degree=degree, include_bias=True).fit(points)
        monomials = [v for k in range(degree + 1) for v in combinations_with_replacement(range(n), k)]
        moved = [points @ g.T for g in elements]
        averaged = [np.mean([x[:, list(v)].prod(axis=1) for x in moved], axis=0) for v in monomials]
        found, expected = features.transform(points), np.array(averaged).T
        rank = np.linalg.matrix_rank(expected, rtol=1e-9)
        assert found.shape[1] == np.linalg.matrix_rank(found, rtol=1e-9) == rank
        assert np.linalg.matrix_rank(np.hstack([found, expected]), rtol=1e-9) == rank


@pytest.mark.parametrize("rep", GROUPS.values(), ids=GROUPS)
def test_they_are_invariant(rep: hw.Representation) -> None:
    points = np.random.default_rng(0).standard_normal((20, rep.dim))
    features = InvariantPolynomialFeatures(rep, degree=3, include_bias=True).fit(points)
    expected = features.transform(points)
    for g in rep.sample(0, size=5):
        np.testing.assert_allclose(features.transform(g.apply(points)), expected, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("name", [name for name, rep in GROUPS.items() if rep.is_orthogonal])
def test_inner_products_are_the_averaged_polynomial_kernel(name: str) -> None:
    rep = GROUPS[name]
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((5, rep.dim)), rng.standard_normal((6, rep.dim))
    features = InvariantPolynomialFeatures(rep, degree=3, include_bias=True).fit(x)
    kernel = np.mean([sum((x @ g.T @ y.T) ** k for k in range(4)) for g in elements_of(rep)], axis=0)
    np.testing.assert_allclose(features.transform(x) @ features.transform(y).T, kernel, rtol=1e-10)


def test_without_a_symmetry_they_are_all_monomials_in_scikit_learns_order() -> None:
    X = np.random.default_rng(0).standard_normal((10, 3))
    features = InvariantPolynomialFeatures(degree=3, include_bias=True).fit(X)
    known = PolynomialFeatures(3).fit(X)
    assert features.get_feature_names_out().tolist() == known.get_feature_names_out().tolist()
    ratio = features.transform(X) / known.transform(X)
    np.testing.assert_allclose(ratio, ratio[:1].repeat(10, axis=0))
    assert set(np.round(ratio[0] ** 2).astype(int)) == {1, 2, 3, 6}


def test_degree_one_is_the_projection() -> None:
    X = np.random.default_rng(0).standard_normal((5, 9))
    features = InvariantPolynomialFeatures("image_rotations", degree=1).fit(X)
    projection = InvariantProjection("image_rotations").fit(X)
    np.testing.assert_array_equal(features.transform(X), projection.transform(X))
    assert features.get_feature_names_out().tolist() == projection.get_feature_names_out().tolist()


def test_lie_groups_have_their_classical_invariants() -> None:
    """Inner products of vectors, and their determinants where reflections are not in the group (Weyl)."""
    one = InvariantPolynomialFeatures("so3_vectors:1", degree=2).fit(np.zeros((1, 3)))
    np.testing.assert_allclose(np.abs(one.transform([[1.0, 2.0, 2.0]])), [[9.0 / np.sqrt(3.0)]])
    two = InvariantPolynomialFeatures("o3_vectors", degree=2).fit(np.zeros((1, 6)))
    products = ["x0^2 + x1^2 + x2^2", "x0 x3 + x1 x4 + x2 x5", "x3^2 + x4^2 + x5^2"]
    assert two.get_feature_names_out().tolist() == products
    three = InvariantPolynomialFeatures("so3_vectors", degree=3).fit(np.zeros((1, 9)))
    V = np.random.default_rng(0).standard_normal((7, 3, 3))
    found = three.transform(V.reshape(7, 9))
    assert found.shape == (7, 7)
    ratio = found[:, -1] / np.linalg.det(V)
    np.testing.assert_allclose(ratio, ratio[0])
    spacetime = InvariantPolynomialFeatures("lorentz_vectors", degree=2).fit(np.zeros((1, 4)))
    assert spacetime.get_feature_names_out().tolist() == ["x0^2 - x1^2 - x2^2 - x3^2"]


def test_names_are_the_polynomials_up_to_a_factor() -> None:
    """z²w̄ of a turn of z = x0 + i x1 by θ and w = x2 + i x3 by 2θ has coefficients other than ±1."""
    rep = hw.groups.so2([1, 2])
    features = InvariantPolynomialFeatures(rep, degree=3).fit(np.zeros((1, 4)))
    points = np.random.default_rng(0).standard_normal((9, 4))
    for name, values in zip(features.get_feature_names_out(), features.transform(points).T, strict=True):
        code = name.replace("^", "**").replace(" x", "*x").replace("+*", "+ ").replace("-*", "- ")
        expected = eval(code, dict(zip(("x0", "x1", "x2", "x3"), points.T, strict=True)))  # noqa: S307
        np.testing.assert_allclose(values / expected, values[0] / expected[0], err_msg=name)
    assert any("2 x" in name for name in features.get_feature_names_out())


def test_sizes_of_digits_and_of_molecules() -> None:
    digits = InvariantPolynomialFeatures("image_rotations", degree=2).fit(np.zeros((1, 64)))
    # Molien: the mean of (tr² + tr of the square)/2 over the four turns.
    traces = [(64, 64), (0, 0), (0, 64), (0, 0)]
    assert digits.subspaces_[1].dim == sum(t**2 + s for t, s in traces) // 8
    molecules = InvariantPolynomialFeatures("permutations_of_sets:14x12", degree=2).fit(np.zeros((1, 168)))
    # Products of sums, and sums of products: 12·13/2 of each.
    assert [subspace.dim for subspace in molecules.subspaces_] == [12, 2 * 78]


def test_names_are_the_orbits_of_monomials() -> None:
    features = InvariantPolynomialFeatures("reflection", degree=2, include_bias=True).fit(np.zeros((1, 2)))
    assert features.get_feature_names_out().tolist() == ["1", "x0 + x1", "x0^2 + x1^2", "x0 x1"]
    assert features.get_feature_names_out(["a", "b"]).tolist() == ["1", "a + b", "a^2 + b^2", "a b"]
    many = InvariantPolynomialFeatures("cyclic_shifts", degree=2).fit(np.zeros((1, 5)))
    assert many.get_feature_names_out().tolist() == [
        "x0 + … + x4 (5 terms)",
        "x0^2 + … + x4^2 (5 terms)",
        "x0 x1 + … + x3 x4 (5 terms)",
        "x0 x2 + … + x2 x4 (5 terms)",
    ]


def test_chunks_of_rows_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    X = np.random.default_rng(0).standard_normal((37, 9))
    features = InvariantPolynomialFeatures("image_rotations", degree=2).fit(X)
    whole = features.transform(X)
    monkeypatch.setattr("haarwire.estimators.polynomials._CHUNK_BYTES", 8 * 45 * 5)
    np.testing.assert_allclose(features.transform(X), whole, rtol=1e-14)


def test_float32_stays_float32() -> None:
    X = np.random.default_rng(0).standard_normal((5, 9)).astype(np.float32)
    for name in ("image_rotations", "so3_vectors"):
        features = InvariantPolynomialFeatures(name, degree=2).fit(X)
        assert features.transform(X).dtype == np.float32


def test_absurd_sizes_are_refused_with_the_number_of_monomials() -> None:
    X = np.zeros((1, 784))
    with pytest.raises(
        hw.ParameterError, match=r"784 features have 80,622,640 monomials of degree 3"
    ) as caught:
        InvariantPolynomialFeatures("image_rotations", degree=3).fit(X)
    assert "max_monomials=80622640" in caught.value.remedy
    dense = hw.Representation(90, (hw.Matrix(np.eye(90) - 2.0 / 90.0),))
    message = (
        r"90 features have 4,095 monomials of degree 2, of which matrices mix up to 4,095: more than 3,000"
    )
    with pytest.raises(hw.ParameterError, match=message):
        InvariantPolynomialFeatures(dense, degree=2).fit(np.zeros((1, 90)))
    # Rotations of thirty vectors mix nine of them at a time.
    assert InvariantPolynomialFeatures("so3_vectors").fit(np.zeros((1, 90))).n_output_features_ == 465
    with pytest.raises(hw.ParameterError, match="6 monomials of degree 2: more than 5"):
        InvariantPolynomialFeatures("reflection", max_monomials=5).fit(np.zeros((1, 3)))
    with pytest.raises(hw.ParameterError, match="max_monomials must be a positive integer or None"):
        InvariantPolynomialFeatures("reflection", max_monomials=0).fit(np.zeros((1, 3)))


@pytest.mark.parametrize("degree", [0, 1.5, True, (1, 2)])
def test_bad_degrees_are_refused(degree: object) -> None:
    with pytest.raises(hw.ParameterError, match="degree must be a positive integer"):
        InvariantPolynomialFeatures(degree=degree).fit(np.zeros((1, 3)))  # type: ignore[arg-type]


def test_a_group_without_low_invariants_is_refused() -> None:
    flip = hw.Representation(2, (hw.SignedPermutation([0, 1], [-1, -1]),))
    with pytest.raises(hw.ParameterError, match="no polynomial of degree 1 to 1 is invariant"):
        InvariantPolynomialFeatures(flip, degree=1).fit(np.zeros((1, 2)))
    constant = InvariantPolynomialFeatures(flip, degree=1, include_bias=True).fit(np.zeros((1, 2)))
    np.testing.assert_array_equal(constant.transform(np.zeros((3, 2))), np.ones((3, 1)))
