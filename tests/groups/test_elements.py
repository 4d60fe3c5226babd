"""Group elements against dense matrices: every operation has its NumPy twin."""

import itertools
import pickle
import re

import numpy as np
import pytest
import scipy.linalg
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from haarwire.errors import DataError, RepresentationError
from haarwire.groups import Matrix, Permutation, SignedPermutation


def element(kind, n, seed):
    rng = np.random.default_rng(seed)
    p = rng.permutation(n)
    if kind == "permutation":
        return Permutation(p)
    if kind == "signed":
        return SignedPermutation(p, rng.choice([-1, 1], n))
    if kind == "orthogonal":
        return Matrix(np.linalg.qr(rng.standard_normal((n, n)))[0])
    A = np.eye(n) + 0.3 * rng.standard_normal((n, n)) / np.sqrt(n)
    if kind == "sparse":
        blocks = sp.block_diag([A, 2.0 * np.eye(n)], format="csr")[:n, :n]
        return Matrix(sp.csr_array(blocks[rng.permutation(n)]))
    return Matrix(A)


KINDS = ("permutation", "signed", "orthogonal", "dense", "sparse")
elements = st.builds(element, st.sampled_from(KINDS), st.just(4), st.integers(0, 10**6))


@given(elements, st.integers(0, 100))
@settings(max_examples=60, deadline=None)
def test_one_element_is_its_dense_matrix(g, seed):
    A = g.to_dense()
    X = np.random.default_rng(seed).standard_normal((3, 2, 4))
    M = X[0].T @ X[0]
    np.testing.assert_allclose(g.to_sparse().toarray(), A)
    np.testing.assert_allclose(g.apply(X), X @ A.T, atol=1e-14)
    np.testing.assert_allclose(g.pull_back(X), X @ A, atol=1e-14)
    np.testing.assert_allclose(g.conjugate(M), A @ M @ A.T, atol=1e-13)
    np.testing.assert_allclose(g.inverse().to_dense() @ A, np.eye(4), atol=1e-12)
    np.testing.assert_allclose(g.dual.to_dense(), np.linalg.inv(A).T, atol=1e-12)
    assert g.is_orthogonal == np.allclose(A.T @ A, np.eye(4), atol=1e-13)
    np.testing.assert_allclose(g.simplified().to_dense(), A)
    again = pickle.loads(pickle.dumps(g))  # noqa: S301
    np.testing.assert_array_equal(again.to_dense(), A)


@given(elements, elements)
@settings(max_examples=100, deadline=None)
def test_two_elements_combine_as_their_matrices(g, h):
    A, B = g.to_dense(), h.to_dense()
    X = np.arange(8.0).reshape(2, 4)
    np.testing.assert_allclose((g @ h).to_dense(), A @ B, atol=1e-13)
    np.testing.assert_allclose((g @ h).apply(X), g.apply(h.apply(X)), atol=1e-12)
    np.testing.assert_allclose(g.direct_sum(h).to_dense(), scipy.linalg.block_diag(A, B))
    np.testing.assert_allclose(g.tensor(h).to_dense(), np.kron(A, B))
    np.testing.assert_allclose(
        g.tensor(h).inverse().to_dense(), np.kron(np.linalg.inv(A), np.linalg.inv(B)), atol=1e-11
    )


@pytest.mark.parametrize(("first", "second"), list(itertools.product(KINDS, KINDS)))
def test_structure_is_kept(first, second):
    g, h = element(first, 4, 1), element(second, 4, 2)
    order = {"permutation": 0, "signed": 1}
    kind = (Permutation, SignedPermutation, Matrix)[max(order.get(k, 2) for k in (first, second))]
    for combined in (g @ h, g.direct_sum(h), g.tensor(h)):
        assert type(combined) is kind
        assert combined.is_orthogonal == (g.is_orthogonal and h.is_orthogonal)


@pytest.mark.parametrize("kind", KINDS)
def test_the_precision_of_the_data_is_kept(kind):
    g = element(kind, 4, 3)
    X = np.arange(8, dtype=np.float32).reshape(2, 4)
    for moved in (g.apply(X), g.pull_back(X), g.conjugate(X.T @ X)):
        assert moved.dtype == np.float32
    counts = np.array([[1, 2, 3, 250]], dtype=np.uint8)
    np.testing.assert_allclose(g.apply(counts), counts.astype(float) @ g.to_dense().T, atol=1e-10)


def test_orthogonality_is_judged_in_the_precision_given():
    c, s = np.cos(1.0), np.sin(1.0)
    turn = np.array([[c, -s], [s, c]])
    assert Matrix(turn.astype(np.float32)).is_orthogonal
    assert not Matrix(turn.astype(np.float32).astype(np.float64)).is_orthogonal
    assert Matrix(turn.astype(np.longdouble)).is_orthogonal


