"""The Laplace approximation of a module's log marginal likelihood, and its derivative.

Parameters θ have independent Gaussian priors, of one precision δ_t for each parameter tensor, together the
diagonal D. With θ* the maximum of the joint density, J the Jacobian of all outputs there and Λ the curvature
of −log p(y | f) in the outputs,

    log q(y) = log p(y | f(θ*)) − ½ θ*ᵀDθ* − ½ log det(I + D^{−1/2} JᵀΛJ D^{−1/2}),

the generalized Gauss–Newton form: exact for a linear module with Gaussian noise. The determinant is that of
the smaller of a matrix of parameters and one of outputs. θ* depends on the hyperparameters h, and so does the
determinant through it:

    d log q/dh = ∂ log q/∂h + (∂ log q/∂θ) H⁻¹ ∂²log p(y, θ)/∂θ∂h,   H = −∂²log p(y, θ)/∂θ².
"""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from functools import cached_property
from typing import Final, final

import numpy as np
import torch
from scipy.optimize import minimize
from scipy.sparse.linalg import LinearOperator, cg
from torch import Tensor, nn
from torch.func import functional_call, jacrev, vmap

from haarwire._numbers import FloatArray
from haarwire.errors import ConvergenceError, DataError, ParameterError
from haarwire.training.invariance_learning.likelihoods import Likelihood
from haarwire.training.invariance_learning.transformations import Transformations
from haarwire.training.modules._checks import tensor_output

__all__ = ["Hyperparameters", "LaplaceEvidence"]


_CHUNK: Final = 64
"""Samples whose Jacobians are computed at once."""

_FITTED: Final = 1e-22
"""θ* is found to this squared Newton decrement, relative to the log joint density."""

_ROUNDING: Final = 1e-13
"""Rounding errors of the log joint density, relative to it."""

_TRIED: Final = 4
"""Gauss–Newton steps before Newton's method, which a nearly linear module does not need."""

_NEAR: Final = 1.0
"""Squared Newton decrement from which on L-BFGS comes first."""

_ROUNDS: Final = 5
"""Most runs of Newton's method in a trust region, each from where the last one stopped."""

_POLISH: Final = 6
"""Most steps of Newton's method without one."""


@final
@dataclass(frozen=True)
class Hyperparameters:
    """Amount (k,), logarithms of the prior precisions (one a tensor) and of the variance of the noise ()."""

    amount: Tensor
    log_precision: Tensor
    log_noise: Tensor


