"""
In a scikit-learn pipeline
==========================

Invariant products of pixels as features, and a classifier on them: a model
that is invariant and not linear. Test accuracy on digits as they are, and
turned by 90°.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

import haarwire as hw
from haarwire import estimators

X, y = load_digits(return_X_y=True)
X, X_test, y, y_test = train_test_split(
    X / 16, y, test_size=0.5, random_state=0
)
turned = np.rot90(X_test.reshape(-1, 8, 8), axes=(1, 2)).reshape(-1, 64)
turns = hw.groups.image_rotations(8)
models = {
    "ridge": RidgeClassifier(),
    "invariant": estimators.InvariantClassifier(turns, ridge=1e-3),
    "invariant, degree 2": make_pipeline(
        estimators.InvariantPolynomialFeatures(turns, degree=2),
        PCA(150),
        RidgeClassifier(1e-3),
    ),
}
scores = []
for model in models.values():
    model.fit(X, y)
    scores.append([model.score(X_test, y_test), model.score(turned, y_test)])

scores = np.array(scores)
_, ax = plt.subplots(figsize=(6, 3.2), layout="constrained")
for column, (label, colour) in enumerate(
    {"as they are": "#0072B2", "turned": "#D55E00"}.items()
):
    places = np.arange(3) + 0.4 * column
    bars = ax.bar(places, scores[:, column], 0.38, label=label, color=colour)
    ax.bar_label(bars, fmt="%.2f")
ax.set(xticks=np.arange(3) + 0.2, xticklabels=models, ylim=(0, 1.2))
ax.set_ylabel("test accuracy")
ax.legend(frameon=False, ncols=2, loc="upper left")
plt.show()
