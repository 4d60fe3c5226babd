"""Data to try: sets that ship with a dependency, and synthetic data with a planted symmetry."""

from __future__ import annotations

from typing import Final

import numpy as np

from haarwire._numbers import is_integer
from haarwire.datasets.dataset import Dataset
from haarwire.errors import MissingDependencyError, ParameterError
from haarwire.groups import Representation
from haarwire.invariants import invariant_subspace

__all__ = ["BUILT_IN", "digits", "planted"]

BUILT_IN: Final = {"digits": "1797 handwritten digits of 8×8 pixels, from scikit-learn"}
"""Data sets that `load` knows by name, and what they are."""


def digits() -> Dataset:
    """1797 handwritten digits of 8×8 pixels (Alpaydin and Kaynak), as shipped with scikit-learn."""
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise MissingDependencyError(
            "the digits data set needs scikit-learn, which is not installed",
            cause="Haarwire was installed without its 'sklearn' extra",
            remedy='pip install "haarwire[sklearn]"',
        ) from error
    bunch = load_digits()
    return Dataset.from_arrays(bunch.data.astype(np.uint8), bunch.target, name="digits")


def planted(
    rep: Representation,
    n_samples: int,
    *,
    n_targets: int = 1,
    noise: float = 1.0,
    violation: float = 0.0,
    rng: np.random.Generator | int | None = None,
) -> Dataset:
    """Gaussian data whose targets are an invariant linear map of the inputs, plus noise.

    y = (V Qᵀ + violation · U) x + noise · ε, with x, ε standard normal, V and U random with entries of
    variance 1/d and 1/n, Q the invariant basis.

    Parameters
    ----------
    rep : Representation
        The symmetry to plant, acting on R^n.
    n_samples, n_targets : int
        N and m.
    noise : float
        Standard deviation of the noise.
    violation : float
        How far the map is from invariant (0: exactly invariant).
    rng : numpy.random.Generator or int, optional
        Source of randomness, or a seed for one.

    Returns
    -------
    Dataset

    Raises
    ------
    ParameterError
        When a number of samples or targets is not a positive integer.
    """
    for what, count in (("n_samples", n_samples), ("n_targets", n_targets)):
        if not is_integer(count, 1):
            raise ParameterError(
                f"{what} must be a positive integer, got {count!r}",
                cause="a missing or fractional size",
                remedy="give a count, as in planted(rep, 200, n_targets=3)",
            )
    generator = np.random.default_rng(rng)
    subspace = invariant_subspace(rep)
    V = generator.standard_normal((n_targets, subspace.dim)) / np.sqrt(max(subspace.dim, 1))
    U = generator.standard_normal((n_targets, rep.dim)) / np.sqrt(rep.dim)
    X = generator.standard_normal((n_samples, rep.dim))
    Y = X @ (subspace.embed(V) + violation * U).T
    return Dataset(f"planted {rep.label}", X, Y + noise * generator.standard_normal((n_samples, n_targets)))
