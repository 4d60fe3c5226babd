"""The invariant functionals of any representation: which structure goes to which algorithm.

1. Permutations and signed permutations among the generators: orbits, exactly.
2. What is left, in the coordinates of those orbits, falls into the connected blocks of its entries: a small
   block by a singular value decomposition, identical blocks once.
3. A large block, or generators kept by their parts: random functionals projected on the null space.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import scipy.sparse as sp

from haarwire._linalg import EPS
from haarwire._numbers import FloatArray, IntArray
from haarwire.errors import ConvergenceError
from haarwire.groups import Element, Permutation, Representation, SignedPermutation
from haarwire.groups.lazy import entries_of
from haarwire.invariants.blocks import BlockGroup, block_groups, distinct_stacks
from haarwire.invariants.certificate import SubspaceCertificate
from haarwire.invariants.conditions import Entries, Moves, spectral_bound
from haarwire.invariants.orbits import orbit_basis
from haarwire.invariants.projection import ProbedNullSpace, probed_null_space

__all__ = ["invariant_basis"]


_SAFETY: Final = 8.0
_SMALL: Final = 800
"""Blocks of at most this many coordinates get a singular value decomposition."""

_SMALL_IF_DENSE: Final = 3000
"""So do larger ones without zeros, of which the products in an iteration would cost as much."""

_LAST_RESORT: Final = 4000
"""And those of which the iteration cannot certify the dimension."""

_BUILT: Final = 2**25
"""Generators with more entries than this are applied, not written out."""

_DENSE_SHARE: Final = 0.25
"""A basis with a larger share of entries that are not zero is stored dense."""


class _Solved(NamedTuple):
    """Basis vectors of some blocks: entries (row, column, value) and the first row of each vector's block."""

    rows: IntArray
    columns: IntArray
    values: FloatArray
    first: IntArray
    certificate: SubspaceCertificate


def invariant_basis(rep: Representation) -> tuple[FloatArray | sp.csr_array, SubspaceCertificate]:
    """Orthonormal basis Q of {w : wᵀρ(g) = wᵀ, wᵀL = 0}, shape (n, d), and how it was found."""
    simple = [g for g in rep.generators if isinstance(g, Permutation | SignedPermutation)]
    others = [g for g in rep.generators if not isinstance(g, Permutation | SignedPermutation)]
    # The condition wᵀL = 0 has no scale of its own.
    bounds = [(L, spectral_bound(L)) for L in rep.algebra]
    algebra = [L / bound for L, bound in bounds if bound > 0.0]
    orbits = orbit_basis(simple, rep.dim)
    if not others and not algebra:
        return orbits, SubspaceCertificate("orbits")
    if orbits.shape[1] == 0:
        return orbits, SubspaceCertificate("orbits")
    eps = max((g.precision for g in others), default=EPS)
    if sum(map(entries_of, others)) > _BUILT:
        inner, certificate = _by_moves(others, algebra, orbits, eps, rep.label)
    else:
        inner, certificate = _by_blocks(_conditions(others, algebra, orbits), eps, rep.label)
    basis = inner if orbits.shape[1] == rep.dim and not simple else orbits @ inner
    return _stored(basis), certificate


def _conditions(
    generators: Sequence[Element], algebra: Sequence[FloatArray | sp.csr_array], orbits: sp.csr_array
) -> sp.csr_array:
    """QᵀA for the orbit basis Q, shape (p, k)."""
    identity = sp.eye_array(orbits.shape[0], format="csr")
    blocks = [g.to_sparse() - identity for g in generators] + [sp.csr_array(L) for L in algebra]
    A = sp.csr_array(orbits.T @ sp.hstack(blocks, format="csr"))
    A.sum_duplicates()
    A.eliminate_zeros()
    return A


def _by_moves(
    generators: Sequence[Element],
    algebra: Sequence[FloatArray | sp.csr_array],
    orbits: sp.csr_array,
    eps: float,
    label: str,
) -> tuple[FloatArray, SubspaceCertificate]:
    tolerance = _SAFETY * orbits.shape[0] * eps
    found = probed_null_space(Moves(generators, algebra, orbits), tolerance, label)
    return found.basis, _iterated(found, tolerance)


def _by_blocks(A: sp.csr_array, eps: float, label: str) -> tuple[sp.csr_array, SubspaceCertificate]:
    parts: list[_Solved] = []
    for group in block_groups(A):
        if group.shape[1] == 0:
            parts.append(_free(group))
        elif group.shape[0] <= _SMALL:
            parts.append(_small(group, eps))
        else:
            parts.extend(_large(one, eps, label) for one in group.singly())
    first = np.concatenate([part.first for part in parts])
    offsets = np.cumsum([0, *(part.first.size for part in parts)])
    columns = np.concatenate([part.columns + o for part, o in zip(parts, offsets, strict=False)])
    rank = np.empty(first.size, dtype=np.intp)
    rank[np.argsort(first, kind="stable")] = np.arange(first.size)
    rows = np.concatenate([part.rows for part in parts])
    values = np.concatenate([part.values for part in parts])
    basis = sp.coo_array((values, (rows, rank[columns])), shape=(A.shape[0], first.size))
    return sp.csr_array(basis), _joint([part.certificate for part in parts])


