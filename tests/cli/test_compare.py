"""`haarwire compare` as a user sees it: tables, verdicts, files, and errors without a traceback."""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import haarwire as hw

pytest.importorskip("typer", reason="the command needs the 'cli' extra")
pytest.importorskip("rich", reason="the command needs the 'cli' extra")

from rich.console import Console

import haarwire.cli.compare as command
from haarwire.cli.console import DelayedProgress

Run = Callable[..., tuple[int, str, str]]


COMPARE = ("compare", "data.npz", "--symmetry", "cyclic_shifts:6")


def words(text: str) -> str:
    """Text without its line breaks and frames."""
    return " ".join(re.sub(r"[│╭╮╰╯─]", " ", text).split())


# The main job.


def test_it_prints_a_table_and_a_verdict_for_each_question(folder: Path, run: Run) -> None:
    code, out, err = run(*COMPARE, "--rank", "1")
    assert (code, err) == (0, "")
    assert "data under cyclic_shifts:6, rank ≤ 1: 60 training and 30 test samples, 2 classes\n" in out
    for name in ("plain", "hardwired", "augmented", "regularized"):
        (line,) = [line for line in out.splitlines() if line.startswith(f"{name} ")]
        assert len(line.split()) == 9
    assert "as is accuracy" not in out  # two lines of headings
    assert "accuracy" in out
    assert "Regularized, by cross-validation: alpha" in out
    assert "For data as they are: " in out
    assert "For data moved by the group: hardwired" in out


def test_the_table_and_the_verdicts_agree_with_the_json(folder: Path, run: Run) -> None:
    _, out, _ = run(*COMPARE, "--json", "result.json", columns=160)
    content = json.loads(Path("result.json").read_text(encoding="utf-8"))
    for name, row in content["approaches"].items():
        (cells,) = [line.split()[1:] for line in out.splitlines() if line.startswith(f"{name} ")]
        losses = [row["train_loss"], row["as_is"]["test_loss"], row["moved"]["test_loss"]]
        assert [float(cells[i]) for i in (0, 1, 3)] == pytest.approx(losses, rel=5e-4)
        scores = [row["as_is"]["test_score"], row["moved"]["test_score"]]
        assert [float(cells[i]) for i in (2, 4)] == pytest.approx(scores, abs=5e-4)
        assert float(cells[5]) == pytest.approx(row["relative_invariance_gap"], abs=5e-4)
        assert int(cells[6]) == row["n_critical_points"]
        assert float(cells[7]) == pytest.approx(row["seconds"], abs=5e-4)
    for question, title in (("as_is", "data as they are"), ("moved", "data moved by the group")):
        answer = content["verdict"][question]
        assert f"For {title}: {answer['approach']}\n" in out
        assert words(answer["reason"]) in words(out)
        assert f"gain {answer['gain']:.4g} ± {answer['standard_error']:.2g} (standard error)" in words(out)
        alpha = content["approaches"]["regularized"][question]["alpha"]
        assert f"{'∞' if alpha == 'inf' else f'{alpha:.3g}'} for {title}" in out
    assert f"difference {content['max_difference_hardwired_augmented']:.1e}" in out


def test_python_prints_the_same_text() -> None:
    for targets, sizes in (
        (1, "40 training and 20 test samples, 1 numeric target "),
        (3, ", 3 numeric targets "),
    ):
        data = hw.datasets.planted(hw.groups.cyclic_shifts(6), 60, n_targets=targets, noise=0.5, rng=0)
        result = hw.compare(data, hw.groups.cyclic_shifts(6))
        printed = StringIO()
        command.print_comparison(result, Console(file=printed, width=100))
        assert printed.getvalue().split() == str(result).split()
        assert sizes in str(result).replace("\n", " ")
        assert max(map(len, str(result).splitlines())) <= 100


