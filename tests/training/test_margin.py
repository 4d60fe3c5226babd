"""Largest margins against scikit-learn, and where leaky-ReLU networks end."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

import haarwire as hw
from haarwire.errors import ConvergenceError, DataError, GroupTooLargeError, ParameterError
from haarwire.training.leaky import LeakyNetwork, train_leaky
from haarwire.training.margin import (
    invariant_max_margin,
    linear_teacher,
    margin_experiment,
    max_margin,
    two_cluster_margin,
)
from oracles import augmented_data, enumerate_group
from strategies import dense_generators

REP = hw.groups.reflection(8)


def teacher(seed=0, n=40, rep=REP, **options):
    return linear_teacher(rep, n, seed, **options)


# Margins.


@pytest.mark.parametrize("seed", range(5))
def test_largest_margins_equal_those_of_scikit_learn(seed):
    svm = pytest.importorskip("sklearn.svm")
    # Mirrored data make the intercept of the machine 0.
    X, y = teacher(seed, is_symmetric=True)
    machine = svm.SVC(kernel="linear", C=1e8, tol=1e-8).fit(X, y)
    w = max_margin(X, y)
    np.testing.assert_allclose(w, machine.coef_[0], atol=1e-4 * np.linalg.norm(w))
    assert (y * (X @ w)).min() == pytest.approx(1.0)
    Q = hw.invariant_subspace(REP).basis
    machine = svm.SVC(kernel="linear", C=1e8, tol=1e-8).fit(X @ Q, y)
    found = invariant_max_margin(X, y, REP)
    np.testing.assert_allclose(found, Q @ machine.coef_[0], atol=1e-4 * np.linalg.norm(found))


@pytest.mark.parametrize("seed", range(3))
def test_largest_margins_equal_those_of_a_general_solver(seed):
    X, y = teacher(seed)
    G = X * y[:, None]
    result = minimize(
        lambda w: w @ w / 2,
        5.0 * invariant_max_margin(X, y, REP),
        jac=lambda w: w,
        constraints={"type": "ineq", "fun": lambda w: G @ w - 1.0, "jac": lambda w: G},
        method="SLSQP",
        options={"ftol": 1e-14, "maxiter": 500},
    )
    np.testing.assert_allclose(max_margin(X, y), result.x, atol=1e-6)


@pytest.mark.parametrize(
    "rep", [REP, hw.groups.cyclic_shifts(4), hw.groups.image_rotations(2, channels=2)], ids=lambda r: r.name
)
def test_the_machine_on_moved_data_is_the_invariant_one(rep):
    X, y = teacher(1, rep=rep)
    moved, labels = augmented_data(X, y[:, None], enumerate_group(dense_generators(rep), rep.dim))
    expected = invariant_max_margin(X, y, rep)
    np.testing.assert_allclose(max_margin(moved, labels[:, 0]), expected, atol=1e-7)
    assert hw.invariance_error(expected[None], rep) < 1e-9
    # It cannot have a larger margin than the free one.
    assert np.linalg.norm(expected) >= np.linalg.norm(max_margin(X, y)) - 1e-9
    w, u = two_cluster_margin(moved, labels[:, 0], 0.2)
    Q = hw.invariant_subspace(rep).basis
    small_w, small_u = two_cluster_margin(X @ Q, y, 0.2)
    np.testing.assert_allclose(w, Q @ small_w, atol=1e-6)
    np.testing.assert_allclose(u, Q @ small_u, atol=1e-6)


def test_two_clusters_are_linear_for_slope_one_and_mirrored_data():
    X, y = teacher(0)
    w, u = two_cluster_margin(X, y, 1.0)
    np.testing.assert_allclose(w - u, max_margin(X, y), atol=1e-8)
    X, y = teacher(0, is_symmetric=True)
    w, u = two_cluster_margin(X, y, 0.3)
    np.testing.assert_allclose(w, -u, atol=1e-7)
    np.testing.assert_allclose(w - 0.3 * u, max_margin(X, y), atol=1e-7)


def test_teachers_are_invariant_and_keep_their_margin():
    X, y = teacher(3, n=31, margin=0.5)
    assert X.shape == (31, 8)
    assert set(y) == {-1.0, 1.0}
    assert 1.0 / np.linalg.norm(invariant_max_margin(X, y, REP)) >= 0.5
    X, y = teacher(3, n=31, is_symmetric=True)
    assert len(X) == 32
    np.testing.assert_array_equal(X[:16], -X[16:])
    np.testing.assert_array_equal(y[:16], -y[16:])


# Networks.


def test_network_outputs_and_gradients():
    rng = np.random.default_rng(0)
    network = LeakyNetwork(rng.standard_normal((3, 4)), rng.standard_normal((3, 4)), 0.2)
    X = rng.standard_normal((6, 4))
    numeric = np.zeros((6, 4))
    for i in range(4):
        h = 1e-6 * np.eye(4)[i]
        numeric[:, i] = (network.output(X + h) - network.output(X - h)) / 2e-6
    np.testing.assert_allclose(network.gradient(X), numeric, atol=1e-7)
    np.testing.assert_allclose((network.gradient(X) * X).sum(axis=1), network.output(X))  # 1-homogeneous


def test_one_step_is_a_gradient_step_over_the_loss():
    X, y = teacher(0, n=10)
    options = {"width": 2, "slope": 0.2, "scale": 0.5, "learning_rate": 1e-6}
    before = train_leaky(X, y, steps=0, rng=np.random.default_rng(1), **options)
    after = train_leaky(X, y, steps=1, rng=np.random.default_rng(1), **options)

    def loss(plus, minus):
        return np.mean(np.logaddexp(0.0, -y * LeakyNetwork(plus, minus, 0.2).output(X)))

    start = loss(before.plus, before.minus)
    for name in ("plus", "minus"):
        moved = (getattr(after, name) - getattr(before, name)) / 1e-6
        numeric = np.zeros_like(moved)
        for index in np.ndindex(*moved.shape):
            values = []
            for h in (1e-6, -1e-6):
                parts = {"plus": before.plus.copy(), "minus": before.minus.copy()}
                parts[name][index] += h
                values.append(loss(**parts))
            numeric[index] = -(values[0] - values[1]) / 2e-6 / start
        np.testing.assert_allclose(moved, numeric, atol=1e-6)


@pytest.mark.parametrize("seed", [0, 1])
def test_mirrored_data_lead_to_the_invariant_largest_margin(seed):
    X, y = teacher(seed, is_symmetric=True)
    result = margin_experiment(X, y, REP, learning_rate=1.0, seed=seed)
    assert result.limit_agrees
    assert max(result.limit_angles) < 1e-5
    for name in ("augmented", "regularized", "hardwired"):
        end = result.approaches[name]
        assert max(end.angle_plus, end.angle_minus) < 0.5
        assert end.agreement == 1.0
        assert end.accuracy == 1.0
        assert end.relative_invariance_gap < 1e-3
    plain = result.approaches["plain"]
    assert plain.angle_plus == pytest.approx(result.plain_angle, abs=0.5)
    assert plain.angle_plus > 10.0
    assert plain.relative_invariance_gap > 0.1


@pytest.mark.parametrize(("slope", "off"), [(0.2, 7.79), (0.5, 2.66), (1.0, 0.0)])
def test_other_data_lead_degrees_off_it(slope, off):
    X, y = teacher(0, margin=1.0)
    result = margin_experiment(X, y, REP, slope=slope)
    assert result.limit_agrees
    assert max(result.limit_angles) == pytest.approx(off, abs=0.01)
    directions = [result.approaches[name] for name in ("augmented", "regularized", "hardwired")]
    for end in directions:
        assert max(end.limit_plus, end.limit_minus) < 0.3
        assert max(end.angle_plus, end.angle_minus) == pytest.approx(off, abs=0.3)
        assert end.angle_plus == pytest.approx(directions[0].angle_plus, abs=0.02)


def test_all_three_go_one_way_where_the_two_clusters_do_not_hold():
    X, y = teacher(0, margin=0.3)
    result = margin_experiment(X, y, REP)
    assert not result.limit_agrees
    ends = [result.approaches[name] for name in ("augmented", "regularized", "hardwired")]
    for end in ends:
        assert end.agreement < 1.0
        assert min(end.limit_plus, end.limit_minus) > 2.0
        assert end.angle_plus == pytest.approx(ends[0].angle_plus, abs=0.05)
        assert end.relative_invariance_gap < 1e-3


def test_stochastic_steps_lead_there_too():
    X, y = teacher(1, is_symmetric=True)
    result = margin_experiment(X, y, REP, batch_size=16, steps=8000, learning_rate=0.05, width=4)
    assert max(result.approaches["hardwired"].angle_plus, result.approaches["augmented"].angle_plus) < 3.0


# Bad input.


def test_data_that_do_not_fit_are_refused():
    X, y = teacher(0)
    rng = np.random.default_rng(0)
    with pytest.raises(DataError, match="no hyperplane through the origin"):
        max_margin(rng.standard_normal((60, 2)), np.sign(rng.standard_normal(60)))
    with pytest.raises(DataError, match="labels 1 or −1"):
        max_margin(X, (y + 1) / 2)
    with pytest.raises(DataError, match="do not fit"):
        max_margin(X, y[:-1])
    with pytest.raises(DataError, match="acts on 4 coordinates"):
        invariant_max_margin(X, y, hw.groups.trivial(4))
    # Told apart by the antisymmetric part alone: no invariant hyperplane separates them.
    odd = X[:, 0] - X[:, -1]
    with pytest.raises(DataError, match="no hyperplane"):
        invariant_max_margin(np.concatenate([X, X[:, ::-1]]), np.sign(np.concatenate([odd, -odd])), REP)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"slope": 0.0}, "slope must be in"),
        ({"alpha": np.inf}, "alpha, learning_rate and scale above 0"),
        ({"width": 0}, "width must be an integer ≥ 1, got 0"),
        ({"steps": 1.5}, "steps must be an integer ≥ 1"),
        ({"batch_size": 0}, "batch_size must be an integer ≥ 1"),
        ({"batch_size": 0.5}, "batch_size must be an integer ≥ 1"),
        ({"seed": -1}, "seed must be an integer ≥ 0"),
    ],
)
def test_options_out_of_range_are_refused(options, message):
    X, y = teacher(0)
    with pytest.raises(ParameterError, match=message):
        margin_experiment(X, y, REP, **options)


def test_teachers_and_groups_that_do_not_exist_are_refused():
    with pytest.raises(ParameterError, match="no invariant teacher"):
        teacher(rep=hw.Representation(2, [hw.Matrix(-np.eye(2))]))
    for count in (0, -1, 1.5):
        with pytest.raises(ParameterError, match="n_samples must be an integer ≥ 1"):
            linear_teacher(REP, count, 0)
    circle = hw.Representation(3, (), (np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]]),))
    X, y = teacher(rep=circle)
    with pytest.raises(GroupTooLargeError):
        margin_experiment(X, y, circle)


def test_weights_that_overflow_say_so():
    X, y = teacher(0)
    with pytest.raises(ConvergenceError, match="overflowed"), np.errstate(all="ignore"):
        train_leaky(
            X, y, width=2, slope=0.2, steps=3, learning_rate=np.inf, scale=1.0, rng=np.random.default_rng(0)
        )
