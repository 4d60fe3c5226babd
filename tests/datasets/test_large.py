"""Data read once, into folds and test samples: alike from memory, files and a cluster."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import haarwire as hw
from haarwire.datasets import is_large, split_source
from haarwire.datasets.large import source_moments

N = 1200


def samples(kind: str = "labels") -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((N, 6))
    mean = X.mean(axis=1) + 0.1 * rng.standard_normal(N)
    return X, np.sort(np.digitize(mean, [-0.3, 0.3])) if kind == "labels" else mean


def write_parts(folder: Path, X: np.ndarray, Y: np.ndarray) -> Path:
    folder.mkdir()
    for i, rows in enumerate(np.array_split(np.arange(len(X)), 6)):
        np.savez(folder / f"{i}.npz", x=X[rows], y=Y[rows])
    return folder


@pytest.mark.parametrize("kind", ["labels", "numbers"])
def test_folds_and_test_samples_are_all_samples_once(kind, tmp_path) -> None:
    X, y = samples(kind)
    split = split_source(write_parts(tmp_path / "d", X, y), test_size=0.25, seed=3)
    Y = y[:, None] if kind == "numbers" else np.eye(3)[y]
    together = sum(split.folds[1:], start=split.folds[0]) + hw.Moments.from_arrays(split.test.X, split.test.Y)
    whole = hw.Moments.from_arrays(X, Y)
    np.testing.assert_allclose(together.scatter, whole.scatter, atol=1e-10)
    assert together.count == N
    assert 0.2 * N < len(split.test.X) < 0.3 * N
    assert max(f.count for f in split.folds) < 1.4 * min(f.count for f in split.folds)
    assert (split.classes is None) == (kind == "numbers")
    assert "held out" in repr(split)
    # Test samples are rows of X with their own targets.
    rows = {row.tobytes(): target for row, target in zip(X, Y, strict=True)}
    assert all(np.array_equal(rows[x.tobytes()], t) for x, t in zip(split.test.X, split.test.Y, strict=True))


def test_the_same_split_by_seed_and_from_a_stream() -> None:
    X, y = samples()
    first, again, other = (split_source((X, y), seed=s) for s in (1, 1, 2))
    assert np.array_equal(first.test.X, again.test.X)
    assert not np.array_equal(first.test.X, other.test.X)
    stream = split_source(iter([(X[:500], y[:500]), (X[500:], y[500:])]), seed=1)
    assert sum(f.count for f in stream.folds) + len(stream.test.X) == N


def test_the_same_split_on_a_cluster(tmp_path) -> None:
    distributed = pytest.importorskip("distributed", reason="needs the dask extra")
    X, y = samples()
    folder = write_parts(tmp_path / "d", X, y)
    local = split_source(folder)
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=1, processes=False, dashboard_address=":0"
        ) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        there = split_source(folder, cluster=client)
    assert np.array_equal(there.test.X, local.test.X)
    assert np.array_equal(there.test.Y, local.test.Y)
    assert there.test.classes.tolist() == local.test.classes.tolist() == [0, 1, 2]
    for a, b in zip(there.folds, local.folds, strict=True):
        assert a.count == b.count
        np.testing.assert_allclose(a.scatter, b.scatter, rtol=1e-10, atol=1e-10)


def test_compare_takes_them(tmp_path) -> None:
    X, y = samples()
    rep = hw.groups.cyclic_shifts(6)
    split = split_source(write_parts(tmp_path / "d", X, y))
    result = hw.compare(split, rep, rank=1)
    assert result.verdict["moved"].approach == "hardwired"
    assert result.n_train + result.n_test == N
    assert result.score == "accuracy"
    direct = hw.compare(hw.datasets.Dataset.from_arrays(X, y), rep, rank=1)
    for name, row in result.approaches.items():
        assert row.train_loss == pytest.approx(direct.approaches[name].train_loss, rel=0.1)
    with pytest.raises(hw.DataError, match=r"6 features, .* acts on 5"):
        hw.compare(split, hw.groups.cyclic_shifts(5))


def test_test_samples_are_bounded(monkeypatch) -> None:
    X, y = samples("numbers")
    monkeypatch.setattr("haarwire.datasets.large._MOST_TEST_ROWS", 100)
    assert 60 < len(split_source((X, y), test_size=0.5).test.X) < 140
    assert 30 < len(split_source((X, y), test_size=50).test.X) < 75
    monkeypatch.setattr("haarwire.datasets.large.TEST_ELEMENTS", 60)
    assert 1 <= len(split_source((X, y), test_size=0.5).test.X) < 30
    with pytest.raises(hw.DataError, match="give a smaller share"):
        split_source(iter([(X, y)]), test_size=0.5)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"test_size": 1.5}, hw.ParameterError, "a share below 1 or a whole number of samples, got 1.5"),
        ({"test_size": 0}, hw.ParameterError, "a test size of 0 cannot be held out from 1200"),
        ({"test_size": "1/3"}, hw.ParameterError, "a share below 1 .* got '1/3'"),
        ({"test_size": float("nan")}, hw.ParameterError, "a share below 1 .* got nan"),
        ({"targets": "label"}, hw.ParameterError, "targets must be 'auto', .* got 'label'"),
        ({"n_folds": 0}, hw.ParameterError, "n_folds is 0"),
        ({"n_folds": 2.5}, hw.ParameterError, "n_folds is 2.5"),
        ({"seed": -1}, hw.ParameterError, "seed is -1"),
        ({"test_size": 5000}, hw.ParameterError, "a test size of 5000"),
    ],
)
def test_bad_sizes(options, error, message) -> None:
    with pytest.raises(error, match=message):
        split_source(samples(), **options)


def test_too_few_samples() -> None:
    X, y = samples()
    with pytest.raises(hw.DataError, match="too few"):
        split_source((X[:6], y[:6]))
    with pytest.raises(hw.DataError, match="There is no sample with a weight above zero in "):
        split_source((X[:0], y[:0]))
    with pytest.raises(hw.DataError, match="There is no sample with a weight above zero in "):
        split_source(iter([]))


def test_whole_numbers_of_many_values_are_no_classes() -> None:
    X, _ = samples()
    with pytest.raises(hw.DataError, match=r"the arrays have 300 different values, too many .* labels"):
        split_source((X, np.arange(N) % 300))
    assert len(split_source((X, np.arange(N) % 300), targets="labels").classes) == 300
    assert split_source((X, np.arange(N) % 300), targets="numbers").classes is None
    prices = np.arange(N) % (N // 5)
    for read in (split_source, source_moments):
        with pytest.raises(hw.DataError, match=rf"{N // 5} different values in {N} samples, too many"):
            read((X, prices))
        read((X, np.array([f"name {p}" for p in prices])))


def test_sample_weights_are_refused() -> None:
    X, y = samples()
    with pytest.raises(hw.ParameterError, match="there are sample weights in the arrays"):
        split_source((X, y, np.ones(N)))


def test_a_missing_value_is_named_by_its_own_row() -> None:
    X, y = samples("numbers")
    X[777, 2] = np.nan
    with pytest.raises(hw.DataError, match="X of the arrays is nan at row 777, column 2"):
        split_source((X, y))


def test_what_counts_as_large(tmp_path) -> None:
    (tmp_path / "a.parquet").touch()
    assert all(
        map(is_large, ["s3://bucket/x.npz", "data/*.csv", "part-?.npz", tmp_path, tmp_path / "a.parquet"])
    )
    assert not any(map(is_large, ["digits", "data.npz", "none.parquet"]))


def test_the_command(tmp_path, monkeypatch, capsys) -> None:
    pytest.importorskip("typer", reason="the command needs the 'cli' extra")
    from haarwire import cli

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    write_parts(tmp_path / "d", *samples())

    def run(*arguments: str) -> str:
        with pytest.raises(SystemExit) as exit_:
            cli.main(["compare", "d", "--symmetry", "cyclic_shifts:6", "--json", "r.json", *arguments])
        captured = capsys.readouterr()
        assert not exit_.value.code, captured.err
        return captured.out

    run()
    local = json.loads(Path("r.json").read_text())
    assert local["verdict"]["moved"]["approach"] == "hardwired"
    distributed = pytest.importorskip("distributed", reason="needs the dask extra")
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address=":0", protocol="tcp"
    ) as cluster:
        run("--cluster", cluster.scheduler_address)
    there = json.loads(Path("r.json").read_text())
    for name in ("plain", "hardwired"):
        here, far = local["approaches"][name], there["approaches"][name]
        assert far["train_loss"] == pytest.approx(here["train_loss"], rel=1e-9)


def test_parts_without_rows_are_passed_over(tmp_path) -> None:
    pytest.importorskip("pyarrow", reason="needs the io extra")
    import pyarrow as pa
    import pyarrow.parquet as pq

    X, y = samples()
    for number, year in enumerate((2020, 2021)):
        columns = {f"x{i}": X[:, i] for i in range(X.shape[1])}
        table = pa.table({**columns, "year": np.full(len(X), year), "y": y})
        pq.write_table(table, tmp_path / f"part{number}.parquet")
    options = {"y": "y", "x": [f"x{i}" for i in range(X.shape[1])], "targets": "labels"}
    for year in (2020, 2021):
        found = split_source(tmp_path, filters=[("year", "==", year)], **options)
        assert sum(fold.count for fold in found.folds) + len(found.test.X) == len(X)


def test_samples_without_features_are_told() -> None:
    with pytest.raises(hw.DataError, match="no features"):
        split_source((np.zeros((300, 0)), np.zeros(300)))


def test_a_stream_keeps_its_first_batch() -> None:
    X, y = samples()
    batches = [(X[i : i + 100], 0.5 * y[i : i + 100]) for i in range(0, 400, 100)]
    for given in (batches, iter(batches)):
        assert source_moments(given)[1].count == 400


def test_a_file_is_small_whatever_its_name(tmp_path) -> None:
    for name in ("data[1].csv", "what?.npz"):
        (tmp_path / name).write_text("1,2\n")
        assert not is_large(tmp_path / name)
    assert is_large(tmp_path / "data[12].csv")
