"""The paper's experiments, redone: one function a figure, each held against a sentence of the abstract.

Duan and Montúfar, *Understanding Learning Invariance in Deep Linear Networks* (PMLR 325, 2026; arXiv
2506.13714). `reproduce` makes all figures, a table and a JSON of results; whether a figure agrees is
computed from the run.
"""

from haarwire.reproduce.experiments import FIGURES, Done, reproduce, results, table
from haarwire.reproduce.outcome import SENTENCES, Check, Outcome
from haarwire.reproduce.setup import Setup, prepare

__all__ = [
    "FIGURES",
    "SENTENCES",
    "Check",
    "Done",
    "Outcome",
    "Setup",
    "prepare",
    "reproduce",
    "results",
    "table",
]
