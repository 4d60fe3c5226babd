"""The main job: plain, hard-wired, augmented and regularized on one data set, and which to use."""

from haarwire.comparison.compare import check_features, compare, some_samples
from haarwire.comparison.results import ApproachResult, Comparison, Fitted, QuestionResult

__all__ = [
    "ApproachResult",
    "Comparison",
    "Fitted",
    "QuestionResult",
    "check_features",
    "compare",
    "some_samples",
]
