"""The one kernel: reduced-rank regression by whitening and a singular value decomposition.

With C⁺ = F Fᵀ and E = B F = U Σ Vᵀ, the critical points of J over rank ≤ r are
W_S = Σ_{i∈S} σ_i u_i (F v_i)ᵀ, with J(W_S) = tr(T) − Σ_{i∈S} σ_i²; the optimum takes the r largest
(Eckart–Young–Mirsky after whitening; theory, sections 3 and 4).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, final

import numpy as np

from haarwire._linalg import Whitener, root_whitener, symmetric_whitener
from haarwire._numbers import FloatArray
from haarwire.solve.approaches import Quadratic, Setting

__all__ = ["Modes", "Whitened", "modes_from_factor", "reduced_rank", "whitened"]


@final
@dataclass(frozen=True, eq=False)
class Modes:
    """The singular modes of a quadratic problem, from which every solution is put together.

    Attributes
    ----------
    setting : Setting
        How they become a model.
    singular_values : ndarray, shape (min(m, rank C),)
        σ of Z = B C^{−1/2}, descending.
    left : ndarray, shape (m, min(m, rank C))
        u_i as columns.
    right : ndarray, shape (min(m, rank C), k)
        (F v_i)ᵀ as rows, in the problem's coordinates.
    is_minimum_norm : bool
        Whether C is singular, so that the minimum-norm minimizer was chosen among many.
    condition : float
        Condition number of C (scaled to unit diagonal, on its range).
    tolerance : float
        Relative rounding error of the problem.
    amplification : ndarray, shape (min(m, rank C),)
        How much of a relative error of C and B reaches each mode: ‖C‖‖F v_i‖², at least 1.
    n_inputs : int
        Rank of C.
    """

    setting: Setting
    singular_values: FloatArray
    left: FloatArray
    right: FloatArray
    is_minimum_norm: bool
    condition: float
    tolerance: float
    amplification: FloatArray
    n_inputs: int

    @property
    def rank_tolerance(self) -> float:
        """Singular values at most this count as zero: tolerance·√(cond(C)·tr T), the rounding of Z."""
        return self.tolerance * float(np.sqrt(self.condition * self.setting.total))

    @cached_property
    def n_modes(self) -> int:
        """Numerical rank q of Z: the number of modes that explain anything."""
        return int((self.singular_values > self.rank_tolerance).sum())

    def is_tied(self, i: int, j: int) -> bool:
        """Whether σ_i and σ_j are equal up to rounding."""
        squared = self.singular_values**2
        return bool(abs(squared[i] - squared[j]) <= max(self.errors[i], self.errors[j]))

    @cached_property
    def errors(self) -> FloatArray:
        """Rounding errors of σ_i² to first order, tolerance·(σ_i² a_i + 2 σ_i √(a_i tr T)).

        a is the amplification; the first term comes from C, the second from B. Squares closer than these
        cannot be told apart.
        """
        sigma, a = self.singular_values, self.amplification
        return np.asarray(self.tolerance * sigma * (sigma * a + 2.0 * np.sqrt(a * self.setting.total)))

    def coef(self, subset: Sequence[int] | slice) -> FloatArray:
        """W_S, shape (m, n)."""
        return self.setting.embed(self.problem_coef(subset))

    def problem_coef(self, subset: Sequence[int] | slice) -> FloatArray:
        """V_S, shape (m, k), in the problem's coordinates."""
        return np.asarray((self.left[:, subset] * self.singular_values[subset]) @ self.right[subset])

    def loss(self, subset: Sequence[int] | slice) -> float:
        """J(W_S) = tr(T) − Σ_{i∈S} σ_i²."""
        return float(self.setting.total - (self.singular_values[subset] ** 2).sum())


class Whitened(NamedTuple):
    """A problem in whitened coordinates: C⁺ = F Fᵀ and E = B F.

    Attributes
    ----------
    whitener : Whitener
        F and the spectrum of C.
    cross : ndarray, shape (m, rank C)
        E.
    amplification : ndarray, shape (rank C,)
        How much of a relative error of C reaches what each column of F whitens.
    """

    whitener: Whitener
    cross: FloatArray
    amplification: FloatArray


def whitened(problem: Quadratic, whitener: Whitener | None = None) -> Whitened:
    """Whiten a problem: by a singular value decomposition of its root where it has one, or by its gram.

    A `whitener` of the gram, where the caller has one already, saves the eigendecomposition (and the root, if
    there is one, is not used).
    """
    if whitener is None and problem.root is not None:
        found, left = root_whitener(problem.root.inputs, problem.tolerance, problem.magnitude)
        # To first order, the square of a mode moves by 1/σ of A, not by 1/σ².
        return Whitened(found, problem.root.targets.T @ left, np.sqrt(_spread(found)))
    if whitener is None:
        whitener = symmetric_whitener(problem.gram, problem.tolerance, problem.magnitude)
    return Whitened(whitener, problem.cross @ whitener.factor, _spread(whitener))


def _spread(whitener: Whitener) -> FloatArray:
    """The largest eigenvalue of C over each."""
    return whitener.values[-1:] / whitener.values


def reduced_rank(problem: Quadratic, white: Whitened | None = None) -> Modes:
    """Solve a quadratic problem for every rank at once: one eigendecomposition of C, one SVD of m×k.

    `white` is the problem whitened, where the caller has it already.
    """
    whitener, E, amplification = whitened(problem) if white is None else white
    return modes_from_factor(
        problem.setting,
        E,
        whitener.factor,
        condition=whitener.condition,
        tolerance=problem.tolerance,
        amplification=amplification,
        is_minimum_norm=whitener.rank < problem.gram.shape[0],
    )


def modes_from_factor(
    setting: Setting,
    E: FloatArray,
    factor: FloatArray,
    *,
    condition: float,
    tolerance: float,
    amplification: FloatArray,
    is_minimum_norm: bool,
) -> Modes:
    """Modes of E = B F, for F (k×p) with C⁺ = F Fᵀ, whose C has this condition number.

    `amplification` (p,) is ‖C‖ over the part of C that each column of F whitens.
    """
    U, sigma, Vt = np.linalg.svd(E, full_matrices=False)
    U, Vt = _with_canonical_signs(U, Vt)
    return Modes(
        setting=setting,
        singular_values=sigma,
        left=U,
        right=Vt @ factor.T,
        is_minimum_norm=is_minimum_norm,
        condition=condition,
        tolerance=tolerance,
        amplification=Vt**2 @ amplification,
        n_inputs=factor.shape[1],
    )


def _with_canonical_signs(U: FloatArray, Vt: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Make the largest entry of each left vector positive, so that results repeat across LAPACKs."""
    if U.shape[1] == 0:
        return U, Vt
    signs = np.sign(U[np.abs(U).argmax(axis=0), np.arange(U.shape[1])])
    return U * signs, Vt * signs[:, None]
