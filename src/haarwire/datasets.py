"""Data to try: sets that ship with a dependency, files of one's own, and synthetic data.

A data set holds inputs, targets and, for labels, the classes; `load` reads it from a built-in name or
from a .npz, .npy or .csv file.
"""

from __future__ import annotations

import csv
import difflib
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias, final

import numpy as np
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
            What y holds. ``"auto"``: labels when y is a single column of integers, booleans or strings.

        Raises
        ------
        DataError
            When the arrays do not fit together or are not numeric.
        """
        inputs, given = np.asarray(X), np.asarray(y)
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
        if given.ndim not in (1, 2) or len(given) != len(inputs):
            raise DataError(
                f"{name} has {len(inputs)} samples of inputs and targets of shape {given.shape}",
                cause="inputs and targets of different samples, or a transposed array",
                remedy="give one target row per input row",
            )
        if targets == "auto":
            targets = "labels" if given.ndim == 1 and given.dtype.kind in "biuUSO" else "numbers"
        if targets == "labels":
            return _labelled(name, inputs, given)
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


def _labelled(name: str, X: NDArray[Any], labels: NDArray[Any], known: NDArray[Any] | None = None) -> Dataset:
    if labels.ndim != 1 or (labels.dtype.kind == "f" and not np.isfinite(labels).all()):
        raise DataError(
            f"the labels of {name} have shape {labels.shape} and dtype {labels.dtype}",
            cause="several target columns, or missing labels",
            remedy="give one column of labels without gaps, or targets='numbers'",
        )
    if labels.dtype.kind == "O":
        labels = labels.astype(str)
    classes, codes = np.unique(labels, return_inverse=True)
    if known is not None:
        unseen = np.setdiff1d(classes, known)
        if unseen.size:
            raise DataError(
                f"the test samples of {name} have classes that training does not: {unseen[:5].tolist()}",
                cause="a split by class, or labels coded in two ways",
                remedy="give test samples of the classes in training only",
            )
        codes = np.searchsorted(known, labels)
        classes = known
    if len(classes) > _MOST_CLASSES and labels.dtype.kind in "iu":
        raise DataError(
            f"the integer targets of {name} have {len(classes)} different values",
            cause="whole numbers to be predicted as numbers, taken for labels",
            remedy="say targets='numbers' (--targets numbers), or 'labels' with fewer classes",
        )
    Y = np.zeros((len(labels), len(classes)))
    Y[np.arange(len(labels)), codes] = 1.0
    return Dataset(name, X, Y, classes)


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
    """
    generator = np.random.default_rng(rng)
    subspace = invariant_subspace(rep)
    V = generator.standard_normal((n_targets, subspace.dim)) / np.sqrt(max(subspace.dim, 1))
    U = generator.standard_normal((n_targets, rep.dim)) / np.sqrt(rep.dim)
    X = generator.standard_normal((n_samples, rep.dim))
    Y = X @ (subspace.embed(V) + violation * U).T
    return Dataset(f"planted {rep.label}", X, Y + noise * generator.standard_normal((n_samples, n_targets)))


def load(source: str, *, x: str | None = None, y: str | None = None, targets: Targets = "auto") -> Dataset:
    """Read a data set: a built-in name, or a .npz, .npy or .csv file.

    Parameters
    ----------
    source : str
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
    """
    if source in BUILT_IN:
        return digits()
    path = Path(source)
    readers = {".npz": _load_npz, ".npy": _load_npy, ".csv": _load_csv}
    if path.suffix.lower() not in readers:
        near = difflib.get_close_matches(source, BUILT_IN, n=1, cutoff=0.5)
        raise UnknownNameError(
            f"no data set is called {source!r}" + (f"; did you mean {near[0]!r}?" if near else ""),
            cause="a misspelt name, or a file that is not .npz, .npy or .csv",
            remedy=f"built-in data: {', '.join(BUILT_IN)}; files: data.npz, data.npy, data.csv",
        )
    if not path.is_file():
        raise FileError(
            f"there is no file {source}",
            cause="a misspelt path, or another working folder",
            remedy="check the path; built-in data have names without an ending",
        )
    return readers[path.suffix.lower()](path, x, y, targets)


def _unreadable(path: Path, error: Exception) -> FileError:
    pickled = "allow_pickle" in str(error) or "pickle" in str(error).lower()
    return FileError(
        f"{path} cannot be read: {'it holds pickled objects' if pickled else error}",
        cause="object arrays, which could run code when read"
        if pickled
        else "a damaged or incomplete file, or one of another format",
        remedy="save plain numeric arrays: np.savez(path, x=X, y=y)",
    )


def _read(path: Path) -> Any:
    try:
        return np.load(path, allow_pickle=False, mmap_mode="r" if path.suffix == ".npy" else None)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise _unreadable(path, error) from error


