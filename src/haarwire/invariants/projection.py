"""The null space of a large connected matrix, by projecting random functionals on it.

With R = A Aᵀ, the part of a functional y in null(Aᵀ) is what is left of y when everything in range(R) is
taken off. Two ways, both leaving the part in null(Aᵀ) alone:

- where R fits in a narrow band, after a reverse Cuthill–McKee ordering, r ← r − (R + δI)⁻¹ R r with one
  banded Cholesky factorization: a direction of singular value σ shrinks by δ/(σ² + δ);
- otherwise conjugate residuals on R z ≈ y, the fastest polynomial in R; their number grows with
  ‖A‖/σ_min. Long thin matrices, as chains, are banded; and where no ordering is narrow, everything is a few
  steps from everything else and the spectral gap is rarely small.

More random functionals are projected than there are dimensions: the rank of the projections is the
dimension, and those beyond it certify that nothing was missed.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from haarwire._linalg import EPS
from haarwire._numbers import FloatArray
from haarwire.errors import ConvergenceError
from haarwire.invariants.conditions import Conditions, Entries

__all__ = ["ProbedNullSpace", "probed_null_space"]


_PROBES: Final = 8
"""Random functionals beyond the dimension."""

_FIRST: Final = 16
"""Random functionals to begin with; twice as many whenever too few are left over."""

_MAX_STEPS: Final = 3000
"""Conjugate residuals for one batch of functionals, restarts included."""

_CORRECTIONS: Final = 160
"""Banded solves for one batch, each of which takes off a factor δ/(σ² + δ)."""

_ROUNDS: Final = 8
"""Projections of a basis that was found."""
_NOTHING: Final = 1e-8
"""Projections of random functionals up to this length hold nothing but errors; a real one is of size 1."""

_LARGEST: Final = 2**29
"""Entries of a basis that is not computed: 4 GiB."""

_BAND_ENTRIES: Final = 3e7
_BAND_WORK: Final = 3e10
"""Entries (n·width) and multiplications (n·width²) of a banded factorization that is worth trying."""


class ProbedNullSpace(NamedTuple):
    """An orthonormal basis of null(Aᵀ), and what vouches for it."""

    basis: FloatArray
    residual: float
    probes: int
    leakage: float


def probed_null_space(conditions: Conditions, tolerance: float, label: str) -> ProbedNullSpace:
    """Orthonormal basis (n×d) of {w : wᵀA = 0}, with ‖AᵀQ‖ ≤ tolerance.

    Raises
    ------
    ConvergenceError
        When the projections have no clear rank, or the basis is not invariant to `tolerance`.
    """
    n = conditions.size
    rng = np.random.default_rng(0)
    norm = _norm(conditions, rng)
    if norm == 0.0:
        return ProbedNullSpace(np.eye(n), 0.0, n, 0.0)
    project = _projector(conditions, norm, tolerance / n)
    basis: FloatArray = np.zeros((0, n))
    batch = _FIRST
    while True:
        width = min(batch, n + _PROBES)
        if (len(basis) + width) * n > _LARGEST:
            raise ConvergenceError(
                f"{label} has at least {len(basis)} invariant functionals on {n} coordinates: a basis of all "
                "would hold more than 4 GiB",
                cause="many invariants in coordinates that no permutation or block structure separates",
                remedy="use coordinates in which the generators are sparse or permutations",
            )
        left = project(rng.standard_normal((width, n)))
        for _ in range(2):
            left -= (left @ basis.T) @ basis
        sizes, directions = _row_space(left)
        rank = int((sizes > _NOTHING).sum())
        if rank and sizes[rank - 1] < np.sqrt(_NOTHING):
            raise _unclear(label, n, float(sizes[rank - 1]))
        basis = np.concatenate([basis, directions[:rank]])
        if width - rank >= _PROBES:
            break
        batch *= 2
    leakage = float(sizes[rank]) if rank < sizes.size else 0.0
    basis, residual = _refined(conditions, project, basis, tolerance)
    if not residual <= tolerance:
        raise ConvergenceError(
            f"the invariant functionals of {label} are invariant to {residual:.1e} only, {tolerance:.1e} is "
            "wanted",
            cause="generators very close to the identity, or a badly conditioned representation",
            remedy="give an infinitesimal generator as a Lie-algebra element: "
            "Representation(n, generators, algebra=(L,))",
        )
    return ProbedNullSpace(np.ascontiguousarray(basis.T), residual, width - rank, leakage)


def _refined(
    conditions: Conditions,
    project: Callable[[FloatArray], FloatArray],
    basis: FloatArray,
    tolerance: float,
) -> tuple[FloatArray, float]:
    """Project the basis itself until it is invariant well below the tolerance, or gets no better."""
    residual = _residual(conditions, basis)
    for _ in range(_ROUNDS):
        if residual <= tolerance / 8.0:
            break
        candidate = np.linalg.qr(project(basis).T)[0].T
        new_residual = _residual(conditions, candidate)
        # A NaN ends the refinement too.
        if not new_residual < residual:
            break
        basis, residual = candidate, new_residual
    return basis, residual


def _unclear(label: str, n: int, size: float) -> ConvergenceError:
    return ConvergenceError(
        f"the number of invariant functionals of {label} on {n} coordinates cannot be certified: random "
        f"functionals leave a part of size {size:.1e} that is neither 0 nor 1",
        cause="generators so close to the identity that hardly anything tells what they move from what they "
        "leave fixed",
        remedy="give an infinitesimal generator as a Lie-algebra element, Representation(n, generators, "
        "algebra=(L,)), or generators that move further, such as powers of those",
    )


def _residual(conditions: Conditions, basis: FloatArray) -> float:
    """‖AᵀQ‖₂."""
    return float(np.linalg.norm(conditions.image(basis), 2)) if len(basis) else 0.0


def _row_space(rows: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Singular values and right singular vectors (as rows), through the smaller QR factor."""
    Q, R = np.linalg.qr(rows.T)
    U, s, _ = np.linalg.svd(R)
    return s, np.asarray((Q @ U).T)


