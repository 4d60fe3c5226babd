"""How far a module is from invariance: a penalty to train with, and a number to report."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import final
from weakref import WeakKeyDictionary

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

import haarwire.invariants as exact
from haarwire._numbers import FloatArray
from haarwire.errors import DataError
from haarwire.groups import Representation, trivial
from haarwire.groups.representation import checked_representation
from haarwire.training.modules._checks import checked_batch, checked_module, tensor_output
from haarwire.training.modules._elements import ElementStack

__all__ = ["invariance_error", "invariance_penalty"]


@final
@dataclass(frozen=True)
class _Generators:
    """Generators and Lie-algebra elements on one device, in one dtype."""

    elements: ElementStack | None
    algebra: tuple[Tensor, ...]


_known: WeakKeyDictionary[Representation, dict[tuple[torch.device, torch.dtype], _Generators]]
_known = WeakKeyDictionary()


def invariance_penalty(module: nn.Module, x: Tensor, rep: Representation) -> Tensor:
    """(1/N) Σ_i (Σ_k ‖f(ρ(g_k)x_i) − f(x_i)‖² + Σ_j ‖Df(x_i) L_j x_i‖²): add alpha times it to the loss.

    Sums run over the generators g_k and the Lie-algebra elements L_j (Lie derivatives, by forward-mode
    differentiation), squares over all outputs. It vanishes exactly on functions that are invariant at the
    samples. For a linear f on white data (mean of xxᵀ = I) it is tr(W R Wᵀ), with
    R = ``haarwire.penalty_matrix(rep)``.

    Parameters
    ----------
    module : torch.nn.Module
        f, with samples on the first axis; in whatever mode it is.
    x : Tensor, shape (N, …)
        The batch.
    rep : Representation
        ρ, acting on the last axes of the batch (see `haarwire.training.modules`). Any group: it need be
        neither finite nor compact.

    Returns
    -------
    Tensor, shape ()
        Differentiable in the parameters of the module, and in x.

    Raises
    ------
    ParameterError
        When module or rep is none.
    DataError
        When the batch has another size, or the module returns no tensor.

    Notes
    -----
    The batch and its moved copies go through the module in one call. Dropout drops other units for each,
    and the penalty sees that as a change: switch it off where that matters. Attention runs on PyTorch's
    plain kernel for Lie derivatives; the fused ones have no forward mode.

    References
    ----------
    Duan and Montúfar, Understanding Learning Invariance in Deep Linear Networks, arXiv 2506.13714; P.
    Simard et al., "Tangent prop", NIPS 1991, for the Lie derivative as a penalty.

    Examples
    --------
    >>> import haarwire as hw
    >>> from haarwire.training.modules import invariance_penalty, torch
    >>> layer = torch.nn.Linear(2, 1)
    >>> _ = layer.weight.data.copy_(torch.tensor([[3.0, 1.0]]))
    >>> invariance_penalty(layer, torch.eye(2), hw.groups.reflection(2)).item()  # W(ρ − I) = (−2, 2)
    4.0
    """
    checked_module(module, "invariance_penalty(network, x, rep)")
    flat = checked_batch(x, checked_representation(rep))
    if not x.is_floating_point():
        raise DataError(
            f"the batch has dtype {x.dtype}, floating-point numbers are needed",
            cause="bytes or counts as they were stored",
            remedy="convert them first: x.float()",
        )
    generators = _generators(rep, x)
    total = x.new_zeros(())
    if generators.elements is not None:
        moved = generators.elements.each(flat).reshape(-1, *x.shape[1:])
        y = tensor_output(module(torch.cat([x, moved])), module)
        first, others = y[: x.shape[0]], y[x.shape[0] :].reshape(-1, x.shape[0], *y.shape[1:])
        total = total + (others - first).square().sum()
    for L in generators.algebra:
        total = total + _lie_derivative(module, x, (flat @ L.T).reshape(x.shape)).square().sum()
    return total / x.shape[0]


def invariance_error(module: nn.Module, x: Tensor, rep: Representation) -> float:
    """Max ‖f(ρ(g)x) − f(x)‖ / ‖f(x) − mean‖ over the generators; Lie algebra: exp(L/‖L‖) for g.

    The same number as ``haarwire.invariance_error`` gives for a function. The module is evaluated in
    evaluation mode, without gradients, and left in the mode it was in.

    Parameters
    ----------
    module : torch.nn.Module
        f, with samples on the first axis.
    x : Tensor, shape (N, …)
        Samples to try it on.
    rep : Representation
        ρ, acting on the last axes of the batch (see `haarwire.training.modules`).

    Returns
    -------
    float
        0 for an invariant module; 1 where moving an input changes the output as much as another input does.

    Raises
    ------
    ParameterError
        When module or rep is none.
    DataError
        When the batch has another size, or the module returns no tensor.

    Examples
    --------
    >>> import haarwire as hw
    >>> from haarwire.training.modules import invariance_error, torch
    >>> invariance_error(torch.nn.AvgPool1d(4), torch.rand(9, 1, 4), hw.groups.cyclic_shifts(4)) < 1e-6
    True
    """
    checked_module(module, "invariance_error(network, x, rep)")
    carried = checked_batch(x, checked_representation(rep)).shape[1]

    def function(samples: FloatArray) -> FloatArray:
        batch = torch.from_numpy(np.ascontiguousarray(samples)).reshape(-1, *x.shape[1:])
        y = tensor_output(module(batch.to(x.device, x.dtype)), module)
        return np.asarray(y.double().cpu().numpy()).reshape(len(samples), -1)

    samples = x.detach().double().reshape(x.shape[0], -1).cpu().numpy()
    with _evaluating(module), torch.no_grad():
        return exact.invariance_error(function, trivial(carried) * rep if carried > 1 else rep, samples)


def _lie_derivative(module: nn.Module, x: Tensor, direction: Tensor) -> Tensor:
    """Df(x)[Lx], samples first."""

    def function(inputs: Tensor) -> Tensor:
        # A batch norm writes to its buffers, which jvp allows with copies only.
        buffers = {name: values.clone() for name, values in module.named_buffers()}
        return tensor_output(torch.func.functional_call(module, buffers, (inputs,)), module)

    _load_forward_mode()
    with sdpa_kernel(SDPBackend.MATH):
        tangent = torch.func.jvp(function, (x,), (direction,))[1]
    assert isinstance(tangent, Tensor)
    return tangent


@cache
def _load_forward_mode() -> None:
    """PyTorch warns of a deprecated part of its own the first time it differentiates forwards."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "`torch.jit", DeprecationWarning)
        torch.func.jvp(torch.sin, (torch.zeros(()),), (torch.ones(()),))


def _generators(rep: Representation, like: Tensor) -> _Generators:
    by_kind = _known.setdefault(rep, {})
    key = (like.device, like.dtype)
    if key not in by_kind:
        dense = [L.toarray() if isinstance(L, sp.csr_array) else np.asarray(L) for L in rep.algebra]
        by_kind[key] = _Generators(
            ElementStack(rep.generators, like) if rep.generators else None,
            tuple(torch.tensor(L, device=like.device, dtype=like.dtype) for L in dense),
        )
    return by_kind[key]


@contextmanager
def _evaluating(module: nn.Module) -> Iterator[None]:
    """Evaluation mode, and then every part in its own mode again."""
    modes = [(part, part.training) for part in module.modules()]
    module.eval()
    try:
        yield
    finally:
        for part, mode in modes:
            part.training = mode
