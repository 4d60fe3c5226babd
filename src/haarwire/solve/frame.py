"""The invariance penalty, whitened: what the regularization path needs of the symmetry alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from haarwire._linalg import block_eigh, default_tolerance
from haarwire._numbers import FloatArray
from haarwire.errors import RepresentationError
from haarwire.groups import Representation
from haarwire.invariants import Subspace, invariant_subspace, penalty_matrix
from haarwire.invariants.penalty import Penalty

__all__ = ["PenaltyFrame", "penalty_frame"]


@final
@dataclass(frozen=True, eq=False)
class PenaltyFrame:
    """What the path needs of the symmetry alone: shared by all data sets, and by all folds of one.

    Attributes
    ----------
    subspace : Subspace
        The invariant functionals.
    scaling : ndarray, shape (n − d, n − d)
        K: with P the orthonormal basis of their complement, H = P K has HᵀRH = I.
    values : ndarray, shape (n − d,)
        Eigenvalues ρ of R there: KᵀK = HᵀH = diag(1/ρ).
    penalty : {"generators", "projection"}
        Which R.
    """

    subspace: Subspace
    scaling: FloatArray
    values: FloatArray
    penalty: Penalty


def penalty_frame(rep: Representation, penalty: Penalty = "generators") -> PenaltyFrame:
    """Whiten the penalty matrix on the complement of the invariant functionals."""
    subspace = invariant_subspace(rep)
    R = penalty_matrix(rep, penalty)
    complement = subspace.complement_matrix
    restricted = complement.T @ R @ complement
    values, vectors = block_eigh((restricted + restricted.T) / 2.0)
    if values.size and values.min() <= default_tolerance(rep.dim) * values.max():
        raise RepresentationError(
            f"the penalty of {rep.label} is singular to working precision outside the invariant "
            f"functionals: its eigenvalues run from {values.min():.1e} to {values.max():.1e}",
            cause="a generator so close to the identity that its penalty drowns in rounding errors",
            remedy="use penalty='projection', or give the generator's logarithm as a Lie-algebra element",
        )
    return PenaltyFrame(subspace, vectors / np.sqrt(values), values, penalty)
