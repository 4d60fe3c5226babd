"""Checkpoints: going on from one is bit for bit training in one go; files that are none are refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import haarwire as hw

torch = pytest.importorskip("torch", reason="training needs PyTorch")

from haarwire.training import (  # noqa: E402
    DeepLinearNetwork,
    TrainingHistory,
    train,
    train_cross_entropy,
    train_sampled,
)
from haarwire.training.checkpoint import fingerprint, rep_parts  # noqa: E402

REP = hw.groups.image_rotations(4)
DATA = hw.datasets.planted(REP, 400, n_targets=4, noise=0.3, violation=0.5, rng=1)
MOMENTS = hw.Moments.from_arrays(DATA.X, DATA.Y)
PROBLEMS = [a.problem(MOMENTS, REP) for a in (hw.Plain(), hw.Augmented())]
WIDTHS = (16, 5, 2, 4)


def same(a: TrainingHistory, b: TrainingHistory) -> bool:
    """Whether two histories agree bit for bit, but for the time they took."""
    for name, value in vars(a).items():
        other = getattr(b, name)
        if name == "seconds":
            continue
        pairs = zip(value, other, strict=True) if name == "weights" else [(value, other)]
        if not all(np.array_equal(x, y, equal_nan=y is not None and y.dtype.kind == "f") for x, y in pairs):
            return False
    return True


@pytest.mark.parametrize("optimizer", ["gd", "momentum", "adam", "gradient_flow"])
@pytest.mark.parametrize("cut", [100, 130])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_resumed_training_is_training_in_one_go(tmp_path: Path, optimizer: str, cut: int, dtype: str) -> None:
    path = tmp_path / "run.npz"
    network = DeepLinearNetwork(WIDTHS, runs=2, dtype=dtype)
    options = {"optimizer": optimizer, "rep": REP, "tol": 0.0, "test": MOMENTS}
    whole = train(PROBLEMS, network, steps=200, **options)
    first = train(PROBLEMS, network, steps=cut, checkpoint=path, **options)
    resumed = train(PROBLEMS, network, steps=200, resume=path, checkpoint=path, **options)
    assert first.steps[-1] == cut
    assert same(resumed, whole)
    # From a checkpoint at the end there is nothing left to do.
    assert same(train(PROBLEMS, network, steps=200, resume=path, **options), whole)
    assert list(tmp_path.iterdir()) == [path]


def test_unnamed_groups_are_told_apart(tmp_path: Path) -> None:
    first, second = (hw.Representation(4, (hw.Permutation(p),)) for p in ([1, 0, 2, 3], [0, 1, 3, 2]))
    turning = [np.diag([1.0, 0, 0], 1), np.diag([0, 0, 1.0], 1)]
    third, fourth = (hw.Representation(4, algebra=(A - A.T,)) for A in turning)
    data = hw.datasets.planted(first, 60, n_targets=3, rng=0)
    moments = hw.Moments.from_arrays(data.X, data.Y)
    labels = data.Y.argmax(axis=1)
    path, network = tmp_path / "run.npz", DeepLinearNetwork((4, 2, 3))
    calls = [
        lambda rep, **o: train(hw.Plain().problem(moments, first), network, rep=rep, steps=10, **o),
        lambda rep, **o: train_sampled(data.X, data.Y, network, rep, batch_size=5, steps=10, **o),
        lambda rep, **o: train_cross_entropy(
            data.X, labels, network, rep, approach=hw.Plain(), steps=10, **o
        ),
    ]
    for call in calls:
        call(first, checkpoint=path)
        with pytest.raises(hw.FileError, match="another training run"):
            call(second, resume=path)
    calls[0](third, checkpoint=path)
    with pytest.raises(hw.FileError, match="another training run"):
        calls[0](fourth, resume=path)


def test_a_number_of_numpy_is_the_same_argument(tmp_path: Path) -> None:
    path, network = tmp_path / "run.npz", DeepLinearNetwork(WIDTHS)
    options = {"batch_size": 20, "steps": 20, "record": 10}
    train_sampled(DATA.X, DATA.Y, network, REP, checkpoint=path, **options)
    same_options = {name: np.int64(value) for name, value in options.items()}
    train_sampled(DATA.X, DATA.Y, network, REP, resume=path, **same_options)


def test_resume_where_some_runs_have_stopped(tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    network = DeepLinearNetwork(WIDTHS, runs=6)
    rates = [0.02, 0.01, 0.02, 0.005, 40.0, 0.02]
    options = {"learning_rate": rates, "tol": 1e-4, "rep": REP, "record": 70}
    whole = train(PROBLEMS, network, steps=600, **options)
    half = train(PROBLEMS, network, steps=300, checkpoint=path, checkpoint_every=50, **options)
    resumed = train(PROBLEMS, network, steps=600, resume=path, **options)
    assert (half.stopped < 300).any()
    assert whole.diverged.tolist() == [False, False, False, False, True, False] * 2
    assert same(resumed, whole)


def test_checkpoints_are_written_on_the_way_and_need_no_pickle(tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    seen = []

    def callback(step: int, loss: np.ndarray) -> None:
        if path.exists():
            with np.load(path, allow_pickle=False) as file:
                seen.append(int(file["step"]))

    network = DeepLinearNetwork(WIDTHS)
    train(
        PROBLEMS[0], network, steps=200, record=20, tol=0.0, checkpoint=path, checkpoint_every=60,
        callback=callback,
    )  # fmt: skip
    assert sorted(set(seen)) == [60, 120, 180]


@pytest.mark.parametrize("cut", [40, 50])
@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_sampled_training_draws_what_it_would_have_drawn(tmp_path: Path, cut: int, momentum: float) -> None:
    path = tmp_path / "run.npz"
    network = DeepLinearNetwork(WIDTHS, runs=3)
    options = {
        "batch_size": 30, "learning_rate": [0.01, 0.02, 50.0], "momentum": momentum, "test": MOMENTS,
        "elements_per_sample": 2,
    }  # fmt: skip
    whole = train_sampled(DATA.X, DATA.Y, network, REP, steps=90, **options)
    train_sampled(DATA.X, DATA.Y, network, REP, steps=cut, checkpoint=path, **options)
    resumed = train_sampled(DATA.X, DATA.Y, network, REP, steps=90, resume=path, **options)
    assert whole.diverged.tolist() == [False, False, True]
    assert same(resumed, whole)
    for changed in ({"seed": 1}, {"batch_size": 31}, {"test": None}):
        with pytest.raises(hw.FileError, match="belongs to another training run"):
            train_sampled(DATA.X, DATA.Y, network, REP, steps=90, resume=path, **options | changed)
    with pytest.raises(hw.ParameterError, match="beyond steps=10"):
        train_sampled(DATA.X, DATA.Y, network, REP, steps=10, resume=path, **options)


@pytest.mark.parametrize("cut", [40, 50])
@pytest.mark.parametrize("approach", [hw.Hardwired(), hw.Augmented(), hw.Regularized(0.1)], ids=str)
def test_cross_entropy_resumes_to_the_bit(tmp_path: Path, cut: int, approach: hw.Plain) -> None:
    path, X, labels = tmp_path / "run.npz", DATA.X[:60], DATA.Y[:60].argmax(axis=1)
    network = DeepLinearNetwork((4 if isinstance(approach, hw.Hardwired) else 16, 3, 4), runs=3)
    options = {
        "approach": approach, "momentum": 0.9, "learning_rate": [0.05, 0.1, 1e4], "test": (X, labels),
        "tol": 2e-2,
    }  # fmt: skip
    whole = train_cross_entropy(X, labels, network, REP, steps=300, **options)
    train_cross_entropy(X, labels, network, REP, steps=cut, checkpoint=path, **options)
    resumed = train_cross_entropy(X, labels, network, REP, steps=300, resume=path, **options)
    assert whole.diverged.tolist() == [False, False, True]
    assert same(resumed, whole)
    with pytest.raises(hw.FileError, match="belongs to another training run"):
        train_cross_entropy(X, labels[::-1], network, REP, steps=300, resume=path, **options)


def checkpoint(tmp_path: Path) -> Path:
    path = tmp_path / "run.npz"
    train(PROBLEMS[0], DeepLinearNetwork(WIDTHS), steps=40, checkpoint=path)
    return path


def test_a_checkpoint_of_another_training_is_refused(tmp_path: Path) -> None:
    path = checkpoint(tmp_path)
    for network, options in (
        (DeepLinearNetwork((16, 3, 4)), {}),
        (DeepLinearNetwork(WIDTHS, runs=2), {}),
        (DeepLinearNetwork(WIDTHS, dtype="float32"), {}),
        (DeepLinearNetwork(WIDTHS), {"optimizer": "adam"}),
        (DeepLinearNetwork(WIDTHS), {"learning_rate": 0.1}),
        (DeepLinearNetwork(WIDTHS), {"rep": REP}),
        (DeepLinearNetwork(WIDTHS, seed=1), {}),
        (DeepLinearNetwork(WIDTHS), {"test": MOMENTS}),
    ):
        with pytest.raises(hw.FileError, match="belongs to another training run"):
            train(PROBLEMS[0], network, steps=100, resume=path, **options)
    with pytest.raises(hw.FileError, match="belongs to another training run"):
        train(PROBLEMS[1], DeepLinearNetwork(WIDTHS), steps=100, resume=path)
    with pytest.raises(hw.ParameterError, match="beyond steps=20"):
        train(PROBLEMS[0], DeepLinearNetwork(WIDTHS), steps=20, resume=path)


def test_files_that_are_no_checkpoint_are_refused(tmp_path: Path) -> None:
    network = DeepLinearNetwork(WIDTHS)
    path = checkpoint(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(hw.FileError, match="cannot be read"):
        train(PROBLEMS[0], network, resume=path)
    path.write_bytes(b"")
    with pytest.raises(hw.FileError, match="cannot be read"):
        train(PROBLEMS[0], network, resume=path)
    np.savez(path, weights=np.ones(3))
    with pytest.raises(hw.FileError, match="not a training checkpoint of this version"):
        train(PROBLEMS[0], network, resume=path)
    np.save(tmp_path / "array.npy", np.ones(3))
    with pytest.raises(hw.FileError, match="cannot be read"):
        train(PROBLEMS[0], network, resume=tmp_path / "array.npy")
    path.write_bytes(whole)
    with np.load(path) as file:
        state = dict(file)
    for change in ({"step": np.array(-1)}, {"active": np.array([10**9])}, {"more": np.ones(2)}):
        np.savez(path, **state | change)
        with pytest.raises(hw.FileError, match="does not hold what was written"):
            train(PROBLEMS[0], network, resume=path)
    with pytest.raises(hw.FileError, match="there is no checkpoint"):
        train(PROBLEMS[0], network, resume=tmp_path / "none.npz")
    with pytest.raises(hw.FileError, match="cannot be written"):
        train(PROBLEMS[0], network, steps=5, checkpoint=tmp_path / "no" / "such" / "run.npz")


def test_groups_of_many_coordinates_are_told_apart_by_their_parts() -> None:
    """A product of two matrices on 16,900 coordinates, which is never written out."""
    rng = np.random.default_rng(0)
    turns = [np.linalg.qr(rng.standard_normal((130, 130)))[0] for _ in range(2)]
    products = [hw.Representation(130, (hw.Matrix(g),)) for g in turns]
    marks = [fingerprint(rep_parts(rep * rep)) for rep in (*products, products[0])]
    assert marks[0] == marks[2] != marks[1]
