"""How much rank? Cross-validation, information criteria, and thresholds of singular values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, final, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from haarwire._linalg import default_tolerance, symmetric_whitener
from haarwire._numbers import FloatArray
from haarwire.errors import DataError, ParameterError
from haarwire.groups import Representation
from haarwire.groups.representation import checked_representation
from haarwire.moments import Moments
from haarwire.selection.arguments import symmetry_beside_moments
from haarwire.selection.folds import FOLDS, checked_folds, fold_moments
from haarwire.selection.risk import risks
from haarwire.solve import Approach, Hardwired, Modes, Regularized, reduced_rank
from haarwire.solve.solver import check_approach, check_samples

__all__ = ["RankMethod", "RankSelection", "select_rank"]

RankMethod: TypeAlias = Literal["cv", "aic", "bic", "gavish_donoho", "gavish_donoho_median"]


@final
@dataclass(frozen=True, eq=False)
class RankSelection:
    """The rank chosen; from `select_rank`.

    Attributes
    ----------
    rank : int
        The rank; 0 where no mode is worth it, and the mean is the best model.
    method : str
        How it was chosen.
    ranks : ndarray, shape (k,)
        Ranks looked at: 0, 1, …
    criterion : ndarray, shape (k,)
        Of each rank: the cross-validated loss or the information criterion, least at the chosen one; for
        thresholds, the singular value that a rank adds (∞ for rank 0), of √N·B C^{−1/2}.
    threshold : float or None
        Singular values above it are kept.
    """

    rank: int
    method: RankMethod
    ranks: NDArray[np.integer[Any]] = field(repr=False)
    criterion: FloatArray = field(repr=False)
    threshold: float | None = field(default=None, repr=False)


def select_rank(
    X: ArrayLike | Moments | Sequence[Moments],
    Y: ArrayLike | Representation,
    rep: Representation | None = None,
    *,
    approach: Approach | None = None,
    method: RankMethod = "cv",
    ridge: float = 0.0,
    sample_weight: ArrayLike | None = None,
    n_folds: int = FOLDS,
    rng: np.random.Generator | int | None = 0,
) -> RankSelection:
    """Choose the rank of an approach's solution.

    ``"cv"``: the rank of least loss over held-out folds; for any data, approach and ridge.

    ``"aic"``, ``"bic"``: N·p·log J_r plus 2 or log N for each of the k = r(p + d − r) + p + 1 free
    parameters of a model of rank r on d features, with intercepts and one variance; J_r is the mean squared
    error and p the number of targets that are not determined by others. Assumes Gaussian noise, of one
    variance and independent between targets. BIC's expansion does not hold at ranks above the true one,
    where it punishes too much; it is consistent none the less.

    ``"gavish_donoho"``: for noise like that √N·B C^{−1/2} is a p×d matrix of signal plus independent noise
    of variance σ². Singular values above λ(β)·√max(p, d)·σ are kept, β = min(p, d)/max(p, d), with σ² from
    the residuals of the full fit. ``"gavish_donoho_median"`` takes it from the median singular value, where
    no degrees of freedom are left for residuals; it supposes that fewer than half of the modes are signal.
    Both minimize the mean squared error of the matrix for large p and d; weak modes are dropped on purpose.

    Parameters
    ----------
    X : array_like, or Dask array or frame, of shape (N, n); Moments; or sequence of Moments
        Inputs; moments are enough for all methods but ``"cv"``, for which give those of folds:
        ``select_rank(moments, rep)``, ``select_rank(folds, rep)``.
    Y : array_like, or Dask collection, shape (N, m) or (N,); or Representation
        Targets; with moments, the symmetry.
    rep : Representation
        The symmetry.
    approach : Approach, optional
        Default `Hardwired()`. With a penalty of finite strength ``"cv"`` only.
    method : {"cv", "aic", "bic", "gavish_donoho", "gavish_donoho_median"}
        How.
    ridge : float
        Ordinary ridge, for ``"cv"`` only.
    sample_weight : array_like, or Dask collection, shape (N,), optional
        Analytic weights.
    n_folds : int
        Of ``"cv"`` from samples.
    rng : numpy.random.Generator or int
        Splits the samples.

    Returns
    -------
    RankSelection

    Raises
    ------
    ParameterError
        For an unknown method, or one that does not fit the approach, the ridge or the data; for targets or
        weights beside moments.
    DataError
        When no degrees of freedom are left to estimate the noise.

    References
    ----------
    Gavish and Donoho, The optimal hard threshold for singular values is 4/√3, IEEE Trans. Inf. Theory 60,
    2014. Izenman, Reduced-rank regression, J. Multivariate Analysis 5, 1975, for the number of parameters.

    Examples
    --------
    >>> import haarwire as hw, numpy as np
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((200, 6))
    >>> Y = X @ np.outer(np.ones(6), [1, 2, 3, 4]) + rng.standard_normal((200, 4))
    >>> hw.select_rank(X, Y, hw.groups.reflection(6), method="bic").rank
    1
    """
    if method not in get_args(RankMethod):
        raise ParameterError(
            f"the method must be one of {', '.join(get_args(RankMethod))}, got {method!r}",
            cause="a misspelt option",
            remedy="use method='cv', or 'bic' to find the true rank of a model with Gaussian noise",
        )
    how = Hardwired() if approach is None else approach
    check_approach(how)
    given = _given_moments(X, method)
    if given is not None:
        symmetry = symmetry_beside_moments("select_rank", Y, rep, sample_weight)
        parts = given
    else:
        symmetry = checked_representation(rep)
        if method == "cv":
            parts = fold_moments(X, Y, sample_weight, n_folds=n_folds, rng=rng)  # type: ignore[arg-type]
        else:
            parts = [Moments.from_arrays(X, Y, sample_weight)]  # type: ignore[arg-type]
    whole = sum(parts[1:], start=parts[0])
    check_samples(whole)
    if method == "cv":
        return _by_folds(checked_folds(parts), whole, symmetry, how, ridge)
    if ridge != 0 or (isinstance(how, Regularized) and 0 < how.alpha < math.inf):
        raise ParameterError(
            f"the method {method!r} is for least squares, got {how!r} with ridge {ridge!r}",
            cause="under a penalty neither parameters nor noise directions are a whole number",
            remedy="use method='cv'",
        )
    problem = how.problem(whole, symmetry)
    modes = reduced_rank(problem)
    if method in ("aic", "bic"):
        return _by_information(whole, modes, modes.n_inputs, method)
    return _by_threshold(whole, modes, modes.n_inputs, method)


def _given_moments(X: Any, method: RankMethod) -> list[Moments] | None:
    """Moments given in place of samples; those of folds, for cross-validation."""
    if isinstance(X, Moments):
        if method == "cv":
            raise ParameterError(
                "cross-validation needs samples or the moments of folds, got moments of all samples",
                cause="moments that cannot be taken apart again",
                remedy="give select_rank([Moments.from_arrays(X[i::5], Y[i::5]) for i in range(5)], rep), or "
                "method='bic'",
            )
        return [X]
    if isinstance(X, Sequence) and len(X) > 0 and all(isinstance(part, Moments) for part in X):
        return list(X)
    return None


def _by_folds(
    folds: Sequence[Moments], whole: Moments, rep: Representation, approach: Approach, ridge: float
) -> RankSelection:
    largest = min(whole.n_targets, whole.n_features)
    losses = np.empty((len(folds), largest + 1))
    for j, fold in enumerate(folds):
        modes = reduced_rank(approach.problem(whole - fold, rep, ridge=ridge))
        coefs = np.stack([modes.coef(slice(r)) for r in range(min(largest, modes.singular_values.size) + 1)])
        found = risks(fold, coefs, modes.setting.intercept(coefs))
        losses[j] = np.concatenate([found, np.full(largest + 1 - found.size, found[-1])])
    weights = np.array([fold.weight for fold in folds])
    means = weights / weights.sum() @ losses
    return RankSelection(int(np.argmin(means)), "cv", np.arange(largest + 1), means)


def _free_targets(whole: Moments) -> int:
    """Targets not determined by others: one-hot classes sum to 1."""
    tolerance = default_tolerance(whole.n_targets, whole.eps)
    return symmetric_whitener(whole.total, tolerance).rank


def _by_information(whole: Moments, modes: Modes, d: int, method: RankMethod) -> RankSelection:
    N, p = whole.count, _free_targets(whole)
    ranks = np.arange(min(p, d) + 1)
    explained = np.concatenate([[0.0], np.cumsum(modes.singular_values**2)])[ranks]
    J = modes.setting.total - explained
    rounding = default_tolerance(whole.n_features, whole.eps) * modes.setting.total
    if not (rounding < J).all():
        raise DataError(
            f"the fit of rank {ranks[-1]} explains the targets exactly: there is no noise to measure against",
            cause=f"{N} samples and {d} features, or targets computed from the inputs",
            remedy="use method='cv'",
        )
    parameters = ranks * (p + d - ranks) + p + 1
    price = 2.0 if method == "aic" else math.log(N)
    criterion = N * p * np.log(J) + price * parameters
    return RankSelection(int(ranks[np.argmin(criterion)]), method, ranks, criterion)


def _by_threshold(whole: Moments, modes: Modes, d: int, method: RankMethod) -> RankSelection:
    p = _free_targets(whole)
    sigma = math.sqrt(whole.weight) * modes.singular_values[: min(p, d)]
    if sigma.size == 0:
        return RankSelection(0, method, np.arange(1), np.array([math.inf]), 0.0)
    small, large = sorted((p, d))
    beta = small / large
    if method == "gavish_donoho":
        left = whole.count - 1 - d
        if left < 1:
            raise DataError(
                f"{whole.count} samples leave no degrees of freedom for the noise beside {d} features",
                cause="too few samples",
                remedy="use method='gavish_donoho_median' or 'cv'",
            )
        J = max(modes.setting.total - float((modes.singular_values**2).sum()), 0.0)
        noise = math.sqrt(whole.weight * J / (left * p))
    else:
        noise = float(np.median(sigma)) / math.sqrt(large * _marchenko_pastur_median(beta))
    threshold = _threshold(beta) * math.sqrt(large) * noise
    return RankSelection(
        int((sigma > threshold).sum()),
        method,
        np.arange(sigma.size + 1),
        np.concatenate([[math.inf], sigma]),
        threshold,
    )


def _threshold(beta: float) -> float:
    """λ(β): the optimal hard threshold in units of √max(p, d)·σ; 4/√3 for a square matrix."""
    return math.sqrt(2 * (beta + 1) + 8 * beta / (beta + 1 + math.sqrt(beta**2 + 14 * beta + 1)))


def _marchenko_pastur_median(beta: float) -> float:
    """The median of the Marchenko–Pastur distribution of ratio β in (0, 1]."""
    from scipy.integrate import quad
    from scipy.optimize import brentq

    low, high = (1 - math.sqrt(beta)) ** 2, (1 + math.sqrt(beta)) ** 2

    def density(angle: float) -> float:
        # x = low + (high − low) sin²(angle/2): no singularity at the edges.
        x = low + (high - low) * math.sin(angle / 2) ** 2
        root = (high - low) ** 2 * math.sin(angle) ** 2 / 4
        return root / (2 * math.pi * beta * x)

    half = brentq(lambda angle: quad(density, 0, angle)[0] - 0.5, 1e-9, math.pi)
    return low + (high - low) * math.sin(half / 2) ** 2
