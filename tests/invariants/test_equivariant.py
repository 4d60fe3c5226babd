"""Equivariant maps against a null space of Kronecker products and against character theory."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

import haarwire as hw
from haarwire.invariants.equivariant import nearest_equivariant
from oracles import enumerate_group
from strategies import (
    CATALOGUE,
    FINITE_GROUPS,
    block_diagonal,
    dense_generators,
    non_compact_groups,
    random_basis,
    random_orthogonal,
)


def blocks_of(group: str, chosen: list[int], basis: np.ndarray | None = None) -> hw.Representation:
    """A direct sum of blocks of one of `FINITE_GROUPS`, in a basis."""
    available = FINITE_GROUPS[group]
    mats = [block_diagonal([available[i][k] for i in chosen]) for k in range(len(available[0]))]
    S = np.eye(len(mats[0])) if basis is None else basis
    inverse = np.linalg.inv(S)
    return hw.Representation(len(S), [hw.Matrix(S @ g @ inverse) for g in mats], name=group)


@st.composite
def pairs(draw: st.DrawFn, skewed: bool = True, max_blocks: int = 3) -> tuple[hw.Representation, ...]:
    """A source and a target representation of one finite group, in random bases."""
    group = draw(st.sampled_from(sorted(FINITE_GROUPS)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    found = []
    for _ in range(2):
        available = FINITE_GROUPS[group]
        chosen = rng.integers(0, len(available), rng.integers(1, max_blocks + 1)).tolist()
        n = sum(len(available[i][0]) for i in chosen)
        S = random_basis(n, rng, 10.0) if skewed and draw(st.booleans()) else random_orthogonal(n, rng)
        found.append(blocks_of(group, chosen, S))
    return tuple(found)


def null_space_twin(source: hw.Representation, target: hw.Representation) -> np.ndarray:
    """Orthonormal basis of {W : σW = Wρ for the generators}, shape (D, m·n), from one dense SVD."""
    m, n = target.dim, source.dim
    rows = [np.zeros((1, m * n))]
    for g, h in zip(dense_generators(source), dense_generators(target), strict=True):
        rows.append(np.kron(h, np.eye(n)) - np.kron(np.eye(m), g.T))
    _, s, Vt = np.linalg.svd(np.concatenate(rows), full_matrices=True)
    return np.asarray(Vt[int((s > 1e-9).sum()) :])


@given(pairs())
def test_basis_is_the_null_space(pair: tuple[hw.Representation, ...]) -> None:
    source, target = pair
    maps = hw.equivariant_maps(source, target)
    twin = null_space_twin(source, target)
    assert maps.dim == len(twin)
    assert maps.basis.shape == (maps.dim, target.dim, source.dim)
    flat = maps.basis.reshape(maps.dim, target.dim * source.dim)
    np.testing.assert_allclose(flat @ flat.T, np.eye(maps.dim), atol=1e-12)
    np.testing.assert_allclose(flat.T @ flat, twin.T @ twin, atol=1e-9)
    for W in maps.basis:
        hw.assert_equivariant(W, source, target)


@given(pairs())
def test_dimension_is_the_inner_product_of_characters(pair: tuple[hw.Representation, ...]) -> None:
    source, target = pair
    joint = [
        block_diagonal([g, h])
        for g, h in zip(dense_generators(source), dense_generators(target), strict=True)
    ]
    elements = enumerate_group(joint, source.dim + target.dim)
    n = source.dim
    characters = [(np.trace(g[:n, :n]), np.trace(np.linalg.inv(g)[n:, n:])) for g in elements]
    expected = np.mean([a * b for a, b in characters])
    assert hw.equivariant_maps(source, target).dim == round(expected)


@pytest.mark.parametrize("rep", CATALOGUE.values(), ids=str)
def test_maps_of_the_catalogue_to_itself(rep: hw.Representation) -> None:
    maps = hw.equivariant_maps(rep, rep)
    assert maps.dim == len(null_space_twin(rep, rep))
    W = maps.combine(np.random.default_rng(0).standard_normal(maps.dim))
    hw.assert_equivariant(W, rep, rep)
    np.testing.assert_allclose(maps.project(np.eye(rep.dim)), np.eye(rep.dim), atol=1e-12)


@given(pairs(skewed=False))
def test_nearest_equivariant_is_the_average(pair: tuple[hw.Representation, ...]) -> None:
    source, target = pair
    W = np.random.default_rng(1).standard_normal((target.dim, source.dim))
    joint = [
        block_diagonal([g, h])
        for g, h in zip(dense_generators(source), dense_generators(target), strict=True)
    ]
    n = source.dim
    average = np.mean([g[n:, n:] @ W @ g[:n, :n].T for g in enumerate_group(joint, n + target.dim)], axis=0)
    np.testing.assert_allclose(nearest_equivariant(W, source, target), average, atol=1e-10)
    np.testing.assert_allclose(hw.equivariant_maps(source, target).project(W), average, atol=1e-10)


@given(non_compact_groups())
def test_groups_without_an_average(rep: hw.Representation) -> None:
    maps = hw.equivariant_maps(rep, rep)
    twin = null_space_twin(rep, rep)
    assert maps.dim == len(twin)
    W = np.random.default_rng(0).standard_normal((rep.dim, rep.dim))
    np.testing.assert_allclose(
        nearest_equivariant(W, rep, rep).ravel(), twin.T @ (twin @ W.ravel()), atol=1e-8
    )


def test_dimensions_known_in_closed_form() -> None:
    shifts = hw.groups.cyclic_shifts(12)
    assert hw.equivariant_maps(shifts, shifts).dim == 12  # convolutions
    sets = hw.groups.permutations(6)
    assert hw.equivariant_maps(sets, sets).dim == 2  # deep sets
    graphs = hw.groups.tensor_product(sets, sets)
    assert hw.equivariant_maps(graphs, graphs).dim == 15  # Bell number: equivariant graph layers
    assert hw.equivariant_maps(graphs, sets).dim == 5
    vectors = hw.groups.so3_vectors(1)
    tensors = hw.groups.so3_tensors(2)
    assert hw.equivariant_maps(vectors, vectors).dim == 1
    assert hw.equivariant_maps(tensors, vectors).dim == 1  # the cross product
    assert hw.equivariant_maps(tensors, tensors).dim == 3


def test_large_maps_stay_sparse() -> None:
    rotations = hw.groups.image_rotations(28)
    maps = hw.equivariant_maps(rotations, rotations)
    assert maps.dim == 153_664
    W = maps.project(np.random.default_rng(0).standard_normal((784, 784)))
    hw.assert_equivariant(W, rotations, rotations)
    np.testing.assert_allclose(maps.combine(maps.coordinates(W)), W, atol=1e-12)
    with pytest.raises(hw.ParameterError, match=r"would take 704 GiB.*\n.*\n.*combine\(c\)"):
        _ = maps.basis


def test_stacks_of_maps_and_coordinates() -> None:
    shifts = hw.groups.cyclic_shifts(4)
    maps = hw.equivariant_maps(shifts, shifts)
    c = np.arange(24.0).reshape(2, 3, 4)
    assert maps.combine(c).shape == (2, 3, 4, 4)
    np.testing.assert_allclose(maps.coordinates(maps.combine(c)), c)
    assert repr(maps) == "EquivariantMaps(dim 4 of 4×4: cyclic_shifts:4 → cyclic_shifts:4)"


def test_a_trivial_representation_goes_with_any_group() -> None:
    shifts = hw.groups.cyclic_shifts(4)
    assert hw.equivariant_maps(shifts, hw.groups.trivial(3)).dim == 3
    assert hw.equivariant_maps(hw.groups.trivial(3), shifts).dim == 3
    assert hw.equivariant_maps(hw.groups.trivial(2), hw.groups.trivial(3)).dim == 6


def test_no_equivariant_map_but_zero() -> None:
    flip = hw.Representation(1, (hw.Matrix([[-1.0]]),))
    maps = hw.equivariant_maps(flip, flip.trivial(2))
    assert maps.dim == 0
    np.testing.assert_array_equal(maps.project([[1.0], [2.0]]), np.zeros((2, 1)))
    assert maps.basis.shape == (0, 2, 1)


def test_errors() -> None:
    shifts = hw.groups.cyclic_shifts(4)
    maps = hw.equivariant_maps(shifts, shifts)
    with pytest.raises(hw.RepresentationError, match="not representations of one group"):
        hw.equivariant_maps(shifts, hw.groups.cyclic_shifts(3))
    with pytest.raises(hw.ParameterError, match="target must be a Representation, got a int"):
        hw.equivariant_maps(shifts, 3)  # type: ignore[arg-type]
    with pytest.raises(hw.ParameterError, match="there are 4 basis maps"):
        maps.combine([1.0, 2.0])
    with pytest.raises(hw.ParameterError, match="there are 4 basis maps"):
        maps.combine(1.0)
    with pytest.raises(hw.ParameterError, match=r"these are maps of shape \(4, 4\)"):
        maps.coordinates(np.zeros((4, 3)))
