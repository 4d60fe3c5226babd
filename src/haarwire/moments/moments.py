"""`Moments`: the joint first and second moments of inputs and targets."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal, Self, final

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from haarwire._linalg import EPS
from haarwire._numbers import FloatArray
from haarwire._wording import counted
from haarwire.errors import DataError
from haarwire.moments.checks import as_model, check_column_block, check_fields, check_precision, is_dask
from haarwire.moments.conditioning import accurate
from haarwire.moments.container import read_container, write_container
from haarwire.moments.passes import OneHot, Options, fold_source
from haarwire.moments.saving import KIND, checked_fields, fields
from haarwire.moments.sources.columns import Names
from haarwire.moments.sources.opening import open_source
from haarwire.moments.sources.progress import Progress
from haarwire.moments.streaming import Accuracy, Folded, Precision, fold_arrays, fold_batches
from haarwire.moments.summary import Summary, joined, parted
from haarwire.moments.updates import triangle

__all__ = ["Moments"]


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
    eps : float
        The relative rounding error of the products that were summed: that of float64, or of float32 where
        they were accumulated in float32. Rank decisions go by it.

    Attributes
    ----------
    factor : array of shape (n + m, n + m) or None
        Upper triangular R with RᵀR = S, of moments made with ``accuracy="qr"`` and their sums. `solve` works
        with R then, whose condition number is that of the samples, not its square. (Moments that are moved
        by a group, or that a part was taken away from, have none.)

    Raises
    ------
    DataError
        If shapes disagree, an entry is not finite, or a variance is negative.
    ParameterError
        If dtype is none of the two, or eps not between 0 and 1.

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
    dtype: np.dtype[Any] = field(default=np.dtype(np.float64))
    eps: float = EPS
    factor: FloatArray | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        mean, scatter, dtype = _frozen(self.mean), _frozen(self.scatter), np.dtype(self.dtype)
        check_fields(self.n_features, self.count, self.weight, mean, scatter)
        check_precision(dtype, self.eps)
        object.__setattr__(self, "mean", mean)
        object.__setattr__(self, "scatter", scatter)
        object.__setattr__(self, "dtype", dtype)

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
        accuracy: Accuracy = "gram",
        chunk_rows: int | None = None,
    ) -> Self:
        """The moments of samples in memory, in a memory map, or in Dask collections (as by `from_dask`).

        Parameters
        ----------
        X : array, or Dask array or frame, of shape (N, n)
            Inputs: floating point, integers or booleans. 8-bit integers with small whole targets
            (|y| ≤ 128, such as one-hot classes) and without weights take an exact route that is as fast
            as float32.
        Y : array, or Dask array, frame or series, of shape (N, m) or (N,)
            Targets.
        sample_weight : array, or Dask array or series, of shape (N,), optional
            Weights: finite, at least zero, not all zero. A whole number is a number of repetitions; a
            sample of weight zero might as well not be there.
        accumulate : {"float64", "float32"}
            The precision of products within a chunk of rows; sums over chunks are always float64.
            "float32" is about twice as fast, good to four or five digits, and makes `dtype` float32.
        accuracy : {"gram", "qr"}
            What is kept of the samples: sums of products, or a triangular `factor` of them by TSQR. "qr"
            takes a few times as long, and gives coefficients an error of eps·cond(X), in place of
            eps·cond(X)², for nearly collinear features.
        chunk_rows : int, optional
            The rows multiplied at a time; by default a chunk takes about 32 MB.

        Raises
        ------
        DataError
            If the samples have the wrong shape or type, are not finite, or are none.
        ParameterError
            If an option is out of range.
        """
        if is_dask(X, Y, sample_weight):
            from haarwire.moments.alignment import dask_arrays

            arrays = dask_arrays(X, Y, sample_weight)
            return cls.from_dask(*arrays, accumulate=accumulate, accuracy=accuracy, chunk_rows=chunk_rows)
        return cls._from_fold(
            fold_arrays(X, Y, sample_weight, accumulate, chunk_rows=chunk_rows, accuracy=accuracy)
        )

    @classmethod
    def from_batches(
        cls,
        batches: Iterable[tuple[ArrayLike, ...]],
        *,
        accumulate: Precision = "float64",
        accuracy: Accuracy = "gram",
        chunk_rows: int | None = None,
    ) -> Self:
        """The moments of a stream of samples; it does not matter how it is cut into batches.

        Parameters
        ----------
        batches : iterable of (X, Y) or (X, Y, sample_weight)
            As in `from_arrays`. Batches without rows are passed over.
        accumulate, accuracy, chunk_rows
            As in `from_arrays`; rows are gathered until a chunk is full.

        Raises
        ------
        DataError
            As in `from_arrays`, naming the batch; if a batch has other features or targets than the first.
        ParameterError
            If an option is out of range.
        """
        return cls._from_fold(fold_batches(batches, accumulate, chunk_rows, accuracy))

    @classmethod
    def from_source(
        cls,
        source: Any,
        *,
        x: Names = None,
        y: Names = None,
        sample_weight: str | None = None,
        filters: Any = None,
        one_hot: OneHot = False,
        basis: Any = None,
        accumulate: Precision = "float64",
        accuracy: Accuracy | Literal["auto"] = "auto",
        chunk_rows: int | None = None,
        progress: bool | Progress = False,
        checkpoint: str | os.PathLike[str] | None = None,
        checkpoint_every: float = 60.0,
        cluster: Any = None,
    ) -> Self:
        """The moments of samples in files, stores, data loaders or streams, in memory constant in N.

        The next piece of about 8 MB is read in a thread while the current one is multiplied.

        Parameters
        ----------
        source : path, URL, pair of arrays, data loader or iterable of batches
            - A file, a folder, or a pattern with ``*``: .parquet (.pq), .csv, .tsv, .arrow (.ipc), .feather
              (many files are one table), .npy, .npz, .zarr, .h5, .hdf5; here or at any URL that fsspec knows.
            - (X, Y) or (X, Y, sample_weight) of array-likes with slices: memory maps, Zarr arrays, HDF5 data
              sets; or a group or dict of them.
            - A pyarrow table or data set; a PyTorch data set or loader; any iterable of batches as in
              `from_batches`.
        x, y : str, int or list, optional
            Columns of a table (names or positions, in a list or separated by commas), or arrays of a store.
            By default y is the column called y, target(s), label(s) or class, and x all others; arrays are
            called x and y. For a .npy file y may be a second file.
        sample_weight : str, optional
            A column or array of weights.
        filters : list of (column, operator, value), or pyarrow expression, optional
            Which rows of a table to read. Rows are then counted among those.
        one_hot : bool or sequence of labels
            Whether y holds labels, that become one-hot targets a piece at a time: one column for each label,
            in the order of the sequence, or sorted.
        basis : array or sparse array of shape (n, k), optional
            Take the moments of the coordinates X Q in place of X; with the matrix of an invariant subspace
            they are d×d.
        accumulate, chunk_rows
            As in `from_arrays`.
        accuracy : {"auto", "gram", "qr"}
            As in `from_arrays`. "auto": "gram", and where cond(X)²·eps is above 1e-6 a warning and, for a
            source that can be read again, a second pass with "qr".
        progress : bool or callable
            Show a bar with rows per second, or call with the rows so far and in all (None: not known).
        checkpoint : path, optional
            A file to write the state of the pass to; if it is there, the pass goes on from it, to the same
            bits. It is removed at the end. A second pass has one of its own, whose name ends in ".qr".
        checkpoint_every : float
            Seconds between two writes of it.
        cluster : str or distributed.Client, optional
            A scheduler's address, or a client: the workers read the parts of the source (files, row groups,
            blocks of 64 MB), which they must be able to reach, as in `from_dask`.

        Raises
        ------
        ClusterError
            If the cluster is lost, or cannot be reached.
        DataError
            If samples are not finite, columns cannot be told, or change from one file to the next; names the
            file and the row, counted from 0 in that file.
        FileError
            If a file cannot be read; names it.
        ParameterError
            If an option is out of range.
        MissingDependencyError
            If the package that reads this kind of source is not installed.

        Examples
        --------
        >>> import numpy as np
        >>> rng = np.random.default_rng(0)
        >>> batches = [(rng.standard_normal((50, 3)), rng.integers(0, 2, 50)) for _ in range(4)]
        >>> Moments.from_source(batches, one_hot=True)
        Moments(200 samples, 3 features, 2 targets, float64)
        """
        rule: Accuracy = "gram" if accuracy == "auto" else accuracy
        options = Options(accumulate, rule, chunk_rows, one_hot, basis).checked()
        opened = open_source(source, x=x, y=y, sample_weight=sample_weight, filters=filters)
        fold = partial(fold_source, opened)
        if cluster is not None:
            from haarwire.moments.cluster import fold_parts

            fold = partial(fold_parts, opened, cluster=cluster)
        pass_over = partial(fold, progress=progress, checkpoint_every=checkpoint_every)
        if accuracy != "auto":
            return cls._from_fold(pass_over(options, checkpoint=checkpoint))
        second = None if checkpoint is None else Path(f"{os.fspath(checkpoint)}.qr")
        again = partial(pass_over, checkpoint=second)
        if second is not None and second.exists():
            # The first pass is done, and has asked for this one.
            return cls._from_fold(again(replace(options, accuracy="qr")))
        folded = pass_over(options, checkpoint=checkpoint)
        return cls._from_fold(accurate(folded, options, again if opened.is_repeatable else None))

    @classmethod
    def from_dask(
        cls,
        X: Any,
        Y: Any = None,
        sample_weight: Any = None,
        *,
        one_hot: OneHot = False,
        basis: Any = None,
        accumulate: Precision = "float64",
        accuracy: Accuracy | Literal["auto"] = "auto",
        chunk_rows: int | None = None,
        column_block: int | None = None,
        progress: bool | Progress = False,
        cluster: Any = None,
    ) -> Self:
        """The moments of Dask collections, as one tree reduction in a fixed order.

        The order depends on how the collections are cut only: the result repeats bit for bit whatever the
        number of workers, and when some are lost on the way (as long as BLAS runs with as many threads in
        each; Dask's own workers run it with one).

        Parameters
        ----------
        X : dask array, dask data frame, or list of delayed batches
            Inputs. Arrays that are cut badly (by columns, into crumbs, into blocks beyond 256 MB) are cut
            anew. Delayed batches are tuples as in `from_batches`; Y is left out then.
        Y : dask array, data frame or series; or names of columns of a data frame X
            Targets.
        sample_weight : dask array or series, or name of a column, optional
            Weights.
        one_hot, basis, accumulate, chunk_rows, accuracy, progress
            As in `from_source`. (Labels take a pass over Y before, unless the classes are listed. Where the
            scatter is formed in blocks of columns, "auto" is "gram".)
        column_block : int, optional
            Form the scatter in blocks of so many columns, none of which needs more of a worker than its
            share; by itself beyond 16384 columns, with 4096.
        cluster : str or distributed.Client, optional
            A scheduler's address, or a client. By default the current client, or else Dask's local
            scheduler.

        Raises
        ------
        DataError
            If the collections do not fit together, or samples are not finite.
        ParameterError
            If they are no Dask collections, or an option is out of range.
        ClusterError
            If the cluster is lost, or cannot be reached.
        MissingDependencyError
            Without Dask (the 'dask' extra).
        """
        from haarwire.moments.collections import WIDE, fold_dask

        check_column_block(column_block)
        rule: Accuracy = "gram" if accuracy == "auto" else accuracy
        options = Options(accumulate, rule, chunk_rows, one_hot, basis).checked()
        pass_over = partial(fold_dask, X, Y, sample_weight, progress=progress, cluster=cluster)
        folded = pass_over(options, column_block=column_block)
        if accuracy == "auto" and column_block is None and len(folded.summary.mean) <= WIDE:
            folded = accurate(folded, options, pass_over)
        return cls._from_fold(folded)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the moments to a file: safetensors with a JSON header, no pickle.

        Raises
        ------
        FileError
            If it cannot be written; an older file of this name is as it was.
        MissingDependencyError
            Without safetensors (the 'io' extra).
        """
        write_container(path, KIND, *fields(self.n_features, self._summary, self.dtype, self.eps))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read moments that `save` wrote; nothing in the file is believed, and nothing in it is run.

        Raises
        ------
        FileError
            If there is no such file, or it is damaged or holds anything else.
        MissingDependencyError
            Without safetensors (the 'io' extra).
        """
        return cls._from_summary(*checked_fields(path, read_container(path)))

    @classmethod
    def _from_fold(cls, folded: Folded) -> Self:
        return cls._from_summary(folded.n_features, folded.summary, np.dtype(folded.precision), folded.eps)

    @classmethod
    def _from_summary(cls, n_features: int, summary: Summary, dtype: np.dtype[Any], eps: float) -> Self:
        moments = cls(n_features, *summary[:4], dtype, eps)
        if summary.factor is not None:
            # Not a field of the constructor: dataclasses.replace then drops it with the scatter.
            object.__setattr__(moments, "factor", _frozen(summary.factor))
        return moments

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
        _check_same_columns(self, other)
        if self.count == 0 or other.count == 0:
            return self if other.count == 0 else other
        with np.errstate(over="ignore", invalid="ignore"):
            return self._like(joined(self._summary, other._summary), other)

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
        _check_same_columns(self, part)
        if part.count == 0:
            return self
        eps = max(self.eps, part.eps)
        with np.errstate(over="ignore", invalid="ignore"):
            return self._like(parted(self._summary, part._summary, eps), part)

    @property
    def _summary(self) -> Summary:
        return Summary(self.count, self.weight, self.mean, self.scatter, None, self.factor)

    def _like(self, summary: Summary, other: Moments) -> Moments:
        dtype = np.result_type(self.dtype, other.dtype)
        return Moments._from_summary(self.n_features, summary, dtype, max(self.eps, other.eps))

    def about_origin(self) -> Moments:
        """The same samples for models without an intercept: mean 0 and scatter Σ w z zᵀ.

        Covariances become uncentred second moments; every formula downstream holds unchanged.
        """
        with np.errstate(over="ignore"):
            scatter = np.multiply.outer(self.mean, self.mean)
            scatter *= self.weight
            scatter += self.scatter
        mean = np.zeros_like(self.mean)
        moved = replace(self, mean=mean, scatter=scatter)
        if self.factor is not None:
            R = triangle([self.factor, np.sqrt(self.weight) * self.mean[None]])
            object.__setattr__(moved, "factor", _frozen(R))
        return moved

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
        W, b = as_model(coef, intercept, self.n_targets, self.n_features)
        spread = self.total.diagonal() - np.einsum("ij,ij->i", W, 2 * self.cross - W @ self.gram)
        return np.asarray(np.maximum(spread, 0.0) + (self.y_mean - W @ self.x_mean - b) ** 2)

    def loss(self, coef: ArrayLike, intercept: ArrayLike = 0.0) -> float:
        """The mean squared error of x ↦ W x + b, summed over the targets.

        tr(T) − 2 tr(W Bᵀ) + tr(W C Wᵀ) + ‖ȳ − W x̄ − b‖², exact from the moments: the sum of `losses`.

        Parameters
        ----------
        coef, intercept
            As in `losses`.

        Raises
        ------
        DataError
            If a shape is wrong, or there are no samples.
        """
        return float(self.losses(coef, intercept).sum())

    def __repr__(self) -> str:
        nouns = {"sample": self.count, "feature": self.n_features, "target": self.n_targets}
        sizes = [counted(number, noun) for noun, number in nouns.items()]
        return f"Moments({', '.join(sizes)}, {self.dtype})"


def _check_same_columns(a: Moments, b: Moments) -> None:
    """Moments combine only if they are of the same features and targets."""
    if (a.n_features, a.n_targets) != (b.n_features, b.n_targets):
        raise DataError(
            f"Moments of {a.n_features} features and {a.n_targets} targets do not combine with "
            f"moments of {b.n_features} features and {b.n_targets} targets.",
            cause="they were computed from different columns.",
            remedy="compute both from the same columns in the same order.",
        )


def _frozen(values: ArrayLike) -> FloatArray:
    view = np.asarray(values, np.float64).view()
    view.flags.writeable = False
    return view
