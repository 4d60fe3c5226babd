"""Data sets from arrays, their splits, and those that are built in."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

import haarwire as hw
from haarwire.datasets import BUILT_IN, Dataset, digits, load, planted
from samples_of_files import LABELS, N, X, classes_of, codes_of

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
    texts = values[:256].astype(str)
    assert len(classes_of(Dataset.from_arrays(inputs[:256], texts))) == 256


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


def test_text_in_numpys_own_strings() -> None:
    if not hasattr(np.dtypes, "StringDType"):
        pytest.skip("NumPy 1 has none")
    labels = np.array(["b", "a", "c"], dtype=np.dtypes.StringDType())[LABELS]
    assert classes_of(Dataset.from_arrays(X, labels)) == ["a", "b", "c"]
    assert hw.datasets.split_source((np.tile(X, (20, 1)), np.tile(labels, 20))).classes is not None


@pytest.mark.parametrize("options", [{"targets": "numbers"}, {"y": "foo"}, {"x": "0"}])
def test_built_in_data_take_no_options(options) -> None:
    with pytest.raises(hw.ParameterError, match="digits has its own inputs and labels"):
        load("digits", **options)


@pytest.mark.parametrize(
    ("distinct", "n_samples", "fits"), [(20, 40, True), (21, 209, False), (21, 210, True)]
)
def test_whole_numbers_that_may_be_amounts_are_asked_about(distinct, n_samples, fits):
    X, y = np.zeros((n_samples, 2)), np.arange(n_samples) % distinct
    assert hw.datasets.Dataset.from_arrays(X, y, targets="labels").Y.shape[1] == distinct
    assert hw.datasets.Dataset.from_arrays(X, y, targets="numbers").Y.shape[1] == 1
    assert hw.datasets.Dataset.from_arrays(X, y.astype(str)).Y.shape[1] == distinct
    if fits:
        assert hw.datasets.Dataset.from_arrays(X, y).Y.shape[1] == distinct
        return
    with pytest.raises(hw.DataError, match="21 different values in 209 samples, too many") as caught:
        hw.datasets.Dataset.from_arrays(X, y)
    assert "targets='numbers' (--targets numbers)" in caught.value.remedy
