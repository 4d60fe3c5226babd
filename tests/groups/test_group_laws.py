"""Laws over the whole catalogue, and over random representations."""

import math
import pickle

import numpy as np
import pytest
import scipy.linalg
import scipy.sparse
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from haarwire.errors import GroupTooLargeError, NoSamplerError, ParameterError, RepresentationError
from haarwire.groups import (
    Matrix,
    Permutation,
    Representation,
    SignedPermutation,
    cyclic_shifts,
    direct_sum,
    dual,
    enumeration,
    from_name,
    hom,
    image_rotations,
    permutations,
    permutations_of_graphs,
    permutations_of_sets,
    reflection,
    restrict,
    tensor_product,
    trivial,
)

NAMES = (
    "trivial:3",
    "cyclic_shifts:1",
    "cyclic_shifts:6",
    "cyclic_shifts:2x3",
    "cyclic_shifts:2x2x2",
    "reflection:5",
    "image_rotations:3",
    "image_rotations:2,channels=3",
    "image_rotations:3,reflections=true",
    "permutations:1",
    "permutations:2",
    "permutations:4",
    "permutations_of_sets:3x2",
    "permutations_of_graphs:3",
    "reverse_complement:2",
    "permutations_of_tensors:2x3",
    "permutations_of_tensors:3x3",
    "alternating:1",
    "alternating:2",
    "alternating:3",
    "alternating:4",
    "dihedral:3",
    "dihedral:4",
    "hyperoctahedral:1",
    "hyperoctahedral:2",
    "hyperoctahedral:3",
    "cube_rotations:2",
    "cube_rotations:2,channels=2,reflections=true",
    "wreath:cyclic_shifts:3,copies=2",
    "wreath:hyperoctahedral:2,copies=2",
    "wreath:permutations:1,copies=3",
    "wreath:permutations:3,copies=1",
)


def key(g):
    return g.to_dense().round(9).tobytes()


def brute_force(rep):
    """Every product of the generators, by dense matrices."""
    generators = [g.to_dense() for g in rep.generators]
    found = {np.eye(rep.dim).round(9).tobytes(): np.eye(rep.dim)}
    fresh = list(found.values())
    while fresh:
        fresh_next = []
        for A in fresh:
            for g in generators:
                B = g @ A + 0.0
                if B.round(9).tobytes() not in found:
                    found[B.round(9).tobytes()] = B
                    fresh_next.append(B)
        fresh = fresh_next
    return found


@pytest.mark.parametrize("name", NAMES)
def test_catalogue(name):
    rep = from_name(name)
    assert rep.name == name
    everything = brute_force(rep)
    assert rep.order == len(everything)
    listed = rep.elements()
    assert {key(g) for g in listed} == set(everything)
    assert len(listed) == rep.order
    np.testing.assert_array_equal(listed[0].to_dense(), np.eye(rep.dim))
    assert rep.is_permutation == ("hyperoctahedral" not in name)
    assert rep.is_signed_permutation
    assert rep.is_orthogonal
    assert rep.is_compact
    assert rep.is_finite
    assert rep.dual is rep
    products = [Permutation.identity(rep.dim)]
    for level in rep.transversals():
        products = [g @ u for g in products for u in level]
    assert sorted(map(key, products)) == sorted(everything)
    # What the catalogue knows agrees with what is found without it.
    plain = Representation(rep.dim, rep.generators)
    assert plain.order == rep.order
    assert {key(g) for g in plain.sample(0, 20)} <= set(everything)


@pytest.mark.parametrize("name", NAMES)
def test_samples_are_uniform(name):
    rep = from_name(name)
    for source in (rep, Representation(rep.dim, rep.generators)):
        keys = [key(g) for g in source.sample(np.random.default_rng(1), 40 * rep.order)]
        everything = brute_force(rep)
        assert set(keys) <= set(everything)
        if rep.order > 1:
            counts = [keys.count(k) for k in everything]
            assert scipy.stats.chisquare(counts).pvalue > 1e-3


@pytest.mark.parametrize("name", NAMES)
def test_pickle(name):
    rep = from_name(name)
    assert rep.order == len(rep.elements())
    rep.transversals()  # caches a sympy group, which is left behind
    again = pickle.loads(pickle.dumps(rep))  # noqa: S301
    assert again.name == rep.name
    assert again.order == rep.order
    assert "_sympy_group" not in vars(again)
    assert [key(g) for g in again.sample(5, 3)] == [key(g) for g in rep.sample(5, 3)]
    both = pickle.loads(pickle.dumps(rep + rep * rep.dual))  # noqa: S301
    assert both.sample(0).dim == rep.dim + rep.dim**2


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (permutations_of_sets(3, 2), permutations_of_graphs(3)),
        (cyclic_shifts(4), image_rotations(2)),
        (reflection(3), cyclic_shifts(2)),
        (trivial(2), image_rotations(2, reflections=True)),
        (permutations(3), trivial(2)),
    ],
    ids=str,
)
def test_sums_and_products_are_driven_by_the_same_elements(first, second):
    total, product = first + second, first * second
    assert total.is_permutation
    assert product.is_permutation
    assert total.order == product.order == max(first.order, second.order)
    assert direct_sum(first, second).name == total.name
    assert tensor_product(first, second).name == product.name
    n = first.dim
    for seed in range(8):
        A = total.sample(seed).to_dense()
        B = product.sample(seed).to_dense()
        np.testing.assert_array_equal(A, scipy.linalg.block_diag(A[:n, :n], A[n:, n:]))
        np.testing.assert_array_equal(B, np.kron(A[:n, :n], A[n:, n:]))
    assert {key(g) for g in total.elements()} >= {key(g) for g in total.sample(3, 30)}


