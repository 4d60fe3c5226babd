"""Real data: the four approaches and invariant polynomials against what a user would reach for first.

    python experiments/real_data.py [--markdown FILE] [--only NAME] [--quick]

Random splits into training and test samples; every model is scored on the test samples as they are and moved
by random group elements: accuracy for labels, else R² over all targets in units of their spread. Strengths
are chosen on the training samples: ridge and alpha by 5-fold cross-validation on moments, the ridge of
scikit-learn's models by RidgeCV. Needs scikit-learn and, but for digits, files in the folder that the
environment variable HAARWIRE_DATA names (else shared/data beside the checkout), and says which are not there.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import haarwire as hw
from haarwire.selection import fold_moments

Array = NDArray[np.floating[Any]]
DATA = Path(os.environ.get("HAARWIRE_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
RIDGES = (1e-6, 1e-4, 1e-2, 1.0)
COPIES = 8
"""Random moves of each training sample for the baselines on augmented data (all of a small group)."""


@dataclass(frozen=True)
class Problem:
    """Data with a symmetry; `degree` is that of the invariant polynomials, `pool` what they are made of."""

    name: str
    X: Array
    y: NDArray[Any]
    rep: hw.Representation
    n_train: int
    n_test: int
    splits: int
    degree: int
    labels: bool
    pool: Callable[[Array], Array] | None = None
    pooled: hw.Representation | None = None


def load(name: str) -> dict[str, Any]:
    path = DATA / f"{name}.npz"
    if not path.exists():
        sys.exit(f"skipped: there is no {path} (HAARWIRE_DATA names the folder)")
    with np.load(path, allow_pickle=False) as file:
        return dict(file)


def digits() -> Problem:
    data = hw.datasets.digits()
    labels = data.Y.argmax(axis=1)
    return Problem(
        "digits, C4", data.X / 16.0, labels, hw.groups.image_rotations(8), 1200, 597, 5, 2, labels=True
    )


def mnist() -> Problem:
    data = load("mnist")
    images = np.concatenate([data["x_train"], data["x_test"]]).reshape(-1, 784).astype(np.float64) / 255.0
    labels = np.concatenate([data["y_train"], data["y_test"]])
    whole, coarse = hw.groups.image_rotations(28), hw.groups.image_rotations(14)
    # Quadratic invariants of 784 pixels are 77,000: those of means over 2×2 pixels serve.
    return Problem("MNIST, C4", images, labels, whole, 10000, 5000, 2, 2, True, halved, coarse)


def halved(images: Array) -> Array:
    """Means over squares of 2×2 pixels."""
    side = int(np.sqrt(images.shape[1])) // 2
    return images.reshape(-1, side, 2, side, 2).mean(axis=(2, 4)).reshape(len(images), -1)


def reads() -> Problem:
    data = load("dna_reads")
    sequences = np.concatenate([data["seq_train"], data["seq_test"]]).astype(np.int64)
    labels = np.concatenate([data["y_train"], data["y_test"]])
    codes = sum(sequences[:, i : 147 + i] * 4 ** (3 - i) for i in range(4))
    counts = np.stack([np.bincount(row, minlength=256) for row in codes]) / 147.0
    rep = hw.groups.reverse_complement(4)
    return Problem("DNA 4-mers, C2", counts, labels, rep, 3716, 3716, 2, 2, labels=True)


def molecules() -> Problem:
    data = load("g2_molecules")
    numbers, positions = data["numbers"], data["positions"]
    kinds = (1, 6, 7, 8, 9, 14, 15, 16, 17)
    present = numbers > 0
    one_hot = np.stack([numbers == z for z in kinds] + [present & ~np.isin(numbers, kinds)], axis=2)
    distance = np.linalg.norm(positions[:, :, None] - positions[:, None], axis=3)
    pairs = present[:, :, None] & present[:, None] & ~np.eye(14, dtype=bool)
    near = (pairs & (distance < 1.7)).sum(axis=2)
    charge = np.where(pairs, numbers[:, None] / np.where(pairs, distance, 1.0), 0.0).sum(axis=2)
    features = np.concatenate([one_hot, near[..., None], charge[..., None] / 10.0], axis=2)
    X = features.astype(np.float64).reshape(len(numbers), -1)
    rep = hw.groups.permutations_of_sets(14, 12)
    targets = data["targets"]
    return Problem("molecules, S14", X, targets, rep, 110, 38, 10, 2, labels=False)


def atlas() -> Problem:
    data = load("graph_atlas7")
    pairs = list(combinations(range(7), 2))
    place = {pair: i for i, pair in enumerate(pairs)}

    def on_pairs(move: list[int]) -> hw.Permutation:
        return hw.Permutation([place[tuple(sorted((move[i], move[j])))] for i, j in pairs])  # type: ignore[index]

    moves = ([1, 0, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 6, 0])
    rep = hw.Representation(21, tuple(map(on_pairs, moves)), name="S7 on pairs")
    X = data["edges"].astype(np.float64)
    return Problem("graph atlas, S7", X, data["targets"], rep, 600, 253, 10, 3, labels=False)


PROBLEMS: dict[str, Callable[[], Problem]] = {
    "digits": digits,
    "mnist": mnist,
    "dna": reads,
    "molecules": molecules,
    "atlas": atlas,
}


def moved(X: Array, rep: hw.Representation, rng: np.random.Generator) -> Array:
    elements = rep.sample(rng, size=len(X))
    return np.stack([g.apply(x) for g, x in zip(elements, X, strict=True)])


def augmented(X: Array, Y: Array, rep: hw.Representation, rng: np.random.Generator) -> tuple[Array, Array]:
    """All elements of a group of at most eight, random ones of others."""
    if rep.order <= COPIES:
        return np.concatenate([g.apply(X) for g in rep.elements()]), np.tile(Y, (int(rep.order), 1))
    return np.concatenate([moved(X, rep, rng) for _ in range(COPIES)]), np.tile(Y, (COPIES, 1))


Predict = Callable[[Array], Array]


def linear_models(X: Array, Y: Array, rep: hw.Representation) -> dict[str, tuple[Predict, Predict]]:
    """The four approaches, and the one recommended, for either question."""
    folds = fold_moments(X, Y, rng=0)
    whole = sum(folds[1:], start=folds[0])
    scale = float(np.trace(whole.gram)) / whole.n_features
    tried = {ridge * scale: hw.cross_validate(folds, rep, ridge=ridge * scale) for ridge in RIDGES}
    found: dict[str, list[Predict]] = {}
    for question in ("as_is", "moved"):
        losses = {r: getattr(cv, question) @ cv.weights for r, cv in tried.items()}
        # The plain model's ridge is that for data as they are: nobody who fits it thinks of moved data.
        plain = min(tried, key=lambda r: float((tried[r].as_is @ tried[r].weights)[0]))
        wired = min(tried, key=lambda r: float((tried[r].as_is @ tried[r].weights)[-1]))
        soft = min(tried, key=lambda r: float(losses[r].min()))
        alpha = float(tried[soft].alphas[int(np.argmin(losses[soft]))])
        advice = getattr(hw.recommend(X, Y, rep, ridge=soft, rng=0), question)
        chosen = {
            "plain": hw.Plain(),
            "hardwired": hw.Hardwired(),
            "augmented": hw.Augmented(),
            "regularized": hw.Regularized(advice.alpha or 0.0),
        }[advice.approach]
        for name, model in (
            ("plain", hw.solve(whole, rep, approach=hw.Plain(), ridge=plain)),
            ("augmented", hw.solve(whole, rep, approach=hw.Augmented(), ridge=wired)),
            ("regularized", hw.solve(whole, rep, approach=hw.Regularized(alpha), ridge=soft)),
            ("hard-wired", hw.solve(whole, rep, approach=hw.Hardwired(), ridge=wired)),
            ("recommended", hw.solve(whole, rep, approach=chosen, rank=advice.rank, ridge=soft)),
        ):
            found.setdefault(name, []).append(model.predict)
    return {name: (pair[0], pair[1]) for name, pair in found.items()}


def forests(X: Array, Y: Array, labels: bool, *, only_forest: bool = False) -> dict[str, Predict]:
    """Random forest and gradient boosting, as they come, on raw features."""
    from sklearn.ensemble import (
        HistGradientBoostingClassifier,
        HistGradientBoostingRegressor,
        RandomForestClassifier,
        RandomForestRegressor,
    )
    from sklearn.multioutput import MultiOutputRegressor

    if labels:
        y = Y.argmax(axis=1)
        kinds = {"random forest": RandomForestClassifier(200, random_state=0, n_jobs=-1)}
        if not only_forest:
            kinds["gradient boosting"] = HistGradientBoostingClassifier(random_state=0)
        one_hot = np.eye(Y.shape[1])
        return {name: partial(_one_hot, kind.fit(X, y), one_hot) for name, kind in kinds.items()}
    found = {"random forest": RandomForestRegressor(200, random_state=0, n_jobs=-1).fit(X, Y).predict}
    if not only_forest:
        several = MultiOutputRegressor(HistGradientBoostingRegressor(random_state=0))
        found["gradient boosting"] = several.fit(X, Y).predict
    return found


def _one_hot(model: Any, one_hot: Array, X: Array) -> Array:
    return np.asarray(one_hot[model.predict(X)])


def models(
    X: Array, Y: Array, problem: Problem, rng: np.random.Generator
) -> dict[str, tuple[Predict, Predict]]:
    from sklearn.linear_model import RidgeCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, StandardScaler

    from haarwire.estimators import InvariantPolynomialFeatures

    ridges = np.logspace(-3, 5, 17)
    found = linear_models(X, Y, problem.rep)
    polynomial = make_pipeline(
        FunctionTransformer(problem.pool),
        InvariantPolynomialFeatures(problem.pooled or problem.rep, degree=problem.degree),
        StandardScaler(),
        RidgeCV(ridges),
    ).fit(X, Y)
    name = f"hard-wired, degree ≤ {problem.degree}" + (", of 2×2 pixels" if problem.pool else "")
    found[name] = polynomial.predict, polynomial.predict
    more_X, more_Y = augmented(X, Y, problem.rep, rng)
    ridge = make_pipeline(StandardScaler(), RidgeCV(ridges)).fit(more_X, more_Y)
    found["Ridge on augmented samples"] = ridge.predict, ridge.predict
    for name, predict in forests(X, Y, problem.labels).items():
        found[name] = predict, predict
    forest = forests(more_X, more_Y, problem.labels, only_forest=True)["random forest"]
    found["random forest on augmented samples"] = forest, forest
    return found


def score(prediction: Array, Y: Array, labels: bool) -> float:
    if labels:
        return float((prediction.argmax(axis=1) == Y.argmax(axis=1)).mean())
    return float(1.0 - ((prediction - Y) ** 2).sum() / ((Y - Y.mean(axis=0)) ** 2).sum())


def run(problem: Problem, splits: int) -> dict[str, Array]:
    """Scores of every model, shape (2, splits): as is and moved."""
    Y = np.eye(int(problem.y.max()) + 1)[problem.y] if problem.labels else np.asarray(problem.y, float)
    if not problem.labels:
        Y = (Y - Y.mean(axis=0)) / Y.std(axis=0)
    scores: dict[str, list[tuple[float, float]]] = {}
    for split in range(splits):
        rng = np.random.default_rng(split)
        order = rng.permutation(len(problem.X))
        train, test = np.split(order[: problem.n_train + problem.n_test], [problem.n_train])
        X_test = problem.X[test]
        X_moved = moved(X_test, problem.rep, rng)
        for name, (as_is, at_will) in models(problem.X[train], Y[train], problem, rng).items():
            pair = (
                score(as_is(X_test), Y[test], problem.labels),
                score(at_will(X_moved), Y[test], problem.labels),
            )
            scores.setdefault(name, []).append(pair)
        print(f"split {split + 1} of {splits} is done", file=sys.stderr, flush=True)
    return {name: np.array(pairs).T for name, pairs in scores.items()}


def rows(problem: Problem, scores: dict[str, Array]) -> list[str]:
    """Of a Markdown table."""
    splits = next(iter(scores.values())).shape[1]
    kind = "accuracy" if problem.labels else "R²"
    title = (
        f"**{problem.name}**: {problem.X.shape[1]} features, {problem.n_train} training and "
        f"{problem.n_test} test samples, {splits} splits"
    )
    lines = [
        title,
        "",
        f"| model | {kind} as is | {kind} moved |",
        "|---|---:|---:|",
    ]
    for name, values in scores.items():
        cells = []
        for one in values:
            error = one.std(ddof=1) / np.sqrt(splits) if splits > 1 else float("nan")
            cells.append(f"{one.mean():.3f} ± {error:.3f}" if one.mean() > -10 else f"{one.mean():.0f}")
        lines.append(f"| {name} | {cells[0]} | {cells[1]} |")
    return [*lines, ""]


def main() -> None:
    parser = argparse.ArgumentParser(description="The approaches on real data, against usual baselines.")
    parser.add_argument("--only", choices=list(PROBLEMS))
    parser.add_argument("--quick", action="store_true", help="one split each")
    parser.add_argument("--markdown", type=Path, metavar="FILE")
    options = parser.parse_args()
    lines: list[str] = []
    for name in [options.only] if options.only else list(PROBLEMS):
        started = time.perf_counter()
        problem = PROBLEMS[name]()
        table = rows(problem, run(problem, 1 if options.quick else problem.splits))
        print("\n".join(table), flush=True)
        print(f"{time.perf_counter() - started:.0f} s\n", flush=True)
        lines += table
    if options.markdown:
        options.markdown.write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
