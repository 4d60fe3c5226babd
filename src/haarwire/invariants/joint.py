"""Averages over the group of inputs and targets together, moved by (x, y) ↦ (ρ(g)x, σ(g)y)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from haarwire.groups import Representation, direct_sum
from haarwire.invariants.equivariant import check_source, check_target
from haarwire.invariants.reynolds import average_moments
from haarwire.moments import Moments

__all__ = ["average_joint_moments"]


def average_joint_moments(moments: Moments, rep: Representation, target: Representation) -> Moments:
    """The moments of the data moved by every group element, inputs by ρ and targets by σ.

    The means become P̄x̄ and P̄ȳ; second moments are the Haar average of those of (x, y) under ρ ⊕ σ.

    Parameters
    ----------
    moments : Moments
        Of data with n features and m targets.
    rep, target : Representation
        Of one compact group, acting on R^n and R^m.

    Returns
    -------
    Moments
        Of the augmented data (exactly, whatever the size of the group).

    Raises
    ------
    DataError
        When features or targets and their representation do not have the same size.
    RepresentationError
        When they are not representations of one group.
    NotCompactError
        When there is no Haar average.
    ParameterError
        When one of them is no representation.

    Examples
    --------
    >>> import haarwire as hw
    >>> from haarwire.invariants import average_joint_moments
    >>> shifts = hw.groups.cyclic_shifts(2)
    >>> moments = hw.Moments.from_arrays([[1, 0], [-1, 0]], [[2, 0], [-2, 0]])
    >>> average_joint_moments(moments, shifts, shifts).cross
    array([[1., 0.],
           [0., 1.]])
    """
    check_source(rep, moments.n_features)
    check_target(target, moments.n_targets)
    joint = direct_sum(rep, target)
    size = joint.dim
    # Like sizes, so that the small ones do not drown in the rounding of the large; by a power of 2, exactly.
    units = np.ones(size)
    inputs = float(np.trace(moments.scatter[: rep.dim, : rep.dim]))
    targets = float(np.trace(moments.scatter[rep.dim :, rep.dim :]))
    if inputs > 0.0 and targets > 0.0:
        units[rep.dim :] = 2.0 ** np.round(np.log2(inputs / targets) / 2.0)
    # All coordinates count as inputs, beside one target that is always 0.
    mean, scatter = np.zeros(size + 1), np.zeros((size + 1, size + 1))
    mean[:size] = moments.mean * units
    scatter[:size, :size] = moments.scatter * units * units[:, None]
    moved = average_moments(replace(moments, n_features=size, mean=mean, scatter=scatter), joint)
    return replace(
        moments,
        mean=moved.mean[:size] / units,
        scatter=moved.scatter[:size, :size] / units / units[:, None],
    )
