"""Checks of what users give to `learn_invariance`."""

from __future__ import annotations

import copy
import math
from typing import Final

import torch
from torch import Tensor, nn

from haarwire.errors import DataError, ParameterError
from haarwire.groups import Representation
from haarwire.training.invariance_learning.likelihoods import Categorical, Gaussian, Likelihood
from haarwire.training.invariance_learning.results import Kind
from haarwire.training.invariance_learning.transformations import Transformations
from haarwire.training.modules._checks import checked_batch, tensor_output

__all__ = ["checked_amounts", "checked_kind", "checked_targets", "in_float64"]

_LARGEST_JACOBIAN: Final = 2**25
"""Numbers of the Jacobian, samples × outputs × parameters: 256 MiB, and several such are needed."""

_LARGEST_SYSTEM: Final = 4096
"""Rows of the matrix whose determinant is taken: the fewer of parameters, and samples × outputs."""


def in_float64(module: nn.Module, x: object, rep: Representation) -> tuple[Tensor, Tensor, nn.Module]:
    """Inputs, the same flat (see `checked_batch`), and a copy of the module in evaluation mode: float64."""
    flat = checked_batch(x, rep)
    assert isinstance(x, Tensor)
    if not x.is_floating_point():
        raise DataError(
            f"the inputs have dtype {x.dtype}, floating-point numbers are needed",
            cause="bytes or counts as they were stored",
            remedy="convert them first: x.float()",
        )
    if not torch.isfinite(x).all():
        raise DataError(
            "the inputs have values that are not finite",
            cause="missing values, or an overflow",
            remedy="drop or fill them first: x[torch.isfinite(x).flatten(1).all(1)]",
        )
    return x.detach().double(), flat.detach().double(), copy.deepcopy(module).double().eval()


def checked_kind(kind: object, rep: Representation) -> Kind:
    """The kind, or that which fits the representation."""
    if kind is None:
        return "range" if rep.algebra and not rep.generators else "probability"
    if kind == "probability":
        return "probability"
    if kind == "range":
        return "range"
    raise ParameterError(
        f"kind must be 'probability' or 'range', got {kind!r}",
        cause="a misspelt option",
        remedy="use kind='probability' for finite groups, kind='range' for Lie-algebra elements",
    )


def checked_targets(module: nn.Module, x: Tensor, y: object, likelihood: object) -> tuple[Likelihood, float]:
    """The likelihood, and the logarithm of the variance of the targets."""
    if likelihood not in ("gaussian", "categorical"):
        raise ParameterError(
            f"likelihood must be 'gaussian' or 'categorical', got {likelihood!r}",
            cause="a misspelt option, or a loss function",
            remedy="use likelihood='gaussian' for numbers, likelihood='categorical' for labels",
        )
    if not isinstance(y, Tensor) or y.ndim == 0 or len(y) != len(x):
        got = f"shape {tuple(y.shape)}" if isinstance(y, Tensor) else f"a {type(y).__name__}"
        raise DataError(
            f"the targets must be a tensor of {len(x)} samples, got {got}",
            cause="an array, or targets of other samples",
            remedy="give torch.as_tensor(y), in the order of the inputs",
        )
    with torch.no_grad():
        f = tensor_output(module(x), module)
    outputs, parameters = f[:1].numel(), sum(p.numel() for p in module.parameters() if p.requires_grad)
    _check_size(parameters, len(x), outputs)
    if not torch.isfinite(f).all():
        raise DataError(
            f"{type(module).__name__} gives outputs that are not finite on these inputs",
            cause="weights that have diverged, or a logarithm or a root of a negative number",
            remedy="start from the initial weights of the layers, and look at module(x)",
        )
    if likelihood == "categorical":
        return Categorical(_checked_labels(y, f)), 0.0
    if y[:1].numel() != outputs or y.dtype == torch.bool or y.is_complex():
        raise DataError(
            f"targets of shape {tuple(y.shape)} and dtype {y.dtype} do not fit outputs of shape "
            f"{tuple(f.shape)}",
            cause="labels of classes, or a last layer of another width",
            remedy="use likelihood='categorical' for labels, or a module with one output a target",
        )
    target = y.detach().double().reshape(len(x), -1)
    if not torch.isfinite(target).all():
        raise DataError(
            "the targets have values that are not finite",
            cause="missing values, or an overflow",
            remedy="drop those samples from inputs and targets",
        )
    variance = float((target - target.mean(0)).square().mean())
    if not variance > 64 * torch.finfo(target.dtype).eps * float(target.square().mean()):
        raise DataError(
            "the targets are constant",
            cause="one sample, or a column in place of the targets",
            remedy="give targets that vary",
        )
    return Gaussian(target), math.log(variance)


def _checked_labels(y: Tensor, f: Tensor) -> Tensor:
    is_integer = not (y.is_floating_point() or y.is_complex() or y.dtype == torch.bool)
    if f.ndim != 2 or f.shape[1] < 2 or y.ndim != 1 or not is_integer:
        raise DataError(
            f"labels of shape {tuple(y.shape)} and dtype {y.dtype} do not fit outputs of shape "
            f"{tuple(f.shape)}",
            cause="one-hot or floating-point labels, one output for two classes, or outputs with more axes",
            remedy="give y.argmax(1) or y.long(), of shape (N,), and a module with one output a class",
        )
    if y.min() < 0 or y.max() >= f.shape[1]:
        raise DataError(
            f"labels run from {int(y.min())} to {int(y.max())}, the module has {f.shape[1]} outputs",
            cause="labels that start at 1, or a last layer of another width",
            remedy=f"number the classes 0 to {f.shape[1] - 1}, or give the module more outputs",
        )
    return y.detach().long()


def _check_size(parameters: int, samples: int, outputs: int) -> None:
    if parameters == 0:
        raise ParameterError(
            "the module has no parameters to integrate over",
            cause="a module of fixed functions, or one whose parameters have requires_grad=False",
            remedy="set requires_grad_(True) for the parameters that are learnt",
        )
    rows = samples * outputs
    if parameters * rows > _LARGEST_JACOBIAN or min(parameters, rows) > _LARGEST_SYSTEM:
        raise ParameterError(
            f"the module is too large for the full matrix: {parameters} parameters, {samples} samples and "
            f"{outputs} outputs are {parameters * rows} numbers, of rank up to {min(parameters, rows)}",
            cause=f"at most {_LARGEST_JACOBIAN} numbers and a rank of {_LARGEST_SYSTEM} are handled",
            remedy="freeze layers, layer.requires_grad_(False) (for example all but the last), use fewer "
            "samples, or a smaller module",
        )


def checked_amounts(amounts: object, family: Transformations) -> list[tuple[float, tuple[float, ...]]]:
    """Common numbers, ascending, each with the amount it stands for."""
    if amounts is None:
        shares = sorted({*family.ends, *family.grid})
        named = [(share, tuple(share * top for top in family.largest)) for share in shares]
        return [(a[0] if len(set(a)) == 1 else share, a) for share, a in named]
    top = min(family.largest)
    try:
        numbers = sorted({*family.ends, *(float(a) for a in amounts)})  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        numbers = []
    if not any(0.0 < a < top for a in numbers) or numbers[0] < 0.0 or not numbers[-1] <= top:
        raise ParameterError(
            f"amounts must be numbers in [0, {top:.4g}], one at least between the ends, got {amounts!r}",
            cause="percentages or degrees, one number in place of a list, or nothing between the ends",
            remedy=f"give for example amounts=[{0.5 * top:.4g}, {0.9 * top:.4g}]",
        )
    return [(a, (a,) * family.n_amounts) for a in numbers]
