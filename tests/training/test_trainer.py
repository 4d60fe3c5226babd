"""`train`: where runs end, what they pass on the way, batches, divergence and bad arguments."""

from __future__ import annotations

import sys

import numpy as np
import pytest

import haarwire as hw
from haarwire.landscape import check_critical, critical_points

torch = pytest.importorskip("torch", reason="training needs PyTorch")

from haarwire.training import DeepLinearNetwork, TrainingHistory, train  # noqa: E402
from haarwire.training.loop import next_record  # noqa: E402

REP = hw.groups.image_rotations(4)
DATA = hw.datasets.planted(REP, 400, n_targets=4, noise=0.3, violation=0.5, rng=1)
MOMENTS = hw.Moments.from_arrays(DATA.X, DATA.Y)
FULL = (hw.Plain(), hw.Augmented(), hw.Regularized(0.3))
HARD = hw.Hardwired().problem(MOMENTS, REP)
WIRED = (4, 5, 2, 4)


def optimum(approach: hw.Plain, rank: int = 2) -> hw.Solution:
    return hw.solve(MOMENTS, REP, rank=rank, approach=approach)


# Where they end.


@pytest.mark.parametrize("hidden", [(2,), (5, 2), (5, 2, 5)], ids=lambda h: f"depth {len(h) + 1}")
@pytest.mark.parametrize("approaches", [FULL, (hw.Hardwired(),)], ids=["full", "hardwired"])
def test_random_starts_reach_the_closed_form_optimum(
    approaches: tuple[hw.Plain, ...], hidden: tuple[int, ...]
) -> None:
    problems = [a.problem(MOMENTS, REP) for a in approaches]
    k = problems[0].gram.shape[0]
    network = DeepLinearNetwork((k, *hidden, 4), runs=100)
    history = train(problems, network, rep=REP, steps=16_000, tol=1e-8, record=16_000)
    best = np.array([optimum(a).loss for a in approaches])[history.problem]
    excess = history.loss[-1] / best - 1.0
    assert np.allclose(history.optimal_loss, best, rtol=1e-12)
    assert (excess > -1e-12).all()
    for p, approach in enumerate(approaches):
        missed = np.flatnonzero((history.problem == p) & (excess >= 1e-6))
        assert missed.size <= 1, approach.label
        # What is not there yet is on its way: at no minimum, or near the optimum, as every local one is.
        for run in missed:
            found = check_critical([W[run] for W in history.weights], problems[p], tol=1e-6)
            assert found.kind != "minimum" or history.nearest_index[-1, run] == 0
    arrived = excess < 1e-6
    assert (history.nearest_index[-1][arrived] == 0).all()
    assert history.subset() == (0, 1)
    for run in np.flatnonzero(arrived)[::37]:
        coef = optimum(approaches[history.problem[run]]).coef
        assert np.allclose(history.coef[run], coef, atol=2e-3)


@pytest.mark.parametrize("optimizer", ["momentum", "adam", "gradient_flow"])
def test_other_optimizers_reach_it_too(optimizer: str) -> None:
    network = DeepLinearNetwork(WIRED, runs=20, init="orthogonal")
    history = train(HARD, network, optimizer=optimizer, steps=6000, tol=1e-9, record=1000)
    assert history.converged.all()
    assert (history.stopped < 6000).all()
    assert (history.excess_loss[-1] <= 1e-9 * HARD.setting.total).all()


@pytest.mark.parametrize("hidden", [(2,), (4, 2), (4, 2, 4)], ids=lambda h: f"depth {len(h) + 1}")
@pytest.mark.parametrize("scale", [0.3, 1.0])
def test_momentum_with_the_automatic_step_diverges_from_no_balanced_start(
    hidden: tuple[int, ...], scale: float
) -> None:
    for problems in ([a.problem(MOMENTS, REP) for a in FULL], [HARD]):
        k = problems[0].gram.shape[0]
        network = DeepLinearNetwork((k, *hidden, 4), init="balanced", scale=scale, runs=25)
        history = train(problems, network, optimizer="momentum", steps=5000, tol=1e-8, record=5000)
        assert not history.diverged.any()
        assert (history.excess_loss[-1] < 1e-6 * history.optimal_loss).all()


