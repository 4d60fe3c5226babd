"""Data to try: sets that ship with a dependency, files of one's own, and synthetic data.

A data set holds inputs, targets and, for labels, the classes; `load` reads it from a built-in name or
from a .npz, .npy or .csv file.
"""

from __future__ import annotations

import csv
import difflib
import math
import os
import tokenize
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias, final, get_args

import numpy as np
from numpy.lib.npyio import NpzFile
from numpy.typing import ArrayLike, NDArray

from haarwire.errors import DataError, FileError, MissingDependencyError, ParameterError, UnknownNameError
from haarwire.groups import Representation
from haarwire.invariants import invariant_subspace

__all__ = ["BUILT_IN", "Dataset", "Targets", "digits", "load", "planted"]

FloatArray: TypeAlias = NDArray[np.floating[Any]]
Targets: TypeAlias = Literal["auto", "labels", "numbers"]

BUILT_IN: Final = {"digits": "1797 handwritten digits of 8×8 pixels, from scikit-learn"}

_MOST_CLASSES: Final = 256
_TARGET_NAMES: Final = ("y", "target", "targets", "label", "labels", "class")
_ARRAY_PAIRS: Final = (("x", "y"), ("X", "Y"), ("X", "y"), ("x_train", "y_train"), ("X_train", "y_train"))
_MAGIC: Final = {".npz": b"PK", ".npy": b"\x93NUMPY"}
_DAMAGE: Final = (
    OSError, ValueError, EOFError, KeyError, RuntimeError, SyntaxError, tokenize.TokenError,
    zipfile.BadZipFile, zlib.error,
)  # fmt: skip
"""What NumPy and zipfile raise at files that are not what they should be."""


