"""`check_critical`: what kind of critical point the layers of a deep linear network are at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, Literal, TypeAlias, final

import numpy as np
from numpy.typing import ArrayLike

from haarwire._numbers import FloatArray, is_real
from haarwire.errors import ConvergenceError, ParameterError
from haarwire.landscape.families import families_of
from haarwire.landscape.network import Network
from haarwire.solve import Modes, Quadratic, reduced_rank
from haarwire.solve.reduced_rank import Whitened, whitened

__all__ = ["Criticality", "check_critical"]

Inertia: TypeAlias = tuple[int | None, int | None, int | None]
Kind: TypeAlias = Literal["minimum", "strict saddle", "non-strict saddle", "not critical"]

_DENSE: Final = 400
"""Up to so many parameters the whole Hessian is diagonalised."""


@final
@dataclass(frozen=True)
class Criticality:
    """What `check_critical` found.

    Attributes
    ----------
    kind : {"minimum", "strict saddle", "non-strict saddle", "not critical"}
        A strict saddle has a negative Hessian eigenvalue; a non-strict one has none, yet is no minimum.
    loss : float
        J at the layers.
    optimal_loss : float
        The least J that networks of these widths reach.
    gradient_norm : float
        ‖∇J‖ in the layers' parameters, relative to the size of its terms (see `check_critical`).
    is_critical : bool
        Whether gradient_norm ≤ tol.
    lowest_eigenvalue : float
        Of the Hessian of J in the layers, the inputs whitened: with W_1 C^{1/2} for W_1.
    n_negative, n_zero, n_positive : int or None
        Inertia of the Hessian, the same in all coordinates. None for what the lowest eigenvalue alone does
        not tell (more than 400 parameters).
    """

    kind: Kind
    loss: float
    optimal_loss: float
    gradient_norm: float
    is_critical: bool
    lowest_eigenvalue: float
    n_negative: int | None
    n_zero: int | None
    n_positive: int | None


def check_critical(weights: Sequence[ArrayLike], problem: Quadratic, *, tol: float = 1e-9) -> Criticality:
    """Gradient, Hessian inertia and kind of the loss J(W_L ⋯ W_1) at given layers.

    *Two layers of hidden width h.* At the zero-padded lift of W_S, s = |S| ≤ h, for an m×k problem with q
    distinct modes whose gram has nullity ν, the Hessian splits into blocks of one or two entries of the
    layers, in the bases u_i, v_i: σ_i ± σ_j for i ∈ S, j ∉ S; ±σ_j for each idle unit and j ∉ S; a
    square and a zero for i, i' ∈ S. Hence

        negative   inversions(S) + (h − s)(q − s)
        zero       s² + (h − s)(2s + m + (k − ν) − 2q) + hν

    and all others positive: the s² are the symmetry GL(s) of the factorisation, what idle units add is
    their freedom where the residual vanishes, and hν are the inputs without data. Ties add the
    dimension of the family to the zeros.

    *Three layers and more.* An idle unit needs all L layers to do anything, a term of order L ≥ 3: it
    adds zeros only. So the lift of S = {the s largest} with s < q and idle units in all layers has no
    negative eigenvalue and is no minimum: a non-strict saddle (as is W = 0, of Hessian 0).

    *How the kind is decided.* Where there is a negative eigenvalue: a strict saddle. Otherwise by the loss:
    every local minimum of these networks is a global one, so a critical point above the optimum of the
    rank-bounded problem is a saddle. This holds for the squared loss with any bottleneck (Trager, Kohn
    and Bruna 2020; the gram need not be regular, as J is the squared distance in whitened inputs). The
    loss at an exact critical point is tr(T) − Σ_{i∈S} σ_i² for some S, |S| ≤ the least width, so
    it counts as optimal when it is nearer to the optimum than to the next such value.

    Parameters
    ----------
    weights : sequence of array_like
        W_1 (h_1×k), …, W_L (m×h_{L−1}), such as `factor` gives or a training run ends with.
    problem : Quadratic
        In whose coordinates the layers act: ``points.problem``, or ``approach.problem(moments, rep)``.
    tol : float
        The gradient counts as zero up to tol relative to 2(‖B‖ + ‖PC‖)·(Σ_l ‖A_l‖²‖B_l‖²)^{1/2}, the
        size of its terms (with balanced layers of the optimum where those are larger, so that tiny
        layers are near the critical point 0). A curvature, with whitened inputs, counts as zero up to
        tol times the largest (or what balanced layers of the optimum have, 2σ_1^{2−2/L}).

    Returns
    -------
    Criticality

    Raises
    ------
    ParameterError
        When the layers do not fit each other or the problem, or tol is not in (0, 1).
    ConvergenceError
        When the lowest eigenvalue of more than 400 parameters is not found.

    References
    ----------
    Kawaguchi 2016, arXiv 1605.07110; Trager, Kohn and Bruna 2020, arXiv 1910.01671; Achour, Malgouyres
    and Gerchinovitz 2021, arXiv 2107.13289. The counts of zeros are Haarwire's.
    """
    if not isinstance(problem, Quadratic):
        raise ParameterError(
            f"problem must be a Quadratic, got a {type(problem).__name__}",
            cause="critical points, moments or an approach in place of the problem",
            remedy="give points.problem, or approach.problem(moments, rep)",
        )
    layers = _checked_layers(weights, problem)
    if not is_real(tol) or not 0 < tol < 1:
        raise ParameterError(
            f"tol must be a number between 0 and 1, got {tol!r}",
            cause="an absolute tolerance, or none",
            remedy="use the default, or for example tol=1e-6 for layers from a training run",
        )
    network = Network(layers, problem.gram, problem.cross)
    bottleneck = min(*problem.cross.shape, *(W.shape[0] for W in layers))
    white = whitened(problem)
    modes = reduced_rank(problem, white)
    optimal, above = _optimum(modes, bottleneck)
    exponent = 1.0 - 1.0 / len(layers)
    size = _spectral_norm(modes.coef(slice(min(bottleneck, modes.n_modes))))
    gradient_norm = _relative_gradient(network, problem, size**exponent)
    # A change of variables keeps the inertia, and whitened inputs have curvatures of one magnitude, where
    # those of real data reach over ten: none would be told from zero, and Lanczos would not converge.
    idle = layers[0].shape[0] * (problem.gram.shape[0] - modes.n_inputs)
    floor = 2.0 * float(modes.singular_values.max(initial=0.0)) ** (2.0 * exponent)
    lowest, inertia = _inertia(_whitened(layers, white), tol, floor, idle)
    loss = problem.loss(network.product)
    kind: Kind
    if not gradient_norm <= tol:
        kind = "not critical"
    elif inertia[0] != 0:
        kind = "strict saddle"
    else:
        kind = "minimum" if loss - optimal <= above / 2.0 else "non-strict saddle"
    return Criticality(kind, loss, optimal, gradient_norm, gradient_norm <= tol, lowest, *inertia)


def _checked_layers(weights: Sequence[ArrayLike], problem: Quadratic) -> list[FloatArray]:
    layers: list[FloatArray] = [np.asarray(W, dtype=np.float64) for W in weights]
    m, k = problem.cross.shape
    shapes = [W.shape for W in layers]
    fits = bool(layers) and all(len(shape) == 2 and min(shape) > 0 for shape in shapes)
    if not fits or not (
        shapes[0][1] == k and shapes[-1][0] == m and all(a[0] == b[1] for a, b in pairwise(shapes))
    ):
        raise ParameterError(
            f"layers of shapes {shapes} do not make a map from {k} inputs to {m} outputs",
            cause="layers in the order of the product W_L ⋯ W_1 rather than of the data, transposed "
            "ones, or layers for another problem (a hard-wired one acts on the invariant coordinates)",
            remedy=f"give W_1 of shape (h_1, {k}) first and W_L of shape ({m}, h) last",
        )
    if not all(np.isfinite(W).all() for W in layers):
        raise ParameterError(
            "the layers contain missing or infinite values",
            cause="a diverged training run",
            remedy="train with a smaller step, and check an earlier state",
        )
    return layers


def _optimum(modes: Modes, rank: int) -> tuple[float, float]:
    """The optimal loss, and how much higher the next critical value is (∞ where there is none)."""
    families = families_of(modes, rank)
    kept, gains = families.kept, families.gains
    if kept == 0:
        return modes.loss(slice(0)), np.inf
    following = families.ends[kept - 1]
    lost = gains[following] if following < families.n_modes else 0.0
    return modes.loss(slice(kept)), float(gains[kept - 1] - lost)


def _spectral_norm(A: FloatArray) -> float:
    return float(np.linalg.norm(A, 2)) if A.size else 0.0


def _relative_gradient(network: Network, problem: Quadratic, balanced: float) -> float:
    gradient = float(np.sqrt(sum((g**2).sum() for g in network.gradient())))
    pairs = zip(network.above, network.below, strict=True)
    around = float(np.sqrt(sum((_spectral_norm(A) * _spectral_norm(B)) ** 2 for A, B in pairs)))
    terms = float(np.linalg.norm(problem.cross) + np.linalg.norm(network.product @ problem.gram))
    scale = 2.0 * terms * max(around, balanced)
    return gradient / scale if scale > 0 else gradient


def _whitened(layers: list[FloatArray], white: Whitened) -> Network:
    """The same network on inputs of covariance I: W_1 F⁺ᵀ for W_1, where C⁺ = F Fᵀ and so C F = F⁺ᵀ."""
    Q, R = np.linalg.qr(white.whitener.factor)
    first = layers[0] @ np.linalg.solve(R, Q.T).T
    return Network([first, *layers[1:]], np.eye(white.whitener.rank), white.cross)


def _inertia(network: Network, tol: float, floor: float, idle: int) -> tuple[float, Inertia]:
    """The lowest eigenvalue of the Hessian and its inertia, as far as known.

    `idle` more parameters see inputs without data and change nothing.
    """
    n = network.n_parameters
    if n <= _DENSE:
        values = np.linalg.eigvalsh(network.hessian())
        cut = tol * max(float(np.abs(values).max(initial=0.0)), floor)
        negative, positive = int((values < -cut).sum()), int((values > cut).sum())
        lowest = float(values.min(initial=0.0 if idle else np.inf))
        return lowest, (negative, n + idle - negative - positive, positive)
    largest, lowest = _extreme_eigenvalues(network)
    cut = tol * max(largest, floor)
    if lowest < -cut:
        return lowest, (None, None, None)
    return lowest, (0, None, None) if lowest <= cut else (0, idle, n)


def _extreme_eigenvalues(network: Network) -> tuple[float, float]:
    """The largest magnitude of an eigenvalue of the Hessian, and the lowest eigenvalue, by Lanczos."""
    from scipy.sparse.linalg import ArpackError, LinearOperator, eigsh

    n = network.n_parameters
    start = np.random.default_rng(0).standard_normal(n)
    if not network.hessian_product(start).any():
        return 0.0, 0.0

    def operator(product: Any) -> Any:
        return LinearOperator((n, n), matvec=product, dtype=np.float64)

    try:
        H = operator(network.hessian_product)
        (edge,) = eigsh(H, k=1, which="LM", v0=start, tol=1e-3, return_eigenvectors=False)
        # Lanczos measures errors relative to the eigenvalue: the lowest one, often 0, is moved to the top.
        shift = 1.1 * abs(float(edge))
        flipped = operator(lambda v: shift * v - network.hessian_product(v))
        (top,) = eigsh(flipped, k=1, which="LA", v0=start, tol=1e-10, ncv=40, return_eigenvectors=False)
    except ArpackError as error:
        raise ConvergenceError(
            f"the lowest Hessian eigenvalue of {n} parameters was not found: {error}",
            cause="a very ill-conditioned gram: many curvatures next to zero",
            remedy="add a ridge, or hard-wire the symmetry to have fewer inputs",
        ) from error
    return abs(float(edge)), shift - float(top)
