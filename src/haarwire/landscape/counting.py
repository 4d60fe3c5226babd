"""How many critical points a rank-bounded problem has, in all and of each index: exact integers.

A critical point keeps r of q singular modes; its index is the number of inversions, pairs of a kept mode
and a larger one that is not kept. The generating function of subsets by inversions is the Gaussian
binomial coefficient [q choose r]_x. Of modes that are tied only how many are kept matters: a critical
*family* is one number a cluster.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from haarwire._numbers import is_integer
from haarwire.errors import ParameterError

__all__ = [
    "checked_count",
    "count_critical_points",
    "count_families",
    "family_counts",
    "family_histogram",
    "gaussian_binomial",
    "spelled",
]

_MACHINE: Final = 2**61
"""Coefficients below this are counted in machine integers; twice as much still fits."""


def count_critical_points(n_modes: int, rank: int) -> int:
    """C(q, r): the smooth critical points on {rank ≤ r} of a problem with q distinct singular values.

    Parameters
    ----------
    n_modes : int
        q, the numerical rank of Z = B C^{−1/2}.
    rank : int
        The bound r; at r ≥ q there is one critical point, the optimum.

    Returns
    -------
    int
        Exact, however large. Only one of them, the global optimum, is not a saddle.

    Raises
    ------
    ParameterError
        When a number is not an integer ≥ 0.

    References
    ----------
    Duan and Montúfar, arXiv 2506.13714 (theory, section 4).
    """
    for name, value in (("n_modes", n_modes), ("rank", rank)):
        if not is_integer(value, 0):
            raise ParameterError(
                f"{name} must be an integer ≥ 0, got {value!r}",
                cause="a fraction, or the singular values in place of their number",
                remedy="use for example count_critical_points(9, 5)",
            )
    return math.comb(n_modes, min(rank, n_modes))


def checked_count(value: int, name: str, example: str) -> int:
    """Return how many are asked for, or raise ParameterError; `example` shows how to type it."""
    if not is_integer(value, 1):
        raise ParameterError(
            f"{name} must be an integer ≥ 1, got {value!r}",
            cause="a fraction, or none at all asked for",
            remedy=f"use for example {example}",
        )
    return int(value)


def gaussian_binomial(n: int, k: int) -> tuple[int, ...]:
    """Coefficients of [n choose k]_x = Π_{i=1..k} (1 − x^{n−k+i})/(1 − x^i), for 0 ≤ k ≤ n.

    The coefficient of x^j counts the k-subsets of n with j inversions. O(k²(n − k)) additions.
    """
    k = min(k, n - k)
    small = math.comb(n, k) < _MACHINE
    coefficients: NDArray[Any] = np.zeros(k * (n - k) + 1, dtype=np.int64 if small else object)
    coefficients[0] = 1
    for i in range(1, k + 1):
        # Every step is a Gaussian binomial itself, [n−k+i choose i]: no coefficient exceeds C(n, k).
        active = coefficients[: i * (n - k) + 1]
        shift = n - k + i
        if shift < active.size:
            active[shift:] -= active[:-shift].copy()
        # Dividing by 1 − x^i adds up every i-th coefficient.
        padded = np.zeros(-(-active.size // i) * i, dtype=active.dtype)
        padded[: active.size] = active
        active[:] = np.cumsum(padded.reshape(-1, i), axis=0).ravel()[: active.size]
    return tuple(coefficients.tolist())


def count_families(sizes: Sequence[int], rank: int) -> int:
    """Coefficient of x^r in Π_c (1 + x + … + x^{μ_c}): the critical families of clusters of sizes μ_c."""
    if all(size == 1 for size in sizes):
        return math.comb(len(sizes), rank)
    return family_counts(sizes, rank)[rank]


def family_counts(sizes: Sequence[int], rank: int) -> list[int]:
    """Coefficients of x⁰ … x^r in Π_c (1 + x + … + x^{μ_c})."""
    if all(size == 1 for size in sizes):
        return [math.comb(len(sizes), k) for k in range(rank + 1)]
    counts = [1] + [0] * rank
    for size in sizes:
        totals = [0]
        for count in counts:
            totals.append(totals[-1] + count)
        counts = [totals[k + 1] - totals[max(k - size, 0)] for k in range(rank + 1)]
    return counts


def family_histogram(sizes: Sequence[int], rank: int) -> tuple[int, ...]:
    """How many critical families have index 0, 1, 2, …, for clusters of tied modes in descending order.

    Keeping k modes of a cluster before which `missed` modes were passed over adds k·missed to the index:
    a dynamic programme over clusters whose states are how many modes were kept. Without ties it is the
    Gaussian binomial coefficient.
    """
    if all(size == 1 for size in sizes):
        return gaussian_binomial(len(sizes), rank)
    # A polynomial is one long integer, a coefficient in every `width` bytes: shifts multiply by powers of x.
    width = (count_families(sizes, rank).bit_length() + 7) // 8
    n_modes, passed = sum(sizes), 0
    tables = [1] + [0] * rank
    for size in sizes:
        passed += size
        following = [0] * (rank + 1)
        for kept in range(rank + 1):
            if not tables[kept]:
                continue
            missed = passed - size - kept
            needed = rank - kept - (n_modes - passed)
            for k in range(max(needed, 0), min(size, rank - kept) + 1):
                following[kept + k] += tables[kept] << (8 * width * k * missed)
        tables = following
    packed = tables[rank].to_bytes((tables[rank].bit_length() + 7) // 8, "little")
    return tuple(int.from_bytes(packed[i : i + width], "little") for i in range(0, len(packed), width))


def spelled(count: int) -> str:
    """A count for messages: exact up to a billion, then its power of ten (floats end at 10^308)."""
    return str(count) if count < 10**9 else f"about 10^{math.log10(count):.1f}"
