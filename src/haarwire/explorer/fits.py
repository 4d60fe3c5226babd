"""`Fits`: what the explorer computes, each part once for all that does not change it.

Of a symmetry: its invariants, the whitened penalty, the test samples averaged over the group. Of a symmetry
and a number of samples: the factored inputs, the slow part. Of those and a level of noise: the path.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple, final

import numpy as np

from haarwire._numbers import FloatArray
from haarwire.errors import ParameterError
from haarwire.explorer.kept import Kept
from haarwire.explorer.targets import FactoredInputs, with_noise
from haarwire.groups import Representation
from haarwire.invariants import average_moments, penalty_matrix
from haarwire.moments import Moments
from haarwire.selection.grid import alpha_grid
from haarwire.selection.held_out import HeldOut
from haarwire.solve import Modes, PenaltyFrame, Plain, Quadratic, RegularizationPath, penalty_frame

__all__ = ["NOISE_LEVELS", "Fit", "Fits", "Symmetry", "check_place"]


NOISE_LEVELS: Final = (0.0, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0)
"""Standard deviations of the noise, in those of the targets."""

_STRENGTHS: Final = 41
_FITS: Final = 8

_MEMORY: Final = 2**30
"""Bytes that factored inputs may take."""

_SQUARES: Final = 5
"""Arrays of n×n numbers in the factored inputs of one symmetry and one number of samples."""

_FEWEST: Final = 4


class Symmetry(NamedTuple):
    """What depends on neither the training samples nor their number."""

    rep: Representation
    frame: PenaltyFrame
    penalty: FloatArray
    averaged: Moments | None


class _Inputs(NamedTuple):
    """Of one symmetry and one number of samples."""

    factored: FactoredInputs
    held_out: HeldOut


class Fit(NamedTuple):
    """Of one symmetry, one number of samples and one level of noise."""

    path: RegularizationPath
    held_out: HeldOut
    hardwired: Quadratic
    plain: Modes
    problem: Quadratic


@final
class Fits:
    """Every fit of the explorer, by places among symmetries, numbers of samples and levels of noise.

    Parameters
    ----------
    symmetries : sequence of Representation
        To choose from.
    joint : sequence of Moments
        Of (x, (y, e)), for each number of samples.
    test : Moments
        Of the held-out samples.
    rank : int
        Rank bound of the paths.
    """

    def __init__(
        self, symmetries: Sequence[Representation], joint: Sequence[Moments], test: Moments, rank: int
    ) -> None:
        self._symmetries = tuple(symmetries)
        self._joint = list(joint)
        self._test = test
        self._rank = rank
        each = _SQUARES * 8 * test.n_features**2
        self.room = max(_FEWEST, _MEMORY // each)
        self.symmetry = Kept(self._new_symmetry, len(self._symmetries))
        self.alphas = Kept(self._new_alphas, len(self._symmetries))
        self._inputs = Kept(self._new_inputs, self.room)
        self._fits = Kept(self._new_fit, _FITS)

    def fit(self, symmetry: int, size: int, noise: int) -> Fit:
        """The path and what belongs to it.

        Raises
        ------
        ParameterError
            When there is no such place.
        """
        check_place("symmetry", symmetry, len(self._symmetries))
        check_place("size", size, len(self._joint))
        check_place("noise", noise, len(NOISE_LEVELS))
        return self._fits((symmetry, size, noise))

    def prepare(self, symmetry: int, size: int) -> None:
        """Factor the inputs of one symmetry and one number of samples, if they are not yet."""
        self.alphas(symmetry)
        self._inputs((symmetry, size))

    def is_prepared(self, symmetry: int, size: int) -> bool:
        """Whether they are."""
        return self.alphas.holds(symmetry) and self._inputs.holds((symmetry, size))

    def _new_symmetry(self, symmetry: int) -> Symmetry:
        rep = self._symmetries[symmetry]
        averaged = average_moments(self._test, rep) if rep.is_compact else None
        return Symmetry(rep, penalty_frame(rep), penalty_matrix(rep), averaged)

    def _new_alphas(self, symmetry: int) -> FloatArray:
        """The slider's strengths come from the path of all samples, so that they stay as samples change."""
        path = self._inputs((symmetry, len(self._joint) - 1)).factored.path
        alphas = alpha_grid(path, n_alphas=_STRENGTHS)
        return np.unique([alpha if math.isinf(alpha) else float(f"{alpha:.3g}") for alpha in alphas])

    def _new_inputs(self, key: tuple[int, int]) -> _Inputs:
        symmetry, size = key
        each = self.symmetry(symmetry)
        clean = with_noise(self._joint[size], self._test.n_targets, 0.0)
        factored = FactoredInputs.of(clean, each.rep, self._rank, each.frame)
        held_out = HeldOut(factored.path, self._test, averaged=each.averaged)
        held_out.prepare()
        return _Inputs(factored, held_out)

    def _new_fit(self, key: tuple[int, int, int]) -> Fit:
        symmetry, size, noise = key
        inputs = self._inputs((symmetry, size))
        moments = with_noise(self._joint[size], self._test.n_targets, NOISE_LEVELS[noise])
        path = inputs.factored.path_of(moments)
        return Fit(
            path,
            inputs.held_out.of_other_targets(path),
            inputs.factored.hardwired_problem(moments),
            path.modes(0.0),
            Plain().problem(moments, path.representation),
        )


def check_place(name: str, place: int, count: int) -> None:
    """Raise ParameterError unless there is such a place."""
    if not 0 <= place < count:
        raise ParameterError(
            f"there is no {name} number {place}: there are {count}, counted from 0",
            cause="an address typed by hand",
            remedy="open the explorer's first page again",
        )
