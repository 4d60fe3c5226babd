"""The approaches: each turns (moments, representation) into one quadratic problem, and nothing else."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple, Self, TypeAlias, final

import numpy as np

from haarwire._linalg import default_tolerance
from haarwire._numbers import FloatArray, is_real
from haarwire.errors import DataError, ParameterError
from haarwire.groups import Representation
from haarwire.groups.representation import checked_representation
from haarwire.invariants import Subspace, average_moments, invariant_subspace, penalty_matrix
from haarwire.invariants.equivariant import check_source
from haarwire.invariants.penalty import Penalty, checked_penalty, sparse_penalty_matrix
from haarwire.moments import Moments, Samples
from haarwire.solve.wide import costs_less, penalized_span, span

__all__ = [
    "Approach",
    "Augmented",
    "Form",
    "Hardwired",
    "Plain",
    "Quadratic",
    "Regularized",
    "Root",
    "Setting",
    "check_fit",
    "check_kinds",
    "checked_ridge",
    "setting_of",
]

Form: TypeAlias = Literal["primal", "invariant", "dual"]


@final
@dataclass(frozen=True, eq=False)
class Setting:
    """What turns a solution in a problem's own coordinates into a model of the data.

    Attributes
    ----------
    total : float
        tr(T), the variance of the targets summed over them.
    x_mean : ndarray, shape (n,)
        Mean of the inputs that the approach sees; the intercept is ȳ − W x_mean.
    y_mean : ndarray, shape (m,)
        ȳ.
    embedding : Subspace or None
        The coefficients are W = V Qᵀ with Q its basis (k = d); None: W = V (k = n).
    dtype : numpy.dtype
        Precision of the results.
    form : {"primal", "invariant", "dual"}
        The coordinates worked in: all n, the d invariant ones, or the span of N < n samples.
    """

    total: float
    x_mean: FloatArray
    y_mean: FloatArray
    embedding: Subspace | None
    dtype: np.dtype[Any]
    form: Form = "primal"

    def embed(self, V: FloatArray) -> FloatArray:
        """Coefficients W (m×n) of a solution V (m×k)."""
        return V if self.embedding is None else self.embedding.embed(V)

    def intercept(self, coef: FloatArray) -> FloatArray:
        """The intercepts ȳ − W x̄ (…, m) of coefficients W (…, m, n)."""
        return np.asarray(self.y_mean - coef @ self.x_mean)


class Root(NamedTuple):
    """Matrices A (p×k) and D (p×m) with C = AᵀA and B = DᵀA, from which neither need be formed."""

    inputs: FloatArray
    targets: FloatArray


@final
@dataclass(frozen=True, eq=False)
class Quadratic:
    """Minimize J(V) = tr(T) − 2 tr(V Bᵀ) + tr(V C Vᵀ) over matrices V (m×k) of bounded rank.

    Attributes
    ----------
    gram : ndarray, shape (k, k)
        C, positive semi-definite.
    cross : ndarray, shape (m, k)
        B.
    setting : Setting
        tr(T), the means, and how V becomes the coefficients W.
    tolerance : float
        Relative rounding error of the entries of C, for decisions about its rank.
    magnitude : ndarray, shape (k,)
        Size of the terms that each diagonal entry of C was summed from; much larger than the entry where
        the sum cancelled.
    root : Root or None
        Of moments with a triangular factor: the solution is found from it, with the condition number of the
        samples and not its square. (Not carried over by ``dataclasses.replace``.)
    """

    gram: FloatArray
    cross: FloatArray
    setting: Setting
    tolerance: float
    magnitude: FloatArray
    root: Root | None = field(default=None, init=False)

    def with_root(self, root: Root | None) -> Self:
        """Return the same problem, which knows a root."""
        object.__setattr__(self, "root", root)
        return self

    def loss(self, V: FloatArray) -> float:
        """J(V), for V of shape (m, k)."""
        return float(self.setting.total - 2.0 * np.vdot(V, self.cross) + np.vdot(V, V @ self.gram))


class Approach(ABC):
    """A way to bring a symmetry into a linear model."""

    def problem(self, moments: Moments | Samples, rep: Representation, *, ridge: float = 0.0) -> Quadratic:
        """Build the quadratic problem of this approach (theory, section 2).

        Parameters
        ----------
        moments : Moments or Samples
            Of data with n features; ``moments.about_origin()`` for a model without intercept.
        rep : Representation
            Acting on R^n.
        ridge : float
            Strength of the ordinary ridge penalty, ≥ 0: adds ridge·I to C.

        Raises
        ------
        DataError
            When the data and the representation do not have the same number of features.
        ParameterError
            When ridge is negative or not finite.
        NotCompactError
            When the approach does not exist for this group.
        """
        check_fit(moments, rep)
        checked_ridge(ridge)
        if isinstance(moments, Samples):
            return self._from_samples(moments, rep, ridge)
        return self._from_moments(moments, rep, ridge)

    @abstractmethod
    def _from_moments(self, moments: Moments, rep: Representation, ridge: float) -> Quadratic: ...

    @abstractmethod
    def _from_samples(self, samples: Samples, rep: Representation, ridge: float) -> Quadratic: ...

    @property
    @abstractmethod
    def label(self) -> str:
        """The approach's name in tables and files."""


