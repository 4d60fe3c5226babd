"""`hardwire`: invariant and equivariant weights, whatever the optimizer and the host do."""

from __future__ import annotations

import copy
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import haarwire as hw
import strategies as cases

torch = pytest.importorskip("torch", reason="needs the torch extra")
from torch import nn  # noqa: E402
from torch.nn.utils import parametrize  # noqa: E402

from haarwire.training.modules import Spanned, hardwire  # noqa: E402


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Small tensors: more threads would only wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


ROTATIONS = hw.groups.image_rotations(4)
SHEAR = hw.Representation(2, (hw.Matrix([[1.0, 1.0], [0.0, 1.0]]),), name="shear")


def skewed(rep, seed=0):
    """The same group in a basis that is not orthonormal."""
    S = cases.random_basis(rep.dim, np.random.default_rng(seed), 3.0)
    inverse = np.linalg.inv(S)
    moved = [hw.Matrix(S @ g.to_dense() @ inverse) for g in rep.generators]
    return hw.Representation(rep.dim, moved, name=f"{rep.label}, skewed")


def signs(rep):
    """Permutation generators with a sign each."""
    return hw.Representation(
        rep.dim, [hw.SignedPermutation(g.indices, -np.ones(rep.dim)) for g in rep.generators], name="signed"
    )


CIRCLE = hw.Representation(
    3, algebra=([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]],), name="rotations about an axis"
)
INVARIANT = [ROTATIONS, skewed(hw.groups.cyclic_shifts(5)), SHEAR, CIRCLE, hw.groups.permutations(6)]
STEPS = [1000, 1000, 100, 100, 100]
shifts = hw.groups.cyclic_shifts(6)
EQUIVARIANT = [
    (ROTATIONS, ROTATIONS),
    (hw.groups.permutations_of_sets(4, 2), hw.groups.permutations(4)),
    (hw.groups.permutations_of_graphs(3), hw.groups.permutations(3)),
    (signs(shifts), signs(shifts)),
    (shifts, skewed(shifts)),
    (skewed(shifts, 1), skewed(shifts, 2)),
    (CIRCLE, CIRCLE),
    (SHEAR, SHEAR),
    (ROTATIONS, hw.groups.trivial(3)),
]


def names(reps):
    return [" to ".join(r.label for r in np.atleast_1d(rep)) for rep in reps]


def array(tensor):
    return tensor.detach().double().numpy()


def train(module, steps, n, m, optimizer=None):
    torch.manual_seed(1)
    x, y = torch.randn(64, n), torch.randn(64, m)
    optimizer = optimizer or torch.optim.Adam(module.parameters(), lr=0.01, weight_decay=1e-3)
    for _ in range(steps):
        optimizer.zero_grad()
        (module(x) - y).square().mean().backward()
        optimizer.step()


@pytest.mark.parametrize(("rep", "steps"), list(zip(INVARIANT, STEPS, strict=True)), ids=names(INVARIANT))
def test_invariant_to_1e_6_in_float32_after_1000_steps(rep, steps):
    torch.manual_seed(0)
    layer = nn.Linear(rep.dim, 3)
    start = array(layer.weight)
    assert hardwire(layer, "weight", rep) is layer
    Q = hw.invariant_subspace(rep)
    assert array(layer.weight) == pytest.approx(Q.project(start), abs=1e-6)
    before = array(layer.weight)
    train(layer, steps, rep.dim, 3)
    assert np.linalg.norm(array(layer.weight) - before) > 0.1
    assert hw.invariance_error(array(layer.weight), rep) < 1e-6
    assert layer.parametrizations.weight.original.shape == (3, Q.dim)


def defects(W, b, source, target):
    """Relative defects of Wρ_X(g) = ρ_Y(g)W and ρ_Y(g)b = b."""
    pairs = list(zip(source.generators, target.generators, strict=False))
    if not target.generators:
        pairs = [(g, hw.Matrix(np.eye(target.dim))) for g in source.generators]
    found = [W @ g.to_dense() - h.to_dense() @ W for g, h in pairs]
    found += [h.to_dense() @ b - b for _, h in pairs]
    for L, K in zip(source.algebra, target.algebra, strict=True):
        found += [W @ L - K @ W, K @ b]
    return max(np.abs(defect).max() for defect in found) / np.abs(W).max()


