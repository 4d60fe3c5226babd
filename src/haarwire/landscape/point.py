"""One critical point (or critical family) and the way down from it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import final

import numpy as np

from haarwire._numbers import FloatArray
from haarwire.landscape.families import Families
from haarwire.solve import Modes

__all__ = ["CriticalPoint", "EscapeDirection"]


@final
@dataclass(frozen=True, eq=False)
class EscapeDirection:
    """The steepest way down from a saddle: mode i, which it keeps, is turned into a larger mode j.

    In whitened coordinates the direction is D = (u_j v_iᵀ + u_i v_jᵀ)/√2, of unit length: tr(D C Dᵀ) = 1
    in coefficients. Along any curve W + t·D + O(t²) of critical rank that leaves W in this direction the
    loss is J + t²·(1 − σ_j/σ_i) + O(t³), and no other tangent direction has a lower curvature.

    Attributes
    ----------
    direction : ndarray, shape (m, n)
        D in the coordinates of the coefficients.
    curvature : float
        1 − σ_j/σ_i < 0, the lowest eigenvalue of the Hessian of ½J.
    swap : tuple of int
        (i, j): the mode given up and the mode gained, numbered from 0.
    loss_decrease : float
        σ_j² − σ_i²: how much lower the critical point it leads to is.
    leads_to : tuple of int
        The subset of that critical point, S without i and with j.
    """

    direction: FloatArray = field(repr=False)
    curvature: float
    swap: tuple[int, int]
    loss_decrease: float
    leads_to: tuple[int, ...]


@final
@dataclass(frozen=True, eq=False)
class CriticalPoint:
    """W_S = Σ_{i∈S} u_i u_iᵀ B C⁺, a critical point of the loss over maps of rank ≤ r.

    Made by `critical_points`; everything but the loss is computed when asked for.

    Attributes
    ----------
    subset : tuple of int
        S: which singular modes it keeps, numbered from 0 in descending order of σ (so 0 … r − 1 is the
        global optimum). Where modes are tied, S stands for a family: any k of μ tied dimensions.
    loss : float
        J(W_S) = tr(T) − Σ_{i∈S} σ_i².
    """

    subset: tuple[int, ...]
    loss: float
    _modes: Modes = field(repr=False)
    _families: Families = field(repr=False)

    @cached_property
    def index(self) -> int:
        """Negative Hessian directions on the variety: #{(i, j): i ∈ S, j ∉ S, j < q, σ_j > σ_i}.

        Tied modes do not count: σ_j > σ_i beyond the tie tolerance.
        """
        return self._families.index(self.subset)

    @property
    def is_global(self) -> bool:
        """Whether this is a global optimum of the rank-bounded problem; all others are strict saddles."""
        return self.index == 0

    @cached_property
    def dimension(self) -> int:
        """Σ k(μ − k) over clusters of μ tied modes of which k are kept: 0 for an isolated point.

        The family is a product of Grassmannians Gr(k, μ). Where C is singular, it is counted among the
        minimum-norm maps: adding to W anything that the data do not see changes no loss.
        """
        return self._families.dimension(self.subset)

    @property
    def coef(self) -> FloatArray:
        """W_S, shape (n_targets, n_features)."""
        return self._coef.astype(self._modes.setting.dtype, copy=False)

    @property
    def intercept(self) -> FloatArray:
        """The intercept b = ȳ − W_S x̄, shape (n_targets,)."""
        setting = self._modes.setting
        return setting.intercept(self._coef).astype(setting.dtype, copy=False)

    @cached_property
    def _coef(self) -> FloatArray:
        return self._modes.coef(list(self.subset))

    @property
    def problem_coef(self) -> FloatArray:
        """V_S, shape (m, k): the coefficients in the problem's own coordinates, W_S = V_S Qᵀ.

        Hard-wired problems have k = d inputs, the invariant coordinates; for all others V_S = W_S.
        """
        return self._modes.problem_coef(list(self.subset))

    @cached_property
    def hessian_eigenvalues(self) -> FloatArray:
        """Eigenvalues of the Hessian of ½J at W_S on the matrices of rank |S|, in whitened coordinates.

        1 − σ_j/σ_i and 1 + σ_j/σ_i for every i ∈ S, j ∉ S, j < q, and 1 for the rest of the tangent
        space, whose dimension is r(m + k − r) with r = |S| and k = rank C; pairs with a mode of σ = 0
        are among those. σ_j/σ_i is 1 where the two are tied: as many eigenvalues are exactly 0 as the
        family has dimensions.

        Returns
        -------
        ndarray, shape (r(m + k − r),)
            Ascending.
        """
        families, subset = self._families, np.array(self.subset, dtype=np.intp)
        sigma = np.sqrt(families.gains)
        others = np.setdiff1d(np.arange(families.n_modes), subset)
        ratios = sigma[others] / sigma[subset, None]
        starts = np.array(families.starts, dtype=np.intp)
        ratios[starts[others] == starts[subset][:, None]] = 1.0
        m, r = self._modes.left.shape[0], subset.size
        ones = np.ones(r * (m + self._modes.n_inputs - r) - 2 * ratios.size)
        return np.sort(np.concatenate([1.0 - ratios.ravel(), ones, 1.0 + ratios.ravel()]))

    @cached_property
    def escape_direction(self) -> EscapeDirection | None:
        """The tangent direction of steepest negative curvature; None for a global optimum.

        It swaps the least kept mode for the largest that is not kept.
        """
        if self.is_global:
            return None
        families, modes = self._families, self._modes
        i, j = self.subset[-1], next(mode for mode in range(families.n_modes) if mode not in self.subset)
        tangent = np.outer(modes.left[:, j], modes.right[i]) + np.outer(modes.left[:, i], modes.right[j])
        sigma_i, sigma_j = modes.singular_values[i], modes.singular_values[j]
        return EscapeDirection(
            direction=modes.setting.embed(tangent / math.sqrt(2.0)),
            curvature=float(1.0 - sigma_j / sigma_i),
            swap=(i, j),
            loss_decrease=float((sigma_j - sigma_i) * (sigma_j + sigma_i)),
            leads_to=tuple(sorted({*self.subset, j} - {i})),
        )
