"""Point clouds, as molecules: rotations of space and permutations of the points, acting together."""

from __future__ import annotations

from dataclasses import replace

from haarwire.groups._checks import affordable, flag, positive_size
from haarwire.groups.algebra import outer_product
from haarwire.groups.catalogue.rotations import o3_vectors, so3_vectors
from haarwire.groups.catalogue.symmetric import permutations
from haarwire.groups.representation import Representation

__all__ = ["point_cloud_vectors", "point_clouds"]


def point_clouds(n_points: int, n_scalars: int = 0, *, reflections: bool = False) -> Representation:
    """X ↦ P X (R ⊕ I)ᵀ: points of space in any order and orientation (S_n × SO(3), or S_n × O(3)).

    Parameters
    ----------
    n_points : int
        Points in a cloud.
    n_scalars : int, default 0
        Features of each point beside its coordinates that rotations leave alone: charges, masses. Clouds
        are arrays of shape (n_points, 3 + n_scalars), rows x, y, z, scalars, flattened by ``X.ravel()``.
    reflections : bool, default False
        Whether reflections of space belong to the group.

    Returns
    -------
    Representation
        ``permutations(n) ⊠ (vectors ⊕ scalars)``: the generators of `permutations`, with `reflections`
        the inversion, and the Lie-algebra elements L_x, L_y, L_z. An abstract element is a pair of an
        array of indices and Euler angles (as in `so3`; as in `o3` with `reflections`); None in either
        place is the identity. Invariant targets are ``.trivial(k)`` of it, vectors
        `point_cloud_vectors`.

    Raises
    ------
    ParameterError
        When `n_points` is not a positive integer, `n_scalars` negative or `reflections` not a boolean.

    References
    ----------
    V. G. Satorras, E. Hoogeboom and M. Welling, "E(n) equivariant graph neural networks", ICML 2021.

    Examples
    --------
    >>> from haarwire.groups import point_clouds
    >>> point_clouds(14, n_scalars=1).dim
    56
    """
    call = "point_clouds(14, n_scalars=1)"
    n_points = positive_size(n_points, "n_points", call)
    if n_scalars != 0 or isinstance(n_scalars, bool):
        n_scalars = positive_size(n_scalars, "n_scalars", call)
    reflections = flag(reflections, "reflections", "point_clouds(14, reflections=True)")
    affordable(n_points * (3 + n_scalars), 1, "n_points", call)
    features = o3_vectors(1) if reflections else so3_vectors(1)
    if n_scalars:
        features = features + features.trivial(n_scalars)
    options = (f",n_scalars={n_scalars}" if n_scalars else "") + (",reflections=true" if reflections else "")
    return replace(outer_product(permutations(n_points), features), name=f"point_clouds:{n_points}{options}")


def point_cloud_vectors(n_points: int, n_vectors: int = 1, *, reflections: bool = False) -> Representation:
    """V ↦ VRᵀ: vectors that belong to a point cloud, as its dipole moment, whatever the order of points.

    Parameters
    ----------
    n_points : int
        Points of the cloud.
    n_vectors : int, default 1
        Vectors, as an array of shape (n_vectors, 3) flattened by ``V.ravel()``.
    reflections : bool, default False
        As in `point_clouds`; vectors change sign under inversion.

    Returns
    -------
    Representation
        Of the group of ``point_clouds(n_points, reflections=…)``: an equivariant target for it.

    Raises
    ------
    ParameterError
        When a size is not a positive integer or `reflections` not a boolean.

    Examples
    --------
    >>> from haarwire.groups import hom, point_cloud_vectors, point_clouds
    >>> hom(point_clouds(4), point_cloud_vectors(4)).dim
    36
    """
    call = "point_cloud_vectors(14)"
    n_points = affordable(positive_size(n_points, "n_points", call), 1, "n_points", call)
    n_vectors = positive_size(n_vectors, "n_vectors", "point_cloud_vectors(14, 2)")
    reflections = flag(reflections, "reflections", "point_cloud_vectors(14, reflections=True)")
    vectors = o3_vectors(n_vectors) if reflections else so3_vectors(n_vectors)
    options = (f",n_vectors={n_vectors}" if n_vectors > 1 else "") + (
        ",reflections=true" if reflections else ""
    )
    still = permutations(n_points).trivial(1)
    return replace(outer_product(still, vectors), name=f"point_cloud_vectors:{n_points}{options}")
