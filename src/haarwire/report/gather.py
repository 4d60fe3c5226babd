"""`gather`: everything that a report shows, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from haarwire._plain import plain_data
from haarwire.comparison import Comparison, Fitted
from haarwire.errors import ParameterError
from haarwire.landscape import CriticalPoints, critical_points
from haarwire.report.curves import alphas_shown, certificate_data, path_data, ranks_shown
from haarwire.report.curves_of_training import training_data
from haarwire.report.encoding import plain_text
from haarwire.report.images import image_shape_of, side_by_side
from haarwire.report.landscapes import landscapes_by_rank
from haarwire.report.pictures import coefficients_data, orbit_data, outputs_data, target_names
from haarwire.report.provenance import provenance_data
from haarwire.report.summary import notes, table, verdicts
from haarwire.report.symmetry import symmetry_data
from haarwire.selection import SymmetryTest
from haarwire.selection.held_out import HeldOut
from haarwire.solve import Approach, Augmented, Hardwired, Plain, Regularized

if TYPE_CHECKING:
    from haarwire.training.history import TrainingHistory

__all__ = ["gather"]


def gather(
    result: Comparison,
    *,
    image_shape: tuple[int, int] | None = None,
    training: TrainingHistory | Mapping[str, TrainingHistory] | None = None,
    symmetry_test: SymmetryTest | None = None,
    command: str | None = None,
) -> dict[str, Any]:
    """Everything that a report shows, as numbers, texts, lists and dicts; arguments as for `report`.

    Parameters
    ----------
    result : Comparison
        From `compare`.
    image_shape : tuple of int, optional
        Height and width of the pictures that the features are.
    training : TrainingHistory or mapping of str to TrainingHistory, optional
        Training curves to be shown.
    symmetry_test : SymmetryTest, optional
        In place of Wilks' test on the training samples.
    command : str, optional
        The command line that repeats the report.

    Returns
    -------
    dict

    Raises
    ------
    ParameterError
        When the result is no comparison, or an option does not fit it.
    """
    fitted = _fitted(result)
    rep, path = fitted.representation, fitted.path
    shape = image_shape_of(rep, image_shape)
    curves = training_data(training)
    advice = fitted.advice.cross_validation
    chosen = (advice.best_as_is, advice.best_moved)
    alphas = alphas_shown(path, chosen)
    ranks = ranks_shown(path)
    at = [path.modes(alpha) for alpha in alphas]
    names = target_names(fitted.samples, path.shape[0])
    points = _points(fitted, chosen[0], result.rank, result.ridge)
    start = int(np.argmin(np.abs(alphas - chosen[0]))) if np.isfinite(chosen[0]) else len(alphas) - 1
    orbit = None if shape is None else orbit_data(fitted.samples, rep, shape, names)
    return {
        "kind": "report",
        "data": plain_text(result.data),
        "symmetry": plain_text(result.symmetry),
        "n_train": result.n_train,
        "n_test": result.n_test,
        "n_features": path.shape[1],
        "n_targets": path.shape[0],
        "n_invariant": path.frame.subspace.dim,
        "rank": result.rank,
        "verdicts": verdicts(result),
        "table": table(result),
        "notes": notes(result),
        "path": {
            **path_data(path, alphas, ranks, HeldOut(path, fitted.test)),
            "start": start,
            "chosen": plain_data(chosen),
            "certificate": certificate_data(result.certificate),
        },
        "coefficients": coefficients_data(at, shape or side_by_side(rep), names),
        "orbit": None
        if orbit is None
        else {
            **orbit[0],
            "models": {
                **{
                    name: outputs_data([each.modes], orbit[1])
                    for name, each in points.items()
                    if name != "regularized"
                },
                "regularized": outputs_data(at, orbit[1]),
            },
        },
        "landscapes": {
            "alpha": plain_data(chosen[0]),
            "by_rank": {
                name: landscapes_by_rank(each, ranks) for name, each in points.items() if name != "plain"
            },
        },
        "symmetry_test": symmetry_data(fitted, symmetry_test),
        "training": curves,
        "provenance": provenance_data(result, command),
    }


def _fitted(result: Comparison) -> Fitted:
    if not isinstance(result, Comparison):
        raise ParameterError(
            f"a report is made of a Comparison, got {type(result).__name__}",
            cause="a solution, a path or data in its place",
            remedy="give report(compare(data, rep))",
        )
    if result.fitted is None:
        raise ParameterError(
            "this comparison does not hold what its numbers came from",
            cause="it was put together by hand, or read from a file",
            remedy="run compare(data, rep) again, and report its result",
        )
    return result.fitted


def _points(fitted: Fitted, alpha: float, rank: int, ridge: float) -> dict[str, CriticalPoints]:
    """The critical points of every approach that exists; regularized: at the strength chosen."""
    rep = fitted.representation
    approaches: list[Approach] = [Plain(), Hardwired(), *([Augmented()] if rep.is_compact else [])]
    found: dict[str, CriticalPoints] = {
        each.label: critical_points(fitted.train, rep, rank=rank, approach=each, ridge=ridge)
        for each in [*approaches, Regularized(alpha)]
    }
    return found