@final
@dataclass(frozen=True)
class Plain(Approach):
    """Least squares without regard to the symmetry."""

    def _from_moments(self, moments: Moments, _rep: Representation, ridge: float) -> Quadratic:
        return _least_squares(moments, ridge)

    def _from_samples(self, samples: Samples, _rep: Representation, ridge: float) -> Quadratic:
        if not costs_less(samples, samples.count):
            return _least_squares(samples.moments(), ridge)
        return _in_coordinates(samples, span(samples), ridge, "dual")

    @property
    def label(self) -> str:
        return "plain"


@final
@dataclass(frozen=True)
class Hardwired(Approach):
    """Least squares over the invariant maps W = V Qᵀ only: C = QᵀC₀Q, B = B₀Q."""

    def _from_moments(self, moments: Moments, rep: Representation, ridge: float) -> Quadratic:
        subspace = invariant_subspace(rep)
        C = subspace.restrict(moments.gram)
        C[np.diag_indices_from(C)] += ridge
        # An invariant feature may be all cancellation: the sum of counts that add up to a fixed total.
        spread = abs(subspace.matrix).T @ np.sqrt(np.diag(moments.gram))
        problem = Quadratic(
            gram=C,
            cross=subspace.coordinates(moments.cross),
            setting=setting_of(moments, subspace, "invariant"),
            tolerance=default_tolerance(rep.dim, moments.eps),
            magnitude=spread**2 + ridge,
        )
        return problem.with_root(_root(moments, ridge, subspace))

    def _from_samples(self, samples: Samples, rep: Representation, ridge: float) -> Quadratic:
        return _in_coordinates(samples, invariant_subspace(rep), ridge, "invariant")

    @property
    def label(self) -> str:
        return "hardwired"


@final
@dataclass(frozen=True)
class Augmented(Approach):
    """Least squares on the data moved by every element of the group, for compact groups.

    The augmented data are never built: their moments are Haar averages. Where the augmented gram is
    non-singular, or ρ is orthogonal, the solution is the hard-wired one (theory, section 3); a ridge
    keeps them equal for orthogonal ρ only.
    """

    def _from_samples(self, samples: Samples, rep: Representation, ridge: float) -> Quadratic:
        if not rep.is_orthogonal:
            return self._from_moments(samples.moments(), rep, ridge)
        # The minimizer of least norm is the hard-wired one, with the same loss (theory, section 3).
        return Hardwired().problem(samples, rep, ridge=ridge)

    def _from_moments(self, moments: Moments, rep: Representation, ridge: float) -> Quadratic:
        if moments.factor is not None and rep.is_orthogonal:
            # As for samples: the hard-wired minimizer, and the factor serves.
            return Hardwired().problem(moments, rep, ridge=ridge)
        averaged = average_moments(moments, rep)
        problem = _least_squares(averaged, ridge)
        if rep.is_signed_permutation:
            return problem
        # A general matrix mixes large variances into small ones, and cancels them again.
        return replace(problem, magnitude=np.full(rep.dim, problem.magnitude.max()))

    @property
    def label(self) -> str:
        return "augmented"


