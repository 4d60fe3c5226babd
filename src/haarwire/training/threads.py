"""One thread, for products and factorizations too small for several."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from haarwire.training._torch import require_torch

__all__ = ["one_thread"]


@contextmanager
def one_thread() -> Iterator[None]:
    """Let PyTorch, and NumPy where there is threadpoolctl (scikit-learn brings it), use one thread inside.

    For steps of microseconds and matrices of a few hundred rows, threads that wait for each other cost most
    of the time, forty times over on a busy machine.

    Raises
    ------
    MissingDependencyError
        Without PyTorch.
    """
    torch = require_torch()
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with _blas_limit():
            yield
    finally:
        torch.set_num_threads(before)


def _blas_limit() -> Any:
    try:
        return importlib.import_module("threadpoolctl").threadpool_limits(limits=1)
    except ImportError:
        return nullcontext()
