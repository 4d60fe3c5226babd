"""`InvariantPolynomialFeatures`: all invariant polynomials up to a degree."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Final, Self, final

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike, NDArray
from scipy.sparse.csgraph import connected_components
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from haarwire._numbers import FloatArray, is_integer
from haarwire.errors import ParameterError
from haarwire.estimators._sklearn import checked_names, validated
from haarwire.estimators.names import functional_names, monomial_name
from haarwire.estimators.representations import resolved
from haarwire.groups import (
    Representation,
    symmetric_power,
    symmetric_power_features,
    symmetric_power_indices,
)
from haarwire.invariants import invariant_subspace

__all__ = ["InvariantPolynomialFeatures"]


_MOST: Final = 2_000_000
_LARGEST_BLOCK: Final = 3_000
"""Monomials of one degree, and those that matrices mix: orbits take linear time, null spaces cubic."""

_CHUNK_BYTES: Final = 2**25


@final
class InvariantPolynomialFeatures(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """x ↦ a basis of the polynomials p of degree 1 … k with p(ρ(g)x) = p(x), evaluated at x.

    A linear model on these features is an invariant polynomial model, and every invariant polynomial of
    degree ≤ k is one. For each degree j the features are Qⱼᵀx^⊙j, with x^⊙j the monomials of degree j in the
    scaling in which ⟨x^⊙j, y^⊙j⟩ = ⟨x, y⟩^j (`haarwire.groups.symmetric_power_features`), and Qⱼ an
    orthonormal basis of the functionals that Symʲρ leaves fixed. So for an orthogonal ρ their inner
    products are ∫⟨ρ(g)x, y⟩^j dg, and a ridge penalty does not depend on the choice of the basis.

    For (signed) permutations each feature is a multiple of the sum over an orbit of monomials, found in time
    linear in their number. For matrices Qⱼ takes a null space: of a block at a time where the group moves
    blocks of coordinates, as it does several vectors.

    Parameters
    ----------
    representation : Representation, str or None
        As in `InvariantRegressor`. None: the trivial group, hence all monomials, as PolynomialFeatures,
        up to the scaling (x0 x1 comes as √2·x0·x1).
    degree : int
        k ≥ 1.
    include_bias : bool
        Whether the first feature is the constant 1.
    max_monomials : int, optional
        Refuse more monomials of one degree. None: 2,000,000; but 3,000 where matrices mix more than 3,000 of
        them with each other.

    Attributes
    ----------
    subspaces_ : list of Subspace
        Q₁ … Q_k.
    n_output_features_ : int
        Invariant polynomials, with the constant if it is included.
    n_features_in_ : int
        Features seen in fit.
    feature_names_in_ : ndarray of str
        Their names, where they have any.

    References
    ----------
    B. Haasdonk and H. Burkhardt, "Invariant kernel functions for pattern analysis and machine learning",
    Machine Learning 68 (2007): the averaged kernel. B. Sturmfels, Algorithms in Invariant Theory
    (Springer, 2008): Molien's series counts the features.

    Examples
    --------
    >>> import numpy as np
    >>> from haarwire.estimators import InvariantPolynomialFeatures
    >>> features = InvariantPolynomialFeatures("permutations", degree=2).fit(np.zeros((1, 3)))
    >>> features.get_feature_names_out()
    array(['x0 + x1 + x2', 'x0^2 + x1^2 + x2^2', 'x0 x1 + x0 x2 + x1 x2'],
          dtype=object)
    >>> bool(np.allclose(features.transform([[1.0, 2.0, 4.0]]), features.transform([[4.0, 1.0, 2.0]])))
    True
    """

    n_features_in_: int

    def __init__(
        self,
        representation: Representation | str | None = None,
        *,
        degree: int = 2,
        include_bias: bool = False,
        max_monomials: int | None = None,
    ) -> None:
        self.representation = representation
        self.degree = degree
        self.include_bias = include_bias
        self.max_monomials = max_monomials

    def fit(self, X: ArrayLike, y: Any = None) -> Self:  # noqa: ARG002  scikit-learn gives it
        """Find the invariant polynomials in as many variables as X has features; its values do not matter.

        Parameters
        ----------
        X : array_like, shape (n_samples, n_features)
            Inputs.
        y : ignored

        Returns
        -------
        self

        Raises
        ------
        ParameterError
            When a parameter is out of range, there would be too many monomials, or no polynomial but
            constants is invariant.
        """
        validated(self, X, reset=True)
        rep = resolved(self.representation, self.n_features_in_)
        self._check_parameters(rep)
        subspaces = [invariant_subspace(symmetric_power(rep, degree)) for degree in range(1, self.degree + 1)]
        count = sum(subspace.dim for subspace in subspaces) + bool(self.include_bias)
        if count == 0:
            raise ParameterError(
                f"no polynomial of degree 1 to {self.degree} is invariant under {rep.label}",
                cause="a group whose lowest invariants are of a higher degree, or that has none",
                remedy="give a higher degree, or another representation",
            )
        self.subspaces_ = subspaces
        self.n_output_features_ = count
        return self

    def _check_parameters(self, rep: Representation) -> None:
        degree, most = self.degree, self.max_monomials
        if not is_integer(degree, 1):
            raise ParameterError(
                f"degree must be a positive integer, got {degree!r}",
                cause="a fractional or negative degree, or a range of degrees",
                remedy="use degree=2 for all invariants of degree 1 and 2",
            )
        if most is not None and (not is_integer(most, 1)):
            raise ParameterError(
                f"max_monomials must be a positive integer or None, got {most!r}",
                cause="a fractional, zero or negative bound",
                remedy="leave it out for the default, or give a count such as 10_000_000",
            )
        k = int(degree)
        monomials, block = math.comb(rep.dim + k - 1, k), _largest_block(rep, k)
        if most is None:
            most = _MOST if block <= _LARGEST_BLOCK else _LARGEST_BLOCK
        if monomials > most:
            mixing = (
                "" if block <= _LARGEST_BLOCK else f", of which matrices mix up to {min(block, monomials):,}"
            )
            raise ParameterError(
                f"{rep.dim} features have {monomials:,} monomials of degree {k}{mixing}: more than {most:,}",
                cause="there are about n^degree/degree! monomials, and matrices take the third power in time",
                remedy="give a lower degree or fewer features (InvariantProjection first, or a subset), or "
                f"max_monomials={monomials} to go ahead",
            )

    def transform(self, X: ArrayLike) -> FloatArray:
        """The invariant polynomials at each row of X.

        Parameters
        ----------
        X : array_like, shape (n_samples, n_features)
            Inputs.

        Returns
        -------
        ndarray, shape (n_samples, n_output_features_)
            By degree; float32 stays float32.
        """
        check_is_fitted(self)
        samples = validated(self, X, reset=False)
        result = np.ones((len(samples), self.n_output_features_), dtype=samples.dtype)
        start = int(bool(self.include_bias))
        for degree, subspace in enumerate(self.subspaces_, 1):
            stop = start + subspace.dim
            if subspace.dim > 0:
                basis = subspace.matrix.astype(samples.dtype, copy=False)
                for rows in _chunks(len(samples), subspace.ambient_dim):
                    result[rows, start:stop] = symmetric_power_features(samples[rows], degree) @ basis
            start = stop
        return result

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> NDArray[Any]:
        """Names of the polynomials: the sums of monomials they are, up to a factor.

        Where a monomial is in several of them: degree2_0, degree2_1, …

        Parameters
        ----------
        input_features : array_like of str, optional
            Names of the features. None: those seen in fit, or x0, x1, …
        """
        check_is_fitted(self)
        names = checked_names(self, input_features)
        labels = ["1"] if self.include_bias else []
        for degree, subspace in enumerate(self.subspaces_, 1):
            scales = symmetric_power_features(np.ones(len(names)), degree)
            labels += functional_names(subspace, _Monomials(names, degree), scales, f"degree{degree}_")
        return np.asarray(labels, dtype=object)

    @property
    def _n_features_out(self) -> int:
        return self.n_output_features_

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _largest_block(rep: Representation, degree: int) -> int:
    """A bound on how many monomials matrices mix: those of variables in the same blocks. Permutations: 1."""
    if rep.is_signed_permutation:
        return 1
    patterns = [abs(sp.csr_array(g.to_sparse())) for g in rep.generators]
    patterns += [abs(sp.csr_array(L)) for L in rep.algebra]
    total = sum(patterns, start=sp.csr_array((rep.dim, rep.dim)))
    count, labels = connected_components(total, directed=True, connection="weak")
    largest = int(np.bincount(labels).max())
    return largest**degree if count > 1 else math.comb(largest + degree - 1, degree)


class _Monomials:
    """The name of monomial j, made when it is asked for: most are not."""

    def __init__(self, names: list[str], degree: int) -> None:
        self.names = names
        self.indices = symmetric_power_indices(len(names), degree)

    def __getitem__(self, j: int) -> str:
        return monomial_name([self.names[i] for i in self.indices[j]])


def _chunks(n_rows: int, width: int) -> Iterator[slice]:
    """The rows, as many at a time as make a chunk of this width."""
    rows = max(1, _CHUNK_BYTES // (8 * width))
    return (slice(start, start + rows) for start in range(0, n_rows, rows))
