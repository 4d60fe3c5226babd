"""`solve`: the global optimum of one approach under a rank bound, in closed form."""

from __future__ import annotations

import numpy as np

from haarwire._numbers import FloatArray, is_integer
from haarwire.errors import DataError, ParameterError
from haarwire.groups import Representation
from haarwire.invariants import invariant_subspace
from haarwire.invariants.equivariant import acts_trivially
from haarwire.moments import Moments, Samples
from haarwire.solve.approaches import Approach, Regularized, check_kinds, checked_ridge
from haarwire.solve.equivariant import EquivariantTask, check_same_group, solve_equivariant
from haarwire.solve.reduced_rank import Modes, reduced_rank
from haarwire.solve.solution import Solution, best_of_rank

__all__ = [
    "check_approach",
    "check_arguments",
    "check_samples",
    "checked_data",
    "checked_rank",
    "equivariant_task",
    "modes_of",
    "optimum",
    "solve",
]


def solve(
    moments: Moments | Samples,
    rep: Representation,
    *,
    rank: int | None = None,
    approach: Approach,
    ridge: float = 0.0,
    fit_intercept: bool = True,
    target: Representation | None = None,
    rng: np.random.Generator | int = 0,
) -> Solution:
    """Minimize the squared loss over linear maps of rank ≤ r, the symmetry brought in by `approach`.

    W = U_r U_rᵀ B C⁺, J(W) = tr(T) − Σ_{i≤r} σ_i², with (C, B) the approach's quadratic problem and
    U_r the leading left singular vectors of B C^{−1/2}: the global optimum, from one eigendecomposition.

    With a `target` representation σ the maps are to be equivariant, f(ρ(g)x) = σ(g)f(x), in place of
    invariant (theory, section 6):

    - hard-wired: W ρ(g) = σ(g) W, and the intercept is fixed by σ. For a compact group and an orthogonal σ
      the optimum of rank ≤ r is exact: singular values come in groups, one for each irreducible
      representation, that are kept or dropped together, and the best groups are a knapsack. For others it
      is exact without a rank bound, and a local minimum with one that is active;
    - augmented: x and y are moved together. The optimum of bounded rank may split an irreducible
      representation: then it is not equivariant, nor unique, and fits the moved data better than any
      equivariant map. For an orthogonal σ it is the hard-wired one when the rank is not bounded;
    - regularized: alpha times Σ‖σ(g)W − Wρ(g)‖², and the same for the intercept. Exact without a rank
      bound, a local minimum with one that is active;
    - plain: as without a target.

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
    target : Representation, optional
        The action σ of the same group on the targets, on R^m. None: the targets do not move.
    rng : numpy.random.Generator or int
        Source of the random starts where there is no closed form, or a seed.

    Returns
    -------
    Solution
        Where there is no closed form, ``is_global`` is False and ``lower_bound`` says how far from global
        it can be.

    Raises
    ------
    DataError
        When the sizes do not match, there are fewer than two samples, or all targets are constant.
    ParameterError
        When rank or ridge is out of range.
    RepresentationError
        When `target` is not a representation of the same group; NotCompactError when the approach does
        not exist for this group.

    References
    ----------
    Duan and Montúfar, Understanding Learning Invariance in Deep Linear Networks, arXiv 2506.13714. Kohn,
    Sattelberger and Shahverdi, Geometry of Linear Neural Networks: Equivariance and Invariance under
    Permutation Groups, arXiv 2309.13736.

    Examples
    --------
    >>> import haarwire as hw, numpy as np
    >>> X = np.random.default_rng(0).standard_normal((50, 4))
    >>> moments = hw.Moments.from_arrays(X, X.sum(axis=1))
    >>> best = hw.solve(moments, hw.groups.cyclic_shifts(4), approach=hw.Hardwired())
    >>> best.coef.round(6)
    array([[1., 1., 1., 1.]])

    A moving average is a map that commutes with shifts:

    >>> shifts, Y = hw.groups.cyclic_shifts(4), X + np.roll(X, 1, axis=1)
    >>> best = hw.solve(hw.Moments.from_arrays(X, Y), shifts, approach=hw.Hardwired(), target=shifts)
    >>> best.coef.round(6)[0]
    array([1., 0., 0., 1.])
    """
    if target is not None:
        check_arguments(moments, rep, approach)
        task = equivariant_task(moments, rep, target, rank=rank, ridge=ridge, fit_intercept=fit_intercept)
        if task is not None:
            return solve_equivariant(task, approach, np.random.default_rng(rng))
    data, r = checked_data(moments, rep, rank, approach, fit_intercept=fit_intercept)
    return optimum(modes_of(data, rep, approach, ridge), r, rep, approach)


