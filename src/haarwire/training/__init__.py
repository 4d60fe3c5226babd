"""Deep linear networks in training, the theory beside them, and symmetry for any PyTorch module.

PyTorch is loaded when a network is built, or a name of `haarwire.training.modules` is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from haarwire.training.approaches import TrainedApproach, train_approach
from haarwire.training.convergence import (
    Conditioning,
    ConvergenceRate,
    Spectrum,
    conditioning,
    convergence_rate,
)
from haarwire.training.cross_entropy import train_cross_entropy
from haarwire.training.flow import GradientFlow, gradient_flow, spectral_layers
from haarwire.training.fusion import (
    FusionFlow,
    FusionLayers,
    UnimodalPhase,
    fusion_flow,
    fusion_layers,
    measured_phase,
    unimodal_phase,
)
from haarwire.training.history import TrainingHistory
from haarwire.training.margin import (
    ApproachMargin,
    MarginResult,
    invariant_max_margin,
    linear_teacher,
    margin_experiment,
    max_margin,
    two_cluster_margin,
)
from haarwire.training.modes import SpectralModes, learning_time, mode_trajectory, spectral_modes
from haarwire.training.network import DeepLinearNetwork
from haarwire.training.noise import AugmentationNoise, augmentation_noise
from haarwire.training.plateaus import Plateau, measured_plateaus, predicted_plateaus
from haarwire.training.stochastic import train_sampled
from haarwire.training.trainer import train

if TYPE_CHECKING:
    from haarwire.training.invariance_learning import LearnedInvariance, PartlyInvariant, learn_invariance
    from haarwire.training.modules import (
        Augment,
        ModuleComparison,
        ModuleResult,
        Spanned,
        Symmetrized,
        augment,
        compare_modules,
        hardwire,
        invariance_error,
        invariance_penalty,
        symmetrize,
    )

__all__ = [
    "ApproachMargin",
    "Augment",
    "AugmentationNoise",
    "Conditioning",
    "ConvergenceRate",
    "DeepLinearNetwork",
    "FusionFlow",
    "FusionLayers",
    "GradientFlow",
    "LearnedInvariance",
    "MarginResult",
    "ModuleComparison",
    "ModuleResult",
    "PartlyInvariant",
    "Plateau",
    "Spanned",
    "SpectralModes",
    "Spectrum",
    "Symmetrized",
    "TrainedApproach",
    "TrainingHistory",
    "UnimodalPhase",
    "augment",
    "augmentation_noise",
    "compare_modules",
    "conditioning",
    "convergence_rate",
    "fusion_flow",
    "fusion_layers",
    "gradient_flow",
    "hardwire",
    "invariance_error",
    "invariance_penalty",
    "invariant_max_margin",
    "learn_invariance",
    "learning_time",
    "linear_teacher",
    "margin_experiment",
    "max_margin",
    "measured_phase",
    "measured_plateaus",
    "mode_trajectory",
    "predicted_plateaus",
    "spectral_layers",
    "spectral_modes",
    "symmetrize",
    "train",
    "train_approach",
    "train_cross_entropy",
    "train_sampled",
    "two_cluster_margin",
    "unimodal_phase",
]

_LATER = {
    "invariance_learning": ("LearnedInvariance", "PartlyInvariant", "learn_invariance"),
    "modules": (
        "Augment", "ModuleComparison", "ModuleResult", "Spanned", "Symmetrized", "augment", "compare_modules",
        "hardwire", "invariance_error", "invariance_penalty", "symmetrize",
    ),
}  # fmt: skip
"""What needs PyTorch, loaded when first asked for."""


def __getattr__(name: str) -> Any:
    for room, names in _LATER.items():
        if name == room or name in names:
            module = import_module(f"haarwire.training.{room}")
            globals()[name] = module if name == room else getattr(module, name)
            return globals()[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_LATER})
