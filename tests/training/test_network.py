"""`DeepLinearNetwork`: initializations, seeds, batches, critical points as a start, errors."""

from __future__ import annotations

import importlib
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest

import haarwire as hw
from haarwire.landscape import critical_points

torch = pytest.importorskip("torch", reason="training needs PyTorch")

from haarwire.training import DeepLinearNetwork  # noqa: E402

WIDTHS = (6, 5, 2, 4, 3)
INITS = ("xavier", "balanced", "small", "orthogonal")


@pytest.mark.parametrize("init", INITS)
def test_a_run_is_the_same_alone_and_in_a_batch(init: str) -> None:
    batch = DeepLinearNetwork(WIDTHS, init=init, runs=3, seed=7).arrays()
    again = DeepLinearNetwork(WIDTHS, init=init, runs=3, seed=7).arrays()
    for i in range(3):
        alone = DeepLinearNetwork(WIDTHS, init=init, seed=7 + i).arrays()
        assert all(np.array_equal(W[i], V[0]) for W, V in zip(batch, alone, strict=True))
    assert all(np.array_equal(W, V) for W, V in zip(batch, again, strict=True))
    assert not np.allclose(batch[0][0], batch[0][1])


@pytest.mark.parametrize("init", INITS)
def test_float32_is_the_rounded_float64(init: str) -> None:
    single = DeepLinearNetwork(WIDTHS, init=init, dtype="float32")
    double = DeepLinearNetwork(WIDTHS, init=init)
    assert single.dtype == "float32"
    for W, V in zip(single.arrays(), double.arrays(), strict=True):
        assert np.array_equal(W, V.astype(np.float32))


@pytest.mark.parametrize("widths", [(6, 3), (6, 2, 3), WIDTHS, (3, 8, 2)])
def test_balanced_layers_are_balanced_and_of_norm_scale_together(widths: tuple[int, ...]) -> None:
    layers = DeepLinearNetwork(widths, init="balanced", scale=0.5, runs=2).arrays()
    for before, after in pairwise(layers):
        assert np.allclose(after.swapaxes(1, 2) @ after, before @ before.swapaxes(1, 2), atol=1e-15)
    norms = np.array([np.linalg.norm(W, 2, axis=(1, 2)) for W in layers])
    assert np.allclose(norms, norms[0])
    assert ((norms > 0.1) & (norms < 0.75)).all()


def test_orthogonal_layers_are_scaled_isometries() -> None:
    for W in DeepLinearNetwork(WIDTHS, init="orthogonal", scale=3.0).arrays():
        A = W[0] if W[0].shape[0] <= W[0].shape[1] else W[0].T
        assert np.allclose(A @ A.T, 9.0 * np.eye(len(A)))


def test_small_and_xavier_differ_in_scale_only() -> None:
    small, large = (DeepLinearNetwork(WIDTHS, init=i, scale=0.3).arrays() for i in ("small", "xavier"))
    assert all(np.array_equal(W, V) for W, V in zip(small, large, strict=True))
    (W,) = DeepLinearNetwork((400, 600), seed=1).arrays()
    assert W.std() == pytest.approx(np.sqrt(2 / 1000), rel=0.01)


def test_product_and_shape() -> None:
    network = DeepLinearNetwork(WIDTHS, runs=4)
    product = np.eye(6)[None].repeat(4, axis=0)
    for W in network.arrays():
        product = W @ product
    assert np.allclose(network.product().numpy(), product)
    assert (network.widths, network.depth, network.rank, network.runs) == (WIDTHS, 4, 2, 4)
    assert repr(network) == "DeepLinearNetwork(6-5-2-4-3, 4 runs, float64)"
    assert repr(DeepLinearNetwork((6, 3))) == "DeepLinearNetwork(6-3, 1 run, float64)"
    assert (network.device, network.dtype) == ("cpu", "float64")


def points() -> hw.CriticalPoints:
    rep = hw.groups.cyclic_shifts(6)
    data = hw.datasets.planted(rep, 100, n_targets=3, rng=0, violation=1.0)
    moments = hw.Moments.from_arrays(data.X, data.Y)
    return critical_points(moments, rep, rank=2, approach=hw.Regularized(0.1))


def test_it_starts_at_a_critical_point_or_near_it() -> None:
    point = points().at((0, 2))
    network = DeepLinearNetwork.at(point, (6, 4, 3, 3), runs=2)
    assert np.allclose(network.product().numpy(), point.problem_coef)
    noisy = DeepLinearNetwork.at(point, (6, 4, 3, 3), noise=1e-3, runs=2, seed=3)
    again = DeepLinearNetwork.at(point, (6, 4, 3, 3), noise=1e-3, seed=4)
    differences = noisy.arrays()[0] - network.arrays()[0]
    assert 1e-4 < differences.std() < 2e-3
    assert np.array_equal(noisy.arrays()[2][1], again.arrays()[2][0])


