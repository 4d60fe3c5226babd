"""`save` and `load`: one object a file."""

from __future__ import annotations

import os
from typing import Any, Final

from haarwire.errors import FileError, HaarwireError, MissingDependencyError
from haarwire.moments import Moments
from haarwire.moments.container import damaged, read_container, write_container
from haarwire.moments.saving import KIND as MOMENTS
from haarwire.moments.saving import checked_fields
from haarwire.saving.values import Reader, Writer

__all__ = ["load", "save"]

_KIND: Final = "object"


def save(value: Any, path: str | os.PathLike[str]) -> None:
    """Write an object to a file: the old file, if there is one, or the new one is there at any time, whole.

    Parameters
    ----------
    value : Moments, Solution, Representation, Subspace, or an estimator of `haarwire.estimators`
        What to save (moments as by `Moments.save`). Not `GroupAverage`, which holds an estimator of another
        library. Of a representation the generators are saved, not what the catalogue knows about it: its
        order is found anew when asked for.
    path : path
        The file, customarily ``.safetensors``.

    Raises
    ------
    FileError
        If it cannot be written.
    ParameterError
        If there is no way to save such an object, or its texts take more than 4 MB.
    MissingDependencyError
        Without safetensors (the 'io' extra).

    Examples
    --------
    >>> import tempfile, pathlib
    >>> import haarwire as hw
    >>> from haarwire.saving import load, save
    >>> data = hw.datasets.planted(hw.groups.reflection(4), 50, rng=0)
    >>> moments = hw.Moments.from_arrays(data.X, data.Y)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "moments.safetensors"
    ...     save(moments, path)
    ...     load(path)
    Moments(50 samples, 4 features, 1 target, float64)
    """
    if isinstance(value, Moments):
        value.save(path)
        return
    writer = Writer()
    tree = writer.tree(value, "the object")
    write_container(path, _KIND, writer.arrays, {"tree": tree})


def load(path: str | os.PathLike[str]) -> Any:
    """Read an object that `save`, or `Moments.save`, wrote.

    Parameters
    ----------
    path : path
        The file; it may come from anywhere.

    Returns
    -------
    object
        Of the kind that was saved.

    Raises
    ------
    FileError
        If there is no such file, or anything in it is not as `save` writes it.
    MissingDependencyError
        Without safetensors, or for an estimator without scikit-learn.
    """
    container = read_container(path)
    if container.kind == MOMENTS:
        return Moments._from_summary(*checked_fields(path, container))
    if container.kind != _KIND:
        damaged(path, f"it is of kind {container.kind!r}")
    try:
        reader = Reader(path, container.arrays)
        value = reader.value(container.facts.get("tree"))
        reader.check_all_used()
    except (FileError, MissingDependencyError):
        raise
    except HaarwireError as error:
        # Checks of constructors: they name what is wrong with their arguments.
        damaged(path, error.what)
    return value
