"""`solve`: the global optimum of one approach under a rank bound, in closed form."""

from __future__ import annotations

import numpy as np

from haarwire.errors import DataError, ParameterError
from haarwire.groups import Representation
from haarwire.invariants import invariant_subspace
from haarwire.moments import Moments, Samples
from haarwire.solve.approaches import Approach, Quadratic, Regularized, check_kinds
from haarwire.solve.reduced_rank import Modes, reduced_rank
from haarwire.solve.solution import Solution

__all__ = ["check_samples", "checked_rank", "optimum", "posed", "solve"]


def solve(
    moments: Moments | Samples,
    rep: Representation,
    *,
    rank: int | None = None,
    approach: Approach,
    ridge: float = 0.0,
    fit_intercept: bool = True,
) -> Solution:
    """Minimize the squared loss over linear maps of rank ≤ r, the symmetry brought in by `approach`.

    W = U_r U_rᵀ B C⁺, J(W) = tr(T) − Σ_{i≤r} σ_i², with (C, B) the approach's quadratic problem and
    U_r the leading left singular vectors of B C^{−1/2}: the global optimum, from one eigendecomposition.

    Parameters
    ----------
    moments : Moments or Samples
        Of data with n features and m targets. For n much larger than the number of samples give
        `Samples`: nothing of size n×n is made then, where there is a way around it.
    rep : Representation
        The symmetry, acting on R^n; it need not be orthogonal, finite or (but for `Augmented`) compact.
    rank : int, optional
        Bound r on the rank of the coefficients, 1 ≤ r ≤ min(m, n). None: unbounded.
    approach : Approach
        `Plain()`, `Hardwired()`, `Augmented()` or `Regularized(alpha)`.
    ridge : float
        Strength of the ordinary ridge penalty ridge·‖W‖² (‖V‖² in invariant coordinates), ≥ 0.
    fit_intercept : bool
        Whether the model has an intercept.

    Returns
    -------
    Solution

    Raises
    ------
    DataError
        When the sizes do not match, there are fewer than two samples, or all targets are constant.
    ParameterError
        When rank or ridge is out of range.
    NotCompactError
        When the approach does not exist for this group.

    References
    ----------
    Duan and Montúfar, Understanding Learning Invariance in Deep Linear Networks, arXiv 2506.13714.

    Examples
    --------
    >>> import haarwire as hw, numpy as np
    >>> X = np.random.default_rng(0).standard_normal((50, 4))
    >>> moments = hw.Moments.from_arrays(X, X.sum(axis=1))
    >>> best = hw.solve(moments, hw.groups.cyclic_shifts(4), approach=hw.Hardwired())
    >>> best.coef.round(6)
    array([[1., 1., 1., 1.]])
    """
    data, problem, r = posed(moments, rep, rank, approach, ridge, fit_intercept=fit_intercept)
    if isinstance(approach, Regularized):
        problem = approach.split_problem(data, rep, ridge=ridge)
    return optimum(reduced_rank(problem), r, rep, approach)


def posed(
    moments: Moments | Samples,
    rep: Representation,
    rank: int | None,
    approach: Approach,
    ridge: float,
    *,
    fit_intercept: bool,
) -> tuple[Moments | Samples, Quadratic, int]:
    """Check the arguments of `solve`; return the moments used, the quadratic problem and the rank bound."""
    if not isinstance(approach, Approach):
        raise ParameterError(
            f"approach must be an Approach, got {approach!r}",
            cause="a class or a word in place of an object",
            remedy="use approach=Hardwired(), Augmented(), Regularized(alpha=0.1) or Plain()",
        )
    check_kinds(moments, rep)
    r = checked_rank(rank, moments.n_targets, moments.n_features)
    check_samples(moments, fit_intercept=fit_intercept)
    data = moments if fit_intercept else moments.about_origin()
    return data, approach.problem(data, rep, ridge=ridge), r


def optimum(modes: Modes, rank: int, rep: Representation, approach: Approach) -> Solution:
    """Put the solution of rank ≤ `rank` together from the modes of its problem."""
    setting = modes.setting
    kept = min(rank, modes.singular_values.size)
    W = modes.coef(slice(kept))
    invariant = invariant_subspace(rep)
    inside = setting.form == "invariant"
    gap = 0.0 if inside else float(np.linalg.norm(W - invariant.project(W)))
    return Solution(
        coef=W.astype(setting.dtype, copy=False),
        intercept=(setting.y_mean - W @ setting.x_mean).astype(setting.dtype, copy=False),
        rank=min(rank, modes.rank),
        singular_values=modes.singular_values,
        n_modes=modes.rank,
        loss=modes.loss(slice(kept)),
        invariance_gap=gap,
        is_unique=rank >= modes.rank or not modes.is_tied(rank - 1, rank),
        is_minimum_norm=modes.is_minimum_norm,
        approach=approach,
        form=setting.form,
    )


def checked_rank(rank: int | None, n_targets: int, n_features: int) -> int:
    """Return the rank bound as an int (None: min(m, n)), or raise ParameterError."""
    largest = min(n_targets, n_features)
    if rank is None:
        return largest
    if isinstance(rank, bool) or not isinstance(rank, int | np.integer) or not 1 <= rank <= largest:
        raise ParameterError(
            f"rank must be an integer from 1 to {largest}, got {rank!r}",
            cause=f"a linear map from {n_features} features to {n_targets} targets has rank at most "
            f"{largest}",
            remedy=f"choose 1 ≤ rank ≤ {largest}, or rank=None for no bound",
        )
    return int(rank)


def check_samples(moments: Moments | Samples, *, fit_intercept: bool = True) -> None:
    """Raise DataError when nothing can be learnt: no or one sample, or constant targets."""
    if fit_intercept and moments.count == 1:
        raise DataError(
            "one sample is not enough: nothing is left of it after the mean is taken away",
            cause="a single row, or an array of shape (1, n) where (n_samples, n) is needed",
            remedy="give at least two samples, or fit_intercept=False",
        )
    rounding = (8.0 * moments.eps * moments.y_mean) ** 2
    if fit_intercept and moments.count > 1 and (np.diag(moments.total) <= rounding).all():
        raise DataError(
            f"the targets are constant over all {moments.count} samples",
            cause="a single class in the data, or the wrong column given as target",
            remedy="give targets that vary",
        )
