"""The regularization path: every penalty strength alpha in [0, ∞] from one factorisation.

Split R^n into the invariant functionals (basis Q) and their complement. Let G = Q F_Q whiten the
invariant block, GᵀCG = I, and let H whiten the penalty on the complement, HᵀRH = I. Eliminating the
invariant block leaves the Schur complement S = Hᵀ(C − C G Gᵀ C)H = V diag(c) Vᵀ, and with
T = (H − G GᵀCH)V

    C(α)⁺ = G Gᵀ + T diag(1/(c + α)) Tᵀ,        M(α) = E₀E₀ᵀ + E diag(1/(c + α)) Eᵀ,

where E₀ = BG and E = BT. So α = ∞ is exactly the hard-wired problem, c = 0 are the directions
without data (E vanishes there), and α = 0 is the limit from the right: the minimizer of the loss with
the least penalty. This is the generalized eigenproblem of theory, section 5, with the infinite end
split off by construction rather than found by a tolerance.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from haarwire._linalg import default_tolerance, symmetric_whitener
from haarwire.errors import RepresentationError
from haarwire.groups import Representation
from haarwire.invariants import Subspace, invariant_subspace, penalty_matrix
from haarwire.invariants.penalty import Penalty
from haarwire.moments import Moments
from haarwire.solve.approaches import Hardwired, Regularized, Setting, setting_of
from haarwire.solve.reduced_rank import Modes, modes_from_factor, reduced_rank, tie_tolerance
from haarwire.solve.solution import Solution
from haarwire.solve.solver import check_samples, checked_rank, optimum

__all__ = ["PenaltyFrame", "RegularizationPath", "penalty_frame", "regularization_path"]

FloatArray: TypeAlias = NDArray[np.floating[Any]]


@final
@dataclass(frozen=True, eq=False)
class PenaltyFrame:
    """What the path needs of the symmetry alone: shared by all data sets, and by all folds of one.

    Attributes
    ----------
    subspace : Subspace
        The invariant functionals.
    frame : ndarray, shape (n, n − d)
        H: a basis of their orthogonal complement with HᵀRH = I.
    penalty : {"generators", "projection"}
        Which R.
    """

    subspace: Subspace
    frame: FloatArray
    penalty: Penalty


def penalty_frame(rep: Representation, penalty: Penalty = "generators") -> PenaltyFrame:
    """Whiten the penalty matrix on the complement of the invariant functionals."""
    subspace = invariant_subspace(rep)
    R = penalty_matrix(rep, penalty)
    complement = subspace.complement
    restricted = complement.T @ R @ complement
    values, vectors = np.linalg.eigh((restricted + restricted.T) / 2.0)
    if values.size and values[0] <= default_tolerance(rep.dim) * values[-1]:
        raise RepresentationError(
            f"the penalty of {rep.label} is singular to working precision outside the invariant "
            f"functionals: its eigenvalues run from {values[0]:.1e} to {values[-1]:.1e}",
            cause="a generator so close to the identity that its penalty drowns in rounding errors",
            remedy="use penalty='projection', or give the generator's logarithm as a Lie-algebra element",
        )
    return PenaltyFrame(subspace, complement @ (vectors / np.sqrt(values)), penalty)


@final
@dataclass(frozen=True, eq=False)
class RegularizationPath:
    """The regularized solutions at every alpha in [0, ∞]; made by `regularization_path`.

    Attributes
    ----------
    representation : Representation
        The symmetry.
    penalty : {"generators", "projection"}
        Which invariance penalty.
    rank : int
        The rank bound r used where a method is not given another.
    hardwired : Modes
        Modes of the hard-wired problem, the end of the path at infinity.
    spectrum : ndarray, shape (p,)
        c > 0, ascending: data variance over penalty along each non-invariant direction with data.
    directions : ndarray, shape (n, p)
        T.
    cross : ndarray, shape (m, p)
        E = B T.
    setting : Setting
        tr(T), the means, the precision of the results.
    is_minimum_norm : bool
        Whether there are directions without data, in which the coefficients are 0.
    """

    representation: Representation
    penalty: Penalty
    rank: int
    hardwired: Modes
    spectrum: FloatArray
    directions: FloatArray
    cross: FloatArray
    setting: Setting
    is_minimum_norm: bool

    def __repr__(self) -> str:
        m, p = self.cross.shape
        return f"RegularizationPath(rank {self.rank} of {m} targets, {p} penalized directions)"

    def modes(self, alpha: float) -> Modes:
        """All singular modes at one alpha, for every rank: O(m²n), and O(mn²) for their directions."""
        strength = Regularized(alpha).alpha
        if math.isinf(strength):
            return self.hardwired
        weights = self.spectrum + strength
        scaled = self.cross / np.sqrt(weights)
        E0 = self.hardwired.left * self.hardwired.singular_values
        invariant = self.hardwired.setting.embed(self.hardwired.right)
        factor = np.concatenate([invariant.T, self.directions / np.sqrt(weights)], axis=1)
        top, n = float(self.spectrum[-1]) if self.spectrum.size else 0.0, factor.shape[0]
        return modes_from_factor(
            self.setting,
            np.concatenate([E0, scaled], axis=1),
            factor,
            condition=max(self.hardwired.condition, float(weights[-1] / weights[0]) if weights.size else 1.0),
            tie_tolerance=self.hardwired.tie_tolerance + tie_tolerance(scaled, weights, top, n),
            is_minimum_norm=self.is_minimum_norm,
        )

    def at(self, alpha: float, *, rank: int | None = None) -> Solution:
        """The regularized solution at one alpha: `solve` with ``Regularized(alpha)``, but faster.

        Parameters
        ----------
        alpha : float
            In [0, ∞], both ends exact: ``math.inf`` is the hard-wired solution, 0 the minimizer of the
            loss with the least penalty (the limit from the right; where the gram is singular this is
            not the minimum-norm plain solution).
        rank : int, optional
            Another rank bound than the path's own.

        Raises
        ------
        ParameterError
            When alpha or rank is out of range.
        """
        r = self.rank if rank is None else checked_rank(rank, *self.shape)
        approach = Regularized(alpha, self.penalty)
        return optimum(self.modes(alpha), r, self.representation, approach)

    @property
    def shape(self) -> tuple[int, int]:
        """(n_targets, n_features)."""
        return self.cross.shape[0], self.directions.shape[0]


def regularization_path(
    moments: Moments,
    rep: Representation,
    *,
    rank: int | None = None,
    ridge: float = 0.0,
    penalty: Penalty = "generators",
    fit_intercept: bool = True,
    frame: PenaltyFrame | None = None,
) -> RegularizationPath:
    """Factor the regularized problems of all alpha at once.

    Parameters
    ----------
    moments : Moments
        Of data with n features and m targets.
    rep : Representation
        The symmetry; no Haar average is needed, so it may be non-orthogonal and non-compact.
    rank : int, optional
        Bound r on the rank, 1 ≤ r ≤ min(m, n). None: unbounded.
    ridge : float
        Strength of the ordinary ridge penalty, ≥ 0.
    penalty : {"generators", "projection"}
        Which invariance penalty (see `penalty_matrix`).
    fit_intercept : bool
        Whether the model has an intercept.
    frame : PenaltyFrame, optional
        From `penalty_frame`, to share it between paths of one symmetry (as for cross-validation).

    Returns
    -------
    RegularizationPath

    Raises
    ------
    DataError, ParameterError
        As in `solve`.
    NotCompactError
        For the projection penalty of a group without Haar average.

    References
    ----------
    Duan and Montúfar, arXiv 2506.13714: W_reg(λ) tends to the hard-wired solution. The closed form of
    the whole path is Haarwire's (theory, section 5).

    Examples
    --------
    >>> import haarwire as hw, numpy as np
    >>> X = np.random.default_rng(0).standard_normal((50, 4))
    >>> moments = hw.Moments.from_arrays(X, X @ [1.0, 2.0, 1.0, 2.0])
    >>> path = hw.regularization_path(moments, hw.groups.cyclic_shifts(4))
    >>> path.at(np.inf).coef.round(3)
    array([[1.5, 1.5, 1.5, 1.5]])
    """
    r = checked_rank(rank, moments.n_targets, moments.n_features)
    check_samples(moments, fit_intercept=fit_intercept)
    data = moments if fit_intercept else moments.about_origin()
    problem = Hardwired().problem(data, rep, ridge=ridge)  # validates moments, rep and ridge
    if frame is None:
        frame = penalty_frame(rep, penalty)
    whitener = symmetric_whitener(problem.gram)
    hardwired = reduced_rank(problem, whitener)
    G = frame.subspace.embed(whitener.factor.T).T
    C = data.gram + ridge * np.eye(data.n_features) if ridge > 0 else data.gram
    CH = C @ frame.frame
    coupling = G.T @ CH
    schur = frame.frame.T @ CH - coupling.T @ coupling
    spectrum, vectors = np.linalg.eigh((schur + schur.T) / 2.0)
    # What rounding leaves of directions without data: relative to the block before elimination.
    before = float(np.abs(np.diag(frame.frame.T @ CH)).max(initial=0.0))
    live = spectrum > default_tolerance(data.n_features) * before
    directions = (frame.frame - G @ coupling) @ vectors[:, live]
    return RegularizationPath(
        representation=rep,
        penalty=frame.penalty,
        rank=r,
        hardwired=hardwired,
        spectrum=spectrum[live],
        directions=directions,
        cross=data.cross @ directions,
        setting=setting_of(data),
        is_minimum_norm=hardwired.is_minimum_norm or not bool(live.all()),
    )