def _load_npz(path: Path, x: str | None, y: str | None, targets: Targets) -> Dataset:
    archive = _read(path)
    if not hasattr(archive, "files"):
        raise _unreadable(path, ValueError("not an archive of arrays"))
    with archive:
        names = list(archive.files)
        if x is None and y is None:
            found = next((pair for pair in _ARRAY_PAIRS if set(pair) <= set(names)), None)
            x, y = found if found is not None else (None, None)
        for option, name in (("--x", x), ("--y", y)):
            if name not in names:
                raise DataError(
                    f"{path.name} has no array called {name!r}"
                    if name is not None
                    else f"which array of {path.name} is {option}? It holds {', '.join(names)}",
                    cause="arrays with names of their own",
                    remedy=f"name the arrays: --x {names[0] if names else 'x'} --y "
                    f"{names[-1] if names else 'y'} (it holds {', '.join(names) or 'none'})",
                )
        assert x is not None and y is not None  # noqa: PT018  both are in names

        def member(name: str) -> NDArray[Any]:
            try:
                return np.asarray(archive[name])
            except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
                raise _unreadable(path, error) from error

        data = Dataset.from_arrays(member(x), member(y), name=path.stem, targets=targets)
        x_test, y_test = x.replace("train", "test"), y.replace("train", "test")
        if x_test == x or y_test == y or not {x_test, y_test} <= set(names):
            return data
        test = Dataset.from_arrays(member(x_test), member(y_test), name=path.stem, targets=targets)
        if data.classes is not None:
            test = _labelled(path.stem, test.X, np.asarray(member(y_test)).reshape(-1), data.classes)
    if test.X.shape[1] != data.X.shape[1] or test.Y.shape[1] != data.Y.shape[1]:
        raise DataError(
            f"{x} has {data.X.shape[1]} features and {x_test} has {test.X.shape[1]}",
            cause="training and test arrays of different data",
            remedy="give arrays with the same features and targets",
        )
    return Dataset(data.name, data.X, data.Y, data.classes, test)


def _load_npy(path: Path, x: str | None, y: str | None, targets: Targets) -> Dataset:
    table = _read(path)
    if y is not None and y.endswith(".npy"):
        return Dataset.from_arrays(table, _read(Path(y)), name=path.stem, targets=targets)
    if table.dtype.names is not None:
        columns = {name: np.asarray(table[name]) for name in table.dtype.names}
    elif table.ndim == 2:
        columns = {str(i): np.asarray(table[:, i]) for i in range(table.shape[1])}
    else:
        raise DataError(
            f"{path.name} has shape {table.shape}: its target column cannot be told",
            cause="an array of images or a flat one, without the targets",
            remedy="name a second file with the targets: --y labels.npy",
        )
    return _from_columns(path, columns, x, y, targets)


def _load_csv(path: Path, x: str | None, y: str | None, targets: Targets) -> Dataset:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = [row for row in csv.reader(file) if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise FileError(
            f"{path} cannot be read: {error}",
            cause="a file in another encoding, or not a text table",
            remedy="save it as UTF-8 text with commas between the columns",
        ) from error
    if len(rows) < 2:
        raise DataError(
            f"{path.name} has {len(rows)} rows",
            cause="an empty file, or a header without data",
            remedy="give a table with a header line and one line per sample",
        )
    header, body = rows[0], rows[1:]
    if all(_is_number(cell) for cell in header):
        header, body = [str(i) for i in range(len(header))], rows
    ragged = next((i for i, row in enumerate(body) if len(row) != len(header)), None)
    if ragged is not None:
        raise DataError(
            f"row {ragged + 1} of {path.name} has {len(body[ragged])} columns, the header {len(header)}",
            cause="a comma inside a value, or another separator",
            remedy='put values that hold commas in quotes: "a, b"',
        )
    columns = {name.strip(): _parsed([row[i] for row in body]) for i, name in enumerate(header)}
    return _from_columns(path, columns, x, y, targets)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _parsed(cells: Sequence[str]) -> NDArray[Any]:
    """Integers where all are, numbers where all are (an empty cell is missing), else text."""
    stripped = [cell.strip() for cell in cells]
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
                cause="no column is called y, target, label or class",
                remedy=f"name it: --y {names[-1]}",
            )
    wanted = {"--y": _chosen(path, names, y)}
    wanted["--x"] = (
        [name for name in names if name not in wanted["--y"]] if x is None else _chosen(path, names, x)
    )
    text = [name for name in wanted["--x"] if columns[name].dtype.kind not in "biuf"]
    if text or not wanted["--x"]:
        raise DataError(
            f"column {text[0]!r} of {path.name} is not numeric: it holds {str(columns[text[0]][0])!r}"
            if text
            else f"{path.name} has no feature columns beside the target",
            cause="a column of text, or of numbers with units or thousands separators",
            remedy="leave it out by naming the feature columns: --x a,b,c",
        )
    X = np.stack([columns[name] for name in wanted["--x"]], axis=1)
    chosen = [columns[name] for name in wanted["--y"]]
    Y = chosen[0] if len(chosen) == 1 else np.stack(chosen, axis=1)
    return Dataset.from_arrays(X, Y, name=path.stem, targets=targets)


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
