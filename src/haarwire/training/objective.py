"""The loss of many networks on quadratic problems, and its gradient, in the eigenbasis of the gram.

With C = E diag(c) Eᵀ the loss sees W_1 and B only as W_1 E and B E, in which C is diagonal: products
with it cost O(mk) in place of O(mk²), and gradient descent, momentum and gradient flow take the same
path, as they do not depend on the choice of orthonormal coordinates (Adam does: there C stays dense).

Where h_1 ≤ m the m×k product W_L ⋯ W_1 is not formed either: with A = W_L ⋯ W_2,

    ½ ∂J/∂W_1 = (AᵀA) W_1 C − AᵀB,    ½ ∂J/∂A = A (W_1 C W_1ᵀ) − B W_1ᵀ.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

import numpy as np
from numpy.typing import NDArray

from haarwire._numbers import FloatArray
from haarwire.solve import Quadratic
from haarwire.training._torch import require_torch
from haarwire.training.checkpoint import State

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Frame", "Objective", "frames_of"]


@final
@dataclass(frozen=True, eq=False)
class Frame:
    """Problems of equal size in their eigenbases: float64 arrays.

    Attributes
    ----------
    basis : ndarray, shape (problems, k, k)
        E, eigenvectors of C as columns; the layers in these coordinates are W_1 E, W_2, …
    values : ndarray, shape (problems, k)
        c.
    cross : ndarray, shape (problems, m, k)
        B E.
    """

    basis: FloatArray
    values: FloatArray
    cross: FloatArray


def frames_of(problems: Sequence[Quadratic], state: State | None = None) -> Frame:
    """One eigendecomposition a problem; from a checkpoint, as another LAPACK may turn the eigenvectors."""
    if state is not None:
        return Frame(state["basis"], state["values"], state["cross"])
    pairs = [np.linalg.eigh(problem.gram) for problem in problems]
    basis = np.stack([E for _, E in pairs])
    cross = np.stack([p.cross @ E for p, E in zip(problems, basis, strict=True)])
    return Frame(basis, np.maximum(np.stack([c for c, _ in pairs]), 0.0), cross)


@final
class Objective:
    """Gradients of J at the layers of a batch of runs.

    Parameters
    ----------
    frame : Frame
        The problems.
    owner : ndarray of int, shape (batch,)
        The problem of each run, ascending.
    like : Tensor
        For the precision and the device.
    dense : bool
        Whether the layers are in the problem's own coordinates (for Adam), not in the eigenbasis.
    """

    def __init__(self, frame: Frame, owner: NDArray[np.intp], like: Tensor, *, dense: bool = False) -> None:
        torch = require_torch()
        self._frame, self._like, self.dense = frame, like, dense
        self.owner = owner
        present = np.unique(owner)
        self._present = present
        self._is_single = present.size == 1
        # The factor 2 of the gradient is in the problem: 2C and 2B.
        cross = 2.0 * (frame.cross @ frame.basis.swapaxes(1, 2) if dense else frame.cross)
        values = 2.0 * frame.values

        def tensor(values: FloatArray) -> Tensor:
            made: Tensor = torch.as_tensor(np.ascontiguousarray(values), dtype=like.dtype, device=like.device)
            return made

        if self._is_single:
            self._cross, self._values = tensor(cross[present[0]]), tensor(values[present[0]])
        else:
            self._cross, self._values = tensor(cross[owner]), tensor(values[owner][:, None])
        self._cross_t = self._cross.mT.contiguous()
        if dense:
            grams = (frame.basis[p] * values[p] @ frame.basis[p].T for p in present)
            self._grams = [tensor(C) for C in grams]
            self._counts = [int((owner == p).sum()) for p in present]

    def restricted(self, keep: NDArray[np.integer[Any]]) -> Objective:
        """The same for some of the runs."""
        return Objective(self._frame, self.owner[keep], self._like, dense=self.dense)

    def part(self, some: slice) -> Objective:
        """The same for neighbouring runs, without copies."""
        if self._is_single:
            return self
        twin = copy(self)
        twin.owner = self.owner[some]
        twin._cross, twin._cross_t = self._cross[some], self._cross_t[some]
        twin._values = self._values[some]
        if self.dense:
            ends = np.searchsorted(twin.owner, self._present, side="right")
            twin._counts = np.diff(ends, prepend=0).tolist()
        return twin

    def state(self) -> State:
        """Nothing: the problems are given."""
        return {}

    def restore(self, state: State) -> None:
        """Nothing to go on from."""

    def gradient(self, weights: Sequence[Tensor]) -> list[Tensor]:
        """∂J/∂W_1, …, ∂J/∂W_L, each of shape (batch, h_out, h_in)."""
        torch = require_torch()
        first, rest = weights[0], weights[1:]
        if not rest:
            return [self._times_gram(first) - self._cross]
        # A_l = W_L ⋯ W_{l+1} for l = 1, …, L − 1, from the top down.
        above = [rest[-1]]
        for W in rest[-2::-1]:
            above.append(above[-1] @ W)
        A = above[-1]
        At = A.mT
        if first.shape[1] <= A.shape[1]:
            seen = self._times_gram(first)
            lower = torch.baddbmm(At @ self._cross, At @ A, seen, beta=-1)
            upper = torch.baddbmm((first @ self._cross_t).mT, A, seen @ first.mT, beta=-1)
        else:
            residual = self._times_gram(A @ first) - self._cross
            lower = At @ residual
            upper = residual @ first.mT
        out, below = [lower], upper
        if len(rest) == 1:
            return [lower, upper]
        # ∂J/∂W_l = A_lᵀ (∂J/∂A) (W_{l−1} ⋯ W_2)ᵀ, from the bottom up.
        for W, over in zip(rest[:-1], above[-2::-1], strict=True):
            out.append(over.mT @ below)
            below = below @ W.mT
        out.append(below)
        return out

    def _times_gram(self, rows: Tensor) -> Tensor:
        product: Tensor
        if not self.dense:
            product = rows * self._values
        elif self._is_single:
            product = rows @ self._grams[0]
        else:
            parts = [X @ C for X, C in zip(_split(rows, self._counts), self._grams, strict=True)]
            product = require_torch().cat(parts)
        return product


def _split(rows: Tensor, counts: Sequence[int]) -> list[Tensor]:
    ends = np.cumsum(counts)
    return [rows[end - count : end] for end, count in zip(ends.tolist(), counts, strict=True)]
