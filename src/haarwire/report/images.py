"""Whether the features of a data set are pixels, and of what shape."""

from __future__ import annotations

import math
import re
from typing import Final

from haarwire._numbers import is_integer
from haarwire.errors import ParameterError
from haarwire.groups import Representation

__all__ = ["image_shape_of", "side_by_side"]

_SQUARES: Final = re.compile(r"image_rotations:(\d+)")
_GRID: Final = re.compile(r"cyclic_shifts:(\d+)x(\d+)$")


def image_shape_of(rep: Representation, given: tuple[int, int] | None = None) -> tuple[int, int] | None:
    """Height and width of the images that the features are, or None where they are no images.

    Parameters
    ----------
    rep : Representation
        A rotation of images and shifts of a grid say by their names how large they are; more channels than
        one are drawn below each other.
    given : tuple of int, optional
        Height and width, where the symmetry does not tell.

    Raises
    ------
    ParameterError
        When the given shape does not have as many pixels as there are features.
    """
    if given is not None:
        shape = tuple(given)
        if len(shape) != 2 or not all(is_integer(s, 1) for s in shape) or math.prod(shape) != rep.dim:
            raise ParameterError(
                f"an image of shape {given} does not have {rep.dim} pixels",
                cause="height and width of another data set, or channels among them",
                remedy="give image_shape=(height, width) with height·width = n_features",
            )
        return int(shape[0]), int(shape[1])
    square = _SQUARES.match(rep.name)
    if square is not None:
        side = int(square[1])
        return (rep.dim // side, side) if rep.dim % side == 0 else None
    grid = _GRID.match(rep.name)
    return (int(grid[1]), int(grid[2])) if grid is not None else None


def side_by_side(rep: Representation) -> tuple[int, int]:
    """The shape of a strip: features that are no pixels, in a row."""
    return 1, rep.dim
