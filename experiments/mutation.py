"""Mutation testing of the mathematical rooms: which small faults in the code does no test notice?

Run from the repository root, for a sample drawn from every file or for one room::

    python -m experiments.mutation --sample 900 --seed 0
    python -m experiments.mutation --only "haarwire.landscape.*"

What survives is written to ``build/mutation/survivors.txt``; ``--recheck`` runs the mutants in that file
again, after new tests or with slower ones (``--slowest 60``). CONTRIBUTING.md says what the score was, and
which kinds of mutants cannot be killed.

It is mutmut (settings: ``[tool.mutmut]`` of pyproject.toml) with four changes. Properties are mutated too, as
the methods they hold. Mutants of words (strings, messages) are left out, and so are those that fail at once
whatever the test: None for a value or an argument. A function's mutants run against the quick tests that call
it. And the mutants can be a sample, of equal share in every file.
"""

from __future__ import annotations

import argparse
import contextlib
import fnmatch
import io
import os
import random
import re
import shutil
import sys
from collections import Counter, defaultdict
from pathlib import Path

import libcst as cst
import libcst.matchers as m

ROOT = Path(__file__).resolve().parents[1]
WORK = ROOT / "build" / "mutation"
COPIED = ("src", "tests", "pyproject.toml")
PROPERTIES = ("property", "cached_property")
LEFT_OUT = {
    "operator_string",
    "operator_assignment",
    "operator_lambda",
    "operator_symmetric_string_methods_swap",
    "operator_unsymmetrical_string_methods_swap",
}
AT_LEAST = 5
"""Mutants of a sample from each file, if it has so many."""


class PropertiesAsMethods(cst.CSTTransformer):
    """``@property def f(self): …`` becomes ``def _get_f(self): …; f = property(_get_f)``."""

    def leave_FunctionDef(  # noqa: N802  as libcst calls it
        self, _original: cst.FunctionDef, updated_node: cst.FunctionDef
    ) -> cst.FunctionDef | cst.FlattenSentinel[cst.BaseStatement]:
        names = [
            item.decorator.value for item in updated_node.decorators if m.matches(item.decorator, m.Name())
        ]
        if len(updated_node.decorators) != 1 or not set(names) & set(PROPERTIES):
            return updated_node
        name = updated_node.name.value
        method = updated_node.with_changes(name=cst.Name(f"_get_{name}"), decorators=[])
        return cst.FlattenSentinel([method, cst.parse_statement(f"{name} = {names[0]}(_get_{name})")])


def copied() -> None:
    """A working copy, so that neither mutants nor rewritten properties touch the repository."""
    WORK.mkdir(parents=True, exist_ok=True)
    for name in COPIED:
        source, target = ROOT / name, WORK / name
        if source.is_dir():
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    # Copied over by mutmut, which removes nothing.
    shutil.rmtree(WORK / "mutants" / "tests", ignore_errors=True)
    rewriter = PropertiesAsMethods()
    for path in (WORK / "src").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if any(f"@{name}" in text for name in PROPERTIES):
            path.write_text(cst.parse_module(text).visit(rewriter).code, encoding="utf-8")


def without_one_argument(call: cst.Call) -> list[cst.Call]:
    if len(call.args) < 2:
        return []
    return [call.with_changes(args=[*call.args[:i], *call.args[i + 1 :]]) for i in range(len(call.args))]


def leave_out_trivial_mutants() -> None:
    from mutmut.mutation import mutators

    kept = [(kind, op) for kind, op in mutators.mutation_operators if op.__name__ not in LEFT_OUT]
    mutators.mutation_operators[:] = [
        (kind, without_one_argument if op.__name__ == "operator_arg_removal" else op) for kind, op in kept
    ]


