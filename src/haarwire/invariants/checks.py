"""Is a model invariant? A number, and an assertion for a user's own tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike, NDArray

from haarwire.errors import DataError, NotInvariantError, ParameterError
from haarwire.groups import Representation

__all__ = ["assert_invariant", "invariance_error"]

FloatArray: TypeAlias = NDArray[np.floating[Any]]
Model: TypeAlias = ArrayLike | Callable[[FloatArray], ArrayLike]


def invariance_error(model: Model, rep: Representation, X: ArrayLike | None = None) -> float:
    """How far a model is from invariance, relative to its size: 0 for an invariant one.

    For coefficients W it is max ‖Wρ(g) − W‖/‖W‖ over the generators and ‖WL‖/(‖W‖‖L‖) over the
    Lie-algebra elements (Frobenius norms). For a function f it is max ‖f(ρ(g)x) − f(x)‖/‖f(x) − mean‖
    over the generators, on the samples X; Lie-algebra elements are probed by exp(L/‖L‖).

    Parameters
    ----------
    model : array_like of shape (m, n) or (n,), an object with such a ``coef``, or a callable
        Coefficients, a `Solution`, or a function from samples (N, n) to predictions.
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
        When the sizes do not fit, or a callable comes without samples.
    """
    if X is not None or (callable(model) and not hasattr(model, "coef")):
        return _function_error(model, rep, X)
    W = np.atleast_2d(np.asarray(getattr(model, "coef", model), dtype=np.float64))
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
        norm = float(np.linalg.norm(L.data if sp.issparse(L) else L))
        changes.append(float(np.linalg.norm(L.T @ W.T)) / norm if norm else 0.0)
    return max(changes, default=0.0) / size


def _function_error(model: Any, rep: Representation, X: ArrayLike | None) -> float:
    if X is None or not callable(getattr(model, "predict", model)):
        raise ParameterError(
            "a function can only be tried on samples, and none were given"
            if X is None
            else f"cannot call a {type(model).__name__} on the samples",
            cause="a fitted model passed without data, or coefficients passed with data",
            remedy="call invariance_error(model.predict, rep, X) with X of shape (n_samples, "
            f"{rep.dim}), or invariance_error(coef, rep)",
        )
    samples = np.asarray(X, dtype=np.float64)
    if samples.ndim != 2 or samples.shape[1] != rep.dim:
        raise DataError(
            f"the samples have shape {samples.shape}, {rep.label} acts on {rep.dim} coordinates",
            cause="samples of other features, or a single sample without its first axis",
            remedy=f"give X of shape (n_samples, {rep.dim})",
        )
    f = getattr(model, "predict", model)
    before = np.asarray(f(samples), dtype=np.float64)
    size = float(np.linalg.norm(before - before.mean(axis=0))) or float(np.linalg.norm(before))
    after = [g.apply(samples) for g in rep.generators]
    for L in rep.algebra:
        from scipy.sparse.linalg import expm_multiply

        norm = float(abs(L).max())
        after.append(expm_multiply(L / norm, samples.T).T if norm else samples)
    changes = [np.linalg.norm(np.asarray(f(moved)) - before) for moved in after]
    return float(max(changes, default=0.0)) / (size or 1.0)


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
    """
    error = invariance_error(model, rep, X)
    if not error <= tol:
        raise NotInvariantError(
            f"the model is not invariant under {rep.label}: relative error {error:.2e} > {tol:.0e}",
            cause="a plain or regularized model, another group, or features in another order",
            remedy="hard-wire it with solve(moments, rep, approach=Hardwired()), or raise tol",
        )
