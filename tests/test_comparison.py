"""The main job: what it returns, against brute force, on data of every kind."""

from __future__ import annotations

import copy
import dataclasses
import functools
import json
import math
from typing import Any

import numpy as np
import pytest

import haarwire as hw
from haarwire.comparison.evaluation import Evaluation
from haarwire.datasets import Dataset
from haarwire.selection.folds import FOLDS
from real_data import real_arrays

APPROACHES = ("plain", "hardwired", "augmented", "regularized")
QUESTIONS = ("as_is", "moved")

ROTATIONS = hw.groups.image_rotations(8)
SHIFTS = hw.groups.cyclic_shifts(6)
STRETCH = np.triu(np.ones((6, 6)))
NON_ORTHOGONAL = hw.Representation(
    6, (hw.Matrix(np.linalg.inv(STRETCH) @ np.roll(np.eye(6), 1, axis=0) @ STRETCH),), name="stretched"
)
SIGNED = hw.Representation(
    6, (hw.SignedPermutation([1, 2, 0, 4, 3, 5], [1, -1, 1, 1, 1, -1]),), name="signed"
)
SHEAR = hw.Representation(6, (hw.Matrix(np.eye(6) + np.eye(6, k=3)),), name="shear")
TURN = np.zeros((6, 6))
TURN[0, 1], TURN[1, 0] = -1.0, 1.0
CIRCLE = hw.Representation(6, (), (TURN,), name="circle")


