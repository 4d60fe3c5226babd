"""What is measured of the layers at a recorded step, in float64 whatever the precision of training."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple, final

import numpy as np
from numpy.typing import NDArray

from haarwire._linalg import Whitener
from haarwire._numbers import FloatArray
from haarwire.groups import Representation
from haarwire.invariants import invariant_subspace
from haarwire.moments import Moments
from haarwire.selection.risk import risks
from haarwire.solve import Modes, Quadratic, reduced_rank
from haarwire.solve.reduced_rank import whitened
from haarwire.training._torch import as_array
from haarwire.training.checkpoint import State
from haarwire.training.layers import imbalance, product
from haarwire.training.objective import Frame

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Recorder", "Targets"]


_CACHED: Final = 2**20
"""Bytes of the products of the runs that are measured together, so that they stay in the cache."""

_RUNAWAY: Final = 1e6
"""A loss so many times that of the start and tr(T) together has run away."""


class Targets(NamedTuple):
    """Closed forms of one problem under a rank bound r.

    With c and E the eigenvalues and eigenvectors that the data see, J(V) = unexplained +
    Σ_j ‖(c_j V E − B E)_j‖²/c_j: a sum of squares that does not cancel, of least value `tail`.
    """

    modes: Modes
    inverse: FloatArray  # 1/c_j, 0 for directions without data; (k,)
    reading: FloatArray  # a_i = u_iᵀ (V E) reading_i, (q, k)
    gains: FloatArray  # σ_i², (q,)
    unexplained: float
    tail: float

    @property
    def optimal_loss(self) -> float:
        """J*."""
        return self.unexplained + self.tail


def _targets(problem: Quadratic, frame: Frame, number: int, rank: int) -> Targets:
    c, E = frame.values[number], frame.basis[number]
    largest = max(float(c.max(initial=0.0)), float(problem.magnitude.max(initial=0.0)))
    seen = c > problem.tolerance * largest
    whitener = Whitener(E[:, seen] / np.sqrt(c[seen]), c[seen])
    modes = reduced_rank(problem, whitened(problem, whitener))
    q = modes.n_modes
    squares = modes.singular_values**2
    inverse = np.zeros_like(c)
    inverse[seen] = 1.0 / c[seen]
    return Targets(
        modes=modes,
        inverse=inverse,
        reading=(modes.right[:q] @ E) * c,
        gains=squares[:q],
        unexplained=max(problem.setting.total - float(squares.sum()), 0.0),
        tail=float(squares[rank:].sum()),
    )


@final
class Recorder:
    """Measures runs on the problems of a frame.

    Parameters
    ----------
    problems, frame
        The problems and their eigenbases.
    owner : ndarray of int, shape (runs,)
        The problem of each run.
    rank : int
        The least width.
    rep : Representation, optional
        For the invariance gap.
    test : Moments, optional
        For the test loss.

    Attributes
    ----------
    scale : ndarray, shape (runs,)
        tr(T).
    limit : ndarray, shape (runs,)
        A larger loss has run away: 10⁶ times that of the start and tr(T) together; set by `begin`.
    """

    def __init__(
        self,
        problems: Sequence[Quadratic],
        frame: Frame,
        owner: NDArray[np.intp],
        *,
        rank: int,
        rep: Representation | None,
        test: Moments | None,
    ) -> None:
        self.problems, self.frame, self.owner, self.rank = problems, frame, owner, rank
        self.test = test
        self.targets = [_targets(problem, frame, p, rank) for p, problem in enumerate(problems)]
        self.subspace = None if rep is None else invariant_subspace(rep)
        self.has_gap = rep is not None or all(p.setting.embedding is not None for p in problems)
        self.n_modes = max(t.gains.size for t in self.targets)
        self.n_runs = int(owner.size)
        self.scale = self.per_run([p.setting.total for p in problems])
        self.limit = np.full(self.n_runs, np.inf)

    def begin(self, layers: Sequence[FloatArray]) -> None:
        """Know the start of all runs, in the eigenbasis."""
        start, _ = self.losses(layers, np.arange(self.n_runs))
        self.limit = _RUNAWAY * (start + self.scale)

    def state(self) -> State:
        """The eigenbases: another LAPACK may turn them."""
        return {"basis": self.frame.basis, "values": self.frame.values, "cross": self.frame.cross}

    def per_run(self, values: Sequence[float]) -> FloatArray:
        """A number of each problem as one of each run."""
        return np.asarray(values, dtype=np.float64)[self.owner]

    @property
    def singular_values(self) -> FloatArray:
        """σ, shape (runs, q)."""
        padded = np.zeros((len(self.problems), self.n_modes))
        for row, target in zip(padded, self.targets, strict=True):
            row[: target.gains.size] = np.sqrt(target.gains)
        return padded[self.owner]

    def losses(self, layers: Sequence[FloatArray], runs: NDArray[np.intp]) -> tuple[FloatArray, FloatArray]:
        """J and J − J* of some runs, given their layers in the eigenbasis."""
        parts = [self._losses(product(some), part) for some, part in _parts(layers, runs)]
        loss, excess = (np.concatenate(each) for each in zip(*parts, strict=True))
        return loss, excess

    def _losses(self, V: FloatArray, runs: NDArray[np.intp]) -> tuple[FloatArray, FloatArray]:
        loss, excess = np.empty(len(runs)), np.empty(len(runs))
        with np.errstate(over="ignore", invalid="ignore"):
            for p, rows in self._by_problem(runs):
                target = self.targets[p]
                residual = V[rows] * self.frame.values[p] - self.frame.cross[p]
                fit = (residual**2 @ target.inverse).sum(axis=1)
                loss[rows] = target.unexplained + fit
                excess[rows] = fit - target.tail
        return loss, excess

    def measure(self, layers: Sequence[FloatArray], runs: NDArray[np.intp]) -> dict[str, FloatArray]:
        """Everything a history records, for some runs, given their layers in the eigenbasis."""
        parts = [self._measured(some, part) for some, part in _parts(layers, runs)]
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def _measured(self, layers: Sequence[FloatArray], runs: NDArray[np.intp]) -> dict[str, FloatArray]:
        V = product(layers)
        loss, _ = self._losses(V, runs)
        modes = np.zeros((len(runs), self.n_modes))
        kept = np.zeros((len(runs), self.n_modes), dtype=bool)
        index = np.zeros(len(runs), dtype=np.int64)
        for p, rows in self._by_problem(runs):
            target = self.targets[p]
            q = target.gains.size
            a = np.einsum("mq,nmk,qk->nq", target.modes.left[:, :q], V[rows], target.reading, optimize=True)
            modes[rows, :q] = a
            S = _nearest(a, target.gains, self.rank)
            kept[rows, :q] = S
            index[rows] = _index(S, target, self.rank)
        out = {
            "loss": loss,
            "singular_modes": modes,
            "nearest_subset": kept,
            "nearest_index": index,
            "imbalance": imbalance(layers),
        }
        if self.has_gap or self.test is not None:
            coef, intercept = self.models(V, runs)
            if self.has_gap:
                out["invariance_gap"] = self._gaps(coef, runs)
            if self.test is not None:
                out["test_loss"] = risks(self.test, coef, intercept)
        return out

    def models(self, V: FloatArray, runs: NDArray[np.intp]) -> tuple[FloatArray, FloatArray]:
        """Coefficients and intercepts, given products in the eigenbasis."""
        m = V.shape[1]
        settings = [self.problems[p].setting for p, _ in self._by_problem(runs)]
        coef = np.empty((len(runs), m, settings[0].x_mean.size))
        intercept = np.empty((len(runs), m))
        for p, rows in self._by_problem(runs):
            setting = self.problems[p].setting
            coef[rows] = setting.embed(_times(V[rows], self.frame.basis[p].T))
            intercept[rows] = setting.y_mean - coef[rows] @ setting.x_mean
        return coef, intercept

    def _gaps(self, coef: FloatArray, runs: NDArray[np.intp]) -> FloatArray:
        if self.subspace is None:
            return np.zeros(len(coef))
        gaps = np.asarray(np.linalg.norm(coef - self.subspace.project(coef), axis=(1, 2)))
        wired = np.array([p.setting.embedding is not None for p in self.problems])
        gaps[wired[self.owner[runs]]] = 0.0
        return gaps

    def _by_problem(self, runs: NDArray[np.intp]) -> list[tuple[int, NDArray[np.intp]]]:
        owner = self.owner[runs]
        return [(int(p), np.flatnonzero(owner == p)) for p in np.unique(owner)]

    def layers(self, weights: Sequence[Tensor], runs: NDArray[np.intp], *, dense: bool) -> list[FloatArray]:
        """The layers of some runs as arrays, W_1 in the eigenbasis."""
        arrays = [as_array(W) for W in weights]
        return self.turned(arrays, runs, back=False) if dense else arrays

    def turned(self, layers: Sequence[FloatArray], runs: NDArray[np.intp], *, back: bool) -> list[FloatArray]:
        """The layers with W_1 E for W_1, or with W_1 Eᵀ (`back`)."""
        first = np.empty_like(layers[0])
        for p, rows in self._by_problem(runs):
            E = self.frame.basis[p]
            first[rows] = _times(layers[0][rows], E.T if back else E)
        return [first, *layers[1:]]


def _parts(
    layers: Sequence[FloatArray], runs: NDArray[np.intp]
) -> Iterator[tuple[list[FloatArray], NDArray[np.intp]]]:
    """A few neighbouring runs at a time."""
    size = max(_CACHED // (8 * layers[0].shape[2] * layers[-1].shape[1]), 1)
    for begin in range(0, max(len(runs), 1), size):
        some = slice(begin, begin + size)
        yield [W[some] for W in layers], runs[some]


def _times(stack: FloatArray, E: FloatArray) -> FloatArray:
    """The products with one matrix, as one product."""
    return np.asarray((stack.reshape(-1, E.shape[0]) @ E).reshape(*stack.shape[:-1], E.shape[1]))


def _nearest(a: FloatArray, gains: FloatArray, rank: int) -> NDArray[np.bool_]:
    """For each row the S, |S| ≤ r, of least Σ_{i∈S} σ_i(σ_i − 2a_i)."""
    sigma = np.sqrt(gains)
    worth = sigma * (2.0 * a - sigma)
    kept: NDArray[np.bool_] = worth > 0.0
    if gains.size > rank:
        order = np.argsort(-worth, axis=1, kind="stable")
        np.put_along_axis(kept, order[:, rank:], False, axis=1)
    return kept


def _index(kept: NDArray[np.bool_], target: Targets, rank: int) -> NDArray[np.int64]:
    gains, errors = target.gains, target.modes.errors[: target.gains.size]
    larger = gains - gains[:, None] > np.maximum(errors, errors[:, None])  # larger[i, j]: σ_j > σ_i
    inversions = np.einsum("ni,ij,nj->n", kept, larger, ~kept, dtype=np.int64)
    size = kept.sum(axis=1)
    return np.asarray(inversions + (rank - size) * (gains.size - size))