def random_representation(n, kinds, seed):
    rng = np.random.default_rng(seed)
    generators = []
    for kind in kinds:
        if kind == "permutation":
            generators.append(Permutation(rng.permutation(n)))
        elif kind == "signed":
            generators.append(SignedPermutation(rng.permutation(n), rng.choice([-1, 1], n)))
        else:
            generators.append(Matrix(np.eye(n) + 0.2 * rng.standard_normal((n, n))))
    return Representation(n, generators, [rng.standard_normal((n, n))])


kinds = st.lists(st.sampled_from(["permutation", "signed", "matrix"]), min_size=2, max_size=2)


@given(st.integers(1, 4), st.integers(1, 4), kinds, kinds, st.integers(0, 10**6))
@settings(max_examples=40, deadline=None)
def test_algebra_against_dense_matrices(n, m, first_kinds, second_kinds, seed):
    a = random_representation(n, first_kinds, seed)
    b = random_representation(m, second_kinds, seed + 1)
    total, product, maps = a + b, a * b, hom(a, b)
    for i in range(2):
        A, B = a.generators[i].to_dense(), b.generators[i].to_dense()
        np.testing.assert_allclose(total.generators[i].to_dense(), scipy.linalg.block_diag(A, B))
        np.testing.assert_allclose(product.generators[i].to_dense(), np.kron(A, B))
        W = np.random.default_rng(seed).standard_normal((m, n))
        moved = B @ W @ np.linalg.inv(A)
        got = maps.generators[i].apply(W.ravel()).reshape(m, n)
        np.testing.assert_allclose(got, moved, atol=1e-9 * np.abs(moved).max())
        np.testing.assert_allclose(dual(a).generators[i].to_dense(), np.linalg.inv(A).T, rtol=1e-9, atol=1e-9)
    L, K = a.algebra[0], b.algebra[0]
    np.testing.assert_allclose(total.algebra[0].toarray(), scipy.linalg.block_diag(L, K))
    np.testing.assert_allclose(product.algebra[0].toarray(), np.kron(L, np.eye(m)) + np.kron(np.eye(n), K))
    np.testing.assert_array_equal(a.dual.algebra[0], -L.T)


@given(
    st.integers(2, 4), st.lists(st.sampled_from(["permutation", "signed"]), max_size=3), st.integers(0, 99)
)
@settings(max_examples=30, deadline=None)
def test_orders_and_transversals_of_random_signed_permutations(n, kinds, seed):
    rep = Representation(n, random_representation(n, kinds, seed).generators)
    everything = brute_force(rep)
    assert rep.order == len(everything) == len(rep.elements())
    assert math.prod(map(len, rep.transversals())) == rep.order
    products = [Permutation.identity(n)]
    for level in rep.transversals():
        products = [g @ u for g in products for u in level]
    assert {(g.to_dense() + 0.0).round(9).tobytes() for g in products} == set(everything)
    assert {(g.to_dense() + 0.0).round(9).tobytes() for g in rep.sample(0, 10)} <= set(everything)


def test_finite_matrix_groups_are_listed_up_to_rounding():
    rng = np.random.default_rng(0)
    S = np.eye(5) + 0.3 * rng.standard_normal((5, 5))
    rep = Representation(5, [Matrix(S @ g.to_dense() @ np.linalg.inv(S)) for g in permutations(5).generators])
    assert rep.order == 120
    assert rep.is_finite
    assert len({g.to_dense().round(6).tobytes() for g in rep.elements()}) == 120
    assert any(np.allclose(rep.sample(3).to_dense(), g.to_dense()) for g in rep.elements())


def test_infinite_groups():
    c, s = np.cos(1.0), np.sin(1.0)
    turn = Representation(2, [Matrix([[c, -s], [s, c]])], name="turn")
    circle = Representation(2, algebra=[[[0, -1], [1, 0]]])
    shear = Representation(2, [Matrix([[1, 1], [0, 1]])])
    assert circle.order == shear.order == math.inf
    assert not circle.is_finite
    with pytest.raises(GroupTooLargeError, match="turn has more than 50 elements, the limit is 50"):
        turn.elements(limit=50)
    with pytest.raises(GroupTooLargeError, match="infinitely many") as raised:
        circle.elements()
    assert "from the generators" in raised.value.remedy
    with pytest.raises(NoSamplerError, match="no exact sampler") as none:
        circle.sample()
    assert "Lie-algebra" in none.value.cause
    assert "GroupAction" in none.value.remedy
    with pytest.raises(RepresentationError, match="no chain of transversals") as chain:
        shear.transversals()
    assert "matrices" in chain.value.cause
    assert "elements()" in chain.value.remedy