@final
@dataclass(frozen=True, eq=False)
class Dataset:
    """Inputs and targets, ready for `Moments`.

    Attributes
    ----------
    name : str
        Shown in tables.
    X : ndarray, shape (n_samples, n_features)
        Inputs in the type they were stored in (8-bit images stay 8-bit).
    Y : ndarray, shape (n_samples, n_targets)
        Targets; one-hot where there are classes.
    classes : ndarray or None
        What the columns of one-hot targets stand for, sorted; None for numbers.
    test : Dataset or None
        Held-out samples, where the source has its own split.
    """

    name: str
    X: NDArray[Any]
    Y: FloatArray
    classes: NDArray[Any] | None = None
    test: Dataset | None = None

    def __repr__(self) -> str:
        kind = f"{self.Y.shape[1]} targets" if self.classes is None else f"{len(self.classes)} classes"
        held_out = f", {len(self.test.X)} held out" if self.test is not None else ""
        return f"Dataset({self.name}: {len(self.X)} samples, {self.X.shape[1]} features, {kind}{held_out})"

    @staticmethod
    def from_arrays(X: ArrayLike, y: ArrayLike, *, name: str = "data", targets: Targets = "auto") -> Dataset:
        """Make a data set from arrays; integer or string labels become one-hot targets.

        Parameters
        ----------
        X : array_like, shape (n_samples, ...)
            Inputs; images and other arrays of higher rank are flattened.
        y : array_like, shape (n_samples,) or (n_samples, n_targets)
            Labels or numbers.
        name : str
            Shown in tables.
        targets : {"auto", "labels", "numbers"}
            What y holds. ``"auto"``: labels when y is a single column of integers, booleans or strings,
            of at most 256 classes.

        Raises
        ------
        DataError
            When there are no samples, or the arrays do not fit together or are not numeric.
        ParameterError
            When targets is none of the three words.
        """
        if targets not in get_args(Targets):
            raise ParameterError(
                f"targets must be 'auto', 'labels' or 'numbers', got {targets!r}",
                cause="a misspelt word, or the targets themselves in its place",
                remedy="give Dataset.from_arrays(X, y, targets='labels')",
            )
        inputs, given = _as_array(X, "inputs", name), _as_array(y, "targets", name)
        if inputs.ndim > 0 and len(inputs) == 0:
            raise DataError(
                f"{name} has no samples: its inputs have shape {inputs.shape}",
                cause="an empty file, or a selection of rows that selects none",
                remedy="give at least one sample",
            )
        if inputs.ndim > 2:
            inputs = inputs.reshape(len(inputs), -1)
        if inputs.ndim != 2 or inputs.dtype.kind not in "biuf":
            raise DataError(
                f"the inputs of {name} have shape {inputs.shape} and dtype {inputs.dtype}",
                cause="a flat list, or text among the features",
                remedy="give real numbers of shape (n_samples, n_features); leave text columns out",
            )
        if given.ndim == 2 and given.shape[1] == 1:
            given = given[:, 0]
        if given.ndim not in (1, 2) or len(given) != len(inputs) or given.size == 0:
            raise DataError(
                f"{name} has {len(inputs)} samples of inputs and targets of shape {given.shape}",
                cause="inputs and targets of different samples, or a transposed array",
                remedy="give one target row per input row",
            )
        if targets == "labels" or (targets == "auto" and given.ndim == 1 and given.dtype.kind in "biuUSO"):
            return _labelled(name, inputs, given, most=_MOST_CLASSES if targets == "auto" else None)
        if given.dtype.kind not in "biuf":
            raise DataError(
                f"the targets of {name} have dtype {given.dtype}, numbers are needed",
                cause="several columns of text, or text where numbers were announced",
                remedy="give one column of labels (targets='labels') or numeric columns",
            )
        Y = given.reshape(len(given), -1)
        return Dataset(name, inputs, Y if Y.dtype.kind == "f" else Y.astype(np.float64))

    def split(self, test_size: float, rng: np.random.Generator) -> tuple[Dataset, Dataset]:
        """Split at random into training and test samples; a source's own split is kept.

        Parameters
        ----------
        test_size : float or int
            Share (0 < share < 1) or number (≥ 1) of test samples.
        rng : numpy.random.Generator
            Source of randomness.

        Raises
        ------
        ParameterError
            When nothing would be left to train or to test on.
        """
        if self.test is not None:
            return Dataset(self.name, self.X, self.Y, self.classes), self.test
        n = len(self.X)
        if not math.isfinite(test_size) or (test_size >= 1 and test_size != int(test_size)):
            raise ParameterError(
                f"the test size must be a share below 1 or a whole number of samples, got {test_size!r}",
                cause="a percentage, or a missing value",
                remedy="use a share such as 0.25, or a number of samples",
            )
        held_out = round(test_size * n) if 0 < test_size < 1 else int(test_size)
        if not 1 <= held_out <= n - 2:
            raise ParameterError(
                f"a test size of {test_size} leaves {n - held_out} of {n} samples to train on and "
                f"{held_out} to test on",
                cause="too few samples, or a share given where a number is needed",
                remedy="use a share such as 0.25, or a number of samples",
            )
        order = rng.permutation(n)
        test, train = np.sort(order[:held_out]), np.sort(order[held_out:])
        return tuple(Dataset(self.name, self.X[rows], self.Y[rows], self.classes) for rows in (train, test))  # type: ignore[return-value]


def _as_array(values: ArrayLike, what: str, name: str) -> NDArray[Any]:
    if isinstance(values, np.ma.MaskedArray) and np.ma.is_masked(values):
        raise DataError(
            f"the {what} of {name} are a masked array with missing entries",
            cause="missing values, which no moment can take into account",
            remedy="drop the rows with masked entries, or fill them in with .filled(value)",
        )
    try:
        return np.asarray(values)
    except ValueError as error:
        raise DataError(
            f"the {what} of {name} cannot be made an array: {error}",
            cause="rows of different lengths",
            remedy="give every sample the same number of entries",
        ) from None


