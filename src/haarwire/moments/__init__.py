"""What the data say: their joint first and second moments. Knows no group."""

from haarwire.moments.checks import check_finite
from haarwire.moments.moments import Moments

__all__ = ["Moments", "check_finite"]