def test_files_written_are_told_on_a_terminal(
    folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(*COMPARE, "--json", "result.json")[2] == ""
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    assert "Written: result.json" in run(*COMPARE, "--json", "result.json")[2]
    assert "Written" not in run(*COMPARE, "--json", "-")[2]
    assert "Written" not in run(*COMPARE, "--json", "result.json", "--quiet")[2]


def test_json_is_what_the_function_returns(folder: Path, run: Run) -> None:
    run(
        "compare",
        "numbers.npz",
        "-s",
        "cyclic_shifts:6",
        "-q",
        "--seed",
        "4",
        "--ridge",
        "0.1",
        "--json",
        "r.json",
    )
    content = json.loads(Path("r.json").read_text(encoding="utf-8"))
    expected = hw.compare(
        hw.datasets.load("numbers.npz"), hw.groups.cyclic_shifts(6), seed=4, ridge=0.1
    ).to_dict()
    for result in (content, expected):
        for row in result["approaches"].values():
            del row["seconds"]
    assert content == expected
    assert content["score"] == "R²"


def test_quiet_prints_nothing(folder: Path, run: Run) -> None:
    assert run(*COMPARE, "--quiet") == (0, "", "")


def test_the_same_seed_repeats_and_another_does_not(folder: Path, run: Run) -> None:
    def printed(seed: int) -> str:
        return re.sub(r" +\d+\.\d+ *$", "", run(*COMPARE, "--seed", str(seed))[1], flags=re.MULTILINE)

    assert printed(3) == printed(3)
    assert printed(3) != printed(4)


def test_columns_files_and_targets_by_option(folder: Path, run: Run) -> None:
    rows = [",".join(f"{v:.3f}" for v in x) + f",{int(x.sum() > 0)}" for x in np.load("data.npz")["x"]]
    Path("t.csv").write_text("a,b,c,d,e,f,kind\n" + "\n".join(rows), encoding="utf-8")
    symmetry = ("-s", "cyclic_shifts:6")
    assert "accuracy" in run("compare", "t.csv", *symmetry, "--y", "kind")[1]
    assert "R²" in run("compare", "t.csv", *symmetry, "--y", "kind", "--targets", "numbers")[1]
    chosen = run("compare", "t.csv", "-s", "reflection:2", "--x", "b,e", "--y", "kind", "--test-size", "30")
    assert "60 training and 30 test samples" in chosen[1]
    assert "4 training" not in run("compare", "t.csv", *symmetry, "--y", "kind", "--test-size", "0.5")[1]


def test_a_generators_file_is_a_symmetry(folder: Path, run: Run) -> None:
    np.savez("group.npz", turn=np.roll(np.arange(6), 1))
    ours, named = run("compare", "data.npz", "-s", "group.npz")[1], run(*COMPARE)[1]
    assert "data under group" in ours
    table = re.compile(r"^(?:plain|hardwired|augmented) .*?(?= +\d+\.\d+ *$)", re.MULTILINE)
    assert [line.split()[:5] for line in table.findall(ours)] == [
        line.split()[:5] for line in table.findall(named)
    ]


def test_a_group_that_is_not_compact_is_told(folder: Path, run: Run) -> None:
    np.savez("shear.npz", shear=np.eye(6) + np.eye(6, k=3))
    code, out, _ = run("compare", "data.npz", "-s", "shear.npz", "--json", "r.json")
    assert code == 0
    (augmented,) = [line for line in out.splitlines() if line.startswith("augmented")]
    assert set(augmented.split()[1:]) == {"—"}
    (plain,) = [line for line in out.splitlines() if line.startswith("plain")]
    assert plain.split()[4:6] == ["—", "—"]
    assert "The group is not compact: no augmentation, and no average over moved data." in words(out)
    assert "For data moved" not in out
    assert json.loads(Path("r.json").read_text(encoding="utf-8"))["verdict"]["moved"] is None


def test_one_test_sample_prints_no_standard_error(folder: Path, run: Run) -> None:
    out = words(run(*COMPARE, "--test-size", "1")[1])
    assert "one test sample cannot tell" in out
    assert "nan" not in out


# How it looks.


@pytest.mark.parametrize("columns", [62, 80, 100, 120])
def test_the_output_fits_the_terminal(folder: Path, run: Run, columns: int) -> None:
    _, out, _ = run(*COMPARE, columns=columns)
    assert "…" not in out
    assert max(len(line.rstrip()) for line in out.splitlines()) <= columns
    rows = [line for line in out.splitlines() if line.startswith("regularized ")]
    assert len(rows) == (2 if columns < 75 else 1)


def test_in_a_pipe_it_is_100_columns_wide(folder: Path, run: Run) -> None:
    longest = max(len(line.rstrip()) for line in run(*COMPARE)[1].splitlines())
    assert 80 < longest <= 100


@pytest.mark.parametrize("columns", [80, 100])
def test_large_and_small_numbers_keep_the_table_whole(folder: Path, run: Run, columns: int) -> None:
    result = hw.compare(hw.datasets.load("numbers.npz"), hw.groups.cyclic_shifts(6))
    rows = dict(result.approaches)
    for name, scale in (("plain", 1e12), ("hardwired", 1e-9), ("augmented", 12345.0), ("regularized", 0.0)):
        row = rows[name]
        assert row is not None
        assert row.moved is not None
        rows[name] = replace(
            row,
            train_loss=1.2345678 * scale,
            moved=replace(row.moved, test_loss=scale, test_score=-scale),
            n_critical_points=math.comb(1000, 500) if scale > 1e6 else 12,
            relative_invariance_gap=0.0 if scale == 0 else 1e-15,
        )
    console = Console(width=columns, force_terminal=False, record=True)
    with console.capture() as capture:
        command.print_comparison(replace(result, approaches=rows), console)
    out = capture.get()
    assert "…" not in out
    assert max(len(line.rstrip()) for line in out.splitlines()) <= columns
    for shown in ("1.23e+12", "1.23e-09", "15241", "2.70e+299", "-1.0e+12"):
        assert shown in out


@pytest.mark.parametrize("columns", [80, 120])
def test_help_is_readable(run: Run, columns: int) -> None:
    code, out, _ = run("compare", "--help", columns=columns)
    assert code == 0
    for example in (
        "haarwire compare digits --symmetry image_rotations:8 --rank 5",
        "haarwire compare kmers.csv --y species --symmetry reverse_complement:4",
    ):
        assert any(line.strip() == example for line in out.splitlines())
    # A paragraph is filled: every line of it but the last ends where the next word did not fit.
    lines = [line.strip() for line in out.splitlines()]
    start = next(i for i, line in enumerate(lines) if line.startswith("Two questions"))
    end = lines.index("", start)
    for line, following in zip(lines[start : end - 1], lines[start + 1 : end], strict=True):
        assert len(line) + 1 + len(following.split()[0]) > columns - 2
    assert "[bold]" not in out
    assert "0.3333" not in out
    for option in (
        "--symmetry",
        "--rank",
        "--x",
        "--y",
        "--targets",
        "--ridge",
        "--test-size",
        "--seed",
        "--json",
    ):
        assert option in out


def test_the_examples_of_the_help_parse(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(command, "compare", lambda *arguments, **options: seen.append((arguments, options)))
    monkeypatch.setattr(command, "print_comparison", lambda *arguments: None)
    monkeypatch.setattr(command, "check_report", lambda path: None)
    monkeypatch.setattr(command, "write_report", lambda *arguments: None)
    for reader in ("load", "split_source"):
        monkeypatch.setattr(hw.datasets, reader, lambda *arguments, **options: options)
    for line in command.HELP.splitlines():
        if line.startswith("  haarwire "):
            assert run(*line.split()[1:])[0] == 0
    names = [arguments[1].name for arguments, _ in seen]
    assert names == ["image_rotations:8", "image_rotations:8", "reverse_complement:4", "image_rotations:28"]
    assert seen[0][1]["rank"] == 5
    assert seen[2][0][0]["y"] == "species"
    assert seen[3][0][0]["cluster"] == "tcp://10.0.0.1:8786"


def test_without_arguments_it_lists_the_commands(run: Run) -> None:
    _, out, err = run("--help")
    assert "compare" in out + err
    assert "symmetries" in out + err


def test_symmetries_lists_all_names(run: Run) -> None:
    code, out, _ = run("symmetries")
    assert code == 0
    for name, summary in hw.groups.names().items():
        assert name in out
        assert words(summary)[:30] in words(out)


def test_progress_shows_itself_only_after_a_second() -> None:
    console = Console(force_terminal=True, width=80)
    with console.capture() as capture, DelayedProgress(console, delay=1e6) as progress:
        progress("plain", 0.5)
    assert capture.get() == ""
    with console.capture() as capture, DelayedProgress(console, delay=0.0) as progress:
        progress("plain", 0.5)
        progress("done", 1.0)
    assert "100 %" in capture.get()
    pipe = Console(force_terminal=False, width=80)
    with pipe.capture() as capture, DelayedProgress(pipe, delay=0.0) as progress:
        progress("plain", 0.5)
    assert capture.get() == ""


# Errors.


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("compare", "digit", "-s", "reflection:6"), "no data set is called 'digit'; did you mean 'digits'?"),
        (("compare", "none.npz", "-s", "reflection:6"), "there is no file none.npz"),
        (("compare", "data.npz", "-s", "reflexion:6"), "there is no symmetry named 'reflexion'"),
        (("compare", "data.npz", "-s", "reflection"), "the arguments of 'reflection' do not fit"),
        (("compare", "data.npz", "-s", "none.npz"), "none.npz"),
        ((*COMPARE, "--rank", "0"), "rank must be an integer from 1 to 2, got 0"),
        ((*COMPARE, "--rank", "3"), "rank must be an integer from 1 to 2, got 3"),
        ((*COMPARE, "--ridge", "-1"), "ridge must be a finite number ≥ 0, got -1.0"),
        ((*COMPARE, "--test-size", "89.5"), "share below 1 or a whole number of samples"),
        ((*COMPARE, "--test-size", "90"), "leaves 0 of 90 samples to train on"),
        ((*COMPARE, "--x", "z"), "data.npz has no array called 'z'"),
        (
            (*COMPARE, "--json", "nowhere/r.json"),
            "nowhere/r.json cannot be written: there is no folder nowhere",
        ),
        ((*COMPARE, "--json", "."), ". cannot be written: it is a folder"),
    ],
)
def test_an_error_has_three_parts_and_no_traceback(
    folder: Path, run: Run, arguments: tuple[str, ...], what: str
) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (1, "")
    lines = err.splitlines()
    assert lines[0].startswith("Error: ")
    assert what in lines[0]
    assert lines[1].startswith("  Likely cause: ")
    assert lines[2].startswith("  What to do: ")
    assert len(lines) == 3  # in a pipe nothing is wrapped, so that it can be searched
    assert "Traceback" not in err


