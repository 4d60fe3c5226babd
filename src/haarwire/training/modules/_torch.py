"""PyTorch, or an error that says how to install it. Imported before anything that needs it."""

from __future__ import annotations

from haarwire.errors import MissingDependencyError

try:
    import torch
except ImportError as error:
    raise MissingDependencyError(
        "haarwire.training.modules needs PyTorch, which is not installed",
        cause="Haarwire was installed without its 'torch' extra",
        remedy='pip install "haarwire[torch]"',
    ) from error

__all__ = ["torch"]
