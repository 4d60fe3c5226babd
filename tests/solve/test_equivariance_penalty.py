"""The equivariance penalty as a quadratic form, against its definition over every pair of generators."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.sparse as sp

import haarwire as hw
from haarwire.solve.equivariance_penalty import EquivariancePenalty
from oracles import enumerate_group
from strategies import (
    FINITE_GROUPS,
    block_diagonal,
    dense_generators,
    generic_data,
    random_basis,
    random_orthogonal,
)

RNG = np.random.default_rng(0)


def in_basis(group: str, chosen: list[int], S: np.ndarray) -> hw.Representation:
    blocks, inverse = FINITE_GROUPS[group], np.linalg.inv(S)
    mats = [block_diagonal([blocks[i][k] for i in chosen]) for k in range(len(blocks[0]))]
    return hw.Representation(len(S), [hw.Matrix(S @ g @ inverse) for g in mats])


PAIRS = {
    "permutations": (hw.groups.dihedral(5), hw.groups.dihedral(5)),
    "orthogonal": (
        in_basis("S_3", [0, 1, 2], random_orthogonal(4, RNG)),
        in_basis("S_3", [2, 0], random_orthogonal(3, RNG)),
    ),
    "skewed": (
        in_basis("S_3", [0, 1, 2], random_basis(4, RNG, 4.0)),
        in_basis("S_3", [2, 1], random_basis(3, RNG, 4.0)),
    ),
    "rotations": (hw.groups.so3_vectors(2), hw.groups.so3_tensors(2)),
}
EACH = pytest.mark.parametrize(("source", "target"), PAIRS.values(), ids=PAIRS)


def tangents(rep: hw.Representation) -> list[np.ndarray]:
    return [sp.csr_array(L).toarray() for L in rep.algebra]


def defects(source: hw.Representation, target: hw.Representation, W: np.ndarray) -> list[np.ndarray]:
    pairs = zip(dense_generators(source), dense_generators(target), strict=True)
    moved = [h @ W - W @ g for g, h in pairs]
    return moved + [K @ W - W @ L for L, K in zip(tangents(source), tangents(target), strict=True)]


@EACH
def test_the_form_of_generators(source: hw.Representation, target: hw.Representation) -> None:
    penalty = EquivariancePenalty(source, target, "generators")
    m, n = target.dim, source.dim
    for _ in range(3):
        W, V = RNG.standard_normal((2, m, n))
        expected = sum(float((D**2).sum()) for D in defects(source, target, W))
        value, half = penalty.evaluated(W)
        assert value == pytest.approx(expected, rel=1e-12)
        assert float(((penalty.defects @ W.ravel()) ** 2).sum()) == pytest.approx(expected, rel=1e-12)
        # P(W + tV) = P(W) + 2t tr(𝒫(W) Vᵀ) + t² P(V)
        crossed = sum(
            float(np.vdot(D, F))
            for D, F in zip(defects(source, target, W), defects(source, target, V), strict=True)
        )
        assert float(np.vdot(half, V)) == pytest.approx(crossed, rel=1e-9)
    assert penalty.evaluated(penalty.nearest(W))[0] < 1e-18 * expected


@EACH
@pytest.mark.parametrize("kind", ["generators", "projection"])
def test_the_form_on_a_subspace(source: hw.Representation, target: hw.Representation, kind: str) -> None:
    penalty = EquivariancePenalty(source, target, kind)  # type: ignore[arg-type]
    m, n = target.dim, source.dim
    basis = np.linalg.qr(RNG.standard_normal((m * n, 5)))[0]
    form = penalty.restricted(basis)
    for c in RNG.standard_normal((4, 5)):
        value = penalty.evaluated((basis @ c).reshape(m, n))[0]
        assert c @ form @ c == pytest.approx(value, rel=1e-9)


@pytest.mark.parametrize("name", ["permutations", "orthogonal", "skewed"])
def test_the_form_of_the_projection(name: str) -> None:
    source, target = PAIRS[name]
    joint = [
        block_diagonal([g, h])
        for g, h in zip(dense_generators(source), dense_generators(target), strict=True)
    ]
    n = source.dim
    elements = enumerate_group(joint, n + target.dim)
    penalty = EquivariancePenalty(source, target, "projection")
    W, V = RNG.standard_normal((2, target.dim, n))

    def rest(A: np.ndarray) -> np.ndarray:
        return A - np.mean([g[n:, n:] @ A @ np.linalg.inv(g[:n, :n]) for g in elements], axis=0)

    value, half = penalty.evaluated(W)
    assert value == pytest.approx(float((rest(W) ** 2).sum()), rel=1e-9)
    assert float(np.vdot(half, V)) == pytest.approx(float(np.vdot(rest(W), rest(V))), rel=1e-8)
    assert penalty.mean == 1.0


def test_the_mean_of_the_form_is_exact_for_generators_of_trace_zero() -> None:
    """tr(P)/(mn): for rotations of space, and for two swaps of signs."""
    signs = hw.Representation(2, (hw.Matrix(np.diag([1.0, -1.0])), hw.Matrix([[0.0, 1.0], [1.0, 0.0]])))
    for source, target in (PAIRS["rotations"], (signs, signs)):
        penalty = EquivariancePenalty(source, target, "generators")
        trace = float((penalty.defects.toarray() ** 2).sum())
        assert penalty.mean == pytest.approx(trace / (source.dim * target.dim), rel=1e-12)


@EACH
@pytest.mark.parametrize("kind", ["generators", "projection"])
def test_the_bound_of_an_intercept(source: hw.Representation, target: hw.Representation, kind: str) -> None:
    """min over b of ‖b − v‖² + α bᵀKb is vᵀΩv."""
    m, alpha = target.dim, 0.7
    if kind == "generators":
        rows = [h - np.eye(m) for h in dense_generators(target)] + tangents(target)
    else:
        rows = [np.eye(m) - hw.reynolds_operator(target)]
    bound = EquivariancePenalty(source, target, kind).bound(alpha)  # type: ignore[arg-type]
    stacked = np.concatenate([np.eye(m), np.sqrt(alpha) * np.concatenate(rows)])
    for v in RNG.standard_normal((3, m)):
        wanted = np.concatenate([v, np.zeros(len(stacked) - m)])
        left = stacked @ np.linalg.lstsq(stacked, wanted, rcond=None)[0] - wanted
        assert v @ bound @ v == pytest.approx(float(left @ left), rel=1e-9)


@pytest.mark.parametrize("name", ["orthogonal", "skewed"])
def test_the_ends_are_plain_and_hardwired_under_their_own_name(name: str) -> None:
    source, target = PAIRS[name]
    data = generic_data(source.dim, target.dim, np.random.default_rng(1))
    for alpha, approach in ((0.0, hw.Plain()), (math.inf, hw.Hardwired())):
        end = hw.solve(data.moments, source, approach=approach, target=target)
        found = hw.solve(data.moments, source, approach=hw.Regularized(alpha), target=target)
        np.testing.assert_array_equal(found.coef, end.coef)
        assert (found.approach, found.loss) == (hw.Regularized(alpha), end.loss)
