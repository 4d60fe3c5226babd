"""Noise on the targets, and paths for other targets: the inputs are factored once.

With y + s·e in place of y, for one draw of noise e, the moments are quadratic in s: from those of
(x, y, e) all others follow. The gram matrix of the inputs stays the same, and so does all of the path that
comes from it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import final

import numpy as np

from haarwire._linalg import Whitener, symmetric_whitener
from haarwire.groups import Representation
from haarwire.moments import Moments
from haarwire.solve import Hardwired, PenaltyFrame, Quadratic, RegularizationPath, reduced_rank
from haarwire.solve.approaches import setting_of
from haarwire.solve.path import factor_path
from haarwire.solve.reduced_rank import whitened

__all__ = ["FactoredInputs", "with_noise"]


def with_noise(joint: Moments, n_targets: int, level: float) -> Moments:
    """Moments of (x, y + level·e) from those of (x, (y, e)), y and e of the same number of targets."""
    n, end = joint.n_features, joint.n_features + n_targets
    keep, noise = slice(0, end), slice(end, None)
    mean = joint.mean[keep].copy()
    mean[n:] += level * joint.mean[noise]
    S = joint.scatter
    scatter = S[keep, keep].copy()
    scatter[:n, n:] += level * S[:n, noise]
    scatter[n:, :n] = scatter[:n, n:].T
    mixed = level * S[n:end, noise]
    scatter[n:, n:] += mixed + mixed.T + level**2 * S[noise, noise]
    return Moments(n, joint.count, joint.weight, mean, scatter, joint.dtype, joint.eps)


@final
@dataclass(frozen=True, eq=False)
class FactoredInputs:
    """The path of one data set, and what it takes to have that of other targets at once.

    Attributes
    ----------
    path : RegularizationPath
        Of the targets it was factored with.
    problem : Quadratic
        The hard-wired problem of those.
    whitener : Whitener
        Of its gram.
    """

    path: RegularizationPath
    problem: Quadratic
    whitener: Whitener

    @classmethod
    def of(cls, moments: Moments, rep: Representation, rank: int, frame: PenaltyFrame) -> FactoredInputs:
        """Factor the inputs."""
        path = factor_path(moments, rep, rank=rank, ridge=0.0, frame=frame)
        problem = Hardwired().problem(moments, rep)
        whitener = symmetric_whitener(problem.gram, problem.tolerance, problem.magnitude)
        return cls(path, problem, whitener)

    def hardwired_problem(self, moments: Moments) -> Quadratic:
        """The hard-wired problem of other targets of the same inputs."""
        setting = replace(self.problem.setting, total=float(np.trace(moments.total)), y_mean=moments.y_mean)
        cross = self.path.frame.subspace.coordinates(moments.cross)
        return replace(self.problem, cross=cross, setting=setting)

    def path_of(self, moments: Moments) -> RegularizationPath:
        """The path of other targets of the same inputs: `regularization_path`, without its factorisations."""
        problem = self.hardwired_problem(moments)
        return replace(
            self.path,
            moments=moments,
            hardwired=reduced_rank(problem, whitened(problem, self.whitener)),
            cross=moments.cross @ self.path.directions,
            setting=setting_of(moments),
        )
