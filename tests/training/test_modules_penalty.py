"""`invariance_penalty` and `invariance_error`: against the library's forms and finite differences."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import scipy.linalg
from hypothesis import given, settings
from hypothesis import strategies as st

import haarwire as hw
import strategies as cases

torch = pytest.importorskip("torch", reason="needs the torch extra")
from torch import nn  # noqa: E402

from haarwire.training.modules import hardwire, invariance_error, invariance_penalty  # noqa: E402


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Small tensors: more threads would only wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


ROTATIONS = hw.groups.image_rotations(4)
L = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
CIRCLE = hw.Representation(3, algebra=(L,), name="rotations about an axis")


def representations():
    circles = st.one_of(cases.circles(), cases.circles(orthogonal=False)).map(lambda c: c.rep)
    return st.one_of(cases.finite_representations(), cases.non_compact_groups(), circles)


def linear(W):
    layer = nn.Linear(W.shape[1], W.shape[0], dtype=torch.float64)
    layer.weight.data = torch.from_numpy(W)
    return layer


def tanh_network(n, m):
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(n, 8), nn.Tanh(), nn.Linear(8, m)).double()


@given(rep=representations(), rng=cases.seeds())
def test_of_a_linear_module_on_white_data_it_is_the_quadratic_form(rep, rng):
    n = rep.dim
    X = np.sqrt(n + 3) * np.linalg.qr(rng.standard_normal((n + 3, n)))[0]  # XᵀX/N = I
    W = rng.standard_normal((2, n))
    got = invariance_penalty(linear(W), torch.from_numpy(X), rep).item()
    expected = np.trace(W @ hw.penalty_matrix(rep) @ W.T)
    assert got == pytest.approx(expected, rel=1e-8, abs=1e-9)


@given(rep=cases.finite_representations(), rng=cases.seeds())
@settings(max_examples=15)
def test_of_any_module_it_is_the_mean_squared_change(rep, rng):
    network, X = tanh_network(rep.dim, 2), rng.standard_normal((7, rep.dim))

    def f(samples):
        return network(torch.from_numpy(samples)).detach().numpy()

    expected = sum(((f(X @ g.T) - f(X)) ** 2).sum() / 7 for g in cases.dense_generators(rep))
    assert invariance_penalty(network, torch.from_numpy(X), rep).item() == pytest.approx(expected, abs=1e-12)


def test_the_lie_derivative_is_the_limit_of_finite_moves():
    network, X = tanh_network(3, 2), np.random.default_rng(0).standard_normal((7, 3))

    def f(samples):
        return network(torch.from_numpy(samples)).detach().numpy()

    step = 1e-5
    ahead, behind = (scipy.linalg.expm(s * L) for s in (step, -step))
    expected = (((f(X @ ahead.T) - f(X @ behind.T)) / (2 * step)) ** 2).sum() / 7
    assert invariance_penalty(network, torch.from_numpy(X), CIRCLE).item() == pytest.approx(
        expected, rel=1e-8
    )


@pytest.mark.parametrize("rep", [hw.groups.cyclic_shifts(3), CIRCLE], ids=["finite", "continuous"])
def test_its_gradient_by_finite_differences(rep):
    network, x = tanh_network(3, 2), torch.randn(5, 3, generator=torch.Generator().manual_seed(0)).double()
    weight = network[0].weight
    invariance_penalty(network, x, rep).backward()
    step, numeric = 1e-6, torch.zeros_like(weight)
    for i in range(weight.numel()):
        values = []
        for sign in (1, -1):
            weight.data.view(-1)[i] += sign * step
            values.append(invariance_penalty(network, x, rep).item())
            weight.data.view(-1)[i] -= sign * step
        numeric.view(-1)[i] = (values[0] - values[1]) / (2 * step)
    assert torch.allclose(weight.grad, numeric, rtol=1e-6, atol=1e-8)


def test_it_vanishes_for_invariant_modules_and_trains_others_to_be():
    torch.manual_seed(0)
    x = torch.randn(40, 16)
    wired = hardwire(nn.Linear(16, 3), "weight", ROTATIONS)
    assert invariance_penalty(wired, x, ROTATIONS).item() < 1e-11
    assert invariance_penalty(nn.ReLU(), x, hw.groups.trivial(16)).item() == 0.0
    layer = nn.Linear(16, 3)
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
    for _ in range(60):
        optimizer.zero_grad()
        invariance_penalty(layer, x, ROTATIONS).backward()
        optimizer.step()
    assert invariance_error(layer, x, ROTATIONS) < 0.01


def test_a_batch_norm_in_training_keeps_its_statistics_out_of_the_lie_derivative():
    network = nn.Sequential(nn.BatchNorm1d(3), nn.Linear(3, 2)).double()
    x = torch.randn(9, 3).double()
    invariance_penalty(network, x, CIRCLE).backward()
    assert network[1].weight.grad is not None
    assert int(network[0].num_batches_tracked) == 0


@given(rep=representations(), rng=cases.seeds())
@settings(max_examples=15)
def test_the_error_is_that_of_the_library(rep, rng):
    network, X = tanh_network(rep.dim, 2), rng.standard_normal((9, rep.dim))
    network.append(nn.Dropout(0.5))
    network.train()

    def f(samples):
        return network[:3](torch.from_numpy(samples)).detach().numpy()

    expected = hw.invariance_error(f, rep, X)
    assert invariance_error(network, torch.from_numpy(X), rep) == pytest.approx(expected, rel=1e-10)
    assert network.training
    assert network[3].training


def test_the_error_of_images_with_channels():
    torch.manual_seed(0)
    x = torch.randn(8, 3, 4, 4, dtype=torch.bfloat16)
    network = nn.Sequential(nn.Flatten(), nn.Linear(48, 2)).bfloat16()
    one = invariance_error(network, x, ROTATIONS)
    assert one == invariance_error(network, x, hw.groups.trivial(3) * ROTATIONS) > 0.1
    pooled = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
    assert invariance_error(pooled, x.float(), ROTATIONS) < 1e-6


def test_parts_keep_their_modes():
    network = nn.Sequential(nn.Linear(16, 3), nn.Dropout())
    network.train()
    network[1].eval()
    invariance_error(network, torch.randn(3, 16), ROTATIONS)
    assert network[0].training
    assert not network[1].training


class Pair(nn.Module):
    def forward(self, x):
        return x, x


class Total(nn.Module):
    def forward(self, x):
        return x.sum()


X16 = torch.randn(2, 16)
ERRORS = {
    "no module": (
        lambda: invariance_penalty(torch.tanh, X16, ROTATIONS),
        "needed, got a",
        "function",
        "x, rep)",
    ),
    "no module either": (
        lambda: invariance_error(np.eye(2), X16, ROTATIONS),
        "got a ndarray",
        "array",
        "x, rep)",
    ),
    "no symmetry": (lambda: invariance_penalty(nn.ReLU(), X16, 4), "got a int", "the name", "from_name"),
    "another size": (
        lambda: invariance_penalty(nn.ReLU(), torch.randn(2, 9), ROTATIONS),
        "the batch has shape (2, 9), image_rotations:4 acts on 16",
        "another size",
        "(N, 16)",
    ),
    "another size too": (
        lambda: invariance_error(nn.ReLU(), torch.randn(9), ROTATIONS),
        "shape (9,)",
        "single sample",
        "(N, 16)",
    ),
    "bytes": (
        lambda: invariance_penalty(nn.ReLU(), torch.ones(2, 16).byte(), ROTATIONS),
        "dtype torch.uint8",
        "bytes",
        "x.float()",
    ),
    "tuple": (
        lambda: invariance_penalty(Pair(), X16, ROTATIONS),
        "returned a tuple",
        "recurrent",
        "output[0]",
    ),
    "loss": (lambda: invariance_error(Total(), X16, ROTATIONS), "without axes", "computes a loss", "forward"),
    "lie tuple": (
        lambda: invariance_penalty(Pair(), torch.randn(2, 3), CIRCLE),
        "a tuple",
        "recurrent",
        "output[0]",
    ),
}


@pytest.mark.parametrize("case", ERRORS)
def test_errors_have_three_parts(case):
    call, what, cause, remedy = ERRORS[case]
    with pytest.raises(hw.HaarwireError) as caught:
        call()
    assert what in caught.value.what
    assert cause in caught.value.cause
    assert remedy in caught.value.remedy


def test_without_pytorch_it_says_how_to_install_it():
    script = (
        "import sys; sys.modules['torch'] = None\n"
        "import haarwire as hw\n"
        "try:\n"
        "    import haarwire.training.modules\n"
        "except hw.MissingDependencyError as error:\n"
        "    print(error.what, error.cause, error.remedy)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)  # noqa: S603
    assert "needs PyTorch" in done.stdout
    assert "'torch' extra" in done.stdout
    assert 'pip install "haarwire[torch]"' in done.stdout
