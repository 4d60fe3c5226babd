"""The path near infinity: how fast the regularized solution approaches the hard-wired one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import final

import numpy as np

from haarwire._numbers import FloatArray
from haarwire.errors import ParameterError
from haarwire.invariants import Subspace
from haarwire.solve.reduced_rank import Modes

__all__ = ["Tail", "path_tail"]


@final
@dataclass(frozen=True, eq=False)
class Tail:
    """W(α) = W_∞ + W₁/α + O(1/α²).

    Attributes
    ----------
    coef : ndarray, shape (m, n)
        W₁.
    distance_constant : float
        ‖W₁‖_F: ‖W(α) − W_∞‖ ≈ distance_constant/α.
    gap_constant : float
        ‖W₁(I − QQᵀ)‖_F: the invariance gap, absolute, ≈ gap_constant/α.
    """

    coef: FloatArray = field(repr=False)
    distance_constant: float
    gap_constant: float


def path_tail(
    hardwired: Modes, cross: FloatArray, directions: FloatArray, rank: int, subspace: Subspace
) -> Tail:
    """First-order perturbation of the leading eigenspace of M_∞ by M₁/α, M₁ = E Eᵀ.

    With Π the projector on the r leading eigenvectors, W₁ = Π₁ W_∞ + Π E Tᵀ, where
    Π₁ = Σ_{i≤r<j} (u_i u_iᵀM₁u_j u_jᵀ + transpose)/(σ_i² − σ_j²). Where r exceeds the rank of M_∞, Π is
    completed by the leading eigenvectors of M₁ on its null space.
    """
    m, q = cross.shape[0], hardwired.n_modes
    if rank < q and hardwired.is_tied(rank - 1, rank):
        raise ParameterError(
            f"the path has no limit at rank {rank}: the hard-wired singular values {rank} and {rank + 1} "
            f"are equal ({hardwired.singular_values[rank]:.6g})",
            cause="a tie, as symmetric data have: several hard-wired optima of the same loss",
            remedy="choose another rank",
        )
    M1 = cross @ cross.T
    leading = hardwired.left[:, :q]
    null = np.linalg.qr(leading, mode="complete")[0][:, q:]
    _, turned = np.linalg.eigh(null.T @ M1 @ null)
    U = np.concatenate([leading, null @ turned[:, ::-1]], axis=1)
    squared = np.zeros(m)
    squared[:q] = hardwired.singular_values[:q] ** 2
    kept, rest = U[:, :rank], U[:, rank:]
    # Pairs inside the null space do not matter: W_∞ vanishes there.
    differences = squared[:rank, None] - squared[None, rank:]
    mixing = np.divide(kept.T @ M1 @ rest, differences, out=np.zeros_like(differences), where=differences > 0)
    turn = kept @ mixing @ rest.T
    unbounded = hardwired.coef(slice(None))
    W1 = (turn + turn.T) @ unbounded + kept @ (kept.T @ cross) @ directions.T
    return Tail(
        coef=W1,
        distance_constant=float(np.linalg.norm(W1)),
        gap_constant=float(np.linalg.norm(W1 - subspace.project(W1))),
    )
