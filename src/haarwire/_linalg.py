"""Rank decisions and factorizations, in one place.

The tolerance rule: an eigenvalue counts as zero when it is at most (n + 64)·eps times the largest. n is the
number of columns, never the number of samples: a cut-off that grows with N wipes out real directions; 64
is for the rounding of the sums that even small matrices are made of.

Dense work goes through NumPy's LAPACK, but for one-sided Jacobi rotations, which NumPy lacks: alternating
between NumPy's and SciPy's copies of OpenBLAS makes their idle threads spin against each other, four times
slower on two cores.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

from haarwire._numbers import FloatArray

__all__ = [
    "EPS",
    "Whitener",
    "block_eigh",
    "default_tolerance",
    "graded_eigh",
    "reciprocal_condition",
    "root_whitener",
    "symmetric_whitener",
]

EPS = float(np.finfo(np.float64).eps)
_LIKE = 1e4
"""Ratio of standard deviations up to which features count as of like size."""

_GRADED = 1e10
"""Ratio of the largest to the smallest diagonal entry from which on a matrix counts as graded."""


def default_tolerance(n: int, eps: float = EPS) -> float:
    """Return the relative cut-off (n + 64)·eps below which an eigenvalue counts as zero."""
    return (n + 64) * eps


def reciprocal_condition(A: FloatArray | sp.csr_array) -> float:
    """1 / (‖A‖₁ ‖A⁻¹‖₁), and 0 for a singular matrix."""
    if sp.issparse(A):
        from scipy.sparse.linalg import LinearOperator, onenormest, splu

        try:
            factor = splu(sp.csc_array(A))
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
    """A factor F of the pseudo-inverse of a positive semi-definite C: C⁺ = F Fᵀ.

    Attributes
    ----------
    factor : ndarray, shape (k, rank)
        F.
    values : ndarray, shape (rank,)
        Kept eigenvalues of the equilibrated C (unit diagonal), ascending; column j of F belongs to
        values[j].
    """

    factor: FloatArray
    values: FloatArray

    @property
    def rank(self) -> int:
        """Numerical rank of C."""
        return int(self.factor.shape[1])

    @property
    def condition(self) -> float:
        """Largest over smallest kept eigenvalue (1 when nothing is kept)."""
        return float(self.values[-1] / self.values[0]) if self.rank else 1.0


def symmetric_whitener(
    C: FloatArray, tol: float | None = None, magnitude: FloatArray | None = None
) -> Whitener:
    """Factor the pseudo-inverse of a positive semi-definite C (k×k) with one eigendecomposition.

    C is first scaled to a unit diagonal, so that features in very different units keep their full
    precision: C = D⁻¹KD⁻¹, K = VΛVᵀ, F = D V Λ^{−1/2}. Where K is singular, F Fᵀ is a generalized
    inverse of C; projecting F on range(C) = D⁻¹ range(K) makes it the pseudo-inverse. Where few directions
    are null and features of like size, the part in null(C) = D null(K) is taken off instead: a much shorter
    basis, at the price of an error of eps times the ratio of sizes.

    Eigenvalues of K at most `tol` (default: `default_tolerance` of k) times the largest count as zero.
    Where the diagonal of C was summed from terms of a larger `magnitude` (k,), its entries and its
    eigenvalues must rise above their rounding errors, tol·magnitude, too.
    """
    k = C.shape[0]
    cutoff = default_tolerance(k) if tol is None else tol
    diagonal = np.diag(C)
    size = diagonal if magnitude is None else magnitude
    live = np.flatnonzero(diagonal > cutoff * np.maximum(size, 0.0))
    if live.size == 0:
        return Whitener(np.zeros((k, 0)), np.zeros(0))
    scale = 1.0 / np.sqrt(diagonal[live])
    K = C if live.size == k else C[np.ix_(live, live)]
    values, vectors = np.linalg.eigh(K * scale * scale[:, None])
    noise = (size[live] * scale**2) @ vectors**2
    keep = values > cutoff * np.maximum(values[-1], noise)
    kept = values[keep]
    F = scale[:, None] * vectors[:, keep] / np.sqrt(kept)
    if kept.size < live.size:
        if 4 * (live.size - kept.size) <= kept.size and scale.max() <= _LIKE * scale.min():
            null, _ = np.linalg.qr(scale[:, None] * vectors[:, ~keep])
            F -= null @ (null.T @ F)
        else:
            basis, _ = np.linalg.qr(vectors[:, keep] / scale[:, None])
            F = basis @ (basis.T @ F)
    if live.size == k:
        return Whitener(F, kept)
    factor = np.zeros((k, kept.size))
    factor[live] = F
    return Whitener(factor, kept)


def root_whitener(A: FloatArray, tol: float, magnitude: FloatArray) -> tuple[Whitener, FloatArray]:
    """`symmetric_whitener` of C = AᵀA (k×k) from its root A (p×k): C is not formed, nor cond(A) squared.

    A D = UΣVᵀ with unit columns, F = D V Σ^{−1}. Singular values at most `tol` times the largest count as
    zero, and so do columns that are short against the length √magnitude of what they were summed from.

    Returns
    -------
    whitener : Whitener
        F and the values σ², ascending.
    left : ndarray, shape (p, rank)
        The columns of U that belong to them: A F = U.
    """
    k = A.shape[1]
    length = np.sqrt(np.einsum("ij,ij->j", A, A))
    live = np.flatnonzero(length > tol * np.sqrt(np.maximum(magnitude, 0.0)))
    if live.size == 0:
        return Whitener(np.zeros((k, 0)), np.zeros(0)), np.zeros((A.shape[0], 0))
    scale = 1.0 / length[live]
    U, sigma, Vt = np.linalg.svd(A[:, live] * scale, full_matrices=False)
    noise = np.sqrt(Vt**2 @ (np.maximum(magnitude[live], 0.0) * scale**2))
    keep = np.flatnonzero(sigma > tol * np.maximum(sigma[0], noise))[::-1]
    kept = sigma[keep]
    F = scale[:, None] * Vt[keep].T / kept
    if kept.size < live.size:
        basis, _ = np.linalg.qr(Vt[keep].T / scale[:, None])
        F = basis @ (basis.T @ F)
    factor = np.zeros((k, kept.size))
    factor[live] = F
    return Whitener(factor, kept**2), U[:, keep]


def block_eigh(A: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Eigenvalues (p,) and orthonormal eigenvectors (p×p) of a symmetric A, block by block.

    Blocks are the connected components of the entries that are not exactly zero: eigenvectors stay inside
    them, even where eigenvalues of several blocks are equal, and the order is that of the blocks.
    """
    from scipy.sparse.csgraph import connected_components

    p = A.shape[0]
    values, vectors = np.zeros(p), np.zeros((p, p))
    _, labels = connected_components(sp.csr_array(A != 0.0), directed=False)
    sizes = np.bincount(labels, minlength=1)
    order = np.argsort(labels, kind="stable")
    ends = np.cumsum(sizes)
    for size in np.unique(sizes[sizes > 0]):
        members = np.stack([order[end - size : end] for end in ends[sizes == size]])
        w, V = np.linalg.eigh(A[members[:, :, None], members[:, None, :]])
        values[members] = w
        vectors[members[:, :, None], members[:, None, :]] = V
    return values, vectors


