"""`reproduce`: all figures, the table and the JSON of results, into one folder."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

from haarwire._plain import plain_data
from haarwire.errors import FileError, ParameterError
from haarwire.plots.style import pyplot
from haarwire.reproduce.classification import cross_entropy_figure
from haarwire.reproduce.landscape import landscape_figure
from haarwire.reproduce.networks import networks_figure
from haarwire.reproduce.outcome import SENTENCES, Outcome
from haarwire.reproduce.path import path_figure
from haarwire.reproduce.runs import Run, train_all
from haarwire.reproduce.samples import samples_figure
from haarwire.reproduce.setup import Setup
from haarwire.reproduce.training import gap_figure, loss_figure
from haarwire.training.threads import one_thread

__all__ = ["FIGURES", "Done", "reproduce", "results", "table"]

Progress: TypeAlias = Callable[[str, float], None]

_DPI: Final = 100

_TRAINED: Final[dict[str, Callable[[Setup, dict[str, Run]], Outcome]]] = {
    "losses": loss_figure,
    "gap": gap_figure,
    "path": path_figure,
}
_ALONE: Final[dict[str, Callable[[Setup], Outcome]]] = {
    "landscape": landscape_figure,
    "samples": samples_figure,
    "cross_entropy": cross_entropy_figure,
    "networks": networks_figure,
}
FIGURES: Final = (*_TRAINED, *_ALONE)
"""Names of the figures, in order."""


class Done(NamedTuple):
    """One figure that was made."""

    name: str
    outcome: Outcome
    seconds: float


def reproduce(
    setup: Setup,
    out: str | os.PathLike[str],
    *,
    only: Iterable[str] | None = None,
    progress: Progress | None = None,
) -> list[Done]:
    """Make figures as PNG, a table as Markdown (results.md) and the numbers as JSON (results.json).

    Parameters
    ----------
    setup : Setup
        From `prepare`.
    out : path
        A folder, made where it is not there.
    only : iterable of str, optional
        Names out of `FIGURES`; default: all.
    progress : callable, optional
        Called with the figure's name and the share done, from 0 to 1.

    Returns
    -------
    list of Done

    Raises
    ------
    ParameterError
        When a name is none of `FIGURES`.
    FileError
        When the folder cannot be written to.
    MissingDependencyError
        Without PyTorch or matplotlib.
    """
    report = progress or _silent
    out, wanted = Path(out), set(FIGURES if only is None else only)
    chosen, unknown = [name for name in FIGURES if name in wanted], sorted(wanted - set(FIGURES))
    if unknown or not chosen:
        raise ParameterError(
            f"there is no figure {', '.join(map(repr, unknown)) or 'chosen'}",
            cause="a misspelt name, or one name in place of a list",
            remedy=f"choose from {', '.join(FIGURES)}, as in only=['path']",
        )
    pyplot().switch_backend("agg")
    try:
        out.mkdir(parents=True, exist_ok=True)
        with one_thread():
            done = _made(setup, out, chosen, report)
        (out / "results.md").write_text(table(setup, done), "utf-8")
        content = json.dumps(results(setup, done), indent=1, ensure_ascii=False, allow_nan=False)
        (out / "results.json").write_text(content + "\n", "utf-8")
    except OSError as error:
        raise FileError(
            f"{out} cannot be written to: {error.strerror or error}",
            cause="a file of this name, no permission to write there, or a full disk",
            remedy="give another folder: --out FOLDER",
        ) from error
    return done


def _made(setup: Setup, out: Path, chosen: list[str], report: Progress) -> list[Done]:
    done: list[Done] = []
    runs: dict[str, Run] | None = None
    for i, name in enumerate(chosen):
        report(name, i / len(chosen))
        started = time.perf_counter()
        if name in _TRAINED and runs is None:
            runs = train_all(setup, partial(_training, report, i, len(chosen)))
        outcome = _TRAINED[name](setup, runs or {}) if name in _TRAINED else _ALONE[name](setup)
        outcome.figure.savefig(out / f"{name}.png", dpi=_DPI)
        pyplot().close(outcome.figure)
        done.append(Done(name, outcome, time.perf_counter() - started))
    report("done", 1.0)
    return done


def _silent(name: str, share: float) -> None:
    """Report nothing."""


def _training(report: Progress, done: int, total: int, share: float) -> None:
    report("training", (done + share) / total)


def table(setup: Setup, done: list[Done]) -> str:
    """The outcome in Markdown: every check of every figure, and the sentence that it is about."""
    about = setup.describe()
    lines = [
        f"{about['data']} under {about['symmetry']}: {about['n_train']} training and {about['n_test']} test "
        f"images, rank ≤ {about['rank']}, {about['runs']} runs"
        + (", quick budgets" if about["quick"] else "")
        + f"; {about['live_pixels']} of {about['pixels']} pixels in what is trained.",
        "",
        "| Figure | What is compared | This run | Agrees if | Agrees | Seconds |",
        "|---|---|---:|---:|---|---:|",
    ]
    for name, outcome, seconds in done:
        for i, check in enumerate(outcome.checks):
            first = [f"[{name}]({name}.png)", f"{seconds:.1f}"] if i == 0 else ["", ""]
            cells = [check.statement, f"{check.value:.3g}", check.allowed, "yes" if check.agrees else "NO"]
            lines.append("| " + " | ".join([first[0], *cells, first[1]]) + " |")
    lines.append("")
    for name, outcome, _ in done:
        verdict = "agrees" if outcome.agrees else "does not agree in every number"
        lines.append(f"- **{name}** ({outcome.title}): “{SENTENCES[outcome.sentence]}” This run {verdict}.")
    return "\n".join(lines) + "\n"


def results(setup: Setup, done: list[Done]) -> dict[str, Any]:
    """Every number of every figure as plain data, as in results.json (see `plain_data`)."""
    found = {
        "setup": setup.describe(),
        "figures": {
            name: {
                "title": outcome.title,
                "sentence": SENTENCES[outcome.sentence],
                "agrees": outcome.agrees,
                "checks": outcome.checks,
                "seconds": seconds,
                "results": outcome.results,
            }
            for name, outcome, seconds in done
        },
    }
    plain: dict[str, Any] = plain_data(found)
    return plain
