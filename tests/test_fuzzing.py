"""Every loader on some damaged files (experiments/fuzzing), in a process with limits on memory and time."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]
INPUTS = 150
NEEDS = {
    "npy": "numpy", "npz": "numpy", "parquet": "pyarrow", "arrow": "pyarrow", "csv": "pyarrow",
    "zarr": "zarr", "hdf5": "h5py", "checkpoint": "safetensors", "saved": "safetensors",
    "generators": "numpy", "names": "numpy", "dataset_npy": "numpy", "dataset_npz": "numpy",
    "dataset_csv": "numpy", "training": "numpy",
}  # fmt: skip


def test_damaged_files_give_an_object_or_an_error_of_haarwire(tmp_path) -> None:
    if not (ROOT / "experiments" / "fuzzing").exists():
        pytest.skip("experiments/fuzzing is not here (it is not part of the source distribution)")
    pytest.importorskip("resource", reason="limits are those of POSIX")
    loaders = [name for name, package in NEEDS.items() if importlib.util.find_spec(package)]
    arguments = [",".join(loaders), 1, 0, INPUTS, tmp_path / "state"]
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "experiments.fuzzing.worker", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert np.fromfile(tmp_path / "state", np.int64)[5:].sum() == INPUTS * len(loaders)


BUGS = {
    "lambda folder, options: 1 / 0": "ZeroDivisionError",
    "lambda folder, options: os.system('true')": "forbidden",
    "lambda folder, options: exec('1')": "forbidden",
    "lambda folder, options: open(os.devnull, 'w')": "forbidden",
    "lambda folder, options: pickle.loads(pickle.dumps(print))": "forbidden",
    "lambda folder, options: bytearray(2**34)": "MemoryError",
}


def test_it_would_find_bugs(tmp_path) -> None:
    if not (ROOT / "experiments" / "fuzzing").exists():
        pytest.skip("experiments/fuzzing is not here (it is not part of the source distribution)")
    pytest.importorskip("resource", reason="limits are those of POSIX")
    script = "\n".join(
        [
            "import os, pickle, sys",
            "from experiments.fuzzing import loaders, worker",
            "worker._warm_up = lambda *_: None",
            *(
                f"loaders.LOADERS['names'] = {loader}; worker.main(['names', '0', '0', '1', sys.argv[1]])"
                for loader in BUGS
            ),
        ]
    )
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", script, str(tmp_path / "state")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    found = [json.loads(line)["what"].partition(" ")[0] for line in done.stdout.splitlines()]
    assert found == list(BUGS.values())
