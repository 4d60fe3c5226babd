"""How much, and which: tests, evidence and cross-validation on moments; recommendations and verdicts."""

from haarwire.selection.cross_validation import CrossValidation, cross_validate
from haarwire.selection.evidence import Evidence, log_evidence, select_by_evidence
from haarwire.selection.folds import fold_moments
from haarwire.selection.grid import alpha_grid, default_alphas
from haarwire.selection.learning import Candidate, LearnedSymmetry, learn_symmetry
from haarwire.selection.leave_one_out import Selection, select_leave_one_out
from haarwire.selection.ranks import RankSelection, select_rank
from haarwire.selection.recommendation import (
    Advice,
    Recommendation,
    recommend,
    recommend_from_folds,
)
from haarwire.selection.symmetry import SymmetryTest, symmetry_test
from haarwire.selection.verdict import Verdict, advice_verdict, verdict

__all__ = [
    "Advice",
    "Candidate",
    "CrossValidation",
    "Evidence",
    "LearnedSymmetry",
    "RankSelection",
    "Recommendation",
    "Selection",
    "SymmetryTest",
    "Verdict",
    "advice_verdict",
    "alpha_grid",
    "cross_validate",
    "default_alphas",
    "fold_moments",
    "learn_symmetry",
    "log_evidence",
    "recommend",
    "recommend_from_folds",
    "select_by_evidence",
    "select_leave_one_out",
    "select_rank",
    "symmetry_test",
    "verdict",
]