def made(n: int = 90, *, labels: bool = False, offset: float = 0.0, seed: int = 0) -> Dataset:
    """Six features, two targets (or three classes) of which the means of shifts explain the most."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, 6))
    Y = X.mean(axis=1)[:, None] * [3.0, -2.0] + 0.2 * X[:, :2] + 0.3 * rng.standard_normal((n, 2))
    if labels:
        return Dataset.from_arrays(X + offset, np.digitize(Y[:, 0], [-0.5, 0.5]), name="made")
    return Dataset.from_arrays(X + offset, Y, name="made")


def without_seconds(result: hw.Comparison) -> dict[str, Any]:
    content = copy.deepcopy(result.to_dict())
    for row in content["approaches"].values():
        if row is not None:
            del row["seconds"]
    return content


# What it returns.


@pytest.mark.parametrize("labels", [True, False], ids=["labels", "numbers"])
@pytest.mark.parametrize("rep", [SHIFTS, NON_ORTHOGONAL, SIGNED, SHEAR, CIRCLE], ids=lambda rep: rep.name)
def test_the_result_as_data_has_the_agreed_keys_and_types(rep: hw.Representation, labels: bool) -> None:
    content = json.loads(json.dumps(hw.compare(made(labels=labels), rep).to_dict(), allow_nan=False))
    compact = rep is not SHEAR

    assert list(content) == [
        "data", "symmetry", "rank", "ridge", "test_size", "seed", "n_train", "n_test", "n_targets", "score",
        "approaches",
        "max_difference_hardwired_augmented", "certificate", "verdict",
    ]  # fmt: skip
    assert (content["data"], content["symmetry"]) == ("made", rep.name)
    assert (content["rank"], content["n_train"], content["n_test"]) == (3 if labels else 2, 60, 30)
    assert content["score"] == ("accuracy" if labels else "R²")
    assert isinstance(content["max_difference_hardwired_augmented"], float if compact else type(None))

    assert tuple(content["approaches"]) == APPROACHES
    for name, row in content["approaches"].items():
        if name == "augmented" and not compact:
            assert row is None
            continue
        assert list(row) == [
            "train_loss", "as_is", "moved", "relative_invariance_gap", "n_critical_points", "seconds",
        ]  # fmt: skip
        assert all(
            isinstance(row[key], float) for key in ("train_loss", "relative_invariance_gap", "seconds")
        )
        assert isinstance(row["n_critical_points"], int)
        for question in QUESTIONS:
            answer = row[question]
            if question == "moved" and not compact:
                assert answer is None
                continue
            assert list(answer) == ["test_loss", "test_score", "alpha"]
            assert isinstance(answer["test_loss"], float)
            # No random elements are known of a circle.
            scored = not (labels and question == "moved" and rep is CIRCLE)
            assert isinstance(answer["test_score"], float if scored else type(None))
            assert isinstance(answer["alpha"], float | str if name == "regularized" else type(None))
            assert answer["alpha"] in (None, "inf") or answer["alpha"] >= 0

    assert tuple(content["verdict"]) == QUESTIONS
    for question, answer in content["verdict"].items():
        if question == "moved" and not compact:
            assert answer is None
            continue
        assert list(answer) == ["approach", "reason", "gain", "standard_error", "is_clear"]
        assert answer["approach"] in APPROACHES
        assert isinstance(answer["reason"], str)
        assert isinstance(answer["gain"], float)
        assert isinstance(answer["standard_error"], float)


@pytest.mark.parametrize("labels", [True, False], ids=["labels", "numbers"])
def test_it_repeats_with_its_seed(labels: bool) -> None:
    data = made(labels=labels)
    first = without_seconds(hw.compare(data, SHIFTS, seed=7))
    assert first == without_seconds(hw.compare(data, SHIFTS, seed=7))
    assert first != without_seconds(hw.compare(data, SHIFTS, seed=8))


def test_the_global_random_state_is_neither_read_nor_touched() -> None:
    data = made(labels=True)
    np.random.seed(1)  # noqa: NPY002
    first, state = without_seconds(hw.compare(data, SHIFTS)), np.random.get_state()[1].copy()  # noqa: NPY002
    np.random.seed(2)  # noqa: NPY002
    assert first == without_seconds(hw.compare(data, SHIFTS))
    np.random.seed(1)  # noqa: NPY002
    np.testing.assert_array_equal(state, np.random.get_state()[1])  # noqa: NPY002


def test_progress_never_goes_back_and_ends_at_one() -> None:
    seen: list[tuple[str, float]] = []
    hw.compare(made(), SHIFTS, progress=lambda stage, share: seen.append((stage, share)))
    shares = [share for _, share in seen]
    assert shares == sorted(shares)
    assert shares[0] >= 0
    assert shares[-1] == 1.0
    assert {"reading", *APPROACHES} <= {stage for stage, _ in seen}


def test_a_source_with_its_own_test_samples_is_tested_on_them() -> None:
    train, held_out = made(50), made(20, seed=1)
    result = hw.compare(dataclasses.replace(train, test=held_out), SHIFTS)
    assert (result.n_train, result.n_test) == (50, 20)
    model = hw.solve(hw.Moments.from_arrays(train.X, train.Y), SHIFTS, approach=hw.Plain())
    row = result.approaches["plain"]
    assert row is not None
    loss = ((model.predict(held_out.X) - held_out.Y) ** 2).sum(axis=1).mean()
    assert row.as_is.test_loss == pytest.approx(loss, rel=1e-10)


# Against brute force.


@functools.cache
def rotated_digits() -> tuple[Dataset, hw.Comparison]:
    pytest.importorskip("sklearn", reason="the digits data set ships with scikit-learn")
    data = hw.datasets.digits()
    return data, hw.compare(data, ROTATIONS, rank=5, test_size=597)


def row_of(result: hw.Comparison, name: str) -> Any:
    row = result.approaches[name]
    assert row is not None
    assert row.moved is not None
    return row


def test_digits_hardwired_wins_on_moved_digits() -> None:
    _, result = rotated_digits()
    assert (result.n_train, result.n_test, result.rank) == (1200, 597, 5)
    assert row_of(result, "hardwired").moved.test_score > 0.65
    assert row_of(result, "augmented").moved.test_score > 0.65
    assert row_of(result, "plain").moved.test_score < 0.45
    assert row_of(result, "plain").as_is.test_score > row_of(result, "hardwired").as_is.test_score
    answer = result.verdict["moved"]
    assert answer is not None
    assert answer.approach == "hardwired"
    assert "augmented gives the same model" in answer.reason
    assert [row_of(result, name).n_critical_points for name in APPROACHES] == [126, 126, 126, 126]  # C(9, 5)


def test_digits_against_brute_force() -> None:
    data, result = rotated_digits()
    train, test = data.split(597, np.random.default_rng(0).spawn(3)[0])
    moments = hw.Moments.from_arrays(train.X, train.Y)
    elements = ROTATIONS.elements()
    assert len(elements) == 4
    samples = test.X.astype(np.float64)
    for name in APPROACHES:
        row = row_of(result, name)
        for question, answer in (("as_is", row.as_is), ("moved", row.moved)):
            approach = {
                "plain": hw.Plain(),
                "hardwired": hw.Hardwired(),
                "augmented": hw.Augmented(),
                "regularized": hw.Regularized(answer.alpha or 0.0),
            }[name]
            model = hw.solve(moments, ROTATIONS, rank=5, approach=approach)
            moved = [samples] if question == "as_is" else [g.apply(samples) for g in elements]
            residuals = [model.predict(X) - test.Y for X in moved]
            assert answer.test_loss == pytest.approx(
                np.mean([(r**2).sum(axis=1) for r in residuals]), rel=1e-9
            )
            hits = [model.predict(X).argmax(axis=1) == test.Y.argmax(axis=1) for X in moved]
            # Random elements stand for all four: five draws for each of 597 samples.
            tolerance = 1e-12 if question == "as_is" else 5 * math.sqrt(0.25 / (5 * 597))
            assert answer.test_score == pytest.approx(np.mean(hits), abs=tolerance)
            if question == "as_is":
                fitted = model.predict(train.X) - train.Y
                assert row.train_loss == pytest.approx((fitted**2).sum(axis=1).mean(), rel=1e-9)
                assert row.relative_invariance_gap == pytest.approx(model.relative_invariance_gap, abs=1e-9)


@pytest.mark.parametrize("rep", [SHIFTS, NON_ORTHOGONAL, SIGNED], ids=lambda rep: rep.name)
@pytest.mark.parametrize("approach", [hw.Plain(), hw.Hardwired(), hw.Regularized(0.3)], ids=lambda a: a.label)
def test_moved_losses_of_samples_are_exact_averages_over_the_group(
    rep: hw.Representation, approach: Any
) -> None:
    data, held_out = made(), made(25, seed=1)
    model = hw.solve(hw.Moments.from_arrays(data.X, data.Y), rep, approach=approach)
    losses, loss, score = Evaluation(held_out, rep, np.random.default_rng(0))("moved", [model])[0]
    elements = rep.elements()
    brute = np.mean(
        [((model.predict(g.apply(held_out.X)) - held_out.Y) ** 2).sum(axis=1) for g in elements], axis=0
    )
    np.testing.assert_allclose(losses, brute, rtol=1e-9)
    assert losses.mean() == pytest.approx(loss, rel=1e-9)
    spread = ((held_out.Y - held_out.Y.mean(axis=0)) ** 2).sum(axis=1).mean()
    assert score == pytest.approx(1 - loss / spread)


def test_moved_losses_over_a_circle_are_exact() -> None:
    data, held_out = made(), made(25, seed=1)
    model = hw.solve(hw.Moments.from_arrays(data.X, data.Y), CIRCLE, approach=hw.Plain())
    losses, loss, _ = Evaluation(held_out, CIRCLE, np.random.default_rng(0))("moved", [model])[0]
    angles = 2 * np.pi * np.arange(5) / 5  # exact for polynomials of degree 2 in the angle's sine and cosine
    brute = []
    for angle in angles:
        g = np.eye(6)
        g[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
        brute.append(((model.predict(held_out.X @ g.T) - held_out.Y) ** 2).sum(axis=1))
    np.testing.assert_allclose(losses, np.mean(brute, axis=0), rtol=1e-9)
    assert losses.mean() == pytest.approx(loss, rel=1e-9)


@pytest.mark.parametrize("ridge", [0.0, 0.5])
@pytest.mark.parametrize("labels", [True, False], ids=["labels", "numbers"])
@pytest.mark.parametrize("rep", [SHIFTS, NON_ORTHOGONAL, SIGNED, CIRCLE], ids=lambda rep: rep.name)
def test_hardwired_and_augmented_agree(rep: hw.Representation, labels: bool, ridge: float) -> None:
    difference = hw.compare(made(labels=labels), rep, rank=1, ridge=ridge).max_difference_hardwired_augmented
    assert difference is not None
    if ridge == 0 or rep.is_orthogonal:
        assert difference < 1e-10
    else:  # with a ridge they are two models, and it is no use to hide it
        assert difference > 1e-3


def test_the_regularized_rows_do_what_cross_validation_is_for() -> None:
    result = hw.compare(made(400), SHIFTS)
    regularized, others = row_of(result, "regularized"), [row_of(result, n) for n in ("plain", "hardwired")]
    assert regularized.as_is.test_loss <= 1.02 * min(row.as_is.test_loss for row in others)
    assert regularized.moved.test_loss <= 1.02 * min(row.moved.test_loss for row in others)
    assert regularized.as_is.alpha < regularized.moved.alpha


def test_the_trivial_group_makes_all_approaches_one() -> None:
    result = hw.compare(made(), hw.groups.trivial(6))
    answers = list(result.verdict.values())
    assert [answer and answer.approach for answer in answers] == ["hardwired", "hardwired"]
    for answer in answers:
        assert answer is not None
        assert answer.reason.startswith("all approaches give the same model")


def test_a_group_without_invariants_hardwires_the_mean() -> None:
    data = made()
    result = hw.compare(data, hw.Representation(6, (hw.Matrix(-np.eye(6)),)))
    train, test = data.split(1 / 3, np.random.default_rng(0).spawn(3)[0])
    row = row_of(result, "hardwired")
    loss = ((test.Y - train.Y.mean(axis=0)) ** 2).sum(axis=1).mean()
    assert row.as_is.test_loss == pytest.approx(loss, rel=1e-12)
    assert row.moved.test_loss == pytest.approx(loss, rel=1e-12)
    assert result.max_difference_hardwired_augmented == pytest.approx(0.0, abs=1e-12)


def test_critical_points_are_counted_with_their_ties() -> None:
    # Whitened inputs, and targets that are three of them turned: three equal singular values, one family.
    X = math.sqrt(6.0) * np.concatenate([np.eye(6), -np.eye(6)])
    turn = np.linalg.qr(np.random.default_rng(0).standard_normal((6, 3)))[0]
    held_out = Dataset.from_arrays(X, X @ turn)
    data = dataclasses.replace(held_out, test=held_out)
    result, moments = hw.compare(data, SHIFTS, rank=2), hw.Moments.from_arrays(X, X @ turn)
    assert row_of(result, "plain").n_critical_points == 1
    for name, approach in (
        ("plain", hw.Plain()),
        ("hardwired", hw.Hardwired()),
        ("augmented", hw.Augmented()),
    ):
        points = hw.critical_points(moments, SHIFTS, rank=2, approach=approach)
        assert row_of(result, name).n_critical_points == points.count


# Kinds of data.


def test_a_group_that_is_not_compact() -> None:
    result = hw.compare(made(labels=True), SHEAR)
    assert result.approaches["augmented"] is None
    assert [row.moved for row in result.approaches.values() if row is not None] == [None, None, None]
    assert result.verdict["moved"] is None
    assert result.max_difference_hardwired_augmented is None
    hardwired = result.approaches["hardwired"]
    assert hardwired is not None
    assert hardwired.relative_invariance_gap < 1e-12


def test_32_bit_data() -> None:
    data = made(300)
    single = Dataset.from_arrays(data.X.astype(np.float32), data.Y.astype(np.float32), name="made")
    ours, double = hw.compare(single, SHIFTS), hw.compare(data, SHIFTS)
    for name in APPROACHES:
        for question in QUESTIONS:
            found, expected = (getattr(row_of(result, name), question) for result in (ours, double))
            assert found.test_loss == pytest.approx(expected.test_loss, rel=1e-4)
    assert ours.max_difference_hardwired_augmented == pytest.approx(0.0, abs=1e-6)


def test_8_bit_data_are_not_computed_with_8_bits() -> None:
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (90, 6)).astype(np.uint8)
    labels = (pixels.sum(axis=1, dtype=int) > 765).astype(np.uint8)
    results = [hw.compare(Dataset.from_arrays(X, labels), SHIFTS) for X in (pixels, pixels.astype(float))]
    for name in APPROACHES:
        small, large = (row_of(result, name) for result in results)
        assert small.moved.test_loss == pytest.approx(large.moved.test_loss, rel=1e-9)
        assert small.as_is.test_score == large.as_is.test_score


def test_fewer_samples_than_features() -> None:
    rng = np.random.default_rng(0)
    data = Dataset.from_arrays(rng.standard_normal((24, 64)), rng.standard_normal((24, 3)))
    result = hw.compare(data, ROTATIONS)
    assert row_of(result, "plain").train_loss < 1e-14  # rounding of tr(T), about 3
    assert result.max_difference_hardwired_augmented is not None
    assert result.max_difference_hardwired_augmented < 1e-10
    json.dumps(result.to_dict(), allow_nan=False)


def test_a_class_may_be_absent_from_folds_and_from_the_test() -> None:
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], [40, 40, 2])
    data = Dataset.from_arrays(rng.standard_normal((82, 6)), labels)
    for seed in range(4):
        content = hw.compare(data, SHIFTS, seed=seed).to_dict()
        assert content["rank"] == 3
        json.dumps(content, allow_nan=False)


def test_one_test_sample_has_no_standard_error() -> None:
    result = hw.compare(made(), SHIFTS, test_size=1)
    answer = result.to_dict()["verdict"]["as_is"]
    assert answer["standard_error"] is None
    assert row_of(result, "plain").as_is.test_score is None  # R² of one sample is undefined
    json.dumps(result.to_dict(), allow_nan=False)


def test_constant_features_do_no_harm() -> None:
    data = made()
    X = data.X.copy()
    X[:, 2] = 3.0
    result = hw.compare(Dataset.from_arrays(X, data.Y), SHIFTS)
    assert result.max_difference_hardwired_augmented is not None
    json.dumps(result.to_dict(), allow_nan=False)


# Data that cannot be compared.


def test_constant_targets_are_refused() -> None:
    for y in (np.zeros(60, int), np.full(60, 0.1)):
        with pytest.raises(hw.DataError, match="targets are constant over all 40 samples"):
            hw.compare(Dataset.from_arrays(made(60).X, y), SHIFTS)


def test_too_few_samples_are_refused() -> None:
    with pytest.raises(hw.DataError, match=f"8 training samples, {FOLDS}-fold cross-validation needs"):
        hw.compare(made(12), SHIFTS)


@pytest.mark.parametrize("rank", [0, 3, -1, 1.5, True])
def test_a_rank_out_of_range_is_refused(rank: Any) -> None:
    with pytest.raises(hw.ParameterError, match=f"rank must be an integer from 1 to 2, got {rank}"):
        hw.compare(made(), SHIFTS, rank=rank)


@pytest.mark.parametrize("ridge", [-1.0, math.nan, math.inf])
def test_a_ridge_out_of_range_is_refused(ridge: float) -> None:
    with pytest.raises(hw.ParameterError, match="ridge must be a finite number ≥ 0"):
        hw.compare(made(), SHIFTS, ridge=ridge)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rank": 99}, "rank must be an integer from 1 to 2"),
        ({"ridge": -1.0}, "ridge must be a finite number"),
    ],
)
def test_rank_and_ridge_are_checked_before_the_data_are_read(
    monkeypatch: pytest.MonkeyPatch, arguments: dict[str, Any], message: str
) -> None:
    monkeypatch.setattr(Dataset, "split", lambda *_: pytest.fail("the data were read"))
    with pytest.raises(hw.ParameterError, match=message):
        hw.compare(made(), SHIFTS, **arguments)


def test_a_name_in_place_of_a_symmetry_is_refused() -> None:
    with pytest.raises(hw.ParameterError, match="rep must be a Representation, got 'cyclic_shifts:6'"):
        hw.compare(made(), "cyclic_shifts:6")  # type: ignore[arg-type]


def test_a_test_size_that_leaves_nothing_is_refused() -> None:
    with pytest.raises(hw.ParameterError, match="leaves 0 of 90 samples to train on"):
        hw.compare(made(), SHIFTS, test_size=90)


def test_a_missing_value_is_refused() -> None:
    data = made()
    data.X[17, 2] = np.nan
    with pytest.raises(hw.DataError, match="X is nan"):
        hw.compare(data, SHIFTS)


def test_a_symmetry_of_another_size_is_refused() -> None:
    with pytest.raises(hw.DataError, match="6 features, cyclic_shifts:5 acts on 5 coordinates"):
        hw.compare(made(), hw.groups.cyclic_shifts(5))


@pytest.mark.parametrize("seed", [-1, 1.5])
def test_a_seed_that_is_none_is_refused(seed: Any) -> None:
    with pytest.raises(hw.ParameterError, match="seed must be"):
        hw.compare(made(), SHIFTS, seed=seed)


def test_data_far_from_the_origin_have_the_same_moved_losses() -> None:
    near, far = made(), made(offset=1e6)
    models = [hw.solve(hw.Moments.from_arrays(d.X, d.Y), SHIFTS, approach=hw.Plain()) for d in (near, far)]
    losses = [
        Evaluation(data, SHIFTS, np.random.default_rng(0))("moved", [model])[0].sample_losses
        for data, model in zip((near, far), models, strict=True)
    ]
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-6)


def test_moved_losses_are_never_negative() -> None:
    data = made()
    exact = Dataset.from_arrays(data.X, data.X.mean(axis=1))
    model = hw.solve(hw.Moments.from_arrays(exact.X, exact.Y), SHIFTS, approach=hw.Hardwired())
    losses, _, _ = Evaluation(exact, SHIFTS, np.random.default_rng(0))("moved", [model])[0]
    assert losses.min() >= 0.0


# Real data.


def kmer_counts(reads: np.ndarray, k: int) -> np.ndarray:
    """How often each word of k bases occurs in each read, words in alphabetical order."""
    words = sum(4 ** (k - 1 - i) * reads[:, i : reads.shape[1] - k + 1 + i].astype(int) for i in range(k))
    return np.stack([np.bincount(row, minlength=4**k) for row in words])


def test_dna_reads_do_not_lose_by_hardwiring_their_two_strands() -> None:
    reads = real_arrays("dna_reads")
    train, test = (
        Dataset.from_arrays(kmer_counts(reads[f"seq_{part}"], 4), reads[f"y_{part}"], name="DNA reads")
        for part in ("train", "test")
    )
    rep = hw.groups.reverse_complement(4)
    # The other strand of a read has the counts that the representation says.
    other = kmer_counts(3 - reads["seq_test"][:, ::-1], 4)
    np.testing.assert_array_equal(rep.generators[0].apply(test.X), other)

    result = hw.compare(dataclasses.replace(train, test=test), rep)
    assert row_of(result, "hardwired").moved.test_score >= row_of(result, "plain").moved.test_score
    assert row_of(result, "hardwired").moved.test_loss <= row_of(result, "plain").moved.test_loss
    assert result.max_difference_hardwired_augmented is not None
    assert result.max_difference_hardwired_augmented < 1e-10
