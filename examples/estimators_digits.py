"""Digits in any orientation: invariant quadratic features in a pipeline, against what one would try.

python examples/estimators_digits.py estimators_digits.png  (the picture is optional)
"""

import sys

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline

import haarwire as hw
from haarwire.estimators import GroupAverage, InvariantClassifier, InvariantPolynomialFeatures

X, y = load_digits(return_X_y=True)
X, turns = X / 16, hw.groups.image_rotations(8)
moved = np.array([g.apply(x) for g, x in zip(turns.sample(0, size=len(X)), X, strict=True)])
folds = list(StratifiedKFold(5, shuffle=True, random_state=0).split(X, y))
forest = RandomForestClassifier(200, random_state=0)
quadratic = InvariantPolynomialFeatures("image_rotations", degree=2)  # all invariants of degree 1 and 2
models = {
    "ridge": RidgeClassifier(),
    "ridge, augmented": RidgeClassifier(),
    "invariant linear": InvariantClassifier("image_rotations", ridge=1e-3),
    "forest": forest,
    "forest, averaged": GroupAverage(forest, "image_rotations"),
    "forest, augmented": forest,
    "invariant quadratic": make_pipeline(quadratic, InvariantClassifier(ridge=1e-3)),
}


def scores(name: str, size: int | None = None) -> np.ndarray:
    """Mean accuracy on digits as they are and turned, and standard errors over folds, shape (2, 2)."""
    found = []
    for train, test in folds:
        rows = np.random.default_rng(0).permutation(train)[:size]
        moves = turns.elements() if "augmented" in name else turns.elements()[:1]
        seen = np.concatenate([g.apply(X[rows]) for g in moves])
        model = models[name].fit(seen, np.tile(y[rows], len(moves)))
        found.append([model.score(inputs[test], y[test]) for inputs in (X, moved)])
    return np.array([np.mean(found, axis=0), np.std(found, axis=0, ddof=1) / np.sqrt(len(folds))])


print(f"{'accuracy':20} {'as is':>13} {'turned':>15}")
for name in models:
    print(f"{name:20}", *(f"{mean:.3f} ± {e:.3f}" for mean, e in scores(name).T), sep="  ", flush=True)
if len(sys.argv) > 1:
    sizes, colours = [50, 100, 200, 400, 800, 1437], ["#6E6E6E", "#D55E00", "#E69F00", "#009E73", "#0072B2"]
    for name, colour in zip(list(models)[2:], colours, strict=True):
        means, errors = np.array([scores(name, size)[:, 1] for size in sizes]).T
        plt.errorbar(sizes, means, errors, color=colour, label=name)
    plt.gca().set(xlabel="digits to train on", ylabel="accuracy on turned digits", xscale="log", ylim=(0, 1))
    plt.gca().set_xticks(sizes, sizes)
    plt.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    plt.savefig(sys.argv[1], dpi=120, bbox_inches="tight")
