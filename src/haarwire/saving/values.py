"""Values as a tree of JSON with arrays beside it, and back."""

from __future__ import annotations

import math
from typing import Any, Final, TypeAlias

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from haarwire._numbers import is_integer
from haarwire.errors import ParameterError
from haarwire.moments.container import damaged
from haarwire.saving.kinds import KINDS, kind_of

__all__ = ["Reader", "Writer"]

Tree: TypeAlias = Any

_DEEPEST: Final = 20
_MOST_TEXT: Final = 2**24
_WORDS: Final = {"inf": math.inf, "-inf": -math.inf, "nan": math.nan}


class Writer:
    """Turns a value into a tree, and collects its arrays.

    Attributes
    ----------
    arrays : dict of str to ndarray
        By the names that the tree uses.
    """

    def __init__(self) -> None:
        self.arrays: dict[str, NDArray[Any]] = {}

    def tree(self, value: Any, where: str, depth: int = 0) -> Tree:
        """The tree of a value.

        Raises
        ------
        ParameterError
            If there is none; names the part that cannot be saved.
        """
        if depth > _DEEPEST:
            raise ParameterError(
                f"{where} is nested deeper than {_DEEPEST} levels.",
                cause="lists in lists, or an object that holds itself.",
                remedy="save its parts by themselves, or numbers as an array.",
            )
        if value is None or isinstance(value, bool | str | int | float | np.generic):
            return _scalar(value, where)
        if isinstance(value, np.ndarray):
            return self._array(value, where, depth)
        if sp.issparse(value):
            csr = sp.csr_array(value)
            names = ("data", "indices", "indptr")
            parts = {name: self.tree(getattr(csr, name), where, depth + 1) for name in names}
            return {"sparse": parts, "shape": list(csr.shape)}
        if isinstance(value, list | tuple):
            items = [self.tree(item, f"{where}[{i}]", depth + 1) for i, item in enumerate(value)]
            return {"tuple" if isinstance(value, tuple) else "list": items}
        if isinstance(value, dict) and all(isinstance(key, str) for key in value):
            trees = {key: self.tree(item, f"{where}[{key!r}]", depth + 1) for key, item in value.items()}
            return {"dict": trees}
        return self._object(value, where, depth)

    def _object(self, value: Any, where: str, depth: int) -> Tree:
        kind = kind_of(value)
        if kind is None:
            raise ParameterError(
                f"{where} is a {type(value).__name__}, which cannot be saved.",
                cause="an object of another library, or one that only lives in memory.",
                remedy="save moments, solutions, representations and estimators whose parameters are "
                "numbers, texts, arrays or representations.",
            )
        fields = KINDS[kind].fields(value)
        trees = {name: self.tree(item, f"{where}.{name}", depth + 1) for name, item in fields.items()}
        return {"kind": kind, "fields": trees}

    def _array(self, value: NDArray[Any], where: str, depth: int) -> Tree:
        is_masked = isinstance(value, np.ma.MaskedArray)
        if value.dtype.kind in "OU" and value.ndim == 1 and not is_masked:
            items = [self.tree(item, f"{where}[{i}]", depth + 1) for i, item in enumerate(value.tolist())]
            if value.dtype.kind == "U" and _width(items) > _MOST_TEXT:
                raise ParameterError(
                    f"{where} holds {len(items)} texts, the longest of {max(map(len, items))} letters.",
                    cause="a text much longer than the others, whose width all of them have.",
                    remedy="save them as objects: texts.astype(object).",
                )
            return {"objects": items, "is_text": value.dtype.kind == "U"}
        if is_masked or value.dtype.name not in _DTYPES:
            raise ParameterError(
                f"{where} is {'a masked' if is_masked else 'an'} array of dtype {value.dtype}, which cannot "
                "be saved.",
                cause="complex numbers, dates, masks or several dimensions of texts.",
                remedy="use real numbers of at most 64 bits (32 without sign), or vectors of texts.",
            )
        if value.dtype.kind == "f":
            kept = value.astype(np.float32 if value.dtype == np.float32 else np.float64, copy=False)
        else:
            kept = value if value.dtype in (np.bool_, np.uint8) else value.astype(np.int64)
        name = f"a{len(self.arrays)}"
        self.arrays[name] = kept
        return {"array": name, "dtype": value.dtype.name}


def _scalar(value: Any, where: str) -> Tree:
    plain = value.item() if isinstance(value, np.generic) else value
    if isinstance(plain, float) and not math.isfinite(plain):
        return {"number": str(plain)}
    if not (plain is None or isinstance(plain, bool | str | int | float)):
        raise ParameterError(
            f"{where} is {value!r}, which cannot be saved.",
            cause="a complex number or a date.",
            remedy="use a number or a text.",
        )
    return plain


