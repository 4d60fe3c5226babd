"""Data, symmetry and budget of the experiments."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final, final

import numpy as np
from numpy.typing import NDArray

from haarwire._numbers import FloatArray
from haarwire.datasets import Dataset, load
from haarwire.errors import DataError, FileError
from haarwire.groups import Permutation, Representation, image_rotations
from haarwire.invariants import average_moments
from haarwire.moments import Moments
from haarwire.training.arguments import checked_whole

__all__ = ["Setup", "prepare"]


_DARK: Final = 0.03
"""Pixels whose variance, averaged over the group, is below this part of the mean are left out."""


@final
@dataclass(frozen=True, eq=False)
class Setup:
    """What every experiment works on.

    Attributes
    ----------
    source : Dataset
        Images and one-hot labels.
    side : int
        Height and width of an image.
    runs, seed : int
        Networks of each approach, and the seed of the first: run i starts from `seed` plus i.
    quick : bool
        Whether budgets are cut for a first look.
    rank : int
        The bottleneck.
    alphas : tuple of float
        Strengths of the invariance penalty, in whitened inputs.
    """

    source: Dataset
    side: int
    runs: int
    quick: bool
    seed: int = 0
    rank: int = 5
    alphas: tuple[float, ...] = field(default=(0.01, 0.1, 1.0))

    @cached_property
    def images(self) -> Representation:
        """The quarter turns of whole images."""
        return image_rotations(self.side)

    @cached_property
    def split(self) -> tuple[Dataset, Dataset]:
        """Training and test images."""
        return self.source.split(1 / 3, np.random.default_rng(self.seed))

    @cached_property
    def pixels(self) -> Moments:
        """Moments of the training images as they are."""
        return Moments.from_arrays(self.split[0].X, self.split[0].Y)

    @cached_property
    def live(self) -> NDArray[np.intp]:
        """Pixels that are lit often enough in some orientation: whole orbits of the quarter turns."""
        variance = np.diag(average_moments(self.pixels, self.images).gram)
        return np.flatnonzero(variance > _DARK * variance.mean())

    @cached_property
    def rep(self) -> Representation:
        """The quarter turns of the live pixels."""
        place = np.full(self.side**2, -1)
        place[self.live] = np.arange(self.live.size)
        (turn,) = self.images.generators
        assert isinstance(turn, Permutation)
        return Representation(int(self.live.size), (Permutation(place[turn.indices[self.live]]),))

    @cached_property
    def _live_moments(self) -> Moments:
        n, m = self.live.size, self.pixels.n_targets
        kept = np.concatenate([self.live, self.side**2 + np.arange(m)])
        scatter = self.pixels.scatter[np.ix_(kept, kept)]
        return Moments(n, self.pixels.count, self.pixels.weight, self.pixels.mean[kept], scatter)

    @cached_property
    def whitening(self) -> FloatArray:
        """C^{−1/2}, C the covariance of the augmented live pixels.

        It commutes with the turns, so that they act on whitened pixels as on pixels. Losses and optima
        without penalties do not change; gradient descent converges soon, and ‖W_⊥‖² is the mean square of
        what the group does to the output.
        """
        c, E = np.linalg.eigh(average_moments(self._live_moments, self.rep).gram)
        return np.asarray((E / np.sqrt(c)) @ E.T)

    @cached_property
    def moments(self) -> Moments:
        """Moments of the whitened live pixels of the training images."""
        plain, n = self._live_moments, self.live.size
        P = np.eye(plain.mean.size)
        P[:n, :n] = self.whitening
        return Moments(n, plain.count, plain.weight, P @ plain.mean, P @ plain.scatter @ P.T)

    def describe(self) -> dict[str, Any]:
        """What was worked on, as plain data."""
        train, test = self.split
        return {
            "data": self.source.name,
            "symmetry": self.images.label,
            "n_train": len(train.X),
            "n_test": len(test.X),
            "pixels": self.side**2,
            "live_pixels": int(self.live.size),
            "rank": self.rank,
            "alphas": list(self.alphas),
            "runs": self.runs,
            "seed": self.seed,
            "quick": self.quick,
        }


def prepare(
    mnist: str | os.PathLike[str] | None = None,
    *,
    quick: bool = False,
    runs: int | None = None,
    seed: int = 0,
) -> Setup:
    """The full MNIST where it is found, else digits.

    Parameters
    ----------
    mnist : path, optional
        A .npz file with x_train, y_train, x_test and y_test. None: ``mnist.npz`` in the working folder,
        else digits.
    quick : bool
        Digits, unless a file is given, and small budgets.
    runs : int, optional
        Networks of each approach. None: 10, or 3 where it is quick.
    seed : int
        Of the split, the draws and the first network.

    Returns
    -------
    Setup

    Raises
    ------
    ParameterError
        When runs or seed is no count.
    FileError
        When the file given is not there or cannot be read.
    DataError
        When its images are not square.
    """
    count = checked_whole(runs, "runs") if runs is not None else 3 if quick else 10
    first = checked_whole(seed, "seed", 0)
    found = Path("mnist.npz")
    if mnist is None and not quick and found.is_file():
        mnist = found
    if mnist is not None and not Path(mnist).is_file():
        raise FileError(
            f"there is no file {mnist}",
            cause="a misspelt path, or MNIST not downloaded yet",
            remedy="give --mnist PATH to a .npz with x_train, y_train, x_test and y_test, or no path",
        )
    source = load("digits" if mnist is None else mnist)
    side = math.isqrt(source.X.shape[1])
    if side**2 != source.X.shape[1] or side % 2 or source.classes is None:
        raise DataError(
            f"{source.name} has {source.X.shape[1]} features and {source.Y.shape[1]} targets",
            cause="images that are not square or of odd side, or targets that are no labels",
            remedy="give images of 28×28 pixels with their labels, as MNIST's are",
        )
    return Setup(source, side, count, quick, first)
