"""How many critical points a rank-bounded problem has."""

from __future__ import annotations

import math

__all__ = ["count_critical_points"]


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

    References
    ----------
    Duan and Montúfar, arXiv 2506.13714 (theory, section 4).
    """
    return math.comb(n_modes, min(rank, n_modes))