def modes_of(moments: Moments | Samples, rep: Representation, approach: Approach, ridge: float) -> Modes:
    """The modes of an approach's problem; a penalty is kept out of the invariant coordinates."""
    build = approach.split_problem if isinstance(approach, Regularized) else approach.problem
    return reduced_rank(build(moments, rep, ridge=ridge))


def checked_data(
    moments: Moments | Samples,
    rep: Representation,
    rank: int | None,
    approach: Approach,
    *,
    fit_intercept: bool,
) -> tuple[Moments | Samples, int]:
    """Check the arguments of `solve`; return the data used, and the rank bound."""
    check_arguments(moments, rep, approach)
    r = checked_rank(rank, moments.n_targets, moments.n_features)
    check_samples(moments, fit_intercept=fit_intercept)
    return moments if fit_intercept else moments.about_origin(), r


def equivariant_task(
    moments: Moments | Samples,
    rep: Representation,
    target: Representation,
    *,
    rank: int | None,
    ridge: float,
    fit_intercept: bool,
) -> EquivariantTask | None:
    """Check what `solve` is asked with a target representation; None where it acts trivially."""
    first, second = check_same_group(moments, rep, target)
    if acts_trivially(second):
        return None
    r = checked_rank(rank, moments.n_targets, moments.n_features)
    check_samples(moments, fit_intercept=fit_intercept)
    whole = moments.moments() if isinstance(moments, Samples) else moments
    used = whole if fit_intercept else whole.about_origin()
    return EquivariantTask(used, first, second, r, checked_ridge(ridge))


def check_arguments(moments: Moments | Samples, rep: Representation, approach: Approach) -> None:
    """Raise ParameterError unless the arguments are what they should be."""
    check_approach(approach)
    check_kinds(moments, rep)


def check_approach(approach: object) -> None:
    """Raise ParameterError unless it is an approach."""
    if not isinstance(approach, Approach):
        raise ParameterError(
            f"approach must be an Approach, got {approach!r}",
            cause="a class or a word in place of an object",
            remedy="use approach=Hardwired(), Augmented(), Regularized(alpha=0.1) or Plain()",
        )


def optimum(modes: Modes, rank: int, rep: Representation, approach: Approach) -> Solution:
    """The solution of rank ≤ `rank` from the modes of its problem, with its distance to invariant maps."""

    def gap(W: FloatArray) -> float:
        inside = modes.setting.form == "invariant"
        return 0.0 if inside else float(np.linalg.norm(W - invariant_subspace(rep).project(W)))

    return best_of_rank(modes, rank, approach, gap)


def checked_rank(rank: int | None, n_targets: int, n_features: int) -> int:
    """Return the rank bound as an int (None: min(m, n)), or raise ParameterError."""
    largest = min(n_targets, n_features)
    if rank is None:
        return largest
    if not is_integer(rank, 1) or rank > largest:
        raise ParameterError(
            f"rank must be an integer from 1 to {largest}, got {rank!r}",
            cause=f"a linear map from {n_features} features to {n_targets} targets has rank at most "
            f"{largest}",
            remedy=f"choose a rank from 1 to {largest}, or give none for no bound",
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