def graded_eigh(S: FloatArray, floor: FloatArray, tol: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Eigenpairs of a positive semi-definite S (p×p) above their rounding errors, ascending.

    A LAPACK eigensolver finds each eigenvalue to eps·‖S‖. Where the diagonal of S spans more than ten
    decades (features in very different units) that would lose the small ones, and S = ΔAΔ with a unit
    diagonal of A is factored instead: A = VΛVᵀ, and the singular values of Λ^{1/2}VᵀΔ by one-sided Jacobi
    rotations are accurate to eps·cond(A) each (Demmel and Veselić 1992).

    Parameters
    ----------
    S : ndarray, shape (p, p)
        Symmetric up to rounding.
    floor : ndarray, shape (p,)
        Rounding errors of its diagonal.
    tol : float
        Relative rounding error of its entries.

    Returns
    -------
    values : ndarray, shape (q,)
        Eigenvalues above their errors.
    vectors : ndarray, shape (p, q)
        Eigenvectors.
    errors : ndarray, shape (q,)
        Rounding errors of the values.
    """
    p = S.shape[0]
    diagonal = np.diag(S)
    live = np.flatnonzero(diagonal > floor)
    if live.size == 0:
        return np.zeros(0), np.zeros((p, 0)), np.zeros(0)
    part = (S + S.T)[np.ix_(live, live)] / 2.0
    sizes, blur = diagonal[live], default_tolerance(0)
    if sizes.max() <= _GRADED * sizes.min():
        values, V = np.linalg.eigh(part)
        errors = np.maximum(floor[live] @ V**2, blur * float(values[-1]))
        keep = values > errors
        values, V, errors = values[keep], V[:, keep], errors[keep]
    else:
        from scipy.linalg.lapack import dgejsv

        scale = np.sqrt(sizes)
        w, U = np.linalg.eigh(part / scale / scale[:, None])
        keep = w > np.maximum(tol * w[-1], (floor[live] / sizes) @ U**2)
        square = np.zeros((live.size, live.size))
        square[: keep.sum()] = np.sqrt(w[keep])[:, None] * U[:, keep].T * scale
        sva, _, V, work, _, info = dgejsv(square, joba=0, jobu=3, jobv=0, jobr=0, jobt=1, jobp=1)
        if info != 0:
            raise np.linalg.LinAlgError(f"dgejsv returned {info}")
        q = int(keep.sum())
        values = (sva[:q] * work[0] / work[1])[::-1] ** 2
        V = V[:, :q][:, ::-1]
        errors = np.maximum(floor[live] @ V**2, blur * values * float(w[-1] / w[keep][0]))
    vectors = np.zeros((p, values.size))
    vectors[live] = V
    return values, vectors, errors