def test_float32() -> None:
    network = DeepLinearNetwork(WIRED, runs=20, init="orthogonal", dtype="float32")
    history = train(HARD, network, steps=4000, tol=1e-8, record=1000)
    assert history.converged.all()
    assert history.loss.dtype == np.float64


def test_one_layer_is_plain_least_squares() -> None:
    history = train(MOMENTS, DeepLinearNetwork((16, 4)), approach=hw.Plain(), rep=REP, tol=1e-13)
    full = hw.solve(MOMENTS, REP, approach=hw.Plain())
    assert np.allclose(history.coef[0], full.coef, atol=1e-5)
    assert np.allclose(history.intercept[0], full.intercept, atol=1e-5)
    assert (history.imbalance == 0).all()


# What they pass on the way.


def test_the_invariance_gap_of_each_approach() -> None:
    problems = [a.problem(MOMENTS, REP) for a in FULL]
    options = {"rep": REP, "steps": 4000, "tol": 1e-12}
    history = train(problems, DeepLinearNetwork((16, 2, 4), init="orthogonal"), **options)
    plain, augmented, regularized = history.invariance_gap.T
    assert augmented[0] > 0.1
    assert augmented[-1] < 1e-5
    assert plain[-1] == pytest.approx(optimum(hw.Plain()).invariance_gap, rel=1e-4)
    assert regularized[-1] == pytest.approx(optimum(hw.Regularized(0.3)).invariance_gap, rel=1e-4)
    assert 0.01 < regularized[-1] < plain[-1]
    wired = train(MOMENTS, DeepLinearNetwork(WIRED), approach=hw.Hardwired(), **options)
    assert (wired.invariance_gap == 0.0).all()
    assert (train(HARD, DeepLinearNetwork(WIRED), steps=3).invariance_gap == 0.0).all()


@pytest.mark.parametrize("optimizer", ["gd", "gradient_flow"])
def test_balanced_layers_stay_balanced(optimizer: str) -> None:
    network = DeepLinearNetwork(WIRED, init="balanced", scale=0.3)
    history = train(HARD, network, optimizer=optimizer, learning_rate=1e-3, steps=2000, tol=0.0)
    assert history.imbalance[0, 0] < 1e-14
    # Gradient descent drifts by O(η) of the path's length, the flow by its tolerance.
    assert history.imbalance.max() < (5e-3 if optimizer == "gd" else 1e-7)
    assert history.loss[-1, 0] < 0.9 * history.loss[0, 0]


def test_gradient_flow_is_the_limit_of_small_steps() -> None:
    network = DeepLinearNetwork(WIRED, runs=3, init="orthogonal", scale=0.7)
    flow = train(HARD, network, optimizer="gradient_flow", learning_rate=0.1, steps=20, tol=0.0, record=5)
    errors = []
    for finer in (100, 200):
        descent = train(HARD, network, learning_rate=0.1 / finer, steps=20 * finer, tol=0.0, record=5 * finer)
        assert np.allclose(descent.times, flow.times)
        errors.append(np.abs(descent.loss - flow.loss).max())
    assert errors[0] < 1e-2
    assert errors[0] / errors[1] == pytest.approx(2.0, rel=0.1)


def test_small_balanced_starts_learn_one_mode_after_the_other() -> None:
    network = DeepLinearNetwork((4, 2, 4), init="balanced", scale=1e-3)
    history = train(HARD, network, steps=20_000, learning_rate=0.02, tol=1e-10)
    seen = [history.subset(record) for record in range(len(history.steps))]
    visited = [s for i, s in enumerate(seen) if i == 0 or s != seen[i - 1]]
    assert visited == [(), (0,), (0, 1)]
    indices = history.nearest_index[:, 0]
    # Two idle units and four modes: 8; mode 0 and one idle unit: 3; the optimum: 0.
    assert [int(indices[seen.index(s)]) for s in visited] == [8, 3, 0]
    modes = history.singular_modes[-1, 0]
    assert np.allclose(modes, [*history.singular_values[0, :2], 0.0, 0.0], atol=1e-4)


