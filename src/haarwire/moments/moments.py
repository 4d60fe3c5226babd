"""`Moments`: the joint first and second moments of inputs and targets."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Self, TypeAlias, final

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from haarwire.errors import DataError
from haarwire.moments.accumulation import Summary
from haarwire.moments.checks import check_accumulate, overflow
from haarwire.moments.streaming import checked_batch, checked_batches, fold

__all__ = ["Moments"]

FloatArray: TypeAlias = NDArray[np.floating[Any]]
Precision: TypeAlias = Literal["float64", "float32"]

_ROUNDING: Final = 64.0
"""Allowance, in units of eps, for what is left when a part is taken from a whole."""


@final
@dataclass(frozen=True, eq=False, repr=False)
class Moments:
    """z̄ = Σ w z / W and S = Σ w (z − z̄)(z − z̄)ᵀ of the samples z = (x, y), W = Σ w.

    All that Haarwire wants to know about data. Moments of disjoint sets of samples add (``a + b``), and a
    part can be taken away again (``whole - part``), which gives the training moments of a fold.

    Parameters
    ----------
    n_features : int
        The first n entries of z are the inputs x, the other m the targets y.
    count : int
        The number of samples with non-zero weight.
    weight : float
        The sum W of the weights; without weights, the count.
    mean : array of shape (n + m,)
        The mean z̄.
    scatter : array of shape (n + m, n + m)
        The centred scatter S: a sum over samples, not yet divided by W.
    dtype : dtype
        float32 or float64: the precision in which results are returned, that of the data. The moments
        themselves are float64 and read-only.

    Raises
    ------
    DataError
        If shapes disagree or an entry is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> X, Y = np.array([[0, 0], [2, 0], [0, 2], [2, 2]]), np.array([0, 1, 1, 2])
    >>> moments = Moments.from_arrays(X, Y)
    >>> moments
    Moments(4 samples, 2 features, 1 target, float64)
    >>> moments.gram
    array([[1., 0.],
           [0., 1.]])
    >>> moments.cross
    array([[0.5, 0.5]])
    """

    n_features: int
    count: int
    weight: float
    mean: FloatArray
    scatter: FloatArray
    dtype: np.dtype[np.floating[Any]] = field(default=np.dtype(np.float64))

    def __post_init__(self) -> None:
        mean, scatter = _frozen(self.mean), _frozen(self.scatter)
        if mean.ndim != 1 or not 1 <= self.n_features < len(mean) or scatter.shape != 2 * mean.shape:
            raise DataError(
                f"{self.n_features} features, a mean of shape {mean.shape} and a scatter of shape "
                f"{scatter.shape} do not belong together.",
                cause="moments of inputs only; they must be those of inputs and targets together.",
                remedy="use Moments.from_arrays(X, Y), or shapes (n + m,) and (n + m, n + m) with m > 0.",
            )
        # A finite diagonal bounds the other entries.
        if not (
            np.isfinite(mean).all() and np.isfinite(scatter.diagonal()).all() and np.isfinite(self.weight)
        ):
            raise overflow()
        object.__setattr__(self, "mean", mean)
        object.__setattr__(self, "scatter", scatter)
        object.__setattr__(self, "dtype", np.dtype(self.dtype))

    @classmethod
    def empty(cls, n_features: int, n_targets: int, dtype: DTypeLike = np.float64) -> Self:
        """The moments of no samples, the identity of ``+``."""
        size = n_features + n_targets
        return cls(n_features, 0, 0.0, np.zeros(size), np.zeros((size, size)), np.dtype(dtype))

    @classmethod
    def from_arrays(
        cls,
        X: ArrayLike,
        Y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        accumulate: Precision = "float64",
        chunk_rows: int | None = None,
    ) -> Self:
        """The moments of samples in memory or in a memory map.

        Parameters
        ----------
        X : array of shape (N, n)
            Inputs: floating point, integers or booleans. 8-bit integers with small whole targets
            (|y| ≤ 128, such as one-hot classes) and without weights take an exact route that is as fast
            as float32.
        Y : array of shape (N, m) or (N,)
            Targets.
        sample_weight : array of shape (N,), optional
            Weights: finite, at least zero, not all zero. A whole number is a number of repetitions; a
            sample of weight zero might as well not be there.
        accumulate : {"float64", "float32"}
            The precision of products within a chunk of rows; sums over chunks are always float64.
            "float32" is about twice as fast and good to about six digits.
        chunk_rows : int, optional
            The rows multiplied at a time; by default a chunk takes about 32 MB.

        Returns
        -------
        Moments

        Raises
        ------
        DataError
            If the samples have the wrong shape or type, are not finite, or are none.
        ParameterError
            If an option is out of range.
        """
        check_accumulate(accumulate, chunk_rows)
        batch = checked_batch(X, Y, sample_weight)
        if len(batch.X) == 0:
            raise DataError(
                f"X has shape {batch.X.shape}: no samples.",
                cause="a selection of rows that selects none.",
                remedy="pass at least one sample; Moments.empty(n_features, n_targets) is the start of a sum.",
            )
        folded = fold([batch], accumulate=accumulate, chunk_rows=chunk_rows, max_rows=len(batch.X))
        if folded.summary is None:
            raise DataError(
                f"All {len(batch.X)} entries of sample_weight are zero.",
                cause="a mask that selects no sample, or weights that have underflowed.",
                remedy="give at least one sample a positive weight, or leave sample_weight out.",
            )
        return cls._from_summary(folded.n_features, folded.summary, folded.is_single)

    @classmethod
    def from_batches(
        cls,
        batches: Iterable[tuple[ArrayLike, ...]],
        *,
        accumulate: Precision = "float64",
        chunk_rows: int | None = None,
    ) -> Self:
        """The moments of a stream of samples; it does not matter how it is cut into batches.

        Parameters
        ----------
        batches : iterable of (X, Y) or (X, Y, sample_weight)
            As in `from_arrays`. Batches without rows are passed over.
        accumulate : {"float64", "float32"}
            As in `from_arrays`.
        chunk_rows : int, optional
            As in `from_arrays`: rows are gathered until there are so many.

        Returns
        -------
        Moments

        Raises
        ------
        DataError
            As in `from_arrays`, naming the batch; if a batch has other features or targets than the first.
        ParameterError
            If an option is out of range.
        """
        check_accumulate(accumulate, chunk_rows)
        folded = fold(checked_batches(batches), accumulate=accumulate, chunk_rows=chunk_rows, max_rows=None)
        if folded.summary is None:
            raise DataError(
                "The batches hold no sample with a weight above zero.",
                cause="an iterator that was used up before, or weights that are all zero.",
                remedy="make the iterator anew, and give at least one sample a positive weight.",
            )
        return cls._from_summary(folded.n_features, folded.summary, folded.is_single)

    @classmethod
    def _from_summary(cls, n_features: int, summary: Summary, is_single: bool) -> Self:
        mean = summary.mean + summary.mean_tail
        dtype = np.dtype(np.float32 if is_single else np.float64)
        return cls(n_features, summary.count, summary.weight, mean, summary.scatter, dtype)

    @property
    def n_targets(self) -> int:
        """The number m of targets."""
        return len(self.mean) - self.n_features

    @property
    def x_mean(self) -> FloatArray:
        """The mean x̄ of the inputs, of shape (n,)."""
        return self.mean[: self.n_features]

    @property
    def y_mean(self) -> FloatArray:
        """The mean ȳ of the targets, of shape (m,)."""
        return self.mean[self.n_features :]

    @property
    def gram(self) -> FloatArray:
        """C = cov(x), of shape (n, n)."""
        return self._covariance(slice(None, self.n_features), slice(None, self.n_features))

    @property
    def cross(self) -> FloatArray:
        """B = cov(y, x), of shape (m, n)."""
        return self._covariance(slice(self.n_features, None), slice(None, self.n_features))

    @property
    def total(self) -> FloatArray:
        """T = cov(y), of shape (m, m)."""
        return self._covariance(slice(self.n_features, None), slice(self.n_features, None))

    def _covariance(self, rows: slice, columns: slice) -> FloatArray:
        if self.count == 0:
            raise DataError(
                "These are the moments of no samples, which have no covariance.",
                cause="a sum that nothing was added to, or a difference that took everything away.",
                remedy="add the moments of some samples first.",
            )
        return self.scatter[rows, columns] / self.weight

    def __add__(self, other: Moments) -> Moments:
        """The moments of both sets of samples together, by Chan's formula.

        S = S_a + S_b + W_a W_b / (W_a + W_b) (z̄_b − z̄_a)(z̄_b − z̄_a)ᵀ.

        Raises
        ------
        DataError
            If the two differ in their numbers of features or targets.
        """
        if not isinstance(other, Moments):
            return NotImplemented
        self._check_same_columns(other)
        if other.count == 0:
            return self
        if self.count == 0:
            return other
        with np.errstate(over="ignore", invalid="ignore"):
            weight = self.weight + other.weight
            share = other.weight / weight
            step = other.mean - self.mean
            # W_a W_b is never formed: it leaves the range of doubles long before its quotient does.
            scatter = np.multiply.outer(step, (self.weight * share) * step)
            scatter += self.scatter
            scatter += other.scatter
            mean = self.mean + share * step
        dtype = np.result_type(self.dtype, other.dtype)
        return Moments(self.n_features, self.count + other.count, weight, mean, scatter, dtype)

    def __sub__(self, part: Moments) -> Moments:
        """The moments of the samples that are in the whole but not in the part: the inverse of ``+``.

        S = S_a − S_b − W_a W_b / (W_a − W_b) (z̄_b − z̄_a)(z̄_b − z̄_a)ᵀ. Rounding errors are those of the
        whole, not of the rest: relative to a small rest, they are larger.

        Raises
        ------
        DataError
            If the two differ in their numbers of features or targets, or if `part` cannot be a part of
            these samples: it weighs more, or it varies more.
        """
        if not isinstance(part, Moments):
            return NotImplemented
        self._check_same_columns(part)
        if part.count == 0:
            return self
        count, weight = self.count - part.count, self.weight - part.weight
        dtype = np.result_type(self.dtype, part.dtype)
        allowance = _ROUNDING * float(np.finfo(dtype).eps)
        if count < 0 or weight < -allowance * self.weight or (count > 0 and weight <= 0):
            raise _not_a_part(
                f"{part.count} samples of weight {part.weight:g} cannot be taken from {self.count} samples "
                f"of weight {self.weight:g}."
            )
        if count == 0:
            if weight > allowance * self.weight:
                raise _not_a_part(f"Taking away all {self.count} samples leaves a weight of {weight:g}.")
            weight, mean, scatter = 0.0, np.zeros_like(self.mean), np.zeros_like(self.scatter)
            return Moments(self.n_features, 0, weight, mean, scatter, dtype)
        ratio = part.weight / weight
        step = part.mean - self.mean
        scatter = np.multiply.outer(step, (-self.weight * ratio) * step)
        between = -scatter.diagonal()
        scatter += self.scatter
        scatter -= part.scatter
        # The diagonal of a true rest is at least zero, up to the rounding of the three terms, of which the
        # last one inherits the rounding of the means.
        slack = np.abs(self.mean) + np.abs(part.mean)
        blur = self.weight * ratio * slack * (2 * np.abs(step) + allowance * slack)
        limit = allowance * (self.scatter.diagonal() + part.scatter.diagonal() + between + blur)
        variance = scatter.diagonal()
        if (variance < -limit).any():
            column = int((variance + limit).argmin())
            raise _not_a_part(
                f"Column {column} of [X, Y] is left with a negative scatter, {variance[column]:g}."
            )
        nothing = variance <= 0
        scatter[nothing] = 0
        scatter[:, nothing] = 0
        return Moments(self.n_features, count, weight, self.mean - ratio * step, scatter, dtype)

    def _check_same_columns(self, other: Moments) -> None:
        if (self.n_features, self.n_targets) != (other.n_features, other.n_targets):
            raise DataError(
                f"Moments of {self.n_features} features and {self.n_targets} targets do not combine with "
                f"moments of {other.n_features} features and {other.n_targets} targets.",
                cause="they were computed from different columns.",
                remedy="compute both from the same columns in the same order.",
            )

    def about_origin(self) -> Moments:
        """The same samples for models without an intercept: mean 0 and scatter Σ w z zᵀ.

        Covariances become uncentred second moments; every formula downstream holds unchanged.
        """
        scatter = np.multiply.outer(self.mean, self.weight * self.mean)
        scatter += self.scatter
        mean = np.zeros_like(self.mean)
        return Moments(self.n_features, self.count, self.weight, mean, scatter, self.dtype)

    def losses(self, coef: ArrayLike, intercept: ArrayLike = 0.0) -> FloatArray:
        """The mean squared error of x ↦ W x + b on each target, of shape (m,).

        diag(T − 2 W Bᵀ + W C Wᵀ) + (ȳ − W x̄ − b)², exact from the moments, not less than 0.

        Parameters
        ----------
        coef : array of shape (m, n), or (n,) for a single target
            The matrix W.
        intercept : float or array of shape (m,)
            The vector b.

        Raises
        ------
        DataError
            If a shape is wrong, or there are no samples.
        """
        W, b = np.asarray(coef, np.float64), np.asarray(intercept, np.float64)
        m, n = self.n_targets, self.n_features
        if W.ndim == 1 and m == 1:
            W = W[None, :]
        if W.shape != (m, n) or b.shape not in ((), (1,), (m,)):
            raise DataError(
                f"coef of shape {W.shape} and intercept of shape {b.shape} do not fit {n} features and "
                f"{m} targets.",
                cause="a transposed coef, or one of a model for other columns.",
                remedy=f"pass coef of shape ({m}, {n}) and intercept of shape ({m},) or a number.",
            )
        spread = self.total.diagonal() - np.einsum("ij,ij->i", W, 2 * self.cross - W @ self.gram)
        return np.maximum(spread, 0.0) + (self.y_mean - W @ self.x_mean - b) ** 2

    def loss(self, coef: ArrayLike, intercept: ArrayLike = 0.0) -> float:
        """The mean squared error of x ↦ W x + b, summed over the targets.

        tr(T) − 2 tr(W Bᵀ) + tr(W C Wᵀ) + ‖ȳ − W x̄ − b‖², exact from the moments: the sum of `losses`.
        """
        return float(self.losses(coef, intercept).sum())

    def __repr__(self) -> str:
        parts = (
            _plural(self.count, "sample"),
            _plural(self.n_features, "feature"),
            _plural(self.n_targets, "target"),
            str(self.dtype),
        )
        return f"Moments({', '.join(parts)})"


def _plural(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _frozen(values: ArrayLike) -> FloatArray:
    view = np.asarray(values, np.float64).view()
    view.flags.writeable = False
    return view


def _not_a_part(what: str) -> DataError:
    return DataError(
        what,
        cause="the second operand is not a part of the first: other samples, other weights or scaling.",
        remedy="subtract moments of samples that were in the sum: rest = whole - part, whole = part + rest.",
    )