def _labelled(
    name: str,
    X: NDArray[Any],
    labels: NDArray[Any],
    known: NDArray[Any] | None = None,
    most: int | None = None,
) -> Dataset:
    """One-hot targets; the classes are `known` or found, and then at most `most`."""
    if labels.ndim != 1 or labels.dtype.kind not in "biufUSO":
        raise DataError(
            f"the labels of {name} have shape {labels.shape} and dtype {labels.dtype}",
            cause="several target columns, dates or complex numbers",
            remedy="give one column of labels, or targets='numbers'",
        )
    missing = _missing(labels)
    if missing.any():
        raise DataError(
            f"the label of sample {int(missing.argmax())} of {name} is missing "
            f"({int(missing.sum())} of {len(labels)} are)",
            cause="empty cells, None or NaN in the target column",
            remedy="drop the samples without a label",
        )
    if labels.dtype.kind == "O":
        natural = np.array(labels.tolist())
        labels = natural if natural.ndim == 1 and natural.dtype.kind in "biufUS" else labels.astype(str)
    classes, codes = np.unique(labels, return_inverse=True)
    if known is not None:
        seen = set(known.tolist())
        unseen = [label for label in classes.tolist() if label not in seen]
        if unseen:
            raise DataError(
                f"the test samples of {name} have classes that training does not: {unseen[:5]}",
                cause="a split by class, or labels coded in two ways",
                remedy="give test samples of the classes in training only",
            )
        codes = np.searchsorted(known, labels)
        classes = known
    elif most is not None and len(classes) > most:
        raise DataError(
            f"the targets of {name} have {len(classes)} different values, too many to be taken for labels",
            cause="whole numbers to be predicted as numbers, or a column of names of the samples",
            remedy="say targets='numbers' (--targets numbers), or 'labels' if they are classes indeed",
        )
    Y = np.zeros((len(labels), len(classes)))
    Y[np.arange(len(labels)), codes] = 1.0
    return Dataset(name, X, Y, classes)


def _missing(labels: NDArray[Any]) -> NDArray[np.bool_]:
    if labels.dtype.kind == "f":
        return np.asarray(~np.isfinite(labels))
    if labels.dtype.kind in "US":
        return np.asarray(np.char.str_len(labels) == 0)
    if labels.dtype.kind == "O":
        # A NaN is the only value that differs from itself.
        return np.array([label is None or label != label or label == "" for label in labels])  # noqa: PLR0124
    return np.zeros(len(labels), dtype=bool)


def digits() -> Dataset:
    """1797 handwritten digits of 8×8 pixels (Alpaydin and Kaynak), as shipped with scikit-learn."""
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise MissingDependencyError(
            "the digits data set needs scikit-learn, which is not installed",
            cause="Haarwire was installed without its 'sklearn' extra",
            remedy='pip install "haarwire[sklearn]"',
        ) from error
    bunch = load_digits()
    return Dataset.from_arrays(bunch.data.astype(np.uint8), bunch.target, name="digits")


def planted(
    rep: Representation,
    n_samples: int,
    *,
    n_targets: int = 1,
    noise: float = 1.0,
    violation: float = 0.0,
    rng: np.random.Generator | int | None = None,
) -> Dataset:
    """Gaussian data whose targets are an invariant linear map of the inputs, plus noise.

    y = (V Qᵀ + violation · U) x + noise · ε, with x, ε standard normal, V and U random with entries of
    variance 1/d and 1/n, Q the invariant basis.

    Parameters
    ----------
    rep : Representation
        The symmetry to plant, acting on R^n.
    n_samples, n_targets : int
        N and m.
    noise : float
        Standard deviation of the noise.
    violation : float
        How far the map is from invariant (0: exactly invariant).
    rng : numpy.random.Generator or int, optional
        Source of randomness, or a seed for one.

    Raises
    ------
    ParameterError
        When a number of samples or targets is not a positive integer.
    """
    for what, count in (("n_samples", n_samples), ("n_targets", n_targets)):
        if isinstance(count, bool) or not isinstance(count, int | np.integer) or count < 1:
            raise ParameterError(
                f"{what} must be a positive integer, got {count!r}",
                cause="a missing or fractional size",
                remedy="give a count, as in planted(rep, 200, n_targets=3)",
            )
    generator = np.random.default_rng(rng)
    subspace = invariant_subspace(rep)
    V = generator.standard_normal((n_targets, subspace.dim)) / np.sqrt(max(subspace.dim, 1))
    U = generator.standard_normal((n_targets, rep.dim)) / np.sqrt(rep.dim)
    X = generator.standard_normal((n_samples, rep.dim))
    Y = X @ (subspace.embed(V) + violation * U).T
    return Dataset(f"planted {rep.label}", X, Y + noise * generator.standard_normal((n_samples, n_targets)))


