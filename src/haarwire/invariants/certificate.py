"""How an invariant subspace was found, and what vouches for its dimension."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias, final

__all__ = ["Method", "SubspaceCertificate"]

Method: TypeAlias = Literal["orbits", "singular values", "iteration"]


@final
@dataclass(frozen=True)
class SubspaceCertificate:
    """What vouches for a basis Q of the invariant functionals, null(Aᵀ), A = [ρ(g) − I, …, L/‖L‖, …].

    - ``"orbits"``: (signed) permutations; exact.
    - ``"singular values"``: of A, block by block. At least d of them are at most `residual`, the others at
      least `gap`; `tolerance` lies in between.
    - ``"iteration"``: random functionals were projected on null(Aᵀ). Q spans the projections, so by
      `residual` ≤ `tolerance` at least d singular values count as zero; and of `probes` projections more
      than d nothing is left outside span(Q) but the relative length `leakage`, so there are no more but
      with a probability below leakage^probes.

    Attributes
    ----------
    method : {"orbits", "singular values", "iteration"}
        The weakest one of all blocks.
    residual : float
        ‖AᵀQ‖₂, measured; 0 for orbits.
    tolerance : float
        Singular values of A up to this count as zero: 8·n·eps·(1 + √(‖A‖₁‖A‖_∞)), n the size of a block;
        8·n·eps where generators are kept by their factors.
    gap : float
        The least singular value of A that was computed and does not count as zero; inf where there is
        none, nan where it is not known (iteration).
    probes : int
        Random projections beyond the dimension (iteration).
    leakage : float
        What they have outside the subspace, relative to the size of a random coordinate (iteration).
    """

    method: Method
    residual: float = 0.0
    tolerance: float = 0.0
    gap: float = float("inf")
    probes: int = 0
    leakage: float = 0.0