def test_a_sparse_inverse_stays_sparse():
    rng = np.random.default_rng(0)
    blocks = [np.eye(3) + 0.2 * rng.standard_normal((3, 3)) for _ in range(200)]
    A = sp.csr_array(sp.block_diag(blocks, format="csr"))[rng.permutation(600)]
    inverse = Matrix(A).inverse()
    assert inverse.is_sparse
    assert inverse.matrix.nnz == 1800
    np.testing.assert_allclose((inverse.matrix @ A).toarray(), np.eye(600), atol=1e-12)


def test_simplified_leaves_the_matrix_as_it_was():
    stored = Matrix(sp.csr_array((np.array([1.0, 0.0, -1.0]), ([0, 0, 1], [0, 1, 1])), shape=(2, 2)))
    simple = stored.simplified()
    assert isinstance(simple, SignedPermutation)
    assert stored.matrix.nnz == 3
    assert isinstance(Matrix(np.eye(3)[[1, 0, 2]]).simplified(), Permutation)
    assert isinstance(Matrix(2 * np.eye(3)).simplified(), Matrix)


def test_points_of_a_signed_permutation():
    g, h = element("signed", 5, 1), element("signed", 5, 2)
    composed = (g @ h).as_permutation()
    np.testing.assert_array_equal(composed.indices, (g.as_permutation() @ h.as_permutation()).indices)


def test_elements_are_read_only():
    g = Permutation([1, 0])
    with pytest.raises(ValueError, match="read-only"):
        g.indices[0] = 0
    with pytest.raises(ValueError, match="read-only"):
        Matrix(np.eye(2)).matrix[0, 0] = 2.0


@pytest.mark.parametrize(
    "g",
    [Permutation([1, 0]), SignedPermutation([1, 0], [1, -1]), Matrix(2 * np.eye(2)), Matrix(sp.eye_array(2))],
    ids=str,
)
@pytest.mark.parametrize("X", [np.ones((3, 4)), np.arange(4.0), np.ones(1), np.float64(1.0)], ids=np.shape)
def test_arrays_of_another_size_are_not_moved(g, X):
    for move in (g.apply, g.pull_back, g.conjugate):
        with pytest.raises(DataError, match="on 2 coordinates cannot act on an array of shape") as raised:
            move(X)
        assert "number of features" in raised.value.cause
        assert "(..., 2)" in raised.value.remedy


def test_repr_is_short():
    assert repr(Permutation(np.arange(100))) == "Permutation([0, 1, 2, 3, 4, 5, 6, 7, …])"
    assert repr(SignedPermutation([1, 0], [1, -1])) == "SignedPermutation([1, 0], [1, -1])"
    assert repr(Matrix(2 * np.eye(3))) == "Matrix(<3×3 dense>)"


@pytest.mark.parametrize(
    ("build", "what", "cause", "remedy"),
    [
        (lambda: Permutation([]), "non-empty list", "empty list", "n indices"),
        (lambda: Permutation(np.eye(2, dtype=int)), r"shape \(2, 2\)", "permutation matrix", "Matrix"),
        (lambda: Permutation([0.0, 1.0]), "float64", "floating-point", "dtype=int"),
        (lambda: Permutation([1, 2]), "position 1 holds 2", "count from 1", "count from 0"),
        (lambda: Permutation([0, 0]), "0 appears 2 times", "repeated", "exactly once"),
        (lambda: SignedPermutation([0, 1], [1]), "2 values", "different number", r"Matrix\(A\)"),
        (lambda: SignedPermutation([0, 1], [1, 2]), r"\[1, 2\]", "scale factors", r"Matrix\(A\)"),
        (lambda: SignedPermutation([0, 1], [None, 1]), r"\[None, 1\]", "scale factors", r"Matrix\(A\)"),
        # The tolerance of half precision reaches 1 at dimension 128: zero would count as orthogonal.
        (lambda: Matrix(np.zeros((128, 128), np.float16)), "half precision", "save memory", "float32"),
        (
            lambda: Permutation([1, 0]) @ Permutation([2, 0, 1]),
            "on 2 coordinates cannot follow one on 3",
            "two representations",
            "compose elements of one",
        ),
        (lambda: SignedPermutation([0], [1]) @ Matrix(np.eye(2)), "on 1 .* on 2", "two", "compose"),
        (lambda: Matrix(np.eye(2)) @ Permutation([0]), "on 2 .* on 1", "two", "compose"),
        (lambda: Matrix(np.ones((2, 3))), r"shape \(2, 3\)", "rectangular", "Permutation"),
        (lambda: Matrix(np.ones((2, 2))), "singular", "projection", "algebra="),
        (lambda: Matrix(sp.csr_array((2, 2))), "singular", "projection", "algebra="),
        (lambda: Matrix([[1j]]), "complex128", "complex", r"R\^\(2n\)"),
        (lambda: Matrix([[np.nan]]), "NaN", "missing value", "isfinite"),
    ],
)
def test_messages(build, what, cause, remedy):
    with pytest.raises(RepresentationError) as raised:
        build()
    assert re.search(what, raised.value.what)
    assert re.search(cause, raised.value.cause)
    assert re.search(remedy, raised.value.remedy)
