"""Convolutional nets, transformers and plain perceptrons on 8×8 digits; `compare_modules`."""

from __future__ import annotations

import json

import numpy as np
import pytest

import haarwire as hw

torch = pytest.importorskip("torch", reason="needs the torch extra")
from torch import nn  # noqa: E402

from haarwire.training.modules import (  # noqa: E402
    ModuleComparison,
    augment,
    compare_modules,
    hardwire,
    invariance_error,
    invariance_penalty,
    symmetrize,
)

ROTATIONS = hw.groups.image_rotations(8)


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Small tensors: more threads would only wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def digits():
    load_digits = pytest.importorskip("sklearn.datasets", reason="needs the sklearn extra").load_digits
    X, y = load_digits(return_X_y=True)
    return hw.datasets.Dataset.from_arrays(X[:600], y[:600], name="digits")


def perceptron():
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 24), nn.ReLU(), nn.Linear(24, 10))


def convolutional():
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(128, 10),
    )  # fmt: skip


class Transformer(nn.Module):
    """Patches of 2×2 pixels as tokens."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Linear(4, 16)
        self.places = nn.Parameter(0.1 * torch.randn(16, 16))
        layer = nn.TransformerEncoderLayer(16, 2, 32, dropout=0.0, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 1, enable_nested_tensor=False)
        self.head = nn.Linear(16, 10)

    def forward(self, x):
        patches = nn.functional.unfold(x, 2, stride=2).mT
        return self.head(self.encoder(self.embed(patches) + self.places).mean(1))


FACTORIES = [perceptron, convolutional, Transformer]
A = np.random.default_rng(0).standard_normal((64, 64)) / 8
FLOW = hw.Representation(64, algebra=(A - A.T,), name="flow")


@pytest.mark.parametrize("factory", FACTORIES)
def test_every_wrapper_on_every_kind_of_network(factory):
    torch.manual_seed(0)
    network, x = factory(), torch.randn(16, 1, 8, 8)
    assert invariance_error(network, x, ROTATIONS) > 0.3
    average = symmetrize(network, ROTATIONS)
    assert invariance_error(average, x, ROTATIONS) < 1e-5
    penalty = invariance_penalty(network, x, ROTATIONS)
    lie = invariance_penalty(network, x, FLOW)
    assert min(penalty.item(), lie.item()) > 1e-3
    assert invariance_penalty(average.eval(), x, ROTATIONS).item() < 1e-8
    loss = average(augment(ROTATIONS, seed=0)(x)).square().mean() + penalty + lie
    loss.backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in network.parameters())


@pytest.mark.parametrize("factory", FACTORIES)
def test_every_kind_of_network_compiled_and_in_bfloat16(factory):
    torch.manual_seed(0)
    average, x = symmetrize(factory(), ROTATIONS).eval(), torch.randn(16, 1, 8, 8)
    with torch.no_grad():
        expected = average(x)
        compiled = torch.compile(average, backend="eager", fullgraph=True)
        assert torch.allclose(compiled(x), expected, atol=1e-5)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            assert torch.allclose(average(x).float(), expected, atol=0.05)


def test_a_layer_deep_inside_hard_wires_the_whole_network():
    torch.manual_seed(0)
    network = perceptron()
    hardwire(network[1], "weight", ROTATIONS)
    assert invariance_error(network, torch.randn(9, 1, 8, 8), ROTATIONS) < 1e-5


# compare_modules


@pytest.mark.parametrize("factory", [convolutional, Transformer])
def test_three_ways_on_digits(factory, digits):
    done = []
    result = compare_modules(
        factory,
        digits,
        ROTATIONS,
        epochs=12,
        learning_rate=0.01,
        alpha=0.1,
        seeds=[0],
        shape=(1, 8, 8),
        progress=lambda name, share: done.append((name, share)),
    )
    assert isinstance(result, ModuleComparison)
    assert (result.n_train, result.n_test, result.score) == (400, 200, "accuracy")
    assert list(result.approaches) == ["plain", "hardwired", "augmented", "regularized"]
    plain, hardwired, augmented, regularized = result.approaches.values()
    assert {row.steps for row in result.approaches.values()} == {12 * 7}
    assert hardwired.invariance_error < 1e-4 < plain.invariance_error
    # In single precision, an invariant network does as well on moved samples.
    assert hardwired.moved.test_loss == pytest.approx(hardwired.as_is.test_loss, rel=1e-3)
    assert plain.as_is.test_score > 0.4
    assert hardwired.moved.test_score > plain.moved.test_score
    assert regularized.invariance_error < plain.invariance_error
    assert augmented.moved.test_score > plain.moved.test_score - 0.05
    assert (regularized.as_is.alpha, plain.as_is.alpha) == (0.1, None)
    assert result.architecture == factory.__name__
    assert result.verdict["moved"].approach != "plain"
    assert [name for name, _ in done] == ["plain", "hardwired", "augmented", "regularized", "done"]
    assert json.loads(json.dumps(result.to_dict()))["approaches"]["plain"]["steps"] == 84
    text = str(result)
    assert f"{factory.__name__} ({result.n_parameters} parameters) on digits under image_rotations:8" in text
    assert "For data moved by the group: " in text
    assert all(name in text for name in result.approaches)


def test_it_repeats_exactly_and_leaves_the_random_state_alone(digits):
    def once(seeds):
        return compare_modules(perceptron, digits, ROTATIONS, epochs=1, seeds=seeds, shape=(1, 8, 8))

    torch.manual_seed(7)
    first = once([0, 3])
    drawn = torch.rand(1)
    torch.manual_seed(7)
    assert torch.equal(torch.rand(1), drawn)
    again = once([0, 3])
    for name, row in first.approaches.items():
        twin = again.approaches[name]
        assert (row.train_loss, row.as_is, row.moved) == (twin.train_loss, twin.as_is, twin.moved)
        assert len(row.as_is_scores) == 2
        assert row.as_is.test_score == pytest.approx(np.mean(row.as_is_scores))
    assert "±" in str(first)
    assert "2 seeds" in str(first)


def test_numbers_as_targets_a_large_group_and_a_hard_wired_layer():
    rep = hw.groups.permutations(12)
    data = hw.datasets.planted(rep, 120, noise=0.1, rng=0)
    m = data.Y.shape[1]

    def factory():
        return nn.Sequential(nn.Linear(12, 8), nn.Tanh(), nn.Linear(8, m))

    def first_layer(network):
        hardwire(network[0], "weight", rep)
        return network

    options = {"epochs": 3, "learning_rate": 0.01, "seeds": (0,)}
    result = compare_modules(factory, data, rep, hardwired=first_layer, **options)
    assert result.score == "R²"
    assert result.approaches["hardwired"].invariance_error < 1e-5
    sampled = compare_modules(factory, data, rep, n_elements=4, **options)
    assert sampled.approaches["hardwired"].invariance_error > 1e-3
    with pytest.raises(hw.GroupTooLargeError, match="n_elements=8"):
        compare_modules(factory, data, rep, **options)


SHIFTS = hw.groups.cyclic_shifts(4)
DATA = hw.datasets.planted(SHIFTS, 40, rng=0)
TARGETS = DATA.Y.shape[1]
SHEAR = hw.Representation(4, (hw.Matrix(np.eye(4) + np.eye(4, k=1)),), name="shear")
SAME = nn.Linear(4, TARGETS)


def compared(factory=lambda: nn.Linear(4, TARGETS), data=DATA, rep=SHIFTS, **options):
    return compare_modules(factory, data, rep, **({"epochs": 1, "seeds": [0]} | options))


ERRORS = {
    "a network": (lambda: compared(SAME), "factory must be a function", "one network", "lambda:"),
    "the same network": (lambda: compared(lambda: SAME), "same network twice", "outside", "inside"),
    "no network": (lambda: compared(lambda: None), "got a NoneType", "function", "compare_modules(lambda"),
    "no data set": (lambda: compared(data=DATA.X), "needs a Dataset, got a ndarray", "arrays", "from_arrays"),
    "no symmetry": (
        lambda: compared(rep="cyclic_shifts:4"),
        "got 'cyclic_shifts:4'",
        "the name",
        "from_name",
    ),
    "another symmetry": (
        lambda: compared(rep=hw.groups.cyclic_shifts(5)),
        "the inputs have shape (13, 4), cyclic_shifts:5",
        "size",
        "(N, 5)",
    ),
    "not compact": (lambda: compared(rep=SHEAR), "does not exist for shear", "bound", "hardwire"),
    "shape": (
        lambda: compared(shape=(1, 3)),
        "4 features, the shape (1, 3) has 3",
        "images",
        "multiply to 4",
    ),
    "epochs": (lambda: compared(epochs=0), "epochs must be a positive integer, got 0", "count", "epochs=10"),
    "batch size": (lambda: compared(batch_size=1.5), "batch_size must be", "fractional", "batch_size=64"),
    "learning rate": (
        lambda: compared(learning_rate=0),
        "learning_rate must be a positive number, got 0",
        "zero",
        "learning_rate=0.01",
    ),
    "device": (lambda: compared(device="abacus"), "there is no device 'abacus' here", "accelerator", "'cpu'"),
    "alpha": (lambda: compared(alpha=np.inf), "alpha must be a positive", "infinity", "alpha=0.01"),
    "seeds": (lambda: compared(seeds=3), "seeds must be a list of integers, got 3", "one seed", "seeds=[0]"),
    "no seeds": (lambda: compared(seeds=[]), "got []", "none", "range(5)"),
    "negative seed": (lambda: compared(seeds=[-1]), "≥ 0, got -1", "negative", "seed=0"),
    "outputs": (
        lambda: compared(lambda: nn.Linear(4, TARGETS + 1)),
        f"returned shape (27, {TARGETS + 1}) for a batch of shape (27, 4), (27, {TARGETS}) is needed",
        "other targets",
        "linear layer",
    ),
    "wrapper": (lambda: compared(hardwired=lambda network: None), "got a NoneType", "function", "hardwired="),
    "diverged": (
        lambda: compared(learning_rate=1e30, epochs=5),
        "plain network has diverged",
        "learning rate",
        "1e+30",
    ),
    "missing values": (
        lambda: compared(data=hw.datasets.Dataset.from_arrays(np.full((9, 4), np.nan), np.ones((9, 1)))),
        "X",
        "",
        "",
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
