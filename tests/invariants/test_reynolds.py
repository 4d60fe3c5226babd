"""Averages over the group: against the group really listed, and the augmented data really built."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import haarwire as hw
import oracles
import strategies as cases
from haarwire.invariants import average_joint_moments
from haarwire.invariants.fixed_projection import fixed_projection
from haarwire.invariants.haar import _by_doubling, _by_pair_orbits, _period

EVERY = pytest.mark.parametrize("rep", cases.CATALOGUE.values(), ids=cases.CATALOGUE.keys())


def elements(rep: hw.Representation) -> np.ndarray:
    return oracles.enumerate_group(cases.dense_generators(rep), rep.dim)


def symmetric(n: int, rng: np.random.Generator) -> np.ndarray:
    """A second moment with a spread of scales."""
    A = rng.standard_normal((2 * n + 1, n)) * np.geomspace(0.1, 10.0, n)
    return A.T @ A / len(A)


def error(found: np.ndarray, true: np.ndarray) -> float:
    return float(np.linalg.norm(found - true) / np.linalg.norm(true))


def check_averages(rep: hw.Representation, rng: np.random.Generator, rtol: float) -> None:
    group, M = elements(rep), symmetric(rep.dim, rng)
    assert error(hw.haar_average(M, rep), oracles.average_by_enumeration(M, group)) < rtol
    P, expected = hw.reynolds_operator(rep), oracles.reynolds_by_enumeration(group)
    size = max(1.0, float(np.linalg.norm(expected)))
    assert np.linalg.norm(P - expected) < rtol * size


def check_projector(rep: hw.Representation, rtol: float) -> None:
    """P̄² = P̄, P̄ρ(g) = P̄ = ρ(g)P̄, tr P̄ = d, and Q spans the rows of P̄."""
    P, Q = hw.reynolds_operator(rep), hw.invariant_subspace(rep).basis
    atol = rtol * max(1.0, float(np.abs(P).max()))
    np.testing.assert_allclose(P @ P, P, atol=atol)
    for g in cases.dense_generators(rep):
        np.testing.assert_allclose(P @ g, P, atol=atol)
        np.testing.assert_allclose(g @ P, P, atol=atol)
    assert np.trace(P) == pytest.approx(Q.shape[1], abs=atol)
    np.testing.assert_allclose(Q.T @ P, Q.T, atol=atol)
    np.testing.assert_allclose(P @ (np.eye(rep.dim) - Q @ Q.T), 0.0, atol=atol)


@EVERY
def test_catalogue(rep):
    check_averages(rep, np.random.default_rng(rep.dim), 1e-13)
    check_projector(rep, 1e-13)


@given(rep=cases.orthogonal_representations(), rng=cases.seeds())
def test_orthogonal(rep, rng):
    check_averages(rep, rng, 1e-12)
    check_projector(rep, 1e-12)


@given(rep=cases.skewed_groups(), rng=cases.seeds())
def test_not_orthogonal(rep, rng):
    """In a basis S of condition 50, S and S⁻¹ lose 50 twice on M: 1e-12 is reached, 1e-10 promised."""
    check_averages(rep, rng, 1e-10)
    check_projector(rep, 1e-10)


@given(circle=cases.circles(), rng=cases.seeds())
def test_circle(circle, rng):
    M = symmetric(circle.rep.dim, rng)
    degree = 2 * max(circle.frequencies)
    expected = oracles.average_over_circle(M, circle.flow, degree)
    assert error(hw.haar_average(M, circle.rep), expected) < 1e-12
    nodes = np.linspace(0.0, 2 * np.pi, 2 * degree + 1, endpoint=False)
    P = np.mean([circle.flow(t) for t in nodes], axis=0)
    np.testing.assert_allclose(hw.reynolds_operator(circle.rep), P, atol=1e-12)


@given(circle=cases.circles(orthogonal=False), rng=cases.seeds())
def test_circle_in_a_skewed_basis(circle, rng):
    M = symmetric(circle.rep.dim, rng)
    expected = oracles.average_over_circle(M, circle.flow, 2 * max(circle.frequencies))
    assert error(hw.haar_average(M, circle.rep), expected) < 1e-10


def test_circle_in_closed_form():
    """On R² ⊕ R² ⊕ R with frequencies 1, 2, 0 the average is diag(t/2, t/2, s/2, s/2, m)."""
    turn = np.array([[0.0, -1.0], [1.0, 0.0]])
    rep = hw.Representation(5, algebra=(cases.block_diagonal([turn, 2 * turn, np.zeros((1, 1))]),))
    M = symmetric(5, np.random.default_rng(0))
    t, s = (M[0, 0] + M[1, 1]) / 2, (M[2, 2] + M[3, 3]) / 2
    np.testing.assert_allclose(hw.haar_average(M, rep), np.diag([t, t, s, s, M[4, 4]]), atol=1e-13)
    # With equal frequencies the two planes may be correlated, by a scaled rotation.
    twins = hw.Representation(4, algebra=(cases.block_diagonal([turn, turn]),))
    block = M[:2, 2:4]
    expected = (block - turn @ block @ turn) / 2
    average = hw.haar_average(M[:4, :4], twins)
    np.testing.assert_allclose(average[:2, 2:], expected, atol=1e-13)
    np.testing.assert_allclose(average[:2, :2], t * np.eye(2), atol=1e-13)


def one_generator_groups():
    both = st.one_of(cases.permutation_groups(max_dim=6), cases.signed_permutation_groups(max_dim=5))
    return both.filter(lambda rep: len(rep.generators) == 1)


@given(rep=one_generator_groups(), rng=cases.seeds())
def test_three_routes_agree(rep, rng):
    """Doubling, orbits on pairs and projection share nothing but the generator."""
    M = symmetric(rep.dim, rng)
    doubled = _by_doubling(M, rep, _period(rep))
    assert error(doubled, oracles.average_by_enumeration(M, elements(rep))) < 1e-13
    assert error(_by_pair_orbits(M, rep), doubled) < 1e-13
    projected, _ = fixed_projection(rep.generators, (), M)
    assert error(projected, doubled) < 1e-12


@given(rep=st.one_of(cases.permutation_groups(), cases.signed_permutation_groups()), rng=cases.seeds())
def test_as_permutations_or_as_matrices(rep, rng):
    M = symmetric(rep.dim, rng)
    matrices = hw.Representation(rep.dim, [hw.Matrix(g) for g in cases.dense_generators(rep)])
    assert error(hw.haar_average(M, matrices), hw.haar_average(M, rep)) < 1e-12
    np.testing.assert_allclose(hw.reynolds_operator(matrices), hw.reynolds_operator(rep), atol=1e-13)


def test_long_period_does_not_overflow():
    """Cycles of the lengths of the first 16 primes: a period beyond 2^64."""
    primes = [p for p in range(2, 54) if all(p % q for q in range(2, p))]
    cycles, start = [], 0
    for p in primes:
        cycles.append(start + np.roll(np.arange(p), 1))
        start += p
    rep = hw.Representation(start, (hw.Permutation(np.concatenate(cycles)),))
    assert _period(rep) == math.prod(primes) > 2**64
    rng = np.random.default_rng(0)
    x = rng.standard_normal(start)
    average = hw.haar_average(np.outer(x, x), rep)
    # By the Chinese remainder theorem two cycles of coprime lengths average to a constant block.
    expected = x[:2].mean() * x[2:5].mean()
    np.testing.assert_allclose(average[:2, 2:5], expected, rtol=1e-12)


@given(rep=st.one_of(cases.finite_representations(), cases.catalogue()), rng=cases.seeds())
def test_average_moments_are_those_of_the_augmented_data(rep, rng):
    assume(len(elements(rep)) <= 60)
    data = cases.generic_data(rep.dim, 2, rng)
    averaged = hw.average_moments(data.moments, rep)
    built = hw.Moments.from_arrays(*oracles.augmented_data(data.X, data.Y, elements(rep)))
    size = float(np.linalg.norm(built.gram))
    assert np.linalg.norm(averaged.gram - built.gram) < 1e-10 * size
    scale = np.sqrt(size * np.trace(built.total))
    assert np.linalg.norm(averaged.cross - built.cross) < 1e-10 * scale
    np.testing.assert_allclose(averaged.total, built.total, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(averaged.x_mean, built.x_mean, atol=1e-10 * np.sqrt(size))
    np.testing.assert_allclose(averaged.y_mean, built.y_mean, rtol=1e-12)
    assert averaged.n_features == rep.dim


@given(rep=st.one_of(cases.orthogonal_representations(), cases.catalogue()), rng=cases.seeds())
def test_average_moments_far_from_the_origin(rep, rng):
    """A mean of 1e6 in the fixed directions, spread 1: ∫ρMρᵀ − (P̄x̄)(P̄x̄)ᵀ would keep 4 digits.

    x̄ itself is rounded to 1e6·eps ≈ 2e-10, which moves the gram by 2e-10 times the spread at most.
    """
    group = elements(rep)
    assume(len(group) <= 60)
    data = cases.generic_data(rep.dim, 2, rng)
    far = oracles.reynolds_by_enumeration(group) @ np.full(rep.dim, 1e6)
    near = hw.average_moments(data.moments, rep)
    moved = hw.average_moments(hw.Moments.from_arrays(data.X + far, data.Y), rep)
    size = float(np.linalg.norm(near.gram))
    assert np.linalg.norm(moved.gram - near.gram) < 4e-9 * size
    assert np.linalg.norm(moved.cross - near.cross) < 4e-9 * np.sqrt(size * np.trace(near.total))


def test_average_moments_keeps_weight_count_and_dtype():
    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal((20, 4)).astype(np.float32), rng.standard_normal(20).astype(np.float32)
    moments = hw.Moments.from_arrays(X, Y, np.full(20, 0.25))
    averaged = hw.average_moments(moments, hw.groups.cyclic_shifts(4))
    assert (averaged.weight, averaged.count, averaged.dtype) == (5.0, 20, np.float32)


def test_average_moments_about_the_origin_are_those_without_intercept():
    rng = np.random.default_rng(1)
    data, rep = cases.generic_data(6, 2, rng), hw.groups.cyclic_shifts(6)
    averaged = hw.average_moments(data.moments.about_origin(), rep)
    X, Y = oracles.augmented_data(data.X, data.Y, elements(rep))
    np.testing.assert_allclose(averaged.gram, X.T @ X / len(X), rtol=1e-12)
    np.testing.assert_allclose(averaged.cross, Y.T @ X / len(X), rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(averaged.x_mean, 0.0)


NOT_COMPACT = [hw.Representation(2, (hw.Matrix(g),), name=name) for name, g in cases.NON_COMPACT.items()]


@pytest.mark.parametrize("rep", NOT_COMPACT, ids=lambda rep: rep.name)
@pytest.mark.parametrize(
    "average",
    [
        hw.reynolds_operator,
        lambda rep: hw.haar_average(np.eye(2), rep),
        lambda rep: hw.average_moments(hw.Moments.from_arrays(np.eye(2), np.arange(2.0)), rep),
    ],
    ids=["reynolds_operator", "haar_average", "average_moments"],
)
def test_not_compact(rep, average):
    with pytest.raises(hw.NotCompactError) as caught:
        average(rep)
    assert f"does not exist for {rep.name}" in caught.value.what
    assert "powers grow without bound" in caught.value.cause
    assert "Hardwired()" in caught.value.remedy


@pytest.mark.parametrize(
    "M",
    [
        np.eye(3),
        np.ones((4, 2)),
        np.ones(4),
        np.array([[1.0, 2.0], [0.0, 1.0]]).repeat(2, 0).repeat(2, 1),
        np.where(np.eye(4) > 0, np.nan, 0.0),
    ],
    ids=["size", "rectangular", "flat", "not symmetric", "NaN"],
)
def test_haar_average_refuses_what_is_no_second_moment(M):
    with pytest.raises(hw.ParameterError) as caught:
        hw.haar_average(M, hw.groups.cyclic_shifts(4))
    assert f"finite symmetric matrix of shape (4, 4), got shape {M.shape}" in caught.value.what
    assert "a data matrix" in caught.value.cause
    assert "average_moments" in caught.value.remedy


def test_zero_is_symmetric():
    np.testing.assert_array_equal(hw.haar_average(np.zeros((3, 3)), hw.groups.cyclic_shifts(3)), 0.0)


SKEWED = hw.Representation(2, (hw.Matrix([[1.0, 0.0], [1.0, -1.0]]),), name="skewed")


@pytest.mark.parametrize("rep", [hw.groups.so2([1]), hw.groups.trivial(2), SKEWED], ids=str)
def test_an_average_is_a_new_array(rep):
    M = hw.haar_average(np.diag([2.0, 1.0]), rep)
    again = hw.haar_average(M, rep)
    assert not np.shares_memory(again, M)
    assert again.flags.writeable


@pytest.mark.parametrize("rep", [hw.groups.so2([1]), hw.groups.cyclic_shifts(2), SKEWED], ids=str)
@pytest.mark.parametrize("scale", [2.0**-1000, 2.0**-560, 2.0**530, 2.0**1000])
def test_averages_at_extreme_scales(rep, scale):
    M = np.array([[2.0, 0.5], [0.5, 1.0]])
    np.testing.assert_array_equal(hw.haar_average(scale * M, rep), scale * hw.haar_average(M, rep))


@pytest.mark.parametrize(
    "M", [1j * np.eye(4), [[1.0], [1.0, 2.0]], [["a"]]], ids=["complex", "ragged", "text"]
)
def test_haar_average_refuses_what_is_not_real(M):
    with pytest.raises(hw.ParameterError, match="needs a real matrix") as caught:
        hw.haar_average(M, hw.groups.cyclic_shifts(4))
    assert "complex entries" in caught.value.cause
    assert "real array" in caught.value.remedy


@pytest.mark.parametrize(
    "call",
    [
        lambda rep: hw.haar_average(np.eye(4), rep),
        hw.reynolds_operator,
        hw.isotypic_decomposition,
        lambda rep: hw.invariance_error(np.ones(4), rep),
        lambda rep: hw.monte_carlo_average(np.eye(4), rep, 2),
        lambda rep: hw.average_moments(hw.Moments.from_arrays(np.eye(4), np.arange(4.0)), rep),
    ],
)
def test_a_name_is_no_representation(call):
    with pytest.raises(hw.ParameterError, match="rep must be a Representation, got 'cyclic_shifts:4'"):
        call("cyclic_shifts:4")


def test_average_moments_of_another_size():
    moments = hw.Moments.from_arrays(np.eye(4), np.arange(4.0))
    for average in (
        lambda rep: hw.average_moments(moments, rep),
        lambda rep: average_joint_moments(moments, rep, rep.trivial(1)),
    ):
        with pytest.raises(hw.DataError, match="have 4 features, cyclic_shifts:5 acts on 5") as caught:
            average(hw.groups.cyclic_shifts(5))
        assert "another size" in caught.value.cause
        assert "number of features" in caught.value.remedy


@pytest.mark.parametrize("speed", [1e-150, 1e-12, 1e-6, 1e12, 1e150])
def test_the_size_of_a_lie_algebra_element_does_not_matter(speed):
    turn, S = np.array([[0.0, -1.0], [1.0, 0.0]]), np.array([[1.0, 3.0], [0.0, 1.0]])
    circle = hw.Representation(2, algebra=[speed * turn])
    np.testing.assert_allclose(hw.haar_average(np.diag([2.0, 1.0]), circle), 1.5 * np.eye(2), rtol=1e-13)
    skewed = hw.Representation(2, algebra=[speed * (S @ turn @ np.linalg.inv(S))])
    assert skewed.is_compact
    np.testing.assert_allclose(hw.haar_average(np.diag([2.0, 1.0]), skewed), 6.0 * S @ S.T, rtol=1e-11)
    assert not hw.Representation(2, algebra=[speed * np.diag([1.0, -1.0])]).is_compact
    assert not hw.Representation(2, algebra=[speed * np.array([[0.0, 1.0], [0.0, 0.0]])]).is_compact