def load(
    source: str | os.PathLike[str],
    *,
    x: str | None = None,
    y: str | None = None,
    targets: Targets = "auto",
) -> Dataset:
    """Read a data set: a built-in name, or a .npz, .npy or .csv file.

    Parameters
    ----------
    source : str or path
        ``"digits"`` or a path.
    x, y : str, optional
        Arrays of a .npz file; columns of a .csv or .npy file, by name or number, separated by commas
        (y may name a second .npy file). Defaults: arrays called x and y or x_train and y_train (x_test
        and y_test are then the test samples); a column called y, target or label, and all others.
    targets : {"auto", "labels", "numbers"}
        What y holds (see `Dataset.from_arrays`).

    Raises
    ------
    UnknownNameError
        When source is neither a built-in name nor a file.
    FileError
        When the file cannot be read as what it should be.
    DataError
        When its arrays or columns do not fit together.

    Notes
    -----
    The first line of a .csv file names the columns when it holds a name in x or y (or y's default), no
    number, or numbers that count up from 0 or 1. Otherwise it is data where it has numbers only, or text
    and numbers in the same columns as the second line.
    """
    name = os.fspath(source)
    if name in BUILT_IN:
        return digits()
    path = Path(name)
    readers = {".npz": _load_npz, ".npy": _load_npy, ".csv": _load_csv}
    if path.suffix.lower() not in readers:
        near = difflib.get_close_matches(name, BUILT_IN, n=1, cutoff=0.5)
        raise UnknownNameError(
            f"no data set is called {name!r}" + (f"; did you mean {near[0]!r}?" if near else ""),
            cause="a misspelt name, or a file that is not .npz, .npy or .csv",
            remedy=f"built-in data: {', '.join(BUILT_IN)}; files: data.npz, data.npy, data.csv",
        )
    _check_is_file(path)
    return readers[path.suffix.lower()](path, x, y, targets)


def _check_is_file(path: Path) -> None:
    if not path.is_file():
        raise FileError(
            f"{path} is a folder" if path.is_dir() else f"there is no file {path}",
            cause="a misspelt path, or another working folder",
            remedy="check the path; built-in data have names without an ending",
        )


def _unreadable(path: Path, error: object) -> FileError:
    pickled = "pickle" in str(error).lower() or "Python objects" in str(error)
    return FileError(
        f"{path} cannot be read: {'it holds pickled objects' if pickled else error}",
        cause="object arrays, which could run code when read"
        if pickled
        else "a damaged or incomplete file, or one of another format",
        remedy="save plain arrays, labels as y.astype(int) or y.astype(str): np.savez(path, x=X, y=y)",
    )


def _check_format(path: Path) -> None:
    """Whether the file begins as its ending says."""
    kind = path.suffix.lower()
    try:
        with path.open("rb") as file:
            start = file.read(6)
    except OSError as error:
        raise _unreadable(path, error.strerror or error) from error
    if start.startswith(b"\x80"):
        raise _unreadable(path, "a pickle")
    if not start.startswith(_MAGIC[kind]):
        raise _unreadable(path, f"it is not in NumPy's {kind} format" if start else "it is empty")


def _memory_map(path: Path) -> NDArray[Any]:
    _check_format(path)
    try:
        return np.asarray(np.load(path, allow_pickle=False, mmap_mode="r"))
    except _DAMAGE as error:
        raise _unreadable(path, error) from error


@contextmanager
def _archive(path: Path) -> Iterator[NpzFile]:
    _check_format(path)
    # Opened here: NumPy leaves a file of its own open when it turns out to be damaged.
    with path.open("rb") as file:
        try:
            archive = np.load(file, allow_pickle=False)
        except _DAMAGE as error:
            raise _unreadable(path, error) from error
        with archive:
            yield archive