@pytest.mark.parametrize("subset", [(0, 1), (0, 3), (2, 3)])
@pytest.mark.parametrize("approach", [*FULL, hw.Hardwired()], ids=lambda a: a.label)
def test_a_critical_point_is_nearest_to_itself(approach: hw.Plain, subset: tuple[int, ...]) -> None:
    points = critical_points(MOMENTS, REP, rank=2, approach=approach)
    k = points.problem.gram.shape[0]
    network = DeepLinearNetwork.at(points.at(subset), (k, 2, 2, 4))
    history = train(points.problem, network, steps=50, tol=0.0)
    assert history.subset(0) == history.subset(-1) == subset
    assert history.nearest_index[0, 0] == points.at(subset).index
    assert np.allclose(history.loss, points.at(subset).loss, rtol=1e-9)
    expected = np.zeros(4)
    expected[list(subset)] = points.modes.singular_values[list(subset)]
    assert np.allclose(history.singular_modes[-1, 0], expected, atol=1e-8)


def test_the_nearest_critical_point_is_the_nearest() -> None:
    problem = hw.Plain().problem(MOMENTS, REP)
    points = [
        point for rank in (1, 2) for point in critical_points(MOMENTS, REP, rank=rank, approach=hw.Plain())
    ]
    network = DeepLinearNetwork((16, 2, 4), runs=30, seed=100)
    history = train(problem, network, steps=30, record=10, tol=0.0)
    for run, coef in enumerate(history.coef):
        differences = [coef - point.coef for point in points] + [coef]
        distances = [np.vdot(D, D @ problem.gram) for D in differences]
        subsets = [point.subset for point in points] + [()]
        assert history.subset(-1, run) == subsets[int(np.argmin(distances))]


def test_a_noisy_saddle_is_left_for_the_optimum() -> None:
    points = critical_points(MOMENTS, REP, rank=2, approach=hw.Augmented())
    network = DeepLinearNetwork.at(points.at((1, 2)), (16, 2, 4), noise=1e-3, runs=5)
    history = train(points.problem, network, rep=REP, steps=6000, tol=1e-8)
    assert (history.nearest_index[0] == 2).all()
    assert history.converged.all()


def test_test_loss_is_that_of_the_moments() -> None:
    other = hw.datasets.planted(REP, 100, n_targets=4, rng=5)
    test = hw.Moments.from_arrays(other.X, other.Y)
    for approach, widths in ((hw.Augmented(), (16, 3, 4)), (hw.Hardwired(), WIRED)):
        network = DeepLinearNetwork(widths, runs=2)
        history = train(MOMENTS, network, approach=approach, rep=REP, steps=50, test=test)
        assert history.test_loss is not None
        for run in range(2):
            loss = test.loss(history.coef[run], history.intercept[run])
            assert history.test_loss[-1, run] == pytest.approx(loss, rel=1e-12)


# Batches.


