"""Representations by name, as on the command line: ``from_name("image_rotations:8,channels=3")``."""

from __future__ import annotations

import difflib
import inspect
import re
from collections.abc import Callable
from typing import Any, Final

from haarwire.errors import ParameterError, UnknownNameError
from haarwire.groups import catalogue
from haarwire.groups.files import from_file
from haarwire.groups.representation import Representation

__all__ = ["from_name", "names"]

_ENTRIES: Final[dict[str, Callable[..., Representation]]] = {
    name: getattr(catalogue, name) for name in catalogue.__all__
}
_BOOLEANS: Final = {"true": True, "yes": True, "false": False, "no": False}


def names() -> dict[str, str]:
    """The named representations, each with the first line of its documentation.

    Examples
    --------
    >>> from haarwire.groups import names
    >>> sorted(names())[0]
    'cyclic_shifts'
    """
    return {name: (inspect.getdoc(entry) or "").partition("\n")[0] for name, entry in _ENTRIES.items()}


def from_name(text: str) -> Representation:
    """Build a representation from a text: NAME, then a colon and the arguments, or a generators file.

    Parameters
    ----------
    text : str
        Arguments are separated by commas, or by "x" between sizes: "image_rotations:8",
        "image_rotations:8,channels=3,reflections=true", "cyclic_shifts:28x28",
        "permutations_of_sets:14x12". `names` lists the names. A text that ends in ".npz" is the path
        of a generators file (`from_file`).

    Returns
    -------
    Representation
        The same as calling the function of this name.

    Raises
    ------
    UnknownNameError
        When there is no such name; it suggests the nearest.
    ParameterError
        When the arguments do not fit; it shows the signature.
    FileError
        When a generators file cannot be read.

    Examples
    --------
    >>> from haarwire.groups import from_name
    >>> from_name("image_rotations:8,reflections=true").order
    8
    """
    if not isinstance(text, str):
        raise ParameterError(
            f"the name of a symmetry is a text, got {type(text).__name__}",
            cause="a representation or a number where a name is needed",
            remedy='type from_name("image_rotations:8"); a Representation needs no name',
        )
    if text.endswith(".npz"):
        return from_file(text)
    name, _, arguments = (part.strip() for part in text.partition(":"))
    if name not in _ENTRIES:
        wanted = name.lower()
        parts = [known for known in _ENTRIES if wanted and (wanted in known or known in wanted)]
        near = parts or difflib.get_close_matches(wanted, _ENTRIES, n=1)
        raise UnknownNameError(
            f"there is no symmetry named {name!r}",
            cause=f"did you mean {near[0]!r}?" if near else "a misspelt name",
            remedy=f"use one of {', '.join(sorted(_ENTRIES))}, as in image_rotations:8, "
            "or the path of a generators file that ends in .npz",
        )
    positional, keywords = _parsed(name, text, arguments)
    try:
        inspect.signature(_ENTRIES[name]).bind(*positional, **keywords)
    except TypeError as error:
        raise _wrong_arguments(name, text, str(error)) from error
    return _ENTRIES[name](*positional, **keywords)


def _parsed(name: str, text: str, arguments: str) -> tuple[list[Any], dict[str, Any]]:
    positional: list[Any] = []
    keywords: dict[str, Any] = {}
    for argument in filter(None, arguments.split(",")):
        key, equals, value = (part.strip() for part in argument.rpartition("="))
        if equals:
            if key in keywords:
                raise _wrong_arguments(name, text, f"{key} is given twice")
            keywords[key] = _value(name, text, value)
        else:
            positional.append(_value(name, text, value))
    if name == catalogue.cyclic_shifts.__name__:
        return positional, keywords
    # Only there is 28x28 one argument, a grid; elsewhere two sizes: permutations_of_sets:14x12.
    spread: list[Any] = []
    for value in positional:
        spread += value if isinstance(value, tuple) else [value]
    return spread, keywords


def _value(name: str, text: str, value: str) -> Any:
    if value.lower() in _BOOLEANS:
        return _BOOLEANS[value.lower()]
    if re.fullmatch(r"[+-]?\d+", value):
        return int(value)
    if re.fullmatch(r"\d+(x\d+)+", value):
        return tuple(int(size) for size in value.split("x"))
    raise _wrong_arguments(name, text, f"{value!r} is neither a size, a grid like 28x28, nor true or false")


def _wrong_arguments(name: str, text: str, problem: str) -> ParameterError:
    shown = inspect.signature(_ENTRIES[name], eval_str=False)
    parameters = str(shown).partition(" -> ")[0]
    return ParameterError(
        f"the arguments of {text!r} do not fit: {problem}",
        cause=f"the signature is {name}{parameters}",
        remedy="write sizes first and options by name, as in image_rotations:8,channels=3",
    )