@final
class LaplaceEvidence:
    """Log evidence of a module averaged over transformations, as a function of the hyperparameters.

    Parameters
    ----------
    module : torch.nn.Module
        In float64. It is copied, and evaluated in evaluation mode.
    x : Tensor, shape (N, …)
        Inputs, float64.
    flat : Tensor, shape (N, c, n)
        The same, with the axis last on which the group acts.
    """

    def __init__(
        self, module: nn.Module, x: Tensor, flat: Tensor, likelihood: Likelihood, family: Transformations
    ) -> None:
        self.module = copy.deepcopy(module).eval()
        self.event, self.flat = x.shape[1:], flat
        self.likelihood, self.family = likelihood, family
        named = [(name, p) for name, p in self.module.named_parameters() if p.requires_grad]
        self.names = tuple(name for name, _ in named)
        self.shapes = [p.shape for _, p in named]
        self.sizes = [p.numel() for _, p in named]
        self.start = torch.cat([p.detach().reshape(-1) for _, p in named])
        self._tensor_of = torch.repeat_interleave(
            torch.arange(len(named), device=x.device), torch.tensor(self.sizes, device=x.device)
        )

    def outputs(self, theta: Tensor, moved: Tensor, weights: Tensor) -> Tensor:
        """The average, (K, N, c, n) to (N, m)."""
        y = self._call(theta, moved.reshape(-1, *self.event))
        average: Tensor = torch.tensordot(weights, y.reshape(*moved.shape[:2], -1), 1)
        return average

    def jacobian(self, theta: Tensor, moved: Tensor, weights: Tensor) -> Tensor:
        """Its derivative in θ, (N, m, P)."""
        each = vmap(jacrev(self._single), in_dims=(None, 1, None), chunk_size=_CHUNK)
        try:
            found: Tensor = each(theta, moved, weights)
        except RuntimeError as error:
            raise ParameterError(
                f"{type(self.module).__name__} cannot be differentiated sample by sample: {error}",
                cause="an operation that PyTorch cannot vectorize, such as a branch on values, a change in "
                "place or a random draw",
                remedy="write it without, or learn the invariance of the part of the module without it",
            ) from error
        return found

    def log_joint(self, theta: Tensor, f: Tensor, state: Hyperparameters) -> Tensor:
        """Log p(y | f) − ½ θᵀDθ."""
        prior = self._precision(state) @ theta.square()
        return self.likelihood.log_density(f, state.log_noise) - 0.5 * prior

    def half_volume(self, J: Tensor, f: Tensor, state: Hyperparameters) -> Tensor:
        """½ log det(I + D^{−1/2} JᵀΛJ D^{−1/2})."""
        return _Curvature(self._scaled(J, f, state)).log_det / 2.0

    def at(self, theta: Tensor, state: Hyperparameters) -> Tensor:
        """The formula at any θ."""
        moved, weights = self.family.moved(self.flat, state.amount)
        f = self.outputs(theta, moved, weights)
        J = self.jacobian(theta, moved, weights)
        return self.log_joint(theta, f, state) - self.half_volume(J, f, state)

    def fit(self, theta: Tensor, state: Hyperparameters) -> Tensor:
        """θ*: a few Gauss–Newton steps; for a module far from linear, L-BFGS and Newton's method."""
        average = self.family.moved(self.flat, state.amount)
        root = self._precision(state).sqrt()
        last = math.inf
        for _ in range(_TRIED):
            now = self._local(theta, state, average)
            step = now.curvature.solve(now.slope / root) / root
            decrement = float(now.slope @ step)
            if now.is_fitted(decrement, last):
                return theta.detach()
            last = decrement
            length = self._length(theta, step, state, average, (now.value, decrement))
            if length == 0.0:
                break
            theta = theta.detach() + length * step
        if last > _NEAR:
            theta = self._descended(theta, state, average, root)
        for _ in range(_ROUNDS):
            theta, is_near = self._in_trust_region(theta, state, average, root)
            if is_near:
                return self._polished(theta, state, average, root)
        raise _not_fitted(last)

    def _local(self, theta: Tensor, state: Hyperparameters, average: tuple[Tensor, Tensor]) -> _Local:
        leaf = theta.detach().requires_grad_()
        f = self.outputs(leaf, *average)
        value = self.log_joint(leaf, f, state)
        if not torch.isfinite(value):
            raise _not_finite(self.module)
        (slope,) = torch.autograd.grad(value, leaf, create_graph=True)
        with torch.no_grad():
            curvature = _Curvature(self._scaled(self.jacobian(leaf, *average), f, state))
        return _Local(float(value.detach()), slope.detach(), slope, leaf, curvature)

    @torch.no_grad()
    def _length(
        self,
        theta: Tensor,
        step: Tensor,
        state: Hyperparameters,
        average: tuple[Tensor, Tensor],
        now: tuple[float, float],
    ) -> float:
        """The first of 1, ½, ¼ … with which the joint density grows, or 0."""
        value, growth = now
        length = 1.0
        while length > 1e-6:
            trial = theta + length * step
            new = float(self.log_joint(trial, self.outputs(trial, *average), state))
            if new >= value + 1e-4 * length * growth - _ROUNDING * max(1.0, abs(value)):
                return length
            length /= 2.0
        return 0.0

    def _descended(
        self, theta: Tensor, state: Hyperparameters, average: tuple[Tensor, Tensor], root: Tensor
    ) -> Tensor:
        """L-BFGS on D^{½}θ: many cheap steps, for a module far from linear."""

        def negative(values: FloatArray) -> tuple[float, FloatArray]:
            z = torch.as_tensor(values, dtype=theta.dtype, device=theta.device).requires_grad_()
            value = -self.log_joint(z / root, self.outputs(z / root, *average), state)
            (slope,) = torch.autograd.grad(value, z)
            return float(value.detach()), np.asarray(slope.cpu().numpy())

        start = (theta.detach() * root).cpu().numpy()
        found = minimize(
            negative, start, jac=True, method="L-BFGS-B", options={"maxiter": 2000, "ftol": 1e-9}
        )
        return torch.as_tensor(found.x, dtype=theta.dtype, device=theta.device) / root

    def _in_trust_region(
        self, theta: Tensor, state: Hyperparameters, average: tuple[Tensor, Tensor], root: Tensor
    ) -> tuple[Tensor, bool]:
        """Newton's method in coordinates z in which the Gauss–Newton matrix is I here; whether it ended."""
        here = self._local(theta, state, average)
        tolerance = 1e-6 * math.sqrt(max(1.0, abs(here.value)))

        def at(z: FloatArray) -> Tensor:
            moved = theta.detach() + here.curvature.whitened(torch.as_tensor(z).to(theta)) / root
            return moved.detach().requires_grad_()

        def back(v: Tensor) -> FloatArray:
            return np.asarray(here.curvature.whitened(v / root).cpu().numpy())

        def value_and_slope(z: FloatArray) -> tuple[float, FloatArray]:
            leaf = at(z)
            value = -self.log_joint(leaf, self.outputs(leaf, *average), state)
            (slope,) = torch.autograd.grad(value, leaf)
            return float(value.detach()), back(slope)

        def hessian(z: FloatArray, v: FloatArray) -> FloatArray:
            leaf = at(z)
            value = -self.log_joint(leaf, self.outputs(leaf, *average), state)
            (slope,) = torch.autograd.grad(value, leaf, create_graph=True)
            direction = here.curvature.whitened(torch.as_tensor(v).to(theta)) / root
            (product,) = torch.autograd.grad(slope, leaf, grad_outputs=direction)
            return back(product)

        found = minimize(
            value_and_slope,
            np.zeros(theta.numel()),
            jac=True,
            hessp=hessian,
            method="trust-ncg",
            options={"gtol": tolerance, "maxiter": 300},
        )
        return at(found.x).detach(), bool(np.linalg.norm(found.jac) <= tolerance)

    def _polished(
        self, theta: Tensor, state: Hyperparameters, average: tuple[Tensor, Tensor], root: Tensor
    ) -> Tensor:
        """Newton's own steps, where differences of the joint density are rounding errors."""
        last = math.inf
        for _ in range(_POLISH):
            now = self._local(theta, state, average)
            step = _conjugate_gradients(now.slope, now.graph, now.leaf, now.curvature, root)
            decrement = -math.inf if step is None else float(now.slope @ step)
            if step is None or decrement < -_ROUNDING * max(1.0, abs(now.value)):
                raise _not_positive()
            if now.is_fitted(decrement, last):
                return theta
            theta, last = theta + step, decrement
        return theta

    def value_and_slope(
        self, theta: Tensor, state: Hyperparameters, free: Tensor
    ) -> tuple[float, FloatArray]:
        """Log q at θ = θ*(state), and its total derivative in `free`, of which state is a function."""
        moved, weights = self.family.moved(self.flat, state.amount)
        theta = theta.detach().requires_grad_()
        J = self.jacobian(theta, moved, weights)
        f = self.outputs(theta, moved, weights)
        joint, volume = self.log_joint(theta, f, state), self.half_volume(J, f, state)
        if not (torch.isfinite(joint) and torch.isfinite(volume)):
            raise _not_finite(self.module)
        by_theta, by_free = torch.autograd.grad(
            volume, (theta, free), retain_graph=True, materialize_grads=True
        )
        (joint_by_free,) = torch.autograd.grad(joint, free, retain_graph=True)
        slope = joint_by_free - by_free
        if by_theta.abs().max() > 0.0:
            (force,) = torch.autograd.grad(joint, theta, create_graph=True)
            curvature = _Curvature(self._scaled(J, f, state).detach())
            u = _conjugate_gradients(
                by_theta, force, theta, curvature, self._precision(state).detach().sqrt()
            )
            if u is None:
                raise _not_positive()
            (through,) = torch.autograd.grad(force @ u, free)
            slope = slope - through
        return float((joint - volume).detach()), slope.detach().cpu().numpy()

    def module_at(self, theta: Tensor) -> nn.Module:
        """A copy of the module with these weights."""
        module = copy.deepcopy(self.module)
        module.load_state_dict(
            {name: values.detach() for name, values in self._named(theta).items()}, strict=False
        )
        return module

    def _scaled(self, J: Tensor, f: Tensor, state: Hyperparameters) -> Tensor:
        """A = Λ^{½} J D^{−1/2}, (N·m, P)."""
        A = self.likelihood.scaled(J, f, state.log_noise)
        return A.reshape(-1, A.shape[-1]) * (-0.5 * state.log_precision)[self._tensor_of].exp()

    def _precision(self, state: Hyperparameters) -> Tensor:
        return state.log_precision.exp()[self._tensor_of]

    def _named(self, theta: Tensor) -> dict[str, Tensor]:
        parts = torch.split(theta, self.sizes)
        return {
            name: part.reshape(shape)
            for name, part, shape in zip(self.names, parts, self.shapes, strict=True)
        }

    def _call(self, theta: Tensor, x: Tensor) -> Tensor:
        return tensor_output(functional_call(self.module, self._named(theta), (x,)), self.module)

    def _single(self, theta: Tensor, moved: Tensor, weights: Tensor) -> Tensor:
        """One sample's outputs, (K, c, n) to (m,)."""
        y = self._call(theta, moved.reshape(-1, *self.event))
        return weights @ y.reshape(moved.shape[0], -1)


