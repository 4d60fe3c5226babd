"""Deep linear networks in training, on the exact quadratic problem; PyTorch is loaded when one is built."""

from haarwire.training.cross_entropy import train_cross_entropy
from haarwire.training.history import TrainingHistory
from haarwire.training.network import DeepLinearNetwork
from haarwire.training.noise import AugmentationNoise, augmentation_noise
from haarwire.training.stochastic import train_sampled
from haarwire.training.trainer import train

__all__ = [
    "AugmentationNoise",
    "DeepLinearNetwork",
    "TrainingHistory",
    "augmentation_noise",
    "train",
    "train_cross_entropy",
    "train_sampled",
]
