"""Cross-entropy: gradients against autograd, and what the approaches agree on without a closed form."""

from __future__ import annotations

import numpy as np
import pytest

import haarwire as hw

torch = pytest.importorskip("torch", reason="training needs PyTorch")

from haarwire.training import DeepLinearNetwork, train_cross_entropy  # noqa: E402

REP = hw.groups.image_rotations(3)
RNG = np.random.default_rng(0)
X = RNG.standard_normal((80, 9)) + 0.5
LABELS = (X @ RNG.standard_normal((9, 3)) + 2.0 * RNG.standard_normal((80, 3))).argmax(axis=1)
APPROACHES = (hw.Plain(), hw.Hardwired(), hw.Augmented(), hw.Regularized(0.2))


@pytest.mark.parametrize("hidden", [(), (4, 2)], ids=str)
@pytest.mark.parametrize("approach", APPROACHES, ids=lambda a: a.label)
def test_gradients_equal_autograd(approach: hw.Plain, hidden: tuple[int, ...]) -> None:
    inputs, labels = X, LABELS
    if isinstance(approach, hw.Augmented):
        inputs = np.concatenate([g.apply(X) for g in REP.elements()])
        labels = np.tile(LABELS, 4)
    if isinstance(approach, hw.Hardwired):
        inputs = X @ hw.invariant_subspace(REP).basis
    network = DeepLinearNetwork((inputs.shape[1], *hidden, 3), runs=2)
    history = train_cross_entropy(X, LABELS, network, REP, approach=approach, learning_rate=1e-2, steps=1)
    for run in range(2):
        weights = [torch.tensor(W[run], requires_grad=True) for W in network.arrays()]
        bias = torch.zeros(3, dtype=torch.float64, requires_grad=True)
        product = weights[0]
        for W in weights[1:]:
            product = W @ product
        logits = torch.tensor(inputs) @ product.T + bias
        loss = torch.nn.functional.cross_entropy(logits, torch.tensor(labels))
        if isinstance(approach, hw.Regularized):
            R = torch.tensor(hw.penalty_matrix(REP))
            loss = loss + 0.2 * torch.trace(product @ R @ product.T)
        loss.backward()
        assert history.loss[0, run] == pytest.approx(float(loss.detach()), rel=1e-12)
        for W, V in zip(weights, history.weights, strict=True):
            assert np.allclose(V[run], (W - 1e-2 * W.grad).detach().numpy(), atol=1e-13)
        assert np.allclose(history.intercept[run], -1e-2 * bias.grad.numpy(), atol=1e-13)


def test_hardwired_and_augmented_agree_and_regularized_lies_between() -> None:
    options = {"steps": 6000, "tol": 1e-7, "momentum": 0.9, "record": 1000}
    ends = {}
    for approach in APPROACHES:
        k = 3 if isinstance(approach, hw.Hardwired) else 9
        network = DeepLinearNetwork((k, 3), scale=0.1)
        ends[approach.label] = train_cross_entropy(X, LABELS, network, REP, approach=approach, **options)
        assert ends[approach.label].converged.all()
    wired, augmented = ends["hardwired"], ends["augmented"]
    assert augmented.loss[-1, 0] == pytest.approx(wired.loss[-1, 0], rel=1e-9)
    # Softmax does not see a constant added to all rows.
    centred = [h.coef[0] - h.coef[0].mean(axis=0) for h in (wired, augmented)]
    assert np.allclose(*centred, atol=1e-4)
    assert augmented.invariance_gap[-1, 0] < 1e-4
    assert (wired.invariance_gap == 0).all()
    plain, soft = ends["plain"], ends["regularized"]
    assert 0.01 < soft.invariance_gap[-1, 0] < plain.invariance_gap[-1, 0]
    assert plain.loss[-1, 0] < soft.loss[-1, 0] < wired.loss[-1, 0]


def test_there_is_no_closed_form() -> None:
    history = train_cross_entropy(
        X, LABELS, DeepLinearNetwork((9, 2, 3), runs=2), REP, approach=hw.Plain(), steps=30, test=(X, LABELS)
    )
    assert np.isnan(history.optimal_loss).all()
    assert history.singular_modes.shape == (len(history.steps), 2, 0)
    assert (history.nearest_index == -1).all()
    assert history.test_loss is not None
    assert np.allclose(history.test_loss, history.loss, rtol=1e-12)
    assert history.loss[-1, 0] < history.loss[0, 0]


def test_random_elements_stand_for_a_large_group() -> None:
    rep = hw.groups.permutations(9)
    network = DeepLinearNetwork((9, 3))
    with pytest.raises(hw.GroupTooLargeError, match="too many to move"):
        train_cross_entropy(X, LABELS, network, rep, approach=hw.Augmented())
    options = {"approach": hw.Augmented(), "elements_per_sample": 4, "steps": 200}
    one, two, three = (
        train_cross_entropy(X, LABELS, network, rep, seed=seed, **options) for seed in (0, 0, 1)
    )
    assert np.array_equal(one.coef, two.coef)
    assert not np.array_equal(one.coef, three.coef)
    assert one.invariance_gap[-1, 0] < 0.7 * one.invariance_gap[0, 0]


def test_divergence_and_bad_arguments() -> None:
    network = DeepLinearNetwork((9, 2, 3), runs=2)
    history = train_cross_entropy(
        X, LABELS, network, REP, approach=hw.Regularized(1.0), learning_rate=[0.01, 1e3], steps=100
    )
    assert history.diverged.tolist() == [False, True]
    assert np.isinf(history.loss[-1, 1])
    assert np.isnan(history.coef[1]).all()
    with pytest.raises(hw.ConvergenceError, match="every run diverged"):
        train_cross_entropy(
            X, LABELS, network, REP, approach=hw.Regularized(1.0), learning_rate=1e3, steps=100
        )
    with pytest.raises(hw.ParameterError, match="9 inputs and 3 classes"):
        train_cross_entropy(X, LABELS, DeepLinearNetwork((9, 2)), REP, approach=hw.Plain())
    with pytest.raises(hw.ParameterError, match="3 inputs and 3 classes"):
        train_cross_entropy(X, LABELS, network, REP, approach=hw.Hardwired())
    with pytest.raises(hw.ParameterError, match="approach must be"):
        train_cross_entropy(X, LABELS, network, REP, approach="plain")
    with pytest.raises(hw.DataError, match="labels must be integers"):
        train_cross_entropy(X, np.eye(3)[LABELS], network, REP, approach=hw.Plain())
    with pytest.raises(hw.ParameterError, match="must be a DeepLinearNetwork, got tuple"):
        train_cross_entropy(X, LABELS, (9, 2, 3), REP, approach=hw.Plain())
    with pytest.raises(hw.ParameterError, match="rep must be a Representation"):
        train_cross_entropy(X, LABELS, network, None, approach=hw.Plain())
    for test, message in (
        (hw.Moments.from_arrays(X, LABELS), "a pair of inputs and labels, got a Moments"),
        (X, "a pair of inputs and labels, got a ndarray"),
        ((X, LABELS + 2), "labels go to 4, the network has 3 outputs"),
    ):
        with pytest.raises(hw.DataError, match=message):
            train_cross_entropy(X, LABELS, network, REP, approach=hw.Plain(), test=test)
