"""Deep linear networks in training, the theory beside them, and symmetry for any PyTorch module.

PyTorch is loaded when a network is built, or a name of `haarwire.training.modules` is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from haarwire.training.cross_entropy import train_cross_entropy
from haarwire.training.fusion import (
    FusionFlow,
    FusionLayers,
    UnimodalPhase,
    fusion_flow,
    fusion_gradient,
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
from haarwire.training.network import DeepLinearNetwork
from haarwire.training.noise import AugmentationNoise, augmentation_noise
from haarwire.training.stochastic import train_sampled
from haarwire.training.theory import (
    Conditioning,
    ConvergenceRate,
    GradientFlow,
    Plateau,
    SpectralModes,
    Spectrum,
    conditioning,
    convergence_rate,
    gradient_flow,
    learning_time,
    measured_plateaus,
    mode_trajectory,
    predicted_plateaus,
    spectral_layers,
    spectral_modes,
)
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
    "TrainingHistory",
    "UnimodalPhase",
    "augment",
    "augmentation_noise",
    "compare_modules",
    "conditioning",
    "convergence_rate",
    "fusion_flow",
    "fusion_gradient",
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
    "train_cross_entropy",
    "train_sampled",
    "two_cluster_margin",
    "unimodal_phase",
]

_OF_MODULES = frozenset(
    {
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
    }
)
_OF_INVARIANCE_LEARNING = frozenset({"LearnedInvariance", "PartlyInvariant", "learn_invariance"})


def __getattr__(name: str) -> Any:
    if name in _OF_INVARIANCE_LEARNING:
        return getattr(import_module("haarwire.training.invariance_learning"), name)
    if name == "modules" or name in _OF_MODULES:
        modules = import_module("haarwire.training.modules")
        return modules if name == "modules" else getattr(modules, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
