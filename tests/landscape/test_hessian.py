"""Derivatives on the variety of bounded rank, against finite differences of the problem's own loss."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import haarwire as hw
from haarwire.landscape import critical_points
from strategies import deficient_data, generic_data, random_basis

C4 = hw.groups.cyclic_shifts(4)
S3 = hw.groups.permutations_of_sets(3, 2)


def skewed(rep, seed):
    S = random_basis(rep.dim, np.random.default_rng(seed), 3.0)
    return hw.Representation(
        rep.dim, tuple(hw.Matrix(S @ g.to_dense() @ np.linalg.inv(S)) for g in rep.generators)
    )


MIRROR = hw.groups.reflection(6)
CASES = {
    "plain": (C4, hw.Plain(), 4, 2),
    "plain, wide": (C4, hw.Plain(), 6, 3),
    "plain, rank 1": (C4, hw.Plain(), 3, 1),
    "hardwired": (MIRROR, hw.Hardwired(), 4, 2),
    "hardwired, skewed": (skewed(MIRROR, 0), hw.Hardwired(), 3, 2),
    "augmented": (S3, hw.Augmented(), 3, 1),
    "augmented, skewed": (skewed(MIRROR, 1), hw.Augmented(), 3, 2),
    "regularized": (C4, hw.Regularized(0.8), 4, 3),
    "full rank": (C4, hw.Plain(), 3, 3),
}


class Variety:
    """The matrices of rank r near a point, in whitened coordinates A = V C^{1/2} on the range of C."""

    def __init__(self, problem, V, rank):
        values, vectors = np.linalg.eigh(problem.gram)
        live = values > 1e-10 * values[-1]
        self.root = vectors[:, live] * np.sqrt(values[live])  # V ↦ A
        self.inverse = (vectors[:, live] / np.sqrt(values[live])).T  # A ↦ V
        self.problem, self.rank = problem, rank
        self.A = V @ self.root
        U, s, Vt = np.linalg.svd(self.A)
        self.scale = s[rank - 1]
        units = itertools.product(range(U.shape[0]), range(Vt.shape[0]))
        # Orthonormal tangent directions: everything but the pairs of two normal directions.
        self.tangents = [np.outer(U[:, a], Vt[b]) for a, b in units if a < rank or b < rank]

    def loss(self, step):
        """½J at the best approximation of rank r of A + step."""
        U, s, Vt = np.linalg.svd(self.A + step, full_matrices=False)
        nearest = (U[:, : self.rank] * s[: self.rank]) @ Vt[: self.rank]
        return self.problem.loss(nearest @ self.inverse) / 2.0

    def hessian(self, step=1e-3):
        """Central second differences; the step is relative to the radius of curvature σ_r."""
        h = step * self.scale
        n = len(self.tangents)
        H = np.zeros((n, n))
        for a, b in itertools.combinations_with_replacement(range(n), 2):
            x, y = h * self.tangents[a], h * self.tangents[b]
            values = self.loss(x + y) - self.loss(x - y) - self.loss(y - x) + self.loss(-x - y)
            H[a, b] = H[b, a] = values / (4.0 * h * h)
        return H


def case(name, seed=0, **options):
    rep, approach, m, rank = CASES[name]
    moments = generic_data(rep.dim, m, np.random.default_rng(seed)).moments
    return critical_points(moments, rep, rank=rank, approach=approach, **options)


def accuracy(variety, point):
    """Rounding of the loss over h², and the fourth derivative that ratios of singular values drive."""
    h = 1e-3 * variety.scale
    steepest = float(np.abs(point.hessian_eigenvalues).max())
    return 1e-5 * steepest**3 + 1e-14 * abs(variety.problem.setting.total) / h**2


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", CASES)
def test_hessian_eigenvalues_and_index(name, seed):
    points = case(name, seed)
    r = min(points.rank, points.modes.n_modes)
    assert points.count > (name != "full rank")
    for point in points:
        variety = Variety(points.problem, point.problem_coef, r)
        found = np.linalg.eigvalsh(variety.hessian())
        eigenvalues = point.hessian_eigenvalues
        m, k = variety.A.shape
        assert eigenvalues.shape == found.shape == (r * (m + k - r),)
        tolerance = accuracy(variety, point)
        np.testing.assert_allclose(eigenvalues, found, atol=tolerance)
        assert int((eigenvalues < 0).sum()) == point.index
        assert int((found < -tolerance).sum()) <= point.index <= int((found < tolerance).sum())


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("options", [{}, {"ridge": 0.5}, {"fit_intercept": False}])
def test_the_gradient_vanishes_along_the_variety(name, options):
    points = case(name, seed=1, **options)
    problem = points.problem
    for point in points:
        V = point.problem_coef
        np.testing.assert_allclose(points.modes.setting.embed(V), point.coef, atol=1e-14)
        r = len(point.subset)
        U, _, Vt = np.linalg.svd(V)
        G = 2.0 * (V @ problem.gram - problem.cross)
        size = 1e-10 * np.linalg.norm(problem.cross)
        assert np.linalg.norm(U[:, :r].T @ G) < size
        assert np.linalg.norm(G @ Vt[:r].T) < size


@pytest.mark.parametrize("kind", ["few samples", "constant column", "duplicated column"])
def test_a_singular_gram_counts_only_what_the_data_see(kind):
    moments = deficient_data(5, 3, np.random.default_rng(2), kind).moments
    points = critical_points(moments, hw.groups.trivial(5), rank=1, approach=hw.Plain())
    assert points.n_inputs < 5
    for point in points:
        variety = Variety(points.problem, point.problem_coef, 1)
        eigenvalues = point.hessian_eigenvalues
        assert eigenvalues.shape == (3 + points.n_inputs - 1,)
        np.testing.assert_allclose(
            eigenvalues, np.linalg.eigvalsh(variety.hessian()), atol=accuracy(variety, point)
        )


@pytest.mark.parametrize("name", [name for name in CASES if name != "full rank"])
def test_escape_directions_go_down_to_where_they_say(name):
    points = case(name, seed=2)
    for point in points:
        escape = point.escape_direction
        if point.is_global:
            assert escape is None
            continue
        i, j = escape.swap
        assert i in point.subset
        assert j not in point.subset
        sigma = points.modes.singular_values
        assert escape.curvature == pytest.approx(1.0 - sigma[j] / sigma[i])
        assert escape.curvature == pytest.approx(point.hessian_eigenvalues[0])
        target = points.at(escape.leads_to)
        assert set(escape.leads_to) == {*point.subset, j} - {i}
        assert point.loss - target.loss == pytest.approx(escape.loss_decrease, rel=1e-9)
        assert target.index < point.index

        variety = Variety(points.problem, point.problem_coef, len(point.subset))
        embedding = points.problem.setting.embedding
        in_problem = escape.direction if embedding is None else embedding.coordinates(escape.direction)
        D = in_problem @ variety.root
        assert np.linalg.norm(D) == pytest.approx(1.0)
        # Tangent: it has no part between the two normal spaces.
        assert sum(np.vdot(D, t) ** 2 for t in variety.tangents) == pytest.approx(1.0)
        h = 1e-3 * variety.scale
        second = (variety.loss(h * D) - 2 * variety.loss(0 * D) + variety.loss(-h * D)) / h**2
        assert second == pytest.approx(escape.curvature, abs=accuracy(variety, point))

        # Projected gradient descent from one small step away arrives at least as low.
        Z = points.problem.cross @ variety.inverse.T
        A = variety.A + 1e-2 * variety.scale * D
        for _ in range(3000):
            A = A + 0.5 * (Z - A)
            U, s, Vt = np.linalg.svd(A, full_matrices=False)
            A = (U[:, : variety.rank] * s[: variety.rank]) @ Vt[: variety.rank]
            if points.problem.loss(A @ variety.inverse) < target.loss + 1e-6 * escape.loss_decrease:
                break
        assert points.problem.loss(A @ variety.inverse) < target.loss + 1e-5 * escape.loss_decrease


def test_a_family_is_flat_in_as_many_directions_as_its_dimension():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((30, 5))
    X = np.linalg.qr(X - X.mean(axis=0))[0] * np.sqrt(30)
    U, V = np.linalg.qr(rng.standard_normal((4, 4)))[0], np.linalg.qr(rng.standard_normal((5, 4)))[0]
    B = (U * [3.0, 2.0, 2.0, 1.0]) @ V.T
    points = critical_points(
        hw.Moments.from_arrays(X, X @ B.T), hw.groups.trivial(5), rank=2, approach=hw.Plain()
    )
    dimensions = {}
    for point in points:
        found = np.linalg.eigvalsh(Variety(points.problem, point.problem_coef, 2).hessian())
        np.testing.assert_allclose(point.hessian_eigenvalues, found, atol=1e-4)
        assert int((np.abs(found) < 1e-4).sum()) == point.dimension
        dimensions[point.subset] = point.dimension
    assert dimensions == {(0, 1): 1, (0, 3): 0, (1, 2): 0, (1, 3): 1}
