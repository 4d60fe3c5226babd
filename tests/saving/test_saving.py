"""Saved objects come back as they were; files that are anything else are refused, whatever they hold."""

from __future__ import annotations

import json
import os
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

import haarwire as hw

pytest.importorskip("safetensors", reason="needs the io extra")

from safetensors.numpy import save

from haarwire.saving import load
from haarwire.saving import save as save_object
from saved_files import content, moments, planted, rewrite, same

# There and back.


@pytest.mark.parametrize("accuracy", ["gram", "qr"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_moments(accuracy, dtype, tmp_path) -> None:
    m = moments(accuracy, dtype)
    m.save(tmp_path / "m")
    save_object(m, tmp_path / "n")
    assert same(hw.Moments.load(tmp_path / "m"), m)
    assert same(load(tmp_path / "m"), m)
    assert same(load(tmp_path / "n"), m)
    empty = hw.Moments.empty(3, 2)
    empty.save(tmp_path / "m")
    assert same(hw.Moments.load(tmp_path / "m"), empty)


@pytest.mark.parametrize(
    "approach", [hw.Plain(), hw.Hardwired(), hw.Augmented(), hw.Regularized(0.5), hw.Regularized(np.inf)]
)
def test_solutions(approach, tmp_path) -> None:
    solution = hw.solve(moments(), hw.groups.cyclic_shifts(6), rank=1, approach=approach)
    save_object(solution, tmp_path / "s")
    assert same(load(tmp_path / "s"), solution)
    X = planted().X
    assert np.array_equal(load(tmp_path / "s").predict(X), solution.predict(X))


def test_representations(tmp_path) -> None:
    turn = np.array([[0.0, -1.0], [1.0, 0.0]])
    for rep in (
        hw.groups.image_rotations(3),
        hw.Representation(2, [hw.SignedPermutation([1, 0], [1, -1])], [turn]),
        hw.Representation(2, [hw.Matrix(sp.csr_array(turn))], [sp.csr_array(turn)], name="turns ≤ all"),
        hw.Representation(3),
    ):
        save_object(rep, tmp_path / "r")
        again = load(tmp_path / "r")
        assert (again.dim, again.name) == (rep.dim, rep.name)
        assert same(again.generators, rep.generators)
        assert len(again.algebra) == len(rep.algebra)
        assert same(hw.invariant_subspace(again).basis, hw.invariant_subspace(rep).basis)
    subspace = hw.invariant_subspace(hw.groups.image_rotations(3))
    save_object(subspace, tmp_path / "r")
    assert same(load(tmp_path / "r").matrix, subspace.matrix)


def test_estimators(tmp_path) -> None:
    pytest.importorskip("sklearn", reason="needs the sklearn extra")
    from haarwire import estimators

    data = hw.datasets.digits()
    labels = np.array(list("abcdefghij"))[data.Y.argmax(axis=1)]
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((50, 4)), rng.standard_normal(50)
    cases = [
        (estimators.InvariantRegressor("image_rotations", rank=3, ridge=0.1), data.X, data.Y),
        (estimators.InvariantRegressor(hw.groups.reflection(4)), X, y),
        (estimators.InvariantClassifier("image_rotations", class_weight={}), data.X, labels),
        (estimators.InvariantRegressorCV("reflection", alphas=[0.1, np.inf]), X, y),
        (estimators.InvariantProjection("image_rotations"), data.X, None),
        (estimators.InvariantPolynomialFeatures("reflection", degree=2), X, None),
    ]
    for model, inputs, targets in cases:
        model.fit(inputs, targets)
        save_object(model, tmp_path / "e")
        again = load(tmp_path / "e")
        assert type(again) is type(model)
        for method in ("predict", "transform", "decision_function"):
            if hasattr(model, method):
                assert np.array_equal(getattr(again, method)(inputs), getattr(model, method)(inputs))
    # A fitted regressor goes on learning.
    first = estimators.InvariantRegressor("reflection").fit(X, y)
    save_object(first, tmp_path / "e")
    assert np.array_equal(load(tmp_path / "e").partial_fit(X, y).coef_, first.partial_fit(X, y).coef_)
    unfitted = estimators.InvariantRegressor("reflection", ridge=2.0)
    save_object(unfitted, tmp_path / "e")
    assert load(tmp_path / "e").get_params() == unfitted.get_params()


def test_what_cannot_be_saved_is_named(tmp_path) -> None:
    with pytest.raises(hw.ParameterError, match="the object is a function, which cannot be saved"):
        save_object(planted, tmp_path / "f")
    with pytest.raises(hw.ParameterError, match=r"the object\[1\]\['a'\] is an array of dtype complex128"):
        save_object([1, {"a": np.ones(2, complex)}], tmp_path / "f")
    assert not list(tmp_path.iterdir())


def test_numbers_texts_and_arrays(tmp_path) -> None:
    value = {
        "numbers": [1, 2.5, np.inf, -np.inf, True, None, np.float32(0.5), np.int8(3)],
        "texts": ("≤", ""),
        "arrays": [
            np.arange(4, dtype=t) for t in (np.uint8, np.int16, np.uint32, np.float16, np.float32, np.int64)
        ],
        "objects": [np.array(["a", "bc"]), np.array(["a", None, 3], dtype=object), np.zeros((0, 3))],
    }
    save_object(value, tmp_path / "v")
    again = load(tmp_path / "v")
    assert same([*again["numbers"]], [1, 2.5, np.inf, -np.inf, True, None, 0.5, 3])
    assert again["texts"] == value["texts"]
    assert same(again["arrays"], value["arrays"])
    assert same([A.tolist() for A in again["objects"]], [A.tolist() for A in value["objects"]])


# Files that are anything else.


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": 2}, "version 2 of the format; this Haarwire reads versions up to 1"),
        ({"version": True}, "its version is True"),
        ({"version": -1}, "its version is -1"),
        ({"kind": "solution"}, "it is of kind 'solution'"),
        ({"kind": 3}, "names no kind"),
        ({"facts": []}, "has no facts"),
        ({"n_features": 8}, "no scatter of 8 features"),
        ({"n_features": 2.0}, "n_features is 2.0"),
        ({"n_features": 10**30}, "n_features is 1000"),
        ({"count": -1}, "count -1"),
        ({"count": True}, "count True"),
        ({"weight": -5.0}, "weight is -5.0"),
        ({"weight": 1e999}, "cannot be read"),
        ({"weight": None}, "weight is None"),
        ({"dtype": "object"}, "dtype is 'object'"),
        ({"eps": 7}, "eps 7"),
        ({"mean": np.zeros(7)}, "an array has shape"),
        ({"mean": np.full(8, np.nan)}, "not finite"),
        ({"mean": np.zeros((8, 1))}, "an array has shape"),
        ({"mean": np.zeros(8, np.float32)}, "an array has shape"),
        ({"scatter": np.diag(np.r_[-1.0, np.ones(7)])}, "no scatter"),
        ({"scatter": np.triu(np.ones((8, 8)))}, "no scatter"),
        ({"scatter": np.zeros((8, 0))}, "an array has shape"),
        ({"factor": np.eye(8)}, "its factor is not one of its scatter"),
        ({"../../evil": np.zeros(3)}, "it holds the arrays"),
    ],
)
def test_moments_that_are_none(change, message, tmp_path) -> None:
    path = tmp_path / "m"
    moments().save(path)
    arrays, header = content(path)
    for name, value in change.items():
        if isinstance(value, np.ndarray):
            arrays[name] = value
        elif name in header:
            header[name] = value
        else:
            header["facts"][name] = value
    rewrite(path, arrays, header)
    with pytest.raises(hw.FileError, match=message):
        hw.Moments.load(path)
    with pytest.raises(hw.FileError):
        load(path)
    assert [p.name for p in tmp_path.iterdir()] == ["m"]


