"""Isotypic decompositions against character theory."""

from __future__ import annotations

import importlib
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given

import haarwire as hw
from haarwire.invariants import IsotypicDecomposition
from oracles import enumerate_group
from strategies import (
    CATALOGUE,
    FINITE_GROUPS,
    block_diagonal,
    dense_generators,
    finite_representations,
    random_basis,
    random_orthogonal,
)

REPRESENTATION = importlib.import_module("haarwire.groups.representation")
ISOTYPIC = importlib.import_module("haarwire.invariants.isotypic")


def as_counts(decomposition: IsotypicDecomposition) -> list[tuple[int, int, str]]:
    return sorted((c.multiplicity, c.dim, c.type) for c in decomposition.components)


def check_against_characters(rep: hw.Representation, decomposition: IsotypicDecomposition) -> None:
    """⟨χ, χ⟩ and the Frobenius–Schur indicator by enumeration, and that all of it is really split.

    A real irreducible representation has ⟨χ, χ⟩ = 1, 2, 4 and mean χ(g²) = 1, 0, −2 for real, complex and
    quaternionic type.
    """
    # Irreducible ones beside ρ, so that elements correspond.
    parts = [c.irreducible for c in decomposition.components]
    joint = [
        block_diagonal([g, *(part.generators[k].to_dense() for part in parts)])
        for k, g in enumerate(dense_generators(rep))
    ]
    edges = np.cumsum([0, rep.dim, *(part.dim for part in parts)])
    elements = enumerate_group(joint, int(edges[-1]))
    chi = [np.array([np.trace(g[a:b, a:b]) for g in elements]) for a, b in pairwise(edges)]
    squares = [np.array([np.trace((g @ g)[a:b, a:b]) for g in elements]) for a, b in pairwise(edges)]
    for i, component in enumerate(decomposition.components, start=1):
        norm = {"real": 1.0, "complex": 2.0, "quaternionic": 4.0}[component.type]
        indicator = {"real": 1.0, "complex": 0.0, "quaternionic": -2.0}[component.type]
        assert np.mean(chi[i] ** 2) == pytest.approx(norm, abs=1e-8)
        assert np.mean(squares[i]) == pytest.approx(indicator, abs=1e-8)
        assert np.mean(chi[0] * chi[i]) / norm == pytest.approx(component.multiplicity, abs=1e-8)
        for j in range(1, i):
            assert np.mean(chi[i] * chi[j]) == pytest.approx(0.0, abs=1e-8)
    assert np.mean(chi[0] ** 2) == pytest.approx(decomposition.commutant_dim, abs=1e-7)


def check_bases(rep: hw.Representation, decomposition: IsotypicDecomposition) -> None:
    basis = np.concatenate([c.basis for c in decomposition.components], axis=1)
    dual = np.concatenate([c.dual for c in decomposition.components], axis=1)
    assert basis.shape == (rep.dim, rep.dim)
    np.testing.assert_allclose(dual.T @ basis, np.eye(rep.dim), atol=1e-9)
    if rep.is_orthogonal:
        np.testing.assert_allclose(dual, basis, atol=1e-12)
    for component in decomposition.components:
        pi = component.irreducible
        for g, h in zip(dense_generators(rep), dense_generators(pi), strict=True):
            np.testing.assert_allclose(h.T @ h, np.eye(pi.dim), atol=1e-10)
            for E in component.copies:
                np.testing.assert_allclose(g @ E, E @ h, atol=1e-8)
            for J in component.units:
                np.testing.assert_allclose(h @ J, J @ h, atol=1e-8)
        J = component.units
        np.testing.assert_allclose(J[0], np.eye(pi.dim), atol=1e-12)
        for a in range(1, len(J)):
            np.testing.assert_allclose(J[a] @ J[a], -np.eye(pi.dim), atol=1e-9)
            for b in range(1, a):
                np.testing.assert_allclose(J[a] @ J[b] + J[b] @ J[a], np.zeros_like(J[0]), atol=1e-9)


@given(finite_representations())
def test_random_representations(rep: hw.Representation) -> None:
    decomposition = hw.isotypic_decomposition(rep)
    check_bases(rep, decomposition)
    check_against_characters(rep, decomposition)


@pytest.mark.parametrize("rep", [r for r in CATALOGUE.values() if r.order <= 200], ids=str)
def test_catalogue(rep: hw.Representation) -> None:
    decomposition = hw.isotypic_decomposition(rep)
    check_bases(rep, decomposition)
    check_against_characters(rep, decomposition)
    assert decomposition.certificate == "dimension"


