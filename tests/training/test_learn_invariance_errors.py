"""`learn_invariance`: what goes wrong."""

from __future__ import annotations

import math

import numpy as np
import pytest

import haarwire as hw

torch = pytest.importorskip("torch", reason="needs the torch extra")
from torch import nn  # noqa: E402

from haarwire.training import learn_invariance  # noqa: E402

ROTATIONS = hw.groups.image_rotations(4)
TURN = [[0.0, -1.0], [1.0, 0.0]]
TWO_WAYS = hw.Representation(4, algebra=(np.kron(np.diag([1.0, 0.0]), TURN), np.diag([1.0], 3)), name="two")

X4 = torch.from_numpy(np.random.default_rng(3).standard_normal((20, 4)))
SHIFTS = hw.groups.cyclic_shifts(4)


@pytest.fixture(autouse=True, scope="module")
def doubles():
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


class Branching(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 1)

    def forward(self, x):
        return self.layer(x) if x.sum().item() > 0 else -self.layer(x)


class Undefined(Branching):
    def forward(self, x):
        return self.layer(x).abs().neg().sqrt()


LAYER, Y4 = nn.Linear(4, 2).double(), torch.randn(20, 2, dtype=torch.float64)
NAN = torch.full((20, 4), math.nan)
ERRORS = {
    "no module": (
        lambda: learn_invariance(torch.tanh, X4, Y4, SHIFTS),
        "needed, got a",
        "function",
        "x, y, rep",
    ),
    "no symmetry": (lambda: learn_invariance(LAYER, X4, Y4, "C4"), "must be a Rep", "the name", "from_name"),
    "size": (lambda: learn_invariance(LAYER, X4, Y4, ROTATIONS), "acts on 16", "another size", "(N, 16)"),
    "bytes": (lambda: learn_invariance(LAYER, X4.byte(), Y4, SHIFTS), "torch.uint8", "bytes", "x.float()"),
    "missing": (lambda: learn_invariance(LAYER, NAN, Y4, SHIFTS), "inputs have", "missing", "drop or fill"),
    "missing targets": (
        lambda: learn_invariance(LAYER, X4, Y4 / 0.0, SHIFTS),
        "targets have values that are not finite",
        "missing",
        "drop those",
    ),
    "array": (lambda: learn_invariance(LAYER, X4, Y4.numpy(), SHIFTS), "a ndarray", "an array", "as_tensor"),
    "fewer": (lambda: learn_invariance(LAYER, X4, Y4[:3], SHIFTS), "of 20 samples", "other samples", "order"),
    "width": (
        lambda: learn_invariance(LAYER, X4, Y4[:, :1], SHIFTS),
        "do not fit outputs of shape (20, 2)",
        "labels of classes",
        "likelihood='categorical'",
    ),
    "one-hot": (
        lambda: learn_invariance(LAYER, X4, Y4, SHIFTS, likelihood="categorical"),
        "labels of shape (20, 2)",
        "one-hot",
        "argmax",
    ),
    "labels from 1": (
        lambda: learn_invariance(LAYER, X4, torch.arange(20) % 2 + 1, SHIFTS, likelihood="categorical"),
        "from 1 to 2",
        "start at 1",
        "0 to 1",
    ),
    "likelihood": (
        lambda: learn_invariance(LAYER, X4, Y4, SHIFTS, likelihood="mse"),
        "got 'mse'",
        "loss function",
        "'gaussian'",
    ),
    "kind": (lambda: learn_invariance(LAYER, X4, Y4, SHIFTS, kind="angle"), "'angle'", "misspelt", "range"),
    "finite range": (
        lambda: learn_invariance(LAYER, X4, Y4, SHIFTS, kind="range"),
        "a range needs Lie-algebra",
        "finite group",
        "kind='probability'",
    ),
    "infinite": (
        lambda: learn_invariance(LAYER, X4, Y4, hw.groups.so2([1, 2]), kind="probability"),
        "infinitely many",
        "infinite group",
        "n_elements=8",
    ),
    "not compact": (
        lambda: learn_invariance(LAYER, X4, Y4, TWO_WAYS, kind="probability"),
        "does not exist",
        "a shear",
        "hardwire",
    ),
    "percent": (
        lambda: learn_invariance(LAYER, X4, Y4, SHIFTS, amounts=[50]),
        "[0, 1]",
        "percent",
        "[0.5, 0.9]",
    ),
    "text": (lambda: learn_invariance(LAYER, X4, Y4, SHIFTS, amounts="all"), "got 'all'", "list", "amounts="),
    "ends": (
        lambda: learn_invariance(LAYER, X4, Y4, SHIFTS, amounts=[1.0]),
        "between",
        "nothing",
        "amounts=",
    ),
    "steps": (lambda: learn_invariance(LAYER, X4, Y4, SHIFTS, steps=0), "steps", "negative", "=50"),
    "seed": (lambda: learn_invariance(LAYER, X4, Y4, SHIFTS, seed=-1), "seed", "negative", "seed=0"),
    "large": (
        lambda: learn_invariance(nn.Linear(4, 2000), X4, torch.randn(20, 2000), SHIFTS),
        "10000 parameters, 20 samples and 2000 outputs",
        "at most 33554432",
        "freeze",
    ),
    "no parameters": (
        lambda: learn_invariance(nn.Tanh(), X4, X4, SHIFTS),
        "no parameters",
        "fixed functions",
        "requires_grad_(True)",
    ),
    "branch": (
        lambda: learn_invariance(Branching(), X4, Y4[:, :1], SHIFTS),
        "sample by sample",
        "a branch",
        "write it without",
    ),
    "not finite": (
        lambda: learn_invariance(Undefined(), X4, Y4[:, :1], SHIFTS),
        "outputs that are not finite",
        "diverged",
        "module(x)",
    ),
    "constant": (
        lambda: learn_invariance(LAYER, X4, torch.ones(20, 2), SHIFTS),
        "are constant",
        "one sample",
        "that vary",
    ),
    "no noise": (
        lambda: learn_invariance(LAYER, X4, X4[:, :2] * 3.0, SHIFTS),
        "no noise to estimate",
        "without noise",
        "more samples",
    ),
    "units": (
        lambda: learn_invariance(LAYER, X4 * 1e12, Y4, SHIFTS),
        "drowns in rounding errors",
        "very large units",
        "scale the inputs",
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