@pytest.mark.parametrize("where", ["array", "fact"])
def test_a_flipped_bit_is_found(where, tmp_path) -> None:
    path = tmp_path / "m"
    moments().save(path)
    written = bytearray(path.read_bytes())
    if where == "array":
        written[-9] ^= 1
    else:
        at = written.index(b"count") + len(rb"count\": ")
        written[at] = ord("7")
    path.write_bytes(bytes(written))
    with pytest.raises(hw.FileError, match="not those that were written"):
        load(path)


def test_files_of_other_kinds(tmp_path) -> None:
    path = tmp_path / "f"
    for bytes_ in (
        b"",
        b"PK\x03\x04",
        b"\x80\x04K\x01.",
        b"\xff" * 100,
        (2**63).to_bytes(8, "little") + b"{}",
    ):
        path.write_bytes(bytes_)
        with pytest.raises(hw.FileError, match="cannot be read as a saved object"):
            load(path)
    path.write_bytes(save({"a": np.zeros(3)}))
    with pytest.raises(hw.FileError, match="not written by Haarwire"):
        load(path)
    for header in (
        "[" * 100_000,
        "[]",
        "{}",
        "nonsense",
        '{"kind": "object", "version": 1, "facts": {"tree": {}}}',
    ):
        rewrite(path, {}, header)
        with pytest.raises(hw.FileError, match="cannot be read as a saved object"):
            load(path)
    with pytest.raises(hw.FileError, match="is not there"):
        load(tmp_path / "none")
    with pytest.raises(hw.FileError, match="is a folder"):
        load(tmp_path)
    with pytest.raises(hw.FileError, match="is no file"):
        load("/dev/zero")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(hw.FileError, match="is no file"):
        load(tmp_path / "pipe")


