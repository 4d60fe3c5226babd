"""Moments in a file, and back: every field is checked on the way in."""

from __future__ import annotations

import math
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from haarwire._numbers import is_integer, is_real
from haarwire.moments.container import Container, damaged
from haarwire.moments.summary import Summary

__all__ = ["KIND", "checked_fields", "fields"]

KIND = "moments"


def fields(
    n_features: int, summary: Summary, dtype: np.dtype[Any], eps: float
) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """The arrays and facts of moments."""
    arrays = {"mean": summary.mean, "scatter": summary.scatter}
    if summary.factor is not None:
        arrays["factor"] = summary.factor
    facts = {
        "n_features": n_features,
        "count": summary.n_samples,
        "weight": summary.weight,
        "dtype": dtype.name,
        "eps": eps,
    }
    return arrays, facts


def checked_fields(file: object, container: Container) -> tuple[int, Summary, np.dtype[Any], float]:
    """What `fields` gave, from a file that may hold anything.

    Raises
    ------
    FileError
        If anything is missing, of another shape, not finite, or does not belong together.
    """
    arrays, facts = container.arrays, container.facts
    if container.kind != KIND:
        remedy = "read it with haarwire.saving.load, or save moments anew."
        damaged(file, f"it holds no moments: it is of kind {container.kind!r}", remedy)
    n, count = facts.get("n_features"), facts.get("count")
    weight, eps = facts.get("weight"), facts.get("eps")
    if not (_is_count(n, 1) and _is_count(count, 0)):
        damaged(file, f"n_features is {n!r} and count {count!r}")
    if not (is_real(weight) and 0 <= weight < math.inf and (weight > 0) == (count > 0)):
        damaged(file, f"weight is {weight!r} with count {count}")
    if facts.get("dtype") not in ("float64", "float32") or not (is_real(eps) and 0 < eps < 1):
        damaged(file, f"dtype is {facts.get('dtype')!r} and eps {eps!r}")
    mean, scatter, factor = arrays.get("mean"), arrays.get("scatter"), arrays.get("factor")
    if mean is None or scatter is None or set(arrays) - {"mean", "scatter", "factor"}:
        damaged(file, f"it holds the arrays {sorted(arrays)}")
    size = len(mean) if mean.ndim == 1 else 0
    for A in (mean, scatter, *(() if factor is None else (factor,))):
        if A.dtype != np.float64 or A.shape != (size,) * (1 if A is mean else 2) or not np.isfinite(A).all():
            damaged(file, f"an array has shape {A.shape} and dtype {A.dtype}, or is not finite")
    diagonal = scatter.diagonal()
    if n >= size or not np.array_equal(scatter, scatter.T) or (diagonal < 0).any():
        damaged(file, f"its scatter is no scatter of {n} features")
    if factor is not None:
        lengths = np.einsum("ij,ij->j", factor, factor)
        if np.tril(factor, -1).any() or not np.allclose(lengths, diagonal, rtol=1e-6):
            damaged(file, "its factor is not one of its scatter")
    summary = Summary(count, float(weight), mean, scatter, None, factor)
    return n, summary, np.dtype(facts["dtype"]), float(eps)


def _is_count(value: Any, least: int) -> TypeGuard[int]:
    return is_integer(value, least) and value < 2**63
