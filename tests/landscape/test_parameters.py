"""Layers of deep linear networks: lifts, derivatives, inertia, strict and non-strict saddles."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import scipy.sparse.linalg

import haarwire as hw
from haarwire.landscape import check_critical, critical_points, factor
from haarwire.landscape import parameters as parameters_module
from haarwire.landscape.network import Network
from strategies import deficient_data, generic_data, random_basis

PLAIN = hw.Plain()


def landscape(n=5, m=4, rank=2, seed=0, approach=PLAIN, rep=None):
    moments = generic_data(n, m, np.random.default_rng(seed)).moments
    return critical_points(moments, rep or hw.groups.trivial(n), rank=rank, approach=approach)


def loss_of(layers, problem):
    product = layers[0]
    for W in layers[1:]:
        product = W @ product
    return problem.loss(product)


def unflattened(vector, layers):
    parts = np.split(vector, np.cumsum([W.size for W in layers])[:-1])
    return [part.reshape(W.shape) for part, W in zip(parts, layers, strict=True)]


def flattened(layers):
    return np.concatenate([np.ravel(W) for W in layers])


def finite_difference_hessian(layers, problem, h=1e-3):
    """From values of the loss alone."""
    start = flattened(layers)
    steps = h * np.eye(start.size)

    def f(step):
        return loss_of(unflattened(start + step, layers), problem)

    H = np.zeros((start.size, start.size))
    for a, b in itertools.combinations_with_replacement(range(start.size), 2):
        x, y = steps[a], steps[b]
        H[a, b] = H[b, a] = (f(x + y) - f(x - y) - f(y - x) + f(-x - y)) / (4 * h * h)
    return H


@pytest.mark.parametrize("widths", [(), (2,), (3,), (4, 2), (2, 5, 3)])
def test_lifts_are_balanced_and_multiply_to_the_point(widths):
    points = landscape()
    for point in points:
        layers = factor(point, widths)
        assert [W.shape for W in layers] == list(zip((*widths, 4), (5, *widths), strict=True))
        product = layers[0]
        for W in layers[1:]:
            product = W @ product
        np.testing.assert_allclose(product, point.coef, atol=1e-12)
        for first, second in itertools.pairwise(layers):
            np.testing.assert_allclose(second.T @ second, first @ first.T, atol=1e-12)
        assert loss_of(layers, points.problem) == pytest.approx(point.loss, rel=1e-9)


def test_hardwired_lifts_act_on_the_invariant_coordinates():
    rep = hw.groups.reflection(6)
    points = landscape(n=6, m=3, rank=2, approach=hw.Hardwired(), rep=rep)
    point = points.lowest(2)[1]
    layers = factor(point, (2,))
    assert layers[0].shape == (2, 3)
    subspace = hw.invariant_subspace(rep)
    np.testing.assert_allclose(subspace.embed(layers[1] @ layers[0]), point.coef, atol=1e-12)
    assert check_critical(layers, points.problem).kind == "strict saddle"


@pytest.mark.parametrize("widths", [(), (3,), (2, 3), (2, 3, 2)])
def test_derivatives_match_finite_differences(widths):
    problem = landscape(n=3, m=2, rank=1).problem
    rng = np.random.default_rng(0)
    layers = [rng.standard_normal((b, a)) for a, b in itertools.pairwise((3, *widths, 2))]
    network = Network(layers, problem.gram, problem.cross)
    gradient = flattened(network.gradient())
    start, steps = flattened(layers), 1e-6 * np.eye(gradient.size)

    def value(at):
        return loss_of(unflattened(at, layers), problem)

    def slope(at):
        return flattened(Network(unflattened(at, layers), problem.gram, problem.cross).gradient())

    slopes = [(value(start + s) - value(start - s)) / 2e-6 for s in steps]
    np.testing.assert_allclose(gradient, slopes, atol=1e-6 * np.abs(gradient).max())
    differences = [slope(start + s) - slope(start - s) for s in steps]
    H = network.hessian()
    np.testing.assert_allclose(H, np.array(differences) / 2e-6, atol=1e-6 * np.abs(H).max())
    # One direction, many, and blocks of any size agree.
    directions = rng.standard_normal((2, 3, gradient.size))
    np.testing.assert_allclose(network.hessian_product(directions), directions @ H, atol=1e-9)
    np.testing.assert_allclose(network.hessian_product(directions[1, 1]), H @ directions[1, 1], atol=1e-9)
    np.testing.assert_array_equal(network.hessian(block=5), H)


def test_two_layers_against_finite_differences_of_the_loss():
    # q = 4, hidden width 2: every S with |S| ≤ 2 (theory, section 4).
    n = m = q = 4
    moments = generic_data(n, m, np.random.default_rng(5)).moments
    problem = PLAIN.problem(moments, hw.groups.trivial(n))
    variances, axes = np.linalg.eigh(problem.gram)
    largest = float(variances[-1])
    change = np.eye(16)  # of W_1 C^{1/2} and W_2 to W_1 and W_2
    change[:8, :8] = np.kron(np.eye(2), (axes / np.sqrt(variances)) @ axes.T)
    zero = [np.zeros((2, n)), np.zeros((m, 2))]
    cases = [(0, 0, zero)]
    for rank in (1, 2):
        points = critical_points(moments, hw.groups.trivial(n), rank=rank, approach=PLAIN)
        cases += [(rank, p.index, factor(p, (2,))) for p in points]
    assert len(cases) == 1 + 4 + 6
    for size, inversions, layers in cases:
        H = finite_difference_hessian(layers, problem)
        values = np.linalg.eigvalsh(H)
        cut = 1e-5 * largest
        negative = inversions + (2 - size) * (q - size)
        assert int((values < -cut).sum()) == negative
        zeros = size**2 + (2 - size) * (2 * size + m + n - 2 * q)
        assert int((np.abs(values) <= cut).sum()) == zeros
        found = check_critical(layers, problem)
        assert (found.n_negative, found.n_zero, found.n_positive) == (negative, zeros, 16 - negative - zeros)
        whitened = np.linalg.eigvalsh(change.T @ H @ change)
        assert found.lowest_eigenvalue == pytest.approx(whitened[0], abs=1e-5)
        assert found.kind == ("minimum" if negative == 0 else "strict saddle")


@pytest.mark.parametrize(
    ("n", "m", "kind"),
    [(5, 3, ""), (3, 5, ""), (4, 4, ""), (5, 3, "duplicated column"), (5, 4, "few samples")],
)
def test_two_layer_inertia_of_any_shape(n, m, kind):
    rng = np.random.default_rng(1)
    data = deficient_data(n, m, rng, kind) if kind else generic_data(n, m, rng)
    for rank in range(1, min(n, m) + 1):
        points = critical_points(data.moments, hw.groups.trivial(n), rank=rank, approach=PLAIN)
        q, k = points.modes.n_modes, points.n_inputs
        for point, h in itertools.product(points, range(rank, rank + 3)):
            s, nullity = len(point.subset), n - k
            negative = point.index + (h - s) * (q - s)
            zeros = s * s + (h - s) * (2 * s + m + k - 2 * q) + h * nullity
            found = check_critical(factor(point, (h,)), points.problem)
            assert found.is_critical
            assert found.loss == pytest.approx(point.loss, rel=1e-9)
            assert (found.n_negative, found.n_zero) == (negative, zeros)
            assert found.n_negative + found.n_zero + found.n_positive == h * (m + n)
            assert found.kind == ("minimum" if negative == 0 else "strict saddle")


@pytest.mark.parametrize("limit", [400, 0])
def test_an_ill_conditioned_gram_hides_no_curvature(monkeypatch, limit):
    # Pixels: variances over ten magnitudes, none of which may pass for a zero of the Hessian.
    rng = np.random.default_rng(0)
    X = rng.standard_normal((60, 8)) @ random_basis(8, rng, 1e5)
    Y = X @ np.linalg.pinv(X) @ rng.standard_normal((60, 4)) + 0.1 * rng.standard_normal((60, 4))
    points = critical_points(hw.Moments.from_arrays(X, Y), hw.groups.trivial(8), rank=2, approach=PLAIN)
    assert points.modes.condition > 1e9
    monkeypatch.setattr(parameters_module, "_DENSE", limit)
    for point in points:
        found = check_critical(factor(point, (2,)), points.problem)
        assert found.is_critical
        assert found.kind == ("minimum" if point.is_global else "strict saddle")
        if limit:
            assert (found.n_negative, found.n_zero) == (point.index, 4)


def test_ties_add_the_dimension_of_the_family_to_the_zeros():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((30, 4))
    X = np.linalg.qr(X - X.mean(axis=0))[0] * np.sqrt(30)
    moments = hw.Moments.from_arrays(X, X @ np.diag([3.0, 2.0, 2.0, 1.0]))
    points = critical_points(moments, hw.groups.trivial(4), rank=2, approach=PLAIN)
    for point in points:
        found = check_critical(factor(point, (2,)), points.problem)
        assert found.n_zero == 4 + point.dimension
        assert found.n_negative == point.index
        assert found.kind == ("minimum" if point.is_global else "strict saddle")


@pytest.mark.parametrize("widths", [(3, 3), (4, 3), (3, 4, 3)])
def test_three_layers_and_more_have_non_strict_saddles(widths):
    bottleneck = min(widths)
    zero = landscape()
    dims = (5, *widths, 4)
    layers = [np.zeros((b, a)) for a, b in itertools.pairwise(dims)]
    found = check_critical(layers, zero.problem)
    assert found.kind == "non-strict saddle"
    assert (found.n_negative, found.n_zero, found.n_positive) == (0, sum(W.size for W in layers), 0)
    for rank in range(1, bottleneck + 1):
        points = landscape(rank=rank)
        for point in points:
            found = check_critical(factor(point, widths), points.problem)
            if point.index:
                assert found.kind == "strict saddle"
            else:
                # W ≠ 0 keeps the largest modes, and idle units hide the way down to third order.
                assert found.kind == ("minimum" if rank == bottleneck else "non-strict saddle")
                assert found.n_negative == 0


def test_a_non_strict_saddle_has_lower_losses_next_to_it():
    points = landscape(rank=1)
    layers = factor(points.global_optimum, (2, 2))
    assert check_critical(layers, points.problem).kind == "non-strict saddle"
    U, V = points.modes.left[:, 1], points.modes.right[1] / np.linalg.norm(points.modes.right[1])
    sign = np.sign(U @ points.problem.cross @ V)
    t = 1e-2
    moved = [W.copy() for W in layers]
    moved[0][1] += t * V
    moved[1][1, 1] += t * sign
    moved[2][:, 1] += t * U
    drop = points.global_optimum.loss - loss_of(moved, points.problem)
    assert 0 < drop < 10 * t**3 * np.linalg.norm(points.problem.cross)


def test_zero_outer_layers_around_a_busy_one_are_a_strict_saddle():
    # Kawaguchi 2016: with three layers, W_3 = W_1 = 0 is strict where W_2 ≠ 0, non-strict at W_2 = 0.
    problem = landscape().problem
    outer = np.zeros((2, 5)), np.zeros((4, 2))
    busy = check_critical([outer[0], np.eye(2), outer[1]], problem)
    assert busy.kind == "strict saddle"
    # A network of two layers of width 2 around it, at zero: −σ_j for each hidden unit and mode.
    assert busy.n_negative == 2 * 4
    assert busy.lowest_eigenvalue < 0
    idle = check_critical([outer[0], np.zeros((2, 2)), outer[1]], problem)
    assert idle.kind == "non-strict saddle"


def test_elsewhere_is_not_critical():
    points = landscape()
    layers = list(factor(points.global_optimum, (2,)))
    layers[0] = layers[0] + 1e-3
    found = check_critical(layers, points.problem)
    assert found.kind == "not critical"
    assert not found.is_critical
    assert 1e-9 < found.gradient_norm < 1e-2
    assert check_critical(layers, points.problem, tol=1e-2).kind == "minimum"


def test_layers_close_to_zero_are_near_the_critical_point_zero():
    problem = landscape().problem
    layers = [1e-6 * np.ones((3, 5)), 1e-6 * np.ones((3, 3)), 1e-6 * np.ones((4, 3))]
    assert check_critical(layers, problem).is_critical


def test_one_layer_is_convex():
    points = landscape(rank=4)
    found = check_critical(factor(points.global_optimum, ()), points.problem)
    assert found.kind == "minimum"
    assert (found.n_negative, found.n_zero, found.n_positive) == (0, 0, 20)


def test_without_targets_to_explain_everything_critical_is_a_minimum():
    rep = hw.Representation(2, (hw.SignedPermutation([0, 1], [-1, -1]),))
    moments = generic_data(2, 2, np.random.default_rng(0)).moments
    problem = hw.Augmented().problem(moments, rep)
    found = check_critical([np.zeros((1, 2)), np.zeros((2, 1))], problem)
    assert found.kind == "minimum"
    assert found.optimal_loss == pytest.approx(found.loss)


@pytest.mark.parametrize("widths", [(), (2,), (2, 1)])
def test_inputs_that_never_vary_leave_every_layer_flat(widths):
    moments = hw.Moments.from_arrays(np.ones((4, 3)), np.arange(8.0).reshape(4, 2))
    problem = PLAIN.problem(moments, hw.groups.trivial(3))
    layers = [np.ones((b, a)) for a, b in itertools.pairwise((3, *widths, 2))]
    found = check_critical(layers, problem)
    assert (found.n_negative, found.n_zero, found.n_positive) == (0, sum(W.size for W in layers), 0)
    assert found.kind == "minimum"
    assert found.lowest_eigenvalue == 0.0


def test_many_parameters_by_lanczos(monkeypatch):
    points = landscape(n=7, m=5, rank=2)
    answers = {}
    for limit in (400, 0):
        monkeypatch.setattr(parameters_module, "_DENSE", limit)
        for point, widths in itertools.product(points.lowest(3), [(2,), (3, 4)]):
            answers[point.subset, widths, limit] = check_critical(factor(point, widths), points.problem)
        zero = [np.zeros((2, 7)), np.zeros((2, 2)), np.zeros((5, 2))]
        answers[(), (), limit] = check_critical(zero, points.problem)
    for key in {key[:2] for key in answers}:
        dense, lanczos = answers[*key, 400], answers[*key, 0]
        assert dense.kind == lanczos.kind
        scale = 1e-8 * abs(points.problem.setting.total)
        assert lanczos.lowest_eigenvalue == pytest.approx(dense.lowest_eigenvalue, abs=scale)
        if dense.n_negative:
            assert lanczos.n_negative is lanczos.n_zero is lanczos.n_positive is None
        else:
            assert lanczos.n_negative == 0
            assert lanczos.n_positive in (None, dense.n_positive)
    assert {answer.kind for answer in answers.values()} == {"minimum", "strict saddle", "non-strict saddle"}


def test_a_positive_definite_hessian_is_known_from_its_lowest_eigenvalue(monkeypatch):
    monkeypatch.setattr(parameters_module, "_DENSE", 0)
    points = landscape(rank=4)
    found = check_critical(factor(points.global_optimum, ()), points.problem)
    assert (found.n_negative, found.n_zero, found.n_positive) == (0, 0, 20)


# Messages.


def test_lanczos_that_does_not_converge_says_so(monkeypatch):
    points = landscape(n=7, m=5, rank=2)
    layers = factor(points.global_optimum, (2,))
    monkeypatch.setattr(parameters_module, "_DENSE", 0)

    def gives_up(*args, **options):
        raise scipy.sparse.linalg.ArpackNoConvergence("no luck", np.zeros(0), np.zeros((0, 0)))

    monkeypatch.setattr(scipy.sparse.linalg, "eigsh", gives_up)
    with pytest.raises(hw.ConvergenceError, match="of 24 parameters was not found") as caught:
        check_critical(layers, points.problem)
    assert "ridge" in caught.value.remedy


@pytest.mark.parametrize("widths", [(1,), (2, 1), (2.0,), (True,), ("3",), (0,)])
def test_too_narrow_layers(widths):
    with pytest.raises(hw.ParameterError, match="a hidden width must be an integer ≥ 2") as caught:
        factor(landscape().global_optimum, widths)
    assert "rank 2 does not pass through" in caught.value.cause
    assert "critical_points" in caught.value.remedy


@pytest.mark.parametrize(
    "shapes",
    [[], [(4, 2), (2, 5)], [(5, 2), (2, 4)], [(2, 5), (4, 3)], [(2, 6), (4, 2)], [(20,)], [(0, 5), (4, 0)]],
)
def test_layers_that_do_not_fit(shapes):
    problem = landscape().problem
    with pytest.raises(hw.ParameterError, match="do not make a map from 5 inputs to 4 outputs") as caught:
        check_critical([np.zeros(shape) for shape in shapes], problem)
    assert "(h_1, 5) first" in caught.value.remedy


def test_layers_with_missing_values():
    with pytest.raises(hw.ParameterError, match="missing or infinite values") as caught:
        check_critical([np.full((4, 5), math.nan)], landscape().problem)
    assert "diverged" in caught.value.cause


@pytest.mark.parametrize("tol", [0, 1, -1e-3, math.nan, "small", True])
def test_tolerance_out_of_range(tol):
    with pytest.raises(hw.ParameterError, match="tol must be a number between 0 and 1") as caught:
        check_critical([np.zeros((4, 5))], landscape().problem, tol=tol)
    assert "tol=1e-6" in caught.value.remedy


@pytest.mark.parametrize("unit", [1.0, 1e-4])
def test_the_gradient_is_measured_by_the_size_of_its_terms(unit):
    """‖∇J‖/(2(‖B‖ + ‖PC‖)·√(‖W₂‖² + ‖W₁‖²)) for two layers far from the optimum, by hand."""
    data = generic_data(5, 4, np.random.default_rng(0))
    moments = hw.Moments.from_arrays(unit * data.X, unit * data.Y)
    problem = hw.Plain().problem(moments, hw.groups.trivial(5))
    rng = np.random.default_rng(1)
    first, second = 30.0 * rng.standard_normal((3, 5)), 20.0 * rng.standard_normal((4, 3))
    P = second @ first
    residual = 2.0 * (P @ problem.gram - problem.cross)
    gradient = math.hypot(np.linalg.norm(second.T @ residual), np.linalg.norm(residual @ first.T))
    terms = np.linalg.norm(problem.cross) + np.linalg.norm(P @ problem.gram)
    around = math.hypot(np.linalg.norm(second, 2), np.linalg.norm(first, 2))
    found = check_critical([first, second], problem)
    assert found.gradient_norm == pytest.approx(gradient / (2.0 * terms * around), rel=1e-12)
