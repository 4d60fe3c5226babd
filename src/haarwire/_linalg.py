"""Rank decisions and factorisations, in one place.

The tolerance rule: a singular value or eigenvalue counts as zero when it is at most n·eps times the
largest (n the number of columns, never the number of samples: a cut-off that grows with N wipes out
real directions). Dense work goes through NumPy's LAPACK only: alternating between NumPy's and SciPy's
copies of OpenBLAS makes their idle threads spin against each other, four times slower on two cores.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

__all__ = [
    "Whitener",
    "default_tolerance",
    "left_null_space",
    "reciprocal_condition",
    "symmetric_whitener",
]

FloatArray: TypeAlias = NDArray[np.floating[Any]]
EPS = float(np.finfo(np.float64).eps)


def default_tolerance(n: int, eps: float = EPS) -> float:
    """The relative cut-off n·eps below which a singular value or eigenvalue counts as zero."""
    return max(n, 1) * eps


def left_null_space(A: FloatArray, cutoff: float) -> FloatArray:
    """Orthonormal basis Q of {w : wᵀA = 0}, of shape (n, d), for A of shape (n, k).

    `cutoff` is absolute, not relative to A: a difference of two matrices that holds nothing but
    rounding errors must come out with rank 0.
    """
    n, k = A.shape
    if k == 0:
        return np.eye(n)
    if k > n:
        # Only the left singular vectors are wanted: A = R ᵀ Qᵀ shrinks the problem to n×n.
        A = np.linalg.qr(A.T, mode="r").T
    U, s, _ = np.linalg.svd(A, full_matrices=True)
    rank = int((s > cutoff).sum())
    return U[:, rank:]


def reciprocal_condition(A: FloatArray | sp.csr_array) -> float:
    """1 / (‖A‖₁ ‖A⁻¹‖₁), and 0 for a singular matrix."""
    if sp.issparse(A):
        from scipy.sparse.linalg import onenormest, splu
        from scipy.sparse.linalg import LinearOperator

        try:
            factor = splu(A.tocsc())
        except RuntimeError:
            return 0.0
        inverse = LinearOperator(
            A.shape,
            matvec=factor.solve,
            rmatvec=lambda x: factor.solve(x, "T"),
            dtype=np.float64,
        )
        norm = float(abs(A).sum(axis=0).max())
        return float(1.0 / (norm * onenormest(inverse)))
    try:
        return float(1.0 / np.linalg.cond(A, 1))
    except np.linalg.LinAlgError:
        return 0.0


class Whitener(NamedTuple):
    """A factor T of the pseudo-inverse, C⁺ = T Tᵀ.

    Attributes
    ----------
    factor : ndarray, shape (k, rank)
        T.
    condition : float
        Largest over smallest kept eigenvalue of C (1 when nothing is kept).
    """

    factor: FloatArray
    condition: float

    @property
    def rank(self) -> int:
        """Numerical rank of C."""
        return int(self.factor.shape[1])


def symmetric_whitener(C: FloatArray, tol: float) -> Whitener:
    """Factor the pseudo-inverse of a positive semi-definite C (k×k): one eigendecomposition.

    Eigenvalues at most `tol` times the largest count as zero.
    """
    if C.shape[0] == 0:
        return Whitener(np.zeros((0, 0)), 1.0)
    values, vectors = np.linalg.eigh(C)
    keep = values > tol * max(float(values[-1]), 0.0)
    kept = values[keep]
    if kept.size == 0:
        return Whitener(np.zeros((C.shape[0], 0)), 1.0)
    return Whitener(vectors[:, keep] / np.sqrt(kept), float(kept[-1] / kept[0]))
