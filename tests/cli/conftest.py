"""The command run in this process, and a folder with data."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

Output = tuple[int, str, str]
Run = Callable[..., Output]

N_FEATURES = 6


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with data.npz (labels) and numbers.npz (numbers): six features each."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    X = rng.standard_normal((90, N_FEATURES))
    mean = X.mean(axis=1)
    np.savez("data.npz", x=X, y=(mean > 0).astype(int))
    np.savez("numbers.npz", x=X, y=mean + 0.1 * rng.standard_normal(90))
    return tmp_path


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command in this process: exit code, standard output, standard error."""
    for name in ("FORCE_COLOR", "COLUMNS", "TERMINAL_WIDTH", "GITHUB_ACTIONS", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)

    from haarwire import cli

    def command(*arguments: str, columns: int | None = None) -> Output:
        if columns is not None:
            monkeypatch.setenv("COLUMNS", str(columns))
        with pytest.raises(SystemExit) as exit_:
            cli.main(list(arguments))
        captured = capsys.readouterr()
        code = exit_.value.code
        return int(code or 0), captured.out, captured.err

    return command


@pytest.fixture
def diagonal(folder: Path) -> tuple[str, ...]:
    """C₀ = I, B = diag(1, 2) under diag(1, 2): R = diag(0, 1), and at rank 1 the path jumps at alpha = 3."""
    X = np.sqrt(2.0) * np.concatenate([np.eye(2), -np.eye(2)])
    np.savez("diagonal.npz", x=X, y=X * [1.0, 2.0])
    np.savez("stretch.npz", stretch=np.diag([1.0, 2.0]))
    return ("diagonal.npz", "--symmetry", "stretch.npz", "--rank", "1")
