"""Problems on `Samples`: worked in fewer coordinates than there are features.

A minimizer of least norm lies in a subspace that the samples span, so the quadratic problem is posed on
an orthonormal basis U (n×p) of that subspace, W = V Uᵀ:

- hard-wired: the invariant functionals, p = d. Augmented, for orthogonal ρ: the same (theory, section 3);
- plain: the span of the samples, p = N;
- regularized: W(C + αR + κI) = B and range(C), range(Bᵀ) ⊆ span X give W ∈ span XQQᵀ ⊕ span XPPᵀ(αR + κI)⁺,
  with P the complement of Q and κ the ridge: p ≤ 2N. The first part is the invariant one, on which the
  penalty vanishes.

Rows of X stand for x − x̄ where the model has an intercept. All but the hard-wired one fall back on the n×n
moments where those cost less.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from haarwire._numbers import FloatArray
from haarwire.groups import Representation
from haarwire.invariants import Subspace, invariant_subspace
from haarwire.moments import Samples

__all__ = ["costs_less", "penalized_span", "span"]


def costs_less(samples: Samples, size: int) -> bool:
    """Whether `size` coordinates cost less than n×n moments, in floating-point operations.

    Basis and projected samples take 4 n·p² + 2 N·n·p, moments N·n²; an eigendecomposition of a k×k
    matrix about 10 k³.
    """
    N, n = samples.count, samples.n_features
    return size < n and 4.0 * n * size**2 + 2.0 * N * n * size + 10.0 * size**3 < 1.0 * N * n**2 + 10.0 * n**3


def span(samples: Samples) -> Subspace:
    """The span of the (centred) samples."""
    return Subspace(_orthonormal(samples.deviations().T))


def penalized_span(
    samples: Samples, rep: Representation, penalty: sp.csr_array | None, ridge: float
) -> tuple[Subspace, Subspace]:
    """The invariant part of span XQQᵀ ⊕ span XPPᵀ(A + κI)⁺, and the rest, orthogonal to it.

    Parameters
    ----------
    penalty : sparse array, shape (n, n), or None
        A, positive semi-definite with null space Q; None for a multiple of PPᵀ.
    ridge : float
        κ.
    """
    functionals = invariant_subspace(rep)
    X = samples.deviations()
    coordinates = functionals.coordinates(X)
    invariant = functionals.basis
    if samples.count < functionals.dim:
        invariant = functionals.embed(_orthonormal(coordinates.T).T).T
    rest: FloatArray = (X - functionals.embed(coordinates)).T
    if penalty is not None:
        rest = _solved(penalty, ridge, functionals, rest)
        rest -= functionals.project(rest.T).T
    # Together: where `rest` lacks rank its basis is filled up with directions orthogonal to `invariant`.
    basis = _orthonormal(np.concatenate([invariant, rest], axis=1))
    d = invariant.shape[1]
    return Subspace(basis[:, :d]), Subspace(basis[:, d:])


def _solved(A: sp.csr_array, ridge: float, kernel: Subspace, B: FloatArray) -> FloatArray:
    """(A + κI)⁺ B, for B orthogonal to the null space Q of A; without κ, [[A, Q], [Qᵀ, 0]] is regular."""
    from scipy.sparse.linalg import splu

    n = A.shape[0]
    if ridge > 0.0 or kernel.dim == 0:
        return np.asarray(splu(sp.csc_array(A + ridge * sp.eye_array(n))).solve(B))
    Q = sp.csr_array(kernel.matrix)
    bordered = sp.block_array([[A, Q], [Q.T, None]], format="csc")
    padded = np.concatenate([B, np.zeros((kernel.dim, B.shape[1]))])
    return np.asarray(splu(bordered).solve(padded)[:n])


def _orthonormal(A: FloatArray) -> FloatArray:
    """An orthonormal basis of a space that contains the columns of A, of as many vectors (at most n)."""
    from scipy.linalg import qr

    return np.asarray(qr(A, mode="economic")[0])
