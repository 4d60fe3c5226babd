"""The regularization path as plain data: every quantity at every strength, for every rank."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import numpy as np

from haarwire._numbers import FloatArray
from haarwire._plain import plain_data
from haarwire.report.encoding import rounded
from haarwire.selection.held_out import HeldOut
from haarwire.solve import Certificate, RegularizationPath, alpha_range

__all__ = ["COUNT", "alphas_shown", "certificate_data", "path_data", "ranks_shown"]


COUNT: Final = 59
"""How many strengths between 0 and infinity a slider has, those that were chosen apart."""

_RANKS: Final = 24
_MODES: Final = 40


def alphas_shown(path: RegularizationPath, chosen: Iterable[float | None] = ()) -> FloatArray:
    """0, strengths where something changes, and infinity: what a slider runs over.

    Parameters
    ----------
    path : RegularizationPath
        Where something changes.
    chosen : iterable of float or None
        Strengths to be among them.

    Returns
    -------
    ndarray
        Ascending, each once.
    """
    between = np.geomspace(*alpha_range(path), COUNT)
    told = [float(f"{alpha:.3g}") for alpha in between]
    extra = [alpha for alpha in chosen if alpha is not None]
    return np.unique(np.array([0.0, *told, *extra, np.inf]))


def ranks_shown(path: RegularizationPath) -> list[int]:
    """Every rank bound, or some of them where there are very many; that of the path among them."""
    largest = min(path.shape)
    if largest <= _RANKS:
        return list(range(1, largest + 1))
    some = np.unique(np.geomspace(1, largest, _RANKS).round().astype(int))
    return sorted({*some.tolist(), path.rank})


def path_data(
    path: RegularizationPath, alphas: FloatArray, ranks: list[int], held_out: HeldOut | None
) -> dict[str, Any]:
    """Curves along the path; the outer list of each goes over ranks, the inner one over strengths."""
    curve = path.curve(alphas)
    columns = [r - 1 for r in ranks]

    def by_rank(table: FloatArray) -> Any:
        return rounded(table[:, columns].T)

    content: dict[str, Any] = {
        "alphas": plain_data(alphas),
        "ranks": ranks,
        "rank": path.rank,
        "loss": by_rank(curve.loss),
        "objective": by_rank(curve.objective),
        "relative_invariance_gap": by_rank(curve.relative_invariance_gap),
        "singular_values": rounded(curve.singular_values[:, :_MODES]),
        "n_singular_values": int(curve.singular_values.shape[1]),
        "degrees_of_freedom": rounded(curve.degrees_of_freedom),
        "as_is": None,
        "moved": None,
    }
    if held_out is not None:
        content["as_is"] = by_rank(held_out.as_is(alphas))
        if path.representation.is_compact:
            content["moved"] = by_rank(held_out.moved(alphas))
    return content


def certificate_data(certificate: Certificate) -> dict[str, Any]:
    """Whether the path is continuous, and where it may jump."""
    return {
        "is_continuous": certificate.is_continuous,
        "crossings": [
            {"low": crossing.low, "high": plain_data(crossing.high), "jump": rounded(crossing.jump)}
            for crossing in certificate.crossings
        ],
    }
