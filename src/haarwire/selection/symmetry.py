"""Is the symmetry in the data? The hypothesis W A = 0 of a linear model, tested from moments."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple, TypeAlias, final, get_args, overload

import numpy as np
from numpy.typing import ArrayLike

from haarwire._linalg import default_tolerance, symmetric_whitener
from haarwire._numbers import FloatArray
from haarwire.errors import DataError, ParameterError
from haarwire.groups import Representation
from haarwire.groups.representation import checked_representation
from haarwire.moments import Moments, Samples
from haarwire.moments.checks import refuse_dask
from haarwire.selection.arguments import symmetry_beside_moments
from haarwire.selection.multivariate import Sizes, hotelling, pillai, roy, wilks
from haarwire.selection.randomization import randomization
from haarwire.solve import penalty_frame
from haarwire.solve.approaches import check_fit, check_kinds
from haarwire.solve.path import factor_path
from haarwire.solve.solver import check_samples

__all__ = ["SymmetryTest", "SymmetryTestMethod", "symmetry_test"]

SymmetryTestMethod: TypeAlias = Literal["wilks", "pillai", "hotelling", "roy", "randomization"]

_STATISTICS: Final = {"wilks": wilks, "pillai": pillai, "hotelling": hotelling, "roy": roy}


@final
@dataclass(frozen=True)
class SymmetryTest:
    """Whether data contradict a symmetry; from `symmetry_test`.

    Attributes
    ----------
    statistic : float
        Wilks' Λ, Pillai's V, Hotelling and Lawley's U, Roy's largest root θ/(1 − θ), or for the
        randomization test the share of the variance left by the invariant model that the rest explains.
    pvalue : float
        Probability of a statistic at least this far from invariance if the null hypothesis holds.
    method : str
        Which test.
    df : tuple of float, or None
        Degrees of freedom of the F distribution used; None where none is.
    n_restrictions : int
        How many linear restrictions on each target the hypothesis makes: non-invariant directions in which
        the inputs vary.
    df_residual : int
        Degrees of freedom of the residuals, N − rank − 1.
    effect_size : float
        Share of the explainable variance that is not invariant, adjusted for chance, from 0 to 1; NaN where
        nothing is explained beyond chance, or no degrees of freedom are left to tell.
    """

    statistic: float
    pvalue: float
    method: SymmetryTestMethod
    df: tuple[float, float] | None = field(repr=False)
    n_restrictions: int = field(repr=False)
    df_residual: int = field(repr=False)
    effect_size: float


class _Sums(NamedTuple):
    """Mean squares of the two models: T = invariant + extra + residual."""

    invariant: FloatArray
    extra: FloatArray
    total: FloatArray
    n_invariant: int
    n_restrictions: int
    df_residual: int
    eps: float


@overload
def symmetry_test(
    X: Moments,
    Y: Representation,
    rep: None = None,
    *,
    sample_weight: None = None,
    fit_intercept: bool = True,
    method: SymmetryTestMethod = "wilks",
    n_resamples: int = 999,
    rng: np.random.Generator | int | None = 0,
) -> SymmetryTest: ...


@overload
def symmetry_test(
    X: ArrayLike,
    Y: ArrayLike,
    rep: Representation,
    *,
    sample_weight: ArrayLike | None = None,
    fit_intercept: bool = True,
    method: SymmetryTestMethod = "wilks",
    n_resamples: int = 999,
    rng: np.random.Generator | int | None = 0,
) -> SymmetryTest: ...


def symmetry_test(
    X: ArrayLike | Moments,
    Y: ArrayLike | Representation,
    rep: Representation | None = None,
    *,
    sample_weight: ArrayLike | None = None,
    fit_intercept: bool = True,
    method: SymmetryTestMethod = "wilks",
    n_resamples: int = 999,
    rng: np.random.Generator | int | None = 0,
) -> SymmetryTest:
    """Test whether the targets depend on the inputs through invariant functionals only.

    The parametric tests ask about y = Wx + b + ε: H₀ is W A = 0, which is W = V Qᵀ, against any W. With E
    the sum of squares of the residuals of least squares and H the additional one of the invariant fit, the
    statistics are functions of the eigenvalues of (H + E)⁻¹H. For Gaussian noise all are exact where one
    target or one restriction is tested, Wilks' for two as well and Roy's for any number (up to 20, and 5000
    samples); else F distributions with the right moments stand in for the exact ones. The inputs may have
    any distribution. They need more samples than features and targets, N > n + m; Pillai's and Hotelling's
    four more.

    The randomization test asks more: H₀ is that (ρ(g)x, y) has the distribution of (x, y) for all g, so
    that the inputs come in all orientations alike, too. It moves every sample by a random element of its
    own, and counts how often the statistic is as large as that of the data. Its level is exact for any N and
    any distribution; it can reject because the inputs are not invariant, although W is.

    Parameters
    ----------
    X : array_like, or Dask array or frame, shape (N, n); or Moments
        Inputs. Moments are enough for the parametric tests: ``symmetry_test(moments, rep)``. The
        randomization test needs samples in memory.
    Y : array_like, or Dask collection, shape (N, m) or (N,); or Representation
        Targets; with moments, the symmetry.
    rep : Representation
        The symmetry. The randomization test needs random elements of it.
    sample_weight : array_like, shape (N,), optional
        Analytic weights: the noise of a sample has a variance proportional to 1/weight. They are not numbers
        of repetitions: the degrees of freedom count samples of non-zero weight.
    fit_intercept : bool
        Whether the model has an intercept.
    method : {"wilks", "pillai", "hotelling", "roy", "randomization"}
        Which test.
    n_resamples : int
        Of the randomization test; its p-value is at least 1/(n_resamples + 1).
    rng : numpy.random.Generator or int
        Of the randomization test; the same seed gives the same p-value.

    Returns
    -------
    SymmetryTest

    Raises
    ------
    DataError
        When the samples do not fit the symmetry, are too few for the method, or an invariant model explains
        them exactly.
    ParameterError
        For an unknown method, moments where samples are needed, or targets or weights beside moments.
    NotCompactError, NoSamplerError, GroupTooLargeError
        When the randomization test finds no random elements of the group.

    References
    ----------
    Anderson, An Introduction to Multivariate Statistical Analysis, 3rd ed., chapter 8. Rao, Linear
    Statistical Inference, 2nd ed., 8c.5. Muller, A new F approximation for the Pillai–Bartlett trace
    under H₀, J. Computational and Graphical Statistics 7, 1998. Chiani, J. Multivariate Analysis 143, 2016,
    for the largest root.

    Examples
    --------
    >>> import haarwire as hw
    >>> rep = hw.groups.cyclic_shifts(4)
    >>> data = hw.datasets.planted(rep, 80, noise=0.5, violation=1.0, rng=0)
    >>> hw.symmetry_test(data.X, data.Y, rep).pvalue < 0.01
    True
    """
    if method not in get_args(SymmetryTestMethod):
        raise ParameterError(
            f"the method must be one of {', '.join(get_args(SymmetryTestMethod))}, got {method!r}",
            cause="a misspelt option",
            remedy="use method='wilks', or 'randomization' where samples are few or far from Gaussian",
        )
    if isinstance(X, Moments | Samples):
        symmetry = symmetry_beside_moments("symmetry_test", Y, rep, sample_weight)
        check_kinds(X, symmetry, samples=False)
        if method == "randomization":
            raise ParameterError(
                "the randomization test needs samples, got moments",
                cause="it moves each sample by a group element of its own, which moments do not show",
                remedy="give symmetry_test(X, Y, rep, method='randomization')",
            )
        return _parametric(X, symmetry, method, fit_intercept)
    if method == "randomization":
        remedy = "use method='wilks', or a random part of the samples that fits: X[rows].compute()"
        refuse_dask("the randomization test", remedy, X, Y, sample_weight)
    symmetry = checked_representation(rep)
    moments = Moments.from_arrays(X, Y, sample_weight)  # type: ignore[arg-type]
    if method != "randomization":
        return _parametric(moments, symmetry, method, fit_intercept)
    check_fit(moments, symmetry)
    check_samples(moments, fit_intercept=fit_intercept)
    sums = _sums_of_squares(moments, symmetry, fit_intercept)
    statistic, pvalue = randomization(
        np.asarray(X, dtype=np.float64),
        np.asarray(Y, dtype=np.float64).reshape(len(np.asarray(X)), -1),
        symmetry,
        weights=None if sample_weight is None else np.asarray(sample_weight, dtype=np.float64),
        fit_intercept=fit_intercept,
        n_resamples=n_resamples,
        rng=np.random.default_rng(rng),
    )
    return SymmetryTest(
        statistic, pvalue, method, None, sums.n_restrictions, sums.df_residual, _effect_size(sums)
    )


def _parametric(
    moments: Moments, rep: Representation, method: SymmetryTestMethod, fit_intercept: bool
) -> SymmetryTest:
    check_fit(moments, rep)
    check_samples(moments, fit_intercept=fit_intercept)
    sums = _sums_of_squares(moments, rep, fit_intercept)
    left = sums.total - sums.invariant
    # What an invariant model explains exactly says nothing: of one-hot targets, their sum.
    whitener = symmetric_whitener(left, default_tolerance(moments.n_features, sums.eps), np.diag(sums.total))
    p, q, v = whitener.rank, sums.n_restrictions, sums.df_residual
    if p == 0:
        raise DataError(
            "an invariant model explains the targets exactly: there is no noise to test against",
            cause="targets computed from the inputs by an invariant formula",
            remedy="solve(moments, rep, approach=Hardwired()) is that model",
        )
    if v < p:
        raise DataError(
            f"{moments.count} samples leave {max(v, 0)} degrees of freedom for the noise of {p} targets, at "
            f"least {p} are needed",
            cause=f"too few samples for {sums.n_invariant + q} directions of the inputs: N > n + m",
            remedy="use method='randomization', which is valid for any number of samples",
        )
    effect = _effect_size(sums)
    if q == 0:
        return SymmetryTest(1.0 if method == "wilks" else 0.0, 1.0, method, None, 0, v, effect)
    H = whitener.factor.T @ sums.extra @ whitener.factor
    theta = np.clip(np.linalg.eigvalsh((H + H.T) / 2.0)[::-1][: min(p, q)], 0.0, 1.0)
    # Within rounding of 1 the residuals are rounding errors.
    theta[theta >= 1.0 - default_tolerance(moments.n_features, sums.eps)] = 1.0
    outcome = _STATISTICS[method](theta, Sizes(p, q, v))
    return SymmetryTest(outcome.statistic, outcome.pvalue, method, outcome.df, q, v, effect)


def _sums_of_squares(moments: Moments, rep: Representation, fit_intercept: bool) -> _Sums:
    data = moments if fit_intercept else moments.about_origin()
    path = factor_path(data, rep, rank=1, ridge=0.0, frame=penalty_frame(rep))
    fixed = data.cross @ path.whitener
    n_invariant, n_restrictions = fixed.shape[1], path.spectrum.size
    return _Sums(
        invariant=fixed @ fixed.T,
        extra=(path.cross / path.spectrum) @ path.cross.T,
        total=data.total,
        n_invariant=n_invariant,
        n_restrictions=n_restrictions,
        df_residual=data.count - int(fit_intercept) - n_invariant - n_restrictions,
        eps=data.eps,
    )


def _effect_size(sums: _Sums) -> float:
    """Non-invariant over explainable variance, each less what as many directions explain by chance."""
    if sums.df_residual < 1:
        return float("nan")
    residual = max(float(np.trace(sums.total - sums.invariant - sums.extra)), 0.0) / sums.df_residual
    extra = max(float(np.trace(sums.extra)) - sums.n_restrictions * residual, 0.0)
    invariant = max(float(np.trace(sums.invariant)) - sums.n_invariant * residual, 0.0)
    return extra / (extra + invariant) if extra + invariant > 0 else float("nan")
