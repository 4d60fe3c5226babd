"""`haarwire symmetry`: which candidate symmetries the data support."""

from __future__ import annotations

import math
from typing import Annotated, Any, Final

import numpy as np
import typer
from rich.console import Console
from rich.markup import escape

from haarwire import datasets, groups
from haarwire._wording import alpha_text, number, pvalue, small
from haarwire.cli import options
from haarwire.cli.console import (
    DelayedProgress,
    check_writable,
    output,
    print_table,
    print_wrapped,
    shows_text,
    tell_written,
    write_json,
)
from haarwire.selection import Candidate, LearnedSymmetry, learn_symmetry

__all__ = ["HELP", "candidate_names", "print_learned", "symmetry_command"]

# Each paragraph on one line: typer keeps the line breaks of a help text.
HELP: Final = (
    "Rank candidate symmetries by what the data say of them.\n\n"
    "Evidence: log marginal likelihood less that of no symmetry, at its best strength of the penalty "
    "(∞: hard-wired), and of exactly invariant maps. Loss: cross-validated. p: of the test that the map is "
    "invariant, adjusted for the number of candidates. Effect: share of the explainable variance that is not "
    "invariant.\n\n"
    "Examples:\n\n"
    "  haarwire symmetry digits --candidates image_rotations:8,reflection:64\n\n"
    "  haarwire symmetry digits --candidates image_rotations:8 --subgroups\n\n"
    "  haarwire symmetry kmers.csv --y species --candidates reverse_complement:4"
)

_WORDS: Final = {
    "exact": "In the data",
    "approximate": "Not exact, but a penalty for it helps",
    "none": "Not supported by the data",
}


def candidate_names(text: str) -> list[str]:
    """Names separated by commas; what follows a comma and is no name is an argument of the name before.

    "image_rotations:8,channels=3,reflection:192" is two candidates.
    """
    known = groups.names()
    found: list[str] = []
    for piece in (part.strip() for part in text.split(",")):
        if not piece:
            continue
        argument = "=" in piece.partition(":")[0] or piece[0] in "+-0123456789"
        if found and argument and piece.partition(":")[0] not in known:
            found[-1] += f",{piece}"
        else:
            found.append(piece)
    return found


def symmetry_command(
    data: options.Data,
    *,
    candidates: Annotated[
        str,
        typer.Option(
            "--candidates",
            "-c",
            help="Names with sizes, or .npz files of generators, separated by commas; "
            "'haarwire symmetries' lists the names.",
            show_default=False,
        ),
    ],
    subgroups: Annotated[
        bool,
        typer.Option("--subgroups", help="Try all subgroups of each candidate, too (up to 128 elements)."),
    ] = False,
    rank: options.Rank = None,
    x: options.X = None,
    y: options.Y = None,
    targets: options.Targets = "auto",
    seed: Annotated[int, typer.Option(min=0, help="Makes the folds repeat exactly.")] = 0,
    json_file: options.JsonFile = None,
    quiet: options.Quiet = False,
) -> None:
    """Run `learn_symmetry` and print its table."""
    options.check_choice(targets, datasets.Targets, "--targets")
    check_writable(json_file, "--json")
    reps = {name: groups.from_name(name) for name in candidate_names(candidates)}
    if subgroups:
        # Named after what was typed, so that two candidates of one label stay two; the trivial group is one.
        reps = {
            own.label.replace(rep.label, name, 1): own
            for name, rep in reps.items()
            for own in groups.subgroups(rep)
        }
    source = datasets.load(data, x=x, y=y, targets=targets)  # type: ignore[arg-type]  # checked above
    with DelayedProgress(Console(stderr=True, quiet=quiet)) as progress:
        result = learn_symmetry(*_all_samples(source), reps, rank=rank, rng=seed, progress=progress)
    if json_file is not None:
        write_json(json_file, _as_data(result, source.name, rank))
    if shows_text(json_file, quiet=quiet):
        print_learned(result, source.name, output())
    if not quiet:
        tell_written(json_file)


def _all_samples(source: datasets.Dataset) -> tuple[Any, Any]:
    """Those that the source holds out for a test as well."""
    if source.test is None:
        return source.X, source.Y
    return np.concatenate([source.X, source.test.X]), np.concatenate([source.Y, source.test.Y])


def print_learned(result: LearnedSymmetry, data: str, console: Console) -> None:
    """Print the table, most evidence first, and what it says in words."""
    base = result.baseline
    console.print(
        f"[bold]{escape(data)}[/bold]: {result.n_samples} samples, log evidence relative to no symmetry, "
        f"{base.log_evidence:.1f}\n",
        highlight=False,
    )
    headings = ["symmetry", "invariant\nfeatures", "evidence", "alpha", "evidence\nexact", "loss", "±",
                "adjusted\np", "effect"]  # fmt: skip
    print_table(console, headings, [_row(c, base) for c in result.by_evidence], split=5)
    console.print()
    for support, words in _WORDS.items():
        names = [c.name for c in result.by_evidence if c.support == support and c is not base]
        if names:
            print_wrapped(console, f"{words}: {', '.join(names)}")
    lowest = result.by_loss[0]
    print_wrapped(
        console,
        f"Lowest cross-validated loss: {lowest.name}, {number(lowest.loss)} against {number(base.loss)} for "
        "no symmetry",
    )


def _row(c: Candidate, base: Candidate) -> list[str]:
    return [
        c.name,
        str(c.n_invariant),
        _difference(c.log_evidence - base.log_evidence),
        alpha_text(c.alpha),
        _difference(c.hardwired_log_evidence - base.log_evidence),
        number(c.loss),
        small(c.standard_error),
        "—" if math.isnan(c.adjusted_pvalue) or c is base else pvalue(c.adjusted_pvalue),
        "—" if math.isnan(c.effect_size) or c is base else small(c.effect_size),
    ]


def _difference(value: float) -> str:
    return f"{round(value, 1) + 0.0:+.1f}"


def _as_data(result: LearnedSymmetry, data: str, rank: int | None) -> dict[str, Any]:
    return {
        "data": data,
        "rank": rank,
        "n_samples": result.n_samples,
        "by_evidence": result.by_evidence,
        "by_loss": [c.name for c in result.by_loss],
    }
