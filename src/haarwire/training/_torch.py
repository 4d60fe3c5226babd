"""PyTorch, imported when something is trained and not before."""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np

from haarwire._numbers import FloatArray
from haarwire.errors import MissingDependencyError, ParameterError

if TYPE_CHECKING:
    from torch import Tensor, device, dtype

__all__ = ["as_array", "checked_device", "checked_dtype", "require_torch"]


def require_torch() -> ModuleType:
    """The module ``torch``, or MissingDependencyError with the command that installs it."""
    try:
        import torch
    except ImportError as error:
        raise MissingDependencyError(
            "training needs PyTorch, which is not installed",
            cause="Haarwire was installed without its 'torch' extra",
            remedy='pip install "haarwire[torch]"',
        ) from error
    return torch


def checked_dtype(name: str) -> dtype:
    """The torch dtype of the name, or ParameterError."""
    if name not in ("float64", "float32"):
        raise ParameterError(
            f"dtype must be 'float64' or 'float32', got {name!r}",
            cause="a dtype object in place of its name, or a precision in which training is not offered",
            remedy="use dtype='float64' (closed forms to ten digits) or dtype='float32' (faster)",
        )
    chosen: dtype = getattr(require_torch(), name)
    return chosen


def checked_device(name: str | device) -> device:
    """The torch device of the name, or ParameterError where there is none on this machine."""
    torch = require_torch()
    try:
        chosen: device = torch.device(name)
        torch.empty(0, device=chosen)
    except (RuntimeError, AssertionError, TypeError) as error:
        raise ParameterError(
            f"there is no device {str(name)!r} here: {str(error).splitlines()[0]}",
            cause="no such accelerator, or a PyTorch build without support for it",
            remedy="use device='cpu', or install the PyTorch build for your accelerator",
        ) from error
    return chosen


def as_array(tensor: Tensor) -> FloatArray:
    """A copy of the tensor as a float64 array."""
    return np.array(tensor.detach().cpu().numpy(), dtype=np.float64)