@final
@dataclass(frozen=True)
class Regularized(Approach):
    """Least squares plus alpha·tr(W R Wᵀ), R the invariance penalty matrix.

    Parameters
    ----------
    alpha : float
        Strength ≥ 0 (λ in the paper); 0 is plain and ``math.inf`` the limit, which is hard-wired.
    penalty : {"generators", "projection"}
        ‖W[ρ(g)−I, …]‖² or ‖W − W P̄‖² (see `penalty_matrix`).

    Raises
    ------
    ParameterError
        When alpha is negative or not a number, or the penalty is none of these.
    """

    alpha: float
    penalty: Penalty = "generators"

    def __post_init__(self) -> None:
        checked_penalty(self.penalty)
        if not is_real(self.alpha) or not self.alpha >= 0:
            raise ParameterError(
                f"alpha must be a number ≥ 0, got {self.alpha!r}",
                cause="a negative or missing penalty strength",
                remedy="use Regularized(0.1), or Regularized(math.inf) for the hard-wired limit",
            )

    def _from_moments(self, moments: Moments, rep: Representation, ridge: float) -> Quadratic:
        if math.isinf(self.alpha):
            return Hardwired().problem(moments, rep, ridge=ridge)
        if moments.factor is not None and self.alpha > 0:
            return self.split_problem(moments, rep, ridge=ridge)
        return _least_squares(moments, ridge, self.alpha * penalty_matrix(rep, self.penalty))

    def _from_samples(self, samples: Samples, rep: Representation, ridge: float) -> Quadratic:
        if math.isinf(self.alpha):
            return Hardwired().problem(samples, rep, ridge=ridge)
        if self.alpha == 0:
            return Plain().problem(samples, rep, ridge=ridge)
        invariant_dim = min(samples.count, invariant_subspace(rep).dim)
        projection = self.penalty == "projection"
        if (projection and not rep.is_orthogonal) or not costs_less(samples, samples.count + invariant_dim):
            return self.problem(samples.moments(), rep, ridge=ridge)
        penalty = None if projection else self.alpha * sparse_penalty_matrix(rep)
        invariant, rest = penalized_span(samples, rep, penalty, ridge)
        basis = Subspace(np.concatenate([invariant.basis, rest.basis], axis=1))
        problem = _in_coordinates(samples, basis, ridge, "dual")
        added = self.alpha * np.eye(rest.dim) if penalty is None else rest.basis.T @ (penalty @ rest.basis)
        C, magnitude = problem.gram.copy(), problem.magnitude.copy()
        C[invariant.dim :, invariant.dim :] += added
        magnitude[invariant.dim :] += np.diag(added)
        return replace(problem, gram=C, magnitude=magnitude)

    def split_problem(
        self, moments: Moments | Samples, rep: Representation, *, ridge: float = 0.0
    ) -> Quadratic:
        """`problem` in the orthonormal basis [Q, P] of the invariant functionals and their complement.

        The penalty is in the second block only there, exactly: no alpha, however large, drowns the first.
        """
        if isinstance(moments, Samples) or self.alpha == 0 or math.isinf(self.alpha):
            return self.problem(moments, rep, ridge=ridge)
        check_fit(moments, rep)
        subspace = invariant_subspace(rep)
        basis = subspace.completed
        complement = subspace.complement_matrix
        C = basis.restrict(moments.gram)
        d = subspace.dim
        penalty = self.alpha * (complement.T @ penalty_matrix(rep, self.penalty) @ complement)
        C[d:, d:] += penalty
        C[np.diag_indices_from(C)] += checked_ridge(ridge)
        spread = abs(basis.matrix).T @ np.sqrt(np.diag(moments.gram))
        problem = Quadratic(
            gram=C,
            cross=basis.coordinates(moments.cross),
            setting=setting_of(moments, basis),
            tolerance=default_tolerance(rep.dim, moments.eps),
            magnitude=np.maximum(spread**2 + ridge, np.diag(C)),
        )
        return problem.with_root(_root(moments, ridge, basis, penalty))

    @property
    def label(self) -> str:
        return "regularized"


