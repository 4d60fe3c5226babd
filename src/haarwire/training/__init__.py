"""Deep linear networks in training, on the exact quadratic problem; PyTorch is loaded when one is built."""

from haarwire.training.history import TrainingHistory
from haarwire.training.network import DeepLinearNetwork
from haarwire.training.trainer import train

__all__ = ["DeepLinearNetwork", "TrainingHistory", "train"]