@pytest.mark.parametrize(
    "tree",
    [
        {"kind": "os.system", "fields": {}},
        {"kind": "Plain", "fields": {"a": 1}},
        {"kind": "Regularized", "fields": {"alpha": -1.0, "penalty": "generators"}},
        {"kind": "Regularized", "fields": {"alpha": 1.0, "penalty": "x"}},
        {"kind": "Solution", "fields": {}},
        {"kind": "Representation", "fields": {"dim": 2, "generators": [], "algebra": [], "name": 3}},
        {"kind": "Representation", "fields": {"dim": -2, "generators": {"list": []}, "algebra": {"list": []},
                                              "name": ""}},
        {"kind": "Representation", "fields": {"dim": 2, "generators": {"list": [3]}, "algebra": {"list": []},
                                              "name": ""}},
        {"kind": "Permutation", "fields": {"indices": 4}},
        {"kind": "Permutation", "fields": {"indices": {"array": "a0", "dtype": "int64"}}},
        {"kind": "Subspace", "fields": {"matrix": {"array": "a0", "dtype": "int64"}}},
        {"kind": "InvariantRegressor", "fields": {"params": {"dict": {}}, "state": {"dict": {}}}},
        {"array": "a1"}, {"array": "a0", "dtype": "object"}, {"array": "a0", "dtype": "uint8"},
        {"array": "../a0"}, {"array": 0}, {"number": "1e5"}, {"number": 7}, {"list": 3}, {"tuple": {}},
        {"dict": []}, {"objects": 5}, {"objects": [1], "is_text": True}, {"sparse": {}}, {"sparse": 3},
        {"__class__": "x"}, {"kind": []}, [1, 2], 5, None, {"list": [{"array": "a0", "dtype": "int64"}] * 2},
        {"sparse": {"data": {"objects": []}, "indices": {"objects": []}, "indptr": {"objects": []}},
         "shape": [10**11, 10**11]},
    ],
)  # fmt: skip
def test_trees_that_are_none(tree, tmp_path) -> None:
    header = {"kind": "object", "version": 1, "facts": {"tree": tree}}
    rewrite(tmp_path / "t", {"a0": np.array([3, 300])}, header)
    with pytest.raises(hw.FileError):
        load(tmp_path / "t")


def test_estimators_that_are_none(tmp_path) -> None:
    pytest.importorskip("sklearn", reason="needs the sklearn extra")
    from haarwire.estimators import InvariantRegressor

    rng = np.random.default_rng(0)
    model = InvariantRegressor("reflection").fit(rng.standard_normal((20, 4)), rng.standard_normal(20))
    path = tmp_path / "e"
    save_object(model, path)
    arrays, header = content(path)
    fields = header["facts"]["tree"]["fields"]
    state, params = fields["state"]["dict"], fields["params"]["dict"]
    for where, name, value in (
        (state, "predict", 3),
        (state, "__dict__", 3),
        (state, "not a name", 3),
        (state, "_is_flat", "yes"),
        (state, "n_features_in_", "4"),
        (params, "representation", "/etc/passwd"),
        (params, "representation", "evil.npz"),
        (params, "unknown", 3),
    ):
        old = dict(where)
        where[name] = value
        rewrite(path, arrays, header)
        where.clear()
        where.update(old)
        with pytest.raises(hw.FileError):
            load(path)


def test_sizes_that_are_declared_only_take_no_memory(tmp_path) -> None:
    path = tmp_path / "m"
    for declared in ([2**40], [2**31, 2**31], [2**62, 4], [0, 2**40]):
        header = {"scatter": {"dtype": "F64", "shape": declared, "data_offsets": [0, 64]}}
        text = json.dumps(header).encode()
        path.write_bytes(len(text).to_bytes(8, "little") + text + bytes(64))
        tracemalloc.start()
        with pytest.raises(hw.FileError):
            load(path)
        assert tracemalloc.get_traced_memory()[1] < 2**20
        tracemalloc.stop()


def attempt(path: Path) -> None:
    """Loading gives an object or FileError, and nothing else."""
    try:
        value = load(path)
    except hw.FileError:
        return
    assert isinstance(value, hw.Moments | hw.Solution)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    path = tmp_path_factory.mktemp("saved") / "f"
    contents = []
    for value in (moments("qr"), hw.solve(moments(), hw.groups.cyclic_shifts(6), approach=hw.Plain())):
        save_object(value, path)
        contents.append(path.read_bytes())
    moments().save(path)
    return [*contents, path.read_bytes()]