def _free(group: BlockGroup) -> _Solved:
    """Coordinates on which there is no condition."""
    rows = group.rows.ravel()
    certificate = SubspaceCertificate("singular values")
    return _Solved(rows, np.arange(rows.size), np.ones(rows.size), rows, certificate)


def _small(group: BlockGroup, eps: float) -> _Solved:
    """Null spaces of the dense blocks, each different one once."""
    found: list[tuple[IntArray, FloatArray]] = []  # rows of a block (r), basis (r, d)
    residual, tolerance, gap = 0.0, 0.0, float("inf")
    for rows, stack in group.stacks():
        different, which = distinct_stacks(stack)
        U, s, cutoffs = _singular_values(different, eps)
        ranks = (s > cutoffs[:, None]).sum(axis=1)
        kept = np.arange(s.shape[1]) < ranks[:, None]
        residual = max(residual, float(s[~kept].max(initial=0.0)))
        gap = min(gap, float(s[kept].min(initial=np.inf)))
        tolerance = max(tolerance, float(cutoffs.max()))
        for rank in np.unique(ranks):
            members = ranks[which] == rank
            found.append((rows[members], U[which[members]][:, :, rank:]))
    certificate = SubspaceCertificate("singular values", residual, tolerance, gap)
    return _placed(found, certificate)


def _singular_values(stack: FloatArray, eps: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Left singular vectors (b, r, r), singular values (b, r), and what counts as zero (b,)."""
    _, r, c = stack.shape
    magnitudes = np.abs(stack)
    norms = np.sqrt(magnitudes.sum(axis=1).max(axis=1) * magnitudes.sum(axis=2).max(axis=1))
    if c > r:
        # Only the left singular vectors are wanted: A = RᵀQᵀ shrinks the problem to r×r.
        stack = np.asarray(np.linalg.qr(stack.transpose(0, 2, 1), mode="r")).transpose(0, 2, 1)
    U, s, _ = np.linalg.svd(stack, full_matrices=True)
    padded = np.zeros((len(stack), r))
    padded[:, : s.shape[1]] = s
    return U, padded, _SAFETY * r * eps * (1.0 + norms)


def _large(group: BlockGroup, eps: float, label: str) -> _Solved:
    """The null space of one large block."""
    A = group.sparse()
    r, c = A.shape
    dense = A.nnz > _DENSE_SHARE * r * c
    if dense and r <= _SMALL_IF_DENSE:
        return _small(group, eps)
    tolerance = _SAFETY * r * eps * (1.0 + spectral_bound(A))
    try:
        found = probed_null_space(Entries(A.toarray() if dense else A), tolerance, label)
    except ConvergenceError:
        if r > _LAST_RESORT:
            raise
        return _small(group, eps)
    return _placed([(group.rows, found.basis[np.newaxis])], _iterated(found, tolerance))


def _iterated(found: ProbedNullSpace, tolerance: float) -> SubspaceCertificate:
    return SubspaceCertificate(
        "iteration", found.residual, tolerance, float("nan"), found.probes, found.leakage
    )


def _placed(found: Sequence[tuple[IntArray, FloatArray]], certificate: SubspaceCertificate) -> _Solved:
    """Basis vectors of blocks (b, r, d) on their rows (b, r), as entries of one matrix."""
    rows, columns, values, first, done = [], [], [], [], 0
    for where, basis in found:
        b, _, d = basis.shape
        places = done + np.arange(b * d).reshape(b, 1, d)
        rows.append(np.broadcast_to(where[:, :, None], basis.shape).ravel())
        columns.append(np.broadcast_to(places, basis.shape).ravel())
        values.append(basis.ravel())
        first.append(np.repeat(where[:, 0], d))
        done += b * d
    return _Solved(
        np.concatenate(rows),
        np.concatenate(columns),
        np.concatenate(values),
        np.concatenate(first),
        certificate,
    )


def _joint(certificates: Sequence[SubspaceCertificate]) -> SubspaceCertificate:
    """One certificate for all blocks: the weakest of each number."""
    iterated = [c for c in certificates if c.method == "iteration"]
    return SubspaceCertificate(
        "iteration" if iterated else "singular values",
        max(c.residual for c in certificates),
        max(c.tolerance for c in certificates),
        float("nan") if iterated else min(c.gap for c in certificates),
        min((c.probes for c in iterated), default=0),
        max((c.leakage for c in iterated), default=0.0),
    )


def _stored(basis: FloatArray | sp.csr_array) -> FloatArray | sp.csr_array:
    if isinstance(basis, sp.csr_array) and basis.nnz > _DENSE_SHARE * basis.shape[0] * basis.shape[1]:
        return np.asarray(basis.toarray())
    return basis