@pytest.mark.parametrize(("source", "target"), EQUIVARIANT, ids=names(EQUIVARIANT))
def test_equivariant_to_1e_6_in_float32_after_100_steps(source, target):
    torch.manual_seed(0)
    layer = hardwire(nn.Linear(source.dim, target.dim), "weight", source, target)
    before = array(layer.weight)
    train(layer, 100, source.dim, target.dim)
    assert np.linalg.norm(array(layer.weight) - before) > 0.05
    assert defects(array(layer.weight), array(layer.bias), source, target) < 2e-6


@given(rep=st.one_of(cases.permutation_groups(), cases.signed_permutation_groups()), rng=cases.seeds())
@settings(max_examples=15)
def test_orbits_on_pairs_span_what_the_null_space_spans(rep, rng):
    from haarwire.training.modules._intertwiners import intertwiners

    dense = hw.Representation(rep.dim, [hw.Matrix(g.to_dense()) for g in rep.generators])
    fast, slow = intertwiners(rep, rep), intertwiners(dense, dense)
    W = rng.standard_normal(rep.dim**2)
    assert fast.project(W) == pytest.approx(slow.project(W), abs=1e-10)


@given(rep=cases.finite_representations())
@settings(max_examples=15)
def test_as_many_intertwiners_as_the_characters_say(rep):
    from haarwire.training.modules._intertwiners import intertwiners

    characters = [(np.trace(g.to_dense()), np.trace(g.inverse().to_dense())) for g in rep.elements()]
    expected = np.mean([a * b for a, b in characters])
    assert intertwiners(rep, rep).dim == pytest.approx(expected, abs=1e-6)


def test_a_trivial_target_is_invariance():
    torch.manual_seed(0)
    one = nn.Linear(16, 3)
    other = copy.deepcopy(one)
    hardwire(one, "weight", ROTATIONS)
    hardwire(other, "weight", ROTATIONS, hw.groups.trivial(3))
    assert torch.allclose(one.weight, other.weight, atol=1e-6)
    assert torch.equal(one.bias, other.bias)


def test_a_bias_by_itself_or_not_at_all():
    target = hw.groups.cyclic_shifts(4)
    layer = hardwire(nn.Linear(4, 4), "bias", target=target)
    assert torch.allclose(layer.bias, layer.bias.mean().expand(4))
    assert not parametrize.is_parametrized(layer, "weight")
    alone = hardwire(nn.Linear(4, 4), "weight", target, target, bias=False)
    assert not parametrize.is_parametrized(alone, "bias")
    without = hardwire(nn.Linear(4, 4, bias=False), "weight", target, target)
    assert without.bias is None
    # No fixed vectors but zero.
    turn = hw.Representation(2, (hw.Matrix([[0.0, -1.0], [1.0, 0.0]]),))
    plane = hardwire(nn.Linear(2, 2), "weight", turn, turn)
    assert torch.equal(plane.bias, torch.zeros(2))


def test_filters_of_a_convolution():
    torch.manual_seed(0)
    layer = hardwire(nn.Conv2d(3, 5, 3, padding=1), "weight", hw.groups.image_rotations(3))
    assert torch.allclose(layer.weight.rot90(1, (2, 3)), layer.weight)
    images = torch.randn(2, 3, 8, 8)
    assert torch.allclose(layer(images.rot90(1, (2, 3))), layer(images).rot90(1, (2, 3)), atol=1e-5)


def test_setting_a_weight_projects_it():
    layer = hardwire(nn.Linear(16, 3), "weight", ROTATIONS)
    W = torch.randn(3, 16)
    layer.weight = W
    expected = hw.invariant_subspace(ROTATIONS).project(array(W))
    assert array(layer.weight) == pytest.approx(expected, abs=1e-6)
    V = layer.parametrizations.weight.original
    assert np.linalg.norm(array(V)) == pytest.approx(np.linalg.norm(array(layer.weight)), rel=1e-5)


def test_a_step_with_weight_decay_is_the_projected_step():
    torch.manual_seed(0)
    plain = nn.Linear(16, 3, dtype=torch.float64)
    wired = hardwire(copy.deepcopy(plain), "weight", ROTATIONS)
    Q = hw.invariant_subspace(ROTATIONS)
    plain.weight.data = torch.from_numpy(Q.project(array(plain.weight)))
    x, y = torch.randn(20, 16).double(), torch.randn(20, 3).double()
    for module in (plain, wired):
        optimizer = torch.optim.SGD(module.parameters(), lr=0.1, weight_decay=0.1)
        (module(x) - y).square().mean().backward()
        optimizer.step()
    assert array(wired.weight) == pytest.approx(Q.project(array(plain.weight)), abs=1e-12)


