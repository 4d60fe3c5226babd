"""`Explorer`: the views of a report, computed anew when symmetry, samples, noise, strength or rank change."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
from threading import Event, Lock
from typing import Any, Final, NamedTuple, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from haarwire.comparison import some_samples
from haarwire.datasets import Dataset
from haarwire.errors import DataError, ParameterError
from haarwire.explorer.targets import FactoredInputs, with_noise
from haarwire.groups import Representation
from haarwire.invariants import penalty_matrix
from haarwire.landscape import CriticalPoints
from haarwire.moments import Moments, check_finite
from haarwire.report.curves import path_data, ranks_shown
from haarwire.report.encoding import bytes_of, floats, plain_text, strength
from haarwire.report.images import image_shape_of, side_by_side
from haarwire.report.landscapes import landscape_data
from haarwire.report.pictures import orbit_data, target_names
from haarwire.selection.grid import alpha_grid
from haarwire.selection.held_out import HeldOut
from haarwire.solve import (
    Hardwired,
    Modes,
    PenaltyFrame,
    Plain,
    Quadratic,
    RegularizationPath,
    Regularized,
    penalty_frame,
)
from haarwire.solve.solver import checked_rank

__all__ = ["NOISE_LEVELS", "Explorer"]

FloatArray: TypeAlias = NDArray[np.floating[Any]]

NOISE_LEVELS: Final = (0.0, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0)
"""Standard deviations of the noise, in those of the targets."""

_SIZES: Final = 8
_STRENGTHS: Final = 41
_CHUNK: Final = 8192
_KEPT: Final = 24
"""How many factored inputs are kept: at n = 784 about 20 MB each."""

_FITS: Final = 8
_SHOWN: Final = 12


class _Group(NamedTuple):
    """What does not depend on the training samples."""

    rep: Representation
    frame: PenaltyFrame
    penalty: FloatArray
    alphas: FloatArray
    orbit: tuple[dict[str, Any], FloatArray] | None


class _Inputs(NamedTuple):
    """Of one symmetry and one number of samples."""

    factored: FactoredInputs
    held_out: HeldOut


class _Fit(NamedTuple):
    """Of one symmetry, one number of samples and one level of noise."""

    path: RegularizationPath
    held_out: HeldOut
    hardwired: Quadratic
    plain: Modes
    problem: Quadratic


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
        self._check(data, symmetries)
        split_rng, order_rng, noise_rng = np.random.default_rng(seed).spawn(3)
        train, test = data.split(1 / 3, split_rng)
        self.data = data
        self.n_test = len(test.X)
        self.rank = checked_rank(rank, data.Y.shape[1], data.X.shape[1])
        self.sizes = _sizes(len(train.X), data.Y.shape[1])
        self._joint = _nested_moments(train, self.sizes, order_rng, noise_rng, progress)
        self._test = Moments.from_arrays(test.X, test.Y)
        self._samples = some_samples(test)
        self._names = target_names(test, data.Y.shape[1])
        self._shape = image_shape
        self._symmetries = tuple(symmetries)
        self._groups: dict[int, _Group] = {}
        self._inputs: OrderedDict[tuple[int, int], _Inputs] = OrderedDict()
        self._fits: OrderedDict[tuple[int, int, int], _Fit] = OrderedDict()
        self._lock = Lock()
        self._current = (0, len(self.sizes) - 1)
        self.moved = Event()

    @staticmethod
    def _check(data: Dataset, symmetries: Sequence[Representation]) -> None:
        if not symmetries:
            raise ParameterError(
                "there is no symmetry to explore",
                cause="an empty list",
                remedy="give one or more, such as [groups.image_rotations(8)]",
            )
        for rep in symmetries:
            if rep.dim != data.X.shape[1]:
                raise DataError(
                    f"{data.name} has {data.X.shape[1]} features, {rep.label} acts on {rep.dim} coordinates",
                    cause="a symmetry built for data of another size",
                    remedy="build the symmetry for your number of features, e.g. image_rotations:28 for "
                    "28·28 pixels",
                )
        check_finite(data.X, data.Y, ("X", "Y"))
        if data.test is not None:
            check_finite(data.test.X, data.test.Y, ("X_test", "Y_test"))

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
            "n_invariant": self._group(0).frame.subspace.dim,
            "rank": self.rank,
        }

    def view(self, group: int, size: int, noise: int) -> dict[str, Any]:
        """The whole path, for every rank, and the pictures of the samples.

        Parameters
        ----------
        group, size, noise : int
            Places among the symmetries, the numbers of samples and `NOISE_LEVELS`.

        Raises
        ------
        ParameterError
            When there is no such place.
        """
        with self._lock:
            fit, each = self._fit(group, size, noise), self._group(group)
            ranks = ranks_shown(fit.path)
            middle = len(each.alphas) // 2
            if self._current != (group, size):
                self._current = (group, size)
                self.moved.set()
            return {
                "n_train": self.sizes[size],
                "n_invariant": each.frame.subspace.dim,
                "path": {
                    **path_data(fit.path, each.alphas, ranks, fit.held_out),
                    "start": middle,
                    "certificate": None,
                },
                "coefficients": {
                    "shape": list(image_shape_of(each.rep, self._shape) or side_by_side(each.rep)),
                    "names": self._names[:_SHOWN],
                },
                "orbit": None if each.orbit is None else each.orbit[0],
            }

    def frame(self, group: int, size: int, noise: int, alpha: int, rank: int) -> dict[str, Any]:
        """Coefficients, outputs and landscapes at one strength and rank.

        Parameters
        ----------
        group, size, noise, alpha : int
            Places among the symmetries, numbers of samples, `NOISE_LEVELS` and strengths of the path.
        rank : int
            Rank bound.

        Raises
        ------
        ParameterError
            When there is no such place or rank.
        """
        with self._lock:
            fit, each = self._fit(group, size, noise), self._group(group)
            _check_place("alpha", alpha, len(each.alphas))
            r = checked_rank(rank, *fit.path.shape)
            value = float(each.alphas[alpha])
            modes = fit.path.modes(value)
            coef = modes.coef(slice(r))
            return {
                "coef": bytes_of(coef[None, :_SHOWN]),
                "outputs": self._outputs(each, fit, coef, r),
                "landscapes": self._landscapes(each, fit, modes, value, r),
            }

    @property
    def neighbours(self) -> list[tuple[int, int]]:
        """Symmetry and number of samples of what may be asked for next: one of the two changed."""
        group, size = self._current
        other_sizes = [(group, place) for place in reversed(range(len(self.sizes)))]
        return [*other_sizes, *((place, size) for place in range(len(self._symmetries)) if place != group)]

    def warm(self, group: int, size: int) -> None:
        """Factor the inputs of one symmetry and one number of samples beforehand, beside the answers."""
        with self._lock:
            each = self._groups.get(group)
            if (group, size) in self._inputs:
                return
        if each is None:
            each, whole = self._new_group(group)
            with self._lock:
                self._groups.setdefault(group, each)
                self._keep((group, len(self.sizes) - 1), whole)
        inputs = self._new_inputs(each, size)
        with self._lock:
            self._keep((group, size), inputs)

    def _outputs(self, each: _Group, fit: _Fit, coef: FloatArray, rank: int) -> dict[str, Any]:
        if each.orbit is None:
            return {}
        X = each.orbit[1] - fit.path.setting.x_mean
        mean = fit.path.setting.y_mean[:, None]
        models = {
            "plain": fit.plain.coef(slice(rank)),
            "regularized": coef,
            "hardwired": fit.path.hardwired.coef(slice(rank)),
        }
        return {name: floats(mean + W @ X.T) for name, W in models.items()}

    def _landscapes(self, each: _Group, fit: _Fit, modes: Modes, alpha: float, rank: int) -> dict[str, Any]:
        path, hardwired = fit.path, fit.path.hardwired
        n_inputs = path.whitener.shape[1]
        invariant = CriticalPoints(
            Hardwired(), rank, hardwired, fit.hardwired, n_inputs, path.moments, each.rep, 0.0
        )
        same = "hard-wired and augmented" if each.rep.is_compact else "hard-wired"
        found = {same: landscape_data(invariant)}
        strengths = {"plain": (0.0, fit.plain), f"regularized, α = {_told(alpha)}": (alpha, modes)}
        for name, (value, its_modes) in strengths.items():
            if math.isinf(value):
                found[name] = found[same]
                continue
            approach = Plain() if value == 0.0 else Regularized(value)
            problem = fit.problem
            if value > 0.0:
                problem = replace(problem, gram=problem.gram + value * each.penalty)
            points = CriticalPoints(
                approach,
                rank,
                its_modes,
                problem,
                n_inputs + path.spectrum.size,
                path.moments,
                each.rep,
                0.0,
            )
            found[name] = landscape_data(points)
        return found

    def _group(self, place: int) -> _Group:
        _check_place("group", place, len(self._symmetries))
        if place not in self._groups:
            self._groups[place], whole = self._new_group(place)
            self._keep((place, len(self.sizes) - 1), whole)
        return self._groups[place]

    def _new_group(self, place: int) -> tuple[_Group, _Inputs]:
        """The slider's strengths come from the path of all samples, so that they stay as samples change."""
        rep = self._symmetries[place]
        frame = penalty_frame(rep)
        whole = self._factor(rep, frame, len(self.sizes) - 1)
        alphas = alpha_grid(whole.factored.path, count=_STRENGTHS)
        told = np.array([alpha if math.isinf(alpha) else float(f"{alpha:.3g}") for alpha in alphas])
        shape = image_shape_of(rep, self._shape)
        orbit = None if shape is None else orbit_data(self._samples, rep, shape, self._names)
        return _Group(rep, frame, penalty_matrix(rep), np.unique(told), orbit), whole

    def _new_inputs(self, each: _Group, size: int) -> _Inputs:
        return self._factor(each.rep, each.frame, size)

    def _factor(self, rep: Representation, frame: PenaltyFrame, size: int) -> _Inputs:
        clean = with_noise(self._joint[size], self.data.Y.shape[1], 0.0)
        factored = FactoredInputs.of(clean, rep, self.rank, frame)
        held_out = HeldOut(factored.path, self._test)
        held_out.prepare()
        return _Inputs(factored, held_out)

    def _keep(self, key: tuple[int, int], inputs: _Inputs) -> None:
        self._inputs[key] = inputs
        while len(self._inputs) > _KEPT:
            self._inputs.popitem(last=False)

    def _factored(self, group: int, size: int) -> _Inputs:
        each = self._group(group)
        _check_place("size", size, len(self.sizes))
        key = (group, size)
        if key not in self._inputs:
            self._keep(key, self._new_inputs(each, size))
        self._inputs.move_to_end(key)
        return self._inputs[key]

    def _fit(self, group: int, size: int, noise: int) -> _Fit:
        inputs = self._factored(group, size)
        _check_place("noise", noise, len(NOISE_LEVELS))
        key = (group, size, noise)
        if key not in self._fits:
            moments = with_noise(self._joint[size], self.data.Y.shape[1], NOISE_LEVELS[noise])
            path = inputs.factored.path_of(moments)
            self._fits[key] = _Fit(
                path,
                inputs.held_out.of_other_targets(path),
                inputs.factored.hardwired_problem(moments),
                path.modes(0.0),
                Plain().problem(moments, path.representation),
            )
            while len(self._fits) > _FITS:
                self._fits.popitem(last=False)
        return self._fits[key]


