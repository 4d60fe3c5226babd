"""Is a model invariant, or equivariant? A number, and an assertion for a user's own tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike

from haarwire._numbers import FloatArray
from haarwire.errors import DataError, NotInvariantError, ParameterError
from haarwire.groups import Representation
from haarwire.groups.representation import checked_representation
from haarwire.invariants.equivariant import aligned

__all__ = ["assert_equivariant", "assert_invariant", "equivariance_error", "invariance_error"]

Model: TypeAlias = ArrayLike | Callable[[FloatArray], ArrayLike]


def invariance_error(model: Model, rep: Representation, X: ArrayLike | None = None) -> float:
    """How far a model is from invariance, relative to its size: 0 for an invariant one.

    For coefficients W it is max ‖Wρ(g) − W‖/‖W‖ over the generators and ‖WL‖/(‖W‖‖L‖) over the
    Lie-algebra elements (Frobenius norms). For a function f it is max ‖f(ρ(g)x) − f(x)‖/‖f(x) − mean‖
    over the generators, on the samples X; Lie-algebra elements are probed by exp(L/max|L_ij|).

    Parameters
    ----------
    model : array_like of shape (m, n) or (n,), an object with such a ``coef`` or ``coef_``, or a callable
        Coefficients, a `Solution`, a fitted linear estimator, or a function from samples (N, n) to
        predictions.
    rep : Representation
        Acting on R^n.
    X : array_like, shape (N, n), optional
        Samples to try a function on; needed for a callable.

    Returns
    -------
    float

    Raises
    ------
    ParameterError
        When the coefficients have another size, there are none and no samples, or `rep` is no
        representation.
    DataError
        When the samples have another size or there are none, or a function has not one value for each.
    """
    checked_representation(rep)
    if _wants_samples(model, X):
        return _function_error(model, rep, X)
    W = np.atleast_2d(_coefficients(model, "invariance_error", "rep"))
    if W.ndim != 2 or W.shape[1] != rep.dim:
        raise ParameterError(
            f"the coefficients have shape {W.shape}, {rep.label} acts on {rep.dim} coordinates",
            cause="coefficients of a model of other features, or transposed ones",
            remedy=f"give coefficients of shape (n_targets, {rep.dim})",
        )
    size = float(np.linalg.norm(W))
    if size == 0.0:
        return 0.0
    changes = [float(np.linalg.norm(g.pull_back(W) - W)) for g in rep.generators]
    for L in rep.algebra:
        norm = _frobenius(L)
        changes.append(float(np.linalg.norm(L.T @ W.T)) / norm if norm else 0.0)
    return _largest(changes) / size


def _function_error(model: Any, rep: Representation, X: ArrayLike | None) -> float:
    f, samples, before = _tried(model, rep, X, "invariance_error", "rep")
    changes = [float(np.linalg.norm(np.asarray(f(moved)) - before)) for moved in _moved(rep, samples)]
    return _largest(changes) / _spread(before)


def _largest(changes: Sequence[float]) -> float:
    """The maximum; NaN where any is, which Python's max() may pass over."""
    return float(np.max(changes, initial=0.0))


def _wants_samples(model: Any, X: ArrayLike | None) -> bool:
    """Whether a model is to be tried as a function."""
    return X is not None or (callable(model) and not hasattr(model, "coef"))


