"""How much penalty? The marginal likelihood of the data, in closed form on the path's spectrum.

The rows of W have independent Gaussian priors of precision Λ_j = (N/σ_j²)(ridge·I + α·R), the noise of
target j has variance σ_j², and the intercept a flat prior. Then the posterior mean is the regularized
solution of the same α and ridge, and with C_α = C + ridge·I + α·R and J_j the least objective of target j,

    log p(Y | X, α) = −½ Σ_j [ν log(2πσ_j²) + log det C_α − log det(ridge·I + α·R) + N·J_j(α)/σ_j²],

ν = N − 1 with an intercept: the density of the N − 1 contrasts orthogonal to it. With c the spectrum of the
path and ρ the eigenvalues of R outside the d invariant functionals Q, the two determinants are

    log det(QᵀCQ + ridge·I) + Σ log(c_k + α) + Σ log ρ_k   and   d log ridge + Σ log(ridge + αρ_k),

whose difference stays finite as α → ∞, where the prior holds invariant maps only.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias, final

import numpy as np
from numpy.typing import ArrayLike

from haarwire._linalg import default_tolerance
from haarwire._numbers import FloatArray
from haarwire.errors import DataError, ParameterError
from haarwire.groups import Representation
from haarwire.invariants.penalty import Penalty
from haarwire.moments import Moments
from haarwire.selection.grid import alpha_grid
from haarwire.solve import PenaltyFrame, penalty_frame
from haarwire.solve.approaches import check_fit, check_kinds, checked_ridge
from haarwire.solve.path import checked_alphas, factor_path
from haarwire.solve.solver import check_samples

__all__ = ["Evidence", "NoiseVariance", "log_evidence", "select_by_evidence"]

NoiseVariance: TypeAlias = Literal["common", "per_target"] | ArrayLike

_RIDGES: Final = np.logspace(-8.0, 2.0, 11)
"""Ridges tried first, relative to the mean variance of the features."""

_DIGITS: Final = 1e-3
"""Strengths are found to about this relative precision."""

_PER_DECADE: Final = 8
"""Strengths tried first in a decade."""

_FLAT: Final = 0.01
"""Below this share of ridge/ρ, the prior hardly depends on α."""


@final
@dataclass(frozen=True, eq=False)
class Evidence:
    """The strengths of largest evidence; from `select_by_evidence`.

    Attributes
    ----------
    alpha : float
        Strength of the invariance penalty; ``math.inf`` says hard-wire, a finite one that the symmetry is
        approximate, 0 that it is no help.
    ridge : float
        Strength of the ordinary ridge.
    log_evidence : float
        Of both.
    noise_variance : ndarray, shape (m,)
        Of each target, there.
    alphas, values : ndarray, shape (n_alphas,)
        Log evidence at other strengths and this ridge.
    hardwired_ridge, hardwired_log_evidence : float
        The same for α = ∞, with the ridge of largest evidence there.
    """

    alpha: float
    ridge: float
    log_evidence: float
    noise_variance: FloatArray = field(repr=False)
    alphas: FloatArray = field(repr=False)
    values: FloatArray = field(repr=False)
    hardwired_ridge: float = field(repr=False)
    hardwired_log_evidence: float = field(repr=False)


def log_evidence(
    moments: Moments,
    rep: Representation,
    alpha: ArrayLike,
    ridge: float,
    *,
    noise_variance: NoiseVariance = "common",
    penalty: Penalty = "generators",
    fit_intercept: bool = True,
) -> FloatArray:
    """Log marginal likelihood of the targets, W integrated out, at one or many α (see the module).

    Parameters
    ----------
    moments : Moments
        Of data with n features and m targets. Weights are precisions of the noise; the constant
        ½ m Σ log w_i is left out.
    rep : Representation
        The symmetry.
    alpha : float or array_like, shape (n_alphas,)
        Strengths in [0, ∞] of the invariance penalty, both ends exact.
    ridge : float
        Strength of the ordinary ridge, > 0: without it the prior is improper.
    noise_variance : {"common", "per_target"}, float or array_like of shape (m,)
        σ²; by name, that of largest evidence, one for all targets or one for each (targets that are constant
        then count for nothing).
    penalty : {"generators", "projection"}
        Which invariance penalty R.
    fit_intercept : bool
        Whether the model has an intercept, with a flat prior.

    Returns
    -------
    ndarray, of the shape of alpha

    Raises
    ------
    ParameterError
        When ridge is not positive, or so small that it drowns in rounding errors; when an alpha or
        a variance is out of range.
    DataError
        When the data do not fit the symmetry, or have no noise to estimate.

    References
    ----------
    MacKay, Bayesian interpolation, Neural Computation 4, 1992.

    Examples
    --------
    >>> import haarwire as hw
    >>> rep = hw.groups.cyclic_shifts(6)
    >>> data = hw.datasets.planted(rep, 60, rng=0)
    >>> moments = hw.Moments.from_arrays(data.X, data.Y)
    >>> values = hw.log_evidence(moments, rep, [0.0, 1.0, float("inf")], ridge=0.01)
    >>> int(values.argmax())
    2
    """
    data = _checked(moments, rep, fit_intercept)
    variances = _Variances(noise_variance, moments, fit_intercept)
    model = _Model(data, rep, penalty_frame(rep, penalty), _positive(ridge), variances)
    return model(checked_alphas(alpha)).reshape(np.shape(alpha))


def select_by_evidence(
    moments: Moments,
    rep: Representation,
    *,
    ridge: float | None = None,
    noise_variance: NoiseVariance = "common",
    penalty: Penalty = "generators",
    fit_intercept: bool = True,
) -> Evidence:
    """Choose α, and the ridge if it is not given, by the largest evidence.

    Each ridge takes one factorization, which serves all α. Ridges are searched from 1e-8 to 100 times the
    mean variance of the features.

    Parameters
    ----------
    moments : Moments
        Of data with n features and m targets.
    rep : Representation
        The symmetry.
    ridge : float, optional
        Strength of the ordinary ridge, > 0. None: chosen too.
    noise_variance, penalty, fit_intercept
        As in `log_evidence`.

    Returns
    -------
    Evidence

    Raises
    ------
    DataError, ParameterError
        As in `log_evidence`.

    Examples
    --------
    >>> import haarwire as hw
    >>> rep = hw.groups.cyclic_shifts(6)
    >>> data = hw.datasets.planted(rep, 60, rng=1)
    >>> select_by_evidence(hw.Moments.from_arrays(data.X, data.Y), rep).alpha
    inf
    """
    data = _checked(moments, rep, fit_intercept)
    frame, variances = penalty_frame(rep, penalty), _Variances(noise_variance, moments, fit_intercept)

    def modelled(value: float) -> _Model:
        return _Model(data, rep, frame, value, variances)

    if ridge is not None:
        model = fixed = modelled(_positive(ridge))
    else:
        ridges = _RIDGES * (float(np.trace(data.gram)) / rep.dim or 1.0)
        tried = [(model.largest()[1], model.at_infinity()) for model in map(modelled, ridges.tolist())]
        of_any, of_fixed = np.transpose(tried)
        model = modelled(_best_ridge(ridges, of_any, lambda ridge: modelled(ridge).largest()[1]))
        fixed = modelled(_best_ridge(ridges, of_fixed, lambda ridge: modelled(ridge).at_infinity()))
    alpha, value = model.largest()
    end = fixed.at_infinity()
    if end >= value:
        # The two searches end a little apart.
        model, alpha, value = fixed, math.inf, end
    grid = model.grid()
    return Evidence(alpha, model.ridge, value, model.noise_at(alpha), grid, model(grid), fixed.ridge, end)


def _checked(moments: Moments, rep: Representation, fit_intercept: bool) -> Moments:
    check_kinds(moments, rep, samples=False)
    check_fit(moments, rep)
    check_samples(moments, fit_intercept=fit_intercept)
    return moments if fit_intercept else moments.about_origin()


def _positive(ridge: float) -> float:
    if not checked_ridge(ridge) > 0:
        raise ParameterError(
            "the evidence needs a ridge > 0, got 0",
            cause="without a ridge the prior of the invariant part is improper: it has no evidence",
            remedy="give a small ridge, or find one by select_by_evidence(moments, rep)",
        )
    return float(ridge)


def _best_ridge(ridges: FloatArray, values: FloatArray, value_of: Callable[[float], float]) -> float:
    """The best of a grid whose values are known, and then between its neighbours."""
    from scipy.optimize import minimize_scalar

    i = int(np.argmax(values))
    low, high = ridges[max(i - 1, 0)], ridges[min(i + 1, ridges.size - 1)]
    found = minimize_scalar(
        lambda log_ridge: -value_of(math.exp(log_ridge)),
        bounds=(math.log(low), math.log(high)),
        method="bounded",
        options={"xatol": 0.01, "maxiter": 20},
    )
    return math.exp(found.x) if -found.fun >= values[i] else float(ridges[i])


@final
class _Variances:
    """The variance of the noise: given, or that of largest evidence."""

    def __init__(self, given: NoiseVariance, moments: Moments, fit_intercept: bool) -> None:
        self.count = moments.count - int(fit_intercept)
        self.weight = moments.weight
        self.given: FloatArray | None = None
        if isinstance(given, str):
            if given not in ("common", "per_target"):
                raise ParameterError(
                    f"noise_variance must be 'common', 'per_target' or variances > 0, got {given!r}",
                    cause="a misspelt option",
                    remedy="use noise_variance='common' for one variance of all targets",
                )
            self.is_common = given == "common"
            return
        values = np.asarray(given, dtype=np.float64)
        if values.shape not in ((), (moments.n_targets,)) or not (
            np.isfinite(values).all() and (values > 0).all()
        ):
            raise ParameterError(
                f"noise_variance must be > 0, one number or {moments.n_targets}, got {given!r}",
                cause="a variance of 0, or one for each sample",
                remedy="use noise_variance='common', 'per_target', a number, or one number a target",
            )
        self.given = np.broadcast_to(values, (moments.n_targets,))

    def __call__(self, objectives: FloatArray) -> FloatArray:
        """Variances (…, m) for the least objectives J (…, m)."""
        if self.given is not None:
            return np.broadcast_to(self.given, objectives.shape)
        own = self.weight * objectives / self.count
        return np.broadcast_to(own.mean(axis=-1, keepdims=True), own.shape) if self.is_common else own


@final
class _Model:
    """The evidence at one ridge, for all α."""

    def __init__(
        self, data: Moments, rep: Representation, frame: PenaltyFrame, ridge: float, variances: _Variances
    ) -> None:
        self.ridge, self.variances = ridge, variances
        self.path = path = factor_path(data, rep, rank=1, ridge=ridge, frame=frame)
        d, rest = frame.subspace.dim, frame.values.size
        if path.whitener.shape[1] < d or path.spectrum.size < rest:
            raise ParameterError(
                f"a ridge of {ridge:.1e} drowns in rounding errors beside features of variance up to "
                f"{np.diag(data.gram).max():.1e}",
                cause="a ridge far below the variances, or features in very different units",
                remedy="use a larger ridge, or bring the features to like units",
            )
        self.penalties = frame.values
        # det(QᵀC_rQ) from G = QF, FᵀQᵀC_rQF = I.
        inner = frame.subspace.coordinates(path.whitener.T)
        self.fixed_volume = -2.0 * float(np.linalg.slogdet(inner)[1]) - d * math.log(ridge)
        fixed = data.cross @ path.whitener
        variance = np.diag(data.total)
        self.unexplained = variance - (fixed**2).sum(axis=1)
        # Explained at α = 0, each: squares of the cross-covariance itself may overflow.
        self.squares = (path.cross / np.sqrt(path.spectrum)) ** 2
        self.floor = np.maximum(
            default_tolerance(rep.dim, data.eps) * variance,
            # A constant target has a variance of rounding errors.
            (8.0 * data.eps * data.y_mean) ** 2,
        )

    def objectives(self, alphas: FloatArray) -> FloatArray:
        """J of each target at its optimum, shape (n_alphas, m)."""
        shares = 1.0 / (1.0 + alphas[:, None] / self.path.spectrum)
        return np.asarray(self.unexplained - shares @ self.squares.T)

    def volumes(self, alphas: FloatArray) -> FloatArray:
        """Log det C_α − log det(ridge·I + αR), shape (n_alphas,)."""
        found = np.full(alphas.size, self.fixed_volume)
        finite = np.isfinite(alphas)
        some, rho = alphas[finite, None], self.penalties
        found[finite] += np.log(self.path.spectrum + some).sum(axis=1)
        found[finite] -= np.log(self.ridge / rho + some).sum(axis=1)
        return found

    def __call__(self, alphas: FloatArray) -> FloatArray:
        J = self.objectives(alphas)
        sigma2 = self.variances(J)
        counted = np.ones(J.shape[1], dtype=bool)
        if self.variances.given is None:
            if self.variances.is_common:
                known = (J.sum(axis=1) > self.floor.sum()).all()
            else:
                counted = np.diag(self.path.moments.total) > self.floor
                known = (J[:, counted] > self.floor[counted]).all()
            if not known:
                raise DataError(
                    "a linear model explains the targets exactly: there is no noise to estimate",
                    cause="targets computed from the inputs, or more features than samples and a ridge "
                    "so small that the fit interpolates",
                    remedy="give noise_variance a number > 0, or a larger ridge",
                )
        nu = self.variances.count
        misfit = self.variances.weight * J[:, counted] / sigma2[:, counted]
        terms = nu * np.log(2.0 * np.pi * sigma2[:, counted]) + self.volumes(alphas)[:, None] + misfit
        return np.asarray(-0.5 * terms.sum(axis=1))

    def grid(self) -> FloatArray:
        """0, strengths in geometric progression, and ∞.

        The fit changes where α is near the spectrum, the prior where it is near ridge/ρ, perhaps far below.
        """
        fit = alpha_grid(self.path)
        if fit.size == 2:
            return fit
        low = min(float(fit[1]), self.ridge / float(self.penalties.max()) * _FLAT)
        high = float(fit[-2])
        count = max(fit.size - 2, math.ceil(_PER_DECADE * math.log10(high / low)))
        return np.concatenate([[0.0], np.geomspace(low, high, count), [np.inf]])

    def at_infinity(self) -> float:
        """The evidence of invariant maps only."""
        return float(self(np.array([np.inf]))[0])

    def noise_at(self, alpha: float) -> FloatArray:
        """Variances at one α, shape (m,)."""
        return np.array(self.variances(self.objectives(np.array([alpha])))[0])

    def largest(self) -> tuple[float, float]:
        """The α of largest evidence, and its value."""
        from scipy.optimize import minimize_scalar

        grid = self.grid()
        values = self(grid)
        i = int(np.argmax(values))
        best = float(grid[i]), float(values[i])
        if 0 < i < grid.size - 1 and grid.size > 3:
            low, high = max(grid[i - 1], grid[1] / 10), min(grid[i + 1], grid[-2] * 10)
            found = minimize_scalar(
                lambda log_alpha: -float(self(np.array([math.exp(log_alpha)]))[0]),
                bounds=(math.log(low), math.log(high)),
                method="bounded",
                options={"xatol": _DIGITS},
            )
            if -found.fun > best[1]:
                best = math.exp(found.x), float(-found.fun)
        return best
