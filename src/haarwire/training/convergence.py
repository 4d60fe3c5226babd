"""How fast gradient descent converges at the global optimum, and what each approach does to that.

Near a minimum gradient descent with step η contracts the error along an eigenvector of the Hessian of J
by 1 − ηλ: with λ between ℓ and L_max the best constant step is 2/(ℓ + L_max), for a factor
(κ − 1)/(κ + 1) a step, κ = L_max/ℓ. Zero eigenvalues belong to directions in which nothing changes
(the symmetry of a factorization, inputs without data) and do not count.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, final

import numpy as np

from haarwire._numbers import FloatArray, is_integer
from haarwire.errors import DataError, ParameterError
from haarwire.groups import Representation
from haarwire.landscape.network import Network
from haarwire.moments import Moments
from haarwire.solve import Approach, Augmented, Hardwired, Modes, Plain, Quadratic, Regularized, reduced_rank
from haarwire.solve.reduced_rank import whitened
from haarwire.training.modes import checked_depth

__all__ = ["Conditioning", "ConvergenceRate", "Spectrum", "conditioning", "convergence_rate"]


_DENSE: Final = 6000
"""Hessians up to this size are diagonalized."""


@final
@dataclass(frozen=True)
class Spectrum:
    """The ends of the non-zero spectrum of a Hessian of J, and what gradient descent makes of it.

    Attributes
    ----------
    smallest, largest : float
        λ, in the units of J.
    """

    smallest: float
    largest: float

    @property
    def condition(self) -> float:
        """κ, largest over smallest."""
        return self.largest / self.smallest

    @property
    def learning_rate(self) -> float:
        """2/(smallest + largest), the best constant one on J (twice that on ½J)."""
        return 2.0 / (self.smallest + self.largest)

    @property
    def contraction(self) -> float:
        """(κ − 1)/(κ + 1): the factor of the error a step; the excess loss falls by its square.

        Under gradient flow the error falls as exp(−smallest·t).
        """
        return (self.largest - self.smallest) / (self.largest + self.smallest)


@final
@dataclass(frozen=True)
class ConvergenceRate:
    """Local convergence at the global optimum of one problem.

    Attributes
    ----------
    variety : Spectrum
        For Riemannian gradient descent on the matrices of rank r (metric ⟨D, D⟩ = ‖D‖²_F).
    layers : Spectrum
        For gradient descent on L balanced layers, near those of the optimum.
    rank : int
        r, less than the bound where the data support no more.
    depth : int
        L.
    """

    variety: Spectrum
    layers: Spectrum
    rank: int
    depth: int


def convergence_rate(problem: Quadratic, rank: int | None = None, depth: int = 2) -> ConvergenceRate:
    """Ends of the Hessian spectrum of J at W_r, as a map and as balanced layers.

    *On the variety.* A tangent vector is D = UY + U_⊥XVᵀ, with W_r = U diag(w) Vᵀ; along a curve
    that stays on the variety

        J̈ = 2 tr(Y C Yᵀ) + 2 tr(X VᵀCV Xᵀ) − 4 ⟨U_⊥ᵀB V_⊥V_⊥ᵀ, X diag(1/w) Y⟩.

    Where C = I its eigenvalues are 2(1 ± σ_j/σ_i), i ≤ r < j, and 2: the gap σ_r > σ_{r+1} is what
    conditions the problem. At full rank r = q = m it is 2C alone.

    *In layers.* The Hessian of J at W_1 = w^{1/L}Vᵀ, …, W_L = U w^{1/L}, hidden widths r. The
    (L − 1)r² directions of GL(r)^{L−1}, which change the factors and not the product, are left out.
    Training from a small start ends near balanced layers; from others it has another rate.

    Inputs without data (the null space of C) are left out in both.

    Parameters
    ----------
    problem : Quadratic
        C (k×k) and B (m×k).
    rank : int, optional
        Bound r; None, or more than the q modes there are: r = q. (Idle hidden units have no curvature at
        all where r = q, and converge more slowly than any linear rate.)
    depth : int
        L ≥ 1; one layer is W itself, unbounded in rank, and the Hessian 2C.

    Returns
    -------
    ConvergenceRate

    Raises
    ------
    ParameterError
        When rank or depth is out of range, there are more than 6000 parameters, or σ_r = σ_{r+1}: the
        optimum is then not isolated.
    DataError
        When the inputs explain nothing.

    References
    ----------
    The Hessian on the variety: Helmke and Shayman 1995 in whitened inputs (theory, section 4); here it is
    in the Euclidean metric of the inputs as they are.
    """
    L = checked_depth(depth)
    white = whitened(problem)
    modes = reduced_rank(problem, white)
    r = _checked_rank(rank, modes)
    span = np.linalg.qr(white.whitener.factor)[0]
    C, B = span.T @ problem.gram @ span, problem.cross @ span
    W = (modes.left[:, :r] * modes.singular_values[:r]) @ modes.right[:r] @ span
    m, k = B.shape
    if L == 1:
        values = 2.0 * np.linalg.eigvalsh(C)
        plain = Spectrum(float(values[0]), float(values[-1]))
        return ConvergenceRate(plain, plain, min(m, k), 1)
    n = r * (m + k) + (L - 2) * r * r
    if n > _DENSE:
        raise ParameterError(
            f"the Hessian of {n} parameters is too large to diagonalize (the limit is {_DENSE})",
            cause=f"{k} inputs at rank {r}",
            remedy="take a smaller rank, hard-wire the symmetry, or reduce the inputs first",
        )
    U, w, Vt = np.linalg.svd(W)
    U, rest, w, V, beyond = U[:, :r], U[:, r:], w[:r], Vt[:r].T, Vt[r:].T
    on_variety = np.linalg.eigvalsh(_variety_hessian(C, rest.T @ B @ beyond @ beyond.T, w, V))
    share = w ** (1.0 / L)
    layers = [share[:, None] * V.T, *(np.diag(share) for _ in range(L - 2)), U * share]
    in_layers = np.linalg.eigvalsh(Network(layers, C, B).hessian())
    idle = (L - 1) * r * r
    # At a minimum the zero eigenvalues are the lowest.
    return ConvergenceRate(
        Spectrum(float(on_variety[0]), float(on_variety[-1])),
        Spectrum(float(in_layers[idle]), float(in_layers[-1])),
        r,
        L,
    )


def _variety_hessian(C: FloatArray, residual: FloatArray, w: FloatArray, V: FloatArray) -> FloatArray:
    """Matrix of J̈ in the entries of Y (r×k), then X ((m − r)×r); `residual` is U_⊥ᵀB V_⊥V_⊥ᵀ."""
    r, k = w.size, C.shape[0]
    s = residual.shape[0]
    H = np.zeros((r * k + s * r, r * k + s * r))
    H[: r * k, : r * k] = np.kron(np.eye(r), 2.0 * C)
    H[r * k :, r * k :] = np.kron(np.eye(s), 2.0 * V.T @ C @ V)
    for a in range(r):
        rows = r * k + a + r * np.arange(s)
        columns = np.arange(a * k, (a + 1) * k)
        block = -2.0 / w[a] * residual
        H[np.ix_(rows, columns)] = block
        H[np.ix_(columns, rows)] = block.T
    return H


def _checked_rank(rank: int | None, modes: Modes) -> int:
    if modes.n_modes == 0:
        raise DataError(
            "the inputs explain nothing of the targets: there is no optimum to converge to but 0",
            cause="constant or unrelated targets, or no invariant functional",
            remedy="check the targets and the symmetry",
        )
    r = modes.n_modes if rank is None else rank
    if not is_integer(r, 1):
        raise ParameterError(
            f"rank must be an integer ≥ 1, got {rank!r}",
            cause="a network without hidden units",
            remedy="give the width of the bottleneck, or rank=None",
        )
    if r < modes.n_modes and modes.is_tied(int(r) - 1, int(r)):
        raise ParameterError(
            f"the singular values {r} and {r + 1} are equal: the optimum at rank {r} is not isolated",
            cause="a tie, as symmetric data have",
            remedy="choose another rank",
        )
    return min(int(r), modes.n_modes)


@final
@dataclass(frozen=True, eq=False)
class Conditioning:
    """Condition numbers κ of gradient descent on balanced layers at each approach's optimum.

    Attributes
    ----------
    alphas : ndarray, shape (A,)
        Strengths of the penalty.
    regularized : ndarray, shape (A,)
        κ at each of them.
    plain, hardwired, augmented : float
        κ of the others, which no alpha enters.
    """

    alphas: FloatArray
    regularized: FloatArray
    plain: float
    hardwired: float
    augmented: float


def conditioning(
    moments: Moments,
    rep: Representation,
    alphas: Sequence[float],
    rank: int | None = None,
    depth: int = 2,
    *,
    ridge: float = 0.0,
) -> Conditioning:
    """How regularization worsens the conditioning of training, while augmentation does not.

    λ_max(C₀ + αR) grows as α λ_max(R) while the invariant directions keep their curvature: κ ∝ α for
    large α, and the invariance gap ∝ 1/α. So a gap of δ costs in the order of 1/δ steps. (A small α can
    improve κ: it adds curvature in directions with little data.) No α enters the other two. For one
    layer, an orthogonal ρ and data of mean zero, κ(hard-wired) ≤ κ(augmented) ≤ κ(plain) by interlacing
    and convexity; with more layers the modes of the optimum enter, and neither inequality is a law.

    Parameters
    ----------
    moments, rep
        Data and symmetry.
    alphas : sequence of float
        Finite strengths ≥ 0.
    rank, depth
        As for `convergence_rate`.
    ridge : float
        Ordinary ridge of all approaches.

    Returns
    -------
    Conditioning

    Raises
    ------
    ParameterError, DataError, NotCompactError
        As `convergence_rate` and the approaches do.
    """
    strengths = np.asarray(alphas, dtype=np.float64)
    if strengths.ndim != 1 or not np.isfinite(strengths).all():
        raise ParameterError(
            f"alphas must be a list of finite numbers, got {alphas!r}",
            cause="a single strength, or infinity, which is the hard-wired problem",
            remedy="give for example np.geomspace(1e-2, 1e4, 13)",
        )

    def condition(approach: Approach) -> float:
        problem = approach.problem(moments, rep, ridge=ridge)
        return convergence_rate(problem, rank, depth).layers.condition

    return Conditioning(
        alphas=strengths,
        regularized=np.array([condition(Regularized(float(alpha))) for alpha in strengths]),
        plain=condition(Plain()),
        hardwired=condition(Hardwired()),
        augmented=condition(Augmented()),
    )
