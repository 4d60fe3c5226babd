"""The invariance penalty: how far a linear model is from being invariant, as a quadratic form."""

from __future__ import annotations

from typing import Literal, TypeAlias, cast, get_args

import numpy as np
import scipy.sparse as sp

from haarwire._numbers import FloatArray
from haarwire.errors import ParameterError
from haarwire.groups import Matrix, Representation
from haarwire.groups.representation import checked_representation
from haarwire.invariants.reynolds import reynolds_operator

__all__ = ["Penalty", "checked_penalty", "penalty_matrix", "sparse_penalty_matrix"]

Penalty: TypeAlias = Literal["generators", "projection"]


def checked_penalty(penalty: object) -> Penalty:
    """The word for a penalty, or ParameterError."""
    if not isinstance(penalty, str) or penalty not in get_args(Penalty):
        raise ParameterError(
            f"the penalty must be 'generators' or 'projection', got {penalty!r}",
            cause="a misspelt option",
            remedy="use penalty='generators' (any group) or penalty='projection' (compact groups)",
        )
    return cast("Penalty", penalty)


def penalty_matrix(rep: Representation, penalty: Penalty = "generators") -> FloatArray:
    """R with tr(W R Wᵀ) = ‖W A‖² (``"generators"``) or ‖W − W P̄‖² (``"projection"``).

    A = [ρ(g_1)−I, …, L_1, …] depends on the generators chosen, the Reynolds operator P̄ on the group
    only; both vanish exactly on the invariant W (theory, section 1).

    Parameters
    ----------
    rep : Representation
        Acting on R^n.
    penalty : {"generators", "projection"}
        Which of the two. ``"generators"`` exists for every group.

    Returns
    -------
    ndarray, shape (n, n)
        Positive semi-definite.

    Raises
    ------
    ParameterError
        For another word, or a `rep` that is no representation.
    NotCompactError
        For ``"projection"`` of a group without Haar average.
    """
    checked_representation(rep)
    n = rep.dim
    if checked_penalty(penalty) == "projection":
        rest = np.eye(n) - reynolds_operator(rep)
        return rest @ rest.T
    identity = sp.eye_array(n, format="csr")
    R = np.zeros((n, n))
    for g in rep.generators:
        is_dense = isinstance(g, Matrix) and not g.is_sparse
        defect = g.to_dense() - np.eye(n) if is_dense else g.to_sparse() - identity
        R += defect @ defect.T
    for L in rep.algebra:
        R += L @ L.T
    return R


def sparse_penalty_matrix(rep: Representation) -> sp.csr_array:
    """R of the penalty ``"generators"`` as a sparse array, never dense on the way."""
    identity = sp.eye_array(rep.dim, format="csr")
    parts = [g.to_sparse() - identity for g in rep.generators] + [sp.csr_array(L) for L in rep.algebra]
    return sp.csr_array(sum((A @ A.T for A in parts), start=sp.csr_array((rep.dim, rep.dim))))