def _told(alpha: float) -> str:
    value = strength(alpha)
    return "∞" if value == "inf" else f"{value:.3g}"


def _check_place(name: str, place: int, count: int) -> None:
    if not 0 <= place < count:
        raise ParameterError(
            f"there is no {name} number {place}: there are {count}, counted from 0",
            cause="an address typed by hand",
            remedy="open the explorer's first page again",
        )


def _sizes(n_samples: int, n_targets: int) -> list[int]:
    """Numbers of training samples to choose from: evenly on a logarithmic scale, all of them the last."""
    least = min(max(20, 5 * n_targets), n_samples)
    sizes = np.unique(np.geomspace(least, n_samples, _SIZES).round().astype(int))
    told = [int(float(f"{size:.2g}")) for size in sizes[:-1]]
    return sorted({*(size for size in told if 2 <= size < n_samples), n_samples})


def _nested_moments(
    train: Dataset,
    sizes: Sequence[int],
    order_rng: np.random.Generator,
    noise_rng: np.random.Generator,
    progress: Callable[[float], None] | None,
) -> list[Moments]:
    """Moments of (x, (y, e)) of the first samples in a random order, for each number of them."""
    order = order_rng.permutation(len(train.X))
    scale = math.sqrt(float(train.Y.var(axis=0).sum()) / train.Y.shape[1])
    found: list[Moments] = []
    total: Moments | None = None
    done = 0
    for size in sizes:
        while done < size:
            rows = order[done : min(done + _CHUNK, size)]
            Y = train.Y[rows]
            joint = np.concatenate([Y, scale * noise_rng.standard_normal(Y.shape)], axis=1)
            part = Moments.from_arrays(train.X[rows], joint)
            total = part if total is None else total + part
            done += len(rows)
            if progress is not None:
                progress(done / len(order))
        assert total is not None
        found.append(total)
    return found
