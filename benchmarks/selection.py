"""Choosing strength and rank at MNIST's size: 100 strengths × 5 folds × all ranks, from moments.

    python -m benchmarks selection

Against what a user of scikit-learn would run: RidgeCV over as many ridges (leave-one-out), on a sixth of the
images since it takes minutes on all, and a GridSearchCV of Ridge over the same folds, of which two strengths
are timed. Before the race, losses are compared on a few thousand images.
"""

from __future__ import annotations

import sys

import numpy as np
from _runner import DATA, Job, Target, judge, load_mnist, race

import haarwire as hw
from haarwire.selection import fold_moments, recommend_from_folds

STRENGTHS, FOLDS, SOME = 100, 5, 2
FEW = 10_000
ROUNDS = 3


def main() -> None:
    try:
        from sklearn.linear_model import Ridge, RidgeCV
        from sklearn.model_selection import GridSearchCV, KFold
    except ImportError:
        sys.exit("skipped: the contestants are scikit-learn's, which is not installed")
    if not (DATA / "mnist.npz").exists():
        sys.exit(f"skipped: there is no {DATA / 'mnist.npz'} (HAARWIRE_DATA names the folder)")
    X, Y, source = load_mnist()
    Y = Y.astype(np.float64)
    rep = hw.groups.image_rotations(28)
    splitter = KFold(FOLDS, shuffle=True, random_state=0)
    folds = [hw.Moments.from_arrays(X[rows], Y[rows]) for _, rows in splitter.split(X)]
    alphas = np.concatenate([[0.0], np.logspace(0, 6, STRENGTHS - 2), [np.inf]])
    # Dead pixels: Ridge's own penalty has to be there for the normal equations.
    ridges = np.logspace(3, 8, STRENGTHS)

    check(X[:4000].astype(np.float64), Y[:4000], splitter)

    def read() -> None:
        fold_moments(X, Y, rng=0)

    def choose() -> None:
        hw.cross_validate(folds, rep, alphas=alphas)

    def recommend() -> None:
        recommend_from_folds(folds, rep)

    floats = X.astype(np.float64)

    def ridge_cv() -> None:
        RidgeCV(alphas=ridges).fit(floats[:FEW], Y[:FEW])

    def grid_search() -> None:
        search = GridSearchCV(Ridge(), {"alpha": ridges[:: STRENGTHS // SOME]}, cv=splitter, refit=False)
        search.fit(floats, Y)

    grid, loo = (
        f"GridSearchCV(Ridge), {SOME} of {STRENGTHS} ridges",
        f"RidgeCV, {STRENGTHS} ridges, {FEW} images",
    )
    title = f"{source}, {X.shape[0]}×{X.shape[1]}, {Y.shape[1]} targets"
    times = race(
        title,
        {
            "cross_validate": Job(choose),
            "the folds' moments, read once": Job(read, "cross_validate"),
            "recommend_from_folds": Job(recommend, "cross_validate"),
            loo: Job(ridge_cv, "cross_validate"),
            grid: Job(grid_search, "cross_validate"),
        },
        rounds=ROUNDS,
    )
    ours = f"{STRENGTHS} α × {FOLDS} folds × {Y.shape[1]} ranks, both questions, reading included"
    times[ours] = times["cross_validate"] + times["the folds' moments, read once"]
    judge(title, Target(f"{ours}, against RidgeCV on {FEW} images", ours, loo, at_least=1), times)
    what = f"the same, against GridSearchCV of {STRENGTHS} ridges (scaled up from {SOME})"
    judge(title, Target(what, ours, grid, at_least=1, scale=STRENGTHS / SOME), times)


def check(X: np.ndarray, Y: np.ndarray, splitter: object) -> None:
    """The same folds, the same losses: to how many digits?"""
    from sklearn.linear_model import Ridge
    from sklearn.model_selection import cross_validate

    ridge = 100.0
    folds = [hw.Moments.from_arrays(X[rows], Y[rows]) for _, rows in splitter.split(X)]  # type: ignore[attr-defined]
    found = hw.cross_validate(folds, hw.groups.image_rotations(28), alphas=[0.0], ridge=ridge)
    model = Ridge(ridge * (len(X) - len(X) // FOLDS))
    scores = cross_validate(model, X, Y, cv=splitter, scoring="neg_mean_squared_error")
    theirs = -Y.shape[1] * scores["test_score"]
    worst = np.abs(found.as_is[0] / theirs - 1).max()
    print(f"held-out losses of Ridge on {len(X)} images, by folds: largest relative difference {worst:.1e}\n")


if __name__ == "__main__":
    main()
