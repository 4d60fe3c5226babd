"""`load`: a built-in name, or a file of one of three formats."""

from __future__ import annotations

import difflib
import os
from pathlib import Path

from haarwire.datasets.csv_file import load_csv
from haarwire.datasets.dataset import Dataset, Targets
from haarwire.datasets.numpy_files import check_is_file, load_npy, load_npz
from haarwire.datasets.samples import BUILT_IN, digits
from haarwire.errors import FileError, ParameterError, UnknownNameError
from haarwire.moments.sources.columns import Names

__all__ = ["load"]


def load(
    source: str | os.PathLike[str],
    *,
    x: Names = None,
    y: Names = None,
    targets: Targets = "auto",
) -> Dataset:
    """Read a data set: a built-in name, or a .npz, .npy or .csv file.

    Parameters
    ----------
    source : str or path
        ``"digits"`` or a path.
    x, y : str, int or list, optional
        Arrays of a .npz file; columns of a .csv or .npy file, by name or number, in a list or separated by
        commas (y may name a second .npy file). Defaults: arrays called x and y or x_train and y_train (x_test
        and y_test are then the test samples); a column called y, target(s), label(s) or class, and all
        others.
    targets : {"auto", "labels", "numbers"}
        What y holds (see `Dataset.from_arrays`).

    Returns
    -------
    Dataset

    Raises
    ------
    ParameterError
        When there are options beside a built-in name.
    UnknownNameError
        When source is neither a built-in name nor a file.
    FileError
        When the file cannot be read as what it should be, or is of another kind.
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
        if (x, y, targets) != (None, None, "auto"):
            raise ParameterError(
                f"{name} has its own inputs and labels: x={x!r}, y={y!r}, targets={targets!r} do not apply",
                cause="options for a file beside the name of a built-in data set",
                remedy=f"leave them out, or take the arrays: data = load({name!r}); data.X, data.Y",
            )
        return digits()
    path = Path(name)
    readers = {".npz": load_npz, ".npy": load_npy, ".csv": load_csv}
    if path.suffix.lower() not in readers:
        if path.is_file():
            raise FileError(
                f"{name} ends in {path.suffix or 'nothing'}: such files are not read",
                cause="a table or an archive of another kind",
                remedy="save it as .csv with commas between columns, or as .npz: np.savez(path, x=X, y=y); "
                "what can be read in pieces: Moments.from_source, split_source, and on the command line "
                "compare, path, landscape and train",
            )
        near = difflib.get_close_matches(name, BUILT_IN, n=1, cutoff=0.5)
        raise UnknownNameError(
            f"no data set is called {name!r}" + (f"; did you mean {near[0]!r}?" if near else ""),
            cause="a misspelt name, or a file that is not .npz, .npy or .csv",
            remedy=f"built-in data: {', '.join(BUILT_IN)}; files: data.npz, data.npy, data.csv",
        )
    check_is_file(path)
    return readers[path.suffix.lower()](path, x, y, targets)