@pytest.mark.parametrize("optimizer", ["gd", "momentum", "adam", "gradient_flow"])
def test_a_batch_does_what_its_runs_do_alone(optimizer: str) -> None:
    problems = [a.problem(MOMENTS, REP) for a in FULL]
    rates = np.array([0.01, 0.02])
    options = {"optimizer": optimizer, "steps": 100, "tol": 0.0, "rep": REP}
    batch = train(problems, DeepLinearNetwork((16, 5, 2, 4), runs=2), learning_rate=rates, **options)
    assert batch.problem.tolist() == [0, 0, 1, 1, 2, 2]
    assert batch.learning_rate.tolist() == [0.01, 0.02] * 3
    for run in range(6):
        network = DeepLinearNetwork((16, 5, 2, 4), seed=run % 2)
        alone = train(problems[run // 2], network, learning_rate=rates[run % 2], **options)
        assert np.allclose(batch.loss[:, run], alone.loss[:, 0], rtol=1e-9)
        assert np.allclose(batch.coef[run], alone.coef[0], atol=1e-9)
        assert np.allclose(batch.singular_modes[:, run], alone.singular_modes[:, 0], atol=1e-9)


@pytest.mark.parametrize("optimizer", ["gd", "momentum", "adam", "gradient_flow"])
def test_large_batches_go_through_the_cache_in_parts(optimizer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    problems = [a.problem(MOMENTS, REP) for a in FULL]
    network = DeepLinearNetwork((16, 5, 2, 4), runs=3)
    options = {"optimizer": optimizer, "steps": 60, "tol": 0.0}
    whole = train(problems, network, **options)
    monkeypatch.setattr("haarwire.training.optimizers._CACHED", 2 * 16 * 5 * 8)
    parts = train(problems, network, **options)
    assert np.allclose(parts.loss, whole.loss, rtol=1e-10)
    assert np.allclose(parts.coef, whole.coef, atol=1e-10)


def test_runs_that_arrive_leave_the_batch_and_change_nothing() -> None:
    network = DeepLinearNetwork(WIRED, runs=6)
    history = train(HARD, network, steps=5000, tol=1e-6, record=100)
    assert history.converged.all()
    assert np.unique(history.stopped).size > 2
    assert history.steps[-1] == history.stopped.max()
    for run in range(6):
        alone = train(HARD, DeepLinearNetwork(WIRED, seed=run), steps=5000, tol=1e-6, record=100)
        assert alone.stopped[0] == history.stopped[run]
        assert np.allclose(history.coef[run], alone.coef[0], atol=1e-9)
        after = history.loss[history.steps >= history.stopped[run], run]
        assert (after == after[0]).all()


def test_the_same_call_gives_the_same_bits_and_leaves_the_network_alone() -> None:
    network = DeepLinearNetwork(WIRED, runs=3)
    before = network.arrays()
    one, two = (train(HARD, network, steps=200) for _ in range(2))
    assert np.array_equal(one.loss, two.loss)
    assert all(np.array_equal(W, V) for W, V in zip(one.weights, two.weights, strict=True))
    assert all(np.array_equal(W, V) for W, V in zip(network.arrays(), before, strict=True))


# Divergence.


def test_a_run_that_diverges_is_marked_and_harms_no_other() -> None:
    network = DeepLinearNetwork((4, 2, 4), runs=2, init="orthogonal")
    history = train(HARD, network, learning_rate=[0.02, 5.0], steps=3000, tol=1e-8)
    assert history.diverged.tolist() == [False, True]
    assert history.converged.tolist() == [True, False]
    assert np.isinf(history.loss[-1, 1])
    assert np.isfinite(history.loss[:, 0]).all()
    assert np.isnan(history.coef[1]).all()
    assert np.isfinite(history.coef[0]).all()
    assert history.nearest_index[-1, 1] == -1
    assert not np.isnan(history.loss).any()
    assert "1 diverged" in repr(history)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("steps", [15, 3000])
def test_it_raises_when_all_diverge(dtype: str, steps: int) -> None:
    with pytest.raises(hw.ConvergenceError, match=r"every run diverged .* from 50 to 50") as error:
        train(HARD, DeepLinearNetwork((4, 2, 4), dtype=dtype), learning_rate=50.0, steps=steps)
    assert "learning_rate='auto'" in error.value.remedy


# Records, hooks, options.


def test_records_do_not_depend_on_how_many_steps_there_will_be() -> None:
    long = [0]
    while long[-1] < 1000:
        long.append(next_record(long[-1], "log"))
    assert long[:6] == [0, 1, 2, 3, 4, 5]
    assert {10, 100, 1000} <= set(long)
    assert len(long) < 65
    assert next_record(99, 50) == 100
    assert next_record(100, 50) == 150
    history = train(HARD, DeepLinearNetwork(WIRED), steps=130, record=50, tol=0.0)
    assert history.steps.tolist() == [0, 50, 100, 130]


def test_hooks() -> None:
    losses, progress = [], []

    def callback(step: int, loss: np.ndarray) -> bool:
        losses.append((step, loss.shape))
        return step >= 100

    history = train(
        HARD, DeepLinearNetwork(WIRED, runs=2), steps=1000, record=50, tol=0.0, callback=callback,
        progress=lambda step, steps: progress.append((step, steps)),
    )  # fmt: skip
    assert losses == [(50, (2,)), (100, (2,))]
    assert history.steps[-1] == 100
    assert progress[-1] == (100, 1000)


def test_a_progress_bar(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("rich", reason="a bar needs the cli extra")
    network = DeepLinearNetwork(WIRED)
    train(HARD, network, steps=60, tol=0.0)
    assert capsys.readouterr().err == ""
    train(HARD, network, steps=60, tol=0.0, progress=True)
    captured = capsys.readouterr()
    assert "60/60" in captured.err
    assert captured.out == ""
    monkeypatch.setitem(sys.modules, "rich.console", None)
    with pytest.raises(hw.MissingDependencyError, match="needs rich") as error:
        train(HARD, network, steps=60, progress=True)
    assert 'pip install "haarwire[cli]"' in error.value.remedy


def test_without_a_tolerance_every_step_is_taken() -> None:
    points = critical_points(MOMENTS, REP, rank=2, approach=hw.Hardwired())
    network = DeepLinearNetwork.at(points.global_optimum, (4, 2, 4), runs=2)
    history = train(HARD, network, steps=100, tol=0.0)
    assert history.stopped.tolist() == [100, 100]
    assert not history.converged.any()


def test_a_history_is_plain_arrays_with_a_short_repr() -> None:
    history = train(HARD, DeepLinearNetwork(WIRED, runs=2), steps=10)
    assert isinstance(history, TrainingHistory)
    assert len(repr(history)) < 120
    assert "2 runs, 10 steps, 0 converged" in repr(history)
    for value in vars(history).values():
        assert isinstance(value, np.ndarray | float | tuple | None)
    assert history.n_runs == 2
    assert history.test_loss is None
    with pytest.raises(AttributeError):
        history.seconds = 0.0  # type: ignore[misc]


BAD = [
    ({"optimizer": "sgd"}, "optimizer must be one of 'gd', 'momentum', 'adam', 'gradient_flow'"),
    ({"learning_rate": 0.0}, "learning_rate must be 'auto'"),
    ({"learning_rate": "fast"}, "learning_rate must be 'auto'"),
    ({"learning_rate": [0.1, 0.1]}, r"one a run \(1 runs\)"),
    ({"learning_rate": [[0.1], [0.1, 0.2]]}, "learning_rate must be 'auto'"),
    ({"momentum": 1.0}, r"momentum must be a number in \[0, 1\)"),
    ({"tol": -1e-9}, r"tol must be a number in \[0, 1\)"),
    ({"steps": 0}, "steps must be an integer ≥ 1"),
    ({"steps": 1e3}, "steps must be an integer ≥ 1"),
    ({"record": 0}, "record must be an integer ≥ 1"),
    ({"record": "all"}, "record must be an integer ≥ 1 or 'log'"),
    ({"checkpoint_every": 0}, "checkpoint_every must be an integer ≥ 1"),
    ({"progress": 10}, "progress must be True, False or a function"),
    ({"approach": hw.Plain()}, "was given together with a problem"),
]


@pytest.mark.parametrize(("options", "what"), BAD)
def test_bad_options_are_refused(options: dict[str, object], what: str) -> None:
    with pytest.raises(hw.ParameterError, match=what) as error:
        train(HARD, DeepLinearNetwork(WIRED), **options)
    assert error.value.cause
    assert error.value.remedy


def test_bad_data_are_refused() -> None:
    network = DeepLinearNetwork((16, 2, 4))
    with pytest.raises(hw.ParameterError, match="moments need an approach"):
        train(MOMENTS, network, rep=REP)
    with pytest.raises(hw.ParameterError, match="moments need an approach"):
        train(MOMENTS, network, approach="augmented", rep=REP)
    with pytest.raises(hw.ParameterError, match="must be Moments, a Quadratic or a list"):
        train(DATA.X, network)
    with pytest.raises(hw.ParameterError, match="must be Moments, a Quadratic or a list"):
        train([], network)
    with pytest.raises(hw.DataError, match="different sizes cannot share a batch"):
        train([HARD, hw.Plain().problem(MOMENTS, REP)], network)
    with pytest.raises(hw.ParameterError, match="4 inputs and 4 outputs") as error:
        train(HARD, network)
    assert "invariant coordinates" in error.value.cause
    with pytest.raises(hw.ParameterError, match="must be a DeepLinearNetwork"):
        train(HARD, (4, 2, 4))
    small = hw.Moments.from_arrays(DATA.X[:, :3], DATA.Y)
    with pytest.raises(hw.DataError, match="16 features and 4 targets"):
        train(HARD, DeepLinearNetwork(WIRED), test=small)
