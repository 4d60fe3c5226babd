"""Closed-form gradients against autograd on the data really augmented, for all approaches and depths."""

from __future__ import annotations

import numpy as np
import pytest

import haarwire as hw
from oracles import augmented_data, condition_matrix, enumerate_group, invariants_by_null_space
from strategies import dense_generators

torch = pytest.importorskip("torch", reason="training needs PyTorch")

from haarwire.training import DeepLinearNetwork, train  # noqa: E402
from haarwire.training.objective import Objective, frames_of  # noqa: E402

REP = hw.groups.image_rotations(3)
ALPHA = 0.7
APPROACHES = (hw.Plain(), hw.Hardwired(), hw.Augmented(), hw.Regularized(ALPHA))
HIDDEN = ((), (2,), (7,), (4, 2), (2, 6, 3), (8, 5, 2))


def samples() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((40, 9)) @ rng.standard_normal((9, 9)) / 3 + 1.0
    return X, X @ rng.standard_normal((9, 4)) / 3 + 0.3 * rng.standard_normal((40, 4)) + 2.0


def by_autograd(approach: hw.Plain, layers: list[np.ndarray]) -> tuple[float, list[np.ndarray]]:
    """Loss and gradients of mean ‖y − Wx − b‖² + α‖W A‖², the best b taken, on explicit samples."""
    X, Y = samples()
    generators = dense_generators(REP)
    if isinstance(approach, hw.Augmented):
        X, Y = augmented_data(X, Y, enumerate_group(generators, 9))
    if isinstance(approach, hw.Hardwired):
        X = X @ hw.invariant_subspace(REP).basis
        assert X.shape[1] == invariants_by_null_space(generators, [], 9).shape[1]
    inputs = torch.tensor(X - X.mean(axis=0))
    targets = torch.tensor(Y - Y.mean(axis=0))
    weights = [torch.tensor(W, requires_grad=True) for W in layers]
    product = weights[0]
    for W in weights[1:]:
        product = W @ product
    loss = ((targets - inputs @ product.T) ** 2).sum(dim=1).mean()
    if isinstance(approach, hw.Regularized):
        loss = loss + ALPHA * ((product @ torch.tensor(condition_matrix(generators, [], 9))) ** 2).sum()
    loss.backward()
    return float(loss.detach()), [W.grad.numpy() for W in weights]


@pytest.mark.parametrize("hidden", HIDDEN, ids=str)
@pytest.mark.parametrize("approach", APPROACHES, ids=lambda a: a.label)
def test_gradients_equal_autograd_on_the_augmented_data(approach: hw.Plain, hidden: tuple[int, ...]) -> None:
    problem = approach.problem(hw.Moments.from_arrays(*samples()), REP)
    m, k = problem.cross.shape
    network = DeepLinearNetwork((k, *hidden, m), runs=3, seed=5)
    history = train(problem, network, learning_rate=1e-2, steps=1, tol=0.0)
    frame = frames_of([problem])
    dense = Objective(frame, np.zeros(3, dtype=int), network.weights[0], dense=True).gradient(network.weights)
    for run in range(3):
        start = [W[run] for W in network.arrays()]
        loss, gradients = by_autograd(approach, start)
        assert history.loss[0, run] == pytest.approx(loss, rel=1e-12)
        taken = [(W - V[run]) / 1e-2 for W, V in zip(start, history.weights, strict=True)]
        size = max(np.abs(g).max() for g in gradients)
        for step, entry, expected in zip(taken, dense, gradients, strict=True):
            assert np.abs(step - expected).max() <= 1e-10 * size
            assert np.abs(entry[run].numpy() - expected).max() <= 1e-10 * size


@pytest.mark.parametrize("hidden", [(), (2,), (7, 2)], ids=str)
@pytest.mark.parametrize("dense", [False, True])
def test_several_problems_in_one_batch(hidden: tuple[int, ...], dense: bool) -> None:
    moments = hw.Moments.from_arrays(*samples())
    problems = [a.problem(moments, REP) for a in (hw.Plain(), hw.Augmented(), hw.Regularized(ALPHA))]
    frame, owner = frames_of(problems), np.array([0, 0, 1, 2, 2])
    weights = DeepLinearNetwork((9, *hidden, 4), runs=5).weights
    together = Objective(frame, owner, weights[0], dense=dense).gradient(weights)
    for run, p in enumerate(owner):
        alone = [W[run : run + 1] for W in weights]
        single = Objective(frame, np.array([p]), weights[0], dense=dense).gradient(alone)
        for a, b in zip(together, single, strict=True):
            assert torch.allclose(a[run], b[0], rtol=1e-12, atol=1e-13)
    objective = Objective(frame, owner, weights[0], dense=dense)
    for some in (slice(0, 3), slice(1, 5), slice(2, 3), slice(3, 5)):
        part = objective.part(some).gradient([W[some] for W in weights])
        assert all(
            torch.allclose(a, b[some], rtol=1e-12, atol=1e-13) for a, b in zip(part, together, strict=True)
        )
