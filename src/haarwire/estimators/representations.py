"""The parameter `representation` of every estimator: an object, a name, or a name without its size."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Final

from haarwire.errors import DataError, ParameterError
from haarwire.groups import Representation, from_name, trivial

__all__ = ["resolved"]


def _over(k: int, n: int) -> int | None:
    """The size s with k·s = n."""
    return n // k if n % k == 0 else None


def _root(k: int, n: int) -> int | None:
    """The size s with s^k = n."""
    size = round(n ** (1.0 / k))
    return size if size**k == n else None


def _less_one(n: int) -> int:
    """The size s with s + 1 = n."""
    return n - 1


def _logarithm(base: int, n: int) -> int | None:
    """The size s ≥ 1 with base^s = n."""
    size = max(round(math.log(n, base)), 1)
    return size if base**size == n else None


_SIZES: Final[dict[str, Callable[[int], int | None]]] = {
    "alternating": partial(_over, 1),
    "cube_rotations": partial(_root, 3),
    "cyclic_shifts": partial(_over, 1),
    "dihedral": partial(_over, 1),
    "hyperoctahedral": partial(_over, 1),
    "image_rotations": partial(_root, 2),
    "lorentz_vectors": partial(_over, 4),
    "o3_tensors": partial(_logarithm, 3),
    "o3_vectors": partial(_over, 3),
    "permutations": partial(_over, 1),
    "permutations_of_graphs": partial(_root, 2),
    "point_clouds": partial(_over, 3),
    "reflection": partial(_over, 1),
    "reverse_complement": partial(_logarithm, 4),
    "rigid_motions": _less_one,
    "shear": partial(_over, 1),
    "so13_tensors": partial(_logarithm, 4),
    "so3_tensors": partial(_logarithm, 3),
    "so3_vectors": partial(_over, 3),
    "special_linear": partial(_over, 1),
    "symplectic": partial(_over, 1),
    "trivial": partial(_over, 1),
    "unitary_phase": partial(_over, 2),
}
"""Names that need no size: it follows from the number of features."""


def resolved(representation: Representation | str | None, n_features: int) -> Representation:
    """The representation that an estimator's parameter stands for, on data of `n_features` features.

    Parameters
    ----------
    representation : Representation, str or None
        A name is one for `from_name`; where it goes without sizes ("image_rotations",
        "cyclic_shifts", "image_rotations:reflections=true") they follow from `n_features`, if they can.
        None is the trivial group.
    n_features : int
        n.

    Raises
    ------
    ParameterError
        When it is something else, or a name that no size fits.
    DataError
        When it acts on another number of coordinates.
    """
    if representation is None:
        return trivial(n_features)
    if isinstance(representation, str):
        representation = from_name(_completed(representation, n_features))
    if not isinstance(representation, Representation):
        raise ParameterError(
            f"representation must be a Representation, a name or None, got {representation!r}",
            cause="a group's generators, or another object in its place",
            remedy='use representation="image_rotations:8", or haarwire.Representation(n, generators)',
        )
    if representation.dim != n_features:
        raise DataError(
            f"X has {n_features} features, {representation.label} acts on {representation.dim} coordinates",
            cause="a symmetry built for data of another size, or features changed by an earlier step",
            remedy=f"build the representation for {n_features} features; many names find their size "
            'themselves: representation="cyclic_shifts"',
        )
    return representation


def _completed(text: str, n_features: int) -> str:
    name, _, arguments = (part.strip() for part in text.partition(":"))
    given = [part for part in arguments.split(",") if part.strip()]
    if name not in _SIZES or any("=" not in part for part in given):
        return text
    size = _SIZES[name](n_features)
    if size is None:
        raise DataError(
            f"no {name} acts on {n_features} coordinates",
            cause="data of another shape than this symmetry is for, such as images that are not square",
            remedy=f"give data of the right shape, or the sizes themselves as in haarwire.groups.{name}",
        )
    return f"{name}:" + ",".join([str(size), *given])
