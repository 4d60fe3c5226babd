"""Invariant functionals of permutations and signed permutations: orbits of coordinates, in linear time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import scipy.sparse as sp

from haarwire._numbers import IntArray
from haarwire.groups import Permutation, SignedPermutation
from haarwire.groups.enumeration import n_points, point_moves

__all__ = ["orbit_basis", "orbit_labels"]

Monomial: TypeAlias = Permutation | SignedPermutation


def orbit_basis(elements: Sequence[Monomial], n: int) -> sp.csr_array:
    """Orthonormal basis (n×d) of the functionals that all `elements` leave fixed: signed orbit indicators."""
    count, labels = orbit_labels(point_moves(elements), n_points(elements, n))
    if labels.size == n:
        sizes = np.bincount(labels, minlength=count)
        values = (1.0 / np.sqrt(sizes))[labels]
        return sp.csr_array((values, labels, np.arange(n + 1, dtype=labels.dtype)), shape=(n, count))
    # On the 2n points ±e_i, an orbit that holds e_i and −e_i leaves nothing of coordinate i.
    positive, negative = labels[:n], labels[n:]
    alive = np.flatnonzero(positive != negative)
    # An orbit and its mirror image are one functional, up to sign; the one met first has sign +.
    orbits, columns = np.unique(np.minimum(positive[alive], negative[alive]), return_inverse=True)
    sizes = np.bincount(columns, minlength=orbits.size)
    signs = np.where(positive[alive] < negative[alive], 1.0, -1.0)
    values = signs / np.sqrt(sizes[columns])
    return sp.csr_array(sp.coo_array((values, (alive, columns)), shape=(n, orbits.size)))


def orbit_labels(moves: Sequence[IntArray], n: int) -> tuple[int, IntArray]:
    """Orbits of the group that index maps i ↦ move[i] generate on 0 … n − 1: their number and labels.

    Labels count up in the order in which orbits first appear.
    """
    from scipy.sparse.csgraph import connected_components

    if not moves:
        return n, np.arange(n)
    edges = len(moves) * n
    dtype = np.int32 if edges < 2**31 else np.int64
    targets = np.empty((n, len(moves)), dtype=dtype)
    for column, move in zip(targets.T, moves, strict=True):
        column[:] = move
    starts = np.arange(0, edges + 1, len(moves), dtype=dtype)
    graph = sp.csr_array((np.ones(edges, dtype=np.int8), targets.ravel(), starts), shape=(n, n))
    count, labels = connected_components(graph, directed=True, connection="weak")
    return int(count), labels
