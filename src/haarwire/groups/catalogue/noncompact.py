"""Lie groups that are not compact: there is no Haar average, but invariant maps and penalties there are.

Abstract elements are the matrices of the defining representation, or real numbers for one-parameter groups.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from haarwire._linalg import EPS
from haarwire._numbers import FloatArray, is_integer
from haarwire.errors import ParameterError
from haarwire.groups._checks import affordable, positive_size
from haarwire.groups._rotations import block_diagonal
from haarwire.groups.action import GroupAction
from haarwire.groups.catalogue.rotations import named_power
from haarwire.groups.elements import Element, Matrix
from haarwire.groups.representation import Representation

__all__ = [
    "lorentz_vectors",
    "rigid_motions",
    "scaling",
    "shear",
    "so13_tensors",
    "special_linear",
    "symplectic",
]


def lorentz_vectors(n: int) -> Representation:
    """X ↦ XΛᵀ: boosts and rotations of n four-vectors at once (SO⁺(1, 3)).

    Parameters
    ----------
    n : int
        How many. Arrays of shape (n, 4) with columns t, x, y, z, flattened by ``X.ravel()``.

    Returns
    -------
    Representation
        On R^(4n), not compact. Six Lie-algebra elements: the rotations J_x, J_y, J_z, then the boosts
        K_x, K_y, K_z; abstract elements are Lorentz matrices Λ, shape (4, 4).

    Raises
    ------
    ParameterError
        When `n` is not a positive integer.

    References
    ----------
    A. Bogatskiy et al., "Lorentz group equivariant neural network for particle physics", ICML 2020.

    Examples
    --------
    >>> from haarwire.groups import lorentz_vectors
    >>> lorentz_vectors(3)
    Representation(lorentz_vectors:3: dim 12, 0 generators, 6 Lie-algebra elements, order infinite)
    """
    n = positive_size(n, "n", "lorentz_vectors(3)")
    affordable(4 * n, 1, "n", "lorentz_vectors(3)")
    turns = [_entries(4, {(j, i): 1.0, (i, j): -1.0}) for i, j in ((2, 3), (3, 1), (1, 2))]
    boosts = [_entries(4, {(0, i): 1.0, (i, 0): 1.0}) for i in (1, 2, 3)]
    algebra = [sp.csr_array(sp.kron(sp.eye_array(n), L, format="csr")) for L in turns + boosts]
    return _not_compact(f"lorentz_vectors:{n}", "SO⁺(1,3)", algebra, partial(_on_copies, n))


def so13_tensors(order: int) -> Representation:
    """T ↦ (Λ ⊗ ⋯ ⊗ Λ)T: boosts and rotations of a tensor on space-time (SO⁺(1, 3)).

    Parameters
    ----------
    order : int
        Number of indices. Arrays of shape (4, …, 4), flattened by ``T.ravel()``.

    Returns
    -------
    Representation
        On R^(4^order), not compact: ``lorentz_vectors(1) * … * lorentz_vectors(1)``.

    Raises
    ------
    ParameterError
        When `order` is not a positive integer.

    Examples
    --------
    >>> from haarwire.groups import so13_tensors
    >>> so13_tensors(2).dim
    16
    """
    return named_power("so13_tensors", lorentz_vectors(1), order)


def scaling(weights: Sequence[float]) -> Representation:
    """x_i ↦ s^{w_i} x_i, s > 0: a change of unit, for quantities of several dimensions.

    Parameters
    ----------
    weights : sequence of float
        The powers w_i, one a coordinate: 1 for a length, 2 for an area, 0 for a pure number.

    Returns
    -------
    Representation
        Not compact, unless all weights vanish. One Lie-algebra element, diag(w); abstract elements are
        factors s > 0. Invariant linear maps use the coordinates of weight 0 only.

    Raises
    ------
    ParameterError
        When the weights are not finite real numbers.

    Examples
    --------
    >>> from haarwire.groups import scaling
    >>> scaling([1, 2, 0]).action.act(10.0).to_dense().diagonal()
    array([ 10., 100.,   1.])
    """
    try:
        powers = np.asarray(weights)
    except ValueError:
        powers = np.empty(0)
    is_list = powers.ndim == 1 and powers.size > 0 and powers.dtype.kind in "iuf"
    if not is_list or not np.isfinite(powers).all():
        raise ParameterError(
            f"weights must be a non-empty list of finite numbers, got {weights!r}",
            cause="a single number, a text, or a missing value",
            remedy="give one power a coordinate, as in scaling([1, 2, 0])",
        )
    affordable(powers.size, 1, "weights", "scaling([1, 2, 0])")
    name = "scaling:" + ",".join(map(repr, powers.tolist()))
    powers = powers.astype(np.float64)
    algebra = [sp.csr_array(sp.diags_array(powers))]
    return _not_compact(name, "positive factors", algebra, partial(_scaled, powers))


def shear(dim: int, *, plane: tuple[int, int] = (0, 1)) -> Representation:
    """x_i ↦ x_i + t·x_j, i and j the plane: all shears along one axis.

    Parameters
    ----------
    dim : int
        Number of coordinates, 2 or more.
    plane : tuple of int, default (0, 1)
        i, the coordinate that moves, and j, that by which it moves.

    Returns
    -------
    Representation
        Not compact. One Lie-algebra element E_ij; abstract elements are real numbers t.

    Raises
    ------
    ParameterError
        When `dim` is less than 2, or `plane` not two different coordinates.

    Examples
    --------
    >>> from haarwire.groups import shear
    >>> shear(2).action.act(0.5).to_dense()
    array([[1. , 0.5],
           [0. , 1. ]])
    """
    dim = affordable(_at_least_two(dim, "dim", "shear(2)"), 1, "dim", "shear(2)")
    is_pair = isinstance(plane, tuple | list) and len(plane) == 2
    if not is_pair or not all(_is_coordinate(i, dim) for i in plane) or plane[0] == plane[1]:
        raise ParameterError(
            f"plane must be two different coordinates of 0 … {dim - 1}, got {plane!r}",
            cause="coordinates that count from 1, or a name",
            remedy="type shear(3, plane=(0, 2)): x_0 ↦ x_0 + t·x_2",
        )
    i, j = map(int, plane)
    name = f"shear:{dim}" + (f",plane={i}x{j}" if (i, j) != (0, 1) else "")
    L = _entries(dim, {(i, j): 1.0})
    return _not_compact(name, "real numbers", [L], partial(_sheared, L))


def special_linear(n: int) -> Representation:
    """x ↦ Ax, det A = 1: all linear maps that keep volumes (SL(n)).

    Parameters
    ----------
    n : int
        Dimension, 2 or more.

    Returns
    -------
    Representation
        On R^n, not compact. Lie-algebra elements: the Chevalley generators E_12, …, E_{n−1,n}, then
        E_21, …, E_{n,n−1}, of which all others are commutators; abstract elements are matrices A.

    Raises
    ------
    ParameterError
        When `n` is not an integer, or less than 2.

    Examples
    --------
    >>> from haarwire.groups import special_linear
    >>> special_linear(3)
    Representation(special_linear:3: dim 3, 0 generators, 4 Lie-algebra elements, order infinite)
    """
    n = _at_least_two(n, "n", "special_linear(3)")
    affordable(n, 2, "n", "special_linear(3)")
    raising = [_entries(n, {(i, i + 1): 1.0}) for i in range(n - 1)]
    algebra = raising + [sp.csr_array(E.T) for E in raising]
    return _not_compact(f"special_linear:{n}", f"SL({n})", algebra, partial(_on_copies, 1))


def symplectic(dim: int) -> Representation:
    """x ↦ Ax, AᵀJA = J: linear maps of phase space that keep areas (Sp(dim, R)).

    Parameters
    ----------
    dim : int
        Dimension 2n, even: positions q_1, …, q_n, then momenta p_1, …, p_n; J = [[0, I], [−I, 0]].

    Returns
    -------
    Representation
        On R^dim, not compact. Lie-algebra elements: the 2n Chevalley generators, n that raise and their
        transposes, of which all others are commutators; abstract elements are matrices A.

    Raises
    ------
    ParameterError
        When `dim` is not a positive even integer.

    References
    ----------
    R. Goodman and N. Wallach, Symmetry, Representations, and Invariants, Springer (2009), sections 2.1
    and 5.3.

    Examples
    --------
    >>> from haarwire.groups import symplectic
    >>> symplectic(4)
    Representation(symplectic:4: dim 4, 0 generators, 4 Lie-algebra elements, order infinite)
    """
    dim = _at_least_two(dim, "dim", "symplectic(4)")
    affordable(dim, 2, "dim", "symplectic(4)")
    if dim % 2:
        raise ParameterError(
            f"phase space has an even dimension, got {dim}",
            cause="the number of positions given without that of momenta",
            remedy=f"type symplectic({2 * dim}) for {dim} positions and {dim} momenta",
        )
    n = dim // 2
    raising = [_entries(dim, {(i, i + 1): 1.0, (n + i + 1, n + i): -1.0}) for i in range(n - 1)]
    raising.append(_entries(dim, {(n - 1, dim - 1): 1.0}))
    algebra = raising + [sp.csr_array(E.T) for E in raising]
    return _not_compact(f"symplectic:{dim}", f"Sp({dim})", algebra, partial(_on_copies, 1))


def rigid_motions(dim: int) -> Representation:
    """(x, 1) ↦ (Rx + t, 1): rotations and translations in homogeneous coordinates (SE(dim)).

    Parameters
    ----------
    dim : int
        Dimension of the space.

    Returns
    -------
    Representation
        On R^(dim + 1), not compact. Lie-algebra elements: the rotations (one for the plane; L_x, L_y, L_z
        for space; otherwise in the planes (i, j), i < j), then the translations along each axis;
        abstract elements are matrices [[R, t], [0, 1]].

    Raises
    ------
    ParameterError
        When `dim` is not a positive integer.

    Examples
    --------
    >>> from haarwire.groups import rigid_motions
    >>> rigid_motions(3)
    Representation(rigid_motions:3: dim 4, 0 generators, 6 Lie-algebra elements, order infinite)
    """
    dim = positive_size(dim, "dim", "rigid_motions(3)")
    affordable(max(dim, 2), 3, "dim", "rigid_motions(3)")
    planes = ((1, 2), (2, 0), (0, 1)) if dim == 3 else tuple(itertools.combinations(range(dim), 2))
    turns = [_entries(dim + 1, {(j, i): 1.0, (i, j): -1.0}) for i, j in planes]
    shifts = [_entries(dim + 1, {(i, dim): 1.0}) for i in range(dim)]
    return _not_compact(f"rigid_motions:{dim}", f"SE({dim})", turns + shifts, partial(_on_copies, 1))


def _not_compact(
    name: str, group: str, algebra: Sequence[sp.csr_array], act: Callable[[Any], Element]
) -> Representation:
    action = GroupAction(group, math.inf, None, act, is_compact=False)
    return Representation(algebra[0].shape[0], algebra=algebra, name=name, action=action)


def _entries(n: int, values: dict[tuple[int, int], float]) -> sp.csr_array:
    rows, columns = zip(*sorted(values), strict=True)
    numbers = np.array([values[entry] for entry in zip(rows, columns, strict=True)])
    starts = np.searchsorted(rows, np.arange(n + 1)).astype(np.int32)
    return sp.csr_array((numbers, np.array(columns, np.int32), starts), shape=(n, n))


def _on_copies(n: int, A: FloatArray) -> Matrix:
    return Matrix._trusted(block_diagonal([(np.array(A, dtype=np.float64), n)]), EPS, orthogonal=None)


def _scaled(powers: NDArray[np.float64], s: float) -> Matrix:
    return Matrix._trusted(sp.csr_array(sp.diags_array(s**powers)), EPS, orthogonal=None)


def _sheared(L: sp.csr_array, t: float) -> Matrix:
    identity = sp.eye_array(L.shape[0], format="csr")
    return Matrix._trusted(sp.csr_array(identity + t * L), EPS, orthogonal=None)


def _is_coordinate(i: object, dim: int) -> bool:
    return is_integer(i, 0) and i < dim


def _at_least_two(value: object, parameter: str, call: str) -> int:
    size = positive_size(value, parameter, call)
    if size < 2:
        raise ParameterError(
            f"{parameter} must be at least 2, got {size}",
            cause="on a line this group does nothing",
            remedy=f"type {call}; trivial(1) keeps everything",
        )
    return size