def _load_npz(path: Path, x: str | None, y: str | None, targets: Targets) -> Dataset:
    with _archive(path) as archive:
        names = list(archive.files)
        fitting = [p for p in _ARRAY_PAIRS if (x or p[0]) in names and (y or p[1]) in names]
        if fitting:
            x, y = x or fitting[0][0], y or fitting[0][1]
        for option, name in (("--x", x), ("--y", y)):
            if name not in names:
                raise DataError(
                    f"{path.name} has no array called {name!r}"
                    if name is not None
                    else f"which array of {path.name} is {option}? It holds {', '.join(names) or 'none'}",
                    cause="arrays with names of their own",
                    remedy=f"name the arrays: --x NAME --y NAME (it holds {', '.join(names) or 'none'})",
                )
        assert x is not None and y is not None  # noqa: PT018  both are in names

        def member(name: str) -> NDArray[Any]:
            try:
                return np.asarray(archive[name])
            except _DAMAGE as error:
                raise _unreadable(path, error) from error

        data = Dataset.from_arrays(member(x), member(y), name=path.stem, targets=targets)
        x_test, y_test = x.replace("train", "test"), y.replace("train", "test")
        if x_test == x or y_test == y or not {x_test, y_test} <= set(names):
            return data
        kind: Targets = "numbers" if data.classes is None else "labels"
        test = Dataset.from_arrays(member(x_test), member(y_test), name=path.stem, targets=kind)
        if data.classes is not None:
            test = _labelled(path.stem, test.X, member(y_test).reshape(-1), data.classes)
    for what, a, b in (("features", data.X, test.X), ("targets", data.Y, test.Y)):
        if a.shape[1] != b.shape[1]:
            raise DataError(
                f"{path.name} has training samples of {a.shape[1]} {what} and test samples of {b.shape[1]}",
                cause="training and test arrays of different data",
                remedy="give arrays with the same features and targets",
            )
    return Dataset(data.name, data.X, data.Y, data.classes, test)


def _load_npy(path: Path, x: str | None, y: str | None, targets: Targets) -> Dataset:
    table = _memory_map(path)
    if y is not None and y.lower().endswith(".npy"):
        _check_is_file(Path(y))
        inputs = table if x is None else _inputs(path, _columns(path, table), x, [])
        return Dataset.from_arrays(inputs, _memory_map(Path(y)), name=path.stem, targets=targets)
    return _from_columns(path, _columns(path, table), x, y, targets)


def _columns(path: Path, table: NDArray[Any]) -> dict[str, NDArray[Any]]:
    if table.dtype.names is not None and table.ndim == 1:
        return {name: table[name] for name in table.dtype.names}
    if table.dtype.names is None and table.ndim == 2:
        return {str(i): table[:, i] for i in range(table.shape[1])}
    raise DataError(
        f"{path.name} has shape {table.shape}: its columns cannot be told",
        cause="an array of images or a flat one, without the targets",
        remedy="name a second file with the targets: --y labels.npy, and leave --x out",
    )


