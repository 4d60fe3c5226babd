"""How much, and which: cross-validation on moments and verdicts."""

from haarwire.selection.cross_validation import CrossValidation, cross_validate, default_alphas
from haarwire.selection.verdict import Verdict, verdict

__all__ = ["CrossValidation", "Verdict", "cross_validate", "default_alphas", "verdict"]