@settings(max_examples=400)
@given(st.data())
def test_damaged_bytes(saved, tmp_path_factory, data) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzzed"
    bytes_ = bytearray(data.draw(st.sampled_from(saved)))
    for _ in range(data.draw(st.integers(1, 4))):
        # Most of the harm is in the header.
        end = min(len(bytes_), data.draw(st.sampled_from([8, 400, 1000, len(bytes_)])))
        at = data.draw(st.integers(0, max(0, end - 1)))
        change = data.draw(st.sampled_from(["flip", "cut", "insert", "replace"]))
        if change == "cut":
            del bytes_[at:]
        elif change == "insert":
            bytes_[at:at] = data.draw(st.binary(max_size=20))
        elif bytes_:
            bytes_[at] ^= 1 << data.draw(st.integers(0, 7)) if change == "flip" else 0
            bytes_[at] = data.draw(st.integers(0, 255)) if change == "replace" else bytes_[at]
    path.write_bytes(bytes(bytes_))
    attempt(path)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=300)
@given(st.data())
def test_damaged_headers(saved, tmp_path_factory, data) -> None:
    """Well-formed files whose facts are replaced by arbitrary ones, and whose arrays by others."""
    path = tmp_path_factory.getbasetemp() / "fuzzed"
    path.write_bytes(data.draw(st.sampled_from(saved)))
    arrays, header = content(path)
    nodes: list[tuple[Any, Any]] = []

    def collect(node: Any) -> None:
        items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
        for key, child in items:
            nodes.append((node, key))
            collect(child)

    collect(header)
    node, key = data.draw(st.sampled_from(nodes))
    node[key] = data.draw(json_values)
    if data.draw(st.booleans()):
        name = data.draw(st.sampled_from(sorted(arrays)))
        shape = data.draw(st.lists(st.integers(0, 4), max_size=3))
        arrays[name] = np.zeros(
            shape, data.draw(st.sampled_from([np.float64, np.float32, np.int64, np.uint8]))
        )
    rewrite(path, arrays, json.dumps(header))
    attempt(path)


def test_moments_are_moments_whoever_saved_them(tmp_path) -> None:
    save_object(moments(), tmp_path / "m")
    assert same(hw.Moments.load(tmp_path / "m"), moments())
    save_object([moments()], tmp_path / "m")
    with pytest.raises(hw.FileError, match="it holds no moments: it is of kind 'object'") as error:
        hw.Moments.load(tmp_path / "m")
    assert "haarwire.saving.load" in error.value.remedy


def test_a_header_above_the_limit_is_told_as_one(tmp_path) -> None:
    path = tmp_path / "m"
    path.write_bytes((2**23).to_bytes(8, "little") + bytes(2**23 + 1))
    with pytest.raises(hw.FileError, match="its header has 8388608 bytes, above the limit of 4194304"):
        load(path)


@pytest.mark.parametrize("size", [3000, 200_000])
def test_a_subspace_takes_no_more_memory_than_its_file(size, tmp_path) -> None:
    path = tmp_path / "s"
    save_object(hw.invariant_subspace(hw.groups.cyclic_shifts(3)), path)
    dense = hw.invariants.Subspace(sp.csr_array(np.eye(3)[:, :2]))
    save_object(dense, path)
    assert same(load(path).matrix, dense.matrix)
    arrays, header = content(path)
    matrix = header["facts"]["tree"]["fields"]["matrix"]
    ends = np.array([0, 0, 0])
    empty = {"data": arrays["a0"][:0], "indices": arrays["a1"][:0], "indptr": ends.astype(arrays["a2"].dtype)}
    matrix["shape"] = [2, size]
    renamed = {matrix["sparse"][part]["array"]: A for part, A in empty.items()}
    rewrite(path, renamed, header)
    tracemalloc.start()
    try:
        with pytest.raises(hw.FileError, match=f"a subspace has {size} basis vectors"):
            load(path)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


def test_a_sparse_basis_with_a_full_row_is_checked_in_parts(tmp_path) -> None:
    k = 3000
    full = sp.csr_array(np.full((1, k), 1e-12))
    basis = sp.csr_array(sp.vstack([full, sp.eye_array(k)]))
    save_object(hw.invariants.Subspace(basis), tmp_path / "s")
    tracemalloc.start()
    try:
        assert load(tmp_path / "s").dim == k
        assert tracemalloc.get_traced_memory()[1] < 8 * k**2 / 2
    finally:
        tracemalloc.stop()
