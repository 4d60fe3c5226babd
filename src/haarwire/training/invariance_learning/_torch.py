"""PyTorch, or an error that says how to install it. Imported before anything that needs it."""

from haarwire.training.modules._torch import torch

__all__ = ["torch"]
