"""The projection of a second moment on the matrices that a group leaves fixed, and compactness.

For a group given by generators g and Lie-algebra elements L acting on matrices by M ↦ ρ M ρᵀ,

    H(M) = Σ_g (2M − g M gᵀ − g⁻¹ M g⁻ᵀ) − Σ_L δ_L(δ_L(M)),   δ_L(M) = L M + M Lᵀ,

vanishes exactly on the fixed matrices. When the group is compact, H is similar to a positive
semi-definite operator (equal to one when ρ is orthogonal), R^{n×n} = null H ⊕ range H, and the Haar
average of M is its component in null H: M − X with X ∈ range H and H X = H M. A Krylov method started
from zero stays in range H, so it finds that X with O(n³) work a step and never forms the n²×n² matrix.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from haarwire._linalg import default_tolerance
from haarwire.errors import ConvergenceError
from haarwire.groups._checks import MatrixLike
from haarwire.groups.elements import Element

__all__ = ["check_converged", "fixed_projection", "has_invariant_inner_product"]

FloatArray: TypeAlias = NDArray[np.floating[Any]]

_ROUNDS: Final = 6
"""Restarts, each on what the last one left over: iterative refinement of the projection."""


def _derivation(L: MatrixLike, M: FloatArray) -> FloatArray:
    return np.asarray(L @ M + (L @ M.T).T)


def _defect(generators: Sequence[Element], algebra: Sequence[MatrixLike], M: FloatArray) -> float:
    """Max ‖g M gᵀ − M‖ and ‖δ_L M‖ over generators, in units of ‖M‖_F."""
    changes = [g.conjugate(M) - M for g in generators] + [_derivation(L, M) for L in algebra]
    norm = float(np.linalg.norm(M))
    return max((float(np.linalg.norm(c)) for c in changes), default=0.0) / (norm or 1.0)


def fixed_projection(
    generators: Sequence[Element],
    algebra: Sequence[MatrixLike],
    M: FloatArray,
    *,
    orthogonal: bool,
) -> tuple[FloatArray, float]:
    """Project M (n×n, symmetric) on the fixed matrices of M ↦ ρMρᵀ, along the range of H.

    Returns the projection and its defect: the largest relative change under a generator.
    """
    from scipy.sparse.linalg import LinearOperator, cg, gmres

    n = M.shape[0]
    inverses = [g.inverse() for g in generators]

    def casimir(flat: FloatArray) -> FloatArray:
        X = flat.reshape(n, n)
        total = np.zeros((n, n))
        for g, g_inverse in zip(generators, inverses, strict=True):
            total += 2.0 * X - g.conjugate(X) - g_inverse.conjugate(X)
        for L in algebra:
            total -= _derivation(L, _derivation(L, X))
        return total.ravel()

    operator = LinearOperator((n * n, n * n), matvec=casimir, dtype=np.float64)
    average, defect = M, _defect(generators, algebra, M)
    floor = 4.0 * default_tolerance(n)
    for _ in range(_ROUNDS):
        if defect <= floor:
            break
        b = casimir(average.ravel())
        if orthogonal:
            x, _info = cg(operator, b, rtol=1e-14, maxiter=2000)
        else:
            x, _info = gmres(operator, b, rtol=1e-13, restart=40, maxiter=25)
        candidate = average - x.reshape(n, n)
        candidate = (candidate + candidate.T) / 2.0
        new_defect = _defect(generators, algebra, candidate)
        if not np.isfinite(new_defect) or new_defect >= defect:
            break
        average, defect = candidate, new_defect
    return average, defect


def has_invariant_inner_product(
    generators: Sequence[Element], algebra: Sequence[MatrixLike], dim: int
) -> bool:
    """Whether a positive-definite A has ρAρᵀ = A for the whole group: whether it is compact.

    A closed group of matrices is compact if and only if it leaves an inner product fixed. If it does,
    the projection of I on the fixed matrices is the Haar average ∫ρρᵀ, which is positive definite; so
    a projection that is not positive definite, or does not exist, shows that the group is not compact.
    """
    average, defect = fixed_projection(generators, algebra, np.eye(dim), orthogonal=False)
    if defect > 1e-8:
        return False
    values = np.linalg.eigvalsh(average)
    return bool(values[0] > 1e-8 * values[-1])


def check_converged(defect: float, name: str) -> None:
    """Raise when an average is not invariant to 1e-9."""
    if defect > 1e-9:
        raise ConvergenceError(
            f"the Haar average over {name} is invariant to {defect:.1e} only, 1e-9 is wanted",
            cause="generators very close to the identity, or a badly conditioned representation",
            remedy="give an infinitesimal generator as a Lie-algebra element: "
            "Representation(n, generators, algebra=(L,))",
        )