@final
@dataclass(frozen=True)
class _Local:
    """The log joint density at a point: value, slope (also as a graph of the point), Gauss–Newton matrix."""

    value: float
    slope: Tensor
    graph: Tensor
    leaf: Tensor
    curvature: _Curvature

    def is_fitted(self, decrement: float, last: float) -> bool:
        """Whether θ* is reached, or rounding errors are."""
        scale = max(1.0, abs(self.value))
        return decrement <= _FITTED * scale or (decrement <= _ROUNDING * scale and decrement > 0.5 * last)


@final
class _Curvature:
    """I + AᵀA through the smaller of AᵀA and AAᵀ."""

    def __init__(self, A: Tensor) -> None:
        self.A = A
        self.is_dual = A.shape[0] < A.shape[1]
        gram = A @ A.T if self.is_dual else A.T @ A
        gram = gram + torch.eye(len(gram), dtype=A.dtype, device=A.device)
        self.factor, info = torch.linalg.cholesky_ex(gram)
        if int(info) != 0:
            raise ConvergenceError(
                f"the determinant drowns in rounding errors beside {float(gram.detach().max()):.1e}",
                cause="inputs or outputs in very large units, or derivatives that are not finite",
                remedy="scale the inputs to about 1, and start from the initial weights of the layers",
            )

    @property
    def log_det(self) -> Tensor:
        value: Tensor = 2.0 * self.factor.diagonal().log().sum()
        return value

    def solve(self, b: Tensor) -> Tensor:
        if not self.is_dual:
            return torch.cholesky_solve(b[:, None], self.factor)[:, 0]
        inner = torch.cholesky_solve((self.A @ b)[:, None], self.factor)[:, 0]
        return b - self.A.T @ inner

    def whitened(self, b: Tensor) -> Tensor:
        """(I + AᵀA)^{−½}b."""
        s, V = self._eigen
        if not self.is_dual:
            return V @ ((V.T @ b) * s.rsqrt())
        # 1 − s^{−½} over s − 1, without cancellation.
        return b - self.A.T @ (V @ ((V.T @ (self.A @ b)) / (s + s.sqrt())))

    @cached_property
    def _eigen(self) -> tuple[Tensor, Tensor]:
        """Eigenvalues, at least 1, and eigenvectors of the smaller matrix."""
        s, V = torch.linalg.eigh(self.factor @ self.factor.T)
        return s.clamp_min(1.0), V


