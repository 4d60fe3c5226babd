"""Data sets: what is read from every kind of file, and what is said about files that cannot be."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import haarwire as hw
from haarwire.datasets import BUILT_IN, Dataset, digits, load, planted

N = 12
X = np.random.default_rng(0).standard_normal((N, 4))
LABELS = np.arange(N) % 3


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder of its own, so that messages show short paths."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def csv_of(text: str, name: str = "table.csv", encoding: str = "utf-8") -> str:
    Path(name).write_text(text, encoding=encoding)
    return name


def classes_of(data: Dataset) -> list[Any]:
    assert data.classes is not None
    return data.classes.tolist()


def codes_of(data: Dataset) -> list[int]:
    """Class numbers, after making sure that the targets are one-hot."""
    assert set(np.unique(data.Y)) <= {0.0, 1.0}
    np.testing.assert_array_equal(data.Y.sum(axis=1), 1.0)
    return data.Y.argmax(axis=1).tolist()


# Arrays.


@pytest.mark.parametrize(
    ("y", "classes"),
    [
        (LABELS, [0, 1, 2]),
        (LABELS.astype(np.uint8)[:, None], [0, 1, 2]),
        (LABELS - 1, [-1, 0, 1]),
        (LABELS > 0, [False, True]),
        (np.array(["b", "a", "c"])[LABELS], ["a", "b", "c"]),
        (np.array(["b", "a", "c"], dtype=object)[LABELS], ["a", "b", "c"]),
        (np.array([10, 9, 100], dtype=object)[LABELS], [9, 10, 100]),
        (LABELS.astype("S1"), [b"0", b"1", b"2"]),
        (LABELS.tolist(), [0, 1, 2]),
        (np.zeros(N, int), [0]),
    ],
    ids=["int", "column", "negative", "bool", "text", "objects", "int objects", "bytes", "list", "one class"],
)
def test_a_column_of_labels_becomes_one_hot_with_sorted_classes(y: Any, classes: list[Any]) -> None:
    data = Dataset.from_arrays(X, y)
    assert classes_of(data) == classes
    assert [classes[code] for code in codes_of(data)] == np.asarray(y).reshape(-1).tolist()


def test_numbers_stay_numbers() -> None:
    for y in (X[:, 0], X[:, :1], X[:, :3], np.column_stack([LABELS, LABELS])):
        data = Dataset.from_arrays(X, y)
        assert data.classes is None
        assert data.Y.dtype == np.float64
        np.testing.assert_array_equal(data.Y, np.asarray(y).reshape(N, -1))
    assert Dataset.from_arrays(X, X[:, 0].astype(np.float32)).Y.dtype == np.float32


def test_targets_says_what_integers_and_floats_are() -> None:
    numbers = Dataset.from_arrays(X, LABELS, targets="numbers")
    assert numbers.classes is None
    np.testing.assert_array_equal(numbers.Y, LABELS[:, None].astype(float))
    labels = Dataset.from_arrays(X, LABELS + 0.5, targets="labels")
    assert classes_of(labels) == [0.5, 1.5, 2.5]
    assert codes_of(labels) == LABELS.tolist()


def test_inputs_are_flattened_and_keep_their_type() -> None:
    images = np.arange(N * 12, dtype=np.uint8).reshape(N, 3, 4)
    data = Dataset.from_arrays(images, LABELS)
    assert data.X.dtype == np.uint8
    np.testing.assert_array_equal(data.X, images.reshape(N, 12))


@pytest.mark.parametrize("values", [np.arange(300), np.arange(300).astype(str)], ids=["int", "text"])
def test_more_than_256_values_are_taken_for_labels_only_when_told_so(values: np.ndarray) -> None:
    inputs = np.zeros((300, 2))
    with pytest.raises(hw.DataError, match="300 different values") as caught:
        Dataset.from_arrays(inputs, values)
    assert "--targets numbers" in caught.value.remedy
    assert len(classes_of(Dataset.from_arrays(inputs, values, targets="labels"))) == 300
    assert len(classes_of(Dataset.from_arrays(inputs[:256], values[:256]))) == 256


def test_repr_tells_sizes() -> None:
    assert repr(Dataset.from_arrays(X, LABELS)) == "Dataset(data: 12 samples, 4 features, 3 classes)"
    assert "2 targets" in repr(Dataset.from_arrays(X, X[:, :2], name="mine"))


@pytest.mark.parametrize(
    ("inputs", "y", "message"),
    [
        (X[:, 0], LABELS, r"inputs of data have shape \(12,\)"),
        (X.astype(str), LABELS, "inputs of data have shape .* dtype <U"),
        (X + 0j, LABELS, "complex128"),
        ([[1, 2], [3]], [0, 1], "inputs of data cannot be made an array"),
        (X, [[1, 2], [3]], "targets of data cannot be made an array"),
        (np.ma.masked_array(X, X > 1), LABELS, "masked array with missing entries"),
        (np.zeros((0, 4)), np.zeros(0), r"no samples: its inputs have shape \(0, 4\)"),
        (np.zeros((0, 2, 2)), np.zeros(0), r"no samples: its inputs have shape \(0, 2, 2\)"),
        (X, LABELS[:-1], r"12 samples of inputs and targets of shape \(11,\)"),
        (X, np.zeros((N, 2, 2)), r"targets of shape \(12, 2, 2\)"),
        (X, np.zeros((N, 0)), r"targets of shape \(12, 0\)"),
        (X, np.float64(1.0), r"targets of shape \(\)"),
        (X, np.full((N, 2), "a"), "dtype <U1, numbers are needed"),
        (X, np.full(N, np.datetime64("2020-01-01")), "datetime64"),
        (X, np.array(["a", ""] * 6), r"label of sample 1 of data is missing \(6 of 12 are\)"),
        (X, np.array([1, 2, None] * 4, dtype=object), "label of sample 2 of data is missing"),
        (X, np.array(["a", float("nan")] * 6, dtype=object), "label of sample 1 of data is missing"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(inputs: Any, y: Any, message: str) -> None:
    with pytest.raises(hw.DataError, match=message) as caught:
        Dataset.from_arrays(inputs, y)
    assert caught.value.cause
    assert caught.value.remedy


def test_labels_must_be_one_column_without_gaps() -> None:
    with pytest.raises(hw.DataError, match=r"labels of data have shape \(12, 2\)"):
        Dataset.from_arrays(X, X[:, :2], targets="labels")
    with pytest.raises(hw.DataError, match="label of sample 3 of data is missing"):
        Dataset.from_arrays(X, np.where(np.arange(N) == 3, np.nan, 1.0), targets="labels")
    with pytest.raises(hw.ParameterError, match="'auto', 'labels' or 'numbers', got 'label'"):
        Dataset.from_arrays(X, LABELS, targets="label")  # type: ignore[arg-type]


# Splits.


@pytest.mark.parametrize(
    ("test_size", "held_out"), [(0.25, 3), (1 / 3, 4), (5, 5), (5.0, 5), (1, 1), (10, 10)]
)
def test_a_split_has_the_size_asked_for_and_loses_nothing(test_size: float, held_out: int) -> None:
    data = Dataset.from_arrays(np.arange(N)[:, None], LABELS)
    train, test = data.split(test_size, np.random.default_rng(0))
    assert (len(train.X), len(test.X)) == (N - held_out, held_out)
    assert sorted([*train.X[:, 0], *test.X[:, 0]]) == list(range(N))
    for part in (train, test):
        assert classes_of(part) == [0, 1, 2]
        assert codes_of(part) == (part.X[:, 0] % 3).tolist()


def test_a_split_repeats_with_its_seed() -> None:
    data = Dataset.from_arrays(np.arange(100)[:, None], np.arange(100.0))

    def held_out(seed: int) -> list[float]:
        return data.split(0.3, np.random.default_rng(seed))[1].X[:, 0].tolist()

    assert held_out(1) == held_out(1)
    assert held_out(1) != held_out(2)


@pytest.mark.parametrize("test_size", [0, -3, N, N - 1, 0.99, 0.01])
def test_a_split_that_leaves_nothing_is_refused(test_size: float) -> None:
    data = Dataset.from_arrays(X, LABELS)
    with pytest.raises(hw.ParameterError, match=f"test size of {test_size} leaves"):
        data.split(test_size, np.random.default_rng(0))


@pytest.mark.parametrize("test_size", [1.5, float("nan"), float("inf"), "0.3", None, True])
def test_a_test_size_that_is_neither_share_nor_number_is_refused(test_size: Any) -> None:
    with pytest.raises(hw.ParameterError, match="share below 1 or a whole number"):
        Dataset.from_arrays(X, LABELS).split(test_size, np.random.default_rng(0))


def test_the_split_of_a_source_is_kept() -> None:
    held_out = Dataset.from_arrays(X[:3], LABELS[:3])
    data = Dataset("data", X, np.eye(3)[LABELS], np.arange(3), held_out)
    train, test = data.split(0.5, np.random.default_rng(0))
    assert train.X is X
    assert test is held_out
    assert train.test is None


# Built-in and synthetic data.


def test_digits() -> None:
    pytest.importorskip("sklearn", reason="the digits data set ships with scikit-learn")
    data = load("digits")
    assert repr(data) == "Dataset(digits: 1797 samples, 64 features, 10 classes)"
    assert data.X.dtype == np.uint8
    assert data.X.max() == 16
    assert codes_of(data)[:5] == [0, 1, 2, 3, 4]
    assert set(BUILT_IN) == {"digits"}


def test_digits_without_scikit_learn_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(hw.MissingDependencyError, match="needs scikit-learn") as caught:
        digits()
    assert caught.value.remedy == 'pip install "haarwire[sklearn]"'


def test_planted_without_noise_is_an_invariant_map() -> None:
    rep = hw.groups.cyclic_shifts((2, 3))
    data = planted(rep, 50, n_targets=2, noise=0.0, rng=0)
    W = np.linalg.lstsq(data.X, data.Y, rcond=None)[0].T
    assert hw.invariance_error(W, rep) < 1e-12
    np.testing.assert_allclose(data.X @ W.T, data.Y, atol=1e-12)
    assert data.classes is None


def test_planted_repeats_and_violates_as_told() -> None:
    rep = hw.groups.reflection(6)
    np.testing.assert_array_equal(planted(rep, 9, rng=3).Y, planted(rep, 9, rng=3).Y)
    violated = planted(rep, 50, noise=0.0, violation=1.0, rng=0)
    W = np.linalg.lstsq(violated.X, violated.Y, rcond=None)[0].T
    assert hw.invariance_error(W, rep) > 0.1
    noisy, clean = planted(rep, 4000, noise=2.0, rng=1), planted(rep, 4000, noise=0.0, rng=1)
    assert np.std(noisy.Y - clean.Y) == pytest.approx(2.0, rel=0.05)
    nothing_fixed = hw.Representation(3, (hw.Matrix(-np.eye(3)),))
    assert not planted(nothing_fixed, 5, noise=0.0, rng=0).Y.any()


@pytest.mark.parametrize("sizes", [{"n_samples": 0}, {"n_samples": 2.5}, {"n_samples": 5, "n_targets": -1}])
def test_planted_refuses_sizes_that_are_none(sizes: dict[str, Any]) -> None:
    with pytest.raises(hw.ParameterError, match="must be a positive integer"):
        planted(hw.groups.reflection(4), **sizes)


# Names.


@pytest.mark.parametrize(("name", "hint"), [("digit", "'digits'"), ("Digits", "'digits'"), ("mnist", None)])
def test_an_unknown_name_suggests_the_nearest(name: str, hint: str | None) -> None:
    with pytest.raises(hw.UnknownNameError, match=f"no data set is called '{name}'") as caught:
        load(name)
    assert ("did you mean" in caught.value.what) == (hint is not None)
    assert hint is None or hint in caught.value.what
    assert "digits" in caught.value.remedy


def test_a_file_of_another_kind_is_not_taken_for_a_name(folder: Path) -> None:
    (folder / "data.parquet").write_bytes(b"PAR1")
    with pytest.raises(hw.FileError, match=r"data\.parquet ends in \.parquet: such files are not read"):
        load(folder / "data.parquet")
    with pytest.raises(hw.UnknownNameError, match="parquet"):
        load(folder / "none.parquet")


@pytest.mark.parametrize("name", ["none.npz", "none.npy", "none.csv", "nowhere/none.csv"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    with pytest.raises(hw.FileError, match=f"there is no file {name}"):
        load(name)


def test_a_folder_is_no_file(folder: Path) -> None:
    (folder / "data.npz").mkdir()
    with pytest.raises(hw.FileError, match=r"data\.npz is a folder"):
        load("data.npz")


# .npz


@pytest.mark.parametrize(
    ("x", "y"), [("x", "y"), ("X", "y"), ("X", "Y"), ("x_train", "y_train"), ("X_train", "y_train")]
)
def test_npz_arrays_with_the_usual_names_are_found(folder: Path, x: str, y: str) -> None:
    np.savez(folder / "data.npz", **{x: X, y: LABELS, "other": np.zeros(3)})
    data = load(folder / "data.npz")
    np.testing.assert_array_equal(data.X, X)
    assert codes_of(data) == LABELS.tolist()
    assert (data.name, data.test) == ("data", None)


def test_npz_arrays_by_name(folder: Path) -> None:
    np.savez("data.npz", inputs=X, other=X[:, :2], species=LABELS, x=X[:, :1])
    assert load("data.npz", x="inputs", y="species").X.shape == (N, 4)
    assert load("data.npz", x="other", y="species").X.shape == (N, 2)
    assert load("data.npz", y="species").X.shape == (N, 1)  # x has its usual name


def test_npz_images_are_flattened_and_stay_8_bit(folder: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (N, 3, 3)).astype(np.uint8)
    np.savez_compressed("data.npz", x=images, y=LABELS.astype(np.uint8)[:, None])
    data = load("data.npz")
    assert data.X.dtype == np.uint8
    np.testing.assert_array_equal(data.X, images.reshape(N, 9))
    assert classes_of(data) == [0, 1, 2]


@pytest.mark.parametrize(("x", "y"), [("x_train", "y_train"), ("seq_train", "kind_train")])
def test_npz_test_arrays_are_the_test_samples(folder: Path, x: str, y: str) -> None:
    arrays = {x: X, y: LABELS, x.replace("train", "test"): X[:5], y.replace("train", "test"): LABELS[1:6]}
    np.savez("data.npz", **arrays)
    data = load("data.npz", x=x, y=y)
    assert data.test is not None
    np.testing.assert_array_equal(data.test.X, X[:5])
    assert codes_of(data.test) == LABELS[1:6].tolist()
    assert "5 held out" in repr(data)
    assert data.split(0.5, np.random.default_rng(0))[1] is data.test


def test_npz_test_samples_may_lack_classes(folder: Path) -> None:
    np.savez("data.npz", x_train=X, y_train=LABELS, x_test=X, y_test=np.full(N, 2))
    test = load("data.npz").test
    assert test is not None
    assert classes_of(test) == [0, 1, 2]
    assert set(codes_of(test)) == {2}


def test_npz_test_samples_of_new_classes_are_refused(folder: Path) -> None:
    np.savez("data.npz", x_train=X, y_train=LABELS, x_test=X, y_test=LABELS + 2)
    with pytest.raises(hw.DataError, match=r"classes that training does not: \[3, 4\]"):
        load("data.npz")
    np.savez("text.npz", x_train=X, y_train=LABELS.astype(str), x_test=X, y_test=LABELS)
    with pytest.raises(hw.DataError, match=r"classes that training does not: \[0, 1, 2\]"):
        load("text.npz")


def test_npz_test_targets_are_read_as_the_training_targets_are(folder: Path) -> None:
    np.savez("data.npz", x_train=X, y_train=X[:, 0], x_test=X, y_test=LABELS)
    data = load("data.npz")
    assert data.test is not None
    assert data.test.classes is None
    np.testing.assert_array_equal(data.test.Y[:, 0], LABELS)


@pytest.mark.parametrize(
    ("test", "message"),
    [
        ({"x_test": X[:, :2], "y_test": X[:, :2]}, "training samples of 4 features and test samples of 2"),
        ({"x_test": X, "y_test": X[:, :3]}, "training samples of 2 targets and test samples of 3"),
    ],
)
def test_npz_test_arrays_of_other_sizes_are_refused(
    folder: Path, test: dict[str, np.ndarray], message: str
) -> None:
    np.savez("data.npz", x_train=X, y_train=X[:, :2], **test)
    with pytest.raises(hw.DataError, match=message):
        load("data.npz")


@pytest.mark.parametrize(
    ("arrays", "options", "message"),
    [
        ({"a": X, "b": LABELS}, {}, "which array of data.npz is --x"),
        ({"a": X, "b": LABELS}, {"x": "a"}, "which array of data.npz is --y"),
        ({"a": X, "b": LABELS}, {"x": "a", "y": "c"}, "no array called 'c'"),
        ({"x": X, "y": LABELS}, {"x": "z"}, "no array called 'z'"),
        ({}, {}, "It holds none"),
    ],
)
def test_npz_names_that_are_missing_are_told_with_those_that_are_there(
    folder: Path, arrays: dict[str, np.ndarray], options: dict[str, str], message: str
) -> None:
    np.savez("data.npz", **arrays)
    with pytest.raises(hw.DataError, match=message) as caught:
        load("data.npz", **options)
    assert ", ".join(arrays) in caught.value.remedy


# .npy


def test_npy_matrix_with_a_target_column(folder: Path) -> None:
    table = np.column_stack([X, LABELS])
    np.save("data.npy", table)
    by_number, from_the_end = load("data.npy", y="4", targets="labels"), load("data.npy", y="-1")
    np.testing.assert_array_equal(by_number.X, X)
    assert codes_of(by_number) == LABELS.tolist()
    np.testing.assert_array_equal(from_the_end.Y[:, 0], LABELS)
    some = load("data.npy", x="2, 0", y="1,3")
    np.testing.assert_array_equal(some.X, X[:, [2, 0]])
    np.testing.assert_array_equal(some.Y, X[:, [1, 3]])
    np.save("integers.npy", table.astype(np.int16))
    assert load("integers.npy", y="4").X.dtype == np.int16


def test_npy_with_the_targets_in_a_second_file(folder: Path) -> None:
    np.save("images.npy", X.reshape(N, 2, 2))
    np.save("labels.npy", LABELS)
    data = load("images.npy", y="labels.npy")
    np.testing.assert_array_equal(data.X, X)
    assert codes_of(data) == LABELS.tolist()
    np.save("matrix.npy", X)
    np.testing.assert_array_equal(load("matrix.npy", x="0,3", y="labels.npy").X, X[:, [0, 3]])
    with pytest.raises(hw.FileError, match=r"there is no file nolabels\.npy"):
        load("images.npy", y="nolabels.npy")


def test_npy_is_a_memory_map_until_it_is_used(folder: Path) -> None:
    np.save("images.npy", X)
    np.save("labels.npy", LABELS)
    data = load("images.npy", y="labels.npy")
    mapped = np.load("images.npy", mmap_mode="r")
    assert isinstance(data.X.base, type(mapped))
    train, _ = data.split(0.5, np.random.default_rng(0))
    assert hw.Moments.from_arrays(train.X, train.Y).count == 6
    np.testing.assert_array_equal(np.load("images.npy"), X)  # nothing is written


def test_npy_structured_array(folder: Path) -> None:
    table = np.zeros(N, dtype=[("a", "f4"), ("pixels", "f8", (2, 2)), ("label", "U3")])
    table["a"], table["pixels"], table["label"] = X[:, 0], X.reshape(N, 2, 2), LABELS.astype(str)
    np.save("data.npy", table)
    data = load("data.npy")
    np.testing.assert_array_equal(data.X, np.column_stack([table["a"], X]))
    assert classes_of(data) == ["0", "1", "2"]
    np.testing.assert_array_equal(load("data.npy", x="pixels", y="a").X, X)


@pytest.mark.parametrize(
    ("array", "options", "message"),
    [
        (X, {}, "which column of data.npy is the target"),
        (X, {"y": "4"}, "no column '4'"),
        (X, {"y": "-5"}, "no column '-5'"),
        (X[:, 0], {"y": "0"}, r"shape \(12,\): its columns cannot be told"),
        (X.reshape(N, 2, 2), {"y": "0"}, r"shape \(12, 2, 2\)"),
        (np.float64(3), {"y": "0"}, r"shape \(\)"),
        (X[:, :1], {"y": "0"}, "no feature columns beside the target"),
        (np.zeros((0, 3)), {"y": "0"}, "no samples"),
    ],
)
def test_npy_that_does_not_fit_is_refused(
    folder: Path, array: np.ndarray, options: dict[str, str], message: str
) -> None:
    np.save("data.npy", array)
    with pytest.raises(hw.DataError, match=message):
        load("data.npy", **options)


# Damaged files.


def damaged(kind: str) -> Path:
    """A file of this kind of damage."""
    path = Path("data.npy" if kind.startswith("npy") else "data.npz")
    match kind:
        case "npz of text" | "npy of text":
            path.write_text("1,2,3")
        case "npz empty" | "npy empty":
            path.touch()
        case "npz truncated":
            np.savez(path, x=X, y=LABELS)
            path.write_bytes(path.read_bytes()[:-200])
        case "npz corrupt":
            np.savez_compressed(path, x=X, y=LABELS)
            content = bytearray(path.read_bytes())
            content[150:250] = bytes(100)
            path.write_bytes(content)
        case "npy truncated":
            np.save(path, X)
            path.write_bytes(path.read_bytes()[:200])
        case "npy header":
            np.save(path, X)
            path.write_bytes(path.read_bytes()[:20] + b"!" * 400)
        case "npz that is npy":
            np.save("other.npy", X)
            Path("other.npy").rename(path)
        case "npy that is npz":
            np.savez("other.npz", x=X, y=LABELS)
            Path("other.npz").rename(path)
    return path


@pytest.mark.parametrize(
    "kind",
    [
        "npz of text", "npy of text", "npz empty", "npy empty", "npz truncated", "npz corrupt",
        "npy truncated", "npy header", "npz that is npy", "npy that is npz",
    ],
)  # fmt: skip
def test_a_damaged_or_misnamed_file_is_named(folder: Path, kind: str) -> None:
    path = damaged(kind)
    with pytest.raises(hw.FileError, match=f"{path} cannot be read: ") as caught:
        load(path, y="0" if path.suffix == ".npy" else None)
    assert "pickled" not in str(caught.value)
    assert "np.savez" in caught.value.remedy


class Trap:
    """Unpickling this would be noticed."""

    def __reduce__(self) -> Any:
        return pytest.fail, ("a pickle was read",)


@pytest.mark.parametrize("name", ["data.npz", "data.npy", "pickle.npz", "pickle.npy"])
def test_pickled_objects_are_never_read(folder: Path, name: str) -> None:
    objects = np.array([Trap()] * N, dtype=object)
    if name == "data.npz":
        np.savez(name, x=X, y=objects)
    elif name == "data.npy":
        np.save(name, objects)
    else:
        Path(name).write_bytes(pickle.dumps({"x": X, "y": Trap()}))
    with pytest.raises(hw.FileError, match="it holds pickled objects") as caught:
        load(name, y="0" if name.endswith("npy") else None)
    assert "astype(str)" in caught.value.remedy


# .csv


@pytest.mark.parametrize(
    ("text", "options", "expected", "classes"),
    [
        ("a,b,y\n1,2,u\n3,4,v\n", {}, [[1, 2], [3, 4]], ["u", "v"]),
        ("a,b,y\r\n1,2,u\r\n3,4,v", {}, [[1, 2], [3, 4]], ["u", "v"]),
        ("﻿y,b\nu,2\nv,4\n", {}, [[2], [4]], ["u", "v"]),
        ("\n a , b ,Label\n\n1, 2 ,u\n\n3,4, v\n\n", {}, [[1, 2], [3, 4]], ["u", "v"]),
        ("a,b,y\n1,2,7\n3,4,5\n", {}, [[1, 2], [3, 4]], [5, 7]),
        ("a,b,y\n1,2,7.5\n3,4e0,5\n", {}, [[1, 2], [3, 4]], None),
        ('"a, first",b,y\n1,2,"u, v"\n3,4,w\n', {"x": "0"}, [[1], [3]], ["u, v", "w"]),
        ("a,b,c,y\n1,2,x,0\n3,4,x,1\n", {"x": "b,a"}, [[2, 1], [4, 3]], [0, 1]),
        ("a,b,c\n1,2,u\n3,4,v\n", {"y": "c"}, [[1, 2], [3, 4]], ["u", "v"]),
        ("a,b,c\n1,2,u\n3,4,v\n", {"y": "-1"}, [[1, 2], [3, 4]], ["u", "v"]),
        ("1,2,0\n3,4,1\n", {"y": "2"}, [[1, 2], [3, 4]], [0, 1]),
        ("5.1,3.5,setosa\n4.9,3,other\n", {"y": "2"}, [[5.1, 3.5], [4.9, 3]], ["other", "setosa"]),
        ("5.1,,setosa\n4.9,3,other\n", {"x": "0", "y": "2"}, [[5.1], [4.9]], ["other", "setosa"]),
        ("0,1,2\n1.5,2,0\n3,4,1\n", {"y": "2"}, [[1.5, 2], [3, 4]], [0, 1]),
        ("label,0,1\n3,1,2\n4,3,4\n", {}, [[1, 2], [3, 4]], [3, 4]),
        ("country,2015,2016\nFR,1,2\nDE,3,4\n", {"y": "country"}, [[1, 2], [3, 4]], ["DE", "FR"]),
        ("a,y\n1,True\n2,False\n", {}, [[1], [2]], ["False", "True"]),
        ("a,y\n99999999999999999999,1\n1,2\n", {}, [[1e20], [1]], [1, 2]),
    ],
    ids=[
        "header", "CRLF", "BOM", "blanks", "integer labels", "numbers", "quoted commas", "features by name",
        "target by name", "target from the end", "no header", "no header, text labels",
        "no header, missing cell", "names that count", "numbers as names", "years as names", "booleans",
        "beyond 64 bits",
    ],
)  # fmt: skip
def test_csv(
    folder: Path, text: str, options: dict[str, str], expected: list[list[float]], classes: list[Any] | None
) -> None:
    data = load(csv_of(text), **options)
    np.testing.assert_array_equal(data.X, expected)
    assert (None if data.classes is None else data.classes.tolist()) == classes


def test_csv_integer_columns_are_integers_and_several_targets_numbers(folder: Path) -> None:
    data = load(csv_of("a,b,c,d\n1,2,3,4\n5,6,7,8\n9,8,7,6\n"), x="a,b", y="c,d")
    assert data.X.dtype == np.int64
    np.testing.assert_array_equal(data.Y, [[3, 4], [7, 8], [7, 6]])
    assert data.classes is None
    assert load("table.csv", y="d", targets="numbers").classes is None


def test_csv_missing_cell_is_told_by_row_and_column(folder: Path) -> None:
    data = load(csv_of("a,b,c,y\n1,2,3,u\n4,5,,v\n7,8,9,u\n"))
    assert np.isnan(data.X[1, 2])
    with pytest.raises(hw.DataError, match="X is nan at row 1, column 2"):
        hw.Moments.from_arrays(data.X, data.Y)


def test_csv_missing_label_is_told(folder: Path) -> None:
    with pytest.raises(hw.DataError, match=r"label of sample 1 of table is missing \(1 of 3 are\)"):
        load(csv_of("a,y\n1,u\n4,\n7,u\n"))
    with pytest.raises(hw.DataError, match="label of sample 1 of table is missing"):
        load(csv_of("a,y\n1,2\n4,\n7,2\n"), targets="labels")


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("", {}, "table.csv has 0 rows"),
        ("a,b,y\n", {}, "table.csv has 1 rows"),
        ("a,b,y\n1,2,3\n\n1,2\n", {}, "line 4 of table.csv has 2 columns, the first line 3"),
        ("a,b,y\n1,2,3\n1,2,3,4\n", {}, "line 3 of table.csv has 4 columns"),
        ("a,b,c\n1,2,3\n1,2,3\n", {}, "which column of table.csv is the target. It has a, b, c"),
        ("a,b,y\n1,2,3\n1,NA,3\n", {}, "column 'b' of table.csv is not numeric: it holds 'NA'"),
        ("a,b,y\n1,2,3\n1,1_000,3\n", {}, "it holds '1_000'"),
        ("a,b,y\n1,2,3\n1,2,3\n", {"x": "a,bb"}, "no column 'bb'; did you mean 'b'"),
        ("a,b,y\n1,2,3\n1,2,3\n", {"y": "3"}, "no column '3'"),
        ("a,a,y\n1,2,3\n1,2,3\n", {}, "two columns called 'a'"),
        ("y\n1\n2\n", {}, "no feature columns beside the target"),
        ("a,b,c\nu,1,2\nv,3,4\n", {"x": "b", "y": "a,c"}, "numbers are needed"),
    ],
)
def test_csv_that_does_not_fit_is_refused(
    folder: Path, text: str, options: dict[str, str], message: str
) -> None:
    with pytest.raises(hw.DataError, match=message):
        load(csv_of(text), **options)


def test_csv_of_another_separator_is_refused_with_advice(folder: Path) -> None:
    with pytest.raises(hw.DataError, match="separated by semicolons, commas are needed") as caught:
        load(csv_of("a;b;y\n1;2;3\n4;5;6\n"))
    assert "tr ';' ','" in caught.value.remedy


def test_csv_of_many_columns_is_told_in_short(folder: Path) -> None:
    names = ",".join(f"p{i}" for i in range(20))
    with pytest.raises(hw.DataError, match=r"p0, .*p7, … \(20 in all\)"):
        load(csv_of(f"{names}\n{','.join('1' * 20)}\n"))


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_csv_in_another_encoding_is_told(folder: Path, encoding: str) -> None:
    with pytest.raises(hw.FileError, match=r"table\.csv cannot be read") as caught:
        load(csv_of("a,y\n1,café\n2,thé\n", encoding=encoding))
    assert "UTF-8" in caught.value.remedy


def test_csv_with_an_endless_quoted_value_is_told(folder: Path) -> None:
    with pytest.raises(hw.FileError, match="field larger than field limit"):
        load(csv_of('a,y\n1,"' + "x" * 200_000))
