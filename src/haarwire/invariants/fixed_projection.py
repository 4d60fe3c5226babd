"""The projection of a second moment on the matrices that a group leaves fixed.

For a compact group given by generators g and Lie-algebra elements L, acting by M ↦ ρ M ρᵀ,

    H(M) = Σ_g (2M − g M gᵀ − g⁻¹ M g⁻ᵀ) − Σ_L δ_L(δ_L(M)),   δ_L(M) = L M + M Lᵀ,

vanishes exactly on the fixed matrices. For an orthogonal ρ it is positive semi-definite,
R^{n×n} = null H ⊕ range H, and the Haar average of M is its component in null H: the residual M − H(Z) of
the least-squares problem H(Z) ≈ M. Conjugate residuals find it with O(n³) work a step and never form the
n²×n² matrix. (Solving H(X) = H(M) instead is unstable: rounding errors of the right-hand side in null H
let X drift to a matrix that is fixed, too, and wrong.) A non-orthogonal ρ is made orthogonal by a change of
basis first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from haarwire._linalg import EPS
from haarwire._numbers import FloatArray
from haarwire.errors import ConvergenceError
from haarwire.groups._checks import MatrixLike
from haarwire.groups.element import Element
from haarwire.groups.elements import Matrix
from haarwire.groups.inner_product import derivation, image_and_form, in_basis, in_units

__all__ = ["check_converged", "fixed_projection", "largest_change"]

_ROUNDS: Final = 6
"""Restarts, each on what the last one left over: iterative refinement of the projection."""

_MAX_STEPS: Final = 2000
_PATIENCE: Final = 20
"""Steps without progress after which the conjugate residuals are only noise."""

_DIVERGED: Final = 1e3
_TINY: Final = float(np.finfo(np.float64).tiny)


def fixed_projection(
    generators: Sequence[Element], algebra: Sequence[MatrixLike], M: FloatArray, S: FloatArray | None = None
) -> tuple[FloatArray, float]:
    """Project M on the fixed matrices of M ↦ ρMρᵀ: for a compact group, ∫ ρ(g) M ρ(g)ᵀ dg.

    Parameters
    ----------
    generators, algebra : sequence
        As in `Representation`.
    M : ndarray, shape (n, n)
        Symmetric.
    S : ndarray, shape (n, n), optional
        A basis in which ρ is orthogonal. None: it is as it stands.

    Returns
    -------
    average : ndarray, shape (n, n)
        The projection.
    defect : float
        The `largest_change` of the average.
    """
    algebra = in_units(algebra)
    if S is None:
        average = _projected(generators, algebra, M)
        return average, largest_change(generators, algebra, average)
    inverse = np.linalg.inv(S)
    # Orthogonal to the last digit, so that H is symmetric.
    moved, tangents = in_basis(generators, algebra, S, inverse)
    average = S @ _projected(list(map(Matrix, moved)), tangents, inverse @ M @ inverse.T) @ S.T
    average = (average + average.T) / 2.0
    return average, largest_change(generators, algebra, average)


def check_converged(defect: float, name: str) -> None:
    """Raise when an average is not invariant to 1e-9."""
    # Not "defect > …": a NaN must not pass.
    if not defect <= 1e-9:
        raise ConvergenceError(
            f"the Haar average over {name} is invariant to {defect:.1e} only, 1e-9 is wanted",
            cause="generators very close to the identity, or a badly conditioned representation",
            remedy="give an infinitesimal generator as a Lie-algebra element: "
            "Representation(n, generators, algebra=(L,))",
        )


def _projected(generators: Sequence[Element], algebra: Sequence[MatrixLike], M: FloatArray) -> FloatArray:
    """The projection of a symmetric M for a representation that is orthogonal, up to rounding."""
    average, change = M, _change(generators, algebra, M)
    floor = 4.0 * M.shape[0] * EPS
    for _ in range(_ROUNDS):
        if change <= floor * np.linalg.norm(average):
            break
        candidate = _fixed_part(generators, algebra, average)
        # Not relative to the candidate, which may be nothing but noise; a NaN ends the refinement too.
        new_change = _change(generators, algebra, candidate)
        if not new_change < change:
            break
        average, change = candidate, new_change
    return average


def _fixed_part(generators: Sequence[Element], algebra: Sequence[MatrixLike], M: FloatArray) -> FloatArray:
    """The component of a symmetric M in null H, for a (nearly) orthogonal representation.

    It is the residual R = M − H(Z) of the least-squares problem H(Z) ≈ M. Conjugate residuals change R by
    multiples of images H(P) only, so its part in null H stays what it was, up to rounding; Z itself, which
    may drift, is not needed.
    """
    pairs = [(g, g.inverse()) for g in generators]
    R, best, least, since = M, M, np.inf, 0
    image, product = image_and_form(pairs, algebra, R)
    direction = image
    for _ in range(_MAX_STEPS):
        size = float(np.linalg.norm(image))
        best, least, since = (R, size, 0) if size < least else (best, least, since + 1)
        if size <= EPS * float(np.linalg.norm(R)) or since > _PATIENCE or size > _DIVERGED * least:
            break
        length = float(np.vdot(direction, direction))
        # Past convergence both are noise, and may underflow.
        if not (product > _TINY and length > _TINY):
            break
        R = R - product / length * direction
        R = (R + R.T) / 2.0
        previous = product
        image, product = image_and_form(pairs, algebra, R)
        direction = image + product / previous * direction
    return best


def largest_change(generators: Sequence[Element], algebra: Sequence[MatrixLike], M: FloatArray) -> float:
    """Largest ‖gMgᵀ − M‖_F and ‖δ_L(M)‖_F/max|L_ij| (within a factor of 2), in units of ‖M‖_F."""
    return _change(generators, in_units(algebra), M) / (float(np.linalg.norm(M)) or 1.0)


def _change(generators: Sequence[Element], algebra: Sequence[MatrixLike], M: FloatArray) -> float:
    """Largest ‖gMgᵀ − M‖_F and ‖δ_L(M)‖_F."""
    changes = [g.conjugate(M) - M for g in generators] + [derivation(L, M) for L in algebra]
    # Not Python's max(), which may pass over a NaN.
    return float(np.max([np.linalg.norm(c) for c in changes], initial=0.0))
