"""How much, and which: cross-validation on moments and verdicts."""

from haarwire.selection.cross_validation import CrossValidation, cross_validate, default_alphas
from haarwire.selection.strength import Selection, select, select_leave_one_out
from haarwire.selection.verdict import Verdict, verdict

__all__ = [
    "CrossValidation",
    "Selection",
    "Verdict",
    "cross_validate",
    "default_alphas",
    "select",
    "select_leave_one_out",
    "verdict",
]