def _load_csv(path: Path, x: str | None, y: str | None, targets: Targets) -> Dataset:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file)
            lines = [(reader.line_num, row) for row in reader if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise FileError(
            f"{path} cannot be read: {error}",
            cause="a file in another encoding, or not a text table",
            remedy="save it as UTF-8 text with commas between the columns",
        ) from error
    if len(lines) < 2:
        raise DataError(
            f"{path.name} has {len(lines)} rows",
            cause="an empty file, or a header without data",
            remedy="give a table with a header line and one line per sample",
        )
    width = len(lines[0][1])
    ragged = next(((number, row) for number, row in lines if len(row) != width), None)
    if ragged is not None:
        raise DataError(
            f"line {ragged[0]} of {path.name} has {len(ragged[1])} columns, the first line {width}",
            cause="a comma inside a value, or another separator",
            remedy='put values that hold commas in quotes: "a, b"',
        )
    first, second = lines[0][1], lines[1][1]
    if _is_header(first, second, _names(x) | (set(_TARGET_NAMES) if y is None else _names(y))):
        names, lines = [cell.strip() for cell in first], lines[1:]
    else:
        names = [str(i) for i in range(width)]
    twice = next((name for i, name in enumerate(names) if name in names[:i]), None)
    if twice is not None:
        raise DataError(
            f"{path.name} has two columns called {twice!r}",
            cause="a table joined from two, or one without a header",
            remedy="give every column a name of its own",
        )
    columns = {name: _parsed([row[i] for _, row in lines]) for i, name in enumerate(names)}
    return _from_columns(path, columns, x, y, targets)


def _names(wanted: str | None) -> set[str]:
    parts = {part.strip() for part in (wanted or "").split(",")}
    return {part for part in parts if part and not part.lstrip("-").isdigit()}


def _is_header(first: Sequence[str], second: Sequence[str], wanted: set[str]) -> bool:
    """Whether the first line names the columns (see the notes of `load`)."""
    cells = [cell.strip() for cell in first]
    if any(cell in wanted or cell.lower() in wanted for cell in cells):
        return True
    numbers = [cell for cell in cells if _is_number(cell)]
    if len(numbers) > 2 and numbers in [[str(start + i) for i in range(len(numbers))] for start in (0, 1)]:
        return True  # as pandas names columns that have no names
    pairs = [(a, b) for a, b in zip(cells, second, strict=True) if a and b.strip()]  # empty: missing
    alike = all(_is_number(a) == _is_number(b) for a, b in pairs)
    return not numbers or (not alike and any(not _is_number(a) for a, _ in pairs))


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return "_" not in cell  # 1_000 is a number to Python only


def _parsed(cells: Sequence[str]) -> NDArray[Any]:
    """Integers where all are, numbers where all are (an empty cell is missing), else text."""
    stripped = [cell.strip() for cell in cells]
    if all(_is_number(cell) for cell in stripped if cell):
        for kind in (np.int64, np.float64):
            try:
                return np.array([cell or "nan" for cell in stripped]).astype(kind)
            except (ValueError, OverflowError):
                continue
    return np.array(stripped)


def _from_columns(
    path: Path, columns: dict[str, NDArray[Any]], x: str | None, y: str | None, targets: Targets
) -> Dataset:
    names = list(columns)
    if y is None:
        y = next((name for name in names if name.lower() in _TARGET_NAMES), None)
        if y is None:
            raise DataError(
                f"which column of {path.name} is the target? It has {_shortened(names)}",
                cause="no column is called y, target, label or class"
                + (", or another separator than commas" if len(names) == 1 else ""),
                remedy=f"name it: --y {names[-1]}",
            )
    target = _chosen(path, names, y)
    X = _inputs(path, columns, x, target)
    chosen = [columns[name] for name in target]
    Y = chosen[0] if len(chosen) == 1 else _side_by_side(chosen)
    return Dataset.from_arrays(X, Y, name=path.stem, targets=targets)


def _inputs(
    path: Path, columns: dict[str, NDArray[Any]], x: str | None, target: Sequence[str]
) -> NDArray[Any]:
    names = list(columns)
    wanted = _chosen(path, names, x) if x is not None else [name for name in names if name not in target]
    text = next((name for name in wanted if columns[name].dtype.kind not in "biuf"), None)
    if text is not None:
        cells = columns[text].tolist()
        shown = next((cell for cell in cells if not _is_number(str(cell))), cells[0])
        raise DataError(
            f"column {text!r} of {path.name} is not numeric: it holds {shown!r}",
            cause="a column of text, or of numbers with units or thousands separators",
            remedy="leave it out by naming the feature columns: --x a,b,c",
        )
    if not wanted:
        raise DataError(
            f"{path.name} has no feature columns beside the target",
            cause="a table of one column, or another separator than commas",
            remedy="give a table with commas between the columns",
        )
    return _side_by_side([columns[name] for name in wanted])


def _side_by_side(columns: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Columns, and fields of a structured array that are several each, as one matrix."""
    return np.concatenate([np.asarray(c).reshape(len(c), math.prod(c.shape[1:])) for c in columns], axis=1)


def _chosen(path: Path, names: list[str], wanted: str) -> list[str]:
    chosen = []
    for name in (part.strip() for part in wanted.split(",")):
        if name in names:
            chosen.append(name)
        elif name.lstrip("-").isdigit() and -len(names) <= int(name) < len(names):
            chosen.append(names[int(name)])
        else:
            near = difflib.get_close_matches(name, names, n=1)
            raise DataError(
                f"{path.name} has no column {name!r}" + (f"; did you mean {near[0]!r}?" if near else ""),
                cause="a misspelt column, or a number out of range",
                remedy=f"its columns are {_shortened(names)}",
            )
    return chosen


def _shortened(names: list[str], limit: int = 8) -> str:
    return ", ".join(names[:limit]) + (f", … ({len(names)} in all)" if len(names) > limit else "")
