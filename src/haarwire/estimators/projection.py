"""`InvariantProjection`: features to invariant coordinates."""

from __future__ import annotations

import operator
from typing import Any, Self, final

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import check_array
from sklearn.utils.validation import check_is_fitted

from haarwire.errors import DataError, ParameterError
from haarwire.estimators._sklearn import SPARSE, checked_names, validated
from haarwire.estimators.dask import by_blocks, checked_collections
from haarwire.estimators.names import functional_names
from haarwire.estimators.representations import resolved
from haarwire.groups import Representation
from haarwire.invariants import invariant_subspace
from haarwire.moments.checks import is_dask

__all__ = ["InvariantProjection"]


@final
class InvariantProjection(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """x ↦ Qᵀx: the d coordinates of a sample that no element of the group changes.

    Q is an orthonormal basis of the invariant functionals. A linear model on these coordinates is a
    hard-wired one, and every invariant linear model is such a model.

    Parameters
    ----------
    representation : Representation, str or None
        As in `InvariantRegressor`. None: the trivial group, which leaves the features as they are.

    Attributes
    ----------
    subspace_ : Subspace
        The invariant functionals: `subspace_.dim` is d, `subspace_.basis` Q.
    n_features_in_ : int
        Features seen in fit.
    feature_names_in_ : ndarray of str
        Their names, where they have any.

    Examples
    --------
    >>> import numpy as np
    >>> from haarwire.estimators import InvariantProjection
    >>> pairs = InvariantProjection("reflection").fit(np.zeros((1, 4)))
    >>> pairs.get_feature_names_out()
    array(['x0 + x3', 'x1 + x2'], dtype=object)
    >>> pairs.transform([[1.0, 2.0, 3.0, 4.0]]).round(3)
    array([[3.536, 3.536]])
    >>> pairs.inverse_transform([[3.536, 3.536]]).round(3)
    array([[2.5, 2.5, 2.5, 2.5]])
    """

    n_features_in_: int

    def __init__(self, representation: Representation | str | None = None) -> None:
        self.representation = representation

    def fit(self, X: ArrayLike, y: Any = None) -> Self:  # noqa: ARG002  scikit-learn gives it
        """Find the invariant functionals on as many features as X has; its values do not matter.

        Parameters
        ----------
        X : array_like or sparse array, shape (n_samples, n_features)
            Inputs.
        y : ignored

        Returns
        -------
        self

        Raises
        ------
        ParameterError
            When no functional but 0 is invariant.
        """
        validated(self, X, reset=True, takes_dask=True, accept_sparse=SPARSE)
        rep = resolved(self.representation, self.n_features_in_)
        subspace = invariant_subspace(rep)
        if subspace.dim == 0:
            raise ParameterError(
                f"no linear function of the features is invariant under {rep.label}",
                cause="a group that moves every direction, such as all rotations, or x ↦ −x",
                remedy="use InvariantPolynomialFeatures(degree=2): products may be invariant",
            )
        self.subspace_ = subspace
        return self

    def transform(self, X: ArrayLike) -> Any:
        """Return X Q: the invariant coordinates.

        Parameters
        ----------
        X : array_like, sparse array, or Dask array or frame, shape (n_samples, n_features)
            Inputs.

        Returns
        -------
        ndarray, sparse array or Dask array, shape (n_samples, d)
            Sparse where both X and Q are (permutations have a sparse Q); float32 stays float32.
        """
        check_is_fitted(self)
        samples = validated(self, X, reset=False, takes_dask=True, accept_sparse=SPARSE)
        return _times(samples, self.subspace_.matrix)

    def inverse_transform(self, X: ArrayLike) -> Any:
        """Return X Qᵀ: the shortest samples that have these coordinates.

        For an orthogonal ρ, ``inverse_transform(transform(X))`` is each sample's average over the group.

        Parameters
        ----------
        X : array_like, sparse array, or Dask array or frame, shape (n_samples, d)
            Invariant coordinates.

        Returns
        -------
        ndarray, sparse array or Dask array, shape (n_samples, n_features)

        Raises
        ------
        DataError
            When X has another number of columns.
        """
        check_is_fitted(self)
        if is_dask(X):
            coordinates, _, look = checked_collections(X)
            check_array(look)
        else:
            coordinates = check_array(X, accept_sparse=SPARSE, dtype=[np.float64, np.float32])
        if coordinates.shape[1] != self.subspace_.dim:
            raise DataError(
                f"X has {coordinates.shape[1]} columns, there are {self.subspace_.dim} invariant coordinates",
                cause="features given in place of what transform returned",
                remedy="give an array that transform returned, or one of the same width",
            )
        return _times(coordinates, self.subspace_.matrix.T)

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> NDArray[Any]:
        """Names of the coordinates: the sums they are, up to a factor (for orbits, 1/√size).

        Where a feature is in several of them: invariantprojection0, invariantprojection1, …

        Parameters
        ----------
        input_features : array_like of str, optional
            Names of the features. None: those seen in fit, or x0, x1, …
        """
        check_is_fitted(self)
        names = checked_names(self, input_features)
        labels = functional_names(self.subspace_, names, np.ones(len(names)), "invariantprojection")
        return np.asarray(labels, dtype=object)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _times(X: Any, A: Any) -> Any:
    """X A in the precision of X: sparse where both are, a Dask array for a Dask array."""
    precision = np.float32 if X.dtype == np.float32 else np.float64
    factor = A.astype(precision, copy=False)
    if sp.issparse(X):
        return X @ factor
    return by_blocks(operator.matmul, X, factor, dtype=precision, width=factor.shape[1])