def test_an_unknown_symmetry_suggests_the_nearest(folder: Path, run: Run) -> None:
    err = run("compare", "data.npz", "-s", "image_rotation:8")[2]
    assert "did you mean 'image_rotations'?" in err
    assert "cyclic_shifts" in err


def test_a_symmetry_of_another_size_is_an_error_not_a_traceback(folder: Path, run: Run) -> None:
    code, _, err = run("compare", "data.npz", "-s", "reflection:7")
    assert code == 1
    assert "6 features, reflection:7 acts on 7 coordinates" in err


def test_a_folder_for_the_json_is_missed_before_the_work(
    folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "compare", lambda *_, **__: pytest.fail("the work was begun"))
    assert run(*COMPARE, "--json", "nowhere/r.json")[0] == 1


def test_a_json_that_cannot_be_written_is_an_error(
    folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    code, _, err = run(*COMPARE, "--json", "r.json")
    assert code == 1
    assert "r.json cannot be written: No space left on device" in err


def test_square_brackets_in_messages_are_printed(
    folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    err = run("compare", "digits", "-s", "image_rotations:8")[2]
    assert 'pip install "haarwire[sklearn]"' in err


def test_square_brackets_in_names_are_printed(folder: Path, run: Run) -> None:
    Path("data.npz").rename("data[bold].npz")
    assert "data[bold] under" in run("compare", "data[bold].npz", *COMPARE[2:])[1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((*COMPARE, "--targets", "words"), "'words' is not one of auto, labels, numbers"),
        ((*COMPARE, "--rank", "many"), "--rank"),
        ((*COMPARE, "--seed", "-1"), "Invalid value for '--seed'"),
        ((*COMPARE, "--seed", "1.5"), "--seed"),
        ((*COMPARE, "--ridge", "much"), "--ridge"),
        ((*COMPARE, "--color", "red"), "--color"),
        (("compare", "data.npz"), "--symmetry"),
        (("compare", "-s", "reflection:6"), "DATA"),
        (("comparison",), "comparison"),
    ],
)
def test_a_wrong_command_line_ends_with_2(
    folder: Path, run: Run, arguments: tuple[str, ...], message: str
) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert message in words(err)
    assert "haarwire compare --help" in words(err) or "haarwire --help" in words(err)


# The installed script.


def test_the_installed_script(folder: Path) -> None:
    script = Path(sysconfig.get_path("scripts")) / "haarwire"
    if not script.exists():
        pytest.skip("the haarwire script is not installed")

    def started(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([script, *arguments], capture_output=True, text=True, check=False)  # noqa: S603

    done = started(*COMPARE, "--json", "r.json")
    assert done.returncode == 0
    assert "For data moved by the group: hardwired" in done.stdout
    assert done.stderr == ""
    assert Path("r.json").read_text(encoding="utf-8").endswith("}\n")
    failed = started("compare", "digit", "-s", "reflection:6")
    assert failed.returncode == 1
    assert "did you mean 'digits'" in failed.stderr
    assert "Traceback" not in failed.stderr
