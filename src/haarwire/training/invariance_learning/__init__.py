"""How much invariance the training data alone support, for a PyTorch module.

The module is averaged over transformations of which an amount is free, and the Laplace approximation of its
log marginal likelihood is maximized over that amount, the prior precisions and the noise.

Examples
--------
>>> import haarwire as hw
>>> from haarwire.training.invariance_learning import learn_invariance, torch
>>> rep = hw.groups.cyclic_shifts(6)
>>> data = hw.datasets.planted(rep, 60, noise=0.5, rng=1)
>>> _ = torch.manual_seed(0)
>>> layer = torch.nn.Linear(6, data.Y.shape[1])
>>> learn_invariance(layer, torch.from_numpy(data.X), torch.from_numpy(data.Y), rep).amount
(1.0,)
"""

from haarwire.training.invariance_learning.learning import learn_invariance
from haarwire.training.invariance_learning.results import LearnedInvariance
from haarwire.training.invariance_learning.transformations import PartlyInvariant
from haarwire.training.modules._torch import torch

__all__ = ["LearnedInvariance", "PartlyInvariant", "learn_invariance", "torch"]
