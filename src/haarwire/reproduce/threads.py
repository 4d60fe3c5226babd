"""One thread for the small products of training."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from haarwire.training._torch import require_torch

__all__ = ["one_thread"]


@contextmanager
def one_thread() -> Iterator[None]:
    """Let PyTorch use one thread inside: for steps of microseconds, threads that wait cost most of the time.

    Raises
    ------
    MissingDependencyError
        Without PyTorch.
    """
    torch = require_torch()
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