def _conjugate_gradients(
    b: Tensor, slope: Tensor, theta: Tensor, curvature: _Curvature, root: Tensor
) -> Tensor | None:
    """H⁻¹b, H = −∂slope/∂θ, preconditioned with the Gauss–Newton matrix; None without convergence."""

    def tensor(v: FloatArray) -> Tensor:
        return torch.as_tensor(v, dtype=b.dtype, device=b.device)

    def hessian(v: FloatArray) -> FloatArray:
        (Hv,) = torch.autograd.grad(slope, theta, grad_outputs=-tensor(v), retain_graph=True)
        return np.asarray(Hv.cpu().numpy())

    def inverse(v: FloatArray) -> FloatArray:
        return np.asarray((curvature.solve(tensor(v) / root) / root).cpu().numpy())

    shape = (b.numel(), b.numel())
    found, info = cg(
        LinearOperator(shape, hessian, dtype=np.float64),
        b.detach().cpu().numpy(),
        rtol=1e-9,
        maxiter=max(200, 2 * b.numel()),
        M=LinearOperator(shape, inverse, dtype=np.float64),
    )
    return tensor(found) if info == 0 else None


def _not_fitted(decrement: float) -> ConvergenceError:
    return ConvergenceError(
        f"the weights of largest posterior density were not found: about {decrement:.1e} nats to go",
        cause="a function with kinks (ReLU, maximum pooling), on one of which the maximum lies, or many more "
        "parameters than the data bear",
        remedy="use a smooth activation (tanh, GELU, SiLU) and average pooling, or a smaller module",
    )


def _not_positive() -> ConvergenceError:
    return ConvergenceError(
        "the weights ended where the Hessian of the posterior density is not definite",
        cause="a saddle or a kink: units of the module that are equal, or dead",
        remedy="start from other random weights, and use a smooth activation (tanh, GELU, SiLU)",
    )


def _not_finite(module: nn.Module) -> DataError:
    return DataError(
        f"{type(module).__name__} gives outputs or derivatives that are not finite",
        cause="inputs in very large units, a logarithm or a root of a negative number, or transformations "
        "that scale the inputs without bound",
        remedy="scale the inputs to about 1, and start from the initial weights of the layers",
    )
