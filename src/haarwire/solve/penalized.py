"""Least squares with an equivariance penalty: exact without a rank bound, a local search with one.

J(W) + α P(W) is quadratic in the m·n entries of W. Up to 1500 of them the normal equations are written out
in an orthonormal basis of the equivariant maps and their complement, where the penalty is in the second block
only, exactly: no α drowns the first. Beyond that they are solved by conjugate gradients, preconditioned on
the equivariant maps by the averaged covariance and outside by the covariance plus a multiple of α.

Under a rank bound no closed form is known: P is not of the form tr(W R Wᵀ). W = A Bᵀ is descended by
L-BFGS from several starts. What is found is a local minimum, told apart from the global one by a lower
bound: the larger of the unbounded optimum and of the plain optimum of the same rank.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, final

import numpy as np

from haarwire._linalg import symmetric_whitener
from haarwire._numbers import FloatArray
from haarwire.invariants import haar_average
from haarwire.solve.affine import AffineLoss
from haarwire.solve.equivariance_penalty import EquivariancePenalty
from haarwire.solve.normal_equations import solved_iteratively

__all__ = ["Penalized"]


_DIRECT: Final = 1500
"""Entries of W up to which the normal equations are written out."""

_FLOOR: Final = 1e-8
_STEPS: Final = 5000
_DECREASE: Final = 1e-12
"""A descent ends when a step lowers the loss by less, relative to it."""


@final
@dataclass(frozen=True, eq=False)
class Penalized:
    """J(W) + α P(W) with 0 < α < ∞.

    Attributes
    ----------
    loss : AffineLoss
        J, its intercept under the same penalty.
    penalty : EquivariancePenalty
        P.
    alpha : float
        α.
    """

    loss: AffineLoss = field(repr=False)
    penalty: EquivariancePenalty = field(repr=False)
    alpha: float

    def value(self, W: FloatArray) -> float:
        """J(W) + α P(W)."""
        return self.loss.value(W) + self.alpha * self.penalty.evaluated(W)[0]

    def half_gradient(self, W: FloatArray) -> FloatArray:
        """Half the gradient, but for the linear term."""
        return self.loss.half_gradient(W) + self.alpha * self.penalty.half_gradient(W)

    def unbounded(self) -> tuple[FloatArray, float, bool]:
        """The minimizer, the condition of its problem, and whether it is singular (then: of least norm)."""
        return self._direct() if self.loss.linear.size <= _DIRECT else self._iterated()

    def _direct(self) -> tuple[FloatArray, float, bool]:
        loss, shape = self.loss, self.loss.linear.shape
        maps = self.penalty.maps
        basis = maps.subspace.completed.basis
        images = loss.half_gradient(basis.T.reshape(-1, *shape)).reshape(len(basis), -1)
        A = basis.T @ images.T
        A = (A + A.T) / 2.0
        D = maps.dim
        A[D:, D:] += self.alpha * self.penalty.restricted(basis[:, D:])
        # An equivariant feature may be all cancellation: the sum of counts that add up to a fixed total.
        terms = np.sqrt(np.diag(loss.gram)) @ abs(basis).reshape(*shape, -1)
        magnitude = np.maximum((terms**2).sum(axis=0), np.diag(A))
        whitener = symmetric_whitener(A, loss.tolerance, magnitude)
        w = basis @ (whitener.factor @ (whitener.factor.T @ (basis.T @ loss.linear.ravel())))
        return w.reshape(shape), whitener.condition, whitener.rank < len(A)

    def _iterated(self) -> tuple[FloatArray, float, bool]:
        b = self.loss.linear
        w = solved_iteratively(self._matvec, b.ravel(), steps=_STEPS, precondition=_preconditioner(self))
        return w.reshape(b.shape), 1.0, False

    def _matvec(self, w: FloatArray) -> FloatArray:
        return self.half_gradient(w.reshape(self.loss.linear.shape)).ravel()

    def local_minima(self, rank: int, starts: Sequence[FloatArray]) -> list[FloatArray]:
        """The ends of descents over W = A Bᵀ of rank ≤ r, one for each start, best first."""
        found = [_descend(self, rank, W) for W in starts]
        return sorted(found, key=self.value)


@final
@dataclass(frozen=True, eq=False)
class _Preconditioner:
    """w ↦ Π(Π(W) C̄⁻¹) + (1 − Π)((1 − Π)(W) (C + αc)⁻¹), Π the projection on the equivariant maps.

    C̄ is the averaged covariance: for an orthogonal ρ the first part is the exact inverse there. c is the
    mean of what the penalty multiplies a map by.
    """

    shape: tuple[int, int]
    project: Callable[[FloatArray], FloatArray]
    inside: FloatArray
    outside: FloatArray

    def __call__(self, w: FloatArray) -> FloatArray:
        W = w.reshape(self.shape)
        E = self.project(W)
        rest = (W - E) @ self.outside
        return np.asarray(self.project(E @ self.inside) + rest - self.project(rest)).ravel()


def _preconditioner(problem: Penalized) -> _Preconditioner:
    C, source = problem.loss.gram, problem.penalty.source
    n = len(C)
    # Where there are no data, any small number will do.
    floor = _FLOOR * float(np.trace(C)) / n * np.eye(n)
    averaged = haar_average(C, source) if source.is_compact else C
    outside = C + problem.alpha * problem.penalty.mean * np.eye(n)
    return _Preconditioner(
        problem.loss.linear.shape,
        problem.penalty.nearest,
        np.linalg.inv(averaged + floor),
        np.linalg.inv(outside + floor),
    )


def _descend(problem: Penalized, rank: int, start: FloatArray) -> FloatArray:
    """L-BFGS on the factors of W = A B F, F whitening the inputs: balanced at the start, of like scales."""
    from scipy.optimize import minimize

    C = problem.loss.gram
    m, n = start.shape
    values, vectors = np.linalg.eigh(C)
    sizes = np.maximum(values, _FLOOR * values[-1]) + problem.alpha * problem.penalty.mean
    F = (vectors / np.sqrt(sizes)) @ vectors.T
    U, s, Vt = np.linalg.svd(start @ ((vectors * np.sqrt(sizes)) @ vectors.T), full_matrices=False)
    root = np.sqrt(s[:rank])
    x = np.concatenate([(U[:, :rank] * root).ravel(), (root[:, None] * Vt[:rank]).ravel()])
    scale = problem.loss.constant or 1.0

    def value_and_gradient(x: FloatArray) -> tuple[float, FloatArray]:
        A, B = x[: m * rank].reshape(m, rank), x[m * rank :].reshape(rank, n) @ F
        W = A @ B
        penalty, turned = problem.penalty.evaluated(W)
        half = problem.loss.half_gradient_of_product(A, B)
        fit = problem.loss.constant + float(np.vdot(W, half - 2.0 * problem.loss.linear))
        value = fit + problem.alpha * penalty
        slope = 2.0 * (half + problem.alpha * turned - problem.loss.linear)
        gradient = np.concatenate([(slope @ B.T).ravel(), (A.T @ slope @ F).ravel()])
        return value / scale, gradient / scale

    options = {"maxiter": _STEPS, "maxfun": 2 * _STEPS, "ftol": _DECREASE, "gtol": 1e-10, "maxcor": 30}
    x = minimize(value_and_gradient, x, jac=True, method="L-BFGS-B", options=options).x
    return np.asarray(x[: m * rank].reshape(m, rank) @ x[m * rank :].reshape(rank, n) @ F)
