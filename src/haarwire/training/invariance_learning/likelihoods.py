"""Densities of targets given the outputs of a module, with their curvature in the outputs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol, final

from torch import Tensor, nn

__all__ = ["Categorical", "Gaussian", "Likelihood"]


class Likelihood(Protocol):
    """log p(y | f) for outputs f of shape (N, m)."""

    @property
    def has_noise(self) -> bool:
        """Whether there is a variance of the noise."""

    def log_density(self, f: Tensor, log_noise: Tensor) -> Tensor:
        """Summed over the samples."""

    def scaled(self, J: Tensor, f: Tensor, log_noise: Tensor) -> Tensor:
        """Λ^{½}J, so that the Gauss–Newton matrix is its Gram matrix; J of shape (N, m, P)."""


@final
@dataclass(frozen=True)
class Gaussian:
    """Independent noise of one variance."""

    y: Tensor
    has_noise = True

    def log_density(self, f: Tensor, log_noise: Tensor) -> Tensor:
        """Log N(y; f, σ²)."""
        squares = (self.y - f).square().sum() * (-log_noise).exp()
        return -0.5 * (squares + self.y.numel() * (math.log(2.0 * math.pi) + log_noise))

    def scaled(self, J: Tensor, f: Tensor, log_noise: Tensor) -> Tensor:
        """J/σ."""
        del f
        return J * (-0.5 * log_noise).exp()


@final
@dataclass(frozen=True)
class Categorical:
    """Softmax of the outputs."""

    y: Tensor
    has_noise = False

    def log_density(self, f: Tensor, log_noise: Tensor) -> Tensor:
        """Minus the cross-entropy."""
        del log_noise
        return -nn.functional.cross_entropy(f, self.y, reduction="sum")

    def scaled(self, J: Tensor, f: Tensor, log_noise: Tensor) -> Tensor:
        """(diag √π − √π πᵀ)J, whose Gram matrix is Jᵀ(diag π − ππᵀ)J."""
        del log_noise
        p = f.softmax(dim=1)
        root = p.sqrt()[..., None]
        return root * (J - (p[..., None] * J).sum(dim=1, keepdim=True))
