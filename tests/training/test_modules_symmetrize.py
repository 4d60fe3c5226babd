"""`symmetrize` and `augment`: averages and random moves, against the group written out."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import scipy.stats
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
SHEAR = hw.Representation(2, (hw.Matrix([[1.0, 1.0], [0.0, 1.0]]),), name="shear")
CIRCLE = hw.Representation(2, algebra=([[0.0, -1.0], [1.0, 0.0]],), name="circle")
SWAPS = hw.groups.permutations(12)


def mlp(n, m, dtype=torch.float64):
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(n, 12), nn.Tanh(), nn.Linear(12, m)).to(dtype)


def listed(rep):
    return oracles.enumerate_group(cases.dense_generators(rep), rep.dim)


# symmetrize


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
    average = symmetrize(network, SWAPS, n_samples=5, seed=0)
    twin = symmetrize(network, SWAPS, n_samples=5, seed=0)
    first, second = average(x), average(x)
    assert not torch.equal(first, second)
    assert torch.equal(first, twin(x))
    assert torch.equal(second, copy.deepcopy(twin)(x))
    average.eval()
    assert torch.equal(average(x), average(x))
    # The mean of many is close to invariant.
    many = symmetrize(network, SWAPS, n_samples=4000, seed=0).eval()
    assert invariance_error(many, x, SWAPS) < 0.2 * invariance_error(network, x, SWAPS)


def test_random_elements_of_an_equivariant_average_belong_together():
    average = symmetrize(nn.Identity(), SWAPS, n_samples=3, target=SWAPS, seed=0)
    x = torch.randn(4, 12)
    assert torch.allclose(average(x), x)
    assert torch.allclose(average.eval()(x), x)


def test_it_follows_its_module_to_another_dtype():
    average = symmetrize(mlp(5, 2), hw.Representation(5, (hw.Matrix(np.roll(np.eye(5), 1, 0)),)))
    average = average.float()
    assert average(torch.randn(3, 5)).dtype == torch.float32
    assert average.state_dict().keys() == {f"module.{k}" for k in average.module.state_dict()}
    assert "all 5 elements" in repr(average)


@pytest.mark.parametrize("n_samples", [None, 3])
def test_compiled(n_samples):
    network, x = mlp(16, 3, torch.float32), torch.randn(6, 16)
    average = symmetrize(network, ROTATIONS, n_samples, seed=0)
    twin = symmetrize(network, ROTATIONS, n_samples, seed=0)
    compiled = torch.compile(average, backend="aot_eager", fullgraph=n_samples is None)
    assert torch.allclose(compiled(x), twin(x), atol=1e-6)


# augment


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


# What goes wrong.


class Pair(nn.Module):
    def forward(self, x):
        return x, x


class Pooled(nn.Module):
    def forward(self, x):
        return x.mean(0, keepdim=True)


IRRATIONAL = hw.Representation(2, (hw.Matrix(cases.rotation(1.0)),), name="irrational")
ROWS = torch.randn(2, 16)
ERRORS = {
    "no module": (lambda: symmetrize(np.tanh, ROTATIONS), "got a ufunc", "a function", "symmetrize("),
    "no symmetry": (lambda: symmetrize(nn.ReLU(), "C_4"), "got a str", "a name", "from_name"),
    "no symmetry to augment": (lambda: augment(None), "got a NoneType", "nothing", "from_name"),
    "too large": (
        lambda: symmetrize(nn.ReLU(), SWAPS),
        "permutations:12 has 479001600 elements",
        "far too large to average a network over",
        "n_samples=8",
    ),
    "infinite": (lambda: symmetrize(nn.ReLU(), CIRCLE), "infinitely many", "infinite", "n_samples=8"),
    "no sampler": (lambda: symmetrize(nn.ReLU(), CIRCLE, 4), "no exact sampler", "Lie-algebra", "action="),
    "no sampler to augment": (lambda: augment(CIRCLE), "no exact sampler", "Lie-algebra", "action="),
    "not compact": (
        lambda: symmetrize(nn.ReLU(), SHEAR),
        "the average over the group does not exist for shear",
        "grow without bound",
        "hardwire or invariance_penalty",
    ),
    "not compact to augment": (
        lambda: augment(SHEAR),
        "a random element of the group does not exist for shear",
        "grow without bound",
        "hardwire or invariance_penalty",
    ),
    "n_samples": (lambda: symmetrize(nn.ReLU(), ROTATIONS, 0), "n_samples must be a positive", "count", "=8"),
    "seed": (
        lambda: augment(ROTATIONS, seed=-1),
        "seed must be an integer ≥ 0, got -1",
        "negative",
        "seed=0",
    ),
    "seed too": (lambda: symmetrize(nn.ReLU(), ROTATIONS, 2, seed=0.5), "got 0.5", "fractional", "seed=0"),
    "another group": (
        lambda: symmetrize(nn.ReLU(), ROTATIONS, target=hw.groups.cyclic_shifts(5)),
        "not representations of one group",
        "correspond one to one",
        "leave target out",
    ),
    "batch of another size": (
        lambda: symmetrize(nn.ReLU(), ROTATIONS)(torch.randn(2, 9)),
        "the batch has shape (2, 9), image_rotations:4 acts on 16 coordinates",
        "another size",
        "(N, 16) or (N, channels, …)",
    ),
    "a single sample": (
        lambda: augment(ROTATIONS)(torch.randn(16)),
        "shape (16,)",
        "single sample",
        "(N, 16)",
    ),
    "no samples": (lambda: augment(ROTATIONS)(torch.randn(0, 16)), "shape (0, 16)", "no samples", "(N, 16)"),
    "channels last": (
        lambda: augment(ROTATIONS)(torch.randn(2, 4, 4, 3)),
        "shape (2, 4, 4, 3)",
        "channels-last",
        "image_rotations(side, channels=c)",
    ),
    "an array": (
        lambda: augment(ROTATIONS)(np.eye(16)),
        "got a ndarray",
        "NumPy array",
        "torch.as_tensor(x)",
    ),
    "bytes with signs": (
        lambda: augment(hw.Representation(2, [hw.SignedPermutation([1, 0], [1, -1])]))(
            torch.ones(1, 2).byte()
        ),
        "signed permutations cannot move values of dtype torch.uint8",
        "bytes",
        "x.float()",
    ),
    "tuple": (lambda: symmetrize(Pair(), ROTATIONS)(ROWS), "Pair returned a tuple", "recurrent", "output[0]"),
    "pooled": (
        lambda: symmetrize(Pooled(), ROTATIONS)(ROWS),
        "Pooled returned 1 outputs for 8 samples",
        "pools over the batch",
        "first axis",
    ),
    "output of another size": (
        lambda: symmetrize(nn.Linear(16, 9), ROTATIONS, target=ROTATIONS)(ROWS),
        "the output has shape (8, 9), image_rotations:4 acts on 16 coordinates",
        "another size",
        "last axes of the output",
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


def test_the_kinds_of_errors():
    for kind, case in (
        (hw.GroupTooLargeError, "too large"),
        (hw.GroupTooLargeError, "infinite"),
        (hw.NoSamplerError, "no sampler"),
        (hw.NotCompactError, "not compact"),
        (hw.DataError, "batch of another size"),
        (hw.ParameterError, "n_samples"),
    ):
        with pytest.raises(kind):
            ERRORS[case][0]()
