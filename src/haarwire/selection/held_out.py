"""Loss on held-out samples along a whole path, for every strength and every rank, without coefficients.

Every model of the path is W_r(α) = U_rU_rᵀ K(α) [G T]ᵀ with K(α) = [BG, E diag(1/(c + α))] and U_r the
leading eigenvectors of M(α). So the held-out moments are brought into the coordinates [G T] once, and each
strength costs O(m n²) for all ranks together; data moved by the group only have other moments there.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final, final

import numpy as np

from haarwire._numbers import FloatArray
from haarwire.invariants import average_moments
from haarwire.invariants.reynolds import project_samples
from haarwire.moments import Moments
from haarwire.solve import RegularizationPath

__all__ = ["HeldOut"]


_BLOCK: Final = 2**21

_OF_INPUTS: Final = ("_seen_as_is", "_seen_moved")
"""What does not depend on the targets of the training samples."""


@final
@dataclass(frozen=True, eq=False)
class _Seen:
    """Held-out moments in the coordinates of a path.

    Attributes
    ----------
    gram, cross : ndarray, shapes (k, k) and (m, k)
        Of the samples.
    shift : ndarray, shape (k,)
        Their mean less that of the training samples.
    """

    gram: FloatArray
    cross: FloatArray
    shift: FloatArray


@final
class HeldOut:
    """The models of a path on other samples.

    Parameters
    ----------
    path : RegularizationPath
        Of the training samples.
    moments : Moments
        Of the held-out samples; about the origin where the path has no intercept.
    averaged : Moments, optional
        `average_moments` of them under the symmetry of the path, where they are known already.
    """

    def __init__(
        self, path: RegularizationPath, moments: Moments, *, averaged: Moments | None = None
    ) -> None:
        self.path = path
        self.moments = moments
        self._averaged = averaged
        self._rise = moments.y_mean - path.setting.y_mean
        self._total = float(np.trace(moments.total))

    def of_other_targets(self, path: RegularizationPath) -> HeldOut:
        """The same samples for a path that differs from this one in its targets only, at no further cost."""
        other = HeldOut(path, self.moments, averaged=self._averaged)
        other.__dict__.update({name: value for name, value in self.__dict__.items() if name in _OF_INPUTS})
        return other

    def prepare(self) -> None:
        """Do all that does not depend on the targets of the training samples now."""
        for name in _OF_INPUTS if self.path.representation.is_compact else _OF_INPUTS[:1]:
            getattr(self, name)

    def as_is(self, alphas: FloatArray) -> FloatArray:
        """Mean loss on the samples as they are, shape (n_alphas, min(m, n)); column r − 1 is rank r."""
        return self._losses(self._seen_as_is, alphas)

    @cached_property
    def _seen_as_is(self) -> _Seen:
        path = self.path
        M = np.concatenate([path.whitener, path.directions], axis=1)
        delta = self.moments.x_mean - path.setting.x_mean
        return _Seen(M.T @ self.moments.gram @ M, self.moments.cross @ M, M.T @ delta)

    def moved(self, alphas: FloatArray) -> FloatArray:
        """Mean loss on the samples moved by the group, averaged over it exactly; shape as `as_is`.

        The invariant part of a model sees the samples as they are, the rest its own moving part only: a sum
        of squares, which does not cancel for data far from the origin (see `haarwire.selection.risk`).
        """
        return self._losses(self._seen_moved, alphas)

    @cached_property
    def _seen_moved(self) -> _Seen:
        path, rep = self.path, self.path.representation
        moving = (path.frame.subspace.complement_matrix @ (path.frame.scaling @ path.rotation)).T
        if not rep.is_orthogonal:
            moving = moving - project_samples(moving, rep.dual)
        fixed = np.concatenate([path.whitener.T, path.directions.T - moving])
        at_rest = self.moments.x_mean - path.setting.x_mean
        averaged = average_moments(self.moments, rep) if self._averaged is None else self._averaged
        gram = fixed @ self.moments.gram @ fixed.T
        first = path.whitener.shape[1]
        gram[first:, first:] += moving @ averaged.gram @ moving.T
        shift = fixed @ at_rest
        shift[first:] -= moving @ path.setting.x_mean
        return _Seen(gram, self.moments.cross @ fixed.T, shift)

    def _losses(self, seen: _Seen, alphas: FloatArray) -> FloatArray:
        m, n = self.path.shape
        step = max(1, _BLOCK // (m * n))
        parts = [self._block(seen, alphas[i : i + step]) for i in range(0, alphas.size, step)]
        return np.concatenate(parts)

    def _block(self, seen: _Seen, alphas: FloatArray) -> FloatArray:
        path = self.path
        (m, n), p = path.shape, path.spectrum.size
        fixed = path.moments.cross @ path.whitener
        first = fixed.shape[1]
        weights = 1.0 / (path.spectrum + alphas[:, None])  # 0 at alpha = ∞
        scaled = path.cross * weights[:, None, :]
        _, U = np.linalg.eigh(fixed @ fixed.T + scaled @ path.cross.T)
        U = U[:, :, ::-1]

        # One tall product: a stack of short ones would be several times slower.
        turned = (scaled.reshape(alphas.size * m, p) @ seen.gram[first:, first:]).reshape(scaled.shape)
        mixed = scaled @ (seen.gram[first:, :first] @ fixed.T)
        size = fixed @ seen.gram[:first, :first] @ fixed.T + mixed + np.swapaxes(mixed, 1, 2)
        size = size + turned @ np.swapaxes(scaled, 1, 2)
        fit = fixed @ seen.cross[:, :first].T + scaled @ seen.cross[:, first:].T
        drift = fixed @ seen.shift[:first] + scaled @ seen.shift[first:]

        spread = np.cumsum(_along(U, size - fit - np.swapaxes(fit, 1, 2)), axis=1)
        pull = np.einsum("aij,ai->aj", U, drift)
        rise = np.einsum("aij,i->aj", U, self._rise)
        # ‖δ − U_rU_rᵀWΔ‖², kept a sum of squares.
        rest = np.maximum(float(self._rise @ self._rise) - np.cumsum(rise**2, axis=1), 0.0)
        offset = rest + np.cumsum((rise - pull) ** 2, axis=1)
        loss = np.maximum(self._total + spread, 0.0) + offset
        return np.asarray(loss[:, : min(m, n)])


def _along(U: FloatArray, N: FloatArray) -> FloatArray:
    """u_jᵀ N u_j for every column of every U."""
    return np.asarray(np.einsum("aij,aij->aj", U, N @ U))
