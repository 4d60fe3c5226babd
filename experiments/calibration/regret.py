"""Is the recommendation right? Its risk on new data against the best of the approaches, exactly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import haarwire as hw
from haarwire.selection.risk import MovedRisk, risks

from .designs import population

__all__ = ["NOISES", "SAMPLES", "VIOLATIONS", "Cell", "regrets"]

Array = NDArray[np.floating[Any]]

SAMPLES = (24, 48, 96, 400)
NOISES = (0.5, 2.0)
VIOLATIONS = (0.0, 0.1, 0.3, 1.0, 3.0)
REP = hw.groups.image_rotations(4)
TARGETS = 2
APPROACHES = ("plain", "hardwired", "augmented", "regularized")


@dataclass(frozen=True)
class Cell:
    """One question at one sample size, noise and violation; risks relative to the best, minus 1, in means.

    `regret` is that of the recommendation, `always` that of each approach, `error` the standard error of
    `regret`, `wins` how often each approach is the best, `covered` how often the gain stated is within two of
    its standard errors of the true one.
    """

    question: str
    n_samples: int
    noise: float
    violation: float
    regret: float
    error: float
    always: dict[str, float]
    wins: dict[str, float]
    covered: float


def _one(rng: np.random.Generator, N: int, noise: float, violation: float) -> dict[str, Any]:
    n = REP.dim
    Q = hw.invariant_subspace(REP).basis
    W = rng.standard_normal((TARGETS, Q.shape[1])) @ Q.T / np.sqrt(Q.shape[1])
    W = W + violation * rng.standard_normal((TARGETS, n)) / np.sqrt(n)
    mixing = np.eye(n) + 0.3 * rng.standard_normal((n, n))
    X = rng.standard_normal((N, n)) @ mixing.T
    Y = X @ W.T + noise * rng.standard_normal((N, TARGETS))
    whole = hw.Moments.from_arrays(X, Y)
    truth = population(W, noise, mixing @ mixing.T)
    advice = hw.recommend(X, Y, REP, rank=TARGETS, rng=rng)
    path = hw.regularization_path(whole, REP)
    fixed = {
        "plain": hw.solve(whole, REP, approach=hw.Plain()),
        "hardwired": path.at(np.inf),
        "augmented": hw.solve(whole, REP, approach=hw.Augmented()),
    }
    found = {}
    for question, answer in (("as_is", advice.as_is), ("moved", advice.moved)):
        if answer is None:
            raise TypeError("the group is compact: there is advice for moved data")
        losses = getattr(advice.cross_validation, question)[1:-1] @ advice.cross_validation.weights
        strength = float(advice.cross_validation.alphas[1:-1][int(np.argmin(losses))])
        models = {**fixed, "regularized": path.at(strength)}
        coefs = np.stack([model.coef for model in models.values()])
        intercepts = np.stack([model.intercept for model in models.values()])
        if question == "as_is":
            values = risks(truth, coefs, intercepts)
        else:
            values = MovedRisk(truth, REP).risks(coefs, intercepts)
        named = dict(zip(models, map(float, values), strict=True))
        gain = named[answer.against] - named[answer.approach]
        within = abs(gain - answer.gain) <= 2 * answer.standard_error
        found[question] = (answer.approach, named, within)
    return found


def regrets(repetitions: int, seed: int) -> list[Cell]:
    """All cells, of both questions."""
    cells = []
    roots = iter(np.random.SeedSequence(seed).spawn(len(SAMPLES) * len(NOISES) * len(VIOLATIONS)))
    for noise in NOISES:
        for N in SAMPLES:
            for violation in VIOLATIONS:
                runs = [
                    _one(np.random.default_rng(child), N, noise, violation)
                    for child in next(roots).spawn(repetitions)
                ]
                cells += [_cell(q, runs, N, noise, violation) for q in ("as_is", "moved")]
    return cells


def _cell(question: str, runs: list[dict[str, Any]], N: int, noise: float, violation: float) -> Cell:
    table = np.array([[run[question][1][name] for name in APPROACHES] for run in runs])
    least = table.min(axis=1)
    chosen = np.array([run[question][1][run[question][0]] for run in runs])
    relative = chosen / least - 1.0
    best = [APPROACHES[i] for i in table.argmin(axis=1)]
    return Cell(
        question=question,
        n_samples=N,
        noise=noise,
        violation=violation,
        regret=float(relative.mean()),
        error=float(relative.std(ddof=1) / np.sqrt(len(runs))),
        always={name: float((table[:, i] / least - 1.0).mean()) for i, name in enumerate(APPROACHES)},
        wins={name: best.count(name) / len(runs) for name in APPROACHES},
        covered=float(np.mean([run[question][2] for run in runs])),
    )
