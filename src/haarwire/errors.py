"""The errors Haarwire raises, as one tree.

::

    HaarwireError
    ├── DataError (ValueError)               the samples: shapes, missing values, too few
    ├── ParameterError (ValueError)          rank, alpha, ridge, tolerances, options
    ├── RepresentationError (ValueError)     generators that do not define a group action
    │   ├── NotCompactError                  a Haar average was asked of a group that has none
    │   ├── GroupTooLargeError               more elements than the stated limit
    │   └── NoSamplerError                   no exact way to draw random elements is known
    ├── NotInvariantError (AssertionError)   raised by ``assert_invariant``
    ├── UnknownNameError (ValueError)        no such symmetry or data set
    ├── FileError (OSError)                  a file that cannot be read as what it should be
    ├── ConvergenceError (RuntimeError)      an iteration missed its tolerance
    ├── ClusterError (RuntimeError)          a cluster of machines was lost or cannot be reached
    └── MissingDependencyError (ImportError) an optional dependency is not installed

Every message has three parts: what is wrong (with the values), the likely cause, and what to type
instead. They are kept as attributes too.
"""

from __future__ import annotations

__all__ = [
    "ClusterError",
    "ConvergenceError",
    "DataError",
    "FileError",
    "GroupTooLargeError",
    "HaarwireError",
    "MissingDependencyError",
    "NoSamplerError",
    "NotCompactError",
    "NotInvariantError",
    "ParameterError",
    "RepresentationError",
    "UnknownNameError",
]


class HaarwireError(Exception):
    """Base of all errors raised on purpose by Haarwire.

    Parameters
    ----------
    what : str
        What is wrong, with the values.
    cause : str
        The likely cause.
    remedy : str
        What to type instead.
    """

    def __init__(self, what: str, *, cause: str, remedy: str) -> None:
        # Not super(): OSError would take three arguments for errno, strerror and filename.
        Exception.__init__(self, what, cause, remedy)
        self.what = what
        self.cause = cause
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.what}\n  Likely cause: {self.cause}\n  What to do: {self.remedy}"

    def __reduce__(self) -> tuple[object, ...]:
        # Keyword-only arguments do not survive the default pickling of exceptions (joblib needs it).
        return _rebuild, (type(self), self.what, self.cause, self.remedy)


def _rebuild(kind: type[HaarwireError], what: str, cause: str, remedy: str) -> HaarwireError:
    return kind(what, cause=cause, remedy=remedy)


class DataError(HaarwireError, ValueError):
    """The samples have a wrong shape, missing or infinite values, or are too few."""


class ParameterError(HaarwireError, ValueError):
    """A rank, a penalty strength or another option is out of range."""


class RepresentationError(HaarwireError, ValueError):
    """The generators do not define a group action on the given space."""


class NotCompactError(RepresentationError):
    """A Haar average was asked of a group that has none."""


class GroupTooLargeError(RepresentationError):
    """The group has more elements than the stated limit, perhaps infinitely many."""


class NoSamplerError(RepresentationError):
    """No exact way to draw Haar-distributed elements of this group is known."""


class NotInvariantError(HaarwireError, AssertionError):
    """A map asserted to be invariant is not."""


class UnknownNameError(HaarwireError, ValueError):
    """There is no symmetry or data set of this name."""


class FileError(HaarwireError, OSError):
    """A file cannot be read as what it should be."""


class ConvergenceError(HaarwireError, RuntimeError):
    """An iteration missed its tolerance."""


class ClusterError(HaarwireError, RuntimeError):
    """A cluster of machines was lost, or cannot be reached."""


class MissingDependencyError(HaarwireError, ImportError):
    """An optional dependency is not installed."""
