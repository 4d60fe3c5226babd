"""One data set as a JSON file: exact samples, exact equations, counts, points in many digits."""

from __future__ import annotations

import json
from decimal import Decimal, localcontext
from pathlib import Path
from typing import Any

from .compare import Finding, Point
from .exact import Number, Rows, matrix
from .problems import Dataset
from .systems import Count

DATA = Path(__file__).resolve().parents[2] / "tests" / "data" / "witness"
DIGITS = 18


def header(data: Dataset, systems: dict[str, str]) -> dict[str, Any]:
    """The data set, and the versions of the systems."""
    return {
        "name": data.name,
        "systems": systems,
        "group": data.group,
        "generators": [_integers(g) for g in data.generators],
        "X": _integers(data.X),
        "Y": _integers(data.Y),
        "mixed": data.mixed,
        "problems": [],
        "points": {},
    }


def dataset(record: dict[str, Any]) -> Dataset:
    """The data set of a file."""
    return Dataset(
        record["name"],
        record["group"],
        [matrix(g) for g in record["generators"]],
        matrix(record["X"]),
        matrix(record["Y"]),
        record["mixed"],
        tuple((p["approach"], p["alpha"], p["rank"]) for p in record["problems"]),
    )


def text(record: dict[str, Any]) -> str:
    """JSON with a line for every problem, so that changes can be read."""

    def shown(value: Any) -> str:
        if isinstance(value, list) and value and isinstance(value[0], dict):
            return "[\n  " + ",\n  ".join(json.dumps(item) for item in value) + "\n ]"
        return json.dumps(value)

    return "{\n" + ",\n".join(f' "{key}": {shown(value)}' for key, value in record.items()) + "\n}\n"


def found(finding: Finding) -> dict[str, Any]:
    """What was asked and what was answered; the indices in order of loss."""
    indices = [p.index for p in finding.points]
    return {
        "variables": ",".join(finding.system.variables),
        "equations": finding.system.equations,
        "complex": {name: _count(count) for name, count in finding.counts.items()},
        "real": len(finding.points),
    } | ({} if None in indices else {"indices": indices})


def point(p: Point) -> dict[str, Any]:
    """A real critical point in decimals, rounded in the last of `DIGITS`."""
    return {
        "rank": p.rank,
        "loss": decimal(p.loss),
        "W": [[decimal(x) for x in row] for row in p.W],
        "b": [decimal(x) for x in p.b],
    }


def decimal(x: Number) -> str:
    """`DIGITS` significant digits; what is smaller than 1e-DIGITS is 0."""
    with localcontext(prec=DIGITS) as context:
        value = context.divide(Decimal(int(x.numerator)), Decimal(int(x.denominator)))
        return "0" if abs(value) < Decimal(10) ** -DIGITS else f"{value.normalize():f}"


def _count(count: Count) -> dict[str, int | None]:
    shown: dict[str, int | None] = {"degree": count.degree, "points": count.points}
    return shown if count.dimension is None else {**shown, "dimension": count.dimension}


def _integers(rows: Rows) -> list[list[int]]:
    return [[int(x) for x in row] for row in rows]
