"""Slow, plain twins of what the package computes fast. They share no code with it: NumPy only.

Group elements are dense arrays, data are arrays of samples: the group is really listed, the augmented
data set really built, and reduced-rank regression done the textbook way, on samples and not on moments.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]


def enumerate_group(generators: Sequence[Array], dim: int, limit: int = 1000) -> Array:
    """All products of the generators, shape (order, n, n), the identity first."""
    found = [np.eye(dim)]
    for g in found:
        for s in generators:
            candidate = s @ g
            # Elements of these groups differ by far more than 1e-6, and rounding by far less.
            if np.abs(np.array(found) - candidate).max(axis=(1, 2)).min() > 1e-6:
                found.append(candidate)
                if len(found) > limit:
                    raise ValueError(f"more than {limit} elements")
    return np.array(found)


def augmented_data(X: Array, Y: Array, elements: Array) -> tuple[Array, Array]:
    """Every sample moved by every element, X of shape (order·N, n), with its target."""
    return np.concatenate([X @ g.T for g in elements]), np.concatenate([Y] * len(elements))


def reynolds_by_enumeration(elements: Array) -> Array:
    """P̄ = (1/|G|) Σ ρ(g)."""
    return np.asarray(elements.mean(axis=0))


def average_by_enumeration(M: Array, elements: Array) -> Array:
    """(1/|G|) Σ ρ(g) M ρ(g)ᵀ."""
    return np.asarray(np.mean([g @ M @ g.T for g in elements], axis=0))


def average_over_circle(M: Array, flow: Callable[[float], Array], degree: int) -> Array:
    """∫ ρ(t) M ρ(t)ᵀ dt over one period 2π, by equispaced nodes: exact up to the degree 2·degree."""
    nodes = np.linspace(0.0, 2.0 * np.pi, 2 * degree + 1, endpoint=False)
    return average_by_enumeration(M, np.array([flow(float(t)) for t in nodes]))


def condition_matrix(generators: Sequence[Array], algebra: Sequence[Array], dim: int) -> Array:
    """A = [ρ(g_1) − I, …, L_1, …], shape (n, n·(K + J)): W is invariant exactly where W A = 0."""
    blocks = [g - np.eye(dim) for g in generators] + list(algebra)
    return np.concatenate(blocks, axis=1) if blocks else np.zeros((dim, 0))


def invariants_by_null_space(
    generators: Sequence[Array], algebra: Sequence[Array], dim: int, rtol: float = 1e-9
) -> Array:
    """Orthonormal basis Q of null(Aᵀ), shape (n, d), by a singular value decomposition of A Aᵀ's factor."""
    A = condition_matrix(generators, algebra, dim)
    if A.size == 0:
        return np.eye(dim)
    U, s, _ = np.linalg.svd(A)
    rank = int((s > rtol * max(1.0, float(s[0]))).sum())
    return np.asarray(U[:, rank:])


def squared_loss(X: Array, Y: Array, W: Array, b: Array | float = 0.0) -> float:
    """Mean over samples of ‖y − W x − b‖²."""
    return float(np.mean(np.sum((Y - X @ W.T - b) ** 2, axis=1)))


