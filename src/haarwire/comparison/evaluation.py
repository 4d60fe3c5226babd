"""Models on the test samples: losses and scores, as they are and moved by the group."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final, NamedTuple, final

import numpy as np

from haarwire._numbers import FloatArray
from haarwire.datasets import Dataset
from haarwire.errors import GroupTooLargeError, NoSamplerError
from haarwire.groups import Representation
from haarwire.invariants.moving import Mover
from haarwire.moments import Moments
from haarwire.selection.risk import MovedRisk, moved_sample_losses, risks, sample_losses
from haarwire.solve import Solution

__all__ = ["MOVES", "Evaluation", "Tested"]

MOVES: Final = 5
"""How many random group elements move each test sample for the accuracy on moved data."""

_CHUNK: Final = 4096


class Tested(NamedTuple):
    """How one model does on the test samples."""

    sample_losses: FloatArray
    loss: float
    score: float | None


@final
class Evaluation:
    """Losses and scores on the test samples, as they are and moved by the group."""

    def __init__(self, test: Dataset, rep: Representation, rng: np.random.Generator) -> None:
        self.test = test
        self.rep = rep
        self.rng = rng
        self.moments = Moments.from_arrays(test.X, test.Y)

    def __call__(self, question: str, models: Sequence[Solution]) -> list[Tested]:
        """Test many models on one question."""
        coefs = np.stack([model.coef for model in models]).astype(np.float64)
        intercepts = np.stack([model.intercept for model in models]).astype(np.float64)
        if question == "as_is":
            losses = risks(self.moments, coefs, intercepts)
            samples = self._over_chunks(sample_losses, coefs, intercepts)
        else:
            losses = MovedRisk(self.moments, self.rep).risks(coefs, intercepts)
            samples = self._over_chunks(partial(moved_sample_losses, rep=self.rep), coefs, intercepts)
        scores: Sequence[float | None]
        if self.test.classes is None:
            variance = float(np.trace(self.moments.total))  # the group does not move the targets
            scores = [1.0 - float(loss) / variance if variance > 0 else None for loss in losses]
        elif question == "as_is":
            scores = self._accuracies(models, lambda X: X)
        else:
            scores = self._moved_accuracies(models)
        return [Tested(s, float(v), score) for s, v, score in zip(samples, losses, scores, strict=True)]

    def _chunks(self) -> Iterator[tuple[FloatArray, FloatArray]]:
        for start in range(0, len(self.test.X), _CHUNK):
            rows = slice(start, start + _CHUNK)
            yield self.test.X[rows].astype(np.float64), self.test.Y[rows]

    def _over_chunks(
        self, losses_of: Callable[..., FloatArray], coefs: FloatArray, intercepts: FloatArray
    ) -> list[FloatArray]:
        parts = [
            [losses_of(X, Y, W, b) for W, b in zip(coefs, intercepts, strict=True)] for X, Y in self._chunks()
        ]
        return [np.concatenate(column) for column in zip(*parts, strict=True)]

    def _accuracies(
        self, models: Sequence[Solution], move: Callable[[FloatArray], FloatArray]
    ) -> list[float]:
        hits = np.zeros(len(models))
        for X, Y in self._chunks():
            truth, moved = Y.argmax(axis=1), move(X)
            hits += [int((model.predict(moved).argmax(axis=1) == truth).sum()) for model in models]
        return [float(share) for share in hits / len(self.test.X)]

    def _moved_accuracies(self, models: Sequence[Solution]) -> list[float | None]:
        """Each sample is moved by independent random elements, the same for every model."""
        move = Mover(self.rep)
        try:
            runs = [self._accuracies(models, lambda X: move(X, self.rng)) for _ in range(MOVES)]
        except (NoSamplerError, GroupTooLargeError):
            return [None] * len(models)
        return [float(share) for share in np.mean(runs, axis=0)]
