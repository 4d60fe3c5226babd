"""The examples run, draw a picture, and are as short as promised."""

from __future__ import annotations

import re
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("matplotlib", reason="the examples draw pictures")
pytest.importorskip("sklearn", reason="the examples use data of scikit-learn")

import matplotlib as mpl

EXAMPLES = Path(__file__).parents[1] / "examples"
SCRIPTS = sorted([*EXAMPLES.glob("tutorials/*.py"), *EXAMPLES.glob("gallery/*.py")])
GALLERY = [script for script in SCRIPTS if script.parent.name == "gallery"]


@pytest.fixture
def drawn() -> Iterator[Any]:
    """The figures of a script, closed afterwards."""
    mpl.use("agg")
    import matplotlib.pyplot as plt

    plt.close("all")
    yield plt.get_fignums
    plt.close("all")


@pytest.mark.filterwarnings(
    "default::DeprecationWarning:distributed", "default::ResourceWarning", "ignore:.*is non-interactive"
)
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_it_runs_and_draws(script: Path, drawn: Any) -> None:
    text = script.read_text(encoding="utf-8")
    for package, imports in (("torch", r"torch|haarwire\.training"), ("dask", "dask")):
        if re.search(rf"^(import|from) ({imports})", text, flags=re.MULTILINE):
            pytest.importorskip(package, reason=f"needs the {package} extra")
    runpy.run_path(str(script), run_name="__main__")
    assert drawn()


@pytest.mark.parametrize("script", GALLERY, ids=lambda path: path.stem)
def test_it_is_shorter_than_sixty_lines(script: Path) -> None:
    assert len(script.read_text(encoding="utf-8").splitlines()) < 60


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_its_data_are_there_for_everyone(script: Path) -> None:
    text = script.read_text(encoding="utf-8")
    assert "shared/data" not in text
    assert text.startswith('"""\n')  # a title, as the documentation needs it