def reduced_rank_regression(
    X: Array,
    Y: Array,
    rank: int | None = None,
    *,
    ridge: float = 0.0,
    alpha: float = 0.0,
    A: Array | None = None,
    fit_intercept: bool = True,
    rcond: float = 1e-10,
) -> tuple[Array, Array]:
    """The minimizer of mean ‖y − Wx − b‖² + ridge·‖W‖² + alpha·‖W A‖² with rank(W) ≤ r: (W, b).

    On samples: penalties are pseudo-samples √(N·alpha)·Aᵀ and √(N·ridge)·I with targets 0; the
    full-rank solution is minimum-norm least squares; then Eckart–Young on the fitted values, whose
    leading right singular vectors are the output directions kept.
    """
    n_samples, n = X.shape
    x_mean = X.mean(axis=0) if fit_intercept else np.zeros(n)
    y_mean = Y.mean(axis=0) if fit_intercept else np.zeros(Y.shape[1])
    rows = [X - x_mean]
    if ridge > 0:
        rows.append(np.sqrt(n_samples * ridge) * np.eye(n))
    if alpha > 0 and A is not None:
        rows.append(np.sqrt(n_samples * alpha) * A.T)
    inputs = np.concatenate(rows)
    targets = np.zeros((len(inputs), Y.shape[1]))
    targets[:n_samples] = Y - y_mean
    W = (np.linalg.pinv(inputs, rcond=rcond) @ targets).T
    if rank is not None and rank < min(W.shape):
        _, _, Vt = np.linalg.svd(inputs @ W.T, full_matrices=False)
        W = Vt[:rank].T @ (Vt[:rank] @ W)
    return W, y_mean - W @ x_mean


def hardwired_regression(
    X: Array,
    Y: Array,
    Q: Array,
    rank: int | None = None,
    *,
    ridge: float = 0.0,
    fit_intercept: bool = True,
) -> tuple[Array, Array]:
    """Reduced-rank regression on the invariant features X Q, put back as W = V Qᵀ."""
    V, b = reduced_rank_regression(X @ Q, Y, rank, ridge=ridge, fit_intercept=fit_intercept)
    return V @ Q.T, b


def alternating_least_squares(
    X: Array, Y: Array, rank: int, rng: np.random.Generator, *, steps: int = 100
) -> Array:
    """A map W = U V of rank ≤ r that a descent from a random start ends in, for centred X and Y."""
    V = rng.standard_normal((rank, X.shape[1]))
    for _ in range(steps):
        U = np.linalg.lstsq(X @ V.T, Y, rcond=None)[0].T
        # ‖Y − X Vᵀ Uᵀ‖ over V for fixed U: V = U⁺ W with W the unbounded solution.
        V = np.linalg.pinv(U) @ np.linalg.lstsq(X, Y, rcond=None)[0].T
    U = np.linalg.lstsq(X @ V.T, Y, rcond=None)[0].T
    return U @ V


def orbits_by_walking(generators: Sequence[Array], dim: int) -> list[set[int]]:
    """The orbits of a permutation group on coordinates, by following generators from each one."""
    orbits: list[set[int]] = []
    for start in range(dim):
        if any(start in orbit for orbit in orbits):
            continue
        orbit, frontier = {start}, [start]
        while frontier:
            i = frontier.pop()
            for g in generators:
                j = int(np.flatnonzero(g[i])[0])
                if j not in orbit:
                    orbit.add(j)
                    frontier.append(j)
        orbits.append(orbit)
    return orbits


def least_penalty_regression(X: Array, Y: Array, A: Array, rank: int | None = None) -> Array:
    """Of all least-squares solutions on centred samples the one with the least ‖W A‖_F, cut to rank r.

    The limit of the regularized solutions from the right at 0: W + Z Nᵀ with N the directions without
    data, and Z the least-squares solution of (W + Z Nᵀ) A = 0.
    """
    Xc = X - X.mean(axis=0)
    W = (np.linalg.pinv(Xc, rcond=1e-10) @ (Y - Y.mean(axis=0))).T
    _, s, Vt = np.linalg.svd(Xc)
    N = Vt[int((s > 1e-10 * s[0]).sum()) :].T
    penalized = N.T @ A
    size = float(np.linalg.norm(penalized, 2)) if penalized.size else 0.0
    # Absolute: a penalty of 1e-16 in these directions is none.
    if size > 1e-10:
        W = W - W @ A @ np.linalg.pinv(penalized, rcond=1e-10 / size) @ N.T
    if rank is not None and rank < min(W.shape):
        _, _, leading = np.linalg.svd(Xc @ W.T, full_matrices=False)
        W = leading[:rank].T @ (leading[:rank] @ W)
    return np.asarray(W)