def _norm(conditions: Conditions, rng: np.random.Generator) -> float:
    """‖A‖₂ to a few per cent, by power iteration."""
    w: FloatArray = rng.standard_normal((1, conditions.size))
    size = 0.0
    for _ in range(20):
        w /= np.linalg.norm(w)
        image = conditions.image(w)
        size = float(np.linalg.norm(image))
        if size == 0.0:
            break
        w = conditions.back(image)
    return size


def _projector(conditions: Conditions, norm: float, noise: float) -> Callable[[FloatArray], FloatArray]:
    """W ↦ its part in null(Aᵀ), down to the rounding of the products or the `noise` in the entries of A."""
    if isinstance(conditions, Entries) and sp.issparse(conditions.matrix):
        factor = _banded_factor(conditions.matrix, norm)
        if factor is not None:
            return partial(_by_factor, conditions, factor, norm, noise)
    return partial(_by_conjugate_residuals, conditions, norm, noise)


def _banded_factor(A: sp.csr_array, norm: float) -> tuple[FloatArray, NDArray[np.intp]] | None:
    """Banded Cholesky factor of R + δI in an order of the coordinates, or None where the band is wide."""
    from scipy.linalg import cholesky_banded
    from scipy.sparse.csgraph import reverse_cuthill_mckee

    n = A.shape[0]
    per_column = np.bincount(A.indices, minlength=A.shape[1]).astype(float)
    if float((per_column**2).sum()) > _BAND_ENTRIES:
        return None
    R = sp.csr_array(A @ A.T)
    order = np.asarray(reverse_cuthill_mckee(R, symmetric_mode=True), dtype=np.intp)
    position = np.empty(n, dtype=np.intp)
    position[order] = np.arange(n)
    entries = R.tocoo()
    row, column = position[entries.row], position[entries.col]
    width = int(np.abs(row - column).max(initial=0))
    if n * (width + 1) > _BAND_ENTRIES or n * float(width) ** 2 > _BAND_WORK:
        return None
    lower = row >= column
    band: FloatArray = np.zeros((width + 1, n))
    band[(row - column)[lower], column[lower]] = entries.data[lower]
    band[0] += 4.0 * (width + 64) * EPS * norm**2
    return cholesky_banded(band, lower=True, overwrite_ab=True), order


def _by_factor(
    conditions: Conditions,
    factor: tuple[FloatArray, NDArray[np.intp]],
    norm: float,
    noise: float,
    W: FloatArray,
) -> FloatArray:
    from scipy.linalg import cho_solve_banded

    cholesky, order = factor
    left = W.copy()
    floor = 8.0 * EPS * norm * _lengths(W)
    least = np.inf
    for _ in range(_CORRECTIONS):
        image = conditions.image(left)
        excess = float((_lengths(image) / np.maximum(floor, noise * _lengths(left))).max(initial=0.0))
        if excess <= 1.0 or not excess < 0.99 * least:
            break
        least = excess
        right = conditions.back(image)
        step = np.empty_like(right)
        step[:, order] = cho_solve_banded((cholesky, True), right[:, order].T).T
        left -= step
    return left


def _by_conjugate_residuals(conditions: Conditions, norm: float, noise: float, W: FloatArray) -> FloatArray:
    left = W.copy()
    floor = 8.0 * EPS * norm * _lengths(W)
    least, steps = np.inf, 0
    while steps < _MAX_STEPS:
        left, excess, taken = _conjugate_residuals(conditions, left, floor, noise, _MAX_STEPS - steps)
        steps += taken
        if excess <= 1.0 or not excess < 0.5 * least:
            break
        least = excess
    return left


def _conjugate_residuals(
    conditions: Conditions, left: FloatArray, floor: FloatArray, noise: float, limit: int
) -> tuple[FloatArray, float, int]:
    """Conjugate residuals on R z ≈ y for every row y at once; the residuals y − R z are what is left.

    With w = R r, γ = rᵀR r and directions d, q = R d: r ← r − (γ/qᵀq) q, q ← w + (γ'/γ) q. A row is finished
    when ‖Aᵀr‖ is at most `floor`, or `noise` times ‖r‖: beyond that the iteration would take off parts of
    null(Aᵀ) itself, which are as invariant as rounding lets them be. Returns the rows, the largest ‖Aᵀr‖ in
    these units, and the number of steps.
    """
    image = conditions.image(left)
    squares = _squares(image)
    w = conditions.back(image)
    q = w.copy()
    taken = 0
    while taken < limit:
        active = squares > np.maximum(floor, noise * _lengths(left)) ** 2
        if not active.any():
            break
        taken += 1
        length = _squares(q)
        step = np.where(active & (length > 0.0), squares / np.where(length > 0.0, length, 1.0), 0.0)
        left = left - step[:, None] * q
        image = conditions.image(left)
        before, squares = squares, np.where(active, _squares(image), squares)
        w = conditions.back(image)
        q = w + np.where(active, squares / np.where(before > 0.0, before, 1.0), 0.0)[:, None] * q
    lengths = _lengths(conditions.image(left))
    return left, float((lengths / np.maximum(floor, noise * _lengths(left))).max(initial=0.0)), taken


def _squares(rows: FloatArray) -> FloatArray:
    return np.asarray(np.einsum("ij,ij->i", rows, rows))


def _lengths(rows: FloatArray) -> FloatArray:
    return np.asarray(np.sqrt(_squares(rows)))
