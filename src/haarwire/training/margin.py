"""Where two-layer leaky-ReLU networks end on separable data with a symmetry, under the three approaches.

The question is whether they converge to the invariant direction of largest margin. In general they do
not, and the reason has nothing to do with the symmetry. Once all units agree with the labels (w_j·x has the
sign of y, u_j·x the opposite one) all w_j are parallel, all u_j are, and the largest margin is that of two
vectors:

    min ‖w‖² + ‖u‖²  such that  (w − βu)·x ≥ 1 where y = 1,  −(βw − u)·x ≥ 1 where y = −1,

a hard-margin problem in 2n dimensions (`two_cluster_margin`). Its decision boundary is linear, but the
network has one effective direction for either class, w − βu and βw − u, and both are that of the largest
*linear* margin only where β = 1 or the data are symmetric under (x, y) ↦ (−x, −y). What the symmetry
does carries over: the problem is strictly convex, so its solution on the moved data is invariant, and
for orthogonal ρ it is the one that the hard-wired network has.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import ArrayLike

from haarwire._numbers import FloatArray
from haarwire.errors import ParameterError
from haarwire.groups import Representation
from haarwire.invariants import invariant_subspace, penalty_matrix
from haarwire.training.arguments import checked_whole
from haarwire.training.leaky import LeakyNetwork, train_leaky
from haarwire.training.separation import (
    invariant_max_margin,
    linear_teacher,
    max_margin,
    signed_samples,
    two_cluster_margin,
)

__all__ = [
    "ApproachMargin",
    "MarginResult",
    "invariant_max_margin",
    "linear_teacher",
    "margin_experiment",
    "max_margin",
    "two_cluster_margin",
]


@final
@dataclass(frozen=True)
class ApproachMargin:
    """Where one approach ended; angles in degrees.

    Attributes
    ----------
    angle_plus, angle_minus : float
        Between the network's mean gradient over either class and the invariant direction of largest
        linear margin.
    limit_plus, limit_minus : float
        Between the same and the two-cluster limit of the approach's own problem.
    relative_invariance_gap : float
        Relative part of both directions outside the invariant functionals (the larger of the two).
    agreement : float
        Share of (unit, sample) pairs in agreement with the labels; the limit assumes 1.
    accuracy : float
        On the training samples moved by the whole group.
    """

    angle_plus: float
    angle_minus: float
    limit_plus: float
    limit_minus: float
    relative_invariance_gap: float
    agreement: float
    accuracy: float


@final
@dataclass(frozen=True)
class MarginResult:
    """What `margin_experiment` found.

    Attributes
    ----------
    approaches : dict of str to ApproachMargin
        "plain", "augmented", "regularized" and "hardwired".
    limit_angles : tuple of float
        Degrees between the invariant two-cluster limit (for either class) and the invariant direction of
        largest linear margin: what no amount of training takes away.
    limit_agrees : bool
        Whether the units of that limit agree with the labels, w·x > 0 > u·x where y = 1 and the opposite
        where y = −1, as its derivation assumes.
    plain_angle : float
        Degrees between the linear machine on the data as is and the invariant one.
    """

    approaches: dict[str, ApproachMargin]
    limit_angles: tuple[float, float]
    limit_agrees: bool
    plain_angle: float


def margin_experiment(
    X: ArrayLike,
    y: ArrayLike,
    rep: Representation,
    *,
    slope: float = 0.2,
    width: int = 10,
    alpha: float = 1.0,
    steps: int = 4000,
    learning_rate: float = 0.3,
    scale: float = 1e-3,
    batch_size: int | None = None,
    seed: int = 0,
) -> MarginResult:
    """Train the same network plainly, augmented, regularized and hard-wired; measure where each ends.

    *Augmented*: on all |G|·N moved samples. *Regularized*: with alpha·tr(W R Wᵀ) on the first layer; for any
    alpha > 0 the invariant part outgrows the rest, as the loss decides its size and the loss vanishes.
    *Hard-wired*: on Qᵀx. All from the same seed.

    The answer, as measured: augmented, regularized and hard-wired networks converge to one and the same
    pair of directions, which is invariant. It is the invariant direction of largest *linear* margin where the
    slope is 1 or the data have the mirror symmetry (x, y) ↦ (−x, −y); elsewhere it is degrees off, by
    different angles on the two classes. Where the two-cluster solution agrees with the labels
    (``limit_agrees``) that is where the networks go; where it does not, some units keep to the wrong side
    of a few samples and the limit is another one, still the same for all three approaches. The plain
    network ends at the same kind of margin of the data as is, which is not invariant.

    Parameters
    ----------
    X : array_like, shape (N, n)
    y : array_like, shape (N,)
        ±1, separable by an invariant hyperplane through the origin.
    rep : Representation
        Of a finite group that is small enough to list.
    slope : float
        β in (0, 1].
    width : int
        Units of either sign.
    alpha : float
        Strength of the penalty.
    steps : int
        Of gradient descent on the mean logistic loss.
    learning_rate : float
        A step is so long, divided by the loss. The angle to the limit falls about as 1/(steps·learning_rate).
    scale : float
        Standard deviation of the initial entries, times √n.
    batch_size : int, optional
        Samples a step, drawn without replacement within an epoch. None: all.
    seed : int
        Of the initial layer and of the batches.

    Returns
    -------
    MarginResult

    Raises
    ------
    DataError
        When the data do not fit, or are not separable by an invariant hyperplane.
    ParameterError
        When an option is out of range.
    GroupTooLargeError
        When the group is infinite or too large to list.
    ConvergenceError
        When the weights overflow.
    """
    samples, labels = signed_samples(X, y, rep)
    _check_options(slope, alpha, learning_rate, scale)
    for name, count in (("width", width), ("steps", steps), ("batch_size", batch_size)):
        if count is not None or name != "batch_size":
            checked_whole(count, name)
    checked_whole(seed, "seed", 0)
    Q = invariant_subspace(rep).basis
    best = invariant_max_margin(samples, labels, rep)
    elements = [g.to_dense() for g in rep.elements()]
    moved, moved_labels = np.concatenate([samples @ g.T for g in elements]), np.tile(labels, len(elements))
    coordinates = samples @ Q
    limits = {
        "plain": two_cluster_margin(samples, labels, slope),
        "augmented": two_cluster_margin(moved, moved_labels, slope),
    }
    w, u = two_cluster_margin(coordinates, labels, slope)
    limits["regularized"] = limits["hardwired"] = (Q @ w, Q @ u)
    R = penalty_matrix(rep, "generators")

    def train(x: FloatArray, t: FloatArray, penalty: FloatArray | None = None) -> LeakyNetwork:
        return train_leaky(
            x,
            t,
            width=width,
            slope=slope,
            steps=steps,
            learning_rate=learning_rate,
            scale=scale,
            rng=np.random.default_rng(seed),
            penalty=penalty,
            batch_size=batch_size,
        )

    small = train(coordinates, labels)
    networks = {
        "plain": train(samples, labels),
        "augmented": train(moved, moved_labels),
        "regularized": train(samples, labels, alpha * R),
        "hardwired": LeakyNetwork(small.plus @ Q.T, small.minus @ Q.T, slope),
    }
    approaches = {}
    for name, network in networks.items():
        seen, truth = (moved, moved_labels) if name == "augmented" else (samples, labels)
        gradients = network.gradient(seen)
        plus, minus = gradients[truth > 0].sum(axis=0), gradients[truth < 0].sum(axis=0)
        w, u = limits[name]
        approaches[name] = ApproachMargin(
            angle_plus=_angle(plus, best),
            angle_minus=_angle(minus, best),
            limit_plus=_angle(plus, w - slope * u),
            limit_minus=_angle(minus, slope * w - u),
            relative_invariance_gap=max(_outside(plus, Q), _outside(minus, Q)),
            agreement=network.agreement(seen, truth),
            accuracy=float(np.mean(network.output(moved) * moved_labels > 0)),
        )
    w, u = limits["hardwired"]
    return MarginResult(
        approaches=approaches,
        limit_angles=(_angle(w - slope * u, best), _angle(slope * w - u, best)),
        limit_agrees=bool((samples @ w * labels > 0).all() and (samples @ u * labels < 0).all()),
        plain_angle=_angle(max_margin(samples, labels), best),
    )


def _check_options(slope: float, alpha: float, learning_rate: float, scale: float) -> None:
    if not 0 < slope <= 1 or not all(0 < value < np.inf for value in (alpha, learning_rate, scale)):
        raise ParameterError(
            f"slope must be in (0, 1], alpha, learning_rate and scale above 0; got {slope!r}, {alpha!r}, "
            f"{learning_rate!r} and {scale!r}",
            cause="a plain ReLU (slope 0), whose units can die, or no penalty",
            remedy="use the defaults, or for example slope=0.2, alpha=1.0",
        )


def _angle(a: FloatArray, b: FloatArray) -> float:
    """Degrees between two vectors, accurate for small angles; 90 where one is zero."""
    sizes = np.linalg.norm(a), np.linalg.norm(b)
    if min(sizes) == 0:
        return 90.0
    a, b = a / sizes[0], b / sizes[1]
    return float(np.degrees(2.0 * np.arctan2(np.linalg.norm(a - b), np.linalg.norm(a + b))))


def _outside(a: FloatArray, Q: FloatArray) -> float:
    size = float(np.linalg.norm(a))
    return float(np.linalg.norm(a - Q @ (Q.T @ a))) / size if size > 0 else 0.0
