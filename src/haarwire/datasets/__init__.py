"""Data to try: sets that ship with a dependency, files of one's own, and synthetic data.

A data set holds inputs, targets and, for labels, the classes; `load` reads it from a built-in name or
from a .npz, .npy or .csv file.
"""

from haarwire.datasets.dataset import Dataset, Targets
from haarwire.datasets.files import load
from haarwire.datasets.large import SplitData, is_large, split_source
from haarwire.datasets.samples import BUILT_IN, digits, planted

__all__ = [
    "BUILT_IN",
    "Dataset",
    "SplitData",
    "Targets",
    "digits",
    "is_large",
    "load",
    "planted",
    "split_source",
]