def _coefficients(model: Any, check: str, reps: str) -> FloatArray:
    """The coefficients of a model, or ParameterError where it has none."""
    coef = getattr(model, "coef", getattr(model, "coef_", model))
    try:
        return np.asarray(coef, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ParameterError(
            f"cannot read coefficients from a {type(model).__name__}",
            cause="an estimator that is not fitted or not linear, or rows of different lengths",
            remedy=f"give an array of coefficients, or samples to try it on: {check}(model, {reps}, X)",
        ) from error


def _tried(
    model: Any, rep: Representation, X: ArrayLike | None, check: str, reps: str
) -> tuple[Callable[[FloatArray], ArrayLike], FloatArray, FloatArray]:
    """The function, the samples to try it on, and its values there."""
    if X is None or not callable(getattr(model, "predict", model)):
        raise ParameterError(
            "a function can only be tried on samples, and none were given"
            if X is None
            else f"cannot call a {type(model).__name__} on the samples",
            cause="a fitted model passed without data, or coefficients passed with data",
            remedy=f"call {check}(model.predict, {reps}, X) with X of shape (n_samples, "
            f"{rep.dim}), or {check}(coef, {reps})",
        )
    samples = np.asarray(X, dtype=np.float64)
    if samples.ndim != 2 or samples.shape[1] != rep.dim:
        raise DataError(
            f"the samples have shape {samples.shape}, {rep.label} acts on {rep.dim} coordinates",
            cause="samples of other features, or a single sample without its first axis",
            remedy=f"give X of shape (n_samples, {rep.dim})",
        )
    if len(samples) == 0:
        raise DataError(
            "a function cannot be tried on 0 samples",
            cause="an empty selection of rows",
            remedy=f"give X of shape (n_samples, {rep.dim}) with at least one sample",
        )
    f = getattr(model, "predict", model)
    before = np.asarray(f(samples), dtype=np.float64)
    if before.ndim == 0 or len(before) != len(samples):
        raise DataError(
            f"the function has values of shape {before.shape} for {len(samples)} samples",
            cause="a function of one sample, or one value for all of them",
            remedy="give a function with one value or one row of values for each sample",
        )
    return f, samples, before


def _moved(
    rep: Representation, samples: FloatArray, lengths: Sequence[float] | None = None
) -> list[FloatArray]:
    """Samples moved by each generator and by exp(L/length) for each Lie-algebra element."""
    from scipy.sparse.linalg import expm_multiply

    moved = [g.apply(samples) for g in rep.generators]
    for L, length in zip(rep.algebra, lengths or _lengths(rep), strict=True):
        moved.append(expm_multiply(L / length, samples.T).T if length else samples)
    return moved


def _lengths(rep: Representation) -> list[float]:
    return [float(abs(L).max()) for L in rep.algebra]


def _spread(values: FloatArray) -> float:
    size = float(np.linalg.norm(values - values.mean(axis=0))) or float(np.linalg.norm(values))
    return size or 1.0


def equivariance_error(
    model: Model, source: Representation, target: Representation, X: ArrayLike | None = None
) -> float:
    """How far a model is from equivariance, f(ρ(g)x) = σ(g)f(x), relative to its size.

    For coefficients W it is max ‖Wρ(g) − σ(g)W‖/‖W‖ over the generators and ‖WL − KW‖/(‖W‖(‖L‖ + ‖K‖)) over
    the Lie-algebra elements (Frobenius norms; L acts on inputs and K on outputs). A model with an intercept b
    counts as x ↦ Wx + b: ‖σ(g)b − b‖ is compared to ‖[W, b]‖. For a function f it is
    max ‖f(ρ(g)x) − σ(g)f(x)‖/‖f(x) − mean‖ over the generators, on the samples X; Lie-algebra elements are
    probed by their exponentials.

    Parameters
    ----------
    model : array_like of shape (m, n), an object with such a ``coef`` or ``coef_``, or a callable
        Coefficients, a `Solution`, a fitted linear estimator, or a function from samples (N, n) to
        predictions (N, m).
    source, target : Representation
        ρ and σ: of one group, acting on R^n and R^m.
    X : array_like, shape (N, n), optional
        Samples to try a function on; needed for a callable.

    Returns
    -------
    float

    Raises
    ------
    RepresentationError
        When they are not representations of one group.
    ParameterError, DataError
        As `invariance_error`.

    Examples
    --------
    >>> import haarwire as hw
    >>> shifts = hw.groups.cyclic_shifts(3)
    >>> hw.equivariance_error([[0, 1, 0], [0, 0, 1], [1, 0, 0]], shifts, shifts)
    0.0
    """
    source, target = aligned(source, target)
    if _wants_samples(model, X):
        return _equivariance_of_function(model, source, target, X)
    W = _coefficients(model, "equivariance_error", "source, target")
    if W.shape != (target.dim, source.dim):
        raise ParameterError(
            f"the coefficients have shape {W.shape}, maps from {source.label} to {target.label} have shape "
            f"({target.dim}, {source.dim})",
            cause="coefficients of a model of other spaces, or transposed ones",
            remedy=f"give coefficients of shape ({target.dim}, {source.dim})",
        )
    size = float(np.linalg.norm(W))
    changes = [
        float(np.linalg.norm(g.pull_back(W) - h.apply(W.T).T))
        for g, h in zip(source.generators, target.generators, strict=True)
    ]
    for L, K in zip(source.algebra, target.algebra, strict=True):
        norm = _frobenius(L) + _frobenius(K)
        changes.append(float(np.linalg.norm((L.T @ W.T).T - K @ W)) / norm if norm else 0.0)
    error = _largest(changes) / (size or 1.0)
    b = getattr(model, "intercept", getattr(model, "intercept_", np.zeros(target.dim)))
    b = np.broadcast_to(np.asarray(b, dtype=np.float64), (target.dim,))
    whole = float(np.hypot(size, np.linalg.norm(b)))
    shifts = [float(np.linalg.norm(h.apply(b) - b)) for h in target.generators]
    shifts += [float(np.linalg.norm(K @ b)) / (_frobenius(K) or 1.0) for K in target.algebra]
    return _largest([error, _largest(shifts) / (whole or 1.0)])


def _frobenius(L: Any) -> float:
    return float(np.linalg.norm(L.data if sp.issparse(L) else L))


def _equivariance_of_function(
    model: Any, source: Representation, target: Representation, X: ArrayLike | None
) -> float:
    f, samples, before = _tried(model, source, X, "equivariance_error", "source, target")
    if before.shape != (len(samples), target.dim):
        raise DataError(
            f"the predictions have shape {before.shape}, {target.label} acts on {target.dim} coordinates",
            cause="a model with other outputs than the target representation has coordinates",
            remedy=f"give a function with values of shape (n_samples, {target.dim})",
        )
    lengths = [max(pair) for pair in zip(_lengths(source), _lengths(target), strict=True)]
    changes = [
        float(np.linalg.norm(np.asarray(f(moved)) - expected))
        for moved, expected in zip(
            _moved(source, samples, lengths), _moved(target, before, lengths), strict=True
        )
    ]
    return _largest(changes) / _spread(before)


def assert_invariant(
    model: Model, rep: Representation, X: ArrayLike | None = None, *, tol: float = 1e-8
) -> None:
    """Raise unless ``invariance_error(model, rep, X) <= tol``: for a user's own test suite.

    Parameters
    ----------
    model, rep, X
        As in `invariance_error`.
    tol : float
        Largest relative error accepted.

    Raises
    ------
    NotInvariantError
        With the error found.
    ParameterError, DataError
        As `invariance_error`.
    """
    error = invariance_error(model, rep, X)
    if not error <= tol:
        raise NotInvariantError(
            f"the model is not invariant under {rep.label}: relative error {error:.2e} > {tol:.0e}",
            cause="a plain or regularized model, another group, or features in another order",
            remedy="hard-wire it with solve(moments, rep, approach=Hardwired()), or raise tol",
        )


def assert_equivariant(
    model: Model,
    source: Representation,
    target: Representation,
    X: ArrayLike | None = None,
    *,
    tol: float = 1e-8,
) -> None:
    """Raise unless ``equivariance_error(model, source, target, X) <= tol``: for a user's own test suite.

    Parameters
    ----------
    model, source, target, X
        As in `equivariance_error`.
    tol : float
        Largest relative error accepted.

    Raises
    ------
    NotInvariantError
        With the error found.
    ParameterError, DataError, RepresentationError
        As `equivariance_error`.
    """
    error = equivariance_error(model, source, target, X)
    if not error <= tol:
        raise NotInvariantError(
            f"the model is not equivariant from {source.label} to {target.label}: relative error "
            f"{error:.2e} > {tol:.0e}",
            cause="a plain or regularized model, another group, or an augmented model of bounded rank that "
            "splits an irreducible representation",
            remedy="hard-wire it with solve(moments, rep, approach=Hardwired(), target=…), or raise tol",
        )
