"""What `learn_invariance` finds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias, final

from haarwire._numbers import FloatArray
from haarwire.training.invariance_learning.transformations import PartlyInvariant

__all__ = ["Kind", "LearnedInvariance"]

Kind: TypeAlias = Literal["probability", "range"]


@final
@dataclass(frozen=True, eq=False)
class LearnedInvariance:
    """The amount of invariance of largest log evidence; from `learn_invariance`.

    Attributes
    ----------
    symmetry : str
        Name of the representation.
    kind : {"probability", "range"}
        What the amount is.
    amount : tuple of float
        The probability p; or the ranges η_j, one for each Lie-algebra element.
    log_evidence : float
        There.
    prior_precision : dict of str to float
        Of each parameter tensor, by name.
    noise_variance : float or None
        None for labels.
    amounts, values : ndarray, shape (n_amounts,)
        Amounts tried first (for ranges one number for all), and their log evidence, largest over prior
        precisions and noise.
    history : ndarray, shape (n_steps,)
        Log evidence along the last ascent, that in which the amount is free; NaN where a trial was refused.
    reason : str
        One sentence.
    module : PartlyInvariant
        The module averaged with the learnt amount, at the weights of largest posterior density; float64.
    """

    symmetry: str
    kind: Kind
    amount: tuple[float, ...]
    log_evidence: float
    prior_precision: dict[str, float] = field(repr=False)
    noise_variance: float | None = field(repr=False)
    amounts: FloatArray = field(repr=False)
    values: FloatArray = field(repr=False)
    history: FloatArray = field(repr=False)
    reason: str = field(repr=False)
    module: PartlyInvariant = field(repr=False)
