"""Representations by name, as on the command line: ``from_name("image_rotations:8,channels=3")``."""

from __future__ import annotations

import difflib
import inspect
import re
from collections.abc import Callable
from functools import partial
from typing import Any, Final, TypeAlias

from haarwire.errors import ParameterError, UnknownNameError
from haarwire.groups import catalogue
from haarwire.groups.files import from_file
from haarwire.groups.representation import Representation

__all__ = ["EXAMPLES", "from_name", "names"]

EXAMPLES: Final[dict[str, str]] = {
    "alternating": "alternating:5",
    "cube_rotations": "cube_rotations:8,channels=2",
    "cyclic_shifts": "cyclic_shifts:28x28",
    "dihedral": "dihedral:6",
    "hyperoctahedral": "hyperoctahedral:3",
    "image_rotations": "image_rotations:8,channels=3",
    "lorentz_vectors": "lorentz_vectors:3",
    "o3": "o3:0e=2,1o=3",
    "o3_tensors": "o3_tensors:2",
    "o3_vectors": "o3_vectors:5",
    "permutations": "permutations:10",
    "permutations_of_graphs": "permutations_of_graphs:9",
    "permutations_of_sets": "permutations_of_sets:14x12",
    "permutations_of_tensors": "permutations_of_tensors:5x3",
    "point_cloud_vectors": "point_cloud_vectors:14,n_vectors=2",
    "point_clouds": "point_clouds:14,n_scalars=1",
    "reflection": "reflection:16",
    "reverse_complement": "reverse_complement:4",
    "rigid_motions": "rigid_motions:3",
    "scaling": "scaling:1,2,0",
    "shear": "shear:3,plane=0x2",
    "so2": "so2:0,1,2",
    "so3": "so3:0=2,1=3",
    "so3_tensors": "so3_tensors:2",
    "so3_vectors": "so3_vectors:5",
    "so13_tensors": "so13_tensors:2",
    "special_linear": "special_linear:3",
    "su2": "su2:1=2,2=1",
    "symplectic": "symplectic:4",
    "translations": "translations:1x0,0x1,1x1",
    "trivial": "trivial:10",
    "unitary_phase": "unitary_phase:3",
    "wreath": "wreath:cyclic_shifts:5,copies=4",
}
"""How each name is written with its arguments. Matrices and sympy's groups have no text."""

_ENTRIES: Final[dict[str, Callable[..., Representation]]] = {
    name: getattr(catalogue, name) for name in EXAMPLES
}
_BOOLEANS: Final = {"true": True, "yes": True, "false": False, "no": False}

Arguments: TypeAlias = tuple[list[Any], dict[str, Any]]


def names() -> dict[str, str]:
    """The named representations, each with the first line of its documentation.

    Examples
    --------
    >>> from haarwire.groups import names
    >>> sorted(names())[0]
    'alternating'
    """
    return {name: (inspect.getdoc(entry) or "").partition("\n")[0] for name, entry in _ENTRIES.items()}


