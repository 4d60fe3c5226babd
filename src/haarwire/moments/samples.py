"""`Samples`: data with more features than samples, kept as they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final, Self, final

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike

from haarwire._linalg import EPS
from haarwire._numbers import FloatArray
from haarwire.errors import DataError
from haarwire.moments.alignment import dask_arrays
from haarwire.moments.checks import check_finite, entry_not_finite, is_dask, refuse_dask
from haarwire.moments.cluster import dask_module
from haarwire.moments.moments import Moments
from haarwire.moments.streaming import checked_batch

__all__ = ["Samples"]


_CHUNK_BYTES: Final = 2**25


@final
@dataclass(frozen=True, eq=False, repr=False)
class Samples:
    """Inputs X and targets Y of data with so many features that their n×n moments are not wanted.

    `solve` and `critical_points` take them in place of `Moments`: hard-wired problems are worked in the d
    invariant coordinates, the others in the span of the samples where that is smaller than R^n, with the
    same results. The samples are kept, not copied where that is possible.

    Of Dask arrays no rows come to the client: hard-wired problems are posed on the moments of the d
    coordinates, which the workers form. The span of the samples would need the rows; where problems ask for
    it, there is an error.

    Parameters
    ----------
    X : ndarray, SciPy sparse array or Dask array, shape (N, n)
        Inputs.
    Y : ndarray or Dask array, shape (N, m)
        Targets.
    weights : ndarray or Dask array, shape (N,)
        Positive; 1 where there are none. (Dask arrays may hold zeros, and `count` counts them.)
    dtype : dtype
        Precision of the results: float32 for float32 inputs, else float64.
    has_intercept : bool
        Whether means are taken away (see `about_origin`).

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> Samples.from_arrays(rng.standard_normal((20, 10_000)), rng.standard_normal(20))
    Samples(20 samples, 10000 features, 1 target, float64)
    """

    X: Any
    Y: Any
    weights: Any
    dtype: np.dtype[Any]
    has_intercept: bool = True

    @classmethod
    def from_arrays(
        cls,
        X: ArrayLike | sp.sparray | sp.spmatrix,
        Y: ArrayLike,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Samples in memory, where X may be a SciPy sparse array, or in Dask collections.

        Parameters
        ----------
        X : array, sparse array, or Dask array or frame, of shape (N, n)
            Inputs.
        Y : array, or Dask collection, of shape (N, m) or (N,)
            Targets.
        sample_weight : array, or Dask collection, of shape (N,), optional
            Weights: finite, at least zero, not all zero. Samples of weight zero are left out.

        Raises
        ------
        DataError
            If the samples have the wrong shape or type, are not finite, or are none.
        """
        if is_dask(X, Y, sample_weight):
            return cls(*_collections(X, Y, sample_weight))
        if sp.issparse(X):
            inputs: Any = _checked_sparse(X)
            batch = checked_batch(np.zeros((inputs.shape[0], 1)), Y, sample_weight)
            check_finite(batch.X, batch.Y, weights=batch.weights)
            _check_finite_sparse(inputs, batch.weights)
        else:
            batch = checked_batch(X, Y, sample_weight)
            check_finite(batch.X, batch.Y, weights=batch.weights)
            inputs = batch.X
        weights = np.ones(inputs.shape[0]) if batch.weights is None else batch.weights
        kept = weights > 0
        if not kept.any():
            raise DataError(
                f"There are {kept.size} samples, none with a weight above zero.",
                cause="a selection of rows that selects none, or weights that are all zero.",
                remedy="pass at least one sample with a positive weight.",
            )
        targets = batch.Y
        if not kept.all():
            inputs, targets, weights = inputs[kept], targets[kept], weights[kept]
        single = inputs.dtype == np.float32
        return cls(inputs, targets, weights, np.dtype(np.float32 if single else np.float64))

    @property
    def n_features(self) -> int:
        """The number n of features."""
        return int(self.X.shape[1])

    @property
    def n_targets(self) -> int:
        """The number m of targets."""
        return int(self.Y.shape[1])

    @property
    def count(self) -> int:
        """The number N of samples."""
        return int(self.X.shape[0])

    @property
    def eps(self) -> float:
        """The relative rounding error of products: always that of float64."""
        return EPS

    @cached_property
    def x_mean(self) -> FloatArray:
        """The mean x̄ of the inputs, of shape (n,); 0 about the origin."""
        if not self.has_intercept:
            return np.zeros(self.n_features)
        if is_dask(self.X):
            return self._lazy_spread[0]
        shares = self.weights / self.weights.sum()
        if sp.issparse(self.X):
            return np.asarray(self.X.T @ shares)
        # In float64 without a float64 copy of X.
        return np.asarray(np.einsum("i,ij->j", shares, self.X, dtype=np.float64))

    @cached_property
    def variances(self) -> FloatArray:
        """Diag cov(x), of shape (n,); second moments about the origin."""
        if is_dask(self.X):
            return self._lazy_spread[1] + (0.0 if self.has_intercept else self._lazy_spread[0] ** 2)
        shares = self.weights / self.weights.sum()
        if sp.issparse(self.X):
            # Σ s (x − x̄)² over entries that are stored and those that are not: no difference of squares.
            stored = sp.csr_array(self.X, dtype=np.float64, copy=True)
            stored.sum_duplicates()
            ones = sp.csr_array((np.ones_like(stored.data), stored.indices, stored.indptr), stored.shape)
            is_full = np.bincount(stored.indices, minlength=self.n_features) == self.count
            left = np.where(is_full, 0.0, np.maximum(1.0 - ones.T @ shares, 0.0))
            stored.data -= self.x_mean[stored.indices]
            return np.asarray(stored.power(2).T @ shares + left * self.x_mean**2)
        total = np.zeros(self.n_features)
        for part in self._parts(self.n_features):
            total += shares[part] @ (self.X[part] - self.x_mean) ** 2
        return total

    @cached_property
    def y_mean(self) -> FloatArray:
        """The mean ȳ of the targets, of shape (m,); 0 about the origin."""
        return self._targets.y_mean

    @property
    def total(self) -> FloatArray:
        """T = cov(y), of shape (m, m)."""
        return self._targets.total

    @cached_property
    def _lazy_spread(self) -> tuple[FloatArray, FloatArray]:
        """Means and variances of the inputs, in one pass over Dask arrays."""
        dask, da = dask_module("dask"), dask_module("dask.array")
        shares = self.weights / self.weights.sum()
        # Rows of weight zero may hold anything.
        rows = da.where(self.weights[:, None] > 0, self.X, 0.0)
        pivot = np.asarray(rows[0])
        mean, square = dask.compute(shares @ (rows - pivot), shares @ (rows - pivot) ** 2)
        return pivot + mean, np.maximum(square - mean**2, 0.0)

    @cached_property
    def _targets(self) -> Moments:
        if is_dask(self.X):
            moments = Moments.from_arrays(self.weights[:, None], self.Y, self.weights)
            return moments if self.has_intercept else moments.about_origin()
        return self.in_coordinates(sp.csr_array((self.n_features, 1)))

    def about_origin(self) -> Samples:
        """The same samples for models without an intercept."""
        return replace(self, has_intercept=False)

    def in_coordinates(self, basis: FloatArray | sp.csr_array) -> Moments:
        """The moments of the samples X U in the coordinates of an n×k basis U, a chunk of rows at a time."""
        if is_dask(self.X):
            moments = Moments.from_dask(self.X, self.Y, self.weights, basis=basis, accuracy="gram")
        else:
            moments = Moments.from_batches(
                (_dense(self.X[part] @ basis), self.Y[part], self.weights[part])
                for part in self._parts(max(self.n_features, basis.shape[1]))
            )
        moments = replace(moments, dtype=self.dtype)
        return moments if self.has_intercept else moments.about_origin()

    def _parts(self, width: int) -> Iterator[slice]:
        """The rows, as many at a time as make a chunk of this width."""
        rows = max(1, _CHUNK_BYTES // (8 * width))
        return (slice(start, start + rows) for start in range(0, self.count, rows))

    def deviations(self) -> FloatArray:
        """√w (x − x̄) as rows, in float64: an N×n array that spans what the data say about the inputs."""
        remedy = (
            "use Moments.from_dask(X, Y), or Hardwired(), for which the invariant coordinates are enough."
        )
        refuse_dask("The span of the samples", remedy, self.X)
        centred = _dense(self.X).astype(np.float64) - self.x_mean
        return np.asarray(centred * np.sqrt(self.weights)[:, None])

    def moments(self) -> Moments:
        """The n×n moments of these samples, for data that are not wide."""
        if is_dask(self.X):
            moments = replace(Moments.from_arrays(self.X, self.Y, self.weights), dtype=self.dtype)
            return moments if self.has_intercept else moments.about_origin()
        return self.in_coordinates(sp.eye_array(self.n_features, format="csr"))

    def __repr__(self) -> str:
        nouns = {"sample": self.count, "feature": self.n_features, "target": self.n_targets}
        sizes = [f"{number} {noun}{'' if number == 1 else 's'}" for noun, number in nouns.items()]
        return f"Samples({', '.join(sizes)}, {self.dtype})"


def _collections(X: Any, Y: Any, w: Any) -> tuple[Any, Any, Any, np.dtype[Any]]:
    """The fields of `Samples`; whether entries are finite shows when they are read."""
    da = dask_module("dask.array")
    inputs, targets, weights = dask_arrays(X, Y, w, counted=True)
    columns = targets[:, None] if targets.ndim == 1 else targets
    for name, A in (("X", inputs), ("Y", columns)):
        if A.ndim != 2 or A.dtype.kind not in "biuf" or 0 in A.shape:
            raise DataError(
                f"{name} has shape {A.shape} and dtype {A.dtype}, where rows of real numbers are expected.",
                cause="a single column, text, or a selection that selects nothing.",
                remedy="give X of shape (N, n), Y of shape (N, m) or (N,); X.reshape(-1, 1) for one feature.",
            )
    if weights is None:
        weights = da.ones(len(inputs), chunks=(inputs.chunks[0],))
    else:
        _check_weights(weights)
    return inputs, columns, weights, np.dtype(np.float32 if inputs.dtype == np.float32 else np.float64)


def _check_weights(weights: Any) -> None:
    """Raise DataError unless weights in a Dask array are at least zero, and not all zero: one pass."""
    least, total = dask_module("dask").compute(weights.min(), weights.sum())
    if not (least >= 0 and 0 < total < np.inf):
        raise DataError(
            f"sample_weight has the least entry {least} and the sum {total}; weights must be finite, at "
            "least zero, and not all zero.",
            cause="a missing value, a difference, or a mask that selects no sample.",
            remedy="give samples that do not count the weight 0, and at least one a positive weight.",
        )


def _check_finite_sparse(X: sp.csr_array, weights: FloatArray | None) -> None:
    """Raise the DataError that names the first NaN or infinity among the stored numbers that count."""
    rows = np.repeat(np.arange(X.shape[0]), np.diff(X.indptr))
    bad = ~np.isfinite(X.data)
    if weights is not None:
        bad &= weights[rows] > 0
    if bad.any():
        at = int(bad.argmax())
        raise entry_not_finite("X", X.data[at], int(rows[at]), int(X.indices[at]))


def _checked_sparse(X: sp.sparray | sp.spmatrix) -> sp.csr_array:
    if X.dtype.kind not in "biuf":
        raise DataError(
            f"X is sparse with dtype {X.dtype}.",
            cause="complex values or objects among the features.",
            remedy="convert it first: X.astype(float).",
        )
    return sp.csr_array(X) if X.dtype.kind == "f" else sp.csr_array(X, dtype=np.float64)


def _dense(A: Any) -> FloatArray:
    return np.asarray(A.toarray() if sp.issparse(A) else A)
