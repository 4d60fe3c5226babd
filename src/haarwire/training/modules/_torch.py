"""PyTorch, or an error that says how to install it. Imported before anything that needs it."""

from haarwire.training._torch import require_torch

__all__ = ["torch"]

torch = require_torch()