def from_name(text: str) -> Representation:
    """Build a representation from a text: NAME, then a colon and the arguments, or a generators file.

    Parameters
    ----------
    text : str
        Arguments are separated by commas, or by "x" between sizes: "image_rotations:8",
        "image_rotations:8,channels=3,reflections=true", "cyclic_shifts:28x28",
        "permutations_of_sets:14x12". Frequencies and weights are listed: "so2:1,2,3"; so are wave
        vectors, "translations:1x0,0x1"; degrees come with their multiplicities: "so3:0=2,1=3",
        "o3:0e=2,1o=3"; a wreath product with what acts on a block: "wreath:cyclic_shifts:5,copies=4".
        `names` lists the names. A text that ends in ".npz" is the path of a generators file
        (`from_file`).

    Returns
    -------
    Representation
        The same as calling the function of this name. Its own name is a text that builds it again.

    Raises
    ------
    UnknownNameError
        When there is no such name; it suggests the nearest.
    ParameterError
        When the arguments do not fit; it shows which there are.
    FileError
        When a generators file cannot be read.

    Examples
    --------
    >>> from haarwire.groups import from_name
    >>> from_name("image_rotations:8,reflections=true").order
    8
    >>> from_name("so3:0=2,1=3").dim
    11
    """
    if not isinstance(text, str):
        raise ParameterError(
            f"the name of a symmetry is a text, got {type(text).__name__}",
            cause="a representation or a number where a name is needed",
            remedy='type from_name("image_rotations:8"); a Representation needs no name',
        )
    if text.endswith(".npz") and not text.startswith("wreath:"):
        return from_file(text)
    name, _, arguments = (part.strip() for part in text.partition(":"))
    if name not in _ENTRIES:
        raise _unknown(name)
    read = _READERS.get(name, _sizes)
    try:
        positional, keywords = read(arguments)
        _check_fit(name, positional, keywords)
    except _Misfit as problem:
        raise ParameterError(
            f"the arguments of {text!r} do not fit: {problem}",
            cause=f"{name} takes {_TAKES.get(name) or _shown_parameters(name)}",
            remedy=f"give them as in {EXAMPLES[name]}",
        ) from None
    try:
        return _ENTRIES[name](*positional, **keywords)
    except ParameterError as error:
        # The remedy there is a call of Python, of no use on the command line.
        remedy = f"give {_TAKES.get(name) or _shown_parameters(name)}, as in {EXAMPLES[name]}"
        raise ParameterError(error.what, cause=error.cause, remedy=remedy) from error
    except MemoryError as error:
        raise ParameterError(
            f"{text!r} needs more memory than there is: {error}",
            cause="a size with a digit too many",
            remedy=f"give smaller sizes, as in {EXAMPLES[name]}",
        ) from error


class _Misfit(Exception):  # noqa: N818
    """What is wrong with the arguments in a text."""


def _unknown(name: str) -> UnknownNameError:
    wanted = name.lower()
    parts = [known for known in _ENTRIES if wanted and (wanted in known or known in wanted)]
    near = difflib.get_close_matches(wanted, parts or _ENTRIES, n=3, cutoff=0.0 if parts else 0.6)
    return UnknownNameError(
        f"there is no symmetry named {name!r}",
        cause=f"did you mean {' or '.join(map(repr, near))}?" if near else "a misspelt name",
        remedy=f"use one of {', '.join(sorted(_ENTRIES))}, as in image_rotations:8, "
        "or the path of a generators file that ends in .npz",
    )


def _sizes(arguments: str) -> Arguments:
    """Sizes, then options as key=value; 14x12 is two sizes."""
    positional, keywords = _parsed(arguments)
    spread: list[Any] = []
    for value in positional:
        spread += value if isinstance(value, tuple) else [value]
    return spread, keywords


def _grid(arguments: str) -> Arguments:
    """The same, but 28x28 is one argument."""
    return _parsed(arguments)


def _parsed(arguments: str) -> Arguments:
    positional: list[Any] = []
    keywords: dict[str, Any] = {}
    for argument in _split(arguments):
        key, equals, value = (part.strip() for part in argument.rpartition("="))
        if not equals:
            positional.append(_value(value))
        elif key in keywords:
            raise _Misfit(f"{key} is given twice")
        else:
            keywords[key] = _value(value)
    return positional, keywords


def _value(text: str) -> Any:
    if text.lower() in _BOOLEANS:
        return _BOOLEANS[text.lower()]
    if _is_integer(text):
        return int(text)
    if re.fullmatch(r"\d+(x\d+)+", text):
        return tuple(map(_integer, text.split("x")))
    raise _Misfit(f"{text!r} is neither a size, a grid like 28x28, nor true or false")


def _integers(arguments: str) -> Arguments:
    return [[_integer(value) for value in _listed(arguments)]], {}


