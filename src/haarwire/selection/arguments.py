"""Arguments of functions that take samples X, Y and a symmetry, or moments and a symmetry."""

from __future__ import annotations

from haarwire.errors import ParameterError
from haarwire.groups import Representation
from haarwire.groups.representation import checked_representation

__all__ = ["symmetry_beside_moments"]


def symmetry_beside_moments(function: str, Y: object, rep: object, sample_weight: object) -> Representation:
    """The symmetry, which may stand in the place of Y; or ParameterError, for what moments hold already."""
    if Y is not None and rep is not None:
        raise ParameterError(
            f"{function} got moments, targets and a symmetry",
            cause="targets given beside moments, which hold them already",
            remedy=f"give {function}(moments, rep), or samples: {function}(X, Y, rep)",
        )
    if sample_weight is not None:
        raise ParameterError(
            f"{function} got moments and a sample_weight",
            cause="weights given beside moments, which were made with the weights they have",
            remedy=f"give them to the moments: {function}(Moments.from_arrays(X, Y, sample_weight), rep)",
        )
    return checked_representation(rep if Y is None else Y)
