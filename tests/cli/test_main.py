"""What all commands share: version, completion, exit codes, tracebacks, warnings, JSON on standard output."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import haarwire as hw

pytest.importorskip("typer", reason="the command needs the 'cli' extra")
pytest.importorskip("rich", reason="the command needs the 'cli' extra")

from haarwire import cli
from haarwire.cli import compare as compare_module
from haarwire.cli.failures import EXIT_CODES, exit_code

Run = Callable[..., tuple[int, str, str]]

COMPARE = ("compare", "data.npz", "--symmetry", "cyclic_shifts:6")
COMMANDS = [command.name for command in cli.app.registered_commands]


def test_the_version(run: Run) -> None:
    assert run("--version") == (0, f"haarwire {hw.__version__}\n", "")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_can_be_quiet_and_speak_json(name: str, run: Run) -> None:
    out = run(name, "--help", columns=200)[1]
    assert "--json" in out
    assert "--quiet" in out


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_examples_and_a_line(name: str, run: Run) -> None:
    code, out, _ = run(name, "--help", columns=200)
    assert code == 0
    assert "Examples:" in out
    assert f"  haarwire {name}" in out
    assert f" {name} " in run("--help", columns=200)[1]


def test_the_exit_codes_are_in_the_help(run: Run) -> None:
    out = run("--help", columns=200)[1]
    for code, meaning in EXIT_CODES.items():
        assert f"{code}  {meaning}" in out


# Errors.


@pytest.mark.parametrize("arguments", [("--debug", *COMPARE), (*COMPARE, "--debug")])
def test_a_traceback_only_with_debug(folder: Path, run: Run, arguments: tuple[str, ...]) -> None:
    arguments = (*arguments, "--rank", "9")
    code, out, err = run(*arguments)
    assert (code, out) == (1, "")
    assert err.startswith("Traceback")
    assert err.count("Likely cause") == 1
    assert "Traceback" not in run(*(word for word in arguments if word != "--debug"))[2]


def _broken(error: BaseException) -> Callable[..., None]:
    def broken(*_: object, **__: object) -> None:
        raise error

    return broken


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (RuntimeError("lost"), 70, "RuntimeError: lost"),
        (MemoryError(), 70, "not enough memory"),
        (MemoryError("80 GiB"), 70, "not enough memory: 80 GiB"),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_what_nobody_expected(
    folder: Path,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    code: int,
    said: str,
) -> None:
    monkeypatch.setattr(compare_module, "compare", _broken(error))
    ended, out, err = run(*COMPARE)
    assert (ended, out) == (code, "")
    assert code in EXIT_CODES
    assert said in err
    assert "Traceback" not in err
    if isinstance(error, RuntimeError):
        assert "--debug" in err
        err = run(*COMPARE, "--debug")[2]
        assert err.startswith("Traceback")
        assert "haarwire doctor" in err


def test_errors_on_purpose_are_1_and_all_others_70() -> None:
    assert exit_code(hw.FileError("a", cause="b", remedy="c")) == 1
    assert exit_code(OSError("a")) == 70


def test_a_warning_is_one_line_without_code(folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def warned(*_: object, **__: object) -> None:
        warnings.warn("features are [nearly] collinear", UserWarning, stacklevel=1)
        raise hw.DataError("what", cause="cause", remedy="remedy")

    monkeypatch.setattr(compare_module, "compare", warned)
    shown = warnings.showwarning
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        err = run(*COMPARE)[2]
    assert err.splitlines()[0] == "Warning: features are [nearly] collinear"
    assert "test_main.py" not in err
    assert warnings.showwarning is shown


@pytest.mark.parametrize(
    "arguments",
    [
        (*COMPARE, "--rank", "0"),
        (*COMPARE, "--ridge", "-1"),
        (*COMPARE, "--test-size", "-2"),
        ("landscape", *COMPARE[1:], "--rank", "5"),
        ("path", *COMPARE[1:], "--rank", "5"),
        ("path", "digit", "-s", "trivial:3"),
        ("compare", "data.npz", "-s", "trivial"),
    ],
)
def test_no_python_in_what_to_do(folder: Path, run: Run, arguments: tuple[str, ...]) -> None:
    code, _, err = run(*arguments)
    assert code == 1
    for word in ("None", "rank=", "hw.", "np."):
        assert word not in err


# Machine-readable output.


@pytest.mark.parametrize(
    ("arguments", "key"),
    [
        (COMPARE, "verdict"),
        (("path", *COMPARE[1:]), "certificate"),
        (("landscape", *COMPARE[1:]), "approaches"),
        (("symmetry", "data.npz", "--candidates", "cyclic_shifts:6"), "by_evidence"),
        (("symmetries",), "image_rotations"),
    ],
)
def test_json_to_standard_output_in_place_of_the_text(
    folder: Path, run: Run, arguments: tuple[str, ...], key: str
) -> None:
    code, out, err = run(*arguments, "--json", "-")
    assert (code, err) == (0, "")
    assert key in json.loads(out)
    assert not Path("-").exists()


def test_a_json_file_comes_with_the_text_and_quiet_takes_it_away(folder: Path, run: Run) -> None:
    assert run(*COMPARE, "--json", "r.json")[1]
    assert run(*COMPARE, "--json", "r.json", "--quiet") == (0, "", "")
    assert run("symmetries", "--json", "s.json")[1].startswith("for example")
    assert run("symmetries", "--json", "s.json", "--quiet") == (0, "", "")
    assert json.loads(Path("s.json").read_text(encoding="utf-8"))["so3"]["example"] == "so3:0=2,1=3"


# Completion.


@pytest.mark.parametrize("command", ["compare", "explore"])
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shell_completes_names_of_symmetries(shell: str, command: str) -> None:
    words = f"haarwire {command} digits --symmetry image_"
    asked = {
        "_HAARWIRE_COMPLETE": f"complete_{shell}",
        "COMP_WORDS": words,
        "COMP_CWORD": "4",
        "_TYPER_COMPLETE_ARGS": words,
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    }
    call = [sys.executable, "-c", "from haarwire.cli import main; main()"]
    done = subprocess.run(call, capture_output=True, text=True, check=False, env={**os.environ, **asked})  # noqa: S603
    assert "image_rotations" in done.stdout
    assert "permutations" not in done.stdout


# Tables that are almost right.


@pytest.mark.parametrize(
    ("text", "said", "remedy"),
    [
        ("a\tb\ty\n1\t2\t0\n3\t4\t1\n", "separated by tabs", r"tr '\t' ',' < table.csv"),
        ("a;b;y\n1.5;2;0\n3;4;1\n", "separated by semicolons", "tr ';' ',' < table.csv"),
        ("a;b;y\n1,5;2;0\n3;4,25;1\n", "separated by semicolons", "sed 's/,/./g; s/;/,/g' < table.csv"),
        ("a|b|y\n1|2|0\n3|4|1\n", "separated by bars", "tr '|' ',' < table.csv"),
    ],
)
def test_a_table_with_other_separators_gets_advice(
    folder: Path, run: Run, text: str, said: str, remedy: str
) -> None:
    Path("table.csv").write_text(text, encoding="utf-8")
    code, _, err = run("compare", "table.csv", "-s", "trivial:2")
    assert code == 1
    assert said in err
    assert remedy in err


def test_the_advice_makes_a_table_that_is_read(folder: Path) -> None:
    Path("table.csv").write_text("a;b;y\n1,5;2;0\n3;4,25;1\n", encoding="utf-8")
    with pytest.raises(hw.DataError) as caught:
        hw.datasets.load("table.csv")
    subprocess.run(caught.value.remedy.partition(", and")[0], shell=True, check=True)  # noqa: S602  our own words
    np.testing.assert_array_equal(hw.datasets.load("with_commas.csv").X, [[1.5, 2], [3, 4.25]])


def test_marks_inside_cells_are_no_separators(folder: Path) -> None:
    Path("table.csv").write_text('a,b,y\n1,2,"u;v"\n3,4,"u;w"\n', encoding="utf-8")
    assert hw.datasets.load("table.csv").X.shape == (2, 2)


def test_a_misspelt_array_is_told_before_a_missing_one(folder: Path, run: Run) -> None:
    np.savez("own.npz", pixels=np.ones((4, 6)), digit=[0, 1, 0, 1])
    err = run("compare", "own.npz", "-s", "cyclic_shifts:6", "--y", "digits")[2]
    assert "own.npz has no array called 'digits'; did you mean 'digit'?" in err
    assert "the arrays it holds are pixels, digit" in err
    err = run("compare", "own.npz", "-s", "cyclic_shifts:6", "--y", "digit")[2]
    assert "Which array of own.npz is x? It holds pixels, digit" in err


def test_a_file_of_another_kind_is_not_taken_for_a_name(folder: Path, run: Run) -> None:
    Path("table.tsv").write_text("a\tb\n1\t2\n", encoding="utf-8")
    err = run("symmetry", "table.tsv", "-c", "trivial:2")[2]
    assert "table.tsv ends in .tsv: such files are not read" in err
    assert "compare, path, landscape and train" in err