def _vectors(arguments: str) -> Arguments:
    vectors = [[_integer(entry) for entry in vector.split("x")] for vector in _listed(arguments)]
    if len({len(vector) for vector in vectors}) > 1:
        raise _Misfit("the wave vectors are of different lengths")
    return [vectors], {}


def _numbers(arguments: str) -> Arguments:
    found: list[int | float] = []
    for value in _listed(arguments):
        try:
            found.append(int(value) if _is_integer(value) else float(value))
        except ValueError:
            raise _Misfit(f"{value!r} is not a number") from None
    return [found], {}


def _multiplicities(read_key: Callable[[str], Any], arguments: str) -> Arguments:
    found: dict[Any, int] = {}
    for pair in _listed(arguments):
        key, equals, count = (part.strip() for part in pair.partition("="))
        irreducible = read_key(key)
        if irreducible in found:
            raise _Misfit(f"{key} is given twice")
        found[irreducible] = _integer(count) if equals else 1
    return [found], {}


def _inner_and_copies(arguments: str) -> Arguments:
    parts = re.fullmatch(r"(.+),\s*copies\s*=\s*(\d+)", arguments)
    if parts is None:
        raise _Misfit("copies is missing")
    inner, copies = parts[1].strip(), _integer(parts[2])
    return [int(inner) if _is_integer(inner) else from_name(inner)], {"copies": copies}


def _listed(arguments: str) -> list[str]:
    found = _split(arguments)
    if not found:
        raise _Misfit("there are none")
    return found


def _split(arguments: str) -> list[str]:
    return [part.strip() for part in arguments.split(",") if part.strip()]


def _is_integer(text: str) -> bool:
    # No more digits than Python converts, and far more than any size has.
    return re.fullmatch(r"[+-]?\d{1,100}", text) is not None


def _integer(text: str) -> int:
    if not _is_integer(text.strip()):
        raise _Misfit(f"{text!r} is not a whole number")
    return int(text)


def _check_fit(name: str, positional: list[Any], keywords: dict[str, Any]) -> None:
    parameters = inspect.signature(_ENTRIES[name]).parameters
    by_position = [p.name for p in parameters.values() if p.kind is not p.KEYWORD_ONLY]
    given = by_position[: len(positional)]
    if len(positional) > len(by_position):
        raise _Misfit(f"{len(positional)} values for {', '.join(by_position)}")
    for key in keywords:
        if key not in parameters:
            raise _Misfit(f"there is no option {key!r}")
        if key in given:
            raise _Misfit(f"{key} is given twice")
    for key, parameter in parameters.items():
        if parameter.default is parameter.empty and key not in given and key not in keywords:
            raise _Misfit(f"{key} is missing")


def _shown_parameters(name: str) -> str:
    shown = []
    for key, parameter in inspect.signature(_ENTRIES[name]).parameters.items():
        default = parameter.default
        if default is parameter.empty:
            shown.append(key)
        elif isinstance(default, tuple):
            shown.append(f"{key}={'x'.join(map(str, default))}")
        else:
            shown.append(f"{key}={str(default).lower()}")
    return ", ".join(shown)


_READERS: Final[dict[str, Callable[[str], Arguments]]] = {
    "cyclic_shifts": _grid,
    "o3": partial(_multiplicities, str),
    "scaling": _numbers,
    "so2": _integers,
    "so3": partial(_multiplicities, _integer),
    "su2": partial(_multiplicities, _integer),
    "translations": _vectors,
    "wreath": _inner_and_copies,
}
_TAKES: Final = {
    "o3": "degrees with parity e or o and how many copies of each, separated by commas",
    "scaling": "one power a coordinate, separated by commas",
    "so2": "whole numbers, the frequencies, separated by commas",
    "so3": "degrees and how many copies of each, separated by commas",
    "su2": "twice the spin and how many copies of each, separated by commas",
    "translations": "wave vectors of whole numbers joined by x, separated by commas",
    "wreath": "a symmetry of one block, then copies=, the number of blocks",
}
