"""`symmetrize`: averages over the group, against the group written out."""

from __future__ import annotations

import copy

import numpy as np
import pytest
from hypothesis import given, settings

import haarwire as hw
import oracles
import strategies as cases

torch = pytest.importorskip("torch", reason="needs the torch extra")
from torch import nn  # noqa: E402

from haarwire.training.modules import augment, invariance_error, symmetrize  # noqa: E402


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Small tensors: more threads would only wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


ROTATIONS = hw.groups.image_rotations(4)
SWAPS = hw.groups.permutations(12)


def mlp(n, m, dtype=torch.float64):
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(n, 12), nn.Tanh(), nn.Linear(12, m)).to(dtype)


def listed(rep):
    return oracles.enumerate_group(cases.dense_generators(rep), rep.dim)


@given(rep=cases.finite_representations(), rng=cases.seeds())
@settings(max_examples=15)
def test_it_is_the_average_over_the_group_written_out(rep, rng):
    network, X = mlp(rep.dim, 3), rng.standard_normal((5, rep.dim))
    with torch.no_grad():
        expected = np.mean([network(torch.from_numpy(X @ g.T)).numpy() for g in listed(rep)], axis=0)
        got = symmetrize(network, rep)(torch.from_numpy(X)).numpy()
    assert got == pytest.approx(expected, abs=1e-9)


@given(rep=cases.finite_representations(), rng=cases.seeds())
@settings(max_examples=15)
def test_the_equivariant_average_written_out(rep, rng):
    network, X = (
        mlp(rep.dim, 2 * rep.dim).append(nn.Unflatten(1, (2, rep.dim))),
        rng.standard_normal((5, rep.dim)),
    )
    average = symmetrize(network, rep, target=rep)
    with torch.no_grad():

        def f(samples):
            return network(torch.from_numpy(samples)).numpy()

        expected = np.mean([f(X @ g.T) @ np.linalg.inv(g).T for g in listed(rep)], axis=0)
        got = average(torch.from_numpy(X)).numpy()
        assert got == pytest.approx(expected, abs=1e-8)
        for g in cases.dense_generators(rep):
            moved = average(torch.from_numpy(X @ g.T)).numpy()
            assert moved == pytest.approx(got @ g.T, abs=1e-8)


def test_permutations_in_and_matrices_out():
    shifts = hw.groups.cyclic_shifts(3)
    turn = hw.Representation(2, (hw.Matrix(cases.rotation(2 * np.pi / 3)),), name="thirds")
    average, x = symmetrize(mlp(3, 2), shifts, target=turn), torch.randn(4, 3).double()
    assert torch.allclose(average(x.roll(1, -1)), average(x) @ torch.tensor(turn.generators[0].to_dense()).T)


def test_gradients_are_those_of_the_average():
    network, x = mlp(16, 3), torch.randn(6, 16).double()
    symmetrize(network, ROTATIONS)(x).square().sum().backward()
    got = [p.grad.clone() for p in network.parameters()]
    network.zero_grad()
    sum(network(x @ torch.from_numpy(g).T) / 4 for g in listed(ROTATIONS)).square().sum().backward()
    for g, p in zip(got, network.parameters(), strict=True):
        assert torch.allclose(g, p.grad)


@pytest.mark.parametrize(
    ("rep", "shape"),
    [
        (ROTATIONS, (16,)),
        (ROTATIONS, (1, 4, 4)),
        (ROTATIONS, (3, 4, 4)),
        (hw.groups.trivial(3) * ROTATIONS, (3, 4, 4)),
        (hw.groups.image_rotations(4, channels=3), (4, 4, 3)),
    ],
)
def test_images_of_every_layout(rep, shape):
    torch.manual_seed(0)
    network = nn.Sequential(nn.Flatten(), nn.Linear(int(np.prod(shape)), 5), nn.Tanh())
    x = torch.randn(4, *shape)
    plane = (1, 2) if shape[-1] == 3 else (2, 3)
    turned = x.reshape(4, 1, 4, 4).rot90(1, (2, 3)).reshape(4, 16) if len(shape) == 1 else x.rot90(1, plane)
    average = symmetrize(network, rep)
    assert torch.allclose(average(turned), average(x), atol=1e-6)
    assert not torch.allclose(network(turned), network(x), atol=1e-2)
    assert invariance_error(average, x, rep) < 1e-6
    moved = augment(rep, seed=1)(x)
    options = torch.stack([x.rot90(k, plane) if len(shape) > 1 else x for k in range(4)])
    if len(shape) > 1:
        assert (options == moved).flatten(2).all(2).any(0).all()


def test_random_elements_are_new_in_training_and_the_same_in_evaluation():
    network, x = mlp(12, 3), torch.randn(4, 12).double()
    average = symmetrize(network, SWAPS, n_elements=5, seed=0)
    twin = symmetrize(network, SWAPS, n_elements=5, seed=0)
    first, second = average(x), average(x)
    assert not torch.equal(first, second)
    assert torch.equal(first, twin(x))
    assert torch.equal(second, copy.deepcopy(twin)(x))
    average.eval()
    assert torch.equal(average(x), average(x))
    # The mean of many is close to invariant.
    many = symmetrize(network, SWAPS, n_elements=4000, seed=0).eval()
    assert invariance_error(many, x, SWAPS) < 0.2 * invariance_error(network, x, SWAPS)


def test_random_elements_of_an_equivariant_average_belong_together():
    average = symmetrize(nn.Identity(), SWAPS, n_elements=3, target=SWAPS, seed=0)
    x = torch.randn(4, 12)
    assert torch.allclose(average(x), x)
    assert torch.allclose(average.eval()(x), x)


def test_it_follows_its_module_to_another_dtype():
    average = symmetrize(mlp(5, 2), hw.Representation(5, (hw.Matrix(np.roll(np.eye(5), 1, 0)),)))
    average = average.float()
    assert average(torch.randn(3, 5)).dtype == torch.float32
    assert average.state_dict().keys() == {f"module.{k}" for k in average.module.state_dict()}
    assert "all 5 elements" in repr(average)


@pytest.mark.parametrize("n_elements", [None, 3])
def test_compiled(n_elements):
    network, x = mlp(16, 3, torch.float32), torch.randn(6, 16)
    average = symmetrize(network, ROTATIONS, n_elements, seed=0)
    twin = symmetrize(network, ROTATIONS, n_elements, seed=0)
    compiled = torch.compile(average, backend="aot_eager", fullgraph=n_elements is None)
    assert torch.allclose(compiled(x), twin(x), atol=1e-6)
