"""Names of data sets, .npz and .npy files, whole and damaged."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import haarwire as hw
from haarwire.datasets import load
from samples_of_files import LABELS, N, X, classes_of, codes_of

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
        ({"a": X, "b": LABELS}, {}, "Which array of data.npz is x"),
        ({"a": X, "b": LABELS}, {"x": "a"}, "Which array of data.npz is y"),
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
        (X, {}, "Which column of data.npy is the target"),
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
