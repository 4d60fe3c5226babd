"""Compactness: the search for an inner product that a group leaves fixed.

A closed group of matrices is compact if and only if some positive-definite A has g A gᵀ = A for all g;
with A = S Sᵀ the matrices S⁻¹ g S are then orthogonal. Such an S is looked for in rounds, each in the
basis that the last one found, so that even a badly conditioned representation is soon close to an
orthogonal one, where everything is stable. A basis is accepted only when the generators are orthogonal
in it up to rounding: that certifies compactness, however the basis was come by.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
import scipy.sparse as sp

from haarwire._linalg import EPS
from haarwire._numbers import FloatArray
from haarwire.groups._checks import MatrixLike
from haarwire.groups.element import Element
from haarwire.groups.elements import Matrix

__all__ = [
    "derivation",
    "image_and_form",
    "in_basis",
    "in_units",
    "nearest_orthogonal",
    "orthogonalizing_basis",
]

_ROUNDS: Final = 8
_MAX_CONDITION: Final = 1e4
"""Bases worse than this prove nothing: in a stretched enough basis every shear looks orthogonal."""

_DENSE_DIM: Final = 32
"""Up to this dimension the fixed matrices come from a null space of n(n + 1)/2 unknowns."""

_DOUBLINGS: Final = 20
_SWEEPS: Final = 8


def orthogonalizing_basis(
    generators: Sequence[Element], algebra: Sequence[MatrixLike], dim: int
) -> FloatArray | None:
    """S such that S⁻¹ g S is orthogonal and S⁻¹ L S skew, or None where no such basis is found.

    "Orthogonal" is judged backwards, where the entries were given: g must be within 8·n·eps·cond(S)²·max|g|
    of some S O S⁻¹ with O orthogonal, which is what rounding does to a matrix computed as S O S⁻¹.
    """
    given = [g.to_dense() for g in generators]
    tangents = [sp.csr_array(L).toarray() for L in in_units(algebra)]
    precision = max((g.precision for g in generators if isinstance(g, Matrix)), default=EPS)
    S, best, least = np.eye(dim), np.eye(dim), np.inf
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        for step in range(_ROUNDS):
            inverse = np.linalg.inv(S)
            moved = [inverse @ g @ S for g in given]
            moved_tangents = [inverse @ L @ S for L in tangents]
            defect = _defect(moved, moved_tangents)
            # The first step only prepares: it may make the largest entries larger.
            stalled = step > 1 and not defect < least / 2.0
            if defect < least or step == 1:
                best, least = S, defect
            condition = float(np.linalg.cond(S))
            # Below this the entries as given, moved into the basis S, are no better known.
            if stalled or defect <= 2.0 * dim * precision * condition:
                break
            if step == 0:
                A: FloatArray | None = _swept(moved, moved_tangents)
            elif dim <= _DENSE_DIM:
                noise = dim * precision * condition**3
                A = _fixed_part_dense(moved, moved_tangents, noise)
            else:
                A = _fixed_part_iterative(moved, moved_tangents, symmetric=defect < 0.1)
            root = None if A is None else _root(A)
            if root is None or np.linalg.cond(S @ root) > _MAX_CONDITION:
                break
            S = S @ root
    return best if _is_certified(best, given, tangents, precision) else None


def _is_certified(
    S: FloatArray,
    given: Sequence[FloatArray],
    tangents: Sequence[FloatArray],
    precision: float,
) -> bool:
    inverse = np.linalg.inv(S)
    tol = 8.0 * len(S) * precision * float(np.linalg.cond(S)) ** 2
    for g in given:
        orthogonal = nearest_orthogonal(inverse @ g @ S)
        if not np.abs(S @ orthogonal @ inverse - g).max() <= tol * np.abs(g).max():
            return False
    for L in tangents:
        K = inverse @ L @ S
        K = (K - K.T) / 2.0
        if not np.abs(S @ K @ inverse - L).max() <= tol * np.abs(L).max():
            return False
    return True


def in_basis(
    generators: Sequence[Element], algebra: Sequence[MatrixLike], S: FloatArray, back: FloatArray
) -> tuple[list[FloatArray], list[FloatArray]]:
    """back·g·S, orthogonal to the last digit, and back·L·S, skew to the last digit.

    Parameters
    ----------
    generators, algebra : sequence
        As in `Representation`.
    S : ndarray, shape (n, k)
        Basis of a subspace that the group maps into itself, in which it is orthogonal up to rounding.
    back : ndarray, shape (k, n)
        ``back @ S`` is the identity.

    Returns
    -------
    generators, algebra : list of ndarray, shape (k, k)
        An L that acts by rounding errors alone is 0: the Lie algebra has no scale of its own, so they would
        count as an action.
    """
    noise = 64.0 * EPS * float(np.linalg.norm(back, 2) * np.linalg.norm(S, 2))
    tangents: list[FloatArray] = []
    for L in algebra:
        K = back @ (L @ S)
        K = (K - K.T) / 2.0
        size = float(np.linalg.norm(L.data if sp.issparse(L) else L))
        tangents.append(K if np.linalg.norm(K) > noise * size else np.zeros_like(K))
    return [nearest_orthogonal(back @ g.apply(S.T).T) for g in generators], tangents


def image_and_form(
    pairs: Sequence[tuple[Element, Element]], algebra: Sequence[MatrixLike], R: FloatArray
) -> tuple[FloatArray, float]:
    """H(R) = Σ_g (2R − gRgᵀ − g⁻¹Rg⁻ᵀ) − Σ_L δ_L(δ_L(R)), and ⟨R, H(R)⟩ where ρ is orthogonal.

    Both come from the changes D = gRgᵀ − R and δ_L(R): ⟨R, H(R)⟩ = Σ_g ‖D‖² + Σ_L ‖δ_L(R)‖². `pairs` are the
    generators with their inverses, R is (n, n). Near null H the changes are small and R is not: the plain
    inner product would be all rounding errors.
    """
    image: FloatArray = np.zeros(R.shape)
    form = 0.0
    for g, g_inverse in pairs:
        D = g.conjugate(R) - R
        image = image + (g_inverse.conjugate(D) - D)
        form += float(np.vdot(D, D))
    for L in algebra:
        delta = derivation(L, R)
        image = image - derivation(L, delta)
        form += float(np.vdot(delta, delta))
    return image, form


def in_units(algebra: Sequence[MatrixLike]) -> list[MatrixLike]:
    """Lie-algebra elements in units near their sizes: they have no scale of their own.

    By powers of 2, exactly.
    """
    sizes = [float(abs(L).max()) for L in algebra]
    return [
        L / 2.0 ** math.floor(math.log2(size)) if size > 0.0 else L
        for L, size in zip(algebra, sizes, strict=True)
    ]


def derivation(L: MatrixLike, M: FloatArray) -> FloatArray:
    """δ_L(M) = L M + M Lᵀ."""
    return np.asarray(L @ M + (L @ M.T).T)


def _defect(moved: Sequence[FloatArray], tangents: Sequence[FloatArray]) -> float:
    """Largest |gᵀg − I| and |L + Lᵀ|/‖L‖, over generators and Lie-algebra elements."""
    defects = [float(np.abs(g.T @ g - np.eye(len(g))).max()) for g in moved]
    defects += [float(np.abs(L + L.T).max() / (np.linalg.norm(L) or 1.0)) for L in tangents]
    return float(np.max(defects, initial=0.0))


def _root(A: FloatArray) -> FloatArray | None:
    """S with S Sᵀ = A, or None where A is not positive definite."""
    if not np.isfinite(A).all():
        return None
    values, vectors = np.linalg.eigh((A + A.T) / 2.0)
    if values[0] <= _MAX_CONDITION**-2 * values[-1]:
        return None
    return np.asarray(vectors * np.sqrt(values))


def _swept(moved: Sequence[FloatArray], tangents: Sequence[FloatArray]) -> FloatArray:
    """A rough average of I: over the powers of each generator in turn, several times.

    Doubling, A ← (A + hAhᵀ)/2 and h ← h², averages over 2²⁰ powers in twenty steps. It removes nearly
    all of a bad conditioning, at n³ a step.
    """
    from scipy.linalg import expm

    flows = [expm(L / (np.linalg.norm(L) or 1.0)) for L in tangents]
    powers = [_squarings(g) for g in (*moved, *flows)]
    A = np.eye(len(powers[0][0]))
    for _ in range(_SWEEPS):
        for squarings in powers:
            for h in squarings:
                A = (A + h @ A @ h.T) / 2.0
                A /= np.trace(A)
    return A


def _squarings(g: FloatArray) -> list[FloatArray]:
    found = [g]
    for _ in range(_DOUBLINGS - 1):
        found.append(found[-1] @ found[-1])
    return found


def _fixed_part_dense(
    moved: Sequence[FloatArray], tangents: Sequence[FloatArray], noise: float
) -> FloatArray | None:
    """P vec(I) with P = V (UᵀV)⁻¹ Uᵀ, V the fixed symmetric matrices and U those of the dual action."""
    n = len((*moved, *tangents)[0])
    rows, cols = np.triu_indices(n)
    operators: list[FloatArray] = [_on_symmetric(g, g) - np.eye(rows.size) for g in moved]
    operators += [2.0 * _on_symmetric(L, np.eye(n)) for L in tangents]
    scale = max(1.0, *(float(np.linalg.norm(T, 2)) for T in operators))
    cutoff = max(noise, 16.0 * float(np.sqrt(rows.size)) * EPS) * scale
    V = _null_space(np.concatenate(operators), cutoff)
    U = _null_space(np.concatenate([T.T for T in operators]), cutoff)
    d = min(V.shape[1], U.shape[1])
    if d == 0:
        return None
    V, U = V[:, -d:], U[:, -d:]
    pairing = U.T @ V
    if np.linalg.svd(pairing, compute_uv=False)[-1] <= _MAX_CONDITION**-2:
        return None
    x = V @ np.linalg.solve(pairing, U.T @ (rows == cols))
    A = np.zeros((n, n))
    A[rows, cols] = np.where(rows == cols, x, x / np.sqrt(2.0))
    return np.asarray(np.triu(A) + np.triu(A, 1).T)


def _on_symmetric(a: FloatArray, b: FloatArray) -> FloatArray:
    """M ↦ (a M bᵀ + b M aᵀ)/2 in the orthonormal basis E_ii, (E_ij + E_ji)/√2 of symmetric matrices."""
    rows, cols = np.triu_indices(len(a))
    weight = np.where(rows == cols, 1.0, np.sqrt(2.0))
    straight = a[np.ix_(rows, rows)] * b[np.ix_(cols, cols)]
    crossed = a[np.ix_(rows, cols)] * b[np.ix_(cols, rows)]
    if a is not b:
        straight = (straight + b[np.ix_(rows, rows)] * a[np.ix_(cols, cols)]) / 2.0
        crossed = (crossed + b[np.ix_(rows, cols)] * a[np.ix_(cols, rows)]) / 2.0
    return np.asarray((straight + crossed) * np.outer(weight, weight) / 2.0)


def _null_space(A: FloatArray, cutoff: float) -> FloatArray:
    R = np.linalg.qr(A, mode="r")
    _, s, Vt = np.linalg.svd(R)
    return Vt[int((s > cutoff).sum()) :].T


def _fixed_part_iterative(
    moved: Sequence[FloatArray], tangents: Sequence[FloatArray], *, symmetric: bool
) -> FloatArray:
    """I − X with H X = H I and X in the range of H: n³ work a step, never n²×n² entries."""
    from scipy.sparse.linalg import LinearOperator, cg, gmres

    n = len((*moved, *tangents)[0])
    pairs = [(g, g.inverse()) for g in map(Matrix, moved)]

    def apply(X: FloatArray) -> FloatArray:
        return image_and_form(pairs, tangents, X)[0]

    H = LinearOperator((n * n, n * n), matvec=lambda x: apply(x.reshape(n, n)).ravel(), dtype=np.float64)
    b = apply(np.eye(n)).ravel()
    if symmetric:
        # Below atol, b is noise with a part in null H, which no X can match.
        x, _ = cg(H, b, rtol=1e-6, atol=8.0 * EPS * n, maxiter=500)
    else:
        x, _ = gmres(H, b, rtol=1e-3, restart=40, maxiter=5)
    return np.asarray(np.eye(n) - x.reshape(n, n))


def nearest_orthogonal(g: FloatArray) -> FloatArray:
    """The orthogonal factor of the polar decomposition."""
    U, _, Vt = np.linalg.svd(g)
    return np.asarray(U @ Vt)
