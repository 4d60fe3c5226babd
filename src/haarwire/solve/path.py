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
from functools import cached_property
from typing import final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from haarwire._linalg import default_tolerance, graded_eigh, symmetric_whitener
from haarwire._numbers import FloatArray, is_real
from haarwire.errors import ParameterError
from haarwire.groups import Representation
from haarwire.invariants.penalty import Penalty
from haarwire.moments import Moments
from haarwire.solve.approaches import Hardwired, Plain, Regularized, Setting, check_kinds, setting_of
from haarwire.solve.certificate import Certificate, Pencil, certify
from haarwire.solve.curve import CurveFactors, PathCurve, trace_curve
from haarwire.solve.frame import PenaltyFrame, penalty_frame
from haarwire.solve.reduced_rank import Modes, modes_from_factor, reduced_rank, whitened
from haarwire.solve.solution import Solution
from haarwire.solve.solver import check_samples, checked_rank, optimum
from haarwire.solve.tail import Tail, path_tail

__all__ = ["RegularizationPath", "checked_alphas", "factor_path", "regularization_path"]


@final
@dataclass(frozen=True, eq=False)
class RegularizationPath:
    """The regularized solutions at every alpha in [0, ∞]; made by `regularization_path`.

    Attributes
    ----------
    representation : Representation
        The symmetry.
    frame : PenaltyFrame
        The penalty, whitened.
    rank : int
        The rank bound r used where a method is not given another.
    ridge : float
        Ordinary ridge.
    hardwired : Modes
        Modes of the hard-wired problem, the end of the path at infinity.
    spectrum : ndarray, shape (p,)
        c > 0, ascending: data variance over penalty along each non-invariant direction with data.
    spectrum_errors : ndarray, shape (p,)
        Rounding errors of c.
    dropped_below : float
        Directions of a variance over penalty below this were taken to have no data (0: none were).
    moments : Moments
        What was fitted, about the origin without an intercept.
    directions : ndarray, shape (n, p)
        T.
    rotation : ndarray, shape (n − d, p)
        V: the part of T outside the invariant functionals is H V.
    cross : ndarray, shape (m, p)
        E = B T.
    whitener : ndarray, shape (n, ≤ d)
        G: GGᵀ is the part of C(α)⁺ that does not depend on α.
    setting : Setting
        tr(T), the means, the precision of the results.
    is_minimum_norm : bool
        Whether there are directions without data, in which the coefficients are 0.
    """

    representation: Representation
    frame: PenaltyFrame
    rank: int
    ridge: float
    hardwired: Modes
    spectrum: FloatArray
    spectrum_errors: FloatArray
    dropped_below: float
    moments: Moments
    directions: FloatArray
    rotation: FloatArray
    cross: FloatArray
    whitener: FloatArray
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
        invariant = self.hardwired.setting.embed(self.hardwired.right)
        factor = np.concatenate([invariant.T, self.directions / np.sqrt(weights)], axis=1)
        tolerance = self.hardwired.tolerance
        amplification = np.maximum(self.spectrum_errors / (tolerance * weights), 1.0)
        return modes_from_factor(
            self.setting,
            np.concatenate([self._invariant_cross, scaled], axis=1),
            factor,
            condition=max(self.hardwired.condition, float(weights[-1] / weights[0]) if weights.size else 1.0),
            tolerance=tolerance,
            amplification=np.concatenate([self.hardwired.amplification, amplification]),
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
        r = self._bound(rank)
        approach = Regularized(alpha, self.frame.penalty)
        return optimum(self.modes(alpha), r, self.representation, approach)

    def curve(self, alphas: ArrayLike) -> PathCurve:
        """Losses, penalties, gaps, singular values and degrees of freedom at many alphas, for all ranks.

        Parameters
        ----------
        alphas : array_like, shape (n_alphas,)
            In [0, ∞].

        Returns
        -------
        PathCurve

        Raises
        ------
        ParameterError
            When an alpha is negative or not a number.
        """
        return trace_curve(self._curve_factors, checked_alphas(alphas))

    @cached_property
    def _curve_factors(self) -> CurveFactors:
        E0 = self._invariant_cross
        # HᵀH = diag(1/ρ): most of it is one multiple of I where the penalty has few eigenvalues.
        inverse = 1.0 / self.frame.values
        base = _most_common(inverse)
        other = np.flatnonzero(np.abs(inverse - base) > 1e-12 * base)
        return CurveFactors(
            total=self.setting.total,
            ridge=self.ridge,
            spectrum=self.spectrum,
            cross=self.cross,
            invariant=E0 @ self.hardwired.right,
            at_infinity=E0 @ E0.T,
            leak=self.frame.subspace.coordinates(self.directions.T),
            base=base,
            rotation=self.rotation[other],
            excess=inverse[other] - base,
            freedom=(float(self.whitener.shape[1]), float((self.whitener**2).sum())),
            sizes=(self.directions**2).sum(axis=0),
        )

    def alpha_for_gap(self, gap: float, *, rank: int | None = None) -> float:
        """The smallest alpha at which the relative invariance gap ‖W_⊥‖/‖W‖ is at most `gap`.

        Found on a grid of 30 values a decade, from 8 decades below the spectrum to 16 above it, and refined
        by bisection on the exact path; a dip narrower than a thirtieth of a decade could be missed.

        Parameters
        ----------
        gap : float
            In [0, 1].
        rank : int, optional
            Another rank bound than the path's own.

        Returns
        -------
        float
            ``math.inf`` where only the hard-wired end is invariant enough.

        Raises
        ------
        ParameterError
            When gap is not a number ≥ 0.
        """
        if not is_real(gap) or not gap >= 0:
            raise ParameterError(
                f"the invariance gap must be a number ≥ 0, got {gap!r}",
                cause="a negative or missing gap",
                remedy="use a relative size such as alpha_for_gap(0.01)",
            )
        r = self._bound(rank)

        def is_small(alphas: FloatArray) -> NDArray[np.bool_]:
            return self.curve(alphas).relative_invariance_gap[:, r - 1] <= gap

        ends = (self.spectrum[0], self.spectrum[-1]) if self.spectrum.size else (1.0, 1.0)
        low_end, high_end = np.log10(ends[0]) - 8.0, np.log10(ends[1]) + 16.0
        finite = np.logspace(low_end, high_end, int(30 * (high_end - low_end)))
        grid = np.concatenate([[0.0], finite, [np.inf]])
        first = int(np.argmax(is_small(grid)))
        if first == 0 or math.isinf(grid[first]):
            return float(grid[first])
        low, high = float(grid[first - 1]), float(grid[first])
        for _ in range(200):
            middle = math.sqrt(low * high) if low > 0 else high / 2.0
            if not low < middle < high:
                break
            low, high = (low, middle) if is_small(np.array([middle]))[0] else (middle, high)
        return high

    @property
    def tail(self) -> Tail:
        """The path near infinity: W(α) = W_∞ + W₁/α + O(1/α²), by first-order perturbation.

        Raises
        ------
        ParameterError
            When the hard-wired optimum is tied at this rank, so that the path has no limit there.
        """
        return path_tail(self.hardwired, self.cross, self.directions, self.rank, self.frame.subspace)

    def certify(self, *, rank: int | None = None) -> Certificate:
        """Prove that the path is continuous on all of [0, ∞], or bracket each place where it may jump.

        Works on α/(s + α) ∈ [0, 1], by bisection with a second-order bound of the gap on each interval
        (see `haarwire.solve.certificate`); rigorous up to the rounding margin it states.

        Parameters
        ----------
        rank : int, optional
            Another rank bound than the path's own.

        Returns
        -------
        Certificate
            ``is_continuous``, ``crossings``, ``min_gap``, ``gap_bound``, ``margin``, ``n_evaluations``.
        """
        r = self._bound(rank)
        return certify(self._pencil(r), r)

    @cached_property
    def _lost(self) -> float:
        """How much of the variance explained at alpha = 0 the dropped directions may hold: 0, to rounding.

        It is more where features that the group exchanges are in very different units.
        """
        if self.dropped_below == 0.0:
            return 0.0
        modes = reduced_rank(Plain().problem(self.moments, self.representation, ridge=self.ridge))
        start = self.modes(0.0)
        plain, found = (float((each.singular_values**2).sum()) for each in (modes, start))
        # The plain problem, too, explains what it explains up to rounding only.
        return max(plain - found - float(modes.errors.sum() + start.errors.sum()), 0.0)

    def _pencil(self, rank: int) -> Pencil:
        E0 = self._invariant_cross
        at_infinity = E0 @ E0.T
        size = (self.cross**2).sum(axis=0)
        reach = np.sqrt(size) * np.linalg.norm(self.directions, axis=0)
        end = self.hardwired.coef(slice(rank))
        least = float(self.hardwired.singular_values[: self.hardwired.n_modes].min(initial=np.inf)) ** 2

        lost = self._lost

        def margin(alphas: FloatArray) -> FloatArray:
            weights = self.spectrum + alphas[:, None]
            # A dropped direction explains at most what all do at alpha = 0, and less as alpha outgrows it.
            missing = lost * self.dropped_below / (self.dropped_below + alphas) if lost > 0 else 0.0
            ties = (size * self.spectrum_errors / weights**2).sum(axis=1)
            largest = np.trace(at_infinity) + (size / weights).sum(axis=1)
            return np.asarray(
                missing + self.hardwired.errors.sum() + ties + default_tolerance(4 * self.shape[0]) * largest
            )

        def far_change(alpha: float) -> float:
            weights = self.spectrum + alpha
            M1 = (self.cross / weights) @ self.cross.T
            values = np.linalg.eigvalsh(at_infinity + M1)[::-1]
            drift = float((reach / weights).sum())
            if not end.any():
                return drift
            gap = least - float(values[rank]) if rank < values.size else least
            turn = float(np.linalg.norm(M1, 2)) / gap if gap > 0 else np.inf
            return drift + turn * float(np.linalg.norm(end))

        return Pencil(
            at_infinity=at_infinity,
            cross=self.cross,
            spectrum=self.spectrum,
            rank=self.n_modes,
            rank_at_infinity=self.hardwired.n_modes,
            margin=margin,
            coef=lambda alpha: self.modes(alpha).coef(slice(rank)),
            far_change=far_change,
        )

    @property
    def shape(self) -> tuple[int, int]:
        """(n_targets, n_features)."""
        return self.cross.shape[0], self.directions.shape[0]

    @cached_property
    def n_modes(self) -> int:
        """Numerical rank q of Z at any alpha but ∞: that where the penalty is like the data."""
        return self.modes(float(np.median(self.spectrum)) if self.spectrum.size else 1.0).n_modes

    @cached_property
    def _invariant_cross(self) -> FloatArray:
        """E₀ = B F of the hard-wired problem, in its modes."""
        return self.hardwired.left * self.hardwired.singular_values

    def _bound(self, rank: int | None) -> int:
        return self.rank if rank is None else checked_rank(rank, *self.shape)


def checked_alphas(alphas: ArrayLike) -> FloatArray:
    """Return penalty strengths as a flat array, or raise ParameterError."""
    given = np.asarray(alphas)
    values = np.atleast_1d(given.astype(np.float64) if given.dtype.kind in "biuf" else np.full(1, np.nan))
    if values.ndim != 1 or values.size == 0 or not (values >= 0).all():
        raise ParameterError(
            f"the alphas must be a flat list of numbers ≥ 0, got {alphas!r}",
            cause="a negative or missing penalty strength",
            remedy="use for example numpy.logspace(-3, 3, 100); numpy.inf is the hard-wired end",
        )
    return values


def _most_common(values: FloatArray) -> float:
    """The most frequent value, up to rounding (0 for none)."""
    if values.size == 0:
        return 0.0
    ordered = np.sort(values)
    starts = np.concatenate([[True], np.diff(ordered) > 1e-12 * ordered[1:]])
    runs = np.diff(np.append(np.flatnonzero(starts), ordered.size))
    return float(ordered[np.flatnonzero(starts)[int(np.argmax(runs))]])


def regularization_path(
    moments: Moments,
    rep: Representation,
    *,
    rank: int | None = None,
    ridge: float = 0.0,
    penalty: Penalty = "generators",
    fit_intercept: bool = True,
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
    >>> [round(path.at(alpha).relative_invariance_gap, 3) for alpha in (0.0, 1.0, np.inf)]
    [0.316, 0.068, 0.0]
    >>> path.certify().is_continuous
    True
    """
    check_kinds(moments, rep, samples=False)
    r = checked_rank(rank, moments.n_targets, moments.n_features)
    check_samples(moments, fit_intercept=fit_intercept)
    data = moments if fit_intercept else moments.about_origin()
    return factor_path(data, rep, rank=r, ridge=ridge, frame=penalty_frame(rep, penalty))


def factor_path(
    data: Moments, rep: Representation, *, rank: int, ridge: float, frame: PenaltyFrame
) -> RegularizationPath:
    """Do the two factorisations of `regularization_path`, on moments that may be of constant targets."""
    problem = Hardwired().problem(data, rep, ridge=ridge)  # validates moments, rep and ridge
    whitener = symmetric_whitener(problem.gram, problem.tolerance, problem.magnitude)
    hardwired = reduced_rank(problem, whitened(problem, whitener))
    G = frame.subspace.embed(whitener.factor.T).T
    C = data.gram + ridge * np.eye(data.n_features) if ridge > 0 else data.gram
    # In the orthonormal basis P of the complement first: for orbits it is sparse.
    complement, scaling = frame.subspace.complement_matrix, frame.scaling
    CP = C @ complement
    coupling = G.T @ CP
    schur = scaling.T @ (complement.T @ CP - coupling.T @ coupling) @ scaling
    # Rounding of the diagonal of S: of the part of C in it and of what the elimination took away, each
    # weighed by the variances it was put together from.
    variances = np.diag(C)
    sizes = (variances @ complement**2) @ scaling**2
    floor = problem.tolerance * (sizes + (variances @ G**2) @ (coupling @ scaling) ** 2)
    spectrum, vectors, errors = graded_eigh(schur, floor, problem.tolerance)
    turned = scaling @ vectors
    # The penalty of a direction is 1 up to the rounding of R.
    reach = float(frame.values.max(initial=0.0)) * (turned**2).sum(axis=0)
    directions = complement @ turned - G @ (coupling @ turned)
    return RegularizationPath(
        representation=rep,
        frame=frame,
        rank=rank,
        ridge=float(ridge),
        hardwired=hardwired,
        spectrum=spectrum,
        spectrum_errors=errors + problem.tolerance * spectrum * reach,
        dropped_below=float(floor.max(initial=0.0)) if spectrum.size < len(schur) else 0.0,
        moments=data,
        directions=directions,
        rotation=vectors,
        cross=data.cross @ directions,
        whitener=G,
        setting=setting_of(data),
        is_minimum_norm=hardwired.is_minimum_norm or spectrum.size < len(schur),
    )
