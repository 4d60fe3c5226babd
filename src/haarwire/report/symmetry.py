"""The symmetry test as plain data."""

from __future__ import annotations

import math
from typing import Any, Final

from haarwire._wording import number, pvalue
from haarwire.comparison import Fitted
from haarwire.errors import HaarwireError, ParameterError
from haarwire.report.encoding import plain_text
from haarwire.selection import SymmetryTest, symmetry_test

__all__ = ["symmetry_data"]

_STATISTICS: Final = {
    "wilks": "Wilks’ Λ",
    "pillai": "Pillai’s V",
    "hotelling": "Hotelling and Lawley’s U",
    "roy": "Roy’s largest root",
    "randomization": "Share of the variance that an invariant model leaves and the rest explains",
}

_LEVEL: Final = 0.05


def symmetry_data(fitted: Fitted, test: SymmetryTest | None = None) -> dict[str, Any]:
    """A sentence and the numbers behind it; or why there is no test."""
    if test is not None and not isinstance(test, SymmetryTest):
        raise ParameterError(
            f"symmetry_test must be a SymmetryTest, got {test!r}",
            cause="the name of a test, or its p-value, in place of its result",
            remedy="give symmetry_test=haarwire.symmetry_test(X, Y, rep)",
        )
    if test is None:
        try:
            test = symmetry_test(fitted.train, fitted.representation)
        except HaarwireError as error:
            return {"sentence": None, "why_not": plain_text(error.what), "rows": []}
    p = f"p {pvalue(test.pvalue)}" if test.pvalue < 1e-300 else f"p = {pvalue(test.pvalue)}"
    if test.n_restrictions == 0:
        sentence = "There is nothing to test: every linear model of these inputs is invariant."
    elif test.pvalue < _LEVEL:
        sentence = f"The samples contradict the symmetry ({p})."
    else:
        sentence = f"The samples do not contradict the symmetry ({p})."
    if math.isfinite(test.effect_size) and test.n_restrictions:
        sentence += (
            f" About {100 * test.effect_size:.2g} % of the variance that a linear model explains "
            "is not invariant."
        )
    rows = [
        [_STATISTICS[test.method], number(test.statistic)],
        ["p-value", pvalue(test.pvalue)],
        ["restrictions on each target", str(test.n_restrictions)],
        ["degrees of freedom of the residuals", str(test.df_residual)],
    ]
    if test.df is not None:
        rows.insert(1, ["degrees of freedom of F", f"{test.df[0]:.6g} and {test.df[1]:.6g}"])
    if math.isfinite(test.effect_size):
        rows.append(["effect size (share that is not invariant)", number(test.effect_size)])
    return {"sentence": sentence, "why_not": None, "rows": rows}
