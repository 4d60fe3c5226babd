"""What the data say: their joint first and second moments. Knows no group."""

from haarwire.moments.checks import check_finite
from haarwire.moments.conditioning import IllConditionedWarning
from haarwire.moments.moments import Moments
from haarwire.moments.samples import Samples

__all__ = ["IllConditionedWarning", "Moments", "Samples", "check_finite"]