@pytest.mark.parametrize("rep", [ROTATIONS, skewed(ROTATIONS)], ids=["orbits", "null space"])
def test_state_dict_round_trip(rep):
    layer = hardwire(nn.Linear(16, 3), "weight", rep)
    file = io.BytesIO()
    torch.save(layer.state_dict(), file)
    file.seek(0)
    state = torch.load(file, weights_only=True)
    assert state["parametrizations.weight.original"].shape == (3, 4)
    other = hardwire(nn.Linear(16, 3), "weight", rep)
    # A basis of a null space travels with the state: it is not the same everywhere.
    other.parametrizations.weight[0].get_buffer("basis" if rep is not ROTATIONS else "scale").mul_(
        -1.0 if rep is not ROTATIONS else 1.0
    )
    other.load_state_dict(state)
    assert torch.equal(other.weight, layer.weight)
    assert torch.equal(other.bias, layer.bias)


def test_copies_are_independent():
    layer = hardwire(nn.Linear(16, 3), "weight", ROTATIONS)
    twin = copy.deepcopy(layer)
    assert torch.equal(twin.weight, layer.weight)
    train(twin, 3, 16, 3)
    assert not torch.equal(twin.weight, layer.weight)
    assert hw.invariance_error(array(twin.weight), ROTATIONS) < 1e-6


@pytest.mark.parametrize("target", [None, ROTATIONS], ids=["invariant", "equivariant"])
def test_removal_leaves_a_weight(target):
    layer = hardwire(nn.Linear(16, 16), "weight", ROTATIONS, target)
    W = layer.weight.detach().clone()
    parametrize.remove_parametrizations(layer, "weight")
    assert torch.equal(layer.weight, W)
    assert isinstance(layer.weight, nn.Parameter)
    hardwire(layer, "weight", ROTATIONS, target, bias=False)
    assert torch.allclose(layer.weight, W, atol=1e-6)


@pytest.mark.parametrize("rep", [ROTATIONS, skewed(ROTATIONS)], ids=["orbits", "null space"])
def test_dtypes_and_devices(rep):
    layer = hardwire(nn.Linear(16, 3, dtype=torch.float64), "weight", rep)
    assert layer.weight.dtype == torch.float64
    assert hw.invariance_error(array(layer.weight), rep) < 1e-13
    for dtype in (torch.float32, torch.bfloat16):
        layer.to(dtype)
        assert layer.weight.dtype == dtype
        assert layer(torch.randn(2, 16, dtype=dtype)).dtype == dtype
    meta = hardwire(nn.Linear(16, 3, device="meta"), "weight", rep)
    assert meta.weight.device.type == "meta"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_on_a_gpu():
    layer = hardwire(nn.Linear(16, 16), "weight", ROTATIONS, ROTATIONS).to("cuda")
    layer(torch.randn(2, 16, device="cuda")).sum().backward()
    assert layer.weight.device.type == "cuda"


@pytest.mark.parametrize("backend", ["eager", "aot_eager"])
def test_compiled(backend):
    layer = hardwire(nn.Linear(16, 16), "weight", ROTATIONS, ROTATIONS)
    compiled = torch.compile(layer, backend=backend, fullgraph=True)
    x = torch.randn(5, 16)
    assert torch.allclose(compiled(x), layer(x), atol=1e-6)
    compiled(x).sum().backward()
    assert layer.parametrizations.weight.original.grad is not None


def test_autocast():
    layer = hardwire(nn.Linear(16, 3), "weight", ROTATIONS)
    x = torch.randn(5, 16)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        y = layer(x)
        turned = layer(torch.from_numpy(ROTATIONS.generators[0].apply(x.numpy())))
    assert y.dtype == torch.bfloat16
    assert torch.allclose(y, turned, atol=0.02)
    y.sum().backward()
    assert layer.parametrizations.weight.original.grad.dtype == torch.float32


def test_it_says_what_it_is():
    layer = hardwire(nn.Linear(16, 3), "weight", ROTATIONS)
    assert "Spanned(dim 4 of 16, shape (3, 16))" in repr(layer)
    assert isinstance(layer.parametrizations.weight[0], Spanned)