def leave_out_slow_tests(limit: float) -> None:
    """A function's mutants run against the tests that call it, of at most `limit` seconds (or one)."""
    from mutmut import __main__ as mutmut

    collect = mutmut.collect_or_load_stats

    def collect_and_prune(*args: object, **options: object) -> None:
        collect(*args, **options)
        state = mutmut.state()
        seconds = state.duration_by_test
        for function, tests in state.tests_by_mangled_function_name.items():
            found = {test for test in tests if "\\u" not in test}  # pytest does not find such names again
            quick = {test for test in found if seconds[test] <= limit}
            state.tests_by_mangled_function_name[function] = quick or {min(found, key=seconds.__getitem__)}

    mutmut.collect_or_load_stats = collect_and_prune


def generated(children: int) -> list[str]:
    """Names of all mutants."""
    from mutmut import __main__ as mutmut

    mutmut.set_mutant_under_test("mutant_generation")
    Path("mutants").mkdir(exist_ok=True)
    with contextlib.redirect_stdout(io.StringIO()):
        mutmut.copy_src_dir()
        mutmut.copy_also_copy_files()
        mutmut.setup_source_paths()
        mutmut.create_mutants(children)
    found, _ = mutmut.collect_source_file_mutation_data(mutant_names=())
    return sorted(name for _, name, _ in found)


def file_of(mutant: str) -> str:
    return re.split(r"\.x[_ǁ]", mutant)[0]


def sampled(names: list[str], size: int, seed: int) -> list[str]:
    """About `size` names, the same share of every file."""
    files = defaultdict(list)
    for name in names:
        files[file_of(name)].append(name)
    chance, share = random.Random(seed), size / len(names)  # noqa: S311  a sample, not a secret
    chosen = []
    for group in files.values():
        chosen += chance.sample(group, min(len(group), max(AT_LEAST, round(share * len(group)))))
    return sorted(chosen)


def report(names: list[str], survivors: Path) -> None:
    """Counts by room, and the file of survivors."""
    from mutmut import __main__ as mutmut

    found, _ = mutmut.collect_source_file_mutation_data(mutant_names=names)
    chosen = set(names)
    status = {name: mutmut.status_by_exit_code[code] for _, name, code in found if name in chosen}
    rooms = sorted({name.split(".")[1] for name in status})
    for room in rooms:
        counts = Counter(value for name, value in status.items() if name.split(".")[1] == room)
        print(
            f"{room}: {counts.total()} mutants, " + ", ".join(f"{v} {k}" for k, v in sorted(counts.items()))
        )
    survivors.write_text(
        "".join(
            f"# {name}: {status[name]}\n{mutmut.get_diff_for_mutant(name, path=data.path)}\n\n"
            for data, name, _ in found
            if status.get(name, "killed") not in {"killed", "timeout"}
        ),
        encoding="utf-8",
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sample", type=int, help="number of mutants, drawn at random; all without it")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="*", help="pattern of mutant names, such as haarwire.solve.path.*")
    parser.add_argument("--recheck", action="store_true", help="only those in survivors.txt")
    parser.add_argument("--count", action="store_true", help="only count the mutants")
    parser.add_argument(
        "--slowest", type=float, default=0.5, help="leave out tests that take longer, in seconds"
    )
    parser.add_argument("--children", type=int, default=2, help="processes")
    options = parser.parse_args()
    survivors = WORK / "survivors.txt"
    text = survivors.read_text(encoding="utf-8") if options.recheck else ""
    copied()
    os.chdir(WORK)
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    leave_out_trivial_mutants()
    leave_out_slow_tests(options.slowest)
    names = [name for name in generated(options.children) if fnmatch.fnmatch(name, options.only)]
    total = len(names)
    if options.recheck:
        before = set(re.findall(r"^# (\S+): ", text, re.MULTILINE))
        names = [name for name in names if name in before]
    elif options.sample is not None:
        names = sampled(names, options.sample, options.seed)
    print(f"{len(names)} of {total} mutants")
    if options.count:
        return
    from mutmut import __main__ as mutmut

    mutmut._run(names, options.children)
    report(names, survivors)


if __name__ == "__main__":
    sys.exit(main())
