"""`augment`: every sample moved by an element of the group, all equally likely."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings

import haarwire as hw
import oracles
import strategies as cases

torch = pytest.importorskip("torch", reason="needs the torch extra")
from torch import nn  # noqa: E402

from haarwire.training.modules import augment  # noqa: E402


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Small tensors: more threads would only wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


ROTATIONS = hw.groups.image_rotations(4)
CIRCLE = hw.Representation(2, algebra=([[0.0, -1.0], [1.0, 0.0]],), name="circle")


def listed(rep):
    return oracles.enumerate_group(cases.dense_generators(rep), rep.dim)


def test_every_sample_is_moved_by_an_element_and_all_are_equally_likely():
    n = 4000
    x = torch.arange(16.0).expand(n, 16)
    moved = augment(ROTATIONS, seed=0)(x)
    options = torch.stack([torch.from_numpy(g.apply(np.arange(16.0))) for g in ROTATIONS.elements()]).float()
    hits = (moved[:, None] == options).all(2)
    assert hits.sum(1).eq(1).all()
    assert scipy.stats.chisquare(hits.sum(0).numpy()).pvalue > 0.01


def test_a_group_that_is_not_listed():
    four = hw.groups.permutations_of_sets(4, 2)
    many = hw.groups.permutations(30)
    for rep in (four, many):
        x = torch.arange(float(rep.dim)).expand(3000, rep.dim)
        moved = augment(rep, seed=0)(x)
        assert torch.equal(moved.sort(1).values, x)
        counts = np.bincount(moved[:, 0].int().numpy(), minlength=rep.dim)
        assert scipy.stats.chisquare(counts[counts > 0]).pvalue > 0.01


@given(rep=cases.finite_representations(), rng=cases.seeds())
@settings(max_examples=15)
def test_every_kind_of_element_moves_samples(rep, rng):
    X = rng.standard_normal((6, 2, rep.dim))
    moved = augment(rep, seed=0)(torch.from_numpy(X)).numpy()
    options = np.array([X @ g.T for g in listed(rep)])
    distance = np.abs(options - moved).max(axis=(2, 3)).min(axis=0)
    assert distance.max() < 1e-9


def test_elements_of_a_sampler_of_ones_own():
    def act(angle):
        return hw.Matrix(cases.rotation(angle))

    action = hw.groups.GroupAction("SO(2)", 10**9, lambda rng: rng.uniform(0, 2 * np.pi), act)
    circle = hw.Representation(2, algebra=CIRCLE.algebra, action=action)
    x = torch.tensor([[1.0, 0.0]]).expand(500, 2)
    moved = augment(circle, seed=0)(x)
    assert torch.allclose(moved.norm(dim=1), torch.ones(500))
    angles = np.arctan2(moved[:, 1].numpy(), moved[:, 0].numpy())
    assert scipy.stats.kstest(angles, scipy.stats.uniform(-np.pi, 2 * np.pi).cdf).pvalue > 0.01


def test_deterministic_with_a_seed_and_the_identity_in_evaluation():
    x = torch.randn(50, 1, 4, 4)
    one, two, other = augment(ROTATIONS, seed=3), augment(ROTATIONS, seed=3), augment(ROTATIONS, seed=4)
    first = one(x)
    assert torch.equal(first, two(x))
    assert not torch.equal(first, other(x))
    assert not torch.equal(first, one(x))
    assert one.eval()(x) is x
    torch.manual_seed(5)
    unseeded = augment(ROTATIONS)(x)
    torch.manual_seed(5)
    assert torch.equal(augment(ROTATIONS)(x), unseeded)


def test_bytes_move_as_they_are():
    x = torch.arange(32, dtype=torch.uint8).reshape(2, 16)
    assert augment(ROTATIONS, seed=0)(x).dtype == torch.uint8
    assert "image_rotations:4" in repr(augment(ROTATIONS))


def test_gradients_flow_through_and_it_compiles():
    network = nn.Sequential(augment(ROTATIONS, seed=0), nn.Linear(16, 2))
    torch.compile(network, backend="eager")(torch.randn(6, 16)).sum().backward()
    assert network[1].weight.grad is not None
    skew = hw.Representation(4, [hw.SignedPermutation([1, 2, 3, 0], [1, 1, 1, -1])])
    for rep in (skew, hw.Representation(4, [hw.Matrix(skew.generators[0].to_dense())])):
        z = torch.randn(5, 4, requires_grad=True)
        moved = augment(rep, seed=0)(z)
        moved.square().sum().backward()
        assert torch.allclose(z.grad, 2 * z, atol=1e-6)
