"""
Where the path jumps
====================

Two features, two targets, rank 1: at α = 3 two singular values meet and the
optimum jumps from one to the other. The certificate finds the place to 13
digits.
"""

import matplotlib.pyplot as plt
import numpy as np

import haarwire as hw

X = np.sqrt(2.0) * np.concatenate([np.eye(2), -np.eye(2)])  # covariance I
moments = hw.Moments.from_arrays(X, X * [1.0, 2.0])
stretch = hw.Representation(
    2, [hw.Matrix(np.diag([1.0, 2.0]))]
)  # penalty diag(0, 1)
path = hw.regularization_path(moments, stretch, rank=1)
(crossing,) = path.certify().crossings
print(crossing)

alphas = np.linspace(0, 6, 301)
curve = path.curve(alphas)
entries = np.array([path.at(alpha).coef.diagonal() for alpha in alphas])
_, (left, right) = plt.subplots(1, 2, figsize=(8, 3), layout="constrained")
left.plot(alphas, curve.singular_values**2)
left.set(title="squared singular values", xlabel="α")
for values, label in zip(entries.T, ("W₁₁", "W₂₂"), strict=True):
    right.plot(alphas, values, ".", ms=3, label=label)
right.set(title="the optimum of rank 1", xlabel="α")
right.legend(frameon=False)
for ax in (left, right):
    ax.axvline(crossing.low, color="#6E6E6E", ls=":")
plt.show()