class Reader:
    """Turns a tree back into the value, believing nothing in it.

    Parameters
    ----------
    file : path
        For messages.
    arrays : dict of str to ndarray
        By the names that the tree uses.
    """

    def __init__(self, file: object, arrays: dict[str, NDArray[Any]]) -> None:
        self._file = file
        self._arrays = arrays
        self._unused = set(arrays)

    def value(self, tree: Tree, depth: int = 0) -> Any:
        """The value of a tree.

        Raises
        ------
        FileError
            If it is not as `Writer` writes it.
        """
        if depth > _DEEPEST:
            damaged(self._file, "it is nested too deep")
        if tree is None or isinstance(tree, bool | int | float | str):
            return tree
        if not isinstance(tree, dict) or not tree:
            damaged(self._file, f"it holds {str(tree)[:40]!r}")
        word = next(iter(tree))
        read = getattr(self, f"_{word}", None) if word in _NODES else None
        if read is None:
            damaged(self._file, f"it holds {str(tree)[:40]!r}")
        return read(tree, depth + 1)

    def check_all_used(self) -> None:
        """Every array must have been asked for."""
        if self._unused:
            damaged(self._file, f"nothing refers to its array {min(self._unused)!r}")

    def _number(self, tree: Tree, _depth: int) -> float:
        word = tree["number"]
        if not isinstance(word, str) or word not in _WORDS:
            damaged(self._file, f"{word!r} is no number")
        return _WORDS[word]

    def _array(self, tree: Tree, _depth: int) -> NDArray[Any]:
        name = tree["array"]
        if not isinstance(name, str) or name not in self._arrays:
            damaged(self._file, f"it has no array {name!r}")
        if name not in self._unused:
            damaged(self._file, f"its array {name!r} is used twice")
        self._unused.discard(name)
        A = self._arrays[name]
        dtype = tree.get("dtype")
        if not isinstance(dtype, str) or dtype not in _DTYPES:
            damaged(self._file, f"{dtype!r} is no type of array")
        kept = A.astype(dtype)
        if not np.array_equal(kept, A, equal_nan=A.dtype.kind == "f"):
            damaged(self._file, f"its array {name!r} is not of type {dtype}")
        return kept

    def _sparse(self, tree: Tree, depth: int) -> sp.csr_array:
        parts, shape = tree["sparse"], tree.get("shape")
        names = ("data", "indices", "indptr")
        if not isinstance(parts, dict) or set(parts) != set(names) or not _is_shape(shape):
            damaged(self._file, "a sparse array is not complete")
        data, indices, indptr = (self.value(parts[name], depth) for name in names)
        m, n = shape
        if not all(isinstance(A, np.ndarray) and A.ndim == 1 for A in (data, indices, indptr)):
            damaged(self._file, "a sparse array has parts that are no vectors")
        if indices.dtype.kind != "i" or indptr.dtype.kind != "i" or data.dtype.kind not in "fi":
            damaged(self._file, "a sparse array has indices that are no integers")
        steps = np.diff(indptr)
        if len(indptr) != m + 1 or indptr[0] != 0 or (steps < 0).any() or indptr[-1] != len(data):
            damaged(self._file, "a sparse array does not fit together")
        if len(indices) != len(data) or (len(data) and not 0 <= indices.min() <= indices.max() < n):
            damaged(self._file, "a sparse array has indices out of range")
        return sp.csr_array((data, indices, indptr), shape=(m, n))

    def _objects(self, tree: Tree, depth: int) -> NDArray[Any]:
        if not isinstance(tree["objects"], list):
            damaged(self._file, "a list of objects is none")
        items = [self.value(item, depth) for item in tree["objects"]]
        if tree.get("is_text") is True:
            if not all(isinstance(item, str) for item in items):
                damaged(self._file, "a list of texts is none")
            if _width(items) > _MOST_TEXT:
                damaged(self._file, "its texts are too long")
            return np.array(items, dtype=np.str_)
        found: NDArray[Any] = np.empty(len(items), object)
        found[:] = items
        return found

    def _list(self, tree: Tree, depth: int) -> list[Any]:
        if not isinstance(tree["list"], list):
            damaged(self._file, "a list is none")
        return [self.value(item, depth) for item in tree["list"]]

    def _tuple(self, tree: Tree, depth: int) -> tuple[Any, ...]:
        if not isinstance(tree["tuple"], list):
            damaged(self._file, "a tuple is none")
        return tuple(self.value(item, depth) for item in tree["tuple"])

    def _dict(self, tree: Tree, depth: int) -> dict[str, Any]:
        if not isinstance(tree["dict"], dict):
            damaged(self._file, "a dict is none")
        return {key: self.value(item, depth) for key, item in tree["dict"].items()}

    def _kind(self, tree: Tree, depth: int) -> Any:
        kind, fields = tree["kind"], tree.get("fields")
        if not isinstance(kind, str) or kind not in KINDS or not isinstance(fields, dict):
            damaged(self._file, f"it holds an object of kind {kind!r}")
        values = {name: self.value(item, depth) for name, item in fields.items()}
        return KINDS[kind].build(self._file, values)


_NODES: Final = ("number", "array", "sparse", "objects", "list", "tuple", "dict", "kind")

_DTYPES: Final = (
    "float64", "float32", "float16", "int64", "int32", "int16", "int8", "uint32", "uint16", "uint8", "bool",
)  # fmt: skip


def _is_shape(shape: Any) -> bool:
    return isinstance(shape, list) and len(shape) == 2 and all(is_integer(n, 1) and n < 2**40 for n in shape)


def _width(texts: list[str]) -> int:
    """Letters in an array of these texts: the width of the longest, for all."""
    return max(map(len, texts), default=0) * len(texts)
