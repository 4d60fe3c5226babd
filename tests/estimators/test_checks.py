"""scikit-learn's own checks of what an estimator must do: all of them, for every estimator and approach."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="estimators need the 'sklearn' extra")

from sklearn.linear_model import LogisticRegression, Ridge, RidgeClassifier
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.estimator_checks import parametrize_with_checks

from haarwire.estimators import (
    GroupAverage,
    InvariantClassifier,
    InvariantPolynomialFeatures,
    InvariantProjection,
    InvariantRegressor,
    InvariantRegressorCV,
)

APPROACHES = ("hardwired", "augmented", "regularized", "plain")

ESTIMATORS = [
    InvariantRegressor(),
    *(InvariantRegressor("cyclic_shifts", approach=approach) for approach in APPROACHES),
    InvariantRegressor("reflection", rank=1, ridge=0.1, fit_intercept=False),
    InvariantClassifier(class_weight="balanced"),
    *(InvariantClassifier("reflection", approach=approach) for approach in APPROACHES),
    InvariantRegressorCV(),
    InvariantRegressorCV("cyclic_shifts", question="moved", alphas=(0.0, 1.0, np.inf), ranks="all"),
    InvariantProjection(),
    InvariantProjection("cyclic_shifts"),
    InvariantPolynomialFeatures(),
    InvariantPolynomialFeatures("reflection", degree=3, include_bias=True),
    GroupAverage(Ridge(), "cyclic_shifts"),
    GroupAverage(LogisticRegression(), "cyclic_shifts"),
    GroupAverage(RidgeClassifier(), "permutations", n_elements=3, random_state=0),
    GroupAverage(DecisionTreeClassifier(random_state=0)),
]


# The checks provoke warnings on purpose.
@pytest.mark.filterwarnings("ignore")
@parametrize_with_checks(ESTIMATORS)
def test_scikit_learn_accepts_it(estimator: Any, check: Callable[[Any], None]) -> None:
    check(estimator)
