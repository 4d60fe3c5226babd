"""Tensor, symmetric and exterior powers: where polynomial invariants live."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike

from haarwire._numbers import FloatArray, IndexArray
from haarwire.errors import DataError, ParameterError
from haarwire.groups._checks import affordable, positive_size
from haarwire.groups.algebra.combination import factor_name, tensor_product
from haarwire.groups.elements import Element
from haarwire.groups.powers import multi_indices, power_algebra, power_dim, power_element
from haarwire.groups.representation import Representation, checked_representation

__all__ = [
    "exterior_power",
    "symmetric_power",
    "symmetric_power_features",
    "symmetric_power_indices",
    "tensor_power",
]

_LARGEST: Final = 50_000_000
"""Symmetric and exterior powers of more coordinates than this are refused."""

_SHORT: Final = 15.0
"""Numbers of at most so many digits are told exactly."""


def tensor_power(rep: Representation, degree: int) -> Representation:
    """ρ ⊗ ⋯ ⊗ ρ (k times) on R^(n^k): arrays of shape (n, …, n), every index moved, flattened.

    Parameters
    ----------
    rep : Representation
        ρ, on R^n.
    degree : int
        k ≥ 1.

    Returns
    -------
    Representation
        Coordinates are row-major, those of ``x.ravel()`` for an array x of shape (n, …, n).

    Raises
    ------
    ParameterError
        When the degree is not a positive integer, or there would be more than 2^28 coordinates.

    Examples
    --------
    >>> from haarwire.groups import permutations, tensor_power
    >>> tensor_power(permutations(4), 3).dim
    64
    """
    checked_representation(rep)
    degree = positive_size(degree, "degree", "tensor_power(rep, 3)")
    affordable(rep.dim, degree, "degree", "tensor_power(rep, 3)")
    if degree == 1:
        return rep
    name = f"{factor_name(rep.name)}^⊗{degree}" if rep.name else ""
    return replace(tensor_product(*[rep] * degree), name=name)


def symmetric_power(rep: Representation, degree: int) -> Representation:
    """Sym^k ρ: x^⊙k ↦ (ρ(g)x)^⊙k, the action on homogeneous polynomials of degree k.

    Coordinates are the monomials x_{i_1} ⋯ x_{i_k} with i_1 ≤ ⋯ ≤ i_k, in the lexicographic order of
    `symmetric_power_indices`, each times √(k!/α!) (α the multiplicities): so the basis is orthonormal, an
    orthogonal ρ has an orthogonal power, and ⟨x^⊙k, y^⊙k⟩ = ⟨x, y⟩^k. `symmetric_power_features` computes
    them from data. Invariant functionals are the invariant polynomials of degree k.

    Parameters
    ----------
    rep : Representation
        ρ, on R^n.
    degree : int
        k ≥ 1.

    Returns
    -------
    Representation
        On (n + k − 1 choose k) coordinates; of permutations a permutation, of signed ones a signed one.

    Raises
    ------
    ParameterError
        When the degree is not a positive integer, or there would be more than 5·10⁷ coordinates.

    References
    ----------
    B. Sturmfels, Algorithms in Invariant Theory (Springer, 2008): Molien's series counts the invariants.

    Examples
    --------
    Of a square under its symmetries, x² + y² is the one invariant of degree 2:

    >>> import haarwire as hw
    >>> from haarwire.groups import Matrix, Representation, symmetric_power
    >>> square = Representation(2, [Matrix([[0, -1], [1, 0]]), Matrix([[1, 0], [0, -1]])])
    >>> hw.invariant_subspace(symmetric_power(square, 2)).basis.ravel().round(3) + 0.0
    array([0.707, 0.   , 0.707])
    """
    checked_representation(rep)
    degree = positive_size(degree, "degree", "symmetric_power(rep, 2)")
    return _power(rep, degree, symmetric=True)


def exterior_power(rep: Representation, degree: int) -> Representation:
    """Λ^k ρ: x_1 ∧ ⋯ ∧ x_k ↦ ρ(g)x_1 ∧ ⋯ ∧ ρ(g)x_k, on antisymmetric arrays.

    Coordinates are e_{i_1} ∧ ⋯ ∧ e_{i_k} with i_1 < ⋯ < i_k in lexicographic order, an orthonormal basis;
    the entries of the matrix of g are the k×k minors of ρ(g), and Λ^n ρ is its determinant.

    Parameters
    ----------
    rep : Representation
        ρ, on R^n.
    degree : int
        1 ≤ k ≤ n.

    Returns
    -------
    Representation
        On (n choose k) coordinates; of (signed) permutations a signed permutation.

    Raises
    ------
    ParameterError
        When the degree is not in 1 … n, or there would be more than 5·10⁷ coordinates.

    Examples
    --------
    >>> from haarwire.groups import exterior_power, permutations
    >>> exterior_power(permutations(4), 4).generators[0].to_dense()
    array([[-1.]])
    """
    checked_representation(rep)
    degree = positive_size(degree, "degree", "exterior_power(rep, 2)")
    if degree > rep.dim:
        raise ParameterError(
            f"the exterior power {degree} of {rep.label} is zero: it acts on {rep.dim} coordinates",
            cause="more factors than coordinates are always linearly dependent",
            remedy=f"give a degree of at most {rep.dim}",
        )
    return _power(rep, degree, symmetric=False)


def symmetric_power_indices(n: int, degree: int) -> IndexArray:
    """The monomials of `symmetric_power`: row j holds i_1 ≤ ⋯ ≤ i_k of coordinate j.

    Parameters
    ----------
    n, degree : int
        Number of variables and degree k.

    Returns
    -------
    ndarray of int, shape ((n + k − 1 choose k), k)
        Read-only.

    Raises
    ------
    ParameterError
        When a number is not a positive integer, or there would be more than 5·10⁷ monomials.

    Examples
    --------
    >>> from haarwire.groups import symmetric_power_indices
    >>> symmetric_power_indices(2, 2).tolist()
    [[0, 0], [0, 1], [1, 1]]
    """
    n = positive_size(n, "n", "symmetric_power_indices(3, 2)")
    degree = positive_size(degree, "degree", "symmetric_power_indices(3, 2)")
    _check_size(n, degree, symmetric=True, what=f"the monomials of degree {degree} in {n} variables")
    return multi_indices(n, degree, symmetric=True)


def symmetric_power_features(X: ArrayLike, degree: int) -> FloatArray:
    """x^⊙k of each sample: all monomials of degree k, scaled so that ⟨x^⊙k, y^⊙k⟩ = ⟨x, y⟩^k.

    Parameters
    ----------
    X : array_like, shape (..., n)
        Samples.
    degree : int
        k ≥ 1.

    Returns
    -------
    ndarray, shape (..., (n + k − 1 choose k))
        √(k!/α!) x^α in the order of `symmetric_power_indices`; float32 stays float32.

    Raises
    ------
    DataError
        When there is nothing to multiply.
    ParameterError
        When the degree is not a positive integer, or there would be more than 5·10⁷ coordinates.

    Examples
    --------
    >>> from haarwire.groups import symmetric_power_features
    >>> symmetric_power_features([[1.0, 2.0]], 2).round(3)
    array([[1.   , 2.828, 4.   ]])
    """
    samples = np.asarray(X)
    if samples.ndim == 0 or samples.shape[-1] == 0 or samples.dtype.kind not in "biuf":
        raise DataError(
            f"samples of shape {samples.shape} and dtype {samples.dtype} have no monomials",
            cause="a single number, samples without features, or complex or text entries",
            remedy="give a real array of shape (n_samples, n_features)",
        )
    if samples.dtype.kind != "f":
        samples = samples.astype(np.float64)
    table = symmetric_power_indices(samples.shape[-1], degree)
    product = np.take(samples, table[:, 0], axis=-1)
    for column in table.T[1:]:
        product *= np.take(samples, column, axis=-1)
    return np.asarray(product * _scales(table).astype(samples.dtype))


def _scales(table: IndexArray) -> FloatArray:
    """√(k!/α!) of each row: the square root of its number of distinct rearrangements."""
    count = np.ones(len(table))
    run = np.ones(len(table))
    for j in range(1, table.shape[1]):
        run = np.where(table[:, j] == table[:, j - 1], run + 1.0, 1.0)
        count *= (j + 1.0) / run
    return np.asarray(np.sqrt(count))


def _power(rep: Representation, degree: int, *, symmetric: bool) -> Representation:
    word = "symmetric" if symmetric else "exterior"
    _check_size(rep.dim, degree, symmetric=symmetric, what=f"the {word} power {degree} of {rep.label}")
    if degree == 1:
        return rep
    action = rep.action
    if action is not None:
        act = partial(_act_power, action.act, degree, symmetric)
        action = replace(action, act=act, degree=degree * action.degree)
    return Representation(
        power_dim(rep.dim, degree, symmetric=symmetric),
        [power_element(g, degree, symmetric=symmetric) for g in rep.generators],
        [power_algebra(L, degree, symmetric=symmetric) for L in rep.algebra],
        name=f"{'Sym' if symmetric else 'Λ'}^{degree}({rep.name})" if rep.name else "",
        action=action,
    )


def _check_size(n: int, degree: int, *, symmetric: bool, what: str) -> None:
    # By its logarithm first: the number itself may have millions of digits.
    top = n + degree - 1 if symmetric else n
    log10 = (math.lgamma(top + 1) - math.lgamma(degree + 1) - math.lgamma(top - degree + 1)) / math.log(10.0)
    dim = power_dim(n, degree, symmetric=symmetric) if log10 < _SHORT else None
    if dim is None or dim > _LARGEST:
        raise ParameterError(
            f"{what} would act on {dim or f'about 10^{log10:.0f}'} coordinates, more than {_LARGEST}",
            cause="powers grow fast with the number of features",
            remedy="give a lower degree, or fewer features",
        )


def _act_power(act: Callable[[Any], Element], degree: int, symmetric: bool, abstract: Any) -> Element:
    return power_element(act(abstract), degree, symmetric=symmetric)
