"""`Explorer`: the views of a report, computed anew when symmetry, samples, noise, strength or rank change."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from threading import Event
from typing import Any, Final, final

import numpy as np

from haarwire._numbers import FloatArray
from haarwire._wording import alpha_text
from haarwire.comparison import check_features, some_samples
from haarwire.datasets import Dataset
from haarwire.errors import ParameterError
from haarwire.explorer.fits import NOISE_LEVELS, Fit, Fits, check_place
from haarwire.explorer.kept import Kept
from haarwire.explorer.samples import nested_moments, sample_sizes
from haarwire.groups import Representation
from haarwire.landscape import CriticalPoints
from haarwire.moments import Moments, check_finite
from haarwire.report.curves import path_data, ranks_shown
from haarwire.report.encoding import bytes_of, floats, plain_text
from haarwire.report.images import image_shape_of, side_by_side
from haarwire.report.landscapes import landscape_data
from haarwire.report.pictures import orbit_data, target_names
from haarwire.solve import Hardwired, Modes, Plain, Regularized
from haarwire.solve.solver import checked_rank

__all__ = ["Explorer"]


_PATIENCE: Final = 5.0
"""Seconds of factoring ahead before the page opens; the rest is done while it is looked at."""

_SHOWN: Final = 12


@final
class Explorer:
    """A data set under several symmetries; every answer comes from a path that is factored once.

    Parameters
    ----------
    data : Dataset
        Its own test samples, or a random third of the samples, are held out.
    symmetries : sequence of Representation
        To choose from; the first is shown first.
    rank : int, optional
        Rank bound to begin with.
    image_shape : tuple of int, optional
        Height and width, where the symmetry does not tell.
    seed : int
        Of the split, of the order of the samples and of the noise.
    progress : callable, optional
        Called with the share of the samples read.

    Raises
    ------
    DataError, ParameterError
        When the data and the symmetries do not fit together.
    """

    def __init__(
        self,
        data: Dataset,
        symmetries: Sequence[Representation],
        *,
        rank: int | None = None,
        image_shape: tuple[int, int] | None = None,
        seed: int = 0,
        progress: Callable[[float], None] | None = None,
    ) -> None:
        _check(data, symmetries)
        split_rng, order_rng, noise_rng = np.random.default_rng(seed).spawn(3)
        train, test = data.split(1 / 3, split_rng)
        self.data = data
        self.n_test = len(test.X)
        self.rank = checked_rank(rank, data.Y.shape[1], data.X.shape[1])
        self.sizes = sample_sizes(len(train.X), data.Y.shape[1])
        joint = nested_moments(train, self.sizes, order_rng, noise_rng, progress)
        self._symmetries = tuple(symmetries)
        self._fits = Fits(self._symmetries, joint, Moments.from_arrays(test.X, test.Y), self.rank)
        self._samples = some_samples(test)
        self._names = target_names(test, data.Y.shape[1])
        self._shape = image_shape
        self._orbits = Kept(self._new_orbit, len(self._symmetries))
        self._current = (0, len(self.sizes) - 1)
        self.moved = Event()

    @property
    def start(self) -> dict[str, Any]:
        """What the page shows before the first answer: names and sizes."""
        rep = self._symmetries[0]
        return {
            "kind": "explorer",
            "data": plain_text(self.data.name),
            "symmetry": plain_text(rep.label),
            "symmetries": [plain_text(each.label) for each in self._symmetries],
            "sizes": self.sizes,
            "noise_levels": list(NOISE_LEVELS),
            "n_train": self.sizes[-1],
            "n_test": self.n_test,
            "n_features": self.data.X.shape[1],
            "n_targets": self.data.Y.shape[1],
            "n_invariant": self._fits.symmetry(0).frame.subspace.dim,
            "rank": self.rank,
        }

    def view(self, symmetry: int, size: int, noise: int) -> dict[str, Any]:
        """The whole path, for every rank, and the pictures of the samples.

        Parameters
        ----------
        symmetry, size, noise : int
            Places among the symmetries, the numbers of samples and `NOISE_LEVELS`.

        Raises
        ------
        ParameterError
            When there is no such place.
        """
        fit, alphas = self._fits.fit(symmetry, size, noise), self._fits.alphas(symmetry)
        rep, orbit = self._symmetries[symmetry], self._orbits(symmetry)
        if self._current != (symmetry, size):
            self._current = (symmetry, size)
            self.moved.set()
        return {
            "n_train": self.sizes[size],
            "n_invariant": fit.path.frame.subspace.dim,
            "path": {
                **path_data(fit.path, alphas, ranks_shown(fit.path), fit.held_out),
                "start": len(alphas) // 2,
                "certificate": None,
            },
            "coefficients": {
                "shape": list(image_shape_of(rep, self._shape) or side_by_side(rep)),
                "names": self._names[:_SHOWN],
            },
            "orbit": None if orbit is None else orbit[0],
        }

    def frame(self, symmetry: int, size: int, noise: int, alpha: int, rank: int) -> dict[str, Any]:
        """Coefficients, outputs and landscapes at one strength and rank.

        Parameters
        ----------
        symmetry, size, noise, alpha : int
            Places among the symmetries, numbers of samples, `NOISE_LEVELS` and strengths of the path.
        rank : int
            Rank bound.

        Raises
        ------
        ParameterError
            When there is no such place or rank.
        """
        fit, alphas = self._fits.fit(symmetry, size, noise), self._fits.alphas(symmetry)
        check_place("alpha", alpha, len(alphas))
        r = checked_rank(rank, *fit.path.shape)
        value = float(alphas[alpha])
        modes = fit.path.modes(value)
        coef = modes.coef(slice(r))
        return {
            "coef": bytes_of(coef[None, :_SHOWN]),
            "outputs": self._outputs(symmetry, fit, coef, r),
            "landscapes": _landscapes(fit, self._fits.symmetry(symmetry).penalty, modes, value, r),
        }

    @property
    def plan(self) -> list[tuple[int, int]]:
        """Symmetries and numbers of samples to factor ahead, those nearest to what is shown first."""
        symmetry, size = self._current
        last = len(self.sizes) - 1
        pairs = [(place, other) for place in range(len(self._symmetries)) for other in range(last + 1)]

        def distance(pair: tuple[int, int]) -> tuple[bool, int, bool]:
            return pair[0] != symmetry and pair[1] != size, abs(pair[1] - size), pair[0] != symmetry

        return sorted(pairs, key=distance)[: self._fits.room]

    @property
    def prepared(self) -> dict[str, int]:
        """How much of the plan is done."""
        plan = self.plan
        return {"done": sum(self._fits.is_prepared(*pair) for pair in plan), "planned": len(plan)}

    def prepare(
        self, *, patience: float = _PATIENCE, progress: Callable[[float], None] | None = None
    ) -> None:
        """Follow the plan for some seconds: a change to what is factored already is shown at once.

        Parameters
        ----------
        patience : float
            Nothing more is begun after so many seconds.
        progress : callable, optional
            Called with the share of the plan that is done.
        """
        end = time.monotonic() + patience
        plan = self.plan
        for done, pair in enumerate(plan, 1):
            if time.monotonic() > end:
                break
            self.warm(*pair)
            if progress is not None:
                progress(done / len(plan))

    def warm(self, symmetry: int, size: int) -> None:
        """Factor the inputs of one symmetry and one number of samples ahead, beside the answers."""
        self._fits.prepare(symmetry, size)

    def _new_orbit(self, symmetry: int) -> tuple[dict[str, Any], FloatArray] | None:
        rep = self._symmetries[symmetry]
        shape = image_shape_of(rep, self._shape)
        return None if shape is None else orbit_data(self._samples, rep, shape, self._names)

    def _outputs(self, symmetry: int, fit: Fit, coef: FloatArray, rank: int) -> dict[str, Any]:
        orbit = self._orbits(symmetry)
        if orbit is None:
            return {}
        X = orbit[1] - fit.path.setting.x_mean
        mean = fit.path.setting.y_mean[:, None]
        models = {
            "plain": fit.plain.coef(slice(rank)),
            "regularized": coef,
            "hardwired": fit.path.hardwired.coef(slice(rank)),
        }
        return {name: floats(mean + W @ X.T) for name, W in models.items()}


def _landscapes(fit: Fit, penalty: FloatArray, modes: Modes, alpha: float, rank: int) -> dict[str, Any]:
    path, hardwired, rep = fit.path, fit.path.hardwired, fit.path.representation
    invariant = CriticalPoints(Hardwired(), rank, hardwired, fit.hardwired, path.moments, rep, 0.0)
    same = "hard-wired and augmented" if rep.is_compact else "hard-wired"
    found = {same: landscape_data(invariant)}
    strengths = {"plain": (0.0, fit.plain), f"regularized, α = {alpha_text(alpha)}": (alpha, modes)}
    for name, (value, its_modes) in strengths.items():
        if math.isinf(value):
            found[name] = found[same]
            continue
        approach = Plain() if value == 0.0 else Regularized(value)
        problem = fit.problem
        if value > 0.0:
            problem = replace(problem, gram=problem.gram + value * penalty)
        points = CriticalPoints(approach, rank, its_modes, problem, path.moments, rep, 0.0)
        found[name] = landscape_data(points)
    return found


def _check(data: Dataset, symmetries: Sequence[Representation]) -> None:
    if not symmetries:
        raise ParameterError(
            "there is no symmetry to explore",
            cause="an empty list",
            remedy="give one or more, such as [groups.image_rotations(8)]",
        )
    for rep in symmetries:
        check_features(data.name, data.X.shape[1], rep)
    check_finite(data.X, data.Y, ("X", "Y"))
    if data.test is not None:
        check_finite(data.test.X, data.test.Y, ("X_test", "Y_test"))
