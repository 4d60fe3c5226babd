"""Hard margins: the linear machine, the invariant one, and that of two clusters of leaky-ReLU units."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from haarwire._numbers import FloatArray
from haarwire.errors import DataError, ParameterError
from haarwire.groups import Representation
from haarwire.invariants import invariant_subspace
from haarwire.training.arguments import checked_whole

__all__ = ["invariant_max_margin", "linear_teacher", "max_margin", "signed_samples", "two_cluster_margin"]


def max_margin(X: ArrayLike, y: ArrayLike) -> FloatArray:
    """The vector of least norm with y_i w·x_i ≥ 1: the hard-margin machine through the origin.

    Least-distance programming: with E = [diag(y)X, 1]ᵀ and v ≥ 0 minimizing ‖Ev − e_{n+1}‖, the residual
    r = Ev − e_{n+1} gives w = −r_{1…n}/r_{n+1}; r = 0 where the data are not separable.

    Parameters
    ----------
    X : array_like, shape (N, n)
    y : array_like, shape (N,)
        ±1.

    Returns
    -------
    ndarray, shape (n,)
        w; the margin is 1/‖w‖.

    Raises
    ------
    DataError
        When no hyperplane through the origin separates the data, or labels are not ±1.

    References
    ----------
    Lawson and Hanson 1974, Solving Least Squares Problems, chapter 23.
    """
    samples, labels = signed_samples(X, y)
    return _least_norm(samples * labels[:, None])


def _least_norm(G: FloatArray) -> FloatArray:
    """The w of least norm with Gw ≥ 1."""
    from scipy.optimize import nnls

    scale = float(np.linalg.norm(G, axis=1).max(initial=0.0)) or 1.0
    E = np.concatenate([G.T / scale, np.ones((1, len(G)))])
    goal = np.zeros(len(E))
    goal[-1] = 1.0
    v, size = nnls(E, goal, maxiter=50 * max(E.shape))
    r = E @ v - goal
    if size < 1e-7:
        raise DataError(
            "no hyperplane through the origin separates the two classes",
            cause="overlapping classes, or classes that only a part outside the invariant functionals tells "
            "apart: moved samples of either class then mix",
            remedy="use separable data, such as linear_teacher(rep, …), or a smaller symmetry",
        )
    return np.asarray(-r[:-1] / (r[-1] * scale))


def invariant_max_margin(X: ArrayLike, y: ArrayLike, rep: Representation) -> FloatArray:
    """The invariant w of least norm with y_i w·x_i ≥ 1: `max_margin` in the coordinates Qᵀx.

    For an orthogonal ρ it is the machine on the data moved by the whole group, too: that one is unique, so
    the group leaves it fixed, and w·ρ(g)x = w·x.

    Parameters
    ----------
    X : array_like, shape (N, n)
    y : array_like, shape (N,)
        ±1.
    rep : Representation
        Acting on R^n.

    Returns
    -------
    ndarray, shape (n,)

    Raises
    ------
    DataError
        When sizes do not match, labels are not ±1, or no invariant hyperplane through the origin separates
        the data.

    References
    ----------
    Chen and Zhu 2023, arXiv 2303.04198.
    """
    samples, labels = signed_samples(X, y, rep)
    Q = invariant_subspace(rep).basis
    return np.asarray(Q @ _least_norm((samples @ Q) * labels[:, None]))


def two_cluster_margin(X: ArrayLike, y: ArrayLike, slope: float) -> tuple[FloatArray, FloatArray]:
    """The (w, u) of largest margin among leaky-ReLU networks whose units agree with the labels.

    min ‖w‖² + ‖u‖² such that (w − βu)·x ≥ 1 where y = 1, −(βw − u)·x ≥ 1 where y = −1.

    Parameters
    ----------
    X : array_like, shape (N, n)
    y : array_like, shape (N,)
        ±1.
    slope : float
        β in (0, 1].

    Returns
    -------
    w, u : ndarray, shape (n,)
        The network is φ(w·x) − φ(u·x); its directions are w − βu on one class and βw − u on the other.

    Raises
    ------
    DataError
        As `max_margin` does.

    References
    ----------
    The two clusters: Sarussi, Brutzkus and Globerson 2021, arXiv 2101.02533.
    """
    samples, labels = signed_samples(X, y)
    up = labels[:, None] > 0
    G = np.concatenate(
        [np.where(up, samples, -slope * samples), np.where(up, -slope * samples, samples)], axis=1
    )
    w, u = np.split(_least_norm(G), 2)
    return w, u


def linear_teacher(
    rep: Representation,
    n_samples: int,
    rng: np.random.Generator | int,
    *,
    margin: float = 0.3,
    is_symmetric: bool = False,
) -> tuple[FloatArray, FloatArray]:
    """Gaussian inputs with the labels y = sign(w·x) of a random invariant w, |w·x| ≥ margin·‖w‖.

    Parameters
    ----------
    rep : Representation
        With at least one invariant functional.
    n_samples : int
        N.
    rng : numpy.random.Generator or int
        Source of randomness, or a seed for one.
    margin : float
        Samples nearer to the boundary are drawn again.
    is_symmetric : bool
        Whether to give every sample (x, y) its mirror image (−x, −y): N is rounded up to an even number.

    Returns
    -------
    X : ndarray, shape (N, n)
    y : ndarray, shape (N,)

    Raises
    ------
    ParameterError
        When there is no invariant functional, no room for such a margin, or n_samples is no count.
    """
    count = checked_whole(n_samples, "n_samples")
    generator = np.random.default_rng(rng)
    Q = invariant_subspace(rep).basis
    if Q.shape[1] == 0 or not 0 <= margin <= 2:
        raise ParameterError(
            f"no invariant teacher with margin {margin!r} in {Q.shape[1]} invariant dimensions",
            cause="a symmetry that leaves no functional fixed, or a margin few Gaussian samples have",
            remedy="use another symmetry, and a margin between 0 and 2",
        )
    w = Q @ generator.standard_normal(Q.shape[1])
    w /= np.linalg.norm(w)
    wanted = -(-count // 2) if is_symmetric else count
    found = np.zeros((0, rep.dim))
    while len(found) < wanted:
        X = generator.standard_normal((max(4 * wanted, 64), rep.dim))
        found = np.concatenate([found, X[np.abs(X @ w) >= margin]])
    X = found[:wanted]
    if is_symmetric:
        X = np.concatenate([X, -X])
    return X, np.sign(X @ w)


def signed_samples(
    X: ArrayLike, y: ArrayLike, rep: Representation | None = None
) -> tuple[FloatArray, FloatArray]:
    """Return samples and labels as arrays, or raise DataError unless they fit and the labels are ±1."""
    samples, labels = np.asarray(X, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if samples.ndim != 2 or labels.shape != samples.shape[:1] or len(samples) == 0:
        raise DataError(
            f"samples of shape {samples.shape} and labels of shape {labels.shape} do not fit",
            cause="one-hot labels, or no samples",
            remedy="give X of shape (N, n) and y of shape (N,)",
        )
    if not np.isfinite(samples).all() or not (np.abs(labels) == 1.0).all():
        raise DataError(
            "samples must be finite and labels 1 or −1",
            cause="labels 0 and 1, or missing values",
            remedy="use 2*y − 1 for labels 0 and 1",
        )
    if rep is not None and samples.shape[1] != rep.dim:
        raise DataError(
            f"the data have {samples.shape[1]} features, {rep.label} acts on {rep.dim} coordinates",
            cause="a symmetry built for data of another size",
            remedy="build the representation for your number of features",
        )
    return samples, labels
