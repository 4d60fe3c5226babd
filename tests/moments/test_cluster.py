"""Dask: the same bits whatever the number of workers, and whatever becomes of them."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import haarwire as hw
from haarwire import ClusterError, DataError, Moments, ParameterError
from haarwire.moments import alignment, labels, reduction
from haarwire.selection import fold_moments
from rows_for_dask import FEATURES, N, difference, samples

pytest.importorskip("distributed", reason="needs the dask extra")
pytest.importorskip("dask.array", reason="needs the dask extra")

import dask
import dask.array as da
from distributed import Client, LocalCluster

pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning",
    "ignore::pytest.PytestUnraisableExceptionWarning",
    "ignore:.*:UserWarning:distributed",
)


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalCluster]:
    """One worker process; tests make it more."""
    # New processes are forked from one that has everything imported: killed workers are soon back.
    multiprocessing.set_forkserver_preload(["distributed", "haarwire.moments.reduction"])
    settings = {
        "distributed.scheduler.allowed-failures": 20,
        "distributed.comm.timeouts.connect": "1s",
        "distributed.worker.multiprocessing-method": "forkserver",
    }
    with (
        dask.config.set(settings),
        LocalCluster(
            n_workers=1, threads_per_worker=1, dashboard_address=":0", memory_limit=0, silence_logs=50
        ) as made,
    ):
        yield made


@pytest.fixture(scope="module")
def client(cluster: LocalCluster) -> Iterator[Client]:
    with Client(cluster, set_as_default=False) as made:
        yield made


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alignment, "BLOCK_BYTES", 2**14)
    monkeypatch.setattr(reduction, "SEGMENT", 8)


def same_bits(a: Moments, b: Moments) -> bool:
    return np.array_equal(a.scatter, b.scatter) and np.array_equal(a.mean, b.mean) and a.weight == b.weight


def test_the_same_bits_from_one_two_and_four_workers(cluster, client) -> None:
    X, Y = samples(1e6)
    dX, dY = da.from_array(X, chunks=(400, 3)), da.from_array(Y, chunks=(1000, 1))  # cut badly
    whole = Moments.from_arrays(X, Y)
    found = []
    for workers in (1, 2, 4):
        cluster.scale(workers)
        client.wait_for_workers(workers)
        found.append(Moments.from_dask(dX, dY, cluster=client))
    assert difference(found[0], whole) < 1e-12
    assert same_bits(found[0], found[1])
    assert same_bits(found[0], found[2])
    with dask.config.set(scheduler="synchronous"):
        assert difference(Moments.from_dask(dX, dY), whole) < 1e-12


def slow_batches(rows: int, seconds: float = 0.02) -> list[Any]:
    X, Y = samples()

    # Not of this module, which workers cannot import.
    def slow(i: int) -> tuple[np.ndarray, np.ndarray]:
        time.sleep(seconds)
        return X[i : i + rows], Y[i : i + rows]

    return [dask.delayed(slow)(i) for i in range(0, N, rows)]


def serial(*collections: Any) -> Moments:
    with dask.config.set(scheduler="synchronous"):
        return Moments.from_dask(*collections)


def test_bits_survive_workers_that_are_killed_at_ten_random_moments(cluster, client) -> None:
    batches = slow_batches(100)
    cluster.scale(4)
    client.wait_for_workers(4)
    started = time.perf_counter()
    expected = Moments.from_dask(batches, cluster=client)
    duration = time.perf_counter() - started
    assert difference(expected, Moments.from_arrays(*samples())) < 1e-12
    assert same_bits(expected, serial(batches))
    rng = np.random.default_rng(1)
    running = threading.Event()
    in_the_middle: list[float] = []

    def kill(pid: int, moment: float) -> None:
        if running.is_set():
            os.kill(pid, signal.SIGKILL)
            in_the_middle.append(moment)

    for _ in range(30):
        client.wait_for_workers(1)
        alive = [nanny.pid for nanny in cluster.workers.values() if nanny.pid]
        moment = float(rng.uniform(0, 0.9 * duration))
        victim = threading.Timer(moment, kill, (int(rng.choice(alive)), moment))
        running.set()
        victim.start()
        found = Moments.from_dask(batches, cluster=client)
        running.clear()
        victim.join()
        assert same_bits(found, expected)
        if len(in_the_middle) == 10:
            break
    assert len(set(in_the_middle)) == 10


def test_an_adaptive_cluster(cluster, client) -> None:
    batches = slow_batches(100, 0.1)
    cluster.scale(1)
    expected = serial(batches)
    workers: list[int] = []
    adaptive = cluster.adapt(minimum=1, maximum=3, interval="100ms", target_duration="200ms")
    try:
        found = Moments.from_dask(
            batches, cluster=client, progress=lambda _rows, _total: workers.append(len(cluster.plan))
        )
    finally:
        adaptive.stop()
        cluster.scale(1)
    assert same_bits(found, expected)
    assert max(workers) > 1


@pytest.fixture
def remote(tmp_path: Path) -> Iterator[str]:
    """The address of a scheduler in a process of its own, with a worker in another."""
    file = tmp_path / "scheduler.json"
    ended: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": tmp_path}
    scheduler = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0"]
    scheduler += ["--no-dashboard", "--scheduler-file", str(file)]
    worker = [sys.executable, "-m", "distributed.cli.dask_worker", "--scheduler-file", str(file)]
    worker += ["--nthreads", "1", "--no-nanny", "--no-dashboard"]
    with contextlib.ExitStack() as stack:
        for command in (scheduler, worker):
            process = stack.enter_context(subprocess.Popen(command, **ended))  # noqa: S603
            stack.callback(process.terminate)
        deadline = time.monotonic() + 60
        while not file.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        with dask.config.set({"distributed.comm.timeouts.connect": "30s"}):
            yield str(json.loads(file.read_text())["address"])


def test_a_remote_scheduler(remote: str) -> None:
    X, Y = samples(1e6)
    dX, dY = da.from_array(X, chunks=(400, 3)), da.from_array(Y, chunks=(1000, 1))
    expected = serial(dX, dY)
    assert remote.startswith("tcp://127.0.0.1:")
    assert same_bits(Moments.from_dask(dX, dY, cluster=remote), expected)
    with Client(remote, set_as_default=False) as client, client.as_current():
        folds = fold_moments(dX, dY, n_folds=3, rng=0)
        advised = hw.recommend(dX, dY, hw.groups.reflection(FEATURES))
    with dask.config.set(scheduler="synchronous"):
        assert all(map(same_bits, folds, fold_moments(dX, dY, n_folds=3, rng=0)))
        same = hw.recommend(dX, dY, hw.groups.reflection(FEATURES))
    assert np.array_equal(advised.cross_validation.as_is, same.cross_validation.as_is)


def test_parts_of_a_source_are_read_by_workers(client, tmp_path) -> None:
    X, Y = samples(1e6)
    for i, rows in enumerate(np.array_split(np.arange(N), 20)):
        np.savez(tmp_path / f"{i:02}.npz", x=X[rows], y=Y[rows])
    found = Moments.from_source(tmp_path / "*.npz", cluster=client)
    assert difference(found, Moments.from_arrays(X, Y)) < 1e-12
    assert same_bits(found, Moments.from_source(tmp_path / "*.npz", cluster=client.scheduler.address))
    labels = np.round(X[:, 0] * 10).astype(int)
    (tmp_path / "labels").mkdir()
    for i, rows in enumerate(np.array_split(np.arange(N), 3)):
        np.savez(tmp_path / "labels" / f"{i}.npz", x=X[rows], y=labels[rows])
    counted = Moments.from_source(tmp_path / "labels", one_hot=True, cluster=client)
    local = Moments.from_source(tmp_path / "labels", one_hot=True)
    assert difference(counted, local) < 1e-12
    X[2345, 1] = np.nan
    np.savez(tmp_path / "11.npz", x=X[2200:2400], y=Y[2200:2400])
    with pytest.raises(DataError, match=r"X of .*/11.npz is nan at row 145, column 1"):
        Moments.from_source(tmp_path / "*.npz", cluster=client)
    (tmp_path / "07.npz").write_bytes(b"PK")
    with pytest.raises(hw.FileError, match=r"07.npz cannot be read"):
        Moments.from_source(tmp_path / "*.npz", cluster=client)


def test_a_pass_on_a_cluster_goes_on_from_its_checkpoint(client, tmp_path) -> None:
    pytest.importorskip("safetensors", reason="needs the io extra")
    X, Y = samples()
    for i, rows in enumerate(np.array_split(np.arange(N), 40)):
        np.savez(tmp_path / f"{i:02}.npz", x=X[rows], y=Y[rows])
    whole = Moments.from_source(tmp_path / "*.npz", cluster=client)

    class CutOffError(Exception):
        pass

    def stop(rows: int, total: int | None) -> None:
        if rows > N // 2:
            raise CutOffError

    options: dict[str, Any] = {"cluster": client, "checkpoint": tmp_path / "c", "checkpoint_every": 0.0}
    with pytest.raises(CutOffError):
        Moments.from_source(tmp_path / "*.npz", progress=stop, **options)
    seen: list[int] = []
    again = Moments.from_source(tmp_path / "*.npz", progress=lambda rows, _: seen.append(rows), **options)
    assert seen[0] > N // 2
    assert same_bits(again, whole)
    assert not (tmp_path / "c").exists()


def test_a_scheduler_that_is_not_there(tmp_path: Path) -> None:
    X, Y = samples()
    np.savez(tmp_path / "a.npz", x=X, y=Y)
    quick = dask.config.set({"distributed.comm.timeouts.connect": "300ms"})
    with quick, pytest.raises(ClusterError, match="cannot be reached"):
        Moments.from_source(tmp_path / "a.npz", cluster="tcp://127.0.0.1:9")


def test_a_scheduler_that_ends_in_the_middle() -> None:
    batches = slow_batches(100, 0.05)
    made = LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address=":0", silence_logs=50
    )
    client = Client(made, set_as_default=False, timeout=2)
    end = threading.Timer(0.4, made.close)
    end.start()
    with dask.config.set({"distributed.comm.timeouts.connect": "500ms"}), pytest.raises(ClusterError):
        Moments.from_dask(batches, cluster=client)
    end.join()
    client.close(timeout=1)


def test_labels_of_all_blocks_are_checked_together(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(labels, "_MOST_CLASSES", 5)
    X, _ = samples()
    texts, numbers = np.array(list("abab")), np.arange(4)
    np.savez(tmp_path / "0.npz", x=X[:4], y=texts)
    np.savez(tmp_path / "1.npz", x=X[:4], y=numbers)

    def delayed(*targets: Any) -> list[Any]:
        return [dask.delayed((X[:4], Y)) for Y in targets]

    with dask.config.set(scheduler="synchronous"):
        with pytest.raises(DataError, match="more than 5 different labels"):
            Moments.from_dask(delayed(numbers, numbers + 4), one_hot=True)
        with pytest.raises(DataError, match="of another kind than those before: 0 after 'a'"):
            Moments.from_dask(delayed(texts, numbers), one_hot=True)
    with (
        Client(processes=False, n_workers=1, dashboard_address=":0", set_as_default=False) as client,
        pytest.raises(DataError, match="of another kind than those before: 0 after 'a'"),
    ):
        Moments.from_source(tmp_path, one_hot=True, cluster=client)


def test_what_is_no_cluster() -> None:
    X, Y = samples()
    with pytest.raises(ParameterError, match="cluster is 5"):
        Moments.from_dask(da.from_array(X), Y, cluster=5)


def test_a_checkpoint_of_a_cluster_that_holds_other_things(client, tmp_path) -> None:
    pytest.importorskip("safetensors", reason="needs the io extra")
    from haarwire.moments.container import read_container, write_container

    X, Y = samples()
    for i, rows in enumerate(np.array_split(np.arange(N), 40)):
        np.savez(tmp_path / f"{i:02}.npz", x=X[rows], y=Y[rows])
    path = tmp_path / "c"
    options: dict[str, Any] = {"cluster": client, "checkpoint": path, "checkpoint_every": 0.0}
    totals: list[int | None] = []

    def stop(rows: int, total: int | None) -> None:
        totals.append(total)
        if rows > N // 2:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        Moments.from_source(tmp_path / "*.npz", progress=stop, **options)
    assert set(totals) == {N}
    container = read_container(path)
    for change in ({"done": "x"}, {"done": 99}, {"n_features": 99}, {"count": None, "done": None}):
        facts = {**container.facts, "facts": {**container.facts["facts"], **change}}
        write_container(path, container.kind, container.arrays, facts)
        with pytest.raises(hw.FileError, match="cannot be read") as error:
            Moments.from_source(tmp_path / "*.npz", **options)
        assert "delete it to start anew" in error.value.remedy


def test_errors_keep_their_class_beside_a_current_client(cluster) -> None:
    X, y = np.zeros((20, 3)), np.zeros(20)
    X[3, 1] = np.nan
    with Client(cluster, set_as_default=True), pytest.raises(DataError, match="nan at row 3, column 1"):
        Moments.from_dask(da.from_array(X), da.from_array(y), progress=False)
