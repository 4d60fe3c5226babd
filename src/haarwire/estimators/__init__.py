"""Invariant models as scikit-learn estimators; scikit-learn is loaded with this room.

Examples
--------
>>> from sklearn.pipeline import make_pipeline
>>> from haarwire.estimators import InvariantClassifier, InvariantPolynomialFeatures
>>> model = make_pipeline(
...     InvariantPolynomialFeatures("image_rotations", degree=2),
...     InvariantClassifier(ridge=0.1),
... )
"""

from haarwire.estimators import _sklearn as _sklearn  # first: it says so where scikit-learn is missing
from haarwire.estimators.average import GroupAverage
from haarwire.estimators.classifier import InvariantClassifier
from haarwire.estimators.polynomials import InvariantPolynomialFeatures
from haarwire.estimators.projection import InvariantProjection
from haarwire.estimators.regressor import InvariantRegressor
from haarwire.estimators.regressor_cv import InvariantRegressorCV

__all__ = [
    "GroupAverage",
    "InvariantClassifier",
    "InvariantPolynomialFeatures",
    "InvariantProjection",
    "InvariantRegressor",
    "InvariantRegressorCV",
]
