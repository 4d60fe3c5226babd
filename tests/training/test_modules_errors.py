"""What goes wrong with `hardwire`, `symmetrize` and `augment`: each message in three parts."""

from __future__ import annotations

import numpy as np
import pytest

import haarwire as hw
import strategies as cases

torch = pytest.importorskip("torch", reason="needs the torch extra")
from torch import nn  # noqa: E402

from haarwire.training.modules import augment, hardwire, symmetrize  # noqa: E402


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


TURN = hw.Representation(2, (hw.Matrix([[0.0, -1.0], [1.0, 0.0]]),), name="turn")
BIG = hw.Representation(40, [hw.Matrix(cases.random_orthogonal(40, np.random.default_rng(0)))], name="big")
TWICE = hardwire(nn.Linear(16, 3), "weight", ROTATIONS)
HARDWIRE = {
    "hardwire, no module": (
        lambda: hardwire(np.eye(3), "weight", ROTATIONS),
        "got a ndarray",
        "array",
        "instance",
    ),
    "no such parameter": (
        lambda: hardwire(nn.Linear(16, 3), "weigth", ROTATIONS),
        "no parameter 'weigth' of its own; it has weight, bias",
        "misspelt",
        "give the layer",
    ),
    "a network": (
        lambda: hardwire(nn.Sequential(nn.Linear(16, 3)), "weight", ROTATIONS),
        "none (the first of its parts is 0.weight, in module.0)",
        "whole network",
        "network[-1]",
    ),
    "no parameters": (lambda: hardwire(nn.ReLU(), "weight", ROTATIONS), "is none)", "misspelt", "layer"),
    "twice": (
        lambda: hardwire(TWICE, "weight", ROTATIONS),
        "'weight' of this ParametrizedLinear is parametrized already",
        "called twice",
        "remove_parametrizations(module, 'weight')",
    ),
    "lazy": (lambda: hardwire(nn.LazyLinear(3), "weight", ROTATIONS), "no shape yet", "lazy", "one batch"),
    "complex": (
        lambda: hardwire(nn.Linear(16, 3, dtype=torch.complex64), "weight", ROTATIONS),
        "dtype torch.complex64",
        "complex",
        "real floating-point",
    ),
    "no source": (
        lambda: hardwire(nn.Linear(16, 3), "weight"),
        "'weight' has shape (3, 16) and needs a representation on its inputs",
        "source was left out",
        "hardwire(module, 'weight', source)",
    ),
    "source is a name": (
        lambda: hardwire(nn.Linear(16, 3), "weight", "image_rotations:4"),
        "source must be a Representation, got 'image_rotations:4'",
        "the name",
        "from_name",
    ),
    "target is a name": (
        lambda: hardwire(nn.Linear(16, 3), "weight", ROTATIONS, "trivial:3"),
        "target must be a Representation, got 'trivial:3'",
        "the name",
        "from_name",
    ),
    "inputs of another size": (
        lambda: hardwire(nn.Linear(9, 3), "weight", ROTATIONS),
        "'weight' has shape (3, 9), image_rotations:4 acts on 16 coordinates",
        "another size",
        "torch.nn.Linear(16, m)",
    ),
    "outputs of another size": (
        lambda: hardwire(nn.Linear(16, 3), "weight", ROTATIONS, hw.groups.trivial(4)),
        "3 outputs of 16 inputs; trivial:4 acts on 4 and image_rotations:4 on 16",
        "exchanged",
        "torch.nn.Linear(16, 4)",
    ),
    "hardwire, another group": (
        lambda: hardwire(nn.Linear(16, 5), "weight", ROTATIONS, hw.groups.cyclic_shifts(5)),
        "not representations of one group: image_rotations:4 of C_4",
        "correspond one to one",
        "same order",
    ),
    "a bias with a source": (
        lambda: hardwire(nn.Linear(16, 3), "bias", ROTATIONS, hw.groups.trivial(3)),
        "'bias' is a vector of 3 numbers; got trivial:3 on 3 coordinates as target and a source",
        "outputs",
        "no source",
    ),
    "a bias without target": (
        lambda: hardwire(nn.Linear(16, 3), "bias"),
        "got no target",
        "outputs",
        "give target=",
    ),
    "nothing is invariant": (
        lambda: hardwire(nn.Linear(2, 3), "weight", TURN),
        "zero is the only functional invariant under turn",
        "every direction",
        "give a target",
    ),
    "nothing is equivariant": (
        lambda: hardwire(nn.Linear(2, 3), "weight", TURN, hw.groups.trivial(3)),
        "zero is the only equivariant map from turn to trivial:3",
        "every direction",
        "in common",
    ),
    "hardwire, too large": (
        lambda: hardwire(nn.Linear(40, 40), "weight", BIG, BIG),
        "40·40 = 1600 entries, the limit for matrices is 1024",
        "null space",
        "symmetrize(module, source, target=target)",
    ),
}


class Pair(nn.Module):
    def forward(self, x):
        return x, x


class Pooled(nn.Module):
    def forward(self, x):
        return x.mean(0, keepdim=True)


IRRATIONAL = hw.Representation(2, (hw.Matrix(cases.rotation(1.0)),), name="irrational")
ROWS = torch.randn(2, 16)
AVERAGES = {
    "no module": (lambda: symmetrize(np.tanh, ROTATIONS), "got a ufunc", "a function", "symmetrize("),
    "no symmetry": (lambda: symmetrize(nn.ReLU(), "C_4"), "got 'C_4'", "the name", "from_name"),
    "no symmetry to augment": (
        lambda: augment(None),
        "got a NoneType",
        "in place of the representation",
        "from_name",
    ),
    "too large": (
        lambda: symmetrize(nn.ReLU(), SWAPS),
        "permutations:12 has 479001600 elements",
        "far too large to average a network over",
        "n_elements=8",
    ),
    "infinite": (lambda: symmetrize(nn.ReLU(), CIRCLE), "infinitely many", "infinite", "n_elements=8"),
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
    "n_elements": (
        lambda: symmetrize(nn.ReLU(), ROTATIONS, 0),
        "n_elements must be a positive",
        "count",
        "=8",
    ),
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


ERRORS = HARDWIRE | AVERAGES


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
        (hw.ParameterError, "n_elements"),
    ):
        with pytest.raises(kind):
            ERRORS[case][0]()
