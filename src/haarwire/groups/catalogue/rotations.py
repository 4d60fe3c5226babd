"""Rotations of space: SO(3), with inversion O(3), and SU(2)."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

import numpy as np

from haarwire._linalg import EPS
from haarwire._numbers import FloatArray, is_integer
from haarwire.errors import ParameterError
from haarwire.groups._checks import MatrixLike, affordable, positive_size
from haarwire.groups._quadratures import euler_levels, inversion_levels, proper_levels
from haarwire.groups._rotations import (
    EulerAngles,
    block_diagonal,
    rotation_matrix,
    spherical_algebra,
    spherical_matrix,
    spin_algebra,
    spin_matrix,
    vector_algebra,
)
from haarwire.groups.action import Factor, GroupAction
from haarwire.groups.algebra.powers import tensor_power
from haarwire.groups.elements import Element, Matrix, Permutation, SignedPermutation
from haarwire.groups.representation import Representation

__all__ = ["named_power", "o3", "o3_tensors", "o3_vectors", "so3", "so3_tensors", "so3_vectors", "su2"]

_MAX_DEGREE: Final = 500
"""A rotation of spherical harmonics of degree l is a dense matrix of (2l + 1)² entries."""
_WITHOUT_INVERSION: Final = (Factor(algebra=(0, 1, 2), quadrature=partial(euler_levels, 1)),)
_WITH_INVERSION: Final = (
    Factor(algebra=(0, 1, 2), quadrature=proper_levels),
    Factor(generators=(0,), quadrature=inversion_levels),
)


def so3(multiplicities: int | Mapping[int, int]) -> Representation:
    """⊕ m_l D_l: the real irreducible representations of rotations (SO(3)), by degree l.

    Parameters
    ----------
    multiplicities : mapping of int to int, or int
        {l: m_l}, how many copies of each degree; a degree alone stands for one copy.

    Returns
    -------
    Representation
        On R^(Σ m_l (2l + 1)). Coordinates: degrees ascending, copies one after the other, and in each
        copy real spherical harmonics m = −l, …, l (Condon–Shortley; l = 1 is y, z, x), moved so that
        S(Rr) = D(R) S(r). Three Lie-algebra elements L_x, L_y, L_z with [L_x, L_y] = L_z; abstract
        elements are Euler angles (α, β, γ): exp(αL_z) exp(βL_y) exp(γL_z).

    Raises
    ------
    ParameterError
        When a degree or a number of copies is not an integer or out of range.

    References
    ----------
    E. P. Wigner, Group Theory, Academic Press (1959), ch. 15. M. Geiger and T. Smidt, "e3nn: Euclidean
    neural networks", arXiv 2207.09453 (the same harmonics, with the axis y in place of z).

    Examples
    --------
    >>> from haarwire.groups import so3
    >>> so3({0: 2, 1: 1, 2: 1})
    Representation(so3:0=2,1=1,2=1: dim 10, 0 generators, 3 Lie-algebra elements, order infinite)
    """
    call = "so3({0: 2, 1: 3})"
    blocks = _multiplicities(multiplicities, "degree", call, largest=_MAX_DEGREE)
    affordable(sum(count * (2 * degree + 1) for degree, count in blocks), 1, "multiplicities", call)
    return _rotations(
        _listed("so3", blocks),
        [block_diagonal([(spherical_algebra(d)[a], count) for d, count in blocks]) for a in range(3)],
        partial(_spherical, blocks),
        degree=max(degree for degree, _ in blocks),
    )


def so3_vectors(n: int) -> Representation:
    """X ↦ XRᵀ: rotations (SO(3)) of n vectors of space at once.

    Parameters
    ----------
    n : int
        How many. Arrays of shape (n, 3) with columns x, y, z, flattened by ``X.ravel()``.

    Returns
    -------
    Representation
        On R^(3n); Lie-algebra elements and abstract elements as in `so3`, of the same group.

    Raises
    ------
    ParameterError
        When `n` is not a positive integer.

    Examples
    --------
    >>> from haarwire.groups import so3_vectors
    >>> so3_vectors(5)
    Representation(so3_vectors:5: dim 15, 0 generators, 3 Lie-algebra elements, order infinite)
    """
    n = positive_size(n, "n", "so3_vectors(5)")
    affordable(3 * n, 1, "n", "so3_vectors(5)")
    algebra = [block_diagonal([(L, n)]) for L in vector_algebra()]
    return _rotations(f"so3_vectors:{n}", algebra, partial(_on_vectors, n), degree=1)


def so3_tensors(order: int) -> Representation:
    """T ↦ (R ⊗ ⋯ ⊗ R)T: rotations (SO(3)) of a tensor on space.

    Parameters
    ----------
    order : int
        Number of indices. Arrays of shape (3, …, 3), flattened by ``T.ravel()``.

    Returns
    -------
    Representation
        On R^(3^order): ``so3_vectors(1) * … * so3_vectors(1)``.

    Raises
    ------
    ParameterError
        When `order` is not a positive integer.

    Examples
    --------
    >>> from haarwire.groups import so3_tensors
    >>> so3_tensors(2).dim
    9
    """
    return named_power("so3_tensors", so3_vectors(1), order)


def o3(multiplicities: str | Mapping[str, int]) -> Representation:
    """⊕ m_{l,p} D_l ⊗ p: irreducible representations of rotations and inversion (O(3)), with parity.

    Parameters
    ----------
    multiplicities : mapping of str to int, or str
        {"0e": 2, "1o": 3}: degree l and parity, e (even: the inversion does nothing) or o (odd: it
        changes the sign), as in e3nn; one of them alone stands for one copy.

    Returns
    -------
    Representation
        Coordinates as in `so3`, even before odd. One generator, the inversion, and three Lie-algebra
        elements; abstract elements are pairs of Euler angles and the number of inversions, 0 or 1.

    Raises
    ------
    ParameterError
        When a key or a number of copies is not understood.

    Examples
    --------
    >>> from haarwire.groups import o3
    >>> o3({"1o": 2, "0e": 1})
    Representation(o3:0e=1,1o=2: dim 7, 1 generator, 3 Lie-algebra elements, order infinite)
    """
    given = {multiplicities: 1} if isinstance(multiplicities, str) else multiplicities
    call = 'o3({"0e": 2, "1o": 3})'
    if not isinstance(given, Mapping) or not all(
        isinstance(key, str) and re.fullmatch(r"(0|[1-9]\d{0,8})[eo]", key) for key in given
    ):
        raise ParameterError(
            f"the irreducible representations of O(3) are degrees with e or o, got {_shown_keys(given)}",
            cause="a degree without parity, or a notation of another library",
            remedy=f"type {call}",
        )
    for key in given:
        _check_copies(int(key[:-1]), given[key], "degree", call, largest=_MAX_DEGREE)
    order = sorted((int(key[:-1]), key[-1]) for key in given if given[key])
    if not order:
        raise _nothing(call)
    degrees = [(degree, int(given[f"{degree}{parity}"])) for degree, parity in order]
    affordable(sum(count * (2 * degree + 1) for degree, count in degrees), 1, "multiplicities", call)
    sizes = [count * (2 * degree + 1) for degree, count in degrees]
    signs = np.repeat([1.0 if parity == "e" else -1.0 for _, parity in order], sizes)
    return _with_inversion(
        "o3:" + ",".join(f"{d}{p}={count}" for (d, p), (_, count) in zip(order, degrees, strict=True)),
        [block_diagonal([(spherical_algebra(d)[a], count) for d, count in degrees]) for a in range(3)],
        partial(_spherical, degrees),
        signs,
        degree=max(degree for degree, _ in degrees),
    )


def o3_vectors(n: int) -> Representation:
    """X ↦ XRᵀ: rotations and reflections (O(3)) of n vectors of space at once.

    Parameters
    ----------
    n : int
        How many. Arrays of shape (n, 3) with columns x, y, z, flattened by ``X.ravel()``.

    Returns
    -------
    Representation
        On R^(3n); generators, Lie-algebra elements and abstract elements as in `o3`, of the same group.

    Raises
    ------
    ParameterError
        When `n` is not a positive integer.

    Examples
    --------
    >>> from haarwire.groups import o3_vectors
    >>> o3_vectors(5).dim
    15
    """
    n = positive_size(n, "n", "o3_vectors(5)")
    affordable(3 * n, 1, "n", "o3_vectors(5)")
    algebra = [block_diagonal([(L, n)]) for L in vector_algebra()]
    return _with_inversion(f"o3_vectors:{n}", algebra, partial(_on_vectors, n), -np.ones(3 * n), degree=1)


def o3_tensors(order: int) -> Representation:
    """T ↦ (R ⊗ ⋯ ⊗ R)T: rotations and reflections (O(3)) of a tensor on space.

    Parameters
    ----------
    order : int
        Number of indices. Arrays of shape (3, …, 3), flattened by ``T.ravel()``.

    Returns
    -------
    Representation
        On R^(3^order): ``o3_vectors(1) * … * o3_vectors(1)``.

    Raises
    ------
    ParameterError
        When `order` is not a positive integer.

    Examples
    --------
    >>> from haarwire.groups import o3_tensors
    >>> o3_tensors(3).dim
    27
    """
    return named_power("o3_tensors", o3_vectors(1), order)


def su2(multiplicities: int | Mapping[int, int]) -> Representation:
    """⊕ m_j D^j on real coordinates: representations of SU(2) by twice the spin, 2j.

    Parameters
    ----------
    multiplicities : mapping of int to int, or int
        {2j: m_j}, how many copies of each spin; 2j alone stands for one copy. ``su2(1)`` is the defining
        representation, on R^4.

    Returns
    -------
    Representation
        On R^(Σ m_j · 2(2j + 1)): spins ascending, copies one after the other, states m = j, …, −j,
        complex numbers as real and imaginary part in turn (``z.view(float)``). Three Lie-algebra
        elements −iJ_x, −iJ_y, −iJ_z; abstract elements are Euler angles (α, β, γ), γ up to 4π.

    Raises
    ------
    ParameterError
        When a spin or a number of copies is not an integer or out of range.

    Examples
    --------
    >>> from haarwire.groups import su2
    >>> su2({1: 1, 2: 1})
    Representation(su2:1=1,2=1: dim 10, 0 generators, 3 Lie-algebra elements, order infinite)
    """
    call = "su2(1) or su2({1: 2, 2: 1})"
    blocks = _multiplicities(multiplicities, "twice the spin", call, largest=2 * _MAX_DEGREE)
    affordable(sum(2 * count * (spin + 1) for spin, count in blocks), 1, "multiplicities", call)
    algebra = [block_diagonal([(spin_algebra(s)[a], count) for s, count in blocks]) for a in range(3)]
    action = GroupAction(
        "SU(2)",
        math.inf,
        partial(_draw_euler, 4.0 * math.pi),
        partial(_spinor, blocks),
        degree=max(spin for spin, _ in blocks),
        factors=(Factor(algebra=(0, 1, 2), quadrature=partial(euler_levels, 2)),),
    )
    return Representation(algebra[0].shape[0], algebra=algebra, name=_listed("su2", blocks), action=action)


def _rotations(
    name: str, algebra: Sequence[MatrixLike], act: Callable[[EulerAngles], Element], *, degree: int
) -> Representation:
    draw = partial(_draw_euler, 2.0 * math.pi)
    action = GroupAction("SO(3)", math.inf, draw, act, degree=degree, factors=_WITHOUT_INVERSION)
    return Representation(algebra[0].shape[0], algebra=algebra, name=name, action=action)


def _shown_keys(given: object) -> str:
    return ", ".join(map(str, given)) if isinstance(given, Mapping) else repr(given)


def _with_inversion(
    name: str,
    algebra: Sequence[MatrixLike],
    act: Callable[[EulerAngles], Matrix],
    signs: FloatArray,
    *,
    degree: int,
) -> Representation:
    inversion = SignedPermutation(np.arange(signs.size), signs).simplified()
    action = GroupAction(
        "O(3)",
        math.inf,
        _draw_euler_inversion,
        partial(_inverted_or_not, act, inversion),
        degree=degree,
        factors=_WITH_INVERSION,
    )
    return Representation(signs.size, [inversion], algebra, name=name, action=action)


def named_power(name: str, rep: Representation, order: int) -> Representation:
    """The tensor power of a representation as an entry of the catalogue."""
    order = positive_size(order, "order", f"{name}(2)")
    affordable(rep.dim, order, "order", f"{name}(2)")
    return replace(tensor_power(rep, order), name=f"{name}:{order}")


def _multiplicities(given: Any, parameter: str, call: str, *, largest: int) -> list[tuple[int, int]]:
    """{key: copies} as pairs in the order of the keys; those of no copies are left out."""
    pairs = given if isinstance(given, Mapping) else {given: 1}
    for key, count in pairs.items():
        _check_copies(key, count, parameter, call, largest=largest)
    found = [(int(key), int(pairs[key])) for key in sorted(pairs) if pairs[key]]
    if not found:
        raise _nothing(call)
    return found


def _check_copies(key: Any, count: Any, parameter: str, call: str, *, largest: int) -> None:
    for value in (key, count):
        if not is_integer(value, 0):
            raise ParameterError(
                f"{parameter} and number of copies must be non-negative integers, got {key!r}: {count!r}",
                cause="a half-integer spin, a text, or a negative number",
                remedy=f"type {call}",
            )
    if key > largest:
        raise ParameterError(
            f"{parameter} must be at most {largest}, got {key}",
            cause="a number of copies given as a key: rotations of such degrees are huge dense matrices",
            remedy=f"type {call}",
        )


def _nothing(call: str) -> ParameterError:
    return ParameterError(
        "at least one irreducible representation is needed, got none",
        cause="an empty mapping, or no copies of any",
        remedy=f"type {call}",
    )


def _listed(name: str, blocks: Sequence[tuple[int, int]]) -> str:
    return f"{name}:" + ",".join(f"{key}={count}" for key, count in blocks)


def _draw_euler(period: float, rng: np.random.Generator) -> EulerAngles:
    alpha, height, gamma = rng.uniform(size=3)
    return 2.0 * math.pi * float(alpha), math.acos(1.0 - 2.0 * float(height)), period * float(gamma)


def _draw_euler_inversion(rng: np.random.Generator) -> tuple[EulerAngles, int]:
    return _draw_euler(2.0 * math.pi, rng), int(rng.integers(2))


def _spherical(blocks: Sequence[tuple[int, int]], angles: EulerAngles) -> Matrix:
    parts = [(spherical_matrix(degree, angles), count) for degree, count in blocks]
    return Matrix._trusted(block_diagonal(parts), EPS, orthogonal=True)


def _spinor(blocks: Sequence[tuple[int, int]], angles: EulerAngles) -> Matrix:
    parts = [(spin_matrix(spin, angles), count) for spin, count in blocks]
    return Matrix._trusted(block_diagonal(parts), EPS, orthogonal=True)


def _on_vectors(n: int, angles: EulerAngles) -> Matrix:
    return Matrix._trusted(block_diagonal([(rotation_matrix(angles), n)]), EPS, orthogonal=True)


def _inverted_or_not(
    act: Callable[[EulerAngles], Matrix],
    inversion: Permutation | SignedPermutation,
    element: tuple[EulerAngles, int],
) -> Element:
    angles, inversions = element
    return act(angles) @ inversion if inversions % 2 else act(angles)
