"""Closed forms of training against the ODE, gradient descent, finite differences and the landscape."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import haarwire as hw
from haarwire._linalg import default_tolerance
from haarwire.errors import ConvergenceError, DataError, ParameterError
from haarwire.landscape import check_critical, critical_points
from haarwire.landscape.network import Network
from haarwire.solve import Quadratic, reduced_rank
from haarwire.solve.approaches import Setting
from haarwire.training import (
    conditioning,
    convergence,
    convergence_rate,
    gradient_flow,
    learning_time,
    measured_plateaus,
    mode_trajectory,
    predicted_plateaus,
    spectral_layers,
    spectral_modes,
)
from strategies import generic_data, random_orthogonal

SCALES = {1: 1e-3, 2: 1e-4, 3: 1e-2, 4: 5e-2}


def quadratic(C, B, total=100.0):
    C, B = np.asarray(C, dtype=float), np.asarray(B, dtype=float)
    m, k = B.shape
    setting = Setting(total, np.zeros(k), np.zeros(m), None, np.dtype(float))
    return Quadratic(C, B, setting, default_tolerance(k), np.diag(C).copy())


def decoupled(strength, curvature, m=4, seed=0):
    """A problem whose B has these singular values, in eigenvectors of C with these eigenvalues."""
    rng = np.random.default_rng(seed)
    U, V = random_orthogonal(m, rng), random_orthogonal(len(curvature), rng)
    q = len(strength)
    return quadratic(V * curvature @ V.T, U[:, :q] * strength @ V[:, :q].T)


def untaught():
    """Inputs that explain nothing of the targets."""
    return quadratic(np.eye(3), np.zeros((2, 3)))


def coupled(seed=0):
    rng = np.random.default_rng(seed)
    U, V = random_orthogonal(4, rng), random_orthogonal(6, rng)
    return quadratic(np.diag([4.0, 1.0, 0.5, 1.0, 1.0, 2.0]), U[:, :3] * [2.0, 1.5, 0.8] @ V[:, :3].T)


def product(layers):
    P = layers[0]
    for W in layers[1:]:
        P = W @ P
    return P


# Trajectories.


@pytest.mark.parametrize("depth", [1, 2, 3, 4, 7])
@pytest.mark.parametrize("initial", [1e-4, 0.5, 1.9999, 2.0, 5.0])
def test_trajectories_solve_their_equation(depth, initial):
    s, c = 3.0, 1.5
    times = np.linspace(0.0, 8.0, 33)
    reference = solve_ivp(
        lambda t, a: 2 * depth * a ** (2 - 2 / depth) * (s - c * a),
        (0.0, 8.0),
        [initial],
        method="DOP853",
        rtol=1e-12,
        atol=1e-16,
        t_eval=times,
    )
    found = mode_trajectory(times, s, c, initial, depth)
    assert found.shape == (33, 1)
    np.testing.assert_allclose(found[:, 0], reference.y[0], rtol=1e-9)


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_a_network_from_spectral_layers_follows_the_closed_form(depth):
    problem = decoupled([2.0, 1.5, 0.8], [4.0, 1.0, 0.5, 1.0, 1.0, 2.0])
    modes = spectral_modes(problem)
    assert modes.are_decoupled
    np.testing.assert_allclose(modes.strength, [2.0, 1.5, 0.8])
    np.testing.assert_allclose(modes.curvature, [4.0, 1.0, 0.5])
    scale = SCALES[depth]
    times = np.linspace(0.0, 1.3 * float(learning_time(0.8, 0.5, scale**depth, depth)[0]), 60)
    flow = gradient_flow(spectral_layers(problem, depth, scale), problem, times, rtol=1e-11)
    curves = mode_trajectory(times, modes.strength, modes.curvature, scale**depth, depth)
    expected = np.einsum("mi,ti,ik->tmk", modes.left, curves, modes.right)
    np.testing.assert_allclose(flow.products, expected, atol=1e-8)
    losses = 100.0 + (modes.curvature * curves**2 - 2.0 * modes.strength * curves).sum(axis=1)
    np.testing.assert_allclose(flow.losses, losses, atol=1e-7)
    np.testing.assert_allclose(flow.products, [product([W[t] for W in flow.layers]) for t in range(60)])


def test_half_the_loss_takes_twice_the_time():
    problem = decoupled([2.0, 1.0], [1.0, 1.0, 1.0])
    half = quadratic(problem.gram / 2, problem.cross / 2)
    layers = spectral_layers(problem, 2, 1e-2)
    fast = gradient_flow(layers, problem, np.linspace(0.0, 3.0, 7))
    slow = gradient_flow(layers, half, np.linspace(0.0, 6.0, 7))
    np.testing.assert_allclose(fast.products, slow.products, atol=1e-8)


@pytest.mark.parametrize("depth", [1, 2, 3, 5])
def test_learning_time_inverts_the_trajectory(depth):
    s, c, a0 = np.array([3.0, 1.0]), np.array([1.0, 2.0]), 1e-3
    for fraction in (0.1, 0.5, 0.99):
        for i, t in enumerate(learning_time(s, c, a0, depth, fraction=fraction)):
            reached = mode_trajectory([t], s[i], c[i], a0, depth)[0, 0]
            assert reached == pytest.approx(fraction * s[i] / c[i], rel=1e-9)


def test_learning_times_have_their_asymptotic_form():
    t = float(learning_time(2.0, 1.0, 1e-12, 2)[0])
    assert t == pytest.approx(np.log(2.0 / 1e-12) / 8.0, rel=1e-9)
    for depth in (3, 4, 6):
        t = float(learning_time(2.0, 1.0, 1e-3**depth, depth)[0])
        assert t == pytest.approx(1e-3 ** (2 - depth) / (4.0 * (depth - 2)), rel=1e-2)


def test_modes_without_strength_decay():
    times = np.linspace(0.0, 2.0, 5)
    for depth in (1, 2, 3):
        reference = solve_ivp(
            lambda t, a, L=depth: -2 * L * 1.5 * a ** (3 - 2 / L),
            (0.0, 2.0),
            [0.7],
            rtol=1e-11,
            atol=1e-14,
            t_eval=times,
        )
        np.testing.assert_allclose(
            mode_trajectory(times, 0.0, 1.5, 0.7, depth)[:, 0], reference.y[0], rtol=1e-8
        )


def test_modes_decouple_where_the_gram_commutes():
    assert spectral_modes(decoupled([1.0, 1.0], [3.0, 2.0, 1.0])).are_decoupled  # tied, told apart by C
    assert not spectral_modes(coupled()).are_decoupled
    modes = spectral_modes(coupled())
    np.testing.assert_allclose(modes.left * modes.strength @ modes.right, coupled().cross, atol=1e-12)
    nothing = spectral_modes(quadratic(np.eye(3), np.zeros((2, 3))))
    assert nothing.strength.size == 0
    assert nothing.are_decoupled


# Plateaus.


@pytest.mark.parametrize(("depth", "scale"), [(2, 1e-9), (3, 1e-2), (4, 5e-2)])
def test_saddles_are_visited_in_the_order_of_strength_not_of_gain(depth, scale):
    problem = decoupled([2.0, 1.5, 0.8], [4.0, 1.0, 0.5, 1.0, 1.0, 2.0])
    sigma = reduced_rank(problem).singular_values
    np.testing.assert_allclose(sigma[:3], np.sort([2 / 2, 1.5, 0.8 / np.sqrt(0.5)])[::-1])
    predicted = predicted_plateaus(problem, depth, scale)
    assert [p.subset for p in predicted] == [(), (2,), (0, 2), (0, 1, 2)]
    times = np.linspace(0.0, 1.4 * predicted[-1].start, 3000)
    flow = gradient_flow(spectral_layers(problem, depth, scale), problem, times)
    measured = measured_plateaus(times, flow.losses)
    assert len(measured) == 4
    for p, m in zip(predicted, measured, strict=True):
        assert m.loss == pytest.approx(p.loss, abs=1e-2)
        assert m.start == pytest.approx(p.start, rel=2e-3)
        assert p.loss == pytest.approx(100.0 - (sigma[list(p.subset)] ** 2).sum())


def test_random_small_layers_visit_the_same_saddles():
    problem = decoupled([2.0, 1.2, 0.5], [6.0, 1.0, 0.5, 1.0])
    rng = np.random.default_rng(3)
    layers = [1e-7 * rng.standard_normal((3, 4)), 1e-7 * rng.standard_normal((4, 3))]
    predicted = predicted_plateaus(problem, 2, 1e-7)
    times = np.linspace(0.0, 1.5 * predicted[-1].start, 2000)
    measured = measured_plateaus(times, gradient_flow(layers, problem, times).losses)
    assert [m.loss for m in measured] == pytest.approx([p.loss for p in predicted], abs=2e-2)
    assert [m.start for m in measured] == pytest.approx([p.start for p in predicted], rel=0.15)


def test_coupled_modes_are_learnt_in_the_order_of_gain_with_times_to_leading_order():
    problem = coupled()
    errors = []
    for scale in (1e-12, 1e-24):
        predicted = predicted_plateaus(problem, 2, scale)
        assert [p.subset for p in predicted] == [(), (0,), (0, 1), (0, 1, 2)]
        times = np.linspace(0.0, 1.5 * predicted[-1].start, 3000)
        measured = measured_plateaus(
            times, gradient_flow(spectral_layers(problem, 2, scale), problem, times).losses
        )
        assert [m.loss for m in measured] == pytest.approx([p.loss for p in predicted], abs=5e-2)
        starts = np.array([[m.start, p.start] for m, p in zip(measured[1:], predicted[1:], strict=True)])
        errors.append(np.abs(starts[:, 0] / starts[:, 1] - 1.0).max())
    assert errors[0] < 0.03
    assert errors[1] == pytest.approx(errors[0] / 2, rel=0.1)  # 1/ln(1/ε)


def test_a_bottleneck_can_end_at_a_saddle_and_regularization_leads_there():
    # Example of theory, section 5: mode 1 is the optimum below alpha = 3, mode 0 (invariant) above.
    for alpha, strict in ((1.0, False), (10.0, True)):
        problem = quadratic(np.diag([1.0, 1.0 + alpha]), np.diag([1.0, 2.0]), total=5.0)
        predicted = predicted_plateaus(problem, 2, 1e-4, rank=1)
        assert predicted[-1].subset == ((1,) if strict else (0,))  # in the order of σ
        layers = spectral_layers(problem, 2, 1e-4, width=1)
        times = np.linspace(0.0, 30.0, 301)
        exact = gradient_flow(layers, problem, times)
        assert exact.losses[-1] == pytest.approx(predicted[-1].loss, abs=1e-9)
        ended = [W[-1] for W in exact.layers]
        assert check_critical(ended, problem, tol=1e-6).kind == ("strict saddle" if strict else "minimum")
        # A nudge of any size lets it go, at the rate of the negative curvature there.
        nudged = gradient_flow([W + 1e-7 for W in layers], problem, times)
        assert nudged.losses[-1] == pytest.approx(4.0 if strict else 3.0, abs=1e-6)
        if strict:
            lowest = np.linalg.eigvalsh(Network(ended, problem.gram, problem.cross).hessian())[0]
            off = predicted[-1].loss - nudged.losses
            near = (off > 1e-7) & (off < 1e-4) & (times > 5.0)
            slope = np.polyfit(times[near], np.log(off[near]), 1)[0]
            assert slope == pytest.approx(-2.0 * lowest, rel=1e-2)


def test_the_gap_of_augmented_training_grows_before_it_decays():
    rep = hw.groups.reflection(6)
    moments = generic_data(6, 3, np.random.default_rng(0)).moments
    problem = hw.Augmented().problem(moments, rep)
    rng = np.random.default_rng(1)
    layers = [1e-4 * rng.standard_normal((3, 6)), 1e-4 * rng.standard_normal((3, 3))]
    flow = gradient_flow(layers, problem, np.linspace(0.0, 60.0, 400))
    subspace = hw.invariant_subspace(rep)
    gap = np.array([np.linalg.norm(W - subspace.project(W)) for W in flow.products])
    assert gap[0] < 1e-7
    assert gap.max() > 100.0 * gap[0]
    assert gap[-1] < gap[0]


def test_measured_plateaus_of_a_curve_without_any():
    times = np.linspace(0.0, 5.0, 101)
    plateaus = measured_plateaus(times, np.exp(-times))
    assert len(plateaus) == 2
    assert plateaus[1].start == pytest.approx(np.log(4.0), rel=2e-2)
    assert plateaus[1].end == np.inf
    assert plateaus[0].subset is None


# Rates.


def test_variety_hessian_equals_finite_differences():
    problem = hw.Plain().problem(generic_data(5, 4, np.random.default_rng(2)).moments, hw.groups.trivial(5))
    r = 2
    W = reduced_rank(problem).coef(slice(r))
    U, _, Vt = np.linalg.svd(W)

    def loss(D):
        u, s, v = np.linalg.svd(W + D)
        return problem.loss(u[:, :r] * s[:r] @ v[:r])

    basis = [np.outer(U[:, a], e) for a in range(r) for e in np.eye(5)]
    basis += [np.outer(U[:, j], Vt[a]) for j in range(r, 4) for a in range(r)]
    h, n = 1e-3, len(basis)
    H = np.zeros((n, n))
    for i, j in itertools.combinations_with_replacement(range(n), 2):
        x, y = h * basis[i], h * basis[j]
        H[i, j] = H[j, i] = (loss(x + y) - loss(x - y) - loss(y - x) + loss(-x - y)) / (4 * h * h)
    values = np.linalg.eigvalsh(H)
    found = convergence_rate(problem, r).variety
    assert found.smallest == pytest.approx(values[0], rel=1e-3)
    assert found.largest == pytest.approx(values[-1], rel=1e-3)


def test_white_inputs_have_the_spectrum_of_the_landscape():
    rng = np.random.default_rng(0)
    moments = generic_data(5, 4, rng).moments
    F = np.linalg.cholesky(np.linalg.inv(moments.gram))
    white = quadratic(np.eye(5), moments.cross @ F)
    points = critical_points(moments, hw.groups.trivial(5), rank=2, approach=hw.Plain())
    expected = 2.0 * points.global_optimum.hessian_eigenvalues  # of ½J there
    found = convergence_rate(white, 2).variety
    assert (found.smallest, found.largest) == pytest.approx((expected[0], expected[-1]))


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_gradient_descent_contracts_at_the_predicted_rate(depth):
    rng = np.random.default_rng(5)
    X = rng.standard_normal((400, 5))
    Y = X[:, :3] * [3.0, 2.0, 1.0] + 0.1 * rng.standard_normal((400, 3))
    problem = hw.Plain().problem(hw.Moments.from_arrays(X, Y), hw.groups.trivial(5))
    rank = 2 if depth > 1 else 3
    rate = convergence_rate(problem, rank, depth)
    W = reduced_rank(problem).coef(slice(rank))
    U, w, Vt = np.linalg.svd(W, full_matrices=False)
    share = w[:rank] ** (1.0 / depth)
    layers = [W]
    if depth > 1:
        layers = [share[:, None] * Vt[:rank], *[np.diag(share)] * (depth - 2), U[:, :rank] * share]
    layers = [layer + 1e-3 * rng.standard_normal(layer.shape) for layer in layers]
    excess = []
    for _ in range(400):
        network = Network(layers, problem.gram, problem.cross)
        excess.append(problem.loss(network.product) - problem.loss(W))
        layers = [A - rate.layers.learning_rate * g for A, g in zip(layers, network.gradient(), strict=True)]
    excess = np.array(excess)
    last = int(np.flatnonzero(excess > 1e-7 * excess[0])[-1])
    measured = (excess[last] / excess[last // 2]) ** (0.5 / (last - last // 2))
    assert measured == pytest.approx(rate.layers.contraction, rel=0.02)
    assert rate.layers.contraction == pytest.approx((rate.layers.condition - 1) / (rate.layers.condition + 1))


def test_gradient_flow_converges_at_the_smallest_eigenvalue():
    problem = decoupled([2.0, 1.0], [1.0, 1.0, 1.0])
    ended = gradient_flow(spectral_layers(problem, 2, 1e-2), problem, [0.0, 20.0]).layers
    rng = np.random.default_rng(0)  # spectral layers alone would not excite the slowest direction
    layers = [W[-1] + 1e-3 * rng.standard_normal(W.shape[1:]) for W in ended]
    times = np.linspace(0.0, 3.0, 61)
    excess = gradient_flow(layers, problem, times, rtol=1e-12).losses - (100.0 - 5.0)
    part = times > 1.5
    slope = np.polyfit(times[part], np.log(excess[part]), 1)[0]
    assert -slope == pytest.approx(2.0 * convergence_rate(problem).layers.smallest, rel=1e-2)


def test_singular_grams_do_not_count_their_null_space():
    problem = quadratic(np.diag([2.0, 1.0, 0.0]), [[1.0, 0.0, 0.0], [0.0, 1.5, 0.0]])
    smaller = quadratic(np.diag([2.0, 1.0]), [[1.0, 0.0], [0.0, 1.5]])
    for depth in (1, 2, 3):
        a, b = convergence_rate(problem, 1, depth), convergence_rate(smaller, 1, depth)
        assert (a.layers.smallest, a.layers.largest) == pytest.approx((b.layers.smallest, b.layers.largest))


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_conditioning_worsens_with_alpha_under_regularization_only(depth):
    rep = hw.groups.cyclic_shifts(6)
    moments = generic_data(6, 3, np.random.default_rng(4)).moments
    alphas = np.geomspace(1e2, 1e7, 6)
    table = conditioning(moments, rep, alphas, 1, depth)
    slopes = np.diff(np.log(table.regularized)) / np.diff(np.log(alphas))
    np.testing.assert_allclose(slopes[-3:], 1.0, atol=0.01)
    assert table.augmented < table.regularized[0]
    # The gap falls as the condition number rises.
    path = hw.regularization_path(moments, rep, rank=1)
    products = [path.at(a).invariance_gap * k for a, k in zip(alphas, table.regularized, strict=True)]
    np.testing.assert_allclose(products[-2:], products[-1], rtol=0.01)


def test_a_small_penalty_can_improve_conditioning():
    rng = np.random.default_rng(1)
    X = rng.standard_normal((200, 6)) @ rng.standard_normal((6, 6))
    moments = hw.Moments.from_arrays(X, X[:, :3] + rng.standard_normal((200, 3)))
    table = conditioning(moments, hw.groups.cyclic_shifts(6), [1.0, 1e5], 1, 2)
    assert table.regularized[0] < table.plain < table.regularized[1]


def test_one_layer_hardwired_is_conditioned_best_and_plain_worst():
    for seed in range(5):
        moments = generic_data(6, 3, np.random.default_rng(seed)).moments.about_origin()
        table = conditioning(moments, hw.groups.reflection(6), [1.0], depth=1)
        assert table.hardwired <= table.augmented * (1 + 1e-9)
        assert table.augmented <= table.plain * (1 + 1e-9)


# Bad input.


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mode_trajectory([0.0], 1.0, 1.0, 0.1, 0), "depth must be an integer"),
        (lambda: mode_trajectory([-1.0], 1.0, 1.0, 0.1, 2), "times must be a list"),
        (lambda: mode_trajectory([0.0], 1.0, 0.0, 0.1, 2), "curvature > 0"),
        (lambda: mode_trajectory([0.0], 1.0, 1.0, 0.0, 2), "must start above 0"),
        (lambda: learning_time(1.0, 1.0, 0.7, 2), "never rises"),
        (lambda: learning_time(0.0, 1.0, 0.1, 2), "never rises"),
        (lambda: spectral_layers(coupled(), 2, 0.0), "scale must be a finite number > 0"),
        (lambda: spectral_layers(coupled(), 2, 0.1, width=0), "width must be an integer"),
        (lambda: gradient_flow([np.eye(3)], coupled(), [0.0, 1.0]), "do not make a map"),
        (lambda: gradient_flow(spectral_layers(coupled(), 2, 0.1), coupled(), [0.0]), "ascending"),
        (lambda: predicted_plateaus(coupled(), 1, 0.1), "one layer has no plateaus"),
        (lambda: predicted_plateaus(coupled(), 2, 0.1, rank=0), "rank must be an integer"),
        (lambda: predicted_plateaus(coupled(), 2, -0.1), "scale must be a finite number > 0, got -0.1"),
        (lambda: predicted_plateaus(coupled(), 2, np.nan), "scale must be a finite number > 0, got nan"),
        (lambda: predicted_plateaus(coupled(), 2, 1e-200), "scale = 1e-200 is too small: the product of 2"),
        (lambda: predicted_plateaus(untaught(), 2, -1.0), "scale must be a finite number > 0"),
        (lambda: predicted_plateaus(untaught(), 2, 0.1, rank=0), "rank must be an integer"),
        (lambda: measured_plateaus([0.0, 1.0], [2.0, 1.0], contrast=1.0), "contrast must be above 1"),
        (lambda: convergence_rate(coupled(), 0), "rank must be an integer"),
        (lambda: convergence_rate(decoupled([1.0, 1.0], [1.0, 1.0, 1.0]), 1), "not isolated"),
    ],
)
def test_options_out_of_range_are_refused(call, message):
    with pytest.raises(ParameterError, match=message):
        call()


def test_hessians_that_do_not_fit_are_refused(monkeypatch):
    monkeypatch.setattr(convergence, "_DENSE", 10)
    with pytest.raises(ParameterError, match="Hessian of 20 parameters is too large"):
        convergence_rate(coupled(), 2)


def test_data_that_teach_nothing_are_refused():
    with pytest.raises(DataError, match="not a falling curve"):
        measured_plateaus([0.0, 1.0], [1.0, 2.0])
    nothing = quadratic(np.eye(3), np.zeros((2, 3)))
    with pytest.raises(DataError, match="explain nothing"):
        convergence_rate(nothing)
    assert predicted_plateaus(nothing, 2, 0.1)[0].subset == ()
    moments = generic_data(4, 2, np.random.default_rng(0)).moments
    with pytest.raises(ParameterError, match="alphas must be a list"):
        conditioning(moments, hw.groups.trivial(4), [np.inf])


def test_a_flow_that_blows_up_says_so():
    with pytest.raises(ConvergenceError, match="gradient flow was lost"):
        gradient_flow([np.eye(2) * 1e120, np.eye(2) * 1e120], quadratic(np.eye(2), np.eye(2)), [0.0, 1.0])
