"""Elements kept by their parts, against the dense matrices they stand for."""

from __future__ import annotations

import pickle
import re

import numpy as np
import pytest
import scipy.linalg
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

import strategies as cases
from haarwire.errors import RepresentationError
from haarwire.groups import Element, Matrix, Permutation, Representation, SignedPermutation, tensor_product
from haarwire.groups.lazy import BlockDiagonal, Composition, Kronecker, composed


def part(kind: str, n: int, rng: np.random.Generator) -> Element:
    if kind == "permutation":
        return Permutation(rng.permutation(n))
    if kind == "signed":
        return SignedPermutation(rng.permutation(n), rng.choice([-1, 1], n))
    if kind == "orthogonal":
        return Matrix(cases.random_orthogonal(n, rng))
    A = np.eye(n) + 0.3 * rng.standard_normal((n, n)) / np.sqrt(n)
    return Matrix(sp.csr_array(np.triu(A)) if kind == "sparse" else A)


@st.composite
def lazy_elements(draw: st.DrawFn) -> tuple[Element, np.ndarray]:
    """A lazy element of dimension 12, nested in another one perhaps, and its matrix."""
    rng = draw(cases.seeds())
    kinds = st.sampled_from(["permutation", "signed", "orthogonal", "dense", "sparse"])

    def some(n: int) -> Element:
        return part(draw(kinds), n, rng)

    combination = draw(st.sampled_from(["kronecker", "sum", "composition", "nested"]))
    if combination == "kronecker":
        parts = (some(2), some(3), some(2))
        return Kronecker(parts), np.kron(np.kron(*(p.to_dense() for p in parts[:2])), parts[2].to_dense())
    if combination == "sum":
        parts = (some(5), some(4), some(3))
        return BlockDiagonal(parts), scipy.linalg.block_diag(*(p.to_dense() for p in parts))
    if combination == "composition":
        parts = (some(12), some(12))
        return Composition(parts), parts[0].to_dense() @ parts[1].to_dense()
    a, b, c, d = some(2), some(3), some(3), some(12)
    inner = scipy.linalg.block_diag(b.to_dense(), c.to_dense())
    nested = composed(Kronecker((a, BlockDiagonal((b, c)))), d)
    return nested, np.kron(a.to_dense(), inner) @ d.to_dense()


@given(lazy_elements(), cases.seeds())
def test_one_element_is_its_dense_matrix(lazy, rng):
    g, A = lazy
    X = rng.standard_normal((3, 2, 12))
    M = X[:, 0].T @ X[:, 1]
    np.testing.assert_allclose(g.to_dense(), A, atol=1e-14)
    np.testing.assert_allclose(g.apply(X), X @ A.T, atol=1e-13)
    np.testing.assert_allclose(g.pull_back(X[0, 0]), X[0, 0] @ A, atol=1e-13)
    np.testing.assert_allclose(g.conjugate(M), A @ M @ A.T, atol=1e-12)
    np.testing.assert_allclose(g.inverse().to_dense() @ A, np.eye(12), atol=1e-10)
    np.testing.assert_allclose(g.dual.to_dense(), np.linalg.inv(A).T, atol=1e-10)
    assert g.is_orthogonal == np.allclose(A.T @ A, np.eye(12), atol=1e-13)
    simple = g.simplified()
    np.testing.assert_allclose(simple.to_dense(), A, atol=1e-14)
    if np.isin(A, (-1, 0, 1)).all():
        assert isinstance(simple, Permutation | SignedPermutation)
    again = pickle.loads(pickle.dumps(g))  # noqa: S301
    np.testing.assert_array_equal(again.to_dense(), g.to_dense())
    assert g.apply(X.astype(np.float32)).dtype == np.float32
    counts = np.arange(244, 256, dtype=np.uint8)
    np.testing.assert_allclose(g.apply(counts), A @ counts, atol=1e-11)


@given(lazy_elements(), lazy_elements(), st.sampled_from(["permutation", "signed", "orthogonal", "sparse"]))
def test_two_elements_combine_as_their_matrices(first, second, kind):
    (g, A), (h, B) = first, second
    plain = part(kind, 12, np.random.default_rng(0))
    C = plain.to_dense()
    for a, b, P, Q in ((g, h, A, B), (g, plain, A, C), (plain, g, C, A)):
        np.testing.assert_allclose((a @ b).to_dense(), P @ Q, atol=1e-12)
        np.testing.assert_allclose(a.direct_sum(b).to_dense(), scipy.linalg.block_diag(P, Q), atol=1e-13)
        np.testing.assert_allclose(a.tensor(b).to_dense(), np.kron(P, Q), atol=1e-13)


def test_a_group_law_keeps_the_factors_apart():
    rng = np.random.default_rng(1)
    g, h = (Kronecker((part("dense", 3, rng), part("orthogonal", 4, rng))) for _ in range(2))
    assert isinstance(g @ h, Kronecker)
    assert isinstance((Permutation.identity(12) @ g) @ h, Composition)
    assert (
        len(((Permutation.identity(12) @ g) @ Permutation.identity(12) @ Permutation.identity(12)).parts) == 3
    )
    assert isinstance(g.direct_sum(h) @ h.direct_sum(g), BlockDiagonal)
    assert (g @ g.inverse()).is_orthogonal


def test_scales_of_factors_may_cancel():
    rng = np.random.default_rng(2)
    U, V = cases.random_orthogonal(3, rng), cases.random_orthogonal(4, rng)
    assert Kronecker((Matrix(2.0 * U), Matrix(0.5 * V))).is_orthogonal
    assert not Kronecker((Matrix(2.0 * U), Matrix(V))).is_orthogonal
    assert Kronecker((Matrix(U.astype(np.float32)), Matrix(V))).precision == np.finfo(np.float32).eps


def test_only_large_products_of_matrices_are_lazy():
    rng = np.random.default_rng(3)
    small, large = part("orthogonal", 16, rng), part("orthogonal", 17, rng)
    assert isinstance(small.tensor(small), Matrix)  # 65,536 entries
    assert isinstance(large.tensor(large), Kronecker)
    assert isinstance(Permutation.identity(10**4).tensor(small), Matrix)  # 16 entries a row
    rep = tensor_product(*[Representation(17, (large,))] * 4)
    assert len(rep.generators[0].parts) == 4
    X = rng.standard_normal((2, 17**4))
    np.testing.assert_allclose(
        rep.generators[0].apply(X),
        np.einsum(
            "ai,bj,ck,dl,nijkl->nabcd", *[large.matrix] * 4, X.reshape(2, 17, 17, 17, 17), optimize=True
        ).reshape(2, -1),
        atol=1e-12,
    )


def test_large_elements_are_not_written_out():
    large = part("orthogonal", 200, np.random.default_rng(4))
    with pytest.raises(RepresentationError) as raised:
        large.tensor(large).to_sparse()
    assert re.search(r"40000 coordinates .* 1\.6e\+09 entries", raised.value.what)
    assert "apply" in raised.value.remedy
    assert raised.value.cause


def test_repr():
    turn = Matrix(2.0 * np.eye(3))
    assert (
        repr(Kronecker((turn, Permutation([1, 0])))) == "Kronecker(Matrix(<3×3 dense>), Permutation([1, 0]))"
    )
