"""What is fuzzed: functions of a folder with the damaged files, and of options."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import haarwire as hw
from haarwire.datasets import load as load_dataset
from haarwire.saving import load as load_saved
from haarwire.training.checkpoint import load_checkpoint

from .seeds import batches

__all__ = ["LOADERS", "Loader"]

Loader = Callable[[Path, dict[str, Any]], object]


def _source(name: str, folder: Path, options: dict[str, Any]) -> object:
    return hw.Moments.from_source(folder / name, accuracy="gram", chunk_rows=64, **_told(folder, options))


def _dataset(name: str, folder: Path, options: dict[str, Any]) -> object:
    options = {key: value for key, value in options.items() if key in ("x", "y")}
    return load_dataset(folder / name, **_told(folder, options))


def _told(folder: Path, options: dict[str, Any]) -> dict[str, Any]:
    """A second file is beside the first one."""
    y = options.get("y")
    return options | {"y": str(folder / y)} if isinstance(y, str) and y.endswith(".npy") else options


def _checkpoint(folder: Path, options: dict[str, Any]) -> object:
    return hw.Moments.from_source(batches(), **options, checkpoint=folder / "f")


def _saved(folder: Path, _options: dict[str, Any]) -> object:
    return load_saved(folder / "f")


def _training(folder: Path, _options: dict[str, Any]) -> object:
    return load_checkpoint(folder / "f.npz", "mark")


def _generators(folder: Path, _options: dict[str, Any]) -> object:
    return hw.groups.from_file(folder / "f.npz")


def _name(folder: Path, _options: dict[str, Any]) -> object:
    path = folder / "name"
    text = path.read_bytes().decode("utf-8", "surrogateescape") if path.exists() else ""
    return hw.groups.from_name(text)


LOADERS: dict[str, Loader] = {
    "npy": partial(_source, "f.npy"),
    "npz": partial(_source, "f.npz"),
    "parquet": partial(_source, "f.parquet"),
    "arrow": partial(_source, "f.arrow"),
    "csv": partial(_source, "f.csv"),
    "zarr": partial(_source, "f.zarr"),
    "hdf5": partial(_source, "f.h5"),
    "checkpoint": _checkpoint,
    "saved": _saved,
    "training": _training,
    "generators": _generators,
    "names": _name,
    "dataset_npy": partial(_dataset, "f.npy"),
    "dataset_npz": partial(_dataset, "f.npz"),
    "dataset_csv": partial(_dataset, "f.csv"),
}