@pytest.mark.parametrize("n", [3, 4, 7, 12])
def test_cyclic_groups_are_of_complex_type(n: int) -> None:
    found = as_counts(hw.isotypic_decomposition(hw.groups.cyclic_shifts(n)))
    lines = 2 if n % 2 == 0 else 1
    assert found == [(1, 1, "real")] * lines + [(1, 2, "complex")] * ((n - lines) // 2)


def test_quaternions() -> None:
    (block,) = [b for b in FINITE_GROUPS["Q_8"] if len(b[0]) == 4]
    S = random_orthogonal(8, np.random.default_rng(0))
    rep = hw.Representation(8, [hw.Matrix(S @ block_diagonal([g, g]) @ S.T) for g in block])
    assert as_counts(hw.isotypic_decomposition(rep)) == [(2, 4, "quaternionic")]
    assert hw.isotypic_decomposition(rep).commutant_dim == 16


@pytest.mark.parametrize("n", [4, 6, 9])
def test_symmetric_groups_are_of_real_type(n: int) -> None:
    sets = hw.groups.permutations(n)
    graphs = hw.isotypic_decomposition(sets * sets)
    hook, two = n * (n - 3) // 2, (n - 1) * (n - 2) // 2
    assert as_counts(graphs) == sorted(
        [(2, 1, "real"), (3, n - 1, "real"), (1, hook, "real"), (1, two, "real")]
    )


def test_rotations_of_space() -> None:
    """V ⊗ V ⊗ V = 0 + 3·1 + 2·2 + 3 by Clebsch and Gordan."""
    decomposition = hw.isotypic_decomposition(hw.groups.so3_tensors(3))
    assert as_counts(decomposition) == [(1, 1, "real"), (1, 7, "real"), (2, 5, "real"), (3, 3, "real")]
    assert decomposition.certificate == "random element"
    assert decomposition.commutant_dim == 15
    assert decomposition.components[0].is_trivial


def test_su2_on_four_real_coordinates_is_quaternionic() -> None:
    i = np.array([[0, -1, 0, 0], [1, 0, 0, 0], [0, 0, 0, -1], [0, 0, 1, 0]], dtype=float)
    j = np.array([[0, 0, -1, 0], [0, 0, 0, 1], [1, 0, 0, 0], [0, -1, 0, 0]], dtype=float)
    rep = hw.Representation(4, algebra=(i, j), name="SU(2)")
    assert as_counts(hw.isotypic_decomposition(rep)) == [(1, 4, "quaternionic")]
    skewed = random_basis(8, np.random.default_rng(3), 20.0)
    inverse = np.linalg.inv(skewed)
    double = hw.Representation(8, algebra=[skewed @ block_diagonal([L, L]) @ inverse for L in (i, j)])
    assert as_counts(hw.isotypic_decomposition(double)) == [(2, 4, "quaternionic")]


def in_random_basis(rep: hw.Representation) -> hw.Representation:
    S = random_orthogonal(rep.dim, np.random.default_rng(0))
    generators = [hw.Matrix(S @ g.to_dense() @ S.T) for g in rep.generators]
    return hw.Representation(rep.dim, generators, [S @ L @ S.T for L in rep.algebra])


@pytest.mark.parametrize(
    "rep",
    [
        hw.groups.so3_tensors(2),
        hw.groups.so3_tensors(3),
        hw.groups.o3_tensors(2),
        hw.groups.symmetric_power(hw.groups.so3_vectors(1), 2),
        # Each of the two groups acts on the sum by 0 on the other's coordinates.
        in_random_basis(hw.groups.outer_sum(hw.groups.su2(1), hw.groups.so2([1]))),
    ],
    ids=str,
)
def test_irreducible_representations_of_lie_groups(rep: hw.Representation) -> None:
    for component in hw.isotypic_decomposition(rep).components:
        pi = component.irreducible
        assert pi.is_orthogonal
        assert pi.is_compact
        assert hw.invariant_subspace(pi).dim == component.is_trivial
        assert hw.equivariant_maps(pi, pi).dim == len(component.units)


@pytest.mark.parametrize("speed", [1e-12, 1e12])
def test_the_size_of_a_lie_algebra_element_does_not_matter(speed: float) -> None:
    turns = hw.groups.so3_tensors(2)
    rep = hw.Representation(9, algebra=[speed * L for L in turns.algebra])
    decomposition = hw.isotypic_decomposition(rep)
    assert as_counts(decomposition) == [(1, 1, "real"), (1, 3, "real"), (1, 5, "real")]
    assert [c.is_trivial for c in decomposition.components] == [True, False, False]


@pytest.mark.parametrize("size", [1e-9, 1e9])
def test_lie_algebra_elements_have_no_scale(size: float) -> None:
    J = np.array([[0.0, -1.0], [1.0, 0.0]])
    blocks = np.zeros((5, 5))
    blocks[:2, :2], blocks[2:4, 2:4] = J, 2.0 * J
    found = hw.isotypic_decomposition(hw.Representation(5, algebra=(size * blocks,)))
    assert sorted((c.dim, c.multiplicity, c.type) for c in found.components) == [
        (1, 1, "real"),
        (2, 1, "complex"),
        (2, 1, "complex"),
    ]


def test_circle() -> None:
    decomposition = hw.isotypic_decomposition(hw.groups.so2([1, 1, 2]))
    assert as_counts(decomposition) == [(1, 2, "complex"), (2, 2, "complex")]


def test_large_images() -> None:
    decomposition = hw.isotypic_decomposition(hw.groups.image_rotations(20))
    assert as_counts(decomposition) == [(100, 1, "real"), (100, 1, "real"), (100, 2, "complex")]
    assert decomposition.residual < 1e-13
    assert decomposition.commutant_dim == 100**2 * 4


def test_seeds_agree() -> None:
    rep = hw.groups.image_rotations(4, reflections=True)
    assert as_counts(hw.isotypic_decomposition(rep, rng=1)) == as_counts(
        hw.isotypic_decomposition(rep, rng=np.random.default_rng(2))
    )


@given(finite_representations())
def test_projection_on_the_commutant_is_the_average(rep: hw.Representation) -> None:
    M = np.random.default_rng(0).standard_normal((rep.dim, rep.dim))
    elements = enumerate_group(dense_generators(rep), rep.dim)
    average = np.mean([g @ M @ np.linalg.inv(g) for g in elements], axis=0)
    scale = np.abs(average).max() + 1.0
    np.testing.assert_allclose(hw.isotypic_decomposition(rep).project(M), average, atol=1e-8 * scale)


def test_the_trivial_group() -> None:
    assert as_counts(hw.isotypic_decomposition(hw.groups.trivial(5))) == [(5, 1, "real")]


def test_not_compact() -> None:
    with pytest.raises(hw.NotCompactError, match="the isotypic decomposition does not exist"):
        hw.isotypic_decomposition(hw.Representation(2, (hw.Matrix([[1.0, 1.0], [0.0, 1.0]]),)))


def test_repr() -> None:
    decomposition = hw.isotypic_decomposition(hw.groups.cyclic_shifts(3))
    assert repr(decomposition) == "IsotypicDecomposition(cyclic_shifts:3: 1 × 1 (real), 1 × 2 (complex))"


@pytest.mark.parametrize(
    ("rep", "found"),
    [
        # 1 real line and 2 complex planes have 5 dimensions of commuting maps, 3 where planes count as real.
        (hw.groups.cyclic_shifts(5), "5 dimensions commute with the group, not 3"),
        (hw.groups.so2(range(12)), "a random element of the commutant is outside its algebra by"),
    ],
    ids=["counted", "drawn"],
)
def test_a_wrong_type_is_not_certified(
    rep: hw.Representation, found: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    units = ISOTYPIC._units
    monkeypatch.setattr(ISOTYPIC, "_units", lambda *of: [J[:1] for J in units(*of)])
    with pytest.raises(hw.ConvergenceError, match=f"is not certified: {found}") as error:
        hw.isotypic_decomposition(rep)
    assert "full precision" in error.value.remedy


def test_subspaces_that_move_are_not_certified(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ISOTYPIC, "_irreducible_spaces", lambda rep, rng: np.split(np.eye(4), 4, axis=1))
    with pytest.raises(hw.ConvergenceError, match=r"its subspaces are invariant to .* only"):
        hw.isotypic_decomposition(hw.groups.cyclic_shifts(4))


def test_without_an_invariant_inner_product_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    turn = np.array([[1.0, 1.0], [0.0, 1.0]]) @ np.diag([1.0, -1.0]) @ np.array([[1.0, -1.0], [0.0, 1.0]])
    rep = hw.Representation(2, (hw.Matrix(turn),), name="skewed")
    assert as_counts(hw.isotypic_decomposition(rep)) == [(1, 1, "real"), (1, 1, "real")]
    bad = hw.Representation(2, rep.generators, name="skewed", action=hw.groups.trivial(1).action)
    monkeypatch.setattr(REPRESENTATION, "orthogonalizing_basis", lambda *of: None)
    with pytest.raises(hw.ConvergenceError, match="no inner product that skewed leaves fixed") as error:
        hw.isotypic_decomposition(bad)
    assert "better conditioned" in error.value.remedy