def _least_squares(moments: Moments, ridge: float, penalty: FloatArray | None = None) -> Quadratic:
    C = moments.gram if penalty is None else moments.gram + penalty
    if ridge > 0:
        C = C + ridge * np.eye(moments.n_features)
    problem = Quadratic(
        gram=C,
        cross=moments.cross,
        setting=setting_of(moments),
        tolerance=default_tolerance(moments.n_features, moments.eps),
        magnitude=np.diag(C),
    )
    return problem if penalty is not None else problem.with_root(_root(moments, ridge))


def _root(
    moments: Moments, ridge: float, basis: Subspace | None = None, penalty: FloatArray | None = None
) -> Root | None:
    """Root of least squares in coordinates, plus the ridge, plus a penalty on the last of them."""
    if moments.factor is None:
        return None
    n, m = moments.n_features, moments.n_targets
    R = moments.factor[:n] / np.sqrt(moments.weight)
    rows = [R[:, :n] if basis is None else basis.coordinates(R[:, :n])]
    k = rows[0].shape[1]
    if penalty is not None and penalty.size:
        values, vectors = np.linalg.eigh((penalty + penalty.T) / 2.0)
        padding = np.zeros((len(values), k - len(values)))
        rows.append(np.hstack([padding, np.sqrt(np.maximum(values, 0.0))[:, None] * vectors.T]))
    if ridge > 0:
        rows.append(np.sqrt(ridge) * np.eye(k))
    A = np.concatenate(rows)
    return Root(A, np.concatenate([R[:, n:], np.zeros((len(A) - n, m))]))


def _in_coordinates(samples: Samples, basis: Subspace, ridge: float, form: Form) -> Quadratic:
    """Least squares on the samples X U, without penalty but the ridge."""
    k, m = basis.dim, samples.n_targets
    gram: FloatArray = np.zeros((0, 0))
    cross: FloatArray = np.zeros((m, 0))
    if k > 0:
        moments = samples.in_coordinates(basis.matrix)
        gram, cross = moments.gram, moments.cross
    # A coordinate may be all cancellation: a direction in which the samples do not vary.
    spread = abs(basis.matrix).T @ np.sqrt(samples.variances)
    return Quadratic(
        gram=gram + ridge * np.eye(k),
        cross=cross,
        setting=setting_of(samples, basis, form),
        tolerance=default_tolerance(samples.n_features, samples.eps),
        magnitude=spread**2 + ridge,
    )


def setting_of(
    moments: Moments | Samples, embedding: Subspace | None = None, form: Form = "primal"
) -> Setting:
    """Collect the setting of a problem on these moments."""
    return Setting(
        total=float(np.trace(moments.total)),
        x_mean=moments.x_mean,
        y_mean=moments.y_mean,
        embedding=embedding,
        dtype=np.dtype(moments.dtype),
        form=form,
    )


def checked_ridge(ridge: float) -> float:
    """Return ridge, or raise ParameterError when it is negative or not finite."""
    if not is_real(ridge) or not 0 <= ridge < math.inf:
        raise ParameterError(
            f"ridge must be a finite number ≥ 0, got {ridge!r}",
            cause="a negative or missing penalty strength",
            remedy="use ridge=0 for none; the invariance penalty is Regularized(alpha)",
        )
    return float(ridge)


def check_kinds(moments: Moments | Samples, rep: Representation, *, samples: bool = True) -> None:
    """Raise ParameterError unless the arguments are moments (or samples, if these will do) and a symmetry."""
    if not isinstance(moments, Moments) and not (samples and isinstance(moments, Samples)):
        cause = "arrays or a name passed as they are, or arguments in another order"
        remedy = "make one: Moments.from_arrays(X, Y)"
        if isinstance(moments, Samples):
            cause = "a question that is answered in all coordinates, with samples of many features"
            remedy = "give samples.moments(), of n×n numbers"
        raise ParameterError(
            f"moments must be a Moments, got a {type(moments).__name__}", cause=cause, remedy=remedy
        )
    checked_representation(rep)


def check_fit(moments: Moments | Samples, rep: Representation) -> None:
    """Raise DataError unless the data can be fitted by a model with this symmetry."""
    check_source(rep, moments.n_features)
    if moments.count == 0:
        raise DataError(
            "there are no samples in these moments",
            cause="an empty source, or all samples taken away by −",
            remedy="build them from at least two samples: Moments.from_arrays(X, Y)",
        )