def test_layers_from_arrays() -> None:
    layers = DeepLinearNetwork((6, 2, 3), runs=2).arrays()
    assert all(
        np.array_equal(a, b)
        for a, b in zip(DeepLinearNetwork.from_arrays(layers).arrays(), layers, strict=True)
    )
    mine = [W.copy() for W in layers]
    copied = DeepLinearNetwork.from_arrays(mine)
    for W in mine:
        W[:] = 5.0
    assert all(np.array_equal(a, b) for a, b in zip(copied.arrays(), layers, strict=True))
    one = DeepLinearNetwork.from_arrays([W[0] for W in layers], dtype="float32")
    assert (one.runs, one.dtype) == (1, "float32")


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"widths": (6,)}, "at least two integers"),
        ({"widths": 6}, "at least two integers"),
        ({"widths": (6, 0, 3)}, "at least two integers"),
        ({"widths": (6, 2.0, 3)}, "at least two integers"),
        ({"init": "zero"}, "init must be one of 'xavier', 'balanced'"),
        ({"scale": 0.0}, "scale must be a finite number > 0"),
        ({"scale": np.inf}, "scale must be a finite number > 0"),
        ({"runs": 0}, "runs must be an integer ≥ 1"),
        ({"seed": -1}, "seed must be an integer ≥ 0"),
        ({"dtype": "float16"}, "dtype must be 'float64' or 'float32'"),
        ({"dtype": np.float32}, "dtype must be 'float64' or 'float32'"),
        ({"device": "abacus"}, "no device 'abacus'"),
    ],
)
def test_bad_options_are_refused(options: dict[str, object], what: str) -> None:
    with pytest.raises(hw.ParameterError, match=what) as error:
        DeepLinearNetwork(**{"widths": (6, 2, 3), **options})
    assert error.value.cause
    assert error.value.remedy


def test_bad_starts_are_refused() -> None:
    point = points().at((0, 2))
    with pytest.raises(hw.ParameterError, match="do not fit a critical point with 6 inputs"):
        DeepLinearNetwork.at(point, (3, 2, 6))
    with pytest.raises(hw.ParameterError, match="hidden width"):
        DeepLinearNetwork.at(point, (6, 1, 3))
    with pytest.raises(hw.ParameterError, match="noise must be"):
        DeepLinearNetwork.at(point, (6, 2, 3), noise=-1.0)
    with pytest.raises(hw.ParameterError, match="do not make a network"):
        DeepLinearNetwork.from_arrays([np.ones((2, 6)), np.ones((3, 3))])
    with pytest.raises(hw.ParameterError, match="do not make a network"):
        DeepLinearNetwork.from_arrays([])
    with pytest.raises(hw.ParameterError, match="not finite"):
        DeepLinearNetwork.from_arrays([np.full((2, 6), np.nan)])


def test_without_torch_it_says_what_to_install() -> None:
    script = (
        "import sys; sys.modules['torch'] = None\n"
        "from haarwire.training import DeepLinearNetwork, train, TrainingHistory\n"
        "import haarwire as hw\n"
        "try: DeepLinearNetwork((3, 2))\n"
        "except hw.MissingDependencyError as error: print(error)\n"
    )
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=True
    )
    assert 'pip install "haarwire[torch]"' in done.stdout


def test_importing_the_room_does_not_import_torch() -> None:
    script = "import sys, haarwire.training; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-W", "error", "-c", script], check=True)  # noqa: S603


def test_the_room_exports_what_its_parts_do() -> None:
    room = importlib.import_module("haarwire.training")
    assert room.__all__ == sorted(set(room.__all__))
    assert set(room.__all__) <= set(dir(room))
    for part in ("fusion", "margin", "modules", "invariance_learning"):
        names = importlib.import_module(f"haarwire.training.{part}").__all__
        for name in set(names) - {"torch"}:
            assert name in room.__all__
            assert getattr(room, name) is getattr(getattr(room, part), name)
    with pytest.raises(AttributeError, match="no attribute 'hardwired'"):
        _ = room.hardwired


def test_layers_of_any_strides_will_do() -> None:
    W, V = np.arange(6.0).reshape(2, 3)[::-1, ::-1], np.ones((4, 2))
    network = DeepLinearNetwork.from_arrays([W, V])
    np.testing.assert_array_equal(network.weights[0][0].numpy(), W)
