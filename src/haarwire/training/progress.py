"""The progress of a training run: a bar, a function of one's own, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeAlias

from haarwire.errors import MissingDependencyError, ParameterError

__all__ = ["Report", "reporting"]

Report: TypeAlias = Callable[[int, int], object]
"""Called with the number of the step and how many there will be at most."""


@contextmanager
def reporting(progress: bool | Report) -> Iterator[Report | None]:
    """What to call while the training goes on: for True a bar on standard error.

    Raises
    ------
    MissingDependencyError
        For True without rich.
    ParameterError
        When it is neither true or false nor a function.
    """
    if not isinstance(progress, bool):
        if not callable(progress):
            raise ParameterError(
                f"progress must be True, False or a function, got {progress!r}",
                cause="a number of steps, or the name of a progress bar",
                remedy="use progress=True for a bar, or progress=lambda step, steps: …",
            )
        yield progress
    elif not progress:
        yield None
    else:
        with _bar() as bar:
            yield partial(_shown, bar, bar.add_task("training", total=None))


def _shown(bar: Any, task: Any, step: int, steps: int) -> None:
    bar.update(task, completed=step, total=steps)


def _bar() -> Any:
    try:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
    except ImportError as error:
        raise MissingDependencyError(
            "a progress bar needs rich, which is not installed",
            cause="Haarwire was installed without its 'cli' extra",
            remedy='pip install "haarwire[cli]", or give a function: progress=lambda step, steps: …',
        ) from error
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True))
