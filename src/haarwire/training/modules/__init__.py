"""Symmetry for any PyTorch module: hard-wired, averaged, augmented, penalized, measured and compared.

One convention throughout. A batch has the shape (N, …); ρ acts on its *trailing* axes, flattened in C
order: the fewest whose sizes multiply to ``rep.dim``. The axes between them and the first are carried
along, so that ``image_rotations(32)`` turns every channel of a batch of shape (N, 3, 32, 32) alike.
Channels-last images need ``image_rotations(32, channels=3)``, and channels-first images for which all
3·32·32 numbers are coordinates ``trivial(3) * image_rotations(32)``.

Examples
--------
>>> import haarwire as hw
>>> from haarwire.training.modules import invariance_error, symmetrize, torch
>>> _ = torch.manual_seed(0)
>>> rep = hw.groups.image_rotations(8)
>>> network = torch.nn.Sequential(torch.nn.Conv2d(1, 4, 3), torch.nn.ReLU(), torch.nn.Flatten())
>>> images = torch.randn(16, 1, 8, 8)
>>> invariance_error(network, images, rep) > 0.5
True
>>> invariance_error(symmetrize(network, rep), images, rep) < 1e-6
True
"""

from haarwire.training.modules._torch import torch
from haarwire.training.modules.augmentation import Augment, augment
from haarwire.training.modules.comparison import compare_modules
from haarwire.training.modules.hardwiring import Spanned, hardwire
from haarwire.training.modules.penalty import invariance_error, invariance_penalty
from haarwire.training.modules.results import ModuleComparison, ModuleResult
from haarwire.training.modules.symmetrization import Symmetrized, symmetrize

__all__ = [
    "Augment",
    "ModuleComparison",
    "ModuleResult",
    "Spanned",
    "Symmetrized",
    "augment",
    "compare_modules",
    "hardwire",
    "invariance_error",
    "invariance_penalty",
    "symmetrize",
    "torch",
]