def test_where_memory_is_the_bound_a_higher_limit_is_no_remedy(monkeypatch):
    monkeypatch.setattr(enumeration, "_ENUMERATION_BYTES", 8 * 2**2 * 10)
    c, s = np.cos(1.0), np.sin(1.0)
    turn = Representation(2, [Matrix([[c, -s], [s, c]])], name="turn")
    with pytest.raises(GroupTooLargeError, match="more than 10 elements, of which 10 take 1 GiB") as raised:
        turn.elements()
    assert "from the generators" in raised.value.remedy
    assert "limit" not in raised.value.remedy
    with pytest.raises(GroupTooLargeError, match="more than 5 elements, the limit is 5") as raised:
        turn.elements(limit=5)
    assert "raise limit=" in raised.value.remedy


def test_restriction_to_a_subgroup():
    half = restrict(image_rotations(3), [(0, 0)], name="half turns")
    assert (half.order, half.name) == (2, "half turns")
    assert restrict(permutations(4), [(1,), ()]).order == 4
    with pytest.raises(ParameterError, match="names generator 1") as raised:
        restrict(image_rotations(3), [(1,)])
    assert "counted from 0" in raised.value.cause
    assert "positions 0" in raised.value.remedy


def test_huge_groups_cost_nothing():
    everyone = permutations(10**5)
    assert everyone.order > 10**15
    assert "about 10^456573" in repr(everyone)
    assert everyone.sample(0).dim == 10**5
    assert cyclic_shifts(10**6).order == 10**6
    with pytest.raises(GroupTooLargeError, match="about"):
        everyone.elements()


@pytest.mark.parametrize(
    ("build", "what", "cause", "remedy"),
    [
        (lambda: Representation(0), "positive integer, got 0", "size", "Representation(64"),
        (lambda: Representation(True), "got True", "size", "Representation(64"),
        (lambda: Representation(2, [np.eye(2)]), "ndarray, not a group", "array", "wrap it"),
        (lambda: Representation(3, [Permutation([1, 0])]), "acts on 2", "another size", "dimension 3"),
        (
            lambda: Representation(3, algebra=[np.eye(2)]),
            "element 0 acts on 2",
            "another size",
            "dimension 3",
        ),
        (lambda: Representation(3, algebra=[np.ones(2)]), "square matrix", "flat list", "(n, n)"),
        (lambda: Representation(2, 5), "generators must be a sequence, got 5", "number", "list them"),
        (lambda: Representation(2, algebra="L"), "algebra must be a sequence, got 'L'", "name", "list them"),
        (lambda: Representation(2, "ab"), "must be a sequence, got 'ab'", "name", "list them"),
        (lambda: Permutation([1, [2, 3]]), "indices of a permutation must form", "unevenly", "equally long"),
        (lambda: SignedPermutation([1, 0], [1, [1]]), "the signs must form", "unevenly", "equally long"),
        (lambda: Matrix([[1, 2], [3]]), "a generator must form an array", "unevenly", "equally long"),
        (lambda: Representation(2, algebra=[[[1, 2], [3]]]), "element 0 must form", "missing", "equally"),
        (lambda: permutations(3) + permutations(4), "of S_3", "one to one", "trivial(dim)"),
        (lambda: permutations(3) * reflection(4), "not representations of one group", "one", "trivial"),
    ],
)
def test_messages(build, what, cause, remedy):
    with pytest.raises(RepresentationError) as raised:
        build()
    assert what in raised.value.what
    assert cause in raised.value.cause
    assert remedy in raised.value.remedy


def test_nothing_and_single_things_are_lists():
    assert Representation(2, None, None).order == 1
    assert len(Representation(2, Permutation([1, 0])).generators) == 1
    turn = np.array([[0.0, -1.0], [1.0, 0.0]])
    assert len(Representation(2, algebra=turn).algebra) == 1
    assert len(Representation(2, algebra=scipy.sparse.csr_array(turn)).algebra) == 1


@pytest.mark.parametrize("call", [lambda r: r.elements(limit=0), lambda r: r.sample(0, size=-1)])
def test_counts_are_checked(call):
    with pytest.raises(ParameterError, match=r"must be a .*got (0|-1)") as raised:
        call(reflection(3))
    assert raised.value.cause
    assert "give a count" in raised.value.remedy


def test_only_representations_are_added():
    with pytest.raises(TypeError):
        reflection(3) + 1
    with pytest.raises(TypeError):
        reflection(3) * 2
